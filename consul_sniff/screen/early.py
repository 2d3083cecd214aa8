"""TCP segments that came before their turn, by side.

The bytes that were seen first win; what arrives over bytes still held and differs is noted (``overlap-conflict``).
"""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
except ImportError:
    from . import _cython as cython
    from ._cython import i64

from .pieces import COST, Pieces
from .table import KINDS
from .words import zeros

if TYPE_CHECKING:
    from collections.abc import MutableMapping

MOST = cython.declare(i64, limits.EARLY_SEGMENTS)
MOST_BYTES = cython.declare(i64, limits.EARLY_BYTES)
EACH = cython.declare(i64, COST)

# The same fields in the same order stand in early.pxd.
WAITING = (("first", 4), ("count", 4), ("bytes", 8))


class WaitingRecord(ctypes.Structure):
    """Of a side: the list of what waits, and how much that is."""

    _fields_ = [(name, KINDS[size]) for name, size in WAITING]


class Early:
    """What waits of side ``d`` are ``pieces`` from ``W[d].first`` on. Positions are sequence numbers, unwrapped relative to the one
    awaited."""

    def __init__(self, notes: MutableMapping[str, int], rows: int, shares: int = 1) -> None:
        """``rows``: of the table, all shares together; each share has its part of the budget."""
        self.notes = notes
        self.rows = rows // shares
        self.budget = limits.STREAM_BUFFERS // shares
        self.shares = array("q", [0] * shares)  # bytes that wait, and what it costs to keep them
        self.count = 0  # of all that waits
        self.waiting = (WaitingRecord * (2 * rows)).from_buffer(zeros(ctypes.sizeof(WaitingRecord) * 2 * rows))
        self.W = self.waiting
        # all budgets, and the last segment, which may fall into all holes of its side
        self.pieces = Pieces(limits.STREAM_BUFFERS // COST + 2 * limits.EARLY_SEGMENTS)

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return sum(self.shares) - COST * self.count

    def insert(self, d: i64, start: i64, end: i64, data: bytes, time: i64, frame: i64) -> i64:
        """Keep what is new of a segment."""
        self.W[d].first = cython.cast(cython.uint, self.pieces.put(self.W[d].first, start, end, data, time, frame))
        self.W[d].count += self.pieces.places
        self.count += self.pieces.places
        self.W[d].bytes += self.pieces.bytes
        self.shares[d // 2 // self.rows] += self.pieces.bytes + EACH * self.pieces.places
        if self.pieces.conflicts:
            self.notes["overlap-conflict"] = self.notes.get("overlap-conflict", 0) + self.pieces.conflicts
        return 0

    def full(self, d: i64) -> i64:
        """Must the hole before this side's first segment be given up?"""
        return (self.W[d].count > MOST or cython.cast(i64, self.W[d].bytes) > MOST_BYTES
                or self.shares[d // 2 // self.rows] > self.budget)

    def drop(self, d: i64) -> i64:
        """Forget the side's first piece."""
        size: i64 = len(self.pieces.data[self.W[d].first])
        self.W[d].first = cython.cast(cython.uint, self.pieces.drop(self.W[d].first))
        self.W[d].count -= 1
        self.count -= 1
        self.W[d].bytes -= size
        self.shares[d // 2 // self.rows] -= size + EACH
        return 0
