"""Values of information with known answers: normal inputs, an event, two actions, an observation, groups of inputs."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import norm, qmc

from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.decisions.scores import action_gain, entropy_gain, spread_gain, variance_gain
from clustercast.arrays.decisions.together import joint_gains, rank_scores

# Correlation of the output with each input.
RHO = np.array([0.9, 0.4, 0.15, 0.0])
CLAIM = 0.5
NARROWER = 1 - np.sqrt(1 - RHO**2)
# Reliability of an observation of the output with an error of half its standard deviation.
ERROR = 0.5


@dataclass(frozen=True)
class ValueProblem:
    """What columns are worth to a standard normal output: an estimator of draws, and the exact values."""

    name: str
    gain: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    exact: np.ndarray
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]] = lambda generator, size: normal_output(
        generator, size
    )


def normal_output(generator, size):
    """Return inputs and a standard normal output with correlations RHO."""
    columns = generator.standard_normal((len(RHO), size))
    rest = np.sqrt(1 - (RHO[:2] ** 2).sum() - (RHO[2:] ** 2).sum())
    return columns, (RHO @ columns + rest * generator.standard_normal(size))[:, np.newaxis]


def of_event(entropy, correlations=RHO):
    """Return what knowing an input of some correlation saves in an entropy of the event y > CLAIM, by quadrature."""

    def left(rho):
        if rho == 0:
            return entropy(norm.sf(CLAIM))
        given_input = lambda x: norm.pdf(x) * entropy(norm.sf((CLAIM - rho * x) / np.sqrt(1 - rho**2)))  # noqa: E731
        return quad(given_input, -9, 9, points=[CLAIM / rho], limit=200)[0]

    return np.array([entropy(norm.sf(CLAIM)) - left(rho) for rho in correlations])


def brier(p):
    return p * (1 - p)


def nats(p):
    return -p * np.log(max(p, 1e-300)) - (1 - p) * np.log(max(1 - p, 1e-300))


def loss(y):
    """Return the losses of leaving a payoff of mean 0.3 and of taking it."""
    return np.concatenate([np.zeros_like(y), -(y + 0.3)], axis=1)


def of_payoff(correlations):
    return np.array([r * norm.pdf(0.3 / r) + 0.3 * norm.cdf(0.3 / r) - 0.3 if r else 0.0 for r in correlations])


def seen(y):
    """Return the one column of what would be observed; the same error in every call of one output."""
    generator = np.random.default_rng(int(abs(y[0, 0]) * 1e9))
    return (y[:, 0] + ERROR * generator.standard_normal(len(y)))[np.newaxis]


SINGLE = (
    ValueProblem("variance", lambda x, y: variance_gain(partition(x), y), RHO**2),
    ValueProblem("brier", lambda x, y: variance_gain(partition(x), (y > CLAIM) * 1.0), of_event(brier)),
    ValueProblem("log", lambda x, y: entropy_gain(partition(x), (y > CLAIM) * 1.0), of_event(nats)),
    ValueProblem("crps", lambda x, y: spread_gain("crps", x, y), NARROWER / np.sqrt(np.pi)),
    ValueProblem("width", lambda x, y: spread_gain("width", x, y), NARROWER * 2 * norm.ppf(0.95)),
    ValueProblem("loss of two actions", lambda x, y: action_gain(partition(x), loss(y)), of_payoff(RHO)),
)
SEEN = (
    ValueProblem(
        "variance, an observation", lambda _, y: variance_gain(partition(seen(y)), y), np.array([1 / (1 + ERROR**2)])
    ),
    ValueProblem(
        "brier, an observation",
        lambda _, y: variance_gain(partition(seen(y)), (y > CLAIM) * 1.0),
        of_event(brier, [1 / np.sqrt(1 + ERROR**2)]),
    ),
)

SCORES = ("variance", "brier", "log", "crps", "width", "loss")


@dataclass(frozen=True)
class GroupProblem:
    """An output that is normal given standard normal inputs, with a mean and a spread that they set."""

    name: str
    inputs: int
    mean: Callable[[np.ndarray], np.ndarray]
    spread: Callable[[np.ndarray], np.ndarray]

    def draw(self, generator, size):
        """Return inputs (d, N) and outputs (N, 1)."""
        columns = generator.standard_normal((self.inputs, size))
        return columns, (self.mean(columns) + self.spread(columns) * generator.standard_normal(size))[:, np.newaxis]

    def nodes(self):
        """Return means, spreads and weights of a product rule of Gauss and Hermite."""
        at, weights = hermegauss({1: 200, 2: 96, 3: 48}[self.inputs])
        columns = np.array(np.meshgrid(*[at] * self.inputs, indexing="ij")).reshape(self.inputs, -1)
        product = np.array(np.meshgrid(*[weights] * self.inputs, indexing="ij")).reshape(self.inputs, -1).prod(axis=0)
        kept = product > 1e-14 * product.sum()
        result = [part(columns[:, kept]) + 0 * product[kept] for part in (self.mean, self.spread)]
        return *result, product[kept] / product[kept].sum()

    @functools.cache  # noqa: B019
    def exact(self):
        """Return the exact value of all inputs together by score, the threshold of the event and the payoff ahead."""
        means, spreads, weights = self.nodes()
        centre = weights @ means
        whole = np.sqrt(weights @ (spreads**2 + means**2) - centre**2)
        claim, ahead = centre + CLAIM * whole, 0.3 * whole - centre
        chances = ndtr((means - claim) / spreads)
        # The trapezoidal rule is exact to the last digits for such smooth tails.
        grid = centre + whole * np.linspace(-12, 12, 401)
        reached = np.array([weights @ ndtr((t - means) / spreads) for t in grid])
        low, high = (
            brentq(lambda t, q=q: weights @ ndtr((t - means) / spreads) - q, grid[0], grid[-1]) for q in (0.05, 0.95)
        )
        entropies = np.array([[nats(p) for p in chances], [brier(p) for p in chances]]) @ weights
        exact = {
            "variance": whole**2 - weights @ spreads**2,
            "brier": brier(weights @ chances) - entropies[1],
            "log": nats(weights @ chances) - entropies[0],
            "crps": np.trapezoid(reached * (1 - reached), grid) - weights @ spreads / np.sqrt(np.pi),
            "width": high - low - 2 * norm.ppf(0.95) * (weights @ spreads),
            "loss": weights @ np.maximum(means + ahead, 0) - 0.3 * whole,
        }
        return exact, claim, ahead

    def values(self, outputs, claim, ahead):
        """Return what each score is of: outputs, truth values, or losses of two actions."""
        event = (outputs > claim) * 1.0
        losses = np.concatenate([0 * outputs, -outputs - ahead], axis=1)
        return dict(zip(SCORES, (outputs, event, event, outputs, outputs, losses), strict=True))

    def problems(self):
        """Return one problem a score."""
        exact, *at = self.exact()

        def gain(score):
            return lambda columns, outputs: joint_gains(
                rank_scores(columns), {score: self.values(outputs, *at)[score]}
            )[score][:2]

        return tuple(
            ValueProblem(f"{score}, {self.name}", gain(score), np.array([exact[score]]), self.draw) for score in SCORES
        )


GROUPS = (
    GroupProblem("a sum of two", 2, lambda x: 0.4 * x[0] + 0.15 * x[1], lambda x: np.sqrt(1 - 0.4**2 - 0.15**2)),
    GroupProblem("a sum of three", 3, lambda x: 0.4 * x[0] + 0.15 * x[1] + 0 * x[2], lambda x: np.sqrt(1 - 0.1825)),
    GroupProblem("a steep sum of three", 3, lambda x: 0.7 * x[0] + 0.5 * x[1] + 0.3 * x[2], lambda x: np.sqrt(0.17)),
    GroupProblem("a product of two", 2, lambda x: 0.8 * x[0] * x[1], lambda x: 0.6),
    GroupProblem("a product and a third", 3, lambda x: 0.7 * x[0] * x[1] + 0.4 * x[2], lambda x: 0.6),
    GroupProblem("a wave and a square", 2, lambda x: np.sin(2 * x[0]) + 0.5 * x[1] ** 2, lambda x: 0.5),
    GroupProblem("a spread of two", 2, lambda x: 0.5 * x[0], lambda x: 0.7 * np.exp(0.4 * x[1])),
    GroupProblem("a spread of three", 3, lambda x: 0.5 * x[0] + 0.3 * x[1] * x[2], lambda x: 0.7 * np.exp(0.3 * x[1])),
)
# A wave times another input, of three: 4,096 samples do not show its form.
HARD = GroupProblem("a wave times a second", 3, lambda x: np.sin(2 * x[0]) * x[1] + 0.5 * x[2] ** 2, lambda x: 0.5)


class RoughProblem(GroupProblem):
    """The same with a mean that jumps or turns fast, which a product rule does not see."""

    def nodes(self):
        """Return means, spreads and weights of points of low discrepancy."""
        columns = ndtri(np.clip(qmc.Sobol(self.inputs, seed=1).random(2**16), 1e-12, 1 - 1e-12)).T
        means = self.mean(columns)
        return means, self.spread(columns) + 0 * means, np.full(means.size, 1 / means.size)


def _rough(name, mean, inputs=3):
    return RoughProblem(name, inputs, mean, lambda x: 0.5)


# Forms that the estimator of several inputs was chosen with, and those written down before and run once after it.
ROUGH = (
    _rough("a wave twice as fast", lambda x: np.sin(4 * x[0]) * x[1] + 0.5 * x[2] ** 2),
    _rough("a corner", lambda x: 1.5 * ((x[0] > 0.5) & (x[1] > 0)) + 0.5 * x[2]),
    _rough("a wave along a diagonal", lambda x: np.sin(2 * (x[0] + x[1])) + 0.3 * x[2]),
    _rough("a product of two fast waves", lambda x: 1.5 * np.sin(3 * x[0]) * np.sin(3 * x[1]) + 0.3 * x[2]),
    _rough("a checkerboard", lambda x: 0.8 * np.sign(np.sin(3 * x[0]) * np.sin(3 * x[1])) + 0.3 * x[2]),
    _rough("a ring", lambda x: 1.5 * (np.abs(np.hypot(x[0], x[1]) - 1.1) < 0.3) + 0.3 * x[2]),
    _rough("a ridge", lambda x: 1.5 * (np.abs(x[0] - x[1]) < 0.4) + 0.3 * x[2]),
    _rough("a narrow bump", lambda x: 4 * np.exp(-((x[0] - 0.8) ** 2 + (x[1] + 0.5) ** 2) / (2 * 0.2**2)) + 0.5 * x[2]),
    _rough("a curved step", lambda x: 1.2 * (x[1] > x[0] ** 2 - 0.5) + 0.3 * x[2]),
    _rough("signs of four", lambda x: 0.8 * np.sign(x[0] * x[1] * x[2]) * x[3] + 0.3 * x[0], 4),
    _rough("a skewed half", lambda x: np.exp(0.7 * x[0]) * (x[1] > 0) + 0.3 * x[2]),
    _rough("a chirp", lambda x: np.sin(3 * x[0] * x[1]) + 0.3 * x[2]),
)
UNSEEN = (
    _rough("a spiral", lambda x: 0.8 * np.sign(np.sin(3 * np.hypot(*x[:2]) + 2 * np.arctan2(x[1], x[0]))) + 0.3 * x[2]),
    _rough("a shell", lambda x: 1.5 * (np.abs(np.sqrt((x**2).sum(axis=0)) - 1.6) < 0.25) + 0.2 * x[0]),
    _rough("a threshold of a product", lambda x: 1.2 * (x[0] * x[1] * x[2] > 0.2) + 0.3 * x[1]),
    _rough("a saw", lambda x: 1.5 * np.mod(0.7 * (x[0] + x[1] - x[2]), 1) + 0.3 * x[0]),
    RoughProblem("a spread that jumps", 3, lambda x: 0.5 * x[2], lambda x: 0.3 + 0.6 * (x[0] * x[1] > 0)),
)

# Events that so many of 4,096 samples are expected to have, and what inputs are worth to them by each score.
RARE_SIZE, RARE = 4096, (10, 25, 50, 100)


def of_rare_event(events, score):
    """Return the threshold of an event of the output, and what everything, an input of RHO and both of them save."""
    entropy, share = {"brier": brier, "log": nats}[score], events / RARE_SIZE
    claim = norm.isf(share)

    def left(rho):
        if rho == 0:
            return entropy(share)
        given_input = lambda x: norm.pdf(x) * entropy(norm.sf((claim - rho * x) / np.sqrt(1 - rho**2)))  # noqa: E731
        return quad(given_input, -10, 10, points=[0, claim, claim / rho, claim * rho], limit=400)[0]

    both = np.sqrt(RHO[0] ** 2 + RHO[2] ** 2)
    return claim, entropy(share), np.array([entropy(share) - left(rho) for rho in (*RHO, both)])
