"""Backtest: condition on what was known at a date, and score what came after."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, stdtr, stdtrit

from clustercast.arrays.points.streams import stream
from clustercast.arrays.posterior.likelihood import leave_one_out_density, replicate
from clustercast.conditioning.condition import YEARS, condition
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.observations import read_observations
from clustercast.conditioning.problem import Problem
from clustercast.engine.model import Model
from clustercast.errors import InputError
from clustercast.files.dates import end_of
from clustercast.priors.prior_file import read_priors
from clustercast.priors.prior_set import Priors
from clustercast.quantities.cluster_model import cluster_model

FloatArray = NDArray[np.float64]

METHODS = ("posterior", "prior", "line", "essay")
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
    # Mean CRPS of the method less that of the posterior on the same rows: above 0 the posterior is better. Its error is
    # over groups, as rows of one site or series are dependent; NaN for the posterior itself and for a single group.
    gain: float
    gain_error: float


@dataclass(frozen=True)
class Backtest:
    """Scores of one origin."""

    as_of: float
    learned: int
    scores: tuple[Score, ...]
    statement: str
    # Inputs whose priors are dated after the origin: they may know what is scored.
    younger: tuple[str, ...] = ()


def backtest(
    priors: Priors,
    observations: Observations | None = None,
    *,
    as_of: float | str,
    model: Model | None = None,
    essay: Priors | None = None,
    years: Iterable[float] = YEARS,
    size: int = 1 << 15,
    seed: int = 0,
    skip_bad: bool = False,
) -> Backtest:
    """Condition on what was known at a date and score what came after.

    Parameters
    ----------
    priors : Priors
        Should be no younger than the date: the essay's set for dates from June 2024.
    observations : Observations, optional
        The shipped ones by default.
    as_of : float or str
        As ``"2024-06"``; figures public by then are learned from, those that are dated later are scored.
    model : Model, optional
        The shipped model by default.
    essay : Priors, optional
        Whose medians are the point table; the essay's set by default for the shipped model, else `priors`.
    years, size, seed, skip_bad
        As in `condition`.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        If nothing was known by then, or nothing came after.

    Notes
    -----
    A figure is scored if it was public only after the date. New errors, discrepancies and gaps are
    drawn for each: what the errors of a series share with its past is not used, so that the
    forecast is rather too wide than too narrow.

    References
    ----------
    T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102, 359 (2007), doi:10.1198/016214506000001437.
    """
    limit = end_of(as_of)
    if essay is None:
        essay = read_priors("situational_awareness") if model is None else priors
    model = cluster_model() if model is None else model
    observations = read_observations() if observations is None else observations
    observations = observations.checked(model, years, skip_bad=skip_bad)
    past = observations.known_by(limit)
    later = tuple(row for row in observations if row.known_from > limit)
    if not len(past) or not later:
        what = "was known by" if not len(past) else "came after"
        raise InputError(f"no observation {what} {as_of}; choose a date with observations on both sides")
    future = replace(observations, rows=later)
    tree = condition(priors, past, model=model, years=years, size=size, seed=seed)
    scores: list[Score] = []
    for method in ("posterior", "prior"):
        values = {str(n): v.values.reshape(-1) for n, v in tree[method].data_vars.items()}
        draws, densities = _predicted(priors, future, model, values, seed)
        scores += [_ensemble_score(method, row, draws[k], densities[k]) for k, row in enumerate(future)]
    scores += _line_scores(past, future, model)
    scores += _point_scores(essay, future, model)
    younger = tuple(name for name in priors.uncertain if priors[name].as_of and end_of(priors[name].as_of) > limit)
    return Backtest(limit, len(past), tuple(scores), str(tree.attrs["statement"]), younger)


def rolling_origin(
    priors: Priors,
    observations: Observations | None = None,
    *,
    origins: Iterable[float | str],
    progress: Callable[[int, int], None] | None = None,
    **settings: object,
) -> list[Backtest]:
    """Run a backtest at each of several dates.

    Parameters
    ----------
    priors, observations
        As in `backtest`.
    origins : iterable of float or str
    progress : callable, optional
        Called with the origins done and their number.
    **settings
        As in `backtest`.

    Returns
    -------
    list of Backtest
    """
    dates = list(origins)
    made = []
    for done, date in enumerate(dates, 1):
        made.append(backtest(priors, observations, as_of=date, **settings))  # type: ignore[arg-type]
        if progress is not None:
            progress(done, len(dates))
    return made


def skills(backtests: Iterable[Backtest]) -> list[Skill]:
    """Return the mean scores of each method over one or several origins, the posterior first."""
    scores = [(which, score) for which, one in enumerate(backtests) for score in one.scores]
    reference = {(which, s.observation): s.crps for which, s in scores if s.method == "posterior"}
    result = []
    for method in METHODS:
        own = [(which, score) for which, score in scores if score.method == method]
        if own:
            result.append(_skill(method, own, reference))
    return result


def _skill(method: str, own: list[tuple[int, Score]], reference: dict[tuple[int, str], float]) -> Skill:
    """Sum up the scores of one method."""
    pits = np.array([score.pit for _, score in own])
    known = np.isfinite(pits).all()
    gains = np.array([score.crps - reference[which, score.observation] for which, score in own])
    labels = np.unique([score.group for _, score in own], return_inverse=True)[1]
    mean, error = _clustered_mean(gains, labels)
    return Skill(
        method=method,
        count=len(own),
        groups=int(labels.max() + 1),
        crps=float(np.mean([score.crps for _, score in own])),
        log_score=float(np.mean([score.log_score for _, score in own])),
        coverage_50=float(np.mean(np.abs(pits - 0.5) <= 0.25)) if known else np.nan,
        coverage_90=float(np.mean(np.abs(pits - 0.5) <= 0.45)) if known else np.nan,
        gain=np.nan if method == "posterior" else mean,
        gain_error=np.nan if method == "posterior" else error,
    )


def _clustered_mean(values: FloatArray, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return a mean and its standard error where values of one label are dependent."""
    count = int(labels.max()) + 1
    mean = float(values.mean())
    if count < 2:
        return mean, float("nan")
    sums = np.bincount(labels, values - mean, minlength=count)
    return mean, float(np.sqrt((sums**2).sum() * count / (count - 1)) / values.size)


def _predicted(
    priors: Priors, future: Observations, model: Model, values: dict[str, FloatArray], seed: int
) -> tuple[FloatArray, FloatArray]:
    """Draw what might be observed, and the log density of what was, of each row alone; shapes (rows, samples)."""
    problem = Problem.of(priors, future, model, None)
    size = len(next(iter(values.values())))
    fresh = [n for n in problem.active if n not in values]
    scores = np.stack([stream(seed, f"fresh {name}").standard_normal(size) for name in problem.active], axis=1)
    drawn = problem.inputs(scores)
    inputs = {name: drawn[name] if name in fresh else values[name] for name in problem.active}
    predicted, errors = problem.predicted(inputs, size), problem.errors(inputs, size)
    alone = replace(problem.rows, group=np.arange(len(future)))
    draws = replicate(problem.rows, predicted, errors, stream(seed, "replicate the future"))
    return draws, leave_one_out_density(alone, predicted, errors)


def _ensemble_score(method: str, row: Observation, draws: FloatArray, densities: FloatArray) -> Score:
    """Score a sample of predictions; the log score is that of the mixture of their densities."""
    import scoringrules

    below = (np.sum(draws < row.log10) + 0.5 * np.sum(draws == row.log10)) / draws.size
    crps = float(scoringrules.crps_ensemble(row.log10, draws, estimator="qd"))
    log_score = float(np.log(draws.size) - logsumexp(densities))
    return _score(method, row, float(np.median(draws)), crps, log_score, float(below))


def _line_scores(past: Observations, future: Observations, model: Model) -> list[Score]:
    """Score a straight line in log10 through the past of each quantity, with Student's predictive distribution."""
    import scoringrules

    scores = []
    for row in future:
        yearly = len(row.dates(model))
        alike = [one for one in past if one.quantity == row.quantity and len(one.dates(model)) == yearly]
        known = [(one.date, one.log10) for one in alike]
        if len(known) < LEAST_LINE or len({date for date, _ in known}) < LEAST_LINE:
            continue
        x, y = np.array(known).T
        centre, spread = x.mean(), ((x - x.mean()) ** 2).sum()
        slope = ((x - centre) * (y - y.mean())).sum() / spread
        residual = y - y.mean() - slope * (x - centre)
        freedom = len(x) - 2
        scale = np.sqrt((residual**2).sum() / freedom * (1 + 1 / len(x) + (row.date - centre) ** 2 / spread))
        median = float(y.mean() + slope * (row.date - centre))
        pit = float(stdtr(freedom, (row.log10 - median) / scale))
        log_score = float(scoringrules.logs_t(row.log10, freedom, median, scale))
        # The CRPS of one degree of freedom is infinite: a Cauchy distribution has no mean.
        if freedom == 1:
            points = median + scale * stdtrit(freedom, (np.arange(2000) + 0.5) / 2000)
            crps = float(scoringrules.crps_ensemble(row.log10, points, estimator="qd"))
        else:
            crps = float(scoringrules.crps_t(row.log10, freedom, median, scale))
        scores.append(_score("line", row, median, crps, log_score, pit))
    return scores


def _point_scores(essay: Priors, future: Observations, model: Model) -> list[Score]:
    """Score the model at the medians of a prior set as points."""
    problem = Problem.of(essay, future, model, None)
    inputs = {name: np.array([problem.priors[name].median]) for name in problem.active}
    points = problem.predicted(inputs, 1)[:, 0]
    return [
        _score("essay", row, float(point), abs(row.log10 - float(point)), np.nan, np.nan)
        for row, point in zip(future, points, strict=True)
    ]


def _score(method: str, row: Observation, median: float, crps: float, log_score: float, pit: float) -> Score:
    """Label the scores of one observation."""
    return Score(method, row.id, row.quantity, row.group or row.id, row.date, row.log10, median, crps, log_score, pit)
