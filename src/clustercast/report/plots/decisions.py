"""What to ask next and what would change the answer: values of information, changed priors, bounds, regions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.dataset import numbers_of
from clustercast.decisions.labels import SCORES
from clustercast.decisions.tilting import Tilt
from clustercast.errors import InputError, shown, takes
from clustercast.report.numbers import chance, human, in_a_sentence, interval, is_share, label_of, short_label, worded
from clustercast.report.plots import style
from clustercast.uncertainty.conditions import parse_condition

Names = Mapping[str, str] | None
_LOW, _HIGH = style.PALETTE[4], style.PALETTE[0]


@takes("target")
def evppi(worth: xr.Dataset, *, target: str | None = None, most: int = 8, ax: Axes | None = None) -> Axes:
    """Draw which part of a score would go if each input, group or pair were known, with its interval.

    `worth` is a result of `evppi`, `target` one of its targets, the first by default.
    """
    return evsi(worth, target=target, most=most, ax=ax)


@takes("target")
def evsi(
    worth: xr.Dataset, *, target: str | None = None, names: Names = None, most: int = 8, ax: Axes | None = None
) -> Axes:
    """Draw which part of a score would go if each observation were made, with its interval.

    `worth` is a result of `evsi`, `target` one of its targets, the first by default; `names` say what observations are
    called, by their ids.
    """
    name, verb = ("evsi", "seeing") if "evsi" in worth else ("evppi", "knowing")
    if name not in worth:
        raise InputError("worth is no value of information; give a result of cc.evppi or cc.evsi")
    one, names = style.one_of(worth, "target", target), names or {}
    shares, keys = one["share"].values, one[one["share"].dims[0]].values.astype(str).tolist()
    whole = np.nanmax(one[name].values / np.where(shares > 0, shares, np.nan), initial=1e-300)
    order = np.argsort(-shares, kind="stable")[:most]
    labels = [names.get(keys[k], short_label(keys[k])) for k in order]
    ax = style.rows_of(ax, [text[:1].upper() + text[1:] for text in labels], extra=1.6)
    ends = np.stack([one[f"{name}_{end}"].values[order] / whole for end in ("low", "high")])
    bars = np.clip(np.stack([shares[order] - ends[0], ends[1] - shares[order]]), 0, None)
    looks: dict[str, Any] = {"color": _HIGH, "edgecolor": style.INK, "ecolor": style.INK, "capsize": 2}
    ax.barh(np.arange(len(order)), shares[order], 0.6, xerr=bars, **looks)
    ax.locator_params(axis="x", nbins=5)
    score = SCORES.get(str(one["score"].values), "variance")
    style.share_axis(ax, "x", f"part of the {score} that would go", high=None)
    first = names.get(keys[order[0]], in_a_sentence(keys[order[0]]))
    said = f"{verb} {first} would take {100 * shares[order[0]]:.0f} % off the {score}"
    return style.titled(ax, _said(str(one["target"].values)), said, wide=style.NARROW)


@takes()
def tilt(tilted: Tilt, *, most: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the 90 % interval and the median of each input before and after the least change of priors.

    `tilted` is a result of `tilt`. Each input is on its own scale, from the 5 to the 95 % point before the change.
    """
    result = tilted.marginals.isel(input=slice(most))
    names = [str(name) for name in result["input"].values]
    rows, before, after = np.arange(len(names)), result["before"].values, result["after"].values
    texts = []
    for name, was, now, unit in zip(names, before[:, 1], after[:, 1], result["unit"].values, strict=True):
        ends = interval(was, now, str(unit), error=abs(now - was) / 2 or None, share=is_share(name))
        texts.append(f"{label_of(name)}\n{ends}")
    ax = style.rows_of(ax, texts, extra=2.0, each=0.42)
    widths = before[:, -1:] - before[:, :1]
    for shift, values, colour, label in ((-0.16, before, style.QUIET, "as drawn"), (0.16, after, _HIGH, "changed")):
        low, middle, high = ((values - before[:, :1]) / widths).T
        ax.hlines(rows + shift, low, high, color=colour, linewidth=3, label=label)
        ax.plot(middle, rows + shift, "o", color=colour, markersize=6, markerfacecolor="white")
    ax.set_xticks([0.0, 1.0], ["5 %", "95 %"])
    ax.set_xlabel("points of the prior as drawn")
    said = f"to make it {chance(tilted.probability)} rather than {chance(tilted.before)} likely"
    return style.titled(ax, _said(tilted.claim), said, wide=style.NARROW, key=True)


@takes("side")
def probability_tornado(result: xr.Dataset, *, most: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the probability of a claim where each input is low and where it is high, with bars of two standard errors.

    `result` is that of `probability_tornado`.
    """
    shown = result.isel(input=slice(most))
    ax = style.rows_of(ax, [label_of(str(name)) for name in shown["input"].values], extra=2.0)
    rows, before = np.arange(shown.sizes["input"]), float(result.attrs["before"])
    for side, colour in (("lowest", _LOW), ("highest", _HIGH)):
        values, errors = (shown[name].sel(side=side).values for name in ("probability", "standard_error"))
        looks: dict[str, Any] = {"color": colour, "edgecolor": style.INK, "ecolor": style.INK, "label": f"{side} part"}
        ax.barh(rows, values - before, 0.6, left=before, xerr=2 * errors, error_kw={"elinewidth": 0.9}, **looks)
    ax.axvline(before, color=style.INK, linewidth=1)
    style.share_axis(ax, "x", "probability")
    low, high = shown["probability"].values[0]
    said = f"{chance(before)} likely; by {in_a_sentence(str(shown['input'].values[0]))} {chance(low)} to {chance(high)}"
    return style.titled(ax, _said(result.attrs["claim"]), said, wide=style.NARROW, key=True)


@takes()
def prior_bounds(bounds: Mapping[float, xr.Dataset], *, most: int = 4, ax: Axes | None = None) -> Axes:
    """Draw between which bounds a probability is, by how far the priors may be off, and where its verdict flips.

    `bounds` are results of `prior_bounds` for a claim by the size of their class, the ratio or the contamination. Of
    classes of single inputs the `most` that reach farthest are drawn.
    """
    sizes = np.array(sorted(bounds))
    if not len(sizes) or any("probability" not in result["statistic"].values for result in bounds.values()):
        raise InputError("there are no bounds of a claim; give {2.0: cc.prior_bounds(forecast, claim, ratio=2)}")
    result = xr.concat([bounds[size].sel(statistic="probability") for size in sizes], "size")
    value = float(result["value"][0, 0])
    ratio = sizes[0] > 1
    grid = np.concatenate([[1.0 if ratio else 0.0], sizes])
    ax = style.axes_or_new(ax)
    reach = (result["upper"] - result["lower"]).isel(size=-1).values
    order, ends = np.argsort(-reach, kind="stable")[:most], dict[str, float]()
    flips = float(result["breakdown"].isel(size=0, of=order).min())
    for place, k in enumerate(order):
        one, colour = result.isel(of=k), style.look(place)[0]
        low, high = (np.concatenate([[value], one[name].values]) for name in ("lower", "upper"))
        name = label_of(str(one["of"].values))
        ax.fill_between(grid, low, high, facecolor=colour, alpha=0.22, edgecolor=colour, label=name)
        ends[name] = float(high[-1])
    ax.axhline(0.5, color=style.INK, linewidth=0.9, linestyle="--")
    ax.set_xscale("log" if ratio else "linear")
    ax.set_xlim(grid[0], grid[-1])
    ax.set_xticks(grid, [f"×{size:g}" if ratio else f"{100 * size:g} %" for size in grid], fontsize=style.SMALL)
    ax.set_xticks([], minor=True)
    ax.set_xlabel("how far the priors may be off" if ratio else "share of the prior that may be anything")
    style.share_axis(ax, "y", "probability")
    size = f"×{flips:.2g}" if ratio else f"{100 * flips:.2g} %"
    said = f"even odds are possible at {size}" if np.isfinite(flips) else "no size of this class makes it even"
    style.titled(ax, _said(str(result.attrs["target"])), f"{chance(value)} likely; {said}")
    if flips < grid[-1]:
        ax.axvline(flips, color=style.INK, linewidth=0.9, linestyle=":")
    return style.beside(ax, list(ends.values()), list(ends), [style.look(place)[0] for place in range(len(ends))])


@takes("target", "point")
def prior_sensitivity(result: xr.Dataset, *, target: str | None = None, most: int = 8, ax: Axes | None = None) -> Axes:
    """Draw what a target changes by as the 5, 50 and 95 % point of each prior moves up by a tenth of its interval.

    `result` is that of `prior_sensitivity`, `target` one of its targets, the first by default; bars: 95 % intervals.
    """
    one = style.one_of(result, "target", target)
    order = np.argsort(-np.abs(one["effect"].values).max(axis=1), kind="stable")[:most]
    shown = one.isel(input=order)
    ax = style.rows_of(ax, [label_of(str(name)) for name in shown["input"].values], extra=2.0, each=0.4)
    for place, point in enumerate(shown["point"].values):
        values, errors = (shown[name].sel(point=point).values for name in ("effect", "effect_error"))
        looks: dict[str, Any] = {"linestyle": "", **style.marked_line(place, 1.0), "label": f"{100 * point:g} % point"}
        ax.errorbar(values, np.arange(len(order)) + 0.22 * (place - 1), xerr=1.96 * errors, **looks)
    ax.axvline(0, color=style.INK, linewidth=0.9)
    unit = str(one["unit"].values)
    if unit == "1":
        ax.set_xlabel("change in percentage points")
        ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}" if value else "0")
    else:
        style.human_axis(ax.xaxis, xr.DataArray(0.0, attrs={"units": unit}), log=False, most=5)
        ax.set_xlabel("change of the median")
    said = "as a point of a prior moves up by a tenth of its 90 % interval"
    return style.titled(ax, f"{_said(str(one['target'].values))}: what moves it", said, wide=style.NARROW, key=True)


@takes("group")
def whose_prior(result: xr.Dataset, *, most: int = 8, ax: Axes | None = None) -> Axes:
    """Draw which disagreements of two prior sets make the gap between their medians, one step after the other.

    `result` is that of `whose_prior`. What is beyond the `most` largest parts is one step; bars are 95 % intervals.
    """
    parts, errors = result["part"].values[:most], result["part_error"].values[:most]
    names = [label_of(str(name)) for name in result["group"].values[:most]]
    if result.sizes["group"] > most:
        names.append(f"{result.sizes['group'] - most} more")
        parts, errors = np.append(parts, result["part"].values[most:].sum()), np.append(errors, 0.0)
    ax = style.rows_of(ax, [*names, "Gap"], extra=1.6)
    unit, gap = str(result.attrs["unit"]), float(result["gap"])
    log = unit == "OOM"
    starts, steps = np.concatenate([[0.0], np.cumsum(parts)[:-1], [0.0]]), np.append(parts, gap)
    ends, half = starts + steps, 1.96 * np.append(errors, 0.0)
    edges = np.stack([starts, ends, ends - half, ends + half], axis=-1)
    for row, (left, right, *bar) in enumerate(10**edges if log else edges):
        part = steps[row]
        colour = style.QUIET if row == len(parts) else _HIGH if part > 0 else style.PALETTE[1]
        ax.barh([row], [right - left], 0.6, left=left, color=colour, edgecolor=style.INK)
        ax.plot(bar, [row, row], color=style.INK, linewidth=0.9)
        place: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": style.SMALL}
        ax.text(1.02, row, style.plain(_signed(part, unit)), **place)
    ax.axvline(1.0 if log else 0.0, color=style.INK, linewidth=0.9)
    ax.set_xscale("log" if log else "linear")
    style.human_axis(ax.xaxis, xr.DataArray(0.0, attrs={"units": "1" if log else unit}), log=log, most=5)
    if log:
        ax.xaxis.set_major_formatter(lambda value, _: f"×{value:g}")
    ax.set_xlabel("factor between the medians" if log else "difference of the medians")
    said = f"{names[0].lower()} makes {_signed(parts[0], unit)} of a gap of {_signed(gap, unit)}"
    return style.titled(ax, f"{label_of(str(result.attrs['output']))}: whose prior", said, wide=style.NARROW)


@takes("box")
def discover(result: xr.Dataset, forecast: xr.Dataset, *, box: int = 1, ax: Axes | None = None) -> Axes:
    """Draw a box of inputs in which a condition comes true, each limit at the share of the draws below it.

    `result` is that of `discover` on the `forecast`; `box` is the number of the box.
    """
    if box not in result["box"].values:
        raise InputError(f"there is no box {shown(box)}; there are {', '.join(map(str, result['box'].values))}")
    one = result.sel(box=box)
    limited = one.isel(input=one["quasi_p"].notnull().values)
    rows = list(zip(*(limited[key].values.tolist() for key in ("input", "lower", "upper")), strict=True))
    if lacking := [name for name, *_ in rows if name not in forecast]:
        raise InputError(f"the forecast has no input {lacking[0]!r}; give the one that cc.discover looked at")
    texts = []
    for name, *ends in rows:
        unit, words = style.unit_of(forecast[name]), zip(("above", "below"), ends, strict=True)
        said = [f"{word} {human(end, unit, share=is_share(name))}" for word, end in words if np.isfinite(end)]
        texts.append(f"{label_of(name)}\n{', '.join(said)}")
    ax = style.rows_of(ax, texts, extra=1.6, each=0.42)
    for row, (name, *ends) in enumerate(rows):
        low, high = ((numbers_of(forecast[name]) <= end).mean() for end in ends)
        ax.barh([row], [1.0], 0.6, facecolor="none", edgecolor=style.QUIET, linewidth=0.8)
        ax.barh([row], [high - low], 0.6, left=low, color=_HIGH, edgecolor=style.INK, linewidth=0.8)
    style.share_axis(ax, "x", "share of the draws below")
    density, coverage = (chance(float(one[name])) for name in ("density", "coverage"))
    finding = f"{density} inside, {chance(float(result.attrs['before']))} overall; {coverage} of all cases are inside"
    return style.titled(ax, _said(str(result.attrs["condition"])), finding, wide=style.NARROW)


def _signed(part: float, unit: str) -> str:
    """Return a part of a gap as a factor, or as a number with its sign."""
    return human(part, unit) if unit == "OOM" else f"{'+' if part > 0 else ''}{human(part, unit)}"


def _said(text: str) -> str:
    """Return a condition, or the name of a claim or an output, in words."""
    try:
        words = parse_condition(text).words
    except InputError:
        words = worded(text)
    return words[:1].upper() + words[1:]
