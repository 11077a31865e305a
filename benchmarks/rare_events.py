"""The probability of a rare event by subset simulation: runs, precision and coverage, beside plain draws."""

import numpy as np
from scipy.special import ndtr, ndtri

import clustercast as cc
from benchmarks.measure import Options, Row, at_least, at_most, seconds
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
    """Each problem with an exact answer, and a claim on the shipped model."""
    repeats = options.size(200, 4)
    table = [row for name in PROBLEMS for row in _exact(name, repeats)]
    priors, asked = cc.read_priors("evidence_2026"), cc.parse_condition(CLAIM)
    results, plain = [], options.size(1 << 20, 1 << 10)
    taken = seconds(lambda: results.append(cc.rare_probability(priors, asked, seed=1)))
    years = range(2022, 2029)
    drawn = seconds(lambda: cc.propagate(cc.draw(priors, plain, seed=1), years=years, outputs=asked.names))
    result = results[0]
    # What plain draws need for the same standard error.
    needed = float(result["effective_events"] / result["probability"])
    ratio = drawn / plain * needed / taken
    said = f"plain draws, {needed:,.0f} for the same error, from {plain:,}"
    table.append(Row(f"{CLAIM}: {float(result['probability']):.3g}", taken, "s", said, ratio, *at_least(3, ratio)))
    return table


def _exact(name: str, repeats: int) -> list[Row]:
    """Root mean square error and coverage over repeats."""
    margin, dimensions, truth = PROBLEMS[name]
    means, covered, runs = [], 0, []
    for seed in range(repeats):
        generator = np.random.default_rng([seed, 11])
        levels = find_levels(margin, dimensions, generator)
        result = sample_events(margin, levels, dimensions, 16, 100, generator)
        size, mean = len(result.probabilities), result.probabilities.mean()
        left_out = (size * mean - result.probabilities) / (size - 1)
        covered += abs(np.log(truth / mean)) <= half_width(left_out, 0.95, resampled=False) / mean
        means.append(mean)
        runs.append(levels.runs + result.runs)
    error = float(np.sqrt(np.mean((np.array(means) / truth - 1) ** 2)))
    plain = float(np.sqrt((1 - truth) / (truth * np.mean(runs))))
    said = f"plain draws of as many runs ({np.mean(runs):,.0f}), {plain:.3g}"
    share = covered / repeats
    return [
        Row(f"{name}, P = {truth:.3g}: relative RMSE", error, "1", said, plain / error, *at_most(0.12, error)),
        Row(f"{name}: coverage of the interval of 95 %", share, "1", "", None, "90-98 %", 0.9 <= share <= 0.98),
    ]
