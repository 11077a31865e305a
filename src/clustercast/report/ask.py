"""One question answered in one screen: how likely it is, what it hangs on, what would teach most; a part for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import expit, logit

from clustercast.conditioning.observation_rows import Observations
from clustercast.decisions.bounds import prior_bounds
from clustercast.decisions.discovery import discover
from clustercast.decisions.information import evppi, evsi
from clustercast.decisions.tilting import Tilt, tilt
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.report.labels import in_a_sentence, label_of
from clustercast.report.numbers import chance, human, is_share, odds, plus_minus
from clustercast.report.tables import Table, table
from clustercast.uncertainty.conditions import Condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 5
# With so few samples on one side nothing is said of what the answer hangs on.
_FEW = 20
_RATIO, _RATIOS = 2.0, (1.5, 2.0, 3.0, 5.0)
# Of the log odds: what is left of the way to even odds.
_WAY = (0.0, 0.3, 0.5, 0.7, 0.85)


@dataclass(frozen=True)
class Question:
    """A condition, a forecast for each prior set, what may be observed, and the priors that were asked."""

    condition: Condition
    forecasts: Mapping[str, xr.Dataset]
    observations: Observations | None = None
    priors: Priors | None = None

    @property
    def forecast(self) -> xr.Dataset:
        """The forecast from the priors that were asked."""
        return next(iter(self.forecasts.values()))

    @property
    def is_open(self) -> bool:
        """Whether enough samples have it, and have it not, to see what it hangs on."""
        holds = self.condition.evaluate(self.forecast).values
        return bool(min(holds.sum(), (~holds).sum()) >= _FEW)


@dataclass(frozen=True)
class Part:
    """What one part of the answer says: sentences, tables, results for JSON, and figures, drawn on demand."""

    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    results: Mapping[str, object] = field(default_factory=dict)
    figures: Mapping[str, Callable[[], "Axes"]] = field(default_factory=dict)


def answer(question: Question) -> Part:
    """Return all parts of the answer as one."""
    parts = [part(question) for part in PARTS]
    return Part(
        tuple(sentence for part in parts for sentence in part.sentences),
        tuple(shown for part in parts for shown in part.tables),
        {name: result for part in parts for name, result in part.results.items()},
        {name: draw for part in parts for name, draw in part.figures.items()},
    )


def probability_part(question: Question) -> Part:
    """Return how likely it is from each prior set, in the forecast and in the trend without limits."""
    condition = question.condition
    none, found = (np.nan, np.nan), {}
    for name, forecast in question.forecasts.items():
        plain = condition.on_trend(forecast)
        found[name] = [condition.probability(forecast), none if plain is None else plain.probability(forecast)]
    shown, error = next(iter(found.values()))[0]
    said = [f"{odds(shown)}: {condition.words} ({_chance(shown, error)})."]
    if shown in (0, 1):
        size = question.forecast.sizes["sample"]
        said = [
            f"{condition.words[:1].upper()}{condition.words[1:]} in {'none' if shown == 0 else 'all'} of {size:,} "
            f"samples: {'below' if shown == 0 else 'above'} {100 * abs(shown - 3 / size):.4g} % (95 % sure)."
        ]
    if not question.is_open and 0 < shown < 1:
        said.append("Too few samples decide it to see what it hangs on; ask for more --samples.")
    said += [f"By the priors {label_of(name)!r}: {_chance(*both[0])}." for name, both in list(found.items())[1:]]
    trend = any(np.isfinite(row[1][0]) for row in found.values())
    headers = ("priors", "forecast", *(("trend, without limits",) if trend else ()))
    rows = [(label_of(name), *(_chance(*each) for each in both[: 1 + trend])) for name, both in found.items()]
    values = np.array([[list(each) for each in both] for both in found.values()])
    coords = {"priors": list(found), "kind": ["forecast", "trend"]}
    result = xr.Dataset(
        {"probability": (("priors", "kind"), values[..., 0]), "standard_error": (("priors", "kind"), values[..., 1])},
        coords,
        {"condition": condition.text},
    )
    return Part(tuple(said), (table("How likely it is", headers, rows),), {"probability": result})


def inputs_part(question: Question) -> Part:
    """Return which inputs would be worth knowing."""
    if not question.is_open:
        return Part()
    worth = evppi(question.forecast, question.condition)
    names = {str(name): in_a_sentence(str(name)) for name in worth["input"].values}
    said = ("It hangs most on {}: knowing it would cut", "It hangs on no single input.")
    return _worth(worth, "evppi", names, *said, "What it hangs on: knowing this would cut the Brier score by")


def observations_part(question: Question) -> Part:
    """Return which observation to come would teach most."""
    if not question.is_open or question.observations is None or not len(question.observations):
        return Part()
    worth = evsi(question.forecast, question.condition, observation=question.observations)
    names = {row.id: row.name for row in question.observations}
    said = (
        "What would teach most is the {}: seeing it would cut",
        "No observation looked at would teach much about it.",
    )
    return _worth(worth, "evsi", names, *said, "What would teach most: seeing this would cut the Brier score by")


def _worth(worth: xr.Dataset, name: str, labels: Mapping[str, str], most: str, none: str, title: str) -> Part:
    """Return what is taken off the score, in percent; what chance alone would explain is left out."""
    shares, dim = worth["share"].values[0], str(worth["share"].dims[1])
    halves = 1.96 * worth[f"{name}_error"].values[0] / worth["before"].values[0]
    order = np.argsort(-shares, kind="stable")[:_SHOWN]
    kept = [k for k in order if shares[k] >= max(halves[k], 0.005)]
    rows = [(labels[str(worth[dim].values[k])], f"{100 * shares[k]:.0f} %", plus_minus(100 * halves[k])) for k in kept]
    if not rows:
        return Part((none,), (), {name: worth})
    said = f"{most.format(rows[0][0])} the Brier score by {rows[0][1]} (±{rows[0][2]})."
    named = {"names": labels} if name == "evsi" else {}
    figures = {name: lambda: _drawn(name, worth, most=_SHOWN, **named)}
    return Part((said,), (table(title, (dim, "cut", "±"), rows),), {name: worth}, figures)


def change_part(question: Question) -> Part:
    """Return the least change of the priors that makes the answer even, or goes as far as the samples carry."""
    if not question.is_open:
        return Part()
    found = _tilted(question)
    if found is None:
        return Part(("Within what these samples carry, no change of the priors brings it nearer to even odds.",))
    rows, marginals = [], found.marginals
    for name in map(str, marginals["input"].values[:_SHOWN]):
        unit = str(marginals["unit"].sel(input=name).values)
        before, after = (float(marginals[key].sel(input=name, quantile=0.5)) for key in ("before", "after"))
        texts = (human(each, unit, error=abs(after - before) / 2, share=is_share(name)) for each in (before, after))
        rows.append((in_a_sentence(name), *texts))
    first, was, now = rows[0]
    others = len(marginals["input"]) - 1
    more = f", and {others} other inputs elsewhere" if others > 1 else ""
    even = "even" if found.probability == 0.5 else f"{chance(found.probability)} likely, as far as these samples carry,"
    said = f"The least change of the priors that makes it {even} puts {first} at {now} rather than {was}{more}."
    title = f"What would make it {chance(found.probability)}: medians of"
    shown = table(title, ("input", "as drawn", "changed"), rows)
    return Part((said,), (shown,), {"tilt": found.marginals}, {"tilt": lambda: _drawn("tilt", found, most=_SHOWN)})


def bounds_part(question: Question) -> Part:
    """Return how far the priors carry the answer."""
    if not question.is_open:
        return Part()
    each = {ratio: prior_bounds(question.forecast, question.condition, ratio=ratio) for ratio in _RATIOS}
    bounds = each[_RATIO]
    low, high, flips = (float(bounds[name].values.flat[0]) for name in ("lower", "upper", "breakdown"))
    said = (
        f"If the priors may be off by a factor of {_RATIO:g} in odds, it is from {chance(low)} to "
        f"{chance(high)}; they must be off by a factor of {flips:.3g} to make it even."
    )
    return Part((said,), (), {"prior_bounds": bounds}, {"prior_bounds": lambda: _drawn("prior_bounds", each)})


def region_part(question: Question) -> Part:
    """Return where in the space of inputs it comes true."""
    try:
        found = discover(question.forecast, question.condition)
    except InputError:
        # Too few samples on one side for a region; the probability says so already.
        return Part()
    box = found.isel(box=0)
    limited = [str(name) for name in found["input"].values[~np.isnan(box["quasi_p"].values)]]
    if not limited:
        return Part((found.attrs["words"],), (), {"regions": found})
    rows = []
    for name in limited:
        unit = str(question.forecast[name].attrs.get("units", "1"))
        ends = (float(box[key].sel(input=name)) for key in ("lower", "upper"))
        rows.append((in_a_sentence(name), *("" if np.isinf(end) else human(end, unit) for end in ends)))
    said = (
        f"Inside one region of {len(limited)} input{'s' * (len(limited) > 1)} it comes true with a chance of "
        f"{_chance(float(box['density']), float(box['density_error']))}; "
        f"{chance(float(box['coverage']))} of all such cases are there."
    )
    shown = table("The region: limits of", ("input", "above", "below"), rows)
    figures = {"region": lambda: _drawn("discover", found, question.forecast)}
    return Part((said,), (shown,), {"regions": found}, figures)


# What an answer is made of, in order: another part is one function more.
PARTS: tuple[Callable[[Question], Part], ...] = (
    *(probability_part, inputs_part, change_part, bounds_part, region_part, observations_part),
)


def _drawn(name: str, *given: object, **options: object) -> "Axes":
    """Return a figure by its name; matplotlib is imported only where one is drawn."""
    from clustercast.report import plots

    drawn: Axes = getattr(plots, name)(*given, **options)
    return drawn


def _tilted(question: Question) -> Tilt | None:
    """Return the tilt to even odds, or as far as the samples carry one."""
    share = question.condition.probability(question.forecast)[0]
    for part in _WAY:
        aim = float(expit(part * logit(share)))
        try:
            return tilt(question.forecast, question.condition, probability=aim, priors=question.priors)
        except InputError:
            continue
    return None


def _chance(probability: float, error: float) -> str:
    """Return a probability with the half-width of its interval; empty where it is not known."""
    if np.isnan(probability):
        return ""
    shown = chance(probability, error)
    return shown if shown[0] in "<>" else f"{shown} ±{plus_minus(196 * error)}"
