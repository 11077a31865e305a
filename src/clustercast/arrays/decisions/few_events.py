"""How far the value of information about an event may be from its estimate where few samples have the event."""

import numpy as np
from scipy.special import entr

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import few_events_half_width, normal_factor

# More events than these show the errors themselves; with fewer nothing is known of one input, or of several together.
ENOUGH, FEWEST, TOGETHER = {"brier": 100, "log": 1000}, 5, {"brier": 40, "log": 200}

Ends = tuple[FloatArray, FloatArray]


def wilson(share: FloatArray, size: float, confidence: float) -> Ends:
    """Return the ends of Wilson's interval of shares of so many samples."""
    # E. B. Wilson (1927), doi:10.1080/01621459.1927.10502953.
    chance = normal_factor(confidence) ** 2 / size
    centre = (share + chance / 2) / (1 + chance)
    half = np.sqrt(chance * (share * (1 - share) + chance / 4)) / (1 + chance)
    return centre - half, centre + half


def expected_score(score: str, share: FloatArray) -> FloatArray:
    """Return what is expected to be lost by who knows the probability of an event alone."""
    if score == "brier":
        return np.asarray(share * (1 - share))
    return np.asarray(entr(share) + entr(1 - share))


def perfect_ends(score: str, holds: FloatArray, confidence: float) -> Ends:
    """Return the ends of the interval of what knowing everything of a rare event is worth, shape (1,)."""
    share = np.array([min(holds.mean(), 1 - holds.mean())])
    low, high = (expected_score(score, np.clip(end, 0, 0.5)) for end in wilson(share, len(holds), confidence))
    return low, high


def number_of_events(holds: FloatArray) -> int:
    """Return how many samples have an event, or have not, whichever is rarer."""
    return int(min(holds.sum(), len(holds) - holds.sum()))


def ends(score: str, value: FloatArray, error: FloatArray, holds: FloatArray, confidence: float) -> Ends:
    """Return the ends of intervals of what columns are worth, of events no narrower than so few allow, shape (d,)."""
    # A value grows as the number of events (entropy) or of pairs of them (Brier score), a number of Poisson's: its
    # interval reaches further up than down. An entropy is beside it a share of that of the event, a mean over the
    # events. Both parts together by G. Y. Zou and A. Donner (2008), doi:10.1002/sim.3095.
    half = normal_factor(confidence) * error
    low, high = value - half, value + half
    if score not in ENOUGH or (events := number_of_events(holds)) > ENOUGH[score]:
        return low, high
    ends_of_all = perfect_ends(score, holds, confidence)
    if events < FEWEST:
        return np.zeros_like(value), np.maximum(high, ends_of_all[1])
    whole = float(expected_score(score, np.array(events / len(holds))))
    known = np.clip(value, 0, whole)
    by_share = np.zeros_like(value)
    if score == "log":
        by_share = whole * few_events_half_width(known / whole, np.array(events), confidence)
    lower, upper = (known * (end / whole) ** (2 if score == "brier" else 1) - known for end in ends_of_all)
    return np.minimum(low, value - np.hypot(lower, by_share)), np.maximum(high, value + np.hypot(upper, by_share))
