"""Scenarios, and limits taken off one by one, on common random numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtr

from clustercast.arrays.summaries import parts_of, quantiles, share_with_error
from clustercast.dataset import Dataset, design_of, in_words, numbers_of, provenance_of, with_provenance
from clustercast.engine.model import Model
from clustercast.errors import InputError, shown, takes, typed
from clustercast.priors.families import Fixed
from clustercast.priors.prior_file import read_priors
from clustercast.priors.prior_set import Priors
from clustercast.propagation import YEARS, Progress, propagate, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import PLAIN, even_draw
from clustercast.uncertainty.summaries import PROBABILITIES, independent, output_names

BASE = "base"
_LIMIT = "limit_"


@typed
def run_scenarios(
    priors: str,
    scenarios: Iterable[str] | str,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 16384,
    seed: int = 0,
    progress: Progress | None = None,
) -> Dataset:
    """Compare scenarios with the prior set that they overlay, on common random numbers.

    Parameters
    ----------
    priors : str
        Shipped prior set, or the path of one.
    scenarios : iterable of str
        Shipped scenarios, or paths.
    model, outputs, years, size, seed, progress
        As in `propagate` and `draw`, for each scenario. A size that is a power of two is drawn in 16 independent parts
        of Sobol' points, whose spread gives the errors; any other at random.

    Returns
    -------
    Dataset
        By (output, year, scenario), the base first: ``median``; ``change``, the geometric mean of the ratio to the base
        over the samples, with its relative Monte Carlo standard error ``change_error``; ``share_above``, the share of
        samples above the base. ``order_probability`` (output, year, scenario, scenario_2): how likely it is that the
        order of two geometric means is not chance; NaN where the samples do not differ.

    References
    ----------
    Glasserman, Monte Carlo Methods in Financial Engineering (Springer, 2003), section 4.2 (common random numbers).
    """
    wanted = wanted_outputs(cluster_model() if model is None else model, outputs)
    grid = year_grid(years).tolist()
    names = [scenarios] if isinstance(scenarios, str) else list(scenarios)
    sets = [read_priors(priors, scenario=name) for name in (None, *names)]
    base, *others = paired_forecasts(sets, size, seed, model=model, years=grid, outputs=wanted, progress=progress)
    return scenario_changes(base, {Path(name).stem: one for name, one in zip(names, others, strict=True)})


def paired_forecasts(sets: Sequence[Priors], size: int, seed: int, **how: Any) -> Iterator[Dataset]:
    """Return forecasts from several priors on common random numbers."""
    # A scenario may fix an input or free one: by their own order the inputs after it would change columns.
    columns = dict.fromkeys(name for priors in sets for name in priors.uncertain)
    return (propagate(even_draw(priors, size, seed, columns), **how) for priors in sets)


@takes()
def limit_relief(
    priors: Priors,
    size: int = 16384,
    years: Iterable[float] = YEARS,
    *,
    output: str = "accelerator_shipments",
    limits: Iterable[str] | str = ("power", "money", "packaging", "memory", "logic"),
    threshold: float = 0.1,
    model: Model | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Dataset:
    """Return how much more there would be without each limit alone.

    With the limit that binds off the next may bind at once: a limit's relief is the output with it alone off over the
    output, less 1, sample by sample on the same draws.

    Parameters
    ----------
    priors : Priors
        With switches ``limit_NAME`` that are on; without one that is asked for an `InputError` is raised.
    size, years, model, seed, progress
        As in `draw` and `propagate`, of the one draw; a size that is a power of two is drawn as in `run_scenarios`.
    output, limits : str and str or iterable of str, optional
        What limits hold back, an `InputError` where it is not above 0, and their names without ``limit_``.
    threshold : float, optional
        The relief above which it is counted.

    Returns
    -------
    Dataset
        By ``limit`` and ``year``: ``relief`` at quantiles, ``share_above``, the share of samples whose relief is
        above the threshold, and its standard error ``share_above_error``.
    """
    switches = {name.removeprefix(_LIMIT): prior for name, prior in priors.items() if name.startswith(_LIMIT)}
    names = [limits] if isinstance(limits, str) else list(limits)
    remedy = f"give limits that act, of {', '.join(switches)}"
    if not names:
        raise InputError(f"limits is empty; {remedy}")
    if off := [name for name in names if not isinstance(switches.get(name), Fixed) or switches[name].median != 1]:
        raise InputError(f"{priors.name} has no switch {_LIMIT}{off[0]} that is on; {remedy}")
    inputs, grid = even_draw(priors, size, seed), year_grid(years).tolist()

    def values(without: str | None) -> xr.DataArray:
        switched = inputs if without is None else inputs.assign({without: inputs[without].copy(data=0.0)})
        forecast = propagate(switched, model=model, years=grid, outputs=[output], progress=progress)
        return forecast[output].transpose("year", "sample")

    base = values(None)
    if not (base.values > 0).all():
        raise InputError(f"output {output!r} is not above 0 everywhere, so relief has no meaning for it")
    relief = np.stack([values(f"{_LIMIT}{name}").values / base.values - 1 for name in names])
    share, error = share_with_error(relief > threshold, *independent(inputs, None, design_of(inputs))[1:])
    dims, title = ("limit", "year"), in_words(output)
    result = {
        "relief": ((*dims, "quantile"), quantiles(relief, PROBABILITIES), {"long_name": f"relief of {title}"}),
        "share_above": (dims, share, {"long_name": f"share of samples with a relief above {threshold:g}"}),
        "share_above_error": (dims, error, {"long_name": "standard error of the share"}),
    }
    coords = {"limit": names, "year": base["year"], "quantile": list(PROBABILITIES)}
    return xr.Dataset(result, coords, {**inputs.attrs, "output": output, "threshold": threshold})


def scenario_changes(base: xr.Dataset, scenarios: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return what scenarios change, by (output, year, scenario), the base first; samples must be pairs."""
    first, replicates = _pairing(base), independent(base, None, design_of(base))[2]
    if first["name"] not in PLAIN[: 1 if replicates == 1 else None]:
        what = f"the base has the design {first['name']!r}, in {first['replicates'] or 1} replicates"
        raise InputError(f"{what}; scenarios are compared on 'random', or 4 or more replicates of 'sobol' or 'latin'")
    for name, forecast in scenarios.items():
        second = _pairing(forecast)
        for key in (key for key in first if second.get(key) != first[key]):
            what = f"scenario {name!r} has the {key} {shown(second.get(key), 60)}, and the base {shown(first[key], 60)}"
            raise InputError(f"the design of {what}; draw both alike, so that their samples are pairs")
        if not np.array_equal(forecast["year"], base["year"]):
            raise InputError(f"scenario {name!r} has other years than the base; propagate both over the same years")
    everything = {BASE: base, **scenarios}
    outputs = [n for n in output_names(base) if base[n].dims == ("year", "sample") and "labels" not in base[n].attrs]
    coords = {"year": base["year"].variable, "scenario": list(everything), "scenario_2": list(everything)}
    parts, dims = [], ("year", "scenario")
    for name in outputs:
        values = np.stack([numbers_of(forecast[name]) for forecast in everything.values()], axis=1)
        if not (values > 0).all():
            raise InputError(f"output {name!r} is not positive everywhere; changes are ratios, so leave it out")
        # Means of replicates are independent, as samples of random draws are.
        logs = np.log(values) if replicates == 1 else parts_of(np.log(values), replicates).mean(axis=-1)
        difference = logs[:, :, np.newaxis] - logs[:, np.newaxis]
        mean, error = difference.mean(axis=-1), difference.std(axis=-1, ddof=1) / np.sqrt(logs.shape[-1])
        with np.errstate(invalid="ignore", divide="ignore"):
            order = np.where(error > 0, stdtr(logs.shape[-1] - 1, np.abs(mean) / error), np.nan)
        variables = {
            "median": (dims, np.median(values, axis=-1)),
            "change": (dims, np.exp(mean[:, :, 0])),
            "change_error": (dims, error[:, :, 0]),
            "share_above": (dims, (values > values[:, :1]).mean(axis=-1)),
            "order_probability": ((*dims, "scenario_2"), order),
        }
        parts.append(xr.Dataset(variables, coords))
    result = xr.concat(parts, dim=xr.Variable("output", outputs))
    result = result.assign_coords(unit=("output", [base[name].attrs["units"] for name in outputs]))
    hashes = {name: provenance_of(forecast)["priors_hash"] for name, forecast in scenarios.items()}
    return with_provenance(result.assign_attrs(base.attrs), scenarios=hashes)


def _pairing(forecast: xr.Dataset) -> dict[str, Any]:
    """Return what draws have in common whose samples are pairs: of Sobol' points each input takes the same column."""
    design = {"columns": provenance_of(forecast).get("inputs"), **design_of(forecast)}
    names = ("name", "seed", "size", "replicates", *["columns"] * (design.get("name") == "sobol"))
    return {name: design.get(name) for name in names}
