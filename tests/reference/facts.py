"""What was observed and what others forecast, beside evidence_2026: the rows of the page of the docs on facts."""

import functools

import numpy as np
from scipy.special import ndtri

import clustercast as cc
from clustercast.conditioning.observations import read_observations
from clustercast.engine.units import factor

FIRST, LAST = 2024.0, 2026.7
SIZE = 2**14
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
TWH = factor("TWh/year")
# What a page shows a figure in: unit of the row, divisor, and name.
SHOWN = {
    "H100e": (1e6, "M H100e"),
    "H100e/year": (1e6, "M H100e/year"),
    "W": (1e9, "GW"),
    "USD": (1e9, "B USD"),
    "USD/year": (1e9, "B USD/year"),
    "wafer/year": (1e3, "k wafers/year"),
    "W/H100e": (1.0, "W/H100e"),
    "USD/W": (1.0, "USD/W"),
    "FLOP": (1e26, "1e26 FLOP"),
    "TWh/year": (1.0, "TWh/year"),
    "1": (0.01, "%"),
}


@functools.cache
def forecast(years, outputs):
    inputs = cc.draw(cc.read_priors("evidence_2026"), SIZE, design="sobol", seed=1)
    return cc.propagate(inputs, years=list(years), outputs=list(outputs))


def _coherent(result, name, year):
    return result[name].sel(year=year).values * factor(result[name].attrs["units"])


def is_yearly(row):
    """Return whether a row is the amount of a calendar year."""
    return row.quantity.startswith("cumulative_") and row.unit.endswith("/year")


def observed_rows():
    """Return row, observed value, and the quantiles of the forecast with the error of the observation, in its unit."""
    rows = [row for row in read_observations() if FIRST <= row.date <= LAST]
    years = {row.date for row in rows} | {row.date + 1 for row in rows if is_yearly(row)}
    result = forecast(tuple(sorted(years)), tuple(sorted({row.quantity for row in rows})))
    error = np.random.default_rng(1).permutation(ndtri((np.arange(SIZE) + 0.5) / SIZE))
    for row in rows:
        values = _coherent(result, row.quantity, row.date)
        if is_yearly(row):
            values = _coherent(result, row.quantity, row.date + 1) - values
        seen = values * row.part * 10 ** (row.sd_log10 * error) / factor(row.unit)
        yield row, row.value, np.quantile(seen, LEVELS)


def outside_rows():
    """Return what is forecast elsewhere, as name, what others say, and the 5, 50 and 95 % points here."""
    share, site = "us_data_centre_electricity_share", "training_cluster_size"
    names = ("cumulative_shipments", "cumulative_investment", share, "fleet_energy", "fleet_power", site)
    years = (2024.0, 2025.0, 2026.0, 2026.5, 2027.0, 2028.0, 2028.5, 2030.0, 2030.5, 2031.0)
    result = forecast(years, (*names, "training_cluster_power", "compute_cost", "training_run_compute"))

    def at(name, year, unit):
        return _coherent(result, name, year) / unit

    def in_year(name, year, unit):
        return at(name, year + 1, unit) - at(name, year, unit)

    return [
        ("Shipments of 2024, M H100e", "4.9 to 5.1 (Epoch AI)", in_year(names[0], 2024.0, 1e6)),
        ("Shipments of 2025, M H100e", "not estimated whole", in_year(names[0], 2025.0, 1e6)),
        ("Investment of 2025, B USD", "409, all capital spending of four firms", in_year(names[1], 2025.0, 1e9)),
        ("Investment of 2026, B USD", "720 to 760 guided by four firms", in_year(names[1], 2026.0, 1e9)),
        ("Investment of 2027, B USD", "above 1,000 of four firms (analysts)", in_year(names[1], 2027.0, 1e9)),
        ("Largest site at 1 January 2028, M H100e", "3.7 to 5 announced", at(site, 2028.0, 1e6)),
        ("Largest site at 1 January 2028, GW", "2.0 to 2.7 announced", at("training_cluster_power", 2028.0, 1e9)),
        ("US data centres in mid-2028, % of electricity", "6.7 to 12 (LBNL, 2024)", at(share, 2028.5, 0.01)),
        (
            "US data centres in mid-2030, % of electricity",
            "9 to 17 (EPRI, 2026), 9.5 to 15.3 (LBNL, 2026)",
            at(share, 2030.5, 0.01),
        ),
        ("World AI in mid-2030, TWh a year", "about 450 (IEA, 2026)", at("fleet_energy", 2030.5, TWH)),
        (
            "An H100e-hour in mid-2026, USD",
            "rents 1.70 (October 2025) and 2.35 (March 2026) under contract, 2.8 spot (August 2026)",
            at("compute_cost", 2026.5, 8760.0),
        ),
        (
            "Largest run at 1 January 2030, 1e28 FLOP",
            "20 judged feasible by 2030 (Epoch AI, 2024)",
            at("training_run_compute", 2030.0, 1e28),
        ),
        ("World AI at the end of 2030, GW", "156 (McKinsey, 2025)", at("fleet_power", 2031.0, 1e9)),
    ]


def figure(value):
    """Return a number as the page shows it: three digits."""
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{digits}f}"


def observed_table():
    """Return the table of observed figures in Markdown, and the shares inside the 90 and 50 % intervals."""
    lines, inside = [], []
    for row, value, (low, first, median, third, high) in observed_rows():
        scale, unit = SHOWN[row.unit]
        within = (low <= value <= high, first <= value <= third)
        inside.append(within)
        place = "50 %" if within[1] else "90 %" if within[0] else "outside"
        quantiles = " / ".join(figure(x / scale) for x in (low, median, high))
        what = f"{row.quantity.replace('_', ' ')}, {row.name}"
        lines.append(f"| {row.date:.2f} | {what} | {unit} | {figure(value / scale)} | {quantiles} | {place} |")
    head = "| Date | What | Unit | Observed | 5 / 50 / 95 % | Inside |\n|---|---|---|---|---|---|"
    return "\n".join([head, *lines]), np.mean(inside, axis=0)


def outside_table():
    """Return the table of others' figures in Markdown."""
    head = "| What | Elsewhere | 5 / 50 / 95 % here |\n|---|---|---|"
    rows = [
        f"| {name} | {others} | {' / '.join(figure(x) for x in np.quantile(values, (0.05, 0.5, 0.95)))} |"
        for name, others, values in outside_rows()
    ]
    return "\n".join([head, *rows])


if __name__ == "__main__":
    table, shares = observed_table()
    print(table, f"\nInside 90 %: {shares[0]:.0%}, inside 50 %: {shares[1]:.0%}\n", outside_table(), sep="\n")
