"""OpenTURNS: a symbolic function of six random variables with 26 outputs."""

import numpy as np
import openturns as ot

from benchmarks.peer_models.cluster import INPUTS, LOGNORMALS, NORMALS, START, YEARS
from benchmarks.peer_models.report import report

FORMULAS = [
    formula
    for time in (year - START for year in YEARS)
    for formula in (
        f"size * exp((growth - cost_decline) * ({time})) * cost_per_accelerator",
        f"size * exp((growth - power_gain) * ({time})) * power_per_accelerator",
    )
]
MARGINALS = [ot.Normal(*given) for given in NORMALS.values()] + [ot.LogNormal(*given) for given in LOGNORMALS.values()]
FUNCTION = ot.SymbolicFunction(list(INPUTS), FORMULAS)
DISTRIBUTION = ot.JointDistribution(MARGINALS)


def run(size):
    """Draw and evaluate."""
    ot.RandomGenerator.SetSeed(1)
    result = np.asarray(FUNCTION(DISTRIBUTION.getSample(size)))
    return result[:, -2], result[:, -1]


if __name__ == "__main__":
    report(run, "openturns")
