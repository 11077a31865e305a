"""Results as JSON for other programs: datasets as ``xarray.Dataset.from_dict`` reads them back."""

import dataclasses
import json
import math
from collections.abc import Mapping

import numpy as np
import xarray as xr

from clustercast.dataset import PROVENANCE


def json_text(value: object) -> str:
    """Return a result as one JSON document; what JSON has no number for, NaN and infinity, is null."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """Return a value in the types that JSON has."""
    if isinstance(value, xr.Dataset | xr.DataArray):
        return _plain(value.to_dict())
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        pairs = ((k, json.loads(v) if k == PROVENANCE and isinstance(v, str) else v) for k, v in value.items())
        return {str(key): _plain(item) for key, item in pairs}
    if isinstance(value, list | tuple | range):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")
