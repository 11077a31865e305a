"""Figures: a dataset or a path in, axes out.

Each function takes ``ax=`` and returns axes, so that figures are put together as one likes: new axes belong to a figure
that needs no window, ``ax.figure``. Colours are Okabe and Ito's; markers, dashes and patterns say the same in print.
"""

from clustercast.report.plots.comparison import exceedance_curve, pool, prior_posterior, scenarios
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
from clustercast.report.plots.fans import binding_constraint, crossing_years, fan, reached_by_year
from clustercast.report.plots.sensitivity import (
    conditional_means,
    leading_inputs,
    second_order,
    sobol_by_year,
    sobol_panels,
    sobol_stacked,
    tornado,
)
from clustercast.report.plots.style import PALETTE, save_figure

__all__ = ["PALETTE", "binding_constraint", "conditional_means", "crossing_years", "discover", "evppi", "evsi"]
__all__ += ["exceedance_curve", "fan", "leading_inputs", "pool", "prior_bounds", "prior_posterior", "prior_sensitivity"]
__all__ += ["probability_tornado", "reached_by_year", "save_figure", "scenarios", "second_order", "sobol_by_year"]
__all__ += ["sobol_panels", "sobol_stacked", "tilt", "tornado", "whose_prior"]
