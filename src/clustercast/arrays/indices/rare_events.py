"""The probability of a rare event, and the law of the inputs given it, by subset simulation.

The event is that a margin, a function of independent standard normal scores, is not below 0. Levels on the way to it
are each reached with a probability near a tenth; moves that keep the law above one make many states of the few there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.special import ndtr

from clustercast.arrays import BoolArray, FloatArray, Function, IntArray

# States that one chain gives; its inverse is the probability of a level.
LENGTH = 10
_PILOT_CHAINS = 200
_ACCEPTED = 0.44
_LEAST = 1e-15
# Normal scores at which the law given the event is compared with the prior.
SCORES = np.linspace(-6, 6, 241)
_RESAMPLES = 400


@dataclass(frozen=True)
class Levels:
    """Levels of the margin below the event, how far each score moves above each, and the runs that this took."""

    margins: tuple[float, ...]
    steps: tuple[FloatArray, ...]
    runs: int
    # Whether the levels came near the event, or ended at a probability too small to go on.
    led_on: bool


@dataclass(frozen=True)
class Events:
    """What independent populations give: probabilities, and their states in the event, shape (states, d)."""

    probabilities: FloatArray
    scores: FloatArray
    # Which population a state is of; the weights of a population sum to its probability.
    population: IntArray
    weights: FloatArray
    runs: int

    def law(self, scores: FloatArray) -> FloatArray:
        """Return P(the event and a score up to each of `SCORES`) in each population, shape (populations, places, d)."""
        places = len(SCORES) + 1
        cells = self.population[:, np.newaxis] * places + np.searchsorted(SCORES, scores)
        size = len(self.probabilities) * places
        sums = [np.bincount(column, self.weights, size).reshape(-1, places) for column in cells.T]
        return np.stack(sums, axis=-1).cumsum(axis=1)[:, :-1]


def distances(probabilities: FloatArray, law: FloatArray, generator: Generator) -> tuple[FloatArray, ...]:
    """Return how far the law of each score given the event is from its prior, what chance gives, and P(score > 0)."""
    # Kolmogorov-Smirnov's. What chance gives is reached in 1 of 20 resamples with random signs of the deviations.
    given = law.sum(axis=0) / probabilities.sum()
    deviations = (law - given * probabilities[:, np.newaxis, np.newaxis]) / probabilities.sum()
    chance = np.abs(np.tensordot(generator.choice([-1.0, 1.0], (_RESAMPLES, len(law))), deviations, 1)).max(axis=1)
    distance = np.abs(given - ndtr(SCORES)[:, np.newaxis]).max(axis=0)
    return distance, np.quantile(chance, 0.95, axis=0), 1 - given[len(SCORES) // 2]


def find_levels(margin: Function, dimensions: int, generator: Generator) -> Levels:
    """Find levels and steps by one population, which is not used for anything else."""
    # S.-K. Au and J. L. Beck (2001), doi:10.1016/S0266-8920(01)00019-4. Levels that do not depend on the populations
    # that go through them make their estimates unbiased.
    scores = generator.standard_normal((_PILOT_CHAINS * LENGTH, dimensions))
    margins, runs = margin(scores), len(scores)
    levels: list[float] = []
    steps: list[FloatArray] = []
    reach, reached = 0.8, 1.0
    while True:
        level = float(np.partition(margins, -_PILOT_CHAINS)[-_PILOT_CHAINS])
        if (margins >= level).mean() > 0.5:
            # Many states share a margin; the next one above it is a level of its own.
            level = float(margins[margins > level].min(initial=np.inf))
        above = margins >= level
        reached *= above.mean()
        if level >= 0 or reached < _LEAST:
            return Levels(tuple(levels), tuple(steps), runs, level >= 0)
        seeds = generator.choice(np.flatnonzero(above), _PILOT_CHAINS)
        levels.append(level)
        steps.append(np.clip(reach * np.minimum(scores[above].std(axis=0), 1.0), 0.01, 1.0))
        scores, margins, accepted = _climbed(margin, scores[seeds], margins[seeds], level, steps[-1], generator)
        reach *= np.exp(2 * (accepted - _ACCEPTED))
        runs += _PILOT_CHAINS * (LENGTH - 1)


def sample_events(
    margin: Function, levels: Levels, dimensions: int, populations: int, chains: int, generator: Generator
) -> Events:
    """Return unbiased estimates of the probability by independent populations through given levels."""
    size = chains * LENGTH
    scores = generator.standard_normal((populations * size, dimensions))
    margins = margin(scores).reshape(populations, size)
    reached, runs = np.ones(populations), margins.size
    for level, step in zip(levels.margins, levels.steps, strict=True):
        above = margins >= level
        reached *= above.mean(axis=1)
        seeds = np.concatenate([_seeds(own, chains, generator) + size * place for place, own in enumerate(above)])
        scores, margins, _ = _climbed(margin, scores[seeds], margins.reshape(-1)[seeds], level, step, generator)
        # States come move by move, and those of a population after one another.
        order = np.arange(populations * size).reshape(LENGTH, populations, chains).swapaxes(0, 1).reshape(-1)
        scores, margins = scores[order], margins[order].reshape(populations, size)
        runs += populations * chains * (LENGTH - 1)
    events = (margins >= 0) & (reached > 0)[:, np.newaxis]
    population, _ = np.nonzero(events)
    return Events(reached * events.mean(axis=1), scores[events.ravel()], population, reached[population] / size, runs)


def _seeds(above: BoolArray, chains: int, generator: Generator) -> IntArray:
    """Choose states above a level to start chains from, each nearly as often as any other."""
    # A population that has nothing above a level has an estimate of 0, and what it does from there on is no matter:
    # its chains start from its first state, as NumPy resizes nothing to zeros.
    return generator.permutation(np.resize(generator.permutation(np.flatnonzero(above)), chains))


def _climbed(
    margin: Function, scores: FloatArray, margins: FloatArray, level: float, step: FloatArray, generator: Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Return all states of chains that keep the normal law above a level, their margins, and the share that moved."""
    # Moves: I. Papaioannou et al. (2015), doi:10.1016/j.probengmech.2015.06.006. All states of a chain count: H.-D. Dau
    # and N. Chopin (2022), doi:10.1111/rssb.12475.
    states, values, moved = [scores], [margins], 0.0
    for _ in range(1, LENGTH):
        proposed = np.sqrt(1 - step**2) * states[-1] + step * generator.standard_normal(scores.shape)
        result = margin(proposed)
        accepted = result >= level
        states.append(np.where(accepted[:, np.newaxis], proposed, states[-1]))
        values.append(np.where(accepted, result, values[-1]))
        moved += accepted.mean() / (LENGTH - 1)
    return np.concatenate(states), np.concatenate(values), moved
