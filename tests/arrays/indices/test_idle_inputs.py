import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.arrays.indices import sobol_panel
from clustercast.arrays.indices.intervals import bootstrap_weights
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, Runs
from clustercast.arrays.indices.sobol_panel import standing_for_idle

INPUTS, POINTS = 6, 32


def standing_of(rows):
    return standing_for_idle(Runs.of(rows, INPUTS))


def column_of(active, seed):
    """Rows of a Saltelli design of a function with interactions of the active inputs alone."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, POINTS, INPUTS))
    swaps = [np.where(np.arange(INPUTS) == j, y, x) for x, y in ((a, b), (b, a)) for j in range(INPUTS)]
    rows = np.stack([a, *swaps, b], axis=1)[..., active]
    return np.prod(1 + rows * np.linspace(0.3, 1, len(active)), axis=-1).reshape(1, -1)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("second_order", [True, False])
@given(active=st.sets(st.integers(0, INPUTS - 1), min_size=1), seed=st.integers(0, 2**32), resampled=st.booleans())
def test_idle_inputs_have_the_indices_that_each_would_have_alone(estimator, second_order, active, seed, resampled):
    values = column_of(sorted(active), seed)
    intervals = {"weights": bootstrap_weights(POINTS, 5, seed)} if resampled else {"replicates": 4}
    settings = {"estimator": ESTIMATORS[estimator], "design_second_order": True, "second_order": second_order}
    settings |= intervals
    result = sobol_panel.sobol_panel(values, INPUTS, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sobol_panel, "standing_for_idle", lambda runs, fewest: None)
        expected = sobol_panel.sobol_panel(values, INPUTS, **settings)
    assert set(result) == set(expected)
    for name, value in expected.items():
        assert np.allclose(result[name], value, rtol=1e-9, atol=1e-9, equal_nan=True), name


@pytest.mark.parametrize("run", [1, 6, 7, 12])
def test_an_input_that_changes_one_run_of_the_last_point_is_not_idle(run):
    # Runs 1 to 6 are those of AB, 7 to 12 those of BA; the first points show all inputs idle but 3.
    rows = np.tile(column_of([2], 1).reshape(POINTS, -1), (8, 1))
    idle = {0, 1, 3, 4, 5}
    assert set(np.flatnonzero(standing_of(rows).place != 1)) == idle
    rows[-1, run] += 1
    standing = standing_of(rows)
    changed = (run - 1) % INPUTS
    assert changed in standing.kept[1:-1]
    assert set(np.flatnonzero(standing.place == 0)) == idle - {changed}


def test_three_idle_inputs_of_which_one_changes_the_last_point_are_all_analysed():
    rows = np.tile(column_of([2, 3, 4], 1).reshape(POINTS, -1), (8, 1))
    assert standing_of(rows).place.tolist() == [0, 0, 1, 2, 3, 0]
    rows[-1, 1] += 1
    assert standing_of(rows) is None


def test_inputs_that_change_nothing_one_at_a_time_have_indices_of_0():
    rows = np.tile([0.0, 0, 0, 0, 1], (4, 1)) * np.arange(1, 5)[:, np.newaxis]
    result = sobol_panel.sobol_panel(rows.reshape(1, -1), 3)
    assert result["S1"].tolist() == result["ST"].tolist() == [[0, 0, 0]]


def test_one_idle_input_before_the_others_and_one_after_stand_for_all():
    rows = column_of([2, 4], 1).reshape(POINTS, -1)
    standing = standing_of(rows)
    assert standing.kept.tolist() == [0, 2, 4, 5]
    assert standing.place.tolist() == [0, 0, 1, 0, 2, 0]
    assert standing.last_place.tolist() == [3, 3, 1, 3, 2, 3]
    runs = Runs.of(rows, INPUTS).of_inputs(standing.kept)
    assert np.array_equal(runs.a_change, (rows[:, [1, 3, 5, 6]] - rows[:, :1]).T)
    assert np.array_equal(runs.b_change, (rows[:, [7, 9, 11, 12]] - rows[:, -1:]).T)
    lean = Runs.of(rows[:, [*range(INPUTS + 1), -1]], INPUTS).of_inputs(standing.kept)
    assert np.array_equal(lean.a_change, runs.a_change) and not len(lean.b_change)
    # With two of them idle there is nothing to leave out.
    assert standing_of(column_of([0, 1, 2, 3], 1).reshape(POINTS, -1)) is None
