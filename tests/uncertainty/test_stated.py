"""Stated tables beside a forecast, and claims with dates: against intervals written down by hand."""

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.errors import InputError
from clustercast.uncertainty.claims import Claim, claim_names, claim_years
from clustercast.uncertainty.stated import StatedCell, compare_with_stated, read_stated_tables, stated_cells


def cell(low, high, year=2030.0, unit="GW"):
    return StatedCell(table="t", quantity="power", year=year, text="as stated", low=low, high=high, unit=unit)


SUMMARY = xr.Dataset(
    {"power": (("year", "quantile"), [[1e9, 5e9, 2e10]], {"units": "W"})},
    {"year": [2030.0], "quantile": [0.05, 0.5, 0.95]},
)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (10, 10, "inside"),
        (1, 20, "inside"),
        (0.5, 2, "partly"),
        (15, 40, "partly"),
        (30, 30, "outside"),
        (0.1, 0.2, "outside"),
        (10, np.inf, "inside"),
        (0.5, np.inf, "partly"),
        (30, np.inf, "outside"),
    ],
)
def test_a_cell_lies_where_its_numbers_say(low, high, verdict):
    (result,) = compare_with_stated(SUMMARY, [cell(low, high)])
    assert result.verdict == verdict
    assert result.quantiles == (1e9, 5e9, 2e10)


def test_cells_are_converted_and_other_years_left_out():
    (result,) = compare_with_stated(SUMMARY, [cell(10000, 10000, unit="MW"), cell(1, 1, year=2031.0)])
    assert result.low == pytest.approx(1e10)
    with pytest.raises(InputError, match="stated cell power 2030"):
        compare_with_stated(SUMMARY, [cell(1, 1, unit="USD")])


def test_a_range_upside_down_is_refused(tmp_path):
    path = tmp_path / "cells.toml"
    path.write_text(
        '[about]\ntitle = "t"\nsource = "s"\nas_of = "2024-06"\n[[cell]]\ntable = "t"\nquantity = "q"\n'
        'year = 2030.0\ntext = "x"\nlow = 2.0\nhigh = 1.0\nunit = "GW"\n'
    )
    with pytest.raises(InputError, match="cell q 2030: low = 2 and high = 1; give 0 < low <= high"):
        read_stated_tables(path)
    path.write_text(path.read_text().replace("high", "hihg"))
    with pytest.raises(InputError, match="cell number 1 .q.|hihg"):
        read_stated_tables(path)


def test_the_essays_tables_have_all_their_cells():
    cells = read_stated_tables().cell
    assert len(cells) == 3 * 5 + 4 * 4
    assert {cell.table for cell in cells} == {"Largest training cluster", "Total world AI investment"}
    costs = {c.year: c.low for c in cells if c.quantity == "training_cluster_cost"}
    assert costs == {2022: 5e8, 2024: 1e9, 2026: 1e10, 2028: 1e11, 2030: 1e12}


def test_every_stated_cell_meets_the_model_in_its_unit():
    cells = stated_cells()
    years = sorted({cell.year for cell in cells})
    inputs = cc.draw(cc.read_priors("situational_awareness"), 64, seed=1)
    summary = cc.summarise(cc.propagate(inputs, years=years, outputs=sorted({cell.quantity for cell in cells})))
    assert len(compare_with_stated(summary, cells)) == len(cells)


def test_the_texts_other_figures_are_there():
    beside = stated_cells()[len(read_stated_tables().cell) :]
    result = {(cell.quantity, cell.year, cell.low) for cell in beside}
    assert {
        ("training_cluster_size", 2024, 1e5),
        ("training_cluster_power", 2024, 150),
        ("training_cluster_cost", 2026, 1.5e10),
        ("leading_lab_revenue", 2026, 2e10),
        ("chip_supply_capex", 2030, 1e12),
    } <= result
    assert {cell.table for cell in beside}.isdisjoint(cell.table for cell in read_stated_tables().cell)


def straight_paths():
    """100 paths that double every year from 2024 on, the k-th from k GW."""
    years = np.arange(2024.0, 2035.0)
    values = np.arange(1.0, 101.0) * 2 ** (years - 2024)[:, np.newaxis]
    path = xr.Variable(("year", "sample"), values, {"role": "output", "units": "GW"})
    return xr.Dataset({"training_cluster_power": path}, {"year": years, "sample": np.arange(100)})


def test_a_claims_probability_is_the_share_of_paths_that_made_it():
    claims = [c for c in cc.read_claims() if c.id == "hundred_gigawatts"]
    answer = cc.claim_probabilities(straight_paths(), claims).sel(claim="hundred_gigawatts")
    assert float(answer["probability"]) == pytest.approx(0.99)  # 2**6 * k >= 100 from k = 2 on
    assert float(answer["year_50"]) == pytest.approx(2025.0, abs=0.05)  # k = 50 doubles once


def test_a_claim_needs_its_year_and_its_output():
    claims = [c for c in cc.read_claims() if c.id == "hundred_gigawatts"]
    forecast = straight_paths()
    with pytest.raises(InputError, match="claim 'hundred_gigawatts': year 2030 is not among the years"):
        cc.claim_probabilities(forecast.sel(year=slice(None, 2029)), claims)
    with pytest.raises(InputError, match="claim 'hundred_gigawatts': the forecast has no 'training_cluster_power'"):
        cc.claim_probabilities(forecast.drop_vars("training_cluster_power"), claims)


def test_a_claim_is_answered_on_the_trend_too_where_there_is_one():
    claims = [c for c in cc.read_claims() if c.id == "hundred_gigawatts"]
    alone = cc.claim_probabilities(straight_paths(), claims).squeeze()
    assert np.isnan(alone["trend_probability"]) and np.isnan(alone["trend_year_50"])
    forecast = straight_paths()
    forecast["trend_training_cluster_power"] = (2 * forecast["training_cluster_power"]).assign_attrs(
        forecast["training_cluster_power"].attrs
    )
    both = cc.claim_probabilities(forecast, claims).squeeze()
    assert float(both["probability"]) == float(alone["probability"])
    assert float(both["trend_probability"]) == 1.0
    # Of twice the power half are beyond 100 GW at the first year; a year later the others were.
    assert float(both["trend_year_75"]) == pytest.approx(float(both["year_75"]) - 1)
    assert both["words"].item() == "training cluster power >= 100 GW by 1 January 2030"


BUST = Claim(id="bust", text="t", source="s", condition="training_cluster_power falls 30 % below its peak by 2030")


def test_a_claim_may_be_any_condition():
    assert (claim_names([BUST]), claim_years([BUST], 2029)[:3]) == (("training_cluster_power",), [2029, 2029.5, 2030])
    assert claim_years([BUST], 2029)[-1] == 2034.5
    undated = Claim(id="load", text="t", source="s", condition="load_factor > 0.8")
    assert claim_years([undated], 2026) == [2026, 2027, 2028, 2029, 2030]
    with pytest.raises(InputError, match="give several Claims"):
        claim_names([BUST, "bust"])
    forecast = straight_paths()
    fallen = forecast["training_cluster_power"].copy()
    fallen.loc[{"year": 2028, "sample": slice(0, 24)}] = 0.0
    answer = cc.claim_probabilities(forecast.assign(training_cluster_power=fallen), [BUST]).squeeze()
    assert float(answer["probability"]) == 0.25
    assert np.isnan(answer["year_50"])
    assert "by 1 January 2030" in answer["words"].item()
    met = cc.claims_met(forecast.assign(training_cluster_power=fallen), [BUST])["bust"]
    assert int(met.sum()) == 25


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "give quantity, level and by, or condition"),
        ('quantity = "x"\nlevel = "1 GW"\nby = 2030.0\ncondition = "x > 1 GW by 2030"\n', "in their place"),
        ('quantity = "x"\nlevel = "1 GW"\n', "give quantity, level and by"),
        ('condition = "x is large"\n', "cannot read 'x is large'"),
        ('quantity = "x"\nlevel = "many"\nby = 2030.0\n', "cannot read 'many'"),
    ],
)
def test_a_claim_that_cannot_be_asked_is_refused(tmp_path, given, reason):
    path = tmp_path / "claims.toml"
    path.write_text(f'[[claim]]\nid = "a"\ntext = "t"\nsource = "s"\n{given}')
    with pytest.raises(InputError, match=reason) as caught:
        cc.read_claims(path)
    assert str(path) in str(caught.value)


def test_every_claim_is_of_the_model_and_its_year_on_the_grid():
    model, claims = cc.cluster_model(), cc.read_claims()
    years = cc.claim_years(claims, 2024)
    assert {year for claim in claims for year in claim.asked.years} <= set(years)
    model.order(claim_names(claims))
