"""The JSON report, version 1: ``consul-sniff/report/v1``. Keys and values are a contract; a breaking change is json_v2.

The same report gives byte-identical text. The schema beside this module (``schema.py``) is tested against it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..model import Confidence, Grade, Protection, Severity, Status
from ..report import Form
from ..text import printable
from . import indented
from .indented import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import InputFacts
    from ..report import Finding, Node, Report
    from .indented import Columns
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
    return {name: part.dicts() if isinstance(part, Table) else part for name, part in _parts(report, version).items()}


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
        "controls": Table(report.controls, CONTROL),
        "findings": Table(report.findings, FINDING),
        "nodes": Table(report.nodes, NODE),
        "conversations": Table(report.conversations, CONVERSATION, FORM),
        "exposures": Table(report.exposures, EXPOSURE),
        "exit": {"code": report.exit_code, "reason": report.exit_reason},
        **dict(report.beside),
    }


#: what an Enum calls value, which takes it longer than all the rest of a row
_word = {word: word.value for words in (Severity, Confidence, Grade, Protection, Status) for word in words}.__getitem__
_shown = lru_cache(maxsize=4096)(printable)  # thousands of rows say the same


def timestamp(time: int) -> str | None:
    """Nanoseconds since the epoch as RFC 3339 UTC with microseconds; None for a time that nobody saw."""
    if time <= 0:
        return None
    second, rest = divmod(min(LATEST, time), 10**9)
    return f"{_second(second)}.{rest // 1000:06d}Z"


@lru_cache(maxsize=1024)  # rows come close together in time
def _second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


def _input(one: InputFacts) -> dict[str, Any]:
    return {
        "path": _shown(one.path),
        "packets": one.packets,
        "bytes": one.bytes,
        "first_seen": timestamp(one.first),
        "last_seen": timestamp(one.last),
        "link_types": list(one.link_types),
        "truncated": one.truncated,
        "error": _optional(one.error),
    }


def _optional(text: str | None) -> str | None:
    return None if text is None else _shown(text)


EVIDENCE: Columns = {
    "input": None,
    "frame": None,
    "summary": _shown,
}
CONTROL: Columns = {
    "id": None,
    "status": _word,
    "title": None,
    "summary": None,
    "reason": _shown,
    "findings": list,
    "seeds": list,
    "remediation": None,
}
FINDING: Columns = {
    "id": None,
    "signature": None,
    "control": None,
    "severity": _word,
    "confidence": _word,
    "grade": _word,
    "title": _shown,
    "source": None,
    "destination": None,
    "port": None,
    "transport": None,
    "protocol": None,
    "count": None,
    "first_seen": timestamp,
    "last_seen": timestamp,
    "evidence": EVIDENCE,
    "community_id": None,
    "remediation": None,
    "decrypted": None,
}
NODE: Columns = {
    "address": None,
    "name": _optional,
    "role": None,
    "datacenter": _optional,
    "version": _optional,
    "gossip": None,
    "rpc": None,
    "gossip_plaintext": None,
    "gossip_encrypted": None,
    "keys": list,
    "status": None,
    "decrypted": None,
}
CONVERSATION: Columns = {
    "source": None,
    "destination": None,
    "port": None,
    "transport": None,
    "channel": None,
    "protocol": None,
    "protection": _word,
    "by": None,
    "packets": None,
    "bytes": None,
    "first_seen": timestamp,
    "last_seen": timestamp,
    "community_id": None,
}
FORM = Form(indented.around(CONVERSATION, {"port", "packets", "bytes"}, {"first_seen": "Z", "last_seen": "Z"}), _second)
EXPOSURE: Columns = {
    "kind": None,
    "fingerprint": None,
    "where": _shown,
    "path": _shown,
    "count": None,
    "first_seen": timestamp,
    "last_seen": timestamp,
    "source": None,
    "destination": None,
    "evidence": EVIDENCE,
}


def finding(one: Finding) -> dict[str, Any]:
    return Table([one], FINDING).dicts()[0]


def node(one: Node) -> dict[str, Any]:
    return Table([one], NODE).dicts()[0]
