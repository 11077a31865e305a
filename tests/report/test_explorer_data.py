"""What the explorer's page is given, read without a browser."""

import tomllib

import numpy as np
import pytest

import clustercast as cc
from clustercast.report.explorer import World, _columns, _prior, explorer_data, quantile_data, shown_outputs, toml_of

PRIORS = cc.Priors(start=cc.LogUniform(1, 10, unit="USD"), growth=cc.Normal(0.5, 0.1, unit="1/year"))


@cc.quantity("USD")
def cost(start, growth, year):
    return start * np.exp(growth * (year - year[0]))


def data_of(priors, outputs=("cost",), years=(2024, 2026)):
    return explorer_data([World(priors)], cc.Model([cost]), outputs, years, {}, 1)


@pytest.mark.parametrize("years", [(2024,), (2024, 2026)])
def test_what_has_no_words_of_its_own_is_called_by_its_name(years):
    data = data_of(PRIORS, years=years)
    assert data["title"] == data["outputs"][0]["label"] == "Cost"
    assert data["today"] is data["holds"] is None
    titled = PRIORS.carrying(about=PRIORS.about.model_copy(update={"title": "Costs", "as_of": "2024-06"}))
    data = data_of(titled, years=years)
    assert (data["title"], data["today"]) == ("Costs", 2024.5)
    # A question about one year alone does not name it.
    assert ("in {}" in data["outputs"][0]["question"]) == (len(years) > 1)


def test_an_input_that_is_missing_or_used_by_nothing_is_named():
    lacking = cc.Priors(start=PRIORS["start"])
    with pytest.raises(cc.InputError, match="needs 'growth', which is neither an input nor a quantity"):
        data_of(lacking)
    with pytest.raises(cc.InputError, match="needs 'growth'"):
        explorer_data([World(PRIORS), World(lacking)], cc.Model([cost]), None, (2024, 2026), {}, 1)
    with pytest.raises(cc.InputError, match="'growht' is used by no quantity; nearest known: growth"):
        data_of(PRIORS.add(growht=PRIORS["growth"]))

    @cc.quantity("USD/year")
    def rise(start, growth):
        return start * growth

    # What does not go by the year cannot change with it.
    later = PRIORS.add(growth_from_2025=PRIORS["growth"])
    with pytest.raises(cc.InputError, match="'growth' cannot change from a date on: no quantity takes it together"):
        explorer_data([World(later)], cc.Model([rise]), None, (2024, 2026), {}, 1)


def test_what_any_run_refuses_is_refused():
    power = cc.Priors(start=PRIORS["start"], growth=cc.Normal(0.5, 0.1, unit="W"))
    with pytest.raises(cc.InputError, match="does not hold its units"):
        data_of(power)

    @cc.quantity("USD", units_checked=False)
    def costs(start, growth, year):
        return start * np.exp(growth * (year - 2024))

    with pytest.raises(cc.InputError, match="there are no years"):
        cc.explore(PRIORS, model=cc.Model([costs]), years=[])
    with pytest.raises(cc.InputError, match="'cots' is not a quantity of the model; nearest known: costs"):
        cc.explore(PRIORS, model=cc.Model([costs]), levels={"cots": ["$1"]})
    idle = PRIORS.add(start_from_2025=cc.Fixed(9, unit="USD"))
    with pytest.raises(cc.InputError, match="'start_from_2025' changes nothing"):
        cc.explore(idle, model=cc.Model([costs]), years=np.array([2024, 2026]))


def test_one_level_alone_is_a_level():
    @cc.quantity("1")
    def doubled(x):
        return 2 * x

    asked = {"priors": cc.Priors(x=cc.Normal(0, 1)), "model": cc.Model([doubled])}
    pages = {cc.explore(**asked, levels={"doubled": level}).html for level in ("12", ["12"], 12, [12], np.int64(12))}
    assert len(pages) == 1 and '"levels":[["12",12.0]]' in pages.pop()


@pytest.mark.parametrize(
    ("outputs", "message"), [([], "outputs is empty"), (["costs"], "'costs'"), (["binding_constraint"], "is a label")]
)
def test_outputs_that_cannot_be_shown_are_refused(outputs, message):
    with pytest.raises(cc.InputError, match=message):
        shown_outputs(cc.Priors(), cc.cluster_model(), outputs)


def test_more_inputs_than_a_sequence_has_columns_are_refused():
    with pytest.raises(cc.InputError, match="30000"):
        _columns(0, 30_000)


def test_by_default_the_first_numbers_of_the_headline_are_shown():
    model = cc.cluster_model()
    labels = [name for name in model.headline if model.declaration(name).labels]
    numbers = [name for name in model.headline if name not in labels]
    assert list(shown_outputs(cc.Priors(), model, None)) == numbers[:3]
    assert shown_outputs(cc.Priors(), model, numbers[0]) == (numbers[0],)
    about = cc.Priors().about.model_copy(update={"headline": ("nothing", *labels, numbers[4])})
    assert shown_outputs(cc.Priors().carrying(about=about), model, None) == (numbers[4],)


def test_switches_and_growths_are_marked():
    priors = cc.read_priors("evidence_2026")
    assert _prior(priors, "limit_power")["switch"] is _prior(priors, "cluster_growth_rate")["growth"] is True
    assert "switch" not in _prior(priors, "cluster_growth_rate")
    assert _prior(priors, "limit_power")["meaning"] == priors.declared["limit_power"].meaning != ""
    assert _prior(priors, "limit_power")["source"] == priors["limit_power"].source != ""
    assert not {"source", "asOf", "note"} & set(_prior(PRIORS, "start"))


@pytest.mark.parametrize("bounds", [(), (0.0, 5.0)])
def test_a_metalog_is_written_with_its_bounds_if_it_has_any(bounds):
    quantiles = {0.05: 1.0, 0.5: 2.0, 0.95: 4.0}
    prior = cc.Metalog.from_quantiles(quantiles, **({"bounds": bounds} if bounds else {}))
    written = tomllib.loads(f"x = {toml_of(prior)}")["x"]
    assert tuple(written.pop("bounds", ())) == bounds
    assert written == {"family": "metalog", "coefficients": list(prior.coefficients)}
    assert tomllib.loads(f"x = {toml_of(PRIORS['growth'])}")["x"] == {"family": "normal", "mean": 0.5, "sd": 0.1}
    assert toml_of(cc.Mixture([0.5, 0.5], [prior, prior])) == ""
    data = {"kind": "metalog", "ends": list(bounds) or [None, None], "coefficients": list(prior.coefficients)}
    assert quantile_data(prior) == data


def test_constants_have_no_total_indices():
    fixed = cc.Priors(start=cc.Fixed(2, unit="USD"), growth=cc.Fixed(0.5, unit="1/year"))
    assert [program["totals"] for program in data_of(fixed)["programs"]] == [{}]


def test_what_is_fixed_is_computed_beforehand():
    fixed = cc.Priors(start=PRIORS["start"], growth=cc.Fixed(50, unit="%/year"))
    (program,) = data_of(fixed)["programs"]
    # In 2026 the start is multiplied by exp(2 years at 0.5 a year).
    assert program["names"] == ["start"]
    assert np.isclose(program["code"]["constants"], np.e, rtol=1e-14).any()
    # What another world fixes elsewhere is left to the page, and so are a change and a switch.
    changed = cc.Priors(start=PRIORS["start"], growth=fixed["growth"], growth_from_2025=cc.Fixed(1, unit="1/year"))

    @cc.quantity("USD", units_checked=False)
    def costs(start, growth, year):
        return start * np.exp(growth * (year - 2024))

    (program,) = explorer_data([World(changed)], cc.Model([costs]), None, (2024, 2026), {}, 1)["programs"]
    assert program["names"] == ["start", "growth_from_2025"]
    assert program["aliases"] == {"growth_from_2025": "growth"}
    worlds = [World(fixed), World(fixed.replace(growth=cc.Fixed(0.6, unit="1/year")))]
    data = explorer_data(worlds, cc.Model([cost]), ("cost",), (2024, 2026), {}, 1)
    assert data["programs"][0]["names"] == ["start", "growth"]
    shipped = cc.read_priors("evidence_2026")
    assert isinstance(shipped["limit_power"], cc.Fixed)

    @cc.quantity("1")
    def limited(limit_power, load_factor):
        return limit_power * load_factor

    model = cc.Model([limited], spare=set(shipped))
    data = explorer_data([World(shipped)], model, ("limited",), (2024,), {}, 1)
    assert data["programs"][0]["names"] == [*data["worlds"][0]["inputs"]] == ["limit_power", "load_factor"]


def test_constants_that_no_json_has_are_written_as_words():
    @cc.quantity("USD", units_checked=False)
    def most(start):
        return np.where(start > 2, np.inf, start)

    priors = cc.Priors(start=PRIORS["start"])
    (program,) = explorer_data([World(priors)], cc.Model([most]), None, (2024,), {}, 1)["programs"]
    assert sorted(map(str, program["code"]["constants"])) == ["2.0", "inf"] and "inf" in program["code"]["constants"]


def test_total_indices_are_those_of_sobol_largest_first():
    @cc.quantity("1/year")
    def twice(growth):
        return 2 * growth

    model = cc.Model([cost, twice], headline=("twice",))
    data = explorer_data([World(PRIORS)], model, ("cost", "twice"), (2024, 2026), {}, 1)
    result = data["programs"][0]["totals"]["cost"]
    exact = cc.run_sobol(PRIORS, model=model, outputs=["cost"], years=(2024, 2026), size=512, seed=1)["ST"]
    exact = exact.sel(output="cost", year=2026).to_series().round(4).to_dict()
    # In the first year nothing has grown.
    assert len(result) == 2 and result[0] == {"start": 1.0}
    assert result[1] == exact and list(result[1]) == ["start", "growth"] and exact["start"] > exact["growth"]


@pytest.mark.parametrize("size", [1.0, 1e-12])
def test_tables_give_the_quantiles_of_a_prior(size):
    prior = cc.Mixture([0.6, 0.4], [cc.Normal(0, size), cc.Normal(3 * size, 0.5 * size)])
    table, scores = quantile_data(prior), np.linspace(-6, 6, 50)
    assert table["ends"] == [None, None]
    piece = np.searchsorted(table["knots"], scores) - 1
    low, high = np.array(table["knots"])[piece], np.array(table["knots"])[piece + 1]
    inside = (2 * scores - low - high) / (high - low)
    result = [np.polynomial.chebyshev.chebval(x, table["series"][k]) for x, k in zip(inside, piece, strict=True)]
    np.testing.assert_allclose(result, prior.quantile_from_normal_score(scores), rtol=1e-10, atol=1e-10 * size)
