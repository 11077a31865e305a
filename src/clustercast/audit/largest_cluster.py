"""A1 to A19: the largest training cluster."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from clustercast.audit.recomputation import Recomputation

FloatArray = NDArray[np.float64]
Numbers = dict[str, FloatArray]


def _last(r: Recomputation) -> float:
    """Return the year of the trillion-dollar cluster."""
    return float(r.fact("trillion_year")[0])


def _first(r: Recomputation) -> float:
    """Return the first year of the table."""
    return float(r.fact("table_year")[0])


def _cost(r: Recomputation, year: float, base: str, growth: FloatArray) -> FloatArray:
    """Return the cluster's cost with prices of a base year."""
    return r("training_cluster_cost", year, cost_base_year=r.fact(base), flop_per_dollar_growth=growth)


def needed_growth(r: Recomputation, base: str) -> FloatArray:
    """Return the growth of operations per dollar that makes the last cluster cost a trillion.

    Parameters
    ----------
    r : Recomputation
    base : str
        Fact with the year of the prices.

    Returns
    -------
    array (1,), 1/year
    """
    gain = _cost(r, _last(r), base, np.zeros(1)) / r.fact("trillion")
    return gain ** (1 / (_last(r) - r.fact(base))) - 1


def _growth_in_a_year(r: Recomputation) -> Numbers:
    before, after = (r("training_cluster_size", _first(r) + year) for year in (0, 1))
    return {"growth": after / before}


def _growth_to_the_last_column(r: Recomputation) -> Numbers:
    august = r("integrated_cluster_growth", _last(r), cluster_start_year=r.fact("gpt4_finished"))
    return {"growth": r("integrated_cluster_growth", _last(r)), "from_august": august}


def _size_in_h100(r: Recomputation) -> Numbers:
    size = r("initial_cluster_size", chip_performance_ratio=r.ends("chip_performance_ratio"))
    return {"size": size, "measured": r.fact("gpt4_size_measured")}


def _cost_by_rental(r: Recomputation) -> Numbers:
    return {"cost": r("cluster_rental_cost", rental_time=r.ends("rental_time"))}


def _cost_by_purchase(r: Recomputation) -> Numbers:
    per_accelerator = r("cluster_cost_per_accelerator", _first(r))
    return {"cost": r("training_cluster_cost", _first(r)), "per_accelerator": per_accelerator}


def _cost_shares(r: Recomputation) -> Numbers:
    capital = 1 - r.fact("gpu_ownership_share") / r.fact("gpu_cost_share")
    network = r.fact("network_ownership_share") / (1 - capital)
    cost = r("training_cluster_cost", _first(r), accelerator_cost_share=r.fact("gpu_cost_share"))
    accelerators = r(
        "cluster_accelerator_cost",
        training_cluster_cost=cost,
        accelerator_cost_share=r.fact("gpu_cost_share"),
    )
    switches = r("cluster_network_cost", training_cluster_cost=cost, network_cost_share=network)
    return {
        "accelerators_and_network": (accelerators + switches) / cost,
        "cost_of_capital": capital,
        "network": network,
    }


def _decade_gain(r: Recomputation, growth: FloatArray) -> FloatArray:
    """Return the gain in operations per dollar in ten years."""
    base = r.median("cost_base_year")
    return r("flop_per_dollar_gain", base + r.fact("decade"), flop_per_dollar_growth=growth)


def _gain_of_a_generation(r: Recomputation) -> Numbers:
    growth = r.fact("generation_gain") ** (1 / r.fact("generation_time")) - 1
    return {"decade_gain": _decade_gain(r, growth), "growth": growth}


def _gain_of_a_decade(r: Recomputation) -> Numbers:
    of_ten = r.fact("decade_gain") ** (1 / r.fact("decade")) - 1
    return {"decade_gain": _decade_gain(r, r.fact("flop_per_dollar_growth")), "growth_of_ten": of_ten}


def _trillion_dollars(r: Recomputation) -> Numbers:
    growth = r.fact("flop_per_dollar_growth")
    return {
        "from_table_year": _cost(r, _last(r), "table_year", growth),
        "from_price_year": _cost(r, _last(r), "price_year", growth),
        "undiscounted": _cost(r, _last(r), "table_year", np.zeros(1)),
        "growth_from_table_year": needed_growth(r, "table_year"),
        "growth_from_price_year": needed_growth(r, "price_year"),
    }


def _cost_column(r: Recomputation) -> Numbers:
    growth, needed = r.fact("flop_per_dollar_growth"), needed_growth(r, "table_year")
    found = {}
    for year in r.columns("training_cluster_cost")[1:-1]:
        found[f"cost_{year:g}"] = _cost(r, year, "price_year", growth)
        found[f"table_year_{year:g}"] = _cost(r, year, "table_year", growth)
        found[f"needed_{year:g}"] = _cost(r, year, "table_year", needed)
    return found


def _bought_by_a_trillion(r: Recomputation) -> Numbers:
    growth, full = r.fact("flop_per_dollar_growth"), r("integrated_cluster_growth", _last(r))
    bases = ("price_year", "table_year")
    bought = [full + np.log10(r.fact("trillion") / _cost(r, _last(r), base, growth)) for base in bases]
    # The OOMs of the error bar, whose cost undiscounted the gain has to bring down to a trillion.
    more = r.fact("error_bar") - full
    undiscounted = _cost(r, _last(r), "table_year", np.zeros(1)) * 10**more / r.fact("trillion")
    needed = {base: undiscounted ** (1 / (_last(r) - r.fact(base))) - 1 for base in bases}
    return {
        "bought": np.concatenate(bought),
        "growth_from_table_year": needed["table_year"],
        "growth_from_price_year": needed["price_year"],
    }


def _power_with_efficiency(r: Recomputation) -> Numbers:
    trend = r(
        "training_cluster_power",
        _last(r),
        chip_power=r.fact("h100_power_quoted"),
        server_overhead=1.0,
        power_usage_effectiveness=1.0,
        flop_per_watt_growth=r.fact("flop_per_watt_growth"),
    )
    return {"with_trend": trend, "without_gain": r("training_cluster_power", _last(r), flop_per_watt_growth=0.0)}


def _power_of_the_first(r: Recomputation) -> Numbers:
    return {"power": r("training_cluster_power", _first(r)), "elsewhere": r.fact("gpt4_power_elsewhere")}


def _homes(r: Recomputation) -> Numbers:
    power = r("training_cluster_power", _first(r))
    return {"homes": power / r.fact("home_electricity"), "at_a_kilowatt": power / r.fact("home_power_stated")}


def _energy(r: Recomputation) -> Numbers:
    years = r.columns("training_cluster_power")[-2:]
    return {f"energy_{year:g}": r("training_cluster_energy", year) for year in years}


def _electricity_share(r: Recomputation) -> Numbers:
    output = "training_cluster_electricity_share"
    later = r(output, _last(r), us_electricity=r.fact("us_generation", "2025"))
    return {"share": r(output, _last(r)), "share_of_2025": later}


def _states(r: Recomputation) -> Numbers:
    return {"oregon": r.fact("oregon_electricity"), "washington": r.fact("washington_electricity")}


def _kuwait(r: Recomputation) -> Numbers:
    power, quoted = r.fact("kuwait_power"), r.fact("h100_power_quoted")
    size = r("power_limited_cluster_size", available_power=power, facility_power_per_accelerator=quoted)
    return {"size": size, "power_per_accelerator": power / r.fact("kuwait_size")}


def _cost_per_watt(r: Recomputation) -> Numbers:
    growth = np.concatenate([r.fact("flop_per_dollar_growth"), needed_growth(r, "table_year")])
    base = np.concatenate([r.fact("price_year"), r.fact("table_year")])
    years = r.columns("training_cluster_cost")
    path = {
        f"cost_per_watt_{year:g}": r("cluster_cost_per_watt", year, flop_per_dollar_growth=growth, cost_base_year=base)
        for year in years
    }
    cost = _cost(r, years[-2], "price_year", r.fact("flop_per_dollar_growth"))
    return {"cost_2028": cost, "observed": r.fact("cost_per_watt_observed"), **path}


LARGEST_CLUSTER: Mapping[str, Callable[[Recomputation], Numbers]] = {
    "A1": _growth_in_a_year,
    "A2": _growth_to_the_last_column,
    "A3": _size_in_h100,
    "A4": _cost_by_rental,
    "A5": _cost_by_purchase,
    "A6": _cost_shares,
    "A7": _gain_of_a_generation,
    "A8": _gain_of_a_decade,
    "A9": _trillion_dollars,
    "A10": _cost_column,
    "A11": _bought_by_a_trillion,
    "A12": _power_with_efficiency,
    "A13": _power_of_the_first,
    "A14": _homes,
    "A15": _energy,
    "A16": _electricity_share,
    "A17": _states,
    "A18": _kuwait,
    "A19": _cost_per_watt,
}
