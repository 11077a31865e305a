"""The default panel of Sobol' indices against SALib, SciPy and OpenTURNS."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
from SALib.analyze import sobol as salib_sobol

import clustercast as cc
from benchmarks.measure import (
    Options,
    Row,
    at_least,
    at_most,
    medians,
    peak_megabytes,
    run_python,
    scaling_of_two_processes,
    seconds,
    two_busy_processes,
)
from benchmarks.shipped import EIGHT, INPUTS_OF_PANEL, with_inputs
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS
from clustercast.arrays.indices.sobol_panel import sobol_panel
from clustercast.dataset import Dataset
from clustercast.sensitivity.outputs import analysed_output

RESAMPLES = 100
_ALL_THREADS = """
import statistics, time
import clustercast as cc
from benchmarks.sobol_panel import RESAMPLES, forecast_of
forecast, taken = forecast_of({size}, 1), []
for _ in range(4):
    start = time.perf_counter()
    cc.sobol_indices(forecast, second_order=True, estimator="saltelli-jansen", resamples=RESAMPLES)
    taken.append(time.perf_counter() - start)
print(statistics.median(taken[1:]))
"""


def rows(options: Options) -> list[Row]:
    """24 inputs, 8 outputs by year, second order, error bars."""
    size = options.size(8192, 64)
    forecast = forecast_of(size, 1)
    scrambles = forecast_of(size, 8)
    stirred = _stirred(forecast)
    values = np.concatenate([np.atleast_2d(analysed_output(forecast, name, "auto").values) for name in EIGHT])
    peak = peak_megabytes(lambda: cc.sobol_indices(forecast, second_order=True))

    def same(forecast: Dataset = forecast) -> Dataset:
        return cc.sobol_indices(forecast, second_order=True, estimator="saltelli-jansen", resamples=RESAMPLES, seed=1)

    taken = medians(
        {
            "same": same,
            "default": lambda: cc.sobol_indices(forecast, second_order=True),
            "scrambles": lambda: cc.sobol_indices(scrambles, second_order=True),
            "no interval": lambda: cc.sobol_indices(forecast, second_order=True, resamples=0),
            "stirred": lambda: cc.sobol_indices(
                stirred, second_order=True, estimator="saltelli-jansen", resamples=RESAMPLES, seed=1
            ),
        },
        options.size(3, 1),
    )
    panel = f"{len(values)} columns ({len(EIGHT)} outputs by year), {INPUTS_OF_PANEL} inputs, N = {size:,}"
    ours = same()
    table = [
        Row(f"panel of {panel}, S1, ST, S2, {RESAMPLES} resamples, SALib's estimator", taken["same"], "s"),
        Row("the same, azzini-rosati", taken["default"], "s"),
        Row(
            "the same, 8 scrambles and Student-t in place of the bootstrap (the default analysis)",
            taken["scrambles"],
            "s",
        ),
        Row("the same without intervals", taken["no interval"], "s"),
        Row("inputs that a column depends on, the mean over the panel", _mean_of_active(values), "inputs"),
    ]
    if peak is not None:
        table.append(Row("memory at its peak, above the forecast", peak, "MB", "", None, *at_most(1000, peak)))
    table += _beside_salib(ours, same, values, taken, options)
    table += _beside_others(lambda: cc.sobol_indices(scrambles, second_order=True), same, taken["scrambles"], options)
    table += _beside_scipy(values, size, taken["same"], options)
    table += _beside_openturns(values, size, taken["same"], options)
    return [*table, *_many_columns(options)]


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
    """Many small columns: what each costs besides its numbers, quiet and beside two busy processes."""
    inputs, size, columns = 8, 512, options.size(2000, 4)
    values = np.exp(np.random.default_rng(1).normal(size=(columns, size * (2 * inputs + 2))))
    each = 10_000 / columns
    how = {"estimator": ESTIMATORS["azzini-rosati"], "design_second_order": True, "replicates": 8}
    both = {
        f"S2 {second}": partial(sobol_panel, values, inputs, second_order=second, **how) for second in (False, True)
    }
    taken = medians(both, options.size(3, 1))
    problem = {"num_vars": inputs, "names": [f"x{i}" for i in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}
    salib = seconds(lambda: salib_sobol.analyze(problem, values[0], num_resamples=RESAMPLES, seed=1)) * 10_000
    with two_busy_processes():
        beside = medians({"busy": both["S2 False"]}, options.size(3, 1))["busy"] * each
    first, second = (taken[f"S2 {order}"] * each for order in (False, True))
    what, said = f"10,000 columns, {inputs} inputs, N = {size}, 8 scrambles", f"SALib, {salib:,.0f} s (1 column)"
    return [
        Row(f"{what}, S1 and ST", first, "s", said, salib / first, *at_most(3, first)),
        Row(f"{what}, S2 too", second, "s", said, salib / second, *at_most(3, second)),
        Row(f"{what}, S1 and ST, beside two busy processes", beside, "s", "quiet", first / beside),
    ]


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


def _salib(values: np.ndarray, parallel: bool = False) -> dict[str, np.ndarray]:
    problem = {
        "num_vars": INPUTS_OF_PANEL,
        "names": [f"x{i}" for i in range(INPUTS_OF_PANEL)],
        "bounds": [[0.0, 1.0]] * INPUTS_OF_PANEL,
    }
    return salib_sobol.analyze(
        problem, values, calc_second_order=True, num_resamples=RESAMPLES, seed=1, parallel=parallel, n_processors=2
    )


def _on_all_threads(options: Options) -> float:
    """Return the wall time of the panel where BLAS takes as many threads as it likes, its default."""
    size = options.size(8192, 64)
    return float(run_python(_ALL_THREADS.format(size=size), all_threads=True))


def _beside_salib(
    ours: Dataset, same: Callable[[], object], values: np.ndarray, taken: dict[str, float], options: Options
) -> list[Row]:
    """SALib on the columns that are chosen, one after the other, and on one by its own two processes."""
    chosen = _chosen(values, options)
    spent, largest = _serial_salib(ours, values, chosen)
    serial = sum(spent) if options.full else float(np.median(spent)) * len(values)
    how = f"{len(chosen)} columns run" if options.full else f"{len(chosen)} whole columns run, times {len(values)}"
    parallel = seconds(lambda: _salib(values[chosen[0]], parallel=True), time.perf_counter) * len(values)
    beside_parallel, all_threads = seconds(same, time.perf_counter), _on_all_threads(options)
    scaling = f"2 processes get {scaling_of_two_processes(options.size(30000, 5000)):.2f} x one's work done"
    said = f"SALib serial, {serial:.0f} s"
    faster = serial / taken["same"]
    difference = "largest difference of S1, ST, S2 and their half-widths on SALib's estimator"
    return [
        _faster(", same estimator and resamples", taken["same"], f"{said} ({how})", serial, *at_least(600, faster)),
        _faster(" where noise makes every column depend on every input", taken["stirred"], said, serial),
        _faster(", default analysis (8 scrambles)", taken["scrambles"], said, serial),
        _faster(", BLAS on all threads, by wall time", all_threads, f"{said}; {scaling}", serial),
        _faster(
            ", one thread, by wall time",
            beside_parallel,
            f"SALib parallel, {parallel:.0f} s (1 column run, {scaling})",
            parallel,
        ),
        Row(difference, largest, "1", f"SALib, {len(chosen)} columns", None, "<= 1e-12", largest <= 1e-12),
    ]


def _beside_others(
    default: Callable[[], object], same: Callable[[], object], quiet: float, options: Options
) -> list[Row]:
    """The default analysis, and what threads of BLAS would cost, beside two busy processes."""
    with two_busy_processes():
        beside = medians({"default": default}, options.size(3, 1))["default"]
        one_thread, all_threads = seconds(same, time.perf_counter), _on_all_threads(options)
    said, what = (
        f"one thread, {one_thread:.2f} s",
        "BLAS on all threads, by wall time, beside two busy processes: its time",
    )
    return [
        Row("the default analysis, beside two busy processes", beside, "s", f"quiet, {quiet:.2f} s", quiet / beside),
        Row(f"{what} over that of one thread", all_threads, "s", said, all_threads / one_thread),
    ]


def _faster(what: str, ours: float, said: str, theirs: float, target: str = "", met: bool | None = None) -> Row:
    """Say how many times faster ours is."""
    return Row(f"times faster{what}", ours, "s", said, theirs / ours, target, met)


def _serial_salib(ours: Dataset, values: np.ndarray, chosen: list[int]) -> tuple[list[float], float]:
    """Run SALib on some columns; return the time of each and the largest difference of ours to it."""
    largest, spent, years = 0.0, [], len(values) // len(EIGHT)
    for i in chosen:
        start = time.process_time()
        theirs = _salib(values[i])
        spent.append(time.process_time() - start)
        for name in ("S1", "ST", "S2", "S1_conf", "ST_conf", "S2_conf"):
            own = ours[name].values[i // years, i % years]
            largest = max(largest, float(np.nanmax(np.abs(own - theirs[name]))))
    return spent, largest


def _blocks_of_rows(column: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a column into the runs A (n,), B (n,) and AB (inputs, n)."""
    by_point = column.reshape(size, 2 * INPUTS_OF_PANEL + 2)
    return by_point[:, 0], by_point[:, -1], by_point[:, 1 : INPUTS_OF_PANEL + 1].T


def _beside_scipy(values: np.ndarray, size: int, ours: float, options: Options) -> list[Row]:
    """First order and total with bootstrap of one column; SciPy has no second order."""
    from scipy.stats import sobol_indices

    column = values[_chosen(values, options)[-1]]
    a, b, swapped = _blocks_of_rows(column, size)
    runs = {"f_A": a[np.newaxis], "f_B": b[np.newaxis], "f_AB": swapped[:, np.newaxis]}

    def scipy() -> None:
        # An input without effect gives SciPy degenerate resamples, of which it warns.
        with warnings.catch_warnings(action="ignore"):
            sobol_indices(func=runs, n=size, rng=1).bootstrap(n_resamples=RESAMPLES)

    return [_scaled("scipy.stats.sobol_indices (no S2)", seconds(scipy), len(values), ours)]


def _beside_openturns(values: np.ndarray, size: int, ours: float, options: Options) -> list[Row]:
    """First order and total with bootstrap of one column."""
    if find_spec("openturns") is None:
        return [Row("times faster than OpenTURNS", None, "", "skipped: openturns is not installed")]
    import openturns

    a, b, swapped = _blocks_of_rows(values[_chosen(values, options)[-1]], size)
    design = openturns.Sample(np.zeros((size * (INPUTS_OF_PANEL + 2), INPUTS_OF_PANEL)))
    outputs = openturns.Sample(np.concatenate([a, b, *swapped])[:, np.newaxis])

    def intervals() -> None:
        algorithm = openturns.SaltelliSensitivityAlgorithm(design, outputs, size)
        algorithm.setUseAsymptoticDistribution(False)
        algorithm.setBootstrapSize(RESAMPLES)
        algorithm.getFirstOrderIndicesInterval()
        algorithm.getTotalOrderIndicesInterval()

    return [_scaled("OpenTURNS (no S2)", seconds(intervals), len(values), ours)]


def _scaled(name: str, one: float, columns: int, ours: float) -> Row:
    said = f"{name}, {one * columns:.0f} s (1 column run, times {columns})"
    return _faster(", though ours has S2 too", ours, said, one * columns)
