"""The texts' own arithmetic, recomputed: ``python -m analyses.audit``."""

from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from clustercast.report.audit import audit_table, verdict_counts
from clustercast.report.json_text import json_text


def audit(
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    only: Annotated[str | None, typer.Option(metavar="ID,...", help="Derivations; all by default.")] = None,
    json: options.Json = False,
) -> None:
    """Recompute each derivation of the texts at the medians of the priors, and judge it.

    OK follows within the text's own rounding, ROUND loosely, NO does not follow from the
    stated inputs, EXT follows but an outside fact contradicts it.
    """
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    findings = cc.audit_findings(given, ids=options.names(only))
    if json:
        print(json_text([finding.as_dict() for finding in findings]))
        return
    console = options.console()
    console.print(audit_table(findings))
    console.print(verdict_counts(findings))
    console.print(f"{given.name} ({given.hash}), every input at its median where the text does not say")


if __name__ == "__main__":
    options.run(audit)
