"""Claims and the relief of limits in today's prior set, against an independent reading of the model's equations."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.uncertainty.claims import claim_names, claim_years

# Probability on the forecast and on its trend.
READ = {
    "hundred_billion_cluster_2028": (0.52, 0.60),
    "ten_gigawatts_2028": (0.01, 0.10),
    "ten_gigawatts_2030": (0.15, 0.48),
    "trillion_dollar_cluster_2030": (0.0005, 0.12),
    "trillion_dollar_investment_2027": (0.57, 0.76),
    "fifth_of_us_electricity_2030": (0.007, 0.36),
    "bust_20": (0.18, 0.10),
    "bust_30": (0.11, 0.07),
    "bust_50": (0.04, 0.04),
}
# Share of draws in which there would be a tenth more without the limit: 2028.0, 2030.0, 2034.0.
RELIEF = {
    "power": (0.21, 0.13, 0.13),
    "money": (0.16, 0.41, 0.50),
    "packaging": (0.03, 0.02, 0.00),
    "memory": (0.04, 0.03, 0.01),
    "logic": (0.01, 0.02, 0.04),
}


@pytest.fixture(scope="module")
def answers():
    claims = [claim for claim in cc.read_claims() if claim.id in READ]
    names = [*claim_names(claims), *(f"trend_{name}" for name in claim_names(claims))]
    inputs = cc.draw(cc.read_priors("evidence_2026"), 16384, seed=2)
    return cc.claim_probabilities(cc.propagate(inputs, years=claim_years(claims, 2026.5), outputs=names), claims)


def test_claims_of_today_are_those_of_an_independent_reading(answers):
    assert set(answers["claim"].values) == set(READ)
    for name, (forecast, trend) in READ.items():
        one = answers.sel(claim=name)
        assert float(one["probability"]) == pytest.approx(forecast, abs=0.02), name
        assert float(one["trend_probability"]) == pytest.approx(trend, abs=0.02), name


def test_a_date_is_said_as_it_is_meant(answers):
    words = answers["words"].sel(claim="ten_gigawatts_2028").item()
    assert words == "training cluster power >= 10 GW by 1 January 2029"
    assert answers["by"].sel(claim="bust_30") == 2034


def test_the_relief_of_limits_is_that_of_an_independent_reading():
    relief = cc.limit_relief(cc.read_priors("evidence_2026"), 8192, [2028, 2030, 2034], seed=1)
    for name, shares in RELIEF.items():
        np.testing.assert_allclose(relief["share_above"].sel(limit=name), shares, atol=0.02, err_msg=name)
    assert (relief["share_above_error"] < 0.006).all()


def test_limits_of_the_essay_do_not_act():
    with pytest.raises(cc.InputError, match="has no switch limit_power that is on"):
        cc.limit_relief(cc.read_priors("situational_awareness"), 16, [2030])


@pytest.mark.parametrize("first", [np.nan, np.inf, -3, object()], ids=["nan", "inf", "negative", "object"])
def test_a_grid_of_years_begins_in_a_year(first):
    with pytest.raises(cc.InputError, match="1000 to 9999|cannot read .* as a date"):
        claim_years(cc.read_claims(), first)
    assert claim_years(cc.read_claims(), "2024-07") == claim_years(cc.read_claims(), 2024.5)
