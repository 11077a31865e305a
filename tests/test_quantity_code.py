"""What the code of a quantity holds, and that its fingerprint is the same in every process."""

import subprocess
import sys

import numpy as np

import clustercast as cc
from clustercast.quantity_code import fingerprint_of, numbers_in

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
