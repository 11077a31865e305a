"""Normal approximations of a posterior of normal scores around the modes in which ascents from prior draws end."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from clustercast.arrays import FloatArray, Function

# Most ascents and rounds; as many rounds as usual.
_MOST, _ROUNDS, _USUAL = 128, 12, 5
# The gain in log density that ends the ascents.
_LEAST_GAIN = 0.01
# Shares of a step that are tried, the most that one may change a score, and how far out a score may go.
_STEPS, _LONGEST, _FARTHEST = np.array([1.0, 1 / 4, 1 / 16, 1 / 64]), 2.0, 6.0
# Of differences, in standard deviations of the normal before.
_APART = 0.05
_NARROWEST = 1e-8
# In the place of a likelihood of 0, of which there is no difference.
_LEAST = -1e100
# Of the proposal over the normals.
_WIDER = 1.2
# Centres so near are of one mode.
_SAME = 3.0


@dataclass(frozen=True)
class Normals:
    """A mixture of normals to propose from."""

    # Shape (n, d).
    centres: FloatArray
    # With factor @ factor.T the covariance, shape (n, d, d).
    factors: FloatArray
    # These sum to 1.
    shares: FloatArray
    # What modes that one ascent alone has met hold of all: about what those hold that none has met.
    alone: float = 0.0

    def draw(self, size: int, generator: Generator) -> tuple[FloatArray, FloatArray]:
        """Return draws, shape (size, d), and the log density of each."""
        count, d = self.centres.shape
        counts = generator.multinomial(size, self.shares)
        parts = [generator.standard_normal((n, d)) @ f.T for n, f in zip(counts, self.factors, strict=True)]
        draws = np.concatenate(parts) + np.repeat(self.centres, counts, axis=0)
        inverses = np.linalg.inv(self.factors)
        scales = np.log(self.shares) + np.linalg.slogdet(inverses)[1] - 0.5 * d * np.log(2 * np.pi)
        density = np.full(size, -np.inf)
        for one in range(count):
            squares = np.square((draws - self.centres[one]) @ inverses[one].T).sum(axis=1)
            np.logaddexp(density, scales[one] - 0.5 * squares, out=density)
        return draws, density


def around_modes(target: Function, draws: FloatArray, evaluations: int = 1 << 15) -> Normals:
    """Return normals around where a log likelihood ends that climbs from the first of some draws, shape (n, d)."""
    # So many ascents that differences along each direction take half of what five rounds may.
    starts = draws[: min(max(evaluations // (4 * _USUAL * draws.shape[1]), 2), _MOST)]
    pairs = max(evaluations // (_USUAL * len(starts)) - 2 * draws.shape[1], 0)
    # Each ascent is tied to its start, so that what is not learned stays as it was drawn: Y. Chen and D. S. Oliver
    # (2012), doi:10.1007/s11004-011-9376-z; from a prior draw also a mode is found that tempering lets die out.
    scores, values = starts, np.maximum(target(starts), _LEAST)
    factors = np.broadcast_to(np.eye(starts.shape[1]), (*starts.shape, starts.shape[1]))
    for _ in range(_ROUNDS):
        gradient, hessian = _derivatives(target, scores, values, factors, pairs)
        gradient -= np.einsum("rij,ri->rj", factors, scores - starts)
        curvature, directions = np.linalg.eigh(factors.swapaxes(1, 2) @ factors - hessian)
        # Uphill also where the density is not concave.
        curvature = np.maximum(np.abs(curvature), _NARROWEST)
        turned = factors @ directions
        step = np.einsum("rij,rj->ri", turned / curvature[:, np.newaxis], np.einsum("rij,ri->rj", directions, gradient))
        scores, values, gain = _climbed(target, starts, scores, values, step)
        variances, axes = np.linalg.eigh((turned / curvature[:, np.newaxis]) @ turned.swapaxes(1, 2))
        factors = axes * np.sqrt(np.clip(variances, _NARROWEST, 1))[:, np.newaxis]
        if gain <= _LEAST_GAIN:
            break
    # The slope of log prior and log likelihood is that of the ties, less the score itself.
    slopes = np.einsum("rij,ri->rj", factors, starts)
    mass = values + 0.5 * (slopes**2 - scores**2).sum(axis=1) + np.linalg.slogdet(factors)[1]
    centres = scores - np.einsum("rij,rj->ri", factors, slopes)
    # Of each centre from the normals around the others, in their standard deviations: those of one mode share its mass.
    both = zip(centres, np.linalg.inv(factors), strict=True)
    apart = np.array([np.square((centres - centre) @ inverse.T).sum(axis=1) for centre, inverse in both])
    met = (np.maximum(apart, apart.T) < _SAME**2).sum(axis=1)
    held = np.exp(mass - mass.max()) / met
    held /= held.sum()
    # I. J. Good (1953), doi:10.1093/biomet/40.3-4.237.
    alone = float(held[met == 1].sum())
    return Normals(centres, np.sqrt(_WIDER) * factors, 0.5 / len(starts) + 0.5 * held, alone)


def _derivatives(
    target: Function, scores: FloatArray, values: FloatArray, factors: FloatArray, pairs: int
) -> tuple[FloatArray, FloatArray]:
    """Return gradients (n, d) and Hessians (n, d, d) along the columns of factors, by differences."""
    d, columns = scores.shape[1], factors.swapaxes(1, 2)
    steps = np.concatenate([np.eye(d), -np.eye(d)])
    up, down = np.split(_at(target, scores, _APART * steps @ columns) - values[:, np.newaxis], 2, axis=1)
    hessians = np.zeros(factors.shape)
    hessians[:, range(d), range(d)] = up + down
    # Along pairs of the most curved directions, as many as may be: others have little in common.
    count = int(1 + np.sqrt(1 + 8 * pairs)) // 2
    curved = np.sort(np.argsort(-np.abs(up + down).max(axis=0))[:count])
    one, two = (curved[place] for place in np.triu_indices(len(curved), 1))
    both = _at(target, scores, _APART * (steps[one] + steps[two]) @ columns) - values[:, np.newaxis]
    hessians[:, one, two] = hessians[:, two, one] = both - up[:, one] - up[:, two]
    return (up - down) / (2 * _APART), hessians / _APART**2


def _climbed(
    target: Function, starts: FloatArray, scores: FloatArray, values: FloatArray, step: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Return scores and values after the best share of a step, where one is better, and the largest gain."""
    step = step * np.minimum(1, _LONGEST / np.maximum(np.abs(step).max(axis=1, keepdims=True), _NARROWEST))
    tried = np.clip(scores[:, np.newaxis] + _STEPS[:, np.newaxis] * step[:, np.newaxis], -_FARTHEST, _FARTHEST)
    found = np.column_stack([_at(target, tried), values])
    tried = np.concatenate([tried, scores[:, np.newaxis]], axis=1)
    tied = found - 0.5 * np.square(tried - starts[:, np.newaxis]).sum(axis=2)
    rows, best = np.arange(len(starts)), tied.argmax(axis=1)
    return tried[rows, best], found[rows, best], float((tied[rows, best] - tied[:, -1]).max())


def _at(target: Function, places: FloatArray, steps: FloatArray | float = 0.0) -> FloatArray:
    """Return a log likelihood at steps from the place of each start, shape (n, steps)."""
    at = places[:, np.newaxis] + steps if places.ndim == 2 else places
    return np.maximum(target(at.reshape(-1, at.shape[-1])), _LEAST).reshape(at.shape[:-1])
