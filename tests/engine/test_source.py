"""What the code of a quantity holds, and that its fingerprint is the same in every process."""

import ast
import subprocess
import sys

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.fingerprint import fingerprint_of, numbers_in, tree_of
from clustercast.errors import InputError

KILO = 1000.0

PROGRAM = """
import clustercast as cc
namespace = {"cc": cc}
exec('''
def outer(scale):
    @cc.quantity("1")
    def f(x):
        return sum(map(lambda one: one * scale, [x, 3.5]))
    return f
''', namespace)
print(cc.Model([namespace["outer"](2.0)]).hash)
"""


def test_numbers_of_literals_closures_and_modules():
    def outer(scale):
        def inner(x):
            return x * 3 / (2 * 60) + scale * KILO - (x if x else 0.25)

        return inner

    assert numbers_in(outer(7)) == (0.25, 3.0, 7.0, 120.0, 1000.0)
    assert numbers_in(lambda energy: energy / (365 * 24) / 1e3) == (1000.0, 8760.0)


def test_a_fingerprint_without_source_is_the_same_in_every_process():
    run = [subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True) for _ in "ab"]
    assert run[0].stdout == run[1].stdout != ""


def test_a_fingerprint_sees_the_numbers_around_the_code():
    def scaled(scale):
        @cc.quantity("1")
        def f(x):
            return x * scale

        return f

    assert cc.Model([scaled(1.0)]).hash == cc.Model([scaled(1.0)]).hash != cc.Model([scaled(2.0)]).hash
    one, other = (fingerprint_of(scaled(np.array([value]))) for value in (1.0, 2.0))
    assert one != other


ANYWHERE = """
try:
    import nothing_of_this_name
except ImportError:
    def f(x): return x
{statement}
    def g(x): return x
class Holder:
    def h(x):
        def inner(y): return y
        return inner
"""


@pytest.mark.parametrize("statement", ["if True:", "for _ in [0]:", "with open(__file__):", "match 1:\n  case 1:"])
def test_the_statements_of_a_function_are_found_wherever_it_stands(statement, tmp_path):
    path = tmp_path / "anywhere.py"
    path.write_text(ANYWHERE.format(statement=statement))
    space = {"__file__": str(path), "__name__": "anywhere"}
    exec(compile(path.read_text(), str(path), "exec"), space)
    for function in (space["f"], space["g"], space["Holder"].h, space["Holder"].h(1)):
        assert tree_of(function).name == function.__name__


ODD = (
    """
def kept(*words, **more): return lambda function: function

@kept("(", """
    + "'''"
    + """
def of_a_text(x): return 0
"""
    + "'''"
    + """)
@kept(  # a comment
    ")"
)
def decorated(
    x,
):
# less indented than the rest

    return (
        x
)

def with_a_text(x):
    text = """
    + "'''"
    + """
def of_a_text(x):
    return 1
"""
    + "'''"
    + """
    return x, text

if True:
\tdef with_tabs(x):
\t\treturn x

class Holder:
   def method(x):
     def inner(y): return y + 1
     # of the method

     return inner
   def last(x): return x
def continued(x):
    return x + \\
1
@kept("\\
")
def of_a_long_string(x):
    return x
def at_the_end(x): return x"""
)


def test_a_function_is_read_as_its_whole_file_is(tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(ODD)
    space = {"__name__": "odd"}
    exec(compile(ODD, str(path), "exec"), space)
    holder = space.pop("Holder")
    functions = [space[name] for name in space if not name.startswith("__")]
    functions += [holder.method, holder.method(1), holder.last]
    known = {node.name: node for node in ast.walk(ast.parse(ODD)) if isinstance(node, ast.FunctionDef)}
    assert {function.__name__ for function in functions} == known.keys()
    for function in functions:
        known[function.__name__].decorator_list = []
        result = tree_of(function)
        result.decorator_list = []
        assert ast.dump(result) == ast.dump(known[function.__name__])


def test_a_name_after_some_hundred_others_is_seen():
    def with_rate(rate):
        others = " + ".join(f"x.a{number}" for number in range(300))
        space = {"RATE": rate}
        exec(f"def f(x):\n    import nothing_of_this_name\n    return {others} + RATE", space)
        return fingerprint_of(space["f"])

    assert with_rate(1.0) == with_rate(1.0) != with_rate(2.0)


HELPERS = """
import functools
import clustercast as cc

@functools.cache
def factor():
    return {factor}

def helper(x):
    return factor() * (x if x < 1 else helper(x - 1))

@cc.quantity("1")
def f(x):
    return helper(x)
"""


def test_a_fingerprint_sees_the_functions_that_a_quantity_calls():
    def hash_of(factor):
        namespace = {}
        exec(HELPERS.format(factor=factor), namespace)
        return cc.Model([namespace["f"]]).hash

    assert hash_of(2.0) == hash_of(2.0) != hash_of(3.0)
    # Growth along a grid is written outside of the quantities.
    assert "yearly_growth" in fingerprint_of(cc.cluster_model().functions["us_gdp"])


def test_units_are_proved_anew_where_a_function_that_a_quantity_calls_has_changed():
    priors = cc.Priors(x=cc.Uniform(1, 2, unit="kW"))
    namespace = {"cc": cc}
    exec("def helper(x):\n    return 2 * x\n@cc.quantity('W')\ndef power(x):\n    return helper(x)\n", namespace)
    cc.propagate(cc.draw(priors, 4, seed=1), model=cc.Model([namespace["power"]]))
    exec("def helper(x):\n    return 0 * x + 5.0\n", namespace)
    with pytest.raises(InputError, match="'power' .* does not hold its units"):
        cc.propagate(cc.draw(priors, 4, seed=1), model=cc.Model([namespace["power"]]))
