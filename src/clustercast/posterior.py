"""Condition a forecast on what was observed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from clustercast.arrays.copula import correlate
from clustercast.arrays.designs import inside, require_power_of_two, sobol_column
from clustercast.arrays.likelihood import ErrorModel, ObservedRows, leave_one_out_density, log_likelihood, replicate
from clustercast.arrays.streams import checked_seed, stream
from clustercast.conditioning import Drawn, posterior_tree
from clustercast.conditioning_sampler import (
    CHAINS,
    DRAWS,
    Posterior,
    Progress,
    resampled,
    sampled,
    smoothed_weights,
)
from clustercast.dataset import provenance
from clustercast.distributions import Family, Fixed
from clustercast.errors import InputError
from clustercast.model import YEAR, Model, Step, cluster_model, run_program
from clustercast.observation_rows import DISCREPANCY, LOWER_GAP, UPPER_GAP, Observations
from clustercast.observations import read_observations
from clustercast.priors import Priors
from clustercast.unit_check import check_units
from clustercast.units import factor

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]
Method = Literal["auto", "importance", "tempered"]

YEARS = range(2012, 2035)
SIZE = 1 << 17
BUDGET = 1 << 20
BLOCK = 2048
METHODS = ("auto", "importance", "tempered")


def condition(
    priors: Priors,
    observations: Observations | None = None,
    *,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    size: int = SIZE,
    seed: int = 0,
    as_of: float | str | None = None,
    discrepancy: float | Family | Mapping[str, float | Family] | None = None,
    method: Method = "auto",
    budget: int = BUDGET,
    draws: int = CHAINS * DRAWS,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> "xr.DataTree":
    """Let a forecast learn from what was observed.

    Prior draws on Sobol' points are weighted by the likelihood, with Pareto smoothing. Where
    the weights cannot be trusted (k-hat above 0.7 or an effective size below 400) a tempered
    sampler goes on from the weighted draws until r-hat and effective size pass or the budget ends.

    Parameters
    ----------
    priors : Priors
    observations : Observations, optional
        The shipped ones by default.
    model : Model, optional
        The shipped cluster model by default.
    years : iterable of float, optional
        Observations dated before the first or after the last are refused.
    size : int, optional
        Prior draws, a power of two.
    seed : int, optional
    as_of : float or str, optional
        Use only what was public by then, as ``"2024-06"``.
    discrepancy : float, distribution or mapping, optional
        In the place of the observations' own priors for what the model misses (standard deviation
        in decades), for all quantities or one a quantity; 0 takes the model as exact.
    method : {"auto", "importance", "tempered"}, optional
        Force one of the two ways.
    budget : int, optional
        Most model runs of the sampler.
    draws : int, optional
        Posterior draws to keep, a multiple of 32.
    skip_bad : bool, optional
        Leave out rows that the model cannot be held against.
    progress : callable, optional
        Called with what is done, the total and a text.

    Returns
    -------
    xarray.DataTree
        Groups prior, posterior, prior_predictive, posterior_predictive, observed_data,
        log_likelihood, sample_stats and constant_data, in ArviZ' convention (dims chain, draw). The
        attributes ``method``, ``k_hat``, ``ess``, ``r_hat``, ``reached`` and ``statement`` say how far to trust it.

    Raises
    ------
    InputError
        If a row cannot be used (file and line are named), the size is no power of two, or nothing
        uncertain bears on what was observed.

    References
    ----------
    A. Vehtari, D. Simpson, A. Gelman, Y. Yao and J. Gabry, "Pareto smoothed importance sampling",
    J. Mach. Learn. Res. 25 (2024), arXiv:1507.02646.
    """
    seed = checked_seed(seed)
    require_power_of_two(size)
    if method not in METHODS:
        raise InputError(f"method is {method!r}; choose one of {', '.join(METHODS)}")
    if draws < CHAINS or draws % CHAINS:
        raise InputError(f"draws is {draws}; give a multiple of {CHAINS}, as {CHAINS * DRAWS}")
    model = cluster_model() if model is None else model
    observations = read_observations() if observations is None else observations
    observations = observations if as_of is None else observations.known_by(as_of)
    observations = observations.checked(model, years, skip_bad=skip_bad)
    if not len(observations):
        raise InputError(f"{observations.name} holds no observation{'' if as_of is None else f' known by {as_of}'}")
    problem = Problem.of(priors, observations, model, discrepancy)
    found = _found(problem, size, seed, method, budget, draws, progress)
    attrs: dict[str, str | int] = {
        "priors_name": priors.name,
        "priors_hash": priors.hash,
        "model_hash": model.hash,
        "observations_name": observations.name,
        "observations_hash": observations.hash,
        "left_out": "\n".join(observations.left_out),
        "as_of": "" if as_of is None else str(as_of),
        "size": int(size),
        "seed": str(seed),
        **provenance(),
    }
    before = problem.drawn(problem.sobol_scores(seed, 0, draws)[np.newaxis], seed, "prior")
    after = problem.drawn(found.scores, seed, "posterior")
    return posterior_tree(priors, observations, found, before, after, attrs)


def _found(
    problem: "Problem", size: int, seed: int, method: Method, budget: int, draws: int, progress: Progress | None
) -> Posterior:
    """Weigh prior draws; sample on where the weights are not to be trusted."""
    scores = np.empty((size, len(problem.active)))
    values = np.empty(size)
    for start in range(0, size, BLOCK):
        stop = min(start + BLOCK, size)
        scores[start:stop] = problem.sobol_scores(seed, start, stop)
        values[start:stop] = problem.log_likelihood(scores[start:stop])
        if progress is not None:
            progress(stop, size, "weigh prior draws")
    weights = smoothed_weights(values)
    if method == "importance" or (method == "auto" and weights.trusted):
        return resampled(scores, values, weights, draws, seed)
    return sampled(
        problem.log_likelihood, scores, values, weights, seed=seed, budget=budget, draws=draws, progress=progress
    )


@dataclass(frozen=True)
class Problem:
    """Priors, model and observations, ready to be evaluated at normal scores.

    Attributes
    ----------
    priors : Priors
        Inputs of the model together with the parameters of the likelihood.
    active : tuple of str
        Uncertain parameters on which the likelihood depends, with all that are correlated with them.
    rows : ObservedRows
    quantities : tuple of str
    programs : tuple
        For each set of dates: rows, steps, outputs, and the dates with the constants.
    factors : dict
        From the unit of an input's prior to the coherent one.
    """

    priors: Priors
    active: tuple[str, ...]
    rows: ObservedRows
    quantities: tuple[str, ...]
    programs: tuple["_Program", ...]
    factors: Mapping[str, float]

    @classmethod
    def of(
        cls,
        priors: Priors,
        observations: Observations,
        model: Model,
        discrepancy: float | Family | Mapping[str, float | Family] | None,
    ) -> "Problem":
        """Join priors, model and observations."""
        model.check_inputs(priors, observations.quantities)
        errors = observations.error_priors(discrepancy)
        taken = [name for name in errors if name in priors]
        if taken:
            raise InputError(f"input {taken[0]!r} has the name of a parameter of the likelihood; rename the input")
        joint = Priors(*priors.correlations, name=priors.name, origin=priors.origin, **dict(priors.items()), **errors)
        needed = {*model.inputs(observations.quantities), *errors}
        if needed & set(joint.correlated):
            needed |= set(joint.correlated)
        active = tuple(name for name in joint.uncertain if name in needed)
        if not active:
            raise InputError("no uncertain input bears on what was observed; there is nothing to learn")
        factors = {name: factor(joint[name].unit) for name in joint}
        constants = {n: np.asarray(joint[n].median * factors[n]) for n in joint if isinstance(joint[n], Fixed)}
        programs = tuple(_programs(observations, model, constants))
        problem = cls(joint, active, observations.arrays(), observations.quantities, programs, factors)
        problem._prove_units(model)
        return problem

    def sobol_scores(self, seed: int, start: int, stop: int) -> FloatArray:
        """Return rows of scrambled Sobol' points as normal scores, shape (stop - start, d)."""
        columns = [ndtri(inside(sobol_column(seed, c, start, stop))) for c in range(len(self.active))]
        return np.stack(columns, axis=1)

    def inputs(self, scores: FloatArray) -> dict[str, FloatArray]:
        """Return the active parameters, each shape (n,), in the units of their priors."""
        correlated = [name for name in self.priors.correlated if name in self.active]
        columns = {name: scores[:, c] for c, name in enumerate(self.active)}
        if correlated:
            mixed = correlate(np.stack([columns[n] for n in correlated], axis=1), self.priors.correlation_factor)
            columns |= {name: mixed[:, c] for c, name in enumerate(correlated)}
        return {name: self.priors[name].quantile_from_normal_score(column) for name, column in columns.items()}

    def predicted(self, inputs: Mapping[str, FloatArray], size: int) -> FloatArray:
        """Return the model's log10 for each observation, shape (rows, size)."""
        coherent = {name: value * self.factors[name] for name, value in inputs.items()}
        found = np.empty((len(self.rows.value), size))
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            for program in self.programs:
                program.run(coherent, found)
        return found

    def errors(self, inputs: Mapping[str, FloatArray], size: int) -> ErrorModel:
        """Return the parameters of the likelihood, each for all samples."""

        def parameter(name: str) -> FloatArray:
            if name in inputs:
                return inputs[name]
            return np.full(size, self.priors[name].median if name in self.priors else np.nan)

        discrepancy = np.stack([parameter(f"{DISCREPANCY}_{name}") for name in self.quantities])
        return ErrorModel(discrepancy, parameter(LOWER_GAP), parameter(UPPER_GAP))

    def log_likelihood(self, scores: FloatArray) -> FloatArray:
        """Return the log likelihood of normal scores, shape (n,)."""
        values = np.empty(len(scores))
        for start in range(0, len(scores), BLOCK):
            block = scores[start : start + BLOCK]
            inputs = self.inputs(block)
            predicted = self.predicted(inputs, len(block))
            values[start : start + BLOCK] = log_likelihood(self.rows, predicted, self.errors(inputs, len(block)))
        return values

    def drawn(self, scores: FloatArray, seed: int, what: str) -> Drawn:
        """Return all parameters, replicated observations and log densities of some scores.

        Inputs on which the likelihood does not depend are drawn from their priors.
        """
        shape, flat = scores.shape[:2], scores.reshape(-1, scores.shape[-1])
        inputs = self.inputs(flat)
        predicted, errors = self.predicted(inputs, len(flat)), self.errors(inputs, len(flat))
        rest = [name for name in self.priors.uncertain if name not in self.active]
        points = {n: inside(sobol_column(seed, len(self.active) + c, 0, len(flat))) for c, n in enumerate(rest)}
        correlated = [name for name in self.priors.correlated if name in rest]
        values = {name: self.priors[name].quantile(p) for name, p in points.items() if name not in correlated}
        if correlated:
            independent = np.stack([ndtri(points[name]) for name in correlated], axis=1)
            mixed = correlate(independent, self.priors.correlation_factor)
            values |= {n: self.priors[n].quantile_from_normal_score(mixed[:, c]) for c, n in enumerate(correlated)}
        values |= inputs
        rows = (len(self.rows.value), *shape)
        return Drawn(
            inputs={name: values[name].reshape(shape) for name in self.priors.uncertain},
            replicated=replicate(self.rows, predicted, errors, stream(seed, f"replicate {what}")).reshape(rows),
            log_density=leave_one_out_density(self.rows, predicted, errors).reshape(rows),
        )

    def _prove_units(self, model: Model) -> None:
        """Run what is observed on three draws, plain and with units."""
        inputs = self.inputs(np.zeros((3, len(self.active))))
        coherent = {name: value * self.factors[name] for name, value in inputs.items()}
        for program in self.programs:
            units = {name: self.priors[name].unit for name in self.priors}
            check_units(model, {**program.fixed, **coherent}, units, program.outputs)


@dataclass(frozen=True)
class _Program:
    """The steps that compute some observed quantities at their common dates."""

    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    fixed: Mapping[str, FloatArray]
    places: tuple[tuple[int, str, int], ...]

    def run(self, coherent: Mapping[str, FloatArray], found: FloatArray) -> None:
        """Fill the rows of this program with log10 of the model."""
        results = run_program(self.steps, {**self.fixed, **coherent}, self.outputs)
        logs = {name: np.log10(result) for name, result in results.items()}
        for row, name, date in self.places:
            found[row] = logs[name][min(date, len(logs[name]) - 1)] if np.ndim(logs[name]) == 2 else logs[name]


def _programs(observations: Observations, model: Model, constants: Mapping[str, FloatArray]) -> Iterable[_Program]:
    """Yield one program for each set of dates: quantities of one set share what they need."""
    by_dates: dict[tuple[float, ...], list[str]] = {}
    for quantity in observations.quantities:
        dates = tuple(sorted({row.date for row in observations if row.quantity == quantity}))
        by_dates.setdefault(dates, []).append(quantity)
    for dates, outputs in by_dates.items():
        places = tuple(
            (place, row.quantity, dates.index(row.date))
            for place, row in enumerate(observations)
            if row.quantity in outputs
        )
        needed = model.inputs(outputs)
        fixed = {name: value for name, value in constants.items() if name in needed}
        fixed[YEAR] = np.array(dates)[:, np.newaxis]
        yield _Program(model.program(outputs), tuple(outputs), fixed, places)
