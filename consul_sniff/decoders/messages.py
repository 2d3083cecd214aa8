"""memberlist's own messages, told: what each map says, for people and for attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DecodeError
from .gossip import (
    ACK,
    ALIVE,
    DEAD,
    ERROR,
    INDIRECT_PING,
    NACK,
    PING,
    PUSH_PULL,
    SHAPES,
    SUSPECT,
    number,
    raw,
    text,
)
from .members import STATES, address, member, verdict

if TYPE_CHECKING:
    from ..model import Message
    from .base import Budget
    from .gossip import Fields, Tone


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
