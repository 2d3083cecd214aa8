"""HTTP/1.0 and 1.1: heads, bodies by length, by chunks and until the end, requests paired with responses.

Here only borders are found (RFC 9112), where they are lost the next head; what it means is decided in ``http_exchange``.
"""

from __future__ import annotations

import re
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from .. import limits
from ..errors import DecodeError, NeedMoreData
from . import consul_api, http_head
from .base import Opening, StreamDecoder
from .http_body import Body
from .http_exchange import Exchange, open_exchange, unasked
from .http_head import Head

if TYPE_CHECKING:
    from ..model import Message, Standing
    from .base import Cursor

PENDING: Final = 256  # requests without their responses: pipelining never goes that far
_SEEK_KEPT: Final = 1_024  # bytes behind which a head may have begun
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")


class State(Enum):
    """What a side's next bytes are."""

    HEAD = auto()
    SEEK = auto()  # anything: look for a head
    LENGTH = auto()  # so many more bytes of a body
    SIZE = auto()  # a chunk's size line
    CHUNK = auto()  # so many more bytes of a chunk
    CHUNK_END = auto()  # its line end
    TRAILERS = auto()
    UNTIL_END = auto()  # a body that ends with the stream
    DONE = auto()  # nothing that we read


#: model.Standing's words
_STANDING: Final = {one.name.lower().replace("_", "-"): one for one in State}


class _Side:
    """Where one side stands."""

    __slots__ = ("body", "exchange", "left", "paired", "response", "state", "trailers")

    def __init__(self, state: State) -> None:
        self.state = state
        self.left = 0
        self.trailers = 0
        self.body: Body | None = None
        self.exchange: Exchange | None = None
        self.response = False
        self.paired = True  # the response's request was seen


class Http1(StreamDecoder):
    """Both sides of an HTTP/1 connection."""

    protocol = "http"
    kinds = consul_api.KINDS
    first_bytes = frozenset(b"\r\nABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def __init__(self, began: tuple[bool, bool] = (True, True)) -> None:
        self.sides = tuple(_Side(State.HEAD if start else State.SEEK) for start in began)
        self._pending: deque[Exchange] = deque()
        self._doubt = False  # requests or responses were lost: the oldest pending may never be answered
        self._ready: list[Message] = []  # told with the next bytes, for gap() tells nothing
        self.closed_sides: list[int] = []  # who said each message that ``close`` returned

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        sides = list(zip(opening.sides, opening.began, strict=True))
        answers = [_claims(data, began=began) for data, began in sides if data]
        if any(data and began and _claims(data, began=True) is False for data, began in sides):
            return False  # a protocol that uses HTTP's words
        if True in answers:
            return True
        return None if None in answers or not answers else False

    @classmethod
    def begin(cls, opening: Opening) -> Http1:  # who said nothing yet will begin at its beginning, if there was a SYN
        first, second = (began or (not data and opening.opener is not None) for data, began in zip(opening.sides, opening.began, strict=True))
        return cls((first, second))

    @classmethod
    def resumed(cls, standing: Standing, originator: int) -> Http1:
        """The screen read the connection so far: it was nobody's that we know."""
        decoder = cls()
        decoder.originator = originator
        for number, (side, left, comes) in enumerate(zip(decoder.sides, standing.left, standing.next, strict=True)):
            side.left, side.response = left, number != originator
            side.state = _STANDING.get(comes) or (State.LENGTH if left else State.HEAD)
        decoder._pending.extend(open_exchange(Head(one, "*", 0, 11, ())) for one in (standing.waits,) if one)
        return decoder

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        one = self.sides[side]
        told: list[Message] = []
        match one.state:
            case State.HEAD:
                told += self._head(side, one, cursor)
            case State.SEEK:
                if self._seek(one, cursor):
                    told += self._head(side, one, cursor)
            case State.LENGTH | State.CHUNK:
                told += self._bytes(side, one, cursor)
            case State.SIZE:
                self._size(one, cursor)
            case State.CHUNK_END:
                http_head.line_end(cursor)
                one.state = State.SIZE
            case State.TRAILERS:
                told += self._trailer(one, cursor)
            case State.UNTIL_END:
                data = cursor.rest()
                if one.body is not None:
                    one.body.feed(data)
            case State.DONE:
                cursor.rest()
        ready, self._ready = self._ready, []
        return ready + told

    def gap(self, side: int, lost: int) -> None:
        one = self.sides[side]
        if one.body is not None:
            one.body.gap()
        if one.state in (State.LENGTH, State.CHUNK) and lost <= one.left:
            one.left -= lost
            if not one.left and one.state is State.CHUNK:
                one.state = State.CHUNK_END
            elif not one.left:
                self._ready += self._finish(one)
        elif one.state not in (State.UNTIL_END, State.DONE):
            self._ready += self._finish(one)
            one.state = State.SEEK
            self._doubt = True

    def cut(self, side: int, data: bytes) -> list[Message]:
        """A head of which the beginning was captured: told where its start line and the headers that are whole settle whose
        it is. What is missing could have settled it otherwise, so nothing is told of what is not sure."""
        one = self.sides[side]
        begin = 0 if one.state is State.HEAD else http_head.find(data) if one.state is State.SEEK else -1
        head = http_head.beginning(data[begin:]) if begin >= 0 else None
        if head is None or (self.originator is not None and bool(head.method) != (side == self.originator)):
            return []
        if not head.method:
            return (self._asked() or unasked(head)).answer(head).response(None) if head.has_prefix("x-consul-") else []
        self.originator = side
        exchange = open_exchange(head)
        if len(self._pending) < PENDING:
            self._pending.append(exchange)
        return exchange.request(None) if getattr(exchange, "sure", False) else []

    def close(self) -> list[Message]:
        told = self._ready
        self.closed_sides = [self.originator or 0] * len(told)
        for side, one in enumerate(self.sides):
            if one.body is not None and one.state is not State.UNTIL_END:
                one.body.cut = True
            last = self._finish(one)
            told += last
            self.closed_sides += [side] * len(last)
            one.state = State.DONE
        return told

    def content(self, side: int) -> bool:
        one = self.sides[side]
        return one.state is not State.DONE and not (one.state is State.UNTIL_END and one.body is None)

    def _head(self, side: int, one: _Side, cursor: Cursor) -> list[Message]:
        head = http_head.read(cursor)
        if self.originator is None:
            self.originator = side if head.method else 1 - side
        elif bool(head.method) != (side == self.originator):
            raise DecodeError("HTTP request and response on one side")
        one.response = not head.method
        if head.method:
            return self._request(one, head)
        if head.status < 200 and head.status != 101:
            return []  # "100 Continue" and such: the response itself follows
        return self._response(side, one, head)

    def _request(self, one: _Side, head: Head) -> list[Message]:
        exchange = open_exchange(head)
        if len(self._pending) >= PENDING:
            self._pending.popleft()
            self._doubt = True
        self._pending.append(exchange)
        one.exchange = exchange
        one.state = _framing(one, head, request=True)
        sink = exchange.request_sink() if one.state is not State.HEAD else None
        one.body = Body(sink, head.get("content-encoding")) if sink is not None else None
        if one.body is not None:
            return []  # told when the body was read
        one.exchange = None
        return exchange.request(None)

    def _response(self, side: int, one: _Side, head: Head) -> list[Message]:
        exchange = self._asked() or unasked(head)
        method, one.paired = exchange.method, bool(exchange.method)
        exchange = exchange.answer(head)
        if head.status == 101 or (method == "CONNECT" and head.status < 300):
            return self._leave(side, exchange, head)
        one.state = _framing(one, head, request=False)
        if method == "HEAD" or head.status in (204, 304):
            one.state = State.HEAD
        one.exchange = exchange
        sink = exchange.response_sink() if one.state is not State.HEAD else None
        one.body = Body(sink, head.get("content-encoding")) if sink is not None else None
        if one.body is not None:
            return []
        one.exchange = None
        return exchange.response(None)

    def _asked(self) -> Exchange | None:
        """The request that the response now read answers."""
        if not self._pending:
            return None
        if self._doubt:  # which one is not known: the last, for almost nobody pipelines
            self._doubt = False
            last = self._pending.pop()
            self._pending.clear()
            return last
        return self._pending.popleft()

    def _leave(self, side: int, exchange: Exchange, head: Head) -> list[Message]:
        """The connection goes on as something else."""
        if exchange.upgrade == "h2c" and head.status == 101:
            from .http2 import Http2

            self.successor = Http2()
            self.successor.originator = 1 - side
        for one in self.sides:
            one.state = State.DONE
        return exchange.response(None)

    def _seek(self, one: _Side, cursor: Cursor) -> bool:
        """Go to the next head; True: the cursor stands at one."""
        data = bytes(cursor.data[cursor.position:cursor.stop])
        at = http_head.find(data)
        if at >= 0:
            cursor.position += at
            one.state = State.HEAD
            return at == 0
        if len(data) <= _SEEK_KEPT:
            raise NeedMoreData
        cursor.position += len(data) - _SEEK_KEPT
        return False

    def _bytes(self, side: int, one: _Side, cursor: Cursor) -> list[Message]:
        if not one.paired and one.response and cursor.data[cursor.position:cursor.position + 7] == b"HTTP/1.":
            self._ready += self._finish(one)  # the answer to a HEAD request that was not captured
            return self._head(side, one, cursor)
        data = cursor.pull(min(one.left, len(cursor)))
        one.left -= len(data)
        one.paired = True
        if one.body is not None:
            one.body.feed(data)
        if one.left:
            return []
        if one.state is State.CHUNK:
            one.state = State.CHUNK_END
            return []
        return self._finish(one)

    def _size(self, one: _Side, cursor: Cursor) -> None:
        line = http_head.line(cursor)
        size = _SIZE.fullmatch(line)
        if size is None:
            raise DecodeError("HTTP chunk size")
        one.left = int(size[1], 16)
        one.state = State.CHUNK if one.left else State.TRAILERS
        one.trailers = 0

    def _trailer(self, one: _Side, cursor: Cursor) -> list[Message]:
        line = http_head.line(cursor)
        one.trailers += 1
        if line in (b"\r\n", b"\n"):
            return self._finish(one)
        if one.trailers > limits.HEADERS:
            raise DecodeError("too many HTTP headers")
        return []

    def _finish(self, one: _Side) -> list[Message]:
        """The message of this side is over."""
        body, exchange, one.body, one.exchange = one.body, one.exchange, None, None
        one.state = State.HEAD
        if exchange is None:
            return []
        if body is not None:
            body.done()
        return exchange.response(body) if one.response else exchange.request(body)


def _claims(data: bytes, *, began: bool) -> bool | None:
    if began:
        return http_head.could_begin(data)
    return http_head.find(data) >= 0  # (False is not final here: mid-stream the driver asks again with more)


def _framing(one: _Side, head: Head, *, request: bool) -> State:
    """How the body is framed; State.HEAD where there is none. Chunks win over a length, as in Go."""
    encodings = ",".join(head.all("transfer-encoding")).lower()
    if encodings.replace(" ", "").endswith("chunked"):
        return State.SIZE
    lengths = head.all("content-length")
    if lengths:
        length = lengths[0].split(",")[0].strip()
        if not (length.isascii() and length.isdigit()) or len(length) > 18:
            raise DecodeError("HTTP content length")
        one.left = int(length)
        return State.LENGTH if one.left else State.HEAD
    return State.HEAD if request else State.UNTIL_END
