"""memberlist's own messages, told: what each map says, for people and for attribution."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..errors import DecodeError, NeedMoreData
from ..limits import MSGPACK_ITEMS, SAID, SAID_BYTES
from .base import Budget, Cursor
from .gossip import (
    ACK,
    ALIVE,
    DEAD,
    ERROR,
    INDIRECT_PING,
    NACK,
    NODE_STATE,
    PING,
    PUSH_PULL,
    SHAPES,
    SUSPECT,
    fields_of,
    number,
    raw,
    text,
)
from .members import STATES, address, member, verdict
from .msgpack_reader import skip

if TYPE_CHECKING:
    from ..model import Message
    from .gossip import Fields, Tone

NODE: Final = -1  # a node state: it has no type of its own
#: what the pool repeats to everybody: of these the same bytes are met again and again. None holds a secret.
REPEATED: Final = {**{kind: SHAPES[kind] for kind in (SUSPECT, ALIVE, DEAD)}, NODE: NODE_STATE}


def repeated(kind_number: int, cursor: Cursor, tone: Tone, budget: Budget) -> Message:
    """The message of a type that is ``REPEATED``, whose map begins at the cursor: read once, and known by heart then."""
    begin = cursor.position
    try:
        skip(cursor, Budget(MSGPACK_ITEMS))
        if cursor.position - begin <= SAID_BYTES:
            message, items = _said(kind_number, bytes(cursor.data[begin:cursor.position]), tone)
            if items <= budget.left:
                budget.spend(items)
                return message
    except (DecodeError, NeedMoreData):
        pass  # reading it says what is wrong
    cursor.position = begin
    return _read(kind_number, cursor, tone, budget)


def forget() -> None:
    """Let go of what is known by heart: nothing more is read."""
    _said.cache_clear()


@lru_cache(maxsize=SAID)
def _said(kind_number: int, data: bytes, tone: Tone) -> tuple[Message, int]:
    """The message, and how many items it has."""
    budget = Budget(MSGPACK_ITEMS)
    message = _read(kind_number, Cursor(data), tone, budget)
    return message, MSGPACK_ITEMS - budget.left


def _read(kind_number: int, cursor: Cursor, tone: Tone, budget: Budget) -> Message:
    fields = fields_of(REPEATED[kind_number], cursor, budget)
    return node_state(fields, tone, budget) if kind_number == NODE else tell(kind_number, fields, tone, budget)


def tell(kind_number: int, fields: Fields, tone: Tone, budget: Budget) -> Message:
    """The message of type *kind_number*, which is a map."""
    if kind_number in (PING, INDIRECT_PING):
        return _ping(kind_number, fields, tone)
    if kind_number in (ACK, NACK):
        return tone.tell(SHAPES[kind_number].kind, SHAPES[kind_number].kind,
                         detail={"sequence": number(fields, b"SeqNo"), "payload": len(raw(fields, b"Payload"))})
    if kind_number in (SUSPECT, DEAD):
        return _verdict(kind_number, fields, tone)
    if kind_number == ALIVE:
        claim, about, detail = member(fields, b"Node", STATES[0], budget)
        return tone.tell("alive", f"alive {about}", detail=detail, claims=(claim,))
    if kind_number == PUSH_PULL:
        return push_pull(fields, tone)
    if kind_number == ERROR:
        reason = text(fields, b"Error")
        return tone.tell("error", f"error: {reason}", detail={"error": reason})
    raise DecodeError("memberlist type")


def _ping(kind_number: int, fields: Fields, tone: Tone) -> Message:
    node, source = text(fields, b"Node"), text(fields, b"SourceNode")
    if kind_number == INDIRECT_PING:
        summary = f"please ping {node or address(raw(fields, b'Target'))}"
    else:
        summary = f"ping to {node}" if node else "ping"
    if source:
        summary += f" from {source}"
    detail = {"to": node, "from": source, "sequence": number(fields, b"SeqNo")}
    return tone.tell(SHAPES[kind_number].kind, summary, detail=detail)


def _verdict(kind_number: int, fields: Fields, tone: Tone) -> Message:
    node, source = text(fields, b"Node"), text(fields, b"From")
    state = "suspect" if kind_number == SUSPECT else "left" if node and node == source else "dead"
    summary = f"{node} left" if state == "left" else f"{source or 'somebody'} calls {node} {state}"
    detail = {"node": node, "from": source, "state": state, "incarnation": number(fields, b"Incarnation")}
    return tone.tell(SHAPES[kind_number].kind, summary, detail=detail, claims=(verdict(fields, state),))


def push_pull(fields: Fields, tone: Tone) -> Message:
    """The header of a push/pull."""
    nodes, join = number(fields, b"Nodes"), fields.get(b"Join") is True
    summary = f"push/pull of {nodes} node{'' if nodes == 1 else 's'}" + (", join" if join else "")
    return tone.tell("push-pull", summary, fields=(("join", join),),
                     detail={"nodes": nodes, "join": join, "state_bytes": number(fields, b"UserStateLen")})


def node_state(fields: Fields, tone: Tone, budget: Budget) -> Message:
    """One node of a push/pull."""
    place = number(fields, b"State")
    state = STATES[place] if 0 <= place < len(STATES) else "unknown"
    claim, about, detail = member(fields, b"Name", state, budget)
    return tone.tell("node-state", f"{state} {about}", fields=(("state", state),), detail=detail, claims=(claim,))
