"""Whose prior makes the difference: the gap between two medians, shared out among inputs that two sets differ in."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.dataset import in_words, provenance
from clustercast.decisions.pooling import plain
from clustercast.engine.model import Model
from clustercast.errors import InputError, whole_number
from clustercast.priors.families import Fixed
from clustercast.priors.groups import section_of
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import propagate
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw

# So many groups have all their subsets run; more are added in random orders.
_ALL_SUBSETS = 6


def whose_prior(
    sets: Mapping[str, Priors],
    output: str,
    year: float | None = None,
    *,
    groups: Mapping[str, Iterable[str]] | None = None,
    model: Model | None = None,
    years: Iterable[float] | None = None,
    size: int = 4096,
    orders: int = 8,
    seed: int = 0,
) -> xr.Dataset:
    """Return which disagreements of two prior sets make the gap between their medians.

    Parameters
    ----------
    sets : mapping of str to Priors
        Two sets of the same inputs; the gap is the second's median less the first's.
    output : str
        A quantity of the model.
    year : float, optional
        Which year of it; none where it has no years.
    groups : mapping of str to iterable of str, optional
        Inputs whose priors change hands together; by default those of each section of the model.
    model : Model, optional
        The shipped cluster model by default. It is run on each mixture of the two sets, on the same random numbers.
    years : iterable of float, optional
        The grid up to `year`; by default yearly from 2024.
    size, seed : int, optional
        Of each draw.
    orders : int, optional
        With more than six groups, in how many random orders they change hands, each followed by its reverse.

    Returns
    -------
    Dataset
        By (group,), the largest first: ``part``, whose sum is ``gap`` exactly, and ``part_error`` over orders, 0 where
        all subsets were run. In decades (OOM) where the output is positive. The attribute ``words`` has a sentence.

    Raises
    ------
    InputError
        If there are not two sets of the same inputs, or they agree.

    References
    ----------
    L. S. Shapley, in Contributions to the Theory of Games II (1953), doi:10.1515/9781400881970-018.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + y - 10
    >>> one, other = (cc.Priors(x=cc.Normal(m, 1), y=cc.Normal(2 * m, 1)) for m in (0, 1))
    >>> found = cc.whose_prior({"one": one, "other": other}, "total", groups={"x": ["x"], "y": ["y"]},
    ...                        model=cc.Model([total]))
    >>> found["group"].values.tolist(), found["part"].round(3).values.tolist(), float(found["gap"].round(3))
    (['y', 'x'], [2.0, 1.0], 3.0)
    """
    model = cluster_model() if model is None else model
    (first, a), (second, b) = _two(sets)
    members = _members(a, b, groups, model, output)
    grid = None if year is None else sorted({*(np.arange(2024, year + 1) if years is None else years), year})

    def median(chosen: frozenset[str]) -> tuple[float, bool]:
        inputs = draw(_exchanged(a, b, {name for group in chosen for name in members[group]}), size, seed=seed)
        known = model.inputs([output])
        needed = inputs[[name for name in inputs.data_vars if str(name) in known]]
        forecast = propagate(needed, model=model, outputs=[output], **({} if grid is None else {"years": grid}))  # type: ignore[arg-type]
        values = forecast[output].values if year is None else forecast[output].sel(year=year).values
        return float(np.median(values)), bool((values > 0).all())

    names = list(members)
    parts, error, ends, log = _shapley(names, median, whole_number("orders", orders), seed)
    rank = np.argsort(-np.abs(parts), kind="stable")
    unit = "OOM" if log else model.unit(output)
    gap = ends[1] - ends[0]
    what = in_words(output) + ("" if year is None else f" in {year:g}")
    top = names[rank[0]]
    words = (
        f"The median of {what} by {second!r} is {gap:+.2g} {unit} from that by {first!r}; "
        f"{top.replace('_', ' ')} makes {parts[rank[0]]:+.2g} of it."
    )
    return xr.Dataset(
        {"part": ("group", parts[rank]), "part_error": ("group", error[rank]), "gap": ((), gap)},
        {"group": [names[k] for k in rank]},
        {**provenance({}), "unit": unit, "output": output, "words": words},
    )


def _two(sets: Mapping[str, Priors]) -> list[tuple[str, Priors]]:
    """Return two sets of the same inputs."""
    if not isinstance(sets, Mapping) or len(sets) != 2:
        raise InputError(f"sets holds {len(sets)}; a gap is between two, as {{'essay': a, 'evidence': b}}")
    (first, a), (second, b) = sets.items()
    alone = sorted(set(checked_priors(a)) ^ set(checked_priors(b)))
    if alone:
        raise InputError(f"input {alone[0]!r} is in one of {first!r} and {second!r} only; give both the same inputs")
    return [(first, a), (second, b)]


def _members(
    a: Priors, b: Priors, groups: Mapping[str, Iterable[str]] | None, model: Model, output: str
) -> dict[str, tuple[str, ...]]:
    """Return the inputs of each group that the output needs and the sets differ in."""
    used = set(model.inputs([output]))
    between = (
        {name for c in (*a.correlations, *b.correlations) for name in c.between}
        if (a.correlations != b.correlations)
        else set()
    )
    differ = [name for name in a if name in used and (plain(a[name]) != plain(b[name]) or name in between)]
    if not differ:
        raise InputError(f"the two sets agree on every input that {output!r} needs, so there is no gap to share out")
    if groups is None:
        found: dict[str, tuple[str, ...]] = {}
        for name in differ:
            found[section_of(name, model)] = (*found.get(section_of(name, model), ()), name)
        return found
    given = {key: tuple(members) for key, members in groups.items()}
    all_named = [name for members in given.values() for name in members]
    left = [name for name in differ if all_named.count(name) != 1]
    if left:
        raise InputError(
            f"input {left[0]!r}, in which the sets differ, is in {all_named.count(left[0])} groups; give one"
        )
    return given


def _exchanged(a: Priors, b: Priors, names: set[str]) -> Priors:
    """Return the first set with the priors of some inputs from the second."""
    families = {name: b[name] if name in names else a[name] for name in a}
    inside = [c for c in a.correlations if not names & set(c.between)]
    inside += [c for c in b.correlations if names >= set(c.between)]
    kept = [c for c in inside if not any(isinstance(families[name], Fixed) for name in c.between)]
    return Priors(*kept, name="exchanged", **families)  # type: ignore[arg-type]


def _shapley(
    names: list[str], median: Callable[[frozenset[str]], tuple[float, bool]], orders: int, seed: int
) -> tuple[FloatArray, FloatArray, tuple[float, float], bool]:
    """Return the parts of a gap with errors, the medians of both ends, and whether they are logarithms."""
    known: dict[frozenset[str], tuple[float, bool]] = {}

    def at(chosen: frozenset[str]) -> float:
        if chosen not in known:
            known[chosen] = median(chosen)
        return known[chosen][0]

    if len(names) <= _ALL_SUBSETS:
        chains = [list(order) for order in itertools.permutations(range(len(names)))]
    else:
        generator = np.random.default_rng(seed)
        drawn = [generator.permutation(len(names)).tolist() for _ in range(orders)]
        chains = [chain for order in drawn for chain in (order, order[::-1])]
    steps = [[frozenset(names[k] for k in chain[:stop]) for stop in range(len(chain) + 1)] for chain in chains]
    for chosen in itertools.chain.from_iterable(steps):
        at(chosen)
    log = all(positive for _, positive in known.values())
    value = {chosen: math.log10(found) if log else found for chosen, (found, _) in known.items()}
    gains = np.zeros((len(chains), len(names)))
    for row, (chain, taken) in enumerate(zip(chains, steps, strict=True)):
        for k, before, after in zip(chain, taken, taken[1:], strict=False):
            gains[row, k] = value[after] - value[before]
    error = np.zeros(len(names))
    if len(names) > _ALL_SUBSETS:
        # An order and its reverse are no independent pair.
        pairs = gains.reshape(-1, 2, len(names)).mean(axis=1)
        error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else np.full(len(names), np.inf)
    return gains.mean(axis=0), error, (value[frozenset()], value[frozenset(names)]), log
