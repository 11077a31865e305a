import numpy as np
import pytest
from SALib.analyze import delta, pawn

import clustercast as cc
from clustercast.errors import InputError
from clustercast.sensitivity.salib import delta_indices, pawn_indices


@cc.quantity("1", positive=True)
def skewed(x, y, choice):
    return x * (1 + y) + choice


@cc.quantity("1")
def rising(x, year, start, slope):
    return 1 + x * slope * (year - start)


PRIORS = cc.Priors(
    x=cc.LogNormal(0, 2.5),
    y=cc.Uniform(0, 1),
    choice=cc.Discrete([0, 1, 5], [0.5, 0.49, 0.01]),
    start=cc.Fixed(2024, unit="year"),
    slope=cc.Fixed(1, unit="1/year"),
)
FORECAST = cc.propagate(cc.draw(PRIORS, 600, seed=1), model=cc.Model([skewed, rising]), years=(2024, 2026))
PROBLEM = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}


def ranks():
    order = [np.argsort(np.argsort(FORECAST[name].values, kind="stable")) for name in ("x", "y", "choice")]
    return (np.column_stack(order) + 0.5) / 600


def test_delta_is_salib_on_the_order_of_the_inputs():
    result = delta_indices(FORECAST, outputs="skewed", resamples=3, seed=5).sel(output="skewed")
    values = np.log10(FORECAST["skewed"].values)
    direct = delta.analyze(dict(PROBLEM), ranks(), values, num_resamples=3, seed=5)
    np.testing.assert_allclose(result["delta"], direct["delta_raw"], rtol=1e-12)
    np.testing.assert_allclose(result["delta_conf"], direct["delta_raw_conf"], rtol=1e-12)
    np.testing.assert_allclose(result["S1"], direct["S1"], rtol=1e-12)


def test_a_seed_of_0_is_a_seed_like_any_other():
    one, same, other = (delta_indices(FORECAST, outputs="skewed", resamples=3, seed=seed) for seed in (0, 0, 5))
    assert one["delta"].equals(same["delta"]) and not one["delta"].equals(other["delta"])


def test_pawn_is_salib_on_the_values_where_none_are_equal():
    result = pawn_indices(FORECAST, outputs="skewed").sel(output="skewed", input=["x", "y"])
    values = FORECAST[["x", "y"]].to_array().values.T
    direct = pawn.analyze(
        {"num_vars": 2, "names": ["a", "b"], "bounds": [[0.0, 1.0]] * 2}, values, FORECAST["skewed"].values
    )
    for measure in ("minimum", "mean", "median", "maximum", "CV"):
        np.testing.assert_allclose(result[measure], direct[measure], rtol=1e-12)


def test_long_tails_and_rare_choices_are_measured_without_a_word_from_salib(capsys):
    result = delta_indices(FORECAST, outputs="skewed", resamples=3)
    assert np.isfinite(result["delta"]).all()
    assert result["delta"].sel(output="skewed").idxmax() == "x"
    assert capsys.readouterr().err == ""


def test_a_year_without_variance_is_undefined_and_an_output_without_any_is_refused():
    result = delta_indices(FORECAST, outputs="rising", resamples=3).sel(output="rising")
    assert np.isnan(result["delta"].sel(year=2024)).all()
    assert result["delta"].sel(year=2026).idxmax() == "x"
    with pytest.raises(InputError, match="'rising' is constant"):
        pawn_indices(FORECAST.sel(year=[2024]), outputs="rising")


def test_the_plots_of_salib_take_the_indices():
    import matplotlib.pyplot as plt
    from SALib import ProblemSpec
    from SALib.plotting import bar, heatmap

    priors = cc.Priors(**{name: PRIORS[name] for name in ("x", "y", "choice")})
    design = cc.draw(priors, 256, design="saltelli", replicates=8, seed=1)
    indices = cc.sobol_indices(cc.propagate(design, model=cc.Model([skewed])), second_order=True)
    result = cc.to_salib(indices, "skewed")
    total, first, second = result.to_df()
    heights = [bar_drawn.get_height() for bar_drawn in bar.plot(total).patches]
    np.testing.assert_allclose(heights, indices["ST"].sel(output="skewed"))
    np.testing.assert_allclose(first["S1"], indices["S1"].sel(output="skewed"))
    assert second.index.tolist() == [("x", "y"), ("x", "choice"), ("y", "choice")]
    assert len(result.plot()) == 3
    spec = ProblemSpec({"num_vars": 3, "names": list(total.index), "bounds": [[0, 1]] * 3, "outputs": ["skewed"]})
    spec._analysis = result
    drawn = heatmap.heatmap(spec, "skewed", "ST").images[0].get_array()
    np.testing.assert_allclose(np.ravel(drawn), indices["ST"].sel(output="skewed"))
    plt.close("all")


def test_an_idle_input_is_the_noise_floor_and_moves_no_other():
    plain = pawn_indices(FORECAST, outputs="skewed")
    result = pawn_indices(FORECAST, outputs="skewed", dummy=True)
    assert result["input"].values.tolist() == [*plain["input"].values.tolist(), "dummy"]
    np.testing.assert_array_equal(result["median"].sel(input=plain["input"]), plain["median"])
    floor = float(result["median"].sel(output="skewed", input="dummy"))
    assert 0 < floor < float(result["median"].sel(output="skewed", input="x"))
    with_delta = delta_indices(FORECAST, outputs="skewed", resamples=3, dummy=True)
    delta = with_delta["delta"].sel(output="skewed")
    assert float(delta.sel(input="dummy")) < float(delta.sel(input="x")) / 2


@pytest.mark.parametrize(
    ("measure", "options", "message"),
    [
        (delta_indices, {"resamples": 1}, "resamples is 1; give a whole number of 2 or more"),
        (delta_indices, {"confidence": 3}, "confidence is 3, and must lie between 0 and 1"),
        (delta_indices, {"seed": -1}, "seed is -1; give a whole number from 0"),
        (pawn_indices, {"slices": 1}, "slices is 1; give a whole number from 2"),
        (pawn_indices, {"slices": FORECAST.sizes["sample"]}, "slices is .* from 2"),
        (pawn_indices, {"seed": 2**70}, "seed is .* to 4,294,967,295"),
    ],
)
def test_what_salib_cannot_use_or_answers_with_nan_is_refused(measure, options, message):
    with pytest.raises(InputError, match=message):
        measure(FORECAST, **options)
