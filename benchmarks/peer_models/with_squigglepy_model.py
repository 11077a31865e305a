"""Squigglepy: a model function that it samples, its documented way."""

import math

import squigglepy as sq

from benchmarks.peer_models.cluster import LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report


def model():
    """Draw one sample of all inputs and compute it."""
    drawn = {name: ~sq.norm(mean=m, sd=s) for name, (m, s) in NORMALS.items()}
    drawn |= {name: ~sq.lognorm(norm_mean=m, norm_sd=s) for name, (m, s) in LOGNORMALS.items()}
    return [cluster(math.exp, year, **drawn) for year in YEARS]


def run(size):
    """Let squigglepy call the model."""
    rows = sq.sample(model, n=size)
    return [row[-1][0] for row in rows], [row[-1][1] for row in rows]


if __name__ == "__main__":
    sq.set_seed(1)
    report(run, "squigglepy")
