"""Serf's messages, which memberlist carries as user messages: one type byte, then a map.

Sources: serf messages.go (types, structs), delegate.go (relay), internal_query.go and keymanager.go (key management:
install, use and remove carry the key raw in the query; the answers to list-keys carry all keys in base64).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..errors import DecodeError, NeedMoreData
from ..limits import MEMBERLIST_DEPTH
from ..text import printable
from .base import Cursor
from .gossip import begins, fields_of, number, raw, shape, text
from .secrets import gossip_key

if TYPE_CHECKING:
    from ..model import Message, Secret
    from .base import Budget
    from .gossip import Fields, Tone

PUSH_PULL, USER_EVENT, QUERY, QUERY_RESPONSE, CONFLICT, KEY_REQUEST, KEY_RESPONSE, RELAY = range(2, 10)
SHAPES: Final = {
    0: shape("leave", "LTime Node Prune", "Node"),
    1: shape("join", "LTime Node", "Node"),
    PUSH_PULL: shape("serf-push-pull", "LTime StatusLTimes LeftMembers EventLTime Events QueryLTime", "StatusLTimes"),
    USER_EVENT: shape("user-event", "LTime Name Payload CC", "Name"),
    QUERY: shape("query", "LTime ID Addr Port SourceNode Filters Flags RelayFactor Timeout Name Payload", "ID"),
    QUERY_RESPONSE: shape("query-response", "LTime ID From Flags Payload", "From"),
    CONFLICT: shape("conflict-response", "Name Addr Port Tags Status ProtocolMin ProtocolMax ProtocolCur DelegateMin "
                                         "DelegateMax DelegateCur", "Name"),
    KEY_REQUEST: shape("key-request", "Key", "Key"),
    KEY_RESPONSE: shape("key-response", "Result Message Keys PrimaryKey", "Result"),
    RELAY: shape("relay", "DestAddr DestName", "DestAddr"),
}
KEY_QUERIES: Final = frozenset({b"_serf_install-key", b"_serf_use-key", b"_serf_remove-key", b"_serf_list-keys"})
REMOTE_EXEC: Final = b"consul:event:_rexec"
_KEY_SIZES: Final = (16, 24, 32)
_KEYS_LISTED: Final = 64
_NAME: Final = 128  # characters of an event's name that are shown
_NAME_BYTES: Final = 4 * _NAME + 4  # that may become them


def is_serf(data: bytes) -> bool | None:
    """Is this the beginning of a Serf message? None: too short to tell."""
    if not data:
        return None
    known = SHAPES.get(data[0])
    return False if known is None else begins(known, data, 1)


def read(data: bytes, tone: Tone, budget: Budget) -> list[Message]:
    """The messages in the body of a user message. NeedMoreData: it is cut."""
    messages: list[Message] = []
    cursor = Cursor(data)
    for _ in range(MEMBERLIST_DEPTH):
        number_ = cursor.u8()
        known = SHAPES.get(number_)
        if known is None or begins(known, data, cursor.position) is False:
            raise DecodeError("not serf")
        fields = fields_of(known, cursor, budget)
        if number_ != RELAY:
            messages.append(_told(number_, fields, tone, budget))
            return messages
        name = text(fields, b"DestName")
        messages.append(tone.tell("relay", f"relay to {name}" if name else "relay", detail={"to": name}))
    raise DecodeError("relay in relay")


def cut(data: bytes, tone: Tone) -> Message | None:
    """What a message of which only the beginning was captured still shows; None: nothing."""
    if not is_serf(data):
        return None
    kind = SHAPES[data[0]].kind
    fields = (("name", None),) if kind in {"query", "user-event", "key-request"} else ()
    return tone.tell(kind, f"{kind} (cut)", fields=fields, detail={"cut": True})


def _told(number_: int, fields: Fields, tone: Tone, budget: Budget) -> Message:
    kind = SHAPES[number_].kind
    if number_ == USER_EVENT:
        return _user_event(fields, tone)
    if number_ == QUERY:
        return _query(fields, tone, budget)
    if number_ == QUERY_RESPONSE:
        return _response(fields, tone, budget)
    if number_ == PUSH_PULL:
        return _push_pull(fields, tone)
    if number_ == KEY_REQUEST:
        return _key_request(b"", fields, tone)
    if number_ == KEY_RESPONSE:
        return _key_response("", fields, tone)
    node = text(fields, b"Name" if number_ == CONFLICT else b"Node")
    return tone.tell(kind, f"{kind} {node}", detail={"node": node, "time": number(fields, b"LTime")})


def _own(name: bytes) -> str:
    """A name that is Consul's or Serf's own; those that users made are many and say nothing about either."""
    return printable(name, 64) if name.startswith((b"consul:", b"_")) else "other"


def _user_event(fields: Fields, tone: Tone) -> Message:
    name = raw(fields, b"Name")
    told: tuple[tuple[str, str | bool], ...] = (("name", _own(name)),)
    if name == REMOTE_EXEC:
        told += (("remote_exec", True),)
    detail = {"name": printable(name), "time": number(fields, b"LTime"), "payload": len(raw(fields, b"Payload"))}
    return tone.tell("user-event", f"user event {printable(name, 128)}", fields=told, detail=detail)


def _query(fields: Fields, tone: Tone, budget: Budget) -> Message:
    name, payload = raw(fields, b"Name"), raw(fields, b"Payload")
    source = text(fields, b"SourceNode")
    if name in KEY_QUERIES:
        inner = _inner(payload, KEY_REQUEST, budget)
        return _key_request(name, inner or {}, tone)
    summary = f"query {printable(name, 128)}" + (f" from {source}" if source else "")
    detail = {"name": printable(name), "from": source, "time": number(fields, b"LTime"), "payload": len(payload)}
    return tone.tell("query", summary, fields=(("name", _own(name)),), detail=detail)


def _response(fields: Fields, tone: Tone, budget: Budget) -> Message:
    source, payload = text(fields, b"From"), raw(fields, b"Payload")
    keys = _inner(payload, KEY_RESPONSE, budget)
    if keys is not None:
        return _key_response(source, keys, tone)
    kind = "conflict-response" if _inner(payload, CONFLICT, budget) is not None else "query-response"
    detail = {"from": source, "time": number(fields, b"LTime"), "payload": len(payload)}
    return tone.tell(kind, f"{kind.replace('-', ' ')} from {source}", detail=detail)


def _inner(payload: bytes, wanted: int, budget: Budget) -> Fields | None:
    """The map in a query's or a response's payload, where it is of the *wanted* type."""
    if not payload or payload[0] != wanted or not begins(SHAPES[wanted], payload, 1):
        return None
    try:
        return fields_of(SHAPES[wanted], Cursor(payload, 1), budget)
    except (DecodeError, NeedMoreData):
        return None


def _key_request(name: bytes, fields: Fields, tone: Tone) -> Message:
    key = raw(fields, b"Key")
    what = printable(name.removeprefix(b"_serf_")) or "key request"
    where = f"gossip query {printable(name)}" if name else "gossip key request"
    secrets = [gossip_key(key, where)] if len(key) in _KEY_SIZES else []
    summary = f"{what} with a gossip key" if key else what
    return tone.tell("key-request", summary, fields=(("name", printable(name) or None),),
                     detail={"key": [secret.fingerprint for secret in secrets]}, secrets=secrets)


def _key_response(source: str, fields: Fields, tone: Tone) -> Message:
    listed = fields.get(b"Keys")
    texts = [*(listed[:_KEYS_LISTED] if isinstance(listed, list) else ()), fields.get(b"PrimaryKey")]
    secrets: dict[Secret, None] = {}
    for encoded in texts:
        key = _decoded(encoded)
        if len(key) in _KEY_SIZES:
            secrets[gossip_key(key, "gossip answer to list-keys")] = None
    summary = f"key response from {source}" if source else "key response"
    if secrets:
        summary += f" with {len(secrets)} gossip key{'s' if len(secrets) > 1 else ''}"
    detail = {"from": source, "result": fields.get(b"Result") is True, "message": text(fields, b"Message"),
              "keys": [secret.fingerprint for secret in secrets]}
    return tone.tell("key-response", summary, detail=detail, secrets=secrets)


def _decoded(encoded: object) -> bytes:
    from binascii import Error, a2b_base64

    if not isinstance(encoded, bytes):
        return b""
    try:
        return a2b_base64(encoded)
    except Error:
        return b""


@lru_cache(maxsize=1024)  # every push/pull tells the last events again
def _shown(name: bytes) -> str:
    return printable(name, _NAME)


def _push_pull(fields: Fields, tone: Tone) -> Message:
    events = fields.get(b"Events")
    names: dict[bytes, None] = {}
    for at_time in filter(None, events if isinstance(events, list) else ()):  # most of its 512 places are nil
        listed = at_time.get(b"Events") if isinstance(at_time, dict) else None
        for event in listed if isinstance(listed, list) else ():
            if isinstance(event, dict):
                names[raw(event, b"Name")] = None
    statuses, left = fields.get(b"StatusLTimes"), fields.get(b"LeftMembers")
    count = len(statuses) if isinstance(statuses, dict) else 0
    detail = {"members": count, "left": len(left) if isinstance(left, list) else 0,
              "events": [_shown(name[:_NAME_BYTES]) for name in list(names)[:64]]}
    told = (("remote_exec", True),) if REMOTE_EXEC in names else ()
    return tone.tell("serf-push-pull", f"serf state of {count} member{'' if count == 1 else 's'}", fields=told,
                     detail=detail)
