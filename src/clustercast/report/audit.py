"""The audit of the texts' arithmetic as a terminal table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.table import Table

from clustercast.report.numbers import calendar_year, human, interval


class Part(Protocol):
    """What is shown of a part."""

    @property
    def label(self) -> str:
        """How it is told apart."""

    @property
    def unit(self) -> str:
        """Its unit."""

    @property
    def variant(self) -> bool:
        """Whether it is another reading."""

    @property
    def date(self) -> bool:
        """Whether it is a date."""

    @property
    def share(self) -> bool:
        """Whether it is shown in percent."""


class PartFinding(Protocol):
    """What is shown of a recomputed number."""

    @property
    def part(self) -> Part:
        """What it is."""

    @property
    def low(self) -> float:
        """Its lower end."""

    @property
    def high(self) -> float:
        """Its upper end."""

    @property
    def verdict(self) -> str:
        """Whether it bears the text out."""


class Derivation(Protocol):
    """What is shown of a derivation."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def text(self) -> str:
        """What the text says."""


class Finding(Protocol):
    """What is shown of a recomputed derivation."""

    @property
    def derivation(self) -> Derivation:
        """What is stated."""

    @property
    def parts(self) -> Sequence[PartFinding]:
        """The recomputed numbers."""

    @property
    def verdict(self) -> str:
        """Whether the derivation holds."""


def audit_table(findings: Iterable[Finding]) -> Table:
    """Make the table of derivations: what the text says, what it comes to, the verdict.

    Parameters
    ----------
    findings : iterable of Finding
        From `clustercast.audit_findings`.

    Returns
    -------
    rich.table.Table
        A variant or a part with a verdict of its own has it behind the number.
    """
    table = Table(title="Audit", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("ID", no_wrap=True)
    table.add_column("text", overflow="fold", ratio=9)
    table.add_column("recomputed", overflow="fold", ratio=10)
    table.add_column("verdict", no_wrap=True)
    for finding in findings:
        lines = [part_text(found, finding.verdict) for found in finding.parts]
        table.add_row(finding.derivation.id, finding.derivation.text, "\n".join(lines), finding.verdict)
    return table


def part_text(found: PartFinding, verdict: str) -> str:
    """Write a recomputed number with its label, and its verdict where that is not the derivation's.

    Parameters
    ----------
    found : PartFinding
    verdict : str
        The derivation's.

    Returns
    -------
    str
    """
    label = f"{found.part.label}: " if found.part.label else ""
    own = f" ({found.verdict})" if found.verdict not in ("-", verdict) else ""
    return f"{label}{number_text(found)}{own}"


def number_text(found: PartFinding) -> str:
    """Write a recomputed number or range.

    Parameters
    ----------
    found : PartFinding

    Returns
    -------
    str
    """
    part = found.part
    # Three digits tell 19.4 from 20 %: the error that allows them is the hundredth part.
    error = max(abs(found.low), abs(found.high)) / 100
    same = abs(found.high - found.low) <= abs(found.high) * 1e-9
    if part.date:
        dates = [calendar_year(end) for end in (found.low, found.high)]
        return dates[0] if dates[0] == dates[1] else " to ".join(dates)
    if same:
        return human(found.low, part.unit, error=error, share=part.share)
    return interval(found.low, found.high, part.unit, error=error, share=part.share)


def verdict_counts(findings: Iterable[Finding]) -> str:
    """Write how many derivations have each verdict.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    str
    """
    meanings = {
        "OK": "OK (follows)",
        "ROUND": "ROUND (loosely)",
        "NO": "NO (does not follow)",
        "EXT": "EXT (an outside fact contradicts)",
        "-": "- (nothing stated)",
    }
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[name]} {meaning}" for name, meaning in meanings.items() if counts[name])
