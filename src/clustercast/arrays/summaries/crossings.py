"""Where paths first reach a level."""

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.errors import InputError


def first_crossing(
    values: FloatArray,
    times: FloatArray,
    level: float,
    *,
    falling: bool = False,
    interpolate: bool = True,
    logarithmic: bool | NDArray[np.bool_] = False,
) -> FloatArray:
    """Return the time at which each path first reaches a level: inf where never, -inf where passed at the start.

    >>> first_crossing(np.array([[1.0, 5.0, 0.0], [3.0, 6.0, 1.0]]), np.array([2024.0, 2026.0]), 2.0)
    array([2025.,  -inf,   inf])
    """
    # Paths run along the first axis, (times, ...); `logarithmic` interpolates all paths or some, (...), in log10.
    if times.shape != values.shape[:1] or not times.size or np.any(np.diff(times) <= 0):
        raise InputError(
            f"times are {times.tolist()} for values of shape {values.shape}; give increasing ones, 1 a row"
        )
    paths = values.reshape(len(times), -1)
    marked = np.broadcast_to(logarithmic, values.shape[1:]).reshape(-1)
    if marked.any() and not (level > 0 and np.all(paths[:, marked] > 0)):
        raise InputError(f"a path or the level {level:g} is not above 0; interpolate it without logarithms")
    ahead = paths <= level if falling else paths >= level
    first = ahead.argmax(axis=0)
    column = np.arange(paths.shape[1])
    crossing = times[first].astype(np.float64)
    between = np.flatnonzero(first > 0) if interpolate else np.empty(0, dtype=np.intp)
    after = first[between]
    ends = [paths[after - 1, between], paths[after, between], np.full(between.size, level)]
    low, high, goal = (np.log10(end, where=marked[between], out=end) for end in ends)
    start, end = times[after - 1], times[after]
    crossed = start + (end - start) * ((goal - low) / (high - low))
    # After the earlier end, where the level was not reached, and by the later one: only rounding says otherwise.
    crossing[between] = np.minimum(np.maximum(crossed, np.nextafter(start, np.inf)), end)
    crossing[paths[0] < level if falling else paths[0] > level] = -np.inf
    crossing[~ahead[first, column]] = np.inf
    return np.asarray(crossing.reshape(values.shape[1:]))
