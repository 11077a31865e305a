"""Monte Carlo uncertainty and sensitivity for the AI build-out: clusters, dollars, power, chips, revenue.

The public names are listed in the stub beside this file and imported at first use: the import itself costs little.
Examples in docstrings take ``import clustercast as cc`` as given.
"""

import ast
import importlib
import sys
from pathlib import Path

# At once, not at first use: an import of the module of this name would put the module in the function's place.
from clustercast.engine.quantity import quantity as quantity

__version__ = "0.1.0"
_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
_IMPORTS = [node for node in _STUB.body if isinstance(node, ast.ImportFrom)]
_PLACES = {alias.name: f"{__name__}.{node.module}" for node in _IMPORTS for alias in node.names}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> object:
    """Import a public name at its first use."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_PLACES[name]), name)
    return value


def __dir__() -> list[str]:
    """Return the public names, those that were not used yet too."""
    return sorted({*globals(), *_PLACES})


if "IPython" in sys.modules:
    importlib.import_module(f"{__name__}.report.notebook").show_in_notebooks()
