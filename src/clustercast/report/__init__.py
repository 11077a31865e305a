"""Datasets in, sentences, tables, figures and pages out."""

import lazy_loader

# The figures are imported at first use: matplotlib is not needed for a table.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["plots"])
