"""Arrays in, arrays out: NumPy and SciPy only."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustercast.errors import InputError, shown

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Arrays = Mapping[str, FloatArray]
Function = Callable[[FloatArray], FloatArray]
# Such as an estimate and its standard error, or the two ends of an interval.
Pair = tuple[FloatArray, FloatArray]
# Of inputs or outputs: several, one, or all where none are given.
Names = Iterable[str] | str | None

# The C library of Linux gives what a large array took back to the system at once, and pages that are taken anew cost as
# much as the numbers in them. Once a block of this size was freed it keeps them: mallopt(3), M_MMAP_THRESHOLD.
np.empty(32_000_000, np.uint8)


def real_numbers(what: str, values: ArrayLike) -> FloatArray:
    """Return values as floats; refused where they are texts, dates, complex numbers or objects."""
    try:
        return np.asarray(values).astype(np.float64, casting="same_kind", copy=False)
    except (TypeError, ValueError):
        kind = getattr(values, "dtype", type(values).__name__)
        raise InputError(f"{what} are {shown(values, 60)}, of type {kind}; give numbers") from None
