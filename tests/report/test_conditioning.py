"""The tables of conditioning and of a backtest: what they hold, and that they fit a terminal."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from clustercast.conditioning.backtest import Score, Skill
from clustercast.report.wording import say


def text(*tables):
    console = Console(width=80, file=io.StringIO())
    for table in tables:
        console.print(table)
    shown = console.file.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    return shown


@pytest.fixture
def learned():
    quantiles = xr.DataArray([0.05, 0.5, 0.95], dims="quantile")
    names = ["cluster_growth_rate", "load_factor", "discrepancy_training_cluster_size"]
    low = np.array([0.4, 0.6, 0.03])
    return xr.Dataset(
        {
            "prior": (("quantile", "input"), np.stack([low, 1.2 * low, 1.5 * low])),
            "posterior": (("quantile", "input"), np.stack([1.1 * low, 1.2 * low, 1.3 * low])),
            "shift": ("input", [-0.75, 0.01, 0.3]),
            "contraction": ("input", [0.5, 0.0, 0.25]),
            "unit": ("input", ["OOM/year", "1", "OOM"]),
        },
        coords={"input": names, "quantile": quantiles.values},
    )


def test_what_was_learned_is_shown_and_the_rest_counted(learned):
    shown = text(*say("learning.learned", learned))
    assert "-0.75" in shown
    assert "×0.50" in shown
    assert "Load factor" not in shown
    assert "1 more input stayed in place" in shown
    # 10^0.4 is 2.5 and 10^0.6 is 4.0.
    assert "×2.5 to ×4.0 a year" in " ".join(shown.split())
    assert "iscrepancy" not in shown


def test_paths_stand_side_by_side():
    def forecast(scale):
        values = scale * np.outer([1.0, 10.0], np.linspace(1, 3, 101))
        path = xr.DataArray(values, dims=("year", "sample"), coords={"year": [2024.0, 2030.0]})
        return xr.Dataset({"ai_investment": path.assign_attrs(units="USD/year")})

    shown = text(*say("forecast.pairs", [forecast(1e9), forecast(2e9)], ["ai_investment"], ["prior", "posterior"]))
    assert "AI investment, a year" in shown
    assert "$2.0B" in shown
    assert "$40B" in shown


def observations():
    return {
        "observation": ["obs_one", "obs_two"],
        "unit": ("observation", ["MW", "USD/year"]),
        "log10_unit": ("observation", [6.0, 0.0]),
    }


def test_a_conflict_is_marked_and_chance_is_named():
    conflict = xr.Dataset(
        {
            "observed": ("observation", [8.0, 9.0]),
            "prior": (("quantile", "observation"), np.array([[7.0, 8.7], [7.3, 9.0], [7.7, 9.3]])),
            "prior_tail": ("observation", [0.001, 0.6]),
            "posterior_tail": ("observation", [0.3, 0.7]),
        },
        coords={**observations(), "quantile": [0.05, 0.5, 0.95]},
    )
    shown = text(*say("learning.conflict", conflict))
    assert "100 MW" in shown
    assert "10 to 50 MW" in shown
    assert shown.count("!") == 1
    assert "1 of 2 conflict" in shown


def test_the_most_influential_observation_comes_first():
    influence = xr.Dataset(
        {
            "shift": (("observation", "input"), np.array([[0.1, -0.2], [0.9, 0.0]])),
            "elpd": ("observation", [-1.0, -2.0]),
            "k_hat": ("observation", [0.65, 0.8]),
        },
        coords={**observations(), "input": ["load_factor", "us_gdp"]},
    )
    shown = text(*say("learning.influence", influence))
    assert "0.65  " in shown and "0.65 !" not in shown
    # Of 400 draws 1 - 1 / log10(400) is the most that can be trusted.
    influence["k_hat"].attrs["largest"] = 1 - 1 / np.log10(400)
    shown = text(*say("learning.influence", influence))
    assert "0.65 !" in shown and "above 0.62" in shown
    assert shown.index("obs_two") < shown.index("obs_one")
    assert "+0.90" in shown
    assert "-0.20" in shown
    assert "0.80 !" in shown


def test_an_observation_of_unknown_influence_comes_before_all_whose_influence_is_known():
    moved = {"shift": (("observation", "input"), [[0.01], [0.9]]), "elpd": ("observation", [-1.0, -2.0])}
    influence = xr.Dataset(moved, {**observations(), "input": ["load_factor"]})
    influence["k_hat"] = ("observation", [0.8, 0.3], {"largest": 0.6})
    shown = text(*say("learning.influence", influence))
    assert shown.index("obs_one") < shown.index("obs_two")


def test_skill_is_printed_with_its_error_good_or_bad():
    rest = (0.02, 0.5, 0.1)
    skills = [
        Skill("posterior", 12, 6, 0.154, -0.1, 0.5, 1.0, np.nan, np.nan, *rest),
        Skill("prior", 12, 6, 0.098, -0.3, 0.67, 0.92, -0.056, 0.047, *rest),
        Skill("essay", 12, 6, 0.177, np.nan, np.nan, np.nan, 0.023, 0.068, *rest),
    ]
    shown = text(*say("learning.skills", skills, "As of 2024-06"))
    assert "-0.056 ± 0.047" in shown
    assert "100 %" in shown
    assert "+0.023 ± 0.068" in shown


def test_skill_in_words_names_the_best_other_forecast():
    rest = (np.nan, np.nan, 0.02, 0.5, 0.1)
    posterior = Skill("posterior", 12, 6, np.log10(1.3), -0.1, 0.5, 0.93, *rest)
    trend = Skill("trend", 12, 6, np.log10(1.25), -0.1, 0.5, 0.8, *rest)
    pool = Skill("pool", 12, 6, 0.01, -0.1, 0.5, 0.8, *rest)
    prior = Skill("prior", 12, 6, 0.5, 0, 0.5, 0.9, *rest)
    (said,) = say("learning.skill", [posterior, prior, trend, pool], "As of 2024")
    assert said == (
        "As of 2024: what was learned then missed by ×1.30 on average, the best other forecast (trend) by ×1.25; "
        "its 90 % intervals held 93 % of what came."
    )


def lesson(**more):
    ends = {"before": [0.01, 0.02, 0.03], "after": [0.02, 0.025, 0.03]}
    learned = {"name": "us_gdp_growth", "unit": "1/year", **ends, "shift": 0.5, "teacher": "obs_a", "taught": 0.4}
    return {"rows": 40, "learned": [learned], "conflicts": [], "by_chance": 2.0, "unknown": [], **more}


def test_what_was_learned_and_what_conflicts_is_said_in_words():
    rows = {
        "obs_a": SimpleNamespace(quantity="us_gdp", name="output of 2025", date=2025.5),
        "obs_b": SimpleNamespace(quantity="training_cluster_power", name="power of a site", date=2025.4),
    }
    first, second = say("learning.lessons", lesson(), rows)
    assert first.endswith(": US GDP growth 2.0 to 2.5 % a year (US GDP, output of 2025, 2026).")
    assert second == "No observation lies far out in what was expected of it (2 of 40 would by chance)."
    _, said, _ = say("learning.lessons", lesson(unknown=["obs_b", "obs_a"]), rows)
    assert said == (
        "How much training cluster power, power of a site, 2025 (and 1 other observation) taught is not known: "
        "it may be far more."
    )
    far = {"observation": "obs_b", "quantity": "training_cluster_power", "kind": "record", "unit": "MW"}
    far |= {"observed": 900.0, "before": [1.0, 2.0, 5.0], "prior_tail": 0.01}
    *_, last = say("learning.lessons", lesson(conflicts=[far]), rows)
    assert last == (
        "1 observation lies far out in what was expected (2 of 40 would by chance): "
        "training cluster power, power of a site, 2025, at least 900 MW where 1.0 to 5.0 MW was expected."
    )
    assert say("learning.lessons", lesson(learned=[]), rows)[0] == "After 40 observations every input is where it was."


def test_each_observation_has_its_scores_and_a_dash_where_there_is_none():
    one = Score("posterior", "obs_one", "level", "g", 2025.1, 2.0, 2.3, 0.15, 0.2, 0.81)
    two = Score("line", "obs_one", "level", "g", 2025.1, 2.0, 1.0, 0.75, 0.9, 0.99)
    shown = text(*say("learning.scores", [one, two], ["posterior", "prior", "line"]))
    row = next(line.split() for line in shown.splitlines() if " one " in line)
    # The ids of shipped rows begin alike, and a line holds 80 characters.
    assert row == ["one", "2025.1", "×2.00", "0.81", "0.150", "-", "0.750"]
    # What was scored twice is shown as it was scored last, in every column.
    again = replace(one, date=2026.1, crps=0.25)
    (shown,) = say("learning.scores", [one, again], ["posterior"])
    assert shown.rows == [["one", "2026.1", "×2.00", "0.81", "0.250"]]


def test_a_baseline_that_forecasts_few_rows_is_no_rival_and_one_group_has_no_error():
    posterior = Skill("posterior", 9, 4, 0.1, 0.1, 0.5, 0.9, np.nan, np.nan, 0.02, 0.5, 0.1)
    prior = replace(posterior, method="prior", crps=0.3, gain=0.2, gain_error=0.05)
    line = replace(posterior, method="line", count=3, groups=1, crps=0.01, gain=-0.1, gain_error=np.nan)
    (said,) = say("learning.skill", [posterior, prior, line], "As of 2024")
    assert "the best other forecast (prior) by ×2.00" in said
    shown = text(*say("learning.skills", [posterior, prior, line], "All"))
    assert "+0.200 ± 0.050" in shown and "-0.100" in shown and "nan" not in shown
