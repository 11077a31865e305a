"""Condition a forecast on what was observed: priors, model and observations as a likelihood of normal scores."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.points.copula import correlate
from clustercast.arrays.points.designs import inside, require_power_of_two, sobol_column
from clustercast.arrays.points.streams import checked_seed, stream
from clustercast.arrays.posterior import ErrorModel, ObservedRows, leave_one_out_density, log_likelihood, replicate
from clustercast.conditioning import sampler
from clustercast.conditioning.observation_rows import ERROR_UNITS, Discrepancy, Observations, error_model
from clustercast.conditioning.observations import unlearned
from clustercast.conditioning.tree import OBSERVED, SAMPLE, labelled_parameters, labelled_predictions, row_coordinates
from clustercast.dataset import Record, provenance
from clustercast.engine.model import Model, with_changes
from clustercast.engine.operations import Loop
from clustercast.engine.program import Program
from clustercast.engine.program import program as prepared
from clustercast.errors import InputError, takes
from clustercast.priors.families import Fixed
from clustercast.priors.prior_set import Priors
from clustercast.propagation import Progress
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import values_at_scores

Method = Literal["auto", "importance", "tempered"]
YEARS = range(2012, 2035)
SIZE = 1 << 17
# Prior draws that show whether importance sampling can work.
PILOT = 1 << 13
BUDGET = 1 << 20
BLOCK = 2048
# Of rows: number, quantity, and the place of its date, or of beginning and end where it is the amount of a year.
_Placed = tuple[Program, tuple[tuple[int, str, tuple[int, ...]], ...]]


@takes()
def condition(
    priors: Priors,
    observations: Observations | None = None,
    *,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    size: int = SIZE,
    seed: int = 0,
    as_of: float | str | None = None,
    discrepancy: Discrepancy = None,
    method: Method = "auto",
    budget: int = BUDGET,
    draws: int = sampler.DRAWS,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Let a forecast learn from what was observed.

    Prior draws on Sobol' points are weighted by the likelihood, with Pareto smoothing. Where the weights cannot be
    trusted (k-hat above 0.7 or an effective size below 400) tempered populations go on from them. Ascents look
    for modes that either lost.

    Parameters
    ----------
    priors : Priors
        Of a set that has learned already, all rows are learned from together, as if at once.
    observations : Observations, optional
        The shipped ones by default; for a set that has learned, those that it knows.
    model : Model, optional
        The shipped cluster model by default.
    years : iterable of float, optional
        Observations dated before the first or after the last are refused.
    size : int, optional
        Prior draws, a power of two; where the first 8,192 show that weights will fail, these alone.
    seed : int, optional
    as_of : float or str, optional
        Use only what was public by then, as ``"2024-06"``.
    discrepancy : float, distribution or mapping, optional
        In the place of the observations' own priors for what the model misses (standard deviation in decades,
        or in the unit of the distribution), for all quantities or one a quantity; 0 takes the model as exact.
    method : {"auto", "importance", "tempered"}, optional
    budget, draws : int, optional
        Most model runs of the sampler, and posterior draws to keep, a multiple of 128.
    skip_bad : bool, optional
        Leave out rows that the model cannot be compared with.
    progress : callable, optional
        Called with the model runs done and their number, of each part in turn.

    Returns
    -------
    xarray.DataTree
        In ArviZ' convention (dims chain, draw): prior, posterior, their predictives, observed_data, log_likelihood,
        log_prior (of what is learned), sample_stats, constant_data. The attributes ``method``, ``k_hat``, ``ess``,
        ``r_hat``, ``reached`` and ``statement`` say how far to trust it, ``log_evidence`` (and its ``_sd``) is the log
        density of what was observed; ``ess`` counts draws that importance sampling repeats once, as ArviZ' does not.

    Raises
    ------
    InputError
        If a row cannot be used (file and line are named), or nothing uncertain bears on what was observed.

    References
    ----------
    A. Vehtari et al., "Pareto smoothed importance sampling", J. Mach. Learn. Res. 25 (2024), arXiv:1507.02646.
    """
    seed = checked_seed(seed)
    require_power_of_two(size)
    if method not in get_args(Method):
        raise InputError(f"method is {method!r}; choose one of {', '.join(get_args(Method))}")
    walkers = sampler.CHAINS * sampler.WALKERS
    if size < walkers:
        raise InputError(f"size is {size}, too few prior draws to learn from; give at least {walkers}")
    if draws < 1 or draws % walkers:
        raise InputError(f"draws is {draws}; give a multiple of {walkers}, as {sampler.DRAWS}")
    priors, observations = unlearned(priors, observations)
    model = with_changes(cluster_model() if model is None else model, priors)
    observations = observations if as_of is None else observations.known_by(as_of)
    observations = observations.counted().checked(model, years, skip_bad=skip_bad)
    if not len(observations):
        raise InputError(f"{observations.name} holds no observation{'' if as_of is None else f' known by {as_of}'}")
    problem = Problem.of(priors, observations, model, discrepancy)
    parts = factors_of(problem, observations, model)
    # Threads of BLAS wait for each other between the small products of a move: five times the time on a busy machine.
    with threadpool_limits(1, user_api="blas"):
        made = [_learned(part, size, seed, method, budget, draws, progress) for part in parts]
    result = sampler.joined(made, [part.columns for part in parts])
    record: dict[str, Any] = {"priors_name": priors.name, "priors_hash": priors.hash, "model_hash": model.hash}
    record |= {"observations_name": observations.name, "observations_hash": observations.hash}
    record |= {"left_out": list(observations.left_out), "as_of": "" if as_of is None else str(as_of)}
    record |= {"design": {"name": "sobol", "seed": seed, "size": int(size)}}
    record["parts"] = [{"quantities": part.quantities, "parameters": part.active} for part in parts]
    return posterior_tree(priors, observations, problem, result, seed, record)


@dataclass(frozen=True)
class Problem:
    """Priors, model and observations, ready to be evaluated at normal scores."""

    # Inputs of the model together with the parameters of the likelihood.
    priors: Priors
    # Uncertain parameters on which the likelihood depends, with all that are correlated with them.
    active: tuple[str, ...]
    # Where the active parameters stand among those of the whole problem.
    columns: IntArray
    rows: ObservedRows
    quantities: tuple[str, ...]
    # What computes the observed quantities, each with its rows.
    programs: tuple[_Placed, ...]

    @classmethod
    def of(cls, priors: Priors, observations: Observations, model: Model, discrepancy: Discrepancy) -> "Problem":
        """Join priors, model and observations."""
        model = with_changes(model, priors)
        model.check_inputs(priors, observations.quantities)
        errors = observations.error_priors(discrepancy)
        if taken := [name for name in errors if name in priors]:
            raise InputError(f"input {taken[0]!r} has the name of a parameter of the likelihood; rename the input")
        joint = Priors(*priors.correlations, name=priors.name, origin=priors.origin, **dict(priors.items()), **errors)
        needed = {*model.inputs(observations.quantities), *errors}
        if needed & set(joint.correlated):
            needed |= set(joint.correlated)
        active = tuple(name for name in joint.uncertain if name in needed)
        if not active:
            raise InputError("no uncertain input bears on what was observed; there is nothing to learn")
        programs = tuple(_programs(observations, model, joint, active))
        return cls(joint, active, np.arange(len(active)), observations.arrays(), observations.quantities, programs)

    def part(self, observations: Observations, model: Model, names: Container[str]) -> "Problem":
        """Return the problem of some observations and parameters alone, in the columns that they have in the whole."""
        columns = np.array([c for c, name in enumerate(self.active) if name in names])
        active = tuple(self.active[c] for c in columns)
        programs = tuple(_programs(observations, model, self.priors, active))
        return Problem(self.priors, active, columns, observations.arrays(), observations.quantities, programs)

    def sobol_scores(self, seed: int, size: int) -> FloatArray:
        """Return scrambled Sobol' points as normal scores, shape (size, d)."""
        return np.stack([ndtri(inside(sobol_column(seed, column, 0, size))) for column in self.columns], axis=1)

    def inputs(self, scores: FloatArray) -> dict[str, FloatArray]:
        """Return the active parameters, each shape (n,), in the units of their priors."""
        return values_at_scores(self.priors, {name: scores[:, c] for c, name in enumerate(self.active)})

    def log_prior(self, scores: FloatArray, inputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return the log prior density of each active parameter, and of the copula that correlates them."""
        densities = {name: self.priors[name].log_density(inputs[name]) for name in self.active}
        if correlated := [name for name in self.priors.correlated if name in self.active]:
            # With mixed = L z, the copula's density is that of z over that of mixed, both independent, over det L.
            z = scores[:, [self.active.index(name) for name in correlated]]
            mixed = correlate(z, self.priors.correlation_factor)
            spread = np.log(np.diag(self.priors.correlation_factor)).sum()
            densities["copula"] = 0.5 * ((mixed**2).sum(axis=1) - (z**2).sum(axis=1)) - spread
        return densities

    def predicted(self, inputs: Mapping[str, FloatArray], size: int) -> FloatArray:
        """Return the model's log10 for each observation, shape (rows, size)."""
        logs = np.empty((len(self.rows.value), size))
        for program, places in self.programs:
            results = program.run(inputs)
            for row, name, dates in places:
                # What does not depend on the date is the same at all.
                result = np.atleast_2d(results[name])
                first, *last = (result[min(date, len(result) - 1)] for date in dates)
                values = last[0] - first if last else first
                if not np.all(values > 0):
                    what = f"the model's {name} is not above 0 at the date of an observation, so it has no logarithm"
                    raise InputError(f"{what}; leave the observation out, or look at the bounds of the inputs")
                logs[row] = np.log10(values)
        return logs

    def errors(self, inputs: Mapping[str, FloatArray], size: int) -> ErrorModel:
        """Return the parameters of the likelihood, each for all samples."""
        own = [name for name in self.priors if name.startswith(tuple(ERROR_UNITS))]
        values = {n: inputs[n] if n in inputs else np.full(size, self.priors[n].median) for n in own}
        return error_model(self.quantities, values)

    def log_likelihood(self, scores: FloatArray, progress: Progress | None = None) -> FloatArray:
        """Return the log likelihood of normal scores, shape (n,)."""
        values = np.empty(len(scores))
        for start in range(0, len(scores), BLOCK):
            block = scores[start : start + BLOCK]
            inputs = self.inputs(block)
            predicted = self.predicted(inputs, len(block))
            values[start : start + BLOCK] = log_likelihood(self.rows, predicted, self.errors(inputs, len(block)))
            if progress is not None:
                progress(min(start + BLOCK, len(scores)), len(scores))
        return values

    def everything(self, scores: FloatArray, seed: int) -> dict[str, FloatArray]:
        """Return the active parameters at some scores, and all others from columns of points after theirs."""
        rest = [name for name in self.priors.uncertain if name not in self.active]
        columns = {name: sobol_column(seed, c, 0, len(scores)) for c, name in enumerate(rest, len(self.active))}
        others = {name: ndtri(inside(column)) for name, column in columns.items()}
        values = values_at_scores(self.priors, others) | self.inputs(scores)
        return {name: values[name] for name in self.priors.uncertain}


def _programs(observations: Observations, model: Model, priors: Priors, active: Iterable[str]) -> Iterator[_Placed]:
    """Yield one program for each set of dates, and one for what steps through nodes, each with its rows."""
    values = {name: np.asarray(priors[name].median) for name in priors if isinstance(priors[name], Fixed)}
    values |= values_at_scores(priors, {name: np.zeros(3) for name in active})
    units = {name: priors[name].unit for name in priors}
    needed = {row.id: row.dates(model) for row in observations}
    by_dates: dict[tuple[float, ...], list[str]] = {}
    for quantity in observations.quantities:
        own = {date for row in observations if row.quantity == quantity for date in needed[row.id]}
        by_dates.setdefault(tuple(sorted(own)), []).append(quantity)
    made = {dates: prepared(model, values, units, outputs, dates) for dates, outputs in by_dates.items()}
    # Quantities that step through the nodes share most of the steps.
    stepped = [dates for dates, one in made.items() if any(isinstance(o, Loop) for o in one.operations)]
    if len(stepped) > 1:
        outputs = [quantity for dates in stepped for quantity in by_dates[dates]]
        together = tuple(sorted({date for dates in stepped for date in dates}))
        made = {dates: one for dates, one in made.items() if dates not in stepped}
        made[together] = prepared(model, values, units, outputs, together)
    for dates, program in made.items():
        seen = [(place, row) for place, row in enumerate(observations) if row.quantity in program.outputs]
        yield program, tuple((place, row.quantity, tuple(map(dates.index, needed[row.id]))) for place, row in seen)


def factors_of(problem: Problem, observations: Observations, model: Model) -> list[Problem]:
    """Return the parts of a problem whose parameters and observations have nothing to do with each other."""
    needs, active = {one: {*model.inputs([one])} for one in observations.quantities}, {*problem.active}
    parts: list[tuple[set[str], list[str]]] = []
    for row in observations:
        # What rows share joins them: uncertain parameters, correlated ones all together, and their group.
        names, ids = {*needs[row.quantity], *row.errors} & active, [row.id]
        names |= set(problem.priors.correlated) if names & set(problem.priors.correlated) else set()
        names.add(f"group {row.group}" if row.group else f"quantity {row.quantity}")
        for part in [part for part in parts if part[0] & names]:
            parts.remove(part)
            names, ids = names | part[0], ids + part[1]
        parts.append((names, ids))
    if len(parts) == 1:
        return [problem]
    chosen = [(names, tuple(row for row in observations if row.id in ids)) for names, ids in parts if names & active]
    return [problem.part(replace(observations, rows=rows), model, names) for names, rows in chosen]


def _learned(
    problem: Problem, size: int, seed: int, method: Method, budget: int, draws: int, progress: Progress | None
) -> sampler.Posterior:
    """Weigh prior draws; sample on where the weights are not to be trusted."""
    # As many effective draws as all would give can be seen from the first of them.
    for count in (size,) if method == "importance" else sorted({min(size, PILOT), size}):
        scores = problem.sobol_scores(seed, count)
        values = problem.log_likelihood(scores, progress)
        weights = sampler.smoothed_weights(values)
        if method == "tempered" or weights.ess * size < sampler.LEAST_ESS * count:
            break
    run = sampler.Run(problem.log_likelihood, ", ".join(problem.quantities), seed, budget, draws, progress)
    if method == "importance":
        return run.resampled(scores, values, values, weights)
    enough = method == "auto" and weights.trusted
    found = run.resampled(scores, values, values, weights) if enough else sampler.sampled(run, scores, values, weights)
    return run.compared(found, scores, instead=method == "auto")


def posterior_tree(
    priors: Priors, observations: Observations, problem: Problem, result: sampler.Posterior, seed: int, record: Record
) -> xr.DataTree:
    """Return prior and posterior draws as a labelled tree; `record` is where the result comes from."""
    # NetCDF has no truth values.
    diagnostics = {**result.diagnostics, "reached": int(result.diagnostics["reached"])}
    log_posterior = result.log_likelihood - 0.5 * (result.scores**2).sum(axis=-1)
    before, parts = problem.sobol_scores(seed, result.log_likelihood.size)[np.newaxis], {}
    for group, scores in (("prior", before), ("posterior", result.scores)):
        shape, flat = scores.shape[:2], scores.reshape(-1, scores.shape[-1])
        inputs = problem.everything(flat, seed)
        predicted, errors = problem.predicted(inputs, len(flat)), problem.errors(inputs, len(flat))
        seen = replicate(problem.rows, predicted, errors, stream(seed, f"replicate {group}"))
        parts[group] = labelled_parameters(priors, observations, inputs, shape)
        parts[f"{group}_predictive"] = labelled_predictions(observations, seen, shape)
    # Of the posterior, which came last. Parameters on which no likelihood depends would be noise in power-scaling.
    log_prior = {n: (SAMPLE, x.reshape(shape), {"units": "1"}) for n, x in problem.log_prior(flat, inputs).items()}
    # Of each row given the others of its group.
    alone = leave_one_out_density(problem.rows, predicted, errors)
    fixed = {name: prior for name, prior in priors.items() if isinstance(prior, Fixed)}
    constants = {n: ((), p.median, {"role": "input", "units": p.unit, "source": p.source}) for n, p in fixed.items()}
    observed = {OBSERVED: ("observation", [row.log10 for row in observations], {"units": "1"})}
    groups = {name: parts[name] for name in ("posterior", "prior", "posterior_predictive", "prior_predictive")}
    groups["log_likelihood"] = labelled_predictions(observations, alone, shape)
    groups["log_prior"] = xr.Dataset(log_prior, parts["posterior"].coords)
    groups["observed_data"] = xr.Dataset(observed, row_coordinates(observations))
    groups["sample_stats"] = xr.Dataset({"lp": (SAMPLE, log_posterior)}, attrs=diagnostics)
    groups["constant_data"] = xr.Dataset(constants)
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {**provenance({**record, "inputs": [name for name in inputs if name in priors]}), **diagnostics}
    return tree
