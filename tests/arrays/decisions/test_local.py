"""What a regression leaves in places against the same sample after sample, and on what is noise, a step or an event."""

import itertools

import numpy as np
import pytest
from scipy.special import ndtr

from clustercast.arrays.decisions.local import cells_of, corrected
from tests.reference import plain_values as plain


def drawn(size, inputs=3):
    """Return normal columns (size, inputs), a step in two of them, noise, and which half is known."""
    generator = np.random.default_rng(4)
    x = generator.normal(size=(size, inputs))
    return x, 1.0 * (x[:, 0] > x[:, inputs // 2] ** 2), generator.normal(size=size), np.arange(size) % 2 == 0


@pytest.mark.parametrize("inputs", [1, 2, 4])
def test_what_is_left_in_places_is_that_of_sample_after_sample(inputs):
    x, _, noise, known = drawn(160, inputs)
    step = np.sign(x).prod(axis=1)
    values = np.stack([step, step + 0.3 * noise, noise, step > 0], axis=1)
    predicted = np.stack([0.1 * noise, 0.2 * step, 0 * step, ndtr(noise)], axis=1)
    events = np.arange(4) == 3
    result, chosen = corrected(cells_of(x), known, predicted, values, events)
    assert sorted(chosen) == ([] if inputs == 1 else [0, 1, 3])
    for k in range(4):
        exact, columns = plain.corrected(x, known, predicted[:, k], values[:, k], events[k])
        rows = ~known if events[k] else slice(None)
        np.testing.assert_allclose(result[rows, k], exact[rows], rtol=1e-9, err_msg=str(k))
        assert chosen.get(k) == columns


def test_every_two_three_and_four_columns_have_cells():
    places = [chosen for count in (2, 3, 4) for chosen in itertools.combinations(range(4), count)]
    result = cells_of(drawn(400, 4)[0])
    assert [*result] == places and all(8 < len(np.unique(members)) for members in result.values())


def test_what_is_noise_is_seldom_put_right_and_then_by_little():
    x, *_, known = drawn(1000)
    noise = np.random.default_rng(5).normal(size=(1000, 30))
    noise[:, 0] = 0
    result, chosen = corrected(cells_of(x), known, 0 * noise, noise, np.zeros(30, bool))
    assert 0 not in chosen and 0 < len(chosen) < 6
    assert (result**2).mean(axis=0).max() < 0.05
    assert not result[:, [k for k in range(30) if k not in chosen]].any()
    # Of samples that are far from each other nothing is known.
    few, chosen = corrected(cells_of(x[:9]), known[:9], 0 * noise[:9], noise[:9], np.zeros(30, bool))
    assert not chosen and not few.any()


def test_a_step_and_its_probability_are_found_in_their_columns_without_the_values_of_those_predicted():
    x, step, noise, known = drawn(4000)
    chance = 0.05 + 0.9 * step
    values = np.stack([step + 0.5 * noise, ndtr(noise) < chance], axis=1)
    events = np.array([False, True])
    flat = np.tile(values.mean(axis=0), (4000, 1))
    result, chosen = corrected(cells_of(x), known, flat, values, events)
    assert chosen == {0: (0, 1), 1: (0, 1)}
    lost = ((result - np.stack([step, chance], axis=1))[~known] ** 2).mean(axis=0)
    assert (lost < 0.25 * np.array([step.var(), chance.var()])).all()
    assert 0 < result[:, 1].min() and result[:, 1].max() < 1
    again, _ = corrected(cells_of(x), known, flat, np.where(known[:, np.newaxis], values, -9), events)
    np.testing.assert_array_equal(result, again)
