"""Squigglepy: its samples, then NumPy, its fast way."""

import numpy as np
import squigglepy as sq

from benchmarks.peer_models.cluster import LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report


def run(size):
    """Draw with squigglepy and compute year by year."""
    drawn = {name: sq.sample(sq.norm(mean=m, sd=s), size) for name, (m, s) in NORMALS.items()}
    drawn |= {name: sq.sample(sq.lognorm(norm_mean=m, norm_sd=s), size) for name, (m, s) in LOGNORMALS.items()}
    result = [cluster(np.exp, year, **drawn) for year in YEARS]
    return result[-1]


if __name__ == "__main__":
    sq.set_seed(1)
    report(run, "squigglepy")
