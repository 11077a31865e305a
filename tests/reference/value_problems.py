"""Values of information with closed forms: jointly normal inputs, an event, two actions, an observation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from clustercast.arrays.decisions.actions import action_gain
from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.decisions.scores import entropy_gain, spread_gain, variance_gain
from clustercast.arrays.decisions.together import joint_action_gain, joint_gain, joint_variance_gain

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


# Of the last three of four inputs together, beside the first that is not known.
JOINT = np.sqrt((RHO[1:] ** 2).sum())
SINGLE = (
    ValueProblem("variance", lambda x, y: variance_gain(partition(x), y), RHO**2),
    ValueProblem("brier", lambda x, y: variance_gain(partition(x), (y > CLAIM) * 1.0), of_event(brier)),
    ValueProblem("log", lambda x, y: entropy_gain(partition(x), (y > CLAIM) * 1.0), of_event(nats)),
    ValueProblem("crps", lambda x, y: spread_gain("crps", x, y), NARROWER / np.sqrt(np.pi)),
    ValueProblem("width", lambda x, y: spread_gain("width", x, y), NARROWER * 2 * norm.ppf(0.95)),
    ValueProblem("loss of two actions", lambda x, y: action_gain(partition(x), loss(y)), of_payoff(RHO)),
)
SEVERAL = (
    ValueProblem("variance, three of four inputs", lambda x, y: joint_variance_gain(x[1:], y), np.array([JOINT**2])),
    ValueProblem(
        "brier, three of four inputs",
        lambda x, y: joint_variance_gain(x[1:], (y > CLAIM) * 1.0),
        of_event(brier, [JOINT]),
    ),
    ValueProblem(
        "log, three of four inputs",
        lambda x, y: joint_gain(x[1:], (y > CLAIM) * 1.0, lambda c, v: entropy_gain(partition(c), v)),
        of_event(nats, [JOINT]),
    ),
    ValueProblem(
        "crps, three of four inputs",
        lambda x, y: joint_gain(x[1:], y, lambda c, v: spread_gain("crps", c, v)),
        (1 - np.sqrt(1 - np.array([JOINT]) ** 2)) / np.sqrt(np.pi),
    ),
    ValueProblem("loss, three of four inputs", lambda x, y: joint_action_gain(x[1:], loss(y)), of_payoff([JOINT])),
    ValueProblem(
        "variance, an observation", lambda _, y: variance_gain(partition(seen(y)), y), np.array([1 / (1 + ERROR**2)])
    ),
    ValueProblem(
        "brier, an observation",
        lambda _, y: variance_gain(partition(seen(y)), (y > CLAIM) * 1.0),
        of_event(brier, [1 / np.sqrt(1 + ERROR**2)]),
    ),
)
