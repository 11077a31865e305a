"""What would change a forecast: the least change of its priors that gives a claim another probability."""

import contextlib
import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.special import ndtri, softmax

from clustercast.arrays import FloatArray, Names
from clustercast.arrays.decisions.laws import event_divergence, event_weights, informative, least_shift
from clustercast.arrays.families.inversion import score_of_tails
from clustercast.arrays.summaries import effective_size, share_with_error
from clustercast.dataset import finite_numbers, provenance
from clustercast.decisions import targets
from clustercast.errors import InputError, typed
from clustercast.files.toml import toml_table
from clustercast.files.whole import write_text
from clustercast.priors.families import Family, LogNormal, Metalog, Normal
from clustercast.priors.prior_set import Priors
from clustercast.sensitivity.given_data import input_matrix, varied_inputs

# So few draws carry a probability with an error of 0.05.
_LEAST_SIZE = 100.0
_QUANTILES = (0.05, 0.5, 0.95)
_SAID = 4
_EXACT = 1e-4


@dataclasses.dataclass(frozen=True)
class Tilt:
    """The least change of priors that gives a claim a probability, from `tilt`.

    Parameters
    ----------
    claim, words : str
        What was asked for, and the change in a sentence.
    before, probability : float
        The probability of the claim as drawn, and the one that was asked for.
    weights : DataArray, dims (sample,)
        Of the least change of all, for ``cc.summarise(forecast, weights=...)``; they sum to 1. They correlate inputs
        as no scenario file can.
    divergence : float
        Kullback-Leibler divergence of that change, in nats.
    marginals : Dataset, dims (input, quantile)
        Of the least change that moves each input by itself: ``before`` and ``after``, with ``shift`` in standard
        deviations of the normal score, the largest first.
    scenario_weights : DataArray, dims (sample,)
        The forecast under these marginals.
    scenario_divergence : float
        Its divergence, never less than `divergence`: the difference is what moving inputs one by one loses.
    priors : Priors
        The changed priors, which draw like any others.
    """

    claim: str
    words: str
    before: float
    probability: float
    weights: xr.DataArray
    divergence: float
    marginals: xr.Dataset
    scenario_weights: xr.DataArray
    scenario_divergence: float
    priors: Priors = dataclasses.field(repr=False)

    def write_scenario(self, path: str | Path) -> None:
        """Write the changed inputs as a scenario, a ``.toml`` file for ``cc.read_priors(name, scenario=path)``."""
        if Path(path).suffix != ".toml":
            raise InputError(f"the scenario {str(path)!r} is no TOML file; let its name end in .toml")
        title, as_of = f"Probability {self.probability:.3g}: {self.claim}", self.priors.about.as_of or str(date.today())
        source = "cc.tilt: the least change of the priors that moves each input by itself"
        parts = [toml_table("scenario", {"title": title, "why": self.words, "as_of": as_of, "source": source})]
        for name in map(str, self.marginals["input"].values):
            family = self.priors[name]
            held = {field.name: getattr(family, field.name) for field in dataclasses.fields(family)}
            entry = {"family": family.family, **held, "as_of": as_of, "judgement": True}
            parts.append(toml_table(f"inputs.{name}", entry))
        write_text(Path(path), "\n".join(parts))


@typed
def tilt(forecast: xr.Dataset, claim: targets.Event, *, probability: float, priors: Priors | None = None) -> Tilt:
    """Return the least change of the priors that gives a claim a probability.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws. No model is run.
    claim : str, Claim or Condition
        The id of a shipped claim, or a condition as `parse_condition` reads it.
    probability : float
        What it shall be, between 0 and 1.
    priors : Priors, optional
        What the inputs were drawn from; a shipped set is found by its name.

    Returns
    -------
    Tilt

    Raises
    ------
    InputError
        If the claim is unknown, holds in no sample or in all, the probability is not between 0 and 1, the priors are
        not those of the forecast, or too few draws are left by the change.

    References
    ----------
    I. Csiszar, Ann. Probab. 3, 146 (1975), doi:10.1214/aop/1176996454.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> inputs = cc.draw(priors, 4096, design="sobol")
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> result = cc.tilt(forecast, "total > 2", probability=0.5, priors=priors)
    >>> result.marginals["after"].sel(quantile=0.5).round(1).values.tolist()
    [1.0, 1.0]
    """
    probability = targets.checked_fraction("probability", probability)
    event, priors = targets.asked_event(forecast, claim), targets.priors_of(forecast, priors)
    holds, size = event.holds, len(event.values)
    weights = event_weights(holds, probability, np.full(size, 1 / size))
    if not (names := targets.continuous_inputs(forecast, priors)):
        raise InputError("the forecast holds no input with a density; keep the inputs beside the outputs")
    ranks = input_matrix(forecast, names).argsort(axis=0).argsort(axis=0)
    chosen = informative(ndtri((ranks + 0.5) / size), holds)
    kept = tuple(name for name, own in zip(names, chosen, strict=True) if own)
    if not kept:
        raise InputError(f"no input moves {event.name!r} by more than chance; choose another claim, or draw more")
    before, columns = {name: priors[name] for name in kept}, [*input_matrix(forecast, kept).T]
    scores, correlation = _scores(before.values(), columns), targets.score_correlation(priors, kept)
    shifts, held = least_shift(scores, holds, probability, correlation, _LEAST_SIZE)
    if abs((reached := held[holds].sum()) - probability) > 1e-6:
        what = f"shifts of the inputs bring {event.name!r} from {event.share:.3g} to {reached:.3g} at most on these"
        raise InputError(f"{what} {size:,} draws, not to {probability:g}; ask for a probability between, or draw more")
    after, log_ratios = _calibrated(before, columns, shifts, correlation, event, probability)
    own = softmax(log_ratios)
    order = np.argsort(-np.abs(shifts), kind="stable")
    ordered, dims = [kept[k] for k in order], ("input", "quantile")
    points = [np.stack([each[name].quantile(_QUANTILES) for name in ordered]) for each in (before, after)]
    shift = ("input", shifts[order], {"units": "1", "long_name": "shift of the normal score"})
    result = {"before": (dims, points[0]), "after": (dims, points[1]), "shift": shift}
    units = ("input", [priors[name].unit for name in ordered])
    marginals = xr.Dataset(result, {"input": ordered, "quantile": list(_QUANTILES), "unit": units}, provenance({}))
    words = _words(event, probability, marginals, 1 / float(np.square(own).sum()) / size)
    source = f"cc.tilt: probability {probability:.3g} instead of {event.share:.3g} that {event.words}"
    moved = priors.replace(**{name: dataclasses.replace(family, source=source) for name, family in after.items()})
    coords, attrs = {"sample": forecast["sample"]}, {"units": "1", "long_name": "weight"}
    least, single = (
        xr.DataArray(each, coords, ("sample",), "weights", {**attrs, "effective_size": effective_size(each)})
        for each in (weights, own)
    )
    lowest = event_divergence(event.share, probability)
    divergence = float(own @ np.log(np.maximum(own * size, 1e-300)))
    return Tilt(event.name, words, event.share, probability, least, lowest, marginals, single, divergence, moved)


@typed
def probability_tornado(
    forecast: xr.Dataset, claim: targets.Event, *, inputs: Names = None, tail: float = 0.1
) -> xr.Dataset:
    """Return the probability of a claim where each input is in its lowest or highest part.

    Parameters
    ----------
    forecast, claim
        As in `tilt`, whose errors of a claim this has too.
    inputs : str or iterable of str, optional
        Known ones; all that vary by default.
    tail : float, optional
        The part, at most 0.5; one that holds fewer than 20 samples is refused.

    Returns
    -------
    Dataset
        Dims (input, side), the widest first; side "lowest" and "highest": ``probability`` and its
        ``standard_error``; the attribute ``words`` says the widest in a sentence.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> forecast = cc.evaluate(cc.draw(priors, 1024, seed=1), lambda x, y: x, outputs={"total": "1"}, form="arrays")
    >>> cc.probability_tornado(forecast, "total > 0.5", inputs="x")["probability"].values.tolist()
    [[0.0, 1.0]]
    """
    event = targets.asked_event(forecast, claim)
    holds = event.holds
    if not 20 / len(holds) <= tail <= 0.5:
        raise InputError(f"tail is {tail!r}; give a part of at most 0.5 that holds 20 of {len(holds):,} samples")
    names = list(varied_inputs(forecast, inputs))
    result = np.empty((2, len(names), 2))
    for place, name in enumerate(names):
        values = finite_numbers(name, forecast.variables[name])
        low, high = np.quantile(values, [tail, 1 - tail])
        for side, inside in enumerate((values <= low, values >= high)):
            result[:, place, side] = share_with_error(holds[inside])
    order = np.argsort(-np.abs(result[0, :, 1] - result[0, :, 0]), kind="stable")
    low, high = result[0, order[0]]
    where = f"{names[order[0]].replace('_', ' ')} is in its lowest {100 * tail:.3g} %"
    words = f"The probability is {event.share:.2g}; {low:.2g} where {where}, {high:.2g} in its highest."
    dims = ("input", "side")
    return xr.Dataset(
        {"probability": (dims, result[0, order]), "standard_error": (dims, result[1, order])},
        {"input": [names[k] for k in order], "side": ["lowest", "highest"]},
        {**provenance({}), "claim": event.name, "before": event.share, "words": words},
    )


def _scores(families: Iterable[Family], columns: list[FloatArray]) -> FloatArray:
    """Return the normal scores (N, inputs) of columns under the distribution of each."""
    return np.column_stack([score_of_tails(*family.tails(x)) for family, x in zip(families, columns, strict=True)])


def _calibrated(
    families: Mapping[str, Family],
    columns: list[FloatArray],
    shifts: FloatArray,
    correlation: FloatArray,
    event: targets.Wanted,
    probability: float,
) -> tuple[dict[str, Family], FloatArray]:
    """Return the shifted families, so that a fresh draw of them has the probability, and the log weights of draws."""
    # Only normal and lognormal inputs are shifted exactly; a little more or less of the shift makes up for the others.
    holds, inverse = event.holds, np.asarray(np.linalg.inv(correlation), dtype=np.float64)

    def log_joint(of: Iterable[Family]) -> FloatArray:
        # The log density of inputs joined by a Gaussian copula, up to a constant.
        scores = _scores(of, columns)
        squares = (scores**2).sum(axis=1) - ((scores @ inverse) * scores).sum(axis=1)
        densities = [family.log_density(x) for family, x in zip(of, columns, strict=True)]
        return np.asarray(squares / 2 + np.sum(densities, axis=0))

    base = log_joint(families.values())

    def at(size: float) -> tuple[dict[str, Family], FloatArray]:
        moved = {n: shifted(family, size * own) for (n, family), own in zip(families.items(), shifts, strict=True)}
        return moved, log_joint(moved.values()) - base

    def missing(size: float) -> float:
        ratios = at(size)[1]
        weights = np.exp(ratios - ratios.max())
        return float(weights[holds].sum() / weights.sum()) - probability

    if abs(missing(1.0)) < _EXACT:
        return at(1.0)
    low, high = 0.8, 1.25
    if missing(low) * missing(high) > 0:
        what = f"the priors of {', '.join([*families][:3])} and others cannot give {event.name!r} the probability"
        raise InputError(f"{what} {probability:g}; ask for one nearer to {event.share:.3g}, or draw more")
    from scipy.optimize import brentq  # late: it takes longer than the figures that import this module

    return at(float(brentq(missing, low, high, xtol=1e-3)))


def shifted(family: Family, shift: float) -> Family:
    """Return a family with its normal scores shifted, a metalog within its ends where it is not closed under that."""
    if isinstance(family, Normal):
        return dataclasses.replace(family, mean=family.mean + shift * family.sd)
    if isinstance(family, LogNormal):
        return dataclasses.replace(family, mu=family.mu + shift * family.sigma)
    low, high = family.support
    bounds = None if math.isinf(low) and math.isinf(high) else (low, high)
    # Of a strongly skewed distribution only nearer quantiles are those of a metalog.
    for outer in (0.05, 0.1, 0.25):
        levels = np.array([outer, 0.5, 1 - outer])
        values = family.quantile_from_normal_score(ndtri(levels) + shift)
        through = dict(zip(levels.tolist(), values.tolist(), strict=True))
        with contextlib.suppress(InputError):
            return Metalog.from_quantiles(through, bounds=bounds, unit=family.unit)
    del through[0.5]
    return Metalog.from_quantiles(through, bounds=bounds, unit=family.unit)


def _words(event: targets.Wanted, probability: float, marginals: xr.Dataset, left: float) -> str:
    """Return the change in a sentence."""
    said = []
    for name in map(str, marginals["input"].values[:_SAID]):
        before, after = (float(marginals[key].sel(input=name, quantile=0.5)) for key in ("before", "after"))
        unit = str(marginals["unit"].sel(input=name).values)
        text = targets.with_unit_text(after, before, "1")
        said.append(f"{name.replace('_', ' ')} {text} instead of {targets.with_unit_text(before, after, unit)}")
    more = marginals.sizes["input"] - len(said)
    rest = f" and {more} other input{'s' * (more > 1)} less" if more else ""
    means = f"{', '.join(said)}{rest} (medians; {100 * left:.0f} % of the draws are left as effective size)"
    return f"Probability {probability:.3g} instead of {event.share:.3g} that {event.words}: {means}."
