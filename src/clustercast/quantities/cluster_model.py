"""The shipped model of the AI build-out: every subject of the domain, passed explicitly."""

import functools
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

from clustercast.engine.model import Model
from clustercast.priors.declarations import bounds_of, heir


@functools.cache
def cluster_model() -> Model:
    """Return the shipped model of the AI build-out.

    Returns
    -------
    Model
        Its headline quantities are those that `propagate` keeps by default.

    Examples
    --------
    >>> cluster_model().arguments("training_cluster_cost")
    ('training_cluster_size', 'cluster_cost_per_accelerator')
    """
    # Its subjects, its headline quantities, and the inputs that differ in the trend.
    carried: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    modules = [import_module(f"clustercast.quantities.{subject}") for subject in carried.pop("subjects")]
    # Units proved before, so that a run need not prove them again; tests/quantities/test_proved.py writes the file.
    proved = Path(__file__).with_name("proved.txt").read_text(encoding="utf-8").split()
    return Model(modules, heir=heir, bounds=bounds_of, proved=proved, **carried)
