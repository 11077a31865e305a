"""Sensitivity to correlated inputs: Shapley effects and Kucherenko's indices of a forecast."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from clustercast.arrays import FloatArray, Names, Pair
from clustercast.arrays.indices import dependent
from clustercast.arrays.indices.intervals import FewRuns, student_factor
from clustercast.dataset import Dataset, Record, design_of
from clustercast.errors import typed
from clustercast.sensitivity.design import VariedInputs, kucherenko_design, shapley_design
from clustercast.sensitivity.outputs import Scale, analysed_outputs, labelled

# Of the draws of an input, the share that differ where its law is continuous; rounding makes some equal.
_DISTINCT = 0.99
# What gives the estimates and standard errors of each index by name, shape (inputs, columns).
Measure = Callable[[FloatArray], dict[str, Pair]]


@typed
def shapley_effects(
    forecast: Dataset, *, outputs: Names = None, scale: Scale = "auto", confidence: float = 0.95
) -> Dataset:
    """Shapley effects: shares of the variance that sum to 1, for correlated inputs too.

    The effect of an input is what it adds to the explained variance, on average over all orders of becoming known.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn with ``design="shapley"``; all samples, in order.
    outputs, scale, confidence : optional
        As in `sobol_indices`, whose errors this has too.

    Returns
    -------
    Dataset
        ``Sh`` and its half-width ``Sh_conf``, dims (output[, year], input); 0 for an input without influence, NaN where
        an output does not vary. Coordinates and attributes as of `sobol_indices`.

    References
    ----------
    Song, Nelson and Staum (2016), doi:10.1137/15M1048070; Broto, Bachoc and Depecker (2020), doi:10.1137/18M1234631;
    Goda (2021), doi:10.1016/j.ress.2020.107183.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 2))
    >>> inputs = cc.draw(priors, 1024, design="shapley")
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> cc.shapley_effects(forecast, scale="raw")["Sh"].sel(output="total").round(1).values.tolist()
    [0.2, 0.8]
    """
    varied, orders = shapley_design(forecast)
    measure = functools.partial(dependent.shapley_effects, permutations=orders, replicates=varied.replicates)
    references = "doi:10.1137/15M1048070 doi:10.1137/18M1234631 doi:10.1016/j.ress.2020.107183"
    how = {"estimator": "random-permutation trajectories", "estimator_references": references}
    return _measured_forecast(forecast, outputs, scale, varied, measure, {**how, "confidence": confidence})


@typed
def kucherenko_indices(
    forecast: Dataset, *, outputs: Names = None, scale: Scale = "auto", confidence: float = 0.95
) -> Dataset:
    """First and total indices of correlated inputs, inclusive and exclusive of correlation.

    ``S1_full`` is the variance that knowing the input explains, what it shares with others included, and ``ST_ind`` the
    variance that remains when all others are known: the two indices of Kucherenko et al. ``ST_full`` adds the
    interactions to the first, and ``S1_ind`` leaves them out of the second. An input with S1_full well above ST_ind
    matters by what it is correlated with. Without correlations the indices are Sobol's.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn with ``design="kucherenko"``; all samples, in order.
    outputs, scale, confidence : optional
        As in `sobol_indices`, whose errors this has too.

    Returns
    -------
    Dataset
        ``S1_full``, ``ST_full``, ``S1_ind``, ``ST_ind`` and half-widths ``*_conf``, dims (output[, year], input); 0 for
        an input without influence, NaN where an output does not vary.

    References
    ----------
    Kucherenko et al. (2012), doi:10.1016/j.cpc.2011.12.020; Mara et al. (2015), doi:10.1016/j.envsoft.2015.05.010.

    Examples
    --------
    >>> priors = cc.Priors(cc.Correlation(("x", "y"), 0.8), x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> inputs = cc.draw(priors, 1024, design="kucherenko")
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> indices = cc.kucherenko_indices(forecast, scale="raw")
    >>> indices["S1_full"].round(1).values.tolist(), indices["ST_ind"].round(1).values.tolist()
    ([[0.9, 0.9]], [[0.1, 0.1]])
    """
    varied, correlated = kucherenko_design(forecast)
    own: dict[str, Any] = {"dimensions": len(varied.names), "correlated": correlated, "replicates": varied.replicates}
    measure: Measure = functools.partial(dependent.kucherenko_indices, **own)
    references = "doi:10.1016/j.cpc.2011.12.020 doi:10.1016/j.envsoft.2015.05.010"
    how = {"estimator": "azzini-rosati", "estimator_references": references, "confidence": confidence}
    return _measured_forecast(forecast, outputs, scale, varied, measure, how)


def _measured_forecast(
    forecast: Dataset, outputs: Names, scale: Scale, varied: VariedInputs, measure: Measure, how: Record
) -> Dataset:
    """Measure one output after the other, all its years at once; what nothing depends on has measures of 0."""
    confidence = how["confidence"]
    results, few, factor = [], [], student_factor(varied.replicates, confidence)
    for output in (each.for_squares() for each in analysed_outputs(forecast, outputs, scale)):
        values = output.values.T.reshape(varied.size, -1, len(output.values))
        # The first and the last row of a point are independent of each other.
        ends = values[:, [0, -1]].reshape(-1, values.shape[-1]).T
        few_runs = FewRuns.of(ends)
        # An event that only other rows show happened at least once.
        hidden = (np.ptp(ends, axis=1) == 0) & (np.ptp(output.values, axis=1) > 0)
        few_runs = few_runs._replace(events=np.where(hidden, 1.0, few_runs.events))
        few += output.few_runs_caution(few_runs.events, few_runs.kurtosis)
        elsewhere = np.where(np.ptp(output.values, axis=1) == 0, np.nan, 0.0)
        parts: dict[str, FloatArray] = {}
        measures = measure(values)
        for name, (result, errors) in measures.items():
            kind = name.partition("_")[0]
            own = {kind: result.T, "ST": measures[name.replace("S1", "ST")][0].T, f"{kind}_conf": factor * errors.T}
            width = few_runs.widened(own, confidence)[f"{kind}_conf"]
            parts |= {name: varied.of_all(result, elsewhere), f"{name}_conf": varied.of_all(width.T, elsewhere)}
        results.append(output.measured(parts))
    attrs = {**how, "interval": "student-t", "runs": forecast.sizes["sample"]}
    return labelled(results, varied.among, forecast, attrs, [*_known_by_score(forecast, varied), *few])


def _known_by_score(forecast: Dataset, varied: VariedInputs) -> list[str]:
    """Return that of correlated inputs with few values a score is known, which says more of the others."""
    correlated = [name for name in design_of(forecast).get("correlated", []) if name in varied.names]
    # The last row of each point is drawn anew.
    values = {name: forecast[name].values.reshape(varied.size, -1)[:, -1] for name in correlated}
    if not (few := [name for name, column in values.items() if len(np.unique(column)) < _DISTINCT * varied.size]):
        return []
    what = f"Many draws share a value of {', '.join(few)}: to know such an input counts here as to know the normal"
    why = "score behind it, which says more of the inputs it correlates with; its share is too large, theirs too small"
    return [f"{what} {why}. cc.given_data_indices and cc.regional_indices go by its value."]
