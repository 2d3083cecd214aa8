"""What the readers of gossip share: the types of memberlist, their keys, and how a message is told.

Sources: memberlist net.go (types, structs), serf messages.go. Structs are maps with sorted text keys; older agents leave
keys out and newer ones add some, so of each type only the key that marks it is required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import DecodeError, NeedMoreData
from ..model import Message, Protection
from ..text import printable
from .msgpack_reader import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..model import Claim, Scalar, Secret
    from .base import Budget, Cursor

PING, INDIRECT_PING, ACK, SUSPECT, ALIVE, DEAD, PUSH_PULL, COMPOUND, USER, COMPRESS, ENCRYPT, NACK, CRC, ERROR = range(14)
LABEL: Final = 244

Fields = dict[object, object]


class Shape(NamedTuple):
    """A type of message that is a map: what it is called, its keys, the key without which it is not one."""

    kind: str
    keys: tuple[bytes, ...]  # as they stand in a map: length byte and text
    mark: bytes


def shape(kind: str, keys: str, mark: str) -> Shape:
    return Shape(kind, tuple(bytes((0xA0 | len(key),)) + key.encode() for key in keys.split()), mark.encode())


SHAPES: Final = {
    PING: shape("ping", "SeqNo Node SourceAddr SourcePort SourceNode", "SeqNo"),
    INDIRECT_PING: shape("indirect-ping", "SeqNo Target Port Node Nack SourceAddr SourcePort SourceNode", "Target"),
    ACK: shape("ack", "SeqNo Payload", "SeqNo"),
    SUSPECT: shape("suspect", "Incarnation Node From", "Node"),
    ALIVE: shape("alive", "Incarnation Node Addr Port Meta Vsn", "Addr"),
    DEAD: shape("dead", "Incarnation Node From", "Node"),
    PUSH_PULL: shape("push-pull", "Nodes UserStateLen Join", "Nodes"),
    COMPRESS: shape("compress", "Algo Buf", "Buf"),
    NACK: shape("nack", "SeqNo", "SeqNo"),
    ERROR: shape("error", "Error", "Error"),
}
NODE_STATE: Final = shape("node-state", "Name Addr Port Meta Incarnation State Vsn", "Name")
USER_HEADER: Final = shape("user", "UserMsgLen", "UserMsgLen")

#: kind -> names of its fields
KINDS: Final[dict[str, tuple[str, ...]]] = {
    **{known.kind: () for number, known in SHAPES.items() if number != COMPRESS},
    "push-pull": ("join",),
    "node-state": ("state",),
    "user": (),
    "join": (),
    "leave": (),
    "user-event": ("name", "remote_exec"),
    "query": ("name",),
    "query-response": (),
    "conflict-response": (),
    "key-request": ("name",),
    "key-response": (),
    "relay": (),
    "serf-push-pull": ("remote_exec",),
    "other": (),
    "sealed": ("confidence", "key", "version"),
}


class Tone(NamedTuple):
    """How a message came: what all that is said in one datagram or stream has in common."""

    decrypted: bool = False
    label: bytes = b""

    def tell(self, kind: str, summary: str, *, fields: tuple[tuple[str, Scalar], ...] = (),
             detail: Mapping[str, object] | None = None, claims: tuple[Claim, ...] = (),
             secrets: Iterable[Secret] = ()) -> Message:
        """The message; what a key opened is no exposure, so its secrets are left out."""
        if self.label:
            detail = {**(detail or {}), "label": printable(self.label)}
        return Message(
            "memberlist", kind, Protection.ENCRYPTED if self.decrypted else Protection.PLAINTEXT, summary, fields,
            detail, claims, () if self.decrypted else tuple(secrets), self.decrypted,
        )


def begins(known: Shape, data: bytes, at: int) -> bool | None:
    """Does a map of this shape begin here? By its header and its first key; None: too few bytes to tell.

    The map header's 4 bits and a key's name of 3 letters or more are what tells plaintext from a random nonce.
    """
    if at >= len(data):
        return None
    first = data[at]
    if first == 0xDE:
        at += 2
        if at < len(data) and not 0 < int.from_bytes(data[at - 1:at + 1], "big") <= 0xFF:
            return False
    elif not 0x81 <= first <= 0x8F:
        return False
    at += 1
    if data.startswith(known.keys, at):
        return True
    rest = data[at:at + 32]
    return None if any(key.startswith(rest) for key in known.keys) else False


def fields_of(known: Shape, cursor: Cursor, budget: Budget) -> Fields:
    """The map; DecodeError where it is none of this shape, NeedMoreData where it is cut."""
    value = unpack(cursor, budget)
    if not isinstance(value, dict) or known.mark not in value:
        raise DecodeError(f"{known.kind} without {known.mark.decode()}")
    return value


_PACKED: Final = b"\x82\xa4Algo\x00\xa3Buf"


def packed(data: bytes) -> tuple[int, int] | None:
    """(where its packed bytes begin, how many they are) in the map of a compressed message.

    None: it is not written as Go does, {Algo: 0, Buf: ...} with the bytes last. NeedMoreData: too short to tell.
    """
    at = len(_PACKED)
    if len(data) <= at:
        if _PACKED.startswith(data):
            raise NeedMoreData(at + 1 - len(data))
        return None
    if not data.startswith(_PACKED):
        return None
    form = data[at]
    if 0xA0 <= form <= 0xBF:
        return at + 1, form & 31
    width = {0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC4: 1, 0xC5: 2, 0xC6: 4}.get(form)
    if width is None:
        return None
    begin = at + 1 + width
    if len(data) < begin:
        raise NeedMoreData(begin - len(data))
    return begin, int.from_bytes(data[at + 1:begin], "big")


def text(fields: Fields, key: bytes, limit: int = 256) -> str:
    value = fields.get(key)
    return printable(value, limit) if isinstance(value, bytes) else ""


def number(fields: Fields, key: bytes) -> int:
    value = fields.get(key)
    return value if isinstance(value, int) else 0


def raw(fields: Fields, key: bytes) -> bytes:
    value = fields.get(key)
    return value if isinstance(value, bytes) else b""
