"""Derivatives by points of priors: quadrature, finite differences of fresh runs, bad input."""

import functools

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import clustercast as cc


@cc.quantity("1")
def total(x, y, idle):
    return 0 * idle + x + y**2


PRIORS = cc.Priors(x=cc.Normal(1, 1), y=cc.LogNormal(-0.5, 0.4), idle=cc.Uniform(0, 1))
LEVELS = (0.05, 0.5, 0.95)


@pytest.fixture(scope="module")
def forecast():
    return cc.propagate(cc.draw(PRIORS, 2**16, design="sobol", seed=6), model=cc.Model([total]))


def moved(distribution, point, step):
    """Return the law nearest to a distribution of which one of three points moves: scaled between them."""
    points = distribution.quantile(LEVELS).tolist()
    points[LEVELS.index(point)] += step
    ends = [-np.inf, *points, np.inf]
    parts = [cc.Truncated(distribution, low, high) for low, high in zip(ends[:-1], ends[1:], strict=True)]
    return cc.Mixture(np.diff([0, *LEVELS, 1]), parts)


STEPS = {name: 0.05 * float(np.ptp(PRIORS[name].quantile([0.05, 0.95]))) for name in ("x", "y")}


@functools.cache
def drawn_with(name, point, sign):
    """Return fresh draws of the priors, of which one has a point that moved by a step up or down."""
    priors = PRIORS.replace(**{name: moved(PRIORS[name], point, sign * STEPS[name])})
    return cc.draw(priors, 2**17, design="sobol", seed=8)


@pytest.fixture(scope="module")
def of_values(forecast):
    return cc.prior_sensitivity(forecast, ["total > 2.2", "total"], priors=PRIORS)


@pytest.fixture(scope="module")
def of_indices(forecast):
    return cc.prior_sensitivity(forecast, "total", priors=PRIORS, of="indices")


@pytest.fixture(scope="module")
def of_total_indices():
    inputs = cc.draw(PRIORS, 2**15, design="saltelli", seed=6)
    made = cc.propagate(inputs, model=cc.Model([product, total]), outputs=["product"])
    return cc.prior_sensitivity(made, "product", priors=PRIORS, of="total", inputs=["x", "y"])


@pytest.mark.parametrize("name", ["x", "y"])
@pytest.mark.parametrize("point", LEVELS)
def test_derivatives_are_finite_differences_of_fresh_runs(of_values, name, point):
    result = of_values
    runs = []
    for sign in (-1, 1):
        fresh = cc.propagate(drawn_with(name, point, sign), model=cc.Model([total]))["total"].values
        runs.append([(fresh > 2.2).mean(), np.median(fresh)])
    exact = (np.array(runs[1]) - runs[0]) / (2 * STEPS[name])
    values, errors = (result[key].sel(input=name, point=point).values for key in ("derivative", "derivative_error"))
    assert (np.abs(values - exact) <= 3 * errors + 0.02 * np.abs(exact) + 0.002).all()


@pytest.mark.parametrize("name", ["x", "y"])
@pytest.mark.parametrize("point", LEVELS)
def test_derivatives_of_indices_are_finite_differences_of_fresh_runs(of_indices, name, point):
    result = of_indices
    runs = []
    for sign in (-1, 1):
        drawn = drawn_with(name, point, sign)
        # The inputs are independent and the output is a sum: first-order indices are shares of the variance.
        variances = [float(drawn["x"].var()), float((drawn["y"] ** 2).var())]
        runs.append(np.array(variances) / sum(variances))
    exact = (runs[1] - runs[0]) / (2 * STEPS[name])
    values, errors = (
        result[key].sel(input=name, point=point, index=["x", "y"]).values[0]
        for key in ("derivative", "derivative_error")
    )
    assert (np.abs(values - exact) <= 3 * errors + 0.02 * np.abs(exact) + 0.003).all()
    assert result["value"].sel(index=["x", "y"]).values[0] == pytest.approx((runs[0] + runs[1]) / 2, abs=0.005)
    assert result.attrs["words"].startswith("Moving the ")
    assert "changes the first-order index of " in result.attrs["words"]


@cc.quantity("1")
def product(x, y):
    return x * y


@pytest.mark.parametrize("name", ["x", "y"])
@pytest.mark.parametrize("point", LEVELS)
def test_derivatives_of_total_indices_are_finite_differences_of_fresh_runs(of_total_indices, name, point):
    result = of_total_indices
    runs = []
    for sign in (-1, 1):
        fresh = drawn_with(name, point, sign)
        # Of a product of independent inputs an input has its variance times the mean square of the other.
        x, y = fresh["x"].values, fresh["y"].values
        runs.append(np.array([x.var() * (y**2).mean(), y.var() * (x**2).mean()]) / (x * y).var())
    exact = (runs[1] - runs[0]) / (2 * STEPS[name])
    values, errors = (result[key].sel(input=name, point=point).values[0] for key in ("derivative", "derivative_error"))
    assert (np.abs(values - exact) <= 3 * errors + 0.02 * np.abs(exact) + 0.003).all()
    assert result["value"].values[0] == pytest.approx((runs[0] + runs[1]) / 2, abs=0.01)
    assert "changes the total index of " in result.attrs["words"]


def test_total_indices_as_drawn_are_those_of_the_design():
    inputs = cc.draw(cc.read_priors("evidence_2026"), 2048, design="saltelli", seed=2)
    forecast = cc.propagate(inputs, years=[2026, 2028], outputs=["training_cluster_power"])
    names = ["load_factor"]
    result = cc.prior_sensitivity(forecast, "training_cluster_power in 2028", of="total", inputs=names)
    indices = cc.sobol_indices(forecast, estimator="jansen")["ST"].sel(output="training_cluster_power", year=2028)
    assert result["value"].values[0] == pytest.approx(indices.sel(input=names).values, abs=0.03)
    with pytest.raises(cc.InputError, match="'cluster_growth_rate' has no swap of its own"):
        cc.prior_sensitivity(forecast, "training_cluster_power in 2028", of="total", inputs="cluster_growth_rate")


SOME = cc.Priors(
    cc.Correlation(("b", "c"), 0.5),
    a=cc.Normal(0, 1),
    b=cc.Normal(0, 1),
    c=cc.Normal(0, 1),
    step=cc.Discrete([0, 1], [0.5, 0.5]),
)


@cc.quantity("1")
def of_four(a, b, c, step):
    return a + b + c + step


def test_inputs_without_a_density_or_a_swap_of_their_own_are_left_out_or_refused_where_named():
    model = cc.Model([of_four])
    plain = cc.propagate(cc.draw(SOME, 4096, seed=1), model=model)
    design = cc.propagate(cc.draw(SOME, 4096, design="saltelli", seed=1), model=model)
    assert cc.prior_sensitivity(plain, "of_four", priors=SOME)["input"].values.tolist() == ["a", "b", "c"]
    # All targets are what each is by itself. The median of a power of ten moves as its exponent, by that power and the
    # logarithm of ten; its indices, which are on log10, are those of the exponent.
    power = ("sample", 10 ** plain["of_four"].values, {"role": "output", "units": "GW", "positive": 1})
    for of in ("value", "indices"):
        every = cc.prior_sensitivity(plain.assign(power=power), priors=SOME, of=of, inputs="a")
        alone = cc.prior_sensitivity(plain.assign(power=power), ["of_four", "power"], priors=SOME, of=of, inputs="a")
        xr.testing.assert_identical(every.drop_attrs(), alone.drop_attrs())
        assert every["unit"].values.tolist() == (["1", "GW"] if of == "value" else ["1", "1"])
        scale = np.log(10) * 10 ** float(plain["of_four"].median()) if of == "value" else 1
        own, other = every["derivative"].values
        assert other == pytest.approx(scale * own, rel=0.1, abs=1e-9)
    # The density of one of two correlated inputs does not move alone, not even where each is drawn again alone.
    latent = cc.propagate(cc.draw(SOME, 4096, design="saltelli", seed=1, latent=True), model=model)
    assert cc.prior_sensitivity(latent, "of_four", priors=SOME, of="total")["input"].values.tolist() == ["a"]
    with pytest.raises(cc.InputError, match="the prior of 'of_four' has no density"):
        cc.prior_sensitivity(plain, "a > 0", priors=SOME, inputs="of_four")
    # Nine draws of ten: what is left of them beside each point.
    some = cc.prior_sensitivity(plain, "of_four", priors=SOME, inputs="a", weights=np.arange(4096) % 10 > 0)
    assert some["effective_size"].values[0] / 4096 == pytest.approx([0.045, 0.405, 0.045], rel=0.15)
    result = cc.prior_sensitivity(design, "of_four", priors=SOME, of="total")
    assert result["effective_size"].values[0] / 4096 == pytest.approx([0.05, 0.45, 0.05], rel=0.1)
    assert result["input"].values.tolist() == result["index"].values.tolist() == ["a"]
    with pytest.raises(cc.InputError, match="the prior of 'step' has no density"):
        cc.prior_sensitivity(plain, "of_four", priors=SOME, inputs=["a", "step"])
    with pytest.raises(cc.InputError, match="'b' has no swap of its own in this design"):
        cc.prior_sensitivity(design, "of_four", priors=SOME, of="total", inputs=["a", "b"])
    grouped = cc.draw(SOME, 4096, design="saltelli", seed=1, groups={"g": ["a", "step"]})
    with pytest.raises(cc.InputError, match="'a' has no swap of its own in this design"):
        cc.prior_sensitivity(cc.propagate(grouped, model=model), "of_four", priors=SOME, of="total", inputs="a")
    for of in ("value", "indices"):
        with pytest.raises(cc.InputError, match="Saltelli"):
            cc.prior_sensitivity(design, "of_four", priors=SOME, of=of)


def test_the_middle_point_of_a_normal_by_quadrature(forecast):
    result = cc.prior_sensitivity(forecast, "x > 1.8", priors=PRIORS, inputs=["x", "idle"])
    # Only the interval from the median to the 95 % point holds cases below that point.
    share = (norm.sf(0.8) - 0.05) / 0.45
    assert float(result["derivative"].sel(input="x", point=0.5)[0]) == pytest.approx(norm.pdf(0) * share, rel=0.02)
    assert np.abs(result["effect"].sel(input="idle").values).max() < 0.003
    # The effect is of a tenth of the distance between the outer points; a twentieth of the draws is beyond them.
    for name, width in (("x", 2 * norm.ppf(0.95)), ("idle", 0.9)):
        for key in ("", "_error"):
            step = result[f"effect{key}"].sel(input=name) / result[f"derivative{key}"].sel(input=name)
            assert step.values == pytest.approx(0.1 * width)
        sizes = result["effective_size"].sel(input=name).values
        assert sizes / 2**16 == pytest.approx([0.05, 0.45, 0.05], rel=0.01)
    assert result["input_unit"].values.tolist() == ["1", "1"]
    by = float(result["effect"].sel(input="x", point=0.5)[0])
    assert f"50 % point of x up by 0.33 changes the probability that x > 1.8 by {by:.2g} (±" in result.attrs["words"]


def test_after_conditioning_the_derivative_is_of_the_posterior(forecast):
    # Known exactly, x no longer matters for itself: its own prior moves what is left within the error only.
    sharp = norm.pdf(forecast["x"].values, 1.2, 2.0)
    result = cc.prior_sensitivity(forecast, "total > 2.2", priors=PRIORS, weights=sharp)
    x, holds = forecast["x"].values, forecast["total"].values > 2.2
    step, density = 0.02, norm.pdf(norm.ppf(0.05))
    below, middle = x < PRIORS["x"].quantile(0.05), (x >= PRIORS["x"].quantile(0.05)) & (x < 1)
    share = []
    for sign in (-1, 1):
        weights = sharp * (1 + sign * step * density * (middle / 0.45 - below / 0.05))
        share.append((weights @ holds) / weights.sum())
    exact = (share[1] - share[0]) / (2 * step)
    assert float(result["derivative"].sel(input="x", point=0.05)[0]) == pytest.approx(exact, rel=1e-3)


def test_every_claim_and_output_of_a_shipped_forecast():
    inputs = cc.draw(cc.read_priors("evidence_2026"), 8192, seed=2)
    forecast = cc.propagate(inputs, years=[2024, 2026, 2028], outputs=["training_cluster_power"])
    result = cc.prior_sensitivity(forecast)
    assert {"training_cluster_power in 2028"} <= set(result["target"].values)
    assert np.isfinite(result["derivative"]).all()
    assert (result["effective_size"] > 100).all()
    sentence = result.attrs["words"].splitlines()[-1]
    assert sentence.startswith("Moving the 50 % point of cluster growth rate up by 0.0")
    assert "changes the median of training cluster power in 2028 by" in sentence


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.prior_sensitivity(f, "clam", priors=PRIORS), "no claim or output 'clam'"),
        (lambda f: cc.prior_sensitivity(f, [], priors=PRIORS), "target is empty"),
        (
            lambda f: cc.prior_sensitivity(f, "total", priors=PRIORS, of="ST"),
            "of is 'ST'; choose 'value', 'indices' or 'total'",
        ),
        (lambda f: cc.prior_sensitivity(f, "total", inputs="q", priors=PRIORS), "'q' is not an input"),
        (lambda f: cc.prior_sensitivity(f, "total", priors=PRIORS, of="total"), "draw with design='saltelli'"),
        (lambda f: cc.prior_sensitivity(f, "total", of="total", weights=f["x"].values), "leave weights out"),
        (lambda f: cc.prior_sensitivity(f, "total"), "no shipped set; give it as priors="),
        (lambda f: cc.prior_sensitivity(f.isel(sample=slice(1000)), "total", priors=PRIORS), "draw 4,000 or more"),
        (
            lambda f: cc.prior_sensitivity(f, "total", priors=PRIORS, weights=f["x"].values > 2),
            "0 effective draws are beside a point of 'x'",
        ),
    ],
)
def test_bad_input_is_one_clear_message(forecast, call, message):
    with pytest.raises(cc.InputError, match=message):
        call(forecast)
