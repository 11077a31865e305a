"""Posterior draws of normal scores: Pareto-smoothed importance weights, and a tempered sampler where they fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import stream
from clustercast.arrays.posterior.tempering import (
    LogLikelihood,
    Move,
    first_move,
    next_temperature,
    systematic_resample,
)
from clustercast.conditioning.weights import LEAST_ESS, Weights, array_statistics

Progress = Callable[[int, int], None]

LARGEST_R_HAT = 1.01

CHAINS = 4
WALKERS = 32
# As many where the draws allow it: a call of the model costs little more for them.
MOST_WALKERS = 128
DRAWS = CHAINS * WALKERS * 32
PARTICLES = 512
MOVES = 8
SETTLING = 12
THINNING = 8


@dataclass(frozen=True)
class Posterior:
    """Posterior draws of normal scores, shape (chain, draw, d), and how far to trust them."""

    scores: FloatArray
    log_likelihood: FloatArray
    method: str
    k_hat: float
    importance_ess: float
    ess: float
    r_hat: float
    evaluations: int
    temperatures: int
    accepted: float
    reached: bool
    statement: str


def worst_diagnostics(chains: FloatArray) -> tuple[float, float]:
    """Return the smallest effective size, of bulk and tail, and the largest r-hat of chains (chain, draw, d)."""
    array_stats = array_statistics()
    moved = np.moveaxis(chains, -1, 0)
    bulk, tail = array_stats.ess(moved, method="bulk"), array_stats.ess(moved, method="tail", prob=(0.05, 0.95))
    r_hat = array_stats.rhat(moved, method="rank")
    return float(min(np.min(bulk), np.min(tail))), float(np.max(r_hat))


def resampled(
    scores: FloatArray, log_likelihood: FloatArray, weights: Weights, *, draws: int, seed: int, name: str
) -> Posterior:
    """Return draws chosen from the prior draws by their weights; each name has its stream of random numbers."""
    rows = systematic_resample(weights.log, draws, stream(seed, f"resample {name}"))
    statement = (
        f"{name}: importance sampling from the prior, k-hat {weights.k_hat:.2f}, effective size {weights.ess:.0f}"
    )
    return Posterior(
        scores=scores[rows].reshape(CHAINS, -1, scores.shape[1]),
        log_likelihood=log_likelihood[rows].reshape(CHAINS, -1),
        method="importance",
        k_hat=weights.k_hat,
        importance_ess=weights.ess,
        ess=weights.ess,
        r_hat=1.0,
        evaluations=len(scores),
        temperatures=1,
        accepted=1.0,
        reached=weights.trusted,
        statement=statement if weights.trusted else f"{statement}: not to be trusted, the weights rest on a few draws",
    )


class _Counted:
    """A log likelihood that counts the rows it was asked for."""

    def __init__(self, target: LogLikelihood, budget: int, progress: Progress | None) -> None:
        self.target, self.budget, self.progress = target, budget, progress
        self.rows = 0

    def __call__(self, scores: FloatArray) -> FloatArray:
        self.rows += len(scores)
        if self.progress is not None:
            self.progress(min(self.rows, self.budget), self.budget)
        return self.target(scores)

    @property
    def spent(self) -> bool:
        return self.rows >= self.budget


def sampled(
    target: LogLikelihood,
    scores: FloatArray,
    log_likelihood: FloatArray,
    weights: Weights,
    *,
    seed: int,
    name: str,
    budget: int,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Posterior:
    """Return the posterior from weighted prior draws by tempering, then by many short chains."""
    # Four populations are tempered apart, from four parts of the prior draws; walkers chosen from each then go on. The
    # walkers of a population, one after another, are a chain of the result: its r-hat shows whether four runs agree,
    # its effective size whether walkers move: P. Del Moral, A. Doucet and A. Jasra, J. R. Stat. Soc. B 68, 411 (2006),
    # doi:10.1111/j.1467-9868.2006.00553.x.
    generator = stream(seed, f"sample {name}")
    counted = _Counted(target, budget, progress)
    # By chance, not by stride: every fourth point of a Sobol' sequence sees a part of the prior alone.
    parts = np.array_split(generator.permutation(len(scores)), CHAINS)
    tempered = [_tempered(counted, scores[rows], log_likelihood[rows], generator) for rows in parts]
    temperatures = max(population.steps for population in tempered)
    move, starts = _settled(counted, tempered, draws, generator)
    length = draws // (CHAINS * len(starts[0][0]))
    chains, chain_values, ess, r_hat, accepted = _chains(counted, starts, move, length, generator)
    reached = ess >= LEAST_ESS and r_hat <= LARGEST_R_HAT
    verdict = "pass, but the sampler was asked for" if weights.trusted else "fail"
    statement = (
        f"{name}: importance weights {verdict} (k-hat {weights.k_hat:.2f}, effective size {weights.ess:.0f}), "
        f"tempered sampling in {temperatures} steps: effective size {ess:.0f}, r-hat {r_hat:.3f}"
    )
    if not reached:
        statement += f", short of {LEAST_ESS:.0f} and {LARGEST_R_HAT}: the budget of {budget:,} runs ended; raise it"
    return Posterior(
        scores=chains,
        log_likelihood=chain_values,
        method="tempered",
        k_hat=weights.k_hat,
        importance_ess=weights.ess,
        ess=ess,
        r_hat=r_hat,
        evaluations=len(scores) + counted.rows,
        temperatures=temperatures,
        accepted=accepted,
        reached=reached,
        statement=statement,
    )


@dataclass(frozen=True)
class _Population:
    """Particles at the posterior, and the move that was adapted to them."""

    scores: FloatArray
    log_likelihood: FloatArray
    move: Move
    steps: int


def _tempered(
    target: _Counted, scores: FloatArray, log_likelihood: FloatArray, generator: np.random.Generator
) -> _Population:
    """Raise the likelihood from 0 to 1 in steps that keep half of the particles effective."""
    size = min(PARTICLES, len(scores))
    temperature, steps = 0.0, 0
    move = first_move(scores.shape[1])
    while temperature < 1:
        new = next_temperature(log_likelihood, temperature, size / 2)
        rows = systematic_resample((new - temperature) * log_likelihood, size, generator)
        scores, log_likelihood = scores[rows], log_likelihood[rows]
        temperature, steps = new, steps + 1
        for _ in range(MOVES):
            move = move.fitted(scores)
            scores, log_likelihood, accepted = move.advance(scores, log_likelihood, target, temperature, generator)
            move = move.adapted(accepted)
    return _Population(scores, log_likelihood, move, steps)


def _settled(
    target: _Counted, tempered: Sequence[_Population], draws: int, generator: np.random.Generator
) -> tuple[Move, list[tuple[FloatArray, FloatArray]]]:
    """Return the move that the chains keep, and where the walkers of each chain start."""
    scores, log_likelihood = (
        np.concatenate(arrays) for arrays in zip(*((p.scores, p.log_likelihood) for p in tempered), strict=True)
    )
    # A population fits its own covariance better than any other: the step is adapted anew with the one that is kept.
    move = tempered[0].move.fitted(scores)
    for _ in range(SETTLING):
        scores, log_likelihood, accepted = move.advance(scores, log_likelihood, target, 1.0, generator)
        move = move.adapted(accepted)
    walkers = MOST_WALKERS if draws % (CHAINS * MOST_WALKERS) == 0 else WALKERS
    starts = []
    for members in np.split(np.arange(len(scores)), CHAINS):
        chosen = generator.permutation(members)[:walkers]
        starts.append((scores[chosen], log_likelihood[chosen]))
    return move, starts


def _chains(
    target: _Counted,
    starts: Sequence[tuple[FloatArray, FloatArray]],
    move: Move,
    length: int,
    generator: np.random.Generator,
) -> tuple[FloatArray, FloatArray, float, float, float]:
    """Let walkers go on with a fixed move; the thinning doubles until they pass or the budget ends."""
    scores, log_likelihood = (np.concatenate(arrays) for arrays in zip(*starts, strict=True))
    thinning = THINNING
    kept: list[FloatArray] = []
    values: list[FloatArray] = []
    while True:
        accepted = []
        while len(kept) < length:
            for _ in range(thinning):
                scores, log_likelihood, share = move.advance(scores, log_likelihood, target, 1.0, generator)
                accepted.append(share)
            kept.append(scores)
            values.append(log_likelihood)
        chains = np.stack(kept, axis=1).reshape(len(starts), -1, scores.shape[1])
        chain_values = np.stack(values, axis=1).reshape(len(starts), -1)
        ess, r_hat = worst_diagnostics(np.concatenate([chains, chain_values[..., np.newaxis]], axis=-1))
        if (ess >= LEAST_ESS and r_hat <= LARGEST_R_HAT) or target.spent:
            return chains, chain_values, ess, r_hat, float(np.mean(accepted))
        kept, values, thinning = kept[1::2], values[1::2], 2 * thinning


def joined(parts: Sequence[Posterior], columns: Sequence[NDArray[np.int64]]) -> Posterior:
    """Return the posterior of parts that are independent of each other, with the worst of each diagnostic."""
    scores = np.empty((*parts[0].log_likelihood.shape, sum(map(len, columns))))
    for part, places in zip(parts, columns, strict=True):
        scores[..., places] = part.scores
    methods = {part.method for part in parts}
    return Posterior(
        scores=scores,
        log_likelihood=np.sum([part.log_likelihood for part in parts], axis=0),
        method=methods.pop() if len(methods) == 1 else "importance and tempered",
        k_hat=max(part.k_hat for part in parts),
        importance_ess=min(part.importance_ess for part in parts),
        ess=min(part.ess for part in parts),
        r_hat=max(part.r_hat for part in parts),
        evaluations=sum(part.evaluations for part in parts),
        temperatures=max(part.temperatures for part in parts),
        accepted=min(part.accepted for part in parts),
        reached=all(part.reached for part in parts),
        statement="\n".join(part.statement for part in parts),
    )
