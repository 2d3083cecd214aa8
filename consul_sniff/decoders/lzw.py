"""LZW as memberlist compresses with: Go's compress/lzw, least significant bits first, literals of 8 bits.

Codes are 9 to 12 bits wide; 256 clears the table, 257 ends the stream. (Source: Go, src/compress/lzw/reader.go.) A full
table stays as it is until it is cleared. It is neither TIFF's variant (which widens a code earlier) nor Unix
compress's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import DecodeError

if TYPE_CHECKING:
    from .base import Budget

_CLEAR: Final = 256
_END: Final = 257
_FULL: Final = 4096  # codes of 12 bits
_START: Final = [*(bytes((value,)) for value in range(256)), b"", b""]


class Lzw:
    """An unpacker that takes its input in pieces.

    ``budget``: one unit a byte that goes in and one a byte that comes out, so that neither a bomb nor a stream of
    codes that unpack to nothing costs more than it allows.
    """

    __slots__ = ("_bits", "_budget", "_held", "_last", "_table", "_width", "ended")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._table = _START.copy()
        self._last = b""  # what the code before unpacked to; empty after a clear, and where the table is full
        self._width = 9
        self._held = 0  # bits that are no whole code yet
        self._bits = 0  # how many of them
        self.ended = False  # the end code was read: all that follows is not part of the stream

    def feed(self, piece: bytes | memoryview) -> bytes:
        """What *piece* unpacks to, after the pieces before. DecodeError: no such code, or over the budget."""
        self._budget.spend(len(piece), "lzw budget")
        table, last, width, held, bits = self._table, self._last, self._width, self._held, self._bits
        out = bytearray()
        allowed = self._budget.left
        for byte in b"" if self.ended else piece:
            held |= byte << bits
            bits += 8
            if bits < width:
                continue
            code = held & ((1 << width) - 1)
            held >>= width
            bits -= width
            if code == _CLEAR:
                del table[_END + 1:]
                width, last = 9, b""
                continue
            if code == _END:
                self.ended = True
                break
            size = len(table)
            if code < size:
                entry = table[code]
            elif code == size and last:
                entry = last + last[:1]
            else:
                raise DecodeError("lzw code")
            out += entry
            if len(out) > allowed:
                raise DecodeError("lzw budget")
            if last:
                table.append(last + entry[:1])
                size += 1
                if size == _FULL:
                    last = b""
                    continue
                if size >> width:
                    width += 1
            if size < _FULL:
                last = entry
        self._last, self._width, self._held, self._bits = last, width, held, bits
        self._budget.spend(len(out), "lzw budget")
        return bytes(out)


def unpack(packed: bytes, budget: Budget, *, cut: bool = False) -> bytes:
    """A whole stream at once. DecodeError("lzw end"): it has no end code, which only a *cut* one may lack."""
    lzw = Lzw(budget)
    unpacked = lzw.feed(packed)
    if not (lzw.ended or cut):
        raise DecodeError("lzw end")
    return unpacked
