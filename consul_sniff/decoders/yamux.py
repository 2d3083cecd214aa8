"""yamux: many streams on one connection, each of them calls (hashicorp/yamux, spec.md and const.go).

A header is 12 bytes: version 0, type, flags, stream id, length, big-endian; only data frames carry ``length`` bytes.
Header and body are separate segments nearly always. Bodies are handed on as they come, none is put together.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from ..errors import DecodeError, NeedMoreData
from ..model import Framing, Message, Protection
from .base import StreamDecoder
from .content import Pool
from .msgpack_rpc import KINDS, Calls, Late, headers, is_header

if TYPE_CHECKING:
    from .base import Cursor, Opening

DATA, WINDOW, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
BOTH: Final = 3  # sides, as bits
HEADER: Final = Struct(">BBHII")
HEADER_BYTES: Final = 12
STREAMS: Final = 1_024  # live at once, of one connection; the oldest is forgotten
FRAME_BYTES: Final = 64 * 1024 * 1024  # a stream's window starts at 256 KiB and is never near this
UNDECIDED_BYTES: Final = 2_048  # with so many bytes a second header was due
SEARCH_BYTES: Final = 4_096  # looked through for the next header after a hole


class Frame(NamedTuple):
    """A frame's header; ``kind`` is its type."""

    kind: int
    flags: int
    stream: int
    length: int


def frame_at(data: bytes | bytearray | memoryview, at: int = 0) -> Frame | None:
    """The header at ``at``; None: there is none (or not wholly, or no implementation sends it).

    Strict, as many protocols begin with small big-endian numbers: streams are numbered from 1, an empty data frame or
    window update carries a flag (``sendWindowUpdate`` returns early without), a ping is a SYN or its ACK.
    """
    if len(data) - at < HEADER_BYTES:
        return None
    version, kind, flags, stream, length = HEADER.unpack_from(data, at)
    if version or kind > GO_AWAY or flags > SYN | ACK | FIN | RST or flags & (SYN | ACK) == SYN | ACK:
        return None
    if kind <= WINDOW:
        if not stream or length > FRAME_BYTES or not (length or flags):
            return None
    elif stream or (kind == PING and flags not in (SYN, ACK)) or (kind == GO_AWAY and (flags or length > 2)):
        return None
    return Frame(kind, flags, stream, length)


def aligned(data: bytes) -> bool | None:
    """Do frames surely begin here? Data that begins as a call, or two headers in a row. None: too short to say.

    Rows of small numbers look like empty frames, so one frame at least must say something: a body that ends where the
    next header begins, or a SYN.
    """
    said, count, at = False, 0, 0
    while count < 2 and len(data) - at >= HEADER_BYTES:
        frame = frame_at(data, at)
        if frame is None:
            return False
        count += 1
        at += HEADER_BYTES
        if frame.kind == DATA and frame.length:
            if is_header(data, at):
                return True
            at += frame.length
            said = said or at <= len(data)
        elif frame.flags & SYN:
            said = True
    return True if said and count == 2 else None


def find(data: bytes) -> int:
    """Where frames surely begin, else -1. Away from the beginning there are many places to be wrong at: only a call."""
    if aligned(data):
        return 0
    for at in headers(data, HEADER_BYTES):
        frame = frame_at(data, at - HEADER_BYTES)
        if frame is not None and frame.kind == DATA and frame.length:
            return at - HEADER_BYTES
    return -1


class _Half:
    """One direction: how much of the present frame is still to come, or the search for the next header."""

    __slots__ = ("lost", "remain", "stream")

    def __init__(self) -> None:
        self.remain = 0
        self.stream = 0
        self.lost = False


class Yamux(StreamDecoder):
    """A yamux connection: `yamux` once, then the calls of its streams."""

    protocol: ClassVar[str] = "consul-rpc"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = KINDS

    def __init__(self, originator: int | None = None) -> None:
        self.originator = originator
        self._halves = (_Half(), _Half())
        self._streams: dict[int, Calls] = {}
        self._ended: dict[int, int] = {}  # stream -> sides that sent FIN, as bits
        self._pool = Pool()
        self._told = False
        self._late = Late()

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        undecided = False
        for side, data in enumerate(opening.sides):
            if not data:
                continue
            answer = aligned(data)
            if answer or (not opening.began[side] and find(data) >= 0):
                return True
            undecided = undecided or (answer is None and len(data) < UNDECIDED_BYTES)
        return None if undecided else False

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:
        decoder = cls()
        for side, half in enumerate(decoder._halves):
            half.lost = not opening.began[side]
        return decoder

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        half = self._halves[side]
        if half.lost and not self._search(half, cursor):
            return []
        if not half.remain and len(cursor) < HEADER_BYTES:
            raise NeedMoreData(HEADER_BYTES - len(cursor))
        messages = self._late.take(side)
        if not half.remain:
            frame = frame_at(cursor.data, cursor.position)
            if frame is None:
                raise DecodeError("yamux header")
            cursor.skip(HEADER_BYTES)
            messages += self._open(side, half, frame)
        if half.remain:
            body = cursor.pull(min(half.remain, len(cursor)))
            half.remain -= len(body)
            if body:
                messages += self._calls(half.stream).feed(side, body)
                self._learn(side, messages)
                if not half.remain and self._ended.get(half.stream) == BOTH:
                    self._forget(half.stream)
        return messages

    def _open(self, side: int, half: _Half, frame: Frame) -> list[Message]:
        messages = []
        if not self._told:
            self._told = True
            messages.append(Message("consul-rpc", "yamux", Protection.PLAINTEXT, "yamux connection"))
        if self.originator is None and frame.stream and frame.flags & SYN:
            self.originator = side if frame.stream & 1 else 1 - side  # a client's streams have odd numbers
        if frame.kind == DATA:
            half.remain, half.stream = frame.length, frame.stream
        if frame.flags & (FIN | RST) and frame.stream in self._streams:
            ended = self._ended.get(frame.stream, 0) | (BOTH if frame.flags & RST else 1 << side)
            self._ended[frame.stream] = ended
            if ended == BOTH and not half.remain:
                self._forget(frame.stream)
        return messages

    def _calls(self, stream: int) -> Calls:
        calls = self._streams.get(stream)
        if calls is None:
            if len(self._streams) >= STREAMS:
                self._forget(next(iter(self._streams)))
            calls = self._streams[stream] = Calls(self._pool)
        return calls

    def _forget(self, stream: int) -> None:
        self._ended.pop(stream, None)
        calls = self._streams.pop(stream, None)
        if calls is not None:
            for side in (0, 1):
                self._late.add(side, calls.gap(side))

    def _learn(self, side: int, messages: list[Message]) -> None:
        if self.originator is None:
            for message in messages:
                if message.kind in ("request", "response"):
                    self.originator = side if message.kind == "request" else 1 - side
                    return

    def _search(self, half: _Half, cursor: Cursor) -> bool:
        """Step to the next place where frames surely begin; False: not in these bytes."""
        data = cursor.peek(len(cursor))
        found = find(data)
        if found >= 0:
            half.lost, half.remain = False, 0
            cursor.skip(found)
            return True
        if len(data) <= SEARCH_BYTES:
            raise NeedMoreData
        cursor.skip(len(data) - SEARCH_BYTES // 2)
        return False

    def framing(self, side: int) -> Framing:
        half = self._halves[side]
        if half.lost or half.remain or self.originator is None or not self._told or not self._late.empty(side):
            return Framing.NONE
        calls = self._streams.get(half.stream)
        return Framing.YAMUX if calls is None or calls.between(side) else Framing.NONE

    def gap(self, side: int, lost: int) -> None:
        half = self._halves[side]
        if half.lost:
            return
        if lost <= half.remain:  # a hole within one record keeps the framing
            half.remain -= lost
            if half.stream in self._streams:
                self._late.add(side, self._streams[half.stream].gap(side))
            return
        half.lost = True
        half.remain = 0
        for calls in self._streams.values():
            self._late.add(side, calls.gap(side))

    def close(self) -> list[Message]:
        for stream in list(self._streams):
            self._forget(stream)
        messages, self.closed_sides = self._late.rest()
        return messages
