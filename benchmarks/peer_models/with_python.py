"""A plain Python loop over samples and years."""

import math
import random

from benchmarks.peer_models.cluster import LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report


def run(size):
    """Draw and compute sample by sample."""
    generator = random.Random(1)
    rows = []
    for _ in range(size):
        drawn = {name: generator.gauss(*given) for name, given in NORMALS.items()}
        drawn |= {name: generator.lognormvariate(*given) for name, given in LOGNORMALS.items()}
        rows.append([cluster(math.exp, year, **drawn) for year in YEARS])
    return [row[-1][0] for row in rows], [row[-1][1] for row in rows]


if __name__ == "__main__":
    report(run, "")
