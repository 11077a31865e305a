"""The texts' derivations: recomputed values against arithmetic done by hand, and the verdict of each.

Constants of the hand arithmetic: 8,760 h a year, 1,037 Btu per cubic foot of gas, 3,412 Btu per kWh.
"""

import ast
import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.audit.findings import part_verdict, rounding_interval, worst
from clustercast.audit.formulas import Numbers, Series
from clustercast.audit.statements import Part, Rule, numbers_of
from clustercast.engine.units import factor, registry
from clustercast.errors import InputError
from clustercast.uncertainty.stated import read_stated_tables

FILE_OF_TEXTS = cc.read_audit()
FORMULAS = {(each.id, part.name): part.formula for each in FILE_OF_TEXTS.derivation for part in each.parts}
# id: (verdict, {part: value or (low, high)}); rounded as in the hand arithmetic, hence within 1 %.
HAND = {
    "A1": ("OK", {"growth": 3.162}),
    "A2": ("OK", {"growth": 4.0, "from_august": 3.7}),
    "A3": ("OK", {"size": (8_333, 12_500), "measured": 7_883}),
    "A4": ("OK", {"cost": (438e6, 657e6)}),
    "A5": ("OK", {"cost": 500e6, "per_accelerator": 50e3}),
    "A6": ("OK", {"cost_of_capital": 0.20, "network": 0.1625, "accelerators_and_network": 0.6625}),
    "A7": ("OK", {"growth": 0.225, "decade_gain": 1.5**5}),
    "A8": ("NO", {"decade_gain": 20.1, "growth_of_ten": 0.259}),
    "A9": (
        "NO",
        {
            "undiscounted": 5e12,
            "from_table_year": 453e9,
            "from_price_year": 826e9,
            "growth_from_table_year": 0.223,
            "growth_from_price_year": 0.308,
        },
    ),
    "A10": (
        "OK",
        {
            "cost_2024": 5e9,
            "cost_2026": 27.4e9,
            "cost_2028": 151e9,
            "table_year_2024": 2.74e9,
            "table_year_2026": 15.1e9,
            "table_year_2028": 83e9,
            "needed_2024": 3.34e9,
            "needed_2026": 22.4e9,
            "needed_2028": 150e9,
        },
    ),
    "A11": ("OK", {"bought": (4.083, 4.344), "growth_from_table_year": 0.41, "growth_from_price_year": 0.58}),
    "A12": ("NO", {"with_trend": (18.6e9, 35e9), "without_gain": 100e9}),
    "A13": ("EXT", {"power": 10e6, "elsewhere": (15e6, 21.3e6)}),
    "A14": ("ROUND", {"at_a_kilowatt": 10_000, "homes": (87.6e6 / 10_791, 87.6e6 / 10_500)}),
    "A15": ("OK", {"energy_2028": 87.6, "energy_2030": 876}),
    "A16": ("OK", {"share": 0.206, "share_of_2025": 0.194}),
    "A17": ("EXT", {"oregon": 58.7, "washington": 90.9}),
    "A18": ("NO", {"power_per_accelerator": 714, "size": 1e9 / 1400}),
    "A19": (
        "EXT",
        {
            "cost_per_watt_2022": 50,
            "cost_per_watt_2024": (33.4, 50),
            "cost_per_watt_2026": (22.4, 27.4),
            "cost_per_watt_2028": 15,
            "cost_per_watt_2030": (8.26, 10),
            "cost_2028": 151e9,
            "observed": (27, 60),
        },
    ),
    "B1": (
        "ROUND",
        {
            "investment_2026": 600e9,
            "investment_2028": 2.4e12,
            "investment_2030": 9.6e12,
            "from_125_2026": 500e9,
            "from_125_2028": 2e12,
            "from_125_2030": 8e12,
            "implied_growth": (1.83, 1.94),
        },
    ),
    "B2": ("OK", {"investment": 1.2e12}),
    "B3": ("OK", {"chip_share": 0.57, "total": (667e9, 800e9)}),
    "B4": ("OK", {"total": (167e9, 200e9)}),
    "B5": (
        "NO",
        {
            "shipments_2030": (1.61e9, 3.23e9),
            "shipments_2030_slower": (0.89e9, 1.78e9),
            "price_2024": 20e3,
            "price_2026": 20.6e3,
            "price_2028": 20e3,
            "price_2030": 16.5e3,
            "first_table_price_2030": 10e3,
        },
    ),
    "B6": (
        "OK",
        {
            "share_2024": (0.0103, 0.0206),
            "share_2026": (0.0206, 0.206),
            "share_2030": (0.412, 2.06),
            "shipments_2026": 24.3e6,
            "share_2028": 0.206,
            "shipments_2028": 97e6,
            "shipments_2030": 485e6,
        },
    ),
    "B7": (
        "NO",
        {
            "stock_over_flow": 2.0,
            "share_2024": (0.0206, 0.0412),
            "share_2026": 0.10,
            "share_2028": 0.412,
            "share_2030": 2.0,
        },
    ),
    "B8": ("EXT", {"counted": 4.93e6, "nvidia": 3.86e6, "shipments": 7.5e6}),
    "B9": ("OK", {"wafers": (142.9e3, 285.7e3)}),
    "B10": ("OK", {"share": (0.0298, 0.0952), "share_of_5nm": (0.0794, 0.1587)}),
    "B11": ("NO", {"low_end_with_7nm": 0.0298, "low_end_without_7nm": 0.0476}),
    "B12": (
        "OK",
        {"shipments_2026": 26.25e6, "shipments_2028": 105e6, "shipments_2030": 420e6, "shipments_2028_with_7nm": 168e6},
    ),
    "B13": ("OK", {"change": 1.25, "wafers": (179e3, 357e3)}),
    "B14": ("OK", {"production_over_cluster": (0.5, 1.0)}),
    "B15": ("OK", {"capacity_over_cluster": (1.05, 1.68)}),
    "B16": (
        "NO",
        {
            "chip_share_2024": 0.0133,
            "chip_share_2026": 0.0412,
            "chip_share_2028": 0.10,
            "chip_share_2030": 0.206,
            "dollar_share_2030": 0.125,
        },
    ),
    "B17": (
        "NO",
        {
            "accelerators_per_fab": 42e6,
            "fabs": 11.55,
            "capex": 231e9 / 0.5563,
            "fabs_for_wafers": 10,
            "new_fabs_for_wafers": 7.5,
            "capex_for_wafers": (150e9, 200e9),
            "capex_of_dozens": (480e9, 720e9),
        },
    ),
    "R1": ("OK", {"revenue": 2e9, "doubling_time": 6.0}),
    "R2": ("ROUND", {"crossing": 2024.12 + 13.93 / 12}),
    "R3": ("NO", {"crossing": (2025.0 + 19.93 / 12, 2025.17 + 19.93 / 12), "start_needed": 2026.5 - 19.93 / 12}),
    "R4": ("OK", {"revenue": 140e9}),
    "R5": ("-", {"lab_crossing": 2024.12 + 33.86 / 12, "company_crossing": (2026.66, 2026.83)}),
    "P1": ("OK", {"spending": 112e9}),
    "P2": ("ROUND", {"share": 0.0357}),
    "P3": ("OK", {"spending": 11.2e12}),
    "P4": ("OK", {"spending": 16.8e12, "gdp_needed": 28.3e12}),
    "G1": ("OK", {"growth": 0.0488, "growth_since": 0.0625}),
    "G2": ("OK", {"power": (141.3e9, 177.8e9), "yield": 0.100, "efficiency": 0.329, "heat_rate": 10_370}),
    "G3": ("OK", {"yield": 0.1667, "efficiency": 0.548, "heat_rate": 6_222, "power": 234e9}),
    "G4": ("NO", {"power": 195e9, "power_of_generators": 195e9, "efficiency": 0.428, "heat_rate": 7_977}),
    "G5": ("OK", {"energy": 3_321.5, "clusters": 3.79}),
    "G6": (
        "NO",
        {
            "wells_combined_cycle": 1_440,
            "wells": 1_846,
            "wells_generators": 2_400,
            "yield_needed": 0.200,
            "efficiency_needed": 0.658,
        },
    ),
    "G7": ("NO", {"time_stated_wells": 10.0, "time_combined_cycle": 12.0, "time": 15.4, "time_generators": 20.0}),
    "G8": (
        "NO",
        {
            "wells": (21.9, 36.5),
            "rigs": (7.3, 12.2),
            "wells_10_gigawatts": (2.19, 3.65),
            "rigs_10_gigawatts": (0.73, 1.22),
        },
    ),
    "G9": ("-", {"lifetime": 5.48}),
    "G10": ("OK", {"share": (0.01274, 0.02124)}),
    "G11": ("EXT", {"growth": 1.53, "shale_growth": 2.12}),
    "G12": ("EXT", {"capex": 100e9, "capex_2025": (216e9, 240e9)}),
    "G13": ("EXT", {"lead_time": 2.0, "turbine_wait": (3.0, 7.0)}),
    "N1": ("ROUND", {"before": 14.5e9, "after": 90.4e9, "time": 15, "a_year_before": 17.1e9}),
    "N2": ("OK", {"revenue": 215.9e9, "data_center": 193.7e9}),
    "X1": ("EXT", {"chapter": 20_000, "interview": (2_000, 9_000)}),
    "X2": ("EXT", {"interview": 20e6, "per_accelerator": 2_000}),
    "X3": ("OK", {"growth": (1.7, 2.0)}),
    "X4": ("OK", {"cost": 4.5e9}),
    "X5": ("OK", {"effectiveness": 1.22, "to_chips": 1.76e9}),
    "X6": ("-", {"cost_per_watt": 55.6, "cost_per_facility_watt": 45.5}),
}

# What holds on one reading of the text and fails on another.
VARIANTS = {
    ("A9", "from_price_year"): "ROUND",
    ("A10", "table_year_2028"): "NO",
    ("A10", "needed_2028"): "OK",
    ("A12", "without_gain"): "OK",
    ("A16", "share_of_2025"): "NO",
    ("B1", "from_125_2030"): "OK",
    ("B11", "low_end_without_7nm"): "OK",
    ("B12", "shipments_2028_with_7nm"): "NO",
    ("B17", "capex"): "NO",
    ("G6", "wells_combined_cycle"): "ROUND",
    ("G7", "time_stated_wells"): "OK",
    ("G8", "wells_10_gigawatts"): "OK",
    ("G11", "shale_growth"): "OK",
}


@pytest.fixture(scope="module")
def findings():
    return {finding.derivation.id: finding for finding in cc.audit_findings()}


@pytest.mark.parametrize("name", HAND)
def test_the_recomputed_values_are_those_done_by_hand(findings, name):
    result = {part.part.name: part for part in findings[name].parts}
    for part, expected in HAND[name][1].items():
        date = result[part].part.date
        near = {"abs": 0.01, "rel": 0} if date else {"rel": 0.01}
        low, high = expected if isinstance(expected, tuple) else (expected, expected)
        assert result[part].low == pytest.approx(low, **near), part
        assert result[part].high == pytest.approx(high, **near), part


@pytest.mark.parametrize("name", HAND)
def test_the_verdict_is_that_of_the_hand_arithmetic(findings, name):
    assert findings[name].verdict == HAND[name][0]


@pytest.mark.parametrize(("name", "part"), VARIANTS)
def test_another_reading_has_a_verdict_of_its_own(findings, name, part):
    (result,) = (result for result in findings[name].parts if result.part.name == part)
    assert result.part.variant
    assert result.verdict == VARIANTS[name, part]


def test_every_derivation_is_held_to_hand_arithmetic(findings):
    assert list(findings) == list(HAND)
    for name, finding in findings.items():
        assert {part.part.name for part in finding.parts} == set(HAND[name][1]), name
    assert {derivation.id for derivation in FILE_OF_TEXTS.derivation} == set(HAND)


def test_every_fact_has_a_source_and_facts_and_terms_are_used():
    terms = {term.partition("(")[0]: formula for term, formula in FILE_OF_TEXTS.terms.items()}
    used, waiting = set(), list(FORMULAS.values())
    while waiting:
        names = {node.id for node in ast.walk(ast.parse(waiting.pop())) if isinstance(node, ast.Name)} - used
        used |= names
        waiting += [terms[name] for name in names & set(terms)]
    assert used >= {*FILE_OF_TEXTS.facts, *terms}
    assert all(fact.source and fact.as_of for fact in FILE_OF_TEXTS.facts.values())


def test_a_cost_per_watt_is_cost_over_power(findings):
    result = {part.part.name: part for part in findings["A19"].parts}
    # 5e4 USD/H100e over 1 kW/H100e, 35 % a year cheaper from 2024.
    for year in (2024, 2026, 2028):
        assert result[f"cost_per_watt_{year}"].high == pytest.approx(50 / 1.35 ** (year - 2024))


@functools.cache
def essay_with(**inputs):
    return numbers_of(FILE_OF_TEXTS, cc.read_priors("situational_awareness", set=inputs), read_stated_tables())


def test_the_values_follow_the_essays_inputs_not_the_script():
    essay = essay_with(accelerator_price=50_000.0, load_factor=0.5)
    assert essay.value(FORMULAS["A5", "cost"]) == pytest.approx(1e9)
    assert essay.value(FORMULAS["A15", "energy_2028"]) / factor("TWh/year") == pytest.approx(43.8)


# What the shipped medians hide, being 1 or 0: another input, a derivation, and by what factor its number changes.
OTHER = [
    ({"load_factor": 0.5}, "A16", "share", 0.5),
    ({"load_factor": 0.5}, "B6", "share_2028", 0.5),
    ({"load_factor": 0.5}, "B6", "shipments_2028", 2),
    ({"us_electricity_growth": 0.1}, "A16", "share", 1.1**-6),
    ({"us_electricity_growth": 0.1, "us_electricity_base_year": 2020.0}, "A16", "share", 1.1**-10),
    ({"revenue_doubling_time": 0.125}, "R1", "revenue", 8),
    ({"leading_lab_base_revenue": 0.5e9}, "R1", "doubling_time", 1 / 2),
    ({"investment_growth_factor": 3.0}, "B7", "stock_over_flow", 1.5 / 2),
    ({"rental_time": cc.Uniform(730, 1095, unit="day")}, "A4", "cost", 730 / 730.485),
]


@pytest.mark.parametrize(("inputs", "name", "part", "change"), OTHER)
def test_another_input_changes_a_number_by_its_formula(inputs, name, part, change):
    result, shipped = (essay.value(FORMULAS[name, part]) for essay in (essay_with(**inputs), essay_with()))
    np.testing.assert_allclose(result, shipped * change, rtol=1e-3)


def test_an_input_without_ends_is_read_at_its_outer_quantiles():
    ratio = cc.LogNormal.from_quantiles({0.05: 2.0, 0.95: 4.0}, unit="chip/H100e")
    size = essay_with(chip_performance_ratio=ratio).value(FORMULAS["A3", "size"])
    assert sorted(size) == pytest.approx([6_250, 12_500])


def test_the_essays_lines_are_those_of_the_model_at_its_medians():
    """The audit is arithmetic of its own; the library's model, with the essay's medians, draws the same lines."""
    priors = cc.read_priors("situational_awareness")
    medians = cc.Priors(**{name: cc.Fixed(prior.median, unit=prior.unit) for name, prior in priors.items()})
    # The essay's lines are straight; the prior set allows for a slowdown.
    medians = medians.replace(cluster_growth_slowdown=0.0)
    years = [2024.0, 2026.0, 2028.0, 2030.0]
    names = ["training_cluster_size", "training_cluster_cost", "training_cluster_power", "ai_investment"]
    forecast = cc.propagate(cc.draw(medians, 1), years=years, outputs=names)
    lines = ["size({})", "cost({}, price_year, stated_flop_per_dollar_growth)", "power({})"]
    for name, line in zip(names, [*lines, "investment({}, mean(ai_investment[2024]))"], strict=True):
        result = [essay_with().value(line.format(year))[0] for year in years]
        np.testing.assert_allclose(result, forecast[name].values.ravel(), rtol=1e-3)


def test_every_formula_gives_the_unit_of_its_part_with_time_as_a_pure_number():
    """In the essay's arithmetic years are exponents, and a year's flow is its number; all other units must hold."""
    priors, tables = cc.read_priors("situational_awareness"), read_stated_tables()

    def timeless(values, unit):
        measured = registry().Quantity(np.array(values), unit).to_base_units()
        return measured / registry().Quantity(1.0, "year") ** dict(measured.unit_items()).get("year", 0)

    facts = {name: timeless([fact.value or fact.low or 1.0], fact.unit) for name, fact in FILE_OF_TEXTS.facts.items()}
    series = {name: fact for name, fact in FILE_OF_TEXTS.facts.items() if fact.series}
    facts |= {name: Series(dict.fromkeys(fact.series, facts[name])) for name, fact in series.items()}
    inputs = {name: timeless([prior.median], prior.unit) for name, prior in priors.items()}
    cells = {cell.quantity: Series() for cell in tables.cell}
    for cell in tables.cell:
        cells[cell.quantity][cell.year] = timeless([cell.low], cell.unit)
    known = {"function": {"ends": lambda name: inputs[name]}, "table": cells, "input": inputs, "fact": facts}
    numbers = Numbers(known, FILE_OF_TEXTS.terms)
    for derivation in FILE_OF_TEXTS.derivation:
        for part in derivation.parts:
            result = registry().Quantity(numbers.evaluate(part.formula))
            assert result.is_compatible_with(timeless(1.0, part.unit)), (derivation.id, part.name, result.units)


def test_a_missing_fact_year_or_cell_is_named():
    essay = essay_with()
    for formula, message in {
        'us_generation["2026"]': "no number for '2026'; nearest known: .*there are those for '2013', '2014'",
        "us_generation[2025]": "no number for 2025; nearest known: '2025'",
        "accelerator_price_growt": "formulas know no 'accelerator_price_growt'; nearest known: .*add the fact or",
        "ai_investment[1999]": "no number for 1999; there are those for 2024, 2026",
        "power()": r"power takes 1 argument \(year\), not 0",
        "trillion[2024]": "cannot be computed",
        "power + 1": "cannot be computed",
        "mean(power)": "cannot be computed",
        "'12' * 2": "cannot be computed",
        "10 ** 10 ** 10": "cannot be computed",
        "1.0 * 10 ** 400": "cannot be computed",
        "1 / 0": "cannot be computed: .*division by zero",
        "trillion / (dozens - dozens)": "gives inf; it must give finite numbers",
        "1 / (concat(dozens, trillion) - trillion)": "must give finite numbers",
        'ends("accelerator_pric")': "accelerator_pric",
    }.items():
        with pytest.raises(InputError, match=message):
            essay.value(formula)


@pytest.mark.parametrize(
    "formula",
    [
        "trillion.real",
        "().__class__",
        "[trillion]",
        "lambda: 1",
        "[x for x in trillion]",
        "f'{trillion}'",
        "trillion if dozens else 1",
        "(x := 1)",
        "trillion // 2",
        "trillion == 1",
        "power(year=2030)",
        "power(*trillion)",
        "trillion[1:]",
        "import os",
        "",
        "None",
        "True",
        "1j",
        "-" * 50_000 + "1",
        "1" + "0" * 400,
    ],
)
def test_a_formula_that_is_more_than_arithmetic_is_refused(formula):
    with pytest.raises(InputError, match="it may hold numbers, names|cannot be read: .* write it as"):
        essay_with().value(formula)


def test_a_formula_of_a_part_is_read_with_the_file(tmp_path):
    path = tmp_path / "audit.toml"
    path.write_text(FILE.format(fact="value = 1.0", part="").replace('formula = "x"', 'formula = "x +"'))
    with pytest.raises(InputError, match=r"derivation A1, part growth: formula 'x \+' cannot be read"):
        cc.read_audit(path)


def test_ends_and_ranges_are_in_coherent_units_and_join_with_numbers():
    tables, priors = read_stated_tables(), cc.Priors(x=cc.Uniform(1, 2, unit="GW"), y=cc.Fixed(3, unit="MW"))
    numbers = numbers_of(FILE_OF_TEXTS, priors, tables)
    np.testing.assert_allclose(numbers.value('ends("x")'), [1e9, 2e9])
    joined = numbers.value("concat(min(accelerator_shipments[2024]), mean(accelerator_shipments[2024]), y)")
    np.testing.assert_allclose(joined, [5e6, 7.5e6, 3e6])


def test_no_function_of_a_formula_writes_over_a_fact():
    essay = essay_with()
    for formula in ("log2(trillion, trillion)", "log10(dozens, trillion)", "maximum(dozens, dozens, trillion)"):
        with pytest.raises(InputError, match="cannot be computed"):
            essay.value(formula)
    assert essay.value("trillion") == 1e12


def test_plain_numbers_join_and_go_through_functions_as_facts_do():
    result = essay_with().value("concat(min(2), maximum(3, 1), mean(concat(trillion, 0)) / trillion)")
    assert result.tolist() == [2, 3, 0.5]


def test_a_term_that_names_itself_or_another_number_is_refused():
    for term, formula, message in (
        ("endless", "endless + 1", "cannot be computed: maximum recursion"),
        ("endless(year)", "endless(year - 1)", "cannot be computed: maximum recursion"),
    ):
        with pytest.raises(InputError, match=message):
            Numbers({}, {term: formula}).value(formula.replace("year - 1", "2030"))
    with pytest.raises(InputError, match="two have one name"):
        Numbers({}, {"f": "1", "f(x)": "x"})
    with pytest.raises(InputError, match="term 'trillion' has a name that formulas know already"):
        Numbers({"fact": {"trillion": np.ones(1)}}, {"trillion": "1"})
    with pytest.raises(InputError, match="input 'x' has a name that formulas know already"):
        Numbers({"fact": {"x": np.ones(1)}, "input": {"x": np.ones(1)}}, {})


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(InputError, match="no derivation 'A20'"):
        cc.audit_findings(ids=["A20"])


def test_only_the_ids_asked_for_are_recomputed():
    assert [finding.derivation.id for finding in cc.audit_findings(ids=["X4", "A1"])] == ["A1", "X4"]


RULE = Rule(loose_factor=1.25, loose_time=1 / 8)


@pytest.mark.parametrize(
    ("low", "high", "stated", "verdict"),
    [
        (3.162, 3.162, {"low": 3, "high": 3, "digits": 1}, "OK"),
        (3.5, 3.5, {"low": 3, "high": 3, "digits": 1}, "ROUND"),
        (3.76, 3.76, {"low": 3, "high": 3, "digits": 1}, "NO"),
        (3.76, 3.76, {"low": 3, "high": 3, "digits": 1, "against": "fact"}, "EXT"),
        (0.5, 2.9, {"low": 3, "high": 3, "digits": 1}, "OK"),
        (0.94, 0.94, {"low": 1, "high": 1, "digits": 1}, "ROUND"),
        (0.95, 0.95, {"low": 1, "high": 1, "digits": 1}, "OK"),
        (4.93, 4.93, {"low": 5, "high": 10}, "NO"),
        (11.0, 12.0, {"low": 5, "high": np.inf}, "OK"),
        (5.0, 5.0, {"low": 5, "high": 10}, "OK"),
        (10.0, 10.0, {"low": 5, "high": 10}, "OK"),
        (10.1, 10.1, {"low": 5, "high": 10}, "NO"),
        (3.75, 3.75, {"low": 3, "high": 3, "digits": 1}, "ROUND"),
        (2.4, 2.4, {"low": 3, "high": 3, "digits": 1}, "ROUND"),
        (2.39, 2.39, {"low": 3, "high": 3, "digits": 1}, "NO"),
        (2024.625, 2024.625, {"low": 2024.75, "high": 2025.25, "date": True}, "ROUND"),
        (2024.6, 2024.6, {"low": 2024.75, "high": 2025.25, "date": True}, "NO"),
        (2025.375, 2025.5, {"low": 2024.75, "high": 2025.25, "date": True}, "ROUND"),
        (2025.28, 2025.28, {"low": 2024.75, "high": 2025.25, "date": True}, "ROUND"),
        (2026.66, 2026.83, {"low": 2026.5, "high": 2026.5, "date": True}, "NO"),
        (2026.4, 2026.45, {"low": 2026.5, "high": 2026.5, "date": True}, "ROUND"),
        (7.0, 7.0, {}, "-"),
    ],
)
def test_one_rule_gives_the_verdict(low, high, stated, verdict):
    assert part_verdict(low, high, Part(name="x", formula="x", unit="1", **stated), RULE) == verdict


@given(st.floats(1e-6, 1e12), st.integers(1, 4))
def test_a_number_rounds_to_the_centre_of_its_interval(value, digits):
    centre = float(f"{value:.{digits - 1}e}")
    low, high = rounding_interval(centre, digits)
    assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
    assert float(f"{low * 1.000001:.{digits - 1}e}") == centre == float(f"{high * 0.999999:.{digits - 1}e}")


def test_below_a_power_of_ten_numbers_are_written_a_digit_finer():
    result = [rounding_interval(500, 1), rounding_interval(1, 1), rounding_interval(87.6, 3)]
    assert result == [(450.0, 550.0), (0.95, 1.5), (87.55, 87.65)]


def test_the_worst_part_decides():
    assert worst(["OK", "-", "ROUND"]) == "ROUND"
    assert worst(["OK", "EXT", "ROUND"]) == "EXT"
    assert worst(["EXT", "NO"]) == "NO"
    assert worst(["-"]) == worst([]) == "-"


FACT = '[facts.x]\nunit = "1"\nsource = "s"\nas_of = "2024"\n{fact}\n'
FILE = (
    '[about]\ntitle = "t"\nas_of = "2024"\n[rule]\nloose_factor = 1.25\nloose_time = 0.1\n'
    + FACT
    + '[[derivation]]\nid = "A1"\ntext = "t"\nsource = "s"\n'
    + 'parts = [{{ name = "growth", formula = "x", unit = "1"{part} }}]\n'
)


@pytest.mark.parametrize(
    ("fact", "part", "told"),
    [
        ("low = 1.0", "", "facts.x needs one of value, low and high, or series"),
        ("high = 1.0", "", "facts.x needs one of value, low and high, or series"),
        ("value = 1.0\nlow = 1.0\nhigh = 2.0", "", "facts.x needs one of"),
        ("value = 1.0", ", low = 2", "derivation A1, part growth: give low and high"),
        ("value = 1.0", ", low = 2, high = 1", "low = 2 is above high = 1"),
        ("value = 1.0", ", hihg = 1", "hihg"),
        ("value = 1.0", ', unit2 = "GW"', "unit2"),
        ("value = 1.0", ", high = 2", "derivation A1, part growth: give low and high"),
        ('value = 1.0\n[terms]\n"x y" = "1"', "", "terms.x y: 'x y' names no term; write it as"),
        ('value = 1.0\n[terms]\n"f(2)" = "1"', "", "names no term"),
        ('value = 1.0\n[terms]\n"f()" = "1"', "", "names no term"),
        ('value = 1.0\n[terms]\n"f(a" = "1"', "", "names no term"),
        ('value = 1.0\n[terms]\n"f(a, a)" = "1"', "", "names no term"),
        ("series = {}", "", "facts.x needs one of value, low and high, or series"),
        ("value = 1.0\n[terms]\nf = '1 +'", "", "terms.f: formula '1 \\+' cannot be read"),
    ],
)
def test_a_broken_file_is_refused_with_place_and_remedy(tmp_path, fact, part, told):
    path = tmp_path / "audit.toml"
    path.write_text(FILE.format(fact=fact, part=part))
    with pytest.raises(InputError, match=told):
        cc.read_audit(path)


def test_a_unit_or_an_id_that_cannot_be_is_refused(tmp_path):
    path = tmp_path / "audit.toml"
    good = FILE.format(fact="value = 1.0", part="")
    derivation = good[good.index("[[derivation]]") :]
    for text, message in (
        (good.replace('unit = "1"', 'unit = "GWW"', 1), "'GWW'"),
        (good.replace('"x", unit = "1"', '"x", unit = "MWW"'), "'MWW'"),
        (good + derivation, "derivation 'A1' is there twice"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            cc.read_audit(path)


def test_a_file_of_ones_own_is_recomputed_with_its_facts_and_terms(tmp_path):
    path = tmp_path / "audit.toml"
    text = FILE.format(fact="low = 2.0\nhigh = 3.0", part=", low = 4, high = 6")
    path.write_text(
        text.replace("[[derivation]]", '[terms]\n"twice(a)" = "2 * a"\n[[derivation]]').replace(
            'formula = "x"', 'formula = "twice(x)"'
        )
    )
    (finding,) = cc.audit_findings(file=cc.read_audit(path))
    (part,) = finding.parts
    assert (finding.verdict, part.low, part.high, part.part.share) == ("OK", 4.0, 6.0, False)


def test_what_a_formula_of_ones_own_lacks_is_named_with_its_place(tmp_path):
    path = tmp_path / "audit.toml"
    path.write_text(FILE.format(fact="value = 1.0", part="").replace('formula = "x"', 'formula = "y"'))
    with pytest.raises(InputError, match="derivation A1, part growth: formulas know no 'y'"):
        cc.audit_findings(file=cc.read_audit(path))
