"""Monte Carlo uncertainty and sensitivity for the AI build-out: clusters, dollars, power, chips, revenue.

The public names are listed in the stub beside this file and imported at first use, so that ``import clustercast``
costs next to nothing.
"""

import lazy_loader

# At once, not at first use: an import of the module of this name would put the module in the function's place.
from clustercast.engine.quantity import quantity as quantity

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
