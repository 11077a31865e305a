"""Test problems with independent inputs whose Sobol' indices are known exactly.

Inputs come as points of the unit cube, one column an input; each problem applies its own
quantile functions. `variance`, `first`, `total` and, where known, `second` come from closed
forms worked out here from the papers named beside them, not from any estimate.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

Array = np.ndarray


@dataclass(frozen=True)
class Problem:
    """A function of the unit cube with its exact indices; kinks, jumps and heavy tails are not easy."""

    name: str
    evaluate: Callable[[Array], Array]
    first: Array
    total: Array
    second: dict[tuple[int, int], float] | None
    variance: float
    easy: bool = True
    normal_inputs: bool = False

    @property
    def inputs(self) -> int:
        return len(self.first)


def _from_partial_variances(partial: dict[tuple[int, ...], float], inputs: int) -> tuple[Array, Array, dict, float]:
    """Indices from the variance that each set of inputs owns."""
    variance = sum(partial.values())
    first = np.array([partial.get((i,), 0.0) for i in range(inputs)]) / variance
    total = np.array([sum(v for key, v in partial.items() if i in key) for i in range(inputs)]) / variance
    pairs = {(i, j): partial.get((i, j), 0.0) / variance for i in range(inputs) for j in range(i + 1, inputs)}
    return first, total, pairs, variance


def _product_problem(name, evaluate, means, variances, **kwargs):
    """Indices of a product of independent factors, from the mean and variance of each."""
    means, variances = np.asarray(means, float), np.asarray(variances, float)
    ratio = variances / means**2
    scale = np.prod(means**2)
    variance = scale * (np.prod(1 + ratio) - 1)
    first = scale * ratio / variance
    total = scale * ratio * np.prod(1 + ratio) / (1 + ratio) / variance
    number = len(means)
    second = {(i, j): scale * ratio[i] * ratio[j] / variance for i in range(number) for j in range(i + 1, number)}
    return Problem(name, evaluate, first, total, second, float(variance), **kwargs)


def ishigami() -> Problem:
    """Ishigami and Homma (1990), doi:10.1109/ISUMA.1990.151285, with a = 7 and b = 0.1."""
    a, b = 7.0, 0.1

    def evaluate(u):
        x = np.pi * (2 * u - 1)
        return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])

    partial = {
        (0,): (1 + b * np.pi**4 / 5) ** 2 / 2,
        (1,): a**2 / 8,
        (0, 2): b**2 * np.pi**8 * (1 / 18 - 1 / 50),
    }
    return Problem("ishigami", evaluate, *_from_partial_variances(partial, 3))


def sobol_g() -> Problem:
    """Sobol' G of 8 inputs; Saltelli and Sobol' (1995), doi:10.1016/0951-8320(95)00099-2."""
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])

    def evaluate(u):
        return np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)

    return _product_problem("sobol_g", evaluate, np.ones(8), 1 / (3 * (1 + a) ** 2))


def bratley() -> Problem:
    """Bratley, Fox and Niederreiter (1992), doi:10.1145/146382.146385: alternating sum of leading products."""
    number = 5

    def evaluate(u):
        return (np.cumprod(u, axis=1) * (-1.0) ** np.arange(1, number + 1)).sum(axis=1)

    def closed(inside: frozenset[int]) -> float:
        # E[f(x) f(x')] where x and x' share the inputs in `inside` and are independent in the rest:
        # a shared uniform gives a second moment of 1/3, one in both products but not shared 1/4.
        value = 0.0
        for m in range(1, number + 1):
            for n in range(1, number + 1):
                moment = 1.0
                for k in range(max(m, n)):
                    both = k < min(m, n)
                    moment *= (1 / 3 if k in inside else 1 / 4) if both else 1 / 2
                value += (-1.0) ** (m + n) * moment
        return value

    everything = frozenset(range(number))
    square_of_mean = closed(frozenset())
    variance = closed(everything) - square_of_mean
    first = np.array([closed(frozenset({i})) - square_of_mean for i in range(number)]) / variance
    total = np.array([1 - (closed(everything - {i}) - square_of_mean) / variance for i in range(number)])
    second = {
        (i, j): (closed(frozenset({i, j})) - square_of_mean) / variance - first[i] - first[j]
        for i in range(number)
        for j in range(i + 1, number)
    }
    return Problem("bratley", evaluate, first, total, second, variance)


def polynomial_with_interactions() -> Problem:
    """Morris-like polynomial: sums of products of w = 2u - 1 up to fourth order, with unequal weights."""
    weights = {
        (0,): 2.0,
        (1,): 1.5,
        (2,): 0.5,
        (3,): 0.1,
        (0, 1): -1.5,
        (0, 4): 1.0,
        (2, 3): 2.0,
        (1, 2, 4): -3.0,
        (0, 1, 2, 3): 4.0,
    }

    def evaluate(u):
        w = 2 * u - 1
        return 3.0 + sum(weight * np.prod(w[:, list(key)], axis=1) for key, weight in weights.items())

    # w has mean 0 and variance 1/3, so the products are orthogonal.
    partial = {key: weight**2 / 3.0 ** len(key) for key, weight in weights.items()}
    return Problem("polynomial_with_interactions", evaluate, *_from_partial_variances(partial, 5))


def additive() -> Problem:
    """Linear and additive: first order and total are the same, and there is no interaction."""
    slopes = np.array([1.0, 2.0, 3.0, 4.0])

    def evaluate(u):
        return u @ slopes

    partial = {(i,): slope**2 / 12 for i, slope in enumerate(slopes)}
    return Problem("additive", evaluate, *_from_partial_variances(partial, 4))


def dummy() -> Problem:
    """Two inputs that interact and a third that nothing depends on."""

    def evaluate(u):
        return u[:, 0] * u[:, 1] + 0 * u[:, 2]

    pair = _product_problem("dummy", evaluate, [0.5, 0.5], [1 / 12, 1 / 12])
    second = {(0, 1): pair.second[0, 1], (0, 2): 0.0, (1, 2): 0.0}
    return Problem("dummy", evaluate, np.append(pair.first, 0.0), np.append(pair.total, 0.0), second, pair.variance)


def product_of_lognormals(log_sds=(0.6, 0.4, 0.2)) -> Problem:
    """Product of lognormals on the raw scale: each factor has variance exp(s^2) - 1 over its squared mean."""
    log_sds = np.asarray(log_sds)

    def evaluate(u):
        return np.exp(ndtri(u) @ log_sds)

    means = np.exp(log_sds**2 / 2)
    variances = means**2 * np.expm1(log_sds**2)
    return _product_problem("product_of_lognormals", evaluate, means, variances, easy=False, normal_inputs=True)


def log_product_of_lognormals(log_sds=(0.6, 0.4, 0.2)) -> Problem:
    """The same product on the log scale, where it is additive."""
    log_sds = np.asarray(log_sds)

    def evaluate(u):
        return ndtri(u) @ log_sds

    partial = {(i,): sd**2 for i, sd in enumerate(log_sds)}
    found = _from_partial_variances(partial, len(log_sds))
    return Problem("log_product_of_lognormals", evaluate, *found, normal_inputs=True)


def smallest_capacity() -> Problem:
    """Minimum of three capacities uniform on [0, 1], one of them counted twice.

    With P(min > t) = (1-t)(1-t)(1-t/2) the moments are integrals of polynomials; conditional
    variances are taken the same way.
    """
    tops = np.array([1.0, 1.0, 2.0])

    def evaluate(u):
        return (u * tops).min(axis=1)

    def survival(members, t):
        return np.prod([np.clip(1 - t / tops[k], 0, 1) for k in members], axis=0) if members else np.ones_like(t)

    def closed(shared: tuple[int, ...]) -> float:
        # E[min(x) min(x')] with x, x' sharing some inputs: the double integral of P(min > s, min' > t),
        # in which a shared input must exceed the larger of s and t.
        free = [k for k in range(3) if k not in shared]
        nodes, weights = np.polynomial.legendre.leggauss(12)
        s = (nodes + 1) / 2
        value = 0.0
        for node, weight in zip(s, weights / 2, strict=True):
            # t runs below s (weight 2 for the symmetric half), so each piece is polynomial and the rule exact.
            t = node * s
            inner = survival(list(shared), np.array(node)) * survival(free, np.array(node)) * survival(free, t)
            value += 2 * weight * node * float((weights / 2 * inner).sum())
        return value

    square_of_mean = closed(())
    variance = closed((0, 1, 2)) - square_of_mean
    first = np.array([closed((i,)) - square_of_mean for i in range(3)]) / variance
    others = [(1, 2), (0, 2), (0, 1)]
    total = np.array([1 - (closed(rest) - square_of_mean) / variance for rest in others])
    pairs = [(0, 1), (0, 2), (1, 2)]
    second = {(i, j): (closed((i, j)) - square_of_mean) / variance - first[i] - first[j] for i, j in pairs}
    return Problem("smallest_capacity", evaluate, first, total, second, variance, easy=False)


def indicator() -> Problem:
    """Discontinuous: one where two uniform inputs both exceed their thresholds, zero elsewhere."""
    chances = np.array([0.5, 0.2])

    def evaluate(u):
        return ((u[:, 0] > 1 - chances[0]) & (u[:, 1] > 1 - chances[1])).astype(float)

    return _product_problem("indicator", evaluate, chances, chances * (1 - chances), easy=False)


PROBLEMS = [
    ishigami(),
    sobol_g(),
    bratley(),
    polynomial_with_interactions(),
    additive(),
    dummy(),
    product_of_lognormals(),
    log_product_of_lognormals(),
    smallest_capacity(),
    indicator(),
]
