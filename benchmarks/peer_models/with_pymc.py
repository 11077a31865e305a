"""PyMC: the prior predictive of a model whose outputs are deterministics."""

import logging

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from benchmarks.peer_models.cluster import LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report

logging.getLogger("pymc").setLevel(logging.ERROR)

with pm.Model() as MODEL:
    drawn = {name: pm.Normal(name, m, s) for name, (m, s) in NORMALS.items()}
    drawn |= {name: pm.LogNormal(name, m, s) for name, (m, s) in LOGNORMALS.items()}
    cost, power = cluster(pt.exp, np.array(YEARS, dtype=float), **drawn)
    pm.Deterministic("cost", cost)
    pm.Deterministic("power", power)


def run(size):
    """Sample the prior predictive."""
    prior = pm.sample_prior_predictive(draws=size, model=MODEL, random_seed=1, var_names=["cost", "power"]).prior
    return prior["cost"].values[0, :, -1], prior["power"].values[0, :, -1]


if __name__ == "__main__":
    report(run, "pymc")
