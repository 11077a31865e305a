"""Rank correlations of inputs with few values: what a refusal advises is accepted, and realised."""

import itertools
import re

import pytest
from scipy import stats

import clustercast as cc
from clustercast.errors import InputError

LAWS = {
    "coin": cc.Discrete([0, 1], [0.5, 0.5]),
    "rare": cc.Discrete([0, 1], [0.9, 0.1]),
    "three": cc.Discrete([1, 2, 3], [0.2, 0.5, 0.3]),
    "often": cc.Discrete([1, 2], [0.003, 0.997]),
    "many": cc.Discrete(list(range(8)), [0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05]),
    "normal": cc.Normal(0, 1),
    "skewed": cc.LogNormal(0, 1),
}


WITH_TIES = [pair for pair in itertools.combinations_with_replacement(LAWS, 2) if {*pair} - {"normal", "skewed"}]


@pytest.mark.parametrize(("one", "other"), WITH_TIES)
def test_both_ends_that_a_refusal_names_are_accepted(one, other):
    laws = {"a": LAWS[one], "b": LAWS[other]}
    for rank in (1 - 1e-7, 1e-7 - 1):
        with pytest.raises(InputError, match="give one between") as caught:
            cc.Priors(cc.Correlation(("a", "b"), rank), **laws)
        ends = re.search(r"between (-?[\d.]+) and (-?[\d.]+)$", str(caught.value)).groups()
        for end in map(float, ends):
            drawn = cc.draw(cc.Priors(cc.Correlation(("a", "b"), end), **laws), 1 << 16, design="sobol")
            result = stats.spearmanr(drawn["a"], drawn["b"]).statistic
            assert result == pytest.approx(end, abs=0.01)


@pytest.mark.parametrize("names", list(itertools.combinations_with_replacement(["coin", "three", "many", "normal"], 3)))
def test_what_is_advised_against_a_contradiction_is_accepted(names):
    """Of inputs with few values no numbers are advised: those of their scores need not be in reach."""
    laws = {key: LAWS[name] for key, name in zip("abc", names, strict=True)}
    pairs = [("a", "b"), ("b", "c"), ("a", "c")]
    for ranks in ((0.7, 0.7, 0.0), (0.6, 0.6, -0.6), (-0.5, 0.4, 0.7), (0.1, 0.7, -0.6)):
        given = [cc.Correlation(pair, rank) for pair, rank in zip(pairs, ranks, strict=True)]
        try:
            cc.Priors(*given, **laws)
        except InputError as error:
            said = str(error)
            assert "contradict each other" in said
        else:
            continue
        offered = re.findall(r"(\w) and (\w) (-?[\d.]+) \(given", said)
        assert bool(offered) == (names == ("normal",) * 3)
        assert offered or said.endswith("; weaken the strongest")
        cc.Priors(*(cc.Correlation(pair, float(rank)) for *pair, rank in offered), **laws)


def test_one_correlation_alone_contradicts_nothing():
    message = "a rank correlation of 0.999999 between b and a is out of reach; .* weaken"
    with pytest.raises(InputError, match=message):
        cc.Priors(cc.Correlation(("b", "a"), 0.999999), b=LAWS["coin"], a=LAWS["coin"])
