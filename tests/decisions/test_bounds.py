"""Bounds over priors of stored forecasts: closed forms, one input, after conditioning, bad input."""

import re

import numpy as np
import pytest
from scipy.stats import norm

import clustercast as cc


@cc.quantity("1")
def total(x, y, idle):
    return 0 * idle + x + y


PRIORS = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 0.5), idle=cc.Uniform(0, 1))


@pytest.fixture(scope="module")
def forecast():
    return cc.propagate(cc.draw(PRIORS, 2**16, design="sobol", seed=3), model=cc.Model([total]))


def test_a_claim_over_all_priors_has_its_odds_times_the_ratio(forecast):
    result = cc.prior_bounds(forecast, "total > 1", ratio=2)
    p = norm.sf(1, 0, np.sqrt(1.25))
    row = [float(result[key][0, 0]) for key in ("lower", "value", "upper")]
    assert row == pytest.approx([p / (p + 2 * (1 - p)), p, 2 * p / (1 + p)], abs=1e-3)
    assert float(result["breakdown"][0]) == pytest.approx((1 - p) / p, rel=0.01)
    assert result.attrs["words"].endswith("It stays below 0.5 up to 4.39.")
    # Near the verdict a small ratio flips it; a share e of anything puts (1 - e) p or (1 - e) p + e in the place of p.
    near = norm.sf(0.05, 0, np.sqrt(1.25))
    close = cc.prior_bounds(forecast, "total > 0.05", ratio=2)
    assert float(close["breakdown"][0]) == pytest.approx((1 - near) / near, rel=0.01)
    mixed = cc.prior_bounds(forecast, "total > 1", contamination=0.1)
    assert float(mixed["breakdown"][0]) == pytest.approx((0.5 - p) / (1 - p), rel=0.01)
    likely = cc.prior_bounds(forecast, "total > -1", contamination=0.1)
    assert float(likely["breakdown"][0]) == pytest.approx(1 - 0.5 / (1 - p), rel=0.01)
    assert "It stays above 0.5 up to 0.38" in likely.attrs["words"]


def test_one_input_is_bounded_by_a_threshold_of_it(forecast):
    result = cc.prior_bounds(forecast, "total > 1", ratio=3, of="inputs")
    assert result["of"].values.tolist() == ["x", "y", "idle"]
    x = norm.ppf((np.arange(20000) + 0.5) / 20000)
    given = norm.sf(1 - x, 0, 0.5)
    # The density is 3 above a threshold of x, 1 below; the best threshold by search.
    upper = max((given.sum() + 2 * given[k:].sum()) / (20000 + 2 * (20000 - k)) for k in range(0, 20000, 50))
    assert float(result["upper"].sel(of="x")[0]) == pytest.approx(upper, abs=0.004)
    width = (result["upper"] - result["lower"])[:, 0].values
    assert width[0] > width[1] > 0.1
    assert width[2] < 0.004
    assert result["breakdown"].values[2] == np.inf
    assert re.fullmatch(
        r"The probability is 0\.19; 0\.\d+ to 0\.\d+ if .* a ratio of 3 for x\. It stays .*", result.attrs["words"]
    )
    assert " for x. " in cc.prior_bounds(forecast, "total > -1", ratio=3, of=["idle", "x"]).attrs["words"]
    idle = cc.prior_bounds(forecast, "total > 1", ratio=3, of="idle").attrs["words"]
    assert idle.endswith(" for idle. It stays below 0.5 whatever the size of the class.")


def test_an_output_has_bounds_of_mean_and_quantiles(forecast):
    result = cc.prior_bounds(forecast, "total", contamination=0.1)
    assert result["statistic"].values.tolist() == ["mean", "5 %", "50 %", "95 %"]
    assert "breakdown" not in result
    value, low, high = (float(result[key][0, 0]) for key in ("value", "lower", "upper"))
    words = f"The mean of total is {value:.2g}; {low:.2g} to {high:.2g} if 10 % of the prior may be anything."
    assert (result.attrs["target"], result.attrs["words"]) == ("total", words)
    values = forecast["total"].values
    mean = values.mean()
    assert float(result["upper"][0, 0]) == pytest.approx(0.9 * mean + 0.1 * values.max())
    power = ("sample", np.exp(values), {"role": "output", "units": "W"})
    raw = cc.prior_bounds(forecast.assign(power=power), "power", contamination=0.1)
    assert float(raw["value"][0, 0]) == pytest.approx(np.exp(values).mean())
    assert raw.attrs["unit"] == "W"
    # The least median puts the tenth below everything: 0.9 F = 0.4.
    assert float(result["lower"].sel(statistic="50 %")[0]) == pytest.approx(np.quantile(values, 0.4 / 0.9), abs=1e-3)
    assert (result["lower"] <= result["value"]).all()
    assert (result["value"] <= result["upper"]).all()
    # Of 400 draws the 20th is the first that a twentieth does not pass.
    few = cc.prior_bounds(forecast.isel(sample=slice(400)), "total", ratio=2)["value"].values[0]
    assert few[1:].tolist() == np.quantile(values[:400], [0.05, 0.5, 0.95], method="inverted_cdf").tolist()


def test_bounds_after_conditioning_are_those_of_the_posterior(forecast):
    weights = norm.pdf(forecast["x"].values, 1.0, 0.3)
    result = cc.prior_bounds(forecast, "total > 1", ratio=2, weights=weights)
    named = cc.prior_bounds(forecast.assign(w=("sample", weights)), "total > 1", ratio=2, weights="w")
    assert named.equals(result)
    p = norm.sf(1, 1 / 1.09, np.sqrt(0.09 / 1.09 + 0.25))
    assert float(result["value"][0, 0]) == pytest.approx(p, abs=0.01)
    assert float(result["upper"][0, 0]) == pytest.approx(2 * p / (1 + p), abs=0.01)
    # Draws that are half as likely again, or half as likely: the share e of one with the claim flips the verdict where
    # (1 - e) p + 1.5 e is half of (1 - e) + 1.5 e.
    halves = np.where(forecast["idle"].values > 0.5, 3, 1)
    mixed = cc.prior_bounds(forecast, "total > 1", contamination=0.1, weights=halves)
    gap = 0.5 - norm.sf(1, 0, np.sqrt(1.25))
    assert float(mixed["breakdown"][0]) == pytest.approx(gap / (gap + 0.75), abs=1e-3)


def test_a_p_box_of_normals_is_bounded_by_its_ends(forecast):
    box = {"x": (cc.Normal(-0.3, 1), cc.Normal(0.4, 1))}
    result = cc.prior_bounds(forecast, "total > 1", pbox=box)
    assert "breakdown" not in result
    exact = [norm.sf(1, mean, np.sqrt(1.25)) for mean in (-0.3, 0.4)]
    assert [float(result[key][0, 0]) for key in ("lower", "upper")] == pytest.approx(exact, abs=0.01)
    # Between equal ends is one law.
    one = cc.prior_bounds(forecast, "total > 1", pbox={"x": (box["x"][1],) * 2})
    assert [float(one[key][0, 0]) for key in ("lower", "upper")] == pytest.approx(exact[1:] * 2, abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.prior_bounds(f, "total > 1"), "given are no classes; give one of ratio=2"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=2, contamination=0.1), "given are"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=0.5), "ratio is 0.5; give a number above 1"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio="2"), "ratio is '2'; give a number above 1"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=1), "ratio is 1; give a number above 1"),
        (
            lambda f: cc.prior_bounds(f, "total > 1", pbox={"x": (cc.Normal(0, 1), cc.Normal(0.1, 3))}),
            "the distribution functions cross",
        ),
        (lambda f: cc.prior_bounds(f, "total > 1", pbox={"x": (cc.Normal(0, 1), 3)}), "give two distributions"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=True), "ratio is True; give a number above 1"),
        (lambda f: cc.prior_bounds(f, "total > 1", contamination=2), "contamination is 2"),
        (
            lambda f: cc.prior_bounds(f, cc.Decision(["a", "b"], lambda action, draws: 1.0), ratio=2),
            "'decision' is a decision; name a claim",
        ),
        (lambda f: cc.prior_bounds(f, "clam", ratio=2), "no claim or output 'clam'"),
        (lambda f: cc.prior_bounds(f, "total > 99", ratio=2), "holds in 0 of"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=2, of="q"), "'q' is not an input"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=2, verdict=1), "verdict is 1"),
        (lambda f: cc.prior_bounds(f, "total > 1", ratio=2, weights=np.arange(2**16) == 3), "leave 1 effective draws"),
        (lambda f: cc.prior_bounds(f, "total > 1", pbox={"x": cc.Normal(0, 1)}), "give two distributions"),
        (lambda f: cc.prior_bounds(f, "total > 1", pbox={"x": (cc.Normal(0, 1),) * 3}), "give two distributions"),
        (lambda f: cc.prior_bounds(f, "total > 1", pbox=["x"]), r"pbox is \['x'\]; give two distributions an input"),
        (
            lambda f: cc.prior_bounds(f, "total > 1", pbox={"x": (cc.Normal(1, 1), cc.Normal(0, 1))}),
            "the first has the higher values",
        ),
    ],
)
def test_bad_input_is_one_clear_message(forecast, call, message):
    with pytest.raises(cc.InputError, match=message):
        call(forecast)
