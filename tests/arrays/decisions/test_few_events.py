"""Intervals of what knowledge of rare events is worth: coverage by the binomial law itself, and shape."""

import numpy as np
import pytest
from scipy.stats import binom

from clustercast.arrays.decisions.few_events import ENOUGH, FEWEST, ends, perfect_ends
from tests.reference.value_problems import brier, nats

SIZE = 4096


def holds(events, size=SIZE):
    return (np.arange(size) < events) * 1.0


@pytest.mark.parametrize("expected", [10, 25, 50, 100])
def test_of_all_samples_with_few_events_95_percent_have_intervals_of_everything_that_cover(expected):
    share = expected / SIZE
    counts = np.arange(1, 3 * expected + 10)
    for score, entropy in (("brier", brier), ("log", nats)):
        low, high = np.array([perfect_ends(score, holds(count), 0.95) for count in counts])[:, :, 0].T
        covered = binom.pmf(counts, SIZE, share)[(low <= entropy(share)) & (entropy(share) <= high)].sum()
        assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("expected", [25, 40, 60])
def test_of_all_samples_with_few_events_95_percent_have_intervals_of_one_input_that_cover(expected):
    """An event of probability s, only in a known tenth of an input: it is worth s**2 (1 / .1 - 1) by Brier score."""
    share, counts = expected / SIZE, np.arange(1, 2 * expected + 20)
    truth, found = 9 * share**2, 9 * (counts / SIZE) ** 2
    each = [ends("brier", found[[k]], np.zeros(1), holds(count), 0.95) for k, count in enumerate(counts)]
    low, high = np.array(each)[:, :, 0].T
    assert 0.93 <= binom.pmf(counts, SIZE, share)[(low <= truth) & (truth <= high)].sum() <= 0.97


@pytest.mark.parametrize("score", ENOUGH)
def test_intervals_are_never_narrower_than_the_error_says_and_reach_further_up(score):
    value, error = np.array([1e-4, 1e-3]), np.array([2e-5, 1e-4])
    low, high = ends(score, value, error, holds(25), 0.95)
    assert (low <= value - 1.96 * error + 1e-9).all() and (high >= value + 1.96 * error - 1e-9).all()
    assert (high - value >= value - low).all() and high[1] - value[1] > 2 * error[1]
    # The same of an event as of its opposite, and of many events nothing but the error.
    np.testing.assert_allclose(ends(score, value, error, 1 - holds(25), 0.95), (low, high))
    plain = ends(score, value, error, holds(ENOUGH[score] + 1), 0.95)
    np.testing.assert_allclose(plain, (value - 1.959964 * error, value + 1.959964 * error))


@pytest.mark.parametrize("score", ENOUGH)
def test_of_next_to_no_event_an_interval_is_the_whole(score):
    low, high = ends(score, np.array([1e-4]), np.array([1e-5]), holds(FEWEST - 1), 0.95)
    assert low[0] == 0
    assert high[0] == perfect_ends(score, holds(FEWEST - 1), 0.95)[1][0]
