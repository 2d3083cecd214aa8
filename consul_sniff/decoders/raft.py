"""Raft between servers: mode byte 1, no yamux, both directions read in pieces (hashicorp/raft, net_transport.go).

A request is a type byte and a msgpack map, an answer a msgpack error string and a map; InstallSnapshot is followed by
``Size`` raw bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from ..errors import DecodeError, NeedMoreData
from ..model import Framing, Message, Protection
from .base import StreamDecoder
from .content import Pool, Scanner
from .msgpack_rpc import Late
from .raft_log import Reader, found

if TYPE_CHECKING:
    from .base import Cursor, Opening

REQUESTS: Final = ("append-entries", "request-vote", "install-snapshot", "timeout-now", "pre-vote")
INSTALL_SNAPSHOT: Final = 2
SEARCH_BYTES: Final = 512  # looked at together for the beginning of a message; longer than one

_KEYS: Final = (rb"\xa4Addr|\xa2ID|\xafProtocolVersion|\xa4Term|\xa7Entries|\xa9Candidate|\xa6Leader|\xacLastLogIndex"
                rb"|\xadConfiguration|\xa7Granted|\xa7LastLog|\xa7Success|\xaeNoRetryBackoff")
_VALUE: Final = (rb"(?:[\x00-\x7f\x90\xc0\xc2\xc3]|[\xa0-\xbf][^\x00-\x1f]{0,31}?|\xda\x00[\x00-\x60][^\x00-\x1f]{0,96}?"
                 rb"|\xcc.|\xcd..|\xce.{4}|\xcf.{8})")
#: a map that begins with a transport address (enough also where a snap length cut the rest), or with two of Raft's keys
_MAP: Final = (rb"[\x83-\x8f](?:\xa4Addr(?:[\xa9-\xbf]|\xda\x00[\x20-\x40])[0-9a-f:.\[]{6}|(?:" + _KEYS + rb")" + _VALUE
               + rb"(?:" + _KEYS + rb"))")
_REQUEST: Final = re.compile(rb"[\x00-\x04]" + _MAP, re.DOTALL)
_ANSWER: Final = re.compile(rb"(?:\xa0|[\xa1-\xbf][ -~]{1,31}|\xd9.[ -~]{1,255}|\xda\x00.[ -~]{1,255})" + _MAP, re.DOTALL)


class _Half:
    """One direction: requests (a type byte first) or answers (an error string first)."""

    __slots__ = ("broken", "left", "outside", "pool", "reader", "snapshot", "state", "type")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.broken: DecodeError | None = None
        self.reader = Reader(Scanner("Raft log", pool))
        self.type = 0
        self.state = "start"  # start | error | map | raw | lost
        self.left = 0  # of a snapshot
        self.snapshot = Scanner("Raft snapshot", pool)
        self.outside = Scanner("Raft log", pool)  # while the framing is lost

    def lose(self) -> None:
        self.reader = Reader(Scanner("Raft log", self.pool))
        self.state = "lost"


class Raft(StreamDecoder):
    """A Raft connection."""

    protocol: ClassVar[str] = "raft"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {
        **dict.fromkeys(REQUESTS, ()), "response": (), "entry": ("type",), "snapshot": (), "remote-exec": ("via",),
    }

    #: a request's type, the text that an answer begins with
    first_bytes: ClassVar[frozenset[int] | None] = frozenset((*range(5), *range(0xA0, 0xC0), 0xD9, 0xDA))

    def __init__(self, originator: int | None = None) -> None:
        self.originator = originator
        pool = Pool()
        self._halves = (_Half(pool), _Half(pool))
        self._late = Late()

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        """A request or answer at the beginning, or (where that is missing) after it."""
        for side, data in enumerate(opening.sides):
            if _REQUEST.match(data) or _ANSWER.match(data):
                return True
            if not opening.began[side] and b"\xa4Term" in data and (_REQUEST.search(data) or _ANSWER.search(data)):
                return True
        return False

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:
        decoder = cls()
        for side, data in enumerate(opening.sides):
            if decoder.originator is None:
                decoder.originator = _requester(data, side)
        for half in decoder._halves:
            half.state = "lost"
        return decoder

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        half = self._halves[side]
        if half.broken is not None:
            raise half.broken
        if half.state == "lost" and len(cursor) < SEARCH_BYTES and not self._pattern(side).search(cursor.peek(len(cursor))):
            raise NeedMoreData  # a message's beginning may be cut here
        messages = self._late.take(side)
        data = cursor.rest()
        at = 0
        try:
            while at < len(data):
                at = self._step(side, half, data, at, messages)
        except DecodeError as error:
            if not messages:
                raise
            half.broken = error  # first tell what was whole
        return messages

    def _step(self, side: int, half: _Half, data: bytes, at: int, messages: list[Message]) -> int:
        reader = half.reader
        if half.state == "lost":
            return self._search(side, half, data, at, messages)
        if half.state == "start":
            if side == self.originator:
                if data[at] >= len(REQUESTS):
                    raise DecodeError("raft request type")
                half.type = data[at]
                half.state = "map"
                at += 1
            else:
                half.state = "error"
            reader.reset()
            reader.begin()
        elif half.state == "raw":
            return self._raw(half, data, at, messages)
        elif half.state == "error":
            at = reader.walk(data, at)
            if reader.done:
                reader.reset()
                half.state = "map"
        else:
            at = reader.walk(data, at)
            messages += reader.messages
            reader.messages.clear()
            if reader.done:
                messages.append(self._whole(side, half))
        return at

    def _whole(self, side: int, half: _Half) -> Message:
        """A map ended: what it was."""
        reader = half.reader
        if not reader.keys:
            raise DecodeError("raft message")
        half.state = "start"
        kind = "response"
        if side == self.originator:
            kind = REQUESTS[half.type]
            if half.type == INSTALL_SNAPSHOT and reader.size:
                half.state, half.left = "raw", reader.size
        detail = {"term": reader.term}
        if reader.entries:
            detail["entries"] = reader.entries
        return Message("raft", kind, Protection.PLAINTEXT, f"Raft {kind}", detail=detail)

    def _raw(self, half: _Half, data: bytes, at: int, messages: list[Message]) -> int:
        piece = data[at:at + half.left]
        half.left -= len(piece)
        hits = half.snapshot.feed(piece)
        if not half.left:
            hits += half.snapshot.flush()
            half.state = "start"
        messages += found("", hits, kind="snapshot")
        return at + len(piece)

    def _search(self, side: int, half: _Half, data: bytes, at: int, messages: list[Message]) -> int:
        """Scan on to the next place where a message surely begins."""
        match = self._pattern(side).search(data, at)
        stop = match.start() if match else len(data)
        hits = half.outside.feed(data[at:stop])
        if match:
            hits += half.outside.flush()
            half.state = "start"
        messages += found("unknown", hits)
        return stop

    def _pattern(self, side: int) -> re.Pattern[bytes]:
        return _REQUEST if side == self.originator else _ANSWER

    def framing(self, side: int) -> Framing:
        half = self._halves[side]
        if half.state != "start" or half.broken is not None or self.originator is None or not self._late.empty(side):
            return Framing.NONE
        return Framing.RAFT_REQUEST if side == self.originator else Framing.RAFT_ANSWER

    def gap(self, side: int, lost: int) -> None:
        half = self._halves[side]
        if half.state == "raw" and lost <= half.left:
            half.left -= lost
            self._late.add(side, found("unknown", half.snapshot.flush(), kind="snapshot"))
            return
        self._end(side, half)
        half.lose()

    def _end(self, side: int, half: _Half) -> None:
        """What is known of a message that will not be whole."""
        self._late.add(side, found("unknown", [*half.reader.pending(), *half.outside.flush()]))
        self._late.add(side, found("", half.snapshot.flush(), kind="snapshot"))
        if half.state == "map" and half.reader.keys:  # cut, yet certain
            self._late.add(side, [self._whole(side, half)])

    def close(self) -> list[Message]:
        for side, half in enumerate(self._halves):
            self._end(side, half)
        messages, self.closed_sides = self._late.rest()
        return messages


def _requester(data: bytes, side: int) -> int | None:
    """Who originated, by the first message in ``data``."""
    request, answer = _REQUEST.search(data), _ANSWER.search(data)
    if request is None and answer is None:
        return None
    if answer is None or (request is not None and request.start() < answer.start()):
        return side
    return 1 - side
