"""EMA workbench: experiments over uniform quantiles, since it has no normal or lognormal parameters."""

import logging
import math
from statistics import NormalDist

from ema_workbench import ArrayOutcome, Model, RealParameter, ema_logging, perform_experiments

from benchmarks.peer_models.cluster import INPUTS, LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report

QUANTILES = {name: NormalDist(*given).inv_cdf for name, given in (NORMALS | LOGNORMALS).items()}


def function(**uniforms):
    """Compute one experiment."""
    drawn = {name: QUANTILES[name](uniform) for name, uniform in uniforms.items()}
    drawn |= {name: math.exp(drawn[name]) for name in LOGNORMALS}
    result = [cluster(math.exp, year, **drawn) for year in YEARS]
    return {"cost": [pair[0] for pair in result], "power": [pair[1] for pair in result]}


MODEL = Model("cluster", function=function)
MODEL.uncertainties = [RealParameter(name, 1e-9, 1 - 1e-9) for name in INPUTS]
MODEL.outcomes = [ArrayOutcome("cost"), ArrayOutcome("power")]


def run(size):
    """Perform the experiments."""
    _, result = perform_experiments(MODEL, scenarios=size)
    return result["cost"][:, -1], result["power"][:, -1]


if __name__ == "__main__":
    ema_logging.log_to_stderr(logging.ERROR)
    report(run, "ema_workbench")
