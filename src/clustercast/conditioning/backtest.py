"""Backtest: condition on what was known at a date, and score what came after."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, stdtr, stdtrit

from clustercast.arrays import FloatArray
from clustercast.conditioning.choice import FORMS, Choice, Forecaster, Kept, origin_priors, split
from clustercast.conditioning.condition import YEARS, Problem
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.observations import unlearned
from clustercast.engine.model import Model
from clustercast.errors import InputError, takes
from clustercast.files.dates import end_of
from clustercast.files.toml import load_toml
from clustercast.priors.prior_file import read_priors
from clustercast.priors.prior_set import Priors
from clustercast.priors.shipped import directory
from clustercast.quantities.cluster_model import cluster_model

METHODS = ("posterior", "prior", "line", "trend", "essay")
POOL = "pool"
LEAST_LINE = 3


@dataclass
class Score:
    """How one forecast of one observation did; all in decades (log10)."""

    method: str
    observation: str
    quantity: str
    group: str
    date: float
    observed: float
    median: float
    # Of a point, the absolute error; its log score and probability integral transform are NaN.
    crps: float
    log_score: float
    pit: float


@dataclass
class Skill:
    """Mean scores of a method, and how much better than it the posterior is."""

    method: str
    count: int
    groups: int
    crps: float
    log_score: float
    coverage_50: float
    coverage_90: float
    # Mean CRPS of the method less that of the posterior on the same rows: above 0 the posterior is better. Errors are
    # over groups, as rows of one site or series are dependent; NaN for a single group.
    gain: float
    gain_error: float
    crps_error: float
    # Mean of the probability integral transform, 0.5 where forecasts are right, and its error then.
    pit: float
    pit_error: float


@dataclass(frozen=True)
class Backtest:
    """Scores of one origin."""

    as_of: float
    learned: int
    scores: tuple[Score, ...]
    statement: str
    # Inputs whose priors are dated after the origin: they may know what is scored.
    younger: tuple[str, ...] = ()
    # The form of the discrepancy, where it was chosen by what was known before.
    choice: Choice | None = None


@takes()
def backtest(
    priors: Priors,
    observations: Observations | None = None,
    *,
    as_of: float | str,
    model: Model | None = None,
    essay: Priors | None = None,
    others: Mapping[str, Priors] | None = None,
    recipe: bool = False,
    choose: bool = True,
    years: Iterable[float] = YEARS,
    horizon: float = np.inf,
    size: int = 1 << 15,
    seed: int = 0,
    skip_bad: bool = False,
    kept: Kept | None = None,
) -> Backtest:
    """Condition on what was known at a date and score what came after.

    Parameters
    ----------
    priors : Priors
        Should be no younger than the date: the essay's set for dates from June 2024.
    observations : Observations, optional
        The shipped ones by default.
    as_of : float or str
        As ``"2024-06"``; figures public by then are learned from, those that became public later are scored.
    essay : Priors, optional
        Whose medians are the point table; the essay's set by default for the shipped model, else `priors`.
    others : mapping of str to Priors, optional
        Sets that learn too: their posteriors by name, and the pool of all, draws in equal shares.
    recipe : bool, optional
        Give levels and past growth of each set as the rows known at the date have them, for the shipped model.
    choose : bool, optional
        Choose the form of the discrepancy by how well forecasts at earlier half years did on rows known by the date;
        the simplest where these are fewer than ten. Otherwise that of `observations`.
    horizon : float, optional
        Years after the date beyond which figures are not scored.
    model, years, size, seed, skip_bad
        As in `condition`.
    kept : dict, optional
        What was learned before, for other dates perhaps; what is learned is added.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        If nothing was known by then, or nothing came after, or a set of `others` is called like a method.

    Notes
    -----
    What the posterior makes of the discrepancies of a series goes on from its past; gaps are new. Line and trend have
    Student's predictive distribution: of least squares, and of a random walk with drift from the last value.

    References
    ----------
    T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102, 359 (2007), doi:10.1198/016214506000001437.
    """
    limit = end_of(as_of)
    model = cluster_model() if model is None else model
    forecaster = Forecaster(model, tuple(years), size, seed, {} if kept is None else kept)
    if taken := [name for name in others or {} if name in (*METHODS, POOL)]:
        raise InputError(f"others has a set {taken[0]!r}, as a forecast of the backtest is called; name it otherwise")
    if not horizon > 0:
        raise InputError(f"horizon is {horizon!r}; give a number of years above 0")
    if essay is None:
        essay = read_priors("situational_awareness") if model.hash == cluster_model().hash else priors
    priors, rows = unlearned(priors, observations)
    past, future = (some.checked(model, forecaster.years, skip_bad=skip_bad) for some in split(rows, limit))
    future = replace(future, rows=tuple(row for row in future if row.dates(model)[-1] <= limit + horizon))
    if not len(past) or not len(future):
        what = "was known by" if not len(past) else "came after"
        raise InputError(f"no observation {what} {as_of}; choose a date with observations on both sides")

    def at(date: float | str, base: Priors = priors) -> Priors:
        return origin_priors(base, rows, date) if recipe else base

    choice = forecaster.choice(at, past, limit) if choose else None
    past = replace(past, **FORMS[choice.form]) if choice else past
    predicted: dict[str, tuple[FloatArray, FloatArray]] = {}
    for name, base in {"posterior": priors, **(others or {})}.items():
        one = at(as_of, base)
        tree = forecaster.learned(one, past)
        for group, method in (("posterior", name), ("prior", "prior" if name == "posterior" else f"prior of {name}")):
            seen = past if group == "posterior" else replace(past, rows=())
            foreseen = forecaster.ahead(one, seen, future, tree[group].to_dataset())()
            predicted[method] = foreseen.draws(forecaster.seed), foreseen.densities()
    if others:
        draws, densities = (np.concatenate([predicted[n][k] for n in ("posterior", *others)], axis=1) for k in (0, 1))
        predicted[POOL] = draws, densities
    scores = [ensemble_score(name, *one) for name, pair in predicted.items() for one in zip(future, *pair, strict=True)]
    scores += _line_scores(past, future, model)
    problem = Problem.of(essay, future, model, None)
    inputs = {name: np.array([problem.priors[name].median]) for name in problem.active}
    points = zip(future, problem.predicted(inputs, 1)[:, 0].tolist(), strict=True)
    scores += [_score("essay", row, point, abs(row.log10 - point), np.nan, np.nan) for row, point in points]
    younger = tuple(name for name in priors.uncertain if priors[name].as_of and end_of(priors[name].as_of) > limit)
    statement = str(forecaster.learned(at(as_of), past).attrs["statement"])
    return Backtest(limit, len(past), tuple(scores), statement, younger, choice)


@takes()
def rolling_origin(
    priors: Priors,
    observations: Observations | None = None,
    *,
    origins: Iterable[float | str],
    years: Iterable[float] = YEARS,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> list[Backtest]:
    """Run a backtest at each of several dates; what was learned for one is kept for the next.

    Parameters
    ----------
    priors, observations, years, **settings
        As in `backtest`.
    origins : iterable of float or str
    progress : callable, optional
        Called with the origins done and their number.

    Returns
    -------
    list of Backtest
    """
    dates, made = [origins] if isinstance(origins, str) else list(origins), []
    settings = {"kept": {}, **settings, "years": tuple(years)}
    for done, date in enumerate(dates, 1):
        made.append(backtest(priors, observations, as_of=date, **settings))
        if progress is not None:
            progress(done, len(dates))
    return made


def skills(backtests: Iterable[Backtest]) -> list[Skill]:
    """Return the mean scores of each method over one or several origins, the posterior first."""
    result = [(which, score) for which, one in enumerate(backtests) for score in one.scores]
    reference = {(which, score.observation): score.crps for which, score in result if score.method == "posterior"}
    made = []
    for method in dict.fromkeys((*METHODS, *(score.method for _, score in result))):
        own = [(which, score) for which, score in result if score.method == method]
        if not own:
            continue
        pits, scores, log_scores = np.array([(score.pit, score.crps, score.log_score) for _, score in own]).T
        gains = scores - np.array([reference[which, score.observation] for which, score in own])
        labels = np.unique([score.group for _, score in own], return_inverse=True)[1]
        groups, away = int(labels.max() + 1), np.where(np.isnan(pits), np.nan, np.abs(pits - 0.5))
        half, most = (float(np.where(np.isnan(away), np.nan, away <= limit).mean()) for limit in (0.25, 0.45))
        gain, gain_error = (np.nan, np.nan) if method == "posterior" else _clustered_mean(gains, labels)
        crps, crps_error = _clustered_mean(scores, labels)
        # A uniform number has the variance 1/12; groups are taken as independent, the rows of one as one.
        pit, pit_error = float(pits.mean()), float(1 / np.sqrt(12 * groups))
        means = float(log_scores.mean()), half, most, gain, gain_error, crps_error, pit, pit_error
        made.append(Skill(method, len(own), groups, crps, *means))
    return made


def skills_by(backtests: Iterable[Backtest], key: str) -> dict[str, list[Skill]]:
    """Return the mean scores of each method for each `quantity`, or for each `group` of dependent rows."""
    runs = list(backtests)
    names = sorted({getattr(score, key) for one in runs for score in one.scores})
    chosen = {name: [[s for s in one.scores if getattr(s, key) == name] for one in runs] for name in names}
    return {n: skills(replace(one, scores=tuple(s)) for one, s in zip(runs, chosen[n], strict=True)) for n in names}


def shipped_skills() -> list[Skill]:
    """Return how good forecasts from dates since June 2024 were, as stored by ``python -m benchmarks.learning``."""
    return [Skill(**entry) for entry in load_toml(directory() / "texts" / "learning_scores.toml")["skill"]]


def _clustered_mean(values: FloatArray, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return a mean and its standard error where values of one label are dependent."""
    mean = float(values.mean())
    sums = np.bincount(labels, values - mean)
    if sums.size < 2:
        return mean, float("nan")
    return mean, float(np.sqrt((sums**2).sum() * sums.size / (sums.size - 1)) / values.size)


def ensemble_score(method: str, row: Observation, draws: FloatArray, densities: FloatArray | None = None) -> Score:
    """Score a sample of predictions; the log score is that of the mixture of their densities, where there are any."""
    import scoringrules

    below = (np.sum(draws < row.log10) + 0.5 * np.sum(draws == row.log10)) / draws.size
    crps = float(scoringrules.crps_ensemble(row.log10, draws, estimator="qd"))
    log_score = np.nan if densities is None else float(np.log(draws.size) - logsumexp(densities))
    return _score(method, row, float(np.median(draws)), crps, log_score, float(below))


def _line_scores(past: Observations, future: Observations, model: Model) -> list[Score]:
    """Score line and trend of the past of each quantity in log10, with Student's predictive distribution."""
    import scoringrules

    scores = []
    for row in future:
        yearly = len(row.dates(model))
        alike = [one for one in past if one.quantity == row.quantity and len(one.dates(model)) == yearly]
        x, first = np.unique([one.date for one in alike], return_index=True)
        if len(x) < LEAST_LINE:
            continue
        for method, points in (("line", alike), ("trend", [alike[k] for k in first])):
            x, y = np.array([(one.date, one.log10) for one in points]).T
            median, scale = (_line if method == "line" else _trend)(x, y, row.date)
            # The error of the row is the least scale, also of points that are on a line.
            scale = float(np.hypot(scale, row.sd_log10) if method == "trend" else max(scale, row.sd_log10))
            freedom = len(x) - 2
            pit = float(stdtr(freedom, (row.log10 - median) / scale))
            log_score = float(scoringrules.logs_t(row.log10, freedom, median, scale))
            # The closed form divides by the degrees of freedom less one: there the CRPS is that of many quantiles.
            if freedom == 1:
                cauchy = median + scale * stdtrit(freedom, (np.arange(2000) + 0.5) / 2000)
                crps = scoringrules.crps_ensemble(row.log10, cauchy, estimator="qd")
            else:
                crps = scoringrules.crps_t(row.log10, freedom, median, scale)
            scores.append(_score(method, row, median, float(crps), log_score, pit))
    return scores


def _line(x: FloatArray, y: FloatArray, date: float) -> tuple[float, float]:
    """Return median and scale of the prediction by least squares."""
    centre, spread = x.mean(), ((x - x.mean()) ** 2).sum()
    slope = ((x - centre) * (y - y.mean())).sum() / spread
    residual = y - y.mean() - slope * (x - centre)
    scale = np.sqrt((residual**2).sum() / (len(x) - 2) * (1 + 1 / len(x) + (date - centre) ** 2 / spread))
    return float(y.mean() + slope * (date - centre)), float(scale)


def _trend(x: FloatArray, y: FloatArray, date: float) -> tuple[float, float]:
    """Return median and scale of the prediction by a random walk with drift from the last value."""
    span, ahead = x[-1] - x[0], abs(date - x[-1])
    drift = (y[-1] - y[0]) / span
    variance = ((np.diff(y) - drift * np.diff(x)) ** 2 / np.diff(x)).sum() / (len(x) - 2)
    return float(y[-1] + drift * (date - x[-1])), float(np.sqrt(variance * (ahead + ahead**2 / span)))


def _score(method: str, row: Observation, median: float, crps: float, log_score: float, pit: float) -> Score:
    """Label the scores of one observation."""
    return Score(method, row.id, row.quantity, row.group or row.id, row.date, row.log10, median, crps, log_score, pit)
