"""Every derivation, recomputed and judged."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.audit.gas_and_texts import GAS_AND_TEXTS
from clustercast.audit.largest_cluster import LARGEST_CLUSTER
from clustercast.audit.money import MONEY
from clustercast.audit.recomputation import Recomputation
from clustercast.audit.statements import AuditFile, Derivation, Part, read_audit
from clustercast.audit.verdicts import Verdict, part_verdict, worst
from clustercast.audit.world import WORLD
from clustercast.engine.model import Model
from clustercast.engine.units import factor
from clustercast.errors import InputError, nearest
from clustercast.priors.prior_file import read_priors
from clustercast.priors.prior_set import Priors
from clustercast.quantities.cluster_model import cluster_model
from clustercast.uncertainty.stated import read_stated_tables

FloatArray = NDArray[np.float64]

DERIVATIONS: Mapping[str, Callable[[Recomputation], dict[str, FloatArray]]] = {
    **LARGEST_CLUSTER,
    **WORLD,
    **MONEY,
    **GAS_AND_TEXTS,
}


@dataclass(frozen=True)
class PartFinding:
    """One recomputed number beside what the text states.

    Attributes
    ----------
    part : Part
        What is stated.
    low, high : float
        Recomputed, in the unit of the part; equal for a number.
    verdict : {"OK", "ROUND", "EXT", "NO", "-"}
    """

    part: Part
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Finding:
    """One derivation, recomputed.

    Attributes
    ----------
    derivation : Derivation
    parts : tuple of PartFinding
    verdict : {"OK", "ROUND", "EXT", "NO", "-"}
        The worst of the parts that are no variants; "-" where the text states nothing.
    """

    derivation: Derivation
    parts: tuple[PartFinding, ...]
    verdict: Verdict

    def as_dict(self) -> dict[str, object]:
        """Return the finding in types that JSON has."""
        parts = [
            {**found.part.model_dump(), "recomputed": (found.low, found.high), "verdict": found.verdict}
            for found in self.parts
        ]
        return {**self.derivation.model_dump(exclude={"parts"}), "parts": parts, "verdict": self.verdict}


def audit_findings(
    priors: Priors | None = None,
    *,
    model: Model | None = None,
    ids: Iterable[str] | None = None,
    file: AuditFile | None = None,
) -> list[Finding]:
    """Recompute the texts' derivations from priors and quantities, and judge them by one rule.

    Parameters
    ----------
    priors : Priors, optional
        ``situational_awareness`` by default; every input stands at its median where a
        derivation does not replace it.
    model : Model, optional
        The shipped cluster model by default.
    ids : iterable of str, optional
        Derivations asked for, as ``"A9"``; all by default.
    file : AuditFile, optional
        From `read_audit`; the shipped one by default.

    Returns
    -------
    list of Finding
        In the order of the file.

    Raises
    ------
    InputError
        If an id is unknown, or a derivation of the file and its recomputation do not
        have the same parts.

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa, Racing to the Trillion-Dollar Cluster (2024).

    Examples
    --------
    >>> [finding.verdict for finding in audit_findings(ids=["A1", "A9"])]
    ['OK', 'NO']
    """
    file = read_audit() if file is None else file
    priors = read_priors("situational_awareness") if priors is None else priors
    wanted = _wanted(ids, file)
    recomputation = Recomputation(cluster_model() if model is None else model, priors, read_stated_tables(), file)
    return [_finding(derivation, recomputation, file) for derivation in file.derivation if derivation.id in wanted]


def _wanted(ids: Iterable[str] | None, file: AuditFile) -> set[str]:
    """Return the ids asked for, refused where the file has none of that name."""
    known = [derivation.id for derivation in file.derivation]
    wanted = set(known if ids is None else ids)
    for name in sorted(wanted):
        if name not in known:
            raise InputError(f"the audit has no derivation {name!r}{nearest(name, known)}; it has {', '.join(known)}")
        if name not in DERIVATIONS:
            raise InputError(f"derivation {name!r} has no recomputation; it has {', '.join(DERIVATIONS)}")
    return wanted


def _finding(derivation: Derivation, recomputation: Recomputation, file: AuditFile) -> Finding:
    """Recompute one derivation and judge its parts."""
    numbers = DERIVATIONS[derivation.id](recomputation)
    stated = [part.name for part in derivation.parts]
    if set(stated) != set(numbers):
        odd = ", ".join(sorted(set(stated) ^ set(numbers)))
        raise InputError(f"derivation {derivation.id!r}: {odd} is stated or recomputed, but not both; add the other")
    parts = tuple(_part_finding(part, numbers[part.name], file) for part in derivation.parts)
    verdict = worst(found.verdict for found in parts if not found.part.variant)
    return Finding(derivation, parts, verdict)


def _part_finding(part: Part, numbers: FloatArray, file: AuditFile) -> PartFinding:
    """Judge one recomputed number."""
    ends = np.asarray(numbers) / factor(part.unit)
    low, high = float(ends.min()), float(ends.max())
    return PartFinding(part, low, high, part_verdict(low, high, part, file.rule))
