"""The plaintext of one memberlist stream message, read piece by piece; a compressed one is unpacked as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import DecodeError, NeedMoreData
from ..limits import MESSAGE_BYTES, MSGPACK_ITEMS
from . import serf
from .base import Budget, Cursor
from .gossip import COMPRESS, PUSH_PULL, SHAPES, USER, USER_HEADER, begins, fields_of, number, packed, raw
from .lzw import Lzw
from .messages import NODE, push_pull, repeated, tell

if TYPE_CHECKING:
    from ..model import Message
    from .gossip import Tone

NODES: Final = 1024 * 1024  # memberlist net.go, maxPushStateNodes
STATE_BYTES: Final = 20 * 1024 * 1024  # the same, maxPushStateBytes and maxUserMsgBytes
NODES_AT_ONCE: Final = 256  # node states that one call reads
PIECE: Final = 4096  # bytes that are unpacked at once
HEAD: Final = 40  # bytes that show what a map is


class PlainStream:
    """``read`` takes what it can and says in ``ended`` whether the message is whole, in ``broken`` that it never will be.

    ``budget``: bytes that unpacking may take in and give out. Items are bounded for each map of its own: a push/pull of
    a large pool has more than a datagram ever holds, and each is dropped once it was told.
    """

    __slots__ = ("_budget", "_inner", "_lzw", "_nodes", "_packed", "_skip", "_state", "_told", "_tone", "_waiting",
                 "_want", "broken", "ended")

    def __init__(self, tone: Tone, budget: Budget | None) -> None:
        self._tone = tone
        self._budget = budget  # None: a compressed message in here is refused, as memberlist does
        self._nodes: int | None = None  # node states that are still to come; None: the type was not read yet
        self._state = 0  # bytes of user state after them
        self._skip = 0  # bytes of it that nobody reads
        self._packed = 0  # bytes of a compressed message that are still to come
        self._lzw: Lzw | None = None
        self._inner: PlainStream | None = None  # reads what a compressed message unpacks to ...
        self._waiting = bytearray()  # ... of which this is not read yet ...
        self._want = 1  # ... and not before it is so much
        self._told = False
        self.ended = False
        self.broken = False

    def read(self, cursor: Cursor) -> list[Message]:
        """What the next bytes say.

        DecodeError only where nothing was told yet: later, the last message says that the rest is not read.
        """
        messages: list[Message] = []
        try:
            messages = self._next(cursor)
        except DecodeError as error:
            messages = self._broken(error)
            cursor.rest()
        self._told = self._told or bool(messages)
        return messages

    def _next(self, cursor: Cursor) -> list[Message]:
        if self._lzw is not None:
            return self._unpack(cursor)
        if self._nodes is None:
            return self._begin(cursor)
        if self._nodes:
            return self._node_states(cursor)
        return self._user_state(cursor)

    def read_all(self, data: bytes) -> list[Message]:
        """All of a message that is there as a whole."""
        cursor = Cursor(data)
        messages: list[Message] = []
        while not self.ended:
            try:
                messages += self.read(cursor)
            except NeedMoreData:
                messages += self._broken(DecodeError("message ends too early"))
        return messages

    def _broken(self, error: DecodeError) -> list[Message]:
        if not self._told:
            raise error
        self.ended = self.broken = True
        return [self._tone.tell("other", f"the rest is not read: {error.reason}")]

    def _begin(self, cursor: Cursor) -> list[Message]:
        kind = cursor.u8()
        known = USER_HEADER if kind == USER else SHAPES.get(kind)
        if known is None or begins(known, cursor.peek(min(len(cursor), HEAD)), 0) is False:
            raise DecodeError("not memberlist")
        if kind == COMPRESS:
            self._begin_packed(cursor)
            return self._unpack(cursor)
        items = Budget(MSGPACK_ITEMS)
        fields = fields_of(known, cursor, items)
        nodes, state = number(fields, b"Nodes"), number(fields, b"UserMsgLen" if kind == USER else b"UserStateLen")
        if kind not in (PUSH_PULL, USER):
            nodes = state = 0
        if not 0 <= nodes <= NODES or not 0 <= state <= STATE_BYTES:
            raise DecodeError("size of a push/pull")
        self._nodes, self._state = nodes, state
        self.ended = not nodes and not state
        if kind == USER:
            return []
        return [push_pull(fields, self._tone) if kind == PUSH_PULL else tell(kind, fields, self._tone, items)]

    def _node_states(self, cursor: Cursor) -> list[Message]:
        messages: list[Message] = []
        at = cursor.position
        try:
            while self._nodes and len(messages) < NODES_AT_ONCE:
                messages.append(repeated(NODE, cursor, self._tone, Budget(MSGPACK_ITEMS)))
                self._nodes -= 1
                at = cursor.position
        except (NeedMoreData, DecodeError):
            cursor.position = at
            if not messages:
                raise  # (the next call meets it again, with nothing before it)
        self.ended = not self._nodes and not self._state
        return messages

    def _user_state(self, cursor: Cursor) -> list[Message]:
        """Serf's state or message; where it is too large to be waited for, it is stepped over."""
        size = self._state
        if self._skip:
            count = min(len(cursor), self._skip)
            cursor.skip(count)
            self._skip -= count
            self.ended = not self._skip
            return []
        if size > MESSAGE_BYTES:
            cursor.skip(1)
            self._skip = size - 1
            return [self._tone.tell("user", f"user state of {size} bytes, not read", detail={"bytes": size})]
        data = cursor.pull(size)
        self.ended = True
        try:
            return serf.read(data, self._tone, Budget(MSGPACK_ITEMS))
        except (DecodeError, NeedMoreData) as error:
            why = error.reason if isinstance(error, DecodeError) else "ends too early"
            return [self._tone.tell("user", f"user state of {size} bytes", detail={"bytes": size, "unread": why})]

    def _begin_packed(self, cursor: Cursor) -> None:
        if self._budget is None:
            raise DecodeError("compress in compress")
        inner, lzw = PlainStream(self._tone, None), Lzw(self._budget)
        found = packed(cursor.peek(min(len(cursor), HEAD)))
        if found is None:  # no Go wrote it: take it whole
            fields = fields_of(SHAPES[COMPRESS], cursor, Budget(MSGPACK_ITEMS))
            if fields.get(b"Algo", 0) != 0:
                raise DecodeError("compression algorithm")
            self._waiting += lzw.feed(raw(fields, b"Buf"))
        else:
            cursor.skip(found[0])
            self._packed = found[1]
        self._inner, self._lzw = inner, lzw

    def _unpack(self, cursor: Cursor) -> list[Message]:
        messages: list[Message] = []
        try:
            while self._packed and len(cursor):
                piece = cursor.pull(min(self._packed, len(cursor), PIECE))
                self._packed -= len(piece)
                self._waiting += self._lzw.feed(piece) if self._lzw else b""
                self._read_inner(messages)
            self._read_inner(messages)
            self.ended = not self._packed
            if self.ended and self._inner and not self._inner.ended:
                self._told = self._told or bool(messages)
                messages += self._broken(DecodeError("message ends too early"))
        except DecodeError as error:
            self._told = self._told or bool(messages)
            messages += self._broken(error)
        return messages

    def _read_inner(self, messages: list[Message]) -> None:
        inner, waiting = self._inner, self._waiting
        if inner is None or inner.ended or len(waiting) < self._want:
            return
        cursor, at = Cursor(bytes(waiting)), 0
        try:
            while not inner.ended:
                messages += inner.read(cursor)
                at = cursor.position
        except NeedMoreData as more:
            self._want = len(waiting) - at + more.missing
        if inner.broken:
            self.ended = self.broken = True
        del waiting[:at]
