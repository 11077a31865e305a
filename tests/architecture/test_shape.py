"""The texture of the source: short files and functions, documented public names, no trace of a workplace."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clustercast

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "clustercast"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
# Spelt in halves, so that this file does not find itself.
TRACES = ("../sha" + "red", "/wo" + "rk/", "sub" + "agent", ".lib" + "rary/")
TEXTS = {".py", ".pyi", ".md", ".toml", ".txt", ".csv", ".cfg", ".yml", ".yaml", ".rst", ""}


def relative(path):
    return str(path.relative_to(ROOT))


def lines_beside_docstring(function):
    """Return how many lines a function takes, its decorators and docstring left out."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_a_docstring_does_not_count_as_length():
    function = ast.parse('def f(x):\n    """One.\n\n    Two.\n    """\n    return x\n').body[0]
    assert lines_beside_docstring(function) == 2


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_is_one_subject(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_function_fits_on_a_page(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    long = {
        node.name: lines_beside_docstring(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and lines_beside_docstring(node) > LONGEST_FUNCTION
    }
    assert not long


@pytest.mark.parametrize("name", clustercast.__all__)
def test_a_public_name_is_what_it_says_and_documented(name):
    public = getattr(clustercast, name)
    assert not inspect.ismodule(public) or name == "plots"
    documentation = inspect.getdoc(public) or ""
    assert documentation
    if inspect.isfunction(public):
        signature = inspect.signature(public)
        assert not signature.parameters or section(documentation, "Parameters"), f"{name} has no Parameters section"
        returns = signature.return_annotation not in (None, "None", inspect.Signature.empty)
        assert not returns or section(documentation, "Returns"), f"{name} has no Returns section"
        absent = [parameter for parameter in signature.parameters if not re.search(rf"\b{parameter}\b", documentation)]
        assert not absent, f"{name} does not document {absent}"


def section(documentation, title):
    """Say whether a numpydoc docstring has a section."""
    return re.search(rf"^{title}\n-+$", documentation, re.MULTILINE) is not None


def test_public_names_stay_what_they_are_when_every_module_is_imported():
    program = (
        "import importlib, inspect, pkgutil, clustercast\n"
        "for module in pkgutil.walk_packages(clustercast.__path__, 'clustercast.'):\n"
        "    importlib.import_module(module.name)\n"
        "modules = [n for n in clustercast.__all__ if inspect.ismodule(getattr(clustercast, n)) and n != 'plots']\n"
        "assert not modules, f'modules hide the public names {modules}'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": "src"},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr


def texts_of_the_tree():
    """Return the text files of the tree that git would carry."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.splitlines() or [relative(path) for path in FILES]
    return [ROOT / name for name in names if Path(name).suffix in TEXTS and (ROOT / name).is_file()]


def test_the_tree_names_nothing_that_a_clone_does_not_have():
    traces = [
        f"{relative(path)}: {trace}"
        for path in texts_of_the_tree()
        for trace in TRACES
        if trace in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not traces, "\n".join(traces)
