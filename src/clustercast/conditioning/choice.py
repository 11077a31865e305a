"""What could be known at a date: the priors of that time, forecasts of later rows, the form of the discrepancy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import stream
from clustercast.arrays.posterior import ErrorModel, ObservedRows, absorbed, parts, row_density
from clustercast.conditioning.condition import Problem, condition
from clustercast.conditioning.observation_rows import Observations
from clustercast.conditioning.sampler import LARGEST_K_HAT, pareto_smoothed
from clustercast.engine.model import Model
from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError
from clustercast.priors.families import Family, Fixed, LogNormal, Normal
from clustercast.priors.prior_set import Priors

# Settings of `Observations`: the share of a discrepancy's variance that lasts, and whether the gap of ceilings narrows.
FORMS: dict[str, dict[str, Any]] = {
    f"{words}{end}": {"lasting": share, "narrowing": bool(end)}
    for share, words in ((0.0, "independent by row"), (0.5, "half lasts"), (1.0, "all lasts"))
    for end in ("", ", ceilings narrow")
}
SIMPLEST, FULL = "independent by row", "half lasts, ceilings narrow"
# Forecasts: so many years back, at each half year, scored within so many years; the fewest rows that choose a form.
BACK, STEP, HORIZON, LEAST = 4.0, 0.5, 2.0, 10
# Decades beside the error of the row itself: one site, company or year is not the path.
LEVEL_ERROR = 0.1
# Years of the past that growth is measured over, and the least number of rows.
PAST, FEWEST_ROWS = 4.0, 3
# Of each quantity whose last row sets a level, the inputs: level, its year, past growth (decades a year, or a doubling
# time), and one by whose median a row is multiplied to be the level.
_CLUSTER = ("initial_cluster_chips", "cluster_start_year", "earlier_cluster_growth_rate", "chip_performance_ratio")
ANCHORS = {
    "training_cluster_size": _CLUSTER,
    "leading_lab_revenue": ("leading_lab_base_revenue", "leading_lab_base_year", "earlier_revenue_doubling_time", ""),
    "us_electricity": ("us_electricity_2024", "us_electricity_base_year", "", ""),
}

# What was learned, by the fingerprints of priors, rows and model, and the settings.
Kept = dict[tuple[Any, ...], xr.DataTree]


@dataclass(frozen=True)
class Choice:
    """The form that was chosen, the rows that chose it, and the mean log score of each: less is better."""

    form: str
    rows: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Foreseen:
    """Rows to come in each of S draws: centre and variance given what was seen, and the log density of that."""

    rows: ObservedRows
    errors: ErrorModel
    # Where each row to come is among all, by name.
    places: Mapping[str, int]
    centre: FloatArray
    variance: FloatArray
    likelihood: FloatArray

    def draws(self, seed: int) -> FloatArray:
        """Return what might be observed, shape (rows, S); each row has its stream: a row more changes no other."""
        drawn = []
        for name, row in self.places.items():
            generator, bound = stream(seed, f"future {name}"), int(self.rows.bound[row])
            draw = self.centre[row] + np.sqrt(self.variance[row]) * generator.standard_normal(self.likelihood.size)
            if bound:
                draw -= bound * generator.exponential(size=draw.size) * self.errors.gap(bound, self.rows.date[row])
            drawn.append(draw)
        return np.array(drawn)

    def densities(self) -> FloatArray:
        """Return the log density of what was observed, of each row alone, shape (rows, S)."""
        at = self.places.values()
        return np.array([row_density(self.rows, self.errors, r, self.centre[r], self.variance[r])[0] for r in at])


@dataclass
class Forecaster:
    """Learns from rows and forecasts others; what was learned once is kept."""

    model: Model
    years: Iterable[float]
    size: int
    seed: int
    kept: Kept = field(default_factory=dict)

    def learned(self, priors: Priors, past: Observations) -> xr.DataTree:
        """Return the posterior given some rows."""
        settings: dict[str, Any] = {"years": self.years, "size": self.size, "seed": self.seed}
        key = priors.hash, past.hash, self.model.hash, *settings.values()
        if key not in self.kept:
            self.kept[key] = condition(priors, past, model=self.model, **settings)
        return self.kept[key]

    def ahead(
        self, priors: Priors, seen: Observations, future: Observations, draws: xr.Dataset
    ) -> Callable[..., Foreseen]:
        """Return what gives rows to come after those that were seen, under a form of the discrepancy, in each draw."""
        values = {str(name): drawn.values.reshape(-1) for name, drawn in draws.data_vars.items()}
        everything = replace(seen, rows=(*seen.rows, *future.rows))
        problem = Problem.of(priors, everything, self.model, None)
        size = len(next(iter(values.values())))
        # What bears on the new rows alone is as before.
        fresh = [stream(self.seed, f"fresh {name}").standard_normal(size) for name in problem.active]
        inputs = {name: values.get(name, own) for name, own in problem.inputs(np.stack(fresh, axis=1)).items()}
        places = {name: everything.ids.index(name) for name in future.ids}
        known = np.isin(everything.ids, seen.ids)
        free, predicted = problem.errors(inputs, size), problem.predicted(inputs, size)

        def given(lasting: float = seen.lasting, narrowing: bool = seen.narrowing) -> Foreseen:
            time, halving = free.time if lasting else None, free.halving if narrowing else None
            rows, errors = replace(problem.rows, lasting=lasting), replace(free, time=time, halving=halving)
            centre, likelihood = predicted.copy(), np.zeros(size)
            variance = rows.error[:, np.newaxis] ** 2 + errors.discrepancy[rows.quantity] ** 2
            for members in parts(rows, errors):
                before, later = members[known[members]], members[~known[members]]
                if before.size:
                    density, mean, variance[later] = absorbed(rows, predicted, errors, before, later)
                    centre[later] += mean
                    likelihood += density
            return Foreseen(rows, errors, places, centre, variance, likelihood)

        return given

    def log_scores(self, priors: Priors, past: Observations, future: Observations) -> dict[str, FloatArray]:
        """Return the log score of each row to come under each form of the discrepancy."""
        # One form learns, the others take its draws with weights, where these can be trusted (P.-C. Buerkner, J. Gabry
        # and A. Vehtari (2020), doi:10.1080/00949655.2020.1783262).
        full = replace(past, **FORMS[FULL])
        ahead = self.ahead(priors, full, future, self.learned(priors, full)["posterior"].to_dataset())
        known = ahead(**FORMS[FULL]).likelihood
        scores = {}
        for form, settings in FORMS.items():
            foreseen = ahead(**settings)
            weights, k_hat = pareto_smoothed(foreseen.likelihood - known)
            if k_hat > LARGEST_K_HAT:
                own = replace(past, **settings)
                foreseen = self.ahead(priors, own, future, self.learned(priors, own)["posterior"].to_dataset())()
                weights = np.full(weights.shape, -np.log(weights.size))
            scores[form] = -logsumexp(foreseen.densities() + weights, axis=1)
        return scores

    def choice(self, priors_at: Callable[[float], Priors], rows: Observations, limit: float) -> Choice:
        """Return the form whose forecasts before a date were best of rows that were known by it."""
        pairs = {}
        for date in (np.arange(np.ceil((limit - BACK) / STEP), np.ceil(limit / STEP)) * STEP).tolist():
            past, future = split(rows, date, limit)
            pairs[date] = past, replace(future, rows=tuple(row for row in future if row.date <= date + HORIZON))
        scored = {name for past, future in pairs.values() if len(past) for name in future.ids}
        if len(scored) < LEAST:
            return Choice(SIMPLEST, len(scored), {})
        result = [self.log_scores(priors_at(d), *pair) for d, pair in pairs.items() if len(pair[0]) and len(pair[1])]
        means = {form: float(np.concatenate([one[form] for one in result]).mean()) for form in FORMS}
        return Choice(min(means, key=lambda form: means[form]), len(scored), means)


def split(rows: Observations, limit: float, end: float = np.inf) -> tuple[Observations, Observations]:
    """Return the rows that count and were known by a date, and those that came after it, until another."""
    past = rows.known_by(limit).counted()
    seen = {row.estimate for row in past if row.estimate}
    later = tuple(row for row in rows if limit < row.known_from <= end and row.estimate not in seen)
    return past, replace(rows, rows=later).counted()


def origin_priors(base: Priors, observations: Observations, as_of: float | str) -> Priors:
    """Return a prior set as it would have been built at a date: one recipe for every date."""
    # The last row known of a quantity sets its level and base year, with the row's error and a tenth of a decade; the
    # rows of the four years before it set the past growth by least squares. What is to come is as `base` judges it.
    known = observations.known_by(as_of).counted()
    changed: dict[str, Family] = {}
    for quantity, (level, year, growth, ratio) in ANCHORS.items():
        rows = [row for row in known if row.quantity == quantity]
        if not rows:
            continue
        last = rows[-1]
        sigma = float(np.log(10) * np.hypot(last.sd_log10, LEVEL_ERROR if growth else 0.0))
        value, unit = 10**last.log10 / factor(base[level].unit), base[level].unit
        if ratio:
            value *= base[ratio].median * factor(base[ratio].unit)
        changed[level] = LogNormal(float(np.log(value)), sigma, unit=unit)
        changed[year] = Fixed(last.date, unit="year")
        past = [row for row in rows if row.date >= last.date - PAST]
        if growth and len(past) >= FEWEST_ROWS:
            x, y = (np.array([getattr(row, name) for row in past]) for name in ("date", "log10"))
            x = x - x.mean()
            slope = float((x * y).sum() / (x**2).sum())
            residual = y - y.mean() - slope * x
            least = np.mean([row.sd_log10 for row in past]) ** 2
            error = float(np.sqrt(max((residual**2).sum() / (len(x) - 2), least) / (x**2).sum()))
            unit = base[growth].unit
            if not same_dimension(unit, "year"):
                changed[growth] = Normal(slope, error, unit=unit)
            elif slope <= 0:
                raise InputError(f"{quantity} did not grow over {len(past)} rows; it has no doubling time")
            else:
                changed[growth] = LogNormal(float(np.log(np.log10(2) / slope)), error / slope, unit=unit)
    if not changed:
        raise InputError(f"{observations.name} holds no row known by {as_of} of a quantity that sets a level")
    source = f"Rows of {observations.name} known by {as_of}"
    return base.replace(**{n: replace(new, source=source, as_of=str(as_of)) for n, new in changed.items()})
