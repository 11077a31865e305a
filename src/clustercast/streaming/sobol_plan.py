"""One piece of a streamed Saltelli design: draw it, run it, and keep the means of products of its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clustercast.arrays.indices.intervals import usual_values
from clustercast.arrays.indices.pick_freeze import centre_and_scale, product_sums, runs_per_point, separate
from clustercast.arrays.indices.sobol_estimators import Estimator, estimator_named
from clustercast.arrays.points.saltelli import saltelli_replicate
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.propagation import FloatArray
from clustercast.sampling import saltelli_values
from clustercast.streaming.moments import Moments, MomentTree, moments_of
from clustercast.streaming.plan import check_versions
from clustercast.streaming.reduction import Arrays, Ranges, joined_ranges
from clustercast.streaming.shared_standard import centre_sums

_ROWS_OF_A_LEAF = 4096


@dataclass(frozen=True)
class SobolPlan:
    """All that a worker needs to sum the products of any base points: replicates one after the other, in leaves.

    Attributes
    ----------
    priors : Priors
    seed : int
    each : int
        Base points of a replicate, a power of two.
    replicates : int
    swaps : mapping of str to sequence of str
        Inputs that are swapped together.
    estimator : str
    second_order : bool
    log10 : bool
        Whether outputs are analysed on the scale log10.
    program : Program
    versions : mapping of str to str
        Libraries of the machine that made the plan.
    standards : sequence of tuple of two float
        Centre and scale of each column, which all pieces share.
    """

    priors: Priors
    seed: int
    each: int
    replicates: int
    swaps: Mapping[str, Sequence[str]]
    estimator: str
    second_order: bool
    log10: bool
    program: Program
    versions: Mapping[str, str]
    standards: Sequence[tuple[float, float]] = ()
    # The value that nearly all runs of a column have where it is a rare event.
    usual: Sequence[float] = ()

    @property
    def b_swaps(self) -> bool:
        """Whether the runs ``BA_j`` are needed."""
        return self.second_order or estimator_named(self.estimator).needs_second_order

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
        """Return the plan with a centre and a scale for each column, from its first leaf.

        Raises
        ------
        InputError
            As `sum_products`.
        """
        runs = _runs(self, 0, 0)
        standards = [centre_and_scale(column) for column in runs]
        usual = usual_values(_independent(runs)).tolist()
        return replace(self, standards=[(centre, scale or 1.0) for centre, scale in standards], usual=usual)


class SobolSums:
    """Means of products, and moments of the independent runs, of each replicate; two of different leaves add up.

    Attributes
    ----------
    products : dict of int to MomentTree
        By replicate: means, shape (columns, statistics).
    values : dict of int to MomentTree
        By replicate: moments of the runs a and b on the scale of the analysis, shape (columns,); on the raw
        scale those of their natural logarithms follow, NaN where a run is not positive.
    leaves : list of tuple of two int
        Ranges of leaves seen, counted through all replicates, in order.
    """

    def __init__(self) -> None:
        self.products: dict[int, MomentTree] = {}
        self.values: dict[int, MomentTree] = {}
        self.leaves: Ranges = []

    @property
    def finished(self) -> int:
        """Number of leaves seen."""
        return sum(stop - start for start, stop in self.leaves)

    def merge(self, other: "SobolSums") -> None:
        """Take in other leaves of the same run.

        Parameters
        ----------
        other : SobolSums
        """
        for mine, theirs in ((self.products, other.products), (self.values, other.values)):
            for replicate, tree in theirs.items():
                mine.setdefault(replicate, MomentTree()).merge(tree)
        self.leaves = joined_ranges([*self.leaves, *other.leaves])

    def to_arrays(self) -> Arrays:
        """Return everything as arrays, for a file.

        Returns
        -------
        dict of str to array
        """
        arrays: Arrays = {"leaves": np.array(self.leaves, dtype=np.int64).reshape(-1, 2)}
        for kind, trees in (("products", self.products), ("values", self.values)):
            for replicate, tree in trees.items():
                arrays |= {f"{kind}.{replicate}.{name}": array for name, array in tree.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "SobolSums":
        """Return what `to_arrays` took apart.

        Parameters
        ----------
        arrays : dict of str to array

        Returns
        -------
        SobolSums
        """
        found = cls()
        parts: dict[tuple[str, int], Arrays] = {}
        for key, array in arrays.items():
            if key != "leaves":
                kind, replicate, name = key.split(".")
                parts.setdefault((kind, int(replicate)), {})[name] = array
        for (kind, number), tree in parts.items():
            trees = found.products if kind == "products" else found.values
            trees[number] = MomentTree.from_arrays(tree)  # type: ignore[arg-type]
        found.leaves = [(int(start), int(stop)) for start, stop in np.asarray(arrays["leaves"], dtype=np.int64)]
        return found

    def totals(self) -> tuple[FloatArray, Moments]:
        """Return the means of each replicate and the moments over all, once every leaf is there.

        Returns
        -------
        means : ndarray, shape (columns, statistics, replicates)
        values : Moments
            Of each column, and on the raw scale of its natural logarithm after them.
        """
        means = np.stack([self.products[replicate].total().mean for replicate in sorted(self.products)], axis=-1)
        whole, *others = (self.values[replicate].total() for replicate in sorted(self.values))
        for other in others:
            whole = whole.joined(other)
        return means, whole


def sum_products(plan: SobolPlan, start: int, stop: int) -> SobolSums:
    """Draw, propagate and sum the products of some leaves of base points.

    Parameters
    ----------
    plan : SobolPlan
    start, stop : int
        First leaf, and the one after the last, counted through all replicates.

    Returns
    -------
    SobolSums

    Raises
    ------
    InputError
        If an output is not finite, or not positive on the scale log10, or the libraries here are not those of the
        plan.
    """
    check_versions(plan.versions)
    estimator = estimator_named(plan.estimator)
    found = SobolSums()
    for leaf in range(start, stop):
        replicate, number = divmod(leaf, plan.each // plan.leaf)
        runs = _runs(plan, replicate, number)
        columns = zip(runs, plan.standards, strict=True)
        means = np.array([_sums(plan, estimator, column, *standard) for column, standard in columns]) / plan.leaf
        # The spread of products is of no use.
        moments = Moments(plan.leaf, means, means[:0])
        found.products.setdefault(replicate, MomentTree()).add(number, moments)
        found.values.setdefault(replicate, MomentTree()).add(number, _moments_of_independent(plan, runs))
    found.leaves = joined_ranges([(start, stop)])
    return found


def _moments_of_independent(plan: SobolPlan, runs: FloatArray) -> Moments:
    """Return the moments of the runs a and b, of how often they are unusual, and on the raw scale of logarithms."""
    independent = _independent(runs)
    unusual = (independent != np.array(plan.usual)[:, np.newaxis]).astype(np.float64)
    if plan.log10:
        return moments_of(np.vstack([independent, unusual]))
    positive = independent > 0
    logarithms = np.where(positive, np.log(np.where(positive, independent, 1.0)), np.nan)
    return moments_of(np.vstack([independent, unusual, logarithms]))


def _independent(runs: FloatArray) -> FloatArray:
    """Return the runs a and b of each column, shape (columns, runs)."""
    return np.ascontiguousarray(runs[:, :, [0, -1]].reshape(len(runs), -1))


def _sums(plan: SobolPlan, estimator: Estimator, column: FloatArray, centre: float, scale: float) -> FloatArray:
    """Sum the products of one column, and what moves their centre where that matters."""
    runs = separate(column, len(plan.swaps), centre=centre, scale=scale)
    products = product_sums(runs, estimator, second_order=plan.second_order)
    return np.concatenate([products, centre_sums(runs)]) if estimator.moved_by_centre else products


def _runs(plan: SobolPlan, replicate: int, leaf: int) -> FloatArray:
    """Return the runs of a leaf on the scale of the analysis, shape (columns, points, runs of a point)."""
    dimensions = len(plan.priors.uncertain)
    a, b = saltelli_replicate(plan.seed, replicate, plan.replicates, dimensions, plan.leaf, start=leaf * plan.leaf)
    inputs = saltelli_values(plan.priors, a, b, plan.swaps, plan.b_swaps)
    columns = []
    for name, result in plan.program.run(inputs).items():
        shape = plan.program.shape(name, plan.leaf * plan.runs)
        values = np.broadcast_to(result * plan.program.scale[name], shape)
        if not np.isfinite(values).all():
            raise InputError(f"output {name!r} has values that are not finite; mend the quantity that gives it")
        if plan.log10 and not values.min() > 0:
            raise InputError(f"output {name!r} is not positive everywhere; give scale='raw'")
        columns.append(np.log10(values) if plan.log10 else values)
    return np.vstack([np.atleast_2d(column) for column in columns]).reshape(-1, plan.leaf, plan.runs)
