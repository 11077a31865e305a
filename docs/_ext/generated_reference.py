"""Write the pages of docs/reference from the code and the priors, at each build."""

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path

from reference_model import priors_index, priors_page, quantities_by_module, quantities_index, quantities_page
from reference_tables import analyses_page, claims_page, observations_page, reference_classes_page, scenarios_page
from reference_text import SHORT_CONTENTS, as_text

import clustercast as cc
from clustercast.priors.families import FAMILIES
from clustercast.priors.shipped import shipped_names

FOLDER = "reference"

# The modules whose public names stand on the page under one heading; a public name of no subject breaks the build.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "Priors and distributions": ("priors",),
    "Draw, propagate, evaluate": ("sampling", "propagation", "evaluation", "dataset", "errors"),
    "Models and units": ("engine", "quantities"),
    "Summaries, milestones, claims and scenarios": ("uncertainty",),
    "Sensitivity": ("sensitivity",),
    "Large runs": ("streaming",),
    "Observations and conditioning": ("conditioning",),
    "Decisions and sets of priors": ("decisions",),
    "Audit of the texts": ("audit",),
    "Files": ("files",),
    "Figures": ("report",),
}


def pages() -> dict[str, str]:
    """Return the text of every generated page, in MyST, by its name.

    Returns
    -------
    dict of str to str
        ``"index"`` lists the others.
    """
    model = cc.cluster_model()
    sets = {name: cc.read_priors(name) for name in reversed(shipped_names())}
    made = {"api": api_page(), "quantities": quantities_index(model)}
    for module, names in quantities_by_module(model).items():
        made[f"quantities_{module}"] = quantities_page(module, names, model, sets)
    made["priors"] = priors_index(sets)
    for name, priors in sets.items():
        made[f"priors_{name}"] = priors_page(name, priors, model)
    made["scenarios"] = scenarios_page(sets["evidence_2026"])
    made["claims"] = claims_page()
    made["observations"] = observations_page()
    made["reference_classes"] = reference_classes_page()
    made["analyses"] = analyses_page()
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
    said = "These pages are made from the code and the prior files at each build. Examples take"
    return f"# Reference\n\n{said} `import clustercast as cc` as given.\n\n{toctree}\n"


def public_names() -> dict[str, list[str]]:
    """Return every public name, by the title of its subject, each subject in alphabetical order."""
    subject_of = {start: title for title, starts in SUBJECTS.items() for start in starts}
    result: dict[str, list[str]] = {title: [] for title in SUBJECTS}
    for name in sorted(cc.__all__, key=str.lower):
        public = getattr(cc, name)
        module = public.__name__ if inspect.ismodule(public) else public.__module__
        result[subject_of[module.split(".")[1]]].append(name)
    return result


def api_page() -> str:
    """Return the page of the public names, each documented by its docstring."""
    parts = [SHORT_CONTENTS + "# Library", "Each name is used as `cc.NAME` after `import clustercast as cc`."]
    for title, names in public_names().items():
        parts.append(f"## {title}")
        parts += [_documented(name) for name in names]
        if title == "Priors and distributions":
            parts.append("Every distribution has what `Family` has:")
            parts.append(
                _eval_rst("autoclass:: clustercast.priors.families.family.Family", "members:", "no-index-entry:")
            )
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
