"""Sobol' indices of labelled forecasts: exact values, labels, refusals, warnings and files."""

import json

import numpy as np
import pytest
import xarray as xr
from SALib.analyze import sobol as salib_sobol
from SALib.sample import sobol as salib_sample

from clustercast.dataset import design_of, provenance, provenance_of, with_provenance
from clustercast.errors import InputError
from clustercast.sensitivity import sobol
from clustercast.sensitivity.salib import delta_indices, pawn_indices, to_salib
from clustercast.sensitivity.sobol import ranking_resolved, sobol_indices, time_integrated
from tests.reference.problems import PROBLEMS, ishigami, product_of_lognormals

YEARS = np.array([2022.0, 2023.0, 2024.0])
CONSTANT_THEN_GROWING = np.array([0.0, 1.0, 2.0])


def unit_rows(inputs, points, second_order=True, replicates=1, seed=1, kind="sobol"):
    """SALib's own rows on the unit cube, one scramble after another."""
    problem = {"num_vars": inputs, "names": [f"x{i}" for i in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}
    if kind == "random":
        base = np.random.default_rng(seed).random((points, 2 * inputs))
        a, b = base[:, :inputs], base[:, inputs:]
        rows = [a, *(np.where(np.arange(inputs) == i, b, a) for i in range(inputs))]
        rows += [np.where(np.arange(inputs) == i, a, b) for i in range(inputs)] if second_order else []
        return np.stack([*rows, b], axis=1).reshape(-1, inputs)
    parts = [
        salib_sample.sample(problem, points // replicates, calc_second_order=second_order, seed=seed + r)
        for r in range(replicates)
    ]
    return np.clip(np.concatenate(parts), 1e-12, 1 - 1e-12)


def labelled(rows, outputs, *, size, second_order=True, replicates=1, points="sobol", swaps=None):
    """A forecast as `propagate` makes it, from rows of the unit cube and outputs by name."""
    names = [f"x{i}" for i in range(rows.shape[1])]
    variables = {name: ("sample", rows[:, i].copy(), {"role": "input", "units": "1"}) for i, name in enumerate(names)}
    for name, values in outputs.items():
        unit = "1" if name == "ishigami" else "GW"
        variables[name] = (("year", "sample")[-values.ndim :], values, {"role": "output", "units": unit})
    coords = {"sample": np.arange(len(rows))}
    if any(values.ndim == 2 for values in outputs.values()):
        coords["year"] = YEARS
    design = {
        "name": "saltelli",
        "seed": 1,
        "size": size,
        "second_order": second_order,
        "replicates": replicates,
        "points": points,
        "swaps": swaps or {name: [name] for name in names},
    }
    record = {"priors_name": "test", "priors_hash": "0123", "design": design, "inputs": names}
    return xr.Dataset(variables, coords, provenance(record))


def growing(rows):
    """Log-normal by year: log y = x0 + t x1, so that Var_t = (1 + t^2) / 12 and S_x1 = t^2 / (1 + t^2)."""
    return np.exp(rows[:, 0] + CONSTANT_THEN_GROWING[:, np.newaxis] * rows[:, 1])


@pytest.fixture(scope="module")
def forecast():
    rows = unit_rows(3, 1024, replicates=8)
    outputs = {"power": growing(rows), "ishigami": ishigami().evaluate(rows)}
    return labelled(rows, outputs, size=1024, replicates=8)


def test_the_order_of_the_dimensions_does_not_matter(forecast):
    turned = forecast.transpose("sample", "year")
    assert turned["power"].dims == ("sample", "year")
    xr.testing.assert_identical(sobol_indices(turned).drop_attrs(), sobol_indices(forecast).drop_attrs())


@pytest.fixture(scope="module")
def indices(forecast):
    return sobol_indices(forecast, second_order=True)


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_exact_problems_lie_inside_their_intervals(problem, second_order):
    rows = unit_rows(problem.inputs, 2048, second_order=second_order, replicates=8)
    data = labelled(rows, {"y": problem.evaluate(rows)}, size=2048, second_order=second_order, replicates=8)
    result = sobol_indices(data, scale="raw", confidence=0.9999, second_order=second_order).sel(output="y")
    assert (np.abs(result["S1"] - problem.first) <= result["S1_conf"] + 1e-12).all()
    assert (np.abs(result["ST"] - problem.total) <= result["ST_conf"] + 1e-12).all()
    assert ("S2" in result) == second_order
    for (i, j), exact in problem.second.items() if second_order else ():
        pair = {"input": f"x{i}", "input_2": f"x{j}"}
        assert abs(result["S2"].sel(pair) - exact) <= result["S2_conf"].sel(pair) + 1e-12


def test_without_pairs_a_data_frame_has_one_row_an_output_year_and_input(forecast):
    frame = sobol_indices(forecast).to_dataframe().reset_index()
    assert len(frame) == 2 * 3 * 3 and {"output", "year", "input", "S1", "ST", "scale", "unit"} <= set(frame)
    assert not frame.duplicated(["output", "year", "input"]).any()


def test_labels(indices):
    assert indices["S1"].dims == indices["ST_conf"].dims == ("output", "year", "input")
    assert indices["S2"].dims == ("output", "year", "input", "input_2")
    assert indices["variance"].dims == ("output", "year")
    assert indices["input"].values.tolist() == indices["input_2"].values.tolist() == ["x0", "x1", "x2"]
    assert indices["scale"].sel(output="power") == "log10" and indices["scale"].sel(output="ishigami") == "raw"
    assert indices["unit"].values.tolist() == ["GW", "1"]
    lower = np.tril(np.ones((3, 3), dtype=bool))
    assert np.isnan(indices["S2"].values[..., lower]).all() and np.isfinite(indices["S2"].values[..., ~lower]).all()
    assert indices.attrs["estimator"] == "azzini-rosati" and indices.attrs["interval"] == "student-t"
    assert provenance_of(indices)["priors_hash"] == "0123" and design_of(indices)["name"] == "saltelli"
    assert design_of(indices)["replicates"] == 8 and indices.attrs["confidence"] == 0.95
    assert indices.attrs["interval_widened"] == 1


def test_indices_by_year_on_the_log_scale(indices):
    share = CONSTANT_THEN_GROWING**2 / (1 + CONSTANT_THEN_GROWING**2)
    result = indices["S1"].sel(output="power")
    np.testing.assert_allclose(result.sel(input="x1"), share, atol=5e-3)
    np.testing.assert_allclose(result.sel(input="x0"), 1 - share, atol=5e-3)
    expected = (1 + CONSTANT_THEN_GROWING**2) / 12 / np.log(10) ** 2
    np.testing.assert_allclose(indices["variance"].sel(output="power"), expected, rtol=2e-3)


def test_an_output_without_years_repeats_over_them_and_alone_has_none(forecast, indices):
    beside = indices["ST"].sel(output="ishigami")
    assert (beside == beside.isel(year=0)).all()
    alone = sobol_indices(forecast, outputs="ishigami")
    assert alone["ST"].dims == ("output", "input")
    np.testing.assert_array_equal(alone["ST"].sel(output="ishigami"), beside.isel(year=0))


@pytest.mark.parametrize("replicates", [1, 8])
def test_many_outputs_are_analysed_together_and_each_as_alone(monkeypatch, replicates):
    rows = unit_rows(2, 64, replicates=replicates)
    outputs = {f"y{i}": np.exp(rows @ [1.0, i]) if i % 3 else growing(rows) ** (i + 1) for i in range(150)}
    outputs |= {"rare": (rows[:, 0] > 0.99) + 1.0, "never": np.ones(len(rows)), "large": 1e200 * (1 + rows[:, 1])}
    data = labelled(rows, outputs, size=64, replicates=replicates)
    calls, panel, getitem = [], sobol.sobol_panel, xr.Dataset.__getitem__
    with monkeypatch.context() as patch:
        patch.setattr(sobol, "sobol_panel", lambda *given, **how: calls.append("panel") or panel(*given, **how))
        patch.setattr(xr.Dataset, "__getitem__", lambda *given: calls.append("item") or getitem(*given))
        together = sobol_indices(data, second_order=True)
    # An item of a dataset takes time for every variable in it.
    assert calls.count("panel") == 1 and calls.count("item") < 20
    for name in ("y0", "y1", "y149", "rare", "large"):
        alone = sobol_indices(data, outputs=["y0", name], second_order=True)
        xr.testing.assert_identical(alone.drop_attrs(), together.sel(output=alone["output"]).drop_attrs())
    assert together["S1"].sel(output="never").isnull().all()


@pytest.mark.parametrize("scale", ["auto", "log10"])
def test_the_scale_is_that_of_base_ten(forecast, scale):
    by_hand = forecast.assign(power=np.log10(forecast["power"]).assign_attrs(forecast["power"].attrs))
    one = sobol_indices(forecast, outputs="power", scale=scale, estimator="saltelli-jansen")
    other = sobol_indices(by_hand, outputs="power", scale="raw", estimator="saltelli-jansen")
    np.testing.assert_allclose(one["ST"], other["ST"], atol=1e-12)
    np.testing.assert_allclose(one["variance"], other["variance"], rtol=1e-12)


def test_both_engines_give_the_same(forecast):
    bootstrap = redesigned(forecast, replicates=1)
    one = sobol_indices(bootstrap, estimator="saltelli-jansen", second_order=True, seed=0, resamples=30)
    other = sobol_indices(bootstrap, engine="salib", second_order=True, seed=0, resamples=30)
    assert other.attrs["estimator"] == "saltelli-jansen" and other.attrs["engine"] == "salib"
    for name in other.data_vars:
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=1e-12, err_msg=name)


def test_to_salib_is_salibs_own_result(forecast):
    bootstrap = redesigned(forecast, replicates=1)
    result = sobol_indices(bootstrap, estimator="saltelli-jansen", second_order=True, seed=4, resamples=50)
    problem = {"num_vars": 3, "names": ["x0", "x1", "x2"], "bounds": [[0, 1]] * 3}
    values = np.log10(forecast["power"].sel(year=2024).values)
    theirs = salib_sobol.analyze(problem, values, num_resamples=50, seed=4).to_df()
    for one, other in zip(to_salib(result, "power", 2024).to_df(), theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
        assert (one.index == other.index).all()


def test_to_salib_plots(indices):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = to_salib(indices, "power", 2023).plot()
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["x0", "x1", "x2"]
    plt.close("all")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({}, "several of output; give one output of power, ishigami"),
        ({"output": "pwer", "year": 2023}, "nearest known: power"),
        ({"output": "power"}, "several of year"),
        ({"output": "power", "year": 1999}, "year 1999 is not"),
    ],
)
def test_to_salib_asks_for_one_output_and_year(indices, chosen, said):
    with pytest.raises(InputError, match=said):
        to_salib(indices, **chosen)


def test_a_year_that_is_listed_can_be_asked_for(indices):
    day = indices.assign_coords(year=[2023 + 31 / 365, *indices["year"].values[1:]])
    with pytest.raises(InputError, match="give one year of 2023.084931506849") as said:
        to_salib(day, "power")
    listed = str(said.value).rpartition(" of ")[2].split(", ")
    assert listed[1:] == [f"{year:g}" for year in indices["year"].values[1:]]
    assert all(len(to_salib(day, "power", float(year))["ST"]) == 3 for year in listed)


@pytest.mark.parametrize("part", [0, []])
def test_to_salib_refuses_indices_without_outputs(indices, part):
    with pytest.raises(InputError, match="give a Dataset from cc.sobol_indices"):
        to_salib(indices.isel(output=part))


def test_a_milestone_by_year_has_indices(forecast):
    """P(x0 + t x1 >= 0.5): with t = 0 only x0 matters, and owns a variance of 1/4."""
    reached = (np.log(forecast["power"]) >= 0.5).isel(year=[0, 1])
    result = sobol_indices(forecast.isel(year=[0, 1]).assign(reached=reached), outputs="reached")
    assert result["scale"].sel(output="reached") == "raw"
    at_first = result.sel(output="reached", year=2022)
    assert float(at_first["variance"]) == pytest.approx(0.25, abs=1e-3)
    np.testing.assert_allclose(at_first["ST"], [1, 0, 0], atol=1e-12)
    assert float(result["ST"].sel(output="reached", year=2023, input="x1")) > 0.3


def test_an_index_with_labels_stays_raw():
    rows = unit_rows(2, 256)
    data = labelled(rows, {"binding": 1 + np.floor(2 * rows[:, 0])}, size=256)
    data["binding"].attrs["labels"] = json.dumps(["money", "power", "chips"])
    assert sobol_indices(data)["scale"].item() == "raw"


def test_groups_are_inputs_of_the_result():
    base = np.random.default_rng(0).random((512, 6))
    a, b = base[:, :3], base[:, 3:]
    groups = {"pair": ["x0", "x1"], "x2": ["x2"]}
    masks = [np.array([True, True, False]), np.array([False, False, True])]
    rows = np.stack([a, *(np.where(m, b, a) for m in masks), *(np.where(m, a, b) for m in masks), b], axis=1)
    rows = rows.reshape(-1, 3)
    values = 3 + rows[:, 0] * rows[:, 1] + rows[:, 2]
    data = labelled(rows, {"y": values}, size=512, points="random", swaps=groups)
    result = sobol_indices(data, scale="raw").sel(output="y")
    assert result["input"].values.tolist() == ["pair", "x2"]
    # Var(x0 x1) = 1/9 - 1/16, Var(x2) = 1/12, and they add.
    share = (1 / 9 - 1 / 16) / (1 / 9 - 1 / 16 + 1 / 12)
    np.testing.assert_allclose(result["S1"], [share, 1 - share], atol=0.05)
    np.testing.assert_allclose(result["ST"], [share, 1 - share], atol=0.05)


@pytest.mark.parametrize("which", ["indices", "integrated", "delta"])
def test_written_and_read_back_without_loss(forecast, indices, which, tmp_path):
    result = {
        "indices": lambda: indices,
        "integrated": lambda: time_integrated(indices),
        "delta": lambda: delta_indices(forecast.isel(sample=slice(300)), outputs="power", resamples=3),
    }[which]()
    result.to_netcdf(tmp_path / "indices.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "indices.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(read.load(), result)


class TestTimeIntegrated:
    def test_weighs_years_by_their_variance(self, indices):
        result = time_integrated(indices).sel(output="power")
        # sum t^2 / sum (1 + t^2) for t = 0, 1, 2
        assert float(result["S1"].sel(input="x1")) == pytest.approx(5 / 8, abs=5e-3)
        assert float(result["ST"].sel(input="x2")) == 0
        assert "year" not in result.dims and result["S2"].dims == ("input", "input_2")
        assert result.attrs["year_weights"] == [1, 1, 1]

    def test_until_and_weights(self, indices):
        result = time_integrated(indices, until=2023, weights=[1, 3]).sel(output="power")
        assert float(result["S1"].sel(input="x1")) == pytest.approx(3 / 7, abs=5e-3)
        assert result.attrs["years"] == [2022, 2023]

    def test_a_year_without_variance_counts_for_nothing(self):
        rows = unit_rows(2, 256, replicates=8)
        data = labelled(rows, {"y": 1 + CONSTANT_THEN_GROWING[:, np.newaxis] * rows[:, 0]}, size=256, replicates=8)
        result = sobol_indices(data, scale="raw")
        assert result["variance"].sel(output="y", year=2022) == 0
        assert np.isnan(result["ST"].sel(output="y", year=2022)).all()
        assert "y (2022), which does not vary" in result.attrs["warning"]
        np.testing.assert_allclose(time_integrated(result)["ST"].sel(output="y"), [1, 0], atol=1e-2)

    def test_several_years_without_variance_are_counted_from_the_first_to_the_last(self):
        rows = unit_rows(2, 256, replicates=8)
        late = np.array([1.0, 0.0, 0.0])[:, np.newaxis] * rows[:, 0]
        result = sobol_indices(labelled(rows, {"y": 1 + late}, size=256, replicates=8), scale="raw")
        assert "y (2 years from 2023 to 2024), which does not vary" in result.attrs["warning"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"until": 2000}, "no year"),
            ({"weights": [1, -1, 1]}, "none negative"),
            ({"weights": [1]}, "3 numbers"),
            ({"weights": [1, np.inf, 1]}, "inf"),
        ],
    )
    def test_refusals(self, indices, arguments, said):
        with pytest.raises(InputError, match=said):
            time_integrated(indices, **arguments)

    def test_needs_years(self, forecast):
        with pytest.raises(InputError, match="no years"):
            time_integrated(sobol_indices(forecast, outputs="ishigami"))


class TestRanking:
    def test_is_resolved_where_inputs_differ_and_not_where_they_are_alike(self):
        rows = unit_rows(3, 512, replicates=8)
        outputs = {"apart": rows @ [4.0, 2.0, 1.0], "alike": rows[:, 0] * rows[:, 1] * (0.01 + rows[:, 2] / 2)}
        result = sobol_indices(labelled(rows, outputs, size=512, replicates=8), scale="raw")
        assert ranking_resolved(result, k=2).sel(output="apart")
        assert not ranking_resolved(result, k=2).sel(output="alike")
        assert "not resolved for alike" in result.attrs["warning"]
        assert "apart" not in result.attrs["warning"]

    def test_inputs_that_do_not_matter_need_no_order(self):
        rows = unit_rows(4, 512, replicates=8)
        result = sobol_indices(labelled(rows, {"y": rows[:, 0]}, size=512, replicates=8), scale="raw")
        np.testing.assert_array_equal(result["ST"].sel(output="y")[1:], 0)
        assert ranking_resolved(result, k=3).all() and result.attrs["warning"] == ""
        # The warning is of the first 3 alone.
        rows = unit_rows(5, 512, replicates=8)
        alike = sobol_indices(labelled(rows, {"y": rows @ [8, 4, 2, 1, 1]}, size=512, replicates=8), scale="raw")
        assert not ranking_resolved(alike, k=4).any() and alike.attrs["warning"] == ""
        # What does not vary has none.
        fixed = result.assign(variance=0 * result["variance"])
        assert not ranking_resolved(fixed, k=3).any()

    def test_works_without_differences(self, forecast):
        result = sobol_indices(forecast, engine="salib", outputs="ishigami", resamples=20)
        assert "ST_lead_conf" not in result
        assert ranking_resolved(result, k=3).dims == ("output",)

    def test_refusals(self, forecast, indices):
        with pytest.raises(InputError, match="k is 0; give a whole number of 1 or more"):
            ranking_resolved(indices, k=0)
        without = sobol_indices(redesigned(forecast, replicates=1), outputs="ishigami", resamples=0)
        assert "ST_conf" not in without and without.attrs["interval"] == "none"
        with pytest.raises(InputError, match="no intervals"):
            ranking_resolved(without)
        kept = np.isin(np.arange(forecast.sizes["sample"]) % 8, [0, 1, 2, 3, 7])
        one = redesigned(forecast.isel(sample=kept).assign_coords(sample=np.arange(kept.sum())), second_order=False)
        with pytest.raises(InputError, match="estimator 'azzini-rosati' needs a design with the rows BA"):
            sobol_indices(one, estimator="azzini-rosati")


class TestWarnings:
    def test_nothing_to_say(self, forecast):
        assert sobol_indices(forecast, outputs="ishigami").attrs["warning"] == ""

    def test_bootstrap_over_sobol_points(self, forecast):
        result = sobol_indices(redesigned(forecast, replicates=1), outputs="ishigami")
        assert "bootstrapped over Sobol points" in result.attrs["warning"]

    def test_bootstrap_over_plain_monte_carlo_is_fine(self):
        rows = unit_rows(2, 256, kind="random")
        result = sobol_indices(labelled(rows, {"y": rows @ [3.0, 1.0]}, size=256, points="random"), scale="raw")
        assert result.attrs["warning"] == "" and result.attrs["interval"] == "bootstrap"

    def test_pairs_that_salibs_points_cannot_see_are_named(self):
        rows = unit_rows(6, 512)
        data = labelled(rows, {"y": (rows[:, 0] - 0.5) * (rows[:, 3] - 0.5)}, size=512, points="salib")
        result = sobol_indices(data, scale="raw", second_order=True)
        assert "cannot see well how x0 and x3 interact: errors" in result.attrs["warning"]
        # The truth is 1.
        assert abs(float(result["S2"].sel(output="y", input="x0", input_2="x3")) - 1) > 0.05
        assert "cannot see" not in sobol_indices(labelled(rows, {"y": rows[:, 0]}, size=512)).attrs["warning"]

    def test_pairs_that_salibs_points_see_badly_are_named_too(self):
        rows = unit_rows(40, 1024, seed=4)
        products = {f"{i}, {j}": (rows[:, i] - 0.5) * (rows[:, j] - 0.5) for i, j in ((3, 7), (20, 26), (0, 1))}
        result = sobol_indices(labelled(rows, products, size=1024, points="salib"), scale="raw", second_order=True)
        assert "cannot see well how 6 pairs of inputs interact, worst x11 and x26, " in result.attrs["warning"]
        assert (
            "x3 and x7" in result.attrs["warning"] and "23.5 times those of as many random" in result.attrs["warning"]
        )
        second = [float(result["S2"].sel(output=f"{i}, {j}")[i, j]) for i, j in ((3, 7), (20, 26), (0, 1))]
        # The truth is 1; random points have an error of 0.08.
        assert abs(second[0] - 1) > 0.2 and abs(second[1] - 1) > 0.2 and abs(second[2] - 1) < 0.2

    def test_the_pairs_named_are_those_of_the_estimator(self):
        rows = unit_rows(40, 1024, seed=4)
        data = labelled(rows, {"y": (rows[:, 0] - 0.5) * (rows[:, 13] - 0.5)}, size=1024, points="salib")
        for estimator in ("azzini-rosati", "janon-monod"):
            result = sobol_indices(data, scale="raw", second_order=True, estimator=estimator)
            worst = result.attrs["warning"].partition("worst ")[2]
            assert worst.startswith("x0 and x13") == (estimator == "janon-monod")

    def test_which_intervals_are_widened_for_skewness(self):
        rows = unit_rows(2, 256, kind="random")
        forecast = labelled(rows, {"y": rows[:, 0] ** 9 * rows[:, 1]}, size=256, points="random")
        widened = {}
        for estimator in ("azzini-rosati", "saltelli-jansen"):
            result = sobol_indices(forecast, scale="raw", estimator=estimator)
            widened[estimator] = result.attrs["interval_widened"]
        assert widened == {"azzini-rosati": 1, "saltelli-jansen": 0}
        assert sobol_indices(forecast, scale="raw", engine="salib").attrs["interval_widened"] == 0
        halves = labelled(rows, {"y": rows[:, 0]}, size=256, points="random", replicates=2)
        intervals = [
            sobol_indices(halves, scale="raw", engine=engine).attrs["interval"] for engine in ("panel", "salib")
        ]
        assert intervals == ["student-t", "bootstrap"]
        assert sobol_indices(forecast, scale="raw", resamples=0).attrs["interval_widened"] == 0

    def test_heavy_tails_on_the_raw_scale(self):
        problem = product_of_lognormals((1.5, 0.5))
        rows = unit_rows(2, 512, replicates=8)
        data = labelled(rows, {"cost": problem.evaluate(rows)}, size=512, replicates=8)
        assert (
            "cost is on the raw scale with a log standard deviation of up to 1.6"
            in sobol_indices(data, scale="raw").attrs["warning"]
        )
        assert "raw scale" not in sobol_indices(data).attrs["warning"]

    def test_few_replicates(self):
        rows = unit_rows(2, 128, replicates=2)
        result = sobol_indices(labelled(rows, {"y": rows @ [3.0, 1.0]}, size=128, replicates=2))
        assert "2 replicates are few" in result.attrs["warning"]
        assert "base points in each" not in result.attrs["warning"]

    def test_few_points_in_each_replicate(self):
        rows = unit_rows(2, 128, replicates=8)
        result = sobol_indices(labelled(rows, {"y": rows @ [3.0, 1.0]}, size=128, replicates=8))
        assert "16 base points in each replicate are few" in result.attrs["warning"]


def broken_in_one_place(forecast):
    values = forecast["x1"].values.copy()
    values[9] = np.nextafter(values[9], 2)
    return forecast.assign(x1=forecast["x1"].copy(data=values))


def redesigned(forecast, **changes):
    return with_provenance(forecast, design={**design_of(forecast), **changes})


def without_entry(forecast, entry):
    return with_provenance(forecast, design={k: v for k, v in design_of(forecast).items() if k != entry})


def not_finite(forecast):
    values = forecast["power"].values.copy()
    values[1, [70, 30]] = [np.nan, np.inf]
    return forecast.assign(power=forecast["power"].copy(data=values))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: redesigned(f, name="random"), "design is 'random'"),
        (lambda f: f.drop_attrs(), "not recorded"),
        (lambda f: f.isel(sample=slice(None, None, -1)), "position 0 holds sample 8191"),
        (lambda f: f.isel(sample=slice(0, -8)), "has 8184 samples, and its Saltelli design .* has 8192"),
        (lambda f: f.isel(sample=slice(None, None, -1)).drop_vars("sample"), "input 'x0' does not vary"),
        (broken_in_one_place, "input 'x1' does not vary .* sample 9 .* base point 1 \\(1 of"),
        (not_finite, "'power' in 2023 has 2 values not finite, the first inf at sample 30"),
        (lambda f: f.assign({n: f[n] * 0 + 3.0 for n in ("power", "ishigami")}), "'power', 'ishigami' are constant"),
        (lambda f: f.drop_vars("ishigami").assign(power=f["power"] * 0 + 3.0), "'power' is constant"),
        (lambda f: f.drop_vars(["power", "ishigami"]), "no outputs; .*, or name them in outputs="),
        (lambda f: f.set_coords(["power", "ishigami"]), "no outputs; .*, or name them in outputs="),
        (lambda f: f.rename(x0="other"), "'other' is not one of the design, which varies x0, x1"),
        (lambda f: redesigned(f, replicates=5), "5 replicates of .* base points, which is no design"),
        (lambda f: redesigned(f, replicates=0), "0 replicates of .* base points, which is no design"),
        (lambda f: f.assign(power=f["power"].expand_dims(site=2)), "dims"),
        (lambda f: without_entry(f, "swaps"), "lost the entry 'swaps'"),
        (lambda f: without_entry(f, "size"), "lost the entry 'size'"),
    ],
)
def test_a_forecast_that_cannot_be_analysed_is_refused(forecast, spoil, said):
    with pytest.raises(InputError, match=said):
        sobol_indices(spoil(forecast))


def test_the_seed_of_a_bootstrap_is_0_unless_given():
    rows = unit_rows(2, 256, kind="random")
    data = labelled(rows, {"y": rows @ [3.0, 1.0]}, size=256, points="random")
    one, same, other = (sobol_indices(data, resamples=20, **seed)["ST_conf"] for seed in ({}, {"seed": 0}, {"seed": 1}))
    assert one.equals(same) and not one.equals(other)


def test_numbered_samples_prove_the_order_without_inputs(forecast):
    bare = forecast.drop_vars(["x0", "x1", "x2"])
    assert sobol_indices(bare, resamples=0)["S1"].equals(sobol_indices(forecast, resamples=0)["S1"])


def test_an_input_that_was_replaced_by_one_number_proves_nothing_and_the_others_do(forecast):
    result = sobol_indices(forecast.assign(x0=0.5), outputs="power", resamples=0)
    assert result["S1"].equals(sobol_indices(forecast, outputs="power", resamples=0)["S1"])
    with pytest.raises(InputError, match="input 'x1' does not vary"):
        sobol_indices(broken_in_one_place(forecast.assign(x0=0.5)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outputs": "pwer"}, "output 'pwer' is not in the forecast.*nearest known: power"),
        ({"outputs": []}, "outputs is empty"),
        ({"engine": "sallib"}, "engine is 'sallib'"),
        ({"engine": "salib", "estimator": "jansen"}, "'saltelli-jansen' only"),
        ({"engine": "salib", "resamples": 0}, "needs resamples"),
        ({"estimator": "sobol"}, "estimator 'sobol'"),
        ({"scale": "log"}, "scale is 'log'"),
        ({"scale": "log10", "outputs": "ishigami"}, "has no logarithm"),
        ({"confidence": 95}, "confidence is 95"),
        ({"resamples": 1}, "resamples is 1"),
    ],
)
def test_bad_choices_are_refused(forecast, arguments, said):
    with pytest.raises(InputError, match=said):
        sobol_indices(forecast, **arguments)


@pytest.mark.parametrize("arguments", [{"second_order": True}, {"estimator": "azzini-rosati"}])
def test_what_needs_the_larger_design_is_refused_on_the_smaller(arguments):
    rows = unit_rows(2, 64, second_order=False)
    data = labelled(rows, {"y": rows[:, 0]}, size=64, second_order=False)
    with pytest.raises(InputError, match="second_order=True"):
        sobol_indices(data, **arguments)


class TestOtherMeasures:
    def test_delta_and_pawn_rank_inputs(self, forecast):
        part = forecast.isel(sample=slice(400))
        for result, key in [
            (delta_indices(part, outputs=["power", "ishigami"], resamples=3, scale="raw"), "delta"),
            (pawn_indices(part, outputs="power"), "median"),
        ]:
            by_input = result[key].sel(output="power", year=2024)
            assert by_input.dims == ("input",) and by_input.idxmax() == "x1"
            assert provenance_of(result)["priors_hash"] == "0123"

    def test_a_year_that_does_not_vary_is_undefined(self, forecast):
        part = forecast.isel(sample=slice(400))
        part = part.assign(power=part["power"].where(part["year"] > 2022, 1.0).assign_attrs(part["power"].attrs))
        for result, key in [
            (delta_indices(part, outputs="power", resamples=3), "delta"),
            (pawn_indices(part, outputs="power"), "mean"),
        ]:
            known = result[key].sel(output="power").notnull().all("input")
            assert known.values.tolist() == [False, True, True]
        with pytest.raises(InputError, match="'power' is constant"):
            pawn_indices(part.assign(power=part["power"] * 0 + 1.0), outputs="power")

    def test_inputs_that_are_missing_are_refused(self, forecast):
        with pytest.raises(InputError, match="x1"):
            pawn_indices(forecast.drop_vars("x1"))
