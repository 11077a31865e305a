from .comparison import exceedance_curve, pool, prior_posterior, scenarios
from .decisions import discover, evppi, evsi, prior_bounds, prior_sensitivity, probability_tornado, tilt, whose_prior
from .fans import binding_constraint, crossing_years, fan, reached_by_year
from .sensitivity import (
    conditional_means,
    leading_inputs,
    second_order,
    sobol_by_year,
    sobol_panels,
    sobol_stacked,
    tornado,
)
from .style import PALETTE, save_figure

__all__ = ["PALETTE", "binding_constraint", "conditional_means", "crossing_years", "discover", "evppi", "evsi"]
__all__ += ["exceedance_curve", "fan", "leading_inputs", "pool", "prior_bounds", "prior_posterior", "prior_sensitivity"]
__all__ += ["probability_tornado", "reached_by_year", "save_figure", "scenarios", "second_order", "sobol_by_year"]
__all__ += ["sobol_panels", "sobol_stacked", "tilt", "tornado", "whose_prior"]
