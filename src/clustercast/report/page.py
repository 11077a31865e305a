"""One self-contained HTML page, made of templates."""

import functools
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_TEMPLATES = Path(__file__).with_name("templates")


@functools.cache
def environment() -> jinja2.Environment:
    """Return the templates of the package: texts are escaped, and a name that is not there is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["style"] = Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return made


def render(template: str, **values: Any) -> str:
    """Return a template filled with values."""
    return environment().get_template(template).render(**values)
