"""What could mislead the reader of Sobol' indices, in sentences that the result carries."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.sensitivity.outputs import LOG_SD_THAT_MISLEADS
from clustercast.sensitivity.ranking import unresolved

_FEWEST_POINTS, _FEWEST_REPLICATES = 64, 5


def cautions(
    indices: xr.Dataset, log_sds: Mapping[str, float], *, interval: str, points: str, replicates: int, size: int
) -> str:
    """Say what could mislead a reader of indices.

    Parameters
    ----------
    indices : Dataset
        ``ST``, ``variance`` and, unless `interval` is "none", half-widths.
    log_sds : mapping of str to float
        Standard deviation of the natural logarithm of each positive output on the raw scale.
    interval : {"student-t", "bootstrap", "none"}
    points : {"sobol", "random"}
    replicates, size : int
        Of the design; base points of all replicates.

    Returns
    -------
    str
        Sentences; empty where there is nothing to say.
    """
    said = [
        f"{name} is on the raw scale with a log standard deviation of up to {log_sd:.1f}: a few "
        "samples own its variance, and its indices are uncertain beyond their intervals; scale='log10' is safe."
        for name, log_sd in log_sds.items()
        if log_sd > LOG_SD_THAT_MISLEADS
    ]
    constant = _places(indices, indices["variance"].values == 0)
    if constant:
        said.append(f"No input matters to {constant}, which does not vary; its indices are undefined.")
    if interval == "bootstrap" and points == "sobol":
        said.append(
            "The intervals are bootstrapped over Sobol points, which they do not describe: they are mostly too wide; "
            "draw with replicates=8 or 16 for intervals that cover."
        )
    if interval == "student-t" and replicates < _FEWEST_REPLICATES:
        said.append(f"{replicates} replicates are few for an interval; 8 or 16 are usual.")
    if interval != "none" and size // replicates < _FEWEST_POINTS:
        where = " in each replicate" if replicates > 1 else ""
        said.append(
            f"{size // replicates} base points{where} are few: the intervals may be too narrow where "
            "tails are heavy; draw more."
        )
    doubtful = _places(indices, unresolved(indices, 3)) if interval != "none" else ""
    if doubtful:
        said.append(f"The order of the first 3 inputs by ST is not resolved for {doubtful}; draw more base points.")
    return " ".join(said)


def _places(indices: xr.Dataset, where: NDArray[np.bool_]) -> str:
    """Name the outputs, and the years where only some are meant, at which `where` holds."""
    named = []
    for position, output in enumerate(indices["output"].values):
        hit = np.atleast_1d(where[position])
        if hit.all():
            named.append(str(output))
        elif hit.any():
            years = indices["year"].values[hit]
            several = f"{years[0]:g}" if len(years) == 1 else f"{len(years)} years from {years[0]:g} to {years[-1]:g}"
            named.append(f"{output} ({several})")
    return ", ".join(named)
