"""Morris' trajectories on a grid of the unit cube."""

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import checked_seed


def morris_trajectories(seed: int, dimensions: int, size: int, levels: int = 4) -> FloatArray:
    """Return trajectories that move one input after the other, shape (size, dimensions + 1, dimensions)."""
    # Bit for bit those of ``SALib.sample.morris`` for the same seed, so that its estimates can be compared: the order
    # of the moves, their directions and the start are drawn in that order. Morris (1991),
    # doi:10.1080/00401706.1991.10484804.
    generator = np.random.default_rng(checked_seed(seed))
    delta = levels / (2 * (levels - 1))
    starts = np.linspace(0, 1 - delta, levels // 2)
    moved = np.tril(np.ones((dimensions + 1, dimensions)), -1)
    points = np.empty((size, dimensions + 1, dimensions))
    for trajectory in points:
        places = np.eye(dimensions)
        generator.shuffle(places)
        directions = generator.choice([-1, 1], dimensions)
        start = generator.choice(starts, dimensions)
        trajectory[:] = start + delta / 2 * ((2 * moved @ places.T - 1) * directions + 1)
    return points
