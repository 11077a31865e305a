"""Files for other programs hold the numbers to the last bit, whole or not at all."""

import builtins
import csv
import io
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast import InputError
from clustercast.files.tables import _csv_text, write_table


@pytest.fixture(scope="module")
def forecast():
    @cc.quantity("W")
    def power(year, growth, start, base):
        return start * np.exp(growth * (year - base))

    @cc.quantity("1", labels=["none", "some"])
    def binds(growth, limit):
        return np.where(growth > limit, 1, 0)

    priors = cc.Priors(
        growth=cc.Uniform(0.1, 0.9, unit="1/year"),
        limit=cc.Fixed(0.5, unit="1/year"),
        start=cc.Fixed(1.0, unit="GW"),
        base=cc.Fixed(2024.0, unit="year"),
    )
    inputs = cc.draw(priors, 512, seed=1)
    return cc.propagate(inputs, model=cc.Model([power, binds]), years=[2024, 2025.5, 2026])


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_quantiles_read_back_to_the_bit(forecast, tmp_path):
    summary = cc.summarise(forecast)
    rows = rows_of(cc.write_quantiles(summary, tmp_path / "q.csv"))
    result = {(row["output"], row["year"], row["statistic"]): row for row in rows}
    for year, text in ((2024, "2024"), (2025.5, "2025.5"), (2026, "2026")):
        for p in summary["quantile"].values:
            row = result["power", text, f"{p:g}"]
            assert float(row["value"]) == summary["power"].sel(year=year, quantile=p)
            assert float(row["error"]) == summary["power_error"].sel(year=year, quantile=p)
        assert float(result["power", text, "mean"]["value"]) == summary["power_mean"].sel(year=year)
    share = result["binds", "", "share of some"]
    assert float(share["value"]) == float((forecast["growth"] > 0.5).mean())
    assert {row["unit"] for row in rows if row["output"] == "power"} == {"W"}


def test_an_output_that_is_called_a_share_is_there_once(forecast, tmp_path):
    summary = cc.summarise(forecast.rename(power="power_share"))
    rows = rows_of(cc.write_quantiles(summary, tmp_path / "q.csv"))
    assert {row["output"] for row in rows} == {"power_share", "binds"}
    assert sum(row["output"] == "power_share" for row in rows) == 3 * (5 + 1)


def test_outputs_that_were_renamed_or_merged_keep_their_names(forecast, tmp_path):
    one = cc.summarise(forecast[["power"]])
    names = {f"power{ending}": f"site_power{ending}" for ending in ("", "_error", "_mean", "_mean_error")}
    both = xr.merge([one, one.rename(names)], combine_attrs="override")
    rows = rows_of(cc.write_quantiles(both, tmp_path / "q.csv"))
    statistics = {name: [row["statistic"] for row in rows if row["output"] == name] for name in ("power", "site_power")}
    assert statistics["power"] == statistics["site_power"]
    assert 2 * len(statistics["power"]) == len(rows)
    long = rows_of(cc.write_iamc({"base": both}, tmp_path / "i.csv"))
    assert {row["variable"] for row in long} == {"power", "site_power"}


def test_a_frame_holds_the_year_that_was_chosen(forecast):
    summary = cc.summarise(forecast)
    frame = summary.to_dataframe()
    assert frame["year"].dtype == summary["year"].dtype
    chosen = summary[["power", "power_error"]].sel(year=2026).to_dataframe()
    expected = frame[(frame["output"] == "power") & (frame["statistic"] == "quantile") & (frame["year"] == 2026)]
    pd.testing.assert_frame_equal(
        chosen[expected.columns.drop("label")], expected.drop(columns="label").reset_index(drop=True)
    )


def test_the_long_table_has_the_columns_of_the_scenario_community(forecast, tmp_path):
    summary = cc.summarise(forecast)
    target = cc.write_iamc({"base": summary, "other": summary}, tmp_path / "i.csv", regions={"power": "United States"})
    rows = rows_of(target)
    assert list(rows[0]) == ["model", "scenario", "region", "variable", "unit", "year", "quantile", "value"]
    assert len(rows) == 2 * 3 * 5 and {row["region"] for row in rows} == {"United States"}
    median = next(row for row in rows if row["year"] == "2026" and row["quantile"] == "0.5")
    assert float(median["value"]) == summary["power"].sel(year=2026, quantile=0.5)


@given(st.text() | st.builds(str.__add__, st.sampled_from("=+-@\t\r\n"), st.text()))
def test_no_cell_is_a_formula_or_breaks_its_row(text):
    rows = list(csv.reader(io.StringIO(_csv_text(("name", "value"), [(text, -1.5), ("x", 2)]), newline="")))
    assert rows[0] == ["name", "value"] and rows[2] == ["x", "2"] and rows[1][1] == "-1.5"
    assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    if text.isprintable():
        assert rows[1][0].removeprefix("'") == text.removeprefix("'")


def test_a_scenario_whose_name_is_a_formula_is_a_text(forecast, tmp_path):
    summary = cc.summarise(forecast)
    rows = rows_of(cc.write_iamc({"=cmd|' /C calc'!A0": summary}, tmp_path / "i.csv", model="-model"))
    assert {row["scenario"] for row in rows} == {"'=cmd|' /C calc'!A0"} and {row["model"] for row in rows} == {
        "'-model"
    }


def test_further_dimensions_have_columns_of_their_own(tmp_path):
    values = np.arange(24.0).reshape(2, 3, 4)
    attrs = {"role": "output", "units": "USD"}
    coords = {"year": [2024, 2026], "region": ["EU", "US", "+"]}
    forecast = xr.Dataset({"cost": (("year", "region", "sample"), values, attrs)}, coords)
    named = cc.summarise(forecast.rename(region="label"))
    rows = rows_of(cc.write_quantiles(named, tmp_path / "l.csv"))
    assert {(row["label"], row["statistic"]) for row in rows} >= {("EU", "0.5"), ("US", "mean")}
    summary = cc.summarise(forecast)
    rows = rows_of(cc.write_quantiles(summary, tmp_path / "q.csv"))
    assert list(rows[0]) == ["output", "unit", "year", "region", "statistic", "value", "error"]
    assert len(rows) == 2 * 3 * (5 + 1)
    mean = next(r for r in rows if (r["year"], r["region"], r["statistic"]) == ("2026", "US", "mean"))
    assert float(mean["value"]) == values[1, 1].mean()
    regions = [row["region"] for row in rows_of(cc.write_iamc({"base": summary}, tmp_path / "i.csv"))]
    assert sorted(set(regions)) == ["'+", "EU", "US"] and len(regions) == 2 * 3 * 5
    table = pq.read_table(cc.write_draws(forecast, tmp_path / "d.parquet")).to_pandas()
    assert len(table) == 24
    assert table.set_index(["year", "region", "sample"])["cost"].loc[2026, "US", 2] == values[1, 1, 2]


@pytest.mark.parametrize("name", ["output", "statistic", "value", "error", "unit"])
def test_a_dimension_with_the_name_of_a_column_is_refused(tmp_path, name):
    cost = xr.DataArray(np.arange(8.0).reshape(2, 4), {name: [1, 2]}, (name, "sample"), attrs={"role": "output"})
    summary = cc.summarise(cost.to_dataset(name="cost"))
    refused = pytest.raises(InputError, match=f"a dimension {name!r}.*rename")
    for table in (summary.to_dataframe, summary.isel({name: 0}).to_dataframe):
        with refused:
            table()
    with refused:
        cc.write_quantiles(summary, tmp_path / "q.csv")


def test_a_dimension_is_called_label_where_there_are_no_labels(forecast):
    summary = cc.summarise(forecast).assign_coords(label=1)
    assert set(summary[["power", "power_error"]].to_dataframe()["label"]) == {1}
    with pytest.raises(InputError, match="a dimension 'label'"):
        summary.to_dataframe()


def test_a_frame_is_a_table_without_formulas(tmp_path):
    frame = pd.DataFrame(
        {"value": [0.1, np.pi], "source": ["=1+1", "A (2024)"]}, index=pd.Index(["a", "b"], name="input")
    )
    rows = rows_of(write_table(frame, tmp_path / "t.csv"))
    assert [row["source"] for row in rows] == ["'=1+1", "A (2024)"]
    assert [(row["input"], float(row["value"])) for row in rows] == [("a", 0.1), ("b", np.pi)]


def test_a_dataset_that_is_no_summary_is_refused(forecast, tmp_path):
    with pytest.raises(InputError, match="cc.summarise"):
        cc.write_quantiles(forecast, tmp_path / "q.csv")
    assert not list(tmp_path.iterdir())


def test_parquet_holds_every_sample_with_units_and_provenance(forecast, tmp_path):
    read = pq.read_table(cc.write_draws(forecast, tmp_path / "draws.parquet"))
    assert read.num_rows == 3 * 512
    table = read.to_pandas().set_index(["year", "sample"]).sort_index()
    assert np.array_equal(table["power"].loc[2025.5], forecast["power"].sel(year=2025.5))
    assert np.array_equal(table["growth"].loc[2026.0], forecast["growth"])
    metadata = {key.decode(): value.decode() for key, value in read.schema.metadata.items()}
    assert metadata["unit:power"] == "W" and json.loads(metadata["provenance"])["design"]["seed"] == 1


def test_parquet_of_outputs_without_years_has_one_row_a_sample(forecast, tmp_path):
    only = forecast.drop_vars("power").drop_dims("year")
    read = pq.read_table(cc.write_draws(only, tmp_path / "draws.parquet"))
    assert read.num_rows == 512 and "year" not in read.column_names


def test_netcdf_holds_the_forecast(forecast, tmp_path):
    with xr.open_dataset(cc.write_draws(forecast, tmp_path / "draws.nc"), engine="h5netcdf") as read:
        assert np.array_equal(read["power"], forecast["power"])


def test_another_format_is_refused(forecast, tmp_path):
    with pytest.raises(InputError, match=r"give \.nc or \.parquet"):
        cc.write_draws(forecast, tmp_path / "draws.xlsx")


def test_a_missing_library_is_said_in_one_sentence(forecast, tmp_path, monkeypatch):
    known = builtins.__import__

    def without_pyarrow(name, *args, **kwargs):
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return known(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(InputError, match=r"install clustercast\[parquet\]"):
        cc.write_draws(forecast, tmp_path / "draws.parquet")
    assert not list(tmp_path.iterdir())
