"""Standard errors and half-widths of indices, from bootstrap resamples and from independent replicates."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from clustercast.arrays import Arrays, BoolArray, FloatArray, Pair
from clustercast.arrays.summaries import tail_shape
from clustercast.errors import InputError

# An output that has one value in all but this share of runs is an event.
_RARE = 0.05
# What counts for no event at all: an interval of some share of so few is all that a share can be.
_NONE = 1e-6
# Where so many values or fewer own the variance of an output, they are events as well: replicates do not show that a
# larger one could come, and a normal interval of a share of fewer events misses too often.
_HANDFUL = 15.0
# From so high a kurtosis on, products of two independent changes may all be near 0; with more of them than this
# (effectively) the replicates show it.
HEAVY_KURTOSIS, _FEW_PRODUCTS = 10.0, 10.0
# Of a sample, the largest kurtosis that says enough by itself. From so low a one on the shape of the largest values is
# looked at: above the last of these the fourth moment is infinite, and squares have no standard error.
LARGEST_KURTOSIS, _SOME_KURTOSIS, _NO_FOURTH_MOMENT = 20.0, 4.0, 0.25
# Of fewer runs the shape is known to 0.15 or worse.
_RUNS_OF_A_SHAPE = 1000


def check_confidence(confidence: float) -> None:
    """Refuse a confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}, and must lie between 0 and 1, as in 0.95")


def normal_factor(confidence: float) -> float:
    """Return the half-width of a normal interval in standard errors."""
    check_confidence(confidence)
    return float(ndtri(0.5 + confidence / 2))


def student_factor(groups: int, confidence: float) -> float:
    """Return the half-width of Student's interval in standard errors over some independent groups."""
    # For scrambles of Sobol' points: L'Ecuyer et al. (2023), doi:10.1109/WSC60868.2023.10408613.
    check_confidence(confidence)
    return float(stdtrit(groups - 1, 0.5 + confidence / 2))


def ratio_of_means(numerators: FloatArray, denominators: FloatArray) -> Pair:
    """Return the ratio of two means over independent groups of one size, and its standard error, shape (...)."""
    # Every sensitivity index is such a ratio; the error is that of the linearised ratio, with groups - 1 degrees of
    # freedom: W. G. Cochran, Sampling Techniques, 3rd ed. (1977), section 6.3. Of no variance there is no share.
    groups = len(numerators)
    if groups < 2:
        raise InputError(f"a standard error needs 2 or more independent groups, not {groups}; draw more replicates")
    mean = denominators.mean(axis=0)
    whole = np.where(mean == 0, np.nan, mean)
    ratio = numerators.mean(axis=0) / whole
    residuals = numerators - ratio * denominators
    return ratio, np.sqrt((residuals**2).sum(axis=0) / (groups * (groups - 1))) / np.abs(whole)


def bootstrap_weights(points: int, resamples: int, seed: int) -> FloatArray:
    """Return weights that turn per-row products into the means of bootstrap resamples, shape (resamples, points)."""
    # Resample k takes the rows of column k of one draw of integers, as SALib draws them: one seed, the same resamples.
    taken = np.random.default_rng(seed).integers(points, size=(points, resamples))
    return np.stack([np.bincount(column, minlength=points) for column in taken.T]) / points


def half_width(estimates: FloatArray, confidence: float, *, resampled: bool, widened: bool = True) -> FloatArray:
    """Return the half-width of an interval over the last axis: resamples, or replicates each left out once."""
    # Leaving each replicate out (the jackknife; Miller 1974, doi:10.1093/biomet/61.1.1) shrinks deviations by n - 1.
    # The skewness of resamples is that of the estimate; that of a mean of n replicates is the skewness of one over the
    # square root of n, and leaving one out only turns its sign.
    size = estimates.shape[-1]
    factor = normal_factor(confidence) if resampled else (size - 1) * student_factor(size, confidence) / np.sqrt(size)
    # An estimate may be undefined in a resample: a rare event that none of its rows shows.
    defined = np.isfinite(estimates)
    number = defined.sum(axis=-1).astype(float)
    present, count = np.where(defined, estimates, 0.0), np.maximum(number, 1)
    centred = np.where(defined, present - present.sum(axis=-1, keepdims=True) / count[..., np.newaxis], 0.0)
    squares = centred * centred
    second, third = squares.sum(axis=-1) / count, np.einsum("...k,...k->...", squares, centred) / count
    half = np.where(number > 1, factor * np.sqrt(second * number / np.maximum(number - 1, 1)), np.nan)
    if not widened:
        return half
    skewness = squared_skewness(second, third, number)
    return half * skewness_widening(skewness if resampled else skewness / np.maximum(number, 1), confidence)


def lead_half_width(estimates: FloatArray, confidence: float, *, resampled: bool, widened: bool = True) -> FloatArray:
    """Return the half-width of each row's lead over the next lower row, shape (..., rows); column 0 is the estimate."""
    # The last has no lead. Two totals share their resamples, so that their difference is known better than either.
    order = np.argsort(-np.nan_to_num(estimates[..., 0]), kind="stable", axis=-1)
    ordered = np.take_along_axis(estimates[..., 1:], order[..., np.newaxis], axis=-2)
    leads = ordered[..., :-1, :] - ordered[..., 1:, :]
    widths = np.full(order.shape, np.nan)
    np.put_along_axis(widths, order[..., :-1], half_width(leads, confidence, resampled=resampled, widened=widened), -1)
    return widths


def wilson(share: FloatArray, chance: FloatArray | float) -> Pair:
    """Return centre and half-width of Wilson's interval of shares, from a squared normal factor over their number."""
    # E. B. Wilson (1927), doi:10.1080/01621459.1927.10502953.
    centre = (share + chance / 2) / (1 + chance)
    return centre, np.sqrt(chance * (share * (1 - share) + chance / 4)) / (1 + chance)


def few_events_half_width(indices: FloatArray, events: FloatArray | float, confidence: float) -> FloatArray:
    """Return the distance from a share seen in some events to the far end of Wilson's interval."""
    # Indices of a rare event are shares of its occurrences, of which a few may all agree: docs/theory/intervals.md. The
    # interval is symmetric and its near end too far out to be missed, so the far one is that of a one-sided interval.
    check_confidence(confidence)
    share = np.clip(indices, 0.0, 1.0)
    centre, spread = wilson(share, max(float(ndtri(confidence)), 0.0) ** 2 / events)
    return np.maximum(np.abs(share - centre + spread), np.abs(centre + spread - share))


class FewRuns(NamedTuple):
    """On how few runs the indices of some columns rest, shape (columns,)."""

    # Runs of another than the usual value, or that own the variance, where they are few; else 0.
    events: FloatArray
    # Whether the latter; the swaps show such values as often again.
    handful: BoolArray
    # Base points where products of two independent changes are rarely other than 0; else infinite.
    points: FloatArray
    # Kurtosis where no value is that of half of the runs, else 0; infinite where the shape of the largest says so.
    kurtosis: FloatArray
    # Events of A and B together, where indices count those of other runs too; else NaN.
    together: FloatArray = np.full(1, np.nan)
    # Base points, the replicates they are drawn in, and where at hand the runs A and, of each input, A with that of B,
    # shape (columns, base points, 1 + inputs).
    size: float = np.inf
    replicates: int = 1
    swapped: FloatArray | None = None

    @classmethod
    def of(cls, runs: FloatArray, apart: bool = False) -> "FewRuns":
        """Return on what the indices of columns rest, from independent runs, shape (columns, points[, A and B])."""
        independent = runs.reshape(len(runs), -1)
        usual = usual_values(independent).reshape(-1, *[1] * (runs.ndim - 1))
        counts = np.count_nonzero(runs != usual, axis=1).reshape(len(runs), -1)
        peaks = np.abs(independent).max(axis=1, keepdims=True)
        scaled = independent / np.where(peaks > 0, peaks, 1.0)
        deviations = scaled - scaled.mean(axis=1, keepdims=True)
        squares = deviations**2
        few = cls.from_sums(counts.sum(1), squares.sum(axis=1), np.vecdot(squares, squares), independent.shape[1])
        few = few.with_tails(deviations)
        return few.apart(counts, (squares**2).reshape(runs.shape).sum(axis=1).reshape(counts.shape)) if apart else few

    def apart(self, counts: NDArray[Any], fourths: FloatArray) -> "FewRuns":
        """Return the same where one index rests on the events of A, another on those of B, shape (columns, 2)."""
        least = fourths.min(axis=1) / np.maximum(fourths.sum(axis=1), np.finfo(float).tiny)
        fewest = np.maximum(np.where(self.handful, self.events * least, counts.min(axis=1)), _NONE)
        together = np.where(self.handful | (self.events == 0), np.nan, self.events)
        return self._replace(events=np.where(self.events > 0, fewest, 0.0), together=together)

    @classmethod
    def from_sums(cls, unusual: NDArray[Any], squares: FloatArray, fourths: FloatArray, runs: int) -> "FewRuns":
        """Return the same from counts of unusual values and sums of powers of deviations."""
        # So many squared deviations of one size would have the same spread: runs over the kurtosis.
        effective = squares**2 / np.where(fourths > 0, fourths, np.inf)
        rare, varies = _RARE * runs, effective > 0
        events = np.where(unusual <= rare, unusual, 0).astype(np.float64)
        handful = (events == 0) & varies & (effective <= min(_HANDFUL, rare))
        sparse = varies & (effective <= runs / HEAVY_KURTOSIS) & (effective**2 < 2 * runs * _FEW_PRODUCTS)
        kurtosis = np.where(varies & (2 * unusual > runs), runs / np.where(varies, effective, 1.0), 0.0)
        points = np.where(sparse, runs / 2, np.inf)
        return cls(np.where(handful, effective, events), handful, points, kurtosis, size=runs / 2)

    def with_tails(self, deviations: FloatArray) -> "FewRuns":
        """Return the same, of infinite kurtosis where the tail of the larger side has no fourth moment."""
        # Of weighted runs, from deviations by the root of their weights, whose squares are what the variance sums.
        kurtosis = self.kurtosis.copy()
        doubtful = (kurtosis > _SOME_KURTOSIS) & (kurtosis <= LARGEST_KURTOSIS)
        for column in np.flatnonzero(doubtful & (deviations.shape[1] >= _RUNS_OF_A_SHAPE)):
            side = deviations[column]
            if tail_shape(side if side.max() >= -side.min() else -side) > _NO_FOURTH_MOMENT:
                kurtosis[column] = np.inf
        return self._replace(kurtosis=kurtosis)

    def widened(self, measures: Arrays, confidence: float, counted: bool = True) -> dict[str, FloatArray]:
        """Return indices by name, shape (columns, ...), half-widths at least as so few runs allow, and how few."""
        result = {**measures, "events": self.events, "kurtosis": self.kurtosis}
        names = [key.removesuffix("_conf") for key in measures if key.endswith("_conf")]
        rare = self._rare_changes(measures, confidence) if "S1" in names else np.ones_like(measures["ST"])
        few = (self.events > 0) | np.isfinite(self.points) | (self.kurtosis >= HEAVY_KURTOSIS)
        if not (few.any() or (rare > 1).any()):
            return result
        for name in names:
            share, key = measures[name.removesuffix("_lead")], f"{name}_conf"
            # Two runs that agree in an event count it twice, so that the share that agrees is known a little better.
            agreeing = np.clip({"S1": share, "ST": 1 - share}.get(name, np.zeros_like(share)), 0.0, 1.0)
            agreeing[self.handful] = 1.0
            width = as_wide_as_few_events(measures[key], share, self.events, confidence, agreeing)
            if counted:
                width = np.fmax(width, self._counted(name, share, measures["ST"], confidence))
            if name in ("S1", "ST"):
                width = np.fmax(width, self._of_variance(share, confidence))
            if name in ("S1", "S2"):
                # A first-order index is the mean product of two changes of mean square 2 V ST over 2 V. Where changes
                # are mostly 0, all products may be 0 though the changes are not, and no replicate shows an error: the
                # interval is at least that of independent changes.
                root = np.sqrt(np.maximum(measures["ST"], 0.0))
                factors = [(each, each) if name == "S1" else (each[:, :, None], each[:, None]) for each in (root, rare)]
                (one, other), (kurtosis, second) = factors
                both = kurtosis * second
                seldom = (both >= HEAVY_KURTOSIS**2) & (self.size < _FEW_PRODUCTS * both)
                points = np.where(seldom, self.size, self.points.reshape(-1, *[1] * (width.ndim - 1)))
                floor = normal_factor(confidence) * one * other / np.sqrt(points)
                width = np.where(np.isfinite(points), np.fmax(width, floor), width)
            result[key] = np.where(np.isnan(share), np.nan, width)
        return result

    def _rare_changes(self, measures: Arrays, confidence: float) -> FloatArray:
        """Return the kurtosis of what inputs that mostly interact change, shape (columns, inputs); 1 of the others."""
        first, half, total = measures["S1"], measures["S1_conf"], measures["ST"]
        # Without the changes: infinite where products show none of them at all.
        result = np.where((first == 0) & (half == 0) & (total > 0), np.inf, 1.0)
        # What an error of independent changes would not widen need not be looked at.
        root = np.sqrt(np.maximum(total, 0.0) * normal_factor(confidence) / np.sqrt(self.size))
        narrow = half < root**2
        if "S2_conf" in measures:
            pairs = measures["S2_conf"] < root[:, :, np.newaxis] * root[:, np.newaxis]
            narrow |= pairs.any(axis=1) | pairs.any(axis=2)
        columns, inputs = np.nonzero((first + half < total / 2) & narrow)
        if self.swapped is None or not columns.size:
            return result
        changes = self.swapped[columns, :, 1 + inputs] - self.swapped[columns, :, 0]
        peaks = np.abs(changes).max(axis=1, keepdims=True)
        squares = (changes / np.where(peaks > 0, peaks, 1.0)) ** 2
        sums = squares.sum(axis=1)
        kurtosis = self.size * np.vecdot(squares, squares) / np.where(sums > 0, sums, np.inf) ** 2
        result[columns, inputs] = np.maximum(kurtosis, 1.0)
        return result

    def _of_variance(self, share: FloatArray, confidence: float) -> FloatArray:
        """Return half-widths of shares of a variance that a few runs own, of which each replicate may count as many."""
        # Each may be off alike by the part of a run that so many agreeing ones allow (Wilson, one-sided).
        square = max(float(ndtri(confidence)), 0.0) ** 2
        heavy = np.where((self.kurtosis >= HEAVY_KURTOSIS) & np.isfinite(self.kurtosis), self.kurtosis, 0.0)
        part = square / (self.replicates + square) * self.replicates * heavy / (2 * self.size)
        inside = np.clip(share, 0.0, 1.0)
        return inside * (1 - inside) * part.reshape(-1, *[1] * (share.ndim - 1))

    def _counted(self, name: str, share: FloatArray, total: FloatArray, confidence: float) -> FloatArray:
        """Return half-widths of shares of the events of A and B together, NaN where indices are none."""
        square = normal_factor(confidence) ** 2 / self.together.reshape(-1, *[1] * (share.ndim - 1))
        if name == "S2":
            # Of a pair four terms count events, of variance 4 times the events at most, if either input matters.
            either = np.clip(total[:, :, np.newaxis] + total[:, np.newaxis], 0.0, 1.0)
            return np.asarray(np.abs(share - np.clip(share, 0.0, 1.0)) + 2 * np.sqrt(square * either))
        # The variance counts the events of A and of B, the numerator twice some of A or B alone, or some of AB: half
        # the share is that of events of A or B. Near a half it may be too low or too high.
        centre, spread = wilson(np.clip(share / 2, 0.0, 1.0), square)
        return np.maximum(share - 2 * (centre - spread), np.minimum(2 * (centre + spread), 1.0) - share)


def usual_values(independent: FloatArray) -> FloatArray:
    """Return the value that more than half of each column have, if there is one, shape (columns,)."""
    middle = independent.shape[1] // 2
    return np.array([np.partition(column, middle)[middle] for column in independent])


def as_wide_as_few_events(
    widths: FloatArray, indices: FloatArray, events: FloatArray, confidence: float, agreeing: FloatArray | float = 0.0
) -> FloatArray:
    """Return half-widths, shape (columns, ...), at least those of shares seen in so many events where these are few."""
    counts = np.where(events > 0, events, np.nan).reshape(-1, *[1] * (indices.ndim - 1))
    return np.fmax(widths, few_events_half_width(indices, counts * 2 / (2 - agreeing), confidence))


def skewness_widening(squared_skewness: FloatArray, confidence: float) -> FloatArray:
    """Return how much wider a symmetric interval must be where the estimate has some squared skewness."""
    # The factor makes good what is lost to first order in Edgeworth's expansion of the Studentised mean, as in
    # docs/theory/intervals.md; above 1, the skewness of a mean that one row owns, the expansion says nothing more.
    # P. Hall, The Bootstrap and Edgeworth Expansion (1992), section 2.6, doi:10.1007/978-1-4612-4384-7.
    square = normal_factor(confidence) ** 2
    return np.asarray(1 + max(square**2 + 2 * square - 3, 0.0) / 18 * np.minimum(squared_skewness, 1.0))


def squared_skewness(second: FloatArray, third: FloatArray, number: FloatArray | int) -> FloatArray:
    """Return the squared skewness G1 from central moments, less what chance alone gives a normal sample."""
    # Joanes and Gill (1998), doi:10.1111/1467-9884.00122.
    enough = (number > 2) & (second > 0)
    size = np.where(enough, number, 3.0)
    scale = np.where(enough, second, 1.0)
    # Not the cube of what may be as small as 1e-110.
    unbiased = ((third / scale) ** 2 / scale) * size * (size - 1) / (size - 2) ** 2
    by_chance = 6 * size * (size - 1) / ((size - 2) * (size + 1) * (size + 3))
    return np.where(enough, np.maximum(unbiased - by_chance, 0.0), 0.0)
