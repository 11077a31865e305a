"""The result of conditioning: a DataTree in ArviZ' convention, and the ways back to inputs and to a prior set."""

import csv
import dataclasses
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from clustercast.arrays import FloatArray
from clustercast.arrays.families.metalog import unbounded
from clustercast.arrays.points import copula
from clustercast.arrays.points.streams import stream
from clustercast.conditioning.observation_rows import ERROR_UNITS, Observation, Observations
from clustercast.conditioning.observations import unlearned
from clustercast.dataset import Dataset, in_words, provenance, provenance_of, with_provenance
from clustercast.engine.units import factor
from clustercast.errors import InputError, count_of, takes
from clustercast.files.toml import toml_table
from clustercast.files.whole import write_text
from clustercast.priors.correlation import grades
from clustercast.priors.families import Family, Metalog, Mixture, Moved, ScipyDistribution, Truncated
from clustercast.priors.prior_set import Priors
from clustercast.sampling import draw

OBSERVED = "log10_observed"
SAMPLE = ("chain", "draw")
# Inputs that moved, narrowed and are correlated by less than this are as before.
LEAST = 0.1
_NARROWEST, _STRONGEST = 1e-6, 0.999


@takes()
def posterior_inputs(tree: xr.DataTree, size: int | None = None, *, seed: int = 0, group: str = "posterior") -> Dataset:
    """Return posterior draws as inputs that `propagate` takes.

    Parameters
    ----------
    tree : DataTree
        From `condition`.
    size, seed : int, optional
        How many draws, chosen at random without repetition, more than there are being an `InputError`; all by default.
    group : {"posterior", "prior"}, optional
        One that the tree has; any other is an `InputError`.

    Returns
    -------
    Dataset
        Each input by ``sample`` in the unit of its prior, constants without a dimension; the design is the group.
    """
    if group not in ("posterior", "prior") or group not in tree.children:
        raise InputError(f"there are no draws {group!r} in the tree; give one from cc.condition, posterior or prior")
    record = provenance_of(tree)
    draws = tree[group].to_dataset()[record["inputs"]].stack(sample=SAMPLE).reset_index("sample", drop=True)
    count = draws.sizes["sample"]
    if size is not None and not 1 <= size <= count:
        raise InputError(f"size is {size}, but the {group} has {count} draws; give 1 to {count}, or raise draws=")
    if size is not None:
        draws = draws.isel(sample=np.sort(stream(seed, "choose draws").permutation(count)[:size]))
    inputs: xr.Dataset = draws.drop_vars(SAMPLE, errors="ignore").assign(tree["constant_data"].to_dataset().data_vars)
    inputs = inputs.assign_coords(sample=np.arange(inputs.sizes["sample"]))
    design = {"name": group, "seed": int(seed), "size": inputs.sizes["sample"]}
    inputs.attrs = {**provenance({**record, "design": design}), "statement": tree.attrs["statement"]}
    return inputs


@takes()
def scenario_inputs(
    tree: xr.DataTree, priors: Priors, scenario: Priors, size: int | None = None, *, seed: int = 0
) -> Dataset:
    """Return posterior draws under a scenario: inputs that it changes are drawn from it, the others are as learned.

    Parameters
    ----------
    tree : DataTree
        From `condition`.
    priors, scenario : Priors
        Those that were conditioned, and the same with a scenario; any others are an `InputError`.
    size, seed : int, optional
        As in `posterior_inputs`.

    Returns
    -------
    Dataset
        As `posterior_inputs`.
    """
    record = provenance_of(tree)
    if unlearned(priors)[0].hash != record.get("priors_hash"):
        raise InputError(f"{priors.name} ({priors.hash}) was not conditioned here ({record.get('priors_hash')})")
    if set(priors) != set(scenario):
        raise InputError(f"{scenario.name} has other inputs than {priors.name}; lay a scenario over the same set")
    inputs = posterior_inputs(tree, size, seed=seed)
    drawn = draw(scenario, inputs.sizes["sample"], seed=seed)
    changed = [name for name in priors if repr(priors[name]) != repr(scenario[name])]
    uncertain = [name for name in dict.fromkeys([*record["inputs"], *changed]) if name in scenario.uncertain]
    laid = inputs.drop_vars(changed).assign({n: drawn[n] for n in changed})
    return with_provenance(laid, priors_name=scenario.name, priors_hash=scenario.hash, inputs=uncertain)


def labelled_parameters(
    priors: Priors, observations: Observations, inputs: Mapping[str, FloatArray], shape: tuple[int, ...]
) -> xr.Dataset:
    """Label draws of inputs and of the parameters of the likelihood."""
    variables = {}
    for name, values in inputs.items():
        if name in priors:
            attrs = {"role": "input", "units": priors[name].unit, "source": priors[name].source}
        else:
            unit = next(unit for base, unit in ERROR_UNITS.items() if name.startswith(base))
            attrs = {"role": "likelihood", "units": unit, "source": observations.name}
        variables[name] = (SAMPLE, values.reshape(shape), {**attrs, "long_name": in_words(name)})
    return xr.Dataset(variables, dict(zip(SAMPLE, map(np.arange, shape), strict=True)))


def row_coordinates(observations: Observations) -> dict[str, tuple[str, list[Any]]]:
    """Return the coordinates of the observations."""
    named = {"observation": "id", **{key: key for key in ("date", "quantity", "kind", "unit")}}
    coords = {key: [getattr(row, field) for row in observations] for key, field in named.items()}
    coords["log10_unit"] = [float(np.log10(factor(row.unit))) for row in observations]
    return {key: ("observation", values) for key, values in coords.items()}


def labelled_predictions(observations: Observations, values: FloatArray, shape: tuple[int, ...]) -> xr.Dataset:
    """Label an array (observation, sample) by chains and draws."""
    moved = np.moveaxis(values.reshape(-1, *shape), 0, -1)
    coords = {**row_coordinates(observations), **dict(zip(SAMPLE, map(np.arange, shape), strict=True))}
    return xr.Dataset({OBSERVED: ((*SAMPLE, "observation"), moved, {"units": "1"})}, coords)


def write_prior_set(tree: xr.DataTree, priors: Priors, observations: Observations, path: str | Path) -> Path:
    """Write the posterior as a prior set for ``read_priors``: each input moved and spread, with rank correlations."""
    # An input keeps the shape of its prior, moved and spread on its own scale to the median and the 90 % interval of
    # its draws: exact where prior and posterior are both normal on that scale. The copula is Gaussian, of their ranks.
    # What was believed before and the rows themselves go with it, so that learning on is exact.
    priors, known = unlearned(priors, observations)
    rows = {row.id: row for row in known}
    ids = [str(one) for one in tree["observed_data"].to_dataset()["observation"].values]
    if priors.hash != provenance_of(tree)["priors_hash"] or not rows.keys() >= set(ids):
        raise InputError(f"{priors.name} ({priors.hash}) or {observations.name} is not what the tree has learned from")
    groups, learned = [tree[group].to_dataset() for group in ("prior", "posterior")], provenance_of(tree)["inputs"]
    before, draws = ({name: group[name].values.reshape(-1) for name in learned} for group in groups)
    with np.errstate(invalid="ignore"):
        # What has one value in all draws is correlated with nothing.
        ranks = np.nan_to_num(np.atleast_2d(np.corrcoef([rankdata(values) for values in draws.values()])))
    own = ranks * (1 - np.eye(len(draws)))
    linked = [name for name, row in zip(draws, own, strict=True) if np.abs(row).max(initial=0) > LEAST]
    as_of = priors.about.as_of or "2026"
    title = f"{priors.about.title or priors.name}, after {count_of(len(ids), 'observation')}"
    about: dict[str, Any] = {"name": f"{priors.name}_updated", "title": title, "as_of": as_of}
    about |= {"description": " ".join(tree.attrs["statement"].split()), "headline": priors.about.headline or None}
    parts, changed, families = [toml_table("set", about)], [], {}
    for name, family in priors.items():
        moved = name in draws and (name in linked or _moved(before[name], draws[name]))
        after = families[name] = _posterior(family, draws[name]) if moved else family
        parts.append(_input(f"inputs.{name}", after, family, "Learned. " if moved else ""))
        changed += [_input(f"before.inputs.{name}", family, family)] if moved else []
    places = [list(draws).index(name) for name in linked]
    matrix = _possible(ranks[np.ix_(places, places)], [families[name] for name in linked]) if linked else np.eye(0)
    for i, one in enumerate(linked):
        for j, other in enumerate(linked[:i]):
            entry = {"between": (one, other), "rank": float(matrix[i, j]), "source": "Learned", "as_of": as_of}
            parts.append(toml_table("correlations", entry, array=True))
    parts += [toml_table("before", {"name": priors.name}), *(changed or [toml_table("before.inputs", {})])]
    parts += [toml_table("before.correlations", dataclasses.asdict(one), array=True) for one in priors.correlations]
    kept = dataclasses.replace(known, rows=tuple(rows[one] for one in ids))
    return write_text(path, "\n".join([*parts, *_learned(kept, as_of)]))


def _input(table: str, family: Family, prior: Family, said: str = "") -> str:
    """Return the table of an input, with the words of its prior."""
    texts = {"unit": prior.unit, "source": prior.source, "as_of": prior.as_of, "note": f"{said}{prior.note}".strip()}
    return toml_table(table, {**entry_of(family), **texts, "judgement": prior.judgement or None})


def _learned(observations: Observations, as_of: str) -> list[str]:
    """Return the tables of what was learned from: an observation file, below a name."""
    form = {"lasting": observations.lasting, "narrowing": observations.narrowing}
    source = {"source": observations.name, "as_of": as_of}
    parts = [toml_table("learned.likelihood", {"group_correlation": observations.group_correlation, **form, **source})]
    for name, family in observations.priors.items():
        entry = {**entry_of(family), "unit": family.unit, "source": family.source or "Learned"}
        parts.append(toml_table(f"learned.inputs.{name}", {**entry, "as_of": family.as_of or as_of}))
    rows = (row.model_dump(exclude_defaults=True) for row in observations)
    return [*parts, *(toml_table("learned.observation", row, array=True) for row in rows)]


def entry_of(family: Family) -> dict[str, Any]:
    """Return a distribution as the keys of a file."""
    if isinstance(family, ScipyDistribution):
        raise InputError("a scipy distribution has no keys in a file; give the prior as a family of clustercast")
    fields = {f.name: getattr(family, f.name) for f in dataclasses.fields(family) if not f.kw_only}
    if family.bounds is not None:
        fields["bounds"] = family.bounds

    def written(value: Any) -> Any:
        if isinstance(value, Family):
            return entry_of(value)
        return tuple(map(written, value)) if isinstance(value, tuple | list) else value

    return {"family": family.family, **{key: written(value) for key, value in fields.items()}}


def write_observations(observations: Observations, path: str | Path) -> Path:
    """Write rows as CSV, every key kept, for ``read_observations``."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(Observation.model_fields), lineterminator="\n")
    table.writeheader()
    table.writerows({k: "" if v is None else v for k, v in row.model_dump().items()} for row in observations)
    return write_text(path, text.getvalue())


def records(new: Observations, known: Observations) -> Observations:
    """Return rows without those already known, and without records that were none: a larger figure is no younger."""
    kept, left = [], []
    for row in new:
        alike = [o for o in (*known, *new) if o.quantity == row.quantity]
        # One figure twice: alike to some percent, within some weeks.
        near = [o for o in known if abs(o.log10 - row.log10) < 0.01 and abs(o.date - row.date) < 0.1]
        same = [o.id for o in near if o.quantity == row.quantity]
        larger = [o.id for o in alike if o.date <= row.date and o.log10 > row.log10 and row.kind == "record"]
        if same or larger:
            why = f"is there already as {same[0]!r}" if same else f"is no record of its date: {larger[0]!r} is larger"
            left.append(f"{new.place(row)}: observation {row.id!r} {why}")
        else:
            kept.append(row)
    return dataclasses.replace(new, rows=tuple(kept), left_out=(*new.left_out, *left))


def _moved(before: FloatArray, after: FloatArray) -> bool:
    """Return whether draws moved or narrowed."""
    spread = before.std()
    return bool(abs(after.mean() - before.mean()) > LEAST * spread or abs(after.std() / spread - 1) > LEAST)


def _posterior(family: Family, draws: FloatArray) -> Family:
    """Return a distribution with the median and the 90 % interval of draws, in the shape of another."""
    if family.is_discrete:
        return family
    levels = np.array([0.05, 0.5, 0.95])
    after = np.quantile(draws, levels)
    if isinstance(family, Mixture | Truncated | ScipyDistribution):
        through = dict(zip(levels.tolist(), after.tolist(), strict=True))
        return Metalog.from_quantiles(through, bounds=family.support, unit=family.unit)
    base = family.base if isinstance(family, Moved) else family
    low, middle, high = unbounded(after, *base.support)
    start, centre, end = unbounded(base.quantile(levels), *base.support)
    return Moved(base, shift=float(middle - centre), width=float((high - low) / (end - start)), unit=family.unit)


def _possible(ranks: FloatArray, families: list[Family]) -> FloatArray:
    """Return rank correlations whose Gaussian copula exists: negative eigenvalues of a finite sample are cut."""
    steps = [grades(family) for family in families]
    atoms = [(i, j) for i in range(len(steps)) for j in range(i) if {steps[i], steps[j]} != {copula.CONTINUOUS}]
    scores = copula.gaussian_correlation(ranks)
    for i, j in atoms:
        # The ranks of a finite sample may be correlated by more than those of the distributions can be.
        furthest = copula.realised_rank_correlation(math.copysign(_STRONGEST, ranks[i, j]), steps[i], steps[j])
        scores[i, j] = scores[j, i] = copula.latent_correlation(min(ranks[i, j], furthest, key=abs), steps[i], steps[j])
    values, vectors = np.linalg.eigh(scores)
    matrix = (vectors * np.maximum(values, _NARROWEST)) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    scores = np.clip(matrix / np.outer(scale, scale), -1, 1)
    possible = copula.rank_correlation(scores)
    for i, j in atoms:
        possible[i, j] = possible[j, i] = copula.realised_rank_correlation(scores[i, j], steps[i], steps[j])
    return possible
