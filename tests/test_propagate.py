"""Propagation: closed forms, units at both doors, any block size, and what is refused."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast import propagation as propagate_module
from clustercast.errors import InputError


@cc.quantity("GW")
def cluster_power(size, power_per_accelerator):
    """Power of the cluster."""
    return size * power_per_accelerator


@cc.quantity("TWh/year")
def energy(cluster_power, load_factor):
    return cluster_power * load_factor


@cc.quantity("H100e")
def size(start, growth, year, start_year):
    return start * np.exp(growth * (year - start_year) * np.log(10))


MODEL = cc.Model([cluster_power, energy, size])


def priors(**changed):
    return cc.Priors(
        **{
            "start": cc.LogNormal.from_quantiles({0.05: 9, 0.95: 11}, unit="kH100e"),
            "growth": cc.Normal(0.04, 0.004, unit="OOM/month"),
            "start_year": cc.Fixed(2022, unit="year"),
            "power_per_accelerator": cc.Uniform(1.2, 1.6, unit="kW/H100e"),
            "load_factor": cc.Uniform(60, 90, unit="percent"),
        }
        | changed
    )


def test_units_are_converted_at_both_doors():
    inputs = cc.draw(priors(), 50, seed=3)
    forecast = cc.propagate(inputs, model=MODEL, years=[2022, 2024], outputs=["cluster_power", "energy", "size"])
    start, power = inputs["start"].values * 1e3, inputs["power_per_accelerator"].values * 1e3
    size_by_hand = start * 10 ** (inputs["growth"].values * 12 * np.array([[0.0], [2.0]]))
    np.testing.assert_allclose(forecast["size"], size_by_hand, rtol=1e-12)
    np.testing.assert_allclose(forecast["cluster_power"], size_by_hand * power / 1e9, rtol=1e-12)
    gigawatts, share = forecast["cluster_power"].values, inputs["load_factor"].values / 100
    np.testing.assert_allclose(forecast["energy"], gigawatts * share * 8.760, rtol=1e-12)
    assert forecast["energy"].dims == ("year", "sample")
    assert forecast["energy"].units == "TWh/year"
    assert forecast["cluster_power"].long_name == "Power of the cluster"


@given(st.integers(1, 700), st.sampled_from([1, 7, 64, 2048]))
def test_the_block_size_does_not_show(rows, block):
    inputs = cc.draw(priors(), rows, seed=rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(propagate_module, "BLOCK", block)
        one = cc.propagate(inputs, model=MODEL, years=[2023.5], outputs="energy")
        patch.setattr(propagate_module, "BLOCK", 10_000)
        other = cc.propagate(inputs, model=MODEL, years=[2023.5], outputs="energy")
    assert np.array_equal(one["energy"], other["energy"])


def test_the_same_physics_in_any_units_gives_the_same_outputs():
    other_units = priors(
        start=cc.LogNormal.from_quantiles({0.05: 9000, 0.95: 11000}, unit="H100e"),
        growth=cc.Normal(0.48, 0.048, unit="OOM/year"),
        power_per_accelerator=cc.Uniform(0.0012, 0.0016, unit="MW/H100e"),
        load_factor=cc.Uniform(0.6, 0.9, unit="1"),
        start_year=cc.Fixed(2022 * 12, unit="month"),
    )
    one, other = (cc.propagate(cc.draw(p, 100, seed=5), model=MODEL, outputs="energy") for p in (priors(), other_units))
    np.testing.assert_allclose(one["energy"], other["energy"], rtol=1e-9)


def test_the_result_says_where_it_came_from(monkeypatch):
    monkeypatch.setattr(
        sys, "orig_argv", ["python", "-m", "analyses.sobol", "--priors", "own.toml", "--set", "a=$1/year"]
    )
    forecast = cc.propagate(cc.draw(priors(), 8, seed=11), model=MODEL, outputs="energy")
    record = cc.provenance_of(forecast)
    assert record["design"]["seed"] == 11
    assert record["priors_hash"] == priors().hash
    assert record["model_hash"] == MODEL.hash
    assert record["versions"]["numpy"] == np.__version__
    assert record["command"] == " ".join(sys.orig_argv)


@pytest.mark.parametrize("folder", ["/home/one/my runs/", "/", "C:\\Users\\one\\runs\\", "C:/"])
def test_the_command_names_files_without_their_folders(folder, monkeypatch):
    monkeypatch.setattr(
        sys, "orig_argv", [f"{folder}python", f"{folder}run.py", f"--priors={folder}own.toml", "a/b.csv"]
    )
    record = cc.provenance_of(cc.draw(priors(), 8, seed=11))
    assert record["command"] == "python run.py --priors=own.toml a/b.csv"


def test_a_forecast_is_propagated_again_by_its_inputs_alone():
    inputs = cc.draw(priors(), 8, seed=11).assign_coords(label=("sample", list("abcdefgh")), case=("case", [1, 2]))
    first = cc.propagate(inputs, model=MODEL, years=[2022, 2023, 2024])
    again = cc.propagate(first, model=MODEL, years=[2030, 2031], outputs="energy")
    assert again.identical(cc.propagate(inputs, model=MODEL, years=[2030, 2031], outputs="energy"))
    assert set(again.data_vars) == {*priors(), "energy"}
    assert set(again.coords) == {"sample", "label", "year"}
    flat = cc.propagate(first, model=MODEL.pin(size=1.0), outputs="cluster_power")
    assert set(flat.coords) == {"sample", "label"}


def test_dates_are_years():
    inputs = cc.draw(priors(), 4, seed=1)
    plain = cc.propagate(inputs, model=MODEL, years=[2026.5, 2030])
    for dates in (np.array(["2026-07", "2030-01"], "datetime64[M]"), ["2026-07-01", "2030"]):
        np.testing.assert_array_equal(cc.propagate(inputs, model=MODEL, years=dates)["size"], plain["size"])
    with pytest.raises(InputError, match="month 13"):
        cc.propagate(inputs, model=MODEL, years=["2026-13"])


def test_an_output_without_years_has_no_year():
    @cc.quantity("1")
    def ishigami(x1, x2, x3):
        return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)

    x = cc.Uniform(-np.pi, np.pi)
    forecast = cc.propagate(cc.draw(cc.Priors(x1=x, x2=x, x3=x), 16, seed=1), model=cc.Model([ishigami]))
    assert forecast["ishigami"].dims == ("sample",)
    assert "year" not in forecast.coords
    x1, x2, x3 = (forecast[name].values for name in ("x1", "x2", "x3"))
    np.testing.assert_array_equal(forecast["ishigami"], np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ([], "there are no years"),
        ([2024, 2024], "repeated at 2024, 2024"),
        ([2025, 2024], "unsorted at 2025, 2024"),
        ([2024, np.nan], "finite"),
        (["soon"], "cannot read .soon. as a date"),
        (2024, "increasing numbers"),
        ([54], "54 is no year from 1000 to 9999; write it as 2024"),
        ([2024, 202406], "202406 is no year from 1000 to 9999; write it as 2024"),
        ([-1, 2024], "-1 is no year from 1000 to 9999"),
    ],
)
def test_years_that_cannot_be(years, message):
    with pytest.raises(InputError, match=message):
        cc.propagate(cc.draw(priors(), 4), model=MODEL, years=years)


def test_a_prior_of_the_wrong_unit_is_named_with_the_quantity_that_uses_it():
    inputs = cc.draw(priors(power_per_accelerator=cc.Uniform(1, 2, unit="USD/H100e")), 4)
    with pytest.raises(InputError, match=r"'cluster_power' \(.*test_propagate.py:\d+\) declares 'GW'.*\[USD/H100e\]"):
        cc.propagate(inputs, model=MODEL)


def test_a_quantity_that_drops_or_mixes_units_is_found_by_its_numbers():
    @cc.quantity("W")
    def stripped(power):
        return np.asarray(power.magnitude if hasattr(power, "magnitude") else power) * power / power

    @cc.quantity("W")
    def mixed(power):
        return power * np.tanh(power.magnitude if hasattr(power, "magnitude") else power)

    @cc.quantity("W")
    def added(power, share):
        return power + share

    watts, share = cc.Uniform(1, 2, unit="GW"), cc.Uniform(1, 2)
    for function, drawn in (
        (stripped, {"power": watts}),
        (mixed, {"power": watts}),
        (added, {"power": watts, "share": share}),
    ):
        with pytest.raises(InputError, match=rf"quantity '{function.__name__}' \(.*test_propagate.py:\d+\)"):
            cc.propagate(cc.draw(cc.Priors(**drawn), 4), model=cc.Model([function]))


def test_a_quantity_of_the_wrong_shape_is_refused():
    @cc.quantity("1")
    def summed(x):
        return np.stack([x, x])

    with pytest.raises(InputError, match=r"'summed' \(.*\) has shape \(2, 3\) for 1 years and 3 samples"):
        cc.propagate(cc.draw(cc.Priors(x=cc.Uniform(0, 1)), 8), model=cc.Model([summed]))


def test_a_quantity_that_is_not_finite_is_named():
    @cc.quantity("1")
    def ratio(x):
        return x / (x - x)

    with pytest.raises(InputError, match=r"'ratio' \(.*\) is not finite: (divide by zero|invalid)"):
        cc.propagate(cc.draw(cc.Priors(x=cc.Uniform(0, 1)), 8), model=cc.Model([ratio]))
    either = cc.Priors(x=cc.Discrete((-2.0, 3.0), (0.5, 0.5)))

    @cc.quantity("1")
    def logarithm(x):
        return np.log(x)

    with pytest.raises(InputError, match="invalid value encountered in log, with x -2 to 3 in coherent units"):
        cc.propagate(cc.draw(either, 64), model=cc.Model([logarithm]))


def test_an_output_that_is_not_finite_in_its_declared_unit_is_named():
    @cc.quantity("day")
    def delay(waiting):
        return waiting * 1.0

    with pytest.raises(InputError, match="output 'delay' is not finite in its declared unit: overflow"):
        cc.propagate(
            cc.draw(cc.Priors(waiting=cc.LogUniform(1e305, 1e308, unit="year")), 50, seed=1), model=cc.Model([delay])
        )


def test_an_unused_a_missing_and_an_unlabelled_input_are_refused():
    inputs = cc.draw(priors(), 4)
    with pytest.raises(InputError, match="'extra' is used by no quantity"):
        cc.propagate(cc.draw(priors(extra=1.0), 4), model=MODEL)
    with pytest.raises(InputError, match="'size' .* needs 'growth'"):
        cc.propagate(inputs.drop_vars("growth"), model=MODEL)
    with pytest.raises(InputError, match="coordinate 'size', which is an output too"):
        cc.propagate(inputs.assign_coords(size=("sample", np.arange(4.0))), model=MODEL)
    del inputs["growth"].attrs["units"]
    with pytest.raises(InputError, match="'growth' has no attribute 'units'"):
        cc.propagate(inputs, model=MODEL)


def test_a_proof_of_units_is_not_taken_for_that_of_another_model():
    """Same names, units and shapes; only the code differs."""

    @cc.quantity("W")
    def power(x):
        return x

    right = cc.Model([power])

    @cc.quantity("W")
    def power(x):
        return x * x

    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2, unit="W")), 8)
    cc.propagate(inputs, model=right)
    with pytest.raises(InputError, match="'power' .* declares 'W'"):
        cc.propagate(inputs, model=cc.Model([power]))


def test_years_for_which_a_set_was_not_made_are_named_in_the_result():
    drawn = cc.draw(cc.read_priors("evidence_2026"), 4, seed=1)
    inside = cc.propagate(drawn, years=[2024, 2040], outputs="ai_investment")
    assert "warning" not in inside.attrs
    result = cc.propagate(drawn, years=[2022, 2030, 2045], outputs="ai_investment")
    assert result.attrs["warning"] == "Outside 2024 to 2040, for which evidence_2026 was made: 2022, 2045."
