"""First-order indices of any forecast, plain or weighted: what matters, for free."""

from collections.abc import Sequence

import numpy as np

from clustercast.arrays import FloatArray, IntArray, Names
from clustercast.arrays.indices.given_data import default_bins, first_order_indices
from clustercast.arrays.indices.intervals import FewRuns, as_wide_as_few_events, normal_factor
from clustercast.arrays.points.streams import stream
from clustercast.arrays.summaries import checked_weights, effective_size
from clustercast.dataset import Dataset, Weights, design_of, finite_numbers, provenance_of, weights_array
from clustercast.engine.model import Model, with_changes
from clustercast.errors import InputError, nearest, takes
from clustercast.sampling import MEASURED, PLAIN
from clustercast.sensitivity.outputs import Scale, analysed_outputs, labelled

DUMMY = "dummy"


@takes("sample")
def given_data_indices(
    forecast: Dataset,
    outputs: Names = None,
    inputs: Names = None,
    weights: Weights = None,
    bins: int | None = None,
    scale: Scale = "auto",
    confidence: float = 0.95,
    model: Model | None = None,
    dummy: bool = False,
    seed: int = 0,
) -> Dataset:
    """First-order indices of every output and year from the forecast's own sample.

    No further runs are needed. Each index is the variance between the means of bins of one input, less what chance
    alone gives. For correlated inputs it includes what an input shares with others.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn as ``"random"``, ``"latin"`` or ``"sobol"``, or samples of a posterior.
    inputs : str or iterable of str, optional
        Inputs to rank, or other variables of the sample; all inputs that vary by default.
    weights : DataArray, array_like, shape (sample,), or str, optional
        Importance weights, 0 or more, or the name of the variable that holds them; equal by default.
    bins : int, optional
        Number of bins; by default it grows with the effective sample, 48 at 8,192.
    outputs, scale, confidence : optional
        As in `sobol_indices`.
    model : Model, optional
        Where the outputs come from. An input that an output does not depend on, neither itself nor by a correlation,
        then has an index of 0, not one of chance. It holds for plain samples only.
    dummy, seed : optional
        Whether to add an input ``dummy``, of that seed, that has no effect: what it gets by chance is the noise floor.

    Returns
    -------
    Dataset
        ``S1`` and its half-width ``S1_conf``, dims (output[, year], input); NaN where an output does not vary. The
        intervals hold for independent samples and are wide for Sobol' points, of which ``warning`` says where they are
        too few. Of a posterior, equal draws count as one of their joint weight; thin a chain that moves slowly.

    Raises
    ------
    InputError
        The design's rows are not independent, a name is unknown, a value is not finite, or the sample is too small.

    References
    ----------
    Plischke (2012), doi:10.1016/j.ress.2011.12.007.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 2))
    >>> forecast = cc.evaluate(cc.draw(priors, 4096, seed=1), lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> cc.given_data_indices(forecast, scale="raw")["S1"].round(1).values.tolist()
    [[0.2, 0.8]]
    """
    normal = normal_factor(confidence)
    names = varied_inputs(forecast, inputs)
    sample = input_matrix(forecast, names)
    shares = weights_array(weights, forecast)
    if shares is None and str(design_of(forecast).get("name")).startswith("posterior"):
        # How often each row occurs, at its first place.
        _, first, counts = np.unique(sample, axis=0, return_index=True, return_counts=True)
        shares = np.bincount(first, counts, len(sample)).astype(np.float64)
    effective = float(len(sample)) if shares is None else effective_size(checked_weights(shares, len(sample)))
    count = default_bins(effective) if bins is None else int(bins)
    drawn = max(len(names), len(provenance_of(forecast).get("inputs", ())))
    sobol = drawn if design_of(forecast).get("name") == "sobol" else 0
    source = None if model is None or weights is not None else with_changes(model, names)
    columns_of, results, few = [*names, *[DUMMY] * dummy], [], []
    # Measured on 3 to 110 columns of a Sobol' sequence: in fewer points the places in one follow those in others.
    if len(sample) < (needed := sobol * max(128, 4 * sobol)):
        said = f"{len(sample):,} Sobol' points are few for {sobol} inputs: an idle one may have an index of 0.1 or more"
        few.append(f"{said}, as it follows others; draw {1 << (needed - 1).bit_length():,}, or use design='random'.")
    if dummy:
        sample = np.column_stack([sample, dummy_values(names, len(sample), seed)])
    for output in (each.for_squares() for each in analysed_outputs(forecast, outputs, scale)):
        result, errors = first_order_indices(sample, output.values.T, shares, count, sobol)
        events = _few_events(output.values, shares)
        few += output.few_runs_caution(events)
        known = np.array([*(_matters(name, output.name, source, forecast) for name in names), *[True] * dummy])
        parts = {"S1": result.T, "S1_conf": as_wide_as_few_events(normal * errors.T, result.T, events, confidence)}
        results.append(output.measured({key: np.where(known | np.isnan(p), p, 0.0) for key, p in parts.items()}))
    about = {"estimator": "bias-corrected binning", "estimator_references": "doi:10.1016/j.ress.2011.12.007"}
    attrs = {**about, "bins": count, "effective_size": effective, "weighted": int(shares is not None)}
    attrs |= {"interval": "asymptotic", "confidence": confidence, "runs": len(sample)}
    return labelled(results, columns_of, forecast, attrs, few)


def dummy_values(names: Sequence[str], size: int, seed: int) -> IntArray:
    """Return the values of an input that has no effect."""
    if DUMMY in names:
        raise InputError(f"an input is called {DUMMY!r} already; it may be the noise floor, or rename it")
    return stream(seed, DUMMY).permutation(size)


def _few_events(values: FloatArray, shares: FloatArray | None) -> FloatArray:
    """Return on how many effective samples each column rests, of another than the usual value or of its variance."""
    if shares is None:
        return FewRuns.of(values).events
    # The usual value is the one at half of the weight.
    order, least = np.argsort(values, axis=1), np.finfo(np.float64).tiny
    half = (np.cumsum(shares[order], axis=1) < shares.sum() / 2).sum(axis=1, keepdims=True)
    unusual = values != np.take_along_axis(values, np.take_along_axis(order, half, axis=1), axis=1)
    centred = values - (values @ shares)[:, np.newaxis] / shares.sum()
    squares = (centred / np.maximum(np.abs(centred).max(axis=1, keepdims=True), least)) ** 2
    effective = (unusual @ shares) ** 2 / np.maximum(unusual @ shares**2, least)
    return FewRuns.from_sums(effective, squares @ shares, squares**2 @ shares**2, int(effective_size(shares))).events


def _matters(name: str, output: str, model: Model | None, forecast: Dataset) -> bool:
    """Return whether an input of a plain sample can explain an output; without a model, any can."""
    if model is None or output not in model.functions or design_of(forecast).get("name") not in PLAIN:
        return True
    correlated = design_of(forecast).get("correlated", [])
    used = model.inputs([output])
    return name in used or (name in correlated and not set(correlated).isdisjoint(used))


def varied_inputs(forecast: Dataset, inputs: Names) -> tuple[str, ...]:
    """Return the inputs to look at: those asked for, or all that vary over the sample."""
    design = design_of(forecast).get("name")
    if design in MEASURED:
        own = "cc.sobol_indices" if design == "saltelli" else "the measure it was drawn for"
        what = f"the rows of a {design} design repeat each other's inputs, so they are no independent sample"
        raise InputError(f'{what}; use cc.draw(priors, size, design="random") or design="sobol", or {own}')
    if not forecast.sizes.get("sample"):
        raise InputError("the forecast holds no samples; propagate a draw of some thousands")
    known = [str(name) for name, variable in forecast.data_vars.items() if variable.dims == ("sample",)]
    if inputs is None:
        # The draw's own list comes first: arithmetic on an input may hand its attributes on.
        drawn = provenance_of(forecast).get("inputs", [])
        marked = [name for name in known if forecast[name].attrs.get("role") == "input"]
        chosen = tuple(name for name in drawn or marked if name in known)
        if not chosen:
            raise InputError("the forecast holds no input that varies over samples; propagate a draw, or pass inputs=")
        return chosen
    names = tuple(dict.fromkeys([inputs] if isinstance(inputs, str) else inputs))
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"{unknown[0]!r} is not an input or other variable with samples{nearest(unknown[0], known)}")
    if not names:
        raise InputError("inputs is empty; name at least one, or leave it out for all")
    return names


def input_matrix(forecast: Dataset, names: Sequence[str]) -> FloatArray:
    """Return the samples of some inputs, shape (samples, inputs), refused where one is not finite."""
    return np.column_stack([finite_numbers(name, forecast.variables[name]) for name in names])
