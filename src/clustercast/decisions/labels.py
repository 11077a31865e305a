"""Values of information with names on their axes, and in words."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.decisions import scores
from clustercast.dataset import design_of
from clustercast.decisions.targets import Asked, Wanted

_REFERENCES = "doi:10.1177/0272989X13505910, doi:10.1146/annurev-statistics-040120-010730"
# The part of an error that is doubt above which the draws do not show the form.
DOUBTFUL = 0.5
SCORES = dict(brier="Brier score", log="log score", crps="CRPS", width="90 % interval", loss="expected loss")


def labelled(
    name: str, asked: Asked, axis: tuple[str, list[str]], gains: FloatArray, confidence: float, forecast: xr.Dataset
) -> xr.Dataset:
    """Return values, errors and intervals by target, none below zero or above what knowing everything is worth."""
    (targets, left_out), (label, names) = asked, axis
    most = np.array([scores.perfect_gain(one.score, one.values)[0] for one in targets])
    before = [one.values.mean(axis=0).min() if one.score == "loss" else most[k] for k, one in enumerate(targets)]
    raw, error, doubt = (part.T for part in gains)
    rows = zip(targets, raw, error, strict=True)
    sides = np.array([scores.ends(one.score, gain, off, one.values, confidence) for one, gain, off in rows])
    if name == "evpi":
        for k in (k for k, one in enumerate(targets) if one.score in scores.ENOUGH):
            sides[k] = scores.perfect_ends(targets[k].score, targets[k].values, confidence)
    # Of what has too few events to be looked at, nothing is known but that it is worth no less than its members.
    low, high = sides[:, 0], np.where(np.isinf(doubt), most[:, np.newaxis], sides[:, 1])
    value = np.clip(raw, 0, most[:, np.newaxis])
    whole = np.where(most > 0, most, 1)[:, np.newaxis]
    doubtful = np.isfinite(doubt) & (doubt > np.maximum(DOUBTFUL * error, 0.01 * most[:, np.newaxis]))
    dims = ("target", label)
    meanings: dict[str, tuple[NDArray[Any], str]] = {
        name: (value, f"{name.upper()}: expected fall of the score, in unit"),
        f"{name}_error": (error, "standard error"),
        f"{name}_low": (np.clip(low, 0, None), "lower end of the interval"),
        f"{name}_high": (np.clip(high, 0, None), "upper end of the interval"),
        "share": (value / whole, "part of what knowing everything is worth"),
        "zero": (raw <= 0, "whether the estimate was not above 0 and is given as 0"),
        "doubtful": (doubtful, "whether the interval may be too narrow: the draws do not show the form"),
    }
    variables: dict[str, Any] = {key: (dims, values, {"long_name": text}) for key, (values, text) in meanings.items()}
    variables["before"] = ("target", before, {"long_name": "expected score without the information, in unit"})
    coords: dict[str, Any] = {"target": [one.name for one in targets], label: names}
    coords |= {key: ("target", [getattr(one, key) for one in targets]) for key in ("words", "score", "unit")}
    said = [_sentence(name, one, names, value[k], low[k], high[k], most[k]) for k, one in enumerate(targets)]
    named = [[names[j] for j in np.flatnonzero(each)] for each in doubtful]
    doubts = [_doubts(one, named[k], bool(np.isinf(doubt[k]).any())) for k, one in enumerate(targets)]
    posterior = str(design_of(forecast).get("name")).startswith("posterior")
    repeated = "posterior draws repeat each other: the errors are too small" if posterior else ""
    attrs = {**forecast.attrs, "confidence": confidence, "runs": forecast.sizes["sample"], "words": "\n".join(said)}
    attrs |= {"left_out": "; ".join(left_out), "references": _REFERENCES}
    attrs["warning"] = "\n".join(filter(None, [repeated, *doubts]))
    return xr.Dataset(variables, coords, attrs)


def _doubts(one: Wanted, doubtful: list[str], unknown: bool) -> str:
    """Return in words why intervals of a target are as wide as they are, or may be too narrow."""
    said = []
    if one.score in scores.ENOUGH:
        events, size = scores.number_of_events(one.values), len(one.values)
        what = f"{one.words!r} has {events} of {size:,} samples"
        if events < scores.FEWEST:
            said.append(f"{what}, too few for any interval narrower than the whole")
        elif events <= scores.ENOUGH[one.score]:
            rest = ", and those of several inputs together reach up to the whole" if unknown else ""
            said.append(f"{what}; intervals are as wide as so few ask for{rest}")
    if doubtful:
        these = ", ".join(each.replace("_", " ") for each in doubtful)
        said.append(f"so many draws do not show how {one.words} hangs on {these}: intervals may be too narrow")
    return "; ".join(said) + "; draw more" if said else ""


def _sentence(
    name: str, one: Wanted, names: list[str], value: FloatArray, low: FloatArray, high: FloatArray, most: float
) -> str:
    """Return in words what is worth most to a target, with the half-width of its interval."""
    best = int(np.argmax(value))
    of = repr(one.words) if one.score in scores.ENOUGH else one.words
    what = f"the {SCORES.get(one.score, one.score)} of {of}"
    if value[best] <= 0.01 * most or low[best] <= 0:
        return f"Nothing looked at would cut {what}."
    known = f"Knowing {names[best].replace('_', ' ')}"
    if name == "evsi":
        known = "Seeing all of them together" if names[best] == "together" else f"Seeing {names[best]!r}"
    share, half = f"{100 * value[best] / most:.0f} %", (high[best] - low[best]) / 2
    if one.score == "loss":
        unit = "" if one.unit == "1" else f" {one.unit}"
        saved = f"{value[best]:.3g}{unit} (±{half:.1g})"
        return f"{known} would cut {what} by {saved}, {share} of what knowing everything would."
    return f"{known} would cut {what} by {share} (±{100 * half / most:.0f})."
