# cython: annotation_typing=False
"""LZW as memberlist compresses with: Go's compress/lzw, least significant bits first, literals of 8 bits.

Codes are 9 to 12 bits wide; 256 clears the table, 257 ends the stream. (Source: Go, src/compress/lzw/reader.go.) A full
table stays as it is until it is cleared. It is neither TIFF's variant (which widens a code earlier) nor Unix
compress's. Compiled together with its ``.pxd``, which holds the types.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from ..errors import DecodeError

if TYPE_CHECKING:
    from .base import Budget


class Lzw:
    """An unpacker that takes its input in pieces.

    ``budget``: one unit a byte that goes in and one a byte that comes out, so that neither a bomb nor a stream of
    codes that unpack to nothing costs more than it allows.

    A code above 257 stands for what an earlier code does, its stem, and one byte more, its tail.
    """

    __slots__ = ("_bits", "_budget", "_first", "_held", "_known", "_last", "_lengths", "_stems", "_tails", "_width", "ended")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._stems = array("H", bytes(8192))
        self._lengths = array("H", bytes(8192))  # of what codes above 257 stand for, in bytes
        self._tails = bytearray(4096)
        self._known = 258  # codes that stand for something
        self._last = -1  # the code before; -1 after a clear, and where the table is full
        self._first = 0  # the first byte of what it stands for
        self._width = 9
        self._held = 0  # bits that are no whole code yet
        self._bits = 0  # how many of them
        self.ended = False  # the end code was read: all that follows is not part of the stream

    def feed(self, piece: bytes) -> bytes:
        """What *piece* unpacks to, after the pieces before. DecodeError: no such code, or over the budget."""
        self._budget.spend(len(piece), "lzw budget")
        allowed = self._budget.left
        out = bytearray(min(4 * len(piece), allowed) + 4096)
        view, room, at = out, len(out), 0
        held, bits, width, known, last = self._held, self._bits, self._width, self._known, self._last
        for place in range(0 if self.ended else len(piece)):
            held |= piece[place] << bits
            bits += 8
            if bits < width:
                continue
            code = held & ((1 << width) - 1)
            held >>= width
            bits -= width
            if code == 256:
                known, width, last = 258, 9, -1
                continue
            if code == 257:
                self.ended = True
                break
            if code > known or (code == known and last < 0):
                raise DecodeError("lzw code")
            if last >= 0:
                self._stems[known] = last
                self._lengths[known] = self._lengths[last] + 1 if last > 257 else 2
                self._tails[known] = self._first  # right where the code is the one that is made here
            size = self._lengths[code] if code > 257 else 1
            if at + size > allowed:
                raise DecodeError("lzw budget")
            if at + size > room:
                view = out = out + bytearray(room)
                room *= 2
            at += size
            self._first = self._spell(view, at, code)
            if last >= 0:
                self._tails[known] = self._first
                known += 1
                if known == 4096:
                    last = -1
                    continue
                if known >> width:
                    width += 1
            if known < 4096:
                last = code
        self._held, self._bits, self._width, self._known, self._last = held, bits, width, known, last
        self._budget.spend(at, "lzw budget")
        return bytes(out[:at])

    def _spell(self, out: bytearray, end: int, code: int) -> int:
        """Write what *code* stands for before *end*; its first byte."""
        end -= 1
        while code > 257:
            out[end] = self._tails[code]
            code = self._stems[code]
            end -= 1
        out[end] = code
        return code


def unpack(packed: bytes, budget: Budget, *, cut: bool = False) -> bytes:
    """A whole stream at once. DecodeError("lzw end"): it has no end code, which only a *cut* one may lack."""
    lzw = Lzw(budget)
    unpacked = lzw.feed(packed)
    if not (lzw.ended or cut):
        raise DecodeError("lzw end")
    return unpacked
