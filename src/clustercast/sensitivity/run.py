"""The whole order, priors in and answer out: draw the design of a measure, run the model, read the measure."""

from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

import numpy as np

from clustercast.arrays import BoolArray
from clustercast.arrays.indices.intervals import check_confidence
from clustercast.dataset import Dataset, Record, design_of, provenance_of, with_provenance
from clustercast.engine.model import Model, with_changes
from clustercast.errors import InputError, typed
from clustercast.priors.families import Uniform
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS, Progress, propagate, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.sensitivity.dependent import kucherenko_indices, shapley_effects
from clustercast.sensitivity.given_data import DUMMY
from clustercast.sensitivity.outputs import Scale, add_cautions
from clustercast.sensitivity.salib import morris_effects
from clustercast.sensitivity.sobol import sobol_indices


class StudyOptions(TypedDict, total=False):
    """What every study may be asked for, as `propagate` is."""

    model: Model | None
    outputs: Iterable[str] | str | None
    years: Iterable[float]
    progress: Progress | None
    dummy: bool


class Study:
    """A model, its outputs and years, and the inputs that they depend on; the others stay at their medians."""

    def __init__(
        self,
        priors: Priors,
        *,
        model: Model | None = None,
        outputs: Iterable[str] | str | None = None,
        years: Iterable[float] = YEARS,
        progress: Progress | None = None,
        with_correlated: bool = False,
        dummy: bool = False,
    ) -> None:
        self.priors, self.progress = checked_priors(priors), progress
        self.model = cluster_model() if model is None else model
        self.wanted = wanted_outputs(self.model, outputs)
        self.years = year_grid(years)
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
        # An input on which nothing depends is drawn and analysed, and the model does not see it.
        self.idle = (DUMMY,) if dummy else ()
        self.uncertain = (*priors.uncertain, *self.idle)
        self.needed = self.needed.add(**{name: Uniform(0, 1) for name in self.idle})
        if set(self.needed.uncertain) <= {*self.idle}:
            raise InputError(f"no uncertain input of {priors.name} has influence on {', '.join(self.wanted)}; free one")

    def inputs(self, size: int, **design: Any) -> Dataset:
        """Draw a design; what is fixed has no influence, so that the result is that of the whole set."""
        return with_provenance(draw(self.needed, size, **design), priors_hash=self.priors.hash)

    def forecast(self, inputs: Dataset, **design: object) -> Dataset:
        """Run the model on drawn inputs, whose design may have more to say."""
        inputs = with_provenance(inputs, design={**design_of(inputs), **design}) if design else inputs
        seen = inputs.drop_vars(self.idle)
        return propagate(seen, model=self.model, years=self.years, outputs=self.wanted, progress=self.progress)

    def cautioned(self, indices: Dataset) -> Dataset:
        """Return indices whose warning says what the model knows of them, without widths of what no estimate shows."""
        unseen = self.unseen(indices)
        # Where a group of correlated inputs is one input to an output.
        sentences = [
            f"{output} depends on {used.pop()} alone of {group}: its indices there are plain."
            for group, members in design_of(indices).get("correlated_groups", {}).items()
            for output in indices["output"].values.tolist()
            if len(used := {*self.changed.inputs([output])}.intersection(members)) == 1
        ]
        if unseen.any():
            names = indices["input"].values[unseen.any(axis=0)].tolist()
            what = f"No estimate shows an influence of {', '.join(names)} on an output that depends on it"
            often = max(int(design_of(indices)["size"]) // 3, 1)
            sentences.append(f"{what}: a change in fewer than 1 of {often:,} draws may be missed.")
            indices = indices.copy(deep=True)
            for name in [name for name in indices if str(name).endswith("_conf")]:
                # The outputs first, then years where there are some, and an input or two.
                values = np.moveaxis(indices.variables[name].values, 0, -1)
                values[..., unseen.T] = np.nan
                if "input_2" in indices.variables[name].dims:
                    np.moveaxis(values, -2, -3)[..., unseen.T] = np.nan
        return add_cautions(indices, sentences)

    def unseen(self, indices: Dataset) -> BoolArray:
        """Return on which inputs an output depends although no estimate shows it, shape (outputs, inputs)."""
        # Plain arrays: xarray would import half a second of other libraries for it.
        total = next(indices.variables[name] for name in ("ST", "Sh", "ST_full", "mu_star") if name in indices)
        values = np.moveaxis(total.values, 0, -1).reshape(-1, indices.sizes["input"], indices.sizes["output"])
        nothing = ((values == 0).any(axis=0) & ((values == 0) | np.isnan(values)).all(axis=0)).T
        groups = {**design_of(indices).get("swaps", {}), **design_of(indices).get("correlated_groups", {})}
        used = [{*self.changed.inputs([output])} for output in indices["output"].values.tolist()]
        needs = [[bool(own & {n, *groups.get(n, ())}) for n in indices["input"].values.tolist()] for own in used]
        return np.asarray(nothing & np.array(needs))


@typed
def run_shapley(
    priors: Priors,
    *,
    size: int = 4096,
    seed: int = 0,
    replicates: int = 16,
    scale: Scale = "auto",
    confidence: float = 0.95,
    **study: Unpack[StudyOptions],
) -> Dataset:
    """Shapley effects from priors to error bars.

    Parameters
    ----------
    priors : Priors
        Rank correlations are kept by a Gaussian copula.
    size : int, optional
        Trajectories, of all replicates together, a power of two; each is d + 1 runs of the model, d being the inputs
        that the outputs depend on or that correlate with these.
    seed, replicates, scale, confidence, **study
        As in `draw`, `shapley_effects` (and errors), `run_sobol` (`model`, `outputs`, `years`, `progress`, `dummy`).

    Returns
    -------
    Dataset
        As `shapley_effects`, with all uncertain inputs; 0 for one without influence.
    """
    check_confidence(confidence)
    chosen = Study(priors, with_correlated=True, **study)
    inputs = chosen.inputs(size, design="shapley", seed=seed, replicates=replicates)
    forecast = chosen.forecast(inputs, uncertain=chosen.uncertain)
    return chosen.cautioned(shapley_effects(forecast, scale=scale, confidence=confidence))


@typed
def run_kucherenko(
    priors: Priors,
    *,
    size: int = 2048,
    seed: int = 0,
    replicates: int = 16,
    scale: Scale = "auto",
    confidence: float = 0.95,
    **study: Unpack[StudyOptions],
) -> Dataset:
    """First-order and total indices of correlated inputs (Kucherenko), from priors to error bars.

    Parameters
    ----------
    size : int, optional
        Base points, of all replicates together, a power of two; each is 2 + 2 d + 2 k runs of the model for d inputs of
        which k are correlated.
    priors, seed, replicates, scale, confidence, **study
        As in `run_shapley`, with the errors of `kucherenko_indices`.

    Returns
    -------
    Dataset
        As `kucherenko_indices`, with all uncertain inputs; 0 for one without influence.
    """
    check_confidence(confidence)
    chosen = Study(priors, with_correlated=True, **study)
    inputs = chosen.inputs(size, design="kucherenko", seed=seed, replicates=replicates)
    forecast = chosen.forecast(inputs, uncertain=chosen.uncertain)
    return chosen.cautioned(kucherenko_indices(forecast, scale=scale, confidence=confidence))


@typed
def run_morris(
    priors: Priors,
    *,
    size: int = 64,
    seed: int = 0,
    levels: int = 4,
    span: tuple[float, float] = (0.05, 0.95),
    scale: Scale = "auto",
    resamples: int = 100,
    confidence: float = 0.95,
    **study: Unpack[StudyOptions],
) -> Dataset:
    """Morris' elementary effects from priors to a screening of the inputs.

    Parameters
    ----------
    priors : Priors
        Inputs are moved one at a time, so rank correlations are not kept; the result says so.
    size : int, optional
        Trajectories, each of d + 1 runs for the d inputs that the outputs depend on.
    seed, levels, span, scale, resamples, confidence, **study
        As in `draw`, `morris_effects` (and errors), `run_sobol` (`model`, `outputs`, `years`, `progress`, `dummy`).

    Returns
    -------
    Dataset
        As `morris_effects`.
    """
    check_confidence(confidence)
    chosen = Study(priors, **study)
    inputs = chosen.inputs(size, design="morris", seed=seed, levels=levels, span=span)
    # What was fixed may have been correlated.
    forecast = chosen.forecast(inputs, correlated=priors.correlated)
    return chosen.cautioned(morris_effects(forecast, scale=scale, resamples=resamples, confidence=confidence))


def growing_sobol(study: Study, size: int, design: Record, how: Record, until: float | None, budget: int) -> Dataset:
    """Return Sobol' indices of a design in memory that doubles while a half-width is above `until`."""
    forecast = study.forecast(study.inputs(size, **design))
    while True:
        rows = forecast.sizes["sample"]
        last = until is None or 2 * rows > budget
        # The first rounds may show no event of a rare one.
        if last or _varies(forecast):
            indices = sobol_indices(forecast, seed=design["seed"], **how)
            if until is None:
                return indices
            widest = float(np.nanmax([np.nanmax(indices[f"{name}_conf"].values) for name in ("S1", "ST")]))
            if last or widest <= until:
                unseen = study.unseen(indices).any()
                which = "every index that these runs show" if unseen else "every first-order and total index"
                known = f"{which} is known to within {widest:.3g} (asked: {until:g})"
                wide = f"the widest half-width is {widest:.3g}, not the {until:g} asked for: the next doubling of"
                beyond = f"would exceed the budget of {budget:,}; raise the budget or accept the width"
                met = widest <= until
                statement = f"{known} after {rows:,} runs" if met else f"{wide} {rows:,} runs {beyond}"
                if unseen:
                    statement += "; it says nothing of inputs of which no estimate shows an influence: see the warning"
                return indices.assign_attrs(until=until, reached=int(met), widest=widest, statement=statement)
        size *= 2
        forecast = _extended(forecast, study.inputs(size, **design), study)


def _varies(forecast: Dataset) -> bool:
    """Return whether any output varies over the independent runs a and b, from which its variance is estimated."""
    runs = forecast.sizes["sample"] // int(design_of(forecast)["size"])
    outputs = (v for v in forecast.data_vars.values() if v.attrs["role"] == "output" and "sample" in v.dims)
    values = (np.concatenate([v.values[..., ::runs], v.values[..., runs - 1 :: runs]], axis=-1) for v in outputs)
    return any(bool(np.ptp(each, axis=-1).any()) for each in values)


def _extended(forecast: Dataset, inputs: Dataset, study: Study) -> Dataset:
    """Return the forecast of a design of twice the size, running only the rows that are new."""
    # The first half of each replicate is there already.
    rows = inputs.sizes["sample"]
    of_one = rows // int(design_of(inputs)["replicates"])
    known = np.arange(rows) % of_one < of_one // 2
    fresh = study.forecast(inputs.isel(sample=np.flatnonzero(~known)))
    merged = {}
    for name, variable in fresh.data_vars.items():
        if variable.attrs["role"] == "output":
            values = np.empty((*variable.shape[:-1], rows))
            values[..., known], values[..., ~known] = forecast[name].values, variable.values
            merged[name] = (variable.dims, values, variable.attrs)
    kept = inputs.assign(merged).assign_coords(fresh.coords.drop_vars("sample"))
    return with_provenance(kept, model_hash=provenance_of(fresh)["model_hash"])
