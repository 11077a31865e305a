"""The forecast as a page with sliders, which runs the model in the browser: ``python -m analyses.explore``."""

from typing import Any

import clustercast as cc
from analyses import options
from clustercast.engine.units import conversion
from clustercast.files.whole import write_text
from clustercast.priors.prior_file import scenario_about
from clustercast.priors.shipped import shipped_names
from clustercast.report.explorer import World, explorer_data, page_of
from clustercast.report.findings import FIRST, PHRASES

LEVELS = {name: phrase["asked"] for name, phrase in PHRASES.items() if "asked" in phrase}


@options.analysis(years=options.YEARS, samples=None)
def explore(run: options.Run) -> options.Answer:
    """Write explore.html: one file that opens from disk and asks nothing of a network.

    Both prior sets and every scenario can be chosen in it; with --priors, --scenario or --set it opens with those.
    Without --outputs it shows power, cost and investment of the headline.
    """
    # What the reader can ask about: the first questions of the shipped model, or what was asked for.
    usual = run.outputs == options.headline(run.priors, run.model)
    outputs = run.outputs if not usual else [name for name in FIRST if name in run.outputs] or run.outputs[:3]
    data = explorer_data(worlds(run), run.model, outputs, run.years, LEVELS, run.seed)
    page = page_of({**data, "observed": observed(run.model, outputs)})
    return options.Answer(
        finding=run.opening(run.forecast()),
        results={"files": ["explore.html"]},
        files={"explore.html": lambda path: write_text(path, page)},
    )


def worlds(run: options.Run) -> list[World]:
    """Return the priors that were asked for first, then each shipped set as it stands and under each scenario."""
    name, scenario = run.named
    title = run.priors.about.title or run.priors.name
    first = World(run.priors, title, named=("", "") if run.settings else (name, scenario or ""))
    if not name or run.settings or name not in shipped_names():
        return [first]
    result = []
    for own in (name, *(other for other in shipped_names() if other != name)):
        priors = cc.read_priors(own)
        result.append(World(priors, priors.about.title, named=(own, "")))
        for key in shipped_names("scenarios"):
            about = scenario_about(key)
            result.append(World(cc.read_priors(own, scenario=key), about.title, about.why, (own, key)))
    return sorted(result, key=lambda world: world.named != first.named)


def observed(model: cc.Model, outputs: list[str]) -> list[dict[str, Any]]:
    """Return what was observed of the quantities that the page shows, in their units."""
    result = []
    for row in (row for row in cc.read_observations() if row.quantity in outputs and row.quantity in model):
        value = row.value * conversion(row.unit, model.unit(row.quantity)) / row.part
        result.append({"output": row.quantity, "date": row.date, "value": value, "kind": row.kind, "name": row.name})
    return result


if __name__ == "__main__":
    options.run(explore)
