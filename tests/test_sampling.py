"""Draws: SALib's rows, streams by name, rank correlations achieved, and what is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.sample import sobol as salib_sobol
from scipy import stats

import clustercast as cc
from clustercast import sampling
from clustercast.errors import InputError
from clustercast.sampling import input_values

U = cc.Uniform(0, 1)
PRIORS = cc.Priors(a=U, b=cc.Normal(0, 1), c=cc.LogNormal.from_quantiles({0.05: 1, 0.95: 10}), k=3.0)


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("seed", [1, 2026])
def test_saltelli_rows_are_salibs_with_our_quantile_functions_after_them(seed, second_order):
    inputs = cc.draw(PRIORS, 64, design="saltelli", points="salib", seed=seed, second_order=second_order)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    rows = salib_sobol.sample(problem, 64, calc_second_order=second_order, seed=seed)
    np.testing.assert_array_equal(inputs["a"], rows[:, 0])
    for column, name in enumerate("abc"):
        np.testing.assert_allclose(inputs[name], PRIORS[name].quantile(rows[:, column]), rtol=1e-13)


def test_replicates_are_different_scrambles_of_whole_designs():
    inputs = cc.draw(PRIORS, 64, design="saltelli", seed=1, replicates=4)
    a = inputs["a"].values.reshape(4, -1)
    np.testing.assert_array_equal(np.sort(np.floor(16 * a[:, ::8]), axis=1), np.tile(np.arange(16), (4, 1)))
    assert len({tuple(row) for row in a}) == 4


@pytest.mark.parametrize("design", ["random", "latin", "sobol"])
@pytest.mark.parametrize("replicates", [1, 4])
def test_a_set_of_constants_is_drawn_as_it_is(design, replicates):
    usual = {} if design == "random" else {"replicates": replicates}
    assert cc.draw(cc.Priors(x=2.0), 64, design=design, **usual)["x"].values == 2.0


@pytest.mark.parametrize("design", ["random", "sobol", "latin"])
def test_a_further_input_at_the_end_does_not_move_the_others(design):
    more = cc.Priors(a=U, b=cc.Normal(0, 1), c=PRIORS["c"], z=U)
    one, other = (cc.draw(p, 64, design=design, seed=9) for p in (PRIORS, more))
    for name in "abc":
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("points", ["sobol", "random"])
@pytest.mark.parametrize("replicates", [1, 4])
def test_a_further_input_moves_no_other_base_point_of_saltellis_design(points, replicates):
    more = cc.Priors(z=U, c=PRIORS["c"], a=U, b=cc.Normal(0, 1))
    one, other = (
        cc.draw(p, 64, design="saltelli", points=points, replicates=replicates, seed=9) for p in (PRIORS, more)
    )
    for name in "abc":
        for row in (0, -1):
            np.testing.assert_array_equal(
                one[name].values.reshape(64, -1)[:, row], other[name].values.reshape(64, -1)[:, row]
            )


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6), st.sampled_from(["random", "sobol"]), st.integers(0, 2**70)
)
def test_rows_are_the_same_bits_however_they_are_cut(lengths, design, seed):
    edges = np.cumsum([0, *lengths])
    whole = input_values(PRIORS, design, seed, 0, int(edges[-1]))
    parts = [input_values(PRIORS, design, seed, int(i), int(j)) for i, j in zip(edges, edges[1:], strict=False)]
    for name in whole:
        np.testing.assert_array_equal(whole[name], np.concatenate([part[name] for part in parts]))


@pytest.mark.parametrize("design", ["random", "latin", "sobol"])
def test_margins_follow_the_priors(design):
    inputs = cc.draw(PRIORS, 4096, design=design, seed=4)
    assert stats.kstest(inputs["b"], "norm").pvalue > 1e-3
    assert stats.kstest(inputs["a"], "uniform").pvalue > 1e-3
    assert inputs["k"].dims == ()


@pytest.mark.parametrize("design", ["random", "latin", "sobol"])
def test_rank_correlations_are_those_asked_for(design):
    priors = cc.Priors(cc.Correlation(("a", "c"), -0.6), cc.Correlation(("a", "b"), 0.3), **dict(PRIORS))
    inputs = cc.draw(priors, 8192, design=design, seed=2)
    assert stats.spearmanr(inputs["a"], inputs["c"])[0] == pytest.approx(-0.6, abs=0.03)
    assert stats.spearmanr(inputs["a"], inputs["b"])[0] == pytest.approx(0.3, abs=0.04)
    assert stats.kstest(inputs["a"], "uniform").pvalue > 1e-3


@pytest.mark.parametrize("rank", [-0.8, 0.5, 0.8])
def test_rank_correlations_of_inputs_with_few_values_are_those_asked_for(rank):
    few = {
        "a": cc.Discrete([0, 1, 2], [0.3, 0.3, 0.4]),
        "b": cc.Discrete([1, 5, 7], [0.2, 0.5, 0.3]),
        "c": cc.Normal(0, 1),
    }
    inputs = cc.draw(cc.Priors(cc.Correlation(("a", "b"), rank), cc.Correlation(("a", "c"), 0.2), **few), 1 << 15)
    assert stats.spearmanr(inputs["a"], inputs["b"])[0] == pytest.approx(rank, abs=0.015)
    assert stats.spearmanr(inputs["a"], inputs["c"])[0] == pytest.approx(0.2, abs=0.015)


HALF = cc.Mixture([0.5, 0.5], [cc.Discrete([0, 1], [0.5, 0.5]), cc.Normal(0, 1)])
WITH_ATOMS = {
    "values beside a density": HALF,
    "truncated": cc.Truncated(HALF, high=1.5),
    "mostly zero": cc.Mixture([0.7, 0.3], [cc.Discrete([0], [1]), cc.LogNormal(1, 2)]),
    "mixture of values": cc.Mixture([0.5, 0.5], [cc.Discrete([0, 1], [0.5, 0.5]), cc.Discrete([5, 9], [0.1, 0.9])]),
    "of scipy": stats.binom(3, 0.5),
}


@pytest.mark.parametrize("rank", [-0.6, 0.6])
@pytest.mark.parametrize("name", WITH_ATOMS)
def test_rank_correlations_of_inputs_some_of_whose_values_have_a_probability_are_those_asked_for(name, rank):
    priors = cc.Priors(cc.Correlation(("a", "b"), rank), a=WITH_ATOMS[name], b=cc.Normal(0, 1))
    inputs = cc.draw(priors, 1 << 15, design="sobol", seed=1)
    assert stats.spearmanr(inputs["a"], inputs["b"])[0] == pytest.approx(rank, abs=2e-3)


def test_what_an_input_with_a_very_rare_value_or_one_alone_can_be_correlated_by_is_said():
    rare = {"a": cc.Discrete([0, 1], [1 - 1e-5, 1e-5]), "b": cc.Normal(0, 1)}
    # The rank of the rare value is 1 - p / 2, so that the largest correlation is the root of 3 p (1 - p).
    with pytest.raises(InputError, match=r"cannot be reached.*between -0.005 and 0.005"):
        cc.Priors(cc.Correlation(("a", "b"), 0.5), **rare)
    assert cc.Priors(cc.Correlation(("a", "b"), 0.005), **rare).correlation_matrix[0, 1] > 0.3
    with pytest.raises(InputError, match=r"'a' and 'b': discrete has one value only, 3; give a constant"):
        cc.Priors(cc.Correlation(("a", "b"), 0.5), a=cc.Discrete([3], [1]), b=cc.Normal(0, 1))


def test_a_rank_correlation_out_of_reach_of_few_values_is_refused_with_the_range():
    with pytest.raises(
        InputError, match=r"'a' and 'b': rank correlation 0.95 cannot be reached.*between -0.866 and 0.866"
    ):
        cc.Priors(cc.Correlation(("a", "b"), 0.95), a=cc.Discrete([0, 1], [0.5, 0.5]), b=U)


def test_correlated_inputs_are_swapped_as_one_group_named_after_them():
    priors = cc.Priors(cc.Correlation(("a", "b"), 0.5), **dict(PRIORS))
    grouped = cc.draw(priors, 64, design="saltelli")
    assert cc.design_of(grouped)["swaps"] == {"a_and_b": ["a", "b"], "c": ["c"]}
    assert cc.design_of(grouped)["correlated_groups"] == {"a_and_b": ["a", "b"]}
    assert grouped.sizes["sample"] == 64 * (2 * 2 + 2)
    assert stats.spearmanr(*(grouped[n].values.reshape(64, -1)[:, 0] for n in "ab"))[0] == pytest.approx(0.5, abs=0.2)
    latent = cc.draw(priors, 64, design="saltelli", latent=True)
    assert latent.sizes["sample"] == 64 * (2 * 3 + 2) and "correlated_groups" not in cc.design_of(latent)


def test_correlations_join_groups_that_were_asked_for_and_sets_that_they_connect():
    chain = [cc.Correlation(("d", "b"), 0.5), cc.Correlation(("b", "a"), 0.4), cc.Correlation(("c", "e"), 0.0)]
    priors = cc.Priors(*chain, **dict.fromkeys("abcde", U))

    def swaps(**options):
        return cc.design_of(cc.draw(priors, 8, design="saltelli", **options))["swaps"]

    assert swaps() == {"a_and_b_and_d": ["a", "b", "d"], "c": ["c"], "e": ["e"]}
    assert swaps(groups={"g": ["a", "c"], "h": ["d", "e"]}) == {"g_and_b_and_h": ["a", "c", "b", "d", "e"]}
    assert swaps(groups={"all": list("abd")}) == {"all": ["a", "b", "d"], "c": ["c"], "e": ["e"]}
    many = cc.Priors(*(cc.Correlation(("a", other), 0.3) for other in "bcde"), **dict.fromkeys("abcde", U))
    assert list(cc.design_of(cc.draw(many, 8, design="saltelli"))["swaps"]) == ["a_and_4_correlated_with_it"]


@pytest.mark.parametrize("design", ["sobol", "latin"])
def test_replicates_of_plain_designs_are_whole_designs_of_their_own(design):
    inputs = cc.draw(PRIORS, 64, design=design, seed=3, replicates=4)
    parts = inputs["a"].values.reshape(4, 16)
    np.testing.assert_array_equal(np.sort(np.floor(16 * parts), axis=1), np.tile(np.arange(16), (4, 1)))
    assert len({tuple(row) for row in parts}) == 4 and cc.design_of(inputs)["replicates"] == 4
    more = cc.draw(cc.Priors(**PRIORS, z=U), 64, design=design, seed=3, replicates=4)
    if design == "latin":
        np.testing.assert_array_equal(more["c"], inputs["c"])


def test_replicates_of_sobol_points_give_their_columns_to_other_inputs():
    """In one sequence of 16 columns some follow the product of two others: the mean of it in a bin explains 9/16."""
    priors = cc.Priors(**{f"x{place:02d}": U for place in range(16)})

    def followed(**options):
        inputs = cc.draw(priors, 1024, seed=1, **options)
        u = np.stack([inputs[name].values for name in priors])
        bins, worst = (16 * u).astype(int), 0.0
        for i, j in itertools.combinations(range(16), 2):
            product = 12 * (u[i] - 0.5) * (u[j] - 0.5)
            means = [np.bincount(bins[k], product) / np.bincount(bins[k]) for k in set(range(16)) - {i, j}]
            worst = max(worst, np.square(means).mean(axis=1).max())
        return worst

    assert followed(design="sobol") > 0.5
    assert followed(design="sobol", replicates=16) < 1.5 * followed(design="random")


def test_a_point_of_exactly_0_gives_a_finite_value(monkeypatch):
    column = sampling.designs.sobol_column
    monkeypatch.setattr(sampling.designs, "sobol_column", lambda *how: np.where(np.arange(16) == 3, 0.0, column(*how)))
    drawn = cc.draw(cc.Priors(a=cc.Normal(0, 1)), 16, design="sobol")["a"].values
    assert drawn[3] == pytest.approx(stats.norm.ppf(2.0**-31)) and np.isfinite(drawn).all()


@pytest.mark.parametrize("replicates", [1, 4])
def test_an_input_takes_the_column_that_it_is_given(replicates):
    how = {"design": "sobol", "seed": 3, "replicates": replicates}
    inputs = cc.draw(PRIORS, 64, **how)
    fewer = cc.Priors(b=PRIORS["b"], c=PRIORS["c"], a=0.5)
    # Replicates shuffle the columns, in another way where there are more.
    for columns in ("abc", dict.fromkeys("abc"), *[["a", "b", "c", "more"]] * (replicates == 1)):
        own = cc.draw(fewer, 64, **how, columns=columns)
        for name in "bc":
            np.testing.assert_array_equal(own[name], inputs[name])
        assert cc.design_of(own)["columns"] == list(columns)
    assert not np.array_equal(cc.draw(fewer, 64, **how)["b"], inputs["b"])
    turned = cc.draw(PRIORS, 64, **how, columns="cba")
    np.testing.assert_array_equal(turned["b"], inputs["b"])
    np.testing.assert_array_equal(stats.norm.cdf(turned["b"]).argsort(), inputs["b"].values.argsort())
    assert not np.array_equal(turned["a"], inputs["a"])
    assert "columns" not in cc.design_of(cc.draw(PRIORS, 64, **how, columns="abc"))


@pytest.mark.parametrize(("size", "design"), [(8, "random"), (16, "sobol"), (1000, "random"), (1024, "sobol")])
def test_an_even_draw_is_in_16_parts_of_sobol_points_where_the_size_allows_it(size, design):
    inputs = sampling.even_draw(PRIORS, size, 3)
    how = {"design": "sobol", "replicates": 16} if design == "sobol" else {}
    assert inputs.identical(cc.draw(PRIORS, size, seed=3, **how))


@pytest.mark.parametrize("design", ["sobol", "latin"])
def test_replicates_give_the_error_of_a_mean_that_the_design_has(design):
    """A sum of three uniforms: both designs know its mean far better than independent draws, sd / sqrt(n) = 0.0078."""

    @cc.quantity("1")
    def total(x, y, z):
        return x + y + z

    priors, misses = cc.Priors(x=U, y=U, z=U), []
    for seed in range(60):
        inputs = cc.draw(priors, 4096, design=design, seed=seed, replicates=8)
        result = cc.summarise(cc.propagate(inputs, model=cc.Model([total])))
        assert result["total_mean_error"] < 0.0078 / 20 and "8 independent replicates" in result.attrs["error_method"]
        misses.append(float((result["total_mean"] - 1.5) / result["total_mean_error"]))
    # Student's t with 7 degrees of freedom.
    assert np.mean(np.abs(misses) <= stats.t.ppf(0.975, 7)) > 0.88


@pytest.mark.parametrize("design", ["shapley", "kucherenko"])
def test_the_independent_rows_of_a_design_for_a_measure_follow_the_priors(design):
    priors = cc.Priors(cc.Correlation(("a", "b"), 0.5), **dict(PRIORS))

    @cc.quantity("1")
    def total(a, b, c):
        return a + b + 0 * c

    forecast = cc.propagate(cc.draw(priors, 256, design=design), model=cc.Model([total], spare=["k"]))
    result = cc.summarise(forecast)
    assert result.attrs["samples"] == 512
    assert float(result["total_mean"]) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(InputError, match="no sample of the priors"):
        cc.summarise(cc.propagate(cc.draw(PRIORS, 8, design="morris"), model=cc.Model([total], spare=["k"])))


@pytest.mark.parametrize(("design", "rows"), [("shapley", 4), ("kucherenko", 12), ("morris", 4)])
def test_designs_for_measures_have_the_rows_that_they_say(design, rows):
    priors = cc.Priors(cc.Correlation(("a", "b"), 0.5), **dict(PRIORS))
    inputs = cc.draw(priors, 32, design=design, seed=1)
    assert inputs.sizes["sample"] == 32 * rows and cc.design_of(inputs)["name"] == design
    assert inputs["k"].dims == () and np.isfinite(inputs.to_array()).all()


def test_seed_zero_is_a_seed_like_any_other():
    one, same, other = (cc.draw(PRIORS, 32, design="saltelli", seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one["b"], same["b"])
    assert not np.array_equal(one["b"], other["b"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size is 0"),
        ({"size": -4}, "size is -4"),
        ({"size": 10.5}, "size is 10.5; give a whole number"),
        ({"size": 1000, "design": "saltelli"}, "size is 1000, not a power of two.*512 or 1024"),
        ({"size": 1000, "design": "sobol"}, "size is 1000, not a power of two.*512 or 1024"),
        ({"size": 64, "design": "saltelli", "replicates": 3}, "replicates is 3, which does not divide size 64"),
        ({"size": 2, "design": "saltelli", "replicates": 8}, "size of 2 is less than the 8 replicates.*8 or more"),
        ({"size": 64, "design": "sobel"}, "design is 'sobel'; nearest known: sobol"),
        ({"size": 64, "seed": 1.5}, "seed is 1.5; give a whole number of 0 or more"),
        ({"size": 64, "seed": -1}, "seed is -1; give a whole number of 0 or more"),
        ({"size": 64, "latent": True}, "latent is an option of design 'saltelli', not of 'random'"),
        ({"size": 64, "replicates": 2}, "replicates is an option of design 'latin'"),
        ({"size": 64, "columns": "abc"}, "columns is an option of design 'sobol', not of 'random'"),
        ({"size": 64, "design": "sobol", "columns": "ab"}, "columns lack the uncertain input 'c'"),
        ({"size": 64, "design": "shapley", "levels": 6}, "levels is an option of design 'morris'"),
        ({"size": 64, "design": "shapley", "replicates": 1}, "2 or more"),
        ({"size": 100, "design": "kucherenko", "replicates": 4}, "not a power of two"),
        ({"size": 64, "design": "morris", "span": (0.0, 1.0)}, "two increasing probabilities"),
        ({"size": 64, "design": "saltelli", "groups": {"g": ["k"]}}, "'k', no uncertain input"),
        ({"size": 64, "design": "saltelli", "groups": {"g": ["a"], "h": ["a"]}}, "'a' is in two groups"),
    ],
)
def test_what_cannot_be_drawn(arguments, message):
    with pytest.raises(InputError, match=message):
        cc.draw(PRIORS, **arguments)


HUGE = (2**34, 2**62, 2**70)
RUNS = {
    **{design: lambda size, design=design: cc.draw(SMALL, size, design=design) for design in sampling.PLAIN},
    **{design: lambda size, design=design: cc.draw(SMALL, size, design=design) for design in sampling.MEASURED},
    "stream": lambda size: cc.stream(SMALL, size=size * 2**20, model=SUM),
    "stream_sobol": lambda size: cc.stream_sobol(SMALL, size=size * 2**20, model=SUM, scale="raw"),
    "run_sobol": lambda size: cc.run_sobol(SMALL, size=size * 2**20, model=SUM),
}


@cc.quantity("1")
def total(a, b):
    return a + b


SMALL = cc.Priors(a=cc.Uniform(0, 1), b=cc.Normal(0, 1))
SUM = cc.Model([total])


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize("run", RUNS)
def test_a_size_that_no_machine_takes_is_refused_at_once_with_one_that_it_does(run, size, monkeypatch):
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 2**22, "SC_PAGE_SIZE": 4096}.get)
    with pytest.raises(InputError, match=r"size is [\d,]+.*(give at most [\d,]+|block=\d+|from 1 to)"):
        RUNS[run](size)


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Index, pd.Series])
def test_a_group_is_any_row_of_names(kind):
    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1), z=cc.Uniform(0, 1))
    drawn = cc.draw(priors, 8, design="saltelli", groups={"g": kind(["x", "y"])})
    assert cc.design_of(drawn)["swaps"] == {"g": ["x", "y"], "z": ["z"]}
    with pytest.raises(InputError, match="group 'g' holds"):
        cc.draw(priors, 8, design="saltelli", groups={"g": kind([])})


@pytest.mark.parametrize("name", ["a\0b", "a\x1b[31mb", "a[/]", "", "a" * 10_000])
def test_a_name_that_neither_a_terminal_nor_a_file_takes_is_refused(name):
    with pytest.raises(InputError, match="use letters, digits and underscores") as caught:
        cc.Priors(**{name: cc.Uniform(0, 1)})
    assert str(caught.value).isprintable() and len(str(caught.value)) < 300


def test_a_message_is_one_line_that_prints_whatever_name_is_in_it():
    priors = cc.Priors(x=cc.Uniform(0, 1))
    for name in ("a" * 10_000, "\x1b[31m\0\n" * 50, "b " * 10_000):
        with pytest.raises(InputError) as caught:
            _ = priors[name]
        assert str(caught.value).isprintable() and len(str(caught.value)) < 3100


@pytest.mark.parametrize("digits", [400, 5_000])
def test_a_whole_number_beyond_the_range_of_floats_is_refused(digits):
    priors = cc.Priors(x=cc.Uniform(0, 1))
    for number in (10**digits, str(10**400) + "0" * (digits - 400)):
        with pytest.raises(InputError, match="beyond 1e308|too large for a number"):
            priors.replace(x=number)
    with pytest.raises(InputError, match="beyond 1e308"):
        cc.Normal(0, 10**digits)
