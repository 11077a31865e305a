"""The texts' own arithmetic, recomputed: ``python -m analyses.audit``."""

from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from clustercast.report.audit import audit_table, verdict_counts
from clustercast.report.json_text import json_text


def audit(
    only: Annotated[str | None, typer.Option(metavar="ID,...", help="Derivations; all by default.")] = None,
    json: options.Json = False,
) -> None:
    """Recompute each derivation of the texts from the essay's own inputs, and judge it.

    OK follows within the text's own rounding, ROUND loosely, NO does not follow from the
    stated inputs, EXT follows but an outside fact contradicts it.
    """
    findings = cc.audit_findings(ids=options.names(only))
    if json:
        print(json_text([finding.as_dict() for finding in findings]))
        return
    console = options.console()
    console.print(audit_table(findings))
    console.print(verdict_counts(findings))
    console.print("every input at its median in situational_awareness where the text does not say")


if __name__ == "__main__":
    options.run(audit)
