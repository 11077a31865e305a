"""The forecast as a whole: how long all headline outputs take, and in how many of many draws a world is impossible."""

import time

import numpy as np

import clustercast as cc
from benchmarks.measure import Options, Row, at_most
from clustercast.dataset import Dataset

# More than is spent, funded, energised or in place is impossible; half years to the end of the set's validity.
IMPOSSIBLE = {
    "ai_investment": "ai_funding",
    "installed_base": "cumulative_shipments",
    "training_cluster_size": "installed_base",
    "training_cluster_power": "fleet_power",
    "training_cluster_cost": "fleet_value",
    "fleet_energy": "world_electricity",
    "us_ai_electricity": "us_electricity",
}
ROUNDING = 1e-9


def rows(options: Options) -> list[Row]:
    """Time the forecast of 1e5 draws and look for impossible worlds in 2^17 draws to 2040."""
    priors = cc.read_priors("evidence_2026")
    inputs = cc.draw(priors, options.size(100_000, 500), seed=7)
    begun = time.process_time()
    cc.propagate(inputs, years=range(2022, 2035))
    taken = time.process_time() - begun
    draws = options.size(2**17, 2**9)
    result = _impossible(cc.draw(priors, draws, seed=7))
    return [
        Row("all headline outputs, 13 years, N = 1e5", taken, "s of one core", "", None, *at_most(1.6, taken)),
        Row(
            f"worlds that are impossible, N = {draws:,}, 2022 to 2040",
            result,
            "draws x dates",
            "",
            None,
            *at_most(0, result),
        ),
    ]


def _impossible(inputs: Dataset) -> int:
    """Count draws and dates at which a part is above its whole or a contradiction holds."""
    count = 0
    outputs = ["contradiction", *IMPOSSIBLE, *IMPOSSIBLE.values()]
    for years in np.array_split(np.arange(2022.0, 2040.5, 0.5), 4):
        forecast = cc.propagate(inputs, years=years, outputs=list(dict.fromkeys(outputs)))
        count += int((forecast["contradiction"].values > 0).sum())
        for part, whole in IMPOSSIBLE.items():
            late = years >= (float(inputs["forecast_start"]) if part == "ai_investment" else 0)
            above = forecast[part].values > forecast[whole].values * (1 + ROUNDING)
            count += int(above[late].sum())
    return count
