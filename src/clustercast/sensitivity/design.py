"""The Saltelli design that a forecast carries, read back and proved before it is used."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.pick_freeze import runs_per_point
from clustercast.dataset import design_of
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SaltelliDesign:
    """How the samples of a forecast are laid out.

    Attributes
    ----------
    swaps : dict of str to tuple of str
        What is swapped together, in the order of the rows: each input alone, or groups.
    size : int
        Number of base points, over all replicates.
    second_order : bool
        Whether the rows BA are there.
    replicates : int
        Number of independent scrambles, one after another.
    points : str
        ``"sobol"`` or ``"random"`` base points.
    """

    swaps: dict[str, tuple[str, ...]]
    size: int
    second_order: bool
    replicates: int
    points: str

    @property
    def runs(self) -> int:
        """Rows of one base point."""
        return runs_per_point(len(self.swaps), self.second_order)


def saltelli_design(forecast: xr.Dataset) -> SaltelliDesign:
    """Read the design from a forecast and check that its rows still follow it.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn with ``design="saltelli"``.

    Returns
    -------
    SaltelliDesign
        The design, after the sample order, the number of samples and the swaps of the
        inputs that the forecast carries have all been found in order.

    Raises
    ------
    InputError
        The forecast is of another design, shuffled, cut, or its inputs are not swapped
        as the design says.
    """
    if not isinstance(forecast, xr.Dataset):
        raise InputError(f"a forecast is a Dataset from cc.propagate, not a {type(forecast).__name__}")
    drawn = design_of(forecast)
    if drawn.get("name") != "saltelli":
        raise InputError(
            f"the forecast's design is {drawn.get('name', 'not recorded')!r}, and Sobol indices need 'saltelli'; "
            'draw the inputs with cc.draw(priors, size, design="saltelli", seed=...)'
        )
    missing = [key for key in ("size", "second_order", "replicates", "swaps") if key not in drawn]
    if missing:
        raise InputError(f"the forecast has lost the entry {missing[0]!r} of its design; propagate the draw again")
    design = SaltelliDesign(
        {name: tuple(members) for name, members in drawn["swaps"].items()},
        int(drawn["size"]),
        bool(drawn["second_order"]),
        int(drawn["replicates"]),
        str(drawn.get("points", "sobol")),
    )
    if design.replicates < 1 or design.size % design.replicates:
        raise InputError(
            f"the forecast's record says {design.replicates} replicates of {design.size} base points, which is no "
            "design; propagate the draw again"
        )
    _check_samples(forecast, design)
    _check_swaps(forecast, design)
    return design


def _check_samples(forecast: xr.Dataset, design: SaltelliDesign) -> None:
    """Refuse a forecast whose samples are not 0 to n-1 in order."""
    count = forecast.sizes.get("sample", 0)
    expected = design.size * design.runs
    if count != expected:
        raise InputError(
            f"the forecast has {count} samples, and its Saltelli design of {design.size} base points has {expected} "
            f"({design.runs} a base point); keep all of them, in order"
        )
    if "sample" in forecast.coords:
        samples = forecast["sample"].values
        wrong = np.flatnonzero(samples != np.arange(count))
        if wrong.size:
            raise InputError(
                f"the forecast's samples are not in the order of the draw: position {wrong[0]} holds sample "
                f"{samples[wrong[0]]} ({wrong.size} of {count} are out of place); restore it with "
                'forecast.sortby("sample")'
            )


def _check_swaps(forecast: xr.Dataset, design: SaltelliDesign) -> None:
    """Refuse inputs whose rows are not swapped as the design says."""
    unswapped = _latent_inputs(forecast)
    swapped = {name for members in design.swaps.values() for name in members}
    # Bare variables: xarray takes longer to label a few hundred of them than a small panel does.
    sampled = {name: forecast.variables[name] for name in forecast.data_vars}
    strange = [
        str(name)
        for name, variable in sampled.items()
        if variable.attrs.get("role") == "input" and variable.dims == ("sample",) and name not in swapped
    ]
    if strange:
        raise InputError(
            f"input {strange[0]!r} is not one of the design, which swaps {', '.join(swapped)}; give renamed inputs "
            "their names back, or draw again"
        )
    if "sample" not in forecast.coords and not any(name in forecast for name in swapped):
        raise InputError(
            "the forecast holds neither its inputs nor the coordinate 'sample', so nothing shows that its rows are in "
            "the order of the draw; keep one of them"
        )
    for position, members in enumerate(design.swaps.values()):
        for name in members:
            variable = forecast.variables.get(name)
            if variable is None or variable.dims != ("sample",) or name in unswapped:
                continue
            rows = cast(FloatArray, variable.values).reshape(design.size, design.runs)
            _check_input(name, rows, position, design)


def _latent_inputs(forecast: xr.Dataset) -> list[str]:
    """Name the inputs that are made from several swapped latents, and so follow no swap themselves."""
    design = design_of(forecast)
    return [str(name) for name in design.get("correlated", [])] if design.get("latent") else []


def _check_input(name: str, rows: FloatArray, position: int, design: SaltelliDesign) -> None:
    """Check that AB takes from b what is swapped and from a the rest, and BA the other way round."""
    number = len(design.swaps)
    from_b = np.arange(number) == position
    expected = [np.where(from_b, rows[:, -1:], rows[:, :1])]
    if design.second_order:
        expected.append(np.where(from_b, rows[:, :1], rows[:, -1:]))
    broken = rows[:, 1:-1] != np.concatenate(expected, axis=1)
    if broken.any():
        point, run = np.argwhere(broken)[0]
        raise InputError(
            f"input {name!r} is not swapped as a Saltelli design swaps it: sample {point * design.runs + 1 + run} "
            f"should repeat its value in another row of base point {point} ({int(broken.sum())} of {broken.size} rows "
            "differ); analyse the forecast of the draw itself, with its rows unchanged"
        )
