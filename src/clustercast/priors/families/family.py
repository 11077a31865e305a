"""What every family of distributions has in common: its fields, its checks, its methods."""

import dataclasses
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic.dataclasses import dataclass as pydantic_dataclass

from clustercast.arrays.families import elicitation, inverse_cdf
from clustercast.arrays.families.normal_quantile import normal_quantile
from clustercast.errors import InputError, nearest
from clustercast.priors.families.validation import End

FloatArray = NDArray[np.float64]
Quantiles = Mapping[float, float] | Mapping[str, float]
Interval = tuple[float, float]

# Values inverted at a time, so that the temporaries stay in the second-level cache.
_BLOCK = 16384


@pydantic_dataclass(frozen=True, kw_only=True, repr=False)
class Family:
    """A distribution of one uncertain number, in a declared unit.

    Attributes
    ----------
    unit : str
        Unit of every number of the distribution; ``"1"`` for a pure number.
    bounds : tuple of two floats, optional
        Ends that the quantity cannot pass: part of some families, checked for the others.
    source, as_of, note : str
        Where the numbers come from, of which date, and what else is to be said.
    """

    quantile_counts: ClassVar[tuple[int, ...]] = ()
    bounds_are_ends: ClassVar[bool] = False
    bounded_instead: ClassVar[str] = '"beta" or "metalog"'
    has_density_at_ends: ClassVar[bool] = True

    unit: str = "1"
    bounds: tuple[End, End] | None = None
    source: str = ""
    as_of: str = ""
    note: str = ""
    judgement: bool = False

    def __post_init__(self) -> None:
        """Check the fields against one another."""
        self._check()
        if self.bounds is not None:
            self._check_bounds(*self.bounds)

    def __repr__(self) -> str:
        """Show the parameters, and of the rest what was given."""
        shown = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in sorted(dataclasses.fields(self), key=lambda field: bool(field.kw_only))
            if field.name != "family" and getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def support(self) -> Interval:
        """The least and the greatest value; either may be infinite."""
        raise NotImplementedError

    @property
    def median(self) -> float:
        """The value that is passed in either direction with even odds."""
        return float(self.quantile(np.array([0.5]))[0])

    @property
    def expectation(self) -> float | None:
        """The mean where the family has a closed form for it, else None."""
        return None

    def quantile(self, p: ArrayLike) -> FloatArray:
        """Return the values below which given probabilities lie.

        Parameters
        ----------
        p : array_like
            Probabilities from 0 to 1, of any shape; 0 and 1 give the ends of the support.

        Returns
        -------
        ndarray
            A new array of the same shape, in the unit of the distribution.

        Raises
        ------
        InputError
            If a probability is not in 0 to 1.
        """
        # Contiguous, because vector and scalar loops of NumPy may round the last bit differently.
        levels = np.ascontiguousarray(p, dtype=np.float64)
        least, greatest = levels.min(initial=0.5), levels.max(initial=0.5)
        if not (least >= 0 and greatest <= 1):
            worst = levels[~((levels >= 0) & (levels <= 1))][0]
            raise InputError(f"probability {worst:g} is outside 0 to 1")
        result = _in_blocks(self._quantile, levels).reshape(np.shape(p))
        if least == 0 or greatest == 1:
            result[levels.reshape(result.shape) == 0], result[levels.reshape(result.shape) == 1] = self.support
        return result

    def quantile_from_normal_score(self, z: ArrayLike) -> FloatArray:
        """Return the quantiles at the probabilities of standard normal scores.

        Parameters
        ----------
        z : array_like
            Standard normal scores, of any shape; the probabilities are ``ndtr(z)``.

        Returns
        -------
        ndarray
            A new array of the same shape, in the unit of the distribution; as accurate
            in the upper tail as in the lower one.

        Raises
        ------
        InputError
            If a score is not a number.
        """
        scores = np.ascontiguousarray(z, dtype=np.float64)
        if scores.size and np.isnan(scores.min()):
            raise InputError("a normal score is not a number")
        return _in_blocks(self._quantile_from_score, scores).reshape(np.shape(z))

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Return the probability of a value at or below each of some values.

        Parameters
        ----------
        x : array_like
            Values in the unit of the distribution, of any shape.

        Returns
        -------
        ndarray
        """
        values = np.asarray(x, dtype=np.float64)
        low, high = self.support
        result = np.asarray(np.where(values >= high, 1.0, np.where(values <= low, 0.0, np.nan)))
        inside = (values > low) & (values < high)
        if inside.any():
            result[inside] = self._cdf(values[inside])
        return result

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return the natural logarithm of the density.

        Parameters
        ----------
        x : array_like
            Values in the unit of the distribution, of any shape.

        Returns
        -------
        ndarray
            Per unit of the distribution; minus infinity outside the support. For a
            discrete distribution the logarithm of the probability.
        """
        values = np.asarray(x, dtype=np.float64)
        low, high = self.support
        result = np.where(np.isnan(values), np.nan, -np.inf)
        ends = (values == low) | (values == high)
        inside = (values >= low) & (values <= high) & np.isfinite(values) & (self.has_density_at_ends | ~ends)
        result[inside] = self._log_density(values[inside])
        return result

    @classmethod
    def from_quantiles(
        cls,
        quantiles: Quantiles,
        *,
        mode: float | None = None,
        unit: str = "1",
        bounds: Interval | None = None,
        source: str = "",
        as_of: str = "",
        note: str = "",
        **parameters: object,
    ) -> Self:
        """Return the member of the family that goes through stated quantiles exactly.

        Parameters
        ----------
        quantiles : mapping
            Value at each probability, as in ``{0.05: 1, 0.95: 10}``.
        mode : float, optional
            The peak, for a triangular or PERT distribution through two quantiles.
        unit : str, optional
            Unit of the quantiles.
        bounds : tuple of two floats, optional
            The interval of a beta distribution (0 to 1 unless given), the ends of a
            truncated normal or metalog; for the other families checked, never imposed.
        source, as_of, note : str, optional
            Kept with the distribution.
        **parameters : object
            Refused: the quantiles determine the parameters.

        Returns
        -------
        Family
            Of the class that this is called on.

        Raises
        ------
        InputError
            If the quantiles are out of order or outside the bounds, or the family cannot
            go through them; the message says what is allowed.
        """
        family = cls._family()
        if not isinstance(quantiles, Mapping):
            raise InputError(f"{family}: quantiles are {quantiles!r}; give a value at each probability, as {{0.05: 1}}")
        if not cls.quantile_counts:
            raise InputError(f"{family} is not given by quantiles; give its own parameters")
        if parameters:
            own = [field.name for field in dataclasses.fields(cls) if not field.kw_only]
            unknown = [name for name in parameters if name not in own]
            if unknown:
                raise InputError(f"{family} has no key {unknown[0]!r}{nearest(unknown[0], own)}")
            interval = ", and the interval as bounds" if parameters.keys() & {"low", "high"} else ""
            raise InputError(
                f"{family}: quantiles and {', '.join(parameters)} are both given; give one or the other{interval}"
            )
        if mode is not None and 3 not in cls.quantile_counts:
            raise InputError(f"{family} has no mode to give beside quantiles; triangular and pert have")
        levels, values = elicitation.read_quantiles(quantiles, family, cls.quantile_counts)
        if bounds is not None:
            cls._check_inside(levels, values, *bounds)
        told: dict[str, Any] = {"unit": unit, "bounds": bounds, "source": source, "as_of": as_of, "note": note}
        return cls(*cls._elicit(levels, values, bounds, mode), **told)

    @classmethod
    def _family(cls) -> str:
        """Return the name of the family as it stands in a prior file."""
        return str(cls.__dataclass_fields__["family"].default)

    @classmethod
    def _check_inside(cls, levels: FloatArray, values: FloatArray, low: float, high: float) -> None:
        """Refuse bounds that are reversed or leave out a quantile."""
        if not all(isinstance(end, Real) for end in (low, high)):
            raise InputError(
                f"{cls._family()}: bounds are ({low!r}, {high!r}); give two numbers, infinite where there is no end"
            )
        if not low < high:
            raise InputError(f"{cls._family()}: bounds [{low:g}, {high:g}] are reversed or empty; give the lower first")
        for level, value in zip(levels, values, strict=True):
            if not low < value < high:
                raise InputError(
                    f"{cls._family()}: bounds [{low:g}, {high:g}] exclude the quantile {value:g} at {level:g}; "
                    "widen the bounds or move the quantile strictly inside them"
                )

    def _check_bounds(self, low: float, high: float) -> None:
        """Refuse bounds that are reversed or that the distribution passes."""
        family = self._family()
        if not low < high:
            raise InputError(f"bounds [{low:g}, {high:g}] are reversed or empty; give the lower first")
        least, greatest = self.support
        if self.bounds_are_ends and (least, greatest) != (low, high):
            raise InputError(
                f"bounds [{low:g}, {high:g}] are not the ends low = {least:g}, high = {greatest:g}; give low and high"
            )
        if least < low or greatest > high:
            raise InputError(
                f"bounds [{low:g}, {high:g}] would cut off a {family} distribution, which runs from {least:g} to "
                f"{greatest:g}; use family = {self.bounded_instead}, of which bounds are a part"
            )

    def in_unit(self, unit: str, factor: float) -> Self:
        """Return the same distribution in another unit, one of its own units being `factor` of that."""
        bounds = None if self.bounds is None else (self.bounds[0] * factor, self.bounds[1] * factor)
        parameters = {} if factor == 1 else self._scaled(factor)
        return dataclasses.replace(self, **parameters, unit=unit, bounds=bounds)

    def _scaled(self, factor: float) -> dict[str, Any]:
        """Return the parameters of the distribution of a positive multiple."""
        raise NotImplementedError

    def _check(self) -> None:
        """Check the parameters against one another."""

    @classmethod
    def _elicit(
        cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None
    ) -> tuple[object, ...]:
        """Return the parameters that go through the quantiles."""
        raise NotImplementedError

    def _quantile(self, p: FloatArray) -> FloatArray:
        """Invert the distribution at probabilities."""
        return self._quantile_from_tails(p, 1.0 - p)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        """Invert the distribution at normal scores."""
        return self._quantile_from_tails(*inverse_cdf.tails_of_score(z))

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Invert the distribution at both tail probabilities."""
        raise NotImplementedError

    def _cdf(self, x: FloatArray) -> FloatArray:
        """Return the distribution function strictly inside the support."""
        raise NotImplementedError

    def _log_density(self, x: FloatArray) -> FloatArray:
        """Return the log density inside the support and at its ends."""
        raise NotImplementedError


class FromScore(Family):
    """A family that is inverted at normal scores rather than at probabilities."""

    def _quantile(self, p: FloatArray) -> FloatArray:
        """Invert the distribution at probabilities."""
        return self._quantile_from_score(normal_quantile(p))


def _in_blocks(function: Callable[[FloatArray], FloatArray], values: FloatArray) -> FloatArray:
    """Apply a function element by element, a block at a time."""
    flat = values.reshape(-1)
    if flat.size <= _BLOCK:
        return function(flat)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        result[start : start + _BLOCK] = function(flat[start : start + _BLOCK])
    return result
