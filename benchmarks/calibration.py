"""Simulation-based calibration of learning: ranks of the truth in its posterior are uniform.

Truths are drawn from the prior, observations from the likelihood at each truth: discrepancies that last along a series,
records and ceilings with their gaps. Of each parameter the ranks are counted in eight bins (S. Talts et al. (2018),
arXiv:1804.06788).
"""

import functools
from dataclasses import replace
from multiprocessing import Pool

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

import clustercast as cc
from benchmarks.measure import Options, Row
from clustercast.conditioning.condition import PILOT, YEARS, Problem
from clustercast.conditioning.sampler import Run, sampled, smoothed_weights

BINS = 8
# Draws of a posterior, and its most model runs.
DRAWS, BUDGET = 1024, 1 << 17
# The chance of a false alarm, over all parameters of a row together.
ALARM = 0.01


def rows(options: Options) -> list[Row]:
    """Calibrate the essay's set and today's set on all shipped observations."""
    count = options.size(64, 1)
    table = []
    for name in ("situational_awareness",) if options.smoke else ("situational_awareness", "evidence_2026"):
        ranks = shipped_ranks(name, count, draws=options.size(DRAWS, 128))
        counts = np.stack([np.histogram(each, bins=BINS, range=(0, 1))[0] for each in ranks.T])
        chances = stats.chi2.sf(((counts - count / BINS) ** 2 / (count / BINS)).sum(axis=1), BINS - 1)
        smallest, size = float(chances.min()), len(chances)
        # Of all parameters together: were the chances of uniform ranks, they would be uniform themselves.
        together = float(stats.kstest(chances, "uniform").pvalue)
        what = f"{name}: ranks of {size} parameters in {count} posteriors, smallest chance of a chi-square test"
        said = f"mean rank {ranks.mean():.3f} (0.5), spread {ranks.std():.3f} (0.289), all together {together:.2f}"
        target = (f">= {ALARM / size:.1e}", smallest >= ALARM / size)
        table.append(Row(what, smallest, "1", said, None, *(("", None) if options.smoke else target)))
    return table


def shipped_ranks(name: str, count: int, draws: int) -> np.ndarray:
    """Return the share of each posterior below the truth, shape (count, parameter), from two processes."""
    from clustercast.arrays.posterior import replicate

    problem = _problem(name)
    generator = np.random.default_rng(8)
    truths = generator.standard_normal((count, len(problem.active)))
    inputs = problem.inputs(truths)
    simulated = replicate(problem.rows, problem.predicted(inputs, count), problem.errors(inputs, count), generator)
    tasks = [
        (name, seed, truth, values, draws) for seed, (truth, values) in enumerate(zip(truths, simulated.T, strict=True))
    ]
    if count == 1:
        return np.array([_rank(*tasks[0])])
    with Pool(2) as pool:
        return np.array(pool.starmap(_rank, tasks, chunksize=1))


@functools.cache
def _problem(name: str) -> Problem:
    """Return the shipped rows joined to a shipped set."""
    model, priors = cc.cluster_model(), cc.read_priors(name)
    return Problem.of(priors, cc.read_observations().counted().checked(model, YEARS), model, None)


def _rank(name: str, seed: int, truth: np.ndarray, values: np.ndarray, draws: int) -> np.ndarray:
    """Return the share of the posterior of simulated values that is below the truth, for each parameter."""
    problem = _problem(name)
    seen = replace(problem, rows=replace(problem.rows, value=values))
    scores = problem.sobol_scores(1, PILOT)
    with threadpool_limits(1, user_api="blas"):
        density = seen.log_likelihood(scores)
        run = Run(seen.log_likelihood, name, seed, BUDGET if draws == DRAWS else 1, draws)
        result = sampled(run, scores, density, smoothed_weights(density))
    return (result.scores.reshape(-1, truth.size) < truth).mean(axis=0)
