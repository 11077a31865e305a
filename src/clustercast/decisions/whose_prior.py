"""Whose prior makes the difference: of the gap between two medians, and as factors of the variance of both together."""

import itertools
import math
from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr
from scipy.linalg import hadamard

from clustercast.arrays import FloatArray
from clustercast.dataset import in_words, output_attrs, provenance
from clustercast.engine.model import Model, with_changes
from clustercast.errors import InputError, takes, whole_number
from clustercast.files.dates import Date, start_of
from clustercast.priors.families.family import without_texts
from clustercast.priors.groups import section_of
from clustercast.priors.prior_set import Priors
from clustercast.propagation import YEARS, needed_inputs, propagate
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.sensitivity.outputs import scales_of

# So many groups have all their subsets run; more change hands in random orders.
_ALL_SUBSETS = 8


@takes()
def whose_prior(
    sets: Mapping[str, Priors],
    output: str,
    year: Date | None = None,
    *,
    groups: Mapping[str, Iterable[str]] | None = None,
    model: Model | None = None,
    size: int = 4096,
    orders: int = 8,
    seed: int = 0,
) -> xr.Dataset:
    """Return which disagreements of two prior sets make the gap between their medians, and the variance of both.

    Parameters
    ----------
    sets : mapping of str to Priors
        Two sets of the same inputs that do not agree, others raise an `InputError`; the gap is the second's median less
        the first's.
    output : str
        A quantity of the model.
    year : float or str, optional
        Which year of it; none where it has no years.
    groups : mapping of str to iterable of str, optional
        Inputs whose priors change hands together; by default those of each section of the model.
    model : Model, optional
        The shipped cluster model by default. It is run on each mixture of the two sets, on the same random numbers.
    size, seed : int, optional
        Of each draw.
    orders : int, optional
        With more than eight groups, in how many random orders they change hands, each followed by its reverse.

    Returns
    -------
    Dataset
        By (group,), the largest first: ``part``, whose sum is ``gap`` exactly, and ``part_error`` over orders, 0 where
        all subsets were run. In decades (OOM) where `sobol_indices` takes log10. With at most eight groups, each from
        either set with probability 1/2 as a further factor: ``S1``, ``ST`` and ``shapley``, the Sobol' indices and
        Shapley effects of whose prior it is, and ``disagreement``, the part of the variance that all these factors
        make, the sum of ``shapley``; each with a standard error ``*_error``. ``words`` has two sentences.

    References
    ----------
    L. S. Shapley, in Contributions to the Theory of Games II (1953), doi:10.1515/9781400881970-018.

    Examples
    --------
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + y - 10
    >>> one, other = (cc.Priors(x=cc.Normal(m, 1), y=cc.Normal(2 * m, 1)) for m in (0, 1))
    >>> result = cc.whose_prior({"one": one, "other": other}, "total", groups={"x": ["x"], "y": ["y"]},
    ...                        model=cc.Model([total]))
    >>> result["group"].values.tolist(), result["part"].round(3).values.tolist(), float(result["gap"].round(3))
    (['y', 'x'], [2.0, 1.0], 3.0)
    """
    model = cluster_model() if model is None else model
    members = _members(sets, groups, model, output)
    (first, a), (second, b) = sets.items()
    date = None if year is None else start_of(year)

    def run(chosen: int) -> FloatArray:
        taken = {name for place, group in enumerate(names) if chosen >> place & 1 for name in members[group]}
        needed = needed_inputs(draw(_exchanged(a, b, taken), size, seed=seed), model, [output])
        values = propagate(needed, model=model, outputs=[output], years=YEARS if date is None else [date])[output]
        if (date is None) == ("year" in values.dims):
            remedy = "give one, as 2030" if date is None else f"leave out {year!r}"
            raise InputError(f"output {output!r} has {'no ' * (date is not None)}years; {remedy}")
        return np.broadcast_to(values.values.reshape(-1), (size,))

    names = list(members)
    every = len(names) <= _ALL_SUBSETS
    chains = [] if every else _random_chains(len(names), whole_number("orders", orders), seed)
    subsets = range(2 ** len(names)) if every else sorted(set(np.ravel(chains).tolist()))
    runs = {chosen: run(chosen) for chosen in subsets}
    # By what it is, never by the draws.
    log = scales_of({output: output_attrs(model, output)}, "auto")[output] == "log10"
    if log and (below := sum(np.count_nonzero(values <= 0) for values in runs.values())):
        raise InputError(f"output {output!r} has {below:,} values with no logarithm; declare it with positive=False")
    scaled = np.log10 if log else np.asarray
    medians = {chosen: float(scaled(np.median(values))) for chosen, values in runs.items()}
    parts, error = _shapley(medians, len(names), chains)
    rank = np.argsort(-np.abs(parts), kind="stable")
    unit, gap = "OOM" if log else model.unit(output), medians[subsets[-1]] - medians[0]
    what = in_words(output) + ("" if date is None else f" in {date:g}")
    shown = f"{gap:+.2g}" if unit == "1" else f"{gap:+.2g} {unit}"
    largest = f"{names[rank[0]].replace('_', ' ')} makes {parts[rank[0]]:+.2g} of it"
    words = f"The median of {what} by {second!r} is {shown} from that by {first!r}; {largest}."
    named = {"part": ("group", parts[rank]), "part_error": ("group", error[rank]), "gap": ((), gap)}
    result = xr.Dataset(named, {"group": [names[k] for k in rank]}, {**provenance({}), "unit": unit, "output": output})
    if every:
        values, errors = _as_factors(np.stack([scaled(each) for each in runs.values()]), len(names))
        for place, key in enumerate(("S1", "ST", "shapley")):
            result[key], result[f"{key}_error"] = (("group", each[place][rank]) for each in (values, errors))
        result["disagreement"], result["disagreement_error"] = (((), float(each[3, 0])) for each in (values, errors))
        best = int(values[2].argmax())
        most = f"{100 * values[2, best]:.0f} % (±{196 * errors[2, best]:.1g}) is about {names[best].replace('_', ' ')}"
        whole = f"whose prior it is makes {100 * values[3, 0]:.0f} % of the variance"
        words += f" If either may be right, {whole}, and {most}."
    return result.assign_attrs(words=words)


def _members(
    sets: Mapping[str, Priors], groups: Mapping[str, Iterable[str]] | None, model: Model, output: str
) -> dict[str, tuple[str, ...]]:
    """Return the inputs of each group that the output needs and two sets of the same inputs differ in."""
    if len(sets) != 2:
        raise InputError(f"sets holds {len(sets)}; a gap is between two, as {{'essay': a, 'evidence': b}}")
    (first, a), (second, b) = sets.items()
    if alone := sorted(set(a) ^ set(b)):
        raise InputError(f"input {alone[0]!r} is in one of {first!r} and {second!r} only; give both the same inputs")
    used = set(with_changes(model, a).inputs([output]))
    if model.declaration(output).labels:
        raise InputError(f"output {output!r} holds labels, which have no median; name one that holds numbers")
    stated = (*a.correlations, *b.correlations) if a.correlations != b.correlations else ()
    between = {name for correlation in stated for name in correlation.between}
    differ = [n for n in a if n in used and (without_texts(a[n]) != without_texts(b[n]) or n in between)]
    if not differ:
        raise InputError(f"the two sets agree on every input that {output!r} needs, so there is no gap to share out")
    if groups is None:
        section = {name: section_of(name, model) for name in differ}
        return {one: tuple(name for name in differ if section[name] == one) for one in section.values()}
    given = {key: tuple(members) for key, members in groups.items()}
    all_named = [name for members in given.values() for name in members]
    if left := [name for name in differ if all_named.count(name) != 1]:
        raise InputError(f"input {left[0]!r}, in which sets differ, is in {all_named.count(left[0])} groups; give one")
    return given


def _exchanged(a: Priors, b: Priors, names: set[str]) -> Priors:
    """Return the first set with the priors of some inputs from the second."""
    kept = [c for c in a.correlations if not names & set(c.between)]
    kept += [c for c in b.correlations if names >= set(c.between)]
    return Priors(*kept, **{name: b[name] if name in names else a[name] for name in a})  # type: ignore[arg-type]


def _random_chains(count: int, orders: int, seed: int) -> list[list[int]]:
    """Return chains of growing subsets, as bits of a number, in random orders, each followed by its reverse."""
    generator = np.random.default_rng(seed)
    drawn = [generator.permutation(count) for _ in range(orders)]
    return [[0, *np.cumsum(2**order).tolist()] for one in drawn for order in (one, one[::-1])]


def _shapley(value: Mapping[int, float], count: int, chains: list[list[int]]) -> tuple[FloatArray, FloatArray]:
    """Return the parts of a gap with errors, from its value for each subset, or for those of some chains."""
    if not chains:
        parts = np.zeros(count)
        for chosen, place in itertools.product(value, range(count)):
            if not chosen >> place & 1:
                gain = value[chosen | 1 << place] - value[chosen]
                parts[place] += gain / (count * math.comb(count - 1, chosen.bit_count()))
        return parts, np.zeros(count)
    gains = np.zeros((len(chains), count))
    for row, chain in enumerate(chains):
        for before, after in itertools.pairwise(chain):
            gains[row, (after - before).bit_length() - 1] = value[after] - value[before]
    # An order and its reverse are no independent pair.
    pairs = gains.reshape(-1, 2, count).mean(axis=1)
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else np.full(count, np.inf)
    return gains.mean(axis=0), error


def _as_factors(values: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Return S1, ST, Shapley effect and sum of each of some binary factors with errors, of values (2^count, N)."""
    # The means of the cells in Walsh functions of the factors: the square of a coefficient is the part of the variance
    # that just these factors make together. Rows of one number use the same random numbers.
    cells, size = values.shape
    values = values - values.mean()
    coefficients = np.asarray(hadamard(cells) @ values / cells, dtype=np.float64)
    factors = (np.arange(cells)[:, np.newaxis] >> np.arange(count) & 1).T
    order = np.maximum(factors.sum(axis=0), 1)
    several = np.stack([factors * (order == 1), factors, factors / order, np.ones_like(factors) * factors.any(axis=0)])
    mean, chance = coefficients.mean(axis=1), coefficients.var(axis=1) / size
    total = (values**2).mean(axis=0)
    result = several @ (mean**2 - chance) / total.mean()
    moved = several @ (2 * mean[:, np.newaxis] * coefficients) - result[:, :, np.newaxis] * total
    return result, np.sqrt(moved.var(axis=2) / size + 2 * several**2 @ chance**2) / total.mean()
