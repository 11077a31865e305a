"""Every problem through every phase: draw, propagate, summarise, Sobol' indices, and all of them end to end."""

import inspect
from collections.abc import Callable

import numpy as np

import clustercast as cc
from benchmarks.measure import Options, Row, medians, peak_megabytes
from benchmarks.shipped import EIGHT, INPUTS_OF_PANEL, with_inputs
from tests.reference.problems import PROBLEMS, Problem


def rows(options: Options) -> list[Row]:
    """Times of each phase; the shipped model last."""
    size = options.size(1 << 15, 1 << 8)
    base = options.size(1 << 12, 1 << 7)
    table = []
    for problem in PROBLEMS[:2] if options.smoke else PROBLEMS:
        names = [f"x{i}" for i in range(problem.inputs)]
        priors = cc.Priors(name=problem.name, **{name: cc.Uniform(0.0, 1.0) for name in names})
        model = cc.Model([function_of(problem, names)])
        table += _phases(problem.name, priors, model, (problem.name,), size, base, options)
    shipped = with_inputs(EIGHT, INPUTS_OF_PANEL)
    return table + _phases("shipped model", shipped, cc.cluster_model(), EIGHT, size, base, options)


def function_of(problem: Problem, names: list[str]) -> Callable[..., np.ndarray]:
    """Return a problem as a quantity that takes its inputs by name."""

    def evaluate(*columns: np.ndarray) -> np.ndarray:
        return problem.evaluate(np.stack([_pure(column) for column in columns], axis=-1))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    evaluate.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    evaluate.__name__ = problem.name
    return cc.quantity("1")(evaluate)


def _pure(column: np.ndarray) -> np.ndarray:
    """Return pure numbers as an array: in the proof of units they come as quantities, which `ndtri` does not take."""
    return column.m_as("") if hasattr(column, "m_as") else column


def _phases(
    name: str, priors: cc.Priors, model: cc.Model, outputs: tuple[str, ...], size: int, base: int, options: Options
) -> list[Row]:
    """Time the phases of one problem, each on what the one before it gave."""
    inputs = cc.draw(priors, size, design="sobol", seed=7)
    forecast = cc.propagate(inputs, model=model, outputs=outputs)
    saltelli = cc.propagate(
        cc.draw(priors, base, design="saltelli", replicates=8, seed=7), model=model, outputs=outputs
    )

    def end_to_end() -> None:
        drawn = cc.draw(priors, size, design="sobol", seed=7)
        cc.summarise(cc.propagate(drawn, model=model, outputs=outputs))
        cc.run_sobol(priors, model=model, outputs=outputs, size=base, seed=7)

    functions = {
        "draw": lambda: cc.draw(priors, size, design="sobol", seed=7),
        "propagate": lambda: cc.propagate(inputs, model=model, outputs=outputs),
        "summarise": lambda: cc.summarise(forecast),
        "Sobol' indices": lambda: cc.sobol_indices(saltelli),
        "end to end": end_to_end,
    }
    peak = peak_megabytes(end_to_end)
    taken = medians(functions, options.size(3, 1))
    said = (
        f"{len(priors.uncertain)} inputs, {len(outputs)} outputs, N = {size:,} (Sobol' indices {base:,}, 8 scrambles)"
    )
    table = [Row(f"{name}: {phase}", spent * 1e3, "ms", said) for phase, spent in taken.items()]
    return [*table, Row(f"{name}: memory at its peak, end to end", peak, "MB", said)]
