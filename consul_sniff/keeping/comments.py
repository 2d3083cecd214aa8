"""What is said of a packet that proves something: the finding's id, what it is, and what the packet says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..model import Evidence
    from ..report import Finding, Report

MOST: Final = 32  # comments of one packet


def comments(report: Report) -> dict[int, dict[str, str]]:
    """Packet number -> finding id -> comment: a run that keeps packets has one input.

    Strings of the wire are in them; ``pcapng_writer`` makes them printable.
    """
    said: dict[int, dict[str, str]] = {}
    for finding in report.findings:
        for evidence in finding.evidence:
            words = said.setdefault(evidence.frame, {})
            if len(words) < MOST:
                words[finding.id] = comment(finding, evidence)
    return said


def comment(finding: Finding, evidence: Evidence) -> str:
    """One line."""
    says = f": {evidence.summary}" if evidence.summary else ""
    return f"{finding.id} ({finding.severity.value}) {finding.title}{says}"
