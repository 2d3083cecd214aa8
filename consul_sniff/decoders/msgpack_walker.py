# cython: annotation_typing=False
"""msgpack in pieces: for objects too large to wait for, such as a Raft request with its log entries.

Consul's snapshots come one token, often one byte, a segment; a log entry may have half a megabyte. So the walker keeps
only where it is: a bounded stack of open containers, a cut token's bytes, and how much of a byte string is to come.
"""

from __future__ import annotations

from typing import Final

from ..errors import DecodeError
from ..limits import MSGPACK_DEPTH

KEY_BYTES: Final = 64

#: of each first byte: how many bytes of a number or length come after it
_WIDTHS: Final = bytes({0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4,
                        0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2,
                        0xDF: 4}.get(first, 0) for first in range(256))
_EXTENSIONS: Final = {0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}  # type and data


class Container:
    """One whose items are not all read."""

    def __init__(self, items: int, is_map: bool) -> None:  # noqa: FBT001 - compiled, by place
        self.left = items
        self.is_map = is_map
        self.at_key = is_map
        self.key = b""


class Walker:
    """One object a time: ``walk`` until ``done``, then ``reset``. Override the hooks.

    ``depth`` of a value: 0 the object itself, 1 its items, and so on; ``key``: the map key it stands under, else b"".
    """

    def __init__(self) -> None:
        self.done = False
        self._stack: list[Container] = []
        self._head = b""  # a token that the window cut
        self._raw = 0  # bytes of the present string that are to come
        self._keeping: bytearray | None = None  # of a string that is a map key

    # hooks

    def scalar(self, depth: int, key: bytes, value: int | None) -> None:
        """An integer, a boolean or nil (other numbers come as 0)."""

    def text(self, depth: int, key: bytes, piece: bytes, left: int, *, first: bool) -> None:
        """A piece of a byte string; ``left`` bytes of it follow."""

    def opened(self, depth: int, key: bytes, *, is_map: bool) -> None:
        """A container begins."""

    def closed(self, depth: int) -> None:
        """A container ends."""

    # the walk

    def reset(self) -> None:
        self.done = False

    def walk(self, data: bytes, at: int) -> int:
        """Read on from ``at`` to the end of the object or of ``data``; where it stopped."""
        stop = len(data)
        while at < stop and not self.done:
            at = self._string(data, at, False) if self._raw else self._token(data, at)
        return at

    def _token(self, data: bytes, at: int) -> int:
        first = self._head[0] if self._head else data[at]
        width = _WIDTHS[first]
        if not width:
            return self._short(data, at + 1, first)
        wanted = 1 + width - len(self._head)
        head = self._head + data[at:at + wanted]
        at += wanted
        if len(head) <= width:
            self._head = head
            return len(data)
        self._head = b""
        number = int.from_bytes(head[1:], "big")
        if first <= 0xC6 or 0xD9 <= first <= 0xDB:
            return self._begin_string(data, at, number)
        if first <= 0xC9:
            return self._begin_string(data, at, number + 1)
        if first >= 0xDC:
            self._open(number, first >= 0xDE)
        else:
            self._scalar(number if 0xCC <= first <= 0xCF else 0)
        return at

    def _short(self, data: bytes, at: int, first: int) -> int:
        if first < 0x80:
            self._scalar(first)
        elif first < 0xA0:
            self._open(first & 15, first < 0x90)
        elif first < 0xC0:
            return self._begin_string(data, at, first & 31)
        elif first >= 0xE0:
            self._scalar(first - 256)
        elif first in _EXTENSIONS:
            return self._begin_string(data, at, _EXTENSIONS[first])
        elif first == 0xC1:
            raise DecodeError("msgpack 0xc1")
        else:
            self._scalar({0xC0: None, 0xC2: False, 0xC3: True}[first])
        return at

    def _top(self) -> Container | None:
        """The innermost container that is open."""
        depth = len(self._stack)
        return self._stack[depth - 1] if depth else None

    def _scalar(self, value: int | None) -> None:
        top = self._top()
        if top is None:
            self.scalar(0, b"", value)
        elif top.at_key:
            top.key = b""
        else:
            self.scalar(len(self._stack), top.key, value)
        self._ended()

    def _open(self, items: int, is_map: bool) -> None:  # noqa: FBT001
        top = self._top()
        depth = len(self._stack)
        if depth >= MSGPACK_DEPTH:
            raise DecodeError("msgpack depth")
        if top is not None and top.at_key:
            raise DecodeError("msgpack key")
        self.opened(depth, top.key if top is not None else b"", is_map=is_map)
        self._stack.append(Container(items, is_map))
        if not items:
            self._close()

    def _begin_string(self, data: bytes, at: int, length: int) -> int:
        top = self._top()
        self._keeping = bytearray() if top is not None and top.at_key else None
        self._raw = length
        return self._string(data, at, True)

    def _string(self, data: bytes, at: int, first: bool) -> int:  # noqa: FBT001
        piece = data[at:at + self._raw]
        if not piece and self._raw:
            if first and self._keeping is None:
                self._text(piece, first)
            return at
        self._raw -= len(piece)
        if self._keeping is not None:
            self._keeping += piece[:KEY_BYTES - len(self._keeping)]
        else:
            self._text(piece, first)
        if not self._raw:
            top = self._top()
            if self._keeping is not None and top is not None:
                top.key = bytes(self._keeping)
            self._ended()
        return at + len(piece)

    def _text(self, piece: bytes, first: bool) -> None:  # noqa: FBT001
        top = self._top()
        self.text(len(self._stack), top.key if top is not None else b"", piece, self._raw, first=first)

    def _ended(self) -> None:
        """A value or key is complete."""
        top = self._top()
        if top is None:
            self.done = True
            return
        if top.is_map:
            top.at_key = not top.at_key
            if not top.at_key:
                return
            top.key = b""
        top.left -= 1
        if not top.left:
            self._close()

    def _close(self) -> None:
        self._stack.pop()
        self.closed(len(self._stack))
        self._ended()
