"""Figures: a dataset or a path in, axes out.

Each function takes ``ax=`` and returns axes, so that figures are put together as one likes: new axes belong to a figure
that needs no window, ``ax.figure``. Colours are Okabe and Ito's; markers, dashes and patterns say the same in print.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
