"""One piece of a run: draw it, propagate it, and keep moments, quantiles and counts, or means of products of runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import usual_values
from clustercast.arrays.indices.sobol_estimators import Estimator, Runs, centre_and_scale, runs_per_point
from clustercast.arrays.points.designs import saltelli_replicate
from clustercast.arrays.points.streams import replicate_seed
from clustercast.arrays.summaries import unit_for_squares
from clustercast.engine.operations import Device, to_device, to_host
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sampling import input_values, saltelli_columns
from clustercast.streaming.moments import LEAF, LeafSums, Moments, leaf_moments, mean_and_spread

# Leaves drawn at a time, and leaves propagated at a time: what a cache holds, and what fills a GPU.
_DRAWN_LEAVES = {"cpu": 32, "cuda": 256}
_RUN_LEAVES = {"cpu": 1, "cuda": 256}
_ROWS_OF_A_LEAF = 4096


class StreamPlan(NamedTuple):
    """All that a worker needs to reduce any samples of a run."""

    priors: Priors
    design: str
    seed: int
    size: int
    program: Program
    # Number of labels of each output that is an index; levels, in its unit, whose exceedances are counted.
    labels: Mapping[str, int]
    levels: Mapping[str, tuple[float, ...]] = {}
    device: Device = "cpu"

    @property
    def leaves(self) -> int:
        """Number of leaves of the run."""
        return -(-self.size // LEAF)

    @property
    def columns(self) -> dict[str, slice]:
        """Place of each output that is no index among the columns of numbers."""
        return _places(self.program, [name for name in self.program.outputs if name not in self.labels])

    def empty(self) -> LeafSums:
        """Return the reduction of no samples."""
        rows = {name: math.prod(self.program.shape(name, 1)) for name in self.program.outputs}
        counts = {f"{name}_label": (rows[name], number) for name, number in self.labels.items()}
        counts |= {f"{name}_level": (rows[name], len(levels)) for name, levels in self.levels.items()}
        return LeafSums(sum(rows[name] for name in self.columns), counts)


def _places(program: Program, names: Iterable[str]) -> dict[str, slice]:
    """Return the place of each output among the columns, a row a year."""
    start = 0
    return {name: slice(start, start := start + math.prod(program.shape(name, 1))) for name in names}


def reduce_leaves(plan: StreamPlan, start: int, stop: int) -> LeafSums:
    """Draw, propagate and reduce the leaves from `start` to before `stop`."""
    program, sums = plan.program._replace(fixed=to_device(plan.program.fixed, plan.device)), plan.empty()
    drawn, together = _DRAWN_LEAVES[plan.device], _RUN_LEAVES[plan.device] * LEAF
    buffer = to_device({"": np.empty((sums.sketch.columns, min(drawn, stop - start) * LEAF))}, plan.device)[""]
    for first in range(start, stop, drawn):
        rows = range(first * LEAF, min(min(first + drawn, stop) * LEAF, plan.size))
        values = input_values(plan.priors, plan.design, plan.seed, rows.start, rows.stop, program.factors)
        piece = buffer[:, : len(rows)]
        for offset in range(0, len(rows), together):
            part = slice(offset, min(offset + together, len(rows)))
            inputs = to_device({name: values[name][part] for name in program.factors}, plan.device)
            _reduce_block(plan, program.run(inputs), piece[:, part], sums)
            for leaf, moments in enumerate(leaf_moments(piece[:, part]), first + offset // LEAF):
                sums.add(leaf, moments)
        sums.sketch.add(piece)
    return sums


def _reduce_block(plan: StreamPlan, results: Mapping[str, FloatArray], block: FloatArray, sums: LeafSums) -> None:
    """Write the numbers of a block in declared units, and count labels and exceedances."""
    for name, place in plan.columns.items():
        np.multiply(results[name], plan.program.scale[name], out=block[place])
        if not np.isfinite(block[place]).all():
            raise InputError(f"output {name!r} has values that are not finite; correct the quantity that gives it")
        if name in plan.levels:
            reached = [to_host(np.count_nonzero(block[place] >= level, axis=-1)) for level in plan.levels[name]]
            sums.counts[f"{name}_level"] += np.stack(reached, axis=-1)
    for name, number in plan.labels.items():
        values = np.broadcast_to(results[name], (math.prod(plan.program.shape(name, 1)), block.shape[-1]))
        whole = values.astype(np.int64)
        if not ((whole == values) & (whole >= 0) & (whole < number)).all():
            raise InputError(f"output {name!r} has values that are none of 0 to {number - 1}, its labels")
        sums.counts[f"{name}_label"] += np.stack([to_host(np.bincount(row, minlength=number)) for row in whole])


class SobolPlan(NamedTuple):
    """All that a worker needs to sum the products of any base points: replicates one after the other, in leaves."""

    priors: Priors
    seed: int
    # Base points of a replicate, a power of two.
    each: int
    replicates: int
    swaps: Mapping[str, Sequence[str]]
    estimator: Estimator
    second_order: bool
    # Whether the runs BA are needed.
    b_swaps: bool
    # Outputs on the scale log10; the others are on the raw scale.
    log10: frozenset[str]
    program: Program
    # What all pieces share of each column, shape (4, columns): what its values are divided by, so that a float holds
    # their squares, and then their centre, scale and usual value.
    standards: FloatArray = np.empty((4, 0))

    @property
    def columns(self) -> dict[str, slice]:
        """Place of each output among the columns."""
        return _places(self.program, self.program.outputs)

    @property
    def runs(self) -> int:
        """Runs of a base point."""
        return runs_per_point(len(self.swaps), self.b_swaps)

    @property
    def leaf(self) -> int:
        """Base points of a leaf: a power of two, so that a finished replicate is one node of its tree."""
        return min(self.each, 1 << (max(1, _ROWS_OF_A_LEAF // self.runs).bit_length() - 1))

    @property
    def top(self) -> int:
        """Level of the tree at which a node is a replicate."""
        return (self.each // self.leaf).bit_length() - 1

    def on_common_standards(self) -> "SobolPlan":
        """Return the plan with the standards of each column, from its first leaf."""
        runs = _runs(self, 0)
        factors = np.array([unit_for_squares(column) for column in runs])
        runs = runs / factors[:, np.newaxis, np.newaxis]
        centres, scales = np.array([centre_and_scale(column) for column in runs]).T
        usual = usual_values(_independent(runs))
        return self._replace(standards=np.stack([factors, centres, np.where(scales > 0, scales, 1.0), usual]))


def sum_products(plan: SobolPlan, start: int, stop: int) -> LeafSums:
    """Draw, propagate and sum the products of the leaves from `start` to before `stop`, through all replicates."""
    sums = LeafSums(top=plan.top)
    widths = [place.stop - place.start for place in plan.columns.values()]
    raw = np.repeat([name not in plan.log10 for name in plan.columns], widths)
    factors, centres, scales, usual = plan.standards[..., np.newaxis]
    for leaf in range(start, stop):
        panel, products = _runs(plan, leaf) / factors[..., np.newaxis], []
        for column, centre, scale in zip(panel, centres.flat, scales.flat, strict=True):
            runs = Runs.of(column, len(plan.swaps), centre=centre, scale=scale)
            own = plan.estimator.sums(runs, plan.second_order)
            products.append(np.concatenate([own, runs.centre_sums()]) if plan.estimator.moved_by_centre else own)
        # Of the runs a and b: values, powers, how often they are unusual, these more so in a; on the raw scale logs.
        independent = _independent(panel)
        unusual, sides = (independent != usual).astype(np.float64), np.resize([1.0, -1.0], independent.shape[1])
        standard = (independent - centres) / scales
        powers = [standard**power for power in (1, 2, 3, 4)]
        parts = [independent, *powers, unusual, *(each * sides for each in (*powers, unusual))]
        if raw.any():
            positive = (independent > 0) & raw[:, np.newaxis]
            parts.append(np.where(positive, np.log(np.where(positive, independent, 1.0)), np.nan))
        mean, spread = mean_and_spread(np.vstack(parts))
        # The spread of products is of no use.
        sums.add(leaf, Moments(independent.shape[-1], np.concatenate([mean, np.ravel(products) / plan.leaf]), spread))
    return sums


def _independent(runs: FloatArray) -> FloatArray:
    """Return the runs a and b of each column, shape (columns, runs)."""
    return np.ascontiguousarray(runs[:, :, [0, -1]].reshape(len(runs), -1))


def _runs(plan: SobolPlan, leaf: int) -> FloatArray:
    """Return the runs of a leaf on the scale of the analysis, shape (columns, points, runs of a point)."""
    names, (replicate, start) = plan.priors.uncertain, divmod(leaf * plan.leaf, plan.each)
    a, b = saltelli_replicate(replicate_seed(plan.seed, replicate), plan.replicates, names, plan.leaf, start=start)
    columns = []
    inputs = saltelli_columns(plan.priors, a, b, plan.swaps, plan.b_swaps)
    for name, result in plan.program.run({name: column[:] for name, column in inputs.items()}).items():
        values = np.broadcast_to(result * plan.program.scale[name], plan.program.shape(name, plan.leaf * plan.runs))
        if not np.isfinite(values).all():
            raise InputError(f"output {name!r} has values that are not finite; correct the quantity that gives it")
        if name in plan.log10 and not values.min() > 0:
            share = f"{np.count_nonzero(values <= 0):,} of {values.size:,} values of a piece"
            raise InputError(f"output {name!r} is not positive in {share}; give it the scale 'raw'")
        columns.append(np.log10(values) if name in plan.log10 else values)
    return np.vstack([np.atleast_2d(column) for column in columns]).reshape(-1, plan.leaf, plan.runs)
