"""The library at hand: draw and propagate, with labels, units and provenance."""

import numpy as np

import clustercast as cc
from benchmarks.peer_models.cluster import LOGNORMALS, NORMALS, START, YEARS
from benchmarks.peer_models.report import report


@cc.quantity("H100e")
def accelerators(year, growth, size, start):
    """Return the number of accelerators."""
    return size * np.exp(growth * (year - start))


@cc.quantity("USD")
def cost(accelerators, cost_per_accelerator, cost_decline, year, start):
    """Return the cost of the cluster."""
    return accelerators * cost_per_accelerator * np.exp(-cost_decline * (year - start))


@cc.quantity("W")
def power(accelerators, power_per_accelerator, power_gain, year, start):
    """Return the power of the cluster."""
    return accelerators * power_per_accelerator * np.exp(-power_gain * (year - start))


UNITS = {"size": "H100e", "power_per_accelerator": "W/H100e", "cost_per_accelerator": "USD/H100e"}
PRIORS = cc.Priors(
    name="six inputs",
    start=cc.Fixed(START, unit="year"),
    **{name: cc.Normal(*given, unit="1/year") for name, given in NORMALS.items()},
    **{name: cc.LogNormal(*given, unit=UNITS[name]) for name, given in LOGNORMALS.items()},
)
MODEL = cc.Model([accelerators, cost, power])


def run(size):
    """Draw, propagate, and return the last year."""
    forecast = cc.propagate(cc.draw(PRIORS, size, seed=1), model=MODEL, years=YEARS, outputs=["cost", "power"])
    return forecast["cost"].values[-1], forecast["power"].values[-1]


if __name__ == "__main__":
    report(run, "")
