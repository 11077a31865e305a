"""How Sphinx builds the docs: ``make docs``. Nothing is fetched from a network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from generated_reference import write_pages  # noqa: E402

import clustercast  # noqa: E402
from analyses import explore, options  # noqa: E402

project = "clustercast"
author = "the clustercast developers"
release = clustercast.__version__
copyright = f"2026, {author}"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "references", "inline_svg", "drawn"]
exclude_patterns = ["_ext", "_built", "**.ipynb_checkpoints"]

html_theme = "furo"
html_title = f"clustercast {release}"
html_static_path = ["_static"]
# The explorer, made at each build: it stands beside the front page, which shows it in a frame.
html_extra_path = ["_built"]
html_css_files = ["clustercast.css"]
html_js_files = ["explorer_theme.js"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
templates_path: list[str] = []

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False
# Dollars are money where a number follows.
myst_dmath_allow_space = False
myst_dmath_allow_digits = False

# The tutorial and the page on one's own model run at each build; a cell that fails breaks it.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
default_role = "py:obj"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_rtype = False

write_pages(HERE)
(HERE / "_built").mkdir(exist_ok=True)
assert options.exit_code(explore.explore, ["--out", str(HERE / "_built")]) == 0
