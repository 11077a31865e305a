"""Boxes in which an event is common: the patient rule induction method on counts in quantile bins."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
CodeArray = NDArray[np.uint8]
IntArray = NDArray[np.int64]

_BINS = 250
_SORTED = 65536


@dataclass(frozen=True)
class Box:
    """The first and last bin of each column, both inside."""

    low: IntArray
    high: IntArray

    def contains(self, codes: CodeArray) -> BoolArray:
        """Return which rows are inside, of codes (d, N)."""
        inside = np.ones(codes.shape[1], dtype=np.bool_)
        for column in np.flatnonzero((self.low > 0) | (self.high < _BINS)):
            inside &= (codes[column] >= self.low[column]) & (codes[column] <= self.high[column])
        return inside

    def without(self, column: int) -> "Box":
        """Return the box without the limits of one column."""
        low, high = self.low.copy(), self.high.copy()
        low[column], high[column] = 0, _BINS
        return Box(low, high)

    @property
    def limited(self) -> IntArray:
        """The columns that have a limit."""
        return np.flatnonzero((self.low > 0) | (self.high < _BINS))


def quantile_codes(columns: FloatArray) -> tuple[CodeArray, list[FloatArray]]:
    """Return the bin of each value of columns (d, N), and the edges between bins, of which equal ones are one."""
    codes, edges = np.empty(columns.shape, dtype=np.uint8), []
    for place, column in enumerate(columns):
        ordered = np.sort(column[:: max(1, column.size // _SORTED)])
        own = np.unique(ordered[(np.arange(1, _BINS) * ordered.size) // _BINS])
        codes[place] = np.searchsorted(own, column, side="right")
        edges.append(own)
    return codes, edges


def peel(codes: CodeArray, holds: BoolArray, share: float, least: int) -> list[Box]:
    """Return the nested boxes of one peeling, the whole first, until fewer rows than `least` would be left."""
    # J. H. Friedman and N. I. Fisher (1999), doi:10.1023/A:1008894516817: of all columns and both sides take off the
    # part after which the event is most common. Counts by bin are kept up by what is taken off, so that the work is
    # one pass over the table in all, not one a step.
    columns = len(codes)
    low, high = np.zeros(columns, dtype=np.int64), np.full(columns, _BINS, dtype=np.int64)
    inside = np.arange(codes.shape[1])
    counts = np.stack([np.bincount(row, minlength=_BINS + 1) for row in codes])
    events = np.stack([np.bincount(row[holds], minlength=_BINS + 1) for row in codes])
    boxes = [Box(low.copy(), high.copy())]
    while inside.size > least:
        found = _best_cut(counts, events, max(1, int(share * inside.size)), least)
        if found is None:
            break
        column, side, place = found
        if side:
            high[column] = place
        else:
            low[column] = place
        code = codes[column, inside]
        gone = code > place if side else code < place
        removed, inside = inside[gone], inside[~gone]
        counts -= np.stack([np.bincount(row[removed], minlength=_BINS + 1) for row in codes])
        with_event = removed[holds[removed]]
        events -= np.stack([np.bincount(row[with_event], minlength=_BINS + 1) for row in codes])
        boxes.append(Box(low.copy(), high.copy()))
        if holds[inside].all():
            break
    return boxes


def _best_cut(counts: IntArray, events: IntArray, part: int, least: int) -> tuple[int, int, int] | None:
    """Return the column, side and new end of the cut that leaves the event most common."""
    size, total = int(counts[0].sum()), int(events[0].sum())
    best, chosen = total / size, None
    for side in (0, 1):
        ordered, hits = (array[:, ::-1] if side else array for array in (counts, events))
        removed, lost = ordered.cumsum(axis=1), hits.cumsum(axis=1)
        # The first bin at which enough is gone; a whole value goes where it is common.
        place = (removed >= part).argmax(axis=1)
        rows = np.arange(len(counts))
        left, kept = size - removed[rows, place], total - lost[rows, place]
        with np.errstate(invalid="ignore", divide="ignore"):
            density = np.where(left >= least, kept / left, -1.0)
        column = int(density.argmax())
        if density[column] > best:
            end = int(place[column])
            best, chosen = float(density[column]), (column, side, _BINS - end - 1 if side else end + 1)
    return chosen


def pasted(codes: CodeArray, holds: BoolArray, box: Box) -> Box:
    """Return a box with limits taken off, or moved out by a bin, as long as the event gets no rarer in it."""
    low, high = box.low.copy(), box.high.copy()
    current = _density(holds, Box(low, high).contains(codes))
    for column in box.limited:
        free = Box(low, high).without(int(column)).contains(codes)
        code, event = codes[column][free], holds[free]
        counts = np.bincount(code, minlength=_BINS + 1)
        hits = np.bincount(code[event], minlength=_BINS + 1)
        for step, end, last in ((-1, low, 0), (1, high, _BINS)):
            while end[column] != last:
                new = end[column] + step
                part = slice(min(new, int(low[column])), max(new, int(high[column])) + 1)
                if hits[part].sum() < current * counts[part].sum():
                    break
                end[column] = new
                current = hits[part].sum() / max(counts[part].sum(), 1)
    return Box(low, high)


def _density(holds: BoolArray, inside: BoolArray) -> float:
    """Return the share of rows inside for which an event holds."""
    return float(holds[inside].mean()) if inside.any() else 0.0


def quasi_p_values(codes: CodeArray, holds: BoolArray, box: Box) -> Iterator[float]:
    """Yield, for each column with a limit, the probability that the box without it gives as many events by chance."""
    # B. P. Bryant and R. J. Lempert (2010), doi:10.1016/j.techfore.2009.08.002.
    inside = box.contains(codes)
    count, hits = int(inside.sum()), int(holds[inside].sum())
    for column in box.limited:
        yield float(binom.sf(hits - 1, count, _density(holds, box.without(int(column)).contains(codes))))
