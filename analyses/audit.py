"""The texts' own arithmetic, recomputed: ``python -m analyses.audit``."""

import clustercast as cc
from analyses import options


@options.analysis(priors=False)
def audit(run: None, only: str | None = None) -> options.Answer:
    """Recompute each derivation of the texts from the essay's own inputs, and judge it.

    OK follows within the text's own rounding, ROUND loosely, NO does not follow from the
    stated inputs, EXT follows but an outside fact contradicts it.
    """
    from clustercast.files.whole import write_text
    from clustercast.report.json_text import json_text
    from clustercast.report.wording import say

    findings = cc.audit_findings(ids=options.names(only))
    records = [finding.as_dict() for finding in findings]
    return options.Answer(
        finding=say("audit.finding", findings),
        shown=say("audit.derivations", findings),
        results={"findings": records},
        files={"audit.json": lambda path: write_text(path, json_text(records) + "\n")},
        note="every input at its median in situational_awareness where the text does not say",
    )


if __name__ == "__main__":
    options.run(audit)
