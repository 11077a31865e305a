"""Names of the model as people read them."""

import pytest

from clustercast.report.numbers import dated, in_a_sentence, label_of, member_label, short_label, time_of, worded


@pytest.mark.parametrize(
    ("made", "given", "text"),
    [
        (label_of, "us_gdp_growth", "US GDP growth"),
        (label_of, "ai_investment_2024", "AI investment in 2024"),
        (label_of, "flop_per_dollar_growth", "FLOP per dollar growth"),
        (member_label, "load_factor_and_us_gdp", "Load factor + US GDP"),
        (short_label, "load_factor_and_us_gdp_and_pue", "Load factor + 2 more"),
        (short_label, "load_factor", "Load factor"),
        (in_a_sentence, "cluster_growth_rate", "cluster growth rate"),
        (in_a_sentence, "ai_investment", "AI investment"),
        (dated, "costs $1T by 2030, or by the end of 2030", "costs $1T by 1 January 2030, or by the end of 2030"),
        (
            worded,
            "Where cluster_growth_structure is 2; see obs_gpt4.",
            "Where cluster growth structure is 2; see obs_gpt4.",
        ),
        (time_of, {"time": "state"}, "at 1 January"),
        (time_of, {"time": "rate"}, "a year, at that date"),
        (time_of, {}, ""),
    ],
)
def test_names_are_words(made, given, text):
    assert made(given) == text
