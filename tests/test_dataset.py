"""Labels and provenance: what a dataset says of itself stays true when its values are changed."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.dataset import in_words

PRIORS = cc.Priors(
    start=cc.LogNormal.from_quantiles({0.05: 1, 0.95: 10}, unit="GW"),
    growth=cc.Normal(0.5, 0.1, unit="1/year"),
    first_year=cc.Fixed(2022, unit="year"),
)
SIZE = 4096


@cc.quantity("GW")
def power(start, growth, year, first_year):
    return start * np.exp(growth * (year - first_year))


MODEL = cc.Model([power])


def record_of(inputs):
    return cc.provenance_of(cc.propagate(inputs, model=MODEL, years=[2024, 2026]))


def test_the_record_is_one_attribute_of_json():
    inputs = cc.draw(PRIORS, 8, seed=2**70)
    assert list(inputs.attrs) == ["provenance"]
    record = json.loads(inputs.attrs["provenance"])
    assert record == cc.provenance_of(inputs)
    assert record["design"] == cc.design_of(inputs) == {"name": "random", "seed": 2**70, "size": 8}
    assert (record["priors_name"], record["priors_hash"]) == (PRIORS.name, PRIORS.hash)
    assert record["inputs"] == ["start", "growth"]


@pytest.mark.parametrize("text", ["{", "[1]", "null", 7])
def test_a_record_that_is_none_is_refused(text):
    with pytest.raises(cc.InputError, match="'provenance' is no JSON object"):
        cc.provenance_of(cc.draw(PRIORS, 2).assign_attrs(provenance=text))


def test_untouched_draws_keep_the_hash_of_their_priors(tmp_path):
    inputs = cc.draw(PRIORS, SIZE, seed=1)
    stored = cc.read_netcdf(cc.write_netcdf(inputs, tmp_path / "inputs.nc"))
    for drawn in (inputs, stored, inputs.copy(deep=True), inputs.drop_vars("sample"), inputs.chunk(sample=1000)):
        record = record_of(drawn)
        assert record["priors_hash"] == PRIORS.hash and "edited" not in record


@given(st.sampled_from(["start", "growth"]), st.integers(0, SIZE - 1), st.integers(0, 51))
def test_a_change_of_one_bit_of_one_draw_is_noticed(name, sample, bit):
    inputs = cc.draw(PRIORS, SIZE, seed=1)
    values = inputs[name].values.copy()
    values.view(np.uint64)[sample] ^= np.uint64(1 << bit)
    record = record_of(inputs.assign({name: inputs[name].copy(data=values)}))
    assert record["edited"] == [name]
    assert record["priors_hash"] != PRIORS.hash


@pytest.mark.parametrize(
    ("change", "edited"),
    [
        (lambda d: d.assign(growth=d["growth"].copy(data=d["growth"] * 2)), ["growth"]),
        (lambda d: d.assign(first_year=d["first_year"].copy(data=2023.0)), ["first_year"]),
        (lambda d: d.isel(sample=slice(100)), ["sample"]),
        (lambda d: d.isel(sample=slice(None, None, -1)), ["growth", "start"]),
    ],
)
def test_what_was_changed_is_named_and_stays_named(change, edited):
    changed = change(cc.draw(PRIORS, SIZE, seed=1))
    forecast = cc.propagate(changed, model=MODEL, years=[2024])
    record = cc.provenance_of(forecast)
    assert sorted(record["edited"]) == edited
    assert record["priors_hash"] not in (PRIORS.hash, None)
    assert record["priors_hash"] == record_of(changed)["priors_hash"]
    again = record_of(forecast)
    assert (again["edited"], again["priors_hash"]) == (record["edited"], record["priors_hash"])
    assert cc.provenance_of(cc.summarise(forecast))["edited"] == record["edited"]


def test_different_edits_have_different_hashes():
    inputs = cc.draw(PRIORS, SIZE, seed=1)
    hashes = {
        record_of(inputs.assign(growth=inputs["growth"].copy(data=inputs["growth"] * factor)))["priors_hash"]
        for factor in (1, 2, 3)
    }
    assert len(hashes) == 3


def test_units_follow_the_conventions_and_the_older_name_is_read():
    inputs = cc.draw(PRIORS, 16)
    forecast = cc.propagate(inputs, model=MODEL, years=[2024])
    assert [forecast[name].attrs["units"] for name in ("start", "growth", "power")] == ["GW", "1/year", "GW"]
    older = inputs.copy()
    for variable in older.data_vars.values():
        variable.attrs["unit"] = variable.attrs.pop("units")
    assert np.array_equal(cc.propagate(older, model=MODEL, years=[2024])["power"], forecast["power"])


@pytest.mark.parametrize(
    ("years", "kind"), [(range(2022, 2025), "i"), ([2022.0, 2024.0], "i"), ([2022.0, 2022.5], "f")]
)
def test_whole_years_are_whole_numbers(years, kind):
    forecast = cc.propagate(cc.draw(PRIORS, 16), model=MODEL, years=years)
    assert forecast["year"].dtype.kind == kind
    assert forecast["year"].values.tolist() == list(years)
    assert cc.stream(PRIORS, size=16, model=MODEL, years=years)["year"].dtype.kind == kind
    assert float(forecast["power"].sel(year=2022.0).mean()) > 0


def test_acronyms_are_written_large_in_words():
    assert in_words("us_ai_electricity_share") == "US AI electricity share"
    assert in_words("flop_per_dollar_growth") == "FLOP per dollar growth"
