"""The whole order, priors in and answer out: draw the design of a measure, run the model, read the measure."""

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from clustercast.arrays.indices.intervals import check_confidence
from clustercast.arrays.indices.sobol_estimators import estimator_named
from clustercast.dataset import Dataset, design_of, provenance_of, with_provenance
from clustercast.engine.changes import with_changes
from clustercast.engine.model import Model
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.priors.swaps import Groups, checked_groups
from clustercast.propagation import YEARS, Progress, propagate, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.sensitivity.cautions import add_cautions
from clustercast.sensitivity.dependent import kucherenko_indices, shapley_effects
from clustercast.sensitivity.outputs import Scale
from clustercast.sensitivity.salib import morris_effects
from clustercast.sensitivity.sobol import Engine, sobol_indices

BUDGET = 1 << 22


class Study:
    """A model, its outputs and years, and the inputs that they depend on; the others stay at their medians."""

    def __init__(
        self,
        priors: Priors,
        model: Model | None,
        outputs: Iterable[str] | str | None,
        years: Iterable[float],
        progress: Progress | None,
        *,
        with_correlated: bool = False,
    ) -> None:
        self.priors, self.progress = checked_priors(priors), progress
        self.model = cluster_model() if model is None else model
        self.wanted = wanted_outputs(self.model, outputs)
        self.years = year_grid(years).tolist()
        # Inputs that change from a date on are inputs of the changed model.
        self.changed = with_changes(self.model, priors)
        used = set(self.changed.inputs(self.wanted))
        # What correlates with an input that matters has a share in its effect.
        while with_correlated and (
            more := {n for c in priors.correlations if used & {*c.between} for n in c.between} - used
        ):
            used |= more
        self.needed = priors.only(used)
        if not with_correlated:
            # Correlated inputs that no output uses together do not meet: the indices of each output are plain.
            self.needed = self.needed.correlated_in(self.changed.inputs([output]) for output in self.wanted)
        if not self.needed.uncertain:
            raise InputError(
                f"no uncertain input of {priors.name} has any influence on {', '.join(self.wanted)}; free one"
            )

    def inputs(self, size: int, **design: Any) -> Dataset:
        """Draw a design; what is fixed has no influence, so that the result is that of the whole set."""
        return with_provenance(draw(self.needed, size, **design), priors_hash=self.priors.hash)

    def forecast(self, inputs: Dataset) -> Dataset:
        """Run the model."""
        return propagate(inputs, model=self.model, years=self.years, outputs=self.wanted, progress=self.progress)


def run_sobol_in_memory(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 1024,
    seed: int = 0,
    engine: Engine = "panel",
    estimator: str | None = None,
    second_order: bool = False,
    replicates: int | None = None,
    groups: Groups | None = None,
    latent: bool = False,
    scale: Scale = "auto",
    confidence: float = 0.95,
    until: float | None = None,
    budget: int = BUDGET,
    progress: Progress | None = None,
) -> Dataset:
    """Return Sobol' indices of a design in memory that grows as far as asked; see `streaming.run.run_sobol`."""
    if until is not None and not (isinstance(until, Real) and until > 0):
        raise InputError(f"until is {until!r}; give a half-width above 0, as 0.02")
    study = Study(priors, model, outputs, years, progress)
    by_default = "saltelli-jansen" if engine == "salib" else "azzini-rosati"
    chosen = estimator_named(by_default if estimator is None else estimator)
    replicates = (1 if engine == "salib" else 8) if replicates is None else replicates
    design = {
        "design": "saltelli",
        "seed": seed,
        "second_order": second_order or chosen.needs_second_order,
        "replicates": replicates,
        "points": "salib" if engine == "salib" else "sobol",
        "groups": within(groups, priors, study.needed.uncertain),
        "latent": latent,
    }
    how: dict[str, Any] = {"engine": engine, "estimator": chosen.name, "second_order": second_order}
    how["confidence"] = confidence
    forecast = study.forecast(study.inputs(size, **design))
    while until is not None and not _varies(forecast) and 2 * forecast.sizes["sample"] <= budget:
        # The first round may show no event of a rare one.
        size *= 2
        forecast = _extended(forecast, study.inputs(size, **design), study, replicates)
    while True:
        indices = sobol_indices(forecast, scale=scale, seed=seed, **how)
        indices = add_cautions(indices, single_members(indices, study.changed))
        widest, rows = widest_half_width(indices), forecast.sizes["sample"]
        if until is None:
            return indices
        if widest <= until or 2 * rows > budget:
            return indices.assign_attrs(_reached(until, widest, rows, budget))
        size *= 2
        scale = dict(zip(indices["output"].values.tolist(), indices["scale"].values.tolist(), strict=True))
        forecast = _extended(forecast, study.inputs(size, **design), study, replicates)


def run_shapley(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 4096,
    seed: int = 0,
    replicates: int = 16,
    scale: Scale = "auto",
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> Dataset:
    """Shapley effects from priors to error bars.

    Parameters
    ----------
    priors : Priors
        Rank correlations are kept by a Gaussian copula.
    model : Model, optional
        The shipped cluster model by default.
    outputs, years, seed, replicates, progress
        As in `draw` and `propagate`.
    size : int, optional
        Trajectories, of all replicates together, a power of two; each is d + 1 runs of the
        model, d being the inputs that the outputs depend on or that correlate with these.
    scale, confidence
        As in `shapley_effects`.

    Returns
    -------
    Dataset
        As `shapley_effects`, with all uncertain inputs; 0 for one without influence.

    Raises
    ------
    InputError
        As `draw`, `propagate` and `shapley_effects`.
    """
    check_confidence(confidence)
    study = Study(priors, model, outputs, years, progress, with_correlated=True)
    inputs = study.inputs(size, design="shapley", seed=seed, replicates=replicates)
    forecast = study.forecast(_with_design(inputs, uncertain=priors.uncertain))
    return shapley_effects(forecast, scale=scale, confidence=confidence)


def run_kucherenko(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 2048,
    seed: int = 0,
    replicates: int = 16,
    scale: Scale = "auto",
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> Dataset:
    """First-order and total indices of correlated inputs (Kucherenko), from priors to error bars.

    Parameters
    ----------
    priors : Priors
        Rank correlations are kept by a Gaussian copula.
    model : Model, optional
        The shipped cluster model by default.
    outputs, years, seed, replicates, progress
        As in `draw` and `propagate`.
    size : int, optional
        Base points, of all replicates together, a power of two; each is 2 + 2 d + 2 k runs of
        the model for d inputs of which k are correlated.
    scale, confidence
        As in `kucherenko_indices`.

    Returns
    -------
    Dataset
        As `kucherenko_indices`, with all uncertain inputs; 0 for one without influence.

    Raises
    ------
    InputError
        As `draw`, `propagate` and `kucherenko_indices`.
    """
    check_confidence(confidence)
    study = Study(priors, model, outputs, years, progress, with_correlated=True)
    inputs = study.inputs(size, design="kucherenko", seed=seed, replicates=replicates)
    forecast = study.forecast(_with_design(inputs, uncertain=priors.uncertain))
    return kucherenko_indices(forecast, scale=scale, confidence=confidence)


def run_morris(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 64,
    seed: int = 0,
    levels: int = 4,
    span: tuple[float, float] = (0.05, 0.95),
    scale: Scale = "auto",
    resamples: int = 100,
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> Dataset:
    """Morris' elementary effects from priors to a screening of the inputs.

    Parameters
    ----------
    priors : Priors
        Inputs are moved one at a time, so rank correlations are not kept; the result says so.
    model : Model, optional
        The shipped cluster model by default.
    outputs, years, seed, levels, span, progress
        As in `draw` and `propagate`.
    size : int, optional
        Trajectories, each of d + 1 runs for the d inputs that the outputs depend on.
    scale, resamples, confidence
        As in `morris_effects`.

    Returns
    -------
    Dataset
        As `morris_effects`.

    Raises
    ------
    InputError
        As `draw`, `propagate` and `morris_effects`.
    """
    check_confidence(confidence)
    study = Study(priors, model, outputs, years, progress)
    inputs = study.inputs(size, design="morris", seed=seed, levels=levels, span=span)
    # What was fixed may have been correlated.
    forecast = study.forecast(_with_design(inputs, correlated=priors.correlated))
    return morris_effects(forecast, scale=scale, resamples=resamples, confidence=confidence)


def _with_design(inputs: Dataset, **entries: object) -> Dataset:
    """Return drawn inputs whose design says more."""
    return with_provenance(inputs, design={**design_of(inputs), **entries})


def within(groups: Groups | None, priors: Priors, names: tuple[str, ...]) -> dict[str, list[str]] | None:
    """Leave out of groups what is not among the names, and groups that are empty then."""
    checked = checked_groups(groups, priors)
    kept = {group: [name for name in members if name in names] for group, members in checked.items()}
    return {group: members for group, members in kept.items() if members} or None


def single_members(indices: Dataset, model: Model) -> list[str]:
    """Return for which outputs a group of correlated inputs is one input, so that its indices are plain."""
    sentences = []
    for group, members in design_of(indices).get("correlated_groups", {}).items():
        for output in indices["output"].values.tolist():
            used = set(model.inputs([output])).intersection(members)
            if len(used) == 1:
                sentences.append(f"{output} depends on {used.pop()} alone of {group}: its indices there are plain.")
    return sentences


def _varies(forecast: Dataset) -> bool:
    """Return whether any output varies over the independent runs a and b, from which its variance is estimated."""
    runs = forecast.sizes["sample"] // int(design_of(forecast)["size"])
    outputs = (v for v in forecast.data_vars.values() if v.attrs["role"] == "output" and "sample" in v.dims)
    values = (np.concatenate([v.values[..., ::runs], v.values[..., runs - 1 :: runs]], axis=-1) for v in outputs)
    return any(bool(np.ptp(each, axis=-1).any()) for each in values)


def widest_half_width(indices: Dataset) -> float:
    """Return the largest half-width of the first-order and total indices that are defined."""
    widths = np.concatenate([indices[f"{name}_conf"].values.reshape(-1) for name in ("S1", "ST")])
    return float(np.nanmax(widths))


def _reached(until: float, widest: float, rows: int, budget: int) -> Mapping[str, str | float | int]:
    """Return in plain words, and numbers, whether the target was met."""
    met = widest <= until
    statement = (
        f"every first-order and total index is known to within {widest:.3g} (asked: {until:g}) after {rows:,} runs"
        if met
        else f"the widest half-width is {widest:.3g}, not the {until:g} asked for: the next doubling of {rows:,} runs "
        f"would exceed the budget of {budget:,}; raise the budget or accept the width"
    )
    return {"until": until, "reached": int(met), "widest": widest, "statement": statement}


def _extended(forecast: Dataset, inputs: Dataset, study: Study, replicates: int) -> Dataset:
    """Return the forecast of a design of twice the size, running only the rows that are new."""
    old_rows, rows = forecast.sizes["sample"], inputs.sizes["sample"]
    within = np.arange(rows) % (rows // replicates)
    old = np.flatnonzero(within < old_rows // replicates)
    new = np.flatnonzero(within >= old_rows // replicates)
    fresh = study.forecast(inputs.isel(sample=new))
    merged = {}
    for name, variable in fresh.data_vars.items():
        if variable.attrs["role"] == "output":
            values = np.empty((*variable.shape[:-1], rows))
            values[..., old], values[..., new] = forecast[name].values, variable.values
            merged[name] = (variable.dims, values, variable.attrs)
    kept = inputs.assign(merged).assign_coords(fresh.coords.drop_vars("sample"))
    return with_provenance(kept, model_hash=provenance_of(fresh)["model_hash"])
