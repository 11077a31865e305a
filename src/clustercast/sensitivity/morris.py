"""Screening of many inputs with few runs: Morris' elementary effects."""

from collections.abc import Iterable

import numpy as np

from clustercast.arrays.points.streams import checked_seed
from clustercast.dataset import Dataset, inputs_dataset
from clustercast.engine.model import Model
from clustercast.errors import InputError, whole_number
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS, propagate, wanted_outputs
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sensitivity.outputs import Scale
from clustercast.sensitivity.salib import morris_effects as effects_on_trajectories
from clustercast.sensitivity.salib_engine import morris_trajectories


def morris_effects(
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
) -> Dataset:
    """Elementary effects of each input, by SALib: which inputs hardly matter, in few runs.

    Each trajectory moves one input after the other on a grid of probabilities; an effect is
    the change of the output for a move over the whole span of the input.

    Parameters
    ----------
    priors : Priors
        Inputs are moved one at a time, so rank correlations are not kept; the result says so.
    model : Model, optional
        The shipped cluster model by default.
    outputs : str or iterable of str, optional
        Quantities to explain; the model's headline quantities by default.
    years : iterable of float, optional
        2022 to 2034 by default.
    size : int, optional
        Trajectories, each of d + 1 runs for the d inputs that the outputs depend on.
    seed : int, optional
        The same seed gives the same bits.
    levels : int, optional
        Levels of the grid, even.
    span : tuple of float, optional
        Probabilities of the lowest and the highest level. Morris' own 0 and 1 have no finite
        quantile for many families, so both lie inside.
    scale : {"auto", "log10", "raw"}, optional
        Scale of the outputs; ``"auto"`` is log10 where an output is positive.
    resamples, confidence : optional
        Of the bootstrap of ``mu_star``.

    Returns
    -------
    Dataset
        ``mu``, ``mu_star``, ``mu_star_conf`` and ``sigma``, in the unit of the output or in decades,
        dims (output[, year], input).

    Raises
    ------
    InputError
        If size, levels or span cannot be used, an output is unknown, or a value is not finite.

    References
    ----------
    M. D. Morris, Technometrics 33, 161 (1991), doi:10.1080/00401706.1991.10484804.
    F. Campolongo, J. Cariboni, A. Saltelli, Environmental Modelling & Software 22, 1509 (2007),
    doi:10.1016/j.envsoft.2006.10.004.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + 2 * y
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> effects = cc.morris_effects(priors, model=cc.Model([total]), scale="raw", size=8)
    >>> effects["mu_star"].round(2).values.tolist()
    [[0.9, 1.8]]
    """
    _check_grid(size, levels, span)
    model = cluster_model() if model is None else model
    wanted = wanted_outputs(model, outputs)
    used = model.inputs(wanted)
    names = tuple(name for name in checked_priors(priors).uncertain if name in used)
    if not names:
        raise InputError(f"no uncertain input of {priors.name} has any influence on {', '.join(wanted)}; free one")
    points = morris_trajectories(len(names), size, levels=levels, seed=checked_seed(seed))
    probabilities = span[0] + (span[1] - span[0]) * points
    kept = priors.only(names)
    values = {name: kept[name].quantile(np.ascontiguousarray(probabilities[:, i])) for i, name in enumerate(names)}
    design = {"name": "morris", "seed": int(seed), "size": int(size), "span": span}
    inputs = inputs_dataset(values, kept, design, part_of=priors)
    forecast = propagate(inputs, model=model, years=years, outputs=wanted)
    effects = effects_on_trajectories(
        forecast,
        points,
        outputs=wanted,
        scale=scale,
        levels=levels,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )
    told = "Inputs are moved one at a time; the priors' rank correlations are not kept." if priors.correlations else ""
    effects.attrs |= {"estimator": "elementary effects", "runs": len(points), "warning": told}
    return effects


def _check_grid(size: int, levels: int, span: tuple[float, float]) -> None:
    """Refuse a grid that SALib would take and get wrong, or that has no finite quantiles."""
    whole_number("size", size, least=2)
    if whole_number("levels", levels, least=2) % 2:
        raise InputError(f"levels is {levels}; give an even number, as 4")
    if not 0 < span[0] < span[1] < 1:
        raise InputError(f"span is {span}; give two increasing probabilities between 0 and 1, both excluded")
