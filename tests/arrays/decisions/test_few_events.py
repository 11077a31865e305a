"""Intervals of what knowledge of rare events is worth: coverage by the binomial law itself, and shape."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from clustercast.arrays.decisions.scores import ENOUGH, FEWEST, ends, expected_score, perfect_ends
from clustercast.arrays.indices.intervals import normal_factor, wilson
from tests.reference.value_problems import brier, nats

SIZE = 4096


ENTROPIES = {"brier": brier, "log": nats}


def holds(events, size=SIZE):
    return (np.arange(size) < events) * 1.0


def scipys(events, size, confidence=0.95):
    return np.array(binomtest(events, size).proportion_ci(confidence, "wilson"))


@pytest.mark.parametrize("events", [0, 1, 7, 20])
def test_wilsons_interval_is_scipys(events):
    for confidence in (0.8, 0.95):
        exact = scipys(events, 20, confidence)
        centre, half = wilson(np.array(events / 20), normal_factor(confidence) ** 2 / 20)
        np.testing.assert_allclose([centre - half, centre + half], exact, atol=1e-15)


def test_what_is_expected_to_be_lost_is_the_entropy_of_each_score():
    share = np.array([0.01, 0.2, 0.5, 0.9])
    for score, entropy in ENTROPIES.items():
        np.testing.assert_allclose(expected_score(score, share), [entropy(p) for p in share])
        assert expected_score(score, np.array([0.0, 1.0])).tolist() == [0, 0]


@pytest.mark.parametrize("score", ENOUGH)
def test_the_ends_of_everything_are_at_those_of_the_share_and_at_most_at_a_half(score):
    entropy = ENTROPIES[score]
    for events in (3, 15, 17):
        low, high = perfect_ends(score, holds(events, 20), 0.95)
        # Of three in 20; and of 15, as of 5. The upper ends of both are below a half, or the entropy is the greatest.
        exact = scipys(min(events, 20 - events), 20)
        np.testing.assert_allclose([low[0], high[0]], [entropy(exact[0]), entropy(min(exact[1], 0.5))])
    assert perfect_ends(score, holds(10, 20), 0.95)[1][0] == entropy(0.5)


@pytest.mark.parametrize("score", ENOUGH)
def test_both_ends_join_the_errors_of_the_number_of_events_and_of_the_part_that_is_known(score):
    """Zou and Donner: of a product the distances from both ends of the factors add in squares.

    A Brier score grows as the square of the whole; of an entropy the part that is known is seen in the events alone.
    """
    entropy, power = ENTROPIES[score], 2 if score == "brier" else 1
    whole, known = entropy(25 / SIZE), np.array([0, 5, 25, 25])
    value = whole * np.array([-0.1, 0.2, 1.0, 1.5])
    low, high = ends(score, value, np.zeros(4), holds(25), 0.95)
    for k, count in enumerate(known):
        # A one-sided interval of 95 % is half of one of 90 %.
        part, far = scipys(25, SIZE), np.abs(scipys(int(count), 25, 0.9) - count / 25).max() * (score == "log")
        down, up = (whole * np.hypot(count / 25 * ((entropy(end) / whole) ** power - 1), far) for end in part)
        assert (low[k], high[k]) == pytest.approx((value[k] - down, value[k] + up), rel=1e-9)


@pytest.mark.parametrize("expected", [10, 25, 50, 100])
def test_of_all_samples_with_few_events_95_percent_have_intervals_of_everything_that_cover(expected):
    share = expected / SIZE
    counts = np.arange(1, 3 * expected + 10)
    for score, entropy in ENTROPIES.items():
        low, high = np.array([perfect_ends(score, holds(count), 0.95) for count in counts])[:, :, 0].T
        covered = binom.pmf(counts, SIZE, share)[(low <= entropy(share)) & (entropy(share) <= high)].sum()
        assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("expected", [25, 40, 60])
def test_of_all_samples_with_few_events_95_percent_have_intervals_of_one_input_that_cover(expected):
    """An event of probability s, only in a known tenth of an input: it is worth s**2 (1 / .1 - 1) by Brier score."""
    share, counts = expected / SIZE, np.arange(1, 2 * expected + 20)
    truth, result = 9 * share**2, 9 * (counts / SIZE) ** 2
    each = [ends("brier", result[[k]], np.zeros(1), holds(count), 0.95) for k, count in enumerate(counts)]
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
    assert ends(score, value, error, holds(ENOUGH[score]), 0.95)[1][1] > value[1] + 1.97 * error[1]
    plain = ends(score, value, error, holds(ENOUGH[score] + 1), 0.95)
    np.testing.assert_allclose(plain, (value - 1.959964 * error, value + 1.959964 * error))


@pytest.mark.parametrize("score", ENOUGH)
def test_of_next_to_no_event_an_interval_is_the_whole(score):
    low, high = ends(score, np.array([1e-4]), np.array([1e-5]), holds(FEWEST - 1), 0.95)
    assert low[0] == 0
    assert high[0] == perfect_ends(score, holds(FEWEST - 1), 0.95)[1][0]
    assert ends(score, np.array([1e-4]), np.array([1e-5]), holds(FEWEST), 0.95)[1][0] < high[0]
