"""What each observation moved, and where prior and data conflict."""

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.conditioning.tree import OBSERVED
from clustercast.conditioning.weights import pareto_smoothed
from clustercast.dataset import PROVENANCE, provenance_of
from clustercast.errors import InputError

_SAMPLE = ("chain", "draw")


def observation_influence(tree: xr.DataTree) -> xr.Dataset:
    """Return how far each observation alone moved each input.

    Parameters
    ----------
    tree : DataTree
        From `condition`.

    Returns
    -------
    Dataset
        ``shift`` (observation, input): posterior mean with all observations less that without this one, in
        prior standard deviations. ``elpd`` (observation): natural logarithm of its predictive density from the
        others, per decade. ``k_hat`` (observation): above 0.7 the other two are not to be trusted, as the
        posterior without the row is too far from that with it.

    References
    ----------
    A. Vehtari, A. Gelman and J. Gabry, Stat. Comput. 27, 1413 (2017), doi:10.1007/s11222-016-9696-4.
    """
    _require(tree)
    density = tree["log_likelihood"].to_dataset()[OBSERVED]
    flat = density.transpose("observation", *_SAMPLE).values.reshape(density.sizes["observation"], -1)
    log_weights, k_hat = pareto_smoothed(-flat)
    weights = np.exp(log_weights)
    names = provenance_of(tree)["inputs"]
    bears = np.array([[name in some for name in names] for some in _reach(tree)])
    posterior, prior = (_stacked(tree, group, names) for group in ("posterior", "prior"))
    shift = (posterior.mean(axis=1) - weights @ posterior.T) / prior.std(axis=1, ddof=1)
    shift = np.where(bears, shift, 0.0)
    return xr.Dataset(
        {
            "shift": (("observation", "input"), shift, {"units": "prior standard deviation"}),
            "elpd": ("observation", np.log((weights * np.exp(flat)).sum(axis=-1)), {"units": "1"}),
            "k_hat": ("observation", k_hat, {"units": "1"}),
        },
        coords={**_observation_coords(tree), "input": names},
        attrs={key: tree.attrs[key] for key in (PROVENANCE, "statement")},
    )


def prior_conflict(tree: xr.DataTree) -> xr.Dataset:
    """Return where each observation is in the predictions, before and after learning.

    Parameters
    ----------
    tree : DataTree
        From `condition`.

    Returns
    -------
    Dataset
        For each observation its log10 (``observed``), the 5, 50 and 95 % quantiles of what prior and posterior
        predict (``prior``, ``posterior``, dim quantile), and the two-sided tail probabilities ``prior_tail`` and
        ``posterior_tail``: the share of predictions that are at least as far out, doubled; the smallest that
        n draws can tell from 0 is 2 / (n + 1).

    References
    ----------
    G. E. P. Box, J. R. Stat. Soc. A 143, 383 (1980), doi:10.2307/2982063; M. Evans and H. Moshonov,
    Bayesian Anal. 1, 893 (2006), doi:10.1214/06-BA129.
    """
    _require(tree)
    observed = tree["observed_data"].to_dataset()[OBSERVED].values
    levels = np.array([0.05, 0.5, 0.95])
    columns: dict[str, object] = {"observed": ("observation", observed)}
    for group in ("prior", "posterior"):
        predictive = tree[f"{group}_predictive"].to_dataset()[OBSERVED]
        draws = predictive.transpose("observation", *_SAMPLE).values.reshape(observed.size, -1)
        below = (draws <= observed[:, np.newaxis]).sum(axis=1)
        count = draws.shape[1]
        tail = 2 * np.minimum(below + 1, count - below + 1) / (count + 1)
        columns[group] = (("quantile", "observation"), np.quantile(draws, levels, axis=1))
        columns[f"{group}_tail"] = ("observation", np.minimum(tail, 1.0))
    return xr.Dataset(columns, coords={**_observation_coords(tree), "quantile": levels})


def learned(tree: xr.DataTree) -> xr.Dataset:
    """Return prior and posterior of each input side by side: quantiles, shift in prior deviations, contraction."""
    _require(tree)
    names = [str(name) for name in tree["posterior"].data_vars]
    after, before = (_stacked(tree, group, names) for group in ("posterior", "prior"))
    levels = np.array([0.05, 0.5, 0.95])
    deviation = before.std(axis=1, ddof=1)
    return xr.Dataset(
        {
            "prior": (("quantile", "input"), np.quantile(before, levels, axis=1)),
            "posterior": (("quantile", "input"), np.quantile(after, levels, axis=1)),
            "shift": ("input", (after.mean(axis=1) - before.mean(axis=1)) / deviation),
            "contraction": ("input", 1 - (after.std(axis=1, ddof=1) / deviation) ** 2),
            "unit": ("input", [str(tree["posterior"][name].attrs["units"]) for name in names]),
        },
        coords={"input": names, "quantile": levels},
    )


def _reach(tree: xr.DataTree) -> list[list[str]]:
    """Return the inputs that each observation bears on: those of its part of the likelihood."""
    parts = provenance_of(tree)["parts"]
    quantities = tree["observed_data"].to_dataset()["quantity"].values
    return [next(part["parameters"] for part in parts if quantity in part["quantities"]) for quantity in quantities]


def _stacked(tree: xr.DataTree, group: str, names: list[str]) -> FloatArray:
    """Return the draws of some parameters, shape (parameter, sample)."""
    draws = tree[group].to_dataset()
    return np.stack([draws[name].values.reshape(-1) for name in names])


def _observation_coords(tree: xr.DataTree) -> dict[str, xr.DataArray]:
    """Return the coordinates that say what each observation is."""
    data = tree["observed_data"].to_dataset()
    return {name: data[name] for name in ("observation", "date", "quantity", "kind", "unit", "log10_unit")}


def _require(tree: xr.DataTree) -> None:
    """Refuse a tree that does not come from `condition`."""
    if PROVENANCE not in tree.attrs or "log_likelihood" not in tree.children:
        raise InputError("the tree has no draws and likelihoods; make one with cc.condition(priors, observations)")
