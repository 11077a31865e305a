"""Streamed Sobol' indices: those of the whole design, for any cut and any workers."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS
from clustercast.errors import InputError
from clustercast.streaming import sobol as module


@cc.quantity("1")
def ishigami(x1, x2, x3):
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


@cc.quantity("W")
def power(year, start, growth, start_year):
    return start * np.exp(growth * (year - start_year))


@cc.quantity("W")
def start_power(start):
    return 2 * start


@cc.quantity("1")
def centred(growth, year, start_year):
    return growth * (start_year - year)


@cc.quantity("1", labels=["small", "large"])
def kind(start, limit):
    return np.where(start > limit, 1, 0)


@cc.quantity("1")
def far_away(x1, x2, x3):
    return 1e9 + x1 * x2 + x3


@cc.quantity("1")
def rare_and_small(x1, x2):
    return np.where((x1 > 3.1) & (x2 > 3), 1e-9, 0)


@cc.quantity("1")
def constant(x1, x2):
    return 1e6 + 0 * x1 * x2


ANGLE = cc.Uniform(-np.pi, np.pi)
ISHIGAMI = cc.Priors(x1=ANGLE, x2=ANGLE, x3=ANGLE)
GROWTH = cc.Priors(
    cc.Correlation(("start", "growth"), 0.5),
    start=cc.LogNormal(0, 1, unit="GW"),
    growth=cc.Normal(0.5, 0.1, unit="1/year"),
    start_year=cc.Fixed(2024, unit="year"),
)
MODEL = cc.Model([power, start_power])
YEARS = [2024, 2028, 2030]


def same(result, whole):
    assert ("ST_lead_conf" in result) == ("ST_conf" in result)
    for name in ("S1", "ST", "S2", "S1_conf", "ST_conf", "S2_conf", "ST_lead_conf", "variance"):
        if name in result:
            assert result[name].dims == whole[name].dims
            np.testing.assert_allclose(result[name], whole[name], rtol=1e-9, atol=1e-10, err_msg=name)


HEAVY, LIGHT = cc.LogNormal(0, 1.5, unit="GW"), cc.LogNormal(0, 0.2, unit="GW")


@pytest.mark.parametrize(("start", "size", "replicates"), [(HEAVY, 1024, 8), (LIGHT, 1024, 8), (LIGHT, 64, 4)])
@pytest.mark.parametrize("scale", ["raw", "log10"])
def test_what_could_mislead_is_said_as_of_the_whole_design(start, size, replicates, scale):
    priors = GROWTH.replace(start=start)
    how = {"seed": 1, "replicates": replicates}
    result = cc.stream_sobol(priors, size=size, model=MODEL, years=YEARS, scale=scale, latent=True, **how)
    design = cc.draw(priors, size, design="saltelli", latent=True, **how)
    whole = cc.sobol_indices(cc.propagate(design, model=MODEL, years=YEARS), scale=scale)
    assert result.attrs["warning"] == whole.attrs["warning"]
    assert ("raw scale" in result.attrs["warning"]) == (scale == "raw" and start is HEAVY)
    assert ("are few" in result.attrs["warning"]) == (size == 64)
    assert cc.ranking_resolved(result).equals(cc.ranking_resolved(whole))


@pytest.mark.parametrize("second_order", [False, True])
def test_they_are_those_of_the_whole_design(second_order):
    result = cc.stream_sobol(
        ISHIGAMI, size=4096, model=cc.Model([ishigami]), scale="raw", second_order=second_order, seed=3
    )
    design = cc.draw(ISHIGAMI, 4096, design="saltelli", replicates=8, seed=3)
    forecast = cc.propagate(design, model=cc.Model([ishigami]))
    whole = cc.sobol_indices(forecast, scale="raw", second_order=second_order)
    same(result, whole)
    assert ("S2" in result) == second_order
    # The closed form of Ishigami and Homma (1990) for a = 7, b = 0.1.
    np.testing.assert_allclose(result["ST"][0], [0.5576, 0.4424, 0.2437], atol=0.02)


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_each_estimator_gives_the_indices_of_the_whole_design(estimator, second_order):
    model = cc.Model([ishigami, far_away])
    how = {"scale": "raw", "estimator": estimator, "second_order": second_order}
    result = cc.stream_sobol(ISHIGAMI, size=8192, model=model, seed=3, **how)
    design = cc.draw(ISHIGAMI, 8192, design="saltelli", replicates=8, seed=3)
    whole = cc.sobol_indices(cc.propagate(design, model=model), **how)
    same(result, whole)
    for name in ("estimator", "estimator_references", "interval", "interval_widened"):
        assert result.attrs[name] == whole.attrs[name]
    # Rows BA are run only for an estimator that takes them.
    rows_ba = second_order or estimator == "azzini-rosati"
    assert cc.design_of(result) == {**cc.design_of(whole), "second_order": rows_ba}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_that_no_row_of_the_first_leaf_shows_is_found_and_a_constant_has_none(estimator):
    model = cc.Model([ishigami, rare_and_small, constant])
    how = {"scale": "raw", "estimator": estimator, "replicates": 4}
    result = cc.stream_sobol(ISHIGAMI, size=1 << 14, model=model, seed=3, **how)
    design = cc.draw(ISHIGAMI, 1 << 14, design="saltelli", replicates=4, seed=3)
    forecast = cc.propagate(design, model=model)
    first = forecast["rare_and_small"].values[: 512 * 8]
    assert not first.any() and forecast["rare_and_small"].values.any()
    names = ["ishigami", "rare_and_small"]
    whole = cc.sobol_indices(forecast, outputs=names, scale="raw", estimator=estimator, second_order=False)
    same(result.sel(output=names), whole)
    assert result["S1"].sel(output="constant").isnull().all() and result["ST"].sel(output="constant").isnull().all()
    assert result["variance"].sel(output="constant") == 0


def test_outputs_by_year_and_without_correlated_inputs_on_log10():
    result = cc.stream_sobol(GROWTH, size=1024, model=MODEL, years=YEARS, latent=True, replicates=4, seed=5)
    design = cc.draw(GROWTH, 1024, design="saltelli", replicates=4, latent=True, seed=5)
    whole = cc.sobol_indices(cc.propagate(design, model=MODEL, years=YEARS))
    same(result, whole)
    assert result["S1"].dims == ("output", "year", "input")
    assert result["unit"].values.tolist() == whole["unit"].values.tolist() == ["W", "W"]
    assert result["scale"].values.tolist() == ["log10", "log10"]


def test_no_bit_depends_on_how_the_design_is_cut(monkeypatch):
    seen = []
    arguments = {"size": 8192, "model": MODEL, "years": YEARS, "latent": True, "seed": 5}
    whole = cc.stream_sobol(GROWTH, **arguments, progress=lambda done, planned: seen.append((done, planned)))
    assert seen[-1][0] == seen[-1][1]
    for most, executor in ((1, None), (7, "threads")):
        monkeypatch.setattr(module, "_MOST_LEAVES", most)
        monkeypatch.setattr(module, "_FEWEST_PIECES", 1)
        result = cc.stream_sobol(GROWTH, **arguments, executor=executor, workers=2)
        assert all(np.array_equal(result[name], whole[name], equal_nan=True) for name in whole.data_vars)


def test_one_replicate_has_no_intervals():
    result = cc.stream_sobol(ISHIGAMI, size=256, model=cc.Model([ishigami]), scale="raw", replicates=1)
    assert "S1_conf" not in result
    assert result.attrs["interval"] == "none" and result.attrs["interval_widened"] == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": 1000}, "size is 1000; give a power of two"),
        ({"size": 4}, "size is 4; give a power of two, and replicates that divide it"),
        ({"scale": "natural"}, "scale is 'natural', and must be 'auto', 'log10' or 'raw'"),
        ({"scale": "log10"}, r"'ishigami' is not positive in \S+ of \S+ values of a piece; give it the scale"),
        ({"confidence": 1.5}, "confidence"),
        ({"estimator": "jensen"}, "estimator 'jensen' is not one of .*nearest known: jansen"),
    ],
)
def test_what_cannot_be(changed, message):
    with pytest.raises(InputError, match=message):
        cc.stream_sobol(ISHIGAMI, **({"size": 64, "model": cc.Model([ishigami]), "scale": "raw"} | changed))


def test_an_output_that_is_not_finite_is_refused():
    @cc.quantity("1")
    def broken(x1, x2, x3):
        return np.where(x1 > 3, np.inf, x2 + x3)

    with pytest.raises(InputError, match="output 'broken' has values that are not finite"):
        cc.stream_sobol(ISHIGAMI, size=1024, model=cc.Model([broken]), scale="raw")


def test_a_labelled_index_is_refused():
    priors = cc.Priors(start=cc.LogNormal(0, 1, unit="GW"), limit=cc.Uniform(1, 2, unit="GW"))
    with pytest.raises(InputError, match="'kind' is a labelled index"):
        cc.stream_sobol(priors, size=64, model=cc.Model([kind]))


def test_correlated_inputs_are_one_group_as_in_the_whole_design():
    result = cc.stream_sobol(GROWTH, size=256, model=MODEL, years=YEARS, seed=2)
    whole = cc.run_sobol(GROWTH, size=256, model=MODEL, years=YEARS, seed=2)
    assert result["input"].values.tolist() == ["start_and_growth"]
    same(result, whole)
    assert "start_and_growth (start, growth)" in result.attrs["warning"]
    alone = cc.stream_sobol(GROWTH, size=256, model=MODEL, outputs="start_power", years=YEARS)
    assert alone["input"].values.tolist() == ["start"] and "one group" not in alone.attrs["warning"]


@pytest.mark.parametrize("groups", [None, {"both": ["start", "growth"]}])
@pytest.mark.parametrize("estimator", [None, "jansen"])
def test_above_a_memory_the_design_is_run_in_pieces_and_the_indices_are_the_same(groups, estimator):
    model, seen = cc.Model([power, start_power, centred]), []
    how = {"size": 1024, "model": model, "years": YEARS, "seed": 3, "groups": groups, "estimator": estimator}
    whole = cc.run_sobol(GROWTH, **how)
    pieces = cc.run_sobol(GROWTH, **how, memory=1000, progress=lambda *done: seen.append(done))
    assert (whole.attrs["engine"], pieces.attrs["engine"]) == ("panel", "stream")
    assert pieces["scale"].values.tolist() == whole["scale"].values.tolist() == ["log10", "log10", "raw"]
    assert seen[-1] == (1024, 1024)
    same(pieces, whole)
    assert pieces.attrs["warning"] == whole.attrs["warning"]
    record, expected = cc.provenance_of(pieces), cc.provenance_of(whole)
    assert record["priors_hash"] == expected["priors_hash"] == GROWTH.hash
    assert {**record["design"], "second_order": 0} == {**expected["design"], "second_order": 0}


def test_what_needs_the_whole_design_has_it_whatever_the_memory():
    priors = cc.Priors(start=cc.LogNormal(0, 1, unit="GW"), limit=cc.Uniform(1, 2, unit="GW"))
    assert cc.run_sobol(priors, size=64, model=cc.Model([kind]), memory=0).attrs["engine"] == "panel"
    pair = {"size": 64, "model": cc.Model([ishigami]), "scale": "raw", "memory": 0}
    assert cc.run_sobol(ISHIGAMI, **pair, until=10).attrs["engine"] == "panel"
    assert cc.run_sobol(ISHIGAMI, **pair, engine="salib").attrs["engine"] == "salib"


def test_each_output_has_its_scale():
    model = cc.Model([power, centred])
    result = cc.stream_sobol(GROWTH, size=1024, model=model, years=YEARS, scale={"centred": "raw"}, seed=2)
    whole = cc.run_sobol(
        GROWTH, size=1024, model=model, years=YEARS, scale={"power": "log10", "centred": "raw"}, seed=2
    )
    same(result, whole)
    assert result.attrs["warning"] == whole.attrs["warning"]
    # A long tail on the raw scale is warned of beside an output on the other.
    wide = GROWTH.replace(start=cc.LogNormal(0, 3, unit="GW"))
    scale = {"power": "log10", "start_power": "raw"}
    how = {"size": 1024, "model": cc.Model([power, start_power]), "years": YEARS, "scale": scale, "seed": 2}
    result, whole = cc.stream_sobol(wide, **how), cc.run_sobol(wide, **how)
    assert result.attrs["warning"] == whole.attrs["warning"] and "start_power" in result.attrs["warning"]


def test_pieces_of_run_sobol_have_an_executor_and_a_checkpoint(tmp_path):
    how = {"size": 4096, "model": cc.Model([power, start_power]), "years": YEARS, "seed": 3}
    whole = cc.run_sobol(GROWTH, **how)
    for place in ({"executor": "threads", "workers": 2}, {"checkpoint": tmp_path}):
        pieces = cc.run_sobol(GROWTH, **how, **place)
        assert pieces.attrs["engine"] == "stream"
        same(pieces, whole)
    assert (tmp_path / "finished.npz").exists()
    for needs_whole in ({"until": 0.1}, {"engine": "salib"}):
        with pytest.raises(InputError, match="needs the whole design; leave it out, or do without pieces"):
            cc.run_sobol(GROWTH, **how, **needs_whole, executor="threads")
