"""Draw the first figures of the README and of the docs, in docs/images: ``python docs/lead_figure.py``."""

import textwrap
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import clustercast as cc
from clustercast.engine.units import conversion
from clustercast.files.dates import end_of
from clustercast.files.whole import write_text
from clustercast.report.findings import hangs_on
from clustercast.report.numbers import member_label
from clustercast.report.plots.style import PALETTE, QUIET, SMALL, axes_or_new, share_axis, svg, titled
from clustercast.report.wording import say
from clustercast.uncertainty.stated import read_stated_tables

FOLDER = Path(__file__).parent / "images"
OUTPUT, YEAR = "training_cluster_power", 2030
# Colours of a figure on its own, on a light and on a dark page; inside a page, the page's own apply.
STYLE = """<style>
svg { color: #1b1f24; --soft: #57606a; --paper: #ffffff; --c0: #0072b2; --c1: #c44e00; --c2: #00825e; }
text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
@media (prefers-color-scheme: dark) {
  svg { color: #e6e9ed; --soft: #a3adb8; --paper: #14181d; --c0: #4fa8e0; --c1: #ff9248; --c2: #35cc9e; }
}
</style>"""


def power_fan(forecast: xr.Dataset, today: float) -> Axes:
    """Return the fan of the largest cluster's power with its trend, what was observed and what the essay states."""
    ax = Figure(figsize=(4.8, 3.6), layout="constrained").subplots()
    cells = [cell for cell in read_stated_tables().cell if cell.quantity == OUTPUT and cell.year >= forecast["year"][0]]
    cc.plots.fan(
        forecast[OUTPUT],
        trend=forecast[f"trend_{OUTPUT}"],
        today=today,
        stated=cells,
        observed=list(cc.read_observations()),
        ax=ax,
    )
    line = sorted((cell.year, cell.low * conversion(cell.unit, "W", cell.text)) for cell in cells)
    ax.plot(*zip(*line, strict=True), ":", color=QUIET, linewidth=1.4)
    titled(ax, "Power of the largest training cluster", ax.get_title(loc="left").partition("\n")[2])
    return ax


def decides(indices: xr.Dataset) -> Axes:
    """Return the four inputs that decide most as bars, with 95 % intervals; correlated inputs are one bar."""
    ax = axes_or_new(None, 4.4, 3.6)
    result = indices.sel(output=OUTPUT, year=YEAR)
    order = np.argsort(-result["ST"].values, kind="stable")[:4]
    shares, widths = result["ST"].values[order], result["ST_conf"].values[order]
    ax.barh(range(4), shares, xerr=widths, color=PALETTE[0], height=0.4)
    for place, name in enumerate(result["input"].values[order]):
        words = textwrap.fill(member_label(str(name)), 50)
        ax.text(0, place - 0.27, f" {words}".replace("\n", "\n "), fontsize=SMALL, va="bottom", linespacing=1.05)
    ax.set_ylim(3.4, -0.8)
    ax.set_yticks([])
    ax.tick_params(axis="x", labelsize=SMALL)
    share_axis(ax, "x", "share of variance (total index)", high=None)
    titled(ax, f"What decides {YEAR}", "correlated inputs share a bar")
    return ax


def main(samples: int = 32768, base_points: int = 1024, folder: Path = FOLDER) -> None:
    """Write the figures, and print what they show."""
    priors = cc.read_priors("evidence_2026")
    inputs = cc.draw(priors, samples, design="sobol", seed=0)
    forecast = cc.propagate(inputs, years=range(2024, 2035), outputs=[OUTPUT, f"trend_{OUTPUT}"])
    indices = cc.run_sobol(priors, outputs=[OUTPUT], years=[YEAR], size=base_points, seed=0)
    drawn = {
        "lead_fan": (power_fan(forecast, end_of(priors.about.as_of)), say("forecast.fan", forecast[OUTPUT], OUTPUT)[0]),
        "lead_decides": (decides(indices), hangs_on(indices, OUTPUT, YEAR, most=4)),
    }
    for name, (axes, words) in drawn.items():
        text = svg(axes, name, words)
        write_text(folder / f"{name}.svg", text.replace("</title>", f"</title>\n{STYLE}", 1) + "\n")
        print(words)


if __name__ == "__main__":
    main()
