"""Quantities dispatch: each runs on an array that is not NumPy's, and nothing turns it into one."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.units import factor
from tests.coherent import run_model

MODEL = cc.cluster_model()


class Duck:
    """An array that lets NumPy's functions through and refuses to become NumPy's, as CuPy's does."""

    def __init__(self, values):
        self.values = values

    def __array__(self, *_, **__):
        raise TypeError("a duck array was turned into one of NumPy's")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options.get("out") is not None:
            return NotImplemented
        return wrapped(ufunc(*(unwrapped(value) for value in inputs), **options))

    def __array_function__(self, function, types, arguments, options):
        if function is np.select:
            check_choices(*arguments)
        return wrapped(function(*unwrapped(arguments), **unwrapped(options)))

    def __getitem__(self, key):
        return wrapped(self.values[unwrapped(key)])

    def __len__(self):
        return len(self.values)

    @property
    def shape(self):
        return self.values.shape

    @property
    def ndim(self):
        return self.values.ndim

    def __iter__(self):
        return (wrapped(row) for row in self.values)


def _operator(ufunc, swapped=False):
    def operate(self, other):
        return ufunc(other, self) if swapped else ufunc(self, other)

    return operate


for name, ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "pow": np.power,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
}.items():
    setattr(Duck, f"__{name}__", _operator(ufunc))
    setattr(Duck, f"__r{name}__", _operator(ufunc, swapped=True))
for name, ufunc in {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}.items():
    setattr(Duck, f"__{name}__", _operator(ufunc))
Duck.__neg__ = lambda self: np.negative(self)
Duck.__invert__ = lambda self: np.invert(self)


def check_choices(conditions, choices, default=0):
    """Refuse what CuPy refuses: it selects among arrays of its own only."""
    if not all(isinstance(choice, Duck) for choice in choices):
        raise TypeError("np.select with a choice that is no array of the device")


def wrapped(value):
    if isinstance(value, tuple | list):
        return type(value)(wrapped(one) for one in value)
    return Duck(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value


def unwrapped(value):
    if isinstance(value, Duck):
        return value.values
    if isinstance(value, tuple | list):
        return type(value)(unwrapped(one) for one in value)
    if isinstance(value, dict):
        return {key: unwrapped(one) for key, one in value.items()}
    # CuPy takes numbers, but no arrays of NumPy's.
    assert not isinstance(value, np.ndarray), "an array of NumPy's reached a function of the device"
    return value


@pytest.fixture(scope="module")
def calls():
    """The arguments and the result of a call of every quantity of the shipped model, by NumPy."""
    inputs = cc.draw(cc.read_priors("situational_awareness"), 16, seed=1)
    values = {name: inputs[name].values * factor(inputs[name].units) for name in MODEL.inputs()}
    values["year"] = np.arange(2022.0, 2035.0)[:, np.newaxis]
    result = {}

    def call(name, function, needs, arguments):
        result[name] = (arguments, function(*arguments))
        return result[name][1]

    run_model(MODEL, values, MODEL.functions, call)
    return result


@pytest.mark.parametrize("name", MODEL.functions)
def test_a_quantity_runs_on_arrays_that_are_not_numpys(name, calls):
    arguments, expected = calls[name]
    result = MODEL.functions[name](*(Duck(np.asarray(argument)) for argument in arguments))
    assert isinstance(result, Duck), f"{name} gives {type(result)}"
    np.testing.assert_allclose(result.values, expected, rtol=1e-13)


def test_the_duck_refuses_to_become_an_array():
    with pytest.raises(TypeError, match="turned into one of NumPy's"):
        np.asarray(Duck(np.ones(3)))
    with pytest.raises(AssertionError, match="reached a function of the device"):
        Duck(np.ones(3)) + np.ones(3)
    with pytest.raises(TypeError, match=r"np\.select"):
        np.select([Duck(np.array([True]))], [1.0])
