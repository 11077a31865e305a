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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("plot", [arviz_plots.plot_dist, arviz_plots.plot_forest, arviz_plots.plot_trace])
def test_a_plot_draws_the_input_it_is_asked_for(tree, plot):
    drawn = plot(tree, var_names=["us_electricity_growth"], backend="matplotlib")
    assert "us_electricity_growth" in str(drawn.viz)
