"""The prior set of an earlier date: levels and past growth from what was known then, the rest as judged before."""

from dataclasses import dataclass
from dataclasses import replace as dataclass_replace

import numpy as np

from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError
from clustercast.priors.families import Family, Fixed, LogNormal, Normal
from clustercast.priors.prior_set import Priors

# Decades beside the error of the row itself: one site, company or year is not the path.
LEVEL_ERROR = 0.1
# Years of the past that growth is measured over, and the least number of rows.
PAST, LEAST = 4.0, 3


@dataclass(frozen=True)
class _Anchor:
    """A quantity whose last row sets a level, and whose rows of the last years set its past growth."""

    quantity: str
    level: str
    year: str
    # Input of past growth: decades a year, or a doubling time.
    growth: str = ""
    # Input by whose median a row is multiplied to be the level.
    factor: str = ""


_CLUSTER = ("training_cluster_size", "initial_cluster_chips", "cluster_start_year", "earlier_cluster_growth_rate")
_REVENUE = ("leading_lab_revenue", "leading_lab_base_revenue", "leading_lab_base_year", "earlier_revenue_doubling_time")
ANCHORS = (
    _Anchor(*_CLUSTER, factor="chip_performance_ratio"),
    _Anchor(*_REVENUE),
    _Anchor("us_electricity", "us_electricity_2024", "us_electricity_base_year"),
)


def origin_priors(base: Priors, observations: Observations, as_of: float | str) -> Priors:
    """Return a prior set as it would have been built at a date: one recipe for every date."""
    # The last row known of a quantity sets its level and base year, with the row's error and a tenth of a decade; the
    # rows of the four years before it set the past growth by least squares. What is to come is as `base` judges it.
    known = observations.known_by(as_of).counted()
    changed: dict[str, Family] = {}
    for anchor in ANCHORS:
        rows = sorted((r for r in known if r.quantity == anchor.quantity), key=lambda r: (r.date, r.id))
        if not rows:
            continue
        last, source = rows[-1], f"Rows of {observations.name} known by {as_of}"
        sigma = float(np.log(10) * np.hypot(last.sd_log10, LEVEL_ERROR if anchor.growth else 0.0))
        value, unit = 10**last.log10 / factor(base[anchor.level].unit), base[anchor.level].unit
        if anchor.factor:
            value *= base[anchor.factor].median * factor(base[anchor.factor].unit)
        changed[anchor.level] = LogNormal(float(np.log(value)), sigma, unit=unit)
        changed[anchor.year] = Fixed(last.date, unit="year")
        past = [row for row in rows if row.date >= last.date - PAST]
        if anchor.growth and len(past) >= LEAST:
            changed[anchor.growth] = _growth(past, anchor, base[anchor.growth].unit)
        for name in {anchor.level, anchor.year, anchor.growth} & set(changed):
            changed[name] = dataclass_replace(changed[name], source=source, as_of=str(as_of))
    if not changed:
        raise InputError(f"{observations.name} holds no row known by {as_of} of a quantity that sets a level")
    return base.replace(**changed)


def _growth(rows: list[Observation], anchor: _Anchor, unit: str) -> Family:
    """Return the past growth of a series by least squares, with its error."""
    x, y = (np.array([getattr(row, name) for row in rows]) for name in ("date", "log10"))
    x = x - x.mean()
    slope = float((x * y).sum() / (x**2).sum())
    residual = y - y.mean() - slope * x
    least = np.mean([row.sd_log10 for row in rows]) ** 2
    error = float(np.sqrt(max((residual**2).sum() / (len(x) - 2), least) / (x**2).sum()))
    if not same_dimension(unit, "year"):
        return Normal(slope, error, unit=unit)
    if slope <= 0:
        raise InputError(f"{anchor.quantity} did not grow over {len(rows)} rows; it has no doubling time")
    return LogNormal(float(np.log(np.log10(2) / slope)), error / slope, unit=unit)
