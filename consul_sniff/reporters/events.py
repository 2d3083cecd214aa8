"""Events: what changed from one judgement to the next, and one JSON object a line for it.

Every line has ``time`` (RFC 3339 UTC) and ``event``, and beside them:

- ``node-seen``: a node, as in the report.
- ``node-changed``: ``address``, ``name``, ``changed`` {field: [before, after]}; counters are no change.
- ``finding``: a finding, as in the report, the first time that it is found.
- ``control-changed``: ``id``, ``title``, ``before`` (null at first), ``status``, ``reason``.
- ``stats``: ``packets`` decoded, ``bytes``, ``received``, ``dropped``, ``interface_dropped``, ``unread``,
  ``acked_unseen_bytes``, ``seconds``, ``packets_per_second``.
- ``interface-down`` ``-up`` ``-renamed`` ``-gone``, ``capture-failed``: ``interface``, ``summary``.
- ``output-failed``: ``file``, ``summary``: packets are not kept there any more.
- ``file-awaited`` ``-new`` ``-renamed`` ``-overwritten`` ``-truncated`` ``-gone`` ``-unreadable``, ``resumed``: ``file``, ``summary``.
- ``clock-set-back`` ``clock-set-forward`` ``suspended``: ``seconds``.
- ``report``, the last line: ``report``, the whole JSON report.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ..model import Status
from ..text import printable
from .json_v1 import document, finding, node, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..event import Event
    from ..report import Report

_COUNTED: Final = frozenset({"gossip_plaintext", "gossip_encrypted"})


def changes(before: Report | None, after: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, detail) of what is new in *after*: nodes, then findings, then controls."""
    known = {} if before is None else {one.address: node(one) for one in before.nodes}
    for one in after.nodes:
        now = node(one)
        was = known.get(one.address)
        if was is None:
            yield "node-seen", now
        elif changed := {key: [was[key], value] for key, value in now.items() if was[key] != value and key not in _COUNTED}:
            yield "node-changed", {"address": one.address, "name": now["name"], "changed": changed}
    told = set() if before is None else {one.id for one in before.findings}
    for found in after.findings:
        if found.id not in told:
            yield "finding", finding(found)
    stood = {} if before is None else {one.id: one.status for one in before.controls}
    for control in after.controls:
        status = stood.get(control.id, Status.NOT_OBSERVED)
        if control.status is not status:
            yield "control-changed", {"id": control.id, "title": control.title, "before": stood[control.id].value if stood else None,
                                      "status": control.status.value, "reason": printable(control.reason)}


def line(event: Event) -> str:
    """The event as one line of JSON, with its end of line."""
    return _line({"time": timestamp(event.time), "event": event.kind, **event.detail})


def last_line(report: Report, version: str, time: int) -> str:
    """The report as the last event."""
    return _line({"time": timestamp(time), "event": "report", "report": document(report, version)})


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, allow_nan=False, ensure_ascii=False, separators=(",", ":")) + "\n"
