"""Forecasts of rows from what was known before, and by them the form of the discrepancy that is used at a date."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import stream
from clustercast.arrays.posterior.likelihood import ErrorModel, ObservedRows, absorbed, parts, row_density
from clustercast.conditioning.condition import condition
from clustercast.conditioning.observation_rows import Observations
from clustercast.conditioning.problem import Problem
from clustercast.conditioning.sampler import LARGEST_K_HAT, pareto_smoothed
from clustercast.engine.model import Model
from clustercast.priors.prior_set import Priors

if TYPE_CHECKING:
    import xarray as xr

# Settings of `Observations`: the share of a discrepancy's variance that lasts, and whether the gap of ceilings narrows.
FORMS: dict[str, dict[str, Any]] = {
    f"{words}{end}": {"lasting": share, "narrowing": bool(end)}
    for share, words in ((0.0, "independent by row"), (0.5, "half lasts"), (1.0, "all lasts"))
    for end in ("", ", ceilings narrow")
}
SIMPLEST, FULL = "independent by row", "half lasts, ceilings narrow"
# Forecasts are made at each half year of so many years before, score what is dated within so many years, and choose
# where so many rows score them.
BACK, STEP, HORIZON, LEAST = 4.0, 0.5, 2.0, 10


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
    kept: "dict[tuple[str, str], xr.DataTree]" = field(default_factory=dict)

    def learned(self, priors: Priors, past: Observations) -> "xr.DataTree":
        """Return the posterior given some rows."""
        key = priors.hash, past.hash
        if key not in self.kept:
            settings: dict[str, Any] = {"model": self.model, "years": self.years, "size": self.size, "seed": self.seed}
            self.kept[key] = condition(priors, past, **settings)
        return self.kept[key]

    def foreseen(self, priors: Priors, seen: Observations, future: Observations, draws: "xr.Dataset") -> Foreseen:
        """Return rows to come after some that were seen, in each draw of the parameters."""
        values = {str(name): drawn.values.reshape(-1) for name, drawn in draws.data_vars.items()}
        everything = replace(seen, rows=(*seen.rows, *future.rows))
        problem = Problem.of(priors, everything, self.model, None)
        size = len(next(iter(values.values())))
        # What bears on the new rows alone is as before.
        fresh = [stream(self.seed, f"fresh {name}").standard_normal(size) for name in problem.active]
        inputs = {name: values.get(name, own) for name, own in problem.inputs(np.stack(fresh, axis=1)).items()}
        predicted, errors, rows = problem.predicted(inputs, size), problem.errors(inputs, size), problem.rows
        centre, variance = predicted.copy(), rows.error[:, np.newaxis] ** 2 + errors.discrepancy[rows.quantity] ** 2
        likelihood, known = np.zeros(size), np.isin(everything.ids, seen.ids)
        for members in parts(rows, errors):
            before, later = members[known[members]], members[~known[members]]
            if before.size:
                density, mean, variance[later] = absorbed(rows, predicted, errors, before, later)
                centre[later] += mean
                likelihood += density
        places = {name: everything.ids.index(name) for name in future.ids}
        return Foreseen(rows, errors, places, centre, variance, likelihood)

    def log_scores(self, priors: Priors, past: Observations, future: Observations) -> dict[str, FloatArray]:
        """Return the log score of each row to come under each form of the discrepancy."""
        # One form learns, the others take its draws with weights, where these can be trusted (P.-C. Buerkner, J. Gabry
        # and A. Vehtari (2020), doi:10.1080/00949655.2020.1783262).
        full = replace(past, **FORMS[FULL])
        draws = self.learned(priors, full)["posterior"].to_dataset()
        known = self.foreseen(priors, full, future, draws).likelihood
        scores = {}
        for form, settings in FORMS.items():
            own = replace(past, **settings)
            foreseen = self.foreseen(priors, own, future, draws)
            weights, k_hat = pareto_smoothed(foreseen.likelihood - known)
            if k_hat > LARGEST_K_HAT:
                learned = self.learned(priors, own)["posterior"].to_dataset()
                foreseen = self.foreseen(priors, own, future, learned)
                weights = np.full(weights.shape, -np.log(weights.size))
            scores[form] = -logsumexp(foreseen.densities() + weights, axis=1)
        return scores

    def choice(self, priors_at: Callable[[float], Priors], rows: Observations, limit: float) -> Choice:
        """Return the form whose forecasts before a date were best of rows that were known by it."""
        dates = [float(date) for date in np.arange(np.ceil((limit - BACK) / STEP), np.ceil(limit / STEP)) * STEP]
        pairs = {date: split(rows, date, limit) for date in dates}
        for date, (past, future) in pairs.items():
            near = tuple(row for row in future if row.date <= date + HORIZON)
            pairs[date] = past, replace(future, rows=near)
        scored = {name for past, future in pairs.values() if len(past) for name in future.ids}
        if len(scored) < LEAST:
            return Choice(SIMPLEST, len(scored), {})
        found = [self.log_scores(priors_at(d), *pair) for d, pair in pairs.items() if len(pair[0]) and len(pair[1])]
        means = {form: float(np.concatenate([one[form] for one in found]).mean()) for form in FORMS}
        return Choice(min(means, key=lambda form: means[form]), len(scored), means)


def split(rows: Observations, limit: float, end: float = np.inf) -> tuple[Observations, Observations]:
    """Return the rows that count and were known by a date, and those that came after it, until another."""
    past = rows.known_by(limit).counted()
    seen = {row.estimate for row in past if row.estimate}
    later = tuple(row for row in rows if limit < row.known_from <= end and row.estimate not in seen)
    return past, replace(rows, rows=later).counted()
