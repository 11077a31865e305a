"""Relief of limits: against the minimum that the limits are."""

import numpy as np
import pytest

import clustercast as cc

LIMITS = ("power", "chips", "money")


@cc.quantity("1")
def shipments(wanted, year, limit_power, power, limit_chips, chips, limit_money, money):
    """The least of what is wanted and the limits that act."""
    held = np.minimum(wanted * (year / year), np.where(limit_power > 0, power, np.inf))
    held = np.minimum(held, np.where(limit_chips > 0, chips, np.inf))
    return np.minimum(held, np.where(limit_money > 0, money, np.inf))


def priors(**changes):
    free = {name: cc.LogNormal(0, 0.5) for name in ("wanted", "power", "chips", "money")}
    return cc.Priors(**{**free, **{f"limit_{name}": cc.Fixed(1) for name in LIMITS}, **changes})


def relief(**settings):
    how = {"output": "shipments", "limits": LIMITS, "model": cc.Model([shipments]), "seed": 3}
    return cc.limit_relief(priors(), 2048, [2028], **{**how, **settings})


def test_the_relief_is_the_ratio_of_two_minima_on_the_same_draws():
    result = relief()
    inputs = cc.draw(priors(), 2048, seed=3)
    parts = {name: inputs[name].values for name in ("wanted", *LIMITS)}
    least = np.min(list(parts.values()), axis=0)
    for name in LIMITS:
        without = np.min([values for part, values in parts.items() if part != name], axis=0)
        expected = without / least - 1
        one = result.sel(limit=name, year=2028)
        assert float(one["share_above"]) == np.mean(expected > 0.1)
        np.testing.assert_allclose(one["relief"].sel(quantile=0.95), np.quantile(expected, 0.95))
        assert 0 < float(one["share_above_error"]) < 0.02
    # In a sample at most one limit binds alone.
    assert float(result["share_above"].sum("limit").max()) <= 1
    assert relief(threshold=1e6)["share_above"].max() == 0
    assert relief(limits="chips").identical(relief(limits=["chips"]))


def test_a_limit_that_does_not_act_is_refused():
    model = cc.Model([shipments])
    off = priors(limit_money=cc.Fixed(0))
    for given, limits in ((off, ["money"]), (priors(), ["monye"]), (priors(), [])):
        with pytest.raises(cc.InputError, match="give limits that act, of power, chips, money"):
            cc.limit_relief(given, 64, [2028], output="shipments", limits=limits, model=model)
