"""SALib's traps are real, and closed."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from SALib.analyze import delta, morris, pawn
from SALib.analyze import sobol as salib_sobol
from SALib.sample import sobol as salib_sample

import clustercast as cc
from clustercast.arrays.indices.intervals import bootstrap_weights
from clustercast.arrays.indices.sobol_panel import sobol_panel
from clustercast.arrays.points.designs import morris_trajectories
from clustercast.errors import InputError
from clustercast.sensitivity import salib
from clustercast.sensitivity.salib import MEASURES, measures_of_column, sobol_columns
from tests.reference.problems import ishigami


def problem():
    return {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[0.0, 1.0]] * 3}


def forecast_of(values, size=128, **design):
    """Return a forecast of given values, which are not looked at, on a design of three inputs."""
    inputs = cc.draw(cc.Priors(**{name: cc.Uniform(0, 1) for name in problem()["names"]}), size, **design)
    return inputs.assign(y=xr.Variable("sample", values, {"role": "output", "units": "1"}))


@pytest.fixture(scope="module")
def values():
    rows = np.clip(salib_sample.sample(problem(), 128, seed=5), 1e-12, 1 - 1e-12)
    return np.stack([ishigami().evaluate(rows), np.exp(rows.sum(axis=1))])


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("second_order", [True, False])
def test_both_engines_agree_on_indices_and_intervals(values, seed, second_order):
    result = sobol_columns(
        values, 3, design_second_order=True, second_order=second_order, confidence=0.8, resamples=40, seed=seed
    )
    ours = sobol_panel(
        values,
        3,
        design_second_order=True,
        second_order=second_order,
        weights=bootstrap_weights(128, 40, seed),
        confidence=0.8,
    )
    for name in ("S1", "ST", "variance", "S1_conf", "ST_conf"):
        np.testing.assert_allclose(ours[name], result[name], rtol=0, atol=1e-12, err_msg=name)
    if second_order:
        np.testing.assert_allclose(ours["S2"], result["S2"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(ours["S2_conf"], result["S2_conf"], rtol=0, atol=1e-12)
    else:
        assert "S2" not in result


def test_seed_zero_is_a_seed(values):
    """SALib itself draws another bootstrap each time it is given seed 0."""
    np.random.seed(1)  # noqa: NPY002
    theirs = [salib_sobol.analyze(problem(), values[0], seed=0)["S1_conf"] for _ in range(2)]
    assert (theirs[0] != theirs[1]).any()
    ours = [sobol_columns(values, 3, design_second_order=True, second_order=True, seed=0) for _ in range(2)]
    np.testing.assert_array_equal(ours[0]["S1_conf"], ours[1]["S1_conf"])


def test_values_that_are_not_finite_are_refused(values):
    """SALib itself answers 0 for every input."""
    broken = values.copy()
    broken[1, 17] = np.inf
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = salib_sobol.analyze(problem(), broken[1], seed=1)
    assert not theirs["S1"].any() and not theirs["ST"].any()
    with pytest.raises(InputError, match="output 'y' has 1 value not finite, the first inf at sample 17"):
        cc.sobol_indices(forecast_of(broken[1], design="saltelli"), engine="salib")


def test_a_constant_column_is_undefined_and_without_a_warning(values):
    result = sobol_columns(np.stack([values[0], np.ones(1024)]), 3, design_second_order=True, second_order=True)
    assert result["variance"][1] == 0 and np.isnan(result["S1"][1]).all() and np.isnan(result["S2"][1]).all()
    assert np.isfinite(result["S1"][0]).all()


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="21 rows"):
        sobol_columns(np.zeros((1, 21)), 3, design_second_order=True, second_order=True)


def test_result_dict_does_what_salibs_own_does(values):
    theirs = salib_sobol.analyze(problem(), values[0], seed=3)
    forecast = forecast_of(values[0], design="saltelli")
    ours = cc.to_salib(cc.sobol_indices(forecast, engine="salib", scale="raw", second_order=True, seed=3))
    for one, other in zip(ours.to_df(), theirs.to_df(), strict=True):
        assert one.equals(other)


def sample():
    rng = np.random.default_rng(2)
    inputs = rng.random((400, 3))
    return inputs, 4 * inputs[:, 0] + inputs[:, 1]


def test_delta_is_salibs_with_a_seed_and_leaves_global_state_alone():
    inputs, values = sample()
    state, filters, formatter = np.random.get_state()[1].copy(), list(warnings.filters), warnings.formatwarning  # noqa: NPY002
    result = measures_of_column("delta", inputs, values, resamples=10, seed=3)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert warnings.filters == filters and warnings.formatwarning is formatter
    formatter = warnings.formatwarning
    try:
        with warnings.catch_warnings():
            theirs = delta.analyze(problem(), inputs, values, num_resamples=10, seed=3)
    finally:
        warnings.formatwarning = formatter
    np.testing.assert_array_equal(result["S1"], theirs["S1"])
    np.testing.assert_array_equal(result["delta"], theirs["delta_raw"] if "delta_raw" in theirs else theirs["delta"])
    assert result["delta"].argmax() == 0


def test_an_input_without_a_density_is_named(monkeypatch):
    inputs, values = sample()
    none = {"delta": [0.1, np.nan, 0.2], "delta_conf": [0.0] * 3, "S1": [0.1] * 3, "S1_conf": [0.0] * 3}
    own = SimpleNamespace(analyze=lambda *args, **options: none)
    monkeypatch.setattr(salib, "import_module", lambda name: own)
    with pytest.raises(InputError, match="no delta for input 1 of 3"):
        measures_of_column("delta", inputs, values)


def test_pawn_is_salibs():
    inputs, values = sample()
    result = measures_of_column("pawn", inputs, values)
    theirs = pawn.analyze(problem(), inputs, values, S=10, seed=1)
    for key, part in result.items():
        np.testing.assert_array_equal(part, theirs[key])


@pytest.mark.parametrize("seed", [0, 4])
def test_morris_finds_the_slopes_of_a_plane(seed):
    points = morris_trajectories(seed, 3, 8).reshape(-1, 3)
    result = measures_of_column("morris", points, points @ [3.0, -2.0, 0.0], seed=seed)
    np.testing.assert_allclose(result["mu"], [3, -2, 0], atol=1e-12)
    np.testing.assert_allclose(result["mu_star"], [3, 2, 0], atol=1e-12)
    np.testing.assert_allclose(result["sigma"], 0, atol=1e-12)
    theirs = morris.analyze(problem(), points, points[:, 0] ** 2, seed=4)
    np.testing.assert_allclose(measures_of_column("morris", points, points[:, 0] ** 2)["mu_star"], theirs["mu_star"])


@pytest.mark.parametrize("output", [lambda x: np.floor(2 * x), lambda x: np.where(x < 0.5, 0, x)])
def test_an_output_with_a_value_that_has_a_probability_has_no_density_to_compare(output):
    inputs = np.random.default_rng(1).random((256, 3))
    with pytest.raises(InputError, match="% of the samples have one value.*use pawn_indices"):
        measures_of_column("delta", inputs, output(inputs[:, 0]), resamples=3)


@pytest.mark.parametrize("measure", MEASURES)
def test_other_measures_refuse_values_that_are_not_finite(measure):
    # Of Morris' design a trajectory has four rows.
    design = {"size": 100, "design": "morris"} if measure == "morris" else {"size": 400}
    forecast = forecast_of(np.where(np.arange(400) == 7, np.nan, 1.0), **design)
    with pytest.raises(InputError, match="not finite"):
        {"delta": cc.delta_indices, "pawn": cc.pawn_indices, "morris": cc.morris_effects}[measure](forecast)


def test_what_salib_only_warns_of_is_an_error():
    """SALib notes a failed bin and answers NaN for the input."""
    inputs, values = sample()
    inputs[:, 1] = 0.5
    with pytest.raises(InputError, match="no delta for input 1 of 3"):
        measures_of_column("delta", inputs, values, resamples=3)
