"""Sobol' indices in one call: in memory, or in pieces where memory is short."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from clustercast.arrays.indices.pick_freeze import runs_per_point
from clustercast.arrays.indices.sobol_estimators import estimator_named
from clustercast.dataset import Dataset, with_provenance
from clustercast.engine.model import Model
from clustercast.priors.prior_set import Priors
from clustercast.priors.swaps import Groups
from clustercast.propagation import YEARS, Progress, propagate
from clustercast.sensitivity.cautions import add_cautions
from clustercast.sensitivity.outputs import Scale, analysed_outputs
from clustercast.sensitivity.run import BUDGET, Study, run_sobol_in_memory, single_members, within
from clustercast.sensitivity.sobol import Engine
from clustercast.streaming.sobol import StreamedScale, stream_sobol

MEMORY = 4 << 30
_ESTIMATOR = "azzini-rosati"

# Base points by which the scale of an output is chosen before a run whose rows are never together.
_FEW_POINTS = 64


def run_sobol(
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
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> Dataset:
    """Sobol' indices from priors to error bars, on a design that grows as far as asked.

    Inputs that none of the outputs depends on are fixed at their medians first: their indices are zero. Of correlated
    inputs those that the outputs depend on are one group, unless `latent`.

    Parameters
    ----------
    priors : Priors
    model : Model, optional
        The shipped cluster model by default.
    outputs, years, seed, groups, latent
        As in `draw` and `propagate`.
    size : int, optional
        Base points to begin with, of all replicates together, a power of two.
    engine, estimator, second_order, scale, confidence
        As in `sobol_indices`; the engine ``"salib"`` runs SALib itself, on SALib's rows.
    replicates : int, optional
        Independent scrambles behind the error bars; 8 by default, and 1 for SALib's own bootstrap.
    until : float, optional
        Half-width that every first-order and total index shall have at most. While one is wider the design doubles.
    budget : int, optional
        Most model runs (rows of the design).
    memory : int, optional
        Bytes that design and forecast may take. A larger design is run piece by piece, as `stream_sobol` does, unless
        it grows (`until`), SALib runs it, or an output is a labelled index, which need the whole of it.
    progress : callable, optional
        Called with samples done and samples planned, of each round.

    Returns
    -------
    Dataset
        As `sobol_indices`; with `until`, the attributes ``until``, ``reached`` (0 or 1), ``widest`` and ``statement``
        say what was reached. The scale of each output is that of the first round.

    Raises
    ------
    InputError
        As `draw`, `propagate` and `sobol_indices`, and if `until` is not positive.
    """
    study = Study(priors, model, outputs, years, progress)
    how: dict[str, Any] = {"size": size, "seed": seed, "estimator": estimator, "second_order": second_order}
    how |= {"replicates": replicates, "groups": groups, "latent": latent, "scale": scale, "confidence": confidence}
    labelled = any(study.model.declaration(name).labels for name in study.wanted)
    if engine == "panel" and until is None and not labelled and _bytes(study, size, second_order, estimator) > memory:
        return _in_pieces(study, **how)
    what: dict[str, Any] = {"model": study.model, "outputs": study.wanted, "years": study.years}
    return run_sobol_in_memory(priors, engine=engine, until=until, budget=budget, progress=progress, **what, **how)


def _bytes(study: Study, size: object, second_order: bool, estimator: str | None) -> int:
    """Return what inputs, outputs and the copies of one output that is analysed take; 0 of a size that is none."""
    if not isinstance(size, int | np.integer):
        return 0
    b_swaps = second_order or estimator_named(estimator or _ESTIMATOR).needs_second_order
    inputs, outputs, years = len(study.needed.uncertain), len(study.wanted), len(study.years)
    return 8 * int(size) * runs_per_point(inputs, b_swaps) * (inputs + (outputs + 2) * years)


def _in_pieces(
    study: Study,
    *,
    size: int,
    scale: Scale,
    estimator: str | None,
    second_order: bool,
    replicates: int | None,
    groups: Groups | None,
    **how: Any,
) -> Dataset:
    """Return the indices of a design that is never whole, with the scale that a few of its rows ask for."""
    priors, method = study.priors, estimator_named(estimator or _ESTIMATOR)
    chosen: dict[str, Any] = {
        "replicates": 8 if replicates is None else replicates,
        "groups": within(groups, priors, study.needed.uncertain),
    }
    few = study.inputs(_FEW_POINTS, design="saltelli", seed=how["seed"], latent=how["latent"], **chosen)
    forecast = propagate(few, model=study.model, years=study.years, outputs=study.wanted)
    scales = {output.name: output.scale for output in analysed_outputs(forecast, None, scale)}

    def report(done: int, planned: int) -> None:
        if study.progress is not None:
            study.progress(size * done // planned, size)

    indices = stream_sobol(
        priors,
        size=size,
        model=study.model,
        outputs=study.wanted,
        years=study.years,
        scale=cast("Mapping[str, StreamedScale]", scales),
        estimator=method.name,
        second_order=second_order,
        progress=report,
        **chosen,
        **how,
    )
    return add_cautions(with_provenance(indices, priors_hash=priors.hash), single_members(indices, study.changed))
