"""Sensitivity to correlated inputs, from priors to indices: Shapley effects and Kucherenko's indices."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.indices.intervals import check_confidence
from clustercast.arrays.indices.kucherenko import correlated_inputs, kucherenko_scores
from clustercast.arrays.indices.shapley import paired_normals, random_permutations, trajectory_scores
from clustercast.arrays.points.designs import require_power_of_two
from clustercast.arrays.points.streams import checked_seed, replicate_seed
from clustercast.dataset import Dataset, inputs_dataset
from clustercast.engine.model import Model
from clustercast.errors import InputError, whole_number
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.propagation import YEARS, propagate, wanted_outputs
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sensitivity.dependent import kucherenko_panel, shapley_panel
from clustercast.sensitivity.outputs import Scale

FloatArray = NDArray[np.float64]


def shapley_effects(
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
) -> Dataset:
    """Shapley effects: shares of the variance that sum to 1, for correlated inputs too.

    The effect of an input is what it adds to the explained variance, on average over all
    orders in which the inputs could become known. Trajectories in random orders are run
    once and serve every output and year.

    Parameters
    ----------
    priors : Priors
        Rank correlations are kept by a Gaussian copula.
    model : Model, optional
        The shipped cluster model by default.
    outputs : str or iterable of str, optional
        Quantities to explain; the model's headline quantities by default.
    years : iterable of float, optional
        2022 to 2034 by default.
    size : int, optional
        Trajectories, of all replicates together, a power of two; each is d + 1 runs of the
        model, d being the inputs that the outputs depend on or that correlate with these.
    seed : int, optional
        The same seed gives the same bits.
    replicates : int, optional
        Independent scrambles, from which the intervals come; a power of two.
    scale : {"auto", "log10", "raw"}, optional
        Scale of the outputs; ``"auto"`` is log10 where an output is positive.
    confidence : float, optional
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Dataset
        ``Sh`` and its half-width ``Sh_conf``, dims (output[, year], input); 0 for an input
        without influence, NaN where an output does not vary. Coordinates ``scale`` and ``unit``
        by output; attributes with estimator, seed, size, runs and where the priors came from.

    Raises
    ------
    InputError
        If the size does not fit, an output is unknown, or a value is not finite.

    References
    ----------
    E. Song, B. L. Nelson, J. Staum, SIAM/ASA J. Uncertainty Quantification 4, 1060 (2016), doi:10.1137/15M1048070.
    B. Broto, F. Bachoc, M. Depecker, SIAM/ASA J. Uncertainty Quantification 8, 693 (2020), doi:10.1137/18M1234631.
    T. Goda, Reliability Engineering & System Safety 206, 107183 (2021), doi:10.1016/j.ress.2020.107183.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + y
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 2))
    >>> effects = cc.shapley_effects(priors, model=cc.Model([total]), scale="raw", size=1024)
    >>> effects["Sh"].sel(output="total").round(1).values.tolist()
    [0.2, 0.8]
    """
    model = cluster_model() if model is None else model
    wanted, names = _varied(priors, model, outputs, size, replicates, confidence)
    correlation = score_correlation(priors, names)

    def scores(own: int, points: int) -> FloatArray:
        orders = random_permutations(own, len(names), points)
        return trajectory_scores(orders, correlation, paired_normals(own, len(names), points))

    rows = np.concatenate([scores(replicate_seed(seed, r), size // replicates) for r in range(replicates)])
    inputs = _drawn(priors, names, rows, _design("shapley", seed, replicates))
    forecast = propagate(inputs, model=model, years=years, outputs=wanted)
    return shapley_panel(forecast, wanted, scale, confidence)


def kucherenko_indices(
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
) -> Dataset:
    """First and total indices of correlated inputs, inclusive and exclusive of correlation.

    ``S1_full`` is the variance that knowing the input explains, what it shares with others
    included, and ``ST_ind`` the variance that remains when all others are known: the two
    indices of Kucherenko et al. ``ST_full`` adds the interactions to the first, and ``S1_ind``
    leaves them out of the second. An input with S1_full well above ST_ind matters by what it
    is correlated with.

    Parameters
    ----------
    priors : Priors
        Rank correlations are kept by a Gaussian copula; without any, the indices are Sobol's.
    model : Model, optional
        The shipped cluster model by default.
    outputs : str or iterable of str, optional
        Quantities to explain; the model's headline quantities by default.
    years : iterable of float, optional
        2022 to 2034 by default.
    size : int, optional
        Base points, of all replicates together, a power of two; each is 2 + 2 d + 2 k runs of
        the model for d inputs of which k are correlated.
    seed : int, optional
        The same seed gives the same bits.
    replicates : int, optional
        Independent scrambles, from which the intervals come; a power of two.
    scale : {"auto", "log10", "raw"}, optional
        Scale of the outputs; ``"auto"`` is log10 where an output is positive.
    confidence : float, optional
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Dataset
        ``S1_full``, ``ST_full``, ``S1_ind``, ``ST_ind`` and half-widths ``*_conf``, dims (output[, year],
        input); 0 for an input without influence, NaN where an output does not vary.

    Raises
    ------
    InputError
        If the size does not fit, an output is unknown, or a value is not finite.

    References
    ----------
    S. Kucherenko, S. Tarantola, P. Annoni, Comput. Phys. Commun. 183, 937 (2012), doi:10.1016/j.cpc.2011.12.020.
    T. A. Mara, S. Tarantola, P. Annoni, Environmental Modelling & Software 72, 173 (2015),
    doi:10.1016/j.envsoft.2015.05.010.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + y
    >>> priors = cc.Priors(cc.Correlation(("x", "y"), 0.8), x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> indices = cc.kucherenko_indices(priors, model=cc.Model([total]), size=1024)
    >>> indices["S1_full"].round(1).values.tolist(), indices["ST_ind"].round(1).values.tolist()
    ([[0.9, 0.9]], [[0.1, 0.1]])
    """
    model = cluster_model() if model is None else model
    wanted, names = _varied(priors, model, outputs, size, replicates, confidence)
    correlation = score_correlation(priors, names)

    def scores(own: int, points: int) -> FloatArray:
        return kucherenko_scores(correlation, paired_normals(own, len(names), points))

    rows = np.concatenate([scores(replicate_seed(seed, r), size // replicates) for r in range(replicates)])
    tied = [names[i] for i in correlated_inputs(correlation)]
    inputs = _drawn(priors, names, rows, {**_design("kucherenko", seed, replicates), "correlated": tied})
    forecast = propagate(inputs, model=model, years=years, outputs=wanted)
    return kucherenko_panel(forecast, wanted, scale, confidence)


def score_correlation(priors: Priors, names: tuple[str, ...]) -> FloatArray:
    """Return the correlation of the normal scores of some inputs, shape (d, d)."""
    correlation = np.eye(len(names))
    tied = [name for name in priors.correlated if name in names]
    if tied:
        among = [priors.correlated.index(name) for name in tied]
        places = [names.index(name) for name in tied]
        correlation[np.ix_(places, places)] = priors.correlation_matrix[np.ix_(among, among)]
    return correlation


def _varied(
    priors: Priors, model: Model, outputs: Iterable[str] | str | None, size: int, replicates: int, confidence: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the outputs, and the inputs that they depend on or that correlate with one of these."""
    check_confidence(confidence)
    require_power_of_two(whole_number("size", size))
    if size % whole_number("replicates", replicates, least=2):
        raise InputError(
            f"replicates is {replicates}, which does not divide size {size}; use 8 or 16, or a larger size"
        )
    wanted = wanted_outputs(model, outputs)
    used = set(model.inputs(wanted))
    while more := {n for c in priors.correlations if used & set(c.between) for n in c.between} - used:
        used |= more
    names = tuple(name for name in checked_priors(priors).uncertain if name in used)
    if not names:
        raise InputError(f"no uncertain input of {priors.name} has any influence on {', '.join(wanted)}; free one")
    return wanted, names


def _design(name: str, seed: int, replicates: int) -> dict[str, Any]:
    """Return the attributes from which the estimator knows the design again."""
    return {"name": name, "seed": checked_seed(seed), "replicates": int(replicates)}


def _drawn(priors: Priors, names: tuple[str, ...], scores: FloatArray, design: dict[str, Any]) -> Dataset:
    """Turn normal scores, shape (size, rows, d), into labelled inputs; the others stay at their medians."""
    by_input = np.ascontiguousarray(scores.reshape(-1, len(names)).T)
    kept = priors.only(names)
    values = {name: kept[name].quantile_from_normal_score(by_input[i]) for i, name in enumerate(names)}
    attrs = {**design, "size": len(scores), "uncertain": list(priors.uncertain)}
    return inputs_dataset(values, kept, attrs, part_of=priors)
