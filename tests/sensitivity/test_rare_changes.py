"""Inputs that act in a rare regime beside a background that varies: no run may show what they do together."""

import numpy as np
import pytest

import clustercast as cc

UNIT, NORMAL = cc.Uniform(0, 1), cc.Normal(0, 1)
RARE, SIZE, SEEDS = 0.02, 512, 40
# Variances: of a 1, of 4 b where u < .02 16 (.02 / 3 - .02^2 / 4), of its mean over u 16 .02^2 / 12.
WHOLE = 1 + 16 * (RARE / 3 - RARE**2 / 4)
EXACT = {"S1": 16 * RARE**2 / 12 / WHOLE, "ST": 16 * RARE / 12 / WHOLE}
PRIORS = cc.Priors(a=NORMAL, u=UNIT, b=UNIT)


@cc.quantity("1", positive=False)
def background(a, u, b):
    return a + np.where(u < RARE, 4 * b, 0.0)


def missed(measures, exact, **place):
    """Return by how much indices are beyond their intervals."""
    chosen = measures.sel(place).squeeze()
    return {name: abs(float(chosen[name]) - value) - float(chosen[f"{name}_conf"]) for name, value in exact.items()}


@pytest.mark.parametrize("points", ["sobol", "random", "salib"])
def test_an_input_of_a_rare_regime_has_a_width_that_holds_its_index(points):
    beyond = []
    for seed in range(SEEDS):
        drawn = cc.draw(
            PRIORS, SIZE, design="saltelli", seed=seed, points=points, replicates=1 if points == "salib" else 8
        )
        made = cc.evaluate(drawn, background, outputs={"y": "1"}, form="arrays")
        how = {"resamples": 100} if points == "salib" else {}
        beyond.append(missed(cc.sobol_indices(made, scale="raw", **how), EXACT, input="b")["S1"])
    # By replicates and resamples alone a fifth of them.
    assert np.mean(np.array(beyond) <= 0) >= 0.9


def test_a_pair_of_a_rare_regime_has_a_width_that_holds_its_index():
    """Of a + 2 b c where u < .04: S2 of b and c 4 .04^2 / 1.16."""
    priors, covered = cc.Priors(a=NORMAL, u=UNIT, b=NORMAL, c=NORMAL), []
    regime = lambda a, u, b, c: a + np.where(u < 0.04, 2 * b * c, 0.0)  # noqa: E731
    for seed in range(SEEDS):
        drawn = cc.draw(priors, SIZE, design="saltelli", seed=seed, replicates=8, second_order=True)
        made = cc.evaluate(drawn, regime, outputs={"y": "1"}, form="arrays")
        indices = cc.sobol_indices(made, scale="raw", second_order=True)
        covered.append(missed(indices, {"S2": 4 * 0.04**2 / 1.16}, input="b", input_2="c")["S2"] <= 0)
    assert np.mean(covered) >= 0.9


@pytest.mark.parametrize("run", [cc.run_sobol, cc.stream_sobol, cc.run_kucherenko])
def test_no_input_that_matters_is_known_to_have_no_effect(run):
    """Every way to run it: an index of 0 with no width is that of an idle input alone."""
    suffix = "_full" if run is cc.run_kucherenko else ""
    for seed in range(4):
        result = run(PRIORS, model=cc.Model([background]), size=SIZE, seed=seed).sel(input="b").squeeze()
        first, half, total = (float(result[name]) for name in (f"S1{suffix}", f"S1{suffix}_conf", f"ST{suffix}"))
        assert half > 0 or total == 0
        assert abs(first - EXACT["S1"]) <= half


def test_a_variance_that_all_replicates_count_alike_is_not_known_exactly():
    """Of a + 30 where u < .002: each of 8 replicates of 512 has one such run in A, and the truth is 1.02."""
    priors, model = cc.Priors(a=UNIT, u=UNIT), lambda a, u: a + np.where(u < 0.002, 30.0, 0.0)
    whole, covered = 1 / 12 + 900 * 0.002 * 0.998, []
    for seed in range(SEEDS):
        drawn = cc.draw(priors, 4096, design="saltelli", seed=seed, replicates=8)
        indices = cc.sobol_indices(cc.evaluate(drawn, model, outputs={"y": "1"}, form="arrays"), scale="raw")
        covered.append(missed(indices, {"ST": 1 / 12 / whole}, input="a")["ST"] <= 0)
    assert np.mean(covered) >= 0.9


@cc.quantity("1", positive=False)
def two_rare(a, u, b):
    return 3.0 * (a < 1 / 64) + 3.0 * (u < 1 / 64) + 0.05 * b


def test_a_run_in_pieces_has_the_widths_of_the_whole_where_few_runs_own_the_variance():
    how = {"model": cc.Model([two_rare]), "size": 512, "replicates": 8, "estimator": "azzini-rosati", "scale": "raw"}
    whole, pieces = (run(cc.Priors(a=UNIT, u=UNIT, b=UNIT), **how) for run in (cc.run_sobol, cc.stream_sobol))
    for name in ("S1_conf", "ST_conf"):
        np.testing.assert_allclose(pieces[name], whole[name], rtol=1e-6)


def test_widths_do_not_depend_on_what_else_is_analysed_and_pairs_are_above_the_diagonal_alone():
    drawn = cc.draw(PRIORS, 16384, design="saltelli", seed=1, replicates=8, second_order=True)
    model = lambda a, u, b: {"heavy": u**12 + 0.03 * b, "event": ((u > 0.998) & (b > 0.5)) * 1.0}  # noqa: E731
    made = cc.evaluate(drawn, model, outputs={"heavy": "1", "event": "1"}, form="arrays")
    how = {"scale": "raw", "second_order": True}
    both, alone = cc.sobol_indices(made, **how).sel(output=["heavy"]), cc.sobol_indices(made, outputs="heavy", **how)
    for name in alone.data_vars:
        np.testing.assert_array_equal(both[name], alone[name])
    for measures in (alone, cc.sobol_indices(made, outputs="event", **how)):
        assert np.isnan(measures["S2_conf"].values[..., *np.tril_indices(3)]).all()
