"""Write the pages of docs/reference from the code and the priors, at each build."""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from reference_text import as_text, docstring_sections, formula, number, parameter_meanings, table

import clustercast as cc
from clustercast.distributions import FAMILIES, Fixed
from clustercast.family import Family
from clustercast.model import YEAR, Model
from clustercast.prior_file import read_prior_file, scenario_about, shipped_names
from clustercast.priors import Priors
from clustercast.quantity import declaration_of
from clustercast.reference_classes import KINDS, read_reference_classes
from clustercast.shipped import directory
from clustercast.toml_file import load_toml

FOLDER = "reference"
LEVELS = (0.05, 0.5, 0.95)
BARE = "---\ntocdepth: 2\n---\n\n"

# Modules whose public names belong on one page, and the title of the page; what is in none comes last.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "Priors and distributions": ("priors", "prior_file", "distributions", "line_families", "interval_families"),
    "Draw and propagate": ("sampling", "propagation", "model", "quantity", "shipped_model", "run", "stream", "errors"),
    "Summaries, milestones and claims": ("uncertainty",),
    "Sensitivity": ("sensitivity", "dependent", "screening", "grouping"),
    "Observations and conditioning": ("observation", "posterior", "conditioning", "backtest"),
    "Figures": ("report",),
}
LAST = "Other"


def pages() -> dict[str, str]:
    """Return the text of every generated page, in MyST, by its name.

    Returns
    -------
    dict of str to str
        ``"index"`` lists the others.
    """
    model = cc.cluster_model()
    sets = {name: read_prior_file(name) for name in reversed(shipped_names())}
    made = {"api": api_page(), "quantities": quantities_index(model)}
    for module, names in quantities_by_module(model).items():
        made[f"quantities_{module}"] = quantities_page(module, names, model, sets)
    made["priors"] = priors_index(sets)
    for name, priors in sets.items():
        made[f"priors_{name}"] = priors_page(name, priors, model)
    made["scenarios"] = scenarios_page(sets["situational_awareness"])
    made["claims"] = claims_page()
    made["reference_classes"] = reference_classes_page()
    made["index"] = index_page(made)
    return made


def write_pages(source: Path) -> None:
    """Write the pages under ``reference/``, leaving alone those that are as they should be."""
    folder = source / FOLDER
    folder.mkdir(exist_ok=True)
    texts = pages()
    for path in folder.glob("*.md"):
        if path.stem not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def index_page(names: Iterable[str]) -> str:
    """Return the page that lists the others."""
    listed = [name for name in names if not name.startswith(("quantities_", "priors_"))]
    toctree = "\n".join(["```{toctree}", ":maxdepth: 2", "", *listed, "```"])
    return f"# Reference\n\nThese pages are made from the code and the prior files at each build.\n\n{toctree}\n"


# ---- public names


def public_names() -> dict[str, list[str]]:
    """Return every public name, by the title of its subject, each subject in alphabetical order."""
    found: dict[str, list[str]] = {title: [] for title in (*SUBJECTS, LAST)}
    for name in sorted(cc.__all__, key=str.lower):
        public = getattr(cc, name)
        module = public.__name__ if inspect.ismodule(public) else public.__module__
        parts = module.removeprefix("clustercast.")
        title = next((t for t, starts in SUBJECTS.items() if parts.startswith(starts)), LAST)
        found[title].append(name)
    return {title: names for title, names in found.items() if names}


def api_page() -> str:
    """Return the page of the public names, each documented by its docstring."""
    parts = [BARE + "# Library", "Each name is used as `cc.NAME` after `import clustercast as cc`."]
    for title, names in public_names().items():
        parts.append(f"## {title}")
        parts += [_documented(name) for name in names]
        if title == "Priors and distributions":
            parts.append("Every distribution has what `Family` has:")
            parts.append(_eval_rst("autoclass:: clustercast.family.Family", "members:", "no-index-entry:"))
    return "\n\n".join(parts) + "\n"


def _documented(name: str) -> str:
    """Return the directive that documents a public name."""
    public = getattr(cc, name)
    if inspect.ismodule(public):
        functions = [n for n in public.__all__ if inspect.isfunction(getattr(public, n))]
        lines = [_eval_rst(f"autofunction:: clustercast.{name}.{n}") for n in functions]
        return "\n\n".join([f"### cc.{name}", as_text((public.__doc__ or "").split("\n\n", 1)[-1]), *lines])
    if not inspect.isclass(public):
        return f"### {name}\n\n" + _eval_rst(f"autofunction:: clustercast.{name}")
    options = [] if public in FAMILIES.values() or issubclass(public, Exception) else ["members:"]
    return f"### {name}\n\n" + _eval_rst(f"autoclass:: clustercast.{name}", *options)


def _eval_rst(directive: str, *options: str) -> str:
    """Return a reStructuredText directive inside MyST."""
    body = "".join(f"   :{option}\n" for option in options)
    return f"```{{eval-rst}}\n.. currentmodule:: clustercast\n\n.. {directive}\n{body}```"


# ---- quantities


def quantities_by_module(model: Model) -> dict[str, list[str]]:
    """Return the names of the model's quantities, by the file they are written in."""
    found: dict[str, list[str]] = {}
    for name, function in model.functions.items():
        found.setdefault(function.__module__.rsplit(".", 1)[-1], []).append(name)
    return found


def quantities_index(model: Model) -> str:
    """Return the page that lists all quantities."""
    modules = quantities_by_module(model)
    lines = [
        BARE + "# Quantities",
        f"The model is {len(model.functions)} functions in {len(modules)} files. The names of the arguments are the "
        "graph: an argument is another quantity, or an input that a [prior](priors.md) gives.",
        "\n".join(["```{toctree}", ":maxdepth: 1", ":hidden:", "", *(f"quantities_{m}" for m in modules), "```"]),
    ]
    for module, names in modules.items():
        rows = [(_quantity_link(n), f"`{model.unit(n)}`", as_text(_summary(n, model))) for n in names]
        lines += [f"## [{_title(module)}](quantities_{module}.md)", table(("quantity", "unit", "what it is"), rows)]
    return "\n\n".join(lines) + "\n"


def quantities_page(module: str, names: Iterable[str], model: Model, sets: Mapping[str, Priors]) -> str:
    """Return the page of the quantities that one file holds."""
    about = importlib.import_module(f"clustercast.quantities.{module}").__doc__ or ""
    parts = [f"# {_title(module)}", as_text(about)]
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
    meanings = parameter_meanings(sections.get("Parameters", ""))
    if model.arguments(name):
        rows = [(_argument_link(a, model, sets), *_argument_cells(a, meanings, model)) for a in model.arguments(name)]
        parts.append(table(("argument", "unit", "meaning"), rows))
    users = model.users(name)
    if users:
        parts.append("Used by " + ", ".join(_quantity_link(user) for user in users) + ".")
    parts.append(f"```python\n{formula(function)}\n```")
    parts += [
        f"{{.told}}\n{title}: {as_text(sections[title])}" for title in ("Notes", "References") if title in sections
    ]
    return "\n\n".join(parts)


def _argument_cells(name: str, meanings: Mapping[str, tuple[str, str]], model: Model) -> tuple[str, str]:
    """Return unit and meaning of an argument; what a quantity means is said where it is written."""
    kind, meaning = meanings.get(name, ("", ""))
    unit = kind.rpartition(", ")[2]
    if name == YEAR:
        return "`year`", "Years of the forecast."
    if not meaning:
        meaning = _summary(name, model) if name in model.functions else ""
    return f"`{unit}`" if unit else "", as_text(meaning)


def _summary(name: str, model: Model) -> str:
    """Return the first line of a quantity's docstring."""
    return (inspect.getdoc(model.functions[name]) or "").split("\n", 1)[0]


def _quantity_link(name: str) -> str:
    return f"[`{name}`](#quantity-{name})"


def _argument_link(name: str, model: Model, sets: Mapping[str, Priors]) -> str:
    """Return a link to what an argument is: a quantity, a prior, or the year itself."""
    if name in model.functions:
        return _quantity_link(name)
    holder = next((s for s in sets if name in sets[s]), None)
    return f"`{name}`" if holder is None else f"[`{name}`](#prior-{holder}-{name})"


def _title(module: str) -> str:
    return module.replace("_", " ").capitalize()


# ---- priors


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
    about: dict[str, str] = dict(load_toml(directory() / f"{name}.toml")["set"])
    return about


def priors_page(set_name: str, priors: Priors, model: Model) -> str:
    """Return the page of one prior set: every input under the subject that uses it first."""
    about = _about(set_name)
    told = f"`{set_name}`, as of {about['as_of']}: {len(priors)} inputs, {len(priors.uncertain)} of them uncertain."
    parts = [BARE + f"# {as_text(about['title'])}", told, as_text(about["description"])]
    groups: dict[str, list[str]] = {}
    for name in priors:
        users = model.users(name)
        module = model.functions[users[0]].__module__.rsplit(".", 1)[-1] if users else "other"
        groups.setdefault(module, []).append(name)
    for module, names in groups.items():
        parts.append(f"## {_title(module)}")
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
    parts.append(f"{{.told}}\nSource: {as_text(prior.source)} (as of {prior.as_of}).{used}")
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
    between = (
        f"; from {number(prior.support[0])} to {number(prior.support[1])}" if np.isfinite(prior.support).all() else ""
    )
    return f"{family}: **{middle}** ({low} to {high}){unit}{between}"


def _short(prior: Family) -> str:
    """Return median and range, or the value."""
    if isinstance(prior, Fixed):
        return number(prior.median, 6)
    if isinstance(prior, cc.Discrete):
        return " / ".join(number(v) for v in prior.values)
    low, middle, high = (number(float(x)) for x in prior.quantile(np.array(LEVELS)))
    return f"{middle} ({low}–{high})"


# ---- scenarios, claims, reference classes


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
            f"{{.told}}\nSource: {as_text(about.source)} (as of {about.as_of}).",
        ]
    return "\n\n".join(parts) + "\n"


def claims_page() -> str:
    """Return the page of the shipped claims."""
    rows = [(as_text(c.text), f"`{c.quantity}`", f"{c.by:g}", as_text(c.source)) for c in cc.read_claims()]
    told = (
        "What the texts say will be so by a date. 2026.5 is the middle of 2026, 2027 its end or the start of the next."
    )
    return f"# Claims\n\n{told}\n\n{table(('claim', 'quantity', 'by', 'source'), rows)}\n"


def reference_classes_page() -> str:
    """Return the page of what a power, an energy, a cost or a share of GDP compares with."""
    parts = ["# Reference classes", "What sizes compare with, for `cc.reference_class`."]
    for kind in KINDS:
        classes = [c for c in read_reference_classes() if c.kind == kind]
        rows = [(as_text(c.name), f"{number(c.value)} `{c.unit}`", as_text(c.source)) for c in classes]
        parts += [f"## {_title(kind)}", table(("what", "size", "source"), rows)]
    return "\n\n".join(parts) + "\n"
