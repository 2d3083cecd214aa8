"""Ballots to findings: one for each (signature, source, destination, port, transport)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from ..facts import joined
from ..limits import FINDINGS
from ..model import Confidence, Grade, Severity, Status, Vote
from ..report import Finding
from .checklist import SEVERITY_ORDER
from .reasons import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..observation import Observation
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


class _Place(NamedTuple):
    """Where a signature fired: what a finding will be made of."""

    signature: Signature
    found: list[Observation]
    status: Status


def findings(ballots: Iterable[Ballot], statuses: Mapping[str, Status],
             limit: int = FINDINGS) -> tuple[list[Finding], int]:
    """At most ``limit`` findings, the worst first, and how many more there are: each signature's first ones stay.

    ``statuses``: each control's, which bounds the severity of its findings.
    """
    def order(ballot: Ballot) -> tuple[int, str, str]:
        signature = ballot.signature
        return SEVERITY_ORDER[_severity(signature, statuses[signature.control])], signature.control, signature.id

    telling = sorted([ballot for ballot in ballots if ballot.signature.vote in TELLING], key=order)
    places = [_Place(ballot.signature, found, statuses[ballot.signature.control]) for ballot in telling for found in _places(ballot)]
    kept = places if len(places) <= limit else _bounded(places, limit)
    return [_finding(*place) for place in kept], len(places) - len(kept)


def _places(ballot: Ballot) -> list[list[Observation]]:
    """What a signature matched at each place, sorted by place."""
    places: dict[tuple[str, str, int, str], list[Observation]] = {}
    for one in ballot.observations:
        places.setdefault((*one.ends, one.sort.few.transport), []).append(one)
    return [found for _, found in sorted(places.items(), key=_place_order)]


def _place_order(place: tuple[tuple[str, str, int, str], object]) -> tuple[object, ...]:
    source, destination, port, transport = place[0]
    return natural(source), natural(destination), port, transport


def _bounded(places: Sequence[_Place], limit: int) -> list[_Place]:
    ranks: dict[str, int] = {}
    ranked = []
    for number, place in enumerate(places):
        name = place.signature.id
        ranks[name] = ranks.get(name, -1) + 1
        ranked.append((ranks[name], number))
    return [places[number] for number in sorted(number for _, number in sorted(ranked)[:limit])]


def _severity(signature: Signature, status: Status) -> Severity:
    """The signature's, or info where the control's status allows none so bad."""
    worst = WORST.get(status, Severity.INFO)
    return Severity.INFO if SEVERITY_ORDER[signature.severity] < SEVERITY_ORDER[worst] else signature.severity


def _finding(signature: Signature, found: Sequence[Observation], status: Status) -> Finding:
    first, tally = found[0], found[0].tally
    few = first.sort.few
    if len(found) > 1:
        tallies = [tally, *[one.tally for one in found[1:]]]
        place = min(range(len(found)), key=lambda n: (tallies[n].evidence[:1], *found[n].sort.few[:2], found[n].summary))
        grade = min([one.sort.few.grade for one in found], key=_GRADES.index)
        first, tally, few = found[place], joined(tallies), found[place].sort.few._replace(grade=grade)
    severity, title = _severity(signature, status), signature.title
    if severity is not signature.severity:
        if few.grade is Grade.UNSOLICITED:
            title += " (a single unanswered datagram: anybody can forge it, so it decides nothing)"
        else:
            title += f" (the control is {status.value}: this decides nothing)"
    source, destination, port = first.ends
    return Finding(
        identity(signature.id, source, destination, port, few.transport), signature.id, signature.control, severity,
        Confidence.LOW if few.grade is Grade.UNSOLICITED else signature.confidence, few.grade, title,
        source, destination, port, few.transport, few.protocol, tally.count, tally.first, tally.last, tally.evidence,
        first.community_id, signature.remediation, decrypted=all(one.sort.few.decrypted for one in found))
