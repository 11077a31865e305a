"""What could mislead the reader of indices, in sentences that every result carries as its attribute ``warning``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.points.saltelli import blind_pairs
from clustercast.sensitivity.outputs import LOG_SD_THAT_MISLEADS, MeasuredOutput
from clustercast.sensitivity.ranking import unresolved

_FEWEST_POINTS, _FEWEST_REPLICATES = 64, 5
_NAMED_PAIRS = 6


def add_cautions(indices: xr.Dataset, sentences: Iterable[str]) -> xr.Dataset:
    """Return indices whose warning says more."""
    return indices.assign_attrs(warning=" ".join(filter(None, [indices.attrs.get("warning", ""), *sentences])))


def output_cautions(results: Sequence[MeasuredOutput], years: xr.Variable | None) -> list[str]:
    """Return what could mislead about the outputs of any measure."""
    outputs = [result.output for result in results]
    sentences = [
        f"{output.name} is on the raw scale with a log standard deviation of up to {output.log_sd:.1f}: a few samples "
        "own its variance, and its indices are uncertain beyond their intervals; scale='log10' is safe."
        for output in outputs
        if output.scale == "raw" and output.log_sd > LOG_SD_THAT_MISLEADS
    ]
    constant = _places([output.name for output in outputs], [result.constant for result in results], years)
    if constant:
        sentences.append(f"No input matters to {constant}, which does not vary; its indices are undefined.")
    return sentences


def group_cautions(design: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know of correlated inputs that were made one group."""
    groups = design.get("correlated_groups", {})
    if not groups:
        return []
    named = "; ".join(f"{name} ({', '.join(members)})" for name, members in groups.items())
    return [
        f"Correlated inputs are one group, with the indices of all members together: {named}. For shares of the single "
        "inputs use latent=True or Shapley effects."
    ]


def few_events_caution(name: str, events: NDArray[np.float64] | None) -> list[str]:
    """Return on how few occurrences of a rare event the indices of an output rest."""
    if events is None or not events.any():
        return []
    return [
        f"The indices of {name} rest on as few as {int(events[events > 0].min())} occurrences, and their intervals are "
        "as wide as so few allow; draw more, use scale='log10' where a tail is long, or condition on a claim that is "
        "met more often."
    ]


def blind_pairs_caution(inputs: Sequence[str], design: Mapping[str, Any]) -> list[str]:
    """Return which pairs of inputs SALib's points, of columns in that order, do not show together."""
    if design.get("points") != "salib":
        return []
    pairs = blind_pairs(len(inputs), int(design["size"]) // int(design["replicates"]))
    if not pairs:
        return []
    named = ", ".join(f"{inputs[one]} with {inputs[other]}" for one, other in pairs[:_NAMED_PAIRS])
    more = f" and {len(pairs) - _NAMED_PAIRS} more pairs" if len(pairs) > _NAMED_PAIRS else ""
    return [
        f"The points cannot see how {named}{more} interact: errors of their indices do not fall with the size, nor do "
        "the intervals show them; draw with points='sobol'."
    ]


def sobol_cautions(indices: xr.Dataset, *, interval: str, points: str, replicates: int, size: int) -> list[str]:
    """Return what could mislead about the intervals and the order of Sobol' indices."""
    sentences = []
    if interval == "bootstrap" and points != "random":
        sentences.append(
            "The intervals are bootstrapped over Sobol points, which they do not describe: they are mostly too wide; "
            "draw with replicates=8 or 16 for intervals that cover."
        )
    if interval == "student-t" and replicates < _FEWEST_REPLICATES:
        sentences.append(f"{replicates} replicates are few for an interval; 8 or 16 are usual.")
    if interval != "none" and size // replicates < _FEWEST_POINTS:
        where = " in each replicate" if replicates > 1 else ""
        sentences.append(
            f"{size // replicates} base points{where} are few: the intervals may be too narrow where "
            "tails are heavy; draw more."
        )
    if interval != "none":
        years = indices["year"].variable if "year" in indices.coords else None
        doubtful = _places(indices["output"].values, unresolved(indices, 3), years)
        if doubtful:
            sentences.append(
                f"The order of the first 3 inputs by ST is not resolved for {doubtful}; draw more base points."
            )
    return sentences


def _places(names: Iterable[Any], where: Iterable[NDArray[np.bool_]], years: xr.Variable | None) -> str:
    """Name the outputs, and the years where only some are meant, at which `where` holds."""
    named = []
    for name, hit in zip(names, where, strict=True):
        if hit.all():
            named.append(str(name))
        elif hit.any() and years is not None:
            hits = years.values[hit]
            several = f"{hits[0]:g}" if len(hits) == 1 else f"{len(hits)} years from {hits[0]:g} to {hits[-1]:g}"
            named.append(f"{name} ({several})")
    return ", ".join(named)
