"""Plain NumPy on whole arrays, axes (sample, year): what one writes first."""

import numpy as np

from benchmarks.peer_models.cluster import LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report


def run(size):
    """Draw, and return the last year of both outputs."""
    generator = np.random.default_rng(1)
    drawn = {name: generator.normal(*given, (size, 1)) for name, given in NORMALS.items()}
    drawn |= {name: generator.lognormal(*given, (size, 1)) for name, given in LOGNORMALS.items()}
    cost, power = cluster(np.exp, np.array(YEARS, dtype=float), **drawn)
    return cost[:, -1], power[:, -1]


if __name__ == "__main__":
    report(run, "numpy")
