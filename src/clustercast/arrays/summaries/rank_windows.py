"""Order statistics of a few runs of neighbouring ranks, without sorting the whole of a long sample."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
RankArray = NDArray[np.intp]

# Every so many-th sample is looked at first. A prime: each 8th Sobol' point lies in one eighth of its axis.
_STRIDE = 11
# Standard errors of the share below a value, as that small sample gives it, that a bracket reaches to either side.
_MARGIN = 3.5
# Shorter rows, and more windows, cost less by a sort of all.
_LEAST, _MOST = 1 << 15, 10


class RankWindows:
    """Picks order statistics from rows of one length.

    Parameters
    ----------
    size : int
        Length n of a row.
    ranks : ndarray of int, shape (ranks, windows)
        From 0. Those of a window, a column, should lie close together: the ones between cost little.

    Notes
    -----
    A small part of a long row gives two values that enclose each window but for bad luck, and only what lies between
    is sorted. Where luck is bad, and where the row is short or the windows are many, all of it is; the result is the
    same.

    References
    ----------
    R. W. Floyd and R. L. Rivest, "Expected time bounds for selection", Commun. ACM 18, 165 (1975),
    doi:10.1145/360680.360691.

    Examples
    --------
    >>> RankWindows(5, np.array([[0, 3], [1, 4]])).of(np.array([4.0, 1.0, 3.0, 2.0, 5.0]))
    array([[1., 4.],
           [2., 5.]])
    """

    def __init__(self, size: int, ranks: RankArray) -> None:
        self._ranks, self._buffer = ranks, np.empty(size)
        self._first, self._final = ranks.min(axis=0), ranks.max(axis=0)
        part = -(-size // _STRIDE)
        share = np.stack([self._first, self._final]) / size
        margin = _MARGIN * np.sqrt(share * (1 - share) * part) + 1
        low, high = np.floor(share * part + [-margin[0], margin[1]]).astype(np.intp)
        # Beyond the ends of the part lie the infinities, which are put around it.
        self._low, self._high = np.maximum(low + 1, 0), np.minimum(high + 1, part + 1)

    def of(self, row: FloatArray) -> FloatArray:
        """Return ``np.sort(row)[ranks]``.

        Parameters
        ----------
        row : ndarray, shape (n,)
            Without NaN; left as it is.

        Returns
        -------
        ndarray, shape (ranks, windows)
        """
        if row.size >= _LEAST and len(self._first) <= _MOST:
            found = self._bracketed(row)
            if found is not None:
                return found
        self._buffer[:] = row
        self._buffer.sort()
        return self._buffer[self._ranks]

    def _bracketed(self, row: FloatArray) -> FloatArray | None:
        """Return the order statistics out of what lies in brackets, or None where one misses its window."""
        # Rounding to single precision keeps the order, and comparing costs half as much.
        single = _rounded(row, self._buffer.view(np.float32)[: row.size])
        below, within, inside = self._buffer.view(np.bool_)[4 * row.size : 7 * row.size].reshape(3, -1)
        low, high = self._brackets(single)
        skipped = np.empty(len(low), dtype=np.intp)
        inside[:] = False
        for j, (least, greatest) in enumerate(zip(low, high, strict=True)):
            np.less(single, least, out=below)
            skipped[j] = np.count_nonzero(below)
            np.less_equal(single, greatest, out=within)
            within ^= below
            inside |= within
        # A boolean index would cost several times as much.
        kept = row.compress(inside)
        kept.sort()
        rounded = _rounded(kept, np.empty(kept.size, dtype=np.float32))
        starts, stops = rounded.searchsorted(low), rounded.searchsorted(high, side="right")
        shift = starts - skipped
        if np.any(self._first < skipped) or np.any(self._final + shift >= stops):
            return None
        return kept[self._ranks + shift]

    def _brackets(self, single: SingleArray) -> tuple[SingleArray, SingleArray]:
        """Return values between which the windows lie, as far as a small part of the row tells."""
        ends = np.concatenate([[-np.inf], np.sort(single[::_STRIDE]), [np.inf]], dtype=np.float32)
        return ends[self._low], ends[self._high]


def _rounded(row: FloatArray, out: SingleArray) -> SingleArray:
    """Round to single precision; what is too large becomes infinite, what is too small 0."""
    with np.errstate(over="ignore", under="ignore"):
        np.copyto(out, row, casting="same_kind")
    return out
