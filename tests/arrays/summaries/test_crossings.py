import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clustercast.arrays.summaries import first_crossing
from clustercast.errors import InputError

TIMES = np.arange(2022.0, 2031.0)
PATHS = hnp.arrays(float, st.tuples(st.just(9), st.integers(1, 6)), elements=st.floats(-10, 10, allow_subnormal=False))


@given(st.floats(-3, 3), st.floats(0.05, 2), st.floats(0.01, 7.9))
def test_exponential_growth_crosses_where_its_formula_says(start, rate, elapsed):
    path = 10 ** (start + rate * (TIMES - 2022))
    level = 10 ** (start + rate * elapsed)
    result = first_crossing(path, TIMES, level, logarithmic=True)
    assert result == pytest.approx(2022 + elapsed, abs=1e-6)


@given(st.floats(-100, 100), st.floats(0.1, 50), st.floats(0.01, 7.9), st.booleans())
def test_a_straight_line_crosses_where_its_formula_says(start, slope, elapsed, falling):
    sign = -1 if falling else 1
    path = start + sign * slope * (TIMES - 2022)
    assert first_crossing(path, TIMES, start + sign * slope * elapsed, falling=falling) == pytest.approx(
        2022 + elapsed, abs=1e-6
    )


@given(PATHS, st.floats(-10, 10), st.booleans())
def test_crossing_by_a_grid_time_is_having_been_there(paths, level, interpolate):
    result = first_crossing(paths, TIMES, level, interpolate=interpolate)
    been = np.logical_or.accumulate(paths >= level)
    for i, time in enumerate(TIMES):
        assert np.array_equal(result <= time, been[i])


@given(PATHS, st.floats(-10, 10))
def test_without_interpolation_it_is_the_first_grid_time_of_a_plain_loop(paths, level):
    for column, result in enumerate(first_crossing(paths, TIMES, level, interpolate=False)):
        expected = next((t for t, v in zip(TIMES, paths[:, column], strict=True) if v >= level), np.inf)
        assert result == (-np.inf if paths[0, column] > level else expected)


@given(PATHS, st.floats(-10, 10))
def test_falling_is_rising_upside_down(paths, level):
    assert np.array_equal(first_crossing(-paths, TIMES, -level, falling=True), first_crossing(paths, TIMES, level))


def test_a_path_that_falls_back_is_counted_at_its_first_crossing():
    assert first_crossing(np.array([0.0, 4, 0, 8]), np.arange(4.0), 2.0) == 0.5


def test_a_level_met_exactly_is_reached_then():
    assert first_crossing(np.array([1.0, 10, 100]), TIMES[:3], 10.0, logarithmic=True) == 2023
    assert first_crossing(np.array([1.0, 10, 100]), TIMES[:3], 1.0) == 2022
    assert first_crossing(np.array([1.0]), TIMES[:1], 1.0) == 2022


def test_some_paths_are_interpolated_in_log10_and_others_not():
    paths = np.array([[1.0, 0.0, 1.0], [100.0, 100.0, 100.0]])
    crossed = first_crossing(paths, TIMES[:2], 10.0, logarithmic=np.array([True, False, False]))
    step = TIMES[1] - TIMES[0]
    assert crossed == pytest.approx(TIMES[0] + step * np.array([0.5, 0.1, 1 / 11]))


@pytest.mark.parametrize(
    ("values", "times", "level", "logarithmic", "message"),
    [
        (np.ones(3), np.array([1.0, 1, 2]), 1.0, False, "increasing"),
        (np.ones(3), np.array([1.0, 2]), 1.0, False, "increasing"),
        (np.ones(0), np.ones(0), 1.0, False, "increasing"),
        (np.array([0.0, 1]), np.array([1.0, 2]), 1.0, True, "not above 0"),
        (np.array([1.0, 2]), np.array([1.0, 2]), -1.0, True, "not above 0"),
        (np.array([1.0, 2]), np.array([1.0, 2]), 0.0, True, "not above 0"),
        (np.array([[0.0, 1], [2, 2]]), np.array([1.0, 2]), 1.0, np.array([True, False]), "not above 0"),
    ],
)
def test_bad_input_is_refused(values, times, level, logarithmic, message):
    with pytest.raises(InputError, match=message):
        first_crossing(values, times, level, logarithmic=logarithmic)
