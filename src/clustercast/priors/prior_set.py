"""Priors: a distribution for each input, and the rank correlations between them."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.points.copula import correlation_factor, gaussian_correlation
from clustercast.arrays.points.ranks import CONTINUOUS, Grades, discrete_grades, latent_correlation
from clustercast.engine.changes import change_name
from clustercast.engine.units import factor, parse_quantity
from clustercast.errors import InputError, nearest
from clustercast.files.toml import shown
from clustercast.priors.declarations import Declaration, check_declared, heir, in_declared_unit
from clustercast.priors.families import Family, Fixed, as_distribution

FloatArray = NDArray[np.float64]

_GRID = 4096

# Coordinates of a forecast, which an input of that name would hide.
RESERVED = ("year", "sample")


@dataclass(frozen=True)
class Correlation:
    """Rank correlation between two inputs, carried by a Gaussian copula.

    Parameters
    ----------
    between : tuple of two str
        Names of the two inputs.
    rank : float
        Spearman's rank correlation, between -1 and 1.
    source, as_of, note : str, optional
        Where the number comes from.
    """

    between: tuple[str, str]
    rank: float
    source: str = ""
    as_of: str = ""
    note: str = ""
    judgement: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "between", tuple(self.between))
        if len(self.between) != 2 or self.between[0] == self.between[1]:
            raise InputError(f"a correlation is between two different inputs, not {list(self.between)}")
        if not -1 < self.rank < 1:
            raise InputError(
                f"rank correlation between {self.between[0]!r} and {self.between[1]!r} is {self.rank}; "
                "it must lie between -1 and 1, both excluded"
            )


@dataclass(frozen=True)
class SetAbout:
    """What the table ``[set]`` of a prior file says of the whole set; years are dates such as 2026.5."""

    title: str = ""
    as_of: str = ""
    description: str = ""
    valid_from: float | None = None
    valid_to: float | None = None
    currency: str = ""
    headline: tuple[str, ...] = ()


class Priors(Mapping[str, Family]):
    """A distribution for each input of a model.

    Parameters
    ----------
    *correlations : Correlation
        Rank correlations between uncertain inputs.
    name : str, optional
        What the set is called in results.
    origin : str, optional
        File that it was read from.
    **distributions : distribution, frozen scipy.stats distribution or float
        One for each input; a number is a constant.

    Attributes
    ----------
    about : SetAbout
        Title, date, years of validity, currency and headline outputs of a set that was read from a file.
    declared : mapping of str to Declaration
        Unit, meaning and bounds of each input of a set that was read from a file.

    Raises
    ------
    InputError
        If a correlation names an unknown or fixed input, or the correlation matrix
        is not positive definite (the nearest one is named).

    Examples
    --------
    >>> import clustercast as cc
    >>> priors = cc.Priors(growth=cc.Normal(0.5, 0.1, unit="OOM/year"), start=2022.0)
    >>> priors.uncertain
    ('growth',)
    """

    def __init__(
        self, /, *correlations: Correlation, name: str = "priors", origin: str = "", **distributions: object
    ) -> None:
        for correlation in correlations:
            if not isinstance(correlation, Correlation):
                raise InputError(
                    f"{correlation!r} is not a cc.Correlation; inputs are given by name, as in "
                    "cc.Priors(growth=cc.Normal(0.5, 0.1, unit='OOM/year'))"
                )
        self._distributions = {key: _distribution(value, key) for key, value in distributions.items()}
        self.correlations = tuple(correlations)
        self.name = name
        self.origin = origin
        self.about = SetAbout()
        self.declared: Mapping[str, Declaration] = {}
        self._check_correlations()

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
        names = self.correlated
        matrix = np.array(gaussian_correlation(self._rank_matrix()))
        for correlation in self.correlations:
            one, other = correlation.between
            if self[one].is_discrete or self[other].is_discrete:
                i, j = names.index(one), names.index(other)
                matrix[i, j] = matrix[j, i] = self._latent_correlation(correlation)
        return matrix

    def _latent_correlation(self, correlation: Correlation) -> float:
        """Return the correlation of normal scores that gives two inputs, of which one has few values, theirs."""
        one, other = (_grades(self[name]) if self[name].is_discrete else CONTINUOUS for name in correlation.between)
        try:
            return latent_correlation(correlation.rank, one, other)
        except InputError as error:
            where = f" in {self.origin}" if self.origin else ""
            raise InputError(f"{' and '.join(map(repr, correlation.between))}{where}: {error}") from None

    @property
    def correlation_factor(self) -> FloatArray:
        """Lower triangular factor that turns independent normal scores into correlated ones, shape (k, k)."""
        where = f"{self.origin}: correlations" if self.origin else "correlations"
        return correlation_factor(self._rank_matrix(), self.correlated, where, self.correlation_matrix)

    @property
    def hash(self) -> str:
        """Fingerprint of every number and word of the set."""
        entries = [(name, repr(distribution)) for name, distribution in self.items()]
        text = json.dumps([entries, [asdict(c) for c in self.correlations]], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def replace(self, **distributions: object) -> "Priors":
        """Return the priors with some inputs changed.

        Parameters
        ----------
        **distributions : distribution, float or str
            New distribution of inputs that exist; a number or a text such as
            ``"1.5 kW/H100e"`` makes the input a constant.

        Returns
        -------
        Priors
        """
        new = {name: self._replacement(name, value) for name, value in distributions.items()}
        merged = {**self._distributions, **new}
        fixed = {name for name, value in merged.items() if isinstance(value, Fixed)}
        return self._like_this(merged, [c for c in self.correlations if not fixed & set(c.between)])

    def described(self, about: SetAbout, declared: Mapping[str, Declaration]) -> "Priors":
        """Return the priors with what their file and ``priors/inputs.toml`` say of them."""
        made = self._like_this(self._distributions, self.correlations)
        made.about, made.declared = about, {name: declared[name] for name in self if name in declared}
        return made

    def named(self, name: str) -> "Priors":
        """Return the priors under another name."""
        made = self._like_this(self._distributions, self.correlations)
        made.name = name
        return made

    def changed_later(self, later: Mapping[str, tuple[float, Family]]) -> "Priors":
        """Return the priors with a further input for each distribution that holds from a date on."""
        new, declared = {}, {}
        for name, (year, distribution) in later.items():
            added = change_name(name, year)
            new[added] = self._replacement(name, distribution)
            if name in self.declared:
                declared[added] = self.declared[name]
        made = self._like_this({**self._distributions, **new}, self.correlations)
        made.declared = {**self.declared, **declared}
        return made

    def _like_this(self, distributions: Mapping[str, Family], correlations: Iterable[Correlation]) -> "Priors":
        """Return priors that share everything but distributions and correlations with these."""
        made = Priors(*correlations, name=self.name, origin=self.origin, **distributions)
        made.about, made.declared = self.about, self.declared
        return made

    def _replacement(self, name: str, value: object) -> Family:
        """Return what takes the place of a distribution: in its unit, inside the bounds of the input."""
        old = self[name]
        try:
            if isinstance(value, str):
                number, unit = parse_quantity(value)
                given = Fixed(number, unit=old.unit if unit == "1" else unit)
                value = in_declared_unit(given, old.unit, repr(value)).median
            if not isinstance(value, Family) and (made := as_distribution(value, old.unit)) is not None:
                value = dataclasses.replace(made, source=old.source, as_of=old.as_of, note="set by hand")
            new = in_declared_unit(_distribution(value, name), old.unit)
            if name in self.declared:
                check_declared(name, new, self.declared[name])
        except InputError as error:
            raise InputError(f"input {name!r} (in {old.unit!r}): {error}") from None
        return new

    def only(self, names: Iterable[str]) -> "Priors":
        """Return the priors with all uncertain inputs but `names` fixed at their medians."""
        kept = set(names)
        return self.replace(**{n: self[n].median for n in self.uncertain if n not in kept})

    def correlated_in(self, sets: Iterable[Iterable[str]]) -> "Priors":
        """Return the priors with those correlations alone whose two inputs are together in some set."""
        held = [set(names) for names in sets]
        kept = [c for c in self.correlations if any(set(c.between) <= names for names in held)]
        return self._like_this(self._distributions, kept)

    def _rank_matrix(self) -> FloatArray:
        names = self.correlated
        matrix = np.eye(len(names))
        for correlation in self.correlations:
            i, j = (names.index(name) for name in correlation.between)
            matrix[i, j] = matrix[j, i] = correlation.rank
        return matrix

    def _check_correlations(self) -> None:
        where = f" in {self.origin}" if self.origin else ""
        seen: set[frozenset[str]] = set()
        for correlation in self.correlations:
            pair = " and ".join(repr(name) for name in correlation.between)
            if frozenset(correlation.between) in seen:
                raise InputError(f"the correlation between {pair} is given twice{where}; keep one")
            seen.add(frozenset(correlation.between))
            for name in correlation.between:
                if name not in self:
                    raise InputError(
                        f"the correlation between {pair}{where} names an input that does not exist: {name!r}"
                        f"{nearest(name, self)}"
                    )
                if name not in self.uncertain:
                    raise InputError(f"the correlation between {pair}{where}: {name!r} is a constant; remove it")
        if self.correlations:
            _ = self.correlation_factor


def checked_priors(priors: object) -> Priors:
    """Return priors, refused where something else was given.

    Parameters
    ----------
    priors : object

    Returns
    -------
    Priors

    Raises
    ------
    InputError
        If it is not `Priors`.
    """
    if not isinstance(priors, Priors):
        raise InputError(
            f"priors is {priors!r}, and must be cc.Priors; read a set with cc.read_priors('situational_awareness'), or "
            "write cc.Priors(x=cc.Uniform(0, 1))"
        )
    return priors


def _grades(distribution: Family) -> Grades:
    """Return how the ranks of a distribution of few values step up with its normal score."""
    values = np.unique(distribution.quantile((np.arange(_GRID) + 0.5) / _GRID))
    at_or_below = distribution.tails(values)[0]
    # Values that are rarer than one in the grid share the rank of the next.
    at_or_below[-1] = 1.0
    return discrete_grades(np.diff(at_or_below, prepend=0.0))


def _distribution(value: object, name: str) -> Family:
    """Take a distribution, a frozen scipy.stats distribution or a number."""
    if name in RESERVED:
        raise InputError(f"an input cannot be called {name!r}: it is a coordinate of every forecast; rename it")
    try:
        made = as_distribution(value)
        if made is not None and made.unit != "1":
            factor(made.unit)
    except InputError as error:
        raise InputError(f"input {name!r}: {error}") from None
    if made is None:
        raise InputError(
            f"input {name!r} is {shown(value)}; give a distribution such as cc.Normal(0.5, 0.1, unit='OOM/year'), "
            "a frozen scipy.stats distribution or a number"
        )
    return made
