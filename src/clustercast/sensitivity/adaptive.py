"""Sobol' indices from priors to error bars, on a design that grows until it is precise enough."""

from collections.abc import Callable, Iterable
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from clustercast.dataset import Dataset, provenance_of, with_provenance
from clustercast.engine.model import Model
from clustercast.errors import InputError, nearest
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS, Progress, propagate, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import Groups, checked_groups, draw
from clustercast.sensitivity.outputs import Scale
from clustercast.sensitivity.sobol import sobol_indices

FloatArray = NDArray[np.float64]

BUDGET = 1 << 22


def run_sobol(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 1024,
    seed: int = 0,
    second_order: bool = True,
    replicates: int = 8,
    groups: Groups | None = None,
    latent: bool = False,
    scale: Scale = "auto",
    confidence: float = 0.95,
    until: float | None = None,
    budget: int = BUDGET,
    progress: Progress | None = None,
) -> Dataset:
    """Sobol' indices from priors to error bars, on a design that grows as far as asked.

    Inputs that none of the outputs depends on are fixed at their medians first: their
    indices are zero, and rows for them would be wasted.

    Parameters
    ----------
    priors : Priors
    model : Model, optional
        The shipped cluster model by default.
    outputs, years, seed, second_order, replicates, groups, latent
        As in `draw` and `propagate`.
    size : int, optional
        Base points to begin with, of all replicates together, a power of two.
    scale, confidence
        As in `sobol_indices`.
    until : float, optional
        Half-width that every first-order and total index shall have at most. While one
        is wider the design doubles: Sobol' points are extended, no run is thrown away.
    budget : int, optional
        Most model runs (rows of the design).
    progress : callable, optional
        Called with samples done and samples planned, of each round.

    Returns
    -------
    Dataset
        As `sobol_indices`; with `until`, the attributes ``until``, ``reached`` (0 or 1),
        ``widest`` and ``statement`` say what was reached.

    Raises
    ------
    InputError
        As `draw`, `propagate` and `sobol_indices`, and if `until` is not positive.
    """
    if until is not None and not (isinstance(until, Real) and until > 0):
        raise InputError(f"until is {until!r}; give a half-width above 0, as 0.02")
    model = cluster_model() if model is None else model
    wanted = wanted_outputs(model, outputs)
    grid = year_grid(years).tolist()
    needed = checked_priors(priors).only(model.inputs(wanted))
    if not needed.uncertain:
        raise InputError(f"no uncertain input of {priors.name} has any influence on {', '.join(wanted)}; free one")
    _check_members(groups, priors)
    swapped = _within(groups, needed.uncertain)

    def design(size: int) -> Dataset:
        drawn = draw(
            needed,
            size,
            design="saltelli",
            seed=seed,
            second_order=second_order,
            replicates=replicates,
            groups=swapped,
            latent=latent,
        )
        # What was fixed has no influence: the result is that of the whole set, and says so.
        return with_provenance(drawn, priors_hash=priors.hash)

    def run(inputs: Dataset) -> Dataset:
        return propagate(inputs, model=model, years=grid, outputs=wanted, progress=progress)

    inputs = design(size)
    forecast = run(inputs)
    while True:
        indices = sobol_indices(forecast, scale=scale, confidence=confidence)
        widest = widest_half_width(indices)
        rows = forecast.sizes["sample"]
        if until is None:
            return indices
        if widest <= until or 2 * rows > budget:
            return indices.assign_attrs(_reached(until, widest, rows, budget))
        size *= 2
        forecast = _extended(forecast, design(size), run, replicates)


def _check_members(groups: Groups | None, priors: Priors) -> None:
    """Refuse groups that hold what is no uncertain input."""
    for group, members in checked_groups(groups).items():
        for name in members:
            if name not in priors.uncertain:
                raise InputError(
                    f"group {group!r} holds {name!r}, which is not an uncertain input{nearest(name, priors.uncertain)}"
                )


def _within(groups: Groups | None, names: tuple[str, ...]) -> dict[str, list[str]] | None:
    """Leave out of groups what is not among the names, and groups that are empty then."""
    if groups is None:
        return None
    kept = {group: [name for name in members if name in names] for group, members in groups.items()}
    return {group: members for group, members in kept.items() if members}


def widest_half_width(indices: Dataset) -> float:
    """Return the largest half-width of the first-order and total indices that are defined.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`.

    Returns
    -------
    float
    """
    widths = np.concatenate([indices[f"{name}_conf"].values.reshape(-1) for name in ("S1", "ST")])
    return float(np.nanmax(widths))


def _reached(until: float, widest: float, rows: int, budget: int) -> dict[str, str | float | int]:
    """Say in plain words whether the target was met."""
    met = widest <= until
    told = (
        f"every first-order and total index is known to within {widest:.3g} (asked: {until:g}) after {rows:,} runs"
        if met
        else f"the widest half-width is {widest:.3g}, not the {until:g} asked for: the next doubling of {rows:,} runs "
        f"would exceed the budget of {budget:,}; raise the budget or accept the width"
    )
    return {"until": until, "reached": int(met), "widest": widest, "statement": told}


def _extended(forecast: Dataset, inputs: Dataset, run: Callable[[Dataset], Dataset], replicates: int) -> Dataset:
    """Return the forecast of a design of twice the size, running only the rows that are new."""
    old_rows, rows = forecast.sizes["sample"], inputs.sizes["sample"]
    within = np.arange(rows) % (rows // replicates)
    old = np.flatnonzero(within < old_rows // replicates)
    new = np.flatnonzero(within >= old_rows // replicates)
    fresh = run(inputs.isel(sample=new))
    merged = {}
    for name, variable in fresh.data_vars.items():
        if variable.attrs["role"] == "output":
            values = np.empty((*variable.shape[:-1], rows))
            values[..., old], values[..., new] = forecast[name].values, variable.values
            merged[name] = (variable.dims, values, variable.attrs)
    kept = inputs.assign(merged).assign_coords(fresh.coords.drop_vars("sample"))
    return with_provenance(kept, model_hash=provenance_of(fresh)["model_hash"])
