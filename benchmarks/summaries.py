"""Summaries of a forecast against `xarray.Dataset.quantile`."""

import numpy as np

import clustercast as cc
from benchmarks.measure import Options, Row, at_least, medians, peak_megabytes
from benchmarks.shipped import SIX, priors
from clustercast.arrays.summaries import quantiles

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)


def rows(options: Options) -> list[Row]:
    """Five quantiles of six outputs by year, N = 1e5; ours gives means and Monte Carlo errors too."""
    size = options.size(100_000, 500)
    inputs = cc.draw(priors().only(cc.cluster_model().inputs(SIX)), size, seed=7)
    forecast = cc.propagate(inputs, outputs=SIX)
    outputs = forecast[list(SIX)]
    functions = {
        "ours": lambda: cc.summarise(forecast, PROBABILITIES),
        "quantiles": lambda: [quantiles(outputs[name].values, PROBABILITIES) for name in SIX],
        "xarray": lambda: outputs.quantile(PROBABILITIES, dim="sample"),
        "mean": lambda: (outputs.mean("sample"), outputs.std("sample")),
    }
    peaks = {name: peak_megabytes(functions[name]) for name in ("ours", "xarray")}
    taken = medians(functions, options.size(9, 1))
    ours, theirs = functions["ours"](), functions["xarray"]()
    largest = max(
        float(np.max(np.abs(ours[n].transpose("quantile", "year").values / theirs[n].values - 1))) for n in SIX
    )
    ratio, alone = taken["xarray"] / taken["ours"], taken["xarray"] / taken["quantiles"]
    each = 1e9 / (size * len(SIX) * forecast.sizes["year"])
    return [
        Row(
            f"quantiles, mean and errors of {len(SIX)} outputs by year, N = {size:,}: times faster",
            taken["ours"] * each,
            "ns a value",
            f"xarray.Dataset.quantile (quantiles only), {taken['xarray'] * each:.1f} ns",
            ratio,
            *at_least(3, ratio),
        ),
        Row(
            "the same quantiles alone (arrays.summaries.quantiles): times faster",
            taken["quantiles"] * each,
            "ns a value",
            f"xarray.Dataset.quantile, {taken['xarray'] * each:.1f} ns",
            alone,
            *at_least(3, alone),
        ),
        Row(
            "largest relative difference of quantiles",
            largest,
            "1",
            "xarray.Dataset.quantile",
            target="<= 1e-12",
            met=largest <= 1e-12,
        ),
        Row("mean and standard deviation by xarray alone", taken["mean"] * each, "ns a value"),
        Row("memory at its peak", peaks["ours"], "MB", f"xarray {peaks['xarray'] or 0:.0f} MB"),
    ]
