"""Draw inputs from priors: points on the unit cube, then quantile functions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from clustercast.arrays.points.copula import correlate
from clustercast.arrays.points.designs import (
    RANDOM_BITS,
    inside,
    latin_uniforms,
    random_uniforms,
    require_power_of_two,
    sobol_column,
)
from clustercast.arrays.points.saltelli import Points, saltelli_replicate
from clustercast.arrays.points.streams import checked_seed
from clustercast.dataset import Dataset, inputs_dataset
from clustercast.errors import InputError, nearest, whole_number
from clustercast.priors.prior_set import Priors, checked_priors

FloatArray = NDArray[np.float64]
Design = Literal["random", "latin", "sobol", "saltelli"]
Groups = Mapping[str, Sequence[str]]

DESIGNS = ("random", "latin", "sobol", "saltelli")


def draw(
    priors: Priors,
    size: int,
    *,
    design: Design = "random",
    seed: int = 0,
    second_order: bool = True,
    replicates: int = 1,
    points: Points = "sobol",
    groups: Groups | None = None,
    latent: bool = False,
) -> Dataset:
    """Draw inputs from their priors.

    Parameters
    ----------
    priors : Priors
    size : int
        Number of samples; for ``"saltelli"`` the number of base points N, which give
        ``N (2 D + 2)`` samples for D inputs (``N (D + 2)`` without second order).
    design : {"random", "latin", "sobol", "saltelli"}, optional
        Independent draws, a Latin hypercube, scrambled Sobol' points, or Saltelli's
        design for `sobol_indices`.
    seed : int, optional
        The same seed gives the same bits. Each input has its own stream, keyed by its
        name, so that a further input does not move the others (Saltelli's design is
        SALib's, which does not have this property).
    second_order : bool, optional
        For ``"saltelli"``: whether the rows BA are there.
    replicates : int, optional
        For ``"saltelli"``: number of independent scrambles that share `size`; 8 or 16 give
        error bars that cover. One gives SALib's rows for the same seed; two or more are nested
        uniform scrambles (Owen), over which errors are near normal.
    points : {"sobol", "random"}, optional
        For ``"saltelli"``: base points.
    groups : mapping of str to sequence of str, optional
        For ``"saltelli"``: inputs that are swapped together; those not named stay alone.
    latent : bool, optional
        For ``"saltelli"`` with rank correlations: swap the independent normal scores from
        which the correlated inputs are made. The index of an input is then that of the
        part of it which the inputs before it do not explain.

    Returns
    -------
    Dataset
        Dims ``(sample,)``: each input in the unit of its prior, constants without a
        dimension; attributes that say how it was drawn.

    Raises
    ------
    InputError
        If the size does not fit the design, a name is unknown, or plain Sobol indices
        would be wrong because inputs are correlated.

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
    if design not in DESIGNS:
        raise InputError(f"design is {design!r}{nearest(str(design), DESIGNS)}; choose one of {', '.join(DESIGNS)}")
    _check_size(size, design, replicates, points)
    if design == "saltelli":
        swaps = _swaps(priors, groups, latent)
        values = _saltelli_values(priors, size, seed, second_order, replicates, points, swaps)
        attrs = _saltelli_attrs(priors, size, second_order, replicates, points, swaps, latent)
    else:
        if groups or replicates != 1 or latent:
            raise InputError(f"groups, replicates and latent belong to design='saltelli', not to {design!r}")
        values = input_values(priors, design, seed, 0, size)
        attrs = {"size": int(size)}
    if priors.correlations:
        attrs["correlated"] = list(priors.correlated)
    return inputs_dataset(values, priors, {"name": design, "seed": seed, **attrs})


def input_values(
    priors: Priors, design: str, seed: int, start: int, stop: int, names: Collection[str] | None = None
) -> dict[str, FloatArray]:
    """Draw rows `start` to `stop`, the same bits however the rows are cut.

    Parameters
    ----------
    priors : Priors
    design : {"random", "sobol", "latin"}
        A Latin hypercube is drawn whole: its rows start at 0.
    seed : int
    start, stop : int
        First row, and the row after the last.
    names : collection of str, optional
        Inputs that are needed; those correlated with one of them are drawn too.

    Returns
    -------
    dict of str to array
        Uncertain inputs, shape ``(stop - start,)``, in the unit of their prior.
    """
    needed = set(priors.uncertain if names is None else names)
    if not needed.isdisjoint(priors.correlated):
        needed.update(priors.correlated)
    values, joint = {}, {}
    for column, name in enumerate(priors.uncertain):
        if name in needed:
            uniforms = _uniforms(design, seed, name, column, start, stop)
            if name in priors.correlated:
                joint[name] = uniforms
            else:
                values[name] = priors[name].quantile(uniforms)
    if joint:
        scores = np.column_stack([ndtri(joint[name]) for name in priors.correlated])
        values |= _correlated_values(priors, scores)
    return {name: values[name] for name in priors.uncertain if name in needed}


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


def _saltelli_values(
    priors: Priors,
    size: int,
    seed: int,
    second_order: bool,
    replicates: int,
    points: Points,
    swaps: Mapping[str, tuple[str, ...]],
) -> dict[str, FloatArray]:
    """Draw Saltelli's design."""
    length, each = len(priors.uncertain), size // replicates
    bases = [saltelli_replicate(seed, r, replicates, length, each, points=points) for r in range(replicates)]
    a, b = (np.concatenate(parts) for parts in zip(*bases, strict=True))
    return saltelli_values(priors, a, b, swaps, second_order)


def saltelli_values(
    priors: Priors, a: FloatArray, b: FloatArray, swaps: Mapping[str, Sequence[str]], second_order: bool
) -> dict[str, FloatArray]:
    """Make the rows of Saltelli's design; quantile functions see only A and B, since the other rows repeat them.

    Parameters
    ----------
    priors : Priors
    a, b : array (base points, inputs)
        Base points on the unit cube.
    swaps : mapping of str to sequence of str
        Inputs that are swapped together.
    second_order : bool
        Whether to make the rows BA.

    Returns
    -------
    dict of str to array
        Uncertain inputs, all rows of a base point after another, in the unit of their prior.
    """
    names = priors.uncertain
    rows = 2 * len(swaps) + 2 if second_order else len(swaps) + 2
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
    """Say in which of the rows A, AB, BA, B of a base point an input comes from B."""
    mask = np.zeros(rows, dtype=bool)
    mask[-1] = True
    second_order = rows == 2 * len(swaps) + 2
    for k, members in enumerate(swaps.values()):
        mask[1 + k] = name in members
        if second_order:
            mask[1 + len(swaps) + k] = name not in members
    return mask


def _swaps(priors: Priors, groups: Groups | None, latent: bool) -> dict[str, tuple[str, ...]]:
    """Return what is swapped together, by name: each input alone, or the groups."""
    if not priors.uncertain:
        raise InputError(f"{priors.name} has no uncertain input; sensitivity needs at least one")
    group_of: dict[str, str] = {}
    for group, members in checked_groups(groups).items():
        if group in priors and list(members) != [group]:
            raise InputError(f"group {group!r} has the name of an input; call it otherwise")
        for name in members:
            if name not in priors.uncertain:
                raise InputError(
                    f"group {group!r} holds {name!r}, which is not an uncertain input{nearest(name, priors.uncertain)}"
                )
            if name in group_of:
                raise InputError(f"input {name!r} is in two groups, {group_of[name]!r} and {group!r}; keep it in one")
            group_of[name] = group
    swaps: dict[str, tuple[str, ...]] = {}
    for name in priors.uncertain:
        key = group_of.get(name, name)
        swaps[key] = (*swaps.get(key, ()), name)
    for correlation in priors.correlations:
        one, other = (group_of.get(name, name) for name in correlation.between)
        if one != other and not latent:
            raise InputError(
                f"inputs {correlation.between[0]!r} and {correlation.between[1]!r} are correlated (rank "
                f"{correlation.rank:g}), so their plain Sobol indices mean nothing; put them in one group (groups=), "
                "ask for their independent latents (latent=True, --latent), or use cc.shapley_effects "
                "(python -m analyses.shapley) or cc.kucherenko_indices"
            )
    return swaps


def checked_groups(groups: Groups | None) -> Groups:
    """Return groups, refused where they are no mapping of names to lists of names, or one is empty."""
    if groups is not None and not isinstance(groups, Mapping):
        raise InputError(f"groups is {groups!r}; give names and members, as in {{'growth': ['a', 'b']}}")
    for group, members in (groups or {}).items():
        if isinstance(members, str) or not members:
            raise InputError(f"group {group!r} holds {members!r}; give a list of one input or more")
    return groups or {}


def _saltelli_attrs(
    priors: Priors,
    size: int,
    second_order: bool,
    replicates: int,
    points: Points,
    swaps: Mapping[str, tuple[str, ...]],
    latent: bool,
) -> dict[str, Any]:
    """Return the attributes from which `sobol_indices` knows the design again."""
    return {
        "size": int(size),
        "second_order": bool(second_order),
        "replicates": int(replicates),
        "points": points,
        "swaps": swaps,
        "latent": latent and bool(priors.correlations),
    }


def _check_size(size: object, design: str, replicates: int, points: Points) -> None:
    """Refuse a size that is no count, or that the design cannot take."""
    size, replicates = whole_number("size", size), whole_number("replicates", replicates)
    if design == "sobol" or (design == "saltelli" and points == "sobol"):
        require_power_of_two(size)
    if size % replicates:
        raise InputError(f"replicates is {replicates}, which does not divide size {size}; give 1, 2, 4, 8 or 16")
