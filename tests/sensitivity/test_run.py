"""The whole order: growing designs, and inputs that do not matter."""

import re

import numpy as np
import pytest
from SALib.analyze import sobol as salib_sobol
from SALib.sample import sobol as salib_sample
from scipy import stats

import clustercast as cc
from clustercast.errors import InputError
from clustercast.sensitivity.outputs import scales_of

U = cc.Uniform(0, 1)


@cc.quantity("1")
def weighted(x, y):
    return x + 2 * y


@cc.quantity("1")
def other(z):
    return z


MODEL = cc.Model([weighted, other])
PRIORS = cc.Priors(x=U, y=U, z=U)


def test_a_linear_sum_has_the_shares_of_its_coefficients_squared():
    indices = cc.run_sobol(PRIORS, model=MODEL, outputs=["weighted"], size=512, scale="raw")
    result = indices.sel(output="weighted")
    assert list(indices["input"].values) == ["x", "y"]
    np.testing.assert_allclose(result["S1"], [0.2, 0.8], atol=0.01)
    np.testing.assert_allclose(result["ST"], [0.2, 0.8], atol=0.01)


def test_a_design_that_grew_is_the_design_drawn_at_once():
    arguments = {"model": MODEL, "outputs": ["weighted"], "scale": "raw", "seed": 5, "replicates": 4}
    grown = cc.run_sobol(PRIORS, size=64, until=1e-9, budget=64 * 6 * 8, **arguments)
    whole = cc.run_sobol(PRIORS, size=512, **arguments)
    np.testing.assert_array_equal(grown["ST"], whole["ST"])
    np.testing.assert_array_equal(grown["S1_conf"], whole["S1_conf"])
    assert grown.attrs["reached"] == 0
    assert "would exceed the budget of 3,072" in grown.attrs["statement"]


def test_it_stops_as_soon_as_the_target_is_met():
    indices = cc.run_sobol(PRIORS, model=MODEL, outputs=["weighted"], scale="raw", size=64, until=0.2)
    assert indices.attrs["reached"] == 1
    assert indices.attrs["widest"] <= 0.2
    assert float(indices["S1_conf"].max()) <= indices.attrs["widest"]
    met = cc.run_sobol(PRIORS, model=MODEL, outputs=["weighted"], scale="raw", size=512, until=0.2)
    assert met.attrs["statement"].endswith("(asked: 0.2) after 3,072 runs")


def test_only_new_rows_are_run():
    rows = []

    @cc.quantity("1")
    def counted(x, y):
        rows.append(np.size(x))
        return x + y

    cc.run_sobol(
        cc.Priors(x=U, y=U),
        model=cc.Model([counted]),
        size=64,
        until=1e-9,
        budget=64 * 6 * 4,
        replicates=2,
        scale="raw",
    )
    assert sum(n for n in rows if n > 32) == 64 * 6 * 4


def test_a_target_of_zero_is_refused():
    with pytest.raises(InputError, match="until is 0; give a half-width above 0"):
        cc.run_sobol(PRIORS, model=MODEL, until=0)


class TestCorrelatedInputs:
    PAIR = cc.Priors(cc.Correlation(("x", "y"), 0.5), **dict(PRIORS))

    def test_an_output_of_both_gets_their_group_and_the_warning_says_so(self):
        result = cc.run_sobol(self.PAIR, model=cc.Model([weighted, other]), size=256, scale="raw")
        assert result["input"].values.tolist() == ["x_and_y", "z"]
        np.testing.assert_allclose(result["ST"].sel(output="weighted"), [1, 0], atol=1e-12)
        assert "one group, with the indices of all members together: x_and_y (x, y)" in result.attrs["warning"]

    def test_outputs_that_use_one_of_them_each_get_plain_indices(self):
        @cc.quantity("1")
        def first(x, z):
            return x + z

        @cc.quantity("1")
        def second(y, z):
            return 2 * y + z

        result = cc.run_sobol(self.PAIR, model=cc.Model([first, second]), size=512, scale="raw")
        assert result["input"].values.tolist() == ["x", "y", "z"] and "group" not in result.attrs["warning"]
        np.testing.assert_allclose(result["S1"], [[0.5, 0, 0.5], [0, 0.8, 0.2]], atol=0.02)

    def test_beside_an_output_of_both_the_group_of_another_is_its_one_member(self):
        @cc.quantity("1")
        def first(x, z):
            return x + 2 * z

        result = cc.run_sobol(self.PAIR, model=cc.Model([weighted, first]), size=512, scale="raw")
        np.testing.assert_allclose(result["S1"].sel(output="first"), [0.2, 0.8], atol=0.02)
        assert "first depends on x alone of x_and_y: its indices there are plain" in result.attrs["warning"]

    @pytest.mark.parametrize("options", [{"latent": True}, {"groups": {"g": ["x", "z"], "h": ["y"]}}])
    def test_latents_and_groups_work_with_correlation(self, options):
        result = cc.run_sobol(self.PAIR, model=cc.Model([weighted, other]), size=256, scale="raw", **options)
        assert result["input"].values.tolist() == (["x", "y", "z"] if "latent" in options else ["g_and_h"])

    @pytest.mark.parametrize("name", ["evidence_2026", "situational_awareness"])
    @pytest.mark.parametrize("by", [None, "section", "source"])
    def test_a_shipped_set_is_never_refused(self, name, by):
        priors = cc.read_priors(name)
        groups = cc.input_groups(priors, by, cc.cluster_model()) if by else None
        result = cc.run_sobol(priors, years=[2030], size=16, replicates=2, groups=groups)
        # Of 16 points some outputs may not vary.
        assert (np.isfinite(result["ST"]) | (result["variance"] == 0)).all() and (result["variance"] > 0).any()


def test_salib_itself_runs_on_its_own_rows():
    arguments = {"model": MODEL, "outputs": "weighted", "size": 256, "scale": "raw", "seed": 4}
    result = cc.run_sobol(PRIORS, engine="salib", **arguments)
    problem = {"num_vars": 2, "names": ["x", "y"], "bounds": [[0.0, 1.0]] * 2}
    rows = salib_sample.sample(problem, 256, calc_second_order=False, seed=4)
    theirs = salib_sobol.analyze(problem, rows @ [1.0, 2.0], calc_second_order=False, seed=4)
    for name in ("S1", "ST", "S1_conf", "ST_conf"):
        np.testing.assert_allclose(result[name].sel(output="weighted"), theirs[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("unit", "declared", "scale"),
    [
        ("1", {}, "raw"),
        ("1/year", {}, "raw"),
        ("OOM/year", {}, "raw"),
        ("%", {}, "raw"),
        ("USD", {}, "log10"),
        ("H100e/year", {}, "log10"),
        ("1", {"positive": True}, "log10"),
        ("1", {"between": "log"}, "log10"),
        ("USD", {"positive": False}, "raw"),
        ("1", {"labels": ["few", "many"], "positive": True}, "raw"),
    ],
)
def test_the_scale_goes_by_what_an_output_is_and_not_by_its_values(unit, declared, scale):
    model = cc.Model([cc.quantity(unit, units_checked=False, **declared)(lambda_of("output"))], start="z", spare=["z"])
    priors = PRIORS.replace(z=2024.0)
    for size, seed in ((64, 0), (512, 1)):
        result = cc.run_sobol(priors, model=model, size=size, seed=seed)
        assert result["scale"].values.tolist() == [scale]
    assert cc.run_sobol(priors, model=model, size=64, memory=0)["scale"].values.tolist() == [scale]


def lambda_of(name):
    """Return a positive function of x and y by a name."""

    def output(x, y):
        return np.floor(1 + x + 0.5 * y)

    output.__name__ = name
    return output


def test_a_value_that_has_no_logarithm_is_refused_with_its_count_whatever_the_round():
    @cc.quantity("USD", units_checked=False)
    def profit(x, y):
        return x + 0.1 * y - 0.01

    model = cc.Model([profit], spare=["z"])
    arguments = {"model": model, "outputs": "profit", "seed": 3, "replicates": 2}
    assert cc.run_sobol(PRIORS, size=8, **arguments)["scale"].item() == "log10"
    message = (
        r"on log10 as other quantities in USD.*\(\d+ of [\d,]+ values are not positive\); use scale=.*positive=False"
    )
    for changed in ({"size": 4096}, {"size": 8, "until": 1e-9, "budget": 1 << 16}):
        with pytest.raises(InputError, match=message):
            cc.run_sobol(PRIORS, **arguments, **changed)
    assert cc.run_sobol(PRIORS, size=4096, scale={"profit": "raw"}, **arguments)["scale"].item() == "raw"
    # Of an output that no quantity declares, its attribute says the same, to decisions too.
    forecast = cc.propagate(cc.draw(PRIORS, 4096, seed=1), model=model, outputs="profit")
    with pytest.raises(InputError, match=r"forecast\['profit'\].attrs\['positive'\] = 0"):
        cc.evppi(forecast, "profit")
    forecast["profit"].attrs["positive"] = 1
    with pytest.raises(InputError, match="on log10 as it is declared positive, and its value of"):
        cc.evppi(forecast, "profit")
    forecast["profit"].attrs["positive"] = 0
    assert cc.evppi(forecast, "profit")["evppi"].sel(input="x") > 0.08


@pytest.mark.parametrize("name", ["evidence_2026", "situational_awareness"])
def test_no_quantity_of_the_shipped_model_contradicts_its_scale(name):
    model = cc.cluster_model()
    inputs = cc.draw(cc.read_priors(name), 2048, seed=5)
    forecast = cc.propagate(inputs, model=model, years=range(2022, 2041), outputs=list(model.functions))
    result = {output: forecast[output] for output in model.functions}
    scales = scales_of({output: values.attrs for output, values in result.items()}, "auto")
    assert [output for output, scale in scales.items() if scale == "log10" and not result[output].min() > 0] == []
    # The quantities that the build-out is about are analysed in decades.
    assert {scales[output] for output in ("training_cluster_power", "ai_investment", "wafer_share")} == {"log10"}


def test_an_idle_input_gets_nothing_in_memory_nor_in_pieces():
    arguments = {"model": MODEL, "outputs": ["weighted"], "size": 256, "seed": 2}
    plain = cc.run_sobol(PRIORS, **arguments)
    for memory in (1 << 30, 0):
        result = cc.run_sobol(PRIORS, **arguments, dummy=True, memory=memory)
        assert result["input"].values.tolist() == ["x", "y", "dummy"]
        of_dummy = result.sel(input="dummy")
        assert all((of_dummy[measure] == 0).all() for measure in ("S1", "ST", "S1_conf", "ST_conf"))
        # A further input moves no other.
        np.testing.assert_allclose(result["ST"].sel(input=["x", "y"]), plain["ST"], rtol=1e-9)
    with pytest.raises(InputError, match="dummy"):
        cc.run_sobol(PRIORS.add(dummy=U), **arguments, dummy=True)


def test_a_target_is_not_met_by_a_few_occurrences_of_a_rare_event_nor_does_a_first_round_without_one_end_it():
    @cc.quantity("1")
    def both(x, y):
        return ((x < 0.01) & (y < 0.05)).astype(float)

    arguments = {"model": cc.Model([both], spare=["z"]), "seed": 1, "scale": "raw", "replicates": 8}
    with pytest.raises(InputError, match="is constant over all samples.*draw more where an event is rare"):
        cc.run_sobol(PRIORS, size=16, **arguments)
    result = cc.run_sobol(PRIORS, size=16, until=0.01, budget=6 * 2048, **arguments)
    assert result.attrs["reached"] == 0 and result.attrs["widest"] > 0.2
    assert re.search(r"The indices of both rest on as few as \d+ occurrences", result.attrs["warning"])


def test_where_a_handful_of_values_own_the_variance_intervals_are_as_wide_as_so_few_allow():
    """Of the product of lognormals of log-sd 3 and 1/2: with q = exp(sd^2) - 1 of each, V = (1 + q)(1 + p) - 1."""

    @cc.quantity("1")
    def product(x, y):
        return x * y

    q = np.expm1(np.square([3.0, 0.5]))
    first = q / (np.prod(1 + q) - 1)
    exact, held, widths = {"S1": first, "ST": 1 - first[::-1]}, [], []
    priors, model = cc.Priors(x=cc.LogNormal(0, 3), y=cc.LogNormal(0, 0.5)), cc.Model([product])
    for seed in range(40):
        result = cc.run_sobol(priors, model=model, size=512, seed=seed)
        held += [np.abs(result[name][0] - index) <= result[f"{name}_conf"][0] for name, index in exact.items()]
        widths += [result[f"{name}_conf"][0] for name in exact]
    assert np.mean(held) >= 0.92 and 0.3 < np.mean(widths) < 0.6
    assert "rest on as few as" in result.attrs["warning"]
    # Of a sum of normals no few values own the variance.
    assert "rest on" not in cc.run_sobol(PRIORS, model=MODEL, outputs="weighted", size=64).attrs["warning"]


def test_where_the_variance_has_no_standard_error_the_result_says_so():
    """Of Pareto tails of index 3.3 the fourth moment is infinite, of lognormals of log-sd 0.2 and events it is not."""

    @cc.quantity("1")
    def product(x, y):
        return x * y

    @cc.quantity("1")
    def rare(x, y):
        return (x < 1.015) & (y < 9)

    heavy, light = (cc.Priors(x=tail, y=tail) for tail in (stats.pareto(3.3), cc.LogNormal(0, 0.2)))
    model, said = cc.Model([product, rare]), "The variance of product rests on its largest values (kurtosis"
    runs = {"whole": cc.run_sobol, "pieces": cc.stream_sobol, "dependent": cc.run_kucherenko}
    for kind, run in runs.items():
        for scale in ("raw", "log10"):
            how = {"model": model, "seed": 1, "scale": {"product": scale}, "size": 2048}
            warning = run(heavy, **how).attrs["warning"]
            assert (said in warning) == (scale == "raw") and "variance of rare" not in warning, (kind, warning)
        assert "rests on" not in run(light, outputs="product", **how | {"scale": "raw"}).attrs["warning"]


@pytest.mark.parametrize("log_sd", [1.5, 2])
def test_an_interval_that_misses_for_a_tail_that_few_runs_show_is_not_without_a_word(log_sd):
    """Of a lognormal beside a normal of its variance: indices of a half each; few runs reach where it comes from."""
    spread = stats.lognorm(log_sd).std()

    @cc.quantity("1")
    def both(x, y):
        return x / spread + y

    priors = cc.Priors(x=cc.LogNormal(0, log_sd), y=cc.Normal(0, 1))
    missed, warned = np.zeros((2, 24), dtype=bool)
    for seed in range(24):
        result = cc.run_sobol(priors, model=cc.Model([both]), size=1024, scale="raw", seed=seed)
        missed[seed] = (np.abs(result["S1"] - 0.5) > result["S1_conf"]).any()
        warned[seed] = "The variance of both rests on its largest values" in result.attrs["warning"]
    # Of a right interval of 95 % some would be missed; of these many are.
    assert missed.sum() >= 2 and (missed & ~warned).sum() <= 2 and warned.mean() > 0.5


def test_an_input_that_changes_from_a_date_on_is_an_input_of_the_study():
    @cc.quantity("1")
    def path(growth, year, start):
        return np.exp(growth * (year - start))

    priors = cc.Priors(growth=cc.Uniform(1, 2, unit="1/year"), start=cc.Fixed(2024, unit="year"))
    later = priors.add(growth_from_2027=cc.Uniform(1, 3, unit="1/year"))
    result = cc.run_sobol(later, model=cc.Model([path]), years=[2026, 2030], size=256)
    name = next(n for n in later.uncertain if n != "growth")
    assert set(result["input"].values) == {"growth", name}
    assert result["ST"].sel(output="path", year=2026, input=name) == 0
    # Three years at each rate: variances 9 / 12 and 9 x 4 / 12 of the logarithm.
    np.testing.assert_allclose(result["ST"].sel(output="path", year=2030, input=name), 0.8, atol=0.01)
    streamed = cc.stream_sobol(later, model=cc.Model([path]), years=[2026, 2030], size=256)
    np.testing.assert_allclose(streamed["ST"], result["ST"], atol=1e-9)


@pytest.mark.parametrize(("run", "measure"), [(cc.run_shapley, "Sh"), (cc.run_kucherenko, "ST_ind")])
def test_an_idle_input_has_no_effect_beside_correlated_ones(run, measure):
    """Of x + 2 y with the normal correlation r: Owen and Prieur (2017), doi:10.1137/16M1097717; Kucherenko (2012)."""
    r = 2 * np.sin(np.pi * 0.5 / 6)
    variance = 5 + 4 * r
    exact = {
        "Sh": np.array([1 + 2 * r + 1.5 * r**2, 4 + 2 * r - 1.5 * r**2]) / variance,
        "ST_ind": np.array([1, 4]) * (1 - r**2) / variance,
    }
    normal = cc.Normal(0, 1)
    priors = cc.Priors(cc.Correlation(("x", "y"), 0.5), x=normal, y=normal, z=normal)
    result = run(priors, model=MODEL, outputs=["weighted"], scale="raw", dummy=True).sel(output="weighted")
    assert result["input"].values.tolist() == ["x", "y", "z", "dummy"]
    np.testing.assert_allclose(result[measure].sel(input=["x", "y"]), exact[measure], atol=0.02)
    for name in result.data_vars:
        np.testing.assert_allclose(result[name].sel(input=["dummy", "z"]), 0, atol=1e-12, err_msg=str(name))
    with pytest.raises(InputError, match="dummy"):
        run(priors.add(dummy=U), model=MODEL, outputs=["weighted"], dummy=True)


def test_an_idle_input_is_screened_out():
    result = cc.run_morris(PRIORS, model=MODEL, outputs=["weighted"], scale="raw", dummy=True)
    assert result["input"].values.tolist() == ["x", "y", "dummy"]
    assert (result[["mu", "mu_star", "sigma"]].sel(input="dummy").to_array() == 0).all()


def test_memory_below_0_is_refused():
    with pytest.raises(cc.InputError, match="memory is -1; give the bytes"):
        cc.run_sobol(PRIORS, model=MODEL, size=64, memory=-1)
