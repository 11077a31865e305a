"""The shipped model of the AI build-out: every subject of the domain, passed explicitly."""

import functools
from importlib import import_module
from pathlib import Path
from typing import Any

from clustercast.engine.model import Model
from clustercast.priors.declarations import bounds_of, heir

_SUBJECTS = """
    technology revenue demand supply stock electricity cluster site money runs gas fabs siting contradictions
""".split()

# What `propagate` keeps when it is asked for nothing in particular, where the prior set does not say.
_HEADLINE = """
    training_cluster_size training_cluster_cost training_cluster_power training_cluster_electricity_share
    ai_investment accelerator_shipments installed_base fleet_power shipment_electricity_share fleet_electricity_share
    us_ai_electricity_share leading_lab_revenue revenue_cost_ratio us_electricity gas_wells_required available_power
    wafer_share supply_constraint binding_constraint contradiction
""".split()

# The trend of a quantity: the same draw where no limit acts, no site must stay and no rule applies.
_TREND = """
    limit_money limit_logic limit_packaging limit_memory limit_power limit_fleet limit_site existing_sites_stay
    diffusion_rule
""".split()


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
    modules = [import_module(f"clustercast.quantities.{subject}") for subject in _SUBJECTS]
    # Units proved before, so that a run need not prove them again; tests/quantities/test_proved.py writes the file.
    proved = Path(__file__).with_name("proved.txt").read_text(encoding="utf-8").split()
    carried: dict[str, Any] = {"headline": _HEADLINE, "layers": {"trend": dict.fromkeys(_TREND, 0.0)}, "proved": proved}
    return Model(modules, heir=heir, bounds=bounds_of, **carried)
