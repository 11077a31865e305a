"""Every derivation, recomputed and judged."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from clustercast.audit.statements import AuditFile, Derivation, Part, Rule, numbers_of, read_audit
from clustercast.engine.units import factor
from clustercast.errors import InputError, located, nearest, typed
from clustercast.priors.prior_file import read_priors
from clustercast.uncertainty.stated import read_stated_tables

Verdict = Literal["OK", "ROUND", "EXT", "NO", "-"]
# From the best to the worst.
_ORDER: tuple[Verdict, ...] = ("-", "OK", "ROUND", "EXT", "NO")
_SLACK = 1e-9
ESSAY = "situational_awareness"


@dataclass(frozen=True)
class PartFinding:
    """One recomputed number, or the ends of a range, beside what the text states, in the unit of the part."""

    part: Part
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Finding:
    """One derivation, recomputed; its verdict is the worst of the parts that are no variants."""

    derivation: Derivation
    parts: tuple[PartFinding, ...]
    verdict: Verdict

    def as_dict(self) -> dict[str, object]:
        """Return the finding in types that JSON has."""
        parts = [{**p.part.model_dump(), "recomputed": (p.low, p.high), "verdict": p.verdict} for p in self.parts]
        return {**self.derivation.model_dump(), "parts": parts, "verdict": self.verdict}


@typed
def audit_findings(*, ids: Iterable[str] | None = None, file: AuditFile | None = None) -> list[Finding]:
    """Recompute the texts' derivations from the essay's own inputs, and judge them by one rule.

    Parameters
    ----------
    ids : iterable of str, optional
        Derivations asked for, as ``"A9"``; all by default.
    file : AuditFile, optional
        From `read_audit`; the shipped one by default.

    Returns
    -------
    list of Finding
        In the order of the file. Each input is at its median in ``situational_awareness``.

    Raises
    ------
    InputError
        If an id is unknown, or a formula names what is not there or gives no finite number.

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa, Racing to the Trillion-Dollar Cluster (2024).

    Examples
    --------
    >>> [finding.verdict for finding in audit_findings(ids=["A1", "A9"])]
    ['OK', 'NO']
    """
    file = read_audit() if file is None else file
    known = {derivation.id: derivation for derivation in file.derivation}
    wanted = set(known if ids is None else ids)
    for name in sorted(wanted - known.keys()):
        raise InputError(f"the audit has no derivation {name!r}{nearest(name, known)}; it has {', '.join(known)}")
    numbers = numbers_of(file, read_priors(ESSAY), read_stated_tables())
    result = []
    for derivation in (known[name] for name in known if name in wanted):
        parts = []
        for part in derivation.parts:
            with located(f"derivation {derivation.id}, part {part.name}"):
                ends = numbers.value(part.formula) / factor(part.unit)
            low, high = float(ends.min()), float(ends.max())
            parts.append(PartFinding(part, low, high, part_verdict(low, high, part, file.rule)))
        result.append(Finding(derivation, tuple(parts), worst(one.verdict for one in parts if not one.part.variant)))
    return result


def rounding_interval(value: float, digits: int) -> tuple[float, float]:
    """Return the ends of the numbers that round to one above 0 in so many significant digits; the upper is outside."""
    exponent = math.floor(math.log10(value) + _SLACK)
    half = 10.0 ** (exponent - digits + 1) / 2
    # Below a power of ten numbers are written a digit finer.
    low = value - (half / 10 if math.isclose(value, 10.0**exponent) else half)
    return float(f"{low:.12g}"), float(f"{value + half:.12g}")


def part_verdict(low: float, high: float, part: Part, rule: Rule) -> Verdict:
    """Return the verdict on a recomputed number or range beside what a part states, in the part's unit."""
    # OK: some recomputed value rounds to a stated one. ROUND: within the loose factor or time. EXT or NO: neither, for
    # an outside fact or for the text's own inputs. "-": the part states nothing.
    if part.low is None or part.high is None:
        return "-"
    first, last = part.low * (1 - _SLACK), part.high * (1 + _SLACK)
    if part.digits is not None:
        first = rounding_interval(part.low, part.digits)[0] * (1 - _SLACK)
        last = rounding_interval(part.high, part.digits)[1] * (1 - _SLACK)
    if high >= first and low <= last:
        return "OK"
    if part.date:
        loose = max(part.low - high, low - part.high) <= rule.loose_time
    else:
        loose = part.digits is not None and max(part.low / high, low / part.high) <= rule.loose_factor * (1 + _SLACK)
    return "ROUND" if loose else "EXT" if part.against == "fact" else "NO"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts."""
    return max(verdicts, key=_ORDER.index, default="-")
