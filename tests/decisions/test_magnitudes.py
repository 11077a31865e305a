"""What is worth knowing is a share, whatever power of ten the output is given in: nothing overflows or vanishes."""

import warnings

import numpy as np
import pytest

import clustercast as cc

PRIORS = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))


def forecast(factor):
    total = lambda x, y: factor * (x - 0.5 + 2 * (y - 0.5))  # noqa: E731
    return cc.evaluate(cc.draw(PRIORS, 4096, seed=1), total, outputs={"total": "%"}, form="arrays")


@pytest.mark.parametrize("power", [300, 170, 120, 90, -90, -120, -170, -300])
def test_shares_do_not_hang_on_the_magnitude(power):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled, plain = forecast(10.0**power), forecast(1.0)
        # Of the variance of x + 2 y: 1 / 5 and 4 / 5.
        worth = cc.evppi(scaled, "total")
        np.testing.assert_allclose(worth["share"][0], [0.2, 0.8], atol=0.03)
        assert worth["unit"].values[0] in (f"(1e{power} %)**2", f"(1e{power - 1} %)**2", f"(1e{power + 1} %)**2")
        np.testing.assert_allclose(cc.regional_indices(scaled, "total")["S1"][0], [0.2, 0.8], atol=0.03)
        np.testing.assert_allclose(
            cc.regional_indices(scaled, "total", "x < 0.5")["S1"][0], [1 / 17, 16 / 17], atol=0.03
        )
        for score in ("crps", "width"):
            known, same = (cc.evppi(one, "total", score=score) for one in (scaled, plain))
            for name in ("share", "evppi_error", "evppi_low", "evppi_high"):
                before = 1 if name == "share" else known["before"].values[0] / same["before"].values[0]
                np.testing.assert_allclose(known[name] / before, same[name], rtol=1e-6)


def test_each_year_has_the_power_of_ten_of_its_own_and_a_pure_number_no_unit_beside_it():
    growing = lambda year, x, y: 10.0 ** (170 * (year - 2026)) * (x - 0.5 + 2 * (y - 0.5))  # noqa: E731
    how = {"outputs": {"total": "1"}, "form": "arrays", "coords": {"year": [2025, 2026, 2027]}}
    made = cc.evaluate(
        cc.draw(PRIORS, 4096, seed=1), lambda x, y: np.stack([growing(t, x, y) for t in (2025, 2026, 2027)]), **how
    )
    made["total"].attrs["positive"] = 0
    worth = cc.evppi(made, "total")
    np.testing.assert_allclose(worth["share"], [[0.2, 0.8]] * 3, atol=0.03)
    assert worth["unit"].values.tolist() == ["(1e-170)**2", "(1)**2", "(1e170)**2"]


@pytest.mark.parametrize("power", [300, 170, -170, -300])
def test_what_a_decision_is_worth_does_not_hang_on_the_magnitude_of_its_losses(power):
    """Half of the mean of |x - 1/2| is 1/8; with a tenth of y - 1/2 added there are 1/2400 more."""
    loss = lambda action, draws: 10.0**power * (draws["x"] + draws["y"] / 10 if action == "rent" else 0.55)  # noqa: E731
    build, made = cc.Decision(["rent", "buy"], loss, unit="USD"), forecast(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        everything, known = cc.evpi(made, build), cc.evppi(made, build)
    assert known["unit"].values[0] in (f"1e{power} USD", f"1e{power - 1} USD")
    unit = float(str(known["unit"].values[0]).split()[0])
    np.testing.assert_allclose(everything["evpi"] * unit, [10.0**power * (1 / 8 + 1 / 2400)], rtol=0.06)
    np.testing.assert_allclose(known["evppi"][0] * unit, [10.0**power / 8, 0], rtol=0.06, atol=10.0**power / 100)
