"""Pages of the model: every quantity with its formula, every prior with its source."""

import importlib
import inspect
from collections.abc import Iterable, Mapping

import numpy as np
from reference_text import SHORT_CONTENTS, as_text, docstring_sections, formula, number, table, title_of

import clustercast as cc
from clustercast.engine.model import YEAR, Model
from clustercast.engine.quantity import declaration_of
from clustercast.engine.wiring import LAGGED, PREVIOUS, PREVIOUS_YEAR
from clustercast.files.toml import load_toml
from clustercast.priors.declarations import declared_inputs
from clustercast.priors.families import Fixed
from clustercast.priors.families.family import Family
from clustercast.priors.prior_set import Priors
from clustercast.priors.shipped import directory

LEVELS = (0.05, 0.5, 0.95)


def quantities_by_module(model: Model) -> dict[str, list[str]]:
    """Return the names of the model's quantities, by the file they are written in."""
    result: dict[str, list[str]] = {}
    for name, function in model.functions.items():
        result.setdefault(function.__module__.rsplit(".", 1)[-1], []).append(name)
    return result


def quantities_index(model: Model) -> str:
    """Return the page that lists all quantities."""
    modules = quantities_by_module(model)
    lines = [
        SHORT_CONTENTS + "# Quantities",
        f"The model is {len(model.functions)} functions in {len(modules)} files. The names of the arguments are the "
        "graph: an argument is another quantity, or an input that a [prior](priors.md) gives. A source in brackets "
        "ends what a quantity is; SA IIIa is chapter IIIa of L. Aschenbrenner, Situational Awareness (2024).",
        "\n".join(["```{toctree}", ":maxdepth: 1", ":hidden:", "", *(f"quantities_{m}" for m in modules), "```"]),
    ]
    for module, names in modules.items():
        rows = [(_quantity_link(n), f"`{model.unit(n)}`", as_text(_summary(n, model))) for n in names]
        lines += [f"## [{title_of(module)}](quantities_{module}.md)", table(("quantity", "unit", "what it is"), rows)]
    return "\n\n".join(lines) + "\n"


def quantities_page(module: str, names: Iterable[str], model: Model, sets: Mapping[str, Priors]) -> str:
    """Return the page of the quantities that one file holds."""
    about = importlib.import_module(f"clustercast.quantities.{module}").__doc__ or ""
    parts = [f"# {title_of(module)}", as_text(about)]
    parts += [quantity_entry(name, model, sets) for name in names]
    return "\n\n".join(parts) + "\n"


def quantity_entry(name: str, model: Model, sets: Mapping[str, Priors]) -> str:
    """Return what there is to say about one quantity: unit, arguments, users, formula."""
    function = model.functions[name]
    declaration = declaration_of(function)
    assert declaration is not None
    sections = docstring_sections(inspect.getdoc(function) or "")
    parts = [f"(quantity-{name})=\n## `{name}`", as_text(sections[""]), f"Unit: `{declaration.unit}`."]
    for words, arguments in (
        ("Never falls with", declaration.increasing),
        ("Never rises with", declaration.decreasing),
    ):
        if arguments:
            parts[-1] += f" {words} {', '.join(f'`{a}`' for a in arguments)}."
    if declaration.labels:
        parts.append("Values: " + "; ".join(f"{i} {label}" for i, label in enumerate(declaration.labels)) + ".")
    if model.arguments(name):
        rows = [(_argument_link(a, model, sets), *_argument_cells(a, model)) for a in model.arguments(name)]
        parts.append(table(("argument", "unit", "meaning"), rows))
    users = model.users(name)
    if users:
        parts.append("Used by " + ", ".join(_quantity_link(user) for user in users) + ".")
    parts.append(f"```python\n{formula(function)}\n```")
    parts += [
        f"{{.origin}}\n{title}: {as_text(sections[title])}" for title in ("Notes", "References") if title in sections
    ]
    return "\n\n".join(parts)


def _argument_cells(name: str, model: Model) -> tuple[str, str]:
    """Return unit and meaning of an argument, each from where it is written once."""
    if name in (YEAR, PREVIOUS_YEAR):
        return "`year`", "Date of the forecast." if name == YEAR else "Date of the node before."
    plain = _plain(name, model)
    if plain in model:
        when = {f"{PREVIOUS}{plain}": " (at the node before)", f"{LAGGED}{plain}": " (a lag earlier)"}.get(name, "")
        return f"`{model.unit(plain)}`", as_text(model.long_name(plain) + when)
    declared = declared_inputs()[name]
    return f"`{declared.unit}`", as_text(declared.meaning)


def _plain(name: str, model: Model) -> str:
    """Return the quantity or input that an argument refers to, now or in the past."""
    return name if name in model else name.removeprefix(PREVIOUS).removeprefix(LAGGED)


def _summary(name: str, model: Model) -> str:
    """Return the first line of a quantity's docstring."""
    return (inspect.getdoc(model.functions[name]) or "").split("\n", 1)[0]


def _quantity_link(name: str) -> str:
    return f"[`{name}`](#quantity-{name})"


def _argument_link(name: str, model: Model, sets: Mapping[str, Priors]) -> str:
    """Return a link to what an argument is: a quantity, a prior, or the year itself."""
    plain = _plain(name, model)
    if plain in model.functions:
        return f"[`{name}`](#quantity-{plain})"
    holder = next((s for s in sets if name in sets[s]), None)
    return f"`{name}`" if holder is None else f"[`{name}`](#prior-{holder}-{name})"


def priors_index(sets: Mapping[str, Priors]) -> str:
    """Return the page that puts the prior sets side by side."""
    names = list(dict.fromkeys(name for priors in sets.values() for name in priors))
    rows = []
    for name in names:
        unit = next(p[name].unit for p in sets.values() if name in p)
        cells = [_set_cell(name, s, p) for s, p in sets.items()]
        rows.append((f"`{name}`", *cells, f"`{unit}`"))
    about = [f"- [`{s}`](priors_{s}.md): {as_text(_about(s)['description'])}" for s in sets]
    return (
        "\n\n".join(
            [
                "# Priors",
                "Every number about the world is an input with a unit, a source and a date. An uncertain one is given "
                "here by its median and, in brackets, its 5 % and 95 % quantiles; a constant by its value.",
                "\n".join(about),
                "\n".join(["```{toctree}", ":maxdepth: 1", ":hidden:", "", *(f"priors_{s}" for s in sets), "```"]),
                table(("input", *(f"`{s}`" for s in sets), "unit"), rows),
            ]
        )
        + "\n"
    )


def _set_cell(name: str, set_name: str, priors: Priors) -> str:
    if name not in priors:
        return ""
    return f"[{_short(priors[name])}](#prior-{set_name}-{name})"


def _about(name: str) -> dict[str, str]:
    """Return the table ``[set]`` of a shipped prior file."""
    about: dict[str, str] = dict(load_toml(directory() / "sets" / f"{name}.toml")["set"])
    return about


def priors_page(set_name: str, priors: Priors, model: Model) -> str:
    """Return the page of one prior set: every input under the subject that uses it first."""
    about = _about(set_name)
    opening = f"`{set_name}`, as of {about['as_of']}: {len(priors)} inputs, {len(priors.uncertain)} of them uncertain."
    parts = [SHORT_CONTENTS + f"# {as_text(about['title'])}", opening, as_text(about["description"])]
    groups: dict[str, list[str]] = {}
    for name in priors:
        users = model.users(name)
        module = model.functions[users[0]].__module__.rsplit(".", 1)[-1] if users else "other"
        groups.setdefault(module, []).append(name)
    for module, names in groups.items():
        parts.append(f"## {title_of(module)}")
        parts += [prior_entry(set_name, name, priors[name], model) for name in names]
    if priors.correlations:
        rows = [
            (f"`{c.between[0]}`", f"`{c.between[1]}`", f"{c.rank:g}", as_text(c.source)) for c in priors.correlations
        ]
        parts += ["## Rank correlations", table(("input", "input", "Spearman's rank correlation", "source"), rows)]
    return "\n\n".join(parts) + "\n"


def prior_entry(set_name: str, name: str, prior: Family, model: Model) -> str:
    """Return what there is to say about one prior: family, quantiles, unit, note, source, date, users."""
    parts = [f"(prior-{set_name}-{name})=\n### `{name}`", distribution_text(prior)]
    if prior.note:
        parts.append(as_text(prior.note))
    users = ", ".join(_quantity_link(user) for user in model.users(name))
    used = f" Used by {users}." if users else ""
    parts.append(f"{{.origin}}\nSource: {as_text(prior.source)} (as of {prior.as_of}).{used}")
    return "\n\n".join(parts)


def distribution_text(prior: Family) -> str:
    """Return a distribution in one line: family, numbers, unit."""
    unit = "" if prior.unit == "1" else f" `{prior.unit}`"
    if isinstance(prior, Fixed):
        return f"Constant: **{number(prior.median, 6)}**{unit}"
    family = type(prior).__name__
    if isinstance(prior, cc.Discrete):
        total = sum(prior.weights)
        shares = [f"{number(v)} ({w / total:.0%})" for v, w in zip(prior.values, prior.weights, strict=True)]
        return f"{family}: **{', '.join(shares)}**{unit}"
    low, middle, high = (number(float(x)) for x in prior.quantile(np.array(LEVELS)))
    least, most = prior.support
    between = f", never outside {number(least)} to {number(most)}" if np.isfinite([least, most]).all() else ""
    return f"{family}: **{middle}** ({low} to {high}){unit}{between}"


def _short(prior: Family) -> str:
    """Return median and range, or the value."""
    if isinstance(prior, Fixed):
        return number(prior.median, 6)
    if isinstance(prior, cc.Discrete):
        return " / ".join(number(v) for v in prior.values)
    low, middle, high = (number(float(x)) for x in prior.quantile(np.array(LEVELS)))
    return f"{middle} ({low}–{high})"
