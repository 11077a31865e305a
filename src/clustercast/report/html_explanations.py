"""The sections of the report that explain: what matters, what binds, what a scenario changes."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.report import plots
from clustercast.report.claims import constraint_table
from clustercast.report.html import Section, folded, paragraph, side_by_side, table, terminal_table
from clustercast.report.html_figures import fan_in_words, figure
from clustercast.report.labels import label_of
from clustercast.report.numbers import human
from clustercast.report.plots.style import in_percent, title_of, unit_of
from clustercast.report.scenarios import scenario_tables
from clustercast.report.sobol import sobol_tables

FloatArray = NDArray[np.float64]


def what_matters(indices: xr.Dataset, forecast: xr.Dataset, output: str, year: float) -> Section:
    """Show which inputs carry the uncertainty, by year.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with second order.
    forecast : Dataset
        From `propagate`.
    output : str
        The one shown closely.
    year : float
        In which.

    Returns
    -------
    Section
    """
    words = [_leading_in_words(indices, str(name)) for name in indices["output"].values]
    note = paragraph(
        "The total index is the share of an output's variance that would go if the input were known, together with "
        "all its interactions; bars are 95 % intervals. It ranks assumptions within these priors: an input that is "
        "held fixed has none, whatever it would matter."
    )
    panels = figure(plots.sobol_panels(indices), "indices-by-year", " ".join(words), "Total Sobol' indices by year.")
    close = [
        figure(
            plots.sobol_stacked(indices, output),
            "indices-stacked",
            f"Variance of {label_of(output)} by year, split among inputs alone and interactions. {words[0]}",
            "Who owns the variance: inputs alone, and what only appears together.",
        ),
        figure(
            plots.tornado(forecast, output, year=year),
            "tornado",
            f"Geometric mean of {title_of(forecast[output])} in {year:g} where each input is low and where it is high.",
            "The output on average where an input is low and where it is high, over all other inputs.",
        ),
        figure(
            plots.second_order(indices, output, year=year),
            "pairs",
            f"Second-order indices of {label_of(output)} in {year:g} for pairs of inputs, with half-widths.",
            "Interactions of pairs: what two inputs do together beyond what each does alone.",
        ),
    ]
    tables = "\n".join(terminal_table(made) for made in sobol_tables(indices))
    said = paragraph(str(indices.attrs["warning"]), soft=True) if indices.attrs.get("warning") else ""
    parts = [note, panels, side_by_side(close), folded("The indices as tables", tables), said]
    return Section("What matters, by year", "\n".join(parts))


def constraints(forecast: xr.Dataset, summary: xr.Dataset) -> Section:
    """Show which limit binds, by year.

    Parameters
    ----------
    forecast, summary : Dataset
        With ``binding_constraint`` and ``feasible_cluster_size``.

    Returns
    -------
    Section
    """
    shares = summary["binding_constraint_share"]
    last = shares.isel(year=-1)
    words = ", ".join(
        f"{label} {100 * float(p):.0f} %"
        for label, p in zip(last["binding_constraint_label"].values, last.values, strict=True)
    )
    drawn = figure(
        plots.binding_constraint(forecast["binding_constraint"]),
        "binding-constraint",
        f"Probability by year that each limit binds; in {float(last['year']):g}: {words}.",
        "Which limit holds the largest training cluster back. Trend: none does.",
    )
    feasible = figure(
        plots.fan(forecast["feasible_cluster_size"]),
        "fan-feasible",
        fan_in_words(forecast["feasible_cluster_size"]),
        "What is left of the trend under all limits.",
    )
    made = constraint_table(shares, summary["binding_constraint_share_error"])
    return Section("What binds", side_by_side([drawn, feasible]) + "\n" + folded("As a table", terminal_table(made)))


def learnt(tree: xr.DataTree, *, most: int = 6) -> Section:
    """Show what the observations say of the inputs.

    Parameters
    ----------
    tree : DataTree
        From `condition`.
    most : int, optional
        Inputs drawn: those whose distribution moved most, by the distance of Kolmogorov and Smirnov.

    Returns
    -------
    Section
    """
    before, after = (tree[group].to_dataset() for group in ("prior", "posterior"))
    names = [str(name) for name, found in after.data_vars.items() if found.attrs.get("role") == "input"]
    moved = {name: _distance(before[name].values, after[name].values) for name in names}
    chosen = sorted(moved, key=lambda name: -moved[name])[:most]
    drawn = []
    for name in chosen:
        unit = unit_of(before[name])
        middles = [human(float(found[name].median()), unit) for found in (before, after)]
        words = f"{label_of(name)}: median {middles[0]} before and {middles[1]} after the observations."
        axes = plots.prior_posterior(before[name], after[name])
        drawn.append(figure(axes, f"learnt-{name.replace('_', '-')}", words))
    note = paragraph(
        f"Inputs that {tree['observed_data'].sizes['observation']} observations moved most, before and after; the rest "
        "of this page does not use them."
    )
    said = folded("How far to trust it", "".join(paragraph(line) for line in str(tree.attrs["statement"]).splitlines()))
    return Section("What was observed", "\n".join([note, side_by_side(drawn), said]))


def scenarios(
    forecasts: Mapping[str, xr.Dataset],
    changes: xr.Dataset,
    outputs: Sequence[str],
    year: float,
    why: Mapping[str, str],
) -> Section:
    """Compare scenarios with their base.

    Parameters
    ----------
    forecasts : mapping of str to Dataset
        The base first.
    changes : Dataset
        From `scenario_changes`.
    outputs : sequence of str
        Drawn and tabulated.
    year : float
        In which.
    why : mapping of str to str
        What each scenario says.

    Returns
    -------
    Section
    """
    drawn = []
    for name in outputs:
        paths = {label: forecast[name] for label, forecast in forecasts.items()}
        first = next(iter(paths.values()))
        unit, share = unit_of(first), in_percent(first)
        medians = ", ".join(
            f"{label_of(label)} {human(float(path.sel(year=year).median()), unit, share=share)}"
            for label, path in paths.items()
        )
        alternative = f"{title_of(first)} in {year:g}, medians: {medians}."
        drawn.append(figure(plots.scenarios(paths, year=year), f"scenarios-{name.replace('_', '-')}", alternative))
    reasons = table("The scenarios", ("scenario", "what changes"), ((label_of(k), text) for k, text in why.items()))
    tables = "\n".join(terminal_table(made) for made in scenario_tables(changes.sel(output=list(outputs)), year))
    parts = [reasons, side_by_side(drawn), folded("Changes with their errors", tables)]
    return Section("Scenarios", "\n".join(parts))


def _leading_in_words(indices: xr.Dataset, output: str) -> str:
    """Say which inputs lead in the last year."""
    last = indices.sel(output=output).isel(year=-1)
    order = np.argsort(-np.nan_to_num(last["ST"].values), kind="stable")[:3]
    named = ", ".join(f"{label_of(str(last['input'].values[k]))} {float(last['ST'][k]):.2f}" for k in order)
    return f"Largest total indices of {label_of(output)} in {float(last['year']):g}: {named}."


def _distance(one: FloatArray, other: FloatArray) -> float:
    """Return the largest difference between the distribution functions of two samples."""
    first, second = np.sort(one, axis=None), np.sort(other, axis=None)
    both = np.concatenate([first, second])
    shares = [np.searchsorted(found, both, side="right") / found.size for found in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())
