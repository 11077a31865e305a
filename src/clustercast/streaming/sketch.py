"""Quantiles of samples that come in pieces, to a stated precision."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, IntArray
from clustercast.engine.operations import to_host
from clustercast.errors import InputError

MANTISSA_BITS = 12
RELATIVE_ERROR = 2.0**-MANTISSA_BITS
_BINS = 1 << MANTISSA_BITS
_DROPPED_BITS = 52 - MANTISSA_BITS
_NEGATIVE = 1 << 11
_NOT_FINITE = (1 << 11) - 1
# More octaves than this between the least and the greatest number of a piece are looked up one by one.
_FEW_OCTAVES = 64


class Sketch:
    """Quantiles of samples that do not fit into memory: counts by sign, exponent and first `MANTISSA_BITS` digits."""

    # The ends of a bin differ by at most `RELATIVE_ERROR` of the nearer to zero: what lies in it is known so precisely.
    # Counts add up exactly, in any order. An octave that holds samples takes 16 KiB of memory a column.

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.samples = 0
        # Counts of an octave of a column, in 64 bits where 32 may not hold them.
        self._pages: dict[tuple[int, int], NDArray[Any]] = {}
        self._ends = np.stack([np.full(columns, np.inf), np.full(columns, -np.inf)])

    def add(self, values: FloatArray) -> None:
        """Count finite values, shape (columns, samples), each row contiguous; a CuPy array on its device."""
        self.samples += values.shape[-1]
        for column, row in enumerate(values):
            keys = (row.view(np.uint64) >> np.uint64(_DROPPED_BITS)).view(np.int64)
            least, greatest = int(keys.min()) >> MANTISSA_BITS, int(keys.max()) >> MANTISSA_BITS
            if greatest - least < _FEW_OCTAVES:
                octaves = list(range(least, greatest + 1))
                places = keys - (least << MANTISSA_BITS)
            else:
                pages = keys >> MANTISSA_BITS
                octaves = np.flatnonzero(to_host(np.bincount(pages, minlength=2 * _NEGATIVE))).tolist()
                number = np.zeros_like(keys, shape=2 * _NEGATIVE)
                number[octaves] = np.arange(len(octaves), like=keys)
                places = (number[pages] << MANTISSA_BITS) + (keys & (_BINS - 1))
            if not {_NOT_FINITE, _NOT_FINITE + _NEGATIVE}.isdisjoint(octaves):
                raise InputError("a sample is not finite, and has no place in a sketch; correct what made it")
            counts = to_host(np.bincount(places, minlength=len(octaves) << MANTISSA_BITS))
            for octave, counted in zip(octaves, counts.reshape(-1, _BINS), strict=True):
                self._count((column, octave), counted)
        np.minimum(self._ends[0], to_host(values.min(axis=-1)), out=self._ends[0])
        np.maximum(self._ends[1], to_host(values.max(axis=-1)), out=self._ends[1])

    def _count(self, place: tuple[int, int], row: NDArray[Any]) -> None:
        """Add the counts of an octave of a column."""
        kind = np.uint32 if self.samples < 1 << 32 else np.int64
        page = self._pages.get(place, np.zeros(1, np.int8))
        self._pages[place] = np.add(page, row, out=page if page.dtype == kind else None, dtype=kind, casting="unsafe")

    def merge(self, other: "Sketch") -> None:
        """Add the counts of other samples of the same columns."""
        if other.columns != self.columns:
            raise InputError(f"a sketch of {other.columns} columns cannot be added to one of {self.columns}")
        self.samples += other.samples
        for place, page in other._pages.items():
            self._count(place, page)
        np.minimum(self._ends[0], other._ends[0], out=self._ends[0])
        np.maximum(self._ends[1], other._ends[1], out=self._ends[1])

    def at_ranks(self, column: int, ranks: FloatArray) -> FloatArray:
        """Return order statistics of a column by rank from 0, between whole ranks by straight lines."""
        # Each is within `RELATIVE_ERROR`, the least and greatest exact; nearer to zero than 2.3e-308 within 5.5e-312.
        lower, upper, counts = self._bins(column)
        ends = np.cumsum(counts)
        whole = np.floor(ranks)
        order = []
        for rank in (whole, np.minimum(whole + 1, ends[-1] - 1)):
            place = np.searchsorted(ends, rank, side="right")
            inside = (rank - (ends[place] - counts[place]) + 0.5) / counts[place]
            value = lower[place] + inside * (upper[place] - lower[place])
            low, high = self._ends[:, column]
            value = np.clip(value, low, high)
            order.append(np.where(rank == 0, low, np.where(rank == ends[-1] - 1, high, value)))
        part = ranks - whole
        return np.asarray(order[0] * (1 - part) + order[1] * part)

    def _bins(self, column: int) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return the ends and the counts of the bins of a column that hold samples, in order of value."""
        octaves, parts = [octave for own, octave in self._pages if own == column], []
        # Octave by octave, from the lowest number up.
        for octave in sorted(octaves, key=lambda octave: -octave if octave >= _NEGATIVE else octave):
            counts = self._pages[column, octave]
            bins = np.flatnonzero(counts)
            bits = ((octave % _NEGATIVE) << MANTISSA_BITS) + bins
            near, far = ((edge << _DROPPED_BITS).view(np.float64) for edge in (bits, bits + 1))
            # The last bin of the last octave would end at infinity; what lies in the first one is taken for zero.
            far = np.where(near > 0, np.minimum(far, np.finfo(np.float64).max), 0.0)
            held = counts[bins].astype(np.int64)
            parts.append((-far[::-1], -near[::-1], held[::-1]) if octave >= _NEGATIVE else (near, far, held))
        if not parts:
            raise InputError("there are no samples; draw 1 or more")
        lower, upper, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lower, upper, counts

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the sketch as arrays: ``place`` (column, octave), ``counts``, ``ends`` and ``samples``."""
        kind = np.min_scalar_type(max((int(page.max()) for page in self._pages.values()), default=0))
        return {
            "place": np.array(list(self._pages), dtype=np.int64).reshape(-1, 2),
            "counts": np.array(list(self._pages.values()), dtype=kind).reshape(-1, _BINS),
            "ends": self._ends,
            "samples": np.array(self.samples),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Sketch":
        """Return the sketch that `to_arrays` took apart."""
        ends = np.array(arrays["ends"], dtype=np.float64)
        sketch = cls(ends.shape[1])
        sketch._ends = ends
        sketch.samples = int(arrays["samples"])
        sketch._pages = dict(zip(map(tuple, arrays["place"].tolist()), np.array(arrays["counts"]), strict=True))
        return sketch
