"""Scenario discovery on stored forecasts: planted regions in units, several boxes, bad input."""

import numpy as np
import pytest

import clustercast as cc


@cc.quantity("GW")
def power(growth, start, noise):
    return start * 10**growth * np.where(noise > 0, 1, 1)


def either(growth, start):
    return (growth > 0.75) | (start > 1.85)


PRIORS = cc.Priors(growth=cc.Uniform(0, 1), start=cc.Uniform(1, 2, unit="GW"), noise=cc.Normal(0, 1))


@pytest.fixture(scope="module")
def forecast():
    found = cc.propagate(cc.draw(PRIORS, 20000, seed=3), model=cc.Model([power]))
    values = either(found["growth"].values, found["start"].values)
    return found.assign(either=("sample", values.astype(float), {"role": "output", "units": "1"}))


def test_a_box_says_where_in_words_with_units(forecast):
    found = cc.discover(forecast, "power > 12 GW")
    assert "growth is above 0." in found.attrs["words"]
    assert "GW" in found.attrs["words"]
    box = found.isel(box=0)
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


def test_two_regions_are_two_boxes(forecast):
    found = cc.discover(forecast, "either > 0.5", boxes=2)
    assert found.sizes["box"] == 2
    assert (found["density"] > 0.95).all()
    assert float(found["coverage"].sum()) > 0.95
    assert len(found.attrs["words"].splitlines()) == 2


def test_a_density_that_is_asked_for_is_kept(forecast):
    loose, strict = (cc.discover(forecast, "power > 8 GW", density=value) for value in (0.6, 0.95))
    assert float(strict["density"][0]) > 0.92
    assert float(loose["coverage"][0]) > float(strict["coverage"][0])


def test_what_no_input_explains_has_no_box(forecast):
    chance = forecast.assign(coin=("sample", np.random.default_rng(1).uniform(size=20000), {"units": "1"}))
    found = cc.discover(chance, "coin > 0.7")
    assert found.attrs["words"].startswith("No box was found that has more often that coin > 0.7: it is so in 30 %")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.discover(f, "powr > 1 GW"), "no 'powr'; nearest known: power"),
        (lambda f: cc.discover(f, "power > 99 GW"), "holds in 0 of 20,000 samples"),
        (lambda f: cc.discover(f, "power > 19.8 GW"), "draws; a region needs 80 with and without it"),
        (lambda f: cc.discover(f, "power"), "is a number, not an event"),
        (lambda f: cc.discover(f, "power > 12 GW", boxes=0), "boxes is 0"),
        (lambda f: cc.discover(f, "power > 12 GW", density=1.5), "density is 1.5"),
        (lambda f: cc.discover(f, "power > 12 GW", peeled=0.7), "peeled is 0.7"),
        (lambda f: cc.discover(f, "power > 12 GW", inputs="q"), "'q' is not an input"),
        (lambda f: cc.discover(f, "power > 12 GW", inputs="noise", density=0.9), "no box of inputs has"),
    ],
)
def test_bad_input_is_one_clear_message(forecast, call, message):
    with pytest.raises(cc.InputError, match=message):
        call(forecast)
