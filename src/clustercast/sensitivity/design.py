"""The design that a forecast carries, read back and proved before it is used."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.indices.dependent import random_permutations, rows_per_point
from clustercast.arrays.indices.sobol_estimators import runs_per_point
from clustercast.arrays.points.designs import morris_trajectories
from clustercast.arrays.points.streams import replicate_seed
from clustercast.dataset import Dataset, design_of, made_by, provenance_of
from clustercast.errors import InputError


class SaltelliDesign(NamedTuple):
    """What is swapped together, in the order of the rows, and how many base points there are over all replicates."""

    names: tuple[str, ...]
    swaps: dict[str, tuple[str, ...]]
    size: int
    second_order: bool
    replicates: int

    @property
    def runs(self) -> int:
        """Rows of one base point."""
        return runs_per_point(len(self.swaps), self.second_order)


class VariedInputs(NamedTuple):
    """The inputs that a design varies, among all uncertain inputs of the study."""

    names: tuple[str, ...]
    among: tuple[str, ...]
    size: int
    replicates: int
    seed: int

    def of_all(self, values: FloatArray, elsewhere: FloatArray) -> FloatArray:
        """Return measures of all inputs, shape (columns, inputs), from those varied and one value for the others."""
        filled = np.repeat(elsewhere[:, np.newaxis], len(self.among), axis=1)
        filled[:, [self.among.index(name) for name in self.names]] = values.T
        return filled


def saltelli_design(forecast: Dataset) -> SaltelliDesign:
    """Return the Saltelli design of a forecast whose rows still follow it."""
    drawn = _drawn(forecast, "saltelli", "Sobol indices", ("size", "second_order", "replicates", "swaps"))
    swaps = {name: tuple(members) for name, members in drawn["swaps"].items()}
    places = {name: place for place, members in enumerate(swaps.values()) for name in members}
    size, replicates = int(drawn["size"]), int(drawn["replicates"])
    design = SaltelliDesign(tuple(places), swaps, size, bool(drawn["second_order"]), replicates)
    # Correlated inputs made from several swapped latents follow no swap themselves.
    free = drawn.get("correlated", []) if drawn.get("latent") else []
    repeats = {n: _pick_freeze(design.runs, len(swaps), place) for n, place in places.items() if n not in free}
    _check_rows(forecast, "Saltelli", design, design.runs, repeats)
    return design


def shapley_design(forecast: Dataset) -> tuple[VariedInputs, IntArray]:
    """Return the inputs and the orders of the trajectories of a forecast whose rows still follow them."""
    varied = _varied(forecast, "shapley", "Shapley effects")
    each, dimensions = varied.size // varied.replicates, len(varied.names)
    seeds = [replicate_seed(varied.seed, replicate) for replicate in range(varied.replicates)]
    orders = np.concatenate([random_permutations(seed, dimensions, each) for seed in seeds])
    # Once its turn has come, an input has the value of the base point, which is the last row.
    known = np.arange(dimensions + 1) > np.argsort(orders, axis=1)[:, :, np.newaxis]
    rows = np.arange(dimensions + 1)
    repeats = {name: np.where(known[:, place], dimensions, rows) for place, name in enumerate(varied.names)}
    _check_rows(forecast, "Shapley", varied, dimensions + 1, repeats)
    return varied, orders


def kucherenko_design(forecast: Dataset) -> tuple[VariedInputs, IntArray]:
    """Return the inputs and the places of the correlated ones of a forecast whose rows still follow their design."""
    varied = _varied(forecast, "kucherenko", "Kucherenko's indices")
    correlated = [varied.names.index(name) for name in design_of(forecast).get("correlated", [])]
    runs, mixtures = rows_per_point(len(varied.names), len(correlated)), len(varied.names) + len(correlated)
    repeats = {n: _pick_freeze(runs, mixtures, place, place in correlated) for place, n in enumerate(varied.names)}
    _check_rows(forecast, "Kucherenko", varied, runs, repeats)
    return varied, np.array(correlated, dtype=np.int64)


def morris_design(forecast: Dataset) -> tuple[VariedInputs, FloatArray]:
    """Return the inputs and the points on the unit cube of a forecast whose rows still follow Morris' trajectories."""
    varied = _varied(forecast, "morris", "Morris' effects", ("levels",))
    dimensions = len(varied.names)
    points = morris_trajectories(varied.seed, dimensions, varied.size, int(design_of(forecast)["levels"]))
    # A row repeats the one before it but for the input whose turn it is.
    rows = np.arange(dimensions + 1)
    stays = np.concatenate([np.zeros((varied.size, 1, dimensions), bool), np.diff(points, axis=1) == 0], axis=1)
    repeats = {name: np.where(stays[:, :, place], rows - 1, rows) for place, name in enumerate(varied.names)}
    _check_rows(forecast, "Morris", varied, dimensions + 1, repeats)
    return varied, points


def _pick_freeze(runs: int, mixtures: int, place: int, dragged: bool = False) -> IntArray:
    """Return which row each row of A, AB, BA (if there) and B repeats of an input, shape (1, runs)."""
    # In the mixture of its own an input is the other point's; in others it stays, if nothing drags it along.
    rows = np.arange(runs)
    source = rows if dragged else np.where(rows <= mixtures, 0, runs - 1)
    source[1 + place] = runs - 1
    if runs > mixtures + 2:
        source[1 + mixtures + place] = 0
    return source[np.newaxis]


def _drawn(forecast: Dataset, design: str, measure: str, needed: tuple[str, ...]) -> dict[str, Any]:
    """Return how a forecast was drawn, refused where it is of another design or has lost an entry."""
    if not isinstance(forecast, Dataset):
        what = f"a forecast is a Dataset from cc.propagate, not a {type(forecast).__name__}"
        raise InputError(f"{what}; cc.run_{design.replace('saltelli', 'sobol')} goes from priors to the answer")
    drawn = design_of(forecast)
    if drawn.get("name") != design:
        what = f"the forecast's design is {drawn.get('name', 'not recorded')!r}, and {measure} need {design!r}"
        raise InputError(f'{what}; draw the inputs with cc.draw(priors, size, design="{design}", seed=...)')
    if missing := [key for key in needed if key not in drawn]:
        raise InputError(f"the forecast has lost the entry {missing[0]!r} of its design; propagate the draw again")
    return drawn


def _varied(forecast: Dataset, design: str, measure: str, more: tuple[str, ...] = ()) -> VariedInputs:
    """Return the inputs of a design that varies all inputs one by one."""
    drawn = _drawn(forecast, design, measure, ("size", "seed", *more))
    names = tuple(provenance_of(forecast).get("inputs", ()))
    among = tuple(drawn.get("uncertain", names))
    return VariedInputs(names, among, int(drawn["size"]), int(drawn.get("replicates", 1)), int(drawn["seed"]))


def _check_rows(
    forecast: Dataset, design: str, drawn: SaltelliDesign | VariedInputs, runs: int, repeats: Mapping[str, IntArray]
) -> None:
    """Refuse samples that are not 0 to n-1 in order, and inputs whose rows do not repeat those that they should."""
    # Given by input is which row each row repeats, shape (points or 1, runs).
    size = drawn.size
    if drawn.replicates < 1 or size % drawn.replicates:
        what = f"the forecast's record says {drawn.replicates} replicates of {size} base points, which is no design"
        raise InputError(f"{what}; propagate the draw again")
    for name, variable in ((str(name), forecast.variables[name]) for name in forecast.data_vars):  # faster bare
        if variable.attrs.get("role") == "input" and variable.dims == ("sample",) and name not in drawn.names:
            what = f"input {name!r} is not one of the design, which varies {', '.join(sorted(drawn.names))}"
            raise InputError(f"{what}; give renamed inputs their names back, or draw again")
    count, expected = forecast.sizes.get("sample", 0), size * runs
    if count != expected:
        what = f"the forecast has {count} samples, and its {design} design of {size} base points has {expected}"
        raise InputError(f"{what} ({runs} a base point); keep all of them, in order")
    samples = forecast["sample"].values
    if (wrong := np.flatnonzero(samples != np.arange(count))).size:
        what = f"position {wrong[0]} holds sample {samples[wrong[0]]} ({wrong.size} of {count} are out of place)"
        raise InputError(f"samples are not in the order of the draw: {what}; restore it with forecast.sortby('sample')")
    present = {name: forecast.variables[name] for name in repeats if name in forecast.variables}
    if "sample" not in forecast.coords and not present:
        what = "the forecast holds neither its inputs nor the coordinate 'sample'"
        raise InputError(f"{what}, so nothing shows that its rows are in the order of the draw; keep one of them")
    for name, variable in present.items():
        source, column = repeats[name], made_by(variable)
        # Rows that are made when they are read repeat those that are made of the same value.
        made = column is not None and np.array_equal(column.which, column.which.take(source[0], mode="clip"))
        if made or variable.dims != ("sample",):
            continue
        rows: FloatArray = np.asarray(variable.values).reshape(size, -1)
        expected_rows = rows.take(source[0], axis=1) if len(source) == 1 else np.take_along_axis(rows, source, axis=1)
        # None of Saltelli's rows is made twice; sums of correlated scores may differ by rounding.
        exact = isinstance(drawn, SaltelliDesign)
        broken = rows != expected_rows if exact else np.abs(rows - expected_rows) > 1e-9 * np.abs(rows).mean()
        if broken.any():
            point, run = np.argwhere(broken)[0]
            what = f"sample {point * runs + run} should repeat its value in another row of base point {point}"
            remedy = f"({int(broken.sum())} of {broken.size} rows differ); analyse the forecast of the draw itself"
            raise InputError(f"input {name!r} does not vary as a {design} design varies it: {what} {remedy}")
