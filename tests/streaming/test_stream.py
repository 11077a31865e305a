"""Streaming: the summary of the whole, for any cut of the run, and what is refused."""

import functools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clustercast as cc
from clustercast.errors import InputError
from clustercast.sampling import input_values
from clustercast.streaming.moments import LEAF, RELATIVE_ERROR
from clustercast.streaming.stream import piece_length


@cc.quantity("GW")
def cluster_power(year, start_power, growth, start_year):
    """Power of the cluster."""
    return start_power * np.exp(growth * (year - start_year))


@cc.quantity("1/year")
def rate_margin(growth, demand):
    return growth - demand


@cc.quantity("1", labels=["growth", "demand"])
def larger(growth, demand):
    return np.where(growth >= demand, 0, 1)


MODEL = cc.Model([cluster_power, rate_margin, larger])
PRIORS = cc.Priors(
    cc.Correlation(("growth", "demand"), 0.6),
    start_power=cc.LogNormal.from_quantiles({0.05: 0.5, 0.95: 2}, unit="GW"),
    growth=cc.Normal(0.5, 0.2, unit="1/year"),
    demand=cc.Normal(0.4, 0.3, unit="1/year"),
    start_year=cc.Fixed(2024, unit="year"),
)
YEARS = [2024, 2027, 2030.5]
SIZE = 5 * LEAF + 1234


def streamed(size=SIZE, **changed):
    given_arguments = {"model": MODEL, "years": YEARS, "seed": 5} | changed
    return cc.stream(PRIORS, size=size, **given_arguments)


def bits(summary):
    return {name: variable.values.tobytes() for name, variable in summary.data_vars.items()}


def propagated(size=SIZE, **design):
    return cc.propagate(cc.draw(PRIORS, size, seed=5, **design), model=MODEL, years=YEARS)


def test_it_is_the_summary_of_the_same_draws():
    result, whole = streamed(), cc.summarise(propagated())
    assert set(result.data_vars) == set(whole.data_vars)
    for name, variable in whole.data_vars.items():
        assert result[name].dims == variable.dims
        assert result[name].attrs["units"] == variable.attrs["units"]
    assert result["larger_label"].values.tolist() == ["growth", "demand"]
    for name in ("cluster_power", "rate_margin"):
        np.testing.assert_allclose(result[f"{name}_mean"], whole[f"{name}_mean"], rtol=1e-12)
        np.testing.assert_allclose(result[f"{name}_mean_error"], whole[f"{name}_mean_error"], rtol=1e-12)
        # An order statistic is off by its stated share; between two of them of one sign so is a straight line.
        np.testing.assert_allclose(result[name], whole[name], rtol=RELATIVE_ERROR)
        np.testing.assert_allclose(result[f"{name}_error"], whole[f"{name}_error"], rtol=0.1)
    np.testing.assert_array_equal(result["larger_share"], whole["larger_share"])
    np.testing.assert_allclose(result["larger_share_error"], whole["larger_share_error"], rtol=1e-12)


def test_it_says_where_it_came_from_and_how_precise_it_is():
    result, whole = streamed(), cc.summarise(propagated())
    for key in ("priors_hash", "model_hash", "design", "inputs", "versions"):
        assert cc.provenance_of(result)[key] == cc.provenance_of(whole)[key], key
    for key in ("samples", "outputs"):
        assert result.attrs[key] == whole.attrs[key], key
    assert result.attrs["quantile_relative_error"] == RELATIVE_ERROR
    assert "histogram" in result.attrs["quantile_method"]


@settings(max_examples=8)
@given(st.integers(1, 9 * LEAF), st.sampled_from([None, "threads"]), st.integers(1, 3), st.integers(0, 2))
def test_no_bit_depends_on_how_the_run_is_cut(block, executor, workers, rest):
    size = 6 * LEAF + rest
    whole = streamed(size, block=size)
    assert bits(streamed(size, block=block, executor=executor, workers=workers)) == bits(whole)


@given(st.lists(st.integers(1, 999), max_size=5), st.sampled_from(["random", "sobol"]))
def test_no_draw_depends_on_how_the_rows_are_cut(cuts, design):
    edges = [0, *sorted(cuts), 1000]
    whole = input_values(PRIORS, design, 9, 0, 1000)
    parts = [input_values(PRIORS, design, 9, *rows) for rows in zip(edges[:-1], edges[1:], strict=True)]
    for name, values in whole.items():
        assert np.array_equal(np.concatenate([part[name] for part in parts]), values)


def test_an_input_is_the_same_whether_others_are_needed_or_not():
    whole = input_values(PRIORS, "sobol", 9, 0, 64)
    assert input_values(PRIORS, "sobol", 9, 0, 64, ["start_power"]).keys() == {"start_power"}
    pair = input_values(PRIORS, "sobol", 9, 0, 64, ["growth"])
    assert pair.keys() == {"growth", "demand"}
    assert np.array_equal(pair["growth"], whole["growth"])


def test_sobol_points_are_streamed_too():
    result, whole = streamed(8192, design="sobol"), cc.summarise(propagated(8192, design="sobol"))
    np.testing.assert_allclose(result["cluster_power_mean"], whole["cluster_power_mean"], rtol=1e-12)
    assert result.attrs["error_method"] == whole.attrs["error_method"]


def test_a_threshold_is_any_number():
    counted = [streamed(thresholds={"rate_margin": level}) for level in (np.int64(0), 0, [0.0])]
    assert len({float(each["rate_margin_exceedance"][0]) for each in counted}) == 1


def test_exceedances_are_counted_exactly():
    levels = {"cluster_power": ["4 GW", "50 TWh/year"], "rate_margin": 0.1}
    result, whole = streamed(thresholds=levels), propagated()
    assert result["cluster_power_level"].values == pytest.approx([4, 50 / 8.76])
    for place, level in enumerate(levels["cluster_power"]):
        expected = cc.exceedance(whole["cluster_power"], level)
        np.testing.assert_array_equal(result["cluster_power_exceedance"][:, place], expected)
        np.testing.assert_allclose(
            result["cluster_power_exceedance_error"][:, place], expected["standard_error"], rtol=1e-12
        )
    np.testing.assert_array_equal(result["rate_margin_exceedance"], [cc.exceedance(whole["rate_margin"], 0.1)])


def test_progress_ends_at_the_end():
    seen = []
    streamed(block=2 * LEAF, progress=lambda done, planned: seen.append((done, planned)))
    assert seen == [(2 * LEAF, SIZE), (4 * LEAF, SIZE), (SIZE, SIZE)]


def test_one_sample_and_outputs_of_one_kind():
    result = streamed(1, outputs="rate_margin")
    assert result["rate_margin_mean"].shape == ()
    assert np.isinf(result["rate_margin_mean_error"])
    assert streamed(10, outputs=["larger"])["larger_share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": 0}, "size is 0"),
        ({"size": 2.5}, "size is 2.5"),
        ({"size": 1000, "design": "sobol"}, "power of two"),
        ({"design": "latin"}, "design is 'latin'; a stream is drawn by one of random, sobol"),
        ({"block": 0}, "block is 0"),
        ({"workers": 0}, "workers is 0"),
        ({"executor": "thread"}, "executor is 'thread'.*did you mean|executor is 'thread'"),
        ({"outputs": ["cluster_pover"]}, "cluster_power"),
        ({"thresholds": {"cluster_pover": 1}}, "thresholds name 'cluster_pover'.*cluster_power"),
        ({"thresholds": {"cluster_power": []}}, "thresholds of 'cluster_power' hold no level; give one"),
        ({"thresholds": {"cluster_power": "3 USD"}}, "threshold of 'cluster_power'"),
        ({"thresholds": {"larger": 1}}, "counted anyway"),
        ({"probabilities": [0.5, 0.1]}, "probabilities"),
        ({"seed": -1}, "seed is -1"),
        ({"device": "gpu"}, "device is 'gpu'"),
    ],
)
def test_what_cannot_be(changed, message):
    with pytest.raises(InputError, match=message):
        streamed(**({"size": 10} | changed))


def test_a_quantity_that_is_not_finite_or_has_an_unknown_label_is_named():
    @cc.quantity("1", labels=["low", "high"])
    def label(x):
        return np.where(x > 0.999, 2, 0)

    @cc.quantity("1")
    def infinite(x):
        return np.where(x > 0.999, np.inf, x)

    for function, message in ((label, "'label' has values that are none of 0 to 1"), (infinite, "'infinite' has val")):
        with pytest.raises(InputError, match=message):
            cc.stream(cc.Priors(x=cc.Uniform(0, 1)), size=10_000, model=cc.Model([function]))


@pytest.mark.parametrize(
    "run", [cc.stream, cc.stream_sobol, cc.run_sobol, functools.partial(cc.stream_to_zarr, path="x")]
)
@pytest.mark.parametrize("year", [54, 202406])
def test_years_are_years_of_the_calendar(run, year, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"^{year} is no year from 1000 to 9999; write it as 2024"):
        run(PRIORS, size=64, model=MODEL, years=[year])
    assert not list(tmp_path.iterdir())


def test_pieces_are_enough_for_many_workers_and_none_is_larger_than_memory_should_hold():
    for leaves in (1, 40, 1000, 10**6, 10**8):
        length = piece_length(leaves, None)
        assert length == 1 or leaves // length >= 32
        assert length * LEAF <= 1 << 19


@pytest.mark.parametrize("leaves", [10**8, 10**9])
def test_the_block_that_a_refusal_names_is_taken_and_half_of_it_is_not(leaves):
    with pytest.raises(InputError, match="pieces of") as refusal:
        piece_length(leaves, LEAF)
    least = int(re.search(r"block=(\d+) or more", str(refusal.value))[1])
    assert piece_length(leaves, least) == least // LEAF
    with pytest.raises(InputError, match=f"block={least} or more"):
        piece_length(leaves, least // 2)
