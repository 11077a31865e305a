"""Figures: a dataset or a path in, axes out.

Each function takes ``ax=`` and returns axes, so that figures are put together as one likes: new axes belong to a figure
that needs no window, ``ax.figure``. Colours are Okabe and Ito's; markers, dashes and patterns say the same in print.
"""

from clustercast.report.plots.comparison import exceedance_curve, pool, scenarios
from clustercast.report.plots.constraints import binding_constraint
from clustercast.report.plots.decisions import (
    discover,
    evppi,
    evsi,
    prior_bounds,
    prior_sensitivity,
    probability_tornado,
    tilt,
    whose_prior,
)
from clustercast.report.plots.fans import fan
from clustercast.report.plots.milestones import crossing_years, reached_by_year
from clustercast.report.plots.posterior import prior_posterior
from clustercast.report.plots.sensitivity import (
    leading_inputs,
    second_order,
    sobol_by_year,
    sobol_panels,
    sobol_stacked,
)
from clustercast.report.plots.style import PALETTE, save_figure
from clustercast.report.plots.tornado import conditional_means, tornado

__all__ = ["PALETTE", "binding_constraint", "conditional_means", "crossing_years", "exceedance_curve", "fan"]
__all__ += ["leading_inputs", "prior_posterior", "reached_by_year", "save_figure", "scenarios", "second_order"]
__all__ += ["sobol_by_year", "sobol_panels", "sobol_stacked", "tornado"]
__all__ += [
    "discover",
    "evppi",
    "evsi",
    "pool",
    "prior_bounds",
    "prior_sensitivity",
    "probability_tornado",
    "tilt",
    "whose_prior",
]
