"""Sobol' indices of a forecast: which inputs own the uncertainty of which output in which year."""

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from clustercast.arrays import FloatArray, Names, real_numbers
from clustercast.arrays.indices.intervals import FewRuns, bootstrap_weights, check_confidence
from clustercast.arrays.indices.sobol_estimators import Estimator, estimator_named, runs_per_point
from clustercast.arrays.indices.sobol_panel import sobol_panel
from clustercast.arrays.points.streams import checked_seed
from clustercast.dataset import years_of
from clustercast.errors import InputError, takes, typed, whole_number
from clustercast.sensitivity.design import SaltelliDesign, saltelli_design
from clustercast.sensitivity.outputs import Scale, analysed_outputs, labelled_sobol, unresolved
from clustercast.sensitivity.salib import sobol_columns

Engine = Literal["panel", "salib"]
# Outputs of so many numbers are analysed together: of small ones the calls cost more than the numbers.
_NUMBERS_AT_ONCE = 1 << 22


@typed
def sobol_indices(
    forecast: xr.Dataset,
    *,
    outputs: Names = None,
    engine: Engine = "panel",
    estimator: str | None = None,
    scale: Scale = "auto",
    second_order: bool = False,
    confidence: float = 0.95,
    resamples: int = 100,
    seed: int = 0,
) -> xr.Dataset:
    """Sobol' indices of every output and year of a forecast.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn with ``design="saltelli"``; all samples, in order.
    outputs : str or iterable of str, optional
        All by default. A variable added to the forecast counts too: ``forecast.assign(reached=forecast["x"] >= 1e12)``.
    engine : {"panel", "salib"}, optional
        One pass over the panel of outputs and years, or SALib itself on each column.
    estimator : str, optional
        ``"azzini-rosati"`` (default on a design with second order, where it is by far the most precise),
        ``"saltelli-jansen"`` (SALib's own; default on a design without), ``"janon-monod"`` (a correlation of two runs,
        with the mean and variance of both), ``"saltelli"`` or ``"jansen"``. Where tails are heavy none is steadier than
        the others; ``scale="log10"`` is.
    scale : {"auto", "log10", "raw"} or mapping of str to these, optional
        Scale of the outputs, or of each. ``"auto"`` goes by what an output is, never by its values: as `quantity`
        declares it (``positive=``), else log10 in a unit such as W or USD, raw for pure numbers, times, rates, labels.
    second_order : bool, optional
        Whether to estimate ``S2``, interactions of pairs, too.
    confidence, resamples, seed : optional
        Coverage of the intervals, between 0 and 1, and their bootstrap (of one scramble only); 0 resamples for none.

    Returns
    -------
    Dataset
        ``S1``, ``ST``, dims (output[, year], input); half-widths ``*_conf``, and ``ST_lead_conf``, that of the lead of
        an input's ST over the next; ``variance`` on the scale of the analysis (pure number squared for log10); where
        asked for ``S2``, dims (output[, year], input, input_2), above the diagonal. Without it ``to_dataframe()`` has
        one row an output, year and input. Coordinates ``scale`` and ``unit`` by output. Attributes: how it was done,
        where the forecast came from, and ``warning``: what could mislead, empty if nothing; ``interval`` is
        ``"student-t"`` or ``"bootstrap"``, and ``interval_widened`` 1 where a skewed estimate has a wider one, as all
        have but the bootstrap of ``"saltelli-jansen"``, SALib's own. With groups in the draw, ``input`` holds the
        groups, and S1 is their closed index. An output without years repeats over those of others. Where an output does
        not vary its variance is 0 and its indices are NaN.

    Raises
    ------
    InputError
        The forecast is not of a Saltelli design, or is shuffled, cut or altered; a value is not finite; an output is
        unknown, or none varies; a choice does not fit the design.

    References
    ----------
    Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; Azzini, Mara and Rosati (2021),
    doi:10.1016/j.envsoft.2021.105167; Janon et al. (2014), doi:10.1051/ps/2013040; intervals: L'Ecuyer et al.
    (2023), doi:10.1109/WSC60868.2023.10408613; Hall (1992), doi:10.1007/978-1-4612-4384-7.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> inputs = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=1)
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + 2 * y, outputs={"total": "1"}, form="arrays")
    >>> cc.sobol_indices(forecast, scale="raw")["ST"].sel(output="total").round(2).values.tolist()
    [0.2, 0.8]
    """
    design = saltelli_design(forecast)
    seed = checked_seed(seed)
    chosen, attrs = _method(design, engine, estimator, second_order, confidence, resamples)
    salib, bootstrap = engine == "salib", attrs["interval"] == "bootstrap"
    attrs |= {"resamples": resamples if bootstrap else 0, "resampling_seed": str(seed) if bootstrap else ""}
    how: dict[str, Any] = {"design_second_order": design.second_order, "second_order": second_order}
    how["confidence"] = confidence
    if salib:
        how |= {"resamples": resamples, "seed": seed}
    else:
        weights = bootstrap_weights(design.size, resamples, seed) if bootstrap else None
        how |= {"estimator": chosen, "weights": weights, "replicates": design.replicates}
    results, few, every = [], [], analysed_outputs(forecast, outputs, scale)
    at_once = max(_NUMBERS_AT_ONCE // max(forecast.sizes["sample"] * forecast.sizes.get("year", 1), 1), 1)
    # Products of a column are small: threads of BLAS cost more than they save, and on a busy machine much more.
    with threadpool_limits(1, user_api="blas"):
        while together := list(itertools.islice(every, at_once)):
            panel = np.concatenate([output.values for output in together]) if at_once > 1 else together[0].values
            measures, done = (sobol_columns if salib else sobol_panel)(panel, len(design.swaps), **how), 0
            if "events" not in measures:  # SALib's own intervals, which nothing has widened
                runs = panel.reshape(len(panel), -1, runs_per_point(len(design.swaps), design.second_order))
                few_runs = FewRuns.of(runs[..., [0, -1]], apart=True)
                few_runs = few_runs._replace(replicates=design.replicates, swapped=runs[..., : len(design.swaps) + 1])
                measures = few_runs.widened(measures, confidence)
            for output in together:
                own = slice(done, done := done + len(output.values))
                result = {name: each[own] for name, each in measures.items()}
                few += output.few_runs_caution(result.pop("events"), result.pop("kurtosis"))
                results.append(output.measured(result, result["variance"] == 0))
    return labelled_sobol(results, forecast, attrs, few)


def method_attributes(engine: str, estimator: Estimator, interval: str, confidence: float) -> dict[str, Any]:
    """Return how indices were estimated, for the attributes of a dataset."""
    return {
        "engine": engine,
        "estimator": estimator.name,
        "estimator_references": " ".join(f"doi:{doi}" for doi in estimator.references),
        "interval": interval,
        "interval_widened": int(estimator.widens_bootstrap if interval == "bootstrap" else interval == "student-t"),
        "confidence": confidence,
    }


def _method(
    design: SaltelliDesign, engine: str, estimator: str | None, second_order: bool, confidence: float, resamples: int
) -> tuple[Estimator, dict[str, Any]]:
    """Fill in what was left open, and refuse what does not fit together; return the method in attributes too."""
    check_confidence(confidence)
    if design.size < 2:
        raise InputError(f"the design has {design.size} base point, without variance; draw 2 or more (1,024 is usual)")
    if whole_number("resamples", resamples, least=0, most=1_000_000) == 1:
        raise InputError("resamples is 1; give 0 for no intervals, or 2 or more (100 is usual)")
    if engine not in ("panel", "salib"):
        raise InputError(f"engine is {engine!r}, and must be 'panel' or 'salib'")
    if engine == "salib" and estimator not in (None, "saltelli-jansen"):
        raise InputError(f"engine 'salib' has the estimator 'saltelli-jansen' only, not {estimator!r}")
    if engine == "salib" and resamples == 0:
        raise InputError("engine 'salib' needs resamples of 2 or more (100 is usual)")
    default = "azzini-rosati" if design.second_order and engine == "panel" else "saltelli-jansen"
    chosen = estimator_named(estimator or default)
    if (second_order or chosen.needs_second_order) and not design.second_order:
        what = "second_order=True" if second_order else f"estimator {chosen.name!r}"
        raise InputError(f"{what} needs a design with the rows BA; draw it with second_order=True")
    interval = "student-t" if design.replicates > 1 and engine == "panel" else "bootstrap" if resamples else "none"
    return chosen, method_attributes(engine, chosen, interval, confidence)


@takes()
def ranking_resolved(indices: xr.Dataset, k: int = 3) -> xr.DataArray:
    """Return whether the order of the first k inputs by total index is resolved.

    Each of them must lead the next one by more than the half-width of the lead, unless neither matters: both totals,
    intervals included, are below 0.01. Where the result has no intervals of leads (engine ``"salib"``,
    `time_integrated`), the two half-widths are added, which asks for more than is needed.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with intervals; without them an `InputError` is raised.
    k : int, optional
        1 or more, anything else raises an `InputError`; all inputs where there are fewer.

    Returns
    -------
    DataArray
        Truth values, dims (output[, year]); false where an output does not vary.
    """
    k = whole_number("k", k)
    if "ST_conf" not in indices:
        raise InputError("indices have no intervals; ask sobol_indices for resamples=100, or draw with replicates=8")
    result = indices["variance"].copy(data=~unresolved(indices, k) & (indices["variance"].values > 0))
    result.attrs = {"long_name": f"order of the first {k} inputs by ST resolved", "units": "1"}
    return result.rename("ranking_resolved")


@takes()
def time_integrated(
    indices: xr.Dataset, *, until: float | None = None, weights: Sequence[float] | FloatArray | None = None
) -> xr.Dataset:
    """Integrate indices over an output's years, each year weighing by its variance.

    ``S_u = sum_t w_t Var_t S_u(t) / sum_t w_t Var_t``: the share of the variance of the whole path. On the raw scale of
    a growing output the last years own it; on log10 they do not.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with a dimension year, without which an `InputError` is raised.
    until : float, optional
        Last year to count, an `InputError` before the first; the last there is by default.
    weights : array_like, shape (years counted,), optional
        Weights w of the years; equal by default, which for yearly steps is the time integral. Others than numbers that
        are not negative nor all 0 raise an `InputError`.

    Returns
    -------
    Dataset
        S1, ST and, where there, S2, dims (output, input[, input_2]); `variance`, the weighted mean over the years.
        Half-widths are the weighted means of the years' own, as if their errors moved together: as wide as they can be.
        Attributes record the years and the weights.

    References
    ----------
    Lamboni, Monod and Makowski (2011), doi:10.1016/j.ress.2010.09.002; Gamboa et al. (2014),
    doi:10.1214/14-EJS895; Alexanderian, Gremaud and Smith (2020), doi:10.1016/j.ress.2019.106722.
    """
    if not {"S1", "ST", "variance"} <= set(indices):
        raise InputError("these are not the indices of sobol_indices: S1, ST or variance is missing")
    if "year" not in indices.dims:
        raise InputError("the indices have no years to integrate over; analyse outputs that depend on the year")
    counted = indices if until is None else indices.isel(year=years_of(indices) <= until)
    years = years_of(counted)
    if len(years) == 0:
        raise InputError(f"no year is at or before {until}; the indices begin in {years_of(indices)[0]:g}")
    by_year = np.ones(len(years)) if weights is None else real_numbers("weights", weights)
    if by_year.shape != years.shape or (by_year < 0).any() or not np.isfinite(by_year).all() or not by_year.any():
        what = f"weights must be {len(years)} numbers, none negative and not all 0"
        raise InputError(f"{what}, one for each year from {years[0]:g} to {years[-1]:g}, not {by_year.tolist()}")
    share = xr.DataArray(by_year / by_year.sum(), dims="year") * counted["variance"].drop_vars("year")
    total = share.sum("year")
    # The order of the inputs, and so their leads, may change from year to year.
    result = counted.drop_vars(["year", "variance", "ST_lead_conf"], errors="ignore").where(share > 0, 0.0)
    integrated = (result * share).sum("year", skipna=False) / total.where(total > 0)
    integrated["variance"] = total
    for name in integrated.data_vars:
        integrated[name].attrs = counted[name].attrs
    integrated.attrs = counted.attrs | {"years": years.tolist(), "year_weights": by_year.tolist()}
    return integrated
