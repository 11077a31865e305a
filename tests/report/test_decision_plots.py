"""Figures of what to ask next and of what would change the answer show the numbers of their results."""

import functools

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast import InputError, plots
from clustercast.decisions.tilting import Tilt
from tests.report.test_plots import difference


@cc.quantity("1")
def load(x, y, idle):
    """Sum of two inputs; a third is idle."""
    return x + 0.5 * y + 0 * idle


PRIORS = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1), idle=cc.Normal(0, 1))
CLAIM = "load > 1"


@pytest.fixture(scope="module")
def forecast():
    return cc.propagate(cc.draw(PRIORS, 4096, design="sobol", seed=1), model=cc.Model([load]))


def labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def worth(name="evppi", dim="input", names=("pue", "load_factor", "us_gdp")):
    """Return values of information of 0.02, 0.05 and 0 in a Brier score of 0.25, plus or minus a tenth."""
    value = np.array([[0.02, 0.05, 0.0]])
    dims = ("target", dim)
    ends = {f"{name}_low": (dims, 0.9 * value), f"{name}_high": (dims, 1.1 * value)}
    coords = {"target": ["fleet_power > 1 GW by 2030"], dim: list(names), "score": ("target", ["brier"])}
    return xr.Dataset({name: (dims, value), "share": (dims, value / 0.25), **ends}, coords)


def tilted():
    """Return a change of one input from -1, 0, 1 to 0, 1, 2."""
    before = np.array([[-1.0, 0.0, 1.0]])
    dims = ("input", "quantile")
    coords = {"input": ["x"], "quantile": [0.05, 0.5, 0.95], "unit": ("input", ["1"])}
    marginals = xr.Dataset({"before": (dims, before), "after": (dims, before + 1)}, coords)
    weights = xr.DataArray([1.0], dims="sample")
    return Tilt("load > 1", "", 0.25, 0.5, weights, 0.1, marginals, weights, 0.1, PRIORS)


def tornado():
    values = {"probability": (("input", "side"), [[0.1, 0.7], [0.5, 0.3]])}
    values["standard_error"] = (("input", "side"), np.full((2, 2), 0.01))
    return xr.Dataset(values, {"input": ["x", "y"], "side": ["lowest", "highest"]}, {"claim": CLAIM, "before": 0.4})


def bounds(share=0.4):
    """Return the bounds of a probability under density ratios: odds times and over the ratio."""

    def one(ratio):
        odds = share / (1 - share)
        ends = {"lower": odds / ratio, "value": odds, "upper": odds * ratio}
        result = {name: (("of", "statistic"), [[each / (1 + each)]]) for name, each in ends.items()}
        coords = {"of": ["all inputs"], "statistic": ["probability"]}
        return xr.Dataset(result | {"breakdown": ("of", [1 / odds])}, coords, {"target": CLAIM})

    return {ratio: one(ratio) for ratio in (1.5, 2.0, 3.0)}


def sensitivity():
    effect = np.array([[[0.01, 0.03, 0.0], [0.0, -0.05, 0.01]]])
    dims = ("target", "input", "point")
    coords = {"target": [CLAIM], "input": ["x", "y"], "point": [0.05, 0.5, 0.95], "unit": ("target", ["1"])}
    return xr.Dataset({"effect": (dims, effect), "effect_error": (dims, np.full_like(effect, 0.001))}, coords)


def gap(unit="OOM"):
    parts = np.array([1.0, -0.5, 0.2, 0.1])
    result = {"part": ("group", parts), "part_error": ("group", 0.05 * np.ones(4)), "gap": ((), 0.8)}
    groups = {"group": ["cluster", "technology", "demand", "supply"]}
    return xr.Dataset(result, groups, {"unit": unit, "output": "fleet_power"})


def region():
    """Return a box with x above 0.25, and the draws 0 to 1 of it."""
    ends = {"lower": (("box", "input"), [[0.25, -np.inf]]), "upper": (("box", "input"), [[np.inf, np.inf]])}
    shares = {name: ("box", [value]) for name, value in (("density", 0.9), ("coverage", 0.8))}
    result = xr.Dataset(
        {**ends, "quasi_p": (("box", "input"), [[1e-9, np.nan]]), **shares},
        {"box": [1], "input": ["x", "y"]},
        {"condition": CLAIM, "before": 0.4},
    )
    return result, xr.Dataset({"x": ("sample", np.linspace(0, 1, 1001), {"units": "1"})})


@pytest.mark.parametrize(
    ("draw", "result"), [(plots.evppi, worth()), (plots.evsi, worth("evsi", "observation", ("a", "b", "c")))]
)
def test_values_of_information_are_parts_of_the_score_with_their_intervals(draw, result):
    ax = draw(result, most=2)
    bars = ax.containers[-1]
    assert [bar.get_width() for bar in bars] == pytest.approx([0.2, 0.08])
    ends = bars.errorbar.lines[2][0].get_segments()[0][:, 0]
    assert ends == pytest.approx([0.18, 0.22])
    assert ax.get_xlabel() == "part of the Brier score that would go"


def test_observations_have_the_names_they_are_given():
    ax = plots.evsi(worth("evsi", "observation", ("a", "b", "c")), names={"b": "power of the site"})
    assert labels(ax) == ["Power of the site", "A", "C"]
    assert "seeing power of the site would" in " ".join(ax.get_title(loc="left").split())
    assert labels(plots.evsi(worth("evsi", "observation", (7, 8, 9)))) == ["8", "7", "9"]


def test_a_tilt_is_drawn_on_the_scale_of_the_prior():
    ax = plots.tilt(tilted())
    before, after = (path.get_segments()[0][:, 0] for path in ax.collections)
    assert before == pytest.approx([0, 1]) and after == pytest.approx([0.5, 1.5])
    assert labels(ax) == ["X\n0 to 1.0"]
    assert ax.get_title(loc="left").split("\n")[-2:] == ["to make it 50 % rather than 25 %", "likely"]


def test_bars_of_probabilities_start_at_that_of_all_samples():
    ax = plots.probability_tornado(tornado())
    low, high = (result for result in ax.containers if hasattr(result, "patches"))
    assert [bar.get_x() for bar in low] == [0.4, 0.4]
    assert [bar.get_width() for bar in low] == pytest.approx([-0.3, 0.1])
    assert [bar.get_width() for bar in high] == pytest.approx([0.3, -0.1])


def test_bounds_widen_from_the_probability_and_the_verdict_flips_at_the_odds():
    ax = plots.prior_bounds(bounds())
    ends = ax.collections[0].get_paths()[0].vertices
    at_three = ends[np.isclose(ends[:, 0], 3)][:, 1]
    # Odds of 2 to 3, times and over 3.
    assert at_three.min() == pytest.approx(2 / 11) and at_three.max() == pytest.approx(2 / 3)
    assert ax.get_lines()[-2].get_xdata()[0] == pytest.approx(1.5)
    assert "even odds are possible at ×1.5" in ax.get_title(loc="left")


def test_derivatives_by_point_stand_in_the_order_of_the_largest():
    ax = plots.prior_sensitivity(sensitivity())
    assert labels(ax) == ["Y", "X"]
    assert [list(result.lines[0].get_xdata()) for result in ax.containers] == [[0, 0.01], [-0.05, 0.03], [0.01, 0]]


@pytest.mark.parametrize(("unit", "scale"), [("OOM", lambda v: 10**v), ("W", lambda v: v)])
def test_parts_of_a_gap_lead_from_one_median_to_the_other(unit, scale):
    ax = plots.whose_prior(gap(unit), most=2)
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    assert ends == [pytest.approx((scale(low), scale(high))) for low, high in ((0, 1), (1, 0.5), (0.5, 0.8), (0, 0.8))]
    assert labels(ax) == ["Cluster", "Technology", "2 more", "Gap"]


def pooled():
    """Return a pool of 1 to 3 GW and of 11 to 13 GW, one draw in four of the first."""
    power = np.concatenate([np.linspace(1e9, 3e9, 101), np.linspace(11e9, 13e9, 303)])
    whose = ("sample", np.repeat([0.0, 1.0], [101, 303]), {"role": "input", "labels": '["low", "high"]'})
    return xr.Dataset({"fleet_power": ("sample", power, {"role": "output", "units": "W"}), "whose_prior": whose})


def test_a_pool_stands_above_its_forecasters_with_their_weights():
    ax = plots.pool(pooled(), "fleet_power")
    assert labels(ax) == ["Pool", "Low (25 %)", "High (75 %)"]
    thick = [sorted(line.get_xdata()) for line in ax.get_lines() if line.get_linewidth() == 1.2]
    assert np.allclose(thick[1:], [[1.1e9, 2.9e9], [11.1e9, 12.9e9]], rtol=0.01)
    assert thick[0] == pytest.approx(np.quantile(pooled()["fleet_power"], [0.05, 0.95]), rel=0.02)
    assert ax.get_title(loc="left").startswith("Fleet power\npool: 12 GW (1.")


def test_the_limits_of_a_box_are_shares_of_the_draws():
    ax = plots.discover(*region())
    inside = ax.patches[1]
    assert (inside.get_x(), inside.get_width()) == pytest.approx((0.25, 0.75), abs=0.001)
    assert labels(ax) == ["X\nabove 0.25"]


def test_results_of_the_library_are_drawn_as_they_are(forecast):
    assert labels(plots.evppi(cc.evppi(forecast, CLAIM)))[:2] == ["X", "Y"]
    assert labels(plots.probability_tornado(cc.probability_tornado(forecast, CLAIM)))[:2] == ["X", "Y"]
    tilt = plots.tilt(cc.tilt(forecast, CLAIM, probability=0.3, priors=PRIORS))
    assert labels(tilt)[0].startswith("X\n")
    each = {ratio: cc.prior_bounds(forecast, CLAIM, ratio=ratio, of="inputs") for ratio in (1.5, 2.0)}
    assert {text.get_text() for text in plots.prior_bounds(each).texts} == {"X", "Y", "Idle"}
    result = cc.prior_sensitivity(forecast, [CLAIM, "load"], priors=PRIORS)
    assert labels(plots.prior_sensitivity(result, target="load"))[:2] == ["X", "Y"]
    assert labels(plots.discover(cc.discover(forecast, CLAIM), forecast))[0].startswith("X\nabove")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.evppi(worth(), target="fleet_powr"), "no target 'fleet_powr'"),
        (lambda: plots.prior_bounds({}), "no bounds of a claim"),
        (lambda: plots.pool(pooled().drop_vars("whose_prior"), "fleet_power"), "no 'whose_prior'; give a result"),
        (lambda: plots.pool(pooled(), "fleet_powr"), "no output 'fleet_powr'; nearest known: fleet_power"),
        (lambda: plots.discover(*region(), box=3), "no box 3; there are 1"),
        *(
            (functools.partial(draw, *given, most=most), f"most is {most}; give a whole number of 1 or more")
            for most in (0, -1)
            for draw, *given in (
                (plots.evppi, worth()),
                (plots.tilt, tilted()),
                (plots.whose_prior, gap()),
                (plots.sobol_panels, xr.Dataset(coords={"output": ["a"]})),
            )
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, message):
    with pytest.raises(InputError, match=message):
        call()


BASELINES = {
    "evppi": lambda ax: plots.evppi(worth(), ax=ax),
    "evsi": lambda ax: plots.evsi(worth("evsi", "observation", ("a", "b", "c")), ax=ax),
    "tilt": lambda ax: plots.tilt(tilted(), ax=ax),
    "probability_tornado": lambda ax: plots.probability_tornado(tornado(), ax=ax),
    "prior_bounds": lambda ax: plots.prior_bounds(bounds(), ax=ax),
    "prior_sensitivity": lambda ax: plots.prior_sensitivity(sensitivity(), ax=ax),
    "whose_prior": lambda ax: plots.whose_prior(gap(), ax=ax),
    "pool": lambda ax: plots.pool(pooled(), "fleet_power", ax=ax),
    "discover": lambda ax: plots.discover(*region(), ax=ax),
}


@pytest.mark.parametrize("name", BASELINES)
def test_figures_look_as_they_did(name, tmp_path, request):
    assert difference(name, BASELINES[name], tmp_path, request) is None
