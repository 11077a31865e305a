"""Drawing: mixed families against the points and `ndtri`, Saltelli rows against SALib's sampler."""

from collections import Counter

import numpy as np
from SALib.sample import sobol as salib_sobol
from scipy.special import ndtri
from scipy.stats import qmc

import clustercast as cc
from benchmarks.measure import Options, Row, at_most, faster, medians, peak_megabytes, quiet_and_busy
from benchmarks.shipped import mixed_families, priors
from clustercast.dataset import Dataset

INPUTS = 24


def rows(options: Options) -> list[Row]:
    """Cost of a mixed draw, of each family, and of Saltelli rows."""
    return [*_mixed(options), *_families(options), *_saltelli(options)]


def _mixed(options: Options) -> list[Row]:
    size = options.size(1 << 17, 1 << 8)
    mix = mixed_families(INPUTS)
    whole = priors()

    def points_and_scores(inputs: int) -> np.ndarray:
        return ndtri(qmc.Sobol(inputs, rng=7).random(size))

    def sobol_only() -> np.ndarray:
        return qmc.Sobol(INPUTS, rng=7).random(size)

    functions = {
        "ours": lambda: cc.draw(mix, size, design="sobol", seed=7),
        "floor": lambda: points_and_scores(INPUTS),
        "points": sobol_only,
        "random": lambda: cc.draw(mix, size, seed=7),
        "whole": lambda: cc.draw(whole, size, design="sobol", seed=7),
        "whole floor": lambda: points_and_scores(len(whole.uncertain)),
    }
    taken = medians(functions, options.size(5, 1))
    values = size * INPUTS / 1e9
    families = ", ".join(f"{n} {name}" for name, n in Counter(type(d).__name__ for d in mix.values()).items())
    ratio = taken["ours"] / taken["floor"]
    whole_ratio = taken["whole"] / taken["whole floor"]
    floor = f"scrambled Sobol' points (scipy) and ndtri, {taken['floor'] / values:.1f} ns"
    return [
        Row(
            f"draw on Sobol' points, {INPUTS} inputs ({families}), N = {size:,}: time over the floor",
            taken["ours"] / values,
            "ns a value",
            floor,
            ratio,
            *at_most(2, ratio),
        ),
        Row("the same at random", taken["random"] / values, "ns a value", floor, taken["random"] / taken["floor"]),
        Row("Sobol' points alone (scipy)", taken["points"] / values, "ns a value"),
        Row(
            f"the shipped priors, {len(whole.uncertain)} inputs",
            taken["whole"] * 1e9 / size / len(whole.uncertain),
            "ns a value",
            f"as above, {taken['whole floor'] * 1e9 / size / len(whole.uncertain):.1f} ns",
            whole_ratio,
            *at_most(2, whole_ratio),
        ),
        Row(
            "memory of the draw at its peak above its own values",
            _above(peak_megabytes(functions["ours"]), values * 8e3),
            "MB",
            f"values {values * 8e3:.0f} MB",
        ),
    ]


def _above(peak: float | None, kept: float) -> float | None:
    return None if peak is None else peak - kept


def _families(options: Options) -> list[Row]:
    """Quantile functions one by one, on the same uniforms."""
    uniforms = np.random.default_rng(1).random(options.size(1 << 17, 1 << 8))
    kinds = {
        "normal": cc.Normal(1.0, 2.0),
        "lognormal": cc.LogNormal(0.0, 1.0),
        "uniform": cc.Uniform(0.0, 2.0),
        "loguniform": cc.LogUniform(1.0, 9.0),
        "triangular": cc.Triangular(0.0, 1.0, 3.0),
        "PERT": cc.PERT(0.0, 1.0, 3.0),
        "beta": cc.Beta(2.0, 3.5),
        "truncated normal": cc.TruncatedNormal(1.0, 1.0, 0.0, 4.0),
        "gamma": cc.Gamma(2.5, 1.0),
        "discrete": cc.Discrete([0.0, 1.0, 2.0], [0.5, 0.3, 0.2]),
    }
    functions = {name: lambda kind=kind: kind.quantile(uniforms) for name, kind in kinds.items()}
    taken = medians(functions | {"ndtri": lambda: ndtri(uniforms)}, options.size(5, 1))
    each = 1e9 / len(uniforms)
    reference = f"ndtri, {taken['ndtri'] * each:.1f} ns"
    return [
        Row(
            f"quantile function, {name}: time over ndtri",
            taken[name] * each,
            "ns a value",
            reference,
            taken[name] / taken["ndtri"],
        )
        for name in kinds
    ]


def _saltelli(options: Options) -> list[Row]:
    size = options.size(8192, 64)
    problem = {"num_vars": INPUTS, "names": [f"x{i}" for i in range(INPUTS)], "bounds": [[0.0, 1.0]] * INPUTS}
    uniform = cc.Priors(**{name: cc.Uniform(0, 1) for name in problem["names"]})
    results = {}

    def salib() -> None:
        results["salib"] = salib_sobol.sample(problem, size, calc_second_order=True, seed=7)

    def ours() -> None:
        results["ours"] = cc.draw(uniform, size, design="saltelli", seed=7, points="salib")

    def read() -> None:
        # A propagation makes the rows block by block; here all of them are made, as SALib's are.
        ours()
        results["rows"] = [results["ours"][name].values for name in problem["names"]]

    table = []
    functions = {"ours": ours, "read": read, "salib": salib}
    for where, taken in quiet_and_busy(lambda: medians(functions, options.size(9, 1))).items():
        what = f"Saltelli rows, {INPUTS} inputs, N = {size:,}, second order"
        table.append(faster(f"{what}, as cc.draw gives them{where}", taken["ours"], "SALib's sampler", taken["salib"]))
        table.append(faster(f"{what}, all of them read{where}", taken["read"], "SALib's sampler", taken["salib"], 40))
    different = int(sum(np.count_nonzero(results["salib"][:, i] != results["ours"][f"x{i}"]) for i in range(INPUTS)))
    what = "Saltelli rows: values that differ from SALib's"
    return [*table, Row(what, different, "values", "SALib", None, "0", different == 0), *_wide_design(options)]


def _wide_design(options: Options) -> list[Row]:
    """A design of 500 inputs with second order, whose rows are made when they are read."""
    inputs, size, replicates, few = options.size(500, 20), 1024, 8, 16
    names = [f"x{i}" for i in range(inputs)]
    many = cc.Priors(**{name: cc.Uniform(0, 1) for name in names})
    problem = {"num_vars": inputs, "names": names, "bounds": [[0.0, 1.0]] * inputs}

    def draw() -> Dataset:
        return cc.draw(many, size, design="saltelli", seed=7, replicates=replicates)

    functions = {
        "ours": draw,
        "points": lambda: [qmc.Sobol(2 * inputs, rng=k).random(size // replicates) for k in range(replicates)],
        # All of SALib's rows take minutes, each as long as the next.
        "salib": lambda: salib_sobol.sample(problem, few, calc_second_order=True, seed=7),
    }
    what = f"Saltelli design of {inputs} inputs, N = {size:,}, second order"
    peak, table = peak_megabytes(draw), []
    if peak is not None:
        rows = size * (2 * inputs + 2) * inputs * 8 / 1e6
        said, ratio = f"all of its rows, {rows:,.0f} MB", rows / peak if peak else None
        table.append(Row(f"{what}: memory at its peak", peak, "MB", said, ratio, *at_most(200, peak)))
    for where, taken in quiet_and_busy(lambda: medians(functions, options.size(5, 1))).items():
        salib = f"SALib's sampler, N = {few} times {size // few}"
        table.append(faster(f"{what}{where}", taken["ours"], salib, taken["salib"] * size / few))
        floor, over = f"its Sobol' points (scipy), {taken['points'] * 1e3:.0f} ms", taken["ours"] / taken["points"]
        table.append(Row(f"{what}{where}: time over the floor", taken["ours"] * 1e3, "ms", floor, over))
    return table
