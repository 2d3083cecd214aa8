"""The heads of HTTP/1 messages: lenient as a listener has to be, bounded as hostile bytes need.

RFC 9112; where clients and servers are known to differ (bare LF, folded lines, CL beside TE) this reads what a Go
server would (net/http), for that is what Consul, Nomad and Vault are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from .. import limits
from ..errors import DecodeError, NeedMoreData

if TYPE_CHECKING:
    from .base import Cursor

_LINE: Final = 1_024  # a chunk's size and extensions; a trailer
_REQUEST: Final = re.compile(rb"([A-Z][A-Z-]{0,19}) ([^\x00-\x20\x7f]{1,16384}) HTTP/1\.([01])\r?\n")
_RESPONSE: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\x00]{0,1024})?\r?\n")
_END: Final = re.compile(rb"\r?\n\r?\n")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")
#: a start line in the middle of anything: only the usual methods, and a header line must follow
_ANYWHERE: Final = re.compile(
    rb"(?:(?:GET|PUT|POST|HEAD|DELETE|PATCH|OPTIONS) [/*h][^\x00-\x20\x7f]{0,8192} HTTP/1\.[01]"
    rb"|HTTP/1\.[01] [1-5][0-9]{2} [^\r\n\x00]{0,64})\r\n[A-Za-z][A-Za-z0-9-]{1,63}:",
)


class Head(NamedTuple):
    """The head of a request (``method`` and ``target``) or a response (``status``; method is then empty)."""

    method: str
    target: str
    status: int
    version: int  # 10 or 11
    headers: tuple[tuple[str, str], ...]  # names in lower case, values as Latin-1

    def get(self, name: str) -> str:
        """The first value of a header; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def has_prefix(self, prefix: str) -> bool:
        """Say whether a header's name begins so."""
        return any(key.startswith(prefix) for key, _ in self.headers)


def could_begin(data: bytes) -> bool | None:
    """Do these first bytes of a stream begin an HTTP/1 message? None: more are needed to tell."""
    data = data.lstrip(b"\r\n")
    line, newline, _ = data[:limits.HEADER_LINE].partition(b"\n")
    if newline:
        return bool(_REQUEST.match(line + newline) or _RESPONSE.match(line + newline))
    if len(data) >= limits.HEADER_LINE:
        return False
    if data.startswith(b"HTTP/1."[:len(data)]):
        return None
    method, space, target = data.partition(b" ")
    if not re.fullmatch(rb"[A-Z][A-Z-]{0,19}", method):
        return False if data else None
    if space and re.match(rb"[\x00-\x20\x7f]", target):
        return False
    return None


def find(data: bytes, position: int = 0) -> int:
    """Where the next head begins, or -1. Strict, for this looks into bodies too."""
    if data.find(b"HTTP/1.", position) < 0:  # in every start line; in sealed bytes the search takes fifty times as long
        return -1
    found = _ANYWHERE.search(data, position)
    return found.start() if found else -1


def beginning(data: bytes) -> Head | None:
    """The head that these bytes begin, with those of its headers that are whole; None without a whole start line."""
    data = data[:limits.HEADER_BYTES].lstrip(b"\r\n")
    line = _REQUEST.match(data) or _RESPONSE.match(data)
    if line is None:
        return None
    headers = _headers(data[line.end():data.rfind(b"\n") + 1])
    if line.re is _REQUEST:
        return Head(line[1].decode("ascii"), line[2].decode("latin-1"), 0, 10 + int(line[3]), headers)
    return Head("", "", int(line[2]), 10 + int(line[1]), headers)


def read(cursor: Cursor) -> Head:
    """The head that the cursor stands at. NeedMoreData: it is not whole. DecodeError: it is none, or over a limit."""
    data, start, stop = bytes(cursor.data), cursor.position, cursor.stop
    begin = start
    while begin < stop and data[begin] in b"\r\n":
        begin += 1
    if begin == stop:
        raise NeedMoreData
    end = _END.search(data, begin, min(stop, begin + limits.HEADER_BYTES))
    if end is None:
        _still_possible(data, begin, stop)
        raise NeedMoreData
    request = _REQUEST.match(data, begin)
    response = None if request else _RESPONSE.match(data, begin)
    line = request or response
    if line is None:
        raise DecodeError("no HTTP start line")
    headers = _headers(data[line.end():end.start()]) if end.start() > line.end() else ()
    cursor.position = end.end()
    if request is not None:
        method, target, minor = request.groups()
        return Head(method.decode("ascii"), target.decode("latin-1"), 0, 10 + int(minor), headers)
    minor, status = line.groups()
    return Head("", "", int(status), 10 + int(minor), headers)


def _still_possible(data: bytes, begin: int, stop: int) -> None:
    if stop - begin >= limits.HEADER_BYTES:
        raise DecodeError("HTTP head over the budget")
    if could_begin(data[begin:min(stop, begin + limits.HEADER_LINE)]) is False:
        raise DecodeError("no HTTP start line")
    if stop - max(data.rfind(b"\n", begin, stop), begin) > limits.HEADER_LINE:
        raise DecodeError("HTTP header line over the budget")


def _headers(text: bytes) -> tuple[tuple[str, str], ...]:
    kept: list[tuple[str, str]] = []
    lines = text.split(b"\n", limits.HEADERS + 1)
    if len(lines) > limits.HEADERS:
        raise DecodeError("too many HTTP headers")
    for line in lines:
        if len(line) > limits.HEADER_LINE:
            raise DecodeError("HTTP header line over the budget")
        if line[:1] in (b" ", b"\t") and kept:  # obs-fold (RFC 9112, 5.2)
            kept[-1] = (kept[-1][0], f"{kept[-1][1]} {line.strip().decode('latin-1')}"[:limits.HEADER_LINE])
            continue
        name, colon, value = line.partition(b":")
        if colon and _NAME.match(name.rstrip()):
            kept.append((name.rstrip().decode("ascii").lower(), value.strip().decode("latin-1")))
    return tuple(kept)


def line(cursor: Cursor) -> bytes:
    """A chunk's size and extensions, or a trailer, with its end."""
    data = bytes(cursor.data[cursor.position:min(cursor.stop, cursor.position + _LINE)])
    found, newline, _ = data.partition(b"\n")
    if not newline:
        if len(data) >= _LINE:
            raise DecodeError("HTTP chunk line over the budget")
        raise NeedMoreData
    cursor.skip(len(found) + 1)
    return found + newline


def line_end(cursor: Cursor) -> None:
    """What ends a chunk's bytes."""
    if cursor.peek(1) == b"\n":
        cursor.skip(1)
    elif cursor.pull(2) != b"\r\n":
        raise DecodeError("HTTP chunk end")
