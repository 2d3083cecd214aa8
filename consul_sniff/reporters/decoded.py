"""One line a message, as a dissector lists them: for people, or one JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..text import printable
from .json_v1 import timestamp

if TYPE_CHECKING:
    from ..model import Flow, Message

HEADER = "   frame  time (UTC)       source > destination                          protocol     kind and what it says"


def ends(flow: Flow, side: int) -> tuple[str, str]:
    """Who sent and who received what ``side`` of the flow said, as address:port."""
    return _socket(flow, side), _socket(flow, 1 - side)


def _socket(flow: Flow, side: int) -> str:
    address = flow.addresses[side]
    return f"[{address}]:{flow.ports[side]}" if ":" in address else f"{address}:{flow.ports[side]}"


def line(flow: Flow, side: int, time: int, frame: int, message: Message, *, several: bool = False) -> str:
    """One message as a line of text. ``several``: more than one input, so frames are written input:frame."""
    source, destination = ends(flow, side)
    clock = (timestamp(time) or "-").partition("T")[2].rstrip("Z") or "-"
    number = f"{flow.input + 1}:{frame}" if several else str(frame)
    lock = " (decrypted)" if message.decrypted else ""
    return (f"{number:>8}  {clock:<15}  {f'{source} > {destination}':<43}  {message.protocol:<11}  "
            f"{printable(message.summary)}{lock}")


def row(flow: Flow, side: int, time: int, frame: int, message: Message) -> str:
    """One message as one line of JSON."""
    return json.dumps({
        "input": flow.input,
        "frame": frame,
        "time": timestamp(time),
        "source": flow.addresses[side],
        "source_port": flow.ports[side],
        "destination": flow.addresses[1 - side],
        "destination_port": flow.ports[1 - side],
        "transport": flow.transport,
        "protocol": message.protocol,
        "kind": message.kind,
        "protection": message.protection.value,
        "decrypted": message.decrypted,
        "summary": printable(message.summary),
        "fields": {key: _safe(value) for key, value in message.fields},
        "detail": {str(key): _safe(value) for key, value in (message.detail or {}).items()},
        "secrets": [{"kind": s.kind, "fingerprint": s.fingerprint, "where": printable(s.where), "path": printable(s.path)}
                    for s in message.secrets],
    }, ensure_ascii=False, allow_nan=False)


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 9) if value == value and abs(value) < 1e300 else None  # noqa: PLR0124 - NaN is no JSON
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    if isinstance(value, dict):
        return {printable(str(key)): _safe(item) for key, item in value.items()}
    return printable(value if isinstance(value, bytes | str) else str(value))
