"""The domain holds formulas only: numbers about the world are in the prior files, branches are arrays."""

import ast
import inspect
from pathlib import Path

import pytest

from clustercast import quantities
from clustercast.engine.units import factor
from clustercast.priors.declarations import declared_inputs
from clustercast.quantities.cluster_model import cluster_model

FOLDER = Path(inspect.getfile(quantities)).parent
# The list of rooms, and the one numeric helper.
NOT_DOMAIN = ("cluster_model.py", "growth.py")
FILES = [path for path in sorted(FOLDER.glob("*.py")) if path.name not in NOT_DOMAIN]
MATHEMATICS = {0, 1, 2}
LOGARITHMS = {2, 10}


def is_logarithm(node):
    """Return whether a node is np.log(2) or np.log(10)."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "np.log"
        and all(isinstance(a, ast.Constant) and a.value in LOGARITHMS for a in node.args)
    )


def faults(source):
    """List what a domain file must not contain."""
    tree = ast.parse(source)
    result = []
    inside_logarithms = {id(a) for n in ast.walk(tree) if is_logarithm(n) for a in n.args}
    for node in ast.walk(tree):
        where = f"line {getattr(node, 'lineno', '?')}"
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex):
            plain = isinstance(node.value, bool) or node.value in MATHEMATICS or id(node) in inside_logarithms
            result += [] if plain else [f"{where}: number {node.value}"]
        elif isinstance(node, ast.If | ast.IfExp | ast.While | ast.Try | ast.Match):
            result.append(f"{where}: {type(node).__name__}")
        elif isinstance(node, ast.For | ast.comprehension):
            result.append(f"{where}: loop over {ast.unparse(node.iter)}")
        elif isinstance(node, ast.arguments):
            unusual = node.defaults or node.kw_defaults or node.vararg or node.kwarg or node.kwonlyargs
            result += [f"{where}: default, *args or keyword-only argument"] if unusual or node.posonlyargs else []
        elif isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            result += [f"{where}: {name}"] if name in ("random", "rng", "default_rng") else []
        elif isinstance(node, ast.Global | ast.Nonlocal | ast.Lambda):
            result.append(f"{where}: {type(node).__name__}")
    return result


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_domain_file_holds_formulas_only(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_public_function_is_a_quantity_with_one_sentence_and_at_most_a_reference(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in (n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")):
        marked = [d for d in function.decorator_list if isinstance(d, ast.Call) and ast.unparse(d.func) == "quantity"]
        assert marked, function.name
        sentence, *reference = (ast.get_docstring(function) or "").split("\n\n")
        assert sentence.endswith(".") and "\n" not in sentence and ". " not in sentence, function.name
        assert len(reference) <= 1 and all(text.endswith(".") for text in reference), function.name


MODEL = cluster_model()


@pytest.mark.parametrize("name", MODEL.functions)
def test_every_argument_has_a_unit_and_a_meaning(name):
    declared = declared_inputs()
    for need in MODEL.definition(name).needs:
        for argument in filter(None, (need.name, need.lag)):
            if argument in MODEL:
                factor(MODEL.unit(argument))
                assert MODEL.long_name(argument), argument
            elif argument not in ("year", "previous_year"):
                factor(declared[argument].unit)
                assert declared[argument].meaning, argument


def test_a_quantity_with_an_axis_of_dates_is_a_state_or_a_rate():
    timeless = {name for name in MODEL.functions if MODEL.declaration(name).time is None}
    dated = {"year", "previous_year"}
    for name in MODEL.functions:
        if any(
            need.name in dated or (need.name in MODEL and need.name not in timeless)
            for need in MODEL.definition(name).needs
        ):
            assert MODEL.declaration(name).time or name.startswith("initial_"), name


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("x = 3 * y", "number 3"),
        ("x = 0.5", "number 0.5"),
        ("x = y + 8760", "number 8760"),
        ("def f(a, b=1): return a", "default"),
        ("def f(*a): return a", "default"),
        ("if x > 0: y = 1", "If"),
        ("y = 1 if x > 0 else 2", "IfExp"),
        ("for s in samples: f(s)", "loop over samples"),
        ("y = [f(s) for s in samples]", "loop over samples"),
        ("for i in range(1, len(year)): f(i)", "loop over range(1, len(year))"),
        ("y = np.random.normal(1)", "random"),
        ("y = np.log(7)", "number 7"),
    ],
)
def test_the_search_finds(line, fault):
    assert any(fault in result for result in faults(line))


@pytest.mark.parametrize("line", ["x = 1 - 1 / 2", "x = 2 * np.pi", "x = np.log(10) * y", "x = -1.0"])
def test_the_search_lets_mathematics_pass(line):
    assert faults(line) == []
