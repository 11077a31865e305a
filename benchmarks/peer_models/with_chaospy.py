"""Chaospy: random samples of a joint distribution, then NumPy."""

import chaospy
import numpy as np

from benchmarks.peer_models.cluster import INPUTS, LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report

MARGINALS = [chaospy.Normal(mu=m, sigma=s) for m, s in NORMALS.values()]
MARGINALS += [chaospy.LogNormal(mu=m, sigma=s) for m, s in LOGNORMALS.values()]
JOINT = chaospy.J(*MARGINALS)
RULE = "random"


def run(size, rule=RULE):
    """Draw and compute all years at once."""
    drawn = dict(zip(INPUTS, JOINT.sample(size, rule=rule, seed=1), strict=True))
    cost, power = cluster(np.exp, np.array(YEARS, dtype=float)[:, np.newaxis], **drawn)
    return cost[-1], power[-1]


if __name__ == "__main__":
    report(run, "chaospy")
