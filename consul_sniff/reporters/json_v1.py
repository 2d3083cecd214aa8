"""The JSON report, version 1: ``consul-sniff/report/v1``. Keys and values are a contract; a breaking change is json_v2.

The same report gives byte-identical text. The schema beside this module (``schema.py``) is tested against it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..model import Confidence, Grade, Protection, Severity
from ..text import printable
from . import indented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import InputFacts
    from ..model import Evidence
    from ..report import ControlResult, ConversationRow, Exposure, Finding, Node, Report
    from .look import Look

SCHEMA = "consul-sniff/report/v1"
LATEST = 253_402_300_799 * 10**9  # the last second that RFC 3339 can write (year 9999)


def render(report: Report, version: str, look: Look) -> str:
    """The report as one JSON document with a final newline."""
    return "".join(pieces(report, version, look))


def pieces(report: Report, version: str, _look: Look) -> Iterator[str]:
    """The same in pieces: the text of a large report need not be in memory whole."""
    yield from indented.pieces(_parts(report, version))
    yield "\n"


def document(report: Report, version: str) -> dict[str, Any]:
    """The report as plain dicts and lists, in the contract's shape."""
    return {name: list(part) if isinstance(part, map) else part for name, part in _parts(report, version).items()}


def _parts(report: Report, version: str) -> dict[str, Any]:
    """The document, its tables still to be made."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "consul-sniff", "version": version},
        "input": [_input(one) for one in report.inputs],
        "counters": {
            "packets": sum(one.packets for one in report.inputs),
            "bytes": sum(one.bytes for one in report.inputs),
            "terminal": dict(sorted(report.counters.items())),
            "notes": {printable(name): count for name, count in sorted(report.notes.items())},
        },
        "complete": report.complete,
        "reasons": [printable(reason) for reason in report.reasons],
        "controls": map(_control, report.controls),
        "findings": map(finding, report.findings),
        "nodes": map(node, report.nodes),
        "conversations": map(_conversation, report.conversations),
        "exposures": map(_exposure, report.exposures),
        "exit": {"code": report.exit_code, "reason": report.exit_reason},
        **dict(report.beside),
    }


#: what an Enum calls value, which takes it longer than all the rest of a row
_WORDS = {word: word.value for words in (Severity, Confidence, Grade, Protection) for word in words}
_shown = lru_cache(maxsize=4096)(printable)  # thousands of rows say the same


def timestamp(time: int) -> str | None:
    """Nanoseconds since the epoch as RFC 3339 UTC with microseconds; None for a time that nobody saw."""
    if time <= 0:
        return None
    digits = str(min(LATEST, time)).zfill(10)
    return f"{_second(digits[:-9])}.{digits[-9:-3]}Z"


@lru_cache(maxsize=1024)  # rows come close together in time
def _second(seconds: str) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%S}"


def _input(one: InputFacts) -> dict[str, Any]:
    return {
        "path": _shown(one.path),
        "packets": one.packets,
        "bytes": one.bytes,
        "first_seen": timestamp(one.first),
        "last_seen": timestamp(one.last),
        "link_types": list(one.link_types),
        "truncated": one.truncated,
        "error": None if one.error is None else _shown(one.error),
    }


def _control(one: ControlResult) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status.value,
        "title": one.title,
        "summary": one.summary,
        "reason": _shown(one.reason),
        "findings": list(one.findings),
        "seeds": list(one.seeds),
        "remediation": one.remediation,
    }


def _evidence(evidence: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    return [{"input": e.input, "frame": e.frame, "summary": _shown(e.summary)} for e in evidence]


def finding(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "signature": one.signature,
        "control": one.control,
        "severity": _WORDS[one.severity],
        "confidence": _WORDS[one.confidence],
        "grade": _WORDS[one.grade],
        "title": _shown(one.title),
        "source": one.source,
        "destination": one.destination,
        "port": one.port,
        "transport": one.transport,
        "protocol": one.protocol,
        "count": one.count,
        "first_seen": timestamp(one.first),
        "last_seen": timestamp(one.last),
        "evidence": _evidence(one.evidence),
        "community_id": one.community_id,
        "remediation": one.remediation,
        "decrypted": one.decrypted,
    }


def node(one: Node) -> dict[str, Any]:
    return {
        "address": one.address,
        "name": None if one.name is None else _shown(one.name),
        "role": one.role,
        "datacenter": None if one.datacenter is None else _shown(one.datacenter),
        "version": None if one.version is None else _shown(one.version),
        "gossip": one.gossip,
        "rpc": one.rpc,
        "gossip_plaintext": one.gossip_plaintext,
        "gossip_encrypted": one.gossip_encrypted,
        "keys": list(one.keys),
        "status": one.status,
        "decrypted": one.decrypted,
    }


def _conversation(one: ConversationRow) -> dict[str, Any]:
    return {
        "source": one.source,
        "destination": one.destination,
        "port": one.port,
        "transport": one.transport,
        "channel": one.channel,
        "protocol": one.protocol,
        "protection": _WORDS[one.protection],
        "by": one.by,
        "packets": one.packets,
        "bytes": one.bytes,
        "first_seen": timestamp(one.first),
        "last_seen": timestamp(one.last),
        "community_id": one.community_id,
    }


def _exposure(one: Exposure) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "fingerprint": one.fingerprint,
        "where": _shown(one.where),
        "path": _shown(one.path),
        "count": one.count,
        "first_seen": timestamp(one.first),
        "last_seen": timestamp(one.last),
        "source": one.source,
        "destination": one.destination,
        "evidence": _evidence(one.evidence),
    }
