"""First-order indices of any forecast, plain or weighted: what matters, for free."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from clustercast.arrays import FloatArray, IntArray, Names
from clustercast.arrays.indices.given_data import BinnedSample, MainEffects, default_bins, first_order_indices
from clustercast.arrays.indices.intervals import (
    HEAVY_KURTOSIS,
    FewRuns,
    as_wide_as_few_events,
    normal_factor,
    student_factor,
)
from clustercast.arrays.points.streams import stream
from clustercast.arrays.summaries import checked_weights, effective_size, enough_replicates, parts_of
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
    alone gives. Of a plain design the smooth effects of inputs that are independent of it are taken off the output
    first. For correlated inputs it includes what an input shares with others.

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
        intervals are those of independent samples, or of 4 or more replicates of a design. In one sequence of Sobol'
        points an input may follow the product of two others, which ``warning`` says. Of a posterior, equal draws count
        as one of their joint weight; thin a chain that moves slowly.

    Raises
    ------
    InputError
        The design's rows are not independent, a name is unknown, a value is not finite, or the sample is too small.

    References
    ----------
    Plischke (2012), doi:10.1016/j.ress.2011.12.007; Li et al. (2003), doi:10.1002/jcc.10172 (effects taken off); Gamboa
    et al. (2022), doi:10.3150/21-BEJ1421 (neighbours, where few samples own the variance).

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 2))
    >>> forecast = cc.evaluate(cc.draw(priors, 4096, seed=1), lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> cc.given_data_indices(forecast, scale="raw")["S1"].round(1).values.tolist()
    [[0.2, 0.8]]
    """
    names = varied_inputs(forecast, inputs)
    sample = input_matrix(forecast, names)
    shares = weights_array(weights, forecast)
    if shares is None and str(design_of(forecast).get("name")).startswith("posterior"):
        # How often each row occurs, at its first place.
        _, first, counts = np.unique(sample, axis=0, return_index=True, return_counts=True)
        shares = np.bincount(first, counts, len(sample)).astype(np.float64)
    shares = None if shares is not None and np.ptp(shares) == 0 < shares[0] else shares
    effective = float(len(sample)) if shares is None else effective_size(checked_weights(shares, len(sample)))
    count = default_bins(effective) if bins is None else int(bins)
    source = None if model is None or weights is not None else with_changes(model, names)
    columns_of, results = [*names, *[DUMMY] * dummy], []
    if dummy:
        sample = np.column_stack([sample, dummy_values(names, len(sample), seed)])
    with threadpool_limits(1, user_api="blas"):  # with more, sums of products have other bits
        drawn = _drawn(forecast, columns_of, shares)
        binned, few = BinnedSample.of(sample, shares, count, **drawn), _caution(drawn.get("sobol", 0), len(sample))
        interval, factor = "asymptotic", normal_factor(confidence)
        if binned.replicates > 1:
            interval, factor = "student-t", student_factor(binned.replicates, confidence)
        for output in (each.for_squares() for each in analysed_outputs(forecast, outputs, scale)):
            known = np.array([*(_matters(name, output.name, source, forecast) for name in names), *[True] * dummy])
            rests = _few_runs(output.values, shares)
            few += output.few_runs_caution(events := rests.events, rests.kurtosis)
            heavy = (events > 0) | (rests.kurtosis > HEAVY_KURTOSIS)
            result, errors = first_order_indices(binned, output.values.T, known, heavy, confidence)
            widths = as_wide_as_few_events(factor * errors.T, result.T, events, confidence)
            widths = np.where(known | np.isnan(widths), widths, 0.0)
            results.append(output.measured({"S1": result.T, "S1_conf": widths}))
    about = {"estimator": "bias-corrected binning", "estimator_references": "doi:10.1016/j.ress.2011.12.007"}
    attrs = {**about, "bins": count, "effective_size": effective, "weighted": int(shares is not None)}
    attrs |= {"interval": interval, "confidence": confidence, "runs": len(sample)}
    return labelled(results, columns_of, forecast, attrs, few)


def _drawn(forecast: Dataset, columns: Sequence[str], shares: FloatArray | None) -> dict[str, Any]:
    """Return what is known of how rows were drawn: replicates, columns of one Sobol' sequence, main effects."""
    design, size, every = design_of(forecast), forecast.sizes["sample"], provenance_of(forecast).get("inputs", ())
    names = [name for name in every if name in forecast and "sample" in forecast[name].dims]
    one = design.get("name") == "sobol" and "replicates" not in design
    result: dict[str, Any] = {"sobol": max(len(columns), len(every))} if one else {}
    inputs = input_matrix(forecast, names) if names else np.empty((size, 0))
    # Inputs of rows that were left out, drawn again or weighted are not independent of each other.
    whole = design.get("name") in PLAIN and design.get("size") == size
    if not whole or not any(len(np.unique(column)) == size for column in inputs.T):
        return result
    result["replicates"] = enough_replicates(design, size)
    if shares is not None:
        # Where few replicates have most of the weight their spread says little.
        several = result["replicates"]
        enough = 2 * effective_size(parts_of(shares, several).sum(axis=1)) >= several
        return {**result, "replicates": several if enough else 1}
    result["paired"] = design["name"] != "sobol" or result["replicates"] > 1
    if {*columns} - {DUMMY} <= {*names}:
        result["effects"] = MainEffects.of(inputs, np.isin(names, design.get("correlated", [])))
        result["drawn"] = [names.index(name) if name in names else -1 for name in columns]
    return result


def _caution(columns: int, size: int) -> list[str]:
    """Return that in one sequence of Sobol' points an input may follow others, where it has that many columns."""
    # Where the sign of a product of two of the first columns is given by six digits of a third: from 3 columns of 256
    # points on, 6 of 1,024, 10 of 4,096 and 8,192, and 16 of any number up to 262,144.
    if columns < 3 or (columns < 10 and size >= 256 * columns):
        return []
    what = f"In one sequence of {size:,} Sobol' points one of {columns} inputs may follow the product of two others"
    return [f"{what}, and an idle one have an index from them; draw with replicates=16 or design='random'."]


def dummy_values(names: Sequence[str], size: int, seed: int) -> IntArray:
    """Return the values of an input that has no effect."""
    if DUMMY in names:
        raise InputError(f"an input is called {DUMMY!r} already; it may be the noise floor, or rename it")
    return stream(seed, DUMMY).permutation(size)


def _few_runs(values: FloatArray, shares: FloatArray | None) -> FewRuns:
    """Return on how many effective samples each column rests, of another than the usual value or of its variance."""
    if shares is None:
        return FewRuns.of(values)
    values, shares = values[:, shares > 0], shares[shares > 0]
    # The usual value is the one at half of the weight.
    order, least = np.argsort(values, axis=1), np.finfo(np.float64).tiny
    half = (np.cumsum(shares[order], axis=1) < shares.sum() / 2).sum(axis=1, keepdims=True)
    unusual = values != np.take_along_axis(values, np.take_along_axis(order, half, axis=1), axis=1)
    centred = values - (values @ shares)[:, np.newaxis] / shares.sum()
    centred /= np.maximum(np.abs(centred).max(axis=1, keepdims=True), least)
    squares = centred**2
    effective = (unusual @ shares) ** 2 / np.maximum(unusual @ shares**2, least)
    few = FewRuns.from_sums(effective, squares @ shares, squares**2 @ shares**2, round(effective_size(shares)))
    return few.with_tails(np.sqrt(shares) * centred)


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
