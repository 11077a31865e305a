"""Posterior draws of normal scores: Pareto-smoothed importance weights, and a tempered sampler where they fail."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import logsumexp

from clustercast.arrays import FloatArray, Function, IntArray, posterior
from clustercast.arrays.modes import around_modes
from clustercast.arrays.points.streams import stream
from clustercast.errors import InputError
from clustercast.propagation import Progress

LARGEST_K_HAT, LARGEST_R_HAT, LEAST_ESS = 0.7, 1.01, 400.0
_TINY = 1e-290
CHAINS = 4
# Draws come in multiples of this many a chain.
WALKERS = 32
DRAWS = CHAINS * WALKERS * 32
PARTICLES = 512
MOVES = 8
# The share of the budget that goes into ascents to modes, and draws around these.
ASCENTS, PROPOSED = 1 / 64, 1 << 13
# By how much more the log evidence must be that rests on weights not to be trusted, and how much may be of modes that
# were met once.
UNTRUSTED, ALONE = 0.3, 0.1
# What may be left of the correlation with an earlier state, and after how many moves it is looked at.
FORGOTTEN = 0.2
CHECKED = 4
# The chi-square statistic of four evidences, in estimated variances, that one in some hundred runs exceeds by chance.
DISAGREEMENT = 25.0


@dataclass(frozen=True)
class Weights:
    """Smoothed importance weights of prior draws; the weights of `log` sum to 1."""

    log: FloatArray
    k_hat: float
    ess: float

    @property
    def trusted(self) -> bool:
        """Whether the weighted draws can stand for the posterior."""
        return self.k_hat <= LARGEST_K_HAT and self.ess >= LEAST_ESS

    def __str__(self) -> str:
        return _in_words(self.ess, "k-hat", self.k_hat, LARGEST_K_HAT)


def smoothed_weights(log_ratios: FloatArray) -> Weights:
    """Return Pareto-smoothed importance weights (Vehtari et al. 2024, arXiv:1507.02646)."""
    log, k_hat = pareto_smoothed(log_ratios - log_ratios.max())
    return Weights(log, float(k_hat), posterior.effective_size(log))


def pareto_smoothed(log_ratios: FloatArray, wide: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return smoothed log weights that sum to 1 over the last axis, and their k-hat; a wide tail is a fifth of all."""
    flat = log_ratios.reshape(-1, log_ratios.shape[-1])
    log_weights, k_hat, count = np.empty(flat.shape), np.empty(len(flat)), flat.shape[1]
    wide = wide or count <= 225
    tail = count // 5 if wide else int(3 * np.sqrt(count))
    for row, ratios in enumerate(flat):
        largest = np.sort(ratios)[-tail - 1 :]
        start, quartile = np.exp(largest[[0, tail // 4]] - largest[-1])
        # A Pareto fit divides by the lower quartile of the tail's excess over its start.
        if quartile - start > _TINY:
            # ArviZ' tail is widest for an efficiency of 0. What overflows in a very heavy tail is cut at its largest.
            with np.errstate(over="ignore"):
                log_weights[row], k_hat[row] = array_statistics().psislw(-ratios, 0.0 if wide else 1.0)
        else:
            # Where too few count there is no bound; where all are equal they are as good as can be.
            log_weights[row], k_hat[row] = ratios - logsumexp(ratios), -1.0 if largest[-1] == largest[0] else np.inf
    return log_weights.reshape(log_ratios.shape), k_hat.reshape(log_ratios.shape[:-1])


def array_statistics() -> Any:
    """Return ArviZ' statistics of plain arrays, imported at first use."""
    from arviz_stats.base.array import array_stats

    return array_stats


@dataclass(frozen=True)
class Posterior:
    """Posterior draws of normal scores, shape (chain, draw, d), and how far to trust them."""

    scores: FloatArray
    log_likelihood: FloatArray
    diagnostics: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A log likelihood of normal scores to sample from; each name has its streams of random numbers."""

    target: Function
    name: str
    seed: int
    budget: int
    draws: int = DRAWS
    progress: Progress | None = None

    def resampled(
        self, scores: FloatArray, values: FloatArray, ratios: FloatArray, weights: Weights, source: str = "the prior"
    ) -> Posterior:
        """Return draws of a source chosen by their weights; `ratios` are logarithms of posterior over source."""
        rows = posterior.systematic_resample(weights.log, self.draws, stream(self.seed, f"resample {self.name}"))
        doubt = "" if weights.trusted else ": not to be trusted, the weights rest on a few draws"
        result: dict[str, Any] = {"method": "importance", "k_hat": weights.k_hat, "importance_ess": weights.ess}
        result |= {"ess": weights.ess, "r_hat": 1.0, "evaluations": len(scores), "temperatures": 1, "accepted": 1.0}
        result |= {"log_evidence": float(logsumexp(ratios) - np.log(len(scores))), "reached": weights.trusted}
        result["log_evidence_sd"] = math.sqrt(max(1 / weights.ess - 1 / len(scores), 0))
        result["statement"] = f"{self.name}: importance sampling from {source}, {weights}{doubt}"
        rows = rows.reshape(CHAINS, -1)
        return Posterior(scores[rows], values[rows], result)

    def compared(self, first: Posterior, prior: FloatArray, instead: bool) -> Posterior:
        """Return draws as they are or, where normals around modes that ascents find hold more, draws from these."""
        # Tempering loses the narrower of two modes where that has next to no share on the way, prior draws one that
        # none of them is in, and no diagnostic of their own shows it. But all estimates of the evidence are unbiased.
        known, had = first.diagnostics, first.diagnostics["log_evidence"]
        if (evaluations := int(ASCENTS * self.budget)) < PROPOSED:
            return first
        # From prior draws, and by turns from what was found, which must not be lost in its turn.
        found = first.scores.reshape(-1, prior.shape[1])
        count = min(len(found), len(prior))
        starts = np.stack([prior[:count], found[:: len(found) // count][:count]], axis=1)
        try:
            normals = around_modes(self.target, starts.reshape(-1, prior.shape[1]), evaluations)
            scores, density = normals.draw(PROPOSED, stream(self.seed, f"modes {self.name}"))
            values = self.target(scores)
        except InputError:  # the model has no value so far out
            return first
        ratios = values - 0.5 * (scores**2 + np.log(2 * np.pi)).sum(axis=1) - density
        # Smoothing would shift the shares of modes; it is k-hat that is asked for.
        log = ratios - logsumexp(ratios)
        weights = Weights(log, smoothed_weights(ratios).k_hat, posterior.effective_size(log))
        other = self.resampled(scores, values, ratios, weights, "normals around modes")
        has = other.diagnostics["log_evidence"]
        error = 3 * math.hypot(known["log_evidence_sd"], other.diagnostics["log_evidence_sd"])
        lost = has - had > error + (0 if weights.trusted else UNTRUSTED)
        # Also where walkers do not mix.
        if instead and weights.trusted and (lost or (has >= had and not known["reached"])):
            if normals.alone <= ALONE:
                return other
            doubt = "; modes that one ascent alone has met hold much, so that others may be unmet"
            said = {"statement": other.diagnostics["statement"] + doubt, "reached": False}
            return replace(other, diagnostics={**other.diagnostics, **said})
        if not lost:
            return first
        doubt = f"; a mode is lost: log evidence {had:.2f}, {has:.2f} of normals around modes"
        return replace(first, diagnostics={**known, "statement": known["statement"] + doubt, "reached": False})


@dataclass
class _Walkers:
    """Populations on the way from prior to posterior, the rows of one after those of another."""

    scores: FloatArray
    values: FloatArray
    # The rows of each population.
    members: list[IntArray]
    move: posterior.Move
    run: Run
    generator: np.random.Generator
    # Which prior draw each row descends from.
    origins: IntArray
    # That of the second half of the rows, where it is not the same.
    other: posterior.Move | None = None
    temperature: float = 0.0
    steps: int = 0
    rows: int = 0
    accepted: float = 1.0
    # Of each population: the logarithm of its estimate of the evidence, and the variance of that.
    evidence: FloatArray = field(default_factory=lambda: np.zeros(CHAINS))
    variance: FloatArray = field(default_factory=lambda: np.zeros(CHAINS))

    def advance(self) -> None:
        """Move every walker."""
        settings = self.run.target, self.temperature, self.generator, self.other
        moved = self.move.advance(self.scores, self.values, *settings)
        self.scores, self.values, self.accepted = moved
        self.rows += len(self.scores)
        if self.run.progress is not None:
            self.run.progress(min(self.rows, self.run.budget), self.run.budget)

    def temper(self, size: int) -> None:
        """Raise the likelihood from 0 to 1 in steps that keep half of each population effective."""
        while self.temperature < 1:
            new = min(posterior.next_temperature(self.values[m], self.temperature, size / 2) for m in self.members)
            gain = (new - self.temperature) * self.values
            for one, m in enumerate(self.members):
                self.evidence[one] += logsumexp(gain[m]) - np.log(m.size)
                self.variance[one] += 1 / posterior.effective_size(gain[m]) - 1 / m.size
            picked = [m[posterior.systematic_resample(gain[m], size, self.generator)] for m in self.members]
            chosen = np.concatenate(picked)
            self.scores, self.values, self.origins = self.scores[chosen], self.values[chosen], self.origins[chosen]
            self.members = np.split(np.arange(len(chosen)), CHAINS)
            self.temperature, self.steps = new, self.steps + 1
            for _ in range(MOVES):
                # Each half by a move that is fitted to the other: with its own in it a walker pulls its proposals to
                # where it is, and the evidence is too low (by 0.25 of 92 parameters).
                half = len(self.scores) // 2
                ends = self.scores[half:], self.scores[:half]
                self.move, self.other = (self.move.fitted(one) for one in ends)
                self.advance()
                self.move = self.move.adapted(self.accepted)
        self.move, self.other = self.move.fitted(self.scores), None
        for one, m in enumerate(self.members):
            # What few prior draws have left all walkers of is known no better, though each step is: A. Lee and
            # N. Whiteley (2018), doi:10.1093/biomet/asy028.
            kin = (np.bincount(self.origins[m]) ** 2).sum() / m.size**2
            self.variance[one] = max(self.variance[one], 1 - (m.size / (m.size - 1)) ** self.steps * (1 - kin))

    def weigh(self) -> str:
        """Choose walkers of each population by its evidence; return in words how far the evidences disagree, if so."""
        # Each estimate is unbiased: whichever modes a population found, all together have the right shares. The order
        # stays that of the populations, so that r-hat still compares these.
        count = len(self.scores)
        ends = np.cumsum(np.repeat(np.exp(self.evidence - self.evidence.max()), count // CHAINS))
        points = (np.arange(count) + self.generator.random()) / count * ends[-1]
        chosen = np.minimum(np.searchsorted(ends, points, side="right"), count - 1)
        self.scores, self.values, self.origins = self.scores[chosen], self.values[chosen], self.origins[chosen]
        variance = self.variance.mean()
        if ((self.evidence - self.evidence.mean()) ** 2).sum() <= DISAGREEMENT * variance:
            return ""
        result = ", ".join(f"{one:.2f}" for one in self.evidence)
        return f"; the populations disagree, with log evidences of {result}, each to within {np.sqrt(variance):.2f}"

    def forget(self) -> int:
        """Move until nothing correlates with where the walkers stood; return the number of moves."""
        start, count = self.state(), 0
        while True:
            for _ in range(CHECKED):
                self.advance()
                self.move = self.move.adapted(self.accepted)
            count, now = count + CHECKED, self.state()
            left = ((start - start.mean(axis=0)) * (now - now.mean(axis=0))).mean(axis=0)
            most = (FORGOTTEN + 3 / np.sqrt(len(now))) * start.std(axis=0) * now.std(axis=0)
            if np.all(np.abs(left) <= most) or self.rows >= self.run.budget:
                return count

    def chains(self, count: int, draws: int) -> tuple[FloatArray, float, float]:
        """Let some of each population go on; the moves between draws double until they pass or the budget ends."""
        thinning = self.forget()
        chosen = np.concatenate([members[:: members.size // count] for members in self.members])
        self.scores, self.values, self.origins = self.scores[chosen], self.values[chosen], self.origins[chosen]
        kept = [self.state()]
        while True:
            while len(kept) < draws // len(chosen):
                for _ in range(thinning):
                    self.advance()
                kept.append(self.state())
            chains = np.stack(kept, axis=1).reshape(CHAINS, draws // CHAINS, -1)
            moved, stats = np.moveaxis(chains, -1, 0), array_statistics()
            sizes = stats.ess(moved, method="bulk"), stats.ess(moved, method="tail", prob=(0.05, 0.95))
            ess, r_hat = float(np.min(sizes)), float(np.max(stats.rhat(moved, method="rank")))
            if (ess >= LEAST_ESS and r_hat <= LARGEST_R_HAT) or self.rows >= self.run.budget:
                return chains, ess, r_hat
            kept, thinning = kept[1::2], 2 * thinning

    def state(self) -> FloatArray:
        """Return the scores of each walker, and its log likelihood after them."""
        return np.column_stack([self.scores, self.values])


def family_size(draws: FloatArray, origins: IntArray) -> float:
    """Return the least effective size of means of walkers' draws, (walkers, draws, d), by what each descends from."""
    # Where walkers leave no mode its share is known as the growth of families is; descendants that have forgotten are
    # as any others: H. P. Chan and T. L. Lai (2013), doi:10.1214/13-AOS1172.
    draws = draws[..., np.ptp(draws, axis=(0, 1)) > 0]
    deviations = draws - draws.mean(axis=(0, 1))
    families = np.zeros((origins.max() + 1, draws.shape[-1]))
    np.add.at(families, origins, deviations.sum(axis=1))
    return float((draws[..., 0].size * (deviations**2).sum(axis=(0, 1)) / (families**2).sum(axis=0)).min())


def _in_words(ess: float, name: str, value: float, limit: float, digits: int = 2) -> str:
    """Return a diagnostic and an effective size in words; where one misses its limit, what does so alone."""
    both = [f"{name} {value:.{digits}f}", f"effective size {ess:.0f}"]
    limits = ["" if value <= limit else f" above {limit}", "" if ess >= LEAST_ESS else f" below {LEAST_ESS:.0f}"]
    return ", ".join([one + missed for one, missed in zip(both, limits, strict=True) if missed] or both)


def sampled(run: Run, scores: FloatArray, log_likelihood: FloatArray, weights: Weights) -> Posterior:
    """Return the posterior from weighted prior draws by tempering, then by many short chains."""
    # By docs/theory/importance_and_tempering.md: the walkers of a population are a chain of the result, its r-hat shows
    # whether populations agree, its effective size whether walkers move. P. Del Moral, A. Doucet and A. Jasra,
    # J. R. Stat. Soc. B 68, 411 (2006), doi:10.1111/j.1467-9868.2006.00553.x.
    generator = stream(run.seed, f"sample {run.name}")
    # By chance, not by stride: every fourth point of a Sobol' sequence sees a part of the prior alone.
    parts = np.array_split(generator.permutation(len(scores)), CHAINS)
    # Along the prior itself, from which adaptation starts.
    move = posterior.Move(np.zeros(scores.shape[1]), np.eye(scores.shape[1]), 0.5)
    walkers = _Walkers(scores, log_likelihood, parts, move, run, generator, np.arange(len(scores)))
    size = min(PARTICLES, len(scores))
    walkers.temper(size)
    disagreement = walkers.weigh()
    chains, mixed, r_hat = walkers.chains(math.gcd(run.draws // CHAINS, size), run.draws)
    passed = mixed >= LEAST_ESS and r_hat <= LARGEST_R_HAT
    ess = min(mixed, family_size(chains.reshape(len(walkers.scores), -1, chains.shape[-1]), walkers.origins))
    verdict = "pass, but the sampler was asked for" if weights.trusted else "fail"
    fit = _in_words(ess, "r-hat", r_hat, LARGEST_R_HAT, 3)
    statement = (
        f"{run.name}: importance weights {verdict} ({weights}), tempered sampling in {walkers.steps} steps: {fit}"
    )
    if not passed:
        statement += f": the budget of {run.budget:,} runs ended; raise it"
    elif ess < LEAST_ESS:
        statement += ": walkers leave no mode, whose share is known no better; take several seeds together"
    result: dict[str, Any] = {"method": "tempered", "k_hat": weights.k_hat, "importance_ess": weights.ess}
    result |= {"ess": ess, "r_hat": r_hat, "evaluations": len(scores) + walkers.rows, "temperatures": walkers.steps}
    result |= {"accepted": walkers.accepted, "log_evidence": float(logsumexp(walkers.evidence) - np.log(CHAINS))}
    result["log_evidence_sd"] = math.sqrt(walkers.variance.mean() / CHAINS)
    result |= {"reached": passed and ess >= LEAST_ESS and not disagreement, "statement": statement + disagreement}
    return Posterior(chains[..., :-1], chains[..., -1], result)


# Of parts that are independent of each other: the worst of each diagnostic, or all of them.
_JOINED: dict[str, Callable[[Iterable[Any]], Any]] = {
    "method": lambda methods: " and ".join(sorted({*methods})),
    **{"k_hat": max, "importance_ess": min, "ess": min, "r_hat": max, "evaluations": sum, "temperatures": max},
    **{"accepted": min, "log_evidence": sum, "reached": all, "statement": "\n".join},
    "log_evidence_sd": lambda errors: math.hypot(*errors),
}


def joined(parts: Sequence[Posterior], columns: Sequence[IntArray]) -> Posterior:
    """Return the posterior of parts that are independent of each other."""
    scores = np.empty((*parts[0].log_likelihood.shape, sum(map(len, columns))))
    for part, places in zip(parts, columns, strict=True):
        scores[..., places] = part.scores
    diagnostics = {name: pick(part.diagnostics[name] for part in parts) for name, pick in _JOINED.items()}
    return Posterior(scores, np.sum([part.log_likelihood for part in parts], axis=0), diagnostics)
