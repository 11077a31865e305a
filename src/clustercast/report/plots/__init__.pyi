from .comparison import exceedance_curve as exceedance_curve, pool as pool, prior_posterior as prior_posterior
from .comparison import scenarios as scenarios
from .decisions import discover as discover, evppi as evppi, evsi as evsi, prior_bounds as prior_bounds
from .decisions import prior_sensitivity as prior_sensitivity, probability_tornado as probability_tornado
from .decisions import tilt as tilt, whose_prior as whose_prior
from .fans import binding_constraint as binding_constraint, crossing_years as crossing_years, fan as fan
from .fans import reached_by_year as reached_by_year
from .sensitivity import conditional_means as conditional_means, leading_inputs as leading_inputs
from .sensitivity import second_order as second_order, sobol_by_year as sobol_by_year, sobol_panels as sobol_panels
from .sensitivity import sobol_stacked as sobol_stacked, tornado as tornado
from .style import PALETTE as PALETTE, save_figure as save_figure
