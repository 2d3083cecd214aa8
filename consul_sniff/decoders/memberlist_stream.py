"""memberlist over TCP: push/pull, the fallback ping, user messages; one message a side, then the connection ends.

::

    [244 L label]  10 length(4) version nonce ciphertext tag     sealed
                   9 {Algo Buf}                                  compressed, holds one of these:
                   6 {Nodes UserStateLen Join} Nodes x {Name ...}, then UserStateLen bytes of Serf's state
                   0 {ping}   2 {ack}   8 {UserMsgLen} and so many bytes   13 {Error}

Large push/pulls are read node by node, compressed ones too: what waits is one node, or Serf's state. A sealed message
is told by its header; its body is waited for only where a keyring might open it.
Sources: memberlist net.go (readStream, sendLocalState, encryptLocalState), label.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from ..errors import DecodeError, NeedMoreData
from ..limits import LZW_BYTES, MESSAGE_BYTES
from .base import Budget, Cursor, StreamDecoder
from .gossip import (
    ACK,
    COMPRESS,
    ENCRYPT,
    ERROR,
    KINDS,
    LABEL,
    PING,
    PUSH_PULL,
    SHAPES,
    USER,
    USER_HEADER,
    Tone,
    begins,
)
from .plain_stream import PlainStream
from .sealed import HEAD, OVERHEAD, fits, looks_sealed, sealed, unseal

if TYPE_CHECKING:
    from ..keyring import Keyring
    from ..model import Message
    from .base import Opening

PUSH_BYTES: Final = 20 * 1024 * 1024  # memberlist net.go, maxPushStateBytes
_MAPS: Final = {**{kind: SHAPES[kind] for kind in (PING, ACK, PUSH_PULL, COMPRESS, ERROR)}, USER: USER_HEADER}
_REST: Final = 1 << 62  # more than any stream has: nobody reads this side any more
_ASKING: Final = (PING, USER)
_ANSWERING: Final = (ACK, ERROR)


class _Side:
    """How far the reading of one side is."""

    __slots__ = ("label", "plain", "skip", "started")

    def __init__(self) -> None:
        self.label = b""
        self.started = False  # the label, if any, was read
        self.skip = 0  # bytes of a sealed body that nobody can read
        self.plain: PlainStream | None = None


class MemberlistStream(StreamDecoder):
    """``keyring``: set after ``begin()``; opens sealed messages of up to ``limits.MESSAGE_BYTES``."""

    protocol: ClassVar[str] = "memberlist"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = KINDS
    first_bytes: ClassVar[frozenset[int] | None] = frozenset((LABEL, ENCRYPT, *_MAPS))

    def __init__(self) -> None:
        self.keyring: Keyring | None = None
        self.originator: int | None = None
        self._sides = (_Side(), _Side())

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        """By a message's first bytes. In the middle of a push/pull nothing is its own; but a stream whose SYN alone was
        not captured begins as every other, so its first bytes are asked too."""
        verdicts = [recognise(data) for data in opening.sides if data]
        if not verdicts or False in verdicts:
            return False if verdicts else None
        return True if True in verdicts else None

    @classmethod
    def begin(cls, opening: Opening) -> MemberlistStream:
        decoder = cls()
        decoder.originator = opening.opener
        return decoder

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        state = self._sides[side]
        if state.skip:
            count = min(state.skip, len(cursor))
            cursor.skip(count)
            state.skip -= count
            return []
        if state.plain is None:
            return self._start(side, cursor)
        return _read(state, state.plain, cursor)

    def gap(self, side: int, lost: int) -> None:
        state = self._sides[side]
        if lost > state.skip:
            raise DecodeError("gap")
        state.skip -= lost

    def content(self, side: int) -> bool:
        return not self._sides[side].skip

    def _start(self, side: int, cursor: Cursor) -> list[Message]:
        """The beginning of a message: label, sealed or not, type."""
        state = self._sides[side]
        kind = cursor.peek(1)[0]
        if kind == LABEL and not state.started:
            size = cursor.peek(2)[1]
            if not size:
                raise DecodeError("label")
            state.label = cursor.pull(2 + size)[2:]
            state.started = True
            return []
        state.started = True
        if kind == ENCRYPT:
            return self._sealed(state, cursor)
        known = _MAPS.get(kind)
        if known is None:
            raise DecodeError("not memberlist")
        shown = begins(known, cursor.peek(min(len(cursor), 40)), 1)
        if shown is None:
            raise NeedMoreData
        if not shown:
            raise DecodeError("not memberlist")
        if self.originator is None and kind in (*_ASKING, *_ANSWERING):
            self.originator = side if kind in _ASKING else 1 - side
        state.plain = PlainStream(Tone(label=state.label), Budget(LZW_BYTES))
        return _read(state, state.plain, cursor)

    def _sealed(self, state: _Side, cursor: Cursor) -> list[Message]:
        head = cursor.peek(5 + HEAD)
        length, version = int.from_bytes(head[1:5], "big"), head[5]
        if not fits(version, length) or length > PUSH_BYTES:
            raise DecodeError("length of a sealed message")
        if self.keyring is None or length > MESSAGE_BYTES - 5:
            cursor.skip(5 + HEAD)
            state.skip = length - HEAD
            return [sealed(version, length, state.label, None, "medium")]
        extra = cursor.peek(5) + state.label
        whole = cursor.pull(5 + length)
        opened = unseal(self.keyring, whole, 5, extra)
        if opened is None:
            return [sealed(version, length, state.label, None, "medium")]
        plain, key = opened
        inner = PlainStream(Tone(decrypted=True, label=state.label), Budget(LZW_BYTES))
        return [sealed(version, length, state.label, key, "high"), *inner.read_all(plain)]


def _read(state: _Side, plain: PlainStream, cursor: Cursor) -> list[Message]:
    messages = plain.read(cursor)
    if plain.broken:
        state.skip = _REST
    if plain.ended:
        state.plain = None
    return messages


def recognise(data: bytes) -> bool | None:
    """Is this the beginning of a memberlist stream? Never by a lone byte: None where there is not enough."""
    if data[0] == LABEL:
        if len(data) < 3:
            return None if len(data) < 2 or data[1] else False
        if not data[1]:
            return False
        data = data[2 + data[1]:]
        if not data:
            return None
    if data[0] == ENCRYPT:
        return _recognise_sealed(data)
    known = _MAPS.get(data[0])
    return False if known is None else begins(known, data, 1)


def _recognise_sealed(data: bytes) -> bool | None:
    """10, a length that fits, a version, what looks random; nothing after it, as a side sends one message."""
    if len(data) > 1 and data[1] > PUSH_BYTES >> 24:
        return False
    if len(data) < 5 + OVERHEAD:
        return None if len(data) < 6 or data[5] <= 1 else False
    length = int.from_bytes(data[1:5], "big")
    return length <= PUSH_BYTES and len(data) <= 5 + length and looks_sealed(data, 5, length)
