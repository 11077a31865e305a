"""The draws that walkers leave: of each population as many, at equal distances in time."""

import numpy as np
import pytest
from scipy import stats

from clustercast.conditioning import sampler
from clustercast.conditioning.sampler import CHAINS, Run, _Walkers


class Clock:
    """A move that changes nothing but the time, which every walker holds."""

    def __init__(self):
        self.time = 0.0

    def advance(self, scores, values, target, temperature, generator, other):
        self.time += 1
        return scores, np.full(len(values), self.time), 1.0

    def adapted(self, accepted):
        return self


SIZE, COUNT, THINNING, DRAWS = 16, 4, 5, CHAINS * 4 * 8


def walking(budget):
    """Walkers of four populations that have nothing to forget; the whole part of a score numbers the population."""
    members = np.split(np.arange(CHAINS * SIZE), CHAINS)
    scores = (np.arange(CHAINS * SIZE) / SIZE)[:, np.newaxis]
    made = _Walkers(
        scores,
        np.zeros(len(scores)),
        members,
        Clock(),
        Run(lambda scores: scores[:, 0], "a clock", seed=1, budget=budget),
        np.random.default_rng(1),
        np.arange(CHAINS * SIZE),
    )
    made.forget = lambda: THINNING
    return made


@pytest.mark.parametrize(("budget", "doublings"), [(1, 0), (560, 0), (561, 1), (2000, 2)])
def test_draws_are_equally_far_apart_however_often_the_moves_between_them_double(budget, doublings):
    chains, _, _ = walking(budget).chains(COUNT, DRAWS)
    assert chains.shape == (CHAINS, DRAWS // CHAINS, 2)
    assert (np.floor(chains[..., 0]) == np.arange(CHAINS)[:, np.newaxis]).all()
    # A clock never mixes, so that the moves double until the budget has ended.
    apart = THINNING * 2**doublings
    for chain in chains[..., 1]:
        times = np.unique(chain)
        assert times.size == DRAWS // (CHAINS * COUNT)
        assert (np.diff(times) == apart).all()


class Diagnostics:
    """Diagnostics of draws at each look, as they are given; those of A. Vehtari et al. (2021) are asked for."""

    def __init__(self, looks):
        self.looks = iter(looks)

    def ess(self, draws, method, prob=None):
        assert (method, prob) in (("bulk", None), ("tail", (0.05, 0.95)))
        if method == "bulk":
            self.now = next(self.looks)
        # The first column has twice the size of the last.
        return np.array([2.0, 1.0]) * self.now[method]

    def rhat(self, draws, method):
        assert method == "rank"
        return np.array([1.0, self.now["rhat"]])


GOOD = {"bulk": 400.0, "tail": 400.0, "rhat": 1.01}


@pytest.mark.parametrize("poor", [{"bulk": 399.0}, {"tail": 399.0}, {"rhat": 1.011}], ids=lambda poor: next(iter(poor)))
def test_draws_are_taken_once_bulk_tail_and_r_hat_of_all_columns_pass(poor, monkeypatch):
    looks = [{**GOOD, **poor}, {**GOOD, **poor}, GOOD]
    monkeypatch.setattr(sampler, "array_statistics", lambda given=Diagnostics(looks): given)
    chains, ess, r_hat = walking(10**9).chains(COUNT, DRAWS)
    assert (np.diff(np.unique(chains[..., 1])) == 4 * THINNING).all()
    assert (ess, r_hat) == (400, 1.01)


def test_the_evidence_of_many_dimensions_is_the_closed_form():
    """Of linear rows it is a normal density; walkers in the fit that moves them had it 0.4 too high of 20 inputs."""
    generator = np.random.default_rng(5)
    matrix = generator.standard_normal((20, 20))
    rows = matrix @ generator.standard_normal(20) + 0.5 * generator.standard_normal(20)
    exact = stats.multivariate_normal(np.zeros(20), matrix @ matrix.T + 0.25 * np.eye(20)).logpdf(rows)

    def likelihood(scores):
        return stats.norm.logpdf(rows, scores @ matrix.T, 0.5).sum(axis=1)

    found = []
    for seed in range(6):
        prior = np.random.default_rng(seed).standard_normal((1 << 13, 20))
        values = likelihood(prior)
        run = Run(likelihood, "linear", seed, budget=1, draws=128)
        found.append(sampler.sampled(run, prior, values, sampler.smoothed_weights(values)).diagnostics)
    errors = np.array([one["log_evidence"] - exact for one in found])
    said = np.sqrt(np.mean([one["log_evidence_sd"] ** 2 for one in found]))
    assert np.abs(errors).max() < 4 * said < 1
    # Of a normal error the mean of six is within 3.5 standard errors in all but one of 2,000 such tests.
    assert abs(errors.mean()) < 3.5 * said / np.sqrt(6)
