"""Messages known by heart: of a framed stream, whole messages that say what others said before are counted, not handed on.

A side is *followed* once its decoder stands between two messages (``Streams.follow``). What a message says hangs on its
bytes alone, less the numbers that nobody reads: that digest (``Digests``) is the *unit*. A new unit is handed on by itself;
when it was decoded, the session says so (``learn``), and from then on it is counted, in whatever flow. A side whose framing
is not sure any more (a hole, bytes that are no message) is handed on as if it had never been followed.
"""

from __future__ import annotations

import ctypes
from array import array
from typing import Any

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .digests import Digests
from .handover import HandOver
from .table import KINDS, Table
from .words import Window, released, zeros

if not cython.compiled:
    from .words import fetch, fold

YAMUX = cython.declare(i64, 3)  # as model.Framing

KNOWN = cython.declare(i64, limits.UNITS * 2)  # places; a power of two
ROWS = cython.declare(i64, limits.UNITS_HEARD)
MOST = cython.declare(i64, limits.UNITS)
SPARE = cython.declare(i64, 1_024)  # rows: one piece says less
KINDS_HEARD = cython.declare(i64, limits.UNITS_SIDE)
PARTS = cython.declare(i64, limits.PARTS)
LONGEST = cython.declare(i64, limits.PARTS_MESSAGE)
HEADER = cython.declare(i64, 1)  # what of a frame waits, in a side's ``half``
BODY = cython.declare(i64, 2)
HALF = cython.declare(u64, 0x7FFFFFFFFFFFFFFE)
FRAME_BYTES = cython.declare(i64, 64 * 1024 * 1024)  # decoders.yamux.FRAME_BYTES
ASLEEP = cython.declare(i64, 1)  # as in Asleep

# The same fields in the same order stand in units.pxd.
HEARD = (("unit", 8), ("count", 8), ("first", 8), ("last", 8), ("frame1", 8), ("frame2", 8), ("frame3", 8), ("next", 8))


class HeardRecord(ctypes.Structure):
    """A unit as a side said it: its number, how often, when (ns), the first packets, and the row of another unit."""

    _fields_ = [(name, KINDS[size]) for name, size in HEARD]


class Units:
    """``take`` what comes next of a followed side; ``learn`` what a unit's number is; ``heard`` what a side said."""

    def __init__(self, window: Window, table: Table, outlet: HandOver) -> None:
        self.win = window
        self.tab = table
        self.outlet = outlet
        self.digests = Digests(window)
        self.sleepers: Any = None  # a proxy of an Asleep; told of by Streams
        self.known = zeros(KNOWN * 16).cast("Q")  # digest, number + 1
        self.learnt = 0
        self.memory = zeros(ctypes.sizeof(HeardRecord) * limits.UNITS_HEARD)
        self.rows_array = (HeardRecord * limits.UNITS_HEARD).from_buffer(self.memory)
        self.H = self.rows_array
        self.most = ROWS // table.shares  # rows of a share's sides; they lie together, and the first of them is nobody's
        self.high = array("q", [1] * table.shares)  # how many were ever used
        self.free = array("q", [0] * table.shares)  # row of a list of rows given back
        self.used = array("q", [0] * table.shares)
        self.parts: dict[int, list[tuple[bytes, int, int]]] = {}  # of a side, what came of a frame's body: bytes, time, frame
        self.waiting = 0  # bytes of them
        self.scratch = bytearray(limits.PARTS_MESSAGE + 64)

    def restart(self) -> None:
        """No flow is live any more. What is known stays known: it hangs on no input."""
        s: i64
        for s in range(self.tab.shares):
            self.high[s] = 1
            self.free[s] = self.used[s] = 0
        self.parts = {}
        self.waiting = 0

    def release(self, s: i64) -> None:
        """Let go of the memory of what a share's sides said; they are all over."""
        released(self.memory, s, self.tab.shares)

    def rest(self) -> None:
        """No packet comes any more: let go of the memory."""
        self.known = zeros(8).cast("Q")
        self.rows_array = self.H = (HeardRecord * 1)()
        self.memory = memoryview(b"")

    def forget(self) -> None:
        """Forget the units' numbers: a new generation of them begins."""
        i: i64
        if self.learnt:
            for i in range(KNOWN * 2):
                self.known[i] = 0
        self.learnt = 0

    @property
    def full(self) -> bool:
        """Must what was heard be fetched, and be forgotten? Then ``learn`` and ``count`` do nothing."""
        return bool(self.learnt >= MOST or max(self.used) >= self.most - 1)

    def share(self, d: i64) -> i64:
        """Whose side it is."""
        return (d >> 1) // self.tab.each

    def crowded(self, d: i64) -> i64:
        """Is there hardly a row left for a side?"""
        return self.used[self.share(d)] >= self.most - SPARE

    def learn(self, digest: u64, number: u64) -> None:
        """A unit's number, from now on."""
        i: i64 = self.place(digest)
        if self.learnt < MOST and self.known[i] == 0:
            self.known[i] = digest
            self.known[i + 1] = number + 1
            self.learnt += 1

    def number_of(self, digest: u64) -> int:
        """A unit's number; -1: it is not known."""
        return int(self.known[self.place(digest) + 1]) - 1

    def place(self, h: u64) -> i64:
        """Where a digest stands in ``known``, or would."""
        i: i64 = cython.cast(i64, h & cython.cast(u64, KNOWN - 1)) << 1
        while self.known[i] != 0 and self.known[i] != h:
            i = (i + 2) & (2 * KNOWN - 1)
        return i

    # --- counting ----------------------------------------------------------------------------------------------

    def count(self, d: i64, h: u64, time: i64, frame: i64) -> i64:
        """Count a unit that is known: 1. 0 where it is not, or there is no room."""
        number: u64 = self.known[self.place(h) + 1]
        return self.add(d, number, time, frame, KINDS_HEARD) if number else 0

    def add(self, d: i64, number: u64, time: i64, frame: i64, most: i64) -> i64:
        """Count what has this number, plus one. 0: there is no room, or the side said ``most`` other things."""
        r: i64 = cython.cast(i64, self.tab.D[d].heard)
        before: i64 = 0
        n: i64 = 0
        while r:
            if self.H[r].unit == number:
                break
            before = r
            r = cython.cast(i64, self.H[r].next)
            n += 1
        if r and before:  # to the front: what is said most is found where it was brought to (``fetch``)
            self.H[before].next = self.H[r].next
            self.H[r].next = self.tab.D[d].heard
            self.tab.D[d].heard = cython.cast(cython.uint, r)
        if not r:
            if n >= most:
                return 0
            r = self.row(self.share(d))
            if not r:
                return 0
            self.H[r].unit = number
            self.H[r].count = self.H[r].frame2 = self.H[r].frame3 = 0
            self.H[r].first = self.H[r].last = cython.cast(u64, time)
            self.H[r].frame1 = cython.cast(u64, frame)
            self.H[r].next = self.tab.D[d].heard
            self.tab.D[d].heard = cython.cast(cython.uint, r)
        self.H[r].count += 1
        if time > cython.cast(i64, self.H[r].last):
            self.H[r].last = cython.cast(u64, time)
        elif time < cython.cast(i64, self.H[r].first):
            self.H[r].first = cython.cast(u64, time)
        if self.H[r].frame3 == 0 or frame < cython.cast(i64, self.H[r].frame3):
            self.proves(r, cython.cast(u64, frame))
        return 1

    def fetch(self, d: i64) -> i64:
        """Have what a side said last brought from memory."""
        fetch(cython.address(self.H[cython.cast(i64, self.tab.D[d].heard)]))
        return 0

    def proves(self, r: i64, frame: u64) -> i64:
        """Keep the first three packets, each once."""
        if frame == self.H[r].frame1 or frame == self.H[r].frame2:
            return 0
        if frame < self.H[r].frame1:
            self.H[r].frame3 = self.H[r].frame2
            self.H[r].frame2 = self.H[r].frame1
            self.H[r].frame1 = frame
        elif self.H[r].frame2 == 0 or frame < self.H[r].frame2:
            self.H[r].frame3 = self.H[r].frame2
            self.H[r].frame2 = frame
        else:
            self.H[r].frame3 = frame
        return 1

    def row(self, s: i64) -> i64:
        """A free row of a share, or 0."""
        r: i64 = self.free[s]
        if r:
            self.free[s] = cython.cast(i64, self.H[r].next)
        elif self.high[s] < self.most:
            r = s * self.most + self.high[s]
            self.high[s] += 1
        self.used[s] += r != 0
        return r

    def heard(self, d: i64) -> list[tuple[int, int, int, int, tuple[int, ...]]]:
        """What a side said: (unit's number, how often, first and last time, first packets) of each."""
        out: list[tuple[int, int, int, int, tuple[int, ...]]] = []
        r: i64 = cython.cast(i64, self.tab.D[d].heard)
        while r:
            row = self.rows_array[r]
            frames = (row.frame1, row.frame2, row.frame3)[:3 if row.frame3 else 2 if row.frame2 else 1]
            out.append((row.unit - 1, row.count, row.first, row.last, frames))
            r = row.next
        return out

    def drop(self, d: i64) -> i64:
        """Give the side's rows back."""
        s: i64 = self.share(d)
        r: i64 = cython.cast(i64, self.tab.D[d].heard)
        n: i64
        while r:
            n = cython.cast(i64, self.H[r].next)
            self.H[r].next = cython.cast(u64, self.free[s])
            self.free[s] = r
            self.used[s] -= 1
            r = n
        self.tab.D[d].heard = 0
        return 0

    # --- following ---------------------------------------------------------------------------------------------

    def take(self, d: i64, p: i64, stop: i64, time: i64, frame: i64) -> i64:
        """Count or hand on the units at ``p``. Where that ends; before ``stop``: the side is not followed any more, and the
        rest is to be handed on."""
        framing: i64 = self.tab.E[d].framing
        h: u64
        q: i64
        while p < stop:
            if framing == YAMUX:
                q = self.frame(d, p, stop, time, frame)
                if q < 0:
                    break
                p = q
                continue
            h = self.digests.raft(p, stop, framing)
            if h == 0:
                break
            if not self.count(d, h, time, frame):
                self.hand(d, self.win.take(p, self.digests.end), time, frame, h)
            p = self.digests.end
        if p < stop:
            self.leave(d, time, frame)
        return p

    def leave(self, d: i64, time: i64, frame: i64) -> i64:
        """Do not follow the side any more; what was held of a frame is handed on."""
        self.tab.E[d].framing = 0
        if self.tab.E[d].half:
            before = self.header(d)
            if self.tab.E[d].half == HEADER:
                self.hand(d, before, time, frame, 0)
            for part, at, number in self.parted(d):
                self.hand(d, before + part, at, number, 0)
                before = b""
        return 0

    def parted(self, d: i64) -> list[tuple[bytes, int, int]]:
        """What waits of a side's frame, which is over."""
        parts = self.parts.pop(d, [])
        for part, _, _ in parts:
            self.waiting -= len(part)
        self.tab.E[d].half = 0
        return parts

    def hand(self, d: i64, data: bytes, time: i64, frame: i64, unit: u64) -> None:
        """Hand on a unit, or what is none: then its flow wakes."""
        sleeps: object = None
        if unit == 0:
            self.sleepers.wake(d & ~1, 1)
        elif self.tab.D[d & ~1].sleep == ASLEEP:
            sleeps = (self.tab.E[d & ~1].chain, self.tab.D[d | 1].sleep)
        self.outlet.hand(d, data, time, frame, 0, 0, unit, sleeps)

    def header(self, d: i64) -> bytes:
        """The frame header that waits for its body."""
        first, second = int(self.tab.E[d].head), int(self.tab.E[d].size)
        return first.to_bytes(8, "little") + second.to_bytes(4, "big")

    def frame(self, d: i64, p: i64, stop: i64, time: i64, frame: i64) -> i64:
        """A yamux frame's header, or the body of the one before: where it ends; -1: the rest is to be handed on."""
        size: i64
        kind: i64
        flags: i64
        stream: i64
        h: u64
        if not self.tab.E[d].half:
            if stop - p < 12:
                return -1
            kind = self.win.b[p + 1]
            flags = self.win.be16(p + 2)
            stream = self.win.be32(p + 4)
            size = self.win.be32(p + 8)
            # the same rules as decoders.yamux.frame_at
            if self.win.b[p] or kind > 3 or flags > 15 or flags & 3 == 3:
                return -1
            if kind <= 1:
                if stream == 0 or size > FRAME_BYTES or not (size or flags):
                    return -1
            elif stream or (kind == 2 and flags != 1 and flags != 2) or kind == 3:
                return -1
            if kind == 0 and size:
                self.tab.E[d].half = HEADER
                self.tab.E[d].head = self.win.word(p)
                self.tab.E[d].size = cython.cast(cython.uint, size)
            return p + 12
        size = self.tab.E[d].size
        if stop - p < size or self.tab.E[d].half == BODY:
            return self.part(d, p, stop, time, frame)
        h = self.digests.call(p, p + size)
        if h == 0:
            return -1
        if not self.count(d, h, time, frame):
            self.hand(d, self.header(d) + self.win.take(p, p + size), time, frame, h)
        self.tab.E[d].half = 0
        return p + size

    def part(self, d: i64, p: i64, stop: i64, time: i64, frame: i64) -> i64:
        """The next part of a body that came in several segments: where it ends; -1: that and the rest is to be handed on."""
        size: i64 = self.tab.E[d].size
        parts = self.parts.setdefault(d, [])
        n: i64 = size - sum([len(part) for part, _, _ in parts])
        if n > stop - p:
            n = stop - p
            if size > LONGEST or self.waiting + n > PARTS:
                return -1
            self.waiting += n
            parts.append((self.win.take(p, stop), time, frame))
            self.tab.E[d].half = BODY
            return stop
        body = b"".join([part for part, _, _ in parts]) + self.win.take(p, p + n)
        h: u64 = self.whole(body)
        if h == 0:
            return -1
        self.waiting += n
        parts.append((self.win.take(p, p + n), time, frame))
        for part, _, _ in parts:
            h = fold(h ^ cython.cast(u64, len(part)), self.win.key)
        self.together(d, body, (h & HALF) | 2)
        return p + n

    def whole(self, body: bytes) -> u64:
        """The digest of a call or answer that came in parts, 0: it is none."""
        buffer = self.win.buffer
        self.scratch[0:len(body)] = body
        self.win.look(self.scratch)
        try:
            return self.digests.call(0, len(body))
        finally:
            self.win.look(buffer)

    def together(self, d: i64, body: bytes, h: u64) -> None:
        """Count what the parts of a body say, or hand them on as one."""
        header = self.header(d)
        parts = self.parted(d)
        numbers = [self.number_of(h + cython.cast(u64, 2 * i)) for i in range(len(parts))]
        if min(numbers) >= 0 and self.room(d, len(parts)):
            for number, (_, at, frame) in zip(numbers, parts, strict=True):
                self.add(d, number + 1, at, frame, ROWS)
            return
        ends: list[tuple[int, int, int]] = []
        end = len(header)
        for part, at, frame in parts:
            end += len(part)
            ends.append((end, at, frame))
        self.hand(d, header + body, at, frame, h)
        payload = self.outlet.payloads.pop()
        self.outlet.payloads.append(payload._replace(parts=tuple(ends)))

    def room(self, d: i64, more: i64) -> i64:
        """May so many other things be counted of a side?"""
        r: i64 = cython.cast(i64, self.tab.D[d].heard)
        while r:
            more += 1
            r = cython.cast(i64, self.H[r].next)
        return more <= KINDS_HEARD and not self.crowded(d)
