"""Priors as a notebook shows them: a table with the density of each input as a small curve."""

from collections.abc import Mapping
from html import escape

import numpy as np

from clustercast.priors.families import Family, Fixed

_WIDTH, _HEIGHT, _POINTS = 96, 18, 48
_STYLE = "text-align:left;padding:2px 8px;white-space:nowrap"


def priors_html(title: str, distributions: Mapping[str, Family], meanings: Mapping[str, str]) -> str:
    """Return a table of priors: name, curve, 5, 50 and 95 % quantile, unit, family and meaning."""
    headers = ("input", "", "5 %", "50 %", "95 %", "unit", "family", "meaning")
    head = "".join(f'<th style="{_STYLE}">{header}</th>' for header in headers)
    rows = "".join(_row(name, prior, meanings.get(name, "")) for name, prior in distributions.items())
    return (
        f"<details open><summary>{escape(title)}</summary><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></details>"
    )


def _row(name: str, prior: Family, meaning: str) -> str:
    """Return the row of one input."""
    low, median, high = prior.quantile([0.05, 0.5, 0.95])
    numbers = ("", f"{median:.4g}", "") if isinstance(prior, Fixed) else (f"{x:.3g}" for x in (low, median, high))
    cells = [escape(name), _curve(prior), *numbers, *map(escape, (prior.unit, prior.family, meaning))]
    return "<tr>" + "".join(f'<td style="{_STYLE}">{cell}</td>' for cell in cells) + "</tr>"


def _curve(prior: Family) -> str:
    """Return the density between the outer quantiles as an inline SVG, from differences of the quantile function."""
    if isinstance(prior, Fixed):
        return ""
    ends = prior.quantile([0.01, 0.99])
    place = np.linspace(ends[0], ends[1], _POINTS + 1)
    mass = np.diff(prior.cdf(place))
    height = mass / mass.max() * (_HEIGHT - 2) if np.isfinite(ends).all() and mass.max() > 0 else mass * 0
    across = np.linspace(1, _WIDTH - 1, _POINTS)
    line = " ".join(f"{x:.0f},{_HEIGHT - 1 - y:.1f}" for x, y in zip(across, height, strict=True))
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="density">'
        f'<polyline points="{line}" fill="none" stroke="currentColor"/></svg>'
    )
