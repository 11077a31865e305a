"""What every family of distributions has in common: its fields, its checks, its methods."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from clustercast.arrays import FloatArray, real_numbers
from clustercast.arrays.families import elicitation
from clustercast.arrays.families.inversion import Levels, Tails
from clustercast.engine.units import conversion, in_unit
from clustercast.errors import InputError, located, nearest, shown
from clustercast.priors.families.validation import checked_bounds, converted, number_of

Interval = tuple[float, float]
Parameters = tuple[object, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Family:
    """A distribution of one uncertain number, in a declared unit; ``dist + "2 GW"`` and ``1.5 * dist`` are others.

    Parameters
    ----------
    unit : str, optional
        Unit of every number of the distribution; ``"1"`` for a pure number.
    bounds : tuple of two floats, optional
        Ends that the quantity cannot pass: part of some families, checked for the others.
    source, as_of, note : str, optional
        Where the numbers come from, of which date, and a remark.
    judgement : bool, optional
        Whether the numbers are a judgement rather than a measurement.
    """

    family: ClassVar[str] = ""
    # How many quantiles determine a member.
    counts: ClassVar[tuple[int, ...]] = ()
    bounds_are_ends: ClassVar[bool] = False
    has_density_at_ends: ClassVar[bool] = True
    # The ends of the support, as numbers or by the names of parameters; parameters that must be above 0.
    ends: ClassVar[tuple[float | str, float | str]] = (-math.inf, math.inf)
    positive: ClassVar[tuple[str, ...]] = ()
    # Whether single values have a probability; of a composed distribution its parts say so when it is made.
    is_discrete: ClassVar[bool] = False
    may_be_infinite: ClassVar[tuple[str, ...]] = ()
    # Parameters that move when the distribution is shifted, and those that are only stretched when it is scaled.
    places: ClassVar[tuple[str, ...]] = ()
    lengths: ClassVar[tuple[str, ...]] = ()
    # What a family becomes that is not closed under these: `composed.Shifted`, set there, as it is a family itself.
    moved_family: ClassVar[Callable[..., "Family"]]
    # NumPy leaves `np.float64(2) * dist` to the distribution.
    __array_ufunc__: ClassVar[None] = None

    unit: str = "1"
    bounds: Interval | None = None
    source: str = ""
    as_of: str = ""
    note: str = ""
    judgement: bool = False

    def __post_init__(self) -> None:
        with located(self.family):
            for field in dataclasses.fields(self):
                infinite = field.name in ("bounds", *self.may_be_infinite)
                vars(self)[field.name] = converted(field.name, vars(self)[field.name], field.type, infinite)
            self._check()
            if self.bounds is None:
                return
            (low, high), (least, greatest) = self.bounds, self.support
            if not low < high:
                raise InputError(f"bounds [{low:g}, {high:g}] are reversed or empty; give the lower first")
            if self.bounds_are_ends and (least, greatest) != (low, high):
                ends = f"low = {least:g}, high = {greatest:g}; give low and high"
                raise InputError(f"bounds [{low:g}, {high:g}] are not the ends {ends}")
            if least < low or greatest > high:
                # For a distribution with two ends, with one or with none.
                ways = ('"beta" or "metalog"', '"metalog"', '"truncated_normal" or "metalog"')
                remedy = f"use family = {ways[math.isinf(least) + math.isinf(greatest)]}, of which bounds are a part"
                what = f"bounds [{low:g}, {high:g}] would cut off a {self.family} distribution"
                raise InputError(f"{what}, which runs from {least:g} to {greatest:g}; {remedy}")

    def __repr__(self) -> str:
        fields = sorted(dataclasses.fields(self), key=lambda field: bool(field.kw_only))
        given = [(field.name, value) for field in fields if (value := getattr(self, field.name)) != field.default]
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given)})"

    def __add__(self, other: float | str) -> "Family":
        return self._linear(1.0, _beside(other, "+", self.unit, "what is added"), self.unit)

    def __mul__(self, other: float) -> "Family":
        return self._linear(_beside(other, "*", "1", "the factor"), 0.0, self.unit)

    def __sub__(self, other: float | str) -> "Family":
        return self + -_beside(other, "-", self.unit, "what is subtracted")

    def __rsub__(self, other: float | str) -> "Family":
        return self * -1.0 + other

    def __truediv__(self, other: float) -> "Family":
        divisor = _beside(other, "/", "1", "the divisor")
        if divisor == 0:
            raise InputError("a distribution cannot be divided by 0; give another number")
        return self * (1.0 / divisor)

    def __rtruediv__(self, other: object) -> "Family":
        raise InputError(f"{shown(other)} / {self.family} is no distribution here; divide in a quantity or state 1 / x")

    __radd__ = __add__
    __rmul__ = __mul__

    @property
    def support(self) -> Interval:
        """The least and the greatest value; either may be infinite."""
        return self._ends()

    @property
    def median(self) -> float:
        """The value that is passed in either direction with even odds."""
        return float(self.quantile(np.array([0.5]))[0])

    @property
    def expectation(self) -> float | None:
        """The mean where the family has a closed form for it, else None."""
        return self._mean()

    def quantile(self, p: ArrayLike) -> FloatArray:
        """Return the quantiles at probabilities of any shape, in the unit; 0 and 1 give the ends of the support."""
        # Contiguous: vector and scalar loops of NumPy may round the last bit differently.
        levels = np.ascontiguousarray(real_numbers("probabilities", p))
        least, greatest = levels.min(initial=0.5), levels.max(initial=0.5)
        if not (least >= 0 and greatest <= 1):
            raise InputError(f"probability {levels[~((levels >= 0) & (levels <= 1))][0]:g} is outside 0 to 1")
        result = in_blocks(lambda p: self._invert(Levels(p)), levels).reshape(np.shape(p))
        if least == 0 or greatest == 1:
            result[levels.reshape(result.shape) == 0], result[levels.reshape(result.shape) == 1] = self.support
        return result

    def quantile_from_normal_score(self, z: ArrayLike) -> FloatArray:
        """Return the quantiles at the probabilities ``ndtr(z)`` of normal scores, as accurate in either tail."""
        scores = np.ascontiguousarray(real_numbers("normal scores", z))
        if scores.size and np.isnan(scores.min()):
            raise InputError("a normal score is not a number")
        return in_blocks(lambda z: self._invert(Levels(z=z)), scores).reshape(np.shape(z))

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Return the probability of a value at or below each of some values, in the unit of the distribution."""
        return self.tails(x)[0]

    def tails(self, x: ArrayLike) -> Tails:
        """Return the probabilities at or below, and above, each of some values: the smaller keeps its accuracy."""
        return self._all_tails(real_numbers("values", x))

    def _all_tails(self, values: FloatArray) -> Tails:
        """Return both tail probabilities, inside the support and outside."""
        low, high = self.support
        p = np.asarray(np.where(values >= high, 1.0, np.where(values <= low, 0.0, np.nan)))
        q = np.asarray(1.0 - p)
        inside = (values > low) & (values < high)
        if inside.any():
            p[inside], q[inside] = self._tails(values[inside])
        return p, q

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return the log density per unit, minus infinity outside the support; of values, the log probability."""
        values, (low, high) = real_numbers("values", x), self.support
        result = np.where(np.isnan(values), np.nan, -np.inf)
        ends = (values == low) | (values == high)
        inside = (values >= low) & (values <= high) & np.isfinite(values) & (self.has_density_at_ends | ~ends)
        result[inside] = self._log_density(values[inside])
        return result

    @classmethod
    def from_quantiles(
        cls,
        quantiles: Mapping[float, float] | Mapping[str, float],
        *,
        mode: float | None = None,
        unit: str = "1",
        bounds: Interval | None = None,
        source: str = "",
        as_of: str = "",
        note: str = "",
        judgement: bool = False,
        **parameters: object,
    ) -> Self:
        """Return the member of the family that goes through stated quantiles exactly.

        Parameters
        ----------
        quantiles : mapping
            Value at each probability, as in ``{0.05: 1, 0.95: 10}``.
        mode : float, optional
            The peak, for a triangular or PERT distribution through two quantiles.
        bounds : tuple of two floats, optional
            The interval of a beta (0 to 1 unless given), the ends of a truncated normal or metalog; elsewhere checked.
        unit, source, as_of, note, judgement : optional
            Kept with the distribution. Its parameters are refused: the quantiles determine them.

        Raises
        ------
        InputError
            If the quantiles are out of order or outside the bounds, or the family cannot go through them.
        """
        family = cls.family
        if not isinstance(quantiles, Mapping):
            raise InputError(f"{family}: quantiles are {quantiles!r}; give a value at each probability, as {{0.05: 1}}")
        if not cls.counts:
            raise InputError(f"{family} is not given by quantiles; give its own parameters")
        own = [field.name for field in dataclasses.fields(cls) if not field.kw_only]
        if unknown := [name for name in parameters if name not in own]:
            raise InputError(f"{family} has no key {unknown[0]!r}{nearest(unknown[0], own)}")
        if parameters:
            ends = ", and the interval as bounds" if parameters.keys() & {"low", "high"} else ""
            raise InputError(f"{family}: quantiles and {', '.join(parameters)} are both given; give one of them{ends}")
        if mode is not None and "mode" not in cls.__dataclass_fields__:
            raise InputError(f"{family} has no mode to give beside quantiles; triangular and pert have")
        levels, values = elicitation.read_quantiles(quantiles, family, cls.counts)
        if bounds is not None:
            bounds = checked_bounds(family, levels, values, bounds)
        if mode is not None:
            with located(family):
                number_of("mode", mode)
        texts: dict[str, Any] = {"source": source, "as_of": as_of, "note": note, "judgement": judgement}
        return cls(*cls._elicit(levels, values, bounds, mode), unit=unit, bounds=bounds, **texts)

    def in_unit(self, unit: str, what: str = "it") -> "Family":
        """Return the same distribution in another unit; `what` begins the message where that is of another kind."""
        if self.unit == unit:
            return self
        factor = conversion(self.unit, unit, what, self.median)
        return dataclasses.replace(self, unit=unit) if factor == 1 else self._linear(factor, 0.0, unit)

    def _linear(self, scale: float, shift: float, unit: str) -> "Family":
        """Return the distribution of ``scale * x + shift``, of the same family where it is closed under that."""
        changes = self._changes(scale, shift)
        if changes is not None:
            bounds = _moved(self.bounds, scale, shift) if self.bounds and scale > 0 else None
            return dataclasses.replace(self, **{"unit": unit, "bounds": bounds, **changes})
        texts = {"source": self.source, "as_of": self.as_of, "note": self.note, "judgement": self.judgement}
        return self.moved_family(dataclasses.replace(self, unit="1"), shift, scale, unit=unit, **texts)

    def _changes(self, scale: float, shift: float) -> dict[str, Any] | None:
        """Return the parameters that make this ``scale * x + shift``; None where the family is not closed under it."""
        if scale <= 0 or not (self.places or (self.lengths and shift == 0)):
            return None
        moves = {**dict.fromkeys(self.places, shift), **dict.fromkeys(self.lengths, 0.0)}
        return {name: _moved(getattr(self, name), scale, move) for name, move in moves.items()}

    def _ends(self) -> Interval:
        low, high = (getattr(self, end) if isinstance(end, str) else end for end in self.ends)
        return low, high

    def _mean(self) -> float | None:
        return None

    def _check(self) -> None:
        """Check the parameters against one another."""
        if wrong := [name for name in self.positive if getattr(self, name) <= 0]:
            raise InputError(f"{wrong[0]} = {getattr(self, wrong[0]):g} must be greater than 0")

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        """Return the parameters that go through the quantiles."""
        raise NotImplementedError

    def _invert(self, at: Levels) -> FloatArray:
        """Return the quantiles at probabilities, in an array of their own."""
        raise NotImplementedError

    def _tails(self, x: FloatArray) -> Tails:
        """Return both tail probabilities strictly inside the support."""
        raise NotImplementedError

    def _log_density(self, x: FloatArray) -> FloatArray:
        """Return the log density inside the support and at its ends."""
        raise NotImplementedError


def in_blocks(function: Callable[[FloatArray], FloatArray], values: FloatArray, block: int = 16384) -> FloatArray:
    """Return a function of each element, a block at a time: temporaries stay in the second-level cache."""
    flat = values.reshape(-1)
    if flat.size <= block:
        return function(flat)
    result = np.empty_like(flat)
    for start in range(0, flat.size, block):
        result[start : start + block] = function(flat[start : start + block])
    return result


def without_texts(family: Family) -> Family:
    """Return a distribution without where its numbers come from."""
    return dataclasses.replace(family, source="", as_of="", note="", judgement=False)


def _moved(parameter: Any, scale: float, shift: float) -> Any:
    """Return a parameter, or each of a row of them, under a scale and a shift."""
    return tuple(scale * x + shift for x in parameter) if isinstance(parameter, tuple) else scale * parameter + shift


def _beside(other: str | float, operator: str, unit: str, what: str) -> float:
    """Return the number that a distribution is combined with, in a unit, refused where it is a distribution."""
    if isinstance(other, Family):
        raise InputError(f"two distributions are not combined by {operator} here; draw both and combine in a quantity")
    return in_unit(other, unit, what)
