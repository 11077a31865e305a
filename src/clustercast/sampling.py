"""Draw inputs from priors: points on the unit cube, then quantile functions."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.kucherenko import kucherenko_scores
from clustercast.arrays.indices.pick_freeze import runs_per_point
from clustercast.arrays.indices.shapley import paired_normals, random_permutations, trajectory_scores
from clustercast.arrays.points.copula import correlate
from clustercast.arrays.points.designs import (
    RANDOM_BITS,
    inside,
    latin_uniforms,
    morris_trajectories,
    random_uniforms,
    require_power_of_two,
    sobol_column,
)
from clustercast.arrays.points.nested_scramble import nested_points
from clustercast.arrays.points.saltelli import Points, saltelli_replicate
from clustercast.arrays.points.streams import checked_seed, replicate_seed
from clustercast.dataset import Dataset, inputs_dataset
from clustercast.errors import InputError, nearest, whole_number
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.priors.swaps import Groups, refuse_constant, swapped_together

Design = Literal["random", "latin", "sobol", "saltelli", "shapley", "kucherenko", "morris"]
Drawn = tuple[dict[str, FloatArray], dict[str, Any]]


@dataclass(frozen=True)
class _Request:
    """What was asked of `draw`."""

    design: str
    priors: Priors
    size: int
    seed: int
    replicates: int
    second_order: bool
    points: Points
    groups: Groups | None
    latent: bool
    levels: int
    span: tuple[float, float]

    @property
    def seeds(self) -> list[int]:
        """Seeds of the replicates."""
        return [replicate_seed(self.seed, replicate) for replicate in range(self.replicates)]


@dataclass(frozen=True)
class _Design:
    """One way to lay out rows."""

    make: Callable[[_Request], Drawn]
    options: tuple[str, ...] = ()
    replicates: int = 1
    fewest_replicates: int = 1


def draw(
    priors: Priors,
    size: int,
    *,
    design: Design = "random",
    seed: int = 0,
    replicates: int | None = None,
    second_order: bool = True,
    points: Points = "sobol",
    groups: Groups | None = None,
    latent: bool = False,
    levels: int = 4,
    span: tuple[float, float] = (0.05, 0.95),
) -> Dataset:
    """Draw inputs from their priors.

    Parameters
    ----------
    priors : Priors
    size : int
        Number of samples. Of a design for a measure the number of its base points N, all replicates together: with
        D inputs, ``"saltelli"`` gives ``N (2 D + 2)`` samples (``N (D + 2)`` without second order), ``"shapley"`` and
        ``"morris"`` ``N (D + 1)``, ``"kucherenko"`` ``N (2 + 2 D + 2 k)`` for k correlated inputs.
    design : str, optional
        ``"random"`` (independent draws), ``"latin"`` (a Latin hypercube) or ``"sobol"`` (scrambled Sobol' points); or
        ``"saltelli"``, ``"shapley"``, ``"kucherenko"`` or ``"morris"``, which `sobol_indices`, `shapley_effects`,
        `kucherenko_indices` and `morris_effects` read.
    seed : int, optional
        The same seed gives the same bits. Of ``"random"``, ``"latin"`` and ``"saltelli"`` each input has its own
        stream, named after it, so that a further input moves no other. The columns of ``"sobol"`` and of
        ``points="salib"`` go by the order of the inputs, and the other designs for measures by their number too.
    replicates : int, optional
        Independent scrambles that share `size`, from which error bars come; not for ``"random"`` and ``"morris"``. 16
        by default for ``"shapley"`` and ``"kucherenko"``, else 1. They are nested uniform scrambles (Owen), over which
        errors are near normal: give 8. One replicate of ``"sobol"`` and of ``points="salib"`` has an affine scramble.
    second_order : bool, optional
        For ``"saltelli"``: whether the rows BA are there.
    points : {"sobol", "salib", "random"}, optional
        For ``"saltelli"``: base points. ``"sobol"`` gives each input a two-dimensional Sobol' net in an order of its
        own, so that every pair of inputs is seen. ``"salib"`` is one Sobol' sequence over all columns, with one
        replicate SALib's rows for the same seed: for 2 to 6 inputs and large N it is more precise, but blind to the
        interaction of some pairs, which `sobol_indices` names. ``"random"`` is independent draws.
    groups : mapping of str to sequence of str, optional
        For ``"saltelli"``: inputs that are swapped together; those not named stay alone. Inputs or groups with a rank
        correlation between them are one group in any case, named after its members.
    latent : bool, optional
        For ``"saltelli"`` with rank correlations: swap the independent normal scores from which the correlated inputs
        are made. The index of an input is then that of the part of it which the inputs before it do not explain.
    levels : int, optional
        For ``"morris"``: levels of the grid, even.
    span : tuple of float, optional
        For ``"morris"``: probabilities of the lowest and the highest level, inside 0 and 1, where many families have no
        finite quantile.

    Returns
    -------
    Dataset
        Dims ``(sample,)``: each input in the unit of its prior, constants without a
        dimension; attributes that say how it was drawn.

    Raises
    ------
    InputError
        If the size does not fit the design, a name is unknown, or an option belongs to another design.

    References
    ----------
    A. Saltelli, Comput. Phys. Commun. 145, 280 (2002), doi:10.1016/S0010-4655(02)00280-1.
    A. B. Owen, J. Complexity 14, 466 (1998), doi:10.1006/jcom.1998.0487.
    W.-L. Loh, Ann. Stat. 31, 1282 (2003), doi:10.1214/aos/1059655914 (errors over nested scrambles).

    Examples
    --------
    >>> import clustercast as cc
    >>> inputs = cc.draw(cc.Priors(growth=cc.Uniform(0.4, 0.6, unit="OOM/year")), 4, seed=7)
    >>> inputs["growth"].dims, inputs["growth"].units
    (('sample',), 'OOM/year')
    """
    checked_priors(priors)
    seed = checked_seed(seed)
    if design not in _DESIGNS:
        raise InputError(f"design is {design!r}{nearest(str(design), _DESIGNS)}; choose one of {', '.join(_DESIGNS)}")
    chosen = _DESIGNS[design]
    given = {
        "replicates": replicates not in (None, 1),
        "second_order": not second_order,
        "points": points != "sobol",
        "groups": bool(groups),
        "latent": latent,
        "levels": levels != 4,
        "span": tuple(span) != (0.05, 0.95),
    }
    for option in (name for name, is_given in given.items() if is_given and name not in chosen.options):
        owners = [repr(name) for name, other in _DESIGNS.items() if option in other.options]
        raise InputError(f"{option} is an option of design {', '.join(owners)}, not of {design!r}; leave it out")
    size, several = whole_number("size", size), chosen.replicates if replicates is None else replicates
    several = whole_number("replicates", several, least=chosen.fewest_replicates)
    request = _Request(design, priors, size, seed, several, second_order, points, groups, latent, levels, span)
    if size % several:
        raise InputError(f"replicates is {several}, which does not divide size {size}; give 1, 2, 4, 8 or 16")
    _refuse_beyond_memory(size, len(priors.uncertain) * (1 if design in PLAIN else len(priors.uncertain) + 1))
    values, attrs = chosen.make(request)
    record = {"name": design, "seed": seed, "size": size, **attrs}
    if "replicates" in chosen.options and (several > 1 or design not in PLAIN):
        record["replicates"] = several
    if correlated := _correlated(priors):
        record["correlated"] = correlated
    return inputs_dataset(values, priors, record)


def _refuse_beyond_memory(size: int, numbers: int) -> None:
    """Refuse a size whose numbers alone, so many for each of it, do not fit the memory of this machine."""
    if not hasattr(os, "sysconf") or not numbers:
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size * numbers * 8 > memory:
        raise InputError(
            f"size is {size}, which takes {size * numbers * 8 / 1e9:,.0f} GB, more than this machine has; give at most "
            f"{memory // (8 * numbers):,}, or keep no samples with cc.stream or cc.stream_sobol"
        )


def input_values(
    priors: Priors, design: str, seed: int, start: int, stop: int, names: Collection[str] | None = None
) -> dict[str, FloatArray]:
    """Draw rows of the uncertain inputs (of `names` and what correlates with them), the same bits however cut."""
    needed = set(priors.uncertain if names is None else names)
    if not needed.isdisjoint(priors.correlated):
        needed.update(priors.correlated)
    columns = [(column, name) for column, name in enumerate(priors.uncertain) if name in needed]
    return _values(priors, {name: _uniforms(design, seed, name, column, start, stop) for column, name in columns})


def _values(priors: Priors, uniforms: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Turn independent uniforms of some inputs, all correlated ones or none among them, into values."""
    values = {name: priors[name].quantile(u) for name, u in uniforms.items() if name not in priors.correlated}
    if len(values) < len(uniforms):
        scores = np.column_stack([ndtri(uniforms[name]) for name in priors.correlated])
        values |= _correlated_values(priors, scores)
    return {name: values[name] for name in uniforms}


def _uniforms(design: str, seed: int, name: str, column: int, start: int, stop: int) -> FloatArray:
    """Draw some rows of one input on the unit interval, strictly inside it."""
    if design == "random":
        return inside(random_uniforms(seed, name, start, stop), RANDOM_BITS)
    if design == "sobol":
        return inside(sobol_column(seed, column, start, stop))
    return inside(latin_uniforms(seed, name, stop)[start:], RANDOM_BITS)


def _correlated_values(priors: Priors, independent: FloatArray) -> dict[str, FloatArray]:
    """Turn independent normal scores, a column for each correlated input, into values, through the copula."""
    scores = correlate(independent, priors.correlation_factor)
    return {
        name: priors[name].quantile_from_normal_score(np.ascontiguousarray(scores[:, column]))
        for column, name in enumerate(priors.correlated)
    }


def _plain(request: _Request) -> Drawn:
    """Draw independent samples, one replicate after another."""
    if request.design == "sobol":
        require_power_of_two(request.size)
    priors, each = request.priors, request.size // request.replicates
    if request.design == "sobol" and request.replicates > 1:
        # Over affine scrambles the errors of a smooth output have tails too heavy for their spread to be its error.
        points = np.empty((request.replicates, len(priors.uncertain), each))
        for seed, own in zip(request.seeds, points, strict=True):
            nested_points(seed, 0, own)
        columns = points.transpose(1, 0, 2).reshape(len(priors.uncertain), -1)
        return _values(priors, dict(zip(priors.uncertain, columns, strict=True))), {}
    parts = [input_values(priors, request.design, seed, 0, each) for seed in request.seeds]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, {}


def _saltelli(request: _Request) -> Drawn:
    """Draw Saltelli's design."""
    if request.points != "random":
        require_power_of_two(request.size)
    priors, several = request.priors, request.replicates
    swaps, joined = swapped_together(priors, request.groups, request.latent)
    names, each = priors.uncertain, request.size // several
    bases = [saltelli_replicate(request.seed, r, several, names, each, points=request.points) for r in range(several)]
    a, b = (np.concatenate(parts) for parts in zip(*bases, strict=True))
    values = saltelli_values(priors, a, b, swaps, request.second_order)
    record = {
        "second_order": bool(request.second_order),
        "points": request.points,
        "swaps": swaps,
        "latent": bool(request.latent and priors.correlations),
    }
    return values, record | ({"correlated_groups": joined} if joined else {})


def saltelli_values(
    priors: Priors, a: FloatArray, b: FloatArray, swaps: Mapping[str, Sequence[str]], second_order: bool
) -> dict[str, FloatArray]:
    """Make the rows of Saltelli's design from base points, shape (base points, inputs); other rows repeat A and B."""
    names = priors.uncertain
    rows = runs_per_point(len(swaps), second_order)
    from_b = {name: _rows_from_b(name, swaps, rows).astype(np.intp) for name in names}
    correlated = priors.correlated

    def repeat(name: str, value_a: FloatArray, value_b: FloatArray) -> FloatArray:
        return np.take(np.column_stack([value_a, value_b]), from_b[name], axis=1).reshape(-1)

    columns = {name: (inside(a[:, i]), inside(b[:, i])) for i, name in enumerate(names)}
    values = {
        name: repeat(name, *(priors[name].quantile(u) for u in columns[name]))
        for name in names
        if name not in correlated
    }
    if correlated:
        scores = np.column_stack([repeat(name, *map(ndtri, columns[name])) for name in correlated])
        values |= _correlated_values(priors, scores)
    return {name: values[name] for name in names}


def _rows_from_b(name: str, swaps: Mapping[str, Sequence[str]], rows: int) -> NDArray[np.bool_]:
    """Return in which of the rows A, AB, BA, B of a base point an input comes from B."""
    own = np.array([name in members for members in swaps.values()])
    swapped = np.concatenate([own, ~own]) if rows == 2 * len(own) + 2 else own
    return np.concatenate([[False], swapped, [True]])


def _shapley(request: _Request) -> Drawn:
    """Draw trajectories in random orders of the inputs."""
    dimensions, correlation = len(request.priors.uncertain), _score_correlation(request.priors)

    def scores(seed: int, points: int) -> FloatArray:
        orders = random_permutations(seed, dimensions, points)
        return trajectory_scores(orders, correlation, paired_normals(seed, dimensions, points))

    return _from_scores(request, scores)


def _kucherenko(request: _Request) -> Drawn:
    """Draw a pick-freeze design for correlated inputs."""
    dimensions, correlation = len(request.priors.uncertain), _score_correlation(request.priors)

    def scores(seed: int, points: int) -> FloatArray:
        return kucherenko_scores(correlation, paired_normals(seed, dimensions, points))

    return _from_scores(request, scores)


def _from_scores(request: _Request, scores: Callable[[int, int], FloatArray]) -> Drawn:
    """Turn normal scores, shape (points, rows, inputs), of each replicate into inputs."""
    refuse_constant(request.priors)
    require_power_of_two(request.size)
    names, each = request.priors.uncertain, request.size // request.replicates
    rows = np.concatenate([scores(seed, each) for seed in request.seeds])
    by_input = np.ascontiguousarray(rows.reshape(-1, len(names)).T)
    return {name: request.priors[name].quantile_from_normal_score(by_input[i]) for i, name in enumerate(names)}, {}


def _score_correlation(priors: Priors) -> FloatArray:
    """Return the correlation of the normal scores of the uncertain inputs, shape (d, d)."""
    correlation = np.eye(len(priors.uncertain))
    places = [priors.uncertain.index(name) for name in priors.correlated]
    if places:
        correlation[np.ix_(places, places)] = priors.correlation_matrix
    return correlation


def _correlated(priors: Priors) -> list[str]:
    """Name the inputs that have a correlation other than 0, in the order of the priors."""
    named = {name for correlation in priors.correlations if correlation.rank for name in correlation.between}
    return [name for name in priors.uncertain if name in named]


def _morris(request: _Request) -> Drawn:
    """Draw trajectories on a grid of probabilities; inputs move one at a time, so correlations are not kept."""
    priors, (low, high) = request.priors, request.span
    refuse_constant(priors)
    whole_number("size", request.size, least=2)
    if whole_number("levels", request.levels, least=2) % 2:
        raise InputError(f"levels is {request.levels}; give an even number, as 4")
    if not 0 < low < high < 1:
        raise InputError(f"span is {request.span}; give two increasing probabilities between 0 and 1, both excluded")
    points = morris_trajectories(request.seed, len(priors.uncertain), request.size, request.levels)
    probabilities = low + (high - low) * points.reshape(-1, len(priors.uncertain)).T
    values = {
        n: priors[n].quantile(np.ascontiguousarray(p)) for n, p in zip(priors.uncertain, probabilities, strict=True)
    }
    return values, {"levels": request.levels, "span": [low, high]}


PLAIN = ("random", "latin", "sobol")
_DESIGNS: Mapping[str, _Design] = {
    "random": _Design(_plain),
    "latin": _Design(_plain, ("replicates",)),
    "sobol": _Design(_plain, ("replicates",)),
    "saltelli": _Design(_saltelli, ("replicates", "second_order", "points", "groups", "latent")),
    "shapley": _Design(_shapley, ("replicates",), 16, 2),
    "kucherenko": _Design(_kucherenko, ("replicates",), 16, 2),
    "morris": _Design(_morris, ("levels", "span")),
}
MEASURED = tuple(name for name in _DESIGNS if name not in PLAIN)
