"""Draw inputs from priors: points on the unit cube, then quantile functions."""

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.arrays.indices import dependent
from clustercast.arrays.points import designs
from clustercast.arrays.points.copula import correlate
from clustercast.arrays.points.designs import Points, SwappedColumn, saltelli_replicate
from clustercast.arrays.points.sobol_sequence import nested_points
from clustercast.arrays.points.streams import checked_seed, replicate_seed, stream
from clustercast.errors import InputError, nearest, typed, whole_number
from clustercast.priors.groups import Groups, checked_groups, refuse_constant, swapped_together
from clustercast.priors.prior_set import Priors, checked_priors

if TYPE_CHECKING:
    from clustercast.dataset import Dataset

Design = Literal["random", "latin", "sobol", "saltelli", "shapley", "kucherenko", "morris"]
Seeds = Sequence[int]
# Numbers of a Saltelli design above which rows are made when read: to go over all costs far more than over A and B.
LARGE = 1 << 22
PARTS = 16  # of an even draw: their spread has an error of a fifth
Drawn = tuple[dict[str, FloatArray], dict[str, Any]]


class _Design(NamedTuple):
    """One way to lay out rows."""

    # From priors, size, seeds of the replicates, and the options by name.
    make: Callable[..., Drawn]
    options: tuple[str, ...] = ()
    replicates: int = 1


@typed
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
    columns: Iterable[str] | None = None,
) -> "Dataset":
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
        The same seed gives the same bits. Of ``"random"``, ``"latin"`` and ``"saltelli"`` each input has a stream
        named after it, so that a further input moves no other; of others it has a column, by the order of the inputs,
        which each replicate of ``"sobol"`` shuffles.
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
        For ``"saltelli"``: inputs that are swapped together. Correlated inputs or groups are one group in any case.
    latent : bool, optional
        For ``"saltelli"`` with rank correlations: swap the independent normal scores from which the correlated inputs
        are made. The index of an input is then that of the part of it which the inputs before it do not explain.
    levels, span : int and tuple of float, optional
        For ``"morris"``: levels of the grid, even, and probabilities of the lowest and the highest, inside 0 and 1.
    columns : iterable of str, optional
        For ``"sobol"``: names by the column that each takes, all uncertain inputs among them. Draws from several priors
        that have it in common are pairs: an input has the same points in each, whatever the others are.

    Returns
    -------
    Dataset
        Dims ``(sample,)``: each input in the unit of its prior, constants without a dimension.

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
    >>> inputs = cc.draw(cc.Priors(growth=cc.Uniform(0.4, 0.6, unit="OOM/year")), 4, seed=7)
    >>> inputs["growth"].dims, inputs["growth"].units
    (('sample',), 'OOM/year')
    """
    uncertain, seed = len(checked_priors(priors).uncertain), checked_seed(seed)
    if design not in _DESIGNS:
        raise InputError(f"design is {design!r}{nearest(str(design), _DESIGNS)}; choose one of {', '.join(_DESIGNS)}")
    chosen = _DESIGNS[design]
    given: dict[str, Any] = {"replicates": replicates or 1, "second_order": second_order, "points": points}
    given |= {"groups": checked_groups(groups, priors) or None, "latent": latent, "levels": levels, "span": tuple(span)}
    given["columns"] = None if columns is None else list(dict.fromkeys(columns))
    for option in (name for name in given if given[name] != _USUAL.get(name) and name not in chosen.options):
        owners = [repr(name) for name, other in _DESIGNS.items() if option in other.options]
        raise InputError(f"{option} is an option of design {', '.join(owners)}, not of {design!r}; leave it out")
    size, several = whole_number("size", size), chosen.replicates if replicates is None else replicates
    several = whole_number("replicates", several, least=min(chosen.replicates, 2))
    if size < several:
        what = f"a size of {size} is less than the {several} replicates whose spread gives the error bars"
        raise InputError(f"{what}; give {several} or more, or at most {size} replicates")
    if size % several:
        raise InputError(f"replicates is {several}, which does not divide size {size}; give 1, 2, 4, 8 or 16")
    # Of Saltelli's rows only A and B are held, and what is computed of each row.
    bytes_each = 8 * uncertain * {**dict.fromkeys(PLAIN, 1), "saltelli": 4}.get(design, uncertain + 1)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else math.inf
    if size * bytes_each > memory:
        what = f"size is {size}, which takes {size * bytes_each / 1e9:,.0f} GB, more than this machine has"
        raise InputError(f"{what}; give at most {memory // bytes_each:,}, or use cc.stream, which keeps none")
    seeds = [replicate_seed(seed, replicate) for replicate in range(several)]
    options = {name: given[name] for name in chosen.options if name != "replicates"}
    values, attrs = chosen.make(priors, size, seeds, **options)
    record = {"name": design, "seed": seed, "size": size, **attrs}
    if "replicates" in chosen.options and (several > 1 or design not in PLAIN):
        record["replicates"] = several
    if named := {name for correlation in priors.correlations if correlation.rank for name in correlation.between}:
        record["correlated"] = [name for name in priors.uncertain if name in named]
    # Workers of a streamed run draw without labels, and start twice as fast without xarray.
    from clustercast.dataset import inputs_dataset

    return inputs_dataset(values, priors, record)


def even_draw(priors: Priors, size: int, seed: int = 0, columns: Iterable[str] | None = None) -> "Dataset":
    """Draw 16 independent parts of Sobol' points, whose spread gives errors; not a power of two is drawn at random."""
    if whole_number("size", size) < PARTS or size & (size - 1):
        return draw(priors, size, seed=seed)
    return draw(priors, size, design="sobol", replicates=PARTS, seed=seed, columns=columns)


def input_values(
    priors: Priors, design: str, seed: int, start: int, stop: int, names: Collection[str] | None = None
) -> dict[str, FloatArray]:
    """Draw rows of the uncertain inputs (of `names` and what correlates with them), the same bits however cut."""
    needed = set(priors.uncertain if names is None else names)
    if not needed.isdisjoint(priors.correlated):
        needed.update(priors.correlated)
    uniforms = {}
    for column, name in ((column, name) for column, name in enumerate(priors.uncertain) if name in needed):
        if design == "sobol":
            uniforms[name] = designs.inside(designs.sobol_column(seed, column, start, stop))
        elif design == "random":
            uniforms[name] = designs.inside(designs.random_uniforms(seed, name, start, stop), designs.RANDOM_BITS)
        else:
            uniforms[name] = designs.inside(designs.latin_uniforms(seed, name, stop)[start:], designs.RANDOM_BITS)
    return _values(priors, uniforms)


def _values(priors: Priors, uniforms: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Turn independent uniforms of some inputs, all correlated ones or none among them, into values."""
    correlated = priors.correlated
    values = {name: priors[name].quantile(u) for name, u in uniforms.items() if name not in correlated}
    if len(values) < len(uniforms):
        values |= values_at_scores(priors, {name: ndtri(uniforms[name]) for name in correlated})
    return {name: values[name] for name in uniforms}


def values_at_scores(priors: Priors, scores: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Turn independent normal scores of some inputs, all correlated ones or none among them, into values."""
    if correlated := [name for name in priors.correlated if name in scores]:
        independent = np.column_stack([scores[name] for name in correlated])
        mixed = np.ascontiguousarray(correlate(independent, priors.correlation_factor).T)
        scores = {**scores, **dict(zip(correlated, mixed, strict=True))}
    return {name: priors[name].quantile_from_normal_score(score) for name, score in scores.items()}


def _plain(design: str, priors: Priors, size: int, seeds: Seeds, columns: list[str] | None = None) -> Drawn:
    """Draw independent samples, one replicate after another."""
    own, each = list(priors.uncertain), size // len(seeds)
    if design != "sobol":
        parts = [input_values(priors, design, seed, 0, each) for seed in seeds]
        return {name: np.concatenate([part[name] for part in parts]) for name in own}, {}
    designs.require_power_of_two(size)
    names = own if columns is None else columns
    if lacking := [name for name in own if name not in names]:
        raise InputError(f"columns lack the uncertain input {lacking[0]!r}; name every uncertain input")
    points = np.empty((len(seeds), len(names), each))
    for seed, replicate in zip(seeds, points, strict=True):
        # Over affine scrambles the errors of a smooth output have tails too heavy for their spread to be its error.
        # A column may follow the product of two others, in any scramble: each replicate gives it to another input.
        if len(seeds) > 1:
            nested_points(seed, 0, replicate)
            replicate[:] = replicate[stream(seed, "columns").permutation(len(names))]
        elif names:
            replicate[:] = [designs.inside(designs.sobol_column(seed, place, 0, size)) for place in range(len(names))]
    uniforms = dict(zip(names, points.transpose(1, 0, 2).reshape(len(names), size), strict=True))
    return _values(priors, {name: uniforms[name] for name in own}), {} if names == own else {"columns": names}


def _saltelli(
    priors: Priors, size: int, seeds: Seeds, second_order: bool, points: Points, groups: Groups | None, latent: bool
) -> Drawn:
    """Draw Saltelli's design."""
    if points != "random":
        designs.require_power_of_two(size)
    swaps, joined = swapped_together(priors, groups, latent)
    names, several = priors.uncertain, len(seeds)
    bases = [saltelli_replicate(own, several, names, size // several, points=points) for own in seeds]
    a, b = (np.concatenate(parts) for parts in zip(*bases, strict=True))
    columns = saltelli_columns(priors, a, b, swaps, second_order)
    large = sum(map(len, columns.values())) > LARGE
    record = {"second_order": bool(second_order), "points": points, "swaps": swaps}
    record["latent"] = bool(latent and priors.correlations)
    values: dict[str, Any] = {name: column if large else column[:] for name, column in columns.items()}
    return values, record | ({"correlated_groups": joined} if joined else {})


def saltelli_columns(
    priors: Priors, a: FloatArray, b: FloatArray, swaps: Mapping[str, Sequence[str]], second_order: bool
) -> dict[str, SwappedColumn]:
    """Return what makes the rows of Saltelli's design from base points, shape (base points, inputs)."""
    names, correlated = priors.uncertain, priors.correlated
    # In which of the rows A, AB, BA, B of a base point an input comes from B.
    own = {name: np.array([name in members for members in swaps.values()]) for name in names}
    from_b = {n: np.concatenate([[False], x, ~x if second_order else x[:0], [True]]) for n, x in own.items()}
    uniforms = {name: (designs.inside(a[:, i]), designs.inside(b[:, i])) for i, name in enumerate(names)}
    alone = [name for name in names if name not in correlated]
    pairs = {name: np.column_stack([priors[name].quantile(u) for u in uniforms[name]]) for name in alone}
    columns = {name: SwappedColumn(pair, from_b[name]) for name, pair in pairs.items()}
    if correlated:
        # What correlates is made once for each way in which the inputs come from A and B together.
        ways, which = np.unique([from_b[name] for name in correlated], axis=1, return_inverse=True)
        both = [np.column_stack([ndtri(u) for u in uniforms[name]]) for name in correlated]
        scores = [pair[:, way.astype(np.intp)].reshape(-1) for pair, way in zip(both, ways, strict=True)]
        made = values_at_scores(priors, dict(zip(correlated, scores, strict=True)))
        columns |= {name: SwappedColumn(column.reshape(len(a), -1), which) for name, column in made.items()}
    return {name: columns[name] for name in names}


def _from_scores(design: str, priors: Priors, size: int, seeds: Seeds) -> Drawn:
    """Turn the normal scores of each replicate, of trajectories in random orders or of mixtures, into inputs."""
    refuse_constant(priors)
    designs.require_power_of_two(size)
    names, points, rows = priors.uncertain, size // len(seeds), []
    correlation = np.eye(len(names))
    if places := [names.index(name) for name in priors.correlated]:
        correlation[np.ix_(places, places)] = priors.correlation_matrix
    for seed in seeds:
        normals = dependent.paired_normals(seed, len(names), points)
        if design == "shapley":
            orders = dependent.random_permutations(seed, len(names), points)
            rows.append(dependent.trajectory_scores(orders, correlation, normals))
        else:
            rows.append(dependent.kucherenko_scores(correlation, normals))
    by_input = np.ascontiguousarray(np.concatenate(rows).reshape(-1, len(names)).T)
    return {name: priors[name].quantile_from_normal_score(by_input[i]) for i, name in enumerate(names)}, {}


def _morris(priors: Priors, size: int, seeds: Seeds, levels: int, span: tuple[float, float]) -> Drawn:
    """Draw trajectories on a grid of probabilities; inputs move one at a time, so correlations are not kept."""
    refuse_constant(priors)
    whole_number("size", size, least=2)
    if whole_number("levels", levels, least=2) % 2:
        raise InputError(f"levels is {levels}; give an even number, as 4")
    if len(span) != 2 or not 0 < span[0] < span[1] < 1:
        raise InputError(f"span is {span}; give two increasing probabilities between 0 and 1, both excluded")
    names, (low, high) = priors.uncertain, span
    points = designs.morris_trajectories(seeds[0], len(names), size, levels)
    probabilities = low + (high - low) * points.reshape(-1, len(names)).T
    values = {n: priors[n].quantile(np.ascontiguousarray(p)) for n, p in zip(names, probabilities, strict=True)}
    return values, {"levels": levels, "span": [low, high]}


PLAIN = ("random", "latin", "sobol")
_USUAL = dict(replicates=1, second_order=True, points="sobol", groups=None, latent=False, levels=4, span=(0.05, 0.95))
_DESIGNS: Mapping[str, _Design] = {
    "random": _Design(partial(_plain, "random")),
    "latin": _Design(partial(_plain, "latin"), ("replicates",)),
    "sobol": _Design(partial(_plain, "sobol"), ("replicates", "columns")),
    "saltelli": _Design(_saltelli, ("replicates", "second_order", "points", "groups", "latent")),
    "shapley": _Design(partial(_from_scores, "shapley"), ("replicates",), 16),
    "kucherenko": _Design(partial(_from_scores, "kucherenko"), ("replicates",), 16),
    "morris": _Design(_morris, ("levels", "span")),
}
MEASURED = tuple(name for name in _DESIGNS if name not in PLAIN)
