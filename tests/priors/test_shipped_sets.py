"""The shipped prior sets: complete, sourced, marked as judgement where they are, and equal to what was published."""

import math
import re
import tomllib

import numpy as np
import pytest

from clustercast.engine.model import change_of
from clustercast.errors import InputError
from clustercast.priors.prior_file import read_priors, read_scenario_file
from clustercast.priors.shipped import directory, shipped_names
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw

SETS = shipped_names()
SCENARIOS = shipped_names("scenarios")
LEVELS = np.array([0.05, 0.5, 0.95])

# 5, 50 and 95 % points that follow from published figures alone, in the units of inputs.toml.
# Epoch AI, AI data centers, AI chip sales and AI chip components (2026); IMF (October 2025); Ember (2025); EIA (2025);
# company reports (2026); Ho et al. (2024).
PUBLISHED = {
    "initial_cluster_chips": (316e3, 403e3, 514e3),
    "earlier_cluster_growth_rate": (0.48, 0.50, 0.52),
    "accelerator_price": (13000, 15500, 18500),
    "accelerator_cost_share": (0.42, 0.50, 0.60),
    "flop_per_dollar_growth": (0.08, 0.29, 0.47),
    "earlier_flop_per_dollar_growth": (0.20, 0.27, 0.34),
    "server_overhead": (1.50, 1.72, 1.95),
    "power_usage_effectiveness": (1.18, 1.25, 1.36),
    "earlier_flop_per_watt_growth": (0.18, 0.22, 0.26),
    "chip_progress": (0.18, 0.36, 0.55),
    "gross_world_product_2025": (115e12, 117e12, 119e12),
    "earlier_investment_growth_factor": (1.75, 1.87, 2.00),
    "leading_lab_base_revenue": (36e9, 44e9, 54e9),
    "earlier_revenue_doubling_time": (0.47, 0.51, 0.56),
    "accelerators_per_wafer": (28, 37, 50),
    "packaging_wafers": (0.95e6, 1.15e6, 1.4e6),
    "packaged_accelerators_per_wafer": (24, 28, 33),
    "grid_power_additions": (7.5, 11.6, 18),
    "retirement_hazard": (0.143, 0.185, 0.300),
    "us_electricity_growth": (0.000, 0.009, 0.018),
    "world_electricity_2024": (30000, 30600, 31500),
    "electricity_price": (52, 74, 105),
    "training_utilisation": (0.10, 0.22, 0.40),
    "algorithmic_progress": (1.6, 3, 5),
    "inference_to_training_ratio": (0.5, 1, 2),
}


def _file(folder, name):
    return tomllib.loads((directory() / folder / f"{name}.toml").read_text(encoding="utf-8"))


DECLARED = tomllib.loads((directory() / "inputs.toml").read_text(encoding="utf-8"))
FILES = [("sets", name) for name in SETS] + [("scenarios", name) for name in SCENARIOS]


@pytest.mark.parametrize("name", SETS)
def test_a_set_gives_every_input_and_no_other(name):
    assert set(read_priors(name)) == set(DECLARED)
    assert set(cluster_model().inputs()) <= set(DECLARED)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_lies_over_every_set(name, scenario):
    later = {key for key in read_scenario_file(scenario, read_priors(name)) if change_of(key) is not None}
    changed = {key for key, entry in _file("scenarios", scenario)["inputs"].items() if "from" in entry}
    assert {change_of(key)[0] for key in later} == changed
    assert set(read_scenario_file(scenario, read_priors(name))) - later == set(DECLARED)


@pytest.mark.parametrize(("folder", "file"), FILES)
def test_an_entry_is_sourced_and_marked_as_judgement_where_it_is_one(folder, file):
    for name, entry in _file(folder, file)["inputs"].items():
        assert entry["source"].strip(), name
        assert entry["as_of"][:4].isdigit(), name
        assert entry.get("judgement", False) == entry["source"].startswith("Judgement: "), name


def test_an_input_has_a_unit_and_a_meaning_without_a_full_stop():
    for name, about in DECLARED.items():
        assert about["unit"], name
        assert about["meaning"].strip(), name
        assert not about["meaning"].endswith("."), name


@pytest.mark.parametrize("name", SETS)
def test_no_distribution_leaves_the_bounds_of_its_input(name):
    for key, prior in read_priors(name).items():
        low, high = DECLARED[key]["bounds"]
        least, greatest = np.where(np.isfinite(prior.support), prior.support, prior.quantile([2**-54, 1 - 2**-53]))
        assert low <= least <= greatest <= high, key


def test_growth_outside_its_bounds_is_refused_in_whatever_words():
    """A factor of 5 a year is .7 OOM/year, not 5; the product of a country does not grow by 2, in per cent, a year."""
    for change in ({"cluster_growth_rate": 5}, {"us_gdp_growth": 2}, {"cluster_growth_shock_1": "1,000"}):
        with pytest.raises(InputError, match="is outside .*, the bounds of"):
            read_priors("evidence_2026").replace(**change)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_quantiles_are_the_published_ones(name):
    # A lognormal through the outer two points has its median at their geometric mean, within 3 % of the published one.
    low, median, high = read_priors("evidence_2026")[name].quantile(LEVELS)
    np.testing.assert_allclose([low, high], [PUBLISHED[name][0], PUBLISHED[name][2]], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(median, PUBLISHED[name][1], rtol=0.03)


@pytest.mark.parametrize(
    ("name", "factors", "expected"),
    [
        # Epoch AI (May 2026): 37.9 USD per watt of IT power at 827 to 880 W per H100e is 31k to 33k USD.
        ("evidence_2026", {"accelerator_price": 1, "accelerator_cost_share": -1}, (27.7e3, 31.0e3, 34.5e3)),
        # Epoch AI (2026): 5.8M H100e in the second quarter of 2026 by three makers, a tenth more by others.
        (
            "evidence_2026",
            {"initial_ai_investment": 1, "accelerator_price": -1, "accelerator_cost_share": 1, "fleet_price_ratio": -1},
            (23.5e6, 27.6e6, 32.6e6),
        ),
        # Epoch AI (2026): 992 to 1,160 W of facility power per H100e at the GB200 sites of 2026.
        ("evidence_2026", {"chip_power": 1, "server_overhead": 1, "power_usage_effectiveness": 1}, (890, 1030, 1200)),
        # The essay's second table: 5 to 10M H100e in 2024.
        (
            "situational_awareness",
            {"initial_ai_investment": 1, "accelerator_price": -1, "accelerator_cost_share": 1, "fleet_price_ratio": -1},
            (4.7e6, 7.5e6, 11.7e6),
        ),
    ],
)
def test_what_follows_from_several_inputs_is_what_was_counted(name, factors, expected):
    draws = draw(read_priors(name), 2**14, seed=1)
    product = math.prod(draws[key].values ** float(power) for key, power in factors.items())
    np.testing.assert_allclose(np.quantile(product, LEVELS), expected, rtol=0.02)


def test_the_essay_has_no_limits_and_the_evidence_has_all():
    switches = [name for name in DECLARED if name.startswith("limit_") or name == "existing_sites_stay"]
    assert len(switches) == 8
    for name, value in (("situational_awareness", 0), ("evidence_2026", 1)):
        assert {float(read_priors(name)[switch].quantile(0.5)) for switch in switches} == {value}


@pytest.mark.parametrize("limit", [name for name in DECLARED if name.startswith("limit_")])
def test_each_limit_has_an_overlay_that_takes_it_away_alone(limit):
    assert list(_file("scenarios", f"{limit}_off")["inputs"]) == [limit]


def test_a_name_that_is_gone_has_heirs_that_exist():
    gone = tomllib.loads((directory() / "renamed.toml").read_text(encoding="utf-8"))
    model = cluster_model()
    for name, heirs in gone.items():
        assert name not in DECLARED and name not in model.functions, name
        for heir in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", heirs):
            assert heir in DECLARED or heir in model, (name, heir)
