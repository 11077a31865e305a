"""What was learned, what taught it, and how a backtest went, as tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from clustercast.conditioning.backtest import METHODS, Score, Skill
from clustercast.conditioning.checks import Lessons
from clustercast.report.labels import in_a_sentence, label_of
from clustercast.report.numbers import human, interval, is_share
from clustercast.report.tables import Table, table

_LEARNED = 0.05
_CONFLICT = 0.05
_MOST_SAID = 3
_BOUNDS = {"value": "", "record": "at least ", "ceiling": "at most "}
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


def lesson_sentences(found: Lessons, names: Mapping[str, str]) -> list[str]:
    """Return in words what observations taught, the most first, and which lie far out; `names` are theirs by id."""
    moved = [
        f"{in_a_sentence(one.name)} {interval(one.before[1], one.after[1], one.unit, share=is_share(one.name))} "
        f"({names.get(one.teacher, one.teacher)})"
        for one in found.learned
        if not one.name.startswith(_LIKELIHOOD)
    ]
    said = [f"The {found.rows} observations leave every input where it was."]
    if moved:
        what = "; ".join(moved[:_MOST_SAID])
        said = [f"Most was learned of (median before to after, and what taught it most): {what}."]
        rest = len(moved) - _MOST_SAID
        said += [f"{rest} more inputs moved or narrowed."] if rest > 0 else []
    by_chance = f"{found.by_chance:.0f} of {found.rows} would by chance"
    if not found.conflicts:
        return [*said, f"No observation lies far out in what was expected of it ({by_chance})."]
    far = []
    for row in found.conflicts[:_MOST_SAID]:
        unit, share = row.unit, is_share(row.quantity)
        ends = interval(row.before[0], row.before[2], unit, share=share)
        what = f"{_BOUNDS[row.kind]}{human(row.observed, unit, share=share)}"
        far.append(f"{names.get(row.observation, row.observation)}, {what} where {ends} was expected")
    count = len(found.conflicts)
    lie = "observation lies" if count == 1 else "observations lie"
    return [*said, f"{count} {lie} far out in what was expected ({by_chance}): {'; '.join(far)}."]


def skill_sentence(skills: Sequence[Skill], when: str) -> str:
    """Return how a posterior did beside the best baseline, in words."""
    posterior, *others = (skill for skill in skills if skill.method in METHODS)
    best = min(others, key=lambda skill: skill.crps, default=posterior)
    covered = posterior.coverage_90
    held = "" if np.isnan(covered) else f"; its 90 % intervals held {100 * covered:.0f} % of what came"
    missed = f"what was learned then missed by ×{10**posterior.crps:.2f} on average"
    return f"{when}: {missed}, the best other forecast ({best.method}) by ×{10**best.crps:.2f}{held}."


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
    shift, largest = influence["shift"].values, float(influence["k_hat"].attrs.get("largest", 0.7))
    strongest = np.abs(shift).argmax(axis=1)
    moved = shift[np.arange(len(shift)), strongest]
    rows = []
    for k in np.argsort(-np.abs(moved), kind="stable")[:most]:
        elpd, k_hat = (float(influence[name][k]) for name in ("elpd", "k_hat"))
        names = (str(influence["observation"].values[k]), label_of(str(influence["input"].values[strongest[k]])))
        marked = f"{k_hat:.2f}{' !' if k_hat > largest else '  '}"
        rows.append((*names, f"{moved[k]:+.2f}", f"{elpd:.2f}", marked))
    return table(
        "What each observation alone moved most (in prior standard deviations)",
        ("observation", "input", "moved by", "elpd", "k-hat"),
        rows,
        words=(0, 1),
        note=f"! above {largest:.2g}: the posterior without it is too far away to be reached by weights",
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
