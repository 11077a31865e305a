"""What the forecast learns from what happened: ``python -m analyses.condition``."""

from typing import Any

import clustercast as cc
from analyses import options
from clustercast.errors import count_of


@options.analysis(years="2024:2034:2", samples=1 << 17, points=True)
def condition(
    run: options.Run,
    observations: str = "observed",
    without: str | None = None,
    skip_bad: bool = False,
    as_of: str | None = None,
    only_before: str | None = None,
) -> options.Answer:
    """Prior beside posterior for each input and path, what taught it, and where prior and data conflict.

    Writes the draws for ArviZ (condition.nc) and the posterior's paths (condition_paths.nc).
    """
    from clustercast.conditioning.checks import learned, observation_influence, prior_conflict
    from clustercast.conditioning.tree import posterior_inputs
    from clustercast.report.findings import forecast_sentence, key_year, limits_sentence
    from clustercast.report.wording import say

    known = cc.read_observations(observations, as_of=as_of, skip_bad=skip_bad)
    known = known.without(*options.names(without) or [], before=only_before)
    settings: dict[str, Any] = {"model": run.model, "size": run.samples, "seed": run.seed, "skip_bad": skip_bad}
    tree = cc.condition(run.priors, known, progress=run.progress, **settings)
    inputs = {group: posterior_inputs(tree, group=group) for group in ("prior", "posterior")}
    paths = {k: cc.propagate(one, model=run.model, years=run.years, outputs=run.outputs) for k, one in inputs.items()}
    table, conflict, influence = learned(tree), prior_conflict(tree), observation_influence(tree)
    year, about = key_year(run.years), {"provenance": cc.provenance_of(tree), "statement": tree.attrs["statement"]}
    before, after = (forecast_sentence(cc.summarise(one), run.outputs[:2], year) for one in paths.values())
    said = [f"As judged before, {before}", f"After what was observed, {after}", limits_sentence(run.priors)]
    return options.Answer(
        finding=[*said, *run.without_effect([*run.outputs, *known.quantities])],
        shown=[
            *say("forecast.pairs", [*paths.values()], run.outputs, [*paths]),
            *say("learning.learned", table),
            *say("learning.conflict", conflict),
            *say("learning.influence", influence),
            *cc.provenance_of(tree)["left_out"],
            *tree.attrs["statement"].splitlines(),
        ],
        results={**about, "learned": table, "conflict": conflict, "influence": influence},
        files={
            "condition.nc": lambda path: cc.write_netcdf(tree, path),
            "condition_paths.nc": lambda path: cc.write_netcdf(paths["posterior"], path),
        },
        note=count_of(conflict.sizes["observation"], "observation"),
    )


if __name__ == "__main__":
    options.run(condition)
