"""The whole order: growing designs, and inputs that do not matter."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.errors import InputError

U = cc.Uniform(0, 1)


@cc.quantity("1")
def weighted(x, y):
    return x + 2 * y


@cc.quantity("1")
def other(z):
    return z


MODEL = cc.Model([weighted, other])
PRIORS = cc.Priors(x=U, y=U, z=U)


def test_a_linear_sum_has_the_shares_of_its_coefficients_squared():
    indices = cc.run_sobol(PRIORS, model=MODEL, outputs=["weighted"], size=512, scale="raw")
    found = indices.sel(output="weighted")
    assert list(indices["input"].values) == ["x", "y"]
    np.testing.assert_allclose(found["S1"], [0.2, 0.8], atol=0.01)
    np.testing.assert_allclose(found["ST"], [0.2, 0.8], atol=0.01)


def test_a_design_that_grew_is_the_design_drawn_at_once():
    arguments = {"model": MODEL, "outputs": ["weighted"], "scale": "raw", "seed": 5, "replicates": 4}
    grown = cc.run_sobol(PRIORS, size=64, until=1e-9, budget=64 * 6 * 8, **arguments)
    whole = cc.run_sobol(PRIORS, size=512, **arguments)
    np.testing.assert_array_equal(grown["ST"], whole["ST"])
    np.testing.assert_array_equal(grown["S1_conf"], whole["S1_conf"])
    assert grown.attrs["reached"] == 0
    assert "would exceed the budget of 3,072" in grown.attrs["statement"]


def test_it_stops_as_soon_as_the_target_is_met():
    indices = cc.run_sobol(PRIORS, model=MODEL, outputs=["weighted"], scale="raw", size=64, until=0.2)
    assert indices.attrs["reached"] == 1
    assert indices.attrs["widest"] <= 0.2
    assert float(indices["S1_conf"].max()) <= indices.attrs["widest"]


def test_only_new_rows_are_run():
    rows = []

    @cc.quantity("1")
    def counted(x, y):
        rows.append(np.size(x))
        return x + y

    cc.run_sobol(
        cc.Priors(x=U, y=U),
        model=cc.Model([counted]),
        size=64,
        until=1e-9,
        budget=64 * 6 * 4,
        replicates=2,
        scale="raw",
    )
    assert sum(n for n in rows if n > 3) == 64 * 6 * 4


def test_a_target_of_zero_is_refused():
    with pytest.raises(InputError, match="until is 0; give a half-width above 0"):
        cc.run_sobol(PRIORS, model=MODEL, until=0)
