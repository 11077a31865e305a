"""One possible world in plain NumPy, written from the equations alone: what the library must equal draw by draw.

It shares no code with the library, steps its own nodes and takes coherent units (W, year, USD, H100e). It holds the
forecast under limits from `forecast_start` on: no regulation, no dates between nodes.
"""

from types import SimpleNamespace

import numpy as np

FLOW_LIMITS = ("power", "logic", "packaging", "memory")


def slowing(rate, slowdown, earlier, time):
    ahead = max(time, 0.0)
    decay = np.where(slowdown == 0, 1.0, slowdown)
    after = np.where(slowdown == 0, rate * ahead, -rate * np.expm1(-decay * ahead) / decay)
    return earlier * min(time, 0.0) + after


def brownian(volatility, shocks, time, horizon):
    time = min(max(time, 0.0), horizon)
    waves = [(k - 0.5) * np.pi for k in (1, 2)]
    return volatility * np.sqrt(2 * horizon) * sum(z * np.sin(w * time / horizon) / w for z, w in zip(shocks, waves))


class World:
    """The paths that nothing feeds back to, at a date; `x` holds the inputs by name."""

    def __init__(self, x):
        self.x = SimpleNamespace(**x)
        x = self.x
        self.investment_growth = np.log(x.earlier_investment_growth_factor)
        self.chip_growth = self.investment_growth + np.log1p(x.earlier_flop_per_dollar_growth)
        self.power_growth = self.chip_growth - np.log1p(x.earlier_flop_per_watt_growth)

    def gain(self, growth, earlier, time):
        return np.exp(slowing(np.log1p(growth), self.x.technology_slowdown, np.log1p(earlier), time))

    def chip_gain(self, year):
        return self.gain(self.x.chip_progress, self.x.earlier_chip_progress, year - self.x.forecast_start)

    def leading_price(self, year):
        x, quoted = self.x, self.x.accelerator_price / self.x.accelerator_cost_share
        time = year - x.cost_base_year
        gain = self.gain(x.flop_per_dollar_growth, x.earlier_flop_per_dollar_growth, time)
        return x.cost_floor + (quoted - x.cost_floor) / gain if time > 0 else quoted / gain

    def price(self, year):
        drift = (1 + self.x.fleet_price_drift) ** max(0.0, year - self.x.investment_base_year)
        return self.leading_price(year) * self.x.fleet_price_ratio * drift

    def watts(self, year):
        x, quoted = self.x, self.x.chip_power * self.x.server_overhead * self.x.power_usage_effectiveness
        # A site's chips are older by a lag that differs between draws, so each draw has its own side of the base date.
        time = np.asarray(year - x.power_base_year, dtype=float)
        ahead, behind = np.maximum(time, 0), np.minimum(time, 0)
        decay = np.where(x.technology_slowdown == 0, 1.0, x.technology_slowdown)
        grown = np.where(x.technology_slowdown == 0, ahead, -np.expm1(-decay * ahead) / decay)
        rates = np.log1p(x.flop_per_watt_growth), np.log1p(x.earlier_flop_per_watt_growth)
        gain = np.exp(rates[0] * grown + rates[1] * behind)
        return np.where(time > 0, x.power_floor + (quoted - x.power_floor) / gain, quoted / gain)

    def paid(self, year):
        x, time = self.x, year - self.x.investment_base_year
        shocks = (x.investment_growth_shock_1, x.investment_growth_shock_2)
        growth = np.log(x.investment_growth_factor)
        path = slowing(growth, x.investment_growth_slowdown, self.investment_growth, time)
        return (
            x.initial_ai_investment
            * np.exp(path)
            * 10 ** brownian(x.investment_growth_volatility, shocks, time, x.growth_horizon)
        )

    def world_product(self, year):
        x = self.x
        return x.gross_world_product_2025 * (1 + x.gross_world_product_growth) ** (
            year - x.gross_world_product_base_year
        )

    def revenue(self, year):
        x, time = self.x, year - self.x.leading_lab_base_year
        longer, doubling = x.revenue_doubling_time_lengthening, x.revenue_doubling_time
        if time < 0:
            doublings = time / x.earlier_revenue_doubling_time
        else:
            safe = np.where(longer == 0, 1.0, longer)
            doublings = np.where(longer == 0, time / doubling, np.log1p(safe * time / doubling) / safe)
        unlimited = x.leading_lab_base_revenue * 2**doublings
        ceiling = x.revenue_ceiling_share * self.world_product(year) * x.leading_lab_share
        return unlimited / (1 + unlimited / ceiling) / x.leading_lab_share

    def other_us_electricity(self, year):
        x = self.x
        return x.us_electricity_2024 * (1 + x.us_electricity_growth) ** (year - x.us_electricity_base_year)

    def cluster_trend(self, year):
        x, time = self.x, year - self.x.cluster_start_year
        shocks = (x.cluster_growth_shock_1, x.cluster_growth_shock_2)
        path = slowing(x.cluster_growth_rate, x.cluster_growth_slowdown, x.earlier_cluster_growth_rate, time)
        wander = brownian(x.cluster_growth_volatility, shocks, time, x.growth_horizon)
        return x.initial_cluster_chips / x.chip_performance_ratio * 10 ** (path + wander)

    def steady_fleet_power(self, year):
        return self.paid(year) / self.price(year) * self.watts(year) / (self.power_growth + self.x.retirement_hazard)


def grown_capacity(capacity, rate, need, later_need, step):
    rise = np.where(later_need == need, 1.0, np.log(later_need) - np.log(need))
    crossing = np.clip((np.log(later_need) - np.log(capacity)) / rise, 0, 1)
    above = np.where(need >= capacity, 1.0, crossing)
    return np.maximum(capacity, np.minimum(capacity * (1 + rate) ** (above * step), later_need))


def next_stock(stock, flow, later_flow, loss, step):
    kept = flow * np.exp(-loss * step)
    return stock * np.exp(-loss * step) + step * (4 * np.sqrt(kept * later_flow) + kept + later_flow) / 6


def forecast(x, end, step=0.5):
    """Return the nodes and a dictionary of arrays (node, sample)."""
    world = World(x)
    x, start, loss = world.x, world.x.forecast_start, world.x.retirement_hazard
    quoted = {
        "logic": x.leading_edge_capacity * x.ai_wafer_share_limit * x.accelerators_per_wafer,
        "packaging": x.packaging_wafers * x.packaged_accelerators_per_wafer,
        "memory": x.memory_supply,
    }
    rates = {"logic": x.leading_edge_growth, "packaging": x.packaging_growth, "memory": x.memory_growth}
    shipped_then = world.paid(x.investment_base_year) / world.price(x.investment_base_year)
    kept = world.power_growth / (world.power_growth + loss) * x.us_siting_share
    used_then = shipped_then * world.watts(x.investment_base_year) * kept
    paid, shipped = world.paid(start), world.paid(start) / world.price(start)
    capacity = {k: shipped * np.maximum(1, level / shipped_then) for k, level in quoted.items()}
    pace = (
        shipped
        * world.watts(start)
        * kept
        * np.maximum(1, (x.grid_power_additions + x.generator_additions) / used_then)
    )
    outside_then = paid - x.reinvestment_share * world.revenue(start)
    out, last = [], None
    nodes = np.arange(start, end + step / 4, step)
    for year in nodes:
        now = SimpleNamespace()
        onset = min(1.0, (year - start) / x.onset_time)
        now.trend = world.paid(year) * (1 + x.unmet_demand * onset)
        believed = 1.0
        if last is not None:
            believed = np.minimum(1, last.revenue_cost_ratio / np.minimum(1, (year - start) / x.funding_patience))
        outside = np.maximum(x.outside_funding_share * world.world_product(year), outside_then) * believed
        ceiling = np.maximum(x.investment_share_ceiling * world.world_product(year), paid)
        now.ai_funding = np.minimum(ceiling, outside + x.reinvestment_share * world.revenue(year))
        wanted = np.minimum(now.trend, now.ai_funding) if x.limit_money else now.trend
        now.wanted = wanted / world.price(year)
        gain, cut, watts = world.chip_gain(year), 1 - x.supply_cut * onset, world.watts(year)
        units = {"logic": gain * cut, "packaging": gain * cut, "memory": gain}
        now.need = {k: now.wanted / u for k, u in units.items()} | {"power": now.wanted * watts * x.us_siting_share}
        if last is not None:
            for k in capacity:
                capacity[k] = grown_capacity(capacity[k], rates[k], last.need[k], now.need[k], step)
            pace = grown_capacity(pace, x.power_additions_growth, last.need["power"], now.need["power"], step)
        gas_start = x.power_order_year + np.maximum(x.gas_plant_build_time, x.turbine_lead_time)
        nuclear_start = x.power_order_year + x.nuclear_build_time
        now.additions = pace + x.gas_power_additions * np.clip(year - gas_start, 0, 1)
        now.additions = now.additions + x.nuclear_power_additions * np.clip(year - nuclear_start, 0, 1)
        if last is None:
            additions_then = now.additions
            now.fleet_power = fleet = shipped * watts / (world.power_growth + loss)
        else:
            possible = x.possible_power_additions_share * world.other_us_electricity(year)
            now.additions = np.minimum(now.additions, np.maximum(additions_then, possible))
            fleet = last.fleet_power + step * (now.additions + last.additions) / 2 / x.us_siting_share
        limits = {k: c * units[k] for k, c in capacity.items()}
        limits["power"] = (now.additions / x.us_siting_share + loss * fleet) / watts
        acting = [limits[k] for k in FLOW_LIMITS if getattr(x, f"limit_{k}")]
        now.accelerator_shipments = np.minimum.reduce([now.wanted, *acting])
        scarce = (now.wanted / now.accelerator_shipments) ** x.scarcity_pass_through
        now.scarcity_premium = np.minimum(scarce, 1 + x.scarcity_price_limit)
        now.ai_investment = now.accelerator_shipments * world.price(year) * now.scarcity_premium
        flows = {
            "installed_base": (now.accelerator_shipments, loss, world.chip_growth),
            "fleet_power": (now.accelerator_shipments * watts, loss, world.power_growth),
            "fleet_value": (now.ai_investment, loss, world.investment_growth),
            "cumulative_shipments": (now.accelerator_shipments, 0.0, world.chip_growth),
            "cumulative_investment": (now.ai_investment, 0.0, world.investment_growth),
        }
        now.flows = {k: flow for k, (flow, _, _) in flows.items()}
        for k, (flow, lost, growth) in flows.items():
            if last is None:
                value = flow / (growth + lost)
            else:
                value = next_stock(getattr(last, k), last.flows[k], flow, lost, step)
            setattr(now, k, value)
        _add_money(now, last, world, year, step)
        _add_cluster(now, last, world, year)
        out.append(now)
        last = now
    names = [k for k, v in vars(out[0]).items() if not isinstance(v, dict)]
    return nodes, {k: np.array([np.broadcast_to(getattr(now, k), np.shape(paid)) for now in out]) for k in names}


def _add_money(now, last, world, year, step):
    x = world.x
    if last is None:
        now.running_power = world.steady_fleet_power(year - x.delivery_lag)
    else:
        part = x.delivery_lag / step
        now.running_power = now.fleet_power ** (1 - part) * last.fleet_power**part
    capital = now.fleet_value * (x.cost_of_capital + x.retirement_hazard + x.operating_cost_share)
    ownership = capital + now.running_power * x.load_factor * x.electricity_price
    now.revenue_cost_ratio = world.revenue(year) / ownership
    in_the_us = now.running_power * x.load_factor * x.us_siting_share
    held = world.steady_fleet_power(x.us_electricity_base_year - x.delivery_lag) * x.load_factor * x.us_siting_share
    added = np.maximum(0, in_the_us - held) if x.fleet_in_us_electricity else 0.0
    now.us_electricity = world.other_us_electricity(year) + added
    now.us_ai_electricity_share = in_the_us / now.us_electricity


def _add_cluster(now, last, world, year):
    x, trend, watts = world.x, world.cluster_trend(year), world.watts(year - world.x.site_lag)
    sites = x.site_power_limit * (1 + x.site_power_growth) ** max(0.0, year - x.forecast_start) * x.number_of_sites
    size = trend
    if x.limit_fleet:
        size = np.minimum(size, x.cluster_fleet_share_limit * now.installed_base)
    if x.limit_site:
        size = np.minimum(size, sites / watts)
    now.training_cluster_size, now.training_cluster_power = size, size * watts
    if x.existing_sites_stay:
        stood = (trend, trend * watts) if last is None else (last.training_cluster_size, last.training_cluster_power)
        kept = x.standing_fleet_share * now.installed_base, x.standing_fleet_share * now.fleet_power
        now.training_cluster_size = np.maximum(size, np.minimum(stood[0], kept[0]))
        now.training_cluster_power = np.maximum(size * watts, np.minimum(stood[1], kept[1]))
    now.training_cluster_cost = now.training_cluster_size * world.leading_price(year) * now.scarcity_premium
