"""Scenario discovery on stored forecasts: planted regions in units, several boxes, bad input."""

import re

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.arrays.decisions.boxes import Box, chosen_box
from clustercast.decisions import regions


@cc.quantity("GW")
def power(growth, start, noise):
    return start * 10**growth * np.where(noise > 0, 1, 1)


def either(growth, start):
    return (growth > 0.75) | (start > 1.85)


PRIORS = cc.Priors(growth=cc.Uniform(0, 1), start=cc.Uniform(1, 2, unit="GW"), noise=cc.Normal(0, 1))


@pytest.fixture(scope="module")
def forecast():
    result = cc.propagate(cc.draw(PRIORS, 20000, seed=3), model=cc.Model([power]))
    values = either(result["growth"].values, result["start"].values)
    return result.assign(either=("sample", values.astype(float), {"role": "output", "units": "1"}))


def test_a_box_says_where_in_words_with_units(forecast):
    result = cc.discover(forecast, "power > 12 GW")
    assert "growth is above 0." in result.attrs["words"]
    assert "GW" in result.attrs["words"]
    box = result.isel(box=0)
    assert np.isinf(box["lower"].sel(input="noise"))
    assert np.isnan(box["quasi_p"].sel(input="noise"))
    assert float(box["quasi_p"].sel(input="growth")) < 1e-6
    # The numbers are those of fresh draws, not of the draws that the box fits.
    fresh = cc.propagate(cc.draw(PRIORS, 50000, seed=99), model=cc.Model([power]))
    inside = np.ones(50000, dtype=bool)
    for name in ("growth", "start"):
        inside &= (fresh[name].values >= float(box["lower"].sel(input=name))) & (
            fresh[name].values < float(box["upper"].sel(input=name))
        )
    holds = fresh["power"].values > 12
    assert holds[inside].mean() == pytest.approx(float(box["density"]), abs=4 * float(box["density_error"]))
    assert inside[holds].mean() == pytest.approx(float(box["coverage"]), abs=4 * float(box["coverage_error"]))


def within(growth, start):
    return (growth > 0.3) & (growth < 0.6) & (start < 1.4)


def test_limits_on_both_sides_and_numbers_on_draws_apart(forecast):
    holds = within(forecast["growth"].values, forecast["start"].values).astype(float)
    planted = forecast.assign(planted=("sample", holds, {"role": "output", "units": "1"}))
    result = cc.discover(planted, "planted > 0.5", peeled=0.5, boxes=3)
    assert result.sizes["box"] == 1
    box = result.isel(box=0)
    assert box["lower"].sel(input=["growth", "start", "noise"]).values == pytest.approx(
        [0.3, -np.inf, -np.inf], abs=0.02
    )
    assert box["upper"].sel(input=["growth", "start", "noise"]).values == pytest.approx([0.6, 1.4, np.inf], abs=0.02)
    assert (result.attrs["condition"], result.attrs["before"]) == ("planted > 0.5", holds.mean())
    said = re.fullmatch(
        r"Planted > 0\.5 in (\d+) % of draws where growth is from 0\.\d+ to 0\.\d+ and start is below 1\.4\d* GW; "
        r"(\d+) % of its cases are there\.",
        result.attrs["words"],
    )
    density, mass, coverage = (float(box[key]) for key in ("density", "mass", "coverage"))
    assert [int(share) for share in said.groups()] == pytest.approx([100 * density, 100 * coverage], abs=0.5)
    # A quarter of the draws judges.
    assert density * mass == pytest.approx(coverage * holds.mean(), rel=0.1)
    growth, start = planted["growth"].values, planted["start"].values
    inside = (growth >= float(box["lower"][0])) & (growth < float(box["upper"][0])) & (start < float(box["upper"][1]))
    assert mass == inside[np.random.default_rng(0).permutation(20000) % 4 == 3].mean()
    share = np.sqrt(density * (1 - density) / (5000 * mass))
    assert float(box["density_error"]) == pytest.approx(share, rel=0.15)


def test_draws_that_find_choose_and_judge_are_apart(forecast, monkeypatch):
    seen = []

    def chosen(boxes, result, other, density):
        seen.extend([result[0], other[0]])
        return chosen_box(boxes, result, other, density)

    def labelled(boxes, names, edges, codes, holds):
        seen.append(codes)
        return regions_labelled(boxes, names, edges, codes, holds)

    regions_labelled = regions._labelled
    monkeypatch.setattr(regions, "chosen_box", chosen)
    monkeypatch.setattr(regions, "_labelled", labelled)
    cc.discover(forecast, "power > 12 GW")
    assert [codes.shape[1] for codes in seen] == [10000, 5000, 5000]
    # Of three codes hardly two draws have the same.
    assert np.unique(np.concatenate(seen, axis=1), axis=1).shape[1] > 19_900


def test_a_limit_may_be_at_the_outermost_edge():
    # Four bins between three edges: without the first bin, and without the last.
    codes = np.array([np.arange(8) % 4] * 3, dtype=np.uint8)
    box = Box(np.array([1, 0, 0]), np.array([250, 2, 3]))
    result = regions._labelled([box], ["a", "b", "c"], [np.array([1.0, 2.0, 3.0])] * 3, codes, codes[0] > 1)
    assert result["lower"].values.tolist() == [[1, -np.inf, -np.inf]]
    assert result["upper"].values.tolist() == [[np.inf, 3, np.inf]]


def test_a_small_box_that_is_certain_is_found_where_cases_are_common(forecast):
    for least, options in ((0.9, {"density": 0.95}), (0.5, {"boxes": 2})):
        holds = (forecast["growth"].values > least) | (np.random.default_rng(5).uniform(size=20000) < 0.3)
        common = forecast.assign(common=("sample", holds.astype(float), {"role": "output", "units": "1"}))
        result = cc.discover(common, "common > 0.5", **options)
        # What is left is chance, which has no box.
        assert result["lower"].sel(input="growth").values.tolist() == [pytest.approx(least, abs=0.01)]


def test_two_regions_are_two_boxes(forecast):
    assert cc.discover(forecast, "either > 0.5").sizes["box"] == 1
    result = cc.discover(forecast, "either > 0.5", boxes=2)
    assert result["box"].values.tolist() == [1, 2]
    assert result.sizes["box"] == 2
    assert (result["density"] > 0.95).all()
    # A case is in one box only.
    assert 0.95 < float(result["coverage"].sum()) <= 1
    assert len(result.attrs["words"].splitlines()) == 2


def test_a_density_that_is_asked_for_is_kept(forecast):
    loose, strict = (cc.discover(forecast, "power > 8 GW", density=value) for value in (0.6, 0.95))
    assert float(strict["density"][0]) > 0.92
    xr.testing.assert_identical(strict, cc.discover(forecast, "power > 8 GW", density=0.95, peeled=0.05))
    assert float(loose["coverage"][0]) > float(strict["coverage"][0])


def test_what_no_input_explains_has_no_box(forecast):
    chance = forecast.assign(coin=("sample", np.random.default_rng(1).uniform(size=20000), {"units": "1"}))
    result = cc.discover(chance, "coin > 0.7", boxes=2)
    assert result.sizes["box"] == 1
    assert result.attrs["words"].startswith(
        "No box was found in which it is more often so that coin > 0.7: it is so in 30 %"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.discover(f, "powr > 1 GW"), "no 'powr'; nearest known: power"),
        (lambda f: cc.discover(f, "power > 99 GW"), "holds in 0 of 20,000 samples"),
        (lambda f: cc.discover(f, "power > 19.8 GW"), "draws; a region needs 80 with and without it"),
        (lambda f: cc.discover(f, "power"), "is a number, not an event"),
        (lambda f: cc.discover(f, "power > 1.05 GW"), "draws; a region needs 80 with and without it"),
        (lambda f: cc.discover(f, "power > 12 GW", boxes=0), "boxes is 0"),
        (lambda f: cc.discover(f, "power > 12 GW", boxes=21), "boxes is 21"),
        (lambda f: cc.discover(f, "power > 12 GW", peeled=0), "peeled is 0"),
        (lambda f: cc.discover(f, "power > 12 GW", density=1.5), "density is 1.5"),
        (lambda f: cc.discover(f, "power > 12 GW", peeled=0.7), "peeled is 0.7"),
        (lambda f: cc.discover(f, "power > 12 GW", inputs="q"), "'q' is not an input"),
        (lambda f: cc.discover(f, "power > 12 GW", inputs="noise", density=0.9), "no box of inputs has"),
    ],
)
def test_bad_input_is_one_clear_message(forecast, call, message):
    with pytest.raises(cc.InputError, match=message):
        call(forecast)
