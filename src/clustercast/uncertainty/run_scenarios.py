"""Scenarios compared with the prior set they lie over, on common random numbers."""

from collections.abc import Iterable
from pathlib import Path

from clustercast.dataset import Dataset
from clustercast.engine.model import Model
from clustercast.priors.prior_file import read_priors
from clustercast.propagation import YEARS, Progress, propagate, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.uncertainty.scenarios import scenario_changes


def run_scenarios(
    priors: str,
    scenarios: Iterable[str] | str,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 16384,
    seed: int = 0,
    progress: Progress | None = None,
) -> Dataset:
    """Compare scenarios with the prior set they lie over, on common random numbers.

    Parameters
    ----------
    priors : str
        Shipped prior set, or the path of one.
    scenarios : iterable of str
        Shipped scenarios, or paths.
    model, outputs, years, progress
        As in `propagate`.
    size : int, optional
        Samples of each.
    seed : int, optional

    Returns
    -------
    Dataset
        As `clustercast.uncertainty.scenarios.scenario_changes`.
    """
    wanted = wanted_outputs(cluster_model() if model is None else model, outputs)
    grid = year_grid(years).tolist()
    names = [scenarios] if isinstance(scenarios, str) else list(scenarios)

    def forecast(scenario: str | None) -> Dataset:
        inputs = draw(read_priors(priors, scenario=scenario), size, seed=seed)
        return propagate(inputs, model=model, years=grid, outputs=wanted, progress=progress)

    return scenario_changes(forecast(None), {Path(name).stem: forecast(name) for name in names})
