"""What every set shares about an input: its unit and meaning, its bounds, whether it is a growth rate or a switch."""

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, RootModel

from clustercast.engine.model import ANY, change_of
from clustercast.engine.units import factor
from clustercast.errors import InputError
from clustercast.files.toml import Number, Text, Truth, load_toml, validated
from clustercast.priors.families import Discrete, Family, Fixed
from clustercast.priors.families.family import Interval
from clustercast.priors.shipped import directory

# No draw has a smaller probability.
_LEAST = 2.0**-54


class Declaration(BaseModel, extra="forbid", frozen=True):
    """One table of ``priors/inputs.toml``."""

    unit: Text
    meaning: Text
    bounds: tuple[Number, Number]
    positive: Truth = False
    growth: Truth = False
    switch: Truth = False


def declared_inputs() -> Mapping[str, Declaration]:
    """Return what ``priors/inputs.toml`` declares, by input."""
    return _declarations(directory())


@functools.cache
def _declarations(folder: Path) -> Mapping[str, Declaration]:
    """Return the declarations in a folder, none where there is no file."""
    path = folder / "inputs.toml"
    declared = validated(load_toml(path), RootModel[dict[str, Declaration]], path).root if path.is_file() else {}
    for name, declaration in declared.items():
        low, high = declaration.bounds
        if not low < high:
            raise InputError(f"{path}: {name}.bounds = [{low:g}, {high:g}] are reversed or empty; give the lower first")
        if declaration.switch and (declaration.unit != "1" or declaration.growth):
            raise InputError(f'{path}: {name} is a switch, so its unit is "1" and it is no growth rate')
    return MappingProxyType(declared)


def heir(name: str) -> str:
    """Return what took the place of a name that is gone, as the end of a message; nothing for other names."""
    gone = {} if name in declared_inputs() else _renamed(directory() / "renamed.toml")
    return f"; {name} is gone since version 0.2: {gone[name]}" if name in gone else ""


@functools.cache
def _renamed(path: Path) -> Mapping[str, str]:
    """Return the names that are gone and what took their place."""
    return validated(load_toml(path), RootModel[dict[str, Text]], path).root if path.is_file() else {}


def bounds_of(name: str) -> Interval:
    """Return the least and the greatest value of an input, or of a change of one, in coherent units."""
    declared = declared_inputs().get((change_of(name) or (name,))[0])
    if declared is None:
        return ANY
    (low, high), size = declared.bounds, factor(declared.unit)
    return math.ulp(0.0) if declared.positive and low == 0 else low * size, high * size


def with_unit(value: float | str, unit: str) -> str:
    """Return a number with its unit, a pure number without one."""
    text = value if isinstance(value, str) else f"{value:g}"
    return text if unit == "1" else f"{text} {unit}"


def check_declared(name: str, distribution: Family, declaration: Declaration) -> None:
    """Refuse a distribution that leaves the bounds of its input, a switch not of 0 and 1, a divisor that can be 0."""
    meaning, (low, high) = f"{name} ({declaration.meaning})", declaration.bounds
    least, greatest = distribution.support
    if not math.isfinite(least) or not math.isfinite(greatest):
        # Where the support has no end, the outermost draw; a beta's would cost the table of its quantiles.
        drawn = zip((least, greatest), distribution.quantile([_LEAST, 1 - 2 * _LEAST]), strict=True)
        least, greatest = (float(end if math.isfinite(end) else draw) for end, draw in drawn)
    if declaration.switch:
        values = distribution.values if isinstance(distribution, Discrete) else distribution.support
        if not isinstance(distribution, Fixed | Discrete) or not set(values) <= {0.0, 1.0}:
            shown = with_unit(distribution.value, "1") if isinstance(distribution, Fixed) else repr(distribution)
            raise InputError(f"{shown} for the switch {meaning}; give 0 or 1")
    elif not low <= least <= greatest <= high:
        allowed = f"{with_unit(f'[{low:g}, {high:g}]', declaration.unit)}, the bounds of {meaning}"
        if isinstance(distribution, Fixed):
            value = with_unit(distribution.value, declaration.unit)
            raise InputError(f"{value} is outside {allowed}; give a value inside")
        (first, last), families = distribution.support, 'family = "metalog" or "truncated_normal"'
        what = f"the {distribution.family} distribution runs from {first:g} to {last:g}, outside {allowed}"
        raise InputError(f"{what}; use one that ends there, as {families} with bounds = [{low:g}, {high:g}]")
    elif declaration.positive and distribution.quantile([_LEAST])[0] <= 0:
        what = f"{with_unit(0, declaration.unit)} for {meaning}, of a {distribution.family} distribution"
        raise InputError(f"{what}; the model divides by it: give values above 0")
