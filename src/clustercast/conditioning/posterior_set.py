"""What was learned, as a prior set in a file, and observations as a table: what the next update starts from."""

import csv
import dataclasses
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from clustercast.arrays import FloatArray
from clustercast.arrays.families.metalog import unbounded
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.observations import unlearned
from clustercast.dataset import provenance_of
from clustercast.errors import InputError
from clustercast.files.toml import toml_table
from clustercast.files.whole import write_text
from clustercast.priors.families import Family, Fixed, Metalog, Mixture, Moved, ScipyDistribution, Truncated
from clustercast.priors.prior_set import Priors

# Inputs that moved, narrowed and are correlated by less than this are as before.
LEAST = 0.1
_NARROWEST = 1e-6


def write_prior_set(tree: xr.DataTree, priors: Priors, observations: Observations, path: str | Path) -> Path:
    """Write the posterior as a prior set for ``read_priors``: each input moved and spread, with rank correlations."""
    # An input keeps the shape of its prior, moved and spread on its own scale to the median and the 90 % interval of
    # its draws: exact where prior and posterior are both normal on that scale. The copula is Gaussian, of their ranks.
    # What was believed before and the rows themselves go with it, so that learning on is exact.
    given, (priors, known) = priors, unlearned(priors)
    rows = {row.id: row for row in (*(known if given.earlier else ()), *observations)}
    ids = [str(one) for one in tree["observed_data"].to_dataset()["observation"].values]
    if priors.hash != provenance_of(tree)["priors_hash"] or not rows.keys() >= set(ids):
        raise InputError(f"{priors.name} ({priors.hash}) or {observations.name} is not what the tree has learned from")
    before, draws = (
        {name: tree[group].to_dataset()[name].values.reshape(-1) for name in provenance_of(tree)["inputs"]}
        for group in ("prior", "posterior")
    )
    ranks = np.atleast_2d(np.corrcoef([rankdata(values) for values in draws.values()]))
    own = ranks - np.eye(len(draws))
    linked = [name for name, row in zip(draws, own, strict=True) if np.abs(row).max(initial=0) > LEAST]
    as_of = priors.about.as_of or "2026"
    about = {
        "name": f"{priors.name}_updated",
        "title": f"{priors.about.title or priors.name}, after {len(ids)} observations",
        "as_of": as_of,
        "description": " ".join(tree.attrs["statement"].split()),
        "headline": tuple(priors.about.headline) or None,
    }
    parts, changed = [toml_table("set", about)], []
    for name, family in priors.items():
        moved = name in draws and (name in linked or _moved(before[name], draws[name]))
        after = _posterior(family, draws[name]) if moved else family
        parts.append(_input(f"inputs.{name}", after, family, "Learned. " if moved else ""))
        changed += [_input(f"before.inputs.{name}", family, family)] if moved else []
    matrix = _positive(ranks[np.ix_(*[[list(draws).index(n) for n in linked]] * 2)]) if linked else np.eye(0)
    for i, one in enumerate(linked):
        for j, other in enumerate(linked[:i]):
            entry = {"between": (one, other), "rank": float(matrix[i, j]), "source": "Learned", "as_of": as_of}
            parts.append(toml_table("correlations", entry, array=True))
    parts += [toml_table("before", {"name": priors.name}), *(changed or [toml_table("before.inputs", {})])]
    parts += [toml_table("before.correlations", dataclasses.asdict(one), array=True) for one in priors.correlations]
    kept = dataclasses.replace(known if given.earlier else observations, rows=tuple(rows[one] for one in ids))
    return write_text(path, "\n".join([*parts, *_learned(kept, as_of)]))


def _input(table: str, family: Family, prior: Family, said: str = "") -> str:
    """Return the table of an input, with the words of its prior."""
    texts = {"unit": prior.unit, "source": prior.source, "as_of": prior.as_of, "note": f"{said}{prior.note}".strip()}
    return toml_table(table, {**entry_of(family), **texts, "judgement": prior.judgement or None})


def _learned(observations: Observations, as_of: str) -> list[str]:
    """Return the tables of what was learned from: an observation file, below a name."""
    form = {"lasting": observations.lasting, "narrowing": observations.narrowing}
    source = {"source": observations.origin or observations.name, "as_of": as_of}
    likelihood = {"group_correlation": observations.group_correlation, **form, **source}
    parts = [toml_table("learned.likelihood", likelihood)]
    for name, family in observations.priors.items():
        entry = {**entry_of(family), "unit": family.unit, "source": family.source or "Learned"}
        parts.append(toml_table(f"learned.inputs.{name}", {**entry, "as_of": family.as_of or as_of}))
    rows = (row.model_dump(exclude_none=True, exclude_defaults=True) for row in observations)
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
        alike = [o for o in (*known, *new) if o.quantity == row.quantity and o is not row]
        same = [o.id for o in known if o.quantity == row.quantity and _same(o, row)]
        larger = [o.id for o in alike if o.date <= row.date and o.log10 > row.log10 and row.kind == "record"]
        if same or larger:
            why = f"is there already as {same[0]!r}" if same else f"is no record of its date: {larger[0]!r} is larger"
            left.append(f"{new.place(row)}: observation {row.id!r} {why}")
        else:
            kept.append(row)
    return dataclasses.replace(new, rows=tuple(kept), left_out=(*new.left_out, *left))


def _same(one: Observation, other: Observation) -> bool:
    """Return whether two rows of a quantity are one figure: alike to some percent, within some weeks."""
    return abs(one.log10 - other.log10) < 0.01 and abs(one.date - other.date) < 0.1


def _moved(before: FloatArray, after: FloatArray) -> bool:
    """Return whether draws moved or narrowed."""
    spread = before.std()
    return bool(abs(after.mean() - before.mean()) > LEAST * spread or abs(after.std() / spread - 1) > LEAST)


def _posterior(family: Family, draws: FloatArray) -> Family:
    """Return a distribution with the median and the 90 % interval of draws, in the shape of another."""
    if family.is_discrete or isinstance(family, Fixed):
        return family
    levels = np.array([0.05, 0.5, 0.95])
    after = np.quantile(draws, levels)
    if isinstance(family, Mixture | Truncated | ScipyDistribution):
        through = dict(zip(levels.tolist(), after.tolist(), strict=True))
        return Metalog.from_quantiles(through, bounds=family.support, unit=family.unit)
    base = family.base if isinstance(family, Moved) else family
    low, middle, high = unbounded(after, *base.support)
    start, centre, end = unbounded(base.quantile(levels), *base.support)
    width = (high - low) / (end - start)
    return Moved(base, shift=float(middle - centre), width=float(width), unit=family.unit)


def _positive(ranks: FloatArray) -> FloatArray:
    """Return rank correlations whose Gaussian copula exists: negative eigenvalues of a finite sample are cut."""
    values, vectors = np.linalg.eigh(2 * np.sin(math.pi * ranks / 6))
    matrix = (vectors * np.maximum(values, _NARROWEST)) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    return np.asarray(6 / math.pi * np.arcsin(np.clip(matrix / np.outer(scale, scale), -1, 1) / 2))
