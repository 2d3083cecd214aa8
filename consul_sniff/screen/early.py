"""TCP segments that came before their turn: objects, for they are one packet in a hundred at worst.

The bytes that were seen first win; what arrives over bytes still held and differs is noted (``overlap-conflict``).
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from .. import limits

try:
    import cython  # noqa: F401 - as in every hot module
    from cython import Py_ssize_t as i64
except ImportError:
    from ._cython import i64

if TYPE_CHECKING:
    from collections.abc import MutableMapping


class Held(NamedTuple):
    """Bytes [start, end) of a side's stream (positions, not sequence numbers) with what was captured of them."""

    start: int
    end: int
    data: bytes
    time: int
    frame: int


class Early:
    """Held segments by side, sorted and disjoint. Positions are sequence numbers, unwrapped relative to the one awaited."""

    def __init__(self, notes: MutableMapping[str, int], rows: int = 1 << 62, shares: int = 1) -> None:
        """``rows``: those of a share; each share has its part of the budget."""
        self.notes = notes
        self.rows = rows
        self.budget = limits.STREAM_BUFFERS // shares
        self.sides: dict[int, list[Held]] = {}
        self.sizes: dict[int, int] = {}
        self.shares: dict[int, int] = {}  # bytes held, by share

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return sum(self.shares.values())

    def insert(self, side: i64, new: Held) -> None:
        """Keep what is new of the segment."""
        pieces = self.sides.setdefault(side, [])
        place = bisect_left(pieces, (new.start,))
        if place and pieces[place - 1].end > new.start:
            place -= 1
        if place == len(pieces) or pieces[place].start >= new.end:
            pieces.insert(place, new)
            self.count(side, len(new.data))
        else:
            self.among(pieces, place, side, new)

    def among(self, pieces: list[Held], place: i64, side: i64, new: Held) -> None:
        """The same where some of it waits already, from that place on."""
        at = new.start
        kept: list[Held] = []
        for old in islice(pieces, place, None):
            if old.start >= new.end:
                break
            low, high = max(old.start, new.start), min(old.end, new.end)
            if low < high:
                a, b = old.data[low - old.start:high - old.start], new.data[low - new.start:high - new.start]
                if a[:len(b)] != b[:len(a)]:
                    self.notes["overlap-conflict"] = self.notes.get("overlap-conflict", 0) + 1
            if old.start > at:
                kept.append(new._replace(start=at, end=old.start, data=new.data[at - new.start:old.start - new.start]))
            at = old.end
        if at < new.end:
            kept.append(new._replace(start=at, data=new.data[at - new.start:]))
        if kept:
            pieces += kept
            pieces.sort()
            self.count(side, sum(len(piece.data) for piece in kept))

    def count(self, side: i64, size: i64) -> None:
        """So many bytes more wait."""
        self.sizes[side] = self.sizes.get(side, 0) + size
        share = side // 2 // self.rows
        self.shares[share] = self.shares.get(share, 0) + size

    def full(self, side: i64) -> bool:
        """Must the hole before this side's first segment be given up?"""
        return (len(self.sides[side]) > limits.EARLY_SEGMENTS or self.sizes.get(side, 0) > limits.EARLY_BYTES
                or self.shares[side // 2 // self.rows] > self.budget)

    def pop(self, side: i64) -> Held:
        """The first one."""
        pieces = self.sides[side]
        first = pieces.pop(0)
        self.sizes[side] -= len(first.data)
        self.shares[side // 2 // self.rows] -= len(first.data)
        if not pieces:
            del self.sides[side], self.sizes[side]
        return first
