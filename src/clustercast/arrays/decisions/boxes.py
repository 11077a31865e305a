"""Boxes in which an event is common: the patient rule induction method on counts in quantile bins."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from clustercast.arrays import BoolArray, FloatArray, IntArray

CodeArray = NDArray[np.uint8]
# Codes (d, N), and in which rows the event holds.
Coded = tuple[CodeArray, BoolArray]
_BINS = 250
_CHANCE = 0.05
_ROUNDS = 10
_SORTED = 65536


@dataclass(frozen=True)
class Box:
    """The first and last bin of each column, both inside."""

    low: IntArray
    high: IntArray

    def contains(self, codes: CodeArray) -> BoolArray:
        """Return which rows are inside, of codes (d, N)."""
        inside = np.ones(codes.shape[1], dtype=np.bool_)
        for column in self.limited:
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
    size = columns.shape[1]
    some = np.arange(size) if size <= _SORTED else np.sort(np.random.default_rng(0).integers(0, size, _SORTED))
    for place, column in enumerate(columns):
        ordered = np.sort(column[some])
        own = np.unique(ordered[(np.arange(1, _BINS) * ordered.size) // _BINS])
        codes[place] = np.searchsorted(own, column, side="right")
        edges.append(own)
    return codes, edges


def peel(codes: CodeArray, holds: BoolArray, share: float, least: int) -> list[Box]:
    """Return the nested boxes of one peeling, the whole first, until fewer rows than `least` would be left."""
    # J. H. Friedman and N. I. Fisher (1999), doi:10.1023/A:1008894516817: of all columns and both sides take off the
    # part after which the event is most common. Counts by bin lose what is taken off: one pass over the table in all.
    ends = np.array([[0], [_BINS]]).repeat(len(codes), axis=1)
    inside = np.arange(codes.shape[1])
    counts = np.stack([np.bincount(row, minlength=_BINS + 1) for row in codes])
    events = np.stack([np.bincount(row[holds], minlength=_BINS + 1) for row in codes])
    boxes = [Box(*ends.copy())]
    while inside.size > least and (cut := _best_cut(counts, events, max(1, int(share * inside.size)), least)):
        column, side, place = cut
        ends[side, column] = place
        code = codes[column, inside]
        gone = code > place if side else code < place
        removed, inside = inside[gone], inside[~gone]
        counts -= np.stack([np.bincount(row[removed], minlength=_BINS + 1) for row in codes])
        events -= np.stack([np.bincount(row[removed[holds[removed]]], minlength=_BINS + 1) for row in codes])
        boxes.append(Box(*ends.copy()))
        if holds[inside].all():
            break
    return boxes


def _best_cut(counts: IntArray, events: IntArray, part: int, least: int) -> tuple[int, int, int] | None:
    """Return the column, side and new end of the cut that leaves the event most common."""
    # Between two regions each cut makes the event rarer at first, so that the best one is taken all the same.
    size, total = int(counts[0].sum()), int(events[0].sum())
    best, chosen = -1.0, None
    for side in (0, 1):
        ordered, hits = (array[:, ::-1] if side else array for array in (counts, events))
        removed, lost = ordered.cumsum(axis=1), hits.cumsum(axis=1)
        # The first bin at which enough is gone; a whole value goes where it is common.
        place = (removed >= part).argmax(axis=1)
        rows = np.arange(len(counts))
        left, kept = size - removed[rows, place], total - lost[rows, place]
        with np.errstate(invalid="ignore"):
            density = np.where(left >= least, kept / left, -1.0)
        column = int(density.argmax())
        if density[column] > best:
            end = int(place[column])
            best, chosen = float(density[column]), (column, side, _BINS - end - 1 if side else end + 1)
    return chosen


def polished(codes: CodeArray, holds: BoolArray, box: Box, density: float | None) -> Box:
    """Return a box with each of its limits moved to where it serves best while the others stay, again and again."""
    # Peeling overshoots by a part of its step, and cannot see that an early cut was not needed; pasting of Friedman and
    # Fisher goes back by such steps. The best end of one limit is read off the counts at once.
    low, high = box.low.copy(), box.high.copy()
    for _ in range(_ROUNDS):
        before = low.copy(), high.copy()
        for column in box.limited:
            free = Box(low, high).without(int(column)).contains(codes)
            code = codes[column][free]
            counts = np.bincount(code, minlength=_BINS + 1).cumsum()
            hits = np.bincount(code[holds[free]], minlength=_BINS + 1).cumsum()
            for end, sides in ((low, (0, int(high[column]))), (high, (int(low[column]), _BINS))):
                places = np.arange(sides[0], sides[1] + 1)
                first, last = (places, sides[1]) if end is low else (sides[0], places)
                size, kept = (sums[last] - np.where(first > 0, sums[first - 1], 0) for sums in (counts, hits))
                scores = _score(size, kept, int(holds.sum()), density)
                # Of equal scores the wider box.
                best = np.flatnonzero(scores >= scores.max() - 1e-12)
                end[column] = places[best[0] if end is low else best[-1]]
        if np.array_equal(before[0], low) and np.array_equal(before[1], high):
            break
    return Box(low, high)


def _score(size: IntArray, kept: IntArray, hits: int, density: float | None) -> FloatArray:
    """Return how good boxes are: the harmonic mean of density and coverage, or the coverage where dense enough."""
    if density is None:
        return np.asarray(2 * kept / (size + hits))
    return np.where(kept >= density * size, kept / hits, kept / np.maximum(size, 1) - 1.0)


def chosen_box(boxes: list[Box], finding: Coded, choosing: Coded, density: float | None) -> Box | None:
    """Return the best box by draws that did not find it, without limits that chance explains; None where none is."""
    codes, holds = choosing
    inside = [box.contains(codes) for box in boxes]
    size, kept = (np.array([np.count_nonzero(rows & each) for rows in inside]) for each in (True, holds))
    scores = _score(size, kept, int(holds.sum()), density)
    if scores.max() < 0:
        return None
    best = polished(*finding, boxes[int(scores.argmax())], density)
    while best.limited.size:
        p_values = np.array(list(quasi_p_values(codes, holds, best)))
        if p_values.max() <= _CHANCE:
            break
        best = best.without(int(best.limited[p_values.argmax()]))
    return best


def quasi_p_values(codes: CodeArray, holds: BoolArray, box: Box) -> Iterator[float]:
    """Yield, for each column with a limit, the probability that the box without it gives as many events by chance."""
    # B. P. Bryant and R. J. Lempert (2010), doi:10.1016/j.techfore.2009.08.002.
    inside = box.contains(codes)
    count, hits = int(inside.sum()), int(holds[inside].sum())
    for column in box.limited:
        free = box.without(int(column)).contains(codes)
        yield float(binom.sf(hits - 1, count, holds[free].mean() if free.any() else 0.0))
