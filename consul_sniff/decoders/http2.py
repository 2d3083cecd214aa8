"""HTTP/2 in the clear: from its preface, or mid-stream from its frames. What gRPC says in it: ``grpc``.

No endpoint's state is kept (h2 would refuse everything that a late listener sees): frames, header blocks, and per
stream what its request named. Bounded: streams, header blocks, CONTINUATION frames (CVE-2024-27316 and its kin).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from .. import limits
from ..errors import DecodeError, NeedMoreData
from ..model import Message, Protection
from . import grpc
from . import http2_frames as frames
from .base import Opening, StreamDecoder
from .hpack_reader import HeaderReader

if TYPE_CHECKING:
    from .base import Cursor
    from .http2_frames import Frame

_SEEK_KEPT: Final = 64
_SEEK_WINDOW: Final = 16_384  # searched at once: a search of every byte that comes would be quadratic


class _Side:
    """Where one side stands."""

    __slots__ = ("block", "continued", "frame", "fresh", "headers", "left", "padding", "seeking", "started")

    def __init__(self, *, seeking: bool) -> None:
        self.seeking = seeking
        self.started = not seeking  # the preface may come first
        self.headers: HeaderReader | None = None
        self.frame: Frame | None = None  # whose payload is being passed
        self.left = 0
        self.padding = 0
        self.fresh = False  # nothing of that payload was read yet
        self.block: bytearray | None = None  # of headers whose CONTINUATION frames are still to come
        self.continued = 0


class Http2(StreamDecoder):
    """Both sides of an HTTP/2 connection. ``mode``: "8" inside Consul's RPC port, else None."""

    protocol = "grpc"
    kinds = grpc.KINDS
    first_bytes = frozenset((0, frames.PREFACE[0]))  # SETTINGS, the preface

    def __init__(self, mode: str | None = None, began: tuple[bool, bool] = (True, True)) -> None:
        self.mode = mode
        self.sides = tuple(_Side(seeking=not start) for start in began)
        self.streams: OrderedDict[int, grpc.Call] = OrderedDict()
        self._told = False
        self._ready: list[Message] = []
        self.closed_sides: list[int] = []

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        sides = list(zip(opening.sides, opening.began, strict=True))
        answers = [_claims(data, began=began) for data, began in sides if data]
        if any(data and began and _claims(data, began=True) is False for data, began in sides):
            return False  # HTTP/2 behind something else: Consul's mode byte 8
        if True in answers:
            return True
        return None if None in answers or not answers else False

    @classmethod
    def begin(cls, opening: Opening) -> Http2:
        aligned = [began or (len(data) >= frames.HEADER and frames.chain(data, 0, 2) is not False)
                   for data, began in zip(opening.sides, opening.began, strict=True)]
        return cls(None, (aligned[0], aligned[1]))

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        one = self.sides[side]
        if one.frame is not None:
            return self._payload(side, one, cursor)
        if one.seeking and not self._seek(one, cursor):
            return []
        if one.started and self._preface(side, one, cursor):
            return self._recognised()
        frame = frames.header(cursor.peek(frames.HEADER))
        if frame is None:
            raise DecodeError("no HTTP/2 frame")
        if (one.block is not None) != (frame.type == frames.CONTINUATION):
            raise DecodeError("HTTP/2 header block broken off")
        told = self._frame(side, one, frame, cursor)
        return self._recognised() + told

    def gap(self, side: int, lost: int) -> None:
        one = self.sides[side]
        if one.headers is not None:
            one.headers.forget()
        one.block = None
        for call in self.streams.values():
            call.gap(side)
        if one.frame is not None and lost <= one.left:
            one.left -= lost
            if not one.left:
                one.frame = None
            return
        one.frame = None
        one.seeking = True

    def close(self) -> list[Message]:
        told: list[Message] = []
        for call in self.streams.values():
            for side in (0, 1):
                last = call.close(side)
                told += last
                self.closed_sides += [side] * len(last)
        return told

    def _recognised(self) -> list[Message]:
        """Told once: this is HTTP/2 in the clear."""
        if self._told:
            return []
        self._told = True
        return [Message("grpc", "http2", Protection.PLAINTEXT, "HTTP/2 in the clear", (("mode", self.mode),))]

    def _preface(self, side: int, one: _Side, cursor: Cursor) -> bool:
        head = bytes(cursor.data[cursor.position:min(cursor.stop, cursor.position + len(frames.PREFACE))])
        if not frames.PREFACE.startswith(head):
            one.started = False
            return False
        cursor.pull(len(frames.PREFACE))
        one.started = False
        self.originator = side
        return True

    def _seek(self, one: _Side, cursor: Cursor) -> bool:
        """Go to the next frame; True: the cursor stands at one."""
        data = bytes(cursor.data[cursor.position:cursor.stop])
        at = frames.find(data)
        if at >= 0:
            one.seeking = False
            cursor.position += at
            return at == 0
        if len(data) <= _SEEK_WINDOW:
            raise NeedMoreData
        cursor.position += len(data) - _SEEK_KEPT
        return False

    def _frame(self, side: int, one: _Side, frame: Frame, cursor: Cursor) -> list[Message]:
        if frame.type in (frames.HEADERS, frames.CONTINUATION):
            return self._headers(side, one, frame, cursor)
        cursor.skip(frames.HEADER)
        one.padding = 0
        one.left = frame.length
        if frame.type == frames.DATA and frame.flags & frames.PADDED:
            one.padding = cursor.u8()
            one.left -= 1
            if one.padding > one.left:
                raise DecodeError("HTTP/2 padding")
        told: list[Message] = []
        if frame.type == frames.RST_STREAM:
            told = self._end(side, frame.stream)
        if one.left:
            one.frame, one.fresh = frame, True
        elif frame.type == frames.DATA:
            told = self._data_end(side, frame)
        return told

    def _payload(self, side: int, one: _Side, cursor: Cursor) -> list[Message]:
        frame = one.frame
        assert frame is not None
        data = cursor.pull(min(one.left, max(1, len(cursor))))
        one.left -= len(data)
        told: list[Message] = []
        if frame.type == frames.DATA:
            padded = max(0, one.padding - one.left)
            call = self.streams.get(frame.stream)
            if call is None:
                call = self._open(frame.stream, grpc.Call(None, None))
            told = call.data(side, data[:max(0, len(data) - padded)], first=one.fresh)
            one.fresh = False
            if call.server is not None and self.originator is None:
                self.originator = 1 - call.server
        if not one.left:
            one.frame = None
            if frame.type == frames.DATA:
                told += self._data_end(side, frame)
        return told

    def _data_end(self, side: int, frame: Frame) -> list[Message]:
        return self._half_end(side, frame.stream) if frame.flags & frames.END_STREAM else []

    def _headers(self, side: int, one: _Side, frame: Frame, cursor: Cursor) -> list[Message]:
        block = one.block if one.block is not None else bytearray()
        if len(block) + frame.length > limits.HEADER_BYTES:
            raise DecodeError("HTTP/2 header block over the budget")
        raw = cursor.pull(frames.HEADER + frame.length)[frames.HEADER:]
        if frame.type == frames.HEADERS:
            raw = _unpadded(raw, frame.flags)
            one.continued = 0
        else:
            one.continued += 1
            if one.continued > limits.CONTINUATIONS:
                raise DecodeError("too many HTTP/2 CONTINUATION frames")
        block += raw
        if not frame.flags & frames.END_HEADERS:
            one.block = block
            return []
        one.block = None
        if one.headers is None:
            one.headers = HeaderReader()
        pairs = one.headers.read(bytes(block))
        told = self._said(side, frame.stream, dict(reversed(pairs)))
        if frame.flags & frames.END_STREAM:
            told += self._half_end(side, frame.stream)
        return told

    def _said(self, side: int, stream: int, headers: dict[bytes, bytes]) -> list[Message]:
        """A header list: a request, a response or trailers."""
        if b":path" in headers or b":method" in headers:
            if self.originator is None:
                self.originator = side
            call = self._open(stream, grpc.Call(headers.get(b":path"), side))
            return call.request(headers)
        if b":status" in headers and self.originator is None:
            self.originator = 1 - side
        call_ = self.streams.get(stream)
        if call_ is None:
            call_ = self._open(stream, grpc.Call(None, None))
        return call_.response(side, headers) if b":status" in headers else call_.late(side, headers)

    def _open(self, stream: int, call: grpc.Call) -> grpc.Call:
        if stream not in self.streams and len(self.streams) >= limits.HTTP2_STREAMS:
            self.streams.popitem(last=False)
        self.streams[stream] = call
        return call

    def _half_end(self, side: int, stream: int) -> list[Message]:
        call = self.streams.get(stream)
        if call is None:
            return []
        told = call.close(side)
        if call.over:
            self.streams.pop(stream, None)
        return told

    def _end(self, side: int, stream: int) -> list[Message]:
        call = self.streams.pop(stream, None)
        return call.close(side) if call is not None else []


def _claims(data: bytes, *, began: bool) -> bool | None:
    if began:
        if data.startswith(frames.PREFACE):
            return True
        if frames.PREFACE.startswith(data):
            return None
        if data[:1] not in (b"", b"\x00") or data[3:4] not in (b"", b"\x04"):
            return False  # a server's first frame is SETTINGS (RFC 9113, 3.4)
        return frames.chain(data, 0, 2)
    return bool(frames.chain(data, 0, 2)) or frames.find(data) >= 0  # (False is not final: mid-stream it is asked again)


def _unpadded(raw: bytes, flags: int) -> bytes:
    """A HEADERS payload less padding and priority (RFC 9113, 6.2)."""
    if flags & frames.PADDED:
        if not raw or raw[0] > len(raw) - 1:
            raise DecodeError("HTTP/2 padding")
        raw = raw[1:len(raw) - raw[0]]
    if flags & frames.HAS_PRIORITY:
        if len(raw) < 5:
            raise DecodeError("HTTP/2 priority")
        raw = raw[5:]
    return raw
