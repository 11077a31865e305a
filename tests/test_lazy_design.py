"""Rows of a large Saltelli design are made from A and B when they are read, and are those of a small one."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast import sampling
from clustercast.arrays.points.designs import SwappedColumn

PRIORS = cc.Priors(
    cc.Correlation(("y", "z"), 0.5), x=cc.Uniform(0, 1), y=cc.Normal(0, 1), z=cc.Uniform(1, 2), w=cc.Uniform(0, 3)
)


@cc.quantity("1")
def total(x, y, z, w):
    """The sum of all."""
    return x + y * z + w


@pytest.fixture
def lazy(monkeypatch):
    """Return the same design twice, once with rows that are made when they are read."""
    held = cc.draw(PRIORS, 64, design="saltelli", replicates=4, seed=3)
    monkeypatch.setattr(sampling, "LARGE", 0)
    return held, cc.draw(PRIORS, 64, design="saltelli", replicates=4, seed=3)


@given(
    points=st.integers(1, 6),
    swaps=st.lists(st.booleans(), min_size=1, max_size=5),
    start=st.integers(-40, 40),
    stop=st.integers(-40, 40),
    step=st.sampled_from([None, 1, 2, -1, -3]),
)
def test_any_rows_of_a_column_are_those_of_all_of_them(points, swaps, start, stop, step):
    a, b = np.arange(points) + 0.0, np.arange(points) + 100.0
    column = SwappedColumn(np.column_stack([a, b]), np.array(swaps))
    whole = np.where(swaps, b[:, np.newaxis], a[:, np.newaxis]).reshape(-1)
    np.testing.assert_array_equal(column, whole)
    np.testing.assert_array_equal(column[start:stop:step], whole[start:stop:step])
    some = np.arange(0, len(whole), 2)
    np.testing.assert_array_equal(column[some], whole[some])
    assert column[-1] == whole[-1] and len(column) == len(whole)


def test_both_are_one_dataset_and_give_one_answer(lazy):
    held, made = lazy
    xr.testing.assert_identical(held.drop_attrs(), made.drop_attrs())
    assert cc.provenance_of(held)["drawn"] == cc.provenance_of(made)["drawn"]
    part = {"sample": slice(5, 40)}
    xr.testing.assert_identical(held.isel(part).drop_attrs(), made.isel(part).drop_attrs())
    answers = [cc.sobol_indices(cc.propagate(one, model=cc.Model([total])), second_order=True) for one in (held, made)]
    xr.testing.assert_identical(*(one.drop_attrs() for one in answers))
    forms = {
        "arrays": lambda x, y, z, w: x + y * z + w,
        "matrix": lambda rows: rows[:, 0] + rows[:, 1] * rows[:, 2] + rows[:, 3],
    }
    for form, function in forms.items():
        run = [cc.evaluate(one, function, outputs={"total": "1"}, form=form)["total"].values for one in (held, made)]
        np.testing.assert_array_equal(*run)


@pytest.mark.parametrize("rows", [[0, 1], [3], slice(1, 5), slice(None, None, -1)])
def test_chosen_rows_are_run_as_those_of_a_small_design(lazy, rows):
    held, made = (cc.propagate(one.isel(sample=rows), model=cc.Model([total]))["total"].values for one in lazy)
    np.testing.assert_array_equal(made, held)


def _by_place(inputs):
    inputs["x"][4] = 9.0


def _by_values(inputs):
    inputs["x"].values[4] = 9.0


def _in_place(inputs):
    inputs["x"] *= 2


@pytest.mark.parametrize("change", [_by_place, _by_values, _in_place])
def test_what_is_written_to_an_input_stays(lazy, change):
    held, made = lazy
    for one in lazy:
        change(one)
    np.testing.assert_array_equal(made["x"].values, held["x"].values)
    ran = cc.propagate(made, model=cc.Model([total]))
    np.testing.assert_array_equal(ran["total"].values, cc.propagate(held, model=cc.Model([total]))["total"].values)
    assert cc.provenance_of(ran)["edited"] == ["x"]
    if change is not _in_place:
        with pytest.raises(cc.InputError, match="should repeat"):
            cc.sobol_indices(ran)


def test_an_input_under_the_name_of_another_is_refused(lazy):
    for one in lazy:
        with pytest.raises(cc.InputError, match=r"'x' does not vary.*sample 1 should"):
            cc.sobol_indices(cc.propagate(one.rename(x="w", w="x"), model=cc.Model([total])))


def test_a_design_that_grows_gives_the_same_indices(monkeypatch):
    grown = []
    for large in (1 << 40, 0):
        monkeypatch.setattr(sampling, "LARGE", large)
        grown.append(cc.run_sobol(PRIORS, model=cc.Model([total]), size=64, scale="raw", until=0.05))
        assert int(cc.design_of(grown[-1])["size"]) > 64
    xr.testing.assert_identical(*(one.drop_attrs() for one in grown))


def test_pieces_of_a_design_of_many_inputs_are_those_of_one_of_few(lazy):
    in_pieces, whole = (
        cc.run_sobol(PRIORS, model=cc.Model([total]), size=64, scale="raw", **how) for how in ({"memory": 1}, {})
    )
    np.testing.assert_allclose(in_pieces["ST"], whole["ST"], rtol=1e-9)


def test_what_is_changed_or_stored_is_held(lazy, tmp_path):
    held, made = lazy
    xr.testing.assert_identical(
        cc.read_netcdf(cc.write_netcdf(made, tmp_path / "design.nc")).drop_attrs(), held.drop_attrs()
    )
    changed = made.assign(x=made["x"] * 2)
    with pytest.raises(cc.InputError, match="shuffled|order|vary|samples"):
        cc.sobol_indices(cc.propagate(changed.isel(sample=slice(None, None, -1)), model=cc.Model([total])))


def test_a_design_of_500_inputs_with_second_order_takes_less_than_200_megabytes():
    priors = cc.Priors(**{f"x{place}": cc.Uniform(0, 1) for place in range(500)})
    tracemalloc.start()
    design = cc.draw(priors, 1024, design="saltelli", seed=1)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert design.sizes["sample"] == 1024 * 1002
    assert held < 50e6 and peak < 200e6
