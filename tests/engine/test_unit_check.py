"""The dry run: units, conversions written out, rows that mix, shapes and arguments that change."""

import numpy as np
import pytest
from scipy import special

import clustercast as cc

GIGA = 1e9


def forecast(function, unit, **inputs):
    model = cc.Model([cc.quantity(unit)(function)])
    drawn = cc.draw(cc.Priors(**inputs), 8, seed=1)
    return cc.propagate(drawn, model=model, years=[2024, 2025, 2026])[function.__name__]


POWER = cc.Uniform(1, 2, unit="GW")
TIME = cc.Uniform(1, 2, unit="day")
SHARE = cc.Uniform(0.1, 0.2)
SHARE_DRAWN = cc.draw(cc.Priors(share=SHARE), 8, seed=1)["share"].values


def test_a_coherent_formula_comes_out_in_the_declared_unit_without_any_conversion():
    def energy(power, duration):
        return power * duration

    result = forecast(energy, "TWh", power=cc.Fixed(1, unit="GW"), duration=cc.Fixed(365, unit="day"))
    assert result.values == pytest.approx(8.76, rel=1e-14)


def in_gigawatts(power):
    return power / 1e9


def in_gigawatts_by_a_power(power):
    return power * 10**-9


def by_a_constant_of_the_module(power):
    return power / GIGA


def in_hours(power, duration):
    return power * duration * 365 * 24


def in_seconds(duration):
    return duration * 86400


def in_percent(share):
    return share * 100


def inside_a_function(power):
    return sum((lambda p: p / 1e9)(power) for _ in range(1))


@pytest.mark.parametrize(
    ("function", "unit", "number", "inputs"),
    [
        (in_gigawatts, "GW", "1e\\+09", {"power": POWER}),
        (in_gigawatts_by_a_power, "GW", "1e-09", {"power": POWER}),
        (by_a_constant_of_the_module, "GW", "1e\\+09", {"power": POWER}),
        (in_hours, "GWh", "24", {"power": POWER, "duration": TIME}),
        (in_seconds, "second", "86400", {"duration": TIME}),
        (in_percent, "percent", "100", {"share": SHARE}),
        (inside_a_function, "GW", "1e\\+09", {"power": POWER}),
    ],
)
def test_a_conversion_that_is_written_out_is_refused(function, unit, number, inputs):
    with pytest.raises(cc.InputError, match=rf"{function.__name__}.*test_unit_check.*number {number}.*{unit}.*leave"):
        forecast(function, unit, **inputs)


def test_numbers_of_pure_numbers_are_free():
    """Where nothing has a unit, nothing can be converted: the Ishigami function's 7 and 0.1 are its own."""

    def pure(share):
        return 100 * share + 1e3

    values = forecast(pure, "1", share=cc.Fixed(0.5)).values
    assert values == pytest.approx(1050)


def adds_a_date(year, share):
    return share * (year - 2024)


def whole_sample(share):
    return share / share.mean()


def sum_of_samples(share):
    return share.sum()


def transposed(year, share):
    return (share * year / year).T


def in_place(share):
    share *= 2
    return share


def nothing(share):
    return None


def complex_numbers(share):
    return share * 1j


def a_list(share):
    return [1.0, 2.0, 3.0]


def slope_of_samples(share):
    return np.gradient(share)


def branches(share):
    return share if share > 0 else -share


def misspelt(share):
    return shares  # noqa: F821


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (adds_a_date, "does not hold its units"),
        (whole_sample, "mixes samples"),
        (sum_of_samples, "mixes samples"),
        (slope_of_samples, "mixes samples: it takes 3, but fails"),
        (transposed, r"shape \(1, 3\) for one sample"),
        (in_place, "changes its argument"),
        (nothing, "real numbers"),
        (complex_numbers, "real numbers"),
        (a_list, r"shape \(3,\) for one sample"),
        (branches, "fails with ValueError.*write it in NumPy"),
        (misspelt, "fails with NameError.*shares"),
    ],
)
def test_what_a_quantity_may_not_do_is_said_with_its_name_and_place(function, reason):
    with pytest.raises(cc.InputError, match=rf"'{function.__name__}' \(.*test_unit_check.py:\d+\).*{reason}"):
        forecast(function, "1", share=SHARE)


def floors(share):
    return np.floor(10 * share) + special.erf(share)


def looks_up(share):
    return np.array([1.0, 5.0, 7.0])[np.minimum(np.floor(share * 10), 2).astype(int)]


def thresholds(share):
    return np.where(share * 2e4 > 1000, share, 0.5 * share)


@pytest.mark.parametrize("function", [floors, looks_up, thresholds])
def test_pure_numbers_stay_pure(function):
    np.testing.assert_array_equal(forecast(function, "1", share=SHARE), function(SHARE_DRAWN))


def test_there_is_a_declared_way_out_for_a_number_and_for_a_quantity():
    def large(power):
        return np.where(power / power > 0, power, 1000 * power)

    def rounded(power):
        return np.round(power)

    with pytest.raises(cc.InputError, match=r"number 1000.*constants=\[1000\]"):
        forecast(large, "GW", power=POWER)
    with pytest.raises(cc.InputError, match="units_checked=False|other numbers"):
        forecast(rounded, "GW", power=POWER)
    drawn = cc.draw(cc.Priors(power=POWER), 8, seed=1)
    model = cc.Model([cc.quantity("GW", constants=[1000])(large), cc.quantity("GW", units_checked=False)(rounded)])
    np.testing.assert_allclose(cc.propagate(drawn, model=model)["large"], drawn["power"], rtol=1e-15)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: np.cumsum(x), id="cumsum"),
        pytest.param(lambda x: x / x[..., :1], id="over the first"),
        pytest.param(lambda x: np.sort(x), id="sort"),
        pytest.param(lambda x: x + np.random.default_rng(1).normal(size=np.shape(x)), id="seeded noise"),
        pytest.param(lambda x: x - x.max(), id="less the largest"),
    ],
)
def test_what_mixes_samples_is_found(function):
    @cc.quantity("1")
    def mixing(x):
        return function(x)

    with pytest.raises(cc.InputError, match=r"'mixing' .*mixes samples"):
        cc.propagate(cc.draw(cc.Priors(x=SHARE), 8, seed=1), model=cc.Model([mixing]))


def test_what_mixes_samples_is_found_after_a_run_of_one_sample():
    @cc.quantity("1")
    def mixing(x):
        return x - x.max()

    inputs, model = cc.draw(cc.Priors(x=SHARE), 8, seed=1), cc.Model([mixing])
    assert cc.propagate(inputs.isel(sample=[0]), model=model)["mixing"].item() == 0
    with pytest.raises(cc.InputError, match=r"'mixing' .*mixes samples"):
        cc.propagate(inputs, model=model)


def test_an_unknown_unit_names_the_quantity():
    with pytest.raises(cc.InputError, match=r"'in_seconds' \(.*unknown unit 'secnd'.*nearest known: second"):
        forecast(in_seconds, "secnd", duration=TIME)


def test_a_pinned_quantity_has_its_unit():
    @cc.quantity("GW")
    def power(size):
        return size

    @cc.quantity("TWh/year")
    def energy(power):
        return power

    model = cc.Model([power, energy]).pin(power="2 GW")
    drawn = cc.draw(cc.Priors(size=POWER), 4, seed=0)
    assert cc.propagate(drawn, model=model, outputs="energy")["energy"].values == pytest.approx(17.52)
    assert np.all(cc.propagate(drawn, model=model)["power"].values == 2)


def test_a_power_of_years_is_refused_with_what_grows_instead():
    """Willingness to pay, as ``gdp_growth ** (year - start)``: an exponent in years has no meaning."""

    def willingness_to_pay(gdp, gdp_share, gdp_growth, year, start):
        return gdp * gdp_share * gdp_growth ** (year - start)

    inputs = {"gdp": cc.Fixed(25e12, unit="USD/year"), "gdp_share": SHARE, "start": cc.Fixed(2023, unit="year")}
    growth = cc.Uniform(1.01, 1.03)
    with pytest.raises(cc.InputError, match=r"np.exp\(rate \* \(year - start\)\) with a rate in 1/year") as caught:
        forecast(willingness_to_pay, "USD/year", gdp_growth=growth, **inputs)
    assert "odd" not in str(caught.value)

    def by_a_rate(gdp, gdp_share, rate, year, start):
        return gdp * gdp_share * np.exp(rate * (year - start))

    def by_decades(gdp, gdp_share, decades, year, start):
        return gdp * gdp_share * 10 ** (decades * (year - start))

    factor = 1.02
    rate = forecast(by_a_rate, "USD/year", rate=cc.Fixed(np.log(factor), unit="1/year"), **inputs)
    decades = forecast(by_decades, "USD/year", decades=cc.Fixed(np.log10(factor), unit="OOM/year"), **inputs)
    expected = 25e12 * SHARE_DRAWN * factor ** np.array([[1], [2], [3]])
    assert rate.shape == decades.shape == expected.shape
    np.testing.assert_allclose(rate / rate[0], expected / expected[0], rtol=1e-12)
    np.testing.assert_allclose(decades, rate, rtol=1e-12)
