"""Tables of indices on the terminal: 80 columns, groups by their name, and the ranking said per output."""

import io

import numpy as np
import pytest
from rich.console import Console

import clustercast as cc
from clustercast.report.findings import sobol_tables


@cc.quantity("USD")
def a_quantity_with_a_name_as_long_as_the_longest(start, rate, other_rate, year, first_year):
    return start * np.exp((rate + other_rate) * (year - first_year))


PRIORS = cc.Priors(
    start=cc.LogNormal(0, 1.0, unit="USD"),
    rate=cc.Normal(0.5, 0.2, unit="1/year"),
    other_rate=cc.Normal(0.1, 0.0001, unit="1/year"),
    first_year=cc.Fixed(2024, unit="year"),
)
MODEL = cc.Model([a_quantity_with_a_name_as_long_as_the_longest])


def printed(**options):
    indices = cc.run_sobol(PRIORS, model=MODEL, years=[2024, 2026, 2032, 2034], size=512, **options)
    page = io.StringIO()
    for table in sobol_tables(indices, resolved=cc.ranking_resolved(indices)):
        Console(file=page, width=80).print(table)
    return indices, page.getvalue()


def test_a_table_fits_80_columns_and_says_whether_the_order_is_resolved():
    indices, page = printed()
    lines = page.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("A quantity with a name as long as the longest, on the log10 scale")
    assert "ST 2034" in page and "…" not in page
    assert "1 more input, with ST below 0.01" in page
    assert cc.ranking_resolved(indices).all()
    assert "is resolved in every year" in " ".join(page.split())


def test_years_that_are_not_resolved_are_counted():
    """The statement follows the truth values that it is given."""
    indices, _ = printed()
    resolved = cc.ranking_resolved(indices).copy()
    resolved.values[0, 1] = False
    note = next(sobol_tables(indices, resolved=resolved)).note
    assert note.endswith("order of the first 3 inputs by ST is not resolved in 2026")
    resolved.values[:] = False
    assert next(sobol_tables(indices, resolved=resolved)).note.endswith("is not resolved in any year")


def test_groups_are_called_groups():
    _, page = printed(groups={"rates": ["rate", "other_rate"]})
    assert " group " in page and " Rates " in page and " input " not in page


@pytest.mark.parametrize("given", ["situational_awareness", "evidence_2026"])
def test_indices_carry_the_fingerprint_of_the_whole_set(given):
    priors = cc.read_priors(given)
    indices = cc.run_sobol(priors, outputs="ai_investment", years=[2026], size=64)
    assert cc.provenance_of(indices)["priors_hash"] == priors.hash
    assert cc.provenance_of(indices)["priors_name"] == priors.name
