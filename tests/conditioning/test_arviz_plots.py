"""ArviZ's own summaries and plots take a conditioned tree as it is."""

import arviz_plots
import arviz_stats
import numpy as np
import pytest

import clustercast as cc


@pytest.fixture(scope="module")
def tree():
    early = cc.read_observations(as_of="2021-12")
    return cc.condition(cc.read_priors("evidence_2026"), early, size=2**14, draws=512)


def test_summary_and_loo_are_finite(tree):
    table = arviz_stats.summary(tree, var_names=["us_electricity_growth"], ci_prob=0.9, ci_kind="eti", round_to="none")
    assert np.isfinite(table["mean"].astype(float)).all()
    result = arviz_stats.loo(tree, pointwise=True)
    assert result.n_data_points == tree["observed_data"].sizes["observation"]
    # Each row given the others, here and there: within what the smoothing of two weightings differs by.
    mine = cc.observation_influence(tree)["elpd"].values
    assert np.abs(result.elpd_i.values - mine).max() < 0.1


def test_power_scaling_finds_what_was_learned(tree):
    table = arviz_stats.psense_summary(tree, var_names=["us_electricity_growth", "load_factor"], round_to=9)
    assert np.isfinite(table[["prior", "likelihood"]].to_numpy()).all()
    # Rows to 2021 are of electricity: the load factor is in none.
    assert table.loc["us_electricity_growth", "likelihood"] > 5 * table.loc["load_factor", "likelihood"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_power_scaling_is_drawn_for_prior_and_likelihood(tree):
    drawn = arviz_plots.plot_psense_dist(tree, var_names=["us_electricity_growth", "load_factor"], backend="matplotlib")
    for name in ("us_electricity_growth", "load_factor"):
        lines = drawn.viz["dist"][name]
        assert dict(lines.sizes) == {"component_group": 2, "alpha": 3}
        # The mean of each density: only what was observed moves with the power of the likelihood.
        means = [np.average(line.get_xdata(), weights=line.get_ydata()) for line in lines.values[1]]
        moved = np.ptp(means) / np.ptp(lines.values[1, 1].get_xdata())
        assert (moved > 0.01) == (name == "us_electricity_growth"), moved


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("plot", [arviz_plots.plot_dist, arviz_plots.plot_forest, arviz_plots.plot_trace])
def test_a_plot_draws_the_input_it_is_asked_for(tree, plot):
    drawn = plot(tree, var_names=["us_electricity_growth"], backend="matplotlib")
    assert "us_electricity_growth" in str(drawn.viz)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "plot",
    [
        arviz_plots.plot_ppc_dist,
        arviz_plots.plot_ppc_pit,
        arviz_plots.plot_ppc_interval,
        arviz_plots.plot_ppc_tstat,
        arviz_plots.plot_loo_pit,
    ],
)
def test_a_predictive_check_draws_what_was_observed(tree, plot):
    drawn = plot(tree, backend="matplotlib")
    assert "log10_observed" in str(drawn.viz)
