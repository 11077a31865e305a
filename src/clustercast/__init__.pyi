from .audit.findings import audit_findings as audit_findings
from .audit.statements import read_audit as read_audit
from .conditioning.backtest import backtest as backtest, rolling_origin as rolling_origin
from .conditioning.checks import observation_influence as observation_influence, prior_conflict as prior_conflict
from .conditioning.condition import condition as condition
from .conditioning.observations import read_observations as read_observations
from .conditioning.tree import posterior_inputs as posterior_inputs, scenario_inputs as scenario_inputs
from .dataset import design_of as design_of, provenance_of as provenance_of
from .decisions.information import evpi as evpi, evppi as evppi, evsi as evsi
from .decisions.pooling import pool as pool, score_weights as score_weights
from .decisions.regions import discover as discover, regional_indices as regional_indices
from .decisions.robustness import prior_bounds as prior_bounds, prior_sensitivity as prior_sensitivity
from .decisions.targets import Decision as Decision
from .decisions.tilting import Tilt as Tilt, probability_tornado as probability_tornado, tilt as tilt
from .decisions.whose_prior import whose_prior as whose_prior
from .engine.model import Model as Model
from .engine.quantity import quantity as quantity
from .engine.units import define_unit as define_unit
from .errors import InputError as InputError
from .evaluation import evaluate as evaluate
from .files.netcdf import read_netcdf as read_netcdf, write_netcdf as write_netcdf
from .files.tables import write_draws as write_draws, write_iamc as write_iamc, write_quantiles as write_quantiles
from .priors.correlation import Correlation as Correlation
from .priors.families import PERT as PERT, Beta as Beta, Discrete as Discrete, Fixed as Fixed, Gamma as Gamma
from .priors.families import LogNormal as LogNormal, LogUniform as LogUniform, Metalog as Metalog, Mixture as Mixture
from .priors.families import Moved as Moved, Normal as Normal, ScipyDistribution as ScipyDistribution
from .priors.families import Triangular as Triangular, Truncated as Truncated, TruncatedNormal as TruncatedNormal
from .priors.families import Uniform as Uniform, to as to
from .priors.groups import input_groups as input_groups
from .priors.prior_file import read_priors as read_priors
from .priors.prior_set import Priors as Priors, compare_priors as compare_priors
from .priors.salib_problem import read_salib as read_salib
from .propagation import propagate as propagate
from .quantities.cluster_model import cluster_model as cluster_model
from .report import plots as plots
from .report.explorer import explore as explore
from .sampling import draw as draw
from .sensitivity.dependent import kucherenko_indices as kucherenko_indices, shapley_effects as shapley_effects
from .sensitivity.given_data import given_data_indices as given_data_indices
from .sensitivity.run import run_kucherenko as run_kucherenko, run_morris as run_morris, run_shapley as run_shapley
from .sensitivity.salib import delta_indices as delta_indices, morris_effects as morris_effects
from .sensitivity.salib import pawn_indices as pawn_indices, to_salib as to_salib
from .sensitivity.sobol import ranking_resolved as ranking_resolved, sobol_indices as sobol_indices
from .sensitivity.sobol import time_integrated as time_integrated
from .streaming.sobol import run_sobol as run_sobol, stream_sobol as stream_sobol
from .streaming.stream import stream as stream, stream_to_zarr as stream_to_zarr
from .uncertainty.claims import claim_probabilities as claim_probabilities, claim_years as claim_years
from .uncertainty.claims import claims_met as claims_met, read_claims as read_claims
from .uncertainty.conditions import Condition as Condition, parse_condition as parse_condition
from .uncertainty.milestones import crossing_year as crossing_year, exceedance as exceedance, milestones as milestones
from .uncertainty.milestones import reached_by as reached_by, reference_class as reference_class
from .uncertainty.rare_events import rare_probability as rare_probability
from .uncertainty.scenarios import limit_relief as limit_relief, run_scenarios as run_scenarios
from .uncertainty.summaries import summarise as summarise

__version__: str
