"""The probability of a rare event by subset simulation: error, coverage and time, beside plain draws and OpenTURNS."""

from importlib.util import find_spec

import numpy as np
from scipy.special import ndtr, ndtri

import clustercast as cc
from benchmarks.measure import Options, Row, at_most, faster, medians, quiet_and_busy
from clustercast.arrays import Function
from clustercast.arrays.indices.intervals import half_width
from clustercast.arrays.indices.rare_events import find_levels, sample_events

CLAIM = "training_cluster_power > 10 GW by 2028"
PROBLEMS: dict[str, tuple[Function, int, float]] = {
    **{
        f"sum of {d} normals beyond a level": (lambda z, p=p: z.sum(axis=1) / np.sqrt(z.shape[1]) + ndtri(p), d, p)
        for d, p in ((2, 1e-3), (10, 1e-4), (3, 1e-5))
    },
    "two uniforms below .01 and .001": (lambda z: np.minimum(0.01 - ndtr(z[:, 0]), 0.001 - ndtr(z[:, 1])), 2, 1e-5),
    "a normal beyond 4.2 on either side": (lambda z: np.abs(z[:, 0]) - 4.2, 2, float(2 * ndtr(-4.2))),
}


def rows(options: Options) -> list[Row]:
    """Each problem with an exact answer, one of them by OpenTURNS too, and a claim on the shipped model."""
    repeats = options.size(200, 4)
    table = [row for name in PROBLEMS for row in _exact(name, repeats)]
    return [*table, *_beside_openturns("sum of 10 normals beyond a level", repeats, options), *_claim(options)]


def _claim(options: Options) -> list[Row]:
    """A claim on the shipped model, beside as many plain draws as give the same standard error."""
    priors, asked, years = cc.read_priors("evidence_2026"), cc.parse_condition(CLAIM), range(2022, 2029)
    plain, error = options.size(1 << 18, 1 << 10), 0.5 if options.smoke else 0.1
    functions = {
        "ours": lambda: cc.rare_probability(priors, asked, seed=1, relative_error=error),
        "plain": lambda: cc.propagate(cc.draw(priors, plain, seed=1), years=years, outputs=asked.names),
    }
    result = functions["ours"]()
    needed = float(result["effective_events"] / result["probability"])
    return [
        faster(
            f"{CLAIM}: {float(result['probability']):.3g}{where}",
            taken["ours"],
            f"{needed:,.0f} plain draws, which have the same error, from {plain:,}",
            taken["plain"] * needed / plain,
            3,
        )
        for where, taken in quiet_and_busy(lambda: medians(functions, options.size(3, 1))).items()
    ]


def _exact(name: str, repeats: int) -> list[Row]:
    """Root mean square error and coverage over repeats."""
    truth = PROBLEMS[name][2]
    means, covered, runs = [], 0, []
    for seed in range(repeats):
        result, spent = _probabilities(name, seed)
        size, mean = len(result), result.mean()
        left_out = (size * mean - result) / (size - 1)
        covered += abs(np.log(truth / mean)) <= half_width(left_out, 0.95, resampled=False) / mean
        means.append(mean)
        runs.append(spent)
    error = float(np.sqrt(np.mean((np.array(means) / truth - 1) ** 2)))
    plain = float(np.sqrt((1 - truth) / (truth * np.mean(runs))))
    said = f"plain draws of as many runs ({np.mean(runs):,.0f}), {plain:.3g}"
    share = covered / repeats
    return [
        Row(f"{name}, P = {truth:.3g}: relative RMSE", error, "1", said, plain / error, *at_most(0.12, error)),
        Row(f"{name}: coverage of the interval of 95 %", share, "1", "", None, "90-98 %", 0.9 <= share <= 0.98),
    ]


def _probabilities(name: str, seed: int) -> tuple[np.ndarray, int]:
    """Return what 16 populations say of a problem, and how many runs they took."""
    margin, dimensions, _ = PROBLEMS[name]
    generator = np.random.default_rng([seed, 11])
    levels = find_levels(margin, dimensions, generator)
    result = sample_events(margin, levels, dimensions, 16, 100, generator)
    return result.probabilities, levels.runs + result.runs


def _beside_openturns(name: str, repeats: int, options: Options) -> list[Row]:
    """Subset simulation by OpenTURNS, 10,000 draws a level: its runs and time for the error of ours."""
    if find_spec("openturns") is None:
        return [Row(f"{name}: times faster than OpenTURNS", None, "", "skipped: openturns is not installed")]
    import openturns

    margin, dimensions, truth = PROBLEMS[name]
    calls: list[int] = []

    def counted(scores: object) -> np.ndarray:
        calls.append(len(scores))
        return margin(np.asarray(scores))[:, np.newaxis]

    function = openturns.PythonFunction(dimensions, 1, func_sample=counted)

    def theirs(seed: int) -> float:
        openturns.RandomGenerator.SetSeed(seed)
        scores = openturns.RandomVector(openturns.Normal(dimensions))
        event = openturns.ThresholdEvent(openturns.CompositeRandomVector(function, scores), openturns.Greater(), 0.0)
        algorithm = openturns.SubsetSampling(event)
        algorithm.setMaximumOuterSampling(100)
        algorithm.setBlockSize(100)
        algorithm.run()
        return algorithm.getResult().getProbabilityEstimate()

    def relative(means: list[float]) -> float:
        return float(np.sqrt(np.mean((np.array(means) / truth - 1) ** 2)))

    ours, spent = zip(*(_probabilities(name, seed) for seed in range(repeats)), strict=True)
    error, other = relative([result.mean() for result in ours]), relative([theirs(seed) for seed in range(repeats)])
    # By the square of the error, as of any mean.
    more = (other / error) ** 2
    needed, runs = sum(calls) / repeats * more, np.mean(spent)
    functions = {"ours": lambda: _probabilities(name, 0), "theirs": lambda: theirs(0)}
    peer = f"OpenTURNS, which needs {needed:,.0f} runs for the relative RMSE of our {runs:,.0f}, {error:.3g}"
    return [
        faster(f"{name}{where}", taken["ours"], peer, taken["theirs"] * more)
        for where, taken in quiet_and_busy(lambda: medians(functions, options.size(9, 1))).items()
    ]
