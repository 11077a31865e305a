"""Propagation: against the same functions on whole arrays, and against the floor of writing what is kept."""

from collections.abc import Callable

import numpy as np

import clustercast as cc
from benchmarks.measure import Options, Row, at_least, at_most, medians, peak_megabytes
from benchmarks.shipped import SIX, priors
from clustercast.dataset import Dataset, input_arrays
from clustercast.engine.program import program
from clustercast.propagation import YEARS

YEAR_COUNT = len(YEARS)


def rows(options: Options) -> list[Row]:
    """Six outputs of the shipped model kept, N = 1e6."""
    size = options.size(1_000_000, 2_000)
    inputs = cc.draw(priors().only(cc.cluster_model().inputs(SIX)), size, seed=7)
    functions = {
        "ours": lambda: cc.propagate(inputs, outputs=SIX),
        "naive": whole_arrays(inputs),
        "floor": lambda: write_kept(size),
        "exp": lambda: one_intermediate(size),
    }
    peaks = peak_megabytes(functions["ours"]), peak_megabytes(functions["naive"])
    taken = medians(functions, options.size(5, 1), warm=options.size(2500, 0))
    largest = _largest_difference(cc.propagate(inputs, outputs=SIX), functions["naive"]())
    steps = len(cc.cluster_model().order(SIX)) - len(SIX)
    kept = size * YEAR_COUNT * len(SIX)
    allowed = 5 * taken["floor"] + steps * taken["exp"]
    faster, over = (taken[k] / taken["ours"] for k in ("naive", "floor"))
    each = 1e9 / kept
    return [
        Row(
            f"propagate, 6 outputs x {YEAR_COUNT} years kept, {steps} intermediates, N = {size:,}: times faster",
            taken["ours"] * each,
            "ns a kept value",
            f"the same functions on whole arrays (year, sample), {taken['naive'] * each:.1f} ns",
            faster,
            *at_least(1.5, faster),
        ),
        Row(
            "the same: time over the floor of writing what is kept",
            taken["ours"] * each,
            "ns a kept value",
            f"new memory filled once, {taken['floor'] * each:.2f} ns",
            1 / over,
        ),
        Row(
            f"the same: time over 5 floors and one pass of exp in cache for each of {steps} intermediates",
            taken["ours"] * 1e3,
            "ms",
            f"5 x {taken['floor'] * 1e3:.0f} ms + {steps} x {taken['exp'] * 1e3:.0f} ms",
            taken["ours"] / allowed,
            *at_most(1, taken["ours"] / allowed),
        ),
        Row(
            "largest relative difference to whole arrays",
            largest,
            "1",
            "whole arrays (year, sample)",
            target="<= 1e-12",
            met=largest <= 1e-12,
        ),
        *_memory(*peaks, kept * 8 / 1e6),
    ]


def _memory(peak: float | None, naive_peak: float | None, kept: float) -> list[Row]:
    """Compare the memory at its peak with what is kept, in megabytes; nothing where it cannot be measured."""
    if peak is None or naive_peak is None:
        return []
    reference = f"kept {kept:.0f} MB; whole arrays {naive_peak:.0f} MB in all"
    met = peak - kept <= 100
    return [Row("memory at its peak, above what is kept", peak - kept, "MB", reference, target="<= 100", met=met)]


def whole_arrays(inputs: Dataset) -> Callable[[], dict[str, np.ndarray]]:
    """Return the model run once over all samples."""
    model = cc.cluster_model()
    values, units = input_arrays(inputs)
    ready = program(model, values, units, SIX, YEARS)

    def run() -> dict[str, np.ndarray]:
        return {name: result * ready.scale[name] for name, result in ready.run(values).items()}

    return run


def write_kept(size: int) -> list[np.ndarray]:
    """Write each kept output once, into memory as new as that of a forecast."""
    kept = [np.empty((YEAR_COUNT, size)) for _ in SIX]
    for output in kept:
        output.fill(1.0)
    return kept


def one_intermediate(size: int, block: int = 2048) -> None:
    """Take one exponential of every year and sample in cache: the stated cost of an intermediate."""
    values, out = np.full((YEAR_COUNT, block), 0.5), np.empty((YEAR_COUNT, block))
    for _ in range(0, size, block):
        np.exp(values, out=out)


def _largest_difference(forecast: Dataset, whole: dict[str, np.ndarray]) -> float:
    return max(float(np.max(np.abs(forecast[name].values / whole[name] - 1))) for name in SIX)
