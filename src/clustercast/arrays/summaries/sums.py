"""Sums of long rows that no number of threads changes."""

import numpy as np

from clustercast.arrays import FloatArray

# BLAS shares a longer product between its threads, and then their number shows in the last bits.
_PART = 1024


def unit_for_squares(values: FloatArray) -> float:
    """Return 1, or a power of two to divide values by whose squares would overflow or vanish."""
    peak = max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
    return 1.0 if peak == 0 or 1e-100 < peak < 1e100 or not np.isfinite(peak) else 2.0 ** int(np.frexp(peak)[1] - 1)


def sum_of_products(row: FloatArray, other: FloatArray | None = None) -> float:
    """Return the sum of a row, or of its products with another.

    >>> sum_of_products(np.full(3000, 0.5)), sum_of_products(np.arange(3.0), np.arange(3.0))
    (1500.0, 5.0)
    """
    # By parts and then pairwise, so that the error of rounding hardly grows with the length: N. J. Higham, SIAM J. Sci.
    # Comput. 14, 783 (1993), doi:10.1137/0914050.
    whole = row.size - row.size % _PART
    if other is None:
        ones = np.ones(_PART)
        parts = np.vecdot(row[:whole].reshape(-1, _PART), ones)
        return float(parts.sum() + row[whole:].sum())
    parts = np.vecdot(row[:whole].reshape(-1, _PART), other[:whole].reshape(-1, _PART))
    return float(parts.sum() + np.vecdot(row[whole:], other[whole:]))
