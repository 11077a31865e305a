"""Condition a forecast on what was observed."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

import xarray as xr
from threadpoolctl import threadpool_limits

from clustercast.arrays.points.designs import require_power_of_two
from clustercast.arrays.points.streams import checked_seed
from clustercast.conditioning import sampler
from clustercast.conditioning.observation_rows import Discrepancy, Observations
from clustercast.conditioning.observations import unlearned
from clustercast.conditioning.problem import Problem, factors_of
from clustercast.conditioning.tree import posterior_inputs, posterior_tree
from clustercast.dataset import Dataset, provenance_of, with_provenance
from clustercast.engine.model import Model, with_changes
from clustercast.errors import InputError, takes
from clustercast.priors.prior_set import Priors
from clustercast.propagation import Progress
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw

Method = Literal["auto", "importance", "tempered"]
YEARS = range(2012, 2035)
SIZE = 1 << 17
# Prior draws that show whether importance sampling can work.
PILOT = 1 << 13
BUDGET = 1 << 20


@takes()
def condition(
    priors: Priors,
    observations: Observations | None = None,
    *,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    size: int = SIZE,
    seed: int = 0,
    as_of: float | str | None = None,
    discrepancy: Discrepancy = None,
    method: Method = "auto",
    budget: int = BUDGET,
    draws: int = sampler.DRAWS,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Let a forecast learn from what was observed.

    Prior draws on Sobol' points are weighted by the likelihood, with Pareto smoothing. Where the weights cannot be
    trusted (k-hat above 0.7 or an effective size below 400) tempered populations go on from them.

    Parameters
    ----------
    priors : Priors
        Of a set that has learned already, all rows are learned from together, as if at once.
    observations : Observations, optional
        The shipped ones by default; for a set that has learned, those that it knows.
    model : Model, optional
        The shipped cluster model by default.
    years : iterable of float, optional
        Observations dated before the first or after the last are refused.
    size : int, optional
        Prior draws, a power of two; where the first 8,192 show that weights will fail, these alone.
    seed : int, optional
    as_of : float or str, optional
        Use only what was public by then, as ``"2024-06"``.
    discrepancy : float, distribution or mapping, optional
        In the place of the observations' own priors for what the model misses (standard deviation
        in decades), for all quantities or one a quantity; 0 takes the model as exact.
    method : {"auto", "importance", "tempered"}, optional
    budget : int, optional
        Most model runs of the sampler.
    draws : int, optional
        Posterior draws to keep, a multiple of 128.
    skip_bad : bool, optional
        Leave out rows that the model cannot be compared with.
    progress : callable, optional
        Called with the model runs done and their number, of each part in turn.

    Returns
    -------
    xarray.DataTree
        In ArviZ' convention (dims chain, draw): prior, posterior, their predictives, observed_data, log_likelihood,
        log_prior (of what is learned), sample_stats, constant_data. The attributes ``method``, ``k_hat``, ``ess``,
        ``r_hat``, ``reached`` and ``statement`` say how far to trust it, ``log_evidence`` is the log density of what
        was observed; ``ess`` counts draws that importance sampling repeats once, as ArviZ' own does not.

    Raises
    ------
    InputError
        If a row cannot be used (file and line are named), or nothing uncertain bears on what was observed.

    References
    ----------
    A. Vehtari et al., "Pareto smoothed importance sampling", J. Mach. Learn. Res. 25 (2024), arXiv:1507.02646.
    """
    seed = checked_seed(seed)
    require_power_of_two(size)
    if method not in get_args(Method):
        raise InputError(f"method is {method!r}; choose one of {', '.join(get_args(Method))}")
    walkers = sampler.CHAINS * sampler.WALKERS
    if size < walkers:
        raise InputError(f"size is {size}, too few prior draws to learn from; give at least {walkers}")
    if draws < 1 or draws % walkers:
        raise InputError(f"draws is {draws}; give a multiple of {walkers}, as {sampler.DRAWS}")
    priors, observations = unlearned(priors, observations)
    model = with_changes(cluster_model() if model is None else model, priors)
    observations = observations if as_of is None else observations.known_by(as_of)
    observations = observations.counted().checked(model, years, skip_bad=skip_bad)
    if not len(observations):
        raise InputError(f"{observations.name} holds no observation{'' if as_of is None else f' known by {as_of}'}")
    problem = Problem.of(priors, observations, model, discrepancy)
    parts = factors_of(problem, observations, model)
    # Threads of BLAS wait for each other between the small products of a move: five times the time on a busy machine.
    with threadpool_limits(1, user_api="blas"):
        made = [_learned(part, size, seed, method, budget, draws, progress) for part in parts]
    result = sampler.joined(made, [part.columns for part in parts])
    record: dict[str, Any] = {"priors_name": priors.name, "priors_hash": priors.hash, "model_hash": model.hash}
    record |= {"observations_name": observations.name, "observations_hash": observations.hash}
    record |= {"left_out": list(observations.left_out), "as_of": "" if as_of is None else str(as_of)}
    record |= {"design": {"name": "sobol", "seed": seed, "size": int(size)}}
    record["parts"] = [{"quantities": part.quantities, "parameters": part.active} for part in parts]
    return posterior_tree(priors, observations, problem, result, seed, record)


@takes()
def scenario_inputs(
    tree: xr.DataTree, priors: Priors, scenario: Priors, size: int | None = None, *, seed: int = 0
) -> Dataset:
    """Return posterior draws under a scenario: inputs that it changes are drawn from it, the others are as learned.

    Parameters
    ----------
    tree : DataTree
        From `condition`.
    priors, scenario : Priors
        Those that were conditioned, and the same with a scenario.
    size, seed : int, optional
        As in `posterior_inputs`.

    Returns
    -------
    Dataset
        As `posterior_inputs`.

    Raises
    ------
    InputError
        If the priors are not those of the tree, or the scenario has other inputs.
    """
    record = provenance_of(tree)
    if unlearned(priors)[0].hash != record.get("priors_hash"):
        raise InputError(f"{priors.name} ({priors.hash}) was not conditioned here ({record.get('priors_hash')})")
    if set(priors) != set(scenario):
        raise InputError(f"{scenario.name} has other inputs than {priors.name}; lay a scenario over the same set")
    inputs = posterior_inputs(tree, size, seed=seed)
    drawn = draw(scenario, inputs.sizes["sample"], seed=seed)
    changed = [name for name in priors if repr(priors[name]) != repr(scenario[name])]
    uncertain = [name for name in record["inputs"] if name in scenario.uncertain]
    uncertain += [name for name in changed if name in scenario.uncertain and name not in uncertain]
    laid = inputs.drop_vars(changed).assign({n: drawn[n] for n in changed})
    return with_provenance(laid, priors_name=scenario.name, priors_hash=scenario.hash, inputs=uncertain)


def _learned(
    problem: Problem, size: int, seed: int, method: Method, budget: int, draws: int, progress: Progress | None
) -> sampler.Posterior:
    """Weigh prior draws; sample on where the weights are not to be trusted."""
    name = ", ".join(problem.quantities)
    # As many effective draws as all would give can be seen from the first of them.
    for count in (size,) if method == "importance" else sorted({min(size, PILOT), size}):
        scores = problem.sobol_scores(seed, count)
        values = problem.log_likelihood(scores, progress)
        weights = sampler.smoothed_weights(values)
        if method == "tempered" or weights.ess * size < sampler.LEAST_ESS * count:
            break
    if method == "importance" or (method == "auto" and weights.trusted):
        return sampler.resampled(scores, values, weights, draws=draws, seed=seed, name=name)
    settings: dict[str, Any] = {"seed": seed, "name": name, "budget": budget, "draws": draws, "progress": progress}
    return sampler.sampled(problem.log_likelihood, scores, values, weights, **settings)
