"""What was learned, what taught it, and how a backtest went, as tables."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import xarray as xr

from clustercast.conditioning.backtest import Score, Skill
from clustercast.report.labels import label_of
from clustercast.report.numbers import human, interval, is_share
from clustercast.report.tables import Table, table

_LEARNED = 0.05
_CONFLICT = 0.05
_LARGEST_K_HAT = 0.7
# How parameters begin that belong to the likelihood and not to the model.
_LIKELIHOOD = ("discrepancy_", "record_gap", "ceiling_gap", "correlation_time", "ceiling_halving")


def learned_tables(learned: xr.Dataset, groups: tuple[str, str] = ("prior", "posterior")) -> Iterator[Table]:
    """Yield prior beside posterior for each input, then for each parameter of the likelihood, the most moved first."""
    own = np.array([str(name).startswith(_LIKELIHOOD) for name in learned["input"].values])
    titles = (
        f"Inputs, 5-95 %: {groups[0]}, {groups[1]}, how far the mean moved in standard deviations of the {groups[0]}",
        "What the model misses, and how far bounds are from the truth (factor, 5-95 %)",
    )
    for title, chosen in zip(titles, (~own, own), strict=True):
        found = learned.isel(input=chosen)
        strength = np.maximum(np.abs(found["shift"].values), np.maximum(found["contraction"].values, 0))
        order = [k for k in np.argsort(-strength, kind="stable") if strength[k] >= _LEARNED]
        rows = []
        for row in (found.isel(input=k) for k in order):
            name, unit = str(row["input"].values), str(row["unit"].values)
            both = (row[group].values.tolist() for group in ("prior", "posterior"))
            ends = (interval(each[0], each[-1], unit, share=is_share(name)) for each in both)
            width = f"×{1 - float(row['contraction']):.2f}"
            rows.append((label_of(name.removeprefix("discrepancy_")), *ends, f"{float(row['shift']):+.2f}", width))
        rest = len(strength) - len(order)
        note = (
            f"{rest} more inputs stayed where they were (moved and narrowed by less than {_LEARNED:g})" if rest else ""
        )
        if len(strength):
            yield table(title, ("input", *groups, "moved", "width"), rows, words=(0, 1, 2), note=note)


def conflict_table(conflict: xr.Dataset) -> Table:
    """Return where each observation lies in what prior and posterior predict; a tail below 5 % carries a mark."""
    rows = []
    for k in range(conflict.sizes["observation"]):
        row = conflict.isel(observation=k)
        unit = str(row["unit"].values).removesuffix("/year")
        observed = float(10 ** (row["observed"] - row["log10_unit"]))
        low, high = (float(v) for v in 10 ** (row["prior"].sel(quantile=[0.05, 0.95]) - row["log10_unit"]))
        tails = (float(row["prior_tail"]), float(row["posterior_tail"]))
        marked = [f"{tail:.3f}{' !' if tail < _CONFLICT else '  '}" for tail in tails]
        rows.append((str(row["observation"].values), human(observed, unit), interval(low, high, unit), *marked))
    count, size = int((conflict["prior_tail"] < _CONFLICT).sum()), conflict.sizes["observation"]
    return table(
        "Observations in the predictions",
        ("observation", "observed", "prior 5-95 %", "tail", "posterior"),
        rows,
        note=f"{count} of {size} conflict with the prior (tail below {_CONFLICT:g}; "
        f"{_CONFLICT * size:.1f} expected by chance)",
    )


def influence_table(influence: xr.Dataset, *, most: int = 15) -> Table:
    """Return what each observation moved most, the most influential observations first."""
    shift = influence["shift"].values
    strongest = np.abs(shift).argmax(axis=1)
    moved = shift[np.arange(len(shift)), strongest]
    rows = []
    for k in np.argsort(-np.abs(moved), kind="stable")[:most]:
        elpd, k_hat = (float(influence[name][k]) for name in ("elpd", "k_hat"))
        names = (str(influence["observation"].values[k]), label_of(str(influence["input"].values[strongest[k]])))
        marked = f"{k_hat:.2f}{' !' if k_hat > _LARGEST_K_HAT else '  '}"
        rows.append((*names, f"{moved[k]:+.2f}", f"{elpd:.2f}", marked))
    return table(
        "What each observation alone moved most (in prior standard deviations)",
        ("observation", "input", "moved by", "elpd", "k-hat"),
        rows,
        words=(0, 1),
        note="! above 0.7: the posterior without it is too far away to be reached by weights",
    )


def skill_table(skills: Sequence[Skill], title: str) -> Table:
    """Return the mean scores of each method and the gain of the posterior over it."""
    rows = []
    for skill in skills:
        covered = (_known(100 * share, ".0f", " %") for share in (skill.coverage_50, skill.coverage_90))
        scores = (f"{skill.crps:.3f}", _known(skill.log_score, ".2f"), *covered)
        gain = "" if np.isnan(skill.gain) else f"{skill.gain:+.3f} ± {skill.gain_error:.3f}"
        rows.append((skill.method, str(skill.count), str(skill.groups), *scores, gain))
    headers = ("forecast", "rows", "groups", "CRPS", "log score", "in 50 %", "in 90 %", "posterior gains")
    note = (
        "CRPS (mean distance of forecast and fact) in decades, log score in nats per decade, lower is better; gain: "
        "CRPS of the forecast less that of the posterior on the same rows, ± one standard error over groups"
    )
    return table(title, headers, rows, note=note)


def score_table(scores: Iterable[Score], methods: Sequence[str]) -> Table:
    """Return each scored observation: forecast over observed, its place in the prediction, its CRPS by method."""
    by_row: dict[str, dict[str, Score]] = {}
    for score in scores:
        by_row.setdefault(score.observation, {})[score.method] = score
    rows = []
    for name, found in by_row.items():
        first = found[methods[0]]
        cells = [f"{found[method].crps:.3f}" if method in found else "-" for method in methods]
        ratio = f"×{10 ** (first.median - first.observed):.2f}"
        rows.append((name, f"{first.date:.1f}", ratio, f"{first.pit:.2f}", *cells))
    return table(
        "Each observation: forecast over observed, PIT, and CRPS by forecast",
        ("observation", "year", "ratio", "PIT", *methods),
        rows,
        note="PIT: the probability that the forecast gave to less than what was observed",
    )


def _known(value: float, form: str, tail: str = "") -> str:
    """Return a number, or a dash where there is none."""
    return "-" if np.isnan(value) else f"{value:{form}}{tail}"
