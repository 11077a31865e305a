import numpy as np
import pytest
import xarray as xr
from scipy import stats

import clustercast as cc
from clustercast.arrays.indices.given_data import BinnedSample, first_order_indices
from clustercast.arrays.indices.intervals import as_wide_as_few_events
from clustercast.dataset import with_provenance
from clustercast.errors import InputError
from clustercast.sensitivity.given_data import _few_runs, given_data_indices
from clustercast.sensitivity.outputs import output_names

V1, V2, V13 = (1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225
EXACT = np.array([V1, V2, 0]) / (V1 + V2 + V13)


@cc.quantity("1")
def ishigami(x1, x2, x3):
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


MODEL = cc.Model([ishigami])
PRIORS = cc.Priors(**dict.fromkeys(("x1", "x2", "x3"), cc.Uniform(-np.pi, np.pi)))


def forecast_of(design="random", size=4096, seed=1, priors=PRIORS, model=MODEL, **options):
    return cc.propagate(cc.draw(priors, size, design=design, seed=seed), model=model, **options)


@pytest.mark.parametrize("design", ["random", "latin", "sobol"])
def test_every_plain_design_gives_the_exact_indices_within_the_intervals(design):
    result = given_data_indices(forecast_of(design, 8192)).sel(output="ishigami")
    np.testing.assert_allclose(result["S1"], EXACT, atol=0.03)
    assert (np.abs(result["S1"] - EXACT) < 2 * result["S1_conf"]).all()


@pytest.mark.parametrize("design", ["random", "sobol"])
def test_error_at_8192_samples_is_below_the_mark(design):
    misses = [given_data_indices(forecast_of(design, 8192, seed))["S1"].values[0] - EXACT for seed in range(6)]
    assert np.sqrt(np.mean(np.square(misses))) < 0.012


def test_years_outputs_and_inputs_are_labelled_and_can_be_chosen(tmp_path):
    @cc.quantity("1", positive=True)
    def trend(x, y, year, start):
        return np.exp(x + y * (year - start))

    priors = cc.Priors(x=cc.Normal(0, 0.1), y=cc.Normal(0, 0.1, unit="1/year"), start=cc.Fixed(2024, unit="year"))
    forecast = forecast_of(priors=priors, model=cc.Model([trend]), years=(2024, 2026))
    result = given_data_indices(forecast)
    assert result["S1"].dims == ("output", "year", "input")
    assert result["input"].values.tolist() == ["x", "y"]
    np.testing.assert_allclose(result["S1"].sel(output="trend"), [[1, 0], [0.2, 0.8]], atol=0.05)
    assert result["scale"].item() == "log10"
    assert cc.provenance_of(result)["priors_hash"] == priors.hash
    chosen = given_data_indices(forecast, outputs="trend", inputs="y")
    xr.testing.assert_allclose(chosen["S1"], result["S1"].sel(input=["y"]))
    result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), result)


def test_weights_are_taken_in_every_form_and_agree_with_resampling():
    forecast = forecast_of(size=32768)
    weights = np.exp(forecast["x1"] / 2)
    result = given_data_indices(forecast, weights=weights)
    xr.testing.assert_equal(result["S1"], given_data_indices(forecast, weights=weights.values)["S1"])
    xr.testing.assert_equal(result["S1"], given_data_indices(forecast.assign(w=weights), weights="w")["S1"])
    xr.testing.assert_equal(result["S1"], given_data_indices(forecast, weights=weights[::-1])["S1"])
    chosen = np.random.default_rng(2).choice(32768, 32768, p=(weights / weights.sum()).values)
    resampled = given_data_indices(forecast.isel(sample=chosen))
    assert (np.abs(result["S1"] - resampled["S1"]) < 2 * (result["S1_conf"] + resampled["S1_conf"])).all()
    assert result.attrs["effective_size"] < 32768
    assert (np.abs(result["S1"] - EXACT) > 0.02).any()


def test_equal_draws_of_a_posterior_count_as_one_of_their_joint_weight():
    few = forecast_of(size=2048)
    counts = np.random.default_rng(4).integers(1, 9, 2048)
    drawn = with_provenance(few.isel(sample=np.repeat(np.arange(2048), counts)), design={"name": "posterior"})
    result, exact = given_data_indices(drawn), given_data_indices(few, weights=counts)
    xr.testing.assert_allclose(result["S1"], exact["S1"])
    assert result.attrs["effective_size"] < 2048


def test_a_quantity_of_the_sample_can_be_asked_for_beside_the_inputs():
    forecast = forecast_of(size=2048)
    result = given_data_indices(forecast.assign(sine=np.sin(forecast["x2"]) ** 2), inputs=["sine", "x2"]).squeeze()
    assert (np.abs(result["S1"] - EXACT[1]) < 2 * result["S1_conf"]).all()


def test_rows_of_structured_designs_are_refused_with_the_remedy():
    design = cc.propagate(cc.draw(PRIORS, 64, design="saltelli", seed=1), model=MODEL)
    with pytest.raises(InputError, match=r'saltelli design .* design="random".*cc.sobol_indices'):
        given_data_indices(design)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "x22"}, "'x22' is not an input.*x2"),
        ({"inputs": []}, "inputs is empty"),
        ({"outputs": "ishi"}, "ishi"),
        ({"weights": "w"}, "no weights 'w'"),
        ({"weights": xr.DataArray(np.ones(3), dims="x")}, "one for each sample"),
        ({"weights": xr.DataArray(np.ones(4096), {"sample": np.arange(4096) + 1}, "sample")}, "lack 1 of the 4096"),
        ({"bins": 5000}, "5000 bins"),
        ({"confidence": 0.0}, "confidence"),
    ],
)
def test_what_cannot_be_used_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        given_data_indices(forecast_of(), **options)


def test_values_that_are_not_finite_are_refused():
    forecast = forecast_of(size=512)
    broken = forecast.assign(x1=forecast["x1"].where(forecast["sample"] != 5).assign_attrs(forecast["x1"].attrs))
    with pytest.raises(InputError, match="'x1' has 1 value not finite, the first nan in sample 5"):
        given_data_indices(broken)


def test_a_forecast_without_inputs_is_refused():
    with pytest.raises(InputError, match="no input that varies"):
        given_data_indices(forecast_of().drop_vars(["x1", "x2", "x3"]))


def test_the_forecast_is_left_as_it_was():
    forecast = forecast_of(size=512).assign(level=("sample", np.full(512, 0.1 + 0.2), {"role": "output", "units": "1"}))
    before = forecast.copy(deep=True)
    result = given_data_indices(forecast, scale="raw")
    xr.testing.assert_identical(forecast, before)
    assert np.isnan(result["S1"].sel(output="level")).all()
    assert "No input matters to level, which does not vary" in result.attrs["warning"]


def test_with_the_model_an_input_without_influence_has_no_index_by_chance():
    @cc.quantity("1")
    def first(a, b):
        return a + b

    @cc.quantity("1")
    def second(c):
        return c

    model = cc.Model([first, second])
    told = {"a": cc.Normal(0, 1), "b": cc.Normal(0, 1), "c": cc.Normal(0, 1)}
    forecast = cc.propagate(cc.draw(cc.Priors(**told), 512, seed=2), model=model)
    plain, known = (
        cc.given_data_indices(forecast, scale="raw"),
        cc.given_data_indices(forecast, scale="raw", model=model),
    )
    assert plain["S1"].sel(output="first", input="c") != 0
    for name in ("S1", "S1_conf"):
        assert known[name].sel(output="first", input="c") == 0
        assert (known[name].sel(output="second", input=["a", "b"]) == 0).all()
        assert (
            known[name].sel(output="first", input=["a", "b"]).equals(plain[name].sel(output="first", input=["a", "b"]))
        )
    # A correlated input explains what it shares, and weights can tie inputs together.
    tied = cc.propagate(cc.draw(cc.Priors(cc.Correlation(("a", "c"), 0.9), **told), 512, seed=2), model=model)
    assert cc.given_data_indices(tied, scale="raw", model=model)["S1"].sel(output="first", input="c") > 0.2
    weighted = cc.given_data_indices(forecast, scale="raw", model=model, weights=np.ones(512))
    assert weighted["S1"].sel(output="first", input="c") == plain["S1"].sel(output="first", input="c")


def test_an_idle_input_shows_what_chance_gives():
    # The index of an idle input is near normal about 0, and what it gets is within its own interval.
    result = given_data_indices(forecast_of(size=8192), dummy=True, seed=3)
    assert result["input"].values.tolist() == ["x1", "x2", "x3", "dummy"]
    floor = result.sel(input="dummy")
    assert 0 < abs(floor["S1"].item()) < 2 * floor["S1_conf"].item() < 0.03
    np.testing.assert_array_equal(
        result["S1"].sel(input=["x1", "x2", "x3"]), given_data_indices(forecast_of(size=8192))["S1"]
    )
    with_model = given_data_indices(forecast_of(size=8192), dummy=True, seed=3, model=MODEL)
    assert with_model["S1"].sel(input="dummy").item() == floor["S1"].item()
    other = given_data_indices(forecast_of(size=8192), dummy=True, seed=4)
    assert other["S1"].sel(input="dummy").item() != floor["S1"].item()


def test_what_is_marked_as_no_output_is_not_analysed():
    forecast = forecast_of(size=64)
    assert output_names(forecast.assign(weight=("sample", np.ones(64))), None) == ("ishigami",)


def test_weighted_samples_rest_on_as_few_values_as_plain_ones():
    rng = np.random.default_rng(1)
    values = np.stack([np.exp(2.2 * rng.standard_normal(2048)), rng.random(2048) < 0.01, rng.random(2048)])
    plain = _few_runs(values, None).events
    assert (plain > 0).tolist() == [True, True, False]
    np.testing.assert_allclose(_few_runs(values, np.full(2048, 3.0)).events, plain, rtol=1e-12)
    np.testing.assert_allclose(_few_runs(1e80 * values, np.full(2048, 3.0)).events, plain, rtol=1e-12)
    # Of the weights 1 and 2 there are 9 / 5; the usual value is that of most of the weight, if of few samples.
    event = (np.arange(100.0) < 2)[np.newaxis]
    assert _few_runs(event, np.where(event[0], np.arange(100) + 1.0, 1.0)).events == pytest.approx(9 / 5)
    few = np.where(np.arange(2000) < 600, 1.0, 1e-9)
    few[[1000, 1001]] = 1, 2
    assert _few_runs(np.arange(2000)[np.newaxis] < 600, few).events == pytest.approx(9 / 5, rel=1e-5)


@pytest.mark.parametrize(("shape", "heavy"), [(0.33, True), (0.3, True), (0.15, False)])
def test_a_weighted_tail_without_a_fourth_moment_is_seen(shape, heavy):
    """Quantiles of a generalised Pareto distribution, of infinite fourth moment from 1/4 on; half have no weight."""
    tail = 1.5 + stats.genpareto(shape, scale=0.8).ppf((np.arange(100) + 0.5) / 100)
    values = np.repeat(np.concatenate([np.linspace(-1.5, 1.5, 900), tail]), 2)[np.newaxis]
    few = _few_runs(values, np.tile([0.001, 0.0], 1000))
    assert few.kurtosis == pytest.approx([np.inf if heavy else stats.kurtosis(values[0], fisher=False)])


def test_intervals_of_a_weighted_tail_cover():
    # Products of lognormals, 96 first-order indices: 73 were covered without regard to how few values own the variance.
    covered, exact = 0, np.expm1(2.42) / np.expm1(4.84)
    for seed in range(48):
        rng = np.random.default_rng(seed)
        inputs = rng.standard_normal((2048, 2))
        outputs = np.exp(2.2 / np.sqrt(2) * inputs.sum(axis=1, keepdims=True))
        weights = rng.random(2048) + 0.5
        result, errors = first_order_indices(BinnedSample.of(inputs, weights), outputs)
        widths = as_wide_as_few_events(1.96 * errors.T, result.T, _few_runs(outputs.T, weights).events, 0.95)
        covered += (np.abs(result.T - exact) <= widths).sum()
    assert covered >= 85


def test_importance_weights_of_a_rare_event_count_its_effective_occurrences():
    forecast = forecast_of(size=4096)
    rare = forecast.assign(rare=("sample", forecast["x1"].values > 3.13))
    weights = np.random.default_rng(0).random(4096) + 0.5
    result = given_data_indices(rare, outputs="rare", weights=weights)
    assert "indices of rare rest on as few as" in result.attrs["warning"]
    assert result["S1_conf"].min() > 0.1


def ten(output, design, size, **options):
    """Return the indices of an output of ten uniform inputs."""
    sample = cc.draw(
        cc.Priors(**{f"x{k}": cc.Uniform(0, 1) for k in range(10)}), size, design=design, seed=1, **options
    )
    return given_data_indices(cc.evaluate(sample, output, outputs={"y": "1"}, form="arrays"), scale="raw").sel(
        output="y"
    )


@pytest.mark.parametrize(("design", "replicates"), [("sobol", 1), ("sobol", 16), ("latin", 1), ("random", None)])
def test_an_idle_input_has_no_index_of_the_input_that_it_follows(design, replicates):
    """Of 256 Sobol' points the fourth column follows the ninth: bins of it alone give an idle input an index of 0.3."""
    result = ten(lambda **x: 1 + x["x8"], design, 256, replicates=replicates)
    assert abs(result["S1"].sel(input="x8") - 1) < 0.02
    assert abs(result["S1"].drop_sel(input="x8")).max() < 1e-3


def test_an_idle_input_that_follows_a_product_is_told_of_and_does_so_in_no_independent_replicates():
    """Of 1,024 Sobol' points the ninth column follows the product of the first and the tenth, whatever the scramble."""
    one, several = (
        ten(lambda **x: (x["x0"] - 0.5) * (x["x9"] - 0.5), "sobol", 1024, replicates=count) for count in (1, 16)
    )
    assert one["S1"].sel(input="x8") > 0.3
    assert "1,024 Sobol' points one of 10 inputs may follow the product of two others" in one.attrs["warning"]
    assert not several.attrs["warning"]
    assert (np.abs(several["S1"]) < several["S1_conf"]).sum() >= 9 and np.abs(several["S1"]).max() < 0.04


def test_indices_of_many_inputs_do_not_exceed_the_variance():
    """The parts of a sum explain it all; the mean in bins alone gave 1.7 of it, of Sobol' points of 120 inputs."""
    weights = 0.9 ** np.arange(120)
    priors = cc.Priors(**{f"x{k}": cc.Normal(0, 1) for k in range(120)})
    sample = cc.draw(priors, 4096, design="sobol", replicates=16)
    values = sum(weight * sample[name].values for weight, name in zip(weights, priors, strict=True))
    result = given_data_indices(sample.assign(y=("sample", values, {"role": "output", "units": "1"})), scale="raw")
    np.testing.assert_allclose(result["S1"].squeeze(), weights**2 / (weights**2).sum(), atol=0.005)
    # The variance of 4,096 independent normal values has an error of 2 %.
    assert result["S1"].sum() == pytest.approx(1, abs=0.04)


WAVES = {"cosine": (np.cos, 2), "sine": (np.sin, 2), "fast": (np.cos, 4)}


@pytest.mark.parametrize("design", ["random", "latin", "sobol"])
@pytest.mark.parametrize("wave", WAVES)
def test_of_many_inputs_what_the_fit_cannot_say_is_not_taken_off(wave, design):
    """Half of the variance is that of a wave of one of 60 inputs, where 256 samples allow a slope for each."""
    (function, times), replicates, covered, off = WAVES[wave], None if design == "random" else 16, [], []
    priors = cc.Priors(**{f"x{k}": cc.Uniform(0, 1) for k in range(60)})
    for seed in range(20):
        sample = cc.draw(priors, 256, design=design, seed=seed, replicates=replicates)
        values = np.sqrt(2) * function(times * np.pi * sample["x1"].values) + np.sqrt(12) * sample["x0"].values
        forecast = sample.assign(y=("sample", values, {"role": "output", "units": "1"}))
        result = given_data_indices(forecast, scale="raw", inputs=priors).squeeze()
        covered.append(np.abs(result["S1"] - np.repeat([0.5, 0], [2, 58])) <= result["S1_conf"])
        off.append(float(result["S1"].sel(input="x1")) - 0.5)
    # The whole interval of 95 %, less three standard errors of a share of 20 for each of the two, and of all.
    assert np.mean(covered, axis=0)[:2].min() >= 0.8 and np.mean(covered) > 0.9
    assert abs(np.mean(off)) < 0.06


@pytest.mark.parametrize("name", ["sum", "product", "step", "corner"])
def test_intervals_of_replicates_hold_and_are_narrower_than_those_of_independent_samples(name):
    """Exact: weights of a sum; of products of two with mean 1 and a step at 0.37, closed forms; P**3 of a corner."""
    function, exact = {
        "sum": (lambda x0, x1, x2: x0 + 2 * x1 + 0 * x2, [1 / 5, 4 / 5, 0]),
        "product": (lambda x0, x1, x2: (x0 + 0.5) * (x1 + 0.5) + 0 * x2, [12 / 25, 12 / 25, 0]),
        "step": (lambda x0, x1, x2: 1.0 * (x0 > 0.37) + x1 + 0 * x2, np.array([0.2331, 1 / 12, 0]) / (0.2331 + 1 / 12)),
        "corner": (lambda x0, x1, x2: 1.0 * ((x0 < 0.3) & (x1 < 0.3)) + 0 * x2, [3 / 13, 3 / 13, 0]),
    }[name]
    covered, widths = [], {"sobol": [], "random": []}
    priors = cc.Priors(x0=cc.Uniform(0, 1), x1=cc.Uniform(0, 1), x2=cc.Uniform(0, 1))
    for seed in range(20):
        for design, several in (("sobol", 16), ("random", None)):
            sample = cc.draw(priors, 2048, design=design, seed=seed, replicates=several)
            forecast = cc.evaluate(sample, function, outputs={"y": "1"}, form="arrays")
            result = given_data_indices(forecast, scale="raw").squeeze()
            widths[design].append(result["S1_conf"].values[:2].mean())
            covered += [(np.abs(result["S1"] - exact) <= result["S1_conf"]).values] * (design == "sobol")
    assert np.mean(covered) >= 0.9
    if name in ("sum", "product"):
        assert np.mean(widths["sobol"]) < 0.7 * np.mean(widths["random"])


@pytest.mark.parametrize(("weight", "variance"), [(lambda x: 2 * x, 1 / 18), (lambda x: 1.0 * (x < 0.5), 1 / 48)])
def test_weighted_replicates_have_no_index_below_zero_and_narrower_intervals(weight, variance):
    """Of x + y, where weights turn x into the larger of two uniforms, or leave out its upper half."""
    exact = np.array([variance, 1 / 12, 0]) / (variance + 1 / 12)
    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1), z=cc.Uniform(0, 1))
    found = {"sobol": [], "random": []}
    for seed in range(30):
        for design, several in (("sobol", 8), ("random", None)):
            sample = cc.draw(priors, 1024, design=design, seed=seed, replicates=several)
            made = cc.evaluate(sample, lambda x, y, z: x + y + 0 * z, outputs={"total": "1"}, form="arrays")
            result = given_data_indices(made, scale="raw", weights=weight(sample["x"].values))
            found[design].append(result[["S1", "S1_conf"]].squeeze().to_dataarray().values)
    (index, width), (_, independent) = (np.array(found[design]).transpose(1, 0, 2) for design in ("sobol", "random"))
    assert (np.abs(index - exact) <= width).mean() >= 0.9
    assert np.abs(index.mean(axis=0) - exact)[2] < 0.004
    assert (np.median(width, axis=0)[:2] < 0.7 * np.median(independent, axis=0)[:2]).all()


def test_what_correlated_inputs_share_counts_for_each_and_what_others_explain_does_not():
    """Of x + z, x and y with a normal correlation r: r**2 / 2 for y, which shares it with x."""
    told = {"x": cc.Normal(0, 1), "y": cc.Normal(0, 1), "z": cc.Normal(0, 1)}
    correlation = 2 * np.sin(np.pi / 6 * 0.8)
    for design, several in (("sobol", 16), ("random", None)):
        sample = cc.draw(cc.Priors(cc.Correlation(("x", "y"), 0.8), **told), 4096, design=design, replicates=several)
        forecast = cc.evaluate(sample, lambda x, y, z: x + z + 0 * y, outputs={"s": "1"}, form="arrays")
        result = given_data_indices(forecast, scale="raw").squeeze()
        assert (np.abs(result["S1"] - [0.5, correlation**2 / 2, 0.5]) <= result["S1_conf"] + 0.005).all()


def test_rows_that_were_drawn_again_or_left_out_are_analysed_as_they_are():
    forecast = forecast_of(size=4096)
    weights = np.exp(forecast["x1"] * 1.5)
    chosen = np.random.default_rng(3).choice(4096, 4096, p=(weights / weights.sum()).values)
    kept = forecast.isel(sample=np.flatnonzero(forecast["x1"] * forecast["x2"] > 0))
    for some in (forecast.isel(sample=chosen), kept):
        unknown = some.drop_attrs(deep=False)
        for name in ("S1", "S1_conf"):
            np.testing.assert_array_equal(
                given_data_indices(some)[name], given_data_indices(unknown, inputs=["x1", "x2", "x3"])[name]
            )


def narrow_events(sizes):
    """Return shares of uniform inputs that each bring an event about alone, and the exact first-order indices."""
    none = np.prod(1 - np.array(sizes))
    return np.array([size * (none / (1 - size)) ** 2 * (1 - size) for size in sizes]) / (none - none**2)


@pytest.mark.parametrize(("design", "replicates"), [("random", None), ("latin", 1), ("sobol", 16), ("sobol", 1)])
def test_events_in_a_part_of_a_bin_are_seen_by_their_neighbours(design, replicates):
    """Of 8,192 samples 12 are in the middle window, where a bin holds 170; its index was .02 in place of .3."""
    priors = cc.Priors(a=cc.Uniform(0, 1), b=cc.Uniform(0, 1), c=cc.Uniform(0, 1))
    how = {"design": design} if replicates is None else {"design": design, "replicates": replicates}
    exact, held, found = narrow_events((0.003, 0.0015, 0.0005)), [], []
    for seed in range(16):
        event = lambda a, b, c: ((a < 0.003) | (0.4 < b) & (b < 0.4015) | (c > 0.9995)) * 1.0  # noqa: E731
        forecast = cc.evaluate(cc.draw(priors, 8192, seed=seed, **how), event, outputs={"y": "1"}, form="arrays")
        result = given_data_indices(forecast, scale="raw")
        found.append(result["S1"].values[0])
        held.append(np.abs(found[-1] - exact) <= result["S1_conf"].values[0])
    # 48 intervals of a coverage of 0.95: 41 or more hold in all but one of 1,000 such tests.
    assert np.sum(held) >= 41
    # In one sequence of Sobol' points the width says it alone.
    assert replicates == 1 and design == "sobol" or np.mean(found, axis=0) == pytest.approx(exact, abs=0.06)


def test_a_step_in_a_part_of_a_bin_beside_a_smooth_input_is_seen():
    """A window of 0.004 has 0.83 of the variance: a bin of a 48th found 0.15."""
    priors, found, held = cc.Priors(a=cc.Uniform(0, 1), b=cc.Uniform(0, 1)), [], []
    exact = np.array([0.004 * 0.996 * 100, 1 / 12]) / (0.004 * 0.996 * 100 + 1 / 12)
    for seed in range(16):
        step = lambda a, b: 10.0 * ((a > 0.3) & (a < 0.304)) + b  # noqa: E731
        forecast = cc.evaluate(cc.draw(priors, 8192, seed=seed), step, outputs={"y": "1"}, form="arrays")
        result = given_data_indices(forecast, scale="raw")
        found.append(result["S1"].values[0])
        held.append(np.abs(found[-1] - exact) <= result["S1_conf"].values[0])
    assert np.sum(held) >= 26
    assert np.mean(found, axis=0) == pytest.approx(exact, abs=0.06)


def corner(a, b):
    return (a + b > 1.8) * 1.0


def whole(forecast):
    return forecast


def drawn_again(forecast):
    return forecast.isel(sample=np.random.default_rng(2).integers(0, 16384, 16384))


def without_a_design(forecast):
    return with_provenance(forecast, design={}, inputs=[])


@pytest.mark.parametrize("design", ["sobol", "random", "latin"])
@pytest.mark.parametrize("change", [whole, drawn_again, without_a_design])
def test_neighbours_that_are_none_by_chance_are_not_paired(change, design):
    """Near in one input, points of a Sobol' sequence are far apart in others, and a row is next to its copy."""
    # Of a triangle of sides 0.2: E[P(a)^2] is 0.2^3 / 3.
    exact = (0.2**3 / 3 - 0.02**2) / (0.02 - 0.02**2)
    priors = cc.Priors(a=cc.Uniform(0, 1), b=cc.Uniform(0, 1), idle=cc.Uniform(0, 1))
    forecast = cc.evaluate(
        cc.draw(priors, 16384, design=design, seed=3),
        lambda a, b, idle: corner(a, b),
        outputs={"y": "1"},
        form="arrays",
    )
    result = given_data_indices(change(forecast), inputs=["a", "b", "idle"], scale="raw")["S1"].values[0]
    assert result == pytest.approx([exact, exact, 0], abs=0.04)


@pytest.mark.parametrize("waves", [4, 8])
def test_what_neighbours_of_a_sequence_share_by_its_order_is_no_index(waves):
    """A wave of whole turns from point to point; given the first input its mean is 0."""
    priors = cc.Priors(a=cc.Uniform(0, 1), b=cc.Uniform(0, 1))
    for seed in range(3):
        drawn = cc.draw(priors, 8192, design="sobol", seed=seed)
        wave = lambda a, b: ((a > 0.4) & (a < 0.42)) * np.cos(2 * np.pi * waves * b)  # noqa: E731
        forecast = cc.evaluate(drawn, wave, outputs={"y": "1"}, form="arrays")
        assert given_data_indices(forecast, scale="raw")["S1"].values[0, 0] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("design", "replicates", "size"), [("latin", 6, 300), ("random", None, 256), ("sobol", 16, 1024)]
)
@pytest.mark.parametrize("periods", [8, 10])
def test_a_wave_whose_half_periods_are_bins_is_seen(periods, design, replicates, size):
    """The variance of a cosine is 1 / 2, that of a uniform 1 / 12: an index of 6 / 7, which the means of bins miss."""
    priors, index, half = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1)), [], []
    for seed in range(20):
        sample = cc.draw(priors, size, design=design, seed=seed, replicates=replicates)
        wave = cc.evaluate(sample, lambda x, y: np.cos(2 * np.pi * periods * x) + y, outputs={"o": "1"}, form="arrays")
        found = given_data_indices(wave, scale="raw").squeeze()
        index.append(found["S1"].values)
        half.append(found["S1_conf"].values)
    exact = np.array([6, 1]) / 7
    assert (np.abs(np.array(index) - exact) <= half).mean(axis=0).min() >= 0.85
    assert np.abs(np.mean(index, axis=0) - exact).max() < 0.12


def test_with_all_of_the_weight_in_one_replicate_chance_is_not_taken_from_their_spread():
    """The 128 points of one of eight: what chance gives an idle input is that of so few, not nothing."""
    priors, weights, errors = (
        cc.Priors(x=cc.Uniform(0, 1), idle=cc.Uniform(0, 1)),
        np.repeat([1.0, 0.0], [128, 896]),
        [],
    )
    for seed in range(20):
        sample = cc.draw(priors, 1024, design="sobol", replicates=8, seed=seed)
        made = cc.evaluate(sample, lambda x, idle: x + 0 * idle, outputs={"o": "1"}, form="arrays")
        found = given_data_indices(made, scale="raw", weights=weights)
        assert found.attrs["interval"] == "asymptotic"
        errors.append(float(found["S1_conf"].sel(input="idle").squeeze()))
    assert min(errors) > 0.02
