"""Test problems with independent inputs whose Sobol' indices are known exactly.

Inputs come as points of the unit cube, one column an input; each problem applies its own
quantile functions. `variance`, `first`, `total` and, where known, `second` come from closed
forms worked out here from the papers named beside them, not from any estimate.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

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

    partial = {(0,): (1 + b * np.pi**4 / 5) ** 2 / 2, (1,): a**2 / 8, (0, 2): b**2 * np.pi**8 * (1 / 18 - 1 / 50)}
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
    result = _from_partial_variances(partial, len(log_sds))
    return Problem("log_product_of_lognormals", evaluate, *result, normal_inputs=True)


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


def product_of_normals() -> Problem:
    """Product of two normals of mean zero: all variance is interaction."""

    def evaluate(u):
        return 2 * ndtri(u[:, 0]) * ndtri(u[:, 1])

    return Problem(
        "product_of_normals", evaluate, *_from_partial_variances({(0, 1): 4.0}, 2), easy=False, normal_inputs=True
    )


def portfolio() -> Problem:
    """Two shares, each a normal of mean zero times a normal fraction; Saltelli et al. (2008), section 1.2."""
    means, fraction_sds, sds = np.array([250.0, 400.0]), np.array([200.0, 300.0]), np.array([4.0, 2.0])

    def evaluate(u):
        z = ndtri(u)
        return ((means + fraction_sds * z[:, :2]) * sds * z[:, 2:]).sum(axis=1)

    partial = {(2 + k,): float((means[k] * sds[k]) ** 2) for k in (0, 1)}
    partial |= {(k, 2 + k): float((fraction_sds[k] * sds[k]) ** 2) for k in (0, 1)}
    return Problem("portfolio", evaluate, *_from_partial_variances(partial, 4), easy=False, normal_inputs=True)


def friedman() -> Problem:
    """Friedman (1991), doi:10.1214/aos/1176347963: ten inputs of which five act."""

    def evaluate(u):
        wave = np.sin(np.pi * u[:, 0] * u[:, 1])
        return 10 * wave + 20 * (u[:, 2] - 0.5) ** 2 + 10 * u[:, 3] + 5 * u[:, 4] + 0 * u[:, 5:].sum(axis=1)

    # Over one of two uniforms the wave has the mean (1 - cos(pi x)) / (pi x), which is smooth.
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x, w = (nodes + 1) / 2, weights / 2
    grid = np.sin(np.pi * np.outer(x, x))
    mean, conditional = w @ grid @ w, grid @ w
    own = w @ (conditional - mean) ** 2
    both = w @ (grid - mean) ** 2 @ w - 2 * own
    partial = {(0,): 100 * own, (1,): 100 * own, (0, 1): 100 * both, (2,): 400 / 180, (3,): 100 / 12, (4,): 25 / 12}
    return Problem("friedman", evaluate, *_from_partial_variances(partial, 10))


def g_star() -> Problem:
    """G* of ten inputs, curved and shifted; Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018, case 4."""
    a = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.8, 1, 2, 3, 4])
    shift, power = np.linspace(0.05, 0.95, 10), 0.5

    def evaluate(u):
        parts = np.abs(2 * ((u + shift) % 1) - 1) ** power
        return np.prod(((1 + power) * parts + a) / (1 + a), axis=1)

    return _product_problem("g_star", evaluate, np.ones(10), power**2 / ((1 + 2 * power) * (1 + a) ** 2), easy=False)


def sobol_levitan() -> Problem:
    """Exponential of a sum less its mean; Sobol' and Levitan (1999), doi:10.1016/S0010-4655(98)00156-8."""
    b = np.array([1.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.2, 0.2])

    def evaluate(u):
        return np.exp(u @ b) - np.prod(np.expm1(b) / b)

    means = np.expm1(b) / b
    return _product_problem("sobol_levitan", evaluate, means, np.expm1(2 * b) / (2 * b) - means**2)


PISTON = np.array([(30, 60), (0.005, 0.02), (0.002, 0.01), (1000, 5000), (90_000, 110_000), (290, 296), (340, 360)])


def piston() -> Problem:
    """Cycle time of a piston; Kenett and Zacks (1998). Exact values by a tensor grid of Gauss-Legendre nodes."""

    def evaluate(u):
        mass, area, volume, spring, pressure, ambient, filling = (PISTON[:, 0] + u * np.diff(PISTON).T).T
        force = pressure * area + 19.62 * mass - spring * volume / area
        moved = area / (2 * spring) * (np.sqrt(force**2 + 4 * spring * pressure * volume * ambient / filling) - force)
        return 2 * np.pi * np.sqrt(mass / (spring + area**2 * pressure * volume * ambient / (filling * moved**2)))

    # Smooth in all inputs: the rules agree to 1e-6 with those of two more nodes.
    return _on_a_grid("piston", evaluate, (4, 8, 7, 7, 3, 2, 2))


def _on_a_grid(name, evaluate, nodes) -> Problem:
    """Indices of a smooth function, from a full tensor grid with so many nodes for each input."""
    rules = [np.polynomial.legendre.leggauss(count) for count in nodes]
    points, weights = [(x + 1) / 2 for x, _ in rules], [w / 2 for _, w in rules]
    grid = np.stack(np.meshgrid(*points, indexing="ij"), axis=-1).reshape(-1, len(nodes))
    values = evaluate(grid).reshape(nodes)

    def averaged(array, axes):
        for axis in sorted(axes, reverse=True):
            array = np.tensordot(array, weights[axis], axes=(axis, 0))
        return array

    everything = range(len(nodes))
    values = values - averaged(values, everything)
    variance = float(averaged(values**2, everything))

    def closed(inside):
        mean = averaged(values, [axis for axis in everything if axis not in inside])
        for axis in sorted(inside, reverse=True):
            mean = mean**2 if axis == max(inside) else mean
            mean = np.tensordot(mean, weights[axis], axes=(sorted(inside).index(axis), 0))
        return float(mean) / variance

    first = np.array([closed([i]) for i in everything])
    total = np.array([1 - closed([j for j in everything if j != i]) for i in everything])
    pairs = [(i, j) for i in everything for j in everything if i < j]
    second = {(i, j): closed([i, j]) - first[i] - first[j] for i, j in pairs}
    return Problem(name, evaluate, first, total, second, variance)


def discontinuous() -> Problem:
    """A step in one input that turns the effect of another around, and a slope."""

    def evaluate(u):
        return np.where(u[:, 0] < 0.5, 1.0, -1.0) * (u[:, 1] - 0.25) + u[:, 2]

    # The step has mean 0 and variance 1; the slope that it turns has mean 1/4 and variance 1/12.
    partial = {(0,): 1 / 16, (0, 1): 1 / 12, (2,): 1 / 12}
    return Problem("discontinuous", evaluate, *_from_partial_variances(partial, 3), easy=False)


def discrete() -> Problem:
    """Two inputs of few values, one of which turns the other on, and a uniform one."""

    def evaluate(u):
        on, level = u[:, 0] < 0.25, np.floor(5 * u[:, 1])
        return on * level + u[:, 2]

    # on: mean 1/4, variance 3/16; level: mean 2, variance 2.
    partial = {(0,): 4 * 3 / 16, (1,): 2 / 16, (0, 1): 2 * 3 / 16, (2,): 1 / 12}
    return Problem("discrete", evaluate, *_from_partial_variances(partial, 3), easy=False)


def dominant() -> Problem:
    """One input owns nearly all: the shares of the others are 1e-4 and below."""
    slopes = np.array([100.0, 1.0, 0.5, 0.1])

    def evaluate(u):
        return u @ slopes + 0.5 * (u[:, 1] - 0.5) * (u[:, 2] - 0.5)

    partial = {(i,): slope**2 / 12 for i, slope in enumerate(slopes)} | {(1, 2): 0.25 / 144}
    return Problem("dominant", evaluate, *_from_partial_variances(partial, 4))


def rare() -> Problem:
    """An event of probability 5e-4 that needs two inputs at once."""
    chances = np.array([0.01, 0.05])

    def evaluate(u):
        return ((u[:, 0] < chances[0]) & (u[:, 1] < chances[1])).astype(float)

    return _product_problem("rare", evaluate, chances, chances * (1 - chances), easy=False)


def three_at_once() -> Problem:
    """An event of probability 5e-4 that needs three inputs at once."""
    chances = np.array([0.05, 0.05, 0.2])

    def evaluate(u):
        return (u < chances).all(axis=1).astype(float)

    return _product_problem("three_at_once", evaluate, chances, chances * (1 - chances), easy=False)


def regime() -> Problem:
    """A regime of probability .01 in which the output is higher and another input acts; a third one acts everywhere."""
    root = np.sqrt(12)

    def evaluate(u):
        return (u[:, 0] < 0.01) * (10 + 5 * root * (u[:, 1] - 0.5)) + root * (u[:, 2] - 0.5)

    partial = {(0,): 100 * 0.01 * 0.99, (1,): 25 * 0.01**2, (0, 1): 25 * 0.01 * 0.99, (2,): 1.0}
    return Problem("regime", evaluate, *_from_partial_variances(partial, 3), easy=False)


def many_inputs() -> Problem:
    """110 inputs of falling weight, with products of neighbours."""
    number = 110
    slopes = 1 / np.sqrt(np.arange(1, number + 1))

    def evaluate(u):
        w = 2 * u - 1
        return w @ slopes + w[:, :-1:2] * w[:, 1::2] @ slopes[::2]

    partial = {(i,): slopes[i] ** 2 / 3 for i in range(number)}
    partial |= {(i, i + 1): slopes[i] ** 2 / 9 for i in range(0, number, 2)}
    return Problem("many_inputs", evaluate, *_from_partial_variances(partial, number))


def heavy(name, log_sds) -> Problem:
    """Product of lognormals whose mean and variance a few samples own."""
    return replace(product_of_lognormals(log_sds), name=name)


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

# What nobody tuned to: all of them are in the benchmark of coverage.
HARDER = [
    product_of_normals(),
    portfolio(),
    friedman(),
    g_star(),
    sobol_levitan(),
    piston(),
    discontinuous(),
    discrete(),
    dominant(),
    rare(),
    three_at_once(),
    regime(),
    heavy("lognormal_1", (1.0, 0.5)),
    heavy("lognormal_3", (3.0, 0.5)),
    many_inputs(),
]
