"""What an output is on average where an input is low, and where it is high."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, nearest, takes
from clustercast.report.labels import label_of
from clustercast.report.numbers import interval
from clustercast.report.plots import style

_COLUMNS = ("low", "low_error", "high", "high_error", "least", "largest")


@takes("sample")
def conditional_means(forecast: xr.Dataset, output: str, *, year: float | None = None, parts: int = 10) -> xr.Dataset:
    """Return the mean of an output where each input is low and where it is high, from the forecast's own sample.

    Low is the first and high the last of `parts` of equal probability, or of the values of a discrete input. By input,
    the widest first: ``low``, ``high``, their standard errors ``low_error`` and ``high_error``, and ``least`` and
    ``largest``, the ends of the means over all parts, which are beyond low and high where the effect is not monotone;
    ``mean`` is over all samples. Of a positive output means are geometric and errors relative. Unlike a change of one
    input at a time, this averages over all the others, and includes what a correlated input brings with it.
    """
    if parts < 2:
        raise InputError(f"parts is {parts}; give 2 or more, as 10")
    known = [str(name) for name, found in forecast.data_vars.items() if found.attrs.get("role") == "output"]
    if output not in known:
        raise InputError(f"the forecast has no output {output!r}{nearest(output, known)}; it has {', '.join(known)}")
    path, year = style.in_year(forecast[output], year, "the forecast")
    positive = bool((path > 0).all())
    scaled = np.log(path.values) if positive else np.asarray(path.values, dtype=np.float64)
    inputs = [
        str(name)
        for name, found in forecast.data_vars.items()
        if found.attrs.get("role") == "input" and found.dims == ("sample",)
    ]
    if not inputs:
        raise InputError("the forecast holds no input that varies over samples; propagate a draw")
    means = np.array([_part_means(np.asarray(forecast[name].values), scaled, parts) for name in inputs])
    order = np.argsort(means[:, 4] - means[:, 5], kind="stable")
    back = np.exp if positive else np.positive
    columns = zip(_COLUMNS, means[order].T, strict=True)
    found = {name: ("input", each if name.endswith("_error") else back(each)) for name, each in columns}
    table = xr.Dataset(
        found | {"mean": ((), float(back(scaled.mean())))},
        coords={"input": [inputs[k] for k in order]},
        attrs={"output": output, "parts": parts, "mean_is": "geometric" if positive else "arithmetic"},
    )
    for name in ("low", "high", "least", "largest", "mean"):
        table[name].attrs = {"units": path.attrs.get("units", "1"), "long_name": style.title_of(path)}
    return table if year is None else table.assign_attrs(year=year)


@takes("sample")
def tornado(
    forecast: xr.Dataset,
    output: str,
    *,
    year: float | None = None,
    parts: int = 10,
    most: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw what an output is on average where each input is low and where it is high."""
    table = conditional_means(forecast, output, year=year, parts=parts)
    shown, path = table.isel(input=slice(most)), forecast[output]
    ax = style.rows_of(ax, [label_of(str(name)) for name in shown["input"].values], extra=2.1)
    middle, rows = float(table["mean"]), np.arange(shown.sizes["input"])
    for name, colour in (("low", style.PALETTE[4]), ("high", style.PALETTE[0])):
        label = f"{name}est {100 / parts:.0f} %"
        looks: dict[str, Any] = {"height": 0.6, "zorder": 2, "color": colour, "edgecolor": style.INK, "label": label}
        ax.barh(rows, shown[name].values - middle, left=middle, **looks)
    ax.hlines(rows, shown["least"], shown["largest"], color=style.INK, linewidth=1.2, zorder=1, label="all parts")
    ax.axvline(middle, color=style.INK, linewidth=1, zorder=3)
    log = table.attrs["mean_is"] == "geometric"
    ax.set_xscale("log" if log else "linear")
    style.human_axis(ax.xaxis, path, log=log, most=6)
    ax.set_xlabel(f"{table.attrs['mean_is']} mean, input low or high")
    when = f" in {table.attrs['year']:g}" if "year" in table.attrs else ""
    first = shown.isel(input=0)
    low, high = sorted((float(first["low"]), float(first["high"])))
    ends = interval(low, high, style.unit_of(path), share=style.in_percent(path))
    said = f"{label_of(str(first['input'].values))}: {ends}"
    style.write_title(ax, f"{style.title_of(path)}{when}", said, wide=style.NARROW)
    style.key_below(ax)
    return ax


def _part_means(values: FloatArray, output: FloatArray, parts: int) -> tuple[float, ...]:
    """Return means and errors of an output in the first and last part of an input, and the ends of all means."""
    distinct = np.unique(values)
    # A part of a discrete input is one of its values, at whatever share.
    edges = distinct[1:] if distinct.size <= parts else np.quantile(values, np.arange(1, parts) / parts)
    part = np.searchsorted(edges, values, side="right")
    sizes = np.bincount(part)
    means = np.bincount(part, weights=output)[sizes > 0] / sizes[sizes > 0]
    ends = [output[part == k] for k in (0, part.max())]
    errors = [float(end.std(ddof=1) / np.sqrt(end.size)) if end.size > 1 else np.inf for end in ends]
    return float(means[0]), errors[0], float(means[-1]), errors[1], float(means.min()), float(means.max())
