"""Whether the ranking of the inputs is resolved, and indices over all years together."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, takes, whole_number

_NEGLIGIBLE = 0.01


@takes()
def ranking_resolved(indices: xr.Dataset, k: int = 3) -> xr.DataArray:
    """Return whether the order of the first k inputs by total index is resolved.

    Each of the first k inputs must lead the next one by more than the half-width of the lead, unless neither matters:
    both totals, intervals included, are below 0.01. Where the result has no intervals of leads (engine ``"salib"``,
    `time_integrated`), the two half-widths are added, which asks for more than is needed.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with intervals.
    k : int, optional
        How many inputs to rank; all of them where there are fewer.

    Returns
    -------
    DataArray
        Truth values with dims (output[, year]); false where an output does not vary.

    Raises
    ------
    InputError
        The result has no intervals, or k is below 1.
    """
    k = whole_number("k", k)
    if "ST_conf" not in indices:
        remedy = "ask sobol_indices for resamples=100, or draw with replicates=8"
        raise InputError(f"the indices have no intervals; {remedy}")
    resolved = ~unresolved(indices, k) & (indices["variance"].values > 0)
    found = indices["variance"].copy(data=resolved)
    found.attrs = {"long_name": f"order of the first {k} inputs by ST resolved", "units": "1"}
    return found.rename("ranking_resolved")


def unresolved(indices: xr.Dataset, k: int) -> NDArray[np.bool_]:
    """Return where the first k inputs of an output that varies are not resolved, shape (output[, year])."""
    total = np.nan_to_num(indices["ST"].values)
    order = np.argsort(-total, axis=-1, kind="stable")[..., : k + 1]
    above, below = order[..., :-1], order[..., 1:]
    gap = np.take_along_axis(total, above, -1) - np.take_along_axis(total, below, -1)
    if "ST_lead_conf" in indices:
        width = np.take_along_axis(indices["ST_lead_conf"].values, above, -1)
    else:
        half = indices["ST_conf"].values
        width = np.take_along_axis(half, above, -1) + np.take_along_axis(half, below, -1)
    matters = np.take_along_axis(total + indices["ST_conf"].values, order, -1) >= _NEGLIGIBLE
    either_matters = matters[..., :-1] | matters[..., 1:]
    doubtful = (either_matters & ~(gap > width)).any(axis=-1)
    return np.asarray(doubtful & (indices["variance"].values > 0))


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
        From `sobol_indices`, with a dimension year.
    until : float, optional
        Last year to count; the last there is by default.
    weights : array_like, shape (years counted,), optional
        Weights w of the years, not negative; equal by default, which for yearly steps is the time integral.

    Returns
    -------
    Dataset
        S1, ST and, where there, S2, with dims (output, input[, input_2]); `variance` is the weighted mean over the
        years. Half-widths are the weighted means of the years' own, which is as wide as they can be: it takes the
        years' errors as moving together. Attributes record the years and the weights.

    Raises
    ------
    InputError
        There is no year to count, or the weights do not fit.

    References
    ----------
    Lamboni, Monod and Makowski (2011), doi:10.1016/j.ress.2010.09.002; Gamboa et al. (2014),
    doi:10.1214/14-EJS895; Alexanderian, Gremaud and Smith (2020), doi:10.1016/j.ress.2019.106722.
    """
    if not {"S1", "ST", "variance"} <= set(indices):
        raise InputError("these are not the indices of sobol_indices: S1, ST or variance is missing")
    if "year" not in indices.dims:
        raise InputError("the indices have no years to integrate over; analyse outputs that depend on the year")
    counted = indices if until is None else indices.sel(year=indices["year"] <= until)
    years = counted["year"].values
    if len(years) == 0:
        raise InputError(f"no year is at or before {until}; the indices begin in {indices['year'].values[0]:g}")
    by_year = np.ones(len(years)) if weights is None else np.asarray(weights, dtype=np.float64)
    if by_year.shape != years.shape or (by_year < 0).any() or not np.isfinite(by_year).all() or not by_year.any():
        raise InputError(
            f"weights must be {len(years)} numbers, none negative and not all 0, one for each year from {years[0]:g} "
            f"to {years[-1]:g}, not {by_year.tolist()}"
        )
    share = xr.DataArray(by_year / by_year.sum(), dims="year") * counted["variance"].drop_vars("year")
    total = share.sum("year")
    varies = share > 0
    # The order of the inputs, and so their leads, may change from year to year.
    result = counted.drop_vars(["year", "variance", "ST_lead_conf"], errors="ignore")
    integrated = result.map(
        lambda part: (part.where(varies, 0.0) * share).sum("year", skipna=False) / total.where(total > 0),
        keep_attrs=True,
    )
    integrated["variance"] = total
    for name in integrated.data_vars:
        integrated[name].attrs = counted[name].attrs
    integrated.attrs = counted.attrs | {"years": years.tolist(), "year_weights": by_year.tolist()}
    return integrated
