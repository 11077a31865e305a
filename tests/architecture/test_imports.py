"""The walls of the house, read off the import statements."""

import ast
import graphlib
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

# The floor of each room, first match wins; imports run down or stay. The package itself is the public face.
FLOORS = (
    ("analyses*", 12),
    ("clustercast.__version__", 1),
    ("clustercast", 12),
    ("clustercast.report*", 11),
    ("clustercast.audit*", 10),
    ("clustercast.streaming*", 10),
    ("clustercast.decisions*", 9),
    ("clustercast.conditioning*", 8),
    ("clustercast.uncertainty*", 7),
    ("clustercast.sensitivity*", 7),
    ("clustercast.sampling", 6),
    ("clustercast.propagation", 6),
    ("clustercast.evaluation", 6),
    ("clustercast.dataset", 5),
    ("clustercast.quantities*", 4),
    ("clustercast.priors*", 4),
    ("clustercast.engine*", 3),
    ("clustercast.files*", 2),
    ("clustercast.arrays*", 1),
    ("clustercast.errors", 0),
)

# Who alone may import a library when the program runs; imports for type checkers only are free.
KEEPERS = {
    "xarray": (
        "clustercast.files*",
        "clustercast.dataset",
        "clustercast.uncertainty*",
        "clustercast.sensitivity*",
        "clustercast.conditioning*",
        "clustercast.decisions*",
        "clustercast.streaming*",
        "clustercast.report*",
    ),
    "pint": ("clustercast.engine.units", "clustercast.engine.unit_check"),
    "matplotlib": ("clustercast.report*",),
    "jinja2": ("clustercast.report*",),
    "typer": ("analyses*",),
    "click": ("analyses*",),
    "SALib": ("clustercast.sensitivity.salib",),
}

HEAVY = {
    "arviz_base",
    "arviz_stats",
    "matplotlib",
    "numpy",
    "pandas",
    "pint",
    "pydantic",
    "rich",
    "SALib",
    "scipy",
    "typer",
}
HEAVY |= {"dask", "emcee", "h5netcdf", "scoringrules", "xarray"}


@dataclass(frozen=True)
class Import:
    """One import statement: what is imported, where, and whether only type checkers see it."""

    target: str
    line: int
    for_types: bool


def modules():
    """Return every module of the package and the analyses with its file."""
    result = {}
    for base, root in ((SOURCE, SOURCE / "clustercast"), (ROOT, ROOT / "analyses")):
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            result[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return result


MODULES = modules()


def statements(tree):
    """Yield the statements of a syntax tree, of whatever depth; an expression holds none."""
    for part in ast.iter_child_nodes(tree):
        if not isinstance(part, ast.expr):
            yield part
            yield from statements(part)


def imports_of(tree, known=frozenset()):
    """Return the imports of a syntax tree, those inside functions included."""
    nodes = list(statements(tree))
    typing_only = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    result = []
    for node in nodes:
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in known else node.module for name in inside]
        else:
            continue
        result += [Import(target, node.lineno, id(node) in typing_only) for target in targets]
    return result


IMPORTS = {
    name: imports_of(
        ast.parse(path.read_text(encoding="utf-8")), known=frozenset(MODULES) | {"clustercast.__version__"}
    )
    for name, path in MODULES.items()
}


def floor(module):
    return next((level for pattern, level in FLOORS if fnmatch(module, pattern)), None)


def matches(module, patterns):
    return any(fnmatch(module, pattern) for pattern in patterns)


def is_ours(module):
    return module.split(".")[0] in ("clustercast", "analyses")


def test_the_reader_sees_nested_aliased_and_type_only_imports():
    text = (
        "import a.b as c\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pint\n"
        "def f():\n    from clustercast import sampling, Priors\n"
    )
    result = imports_of(ast.parse(text), known={"clustercast.sampling"})
    assert {(item.target, item.for_types) for item in result} == {
        ("a.b", False),
        ("typing", False),
        ("pint", True),
        ("clustercast.sampling", False),
        ("clustercast", False),
    }


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module):
    assert floor(module) is not None, f"{module} is in no room: give it a floor in FLOORS"


@pytest.mark.parametrize("module", [name for name in MODULES if name != "clustercast"])
def test_imports_run_down(module):
    up = [
        f"{MODULES[module]}:{item.line}: {module} (F{floor(module)}) imports {item.target} (F{floor(item.target)})"
        for item in IMPORTS[module]
        if is_ours(item.target) and floor(item.target) > floor(module)
    ]
    assert not up, "\n".join(up)


def test_no_circle_of_imports():
    graph = {name: {item.target for item in result if item.target in MODULES} for name, result in IMPORTS.items()}
    graph["clustercast"] = set()
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) >= set(MODULES)


@pytest.mark.parametrize("library", KEEPERS)
def test_a_library_is_imported_only_by_its_keepers(library):
    strangers = [
        f"{MODULES[module]}:{item.line}: {module} imports {item.target}"
        for module, result in IMPORTS.items()
        for item in result
        if item.target.split(".")[0] == library and not item.for_types and not matches(module, KEEPERS[library])
    ]
    assert not strangers, "\n".join(strangers)


def third_party(module):
    """Return what a module imports beside the standard library and this project."""
    tops = {item.target.split(".")[0] for item in IMPORTS[module] if not is_ours(item.target)}
    return tops - set(sys.stdlib_module_names)


def test_every_library_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["distributed"], *extras["parquet"]]
    declared = {name.replace("-", "_").lower() for line in lines for name in re.findall(r"[\w-]+", line.split(">")[0])}
    assert {name.lower() for module in MODULES for name in third_party(module)} <= declared


def own(module):
    return {item.target for item in IMPORTS[module] if is_ours(item.target)}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("clustercast.arrays")])
def test_arrays_know_numpy_and_scipy_only(module):
    assert third_party(module) <= {"numpy", "scipy"}
    assert all(name == "clustercast.errors" or name.startswith("clustercast.arrays") for name in own(module))


@pytest.mark.parametrize(
    "module",
    [name for name in MODULES if name.startswith("clustercast.quantities") and not name.endswith(".cluster_model")],
)
def test_quantities_know_numpy_the_marker_and_paths_of_growth_only(module):
    assert third_party(module) <= {"numpy"}
    allowed = {"clustercast.engine.quantity", "clustercast.quantities.growth"}
    assert all(name in allowed or name.startswith("clustercast.quantities") for name in own(module))


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("clustercast.engine")])
def test_the_engine_knows_no_content(module):
    assert not [name for name in own(module) if name.startswith(("clustercast.quantities", "clustercast.priors"))]


def loaded_by(statement):
    """Return the top-level modules that a fresh interpreter holds after a statement."""
    program = f"import json, sys; {statement}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return set(json.loads(done.stdout))


def test_importing_the_package_imports_nothing_heavy():
    assert not loaded_by("import clustercast") & HEAVY


def test_reading_the_version_and_the_public_names_imports_nothing_heavy():
    assert not loaded_by("import clustercast; clustercast.__version__; dir(clustercast)") & HEAVY


def loaded_with(names):
    """Return what is imported with some modules: not what is imported for types, or inside functions."""

    class Outside(ast.NodeTransformer):
        def visit_FunctionDef(self, node):
            return None

    seen, left = set(), list(names)
    while left:
        name = left.pop()
        while name.startswith(("clustercast.", "analyses.")) and name not in MODULES:
            name = name.rpartition(".")[0]
        if name in seen:
            continue
        seen.add(name)
        if name in MODULES:
            tree = Outside().visit(ast.parse(MODULES[name].read_text(encoding="utf-8")))
            left += [result.target for result in imports_of(tree, Everything()) if not result.for_types]
            left += [name.rpartition(".")[0]] if "." in name else []
    return seen


class Everything:
    def __contains__(self, name):
        return True


def test_a_table_of_indices_does_not_wait_for_libraries_that_it_does_not_use():
    """Each takes longer to load than the numbers to compute."""
    used = ["report.findings", "report.json_text", "streaming.sobol", "priors.prior_file"]
    used += ["quantities.cluster_model", "sensitivity.outputs", "priors.groups"]
    slow = ("scipy.stats", "scipy.optimize", "jinja2", "matplotlib", "pint", "arviz", "SALib", "scoringrules")
    result = loaded_with([*(f"clustercast.{name}" for name in used), "analyses.sobol"])
    assert not [name for name in result if name.startswith(slow)]
    assert {"xarray", "scipy.special.ndtri", "clustercast.priors.families.family"} <= result
    assert "scipy.stats.rankdata" in loaded_with(["clustercast.conditioning.backtest"])


def test_tests_of_arrays_import_what_arrays_may():
    """They run in an environment with NumPy, SciPy, pytest and hypothesis alone: ``make arrays``."""
    allowed = {"numpy", "scipy", "pytest", "hypothesis", "tests.reference", "clustercast.arrays", "clustercast.errors"}
    for path in (ROOT / "tests" / "arrays").rglob("*.py"):
        for result in imports_of(ast.parse(path.read_text(encoding="utf-8"))):
            is_allowed = any(result.target == name or result.target.startswith(f"{name}.") for name in allowed)
            assert is_allowed or result.target in sys.stdlib_module_names, (
                f"{path}:{result.line} imports {result.target}"
            )
