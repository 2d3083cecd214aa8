"""Ballots to findings: one for each (signature, source, destination, port, transport)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ..facts import Tally
from ..limits import FINDINGS
from ..model import Confidence, Grade, Severity, Status, Vote
from ..report import Finding
from .checklist import SEVERITY_ORDER
from .reasons import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..report import Observation
    from .matcher import Ballot
    from .schema import Signature

#: votes that leave findings
TELLING: Final = (Vote.FAIL, Vote.WARN, Vote.NOTE)
#: the worst severity that a finding may have under a control of this status; a fail allows all, others only info
WORST: Final = {Status.FAIL: Severity.CRITICAL, Status.WARN: Severity.MEDIUM}
_GRADES: Final = tuple(Grade)


def identity(signature: str, source: str, destination: str, port: int, transport: str) -> str:
    """A finding's id: the signature, ``-``, 8 hex digits of the SHA-256 of ``signature|source|destination|port|transport``.

    Never time or frame: the same thing found tomorrow has the same id.
    """
    text = f"{signature}|{source}|{destination}|{port}|{transport}"
    return f"{signature}-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def findings(ballots: Iterable[Ballot], statuses: Mapping[str, Status]) -> list[Finding]:
    """All findings, the worst first. ``statuses``: each control's, which bounds the severity of its findings."""
    made = []
    for ballot in ballots:
        if ballot.signature.vote in TELLING:
            places: dict[tuple[str, str, int, str], list[Observation]] = {}
            for o in ballot.observations:
                places.setdefault((o.source, o.destination, o.port, o.transport), []).append(o)
            status = statuses[ballot.signature.control]
            made += [_finding(ballot.signature, found, status) for found in places.values()]
    return sorted(made, key=order)


def order(finding: Finding) -> tuple[object, ...]:
    return (SEVERITY_ORDER[finding.severity], finding.control, finding.signature, natural(finding.source),
            natural(finding.destination), finding.port, finding.transport)


def bounded(made: Sequence[Finding], limit: int = FINDINGS) -> tuple[list[Finding], int]:
    """At most ``limit`` of them, and how many were left out: each signature's first ones stay."""
    if len(made) <= limit:
        return list(made), 0
    ranks: dict[str, int] = {}
    ranked = []
    for place, finding in enumerate(made):
        ranks[finding.signature] = ranks.get(finding.signature, -1) + 1
        ranked.append((ranks[finding.signature], place))
    kept = sorted(place for _, place in sorted(ranked)[:limit])
    return [made[place] for place in kept], len(made) - limit


def _finding(signature: Signature, found: Sequence[Observation], status: Status) -> Finding:
    first = found[0]
    grade, tally = first.grade, first.tally
    if len(found) > 1:
        tally = Tally()
        for observation in found:
            tally.merge(observation.tally)
        first = min(found, key=lambda o: (o.tally.evidence[:1], o.protocol, o.kind, o.summary))
        grade = min((o.grade for o in found), key=_GRADES.index)
    severity, title = signature.severity, signature.title
    worst = WORST.get(status, Severity.INFO)
    if SEVERITY_ORDER[severity] < SEVERITY_ORDER[worst]:
        severity = Severity.INFO
        if grade is Grade.UNSOLICITED:
            title += " (a single unanswered datagram: anybody can forge it, so it decides nothing)"
        else:
            title += f" (the control is {status.value}: this decides nothing)"
    unproven = grade is Grade.UNSOLICITED
    return Finding(
        id=identity(signature.id, first.source, first.destination, first.port, first.transport),
        signature=signature.id, control=signature.control, severity=severity,
        confidence=Confidence.LOW if unproven else signature.confidence, grade=grade, title=title,
        source=first.source, destination=first.destination, port=first.port, transport=first.transport,
        protocol=first.protocol, count=tally.count, first=tally.first, last=tally.last, evidence=tally.evidence,
        community_id=first.community_id, remediation=signature.remediation,
        decrypted=all(o.decrypted for o in found),
    )
