"""Every figure refuses an argument of the wrong kind, or the result of another function, in one sentence."""

import inspect
import math

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.report import plots
from tests.three_years import evaluated

PRIORS = cc.Priors(growth=cc.Uniform(0, 2), start=cc.Uniform(1, 2))
OTHERS = PRIORS.replace(growth=cc.Uniform(0, 1))
EVENT = "size > 6 in 2025"


@cc.quantity("1")
def size(growth, start):
    return start + growth


@pytest.fixture(scope="module")
def right():
    """The arguments that each figure needs."""
    forecast, path = (result := evaluated(PRIORS, 4096)), result["size"]
    rows = evaluated(PRIORS, 64, design="saltelli", replicates=8, second_order=True)
    indices = {"indices": cc.sobol_indices(rows, second_order=True)}
    seen = {"date": 2023.5, "quantity": "size", "unit": "1", "sd_log10": 0.1}
    apart = cc.whose_prior({"a": PRIORS, "b": OTHERS}, "size", model=cc.Model([size]))
    return {
        "binding_constraint": {"index": forecast["side"]},
        "conditional_means": {"forecast": forecast, "output": "size"},
        "crossing_years": {"crossings": {"6": cc.crossing_year(path, 6)}},
        "discover": {"result": cc.discover(forecast, EVENT), "forecast": forecast},
        "evppi": {"worth": cc.evppi(forecast, "size in 2025")},
        "evsi": {"worth": cc.evsi(forecast, "size in 2025", observation=seen)},
        "exceedance_curve": {"path": path},
        "fan": {"path": path},
        "leading_inputs": {**indices, "output": "size"},
        "pool": {"pooled": cc.pool({"a": forecast, "b": forecast}), "output": "size"},
        "prior_bounds": {"bounds": {2.0: cc.prior_bounds(forecast, EVENT, ratio=2)}},
        "prior_posterior": {"prior": forecast["growth"], "posterior": forecast["growth"] / 2},
        "prior_sensitivity": {"result": cc.prior_sensitivity(forecast, EVENT, priors=PRIORS)},
        "probability_tornado": {"result": cc.probability_tornado(forecast, EVENT)},
        "reached_by_year": {"milestones": cc.milestones(forecast, {"size": 6})},
        "save_figure": {"figure": plots.fan(path), "path": "fan.png"},
        "scenarios": {"paths": {"a": path}},
        "second_order": {**indices, "output": "size"},
        "sobol_by_year": {**indices, "output": "size"},
        "sobol_panels": indices,
        "sobol_stacked": {**indices, "output": "size"},
        "tilt": {"tilted": cc.tilt(forecast, EVENT, probability=0.5, priors=PRIORS)},
        "tornado": {"forecast": forecast, "output": "size"},
        "whose_prior": {"result": apart},
    }


FIGURES = sorted({*plots.__all__} - {"PALETTE"})
WRONG = {
    "none": None,
    "object": object(),
    "number": 3,
    "nan": math.nan,
    "text": "nothing",
    "bytes": b"nothing",
    "list of none": [None],
    "mapping": {"x": 1},
    "array": np.ones((2, 2)),
    "one number": xr.DataArray(1.0),
    "an array of one": xr.DataArray([1.0]),
    "texts": xr.DataArray(["a"], dims="sample"),
    "Dataset": xr.Dataset(),
    "summary": cc.summarise(evaluated(PRIORS, 8)),
}


def refused_or_drawn(draw, arguments):
    """Draw a figure; what it cannot take is one sentence."""
    try:
        draw(**arguments)
    except cc.InputError as error:
        assert len(str(error)) < 600


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", FIGURES)
def test_an_argument_of_the_wrong_kind_is_refused_in_one_sentence(name, kind, right, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = getattr(plots, name)
    draw(**right[name])
    for parameter in inspect.signature(draw).parameters:
        refused_or_drawn(draw, {**right[name], parameter: WRONG[kind]})


@pytest.mark.parametrize("name", FIGURES)
def test_what_another_figure_takes_is_refused_in_one_sentence(name, right, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for others in right.values():
        for parameter in right[name]:
            refused_or_drawn(getattr(plots, name), {**right[name], parameter: next(iter(others.values()))})


def test_the_message_names_the_argument_and_what_it_may_be(right):
    path, indices = right["fan"]["path"], right["sobol_by_year"]
    with pytest.raises(
        cc.InputError, match=r"^colour is 'nocolour'; give one of matplotlib's, as 'black' or '#0072B2'$"
    ):
        plots.fan(path, colour="nocolour")
    with pytest.raises(cc.InputError, match=r"^styles has no place for 'growth'; give one for each of growth, start$"):
        plots.sobol_by_year(**indices, styles={"start": 1})
    with pytest.raises(cc.InputError, match=r"^'x' holds values of type <U1; give numbers$"):
        plots.prior_posterior(xr.DataArray(["a"], dims="sample", name="x"), path)
    with pytest.raises(cc.InputError, match=r"^the forecast has no input 'growth'; give the one that cc.discover"):
        plots.discover(right["discover"]["result"], right["tornado"]["forecast"].drop_vars("growth"))
    with pytest.raises(
        cc.InputError, match=r"^worth is no value of information; give a result of cc.evppi or cc.evsi$"
    ):
        plots.evppi(right["prior_sensitivity"]["result"])
    with pytest.raises(cc.InputError, match=r"^dpi is 3; give 10 to 2,400 dots per inch$"):
        plots.save_figure(plots.fan(path), "fan.png", dpi=3)


@pytest.mark.parametrize("levels", [6, np.int64(6), 6.0, [6], np.array([6.0])])
def test_a_level_is_any_number(levels, right):
    for name in ("fan", "exceedance_curve", "scenarios", "pool"):
        drawn, alone = (getattr(plots, name)(**right[name], levels=each) for each in (levels, "6"))
        assert len(drawn.lines) == len(alone.lines) > len(getattr(plots, name)(**right[name]).lines)


def test_a_pool_leaves_room_for_levels_that_are_read_but_once(right):
    drawn, alone = (plots.pool(**right["pool"], levels=levels) for levels in (iter([6]), [6]))
    assert drawn.titleOffsetTrans.get_matrix().tolist() == alone.titleOffsetTrans.get_matrix().tolist()


def test_a_posterior_may_be_weighted_by_truth_values(right):
    prior = right["prior_posterior"]["prior"]
    drawn, alone = (
        plots.prior_posterior(prior, prior, weights=w) for w in (prior.values > 1, 1.0 * (prior.values > 1))
    )
    assert drawn.patches[-1].get_xy().tolist() == alone.patches[-1].get_xy().tolist()


@pytest.mark.parametrize("name", ["second_order", "sobol_by_year", "sobol_stacked"])
def test_indices_of_one_output_alone_are_refused(name, right):
    one = right[name]["indices"].isel(output=0)
    with pytest.raises(cc.InputError, match=r"^indices is a Dataset without the dimension 'output'; give a Dataset"):
        getattr(plots, name)(one, "size")


@pytest.mark.parametrize("index", ["S2", "variance"])
def test_an_index_that_is_not_of_single_inputs_is_refused(index, right):
    for name in ("leading_inputs", "sobol_panels"):
        with pytest.raises(cc.InputError, match=rf"the dataset has no index '{index}'.*; it has S1, "):
            getattr(plots, name)(**right[name], index=index)


def test_the_order_of_the_dimensions_of_indices_does_not_matter(right):
    indices = right["sobol_by_year"]["indices"].isel(year=[0, 1])
    turned = indices.transpose("input", "input_2", "year", "output")
    assert plots.leading_inputs(turned, "size") == plots.leading_inputs(indices, "size")
    drawn, alone = (plots.sobol_by_year(each, "size") for each in (turned, indices))
    for line, other in zip(drawn.lines, alone.lines, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), other.get_ydata())


def test_means_by_input_need_numbers(right):
    forecast = right["tornado"]["forecast"]
    with pytest.raises(cc.InputError, match=r"^'size' holds values of type object; give numbers$"):
        plots.conditional_means(forecast.assign(size=forecast["size"].astype(object)), "size")


@pytest.mark.parametrize(
    "name", [name for name in FIGURES if "most" in inspect.signature(getattr(plots, name)).parameters]
)
@pytest.mark.parametrize("most", [0, -1, 2.5])
def test_a_number_of_leading_rows_is_a_whole_number_from_1_on(name, most, right):
    with pytest.raises(cc.InputError, match=rf"^most is {most}"):
        getattr(plots, name)(**right[name], most=most)


def test_a_variance_that_is_not_known_is_not_drawn_as_owned_by_nothing():
    indices = cc.sobol_indices(evaluated(PRIORS, 64, design="saltelli", replicates=8))
    plots.sobol_stacked(indices, "size")
    unknown = indices.assign(variance=indices["variance"].where(indices["year"] != 2025))
    with pytest.raises(cc.InputError, match="^the variance of 'size' is NaN, so nothing owns it; give indices from"):
        plots.sobol_stacked(unknown, "size")
