"""Priors: a distribution for each input, and the rank correlations between them; two sets side by side."""

import copy
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from clustercast.arrays import FloatArray
from clustercast.arrays.points import copula
from clustercast.engine.model import change_of
from clustercast.engine.units import conversion, factor, parse_quantity, same_dimension
from clustercast.errors import InputError, located, nearest, shown, typed
from clustercast.files.dates import ISO, DateText, EndYear, StartYear, start_of
from clustercast.files.toml import Prose, Text
from clustercast.priors.correlation import Correlation, grades, has_atoms
from clustercast.priors.declarations import Declaration, check_declared, heir, with_unit
from clustercast.priors.families import Family, Fixed, as_distribution
from clustercast.priors.families.family import without_texts

if TYPE_CHECKING:
    import pandas as pd

# Coordinates of a forecast, which an input of that name would hide.
RESERVED = ("year", "sample", "quantile")
# Of the table in a notebook: the size of a curve, its points, and the style of a cell.
_WIDTH, _HEIGHT, _POINTS = 96, 18, 48
_STYLE = "text-align:left;padding:2px 8px;white-space:nowrap"
_QUANTILES = {"5 %": 0.05, "50 %": 0.5, "95 %": 0.95}


class About(BaseModel, extra="forbid", frozen=True):
    """The table ``[set]``: what a prior set is."""

    name: Text
    title: Text
    as_of: DateText
    description: Prose = ""
    valid_from: StartYear | None = None
    valid_to: EndYear | None = None
    currency: Prose = ""
    headline: tuple[Text, ...] = ()


@dataclasses.dataclass(frozen=True)
class Earlier:
    """What a set that has learned was before, what it was as read, and the file content of what it learned from."""

    priors: "Priors"
    posterior: "Priors"
    observations: Mapping[str, Any]


class Priors(Mapping[str, Family]):
    """A distribution for each input of a model.

    Parameters
    ----------
    *correlations : Correlation
        Rank correlations between uncertain inputs.
    name, origin : str, optional
        What the set is called in results, and the file that it was read from.
    **distributions : distribution, frozen scipy.stats distribution or float
        One for each input; a number is a constant.

    Attributes
    ----------
    about : About
        Title, date, years of validity, currency and headline outputs of a set that was read from a file.
    declared : mapping of str to Declaration
        Unit, meaning and bounds of each input of a set that was read from a file.
    groups : mapping of str to tuple of str
        Groups of inputs that a SALib problem names.
    cautions : tuple of str
        Sentences on inputs that were fixed outside what the set holds possible.
    earlier : Earlier or None
        Of a set that `condition` made: what it was before, and the observations that it has learned from.

    Raises
    ------
    InputError
        If a correlation names an unknown or fixed input, or their matrix is not positive definite.

    Examples
    --------
    >>> priors = cc.Priors(growth=cc.Normal(0.5, 0.1, unit="OOM/year"), start=2022.0)
    >>> priors.uncertain
    ('growth',)
    """

    def __init__(
        self, /, *correlations: Correlation, name: str = "priors", origin: str = "", **distributions: object
    ) -> None:
        if wrong := [one for one in correlations if not isinstance(one, Correlation)]:
            remedy = "inputs are given by name, as in cc.Priors(growth=cc.Normal(0.5, 0.1, unit='OOM/year'))"
            raise InputError(f"{wrong[0]!r} is not a cc.Correlation; {remedy}")
        self._distributions: dict[str, Family] = {}
        for key, value in distributions.items():
            check_name(key, "an input")
            with located(f"input {key!r}"):
                self._distributions[key] = as_distribution(value)
                factor(self._distributions[key].unit)
        self.correlations, self.name, self.origin = tuple(correlations), name, origin
        self.about = About.model_construct(name="", title="", as_of="")
        self.declared: Mapping[str, Declaration] = {}
        self.groups: Mapping[str, tuple[str, ...]] = {}
        self.cautions: tuple[str, ...] = ()
        self.earlier: Earlier | None = None
        where = f" in {self.origin}" if self.origin else ""
        pairs = [frozenset(correlation.between) for correlation in self.correlations]
        for correlation in self.correlations:
            pair = " and ".join(map(repr, correlation.between))
            if pairs.count(frozenset(correlation.between)) > 1:
                raise InputError(f"the correlation between {pair} is given twice{where}; keep one")
            for name in correlation.between:
                if name not in self:
                    missing = f"names an input that does not exist: {name!r}{nearest(name, self)}"
                    raise InputError(f"the correlation between {pair}{where} {missing}")
                if isinstance(self[name], Fixed):
                    raise InputError(f"the correlation between {pair}{where}: {name!r} is a constant; remove it")
        if self.correlations:
            _ = self.correlation_factor

    @typed
    def __getitem__(self, name: str) -> Family:
        if name not in self._distributions:
            raise InputError(f"{self.name} has no input {name!r}{heir(name) or nearest(name, self._distributions)}")
        return self._distributions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._distributions

    def __iter__(self) -> Iterator[str]:
        return iter(self._distributions)

    def __len__(self) -> int:
        return len(self._distributions)

    def __repr__(self) -> str:
        lines = [f"  {name} = {distribution!r}" for name, distribution in self.items()]
        return "\n".join([f"Priors {self.name!r} ({len(self.uncertain)} uncertain, hash {self.hash})", *lines])

    def _repr_html_(self) -> str:
        """Show the priors in a notebook as a table with a curve for each."""
        about = f": {self.about.title}" if self.about.title else ""
        title = f"Priors {self.name!r}{about} ({len(self.uncertain)} uncertain of {len(self)}, hash {self.hash})"
        headers = ("input", "", "5 %", "50 %", "95 %", "unit", "family", "meaning")
        head = "".join(f'<th style="{_STYLE}">{header}</th>' for header in headers)
        meanings, rows = {name: declaration.meaning for name, declaration in self.declared.items()}, ""
        for name, prior in self.items():
            low, median, high = prior.quantile([0.05, 0.5, 0.95])
            curve, numbers = "", ["", f"{median:.4g}", ""]
            if not isinstance(prior, Fixed):
                numbers = [f"{x:.3g}" for x in (low, median, high)]
                # The density between the outer quantiles as an inline SVG, from differences of the distribution.
                ends = prior.quantile([0.01, 0.99])
                mass = np.diff(prior.cdf(np.linspace(ends[0], ends[1], _POINTS + 1)))
                height = mass / mass.max() * (_HEIGHT - 2) if np.isfinite(ends).all() and mass.max() > 0 else mass * 0
                across = np.linspace(1, _WIDTH - 1, _POINTS)
                line = " ".join(f"{x:.0f},{_HEIGHT - 1 - y:.1f}" for x, y in zip(across, height, strict=True))
                drawn = f'<polyline points="{line}" fill="none" stroke="currentColor"/>'
                curve = f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="density">{drawn}</svg>'
            cells = [escape(name), curve, *numbers, *map(escape, (prior.unit, prior.family, meanings.get(name, "")))]
            rows += "<tr>" + "".join(f'<td style="{_STYLE}">{cell}</td>' for cell in cells) + "</tr>"
        opening = f"<details open><summary>{escape(title)}</summary><table><thead><tr>{head}</tr></thead>"
        return f"{opening}<tbody>{rows}</tbody></table></details>"

    @property
    def uncertain(self) -> tuple[str, ...]:
        """Names of the inputs that are not constants, in order."""
        return tuple(name for name, d in self.items() if not isinstance(d, Fixed))

    @property
    def correlated(self) -> tuple[str, ...]:
        """Names of the inputs that a correlation mentions, in the order of the priors."""
        named = {name for correlation in self.correlations for name in correlation.between}
        return tuple(name for name in self if name in named)

    @property
    def correlation_matrix(self) -> FloatArray:
        """Correlation of the normal scores of the `correlated` inputs, shape (k, k)."""
        matrix = np.array(copula.gaussian_correlation(self._rank_matrix()))
        for correlation in self.correlations:
            i, j = map(self.correlated.index, correlation.between)
            pair = [self[name] for name in correlation.between]
            if any(map(has_atoms, pair)):
                where = f" in {self.origin}" if self.origin else ""
                with located(f"{' and '.join(map(repr, correlation.between))}{where}"):
                    matrix[i, j] = matrix[j, i] = copula.latent_correlation(correlation.rank, *map(grades, pair))
        return matrix

    @property
    def correlation_factor(self) -> FloatArray:
        """Lower triangular factor that turns independent normal scores into correlated ones, shape (k, k)."""
        where = f"{self.origin}: correlations" if self.origin else "correlations"
        return copula.correlation_factor(self._rank_matrix(), self.correlated, where, self.correlation_matrix)

    @property
    def hash(self) -> str:
        """Fingerprint of every number and word of the set."""
        entries = [(name, repr(distribution)) for name, distribution in self.items()]
        text = json.dumps([entries, [dataclasses.asdict(c) for c in self.correlations]], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def replace(self, **distributions: object) -> "Priors":
        """Return the priors with inputs changed; a number, or a text as ``"1.5 kW/H100e"``, makes one a constant."""
        new = {name: self._replacement(name, value) for name, value in distributions.items()}
        merged = {**self._distributions, **new}
        fixed = {name for name, value in merged.items() if isinstance(value, Fixed)}
        made = self._like_this(merged, [c for c in self.correlations if not fixed & set(c.between)])
        cautions = list(self.cautions)
        for name, value in new.items():
            low, high = self[name].support
            if isinstance(value, Fixed) and not isinstance(self[name], Fixed) and not low <= value.value <= high:
                place = f"{with_unit(value.value, value.unit)}, outside {low:g} to {high:g}"
                cautions.append(f"{name} is fixed at {place}, which the set holds possible.")
        return made.carrying(cautions=tuple(cautions))

    def add(self, *correlations: Correlation, **distributions: object) -> "Priors":
        """Return the priors with further inputs, and their correlations besides those that there are.

        Inputs are given as to `Priors`; a text such as ``"1.5 kW/H100e"`` is a constant with a unit.

        Examples
        --------
        >>> priors = cc.Priors(power=cc.to(1, 3, unit="GW")).add(price=cc.to(40, 90, unit="USD/MWh"), time="5 h")
        >>> {name: distribution.unit for name, distribution in priors.items()}
        {'power': 'GW', 'price': 'USD/MWh', 'time': 'h'}
        """
        if taken := [name for name in distributions if name in self]:
            raise InputError(f"{self.name} has an input {taken[0]!r} already; change it with replace({taken[0]}=...)")
        return self.extended(distributions, correlations)

    def carrying(self, **attributes: object) -> "Priors":
        """Return the priors with other attributes: name, about, declared, groups or cautions."""
        made = copy.copy(self)
        vars(made).update(attributes)
        return made

    @typed
    def extended(self, distributions: Mapping[str, object], correlations: Iterable[Correlation] = ()) -> "Priors":
        """Return the priors with further inputs; a change of an input has the unit and the bounds of that."""
        new, declared = {}, dict(self.declared)
        for name, value in distributions.items():
            changed = (change_of(name) or ("",))[0]
            value = self._replacement(changed, value) if changed in self else value
            new[name] = as_distribution(*parse_quantity(value)) if isinstance(value, str) else value
            if changed in declared:
                declared[name] = declared[changed]
        made = self._like_this({**self._distributions, **new}, [*self.correlations, *correlations])
        return made.carrying(declared=declared)

    def _like_this(self, distributions: Mapping[str, object], correlations: Iterable[Correlation]) -> "Priors":
        """Return priors that share everything but distributions and correlations with these."""
        made = Priors(*correlations, name=self.name, origin=self.origin, **distributions)
        return self.carrying(_distributions=made._distributions, correlations=made.correlations)

    def _replacement(self, name: str, value: object) -> Family:
        """Return what takes the place of a distribution: in its unit, inside the bounds of the input."""
        old = self[name]
        with located(f"input {name!r} (in {old.unit!r})"):
            in_years = old.unit == "year"
            if in_years and (isinstance(value, date) or (isinstance(value, str) and ISO.fullmatch(value.strip()))):
                value = start_of(value)
            if isinstance(value, str):
                number, unit = parse_quantity(value)
                value = number if unit == "1" else number * conversion(unit, old.unit, repr(value), number)
            if not isinstance(value, Family):
                made = as_distribution(value, old.unit)
                value = dataclasses.replace(made, source=old.source, as_of=old.as_of, note="set by hand")
            new = value.in_unit(old.unit)
            if name in self.declared:
                check_declared(name, new, self.declared[name])
        return new

    def only(self, names: Iterable[str]) -> "Priors":
        """Return the priors with all uncertain inputs but `names` fixed at their medians."""
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise InputError(f"names is {shown(names)}; give a list of inputs, as ['load_factor']")
        kept = {name: self[name] for name in sorted(map(str, names))}
        return self.replace(**{n: self[n].median for n in self.uncertain if n not in kept})

    @typed
    def correlated_in(self, sets: Iterable[Iterable[str]]) -> "Priors":
        """Return the priors with those correlations alone whose two inputs are together in some set."""
        held = [set(names) for names in sets]
        kept = [c for c in self.correlations if any(map(set(c.between).issubset, held))]
        return self._like_this(self._distributions, kept)

    def _rank_matrix(self) -> FloatArray:
        matrix = np.eye(len(self.correlated))
        for correlation in self.correlations:
            i, j = map(self.correlated.index, correlation.between)
            matrix[i, j] = matrix[j, i] = correlation.rank
        return matrix


def checked_priors(priors: object) -> Priors:
    """Return priors, refused where something else was given."""
    if not isinstance(priors, Priors):
        remedy = "read a set with cc.read_priors('situational_awareness'), or write cc.Priors(x=cc.Uniform(0, 1))"
        raise InputError(f"priors is {shown(priors)}, and must be cc.Priors; {remedy}")
    return priors


def check_name(name: str, what: str) -> None:
    """Refuse a name that neither a terminal nor a file takes, or that of a coordinate."""
    if not name.isprintable() or not 0 < len(name) <= 200 or "/" in name:
        raise InputError(f"{what} cannot be called {shown(name)}; use letters, digits and underscores")
    if name in RESERVED:
        raise InputError(f"{what} cannot be called {name!r}: it is a coordinate of a forecast or summary; rename it")


@typed
def compare_priors(a: Priors, b: Priors) -> "pd.DataFrame":
    """Return the inputs in which two sets of priors differ.

    Parameters
    ----------
    a, b : Priors

    Returns
    -------
    pandas.DataFrame
        One row an input whose numbers differ, in the order of `a`; what only `b` has comes last. Columns ``unit``
        and ``meaning``, then the quantiles ``a 5 %`` to ``b 95 %`` in that unit: NaN where a set lacks the input.

    Examples
    --------
    >>> a = cc.Priors(price=cc.to(10, 20, unit="USD"), share=0.5)
    >>> compare_priors(a, a.replace(price="$30"))[["unit", "a 50 %", "b 50 %"]].round(2).to_dict("index")
    {'price': {'unit': 'USD', 'a 50 %': 14.14, 'b 50 %': 30.0}}
    """
    import pandas as pd

    meanings = {name: declared.meaning for set_ in (b, a) for name, declared in checked_priors(set_).declared.items()}
    rows: dict[str, list[object]] = {}
    for name in dict.fromkeys([*a, *b]):
        ours, theirs = (without_texts(one[name]) if name in one else None for one in (a, b))
        unit = (ours or theirs or a[name]).unit
        if theirs is not None and same_dimension(theirs.unit, unit):
            theirs = theirs.in_unit(unit)
        if ours != theirs:
            each = [float(one.quantile(p)) if one else np.nan for one in (ours, theirs) for p in _QUANTILES.values()]
            rows[name] = [unit, meanings.get(name, ""), *each]
    columns = ["unit", "meaning", *(f"{side} {level}" for side in "ab" for level in _QUANTILES)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("input")
