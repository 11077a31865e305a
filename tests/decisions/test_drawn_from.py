"""What a forecast was drawn from: its priors, normal scores of its inputs, and numbers in words."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm, rankdata

import clustercast as cc
from clustercast.arrays.decisions.together import rank_scores
from clustercast.dataset import with_provenance
from clustercast.decisions.targets import (
    checked_fraction,
    continuous_inputs,
    one_target,
    priors_of,
    score_correlation,
    targets_of,
    with_unit_text,
)
from clustercast.decisions.tilting import _scores

PRIORS = cc.Priors(
    cc.Correlation(("a", "step"), 0.3),
    cc.Correlation(("c", "b"), 0.5),
    cc.Correlation(("d", "c"), -0.4),
    a=cc.Normal(0, 1),
    b=cc.LogNormal(1, 0.5),
    c=cc.Uniform(2, 3),
    d=cc.Normal(5, 2),
    alone=cc.Beta(2, 3),
    step=cc.Discrete([0, 1], [0.5, 0.5]),
    constant=1.0,
)


def test_inputs_with_a_density_leave_out_those_correlated_with_few_values():
    drawn = cc.draw(PRIORS, 64, seed=1)
    assert continuous_inputs(drawn, PRIORS) == ("b", "c", "d", "alone")
    assert continuous_inputs(drawn.drop_vars("c"), PRIORS) == ("b", "d", "alone")


def test_normal_scores_are_those_of_distribution_functions_and_of_ranks():
    drawn = cc.draw(PRIORS, 500, seed=1)
    columns = [drawn[name].values for name in "dbc"]
    scores = _scores([PRIORS[name] for name in "dbc"], columns)
    exact = [(drawn["d"] - 5) / 2, (np.log(drawn["b"]) - 1) / 0.5, norm.ppf(drawn["c"] - 2)]
    assert scores.T == pytest.approx(np.array(exact))
    ranks = np.array([rankdata(drawn[name]) for name in ("d", "b")])
    assert norm.cdf(rank_scores(np.array(columns[:2]))) == pytest.approx((ranks - 0.5) / 500)


def test_the_correlation_of_scores_is_in_the_order_asked_for():
    # Of a Gaussian copula a rank correlation is 6 / pi times the arcsine of half the correlation of scores.
    exact = np.eye(4)
    exact[0, 1] = exact[1, 0] = 2 * np.sin(np.pi * 0.5 / 6)
    exact[1, 3] = exact[3, 1] = 2 * np.sin(np.pi * -0.4 / 6)
    assert score_correlation(PRIORS, ("b", "c", "alone", "d")) == pytest.approx(exact)
    assert (score_correlation(PRIORS, ("alone",)) == 1).all()


@pytest.mark.parametrize("scenario", [None, "slower_growth"])
def test_the_priors_of_a_shipped_set_are_found_by_name_and_hash(scenario):
    priors = cc.read_priors("evidence_2026", scenario=scenario)
    drawn = cc.draw(priors, 16, seed=1)
    assert priors_of(drawn, None).hash == priors_of(drawn, priors).hash == priors.hash
    with pytest.raises(cc.InputError, match="drawn from 'evidence_2026.*', which is no shipped set; give it as priors"):
        priors_of(cc.draw(priors.replace(load_factor=0.5), 16, seed=1), None)
    with pytest.raises(cc.InputError, match=r"drawn from 'evidence_2026\+own', which is no shipped set"):
        priors_of(with_provenance(drawn, priors_name="evidence_2026+own"), None)
    with pytest.raises(cc.InputError, match="the design 'saltelli', whose samples are no independent draws"):
        priors_of(cc.draw(priors, 16, design="saltelli", seed=1), priors)


@pytest.mark.parametrize(
    ("number", "other", "text"),
    [
        (0.512, 0.7, "0.51 GW"),
        (0.5123, 0.5149, "0.512 GW"),
        (0.51234, 0.51249, "0.5123 GW"),
        (1.234567, 1.234581, "1.23457 GW"),
        (1.2345671, 1.2345684, "1.23 GW"),
        (-45678, 1, "-46,000 GW"),
    ],
)
def test_a_number_has_the_digits_that_tell_it_from_another(number, other, text):
    assert with_unit_text(number, other, "GW") == text
    assert with_unit_text(number, other, "1") == text.removesuffix(" GW")


def test_one_target_is_one_year():
    x = np.arange(400.0)
    forecast = xr.Dataset({"out": (("year", "sample"), np.stack([x, x**2]))}, {"year": [2025, 2026]})
    forecast["out"].attrs = {"units": "W"}
    assert one_target(forecast + 1, "out in 2026", raw=True).values.tolist() == (x**2 + 1).tolist()
    assert [one.unit for raw in (True, False) for one in targets_of(forecast + 1, "out in 2026", raw)] == [
        "W",
        "(OOM)**2",
    ]
    assert targets_of(forecast + 1, "out in 2026")[0].unit == "(OOM)**2"
    with pytest.raises(cc.InputError, match="'out' has 2 years; choose one, as 'out in 2030', or name a claim"):
        one_target(forecast + 1, "out")


@pytest.mark.parametrize("value", [True, "0.5", None, 0, 1, -0.1, np.nan, np.float64(2)])
def test_what_is_no_fraction_is_refused(value):
    assert checked_fraction("share", np.float32(0.5)) == 0.5
    with pytest.raises(cc.InputError, match="share is .*; give a number between 0 and 1, both excluded"):
        checked_fraction("share", value)
