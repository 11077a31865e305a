from .distributions import PERT as PERT
from .distributions import Beta as Beta
from .distributions import Discrete as Discrete
from .distributions import Fixed as Fixed
from .distributions import Gamma as Gamma
from .distributions import LogNormal as LogNormal
from .distributions import LogUniform as LogUniform
from .distributions import Metalog as Metalog
from .distributions import Normal as Normal
from .distributions import ScipyDistribution as ScipyDistribution
from .distributions import Triangular as Triangular
from .distributions import TruncatedNormal as TruncatedNormal
from .distributions import Uniform as Uniform
from .errors import InputError as InputError
from .model import Model as Model
from .model import cluster_model as cluster_model
from .prior_file import read_priors as read_priors
from .priors import Correlation as Correlation
from .priors import Priors as Priors
from .propagation import propagate as propagate
from .quantity import quantity as quantity
from .run import run_sobol as run_sobol
from .sampling import draw as draw
from .sensitivity import sobol_indices as sobol_indices
from .sensitivity_ranking import ranking_resolved as ranking_resolved
from .sensitivity_ranking import time_integrated as time_integrated

__version__: str
