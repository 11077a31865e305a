"""A search over pairs of inputs: is there one whose interaction a design cannot see?

The output is x_i x_j of centred uniform inputs, whose S2 is 1, or a product of signs of halves or quarters. The error
of S2 comes from the mean of the product in A times that in B, which is computed here for all pairs at once.
"""

import numpy as np

from benchmarks.measure import Options, Row
from clustercast.arrays.points.designs import Points, saltelli_replicate
from clustercast.arrays.points.streams import replicate_seed

SHAPES = {
    "x_i x_j": lambda u: (u - 0.5) * np.sqrt(12),
    "signs of halves": lambda u: np.where(u < 0.5, -1.0, 1.0),
    "signs of quarters": lambda u: np.where(2 * u % 1 < 0.5, -1.0, 1.0),
}
WORST_OF_RANDOM = 1.3
REPLICATES = 8


def rows(options: Options) -> list[Row]:
    """Root mean square error over all pairs, and that of the worst pair, over those of random points."""
    inputs = (6, 16) if options.smoke else (6, 24, 128)
    sizes = (256,) if options.smoke else (256, 1024, 4096)
    repeats = options.size(40, 4)
    table = []
    for number in inputs:
        for size in sizes:
            for shape in SHAPES:
                result = {p: errors(p, number, size, shape, repeats) for p in ("sobol", "salib", "random")}
                random = float(np.sqrt(np.mean(result["random"] ** 2)))
                of_random = _worst(result["random"])
                for points, each in result.items():
                    ratio = float(np.sqrt(np.mean(each**2))) / random
                    met = ratio <= WORST_OF_RANDOM and _worst(each) <= WORST_OF_RANDOM * of_random
                    what = f"{points}, {number} inputs, N = {size}, {shape}: error over that of random points"
                    said = f"worst pair {_worst(each):.3g}, of random points {of_random:.3g}"
                    target = (f"<= {WORST_OF_RANDOM}, worst pair too", met) if points == "sobol" else ("", None)
                    table.append(Row(what, ratio, "1", said, None, *target))
    return table


def errors(points: Points, inputs: int, size: int, shape: str, repeats: int) -> np.ndarray:
    """Return the error of each pair in each repeat, shape (repeats, pairs)."""
    names, each, upper = [f"x{i}" for i in range(inputs)], size // REPLICATES, np.triu_indices(inputs, 1)
    result = np.zeros((repeats, len(upper[0])))
    for seed in range(repeats):
        for replicate in range(REPLICATES):
            a, b = saltelli_replicate(replicate_seed(seed, replicate), REPLICATES, names, each, points=points)
            product = SHAPES[shape](a) * SHAPES[shape](b)
            result[seed] += (product.T @ product)[upper] / size
    return result


def _worst(result: np.ndarray) -> float:
    """Return the root mean square error of the worst pair."""
    return float(np.sqrt(np.mean(result**2, axis=0)).max())
