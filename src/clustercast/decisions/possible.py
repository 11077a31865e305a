"""Observations that are not made yet: what each sample of a forecast would lead one to see."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import checked_seed, stream
from clustercast.arrays.posterior.likelihood import replicate
from clustercast.conditioning.observation_rows import Observation, Observations, error_model
from clustercast.conditioning.observations import read_observations
from clustercast.engine.units import same_dimension
from clustercast.errors import InputError, nearest
from clustercast.files.toml import validated
from clustercast.priors.prior_set import Priors
from clustercast.sampling import draw
from clustercast.uncertainty.summaries import not_nan, place_of

Rows: TypeAlias = Mapping[str, object] | Sequence[Mapping[str, object]] | Observations | str | Path


def possible(observation: Rows) -> Observations:
    """Return rows of what may be observed; a file of them needs no values."""
    if isinstance(observation, Observations):
        return observation
    if isinstance(observation, str | Path):
        return read_observations(observation, constants={"value": 1.0})
    rows: list[Observation] = []
    for given in [observation] if isinstance(observation, Mapping) else observation:
        name = str(given.get("id", f"observation {len(rows) + 1}"))
        rest = {"id": name, "name": name, "value": 1.0, "source": "not made yet", "as_of": "2100"}
        rows.append(validated({**rest, **given}, Observation, "observation="))
    names, known = [row.id for row in rows], read_observations()
    if not rows or len(set(names)) < len(rows):
        raise InputError(f"observations are {', '.join(names) or 'none'}; give one or more, each with its own id")
    return replace(known, rows=tuple(rows))


def imagined(forecast: xr.Dataset, observation: Rows, seed: int) -> tuple[list[str], FloatArray]:
    """Return the names of observations, and log10 of what would be seen in each sample, shape (observations, N)."""
    rows = possible(observation)
    size = forecast.sizes["sample"]
    predicted = np.stack([_predicted(forecast, row) for row in rows])
    # The parameters of the likelihood are uncertain too: what is not known of them makes an observation worth less.
    priors = Priors(**rows.error_priors())  # type: ignore[arg-type]
    drawn = draw(priors, size, seed=seed)
    errors = error_model(rows.quantities, {name: np.broadcast_to(drawn[name].values, (size,)) for name in priors})
    seen = replicate(rows.arrays(), predicted, errors, stream(checked_seed(seed), "possible observations"))
    return [row.id for row in rows], seen


def _predicted(forecast: xr.Dataset, row: Observation) -> FloatArray:
    """Return log10 of an observed quantity in each sample; of the amount of a year, of what the quantity grows by."""
    if row.quantity not in forecast.data_vars:
        known = [str(name) for name in forecast.data_vars]
        what = f"observation {row.id!r} is of {row.quantity!r}"
        raise InputError(f"{what}, which the forecast does not hold{nearest(row.quantity, known)}; propagate it too")
    variable = forecast[row.quantity]
    unit = str(variable.attrs.get("units", "1"))
    yearly = same_dimension(f"({row.unit})*year", unit)
    if not yearly and not same_dimension(row.unit, unit):
        what = f"observation {row.id!r} is in {row.unit!r}"
        raise InputError(f"{what}, which does not convert to {unit!r}, the unit of {row.quantity}")
    values = not_nan(variable.transpose(..., "sample"))
    if "year" in variable.dims:
        at = [values[place_of(variable, date)] for date in ((row.date, row.date + 1) if yearly else (row.date,))]
        values = at[1] - at[0] if yearly else at[0]
    if not (values > 0).all():
        raise InputError(f"{row.quantity!r} is not above 0 in every sample at {row.date:g}, so it has no logarithm")
    return np.asarray(np.log10(values))
