"""Do nominal 95 % intervals of values of information cover 93 to 97 %? On problems whose answers are known."""

import itertools

import numpy as np

from benchmarks.measure import Options, Row
from clustercast.arrays.decisions import scores
from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.decisions.scores import entropy_gain, variance_gain
from clustercast.arrays.decisions.together import joint_gains, rank_scores
from clustercast.decisions.labels import DOUBTFUL
from tests.reference.value_problems import (
    GROUPS,
    HARD,
    RARE,
    RARE_SIZE,
    ROUGH,
    SEEN,
    SINGLE,
    UNSEEN,
    GroupProblem,
    ValueProblem,
    normal_output,
    of_rare_event,
)

LOWEST, HIGHEST = 0.93, 0.97
# Of two actions an input that is worth less has an interval from 0 that may cover more often.
LEAST = 0.01


def coverage(problem: ValueProblem, size: int, repeats: int) -> tuple[float, float, float]:
    """Return the share of intervals that hold what is worth something, of those that hold what is not, and the bias."""
    result, errors = np.empty((2, repeats, problem.exact.size))
    for repeat in range(repeats):
        value, error = problem.gain(*problem.draw(np.random.default_rng(300_000 + repeat), size))
        result[repeat], errors[repeat] = value.ravel(), error.ravel()
    inside = np.abs(result - problem.exact) <= 1.96 * errors
    matters = problem.exact > LEAST * problem.exact.max()
    bias = np.abs(result.mean(axis=0) - problem.exact)[matters] / result.std(axis=0)[matters]
    beside = inside[:, ~matters].mean(axis=0).min(initial=1.0)
    return float(inside[:, matters].mean()), float(beside), float(bias.max())


def group_coverage(group: GroupProblem, size: int, repeats: int) -> dict[str, tuple[float, float, str]]:
    """Return by score the share of intervals that cover, of those that do or are called doubtful, and a note."""
    exact, *at = group.exact()
    result = np.empty((3, repeats, len(exact)))
    for repeat in range(repeats):
        columns, outputs = group.draw(np.random.default_rng(300_000 + repeat), size)
        gains = joint_gains(rank_scores(columns), group.values(outputs, *at))
        result[:, repeat] = [[gains[score][part][0, 0] for score in exact] for part in range(3)]
    truth = np.array([*exact.values()])
    inside, doubtful = np.abs(result[0] - truth) <= 1.96 * result[1], result[2] > DOUBTFUL * result[1]
    bias = np.abs(result[0].mean(axis=0) - truth) / result[0].std(axis=0)
    width = 196 * result[1].mean(axis=0) / truth
    made = {}
    for k, score in enumerate(exact):
        sure = inside[~doubtful[:, k], k]
        note = (
            f"{repeats} repeats; bias {bias[k]:.2f} standard deviations; half-width {width[k]:.0f} % of the value; "
            f"{100 * doubtful[:, k].mean():.0f} % called doubtful"
        )
        if 0 < sure.size < repeats:
            note += f", of the others {100 * sure.mean():.0f} % cover"
        made[score] = float(inside[:, k].mean()), float((inside | doubtful)[:, k].mean()), note
    return made


def rare_coverage(events: int, score: str, repeats: int) -> tuple[float, float, float]:
    """Return the share of intervals of a rare event that cover, of all inputs, of inputs alone and of two together."""
    claim, whole, exact = of_rare_event(events, score)
    inside = []
    for repeat in range(repeats):
        columns, outputs = normal_output(np.random.default_rng(300_000 + repeat), RARE_SIZE)
        holds = (outputs > claim) * 1.0
        if not holds.any():
            continue
        gain = variance_gain if score == "brier" else entropy_gain
        value, error = (part[:, 0] for part in gain(partition(columns), holds))
        low, high = scores.ends(score, value, error, holds[:, 0], 0.95)
        least, most = scores.perfect_ends(score, holds[:, 0], 0.95)
        together = True
        if scores.number_of_events(holds[:, 0]) >= scores.TOGETHER[score]:
            value, error = (part[:, 0] for part in joint_gains(rank_scores(columns[[0, 2]]), {score: holds})[score][:2])
            low_of_two, high_of_two = scores.ends(score, value, error, holds[:, 0], 0.95)
            together = bool(low_of_two[0] <= exact[-1] <= high_of_two[0])
        alone = ((low <= exact[:-1]) & (exact[:-1] <= high)).mean()
        inside.append((float(least[0] <= whole <= most[0]), float(alone), float(together)))
    everything, alone, together = np.mean(inside, axis=0).tolist()
    return everything, alone, together


def rows(options: Options) -> list[Row]:
    """One row a problem, size and score: coverage over what is worth something, and least over the others."""
    repeats = options.size(200, 2)
    made = []
    sizes = options.size(4096, 1024), options.size(16384, 1024)
    target = f"{100 * LOWEST:.0f} to {100 * HIGHEST:.0f}"
    for size in sizes:
        for problem in (*SINGLE, *SEEN):
            inside, beside, bias = coverage(problem, size, repeats)
            others = f"; {100 * beside:.0f} % of what is worth less" if beside < 1 else ""
            note = f"{repeats} repeats; bias {bias:.2f} standard deviations at most{others}"
            what = f"value by {problem.name}, N = {size:,}: intervals that cover"
            made.append(Row(what, 100 * inside, "%", note, target=target, met=LOWEST <= inside <= HIGHEST))
    for group, size in [*((group, sizes[0]) for group in (*GROUPS, HARD)), (HARD, sizes[1])]:
        for score, (inside, _, note) in group_coverage(group, size, repeats).items():
            what = f"value by {score}, {group.name}, N = {size:,}: intervals that cover"
            made.append(Row(what, 100 * inside, "%", note, target=target, met=LOWEST <= inside <= HIGHEST))
    for group in (*ROUGH, *UNSEEN)[:: len(ROUGH) + len(UNSEEN) - 1 if options.smoke else 1]:
        seen = "seen" if group in ROUGH else "not seen"
        for score, (inside, either, note) in group_coverage(group, sizes[0], repeats).items():
            what = f"value by {score}, {group.name} ({seen}), N = {sizes[0]:,}: intervals that cover or are doubtful"
            note = f"{100 * inside:.1f} % cover; {note}"
            made.append(Row(what, 100 * either, "%", note, target=f">= {100 * LOWEST:.0f}", met=either >= LOWEST))
    for events, score in itertools.product(RARE[:1] if options.smoke else RARE, ("brier", "log")):
        everything, alone, together = rare_coverage(events, score, repeats)
        note = (
            f"{repeats} repeats; of everything {100 * everything:.0f} %, of two inputs together {100 * together:.0f} %"
        )
        what = f"value of single inputs by {score}, an event with {events} of {RARE_SIZE:,}: intervals that cover"
        least = min(everything, alone, together)
        made.append(Row(what, 100 * alone, "%", note, target=f">= {100 * LOWEST:.0f}", met=least >= LOWEST))
    return made
