"""Subset simulation against exact probabilities and laws."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from scipy.stats import binom, norm

from clustercast.arrays.indices.intervals import half_width
from clustercast.arrays.indices.rare_events import SCORES, _seeds, distances, find_levels, sample_events


def linear(probability):
    """The sum of normal scores above a level: the limit state with an exact probability in any dimension."""
    return lambda z: z.sum(axis=1) / np.sqrt(z.shape[1]) + ndtri(probability)


def product(z):
    u = ndtr(z)
    return np.minimum((0.01 - u[:, 0]) / 0.5, (0.001 - u[:, 1]) / 0.5)


def two_modes(z):
    return np.abs(z[:, 0]) - 4.2


def four_branches(shift):
    """The series system of four branches of Waarts (2000), as in Echard et al. (2011), shifted towards rarer events."""

    def margin(z):
        a, b = z[:, 0], z[:, 1]
        branches = [
            3 + 0.1 * (a - b) ** 2 - (a + b) / np.sqrt(2),
            3 + 0.1 * (a - b) ** 2 + (a + b) / np.sqrt(2),
            a - b + 7 / np.sqrt(2),
            b - a + 7 / np.sqrt(2),
        ]
        return -np.minimum.reduce(branches) - shift

    return margin


def of_four_branches(shift):
    """Its probability: with s = (a + b) / sqrt 2 and t = (a - b) / sqrt 2, |s| or |t| is beyond its bound."""
    top = (3.5 * np.sqrt(2) + shift) / np.sqrt(2)
    # Outside |t| < top, and inside where |s| is beyond its bound.
    beyond = quad(lambda t: math.exp(-(t**2) / 2) * 2 * ndtr(-(3 + 0.2 * t**2 + shift)), -top, top, epsabs=1e-15)[0]
    return 2 * ndtr(-top) + beyond / math.sqrt(2 * math.pi)


CASES = {
    "linear 1e-3": (linear(1e-3), 2, 1e-3),
    "linear 1e-4": (linear(1e-4), 10, 1e-4),
    "linear 1e-5": (linear(1e-5), 20, 1e-5),
    "product": (product, 3, 1e-5),
    "two modes": (two_modes, 2, 2 * ndtr(-4.2)),
    "four branches": (four_branches(0.0), 2, of_four_branches(0.0)),
    "four branches, shifted": (four_branches(1.0), 2, of_four_branches(1.0)),
    "not rare": (linear(0.3), 2, 0.3),
}


def estimates(name, seed, chains=100):
    margin, dimensions, _ = CASES[name]
    generator = np.random.default_rng([seed, 1])
    levels = find_levels(margin, dimensions, generator)
    return levels, sample_events(margin, levels, dimensions, 16, chains, generator)


def test_the_four_branches_have_the_published_probability():
    assert of_four_branches(0.0) == pytest.approx(2.22e-3, rel=0.005)


@pytest.mark.parametrize("name", CASES)
def test_estimates_are_unbiased_and_as_precise_as_their_spread_says(name):
    truth = CASES[name][2]
    means = np.array([estimates(name, seed)[1].probabilities.mean() for seed in range(12)])
    error = means.std(ddof=1) / np.sqrt(len(means))
    assert abs(means.mean() - truth) < 4 * error
    assert error * np.sqrt(len(means)) < 0.2 * truth


@pytest.mark.parametrize("name", ["linear 1e-3", "two modes", "four branches, shifted"])
def test_intervals_cover(name):
    truth, repeats, covered = CASES[name][2], 150, 0
    for seed in range(repeats):
        result = estimates(name, seed + 100, chains=50)[1].probabilities
        mean = result.mean()
        left_out = (len(result) * mean - result) / (len(result) - 1)
        half = half_width(left_out, 0.95, resampled=False) / mean
        covered += abs(np.log(truth / mean)) < half
    assert 0.88 <= covered / repeats <= 0.99


def test_the_law_given_the_event_is_exact():
    # Given that x + y is above a level, the cumulative law of x is that of a normal with a selected tail.
    levels, result = estimates("linear 1e-4", 3)
    law = result.law(result.scores)
    given = law.sum(axis=0)[:, 0] / result.probabilities.sum()
    bound = -ndtri(1e-4) * np.sqrt(10)
    density = norm.pdf(SCORES) * norm.sf((bound - SCORES) / 3) / 1e-4
    exact = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(SCORES))])
    np.testing.assert_allclose(given, exact, atol=0.06)
    assert len(levels.margins) in (3, 4)


def test_distances_are_those_of_the_event_and_chance_keeps_below_its_bound():
    beyond, seen = 0, []
    for seed in range(20):
        _, result = estimates("product", seed)
        distance, chance, above = distances(
            result.probabilities, result.law(result.scores), np.random.default_rng(seed)
        )
        seen.append(distance[:2])
        beyond += distance[2] > chance[2]
        assert max(above[:2]) < 1e-12
    # x0 < 0.01 and x1 < 0.001 are the event; the third input has no share in it.
    np.testing.assert_allclose(np.mean(seen, axis=0), [0.99, 0.999], atol=0.002)
    assert beyond <= 4


def test_chains_start_from_each_state_above_nearly_as_often():
    seeds = _seeds(np.array([0, 1, 0, 1, 1], dtype=bool), 7, np.random.default_rng(1))
    assert sorted(np.bincount(seeds, minlength=5).tolist()) == [0, 0, 2, 2, 3] and not {0, 2} & {*seeds.tolist()}
    # Where there is none, from any.
    assert np.arange(5)[_seeds(np.zeros(5, dtype=bool), 3, np.random.default_rng(1))].tolist() == [0, 0, 0]


def test_what_chance_gives_of_two_populations_is_twice_the_deviation_of_one():
    # Of random signs half agree, for which both together have no deviation; else they have twice that of one.
    laws = np.stack([ndtr(SCORES), ndtr(SCORES)], axis=1), np.stack([ndtr(SCORES - 0.2), ndtr(SCORES)], axis=1)
    probabilities = np.array([1e-3, 3e-3])
    law = np.stack(laws) * probabilities[:, np.newaxis, np.newaxis]
    distance, chance, above = distances(probabilities, law, np.random.default_rng(1))
    apart = np.abs(ndtr(SCORES) - ndtr(SCORES - 0.2)).max()
    # The second population has three fourths of the weight.
    np.testing.assert_allclose(distance, [0.75 * apart, 0], atol=1e-15)
    np.testing.assert_allclose(chance, [2 * 0.25 * 0.75 * apart, 0], atol=1e-15)
    np.testing.assert_allclose(above, [1 - 0.25 * 0.5 - 0.75 * ndtr(-0.2), 0.5], atol=1e-15)


def test_a_margin_in_steps_leads_on_and_one_without_any_does_not():
    def counted(z):
        # The number of 12 inputs in their highest tenth, at least 8: a binomial law.
        return (ndtr(z) > 0.9).sum(axis=1) - 8.0

    generator = np.random.default_rng(1)
    levels = find_levels(counted, 12, generator)
    assert levels.led_on and len(levels.margins) >= 3
    result = sample_events(counted, levels, 12, 16, 100, generator).probabilities
    error = result.std(ddof=1) / 4
    assert abs(result.mean() - binom.sf(7, 12, 0.1)) < 4 * error < binom.sf(7, 12, 0.1)

    flat = find_levels(lambda z: np.full(len(z), -1.0), 2, generator)
    assert flat.led_on and flat.margins == ()
    never = find_levels(lambda z: -1.0 - np.exp(-z[:, 0]), 2, generator)
    assert not never.led_on


def test_the_runs_that_are_counted_are_those_that_were_made():
    seen = []

    def margin(scores):
        seen.append(len(scores))
        return scores[:, 0] - 3.5

    levels = find_levels(margin, 2, np.random.default_rng(1))
    assert levels.runs == sum(seen)
    assert levels.margins
    seen.clear()
    assert sample_events(margin, levels, 2, 4, 20, np.random.default_rng(2)).runs == sum(seen)
