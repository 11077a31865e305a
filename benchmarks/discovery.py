"""Boxes of inputs by peeling, against the EMA workbench's prim where it is installed."""

import importlib.util
import time
import warnings

import numpy as np

from benchmarks.measure import Options, Row, at_least, medians
from clustercast.arrays import FloatArray
from clustercast.arrays.decisions.boxes import BoolArray, chosen_box, peel, quantile_codes

COLUMNS = 10


def rows(options: Options) -> list[Row]:
    """A planted box of three limits in ten inputs, N = 1,000,000; found, chosen and judged on the same rows."""
    size = options.size(1_000_000, 2_000)
    generator = np.random.default_rng(1)
    values = generator.uniform(size=(COLUMNS, size))
    inside = (values[1] > 0.6) & (values[4] > 0.25) & (values[4] < 0.75)
    holds = generator.uniform(size=size) < np.where(inside, 0.9, 0.05)

    def ours() -> None:
        codes, _ = quantile_codes(values)
        chosen_box(peel(codes, holds, 0.05, size // 20), (codes, holds), (codes, holds), None)

    # Processor time: another program on the same cores does not count.
    taken = medians({"ours": ours}, options.size(3, 1), time.process_time)["ours"]
    panel = f"region of inputs, {COLUMNS} x {size:,}"
    if importlib.util.find_spec("ema_workbench") is None:
        return [Row(panel, taken, "s", "EMA workbench is not installed")]
    theirs = medians({"theirs": lambda: peer(values, holds)}, 1, time.process_time)["theirs"]
    words = f"EMA workbench's prim, peeling only, {theirs:.1f} s"
    return [Row(panel, taken, "s", words, theirs / taken, *at_least(10, theirs / taken))]


def peer(values: FloatArray, holds: BoolArray) -> None:
    """Peel with the EMA workbench."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis import prim  # type: ignore[import-not-found]

        frame = pd.DataFrame(values.T, columns=[f"x{k}" for k in range(len(values))])
        prim.Prim(frame, holds.astype(float), threshold=0.1, peel_alpha=0.05, mass_min=0.05).find_box()
