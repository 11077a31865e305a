"""The audit of the texts' arithmetic: a table, and its verdicts counted in words."""

from collections import Counter
from collections.abc import Sequence

from clustercast.audit.findings import Finding, PartFinding
from clustercast.report.numbers import calendar_year, human, interval
from clustercast.report.tables import Table, table

MEANINGS = {
    "OK": "follow within the text's own rounding",
    "ROUND": "follow loosely",
    "NO": "do not follow from the stated inputs",
    "EXT": "follow, but an outside fact contradicts them",
    "-": "have nothing stated to compare with",
}


def audit_table(findings: Sequence[Finding]) -> Table:
    """Return the table of derivations: what the text says, what it comes to, the verdict."""
    rows = [
        (
            found.derivation.id,
            found.derivation.text,
            "\n".join(part_text(part, found.verdict) for part in found.parts),
            found.verdict,
        )
        for found in findings
    ]
    return table("Audit", ("ID", "text", "recomputed", "verdict"), rows, words=(0, 1, 2, 3))


def part_text(found: PartFinding, verdict: str) -> str:
    """Return a recomputed number with its label, and its verdict where that is not the derivation's."""
    label = f"{found.part.label}: " if found.part.label else ""
    own = f" ({found.verdict})" if found.verdict not in ("-", verdict) else ""
    return f"{label}{number_text(found)}{own}"


def number_text(found: PartFinding) -> str:
    """Return a recomputed number or range; an error of the hundredth part gives the three digits that 19.4 % needs."""
    part, ends = found.part, (found.low, found.high)
    error = max(map(abs, ends)) / 100
    if part.date:
        return " to ".join(dict.fromkeys(calendar_year(end) for end in ends))
    if abs(found.high - found.low) <= abs(found.high) * 1e-9:
        return human(found.low, part.unit, error=error, share=part.share)
    return interval(found.low, found.high, part.unit, error=error, share=part.share)


def verdict_counts(findings: Sequence[Finding]) -> list[tuple[int, str, str]]:
    """Return how many derivations have each verdict, with the verdict in words."""
    counts = Counter(str(found.verdict) for found in findings)
    return [(counts[name], name, meaning) for name, meaning in MEANINGS.items() if counts[name]]
