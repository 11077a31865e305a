"""What reads the values of inputs refuses texts, dates, complex numbers and objects by name, and takes truth values."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.report import plots
from clustercast.uncertainty.scenarios import scenario_changes
from tests.three_years import evaluated

PRIORS = cc.Priors(growth=cc.Uniform(0, 2), start=cc.Uniform(1, 2))
EVENT = "size > 6 in 2025"
READERS = {
    "delta_indices": lambda forecast: cc.delta_indices(forecast.isel(sample=slice(256)), outputs="size", resamples=4),
    "pawn_indices": lambda forecast: cc.pawn_indices(forecast, outputs="size"),
    "given_data_indices": lambda forecast: cc.given_data_indices(forecast, outputs="size"),
    "regional_indices": lambda forecast: cc.regional_indices(forecast, "size in 2025"),
    "discover": lambda forecast: cc.discover(forecast, EVENT),
    "evppi": lambda forecast: cc.evppi(forecast, "size in 2025"),
    "pool": lambda forecast: cc.pool({"a": forecast, "b": forecast}),
    "prior_bounds": lambda forecast: cc.prior_bounds(forecast, EVENT, ratio=2, of="inputs"),
    "prior_sensitivity": lambda forecast: cc.prior_sensitivity(forecast, EVENT, priors=PRIORS),
    "probability_tornado": lambda forecast: cc.probability_tornado(forecast, EVENT),
    "tilt": lambda forecast: cc.tilt(forecast, EVENT, probability=0.5, priors=PRIORS),
    "plots.tornado": lambda forecast: plots.tornado(forecast, "size"),
    "plots.conditional_means": lambda forecast: plots.conditional_means(forecast, "size"),
}
KINDS = {
    "texts": lambda values: values.astype(str),
    "complex numbers": lambda values: values + 1j,
    "dates": lambda values: np.full(values.shape, np.datetime64("2030-01-01", "ns")),
    "objects": lambda values: values.astype(object),
}


@pytest.fixture(scope="module")
def forecast():
    return evaluated(PRIORS, 4096)


@pytest.mark.parametrize("name", READERS)
def test_values_that_are_no_numbers_are_refused(name, forecast):
    READERS[name](forecast)
    for change in KINDS.values():
        changed = forecast.assign(growth=("sample", change(forecast["growth"].values), forecast["growth"].attrs))
        with pytest.raises(cc.InputError, match=r"growth.* holds values of type .*; give numbers$"):
            READERS[name](changed)


@pytest.mark.parametrize("change", KINDS.values(), ids=KINDS)
def test_values_that_no_dataset_holds_are_refused_where_they_are_no_numbers(change, forecast):
    given = change(np.full(4096, 0.5))
    decision = cc.Decision(["a", "b"], lambda action, draws: given)
    for call in (
        lambda: cc.summarise(forecast, weights=given),
        lambda: cc.summarise(forecast, probabilities=given[:1]),
        lambda: cc.Normal(0, 1).quantile(given),
        lambda: cc.Normal(0, 1).quantile_from_normal_score(given),
        lambda: cc.Normal(0, 1).cdf(given),
        lambda: cc.Normal(0, 1).log_density(given),
    ):
        with pytest.raises(cc.InputError, match=r" are .*, of type .*; give numbers$"):
            call()
    with pytest.raises(cc.InputError, match=r"loss of action 'a' .* fails with ValueError: it gives values of type "):
        cc.evppi(forecast, decision)


@pytest.mark.parametrize("change", KINDS.values(), ids=KINDS)
def test_outputs_that_are_no_numbers_are_not_compared_and_not_pooled(change, forecast):
    changed = forecast.assign(size=(forecast["size"].dims, change(forecast["size"].values), forecast["size"].attrs))
    for call in (
        lambda: scenario_changes(forecast, {"other": changed}),
        lambda: cc.pool({"one": forecast, "other": changed}),
    ):
        with pytest.raises(cc.InputError, match=r"size.* holds values of type .*; give numbers$"):
            call()


@pytest.mark.parametrize("rank", ["0.5", None, 0.5j, np.array([0.5])])
def test_a_rank_correlation_is_a_number(rank):
    with pytest.raises(cc.InputError, match=r"^rank is .*; give a number$"):
        cc.Correlation(("growth", "start"), rank)
