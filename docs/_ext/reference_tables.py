"""Pages that are tables: scenarios, claims, observations, reference classes, the analyses of the shell."""

import importlib
import inspect
from pathlib import Path

import typer
from reference_model import distribution_text
from reference_text import as_text, number, table, title_of

import clustercast as cc
from clustercast.files.toml import load_toml
from clustercast.priors.prior_file import scenario_about
from clustercast.priors.prior_set import Priors
from clustercast.priors.shipped import directory, shipped_names
from clustercast.uncertainty.stated import KINDS, read_reference_classes

ANALYSES = Path(__file__).parents[2] / "analyses"


def scenarios_page(base: Priors) -> str:
    """Return the page of the shipped scenarios: why each is there and what it changes."""
    parts = [
        "# Scenarios",
        "A scenario replaces some inputs of a prior set and says why. The values it replaces are shown for "
        f"`{base.name}`. See [how to use and write one](../scenarios_and_claims.md).",
    ]
    for name in shipped_names("scenarios"):
        about = scenario_about(name)
        overlaid = cc.read_priors(base.name, scenario=name)
        changed = load_toml(directory() / "scenarios" / f"{name}.toml")["inputs"]
        rows = [
            (f"`{key}`", distribution_text(base[key]), distribution_text(overlaid[key]), as_text(overlaid[key].note))
            for key in changed
        ]
        parts += [
            f"(scenario-{name})=\n## {as_text(about.title)}",
            f"`--scenario {name}`",
            as_text(about.why),
            table(("input", "base", "scenario", "note"), rows),
            f"{{.origin}}\nSource: {as_text(about.source)} (as of {about.as_of}).",
        ]
    return "\n\n".join(parts) + "\n"


def claims_page() -> str:
    """Return the page of the shipped claims."""
    rows = [(as_text(c.text), f"`{c.quantity}`", f"{c.by:g}", as_text(c.source)) for c in cc.read_claims()]
    text = "What the texts say will be so by a date. 2026.5 is the middle of 2026, 2027 its end."
    return f"# Claims\n\n{text}\n\n{table(('claim', 'quantity', 'by', 'source'), rows)}\n"


def reference_classes_page() -> str:
    """Return the page of what a power, an energy, a cost or a share of GDP compares with."""
    parts = ["# Reference classes", "What sizes compare with, for `cc.reference_class`."]
    for kind in KINDS:
        classes = [c for c in read_reference_classes() if c.kind == kind]
        rows = [(as_text(c.name), f"{number(c.value)} `{c.unit}`", as_text(c.source)) for c in classes]
        parts += [f"## {title_of(kind)}", table(("what", "size", "source"), rows)]
    return "\n\n".join(parts) + "\n"


def observations_page() -> str:
    """Return the page of the shipped observations."""
    rows = [
        (f"{o.date:g}", f"`{o.quantity}`", f"{number(o.value)} `{o.unit}`", o.kind, as_text(o.source))
        for o in cc.read_observations()
    ]
    text = (
        "What was observed, for `cc.condition`. A record is the largest that is known, so the truth is there or above; "
        "a ceiling is an upper bound."
    )
    return f"# Observations\n\n{text}\n\n{table(('date', 'quantity', 'value', 'kind', 'source'), rows)}\n"


def analyses_page() -> str:
    """Return the page of what is run from the shell, with all options."""
    how = "Each is run as `.venv/bin/python -m analyses.NAME`, or `clustercast NAME`; `--help` lists the same options."
    parts = ["# From the shell", how]
    for name in analyses():
        command = typer.main.get_command(_application(name))
        rows = [
            (" ".join(f"`{option}`" for option in given.opts), as_text(given.help or ""), _default(given.default))
            for given in command.params
        ]
        parts += [
            f"## `{name}`",
            as_text(inspect.cleandoc(command.help or "")),
            table(("option", "what it does", "default"), rows),
        ]
    return "\n\n".join(parts) + "\n"


def analyses() -> list[str]:
    """Return the names of the analyses: the modules with a command of their own name."""
    return sorted(
        p.stem for p in ANALYSES.glob("*.py") if f"\n    options.run({p.stem})" in p.read_text(encoding="utf-8")
    )


def _application(name: str) -> typer.Typer:
    """Return the command of an analysis as the shell sees it."""
    application = typer.Typer(add_completion=False, rich_markup_mode=None)
    application.command()(getattr(importlib.import_module(f"analyses.{name}"), name))
    return application


def _default(value: object) -> str:
    return "" if value is None or value is False else f"`{str(value).replace(',', ', ')}`"
