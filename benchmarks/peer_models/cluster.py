"""Six inputs, two outputs by year: what every peer computes."""

import math

YEARS = tuple(range(2022, 2035))
START = 2024

# Mean and standard deviation of a normal, or of the logarithm of a lognormal; W, USD and H100 equivalents.
NORMALS = {"growth": (math.log(10) * 0.5, 0.12), "power_gain": (0.26, 0.04), "cost_decline": (0.10, 0.05)}
LOGNORMALS = {
    "size": (math.log(1e5), 0.3),
    "power_per_accelerator": (math.log(1400), 0.1),
    "cost_per_accelerator": (math.log(4e4), 0.2),
}
INPUTS = (*NORMALS, *LOGNORMALS)


def cluster(exp, year, growth, power_gain, cost_decline, size, power_per_accelerator, cost_per_accelerator):
    """Return the cost and the power of the largest cluster in a year."""
    time = year - START
    accelerators = size * exp(growth * time)
    cost = accelerators * cost_per_accelerator * exp(-cost_decline * time)
    power = accelerators * power_per_accelerator * exp(-power_gain * time)
    return cost, power


def exact_medians(year):
    """Return the medians of cost and power: both are lognormal."""
    middle = {name: mean for name, (mean, _) in NORMALS.items()}
    middle |= {name: math.exp(mean) for name, (mean, _) in LOGNORMALS.items()}
    return cluster(math.exp, year, **middle)
