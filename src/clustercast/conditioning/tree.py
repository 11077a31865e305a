"""The result of conditioning: a DataTree in ArviZ' convention, and the way back to inputs that propagate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import stream
from clustercast.conditioning.observation_rows import ERROR_UNITS, Observations
from clustercast.conditioning.sampler import Posterior
from clustercast.dataset import in_words, provenance, provenance_of
from clustercast.engine.units import factor
from clustercast.errors import InputError, takes
from clustercast.priors.families import Fixed
from clustercast.priors.prior_set import Priors

OBSERVED = "log10_observed"
_SAMPLE = ("chain", "draw")


@dataclass(frozen=True)
class Drawn:
    """Draws of everything: of parameters by (chain, draw), of observations by (observation, chain, draw)."""

    # Uncertain inputs and parameters of the likelihood, in the units of their priors.
    inputs: Mapping[str, FloatArray]
    # What might have been observed, log10.
    replicated: FloatArray
    # Of what was observed, each row given the others of its group.
    log_density: FloatArray
    # Of the parameters on which the likelihood depends: the others would be noise in power-scaling.
    log_prior: Mapping[str, FloatArray]


def posterior_tree(
    priors: Priors,
    observations: Observations,
    result: Posterior,
    before: Drawn,
    after: Drawn,
    record: Mapping[str, Any],
) -> xr.DataTree:
    """Return prior and posterior draws as a labelled tree; `record` is where the result comes from."""
    diagnostics = {name: value for name, value in vars(result).items() if name not in ("scores", "log_likelihood")}
    # NetCDF has no truth values.
    diagnostics["reached"] = int(result.reached)
    log_posterior = result.log_likelihood - 0.5 * (result.scores**2).sum(axis=-1)
    record = {**record, "inputs": [name for name in before.inputs if name in priors]}
    tree = xr.DataTree.from_dict(
        {
            "posterior": _parameters(priors, observations, after),
            "prior": _parameters(priors, observations, before),
            "posterior_predictive": _predictive(observations, after.replicated),
            "prior_predictive": _predictive(observations, before.replicated),
            "log_likelihood": _predictive(observations, after.log_density),
            "log_prior": xr.Dataset(
                {name: (_SAMPLE, values, {"units": "1"}) for name, values in after.log_prior.items()},
                coords=_draws(result.log_likelihood.shape),
            ),
            "observed_data": xr.Dataset(
                {OBSERVED: ("observation", [row.log10 for row in observations], {"units": "1"})},
                coords=_rows(observations),
            ),
            "sample_stats": xr.Dataset({"lp": (_SAMPLE, log_posterior)}, attrs=diagnostics),
            "constant_data": _constants(priors),
        }
    )
    tree.attrs = {**provenance(record), **diagnostics}
    return tree


@takes()
def posterior_inputs(
    tree: xr.DataTree, size: int | None = None, *, seed: int = 0, group: str = "posterior"
) -> xr.Dataset:
    """Return posterior draws as inputs that `propagate` takes.

    Parameters
    ----------
    tree : DataTree
        From `condition`.
    size, seed : int, optional
        How many draws, chosen at random without repetition; all by default.
    group : {"posterior", "prior"}, optional

    Returns
    -------
    Dataset
        Each input by ``sample`` in the unit of its prior, constants without a dimension; the design is the group.

    Raises
    ------
    InputError
        If there are not so many draws, or the tree has no such group.
    """
    if group not in ("posterior", "prior") or group not in tree.children:
        raise InputError(f"there are no draws {group!r} in the tree; give one from cc.condition, posterior or prior")
    record = provenance_of(tree)
    names = record["inputs"]
    draws = tree[group].to_dataset()[names].stack(sample=_SAMPLE).reset_index("sample", drop=True)
    count = draws.sizes["sample"]
    if size is not None and not 1 <= size <= count:
        raise InputError(f"size is {size}, but the {group} has {count} draws; give 1 to {count}, or raise draws=")
    if size is not None:
        draws = draws.isel(sample=np.sort(stream(seed, "choose draws").permutation(count)[:size]))
    inputs: xr.Dataset = draws.drop_vars(_SAMPLE, errors="ignore").assign(tree["constant_data"].to_dataset().data_vars)
    inputs = inputs.assign_coords(sample=np.arange(inputs.sizes["sample"]))
    design = {"name": group, "seed": int(seed), "size": inputs.sizes["sample"]}
    inputs.attrs = {**provenance({**record, "design": design}), "statement": tree.attrs["statement"]}
    return inputs


def _parameters(priors: Priors, observations: Observations, drawn: Drawn) -> xr.Dataset:
    """Label draws of inputs and of the parameters of the likelihood."""
    variables = {}
    for name, values in drawn.inputs.items():
        if name in priors:
            attrs = {"role": "input", "units": priors[name].unit, "source": priors[name].source}
        else:
            unit = next(unit for base, unit in ERROR_UNITS.items() if name.startswith(base))
            attrs = {"role": "likelihood", "units": unit, "source": observations.origin}
        variables[name] = (_SAMPLE, values, {**attrs, "long_name": in_words(name)})
    return xr.Dataset(variables, coords=_draws(next(iter(drawn.inputs.values())).shape))


def _draws(shape: tuple[int, ...]) -> dict[str, NDArray[np.int64]]:
    """Return the coordinates of chains and draws."""
    return {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}


def _rows(observations: Observations) -> dict[str, tuple[str, list[str] | list[float]]]:
    """Return the coordinates of the observations."""
    return {
        "observation": ("observation", list(observations.ids)),
        "date": ("observation", [row.date for row in observations]),
        "quantity": ("observation", [row.quantity for row in observations]),
        "kind": ("observation", [str(row.kind) for row in observations]),
        "unit": ("observation", [row.unit for row in observations]),
        "log10_unit": ("observation", [float(np.log10(factor(row.unit))) for row in observations]),
    }


def _predictive(observations: Observations, values: FloatArray) -> xr.Dataset:
    """Label an array (observation, chain, draw)."""
    moved = np.moveaxis(values, 0, -1)
    coords = {**_rows(observations), **_draws(moved.shape)}
    return xr.Dataset({OBSERVED: ((*_SAMPLE, "observation"), moved, {"units": "1"})}, coords=coords)


def _constants(priors: Priors) -> xr.Dataset:
    """Label the inputs that are fixed."""
    fixed = {name: prior for name, prior in priors.items() if isinstance(prior, Fixed)}
    return xr.Dataset(
        {
            name: ((), prior.median, {"role": "input", "units": prior.unit, "source": prior.source})
            for name, prior in fixed.items()
        }
    )
