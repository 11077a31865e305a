import numpy as np
import pytest
import xarray as xr
from scipy import stats

import clustercast as cc
from clustercast.errors import InputError

YEARS = (2024, 2026, 2030)


@cc.quantity("1")
def plain_sum(x, y, z):
    return x + y + z


SUM = cc.Model([plain_sum])


def unit_priors(*correlations, **others):
    return cc.Priors(*correlations, **(dict.fromkeys(("x", "y", "z"), cc.Normal(0, 1)) | others))


def score(rank):
    """Correlation of normal scores that has a given Spearman correlation (Pearson 1907)."""
    return 2 * np.sin(np.pi * rank / 6)


def test_rank_correlation_shares_the_variance_as_owen_and_prieur_say():
    rho = score(0.7)
    priors = unit_priors(cc.Correlation(("x", "z"), 0.7), z=cc.Normal(0, 2))
    effects = cc.run_shapley(priors, model=SUM, size=8192, seed=3)["Sh"].sel(output="plain_sum")
    variance = 6 + 4 * rho
    of_x = (1 - rho**2 / 2 + 2 * rho + 2 * rho**2) / variance
    exact = [of_x, 1 / variance, 1 - of_x - 1 / variance]
    np.testing.assert_allclose(effects.sel(input=["x", "y", "z"]), exact, atol=0.02)


def test_kucherenko_indices_of_the_linear_case():
    rho = score(0.5)
    priors = unit_priors(cc.Correlation(("y", "z"), 0.5), z=cc.Normal(0, 2))
    result = cc.run_kucherenko(priors, model=SUM, size=4096, seed=2).sel(output="plain_sum")
    variance = 6 + 4 * rho
    np.testing.assert_allclose(
        result["S1_full"], np.array([1, (1 + 2 * rho) ** 2, (2 + rho) ** 2]) / variance, atol=0.01
    )
    np.testing.assert_allclose(result["ST_ind"], np.array([1, 1 - rho**2, 4 * (1 - rho**2)]) / variance, atol=0.01)
    assert (result["ST_full"] - result["S1_full"] < 0.02).all()


def test_without_correlation_both_agree_with_sobol_indices():
    # Variances 1, 1 and 4 / 3 of a sum: no interactions to share.
    exact = np.array([[0.3, 0.3, 0.4]])
    priors = unit_priors(z=cc.Uniform(-1, 3))
    design = cc.draw(priors, 8192, design="saltelli", replicates=8, seed=1)
    sobol = cc.sobol_indices(cc.propagate(design, model=SUM), scale="raw")
    own = cc.run_kucherenko(priors, model=SUM, size=1024)
    effects = cc.run_shapley(priors, model=SUM, size=8192)
    for result, tolerance in (
        (sobol["S1"], 0.01),
        (sobol["ST"], 0.01),
        (own["S1_full"], 0.01),
        (own["ST_ind"], 0.01),
        (effects["Sh"], 0.02),
    ):
        np.testing.assert_allclose(result, exact, atol=tolerance)


@cc.quantity("1", positive=True)
def trend(x, y, year, start):
    return np.exp(x + y * (year - start))


@cc.quantity("1")
def once(x, z):
    return x + z


START = cc.Fixed(2024, unit="year")
TRENDED = cc.Priors(x=cc.Normal(0, 0.1), y=cc.Normal(0, 0.1, unit="1/year"), z=cc.Normal(0, 0.1), start=START)
TREND = cc.Model([trend], spare=["z"])


def test_outputs_years_and_inputs_are_labelled():
    effects = cc.run_shapley(TRENDED, model=cc.Model([trend, once]), years=YEARS, size=2048, seed=5)
    assert effects["Sh"].dims == ("output", "year", "input")
    assert effects["year"].values.tolist() == [2024, 2026, 2030]
    assert effects["scale"].sel(output=["trend", "once"]).values.tolist() == ["log10", "raw"]
    steps = np.array([0, 2, 6])
    exact = np.column_stack([np.ones(3), steps**2, np.zeros(3)]) / (1 + steps[:, np.newaxis] ** 2)
    np.testing.assert_allclose(effects["Sh"].sel(output="trend"), exact, atol=0.03)
    np.testing.assert_allclose(effects["Sh"].sel(output="once").std("year"), 0, atol=1e-15)
    np.testing.assert_allclose(effects["Sh"].sum("input"), 1)


def test_an_input_without_influence_is_there_with_zero_and_costs_no_run():
    effects = cc.run_shapley(TRENDED, model=TREND, years=YEARS, size=64)
    assert effects["input"].values.tolist() == ["x", "y", "z"]
    assert (effects["Sh"].sel(input="z") == 0).all() and (effects["Sh_conf"].sel(input="z") == 0).all()
    assert effects.attrs["runs"] == 64 * 3
    indices = cc.run_kucherenko(TRENDED, model=TREND, years=YEARS, size=64)
    assert indices.attrs["runs"] == 64 * 6
    assert (indices["ST_full"].sel(input="z") == 0).all()


def test_an_input_correlated_with_one_that_matters_is_kept():
    tied = cc.Priors(cc.Correlation(("y", "z"), 0.9), **dict(TRENDED))
    effects = cc.run_shapley(tied, model=TREND, years=YEARS, size=256)
    assert (effects["Sh"].sel(input="z", year=2030) > 0.2).all()


def test_a_year_without_variance_is_undefined_and_said():
    @cc.quantity("1")
    def rising(y, year, start):
        return y * (year - start)

    priors = cc.Priors(y=cc.Normal(0, 1, unit="1/year"), start=START)
    result = cc.run_kucherenko(priors, model=cc.Model([rising]), years=YEARS, size=64)
    assert np.isnan(result["S1_full"].sel(year=2024)).all()
    assert np.isfinite(result["S1_full"].sel(year=[2026, 2030])).all()
    assert "rising (2024), which does not vary" in result.attrs["warning"]


def test_raw_heavy_tails_are_warned_of():
    @cc.quantity("1")
    def heavy(x):
        return np.exp(2 * x)

    effects = cc.run_shapley(cc.Priors(x=cc.Normal(0, 1)), model=cc.Model([heavy]), size=64, scale="raw")
    assert "heavy is on the raw scale" in effects.attrs["warning"]


@pytest.mark.parametrize("estimate", [cc.run_shapley, cc.run_kucherenko])
def test_the_result_says_where_it_comes_from_and_survives_a_file(estimate, tmp_path):
    priors = unit_priors(cc.Correlation(("x", "z"), 0.4))
    result = estimate(priors, model=SUM, size=64, seed=11)
    record = cc.provenance_of(result)
    assert record["priors_hash"] == priors.hash
    assert (record["design"]["seed"], record["design"]["size"]) == (11, 64)
    assert {"command", "versions", "model_hash", "priors_name"} <= set(record)
    assert {"estimator", "confidence"} <= set(result.attrs)
    result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), result)


@pytest.mark.parametrize("estimate", [cc.run_shapley, cc.run_kucherenko])
def test_the_seed_decides_every_bit_and_outputs_can_be_chosen(estimate):
    priors = unit_priors(cc.Correlation(("x", "z"), 0.4))
    one, same, other = (estimate(priors, model=SUM, size=64, seed=seed) for seed in (0, 0, 1))
    assert one.drop_attrs().equals(same.drop_attrs())
    assert not one.drop_attrs().equals(other.drop_attrs())
    assert estimate(priors, model=SUM, outputs="plain_sum", size=64).sizes["output"] == 1


def test_intervals_widen_with_confidence_and_shrink_with_size():
    priors = unit_priors()
    narrow = cc.run_shapley(priors, model=SUM, size=256, confidence=0.5)["Sh_conf"]
    wide = cc.run_shapley(priors, model=SUM, size=256, confidence=0.99)["Sh_conf"]
    large = cc.run_shapley(priors, model=SUM, size=8192, confidence=0.99)["Sh_conf"]
    assert (wide > 2 * narrow).all()
    assert large.mean() < wide.mean() / 2


def test_structural_choices_and_skewed_inputs_go_through_the_copula():
    @cc.quantity("1")
    def switched(choice, x):
        return np.where(choice > 1 / 2, x, 2 + x)

    priors = cc.Priors(
        cc.Correlation(("choice", "x"), 0.5), choice=cc.Discrete([0, 1], [0.5, 0.5]), x=cc.LogNormal(0, 0.5)
    )
    effects = cc.run_shapley(priors, model=cc.Model([switched]), size=512)
    np.testing.assert_allclose(effects["Sh"].sum("input"), 1)
    assert (effects["Sh"] > 0.05).all()


MEASURES = {"shapley": cc.shapley_effects, "kucherenko": cc.kucherenko_indices, "morris": cc.morris_effects}
CORRELATED = unit_priors(cc.Correlation(("z", "x"), 0.3))


@pytest.mark.parametrize("design", MEASURES)
def test_a_stored_forecast_of_a_function_outside_is_read_as_the_whole_order_runs_it(design, tmp_path):
    inputs = cc.draw(CORRELATED, 64, design=design, seed=4)
    total = (inputs["x"] + inputs["y"] + inputs["z"]).assign_attrs(role="output", units="1")
    inputs.assign(plain_sum=total).to_netcdf(tmp_path / "outside.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "outside.nc", engine="h5netcdf") as stored:
        result = MEASURES[design](stored.load())
    run = {"shapley": cc.run_shapley, "kucherenko": cc.run_kucherenko, "morris": cc.run_morris}[design]
    xr.testing.assert_allclose(
        result.drop_attrs(), run(CORRELATED, model=SUM, size=64, seed=4).drop_attrs(), rtol=1e-12
    )


@pytest.mark.parametrize("design", MEASURES)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.isel(sample=slice(None, None, -1)), "not in the order of the draw: position 0"),
        (lambda f: f.isel(sample=slice(0, -1)), "keep all of them, in order"),
        (lambda f: f.isel(sample=slice(None, None, -1)).drop_vars("sample"), "does not vary as a"),
        (lambda f: f.drop_vars(["sample", "x", "y", "z"]), "keep one of them"),
        (lambda f: f.assign(x=f["x"].copy(data=f["x"].values + np.linspace(0, 1, f.sizes["sample"]))), "input 'x'"),
        (lambda f: f.rename(y="other"), "'other' is not one of the design"),
        (lambda f: f.drop_attrs(), "design is 'not recorded'"),
        (lambda f: cc.propagate(cc.draw(CORRELATED, 64), model=SUM), "design is 'random'.*design="),
        (lambda f: CORRELATED, "not a Priors; cc.run_.* goes from priors to the answer"),
    ],
)
def test_shuffled_cut_altered_and_foreign_forecasts_are_refused(design, spoil, message):
    forecast = cc.propagate(cc.draw(CORRELATED, 64, design=design, seed=2), model=SUM)
    with pytest.raises(InputError, match=message):
        MEASURES[design](spoil(forecast))


def test_an_independent_input_stays_in_the_mixtures_of_others():
    forecast = cc.propagate(cc.draw(CORRELATED, 64, design="kucherenko", seed=2), model=SUM)
    for row in (1, 3):
        y = forecast["y"].values.copy()
        y[row] += 0.5
        with pytest.raises(InputError, match=f"'y' does not vary as a Kucherenko design varies it: sample {row}"):
            cc.kucherenko_indices(forecast.assign(y=forecast["y"].copy(data=y)))


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_rounding_is_that_of_the_size_of_an_input(scale):
    """Sums of correlated scores differ by rounding, and that grows with the numbers."""
    wide = dict.fromkeys(("x", "y", "z"), cc.Normal(10 * scale, scale))
    priors = cc.Priors(cc.Correlation(("x", "z"), 0.7), **wide)
    forecast = cc.propagate(cc.draw(priors, 64, design="kucherenko", seed=2), model=SUM)
    assert np.isfinite(cc.kucherenko_indices(forecast)["S1_full"]).all()
    x = forecast["x"].values.copy()
    x[0] += scale / 1000
    with pytest.raises(InputError, match="'x' does not vary"):
        cc.kucherenko_indices(forecast.assign(x=forecast["x"].copy(data=x)))


@pytest.mark.parametrize("design", MEASURES)
def test_a_data_frame_has_one_row_an_output_year_and_input(design):
    forecast = cc.propagate(cc.draw(TRENDED, 64, design=design), model=cc.Model([trend, once]), years=YEARS)
    frame = MEASURES[design](forecast, scale="raw").to_dataframe().reset_index()
    assert len(frame) == 2 * 3 * 3 and {"output", "year", "input", "scale", "unit"} <= set(frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 100, "replicates": 4}, "not a power of two"),
        ({"size": 64, "replicates": 1}, "2 or more"),
        ({"size": 64, "replicates": 5}, "does not divide"),
        ({"size": 64, "seed": -1}, "seed is -1; give a whole number of 0 or more"),
        ({"size": 64, "confidence": 1.5}, "confidence"),
        ({"size": 64, "outputs": "plain_sun"}, "plain_sum"),
        ({"size": 64, "scale": "ln"}, "scale"),
    ],
)
@pytest.mark.parametrize("estimate", [cc.run_shapley, cc.run_kucherenko])
def test_options_that_cannot_be_used_are_refused(estimate, options, message):
    with pytest.raises(InputError, match=message):
        estimate(unit_priors(), model=SUM, **options)


def test_priors_without_influence_are_refused():
    @cc.quantity("1")
    def constant(x):
        return x

    with pytest.raises(InputError, match="no uncertain input"):
        cc.run_shapley(cc.Priors(x=1.0), model=cc.Model([constant]), size=64)


@pytest.mark.parametrize("rank", [0.0, 0.5])
def test_where_most_products_are_0_kucherenkos_indices_are_known_to_within_those_of_independent_changes(rank):
    """Of v where u < 0.1: kurtosis 18; uncorrelated, S1 is 0 and 0.1, ST 0.9 and 1, errors of S1 ST / sqrt(N)."""

    @cc.quantity("1")
    def gated(u, v):
        return (u < 0.1) * v

    correlation = [cc.Correlation(("u", "v"), rank)] if rank else []
    priors = cc.Priors(*correlation, u=cc.Uniform(0, 1), v=cc.Uniform(-1, 1))
    result = cc.run_kucherenko(priors, model=cc.Model([gated]), size=512, seed=0, scale="raw").sel(output="gated")
    for kind in ("full", "ind"):
        least = stats.norm.ppf(0.975) * result[f"ST_{kind}"].values / np.sqrt(512)
        assert (result[f"S1_{kind}_conf"].values >= least * (1 - 1e-12)).all()
        if not rank:
            assert result[f"S1_{kind}_conf"].values[1] == pytest.approx(least[1], rel=1e-12)
            assert (np.abs(result[f"S1_{kind}"] - [0, 0.1]) <= result[f"S1_{kind}_conf"]).all()
            np.testing.assert_allclose(result[f"ST_{kind}"], [0.9, 1], atol=0.13)


class TestRareEvents:
    """The event x < a and y < b: its variance is p (1 - p), of which x explains a (1 - a) b^2 alone."""

    A, B = 0.01, 0.05
    MEASURES = {"S1_full": "S1", "S1_ind": "S1", "ST_full": "ST", "ST_ind": "ST"}  # noqa: RUF012

    @pytest.fixture
    def study(self):
        @cc.quantity("1")
        def both(x, y):
            return ((x < self.A) & (y < self.B)).astype(float)

        return {"priors": cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1)), "model": cc.Model([both])}

    @pytest.fixture
    def exact(self):
        a, b = self.A, self.B
        first = np.array([a * (1 - a) * b**2, b * (1 - b) * a**2]) / (a * b * (1 - a * b))
        total = 1 - first[::-1]
        return {"S1": first, "ST": total, "Sh": (first + total) / 2}

    def test_intervals_hold_the_exact_indices_and_the_warning_says_on_how_few_events_they_rest(self, study, exact):
        held = []
        for seed in range(12):
            shapley = cc.run_shapley(**study, size=8192, seed=seed)
            held.append(np.abs(shapley["Sh"] - exact["Sh"]) <= shapley["Sh_conf"])
            kucherenko = cc.run_kucherenko(**study, size=8192, seed=seed)
            for name, kind in self.MEASURES.items():
                held.append(np.abs(kucherenko[name] - exact[kind]) <= kucherenko[f"{name}_conf"])
            plain = cc.draw(study["priors"], 16384, seed=seed)
            given = cc.given_data_indices(cc.propagate(plain, model=study["model"]))
            held.append(np.abs(given["S1"] - exact["S1"]) <= given["S1_conf"])
            for result in (shapley, kucherenko, given):
                assert "indices of both rest on as few as" in result.attrs["warning"]
        assert np.mean(held) >= 0.95

    def test_no_index_of_few_events_is_known_to_within_nothing(self, study):
        result = cc.run_kucherenko(**study, size=8192, seed=1)
        assert all(float(result[f"{name}_conf"].min()) > 0.1 for name in self.MEASURES)

    def test_without_an_event_there_is_no_index_but_the_reason(self, study):
        for run in (cc.run_shapley, cc.run_kucherenko):
            with pytest.raises(InputError, match="draw more where an event is rare"):
                run(**study, size=64)


@pytest.mark.parametrize(("run", "share"), [(cc.run_kucherenko, "S1_full"), (cc.run_shapley, "Sh")])
def test_a_correlated_input_with_few_values_is_said_to_be_known_by_its_score(run, share):
    """A yes of probability .3 explains phi(.524)^2 / .21 of what the score behind it explains of a normal input."""

    @cc.quantity("1", positive=False)
    def other(normal, choice):
        return normal + 0 * choice

    how = {"model": cc.Model([other]), "size": 2048}
    linked = cc.Correlation(("normal", "choice"), 0.5)
    priors = cc.Priors(linked, normal=cc.Normal(0, 1), choice=cc.Discrete([0, 1], [0.7, 0.3]))
    result = run(priors, **how)
    assert "Many draws share a value of choice: to know such an input" in result.attrs["warning"]
    if share == "S1_full":
        made = cc.evaluate(cc.draw(priors, 8192, seed=1), other, outputs={"other": "1"}, form="arrays")
        by_value = float(cc.given_data_indices(made, scale="raw")["S1"].sel(input="choice").squeeze())
        by_score = float(result[share].sel(input="choice").squeeze())
        assert by_value / by_score == pytest.approx(stats.norm.pdf(stats.norm.ppf(0.7)) ** 2 / 0.21, abs=0.04)
    continuous = cc.Priors(linked, normal=cc.Normal(0, 1), choice=cc.Uniform(0, 1))
    assert "Many draws" not in run(continuous, **how).attrs["warning"]
    free = cc.Priors(normal=cc.Normal(0, 1), choice=cc.Discrete([0, 1], [0.7, 0.3]))
    assert "Many draws" not in run(free, **how).attrs["warning"]
