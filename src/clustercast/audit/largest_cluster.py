"""A1 to A19: the largest training cluster."""

import numpy as np

from clustercast.audit.statements import Essay, FloatArray, Formulas, Numbers

_NO_GAIN = np.zeros(1)


def needed_growth(essay: Essay, base: str) -> FloatArray:
    """Return the growth of operations per dollar that makes the last cluster cost a trillion."""
    last = essay.fact("trillion_year")
    gain = essay.cost(last, base, _NO_GAIN) / essay.fact("trillion")
    return gain ** (1 / (last - essay.fact(base))) - 1


def _growth_to_the_last_column(essay: Essay) -> Numbers:
    starts = {"growth": essay["cluster_start_year"], "from_august": essay.fact("gpt4_finished")}
    return {k: essay["cluster_growth_rate"] * (essay.fact("trillion_year") - start) for k, start in starts.items()}


def _cost_shares(essay: Essay) -> Numbers:
    capital = 1 - essay.fact("gpu_ownership_share") / essay.fact("gpu_cost_share")
    network = essay.fact("network_ownership_share") / (1 - capital)
    both = essay.fact("gpu_cost_share") + network
    return {"accelerators_and_network": both, "cost_of_capital": capital, "network": network}


def _gain_of_a_generation(essay: Essay) -> Numbers:
    growth = essay.fact("generation_gain") ** (1 / essay.fact("generation_time")) - 1
    return {"decade_gain": (1 + growth) ** essay.fact("decade"), "growth": growth}


def _trillion_dollars(essay: Essay) -> Numbers:
    last, growth = essay.fact("trillion_year"), essay.fact("flop_per_dollar_growth")
    return {
        "from_table_year": essay.cost(last, "table_year", growth),
        "from_price_year": essay.cost(last, "price_year", growth),
        "undiscounted": essay.cost(last, "table_year", _NO_GAIN),
        "growth_from_table_year": needed_growth(essay, "table_year"),
        "growth_from_price_year": needed_growth(essay, "price_year"),
    }


def _cost_column(essay: Essay) -> Numbers:
    growth, needed = essay.fact("flop_per_dollar_growth"), needed_growth(essay, "table_year")
    numbers = {}
    for year in essay.columns("training_cluster_cost")[1:-1]:
        numbers[f"cost_{year:g}"] = essay.cost(year, "price_year", growth)
        numbers[f"table_year_{year:g}"] = essay.cost(year, "table_year", growth)
        numbers[f"needed_{year:g}"] = essay.cost(year, "table_year", needed)
    return numbers


def _bought_by_a_trillion(essay: Essay) -> Numbers:
    last, growth = essay.fact("trillion_year"), essay.fact("flop_per_dollar_growth")
    full, bases = _growth_to_the_last_column(essay)["growth"], ("price_year", "table_year")
    bought = [full + np.log10(essay.fact("trillion") / essay.cost(last, base, growth)) for base in bases]
    # The OOMs of the error bar, whose cost undiscounted the gain has to bring down to a trillion.
    more = essay.fact("error_bar") - full
    undiscounted = essay.cost(last, "table_year", _NO_GAIN) * 10**more / essay.fact("trillion")
    needed = {f"growth_from_{base}": undiscounted ** (1 / (last - essay.fact(base))) - 1 for base in bases}
    return {"bought": np.concatenate(bought), **needed}


def _cost_per_watt(essay: Essay) -> Numbers:
    stated = essay.fact("flop_per_dollar_growth")
    growth = np.concatenate([stated, needed_growth(essay, "table_year")])
    base, each = essay.facts(["price_year", "table_year"]), essay.power_per_accelerator()
    years = essay.columns("training_cluster_cost")
    numbers = {f"cost_per_watt_{year:g}": essay.price(year, base, growth) / each for year in years}
    cost = essay.cost(years[-2], "price_year", stated)
    return {"cost_2028": cost, "observed": essay.fact("cost_per_watt_observed"), **numbers}


LARGEST_CLUSTER: Formulas = {
    "A1.growth": lambda essay: essay.size(essay.fact("table_year") + 1) / essay.size(essay.fact("table_year")),
    "A2": _growth_to_the_last_column,
    "A3.size": lambda essay: essay["initial_cluster_chips"] / essay.ends("chip_performance_ratio"),
    "A3.measured": lambda essay: essay.fact("gpt4_size_measured"),
    "A4.cost": lambda essay: essay["initial_cluster_chips"] * essay["rental_price"] * essay.ends("rental_time"),
    "A5.cost": lambda essay: essay.cost(essay.fact("table_year"), "table_year", _NO_GAIN),
    "A5.per_accelerator": lambda essay: essay.price(essay.fact("table_year"), essay.fact("table_year"), _NO_GAIN),
    "A6": _cost_shares,
    "A7": _gain_of_a_generation,
    "A8.decade_gain": lambda essay: (1 + essay.fact("flop_per_dollar_growth")) ** essay.fact("decade"),
    "A8.growth_of_ten": lambda essay: essay.fact("decade_gain") ** (1 / essay.fact("decade")) - 1,
    "A9": _trillion_dollars,
    "A10": _cost_column,
    "A11": _bought_by_a_trillion,
    "A12.with_trend": lambda essay: (
        essay.size(essay.fact("trillion_year"))
        * essay.fact("h100_power_quoted")
        / (1 + essay.fact("flop_per_watt_growth")) ** (essay.fact("trillion_year") - essay["power_base_year"])
    ),
    "A12.without_gain": lambda essay: essay.power(essay.fact("trillion_year")),
    "A13.power": lambda essay: essay.power(essay.fact("table_year")),
    "A13.elsewhere": lambda essay: essay.fact("gpt4_power_elsewhere"),
    "A14.homes": lambda essay: essay.power(essay.fact("table_year")) / essay.fact("home_electricity"),
    "A14.at_a_kilowatt": lambda essay: essay.power(essay.fact("table_year")) / essay.fact("home_power_stated"),
    "A15": lambda essay: {
        f"energy_{year:g}": essay.energy(year) for year in essay.columns("training_cluster_power")[-2:]
    },
    "A16.share": lambda essay: (
        essay.energy(essay.fact("trillion_year")) / essay.electricity(essay.fact("trillion_year"))
    ),
    "A16.share_of_2025": lambda essay: essay.energy(essay.fact("trillion_year")) / essay.fact("us_generation", "2025"),
    "A17.oregon": lambda essay: essay.fact("oregon_electricity"),
    "A17.washington": lambda essay: essay.fact("washington_electricity"),
    "A18.size": lambda essay: essay.fact("kuwait_power") / essay.fact("h100_power_quoted"),
    "A18.power_per_accelerator": lambda essay: essay.fact("kuwait_power") / essay.fact("kuwait_size"),
    "A19": _cost_per_watt,
}
