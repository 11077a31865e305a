"""Probabilities of rare conditions, against exact ones and plain draws."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom, norm, t

import clustercast as cc
from clustercast.arrays.points.copula import gaussian_correlation


@cc.quantity("1")
def total(x, y):
    """The sum of both."""
    return x + y


@cc.quantity("1")
def successes(a, b, c, d, e, f):
    """The number of successes."""
    return a + b + c + d + e + f


@cc.quantity("1", labels=("quiet", "loud"))
def noise(x):
    """Whether it is loud."""
    return np.where(x > 3, 1, 0)


MODEL = cc.Model([total, noise, successes])
NORMALS = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))


def within(result, truth):
    """Return whether the truth is within four standard errors, and these within the relative error asked for."""
    return abs(result["probability"] - truth) < 4 * result["standard_error"] and result["standard_error"] < 0.11 * truth


@pytest.mark.parametrize("rank", [-0.5, 0.0, 0.7])
def test_correlated_inputs(rank):
    priors = NORMALS.add(cc.Correlation(("x", "y"), rank)) if rank else NORMALS
    deviation = np.sqrt(2 + 2 * gaussian_correlation(rank))
    result = cc.rare_probability(priors, "total > 5.5", model=MODEL, seed=3)
    assert within(result, norm.sf(5.5 / deviation))
    assert result["share_above_median"].values.min() > 0.9 and not result.warning


def test_discrete_inputs_and_how_far_they_are_from_their_priors():
    priors = cc.Priors(**{name: cc.Discrete([0, 1], [0.9, 0.1]) for name in "abcdef"})
    result = cc.rare_probability(priors, "successes >= 5", model=MODEL, seed=1)
    truth = binom.sf(4, 6, 0.1)
    assert within(result, truth)
    # Given five successes or six, each input is one with the probability 5 / 6 or 1, before .1.
    one = (5 / 6 * binom.pmf(5, 6, 0.1) + binom.pmf(6, 6, 0.1)) / truth
    np.testing.assert_allclose(result["distance"], one - 0.1, atol=0.15)


def test_conditions_on_inputs_and_several_clauses():
    priors = cc.Priors(u=cc.Uniform(0, 1), v=cc.Uniform(0, 1), w=cc.Uniform(0, 1))
    result = cc.rare_probability(priors, "u < 0.01 and v < 0.001", model=MODEL, seed=2)
    assert within(result, 1e-5) and result["input"].values.tolist() == ["u", "v"]
    np.testing.assert_allclose(result["distance"], [0.99, 0.999], atol=0.01)
    assert result["lower"] < 1e-5 < result["upper"]
    assert result["effective_events"] == pytest.approx(
        float((result["probability"] / result["standard_error"]) ** 2), rel=1e-4
    )


def test_a_label_has_no_degrees_and_is_found_by_plain_draws():
    result = cc.rare_probability(NORMALS, "noise = loud", model=MODEL, seed=1)
    assert result.levels == 0 and within(result, norm.sf(3))
    both = cc.rare_probability(NORMALS, "noise = loud and total > 5", model=MODEL, seed=1)
    exact = np.trapezoid([norm.pdf(x) * norm.sf(5 - x) for x in np.linspace(3, 9, 2001)], np.linspace(3, 9, 2001))
    assert within(both, exact)


def test_the_same_seed_gives_the_same_bits_and_another_other_ones():
    one, same, other = (cc.rare_probability(NORMALS, "total > 4", model=MODEL, seed=s) for s in (1, 1, 2))
    assert float(one["probability"]) == float(same["probability"]) != float(other["probability"])
    np.testing.assert_array_equal(one["distance"], same["distance"])
    # The interval on the logarithm is at least Student's.
    relative = one["standard_error"] / one["probability"]
    reach = float(np.log(one["upper"] / one["probability"]) / relative)
    assert reach > t.ppf(0.975, one.attrs["populations"] - 1) * (1 - 1e-9)


def test_a_claim_of_a_file_and_what_is_certain():
    claim = next(claim for claim in cc.read_claims() if claim.quantity == "training_cluster_power")
    claim = claim.model_copy(update={"level": "7 GW", "by": 2028.0})
    result = cc.rare_probability(cc.read_priors("evidence_2026"), claim, seed=1, relative_error=0.5)
    assert result.condition == "training_cluster_power >= 7 GW by 2028.0" and 1e-3 < result["probability"] < 5e-3
    certain = cc.rare_probability(NORMALS, "total > -1000", model=MODEL, seed=1)
    assert certain["probability"] == certain["lower"] == certain["upper"] == 1 and certain["standard_error"] == 0
    assert certain["distance"].values.max() < 0.02


def added(x, y):
    return x + y


def by_year(x, y):
    return np.multiply.outer([1.0, 2.0], x + y)


FORMS = {
    "scalar": added,
    "arrays": lambda x, y: {"total": x + y},
    "matrix": lambda table: table.sum(axis=1),
    "frame": lambda frame: frame.sum(axis="columns"),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_function_has_the_probability_of_the_model_that_computes_the_same(form):
    how = {"function": FORMS[form], "outputs": {"total": "1"}, "form": form}
    result = cc.rare_probability(NORMALS, "total > 5.5", seed=3, relative_error=0.3, **how)
    same = cc.rare_probability(NORMALS, "total > 5.5", seed=3, relative_error=0.3, model=MODEL)
    xr.testing.assert_equal(result, same)


def test_a_function_with_years_units_constants_and_an_executor():
    priors = NORMALS.add(k=cc.Fixed(3, unit="GW"))
    how = {"outputs": {"power": "GW"}, "form": "arrays", "coords": {"year": [2027, 2028]}}
    with ThreadPoolExecutor(2) as pool:
        result = cc.rare_probability(
            priors, "power > 36 GW by 2028", function=lambda x, y, k: k * by_year(x, y), executor=pool, seed=1, **how
        )
    assert within(result, norm.sf(6 / np.sqrt(2)))
    both = cc.rare_probability(
        priors, "x > 3 and power > 12000 MW in 2027", function=lambda x, y, k: k * by_year(x, y), seed=1, **how
    )
    places = np.linspace(3, 9, 2001)
    assert within(both, np.trapezoid(norm.pdf(places) * norm.sf(4 - places), places))


def test_a_small_budget_is_said():
    result = cc.rare_probability(NORMALS, "total > 6", model=MODEL, seed=1, relative_error=0.01, budget=100_000)
    assert "give a larger budget" in result.warning and result["standard_error"] > 0.01 * result["probability"]


def test_a_rare_claim_of_the_shipped_model_is_that_of_plain_draws():
    priors, asked = cc.read_priors("evidence_2026"), cc.parse_condition("training_cluster_power > 8 GW by 2028")
    done = []
    result = cc.rare_probability(priors, asked, seed=1, progress=lambda runs, budget: done.append(runs))
    # 1,310,720 plain draws gave 7.99e-4, with a standard error of 0.25e-4.
    assert abs(result["probability"] - 7.99e-4) < 4 * np.hypot(result["standard_error"], 0.25e-4)
    assert done[-1] == result["runs"] < 200_000
    most = result["input"].values[result["distance"].values.argmax()]
    assert most == "cluster_growth_rate" and result["distance"].max() > 5 * result["distance_by_chance"].max()


@pytest.mark.parametrize(
    ("claim", "options", "message"),
    [
        ("total > 6", {"relative_error": 0}, "relative_error is 0"),
        ("total > 6", {"budget": 0}, "budget"),
        ("total > 6", {"confidence": 2}, "confidence"),
        ("totals > 6", {}, "total"),
        ("u > 2", {}, "'u > 2' is not reached: after .* below 1e-15"),
        (
            "noise = loud and u > 0",
            {"budget": 20_000},
            "'noise = loud and u > 0' is not reached in .* runs; give a larger budget",
        ),
        ("k > 2", {}, "no uncertain input"),
        ("total > 1.5", {}, "'x' cannot change from a date on: no quantity takes it together"),
        (7, {}, "a condition is 7"),
        ("total > 6", {"form": "arrays"}, "form is of a function"),
        ("total > 6", {"function": added}, "takes the place of model"),
        ("total > 6", {"model": None, "function": added, "years": [2030]}, "takes the place of model and years"),
        ("total > 6", {"model": None, "function": added}, "outputs is {}"),
        ("x > 2", {"model": None, "function": added}, "'x > 2' is not reached"),
    ],
)
def test_bad_input_is_refused(claim, options, message):
    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1), u=cc.Uniform(0, 1), k=cc.Fixed(1))
    if "from" in message:
        priors = priors.add(x_from_2025=cc.Uniform(2, 3))
    with pytest.raises(cc.InputError, match=message):
        cc.rare_probability(priors, claim, **{"model": MODEL, **options})


def test_a_budget_that_is_just_used_up_ends_the_climb():
    how = {"model": MODEL, "seed": 3, "relative_error": 1e-6}
    runs = int(cc.rare_probability(NORMALS, "total > 5.5", budget=1, **how)["runs"])
    assert int(cc.rare_probability(NORMALS, "total > 5.5", budget=runs, **how)["runs"]) == runs
    assert int(cc.rare_probability(NORMALS, "total > 5.5", budget=runs + 1, **how)["runs"]) > runs
