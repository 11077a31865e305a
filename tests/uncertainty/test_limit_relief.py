"""Relief of limits: against the minimum that the limits are."""

import numpy as np
import pytest
from scipy import special

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
    inputs = cc.draw(priors(), 2048, design="sobol", replicates=16, seed=3)
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


@pytest.mark.parametrize("size", [2048, 2000])
def test_the_share_that_a_limit_holds_back_is_within_its_error(size):
    """Of four alike the first is below a tenth more of each other with the probability E[(1 - F(1.1 x))**3]."""
    scores = special.ndtri((np.arange(200_000) + 0.5) / 200_000)
    exact = np.mean(special.ndtr(-(scores + np.log(1.1) / 0.5)) ** 3)
    errors = []
    for seed in range(20):
        how = {"output": "shipments", "limits": LIMITS, "model": cc.Model([shipments]), "seed": seed}
        one = cc.limit_relief(priors(), size, [2028], **how)
        errors += [(one["share_above"].values[:, 0] - exact) / one["share_above_error"].values[:, 0]]
    # 60 values of near normal law and variance 1 (15 / 13 where 16 parts give the error), of one limit beside another
    # negatively correlated at most: their mean square is 1 with a deviation of 0.2.
    assert 0.5 < np.mean(np.square(errors)) < 1.8
    # The relief jumps where its limit is the least: Sobol' points are a little better than as many independent ones.
    independent = np.sqrt(exact * (1 - exact) / size)
    assert (one["share_above_error"] < (1.2 if size == 2048 else 1.05) * independent).all()


def test_a_limit_that_does_not_act_is_refused():
    model = cc.Model([shipments])
    off = priors(limit_money=cc.Fixed(0))
    for given, limits in ((off, ["money"]), (priors(), ["monye"]), (priors(), [])):
        with pytest.raises(cc.InputError, match="give limits that act, of power, chips, money"):
            cc.limit_relief(given, 64, [2028], output="shipments", limits=limits, model=model)
