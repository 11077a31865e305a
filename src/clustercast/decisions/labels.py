"""Values of information with names on their axes, and in words."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.decisions.scores import perfect_gain
from clustercast.arrays.indices.intervals import normal_factor
from clustercast.dataset import design_of
from clustercast.decisions.targets import Wanted

_REFERENCES = "doi:10.1177/0272989X13505910, doi:10.1146/annurev-statistics-040120-010730"
_SCORES = {
    "brier": "the Brier score of {!r}",
    "log": "the log score of {!r}",
    "variance": "the variance of {}",
    "crps": "the CRPS of {}",
    "width": "the 90 % interval of {}",
    "loss": "the expected loss of {}",
}


def labelled(
    name: str,
    targets: list[Wanted],
    axis: tuple[str, list[str]],
    gains: tuple[FloatArray, FloatArray],
    confidence: float,
    forecast: xr.Dataset,
    left_out: list[str],
) -> xr.Dataset:
    """Return values, errors and intervals by target, none below zero or above what knowing everything is worth."""
    label, names = axis
    most = np.array([perfect_gain(one.score, one.values)[0] for one in targets])
    before = [one.values.mean(axis=0).min() if one.score == "loss" else most[k] for k, one in enumerate(targets)]
    raw, error = (part.T for part in gains)
    half = normal_factor(confidence) * error
    value = np.clip(raw, 0, most[:, np.newaxis])
    whole = np.where(most > 0, most, 1)[:, np.newaxis]
    dims = ("target", label)
    meanings: dict[str, tuple[NDArray[Any], str]] = {
        name: (value, f"{name.upper()}: expected fall of the score, in unit"),
        f"{name}_error": (error, "standard error"),
        f"{name}_low": (np.clip(raw - half, 0, None), "lower end of the interval"),
        f"{name}_high": (np.clip(raw + half, 0, None), "upper end of the interval"),
        "share": (value / whole, "part of what knowing everything is worth"),
        "zero": (raw <= 0, "whether the estimate was not above 0 and is given as 0"),
    }
    variables: dict[str, Any] = {key: (dims, values, {"long_name": text}) for key, (values, text) in meanings.items()}
    variables["before"] = ("target", before, {"long_name": "expected score without the information, in unit"})
    coords: dict[str, Any] = {"target": [one.name for one in targets], label: names}
    coords |= {key: ("target", [getattr(one, key) for one in targets]) for key in ("words", "score", "unit")}
    said = [_sentence(name, one, names, value[k], half[k], most[k]) for k, one in enumerate(targets)]
    posterior = str(design_of(forecast).get("name")).startswith("posterior")
    attrs = {
        **forecast.attrs,
        "confidence": confidence,
        "runs": forecast.sizes["sample"],
        "words": "\n".join(said),
        "left_out": "; ".join(left_out),
        "references": _REFERENCES,
        "warning": "posterior draws repeat each other: the errors are too small" if posterior else "",
    }
    return xr.Dataset(variables, coords, attrs)


def _sentence(name: str, one: Wanted, names: list[str], value: FloatArray, half: FloatArray, most: float) -> str:
    """Return in words what is worth most to a target, with the half-width of its interval."""
    best = int(np.argmax(value))
    what = _SCORES[one.score].format(one.words)
    if value[best] <= max(0.01 * most, half[best]):
        return f"Nothing looked at would cut {what}."
    known = f"Knowing {names[best].replace('_', ' ')}"
    if name == "evsi":
        known = "Seeing all of them together" if names[best] == "together" else f"Seeing {names[best]!r}"
    share = f"{100 * value[best] / most:.0f} %"
    if one.score == "loss":
        unit = "" if one.unit == "1" else f" {one.unit}"
        saved = f"{value[best]:.3g}{unit} (±{half[best]:.1g})"
        return f"{known} would cut {what} by {saved}, {share} of what knowing everything would."
    return f"{known} would cut {what} by {share} (±{100 * half[best] / most:.0f})."
