"""Pieces of streams and datagrams that came before their turn: lists of them, sorted and disjoint; the bytes that were seen first win.

A list is the number of its first piece, 0 where there is none. Rows and not objects: a sender chooses how many there are.
"""

from __future__ import annotations

import ctypes

try:
    import cython
    from cython import Py_ssize_t as i64
except ImportError:
    from . import _cython as cython
    from ._cython import i64

from .table import KINDS
from .words import zeros

# The same fields in the same order stand in pieces.pxd.
PIECE = (("start", -8), ("end", -8), ("time", -8), ("frame", -8), ("next", 4), ("rest", 4))
COST = 64  # bytes that a piece takes beside its own


class PieceRecord(ctypes.Structure):
    """Bytes [start, end) of what was sent (``Pieces.data`` has what of them was captured); the packet's time and frame; the next."""

    _fields_ = [(name, KINDS[size]) for name, size in PIECE]


class Pieces:
    """``put`` into a list, ``drop`` its first. Of the last ``put``: how many pieces (``places``), captured ``bytes`` and positions
    (``covered``) the list has more; how many pieces it met in the same place (``overlaps``) that said something else (``conflicts``)."""

    def __init__(self, most: int) -> None:
        """``most``: pieces at once, in all lists; whoever keeps these sees to it."""
        self.rows = (PieceRecord * (most + 1)).from_buffer(zeros(ctypes.sizeof(PieceRecord) * (most + 1)))
        self.P = self.rows
        self.data = [b""]  # by row
        self.high = 1  # row 0 is nobody's
        self.free = 0  # row of a list of rows given back
        self.places = self.bytes = self.covered = self.overlaps = self.conflicts = 0

    def put(self, first: i64, start: i64, end: i64, data: bytes, time: i64, frame: i64) -> i64:
        """Keep what is new of [start, end), of which ``data`` was captured. The list, which may begin with it."""
        at: i64 = start
        stop: i64
        before: i64 = 0
        i: i64 = first
        n: i64
        self.places = self.bytes = self.covered = self.overlaps = self.conflicts = 0
        while i and self.P[i].end <= start:
            before = i
            i = self.P[i].next
        while at < end:
            stop = self.P[i].start if i and self.P[i].start < end else end
            if at < stop:
                n = self.new(data if stop - at == end - start else data[at - start:stop - start])
                self.covered += stop - at
                self.P[n].start = at
                self.P[n].end = stop
                self.P[n].time = time
                self.P[n].frame = frame
                self.P[n].next = cython.cast(cython.uint, i)
                if before:
                    self.P[before].next = cython.cast(cython.uint, n)
                else:
                    first = n
                before = n
            if stop == end:
                break
            self.met(i, start, data)
            at = self.P[i].end
            before = i
            i = self.P[i].next
        return first

    def new(self, data: bytes) -> i64:
        """A row for these bytes."""
        n: i64 = self.free
        if n:
            self.free = self.P[n].next
            self.data[n] = data
        else:
            n = self.high
            self.high += 1
            self.data.append(data)
        self.places += 1
        self.bytes += len(data)
        return n

    def met(self, i: i64, start: i64, data: bytes) -> None:
        """A piece stands where bytes from ``start`` on came again: are they the same, as far as both were captured?"""
        old: bytes = self.data[i]
        skip: i64 = start - self.P[i].start
        self.overlaps += 1
        if skip >= 0:
            old = old[skip:]
        else:
            data = data[-skip:]
        if not (old.startswith(data) if len(data) < len(old) else data.startswith(old)):
            self.conflicts += 1

    def drop(self, i: i64) -> i64:
        """Forget a list's first piece: the list that is left."""
        after: i64 = self.P[i].next
        self.data[i] = b""
        self.P[i].next = cython.cast(cython.uint, self.free)
        self.free = i
        return after
