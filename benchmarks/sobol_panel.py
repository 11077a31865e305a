"""The default panel of Sobol' indices, and 10,000 small columns, against SALib, SciPy, OpenTURNS and jaxgsa."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

import clustercast as cc
from benchmarks.measure import (
    Options,
    Row,
    at_most,
    faster,
    medians,
    peak_megabytes,
    quiet_and_busy,
    run_python,
    seconds,
)
from benchmarks.shipped import EIGHT, INPUTS_OF_PANEL, with_inputs
from benchmarks.sobol_peers import RESAMPLES, salib, seconds_of_peers
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS
from clustercast.arrays.indices.sobol_panel import sobol_panel
from clustercast.dataset import Dataset
from clustercast.sensitivity.outputs import analysed_output

_ALL_THREADS = """
import statistics, time
import clustercast as cc
from benchmarks.sobol_panel import forecast_of, same
forecast, taken = forecast_of({size}, 1), []
for _ in range(4):
    start = time.perf_counter()
    same(forecast)
    taken.append(time.perf_counter() - start)
print(statistics.median(taken[1:]))
"""


def rows(options: Options) -> list[Row]:
    """24 inputs, 8 outputs by year, second order, error bars; then many columns."""
    size = options.size(8192, 64)
    forecast, scrambles = forecast_of(size, 1), forecast_of(size, 8)
    stirred = _stirred(forecast)
    values = np.concatenate([np.atleast_2d(analysed_output(forecast, name, "auto").values) for name in EIGHT])
    peak = peak_megabytes(lambda: cc.sobol_indices(forecast, second_order=True))
    chosen = _chosen(values, options)
    ours = {
        "same": lambda: same(forecast),
        "default": lambda: cc.sobol_indices(forecast, second_order=True),
        "scrambles": lambda: cc.sobol_indices(scrambles, second_order=True),
        "no interval": lambda: cc.sobol_indices(forecast, second_order=True, resamples=0),
        "stirred": lambda: same(stirred),
    }

    def measured() -> tuple[dict[str, float], dict[str, float | str], dict[str, float]]:
        taken = medians(ours, options.size(3, 1))
        peers = seconds_of_peers(values[chosen], INPUTS_OF_PANEL, len(values), options)
        return taken, peers, _by_the_clock(ours["same"], values[chosen[0]], len(values), options)

    panel = f"{len(values)} columns ({len(EIGHT)} outputs by year), {INPUTS_OF_PANEL} inputs, N = {size:,}"
    table = [Row("inputs that a column depends on, the mean over the panel", _mean_of_active(values), "inputs")]
    if peak is not None:
        table.append(Row("memory at its peak, above the forecast", peak, "MB", "", None, *at_most(1000, peak)))
    for where, each in quiet_and_busy(measured).items():
        table += _of_panel(panel, where, *each)
    largest = _largest_difference(same(forecast), values, chosen)
    what = "largest difference of S1, ST, S2 and their half-widths on SALib's estimator"
    table.append(Row(what, largest, "1", f"SALib, {len(chosen)} columns", None, "<= 1e-12", largest <= 1e-12))
    return [*table, *_many_columns(options)]


def same(forecast: Dataset) -> Dataset:
    """Do what SALib does: its estimator, as many resamples."""
    return cc.sobol_indices(forecast, second_order=True, estimator="saltelli-jansen", resamples=RESAMPLES, seed=1)


def _of_panel(
    panel: str, where: str, taken: dict[str, float], peers: dict[str, float | str], clock: dict[str, float]
) -> list[Row]:
    """Say what the panel takes, and how many times longer its peers do."""
    what = {
        "same": f"panel of {panel}, S1, ST, S2, {RESAMPLES} resamples, SALib's estimator{where}",
        "scrambles": f"the same, 8 scrambles and Student-t in place of the bootstrap (the default analysis){where}",
        "stirred": f"the same, where noise makes every column depend on every input{where}",
    }
    table = [
        faster(said, taken[name], peer, theirs, 600 if name == "same" and peer.startswith("SALib") else None)
        for name, said in what.items()
        for peer, theirs in peers.items()
    ]
    table.append(Row(f"the same, azzini-rosati{where}", taken["default"], "s"))
    table.append(Row(f"the same without intervals{where}", taken["no interval"], "s"))
    by_clock = f"the same on SALib's estimator, by wall time{where}"
    table.append(faster(by_clock, clock["same"], "SALib parallel, 1 column run", clock["SALib parallel"]))
    one, every = clock["same"], clock["all threads"]
    said = f"one thread, {one:.2f} s"
    return [*table, Row(f"{by_clock}, BLAS told to take all threads: time over", every, "s", said, every / one)]


def _by_the_clock(ours: Callable[[], object], column: np.ndarray, count: int, options: Options) -> dict[str, float]:
    """Return wall times: of one thread, of BLAS on all threads, its default, and of SALib's two processes."""
    program = _ALL_THREADS.format(size=options.size(8192, 64))
    parallel = seconds(lambda: salib(column, INPUTS_OF_PANEL, parallel=True), time.perf_counter)
    return {
        "same": medians({"": ours}, options.size(3, 1), time.perf_counter)[""],
        "all threads": float(run_python(program, all_threads=True)),
        "SALib parallel": parallel * count,
    }


def forecast_of(size: int, replicates: int) -> Dataset:
    """Return the forecast that is analysed: the shipped model on a Saltelli design."""
    priors = with_inputs(EIGHT, INPUTS_OF_PANEL)
    design = cc.draw(priors, size, design="saltelli", replicates=replicates, seed=7)
    return cc.propagate(design, outputs=EIGHT)


def _stirred(forecast: Dataset) -> Dataset:
    """Return the forecast with noise on every row, so that every column seems to depend on every input."""
    noise = np.random.default_rng(1).uniform(1, 1.01, forecast.sizes["sample"])
    return forecast.assign({name: forecast[name].copy(data=forecast[name].values * noise) for name in EIGHT})


def _many_columns(options: Options) -> list[Row]:
    """Many small columns: what each costs besides its numbers."""
    inputs, size, count = 8, 512, options.size(10_000, 4)
    priors = cc.Priors(**{f"x{i}": cc.Uniform(0.0, 1.0) for i in range(inputs)})
    drawn = cc.draw(priors, size, design="saltelli", replicates=8, seed=1)
    one = cc.evaluate(drawn, lambda **inputs: inputs["x0"], outputs={"y0": "1"}, form="arrays")
    values = np.exp(np.random.default_rng(1).normal(size=(count, drawn.sizes["sample"])))
    how = {"estimator": ESTIMATORS["azzini-rosati"], "design_second_order": True, "replicates": 8}
    years = {"y0": (("year", "sample"), values, one["y0"].attrs)}
    forecasts = {
        "years of one output": one.assign(years).assign_coords(year=np.arange(count)),
        "outputs": one.assign({f"y{i}": ("sample", column, one["y0"].attrs) for i, column in enumerate(values)}),
    }
    ours = {}
    for order, second in (("S1 and ST", False), ("S2 too", True)):
        ours["columns of a bare array", order] = partial(sobol_panel, values, inputs, second_order=second, **how)
        for kind, forecast in forecasts.items():
            ours[kind, order] = partial(cc.sobol_indices, forecast, second_order=second)

    def measured() -> tuple[dict[tuple[str, str], float], dict[str, float | str]]:
        return medians(ours, options.size(3, 1)), seconds_of_peers(values[:3], inputs, count, options)

    table = []
    for where, (taken, peers) in quiet_and_busy(measured).items():
        for (kind, order), spent in taken.items():
            what = f"{count:,} {kind}, {inputs} inputs, N = {size}, 8 scrambles, {order}{where}"
            table.append(Row(what, spent, "s", "", None, *at_most(3, spent)))
        last = taken["outputs", "S2 too"]
        table += [faster(what, last, peer, theirs) for peer, theirs in peers.items()]
    return table


def _mean_of_active(values: np.ndarray) -> float:
    """Return how many inputs move a column, on average: only these cost anything."""
    active = []
    for column in values:
        rows = column.reshape(-1, 2 * INPUTS_OF_PANEL + 2)
        moved = rows[:, 1 : INPUTS_OF_PANEL + 1] != rows[:, :1], rows[:, INPUTS_OF_PANEL + 1 : -1] != rows[:, -1:]
        active.append(np.count_nonzero(np.any(moved, axis=(0, 1))))
    return float(np.mean(active))


def _chosen(values: np.ndarray, options: Options) -> list[int]:
    """Return the columns that SALib runs on: all, or a few spread over the panel that vary."""
    varying = [i for i, column in enumerate(values) if np.ptp(column) > 0]
    return varying if options.full else varying[:: max(1, len(varying) // 3)][: 1 if options.smoke else 3]


def _largest_difference(ours: Dataset, values: np.ndarray, chosen: list[int]) -> float:
    """Compare ours with SALib's on some columns."""
    largest, years = 0.0, len(values) // len(EIGHT)
    for i in chosen:
        theirs = salib(values[i], INPUTS_OF_PANEL)
        for name in ("S1", "ST", "S2", "S1_conf", "ST_conf", "S2_conf"):
            own = ours[name].values[i // years, i % years]
            largest = max(largest, float(np.nanmax(np.abs(own - theirs[name]))))
    return largest
