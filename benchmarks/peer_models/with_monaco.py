"""Monaco: a simulation of cases, one at a time."""

import math
import tempfile

import monaco
from scipy import stats

from benchmarks.peer_models.cluster import INPUTS, LOGNORMALS, NORMALS, YEARS, cluster
from benchmarks.peer_models.report import report


def preprocess(case):
    """Hand the inputs of a case to the model."""
    return tuple(case.invals[name].val for name in INPUTS)


def model(*drawn):
    """Compute one case."""
    result = [cluster(math.exp, year, **dict(zip(INPUTS, drawn, strict=True))) for year in YEARS]
    return [pair[0] for pair in result], [pair[1] for pair in result]


def postprocess(case, cost, power):
    """Keep the outputs of a case."""
    case.addOutVal("cost", cost)
    case.addOutVal("power", power)


def run(size):
    """Run all cases."""
    functions = {"preprocess": preprocess, "run": model, "postprocess": postprocess}
    with tempfile.TemporaryDirectory() as place:
        simulation = monaco.Sim(
            name="cluster",
            ndraws=size,
            fcns=functions,
            firstcaseismedian=False,
            seed=1,
            singlethreaded=True,
            verbose=False,
            debug=False,
            savecasedata=False,
            savesimdata=False,
            resultsdir=place,
        )
        for name, (mean, deviation) in NORMALS.items():
            simulation.addInVar(name, dist=stats.norm, distkwargs={"loc": mean, "scale": deviation})
        for name, (mean, deviation) in LOGNORMALS.items():
            simulation.addInVar(name, dist=stats.lognorm, distkwargs={"s": deviation, "scale": math.exp(mean)})
        simulation.runSim()
        result = simulation.outvars
        return [value[-1] for value in result["cost"].vals], [value[-1] for value in result["power"].vals]


if __name__ == "__main__":
    report(run, "monaco")
