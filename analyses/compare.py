"""Where two prior sets differ, and what that does to the headline: ``python -m analyses.compare A B``."""

from pathlib import Path

import clustercast as cc
from analyses import options


@options.analysis(priors=False, points=True)
def compare(
    run: None,
    a: str,
    b: str,
    scenario: str | None = None,
    set: list[str] | None = None,  # noqa: A002
    model: Path | None = None,
    years: str = "2026,2028,2030,2034",
    outputs: str | None = None,
    samples: int = options.QUICK,
    seed: int = 0,
) -> options.Answer:
    """Show the inputs in which two prior sets differ, and the headline of both on the same random numbers.

    --scenario and --set change both sets.
    """
    from clustercast.files.tables import write_table
    from clustercast.report.findings import forecast_sentence, key_year
    from clustercast.report.wording import say
    from clustercast.uncertainty.scenarios import paired_forecasts

    (one, known, _), (two, _, _) = (options.study(name, scenario, set, model) for name in (a, b))
    shown = options.names(outputs) or options.headline(one, known)
    known.order(shown)
    made = paired_forecasts([one, two], samples, seed, model=known, years=options.years(years), outputs=shown)
    quantiles = [forecast[shown].quantile([0.05, 0.5, 0.95], dim="sample", keep_attrs=True) for forecast in made]
    differing = cc.compare_priors(one, two)
    sets = (one.name, two.name)
    year = key_year(options.years(years)) if "year" in quantiles[0].dims else None
    said = [f"By {n}, {forecast_sentence(q, shown[:2], year)}" for n, q in zip(sets, quantiles, strict=True)]
    return options.Answer(
        finding=[*said, f"{one.name} and {two.name} differ in {len(differing)} of {len({**one, **two})} inputs."],
        shown=[*say("forecast.pairs", quantiles, shown, sets), *say("forecast.differing", differing, sets)],
        results={"inputs": differing.reset_index().to_dict("records"), "a": quantiles[0], "b": quantiles[1]},
        files={"compare.csv": lambda path: write_table(differing, path)},
        note=f"{one.name} ({one.hash}) and {two.name} ({two.hash}), seed {seed}",
    )


if __name__ == "__main__":
    options.run(compare)
