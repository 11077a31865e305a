"""Models that others published, as the docs have them: their sources' printed numbers, and their arithmetic anew."""

import datetime
import re

import numpy as np
import pytest

import clustercast as cc
from clustercast.files.dates import start_of

CELL = re.compile(r"```\{code-cell\} ipython3\n(.*?)```", re.DOTALL)
SIZE = 400_000


@pytest.fixture(scope="module")
def page(request):
    """Return the names that the page defines, cell by cell; the first forecast under a name of its own."""
    names = {}
    for number, cell in enumerate(CELL.findall((request.config.rootpath / "docs" / "public_models.md").read_text())):
        exec(cell, names)
        names[f"forecast_{number}"] = names["forecast"]
    return names


def test_the_horizon_is_long_enough_in_the_months_that_were_printed(page):
    """Wildeford, April 2025: 8 hours by November 2026, 40 by March 2028, 167 by June 2029."""
    printed = {"a day": "2026-11", "a week": "2028-03", "a month": "2029-06"}
    for task, month in printed.items():
        year, number = (int(part) for part in month.split("-"))
        following = datetime.date(year + number // 12, number % 12 + 1, 1)
        assert start_of(month) <= page["dates"][task] < start_of(following)


def test_the_years_until_are_those_of_plain_numpy(page):
    rng = np.random.default_rng(2025)

    def lognormal(low, high, score):
        middle, spread = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / 2 / score
        return np.exp(rng.normal(middle, spread, SIZE))

    def by_moments(mean, sd):
        variance = np.log1p((sd / mean) ** 2)
        return np.exp(rng.normal(np.log(mean) - variance / 2, np.sqrt(variance), SIZE))

    def chosen(weights, *values):
        kind = rng.choice(len(weights), SIZE, p=weights)
        return np.choose(kind, [np.broadcast_to(value, SIZE) for value in values])

    tenth, twentieth = 1.2815515655446004, 1.6448536269514722
    change = lognormal(0.005, 0.1, tenth)
    pace = chosen([0.1, 0.8, 0.1], 1 + change, 1.0, 1 - change)
    start = 1.75 * chosen([0.3, 0.4, 0.3], 1.0, 1.2, 1.5) * np.maximum(by_moments(2, 1), 1)
    start *= chosen([0.2, 0.4, 0.2, 0.1, 0.1], 1, 1 / 4, 1 / 16, 1 / 64, 1 / 256)
    start /= chosen([0.1, 0.3, 0.6], 1.0, lognormal(5, 20, twentieth), lognormal(10, 1000, twentieth))
    doublings = np.log2(np.maximum(lognormal(80, 2000, tenth), 40) / np.maximum(start, 1 / 3600))
    days = chosen([0.3, 0.1, 0.6], 212.0, 118.0, by_moments(185.25, 40))
    kept = np.abs(pace - 1) < 0.5
    total = np.array([days[i] * sum_of_powers(pace[i], doublings[i]) for i in np.flatnonzero(kept)[:100_000]])
    lead = np.maximum(rng.normal(90, 60 / tenth, total.size), 0)
    expected = np.quantile((total - lead) / 365, [0.05, 0.25, 0.5, 0.75, 0.95])
    result = cc.summarise(page["forecast"])["years_until"]
    np.testing.assert_allclose(result, expected, rtol=0.015)


def sum_of_powers(pace, doublings):
    """Return how many first doublings so many take, each `pace` times the one before."""
    return doublings if pace == 1 else (1 - pace**doublings) / (1 - pace)


def test_a_willingness_to_pay_grows_with_income(page):
    paid = cc.summarise(page["paid"])["willingness_to_pay"]
    # A share from 1e-4 to 1e-2 of 25 trillion; its median grows by the median of the rate, 2 % a year to a hundredth.
    np.testing.assert_allclose(paid.sel(year=2023, quantile=[0.05, 0.5, 0.95]), [2.5e9, 25e9, 250e9], rtol=0.01)
    growth = float(paid.sel(year=2040, quantile=0.5) / paid.sel(year=2023, quantile=0.5)) ** (1 / 17)
    assert growth == pytest.approx(np.sqrt(1.01 * 1.03), rel=1e-3)
