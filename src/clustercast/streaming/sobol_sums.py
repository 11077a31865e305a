"""One piece of a streamed Saltelli design: draw it, run it, and keep the means of products of its runs."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import usual_values
from clustercast.arrays.indices.sobol_estimators import (
    Estimator,
    Runs,
    centre_and_scale,
    product_sums,
    runs_per_point,
    separate,
)
from clustercast.arrays.points.designs import saltelli_replicate
from clustercast.arrays.summaries.order_statistics import unit_for_squares
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sampling import saltelli_values
from clustercast.streaming.executors import check_versions
from clustercast.streaming.moments import LeafSums, Moments, leaf_moments

_ROWS_OF_A_LEAF = 4096
# Means of runs; all others are of products of two.
_OF_RUNS = ("sum", "a", "b", "swapped", "other")


@dataclass(frozen=True)
class SobolPlan:
    """All that a worker needs to sum the products of any base points: replicates one after the other, in leaves."""

    priors: Priors
    seed: int
    # Base points of a replicate, a power of two.
    each: int
    replicates: int
    swaps: Mapping[str, Sequence[str]]
    estimator: Estimator
    second_order: bool
    # Outputs on the scale log10; the others are on the raw scale.
    log10: frozenset[str]
    program: Program
    versions: Mapping[str, str]
    # Centre and scale of each column, which all pieces share, and its usual value.
    standards: Sequence[tuple[float, float]] = ()
    usual: Sequence[float] = ()
    # What the values of each column are divided by, so that their squares are no more than a float holds.
    factors: Sequence[float] = ()

    @property
    def b_swaps(self) -> bool:
        """Whether the runs ``BA_j`` are needed."""
        return self.second_order or self.estimator.needs_second_order

    @property
    def rows(self) -> dict[str, int]:
        """Number of columns of each output: its years, 1 where it has none."""
        dimensions = self.program.dimensions
        return {name: self.program.years if dimensions[name] == 2 else 1 for name in self.program.outputs}

    @property
    def runs(self) -> int:
        """Runs of a base point."""
        return runs_per_point(len(self.swaps), self.b_swaps)

    @property
    def leaf(self) -> int:
        """Base points of a leaf: a power of two, so that a finished replicate is one node of its tree."""
        most = max(1, _ROWS_OF_A_LEAF // self.runs)
        return min(self.each, 1 << (most.bit_length() - 1))

    @property
    def leaves(self) -> int:
        """Leaves of all replicates."""
        return self.replicates * (self.each // self.leaf)

    def on_common_standards(self) -> "SobolPlan":
        """Return the plan with a centre, a scale and a usual value for each column, from its first leaf."""
        factors = [unit_for_squares(column) for column in _runs(self, 0, 0)]
        plan = replace(self, factors=factors) if set(factors) != {1.0} else self
        runs = _runs(plan, 0, 0)
        standards = [centre_and_scale(column) for column in runs]
        usual = usual_values(_independent(runs)).tolist()
        return replace(plan, standards=[(centre, scale or 1.0) for centre, scale in standards], usual=usual)


def sum_products(plan: SobolPlan, start: int, stop: int) -> LeafSums:
    """Draw, propagate and sum the products of the leaves from `start` to before `stop`, through all replicates."""
    check_versions(plan.versions)
    sums = LeafSums()
    raw = np.array([name not in plan.log10 for name, rows in plan.rows.items() for _ in range(rows)])
    centres, scales = np.array(plan.standards).T[..., np.newaxis]
    for leaf in range(start, stop):
        replicate, number = divmod(leaf, plan.each // plan.leaf)
        panel, products = _runs(plan, replicate, number), []
        for column, (centre, scale) in zip(panel, plan.standards, strict=True):
            runs = separate(column, len(plan.swaps), centre=centre, scale=scale)
            own = product_sums(runs, plan.estimator, second_order=plan.second_order)
            products.append(np.concatenate([own, centre_sums(runs)]) if plan.estimator.moved_by_centre else own)
        means = np.array(products) / plan.leaf
        # The spread of products is of no use.
        sums.trees[f"products.{replicate}"].add(number, Moments(plan.leaf, means, means[:0]))
        # Of the runs a and b: values, how often they are unusual, powers, and on the raw scale logarithms.
        independent = _independent(panel)
        unusual = (independent != np.array(plan.usual)[:, np.newaxis]).astype(np.float64)
        standard = (independent - centres) / scales
        parts = [independent, unusual, *(standard**power for power in (1, 2, 3, 4))]
        if raw.any():
            positive = (independent > 0) & raw[:, np.newaxis]
            parts.append(np.where(positive, np.log(np.where(positive, independent, 1.0)), np.nan))
        sums.trees[f"values.{replicate}"].add(number, leaf_moments(np.vstack(parts), independent.shape[-1])[0])
    sums.leaves = [(start, stop)]
    return sums


def totals(sums: LeafSums) -> tuple[FloatArray, Moments]:
    """Return the means of products (columns, statistics, replicates), and the moments of values over all replicates."""
    replicates = range(len(sums.trees) // 2)
    means = np.stack([sums.trees[f"products.{number}"].total().mean for number in replicates], axis=-1)
    values = (sums.trees[f"values.{number}"].total() for number in replicates)
    return means, functools.reduce(Moments.joined, values)


def _independent(runs: FloatArray) -> FloatArray:
    """Return the runs a and b of each column, shape (columns, runs)."""
    return np.ascontiguousarray(runs[:, :, [0, -1]].reshape(len(runs), -1))


def _runs(plan: SobolPlan, replicate: int, leaf: int) -> FloatArray:
    """Return the runs of a leaf on the scale of the analysis, shape (columns, points, runs of a point)."""
    names = plan.priors.uncertain
    a, b = saltelli_replicate(plan.seed, replicate, plan.replicates, names, plan.leaf, start=leaf * plan.leaf)
    inputs = saltelli_values(plan.priors, a, b, plan.swaps, plan.b_swaps)
    columns = []
    for name, result in plan.program.run(inputs).items():
        shape = plan.program.shape(name, plan.leaf * plan.runs)
        values = np.broadcast_to(result * plan.program.scale[name], shape)
        if not np.isfinite(values).all():
            raise InputError(f"output {name!r} has values that are not finite; correct the quantity that gives it")
        if name in plan.log10 and not values.min() > 0:
            share = f"{np.count_nonzero(values <= 0):,} of {values.size:,} values of a piece"
            raise InputError(f"output {name!r} is not positive in {share}; give it the scale 'raw'")
        columns.append(np.log10(values) if name in plan.log10 else values)
    panel = np.vstack([np.atleast_2d(column) for column in columns]).reshape(-1, plan.leaf, plan.runs)
    return panel / np.array(plan.factors)[:, np.newaxis, np.newaxis] if plan.factors else panel


# Pieces share a centre and a scale that are taken from a few runs. Indices do not depend on the scale, and with most
# estimators not on the centre. Those of Saltelli (2010) and Sobol' (2007) multiply a run by a change, and have the mean
# of all runs for their centre. Their products are linear in it, so that the means of the changes are enough to move it
# afterwards.


def centre_sums(runs: Runs) -> FloatArray:
    """Return the sums over points of the mean of a point's runs, and of the change that each swap makes."""
    swaps = [runs.a_change] if runs.b_change is None else [runs.a_change, runs.b_change]
    changes = np.concatenate([swap.sum(axis=1) for swap in swaps])
    inputs = len(runs.a_change)
    of_b = 1 if runs.b_change is None else inputs + 1
    everything = (inputs + 1) * runs.a.sum() + of_b * runs.b.sum() + changes.sum()
    return np.concatenate([[everything / (inputs + 1 + of_b)], changes])


def about_mean(means: FloatArray, estimator: Estimator, inputs: int, *, second_order: bool = False) -> FloatArray:
    """Return means of products about the mean of all runs; those of `centre_sums` follow them, and are used up."""
    layout = estimator.layout(inputs, second_order)
    size = max(rows.stop for rows in layout.values())
    moved = means[:size].copy()
    centre, changes = means[size].mean(), means[size + 1 :]
    a_change, b_change = changes[:inputs], changes[inputs:]
    moved[layout["square"]] -= 2 * centre * (moved[layout["sum"]] - centre)
    moved[layout["sum"]] -= 2 * centre
    for name, times in estimator.moved_by_centre.items():
        moved[layout[name]] += times * centre * a_change
    if second_order:
        moved[layout["mixed"]] -= centre * (b_change - a_change)
    return moved


def rescaled(
    means: FloatArray, factor: float, estimator: Estimator, inputs: int, *, second_order: bool = False
) -> FloatArray:
    """Return the means of products of runs that are multiplied by a factor."""
    products = means * factor**2
    for name, rows in estimator.layout(inputs, second_order).items():
        if name in _OF_RUNS:
            products[rows] = means[rows] * factor
    return products
