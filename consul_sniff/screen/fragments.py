"""IP fragments, put together. Every bound is in ``limits``."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .pieces import COST, Pieces
from .words import Window

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from .layers import Words

KEPT = cython.declare(i64, limits.FRAGMENT_SECONDS * 1_000_000_000)
MOST = cython.declare(i64, limits.FRAGMENTS)
MOST_BYTES = cython.declare(i64, limits.FRAGMENT_BYTES)
EACH = cython.declare(i64, COST)
BARE = cython.declare(i64, 512)  # bytes that a datagram takes before it has any piece
LONGEST = cython.declare(i64, 65_535)


class Datagram:
    """What came of one datagram so far. ``size``: -1 until its end came; ``packets``, ``wire``: how many, and their bytes on the wire;
    ``time``, ``frame``: of the last."""

    def __init__(self, digest: u64, key: Words, trail: Words, began: i64) -> None:
        """``key``: family, protocol, source words, destination words, id; ``trail``: as Layers has it."""
        self.digest = digest
        self.key = key
        self.trail = trail
        self.began = began
        self.size = -1
        self.first = self.packets = self.wire = self.time = self.frame = self.held = self.covered = 0


class Fragments:
    """Holds fragments until their datagram is whole, too old or too much: then it is in ``done``. ``notes``: counts by name.

    Datagrams wait under a digest of their key.
    """

    def __init__(self, notes: MutableMapping[str, int]) -> None:
        self.notes = notes
        self.waiting: OrderedDict[int, Datagram] = OrderedDict()  # a dict's first is far behind many that are gone
        self.done: list[Datagram] = []
        # all of them together, and the last fragment, which may fall into all holes of its datagram
        self.pieces = Pieces(limits.FRAGMENT_BYTES // COST + 4 * limits.FRAGMENTS)
        self.held = 0
        self.oldest = 0  # when the first that waits began

    def note(self, name: str, times: i64 = 1) -> None:
        self.notes[name] = self.notes.get(name, 0) + times

    def begin(self, digest: u64, key: Words, trail: Words, time: i64) -> Datagram:
        """One that is not among those that wait."""
        it = self.waiting[digest] = Datagram(digest, key, trail, time)
        it.held = BARE
        self.held += BARE
        if len(self.waiting) == 1:
            self.oldest = time
        return it

    def possible(self, start: i64, end: i64) -> i64:
        """Can a fragment stand there?"""
        if start < end <= LONGEST:
            return 1
        self.note("fragment-malformed")
        return 0

    def add(self, it: Datagram, start: i64, end: i64, data: bytes, more: i64, time: i64, frame: i64, wire: i64) -> None:
        """A fragment of a datagram: [start, end) on the wire, of which ``data`` was captured."""
        it.packets += 1
        it.wire += wire
        it.frame = frame
        it.time = time
        if not more:
            if it.size not in (-1, end):
                self.note("overlap-conflict")
            else:
                it.size = end
        self.insert(it, start, end, data, time, frame)
        if it.packets > MOST:
            self.note("fragments-evicted")
            self.finish(it)
        elif 0 <= it.size <= it.covered and self.whole(it):
            self.finish(it)
        while self.held > MOST_BYTES:
            self.note("fragments-evicted")
            self.finish(self.eldest())

    def insert(self, it: Datagram, start: i64, end: i64, data: bytes, time: i64, frame: i64) -> None:
        """Keep what is new of a fragment."""
        new: i64
        it.first = self.pieces.put(it.first, start, end, data, time, frame)
        new = self.pieces.bytes + EACH * self.pieces.places
        it.held += new
        self.held += new
        it.covered += self.pieces.covered
        if self.pieces.overlaps:
            self.note("fragment-overlap", self.pieces.overlaps)
        if self.pieces.conflicts:
            self.note("overlap-conflict", self.pieces.conflicts)

    def whole(self, it: Datagram) -> i64:
        """Is nothing missing?"""
        at: i64 = 0
        i: i64 = it.first
        while i and self.pieces.P[i].start == at:
            at = self.pieces.P[i].end
            i = self.pieces.P[i].next
        return at >= it.size

    def eldest(self) -> Datagram:
        """The first that waits."""
        return next(iter(self.waiting.values()))

    def finish(self, it: Datagram) -> None:
        """Wait no longer for it."""
        del self.waiting[it.digest]
        self.held -= it.held
        self.done.append(it)
        if self.waiting and it.began == self.oldest:
            self.oldest = self.eldest().began

    def expire(self, time: i64) -> None:
        """Give up what waits too long. Datagrams wait in the order of their first fragments."""
        while self.waiting and not -KEPT <= time - self.oldest <= KEPT:
            self.note("fragments-incomplete")
            self.finish(self.eldest())

    def close(self) -> None:
        """The input ends."""
        while self.waiting:
            self.note("fragments-incomplete")
            self.finish(self.eldest())

    def lay(self, it: Datagram, window: Window) -> i64:
        """Write what there is of a datagram that is done, up to the first byte that is missing: where that is. ``size`` is then more
        than that if there is anything more."""
        at: i64 = 0
        end: i64 = 0
        i: i64 = it.first
        while i:
            end = self.pieces.P[i].end
            if self.pieces.P[i].start == at:
                at = window.lay(at, self.pieces.data[i])
            i = self.pieces.drop(i)
        it.first = 0
        if it.size < 0:
            it.size = end + 1
        return at if at < it.size else it.size
