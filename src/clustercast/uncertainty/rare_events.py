"""The probability of a rare condition, which plain draws hardly meet, and the inputs that bring it about."""

import functools
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import check_confidence, half_width
from clustercast.arrays.indices.rare_events import distances, find_levels, sample_events
from clustercast.arrays.points.copula import correlate
from clustercast.arrays.points.streams import stream
from clustercast.dataset import Dataset, input_arrays, with_provenance
from clustercast.engine.model import Model, change_of, with_changes
from clustercast.engine.program import program
from clustercast.errors import InputError, typed, whole_number
from clustercast.evaluation import evaluate
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS, Progress, propagate, run_blocks, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw, values_at_scores
from clustercast.uncertainty.claims import Claim
from clustercast.uncertainty.conditions import Condition, parse_condition

_POPULATIONS, _CHAINS = 16, 100
_REFERENCES = "doi:10.1016/S0266-8920(01)00019-4 doi:10.1111/rssb.12475 doi:10.1016/0043-1354(80)90040-8"


@typed
def rare_probability(
    priors: Priors,
    claim: str | Condition | Claim,
    *,
    model: Model | None = None,
    years: Iterable[float] | None = None,
    function: Callable[..., Any] | None = None,
    seed: int = 0,
    relative_error: float = 0.1,
    confidence: float = 0.95,
    budget: int = 1 << 22,
    progress: Progress | None = None,
    **evaluation: Any,
) -> Dataset:
    """Probability of a rare condition, to a relative error, and which inputs bring it about.

    Subset simulation: populations of draws climb to the condition over levels that one in ten reaches, so that a
    probability of 1e-5 takes about 100,000 runs, where plain draws need 10,000,000. A part of the condition that no
    level leads to, since other draws come closer for long, may be missed, and no error shows it.

    Parameters
    ----------
    priors : Priors
        Correlated and discrete inputs are allowed.
    claim : str, Condition or Claim
        As for `parse_condition`; one on a label or with ``=`` has no levels, and is found by plain draws alone.
    model, years
        As in `propagate`; the years are by default each from 2022 to the last date of the condition, and its dates.
    function : callable, optional
        Any function of all inputs in the place of a model, as in `evaluate`.
    seed, budget : int, optional
        The same seed gives the same bits; runs after which to stop in any case.
    relative_error, confidence : float, optional
        Standard error over probability at which to stop; coverage of the interval.
    progress : callable, optional
        Called with runs done and `budget`.
    **evaluation
        `outputs`, `form`, `coords` and `executor` of the function, as in `evaluate`.

    Returns
    -------
    Dataset
        ``probability``; ``standard_error``, from the spread of independent populations; ``lower`` and ``upper``;
        ``effective_events``, those that plain draws would show with this error; ``runs``. By ``input``: ``distance``,
        of Kolmogorov and Smirnov, between its law given the event and its prior, from 0 to 1; ``distance_by_chance``,
        which one in 20 inputs without influence exceeds; ``share_above_median``, the probability given the event that
        it is above its prior median, at which equal values of a discrete input are split as a priori. The attribute
        ``warning`` says what falls short.

    Raises
    ------
    InputError
        If the event is never reached, or the condition does not fit priors and model, or function.

    References
    ----------
    S.-K. Au and J. L. Beck (2001), doi:10.1016/S0266-8920(01)00019-4; H.-D. Dau and N. Chopin (2022),
    doi:10.1111/rssb.12475; the distance: R. C. Spear and G. M. Hornberger (1980), doi:10.1016/0043-1354(80)90040-8;
    A. Marrel and V. Chabridon (2021), doi:10.1016/j.ress.2021.107711.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> how = {"function": lambda x, y: x + y, "outputs": {"total": "1"}, "form": "arrays"}
    >>> rare = cc.rare_probability(priors, "total > 6", seed=1, **how)
    >>> float(rare["lower"]) < 1.1e-5 < float(rare["upper"])
    True
    """
    check_confidence(confidence)
    if not (isinstance(relative_error, Real) and 0 < relative_error < 1):
        raise InputError(f"relative_error is {relative_error!r}; give a number between 0 and 1, as 0.1")
    whole_number("budget", budget, least=1)
    asked = claim.asked if isinstance(claim, Claim) else claim
    asked = asked if isinstance(asked, Condition) else parse_condition(asked)
    study = _Study(checked_priors(priors), asked, model, years, function, evaluation, seed)
    names = study.names
    levels = find_levels(study.margin, len(names), stream(seed, "rare event levels"))
    if not levels.led_on:
        raise InputError(f"{asked.text!r} is not reached: after {levels.runs:,} runs its probability is below 1e-15")
    probabilities, laws, runs = np.empty(0), list[FloatArray](), levels.runs
    while True:
        generator = stream(seed, f"rare event {len(probabilities)}")
        result = sample_events(study.margin, levels, len(names), _POPULATIONS, _CHAINS, generator)
        runs += result.runs
        laws.append(result.law(study.correlated(result.scores)))
        probabilities = np.append(probabilities, result.probabilities)
        error = float(probabilities.std(ddof=1)) / np.sqrt(probabilities.size)
        if progress is not None:
            progress(min(runs, budget), budget)
        if runs >= budget or 0 < error <= relative_error * probabilities.mean() or probabilities.min() == 1:
            break
    if not probabilities.any():
        remedy = "give a larger budget, or a condition that has degrees"
        raise InputError(f"{asked.text!r} is not reached in {runs:,} runs; {remedy}")
    return study.labelled(len(levels.margins), probabilities, np.concatenate(laws), runs, relative_error, confidence)


class _Study:
    """A condition on a model or function, as a margin of independent normal scores of the inputs that matter."""

    def __init__(
        self,
        priors: Priors,
        asked: Condition,
        model: Model | None,
        years: Iterable[float] | None,
        function: Callable[..., Any] | None,
        evaluation: Mapping[str, Any],
        seed: int,
    ) -> None:
        if function is None and evaluation:
            raise InputError(f"{next(iter(evaluation))} is of a function; give function too")
        if function is not None and not (model is None and years is None):
            raise InputError("a function takes the place of model and years; leave these out")
        outputs = [name for name in asked.names if name not in priors]
        changed = with_changes(cluster_model() if model is None else model, priors)
        wanted = wanted_outputs(changed, outputs) if outputs and function is None else ()
        if wanted:
            changed.check_inputs([name for name in priors if change_of(name) or name in changed.inputs()], wanted)
        if function is None or not outputs:
            used = {*(changed.inputs(wanted) if wanted else ()), *asked.names} & {*priors}
            priors = priors.only(used | {*priors.correlated} if used & {*priors.correlated} else used)
        if not priors.uncertain:
            raise InputError(f"no uncertain input of {priors.name} bears on {asked.text!r}; free one")
        few = draw(priors, 256, seed=seed)
        # What gives the outputs of some samples from their inputs; None for a condition on inputs alone.
        self.run: Callable[[dict[str, FloatArray], int], Mapping[str, FloatArray]] | None = None
        if wanted:
            dates = [year for year in YEARS if year < max(asked.years, default=np.inf)]
            grid = year_grid(sorted({*dates, *asked.years}) if years is None else years)
            inputs = few[[name for name in few.data_vars if name in changed.inputs(wanted)]]
            self.run = functools.partial(run_blocks, program(changed, *input_arrays(inputs), wanted, grid))
            few = propagate(inputs, model=model, years=grid, outputs=wanted).assign(few.data_vars)
        elif outputs and function is not None:
            how = {"outputs": {}, **evaluation}
            self.run = functools.partial(_run_function, few.drop_attrs(deep=False), function, how)
            few = evaluate(few, function, **how)
        # A forecast of a few samples, from which blocks take dimensions, units and labels.
        self.priors, self.asked, self.few, self.names, self.seed = priors, asked, few, priors.uncertain, seed
        self._columns = [self.names.index(name) for name in priors.correlated]
        ends = [np.quantile(clause.margin(few), [0.25, 0.75], method="nearest") for clause in asked.clauses]
        # What one step of the margin of each clause is, so that the least of several means something.
        self._scales = [float(high - low) if 0 < high - low < np.inf else 1.0 for low, high in ends]

    def correlated(self, scores: FloatArray) -> FloatArray:
        """Return the normal scores of the inputs from independent ones, shape (n, d)."""
        if self._columns:
            scores = scores.copy()
            scores[:, self._columns] = correlate(scores[:, self._columns], self.priors.correlation_factor)
        return scores

    def margin(self, scores: FloatArray) -> FloatArray:
        """Return the least margin of the clauses."""
        values = values_at_scores(self.priors, dict(zip(self.names, np.ascontiguousarray(scores.T), strict=True)))
        values |= {} if self.run is None else self.run(values, len(scores))
        like = {name: self.few.variables[name] for name in self.asked.names}
        block = {name: (one.dims, values.get(name, one.values), one.attrs) for name, one in like.items()}
        years = {"year": self.few.variables["year"]} if "year" in self.few.coords else {}
        forecast = xr.Dataset(block, {"sample": np.arange(len(scores)), **years})
        clauses = zip(self.asked.clauses, self._scales, strict=True)
        return np.asarray(np.minimum.reduce([clause.margin(forecast) / scale for clause, scale in clauses]))

    def labelled(
        self, steps: int, estimates: FloatArray, law: FloatArray, runs: int, relative_error: float, confidence: float
    ) -> Dataset:
        """Label what was found, from the estimate of each population."""
        size, probability = estimates.size, float(estimates.mean())
        error = float(estimates.std(ddof=1)) / np.sqrt(size)
        relative = error / probability
        left_out = (size * probability - estimates) / (size - 1)
        # On the logarithm, where estimates of small probabilities are nearer to normal.
        factor = np.exp(float(half_width(left_out, confidence, resampled=False)) / probability)
        numbers = {"probability": probability, "standard_error": error}
        numbers |= {"lower": probability / factor, "upper": min(probability * factor, 1.0)}
        numbers |= {"effective_events": (1 - probability) / relative**2 if error else np.inf, "runs": runs}
        measures = distances(estimates, law, stream(self.seed, "rare event distances"))
        warnings = []
        if error > relative_error * probability:
            warnings.append(f"The relative error is {relative:.2g} after {runs:,} runs; give a larger budget.")
        if (missed := np.count_nonzero(estimates == 0)) > size / 4:
            warnings.append(f"{missed} of {size} populations did not reach the event; the error may be too small.")
        attrs = {**self.few.attrs, "condition": self.asked.text, "long_name": self.asked.words}
        attrs |= {"method": "subset simulation", "references": _REFERENCES, "levels": steps}
        attrs |= {"populations": size, "confidence": confidence, "warning": " ".join(warnings)}
        variables: dict[str, Any] = {name: ((), value, {"units": "1"}) for name, value in numbers.items()}
        by_input = zip(("distance", "distance_by_chance", "share_above_median"), measures, strict=True)
        variables |= {name: ("input", values, {"units": "1"}) for name, values in by_input}
        design = {"name": "subset simulation", "seed": self.seed, "size": runs}
        return with_provenance(xr.Dataset(variables, {"input": list(self.names)}, attrs), design=design, samples=runs)


def _run_function(
    like: Dataset, function: Callable[..., Any], evaluation: Mapping[str, Any], values: dict[str, FloatArray], size: int
) -> dict[str, FloatArray]:
    """Return the outputs of a function of inputs that are labelled like some drawn ones."""
    inputs = {n: (v.dims, values.get(str(n), v.values), v.attrs) for n, v in like.variables.items() if n != "sample"}
    result = evaluate(xr.Dataset(inputs, {"sample": np.arange(size)}), function, **evaluation)
    return {name: result.variables[name].values for name in evaluation["outputs"]}
