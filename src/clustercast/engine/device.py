"""The processor that a model runs on: NumPy's own, or a GPU through CuPy, which NumPy's functions dispatch to."""

from importlib import import_module
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import Arrays
from clustercast.errors import InputError, nearest

Device = Literal["cpu", "cuda"]


def checked_device(device: str) -> Device:
    """Return the name of a device that is there.

    >>> checked_device("cpu")
    'cpu'
    """
    if device == "cpu":
        return "cpu"
    if device != "cuda":
        raise InputError(f"device is {device!r}{nearest(str(device), get_args(Device))}; choose 'cpu' or 'cuda'")
    try:
        cupy = import_module("cupy")
    except ImportError:
        remedy = "pip install 'clustercast[cuda]', or use device='cpu'"
        raise InputError(f"device is 'cuda', but CuPy is not installed; {remedy}") from None
    try:
        devices = int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise InputError(f"device is 'cuda', but CuPy finds no usable GPU ({error}); use device='cpu'") from None
    if devices == 0:
        raise InputError("device is 'cuda', but this machine has no GPU; use device='cpu'")
    return "cuda"


def to_device(arrays: Arrays, device: Device) -> dict[str, Any]:
    """Return arrays where the device can reach them."""
    if device == "cpu":
        return dict(arrays)
    cupy = import_module("cupy")
    return {name: cupy.asarray(array) for name, array in arrays.items()}


def to_host(array: Any) -> NDArray[Any]:
    """Return an array of any device as a NumPy array."""
    return np.asarray(array.get() if hasattr(array, "get") else array)
