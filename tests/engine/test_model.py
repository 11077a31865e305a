"""A model is its functions: order, inputs, pin, replace, add, and what is refused."""

import weakref

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.model import Model
from clustercast.engine.quantity import quantity
from clustercast.errors import InputError
from tests.coherent import run_model


@quantity("W")
def cluster_power(size, power_per_accelerator):
    """Power of the cluster."""
    return size * power_per_accelerator


@quantity("H100e")
def size(start, growth, year, start_year):
    return start * np.exp(growth * (year - start_year))


@quantity("USD")
def cost(size, price):
    return size * price


MODEL = Model([cost, cluster_power, size])
VALUES = {
    "start": np.array([1.0, 2.0]),
    "growth": np.array([0.0, 1.0]),
    "start_year": np.array(2020.0),
    "year": np.array([[2020.0], [2021.0]]),
    "price": np.array(10.0),
    "power_per_accelerator": np.array([3.0, 4.0]),
}


def test_only_what_is_asked_is_computed():
    assert MODEL.order(["cost"]) == ("size", "cost")
    assert "power_per_accelerator" not in MODEL.inputs(["cost"])


def test_a_run_holds_no_result_after_its_last_use():
    alive = []

    @quantity("1")
    def doubled(given):
        result = 2 * given
        alive.append(weakref.ref(result))
        return result

    @quantity("1")
    def halved(doubled):
        return doubled / 2

    @quantity("1")
    def last(halved):
        assert alive[0]() is None
        return halved + 1

    results = run_model(Model([doubled, halved, last]), {"given": np.ones(3)}, ["last"])
    np.testing.assert_array_equal(results["last"], [2, 2, 2])


def test_values_by_hand():
    result = run_model(MODEL, VALUES, ["cost", "cluster_power"])
    np.testing.assert_allclose(result["cost"], [[10, 20], [10, 20 * np.e]])
    np.testing.assert_allclose(result["cluster_power"], [[3, 8], [3, 8 * np.e]])


def test_a_pinned_quantity_has_its_value_in_the_declared_unit_and_needs_no_inputs():
    pinned = MODEL.pin(size="2 kH100e")
    np.testing.assert_allclose(run_model(pinned, VALUES, ["cluster_power"])["cluster_power"], [6000, 8000])
    assert "growth" not in pinned.inputs()
    pinned.check_inputs(VALUES)
    assert MODEL.inputs() == Model([cost, cluster_power, size]).inputs()


def test_replace_and_add_give_new_models():
    @quantity("USD")
    def cost(size, price):
        return 2 * size * price

    @quantity("USD/W")
    def cost_per_watt(cost, cluster_power):
        return cost / cluster_power

    twice = run_model(MODEL.replace(cost), VALUES, ["cost"])["cost"]
    np.testing.assert_allclose(twice, 2 * run_model(MODEL, VALUES, ["cost"])["cost"])
    ratio = run_model(MODEL.add(cost_per_watt), VALUES, ["cost_per_watt"])["cost_per_watt"]
    np.testing.assert_allclose(ratio, np.broadcast_to([10 / 3, 10 / 4], (2, 2)))
    assert "cost_per_watt" not in MODEL.functions
    with pytest.raises(InputError, match=r"two quantities are called 'cost': .*test_model.py:\d+ and .*test_model.py"):
        MODEL.add(cost)


def test_the_hash_follows_the_code():
    @quantity("USD")
    def cost(size, price):
        return 2 * size * price

    assert MODEL.replace(cost).hash != MODEL.hash == Model([size, cost_of(MODEL), cluster_power]).hash
    assert MODEL.pin(size=1).hash != MODEL.pin(size=2).hash


def cost_of(model):
    return model.functions["cost"]


def test_a_missing_input_says_who_asks_and_what_is_near():
    given = {**VALUES, "pricee": VALUES["price"]}
    del given["price"]
    with pytest.raises(InputError, match=r"'cost' \(.*test_model.py:\d+\) needs 'price'.*nearest known: pricee"):
        MODEL.check_inputs(given)


def test_an_unused_input_is_refused():
    with pytest.raises(InputError, match="input 'prices' is used by no quantity; nearest known: price"):
        MODEL.check_inputs({**VALUES, "prices": 1.0})


def test_an_unknown_output_names_the_nearest():
    with pytest.raises(InputError, match="'cots' is not a quantity of the model; nearest known: cost"):
        MODEL.order(["cots"])


def test_a_circle_is_named():
    @quantity("1")
    def hen(egg):
        return egg

    @quantity("1")
    def egg(hen):
        return hen

    with pytest.raises(InputError, match="circle: .*hen.*egg"):
        Model([hen, egg])


def test_an_unmarked_function_a_default_and_a_lambda_list_are_refused():
    def plain(x):
        return x

    @quantity("1")
    def with_default(x=1):
        return x

    with pytest.raises(InputError, match="'plain' .* is not marked as a quantity"):
        Model([plain])
    with pytest.raises(InputError, match="'x=1' of quantity 'with_default'"):
        Model([with_default])
    with pytest.raises(InputError, match="functions and modules"):
        Model(3)


def test_the_marker_returns_the_very_function():
    def f(x):
        return x

    assert quantity("1")(f) is f


def test_a_comment_or_a_docstring_is_no_other_model():
    @quantity("USD")
    def cost(size, price):
        """Say it in other words."""
        # and explain it
        return size * price

    assert MODEL.replace(cost).hash == MODEL.hash


def test_code_made_from_a_text_has_a_fingerprint_too():
    names = {"quantity": quantity}
    exec(compile('@quantity("1")\ndef doubled(x):\n    return 2 * x\n', "README.md", "exec"), names)
    exec(compile('@quantity("1")\ndef tripled(x):\n    return 3 * x\n', "README.md", "exec"), names)
    assert Model([names["doubled"]]).hash != Model([names["tripled"]]).hash


def test_a_quantity_that_is_gone_is_refused_naming_its_heir():
    with pytest.raises(
        InputError, match="feasible_shipments is gone since version 0.2: accelerator_shipments is under"
    ):
        cc.cluster_model().unit("feasible_shipments")


@pytest.mark.parametrize("wrong", [5, 2.5, True, object()])
@pytest.mark.parametrize("method", ["asked", "order", "inputs", "check_inputs"])
def test_names_of_another_kind_are_refused_by_the_methods_that_take_them(method, wrong):
    with pytest.raises(InputError, match=r"^(outputs|given) is .*; give a list \(each a text\)"):
        getattr(Model([made_of_two]), method)(wrong)


@quantity("1")
def made_of_two(one, other):
    """Sum of two inputs."""
    return one + other


def test_what_the_model_does_not_have_is_not_asked_for_nor_replaced():
    model = Model([made_of_two])
    for ask in (lambda: model.asked(["made_of_two", "made_of_to"]), lambda: Model([wide]).replace(made_of_two)):
        with pytest.raises(InputError, match="'made_of_tw?o' is not a quantity of the model"):
            ask()


@quantity("1")
def wide(one):
    """Twice an input."""
    return 2 * one
