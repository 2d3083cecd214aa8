"""TCP: each side's bytes in order, as far as they were captured, and where some are missing."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .asleep import Asleep
from .early import Early
from .handover import HandOver
from .others import Others
from .table import Table
from .units import Units
from .words import Window, zeros

if TYPE_CHECKING:
    from collections import Counter

P32 = cython.declare(i64, 0x100000000)
L32 = cython.declare(i64, 0xFFFFFFFF)
HALF = cython.declare(i64, 0x80000000)
TOLD = cython.declare(u64, limits.TOLD)
UNKNOWN = cython.declare(i64, 0x100000000)  # no sequence number: the flow was met midway
BODY = cython.declare(i64, 2)  # as in Units
WAITS = cython.declare(cython.uint, 2)  # Side.begun: the first segment met midway waits for the flow's next packet: it may come before it
PATIENCE = cython.declare(i64, 20_000_000)  # ns, or
PATIENCE_PACKETS = cython.declare(i64, 64)  # until an acknowledged hole is given up: captures mix up the order of packets


class Streams:
    """``segment`` takes every TCP packet; what is next in order goes to ``outlet``. Segments before their turn wait in
    ``early``; the hole before them is given up when too much waits, when the other side has acknowledged it, or at the end.
    """

    def __init__(self, window: Window, table: Table, outlet: HandOver, others: Others, notes: Counter[str]) -> None:
        self.win = window
        self.tab = table
        self.outlet = outlet
        self.others = others
        self.notes = notes
        self.units = Units(window, table, outlet)
        self.asleep = Asleep(window, table, outlet, self.units)
        self.units.sleepers = weakref.proxy(self.asleep)  # in a ring all tables would outlive the screen
        self.scratch = zeros(limits.RECORD_BYTES + 64)  # a segment that waited
        self.eager = False  # hand on at once what a flow that was met midway says first
        self.restart()
        self.time = self.frame = 0  # of the packet at hand

    def restart(self) -> None:
        """Forget what waits."""
        self.early = Early(self.notes, self.tab.rows, self.tab.shares)
        self.units.restart()
        self.asleep.restart()

    def begins(self, d: i64, sequence: i64) -> i64:
        """Does a SYN with this sequence number begin another connection than the one the side is in?"""
        return self.tab.D[d].next >= 0 and cython.cast(i64, self.tab.D[d].isn) != ((sequence + 1) & L32)

    def segment(self, d: i64, p: i64, stop: i64, wire: i64, sequence: i64, flags: i64, time: i64, frame: i64) -> i64:
        """One segment of side ``d``: its payload of ``wire`` bytes, of which [p, stop) was captured."""
        ahead: i64
        held: i64
        self.time = time
        self.frame = frame
        if self.tab.D[d ^ 1].begun == WAITS:
            self.release(d ^ 1)
        if flags & 2:
            sequence = (sequence + 1) & L32
            if self.tab.D[d].next < 0:
                self.tab.D[d].next = self.tab.D[d].isn = sequence
                self.tab.D[d].begun = 1
                if not flags & 16:
                    self.tab.F[d >> 1].opener = d & 1
                elif self.tab.F[d >> 1].opener < 0:
                    self.tab.F[d >> 1].opener = (d & 1) ^ 1
        if wire <= 0 or flags & 4:
            return 0
        if self.tab.D[d].begun == WAITS and self.before(d, sequence, wire):
            self.tab.D[d].begun = 0
            self.next(d, p, stop, wire, time, frame)
            self.flush(d)
            return 0
        if self.tab.D[d].begun == WAITS:
            self.release(d)
        if self.tab.D[d].next < 0:
            self.tab.D[d].next = sequence
            self.tab.D[d].isn = UNKNOWN
            if not self.eager:
                self.wait(d, p, stop, wire)
                return 0
        ahead = (sequence - self.tab.D[d].next) & L32
        if ahead >= HALF:  # again; perhaps with something new after it
            ahead = P32 - ahead
            if ahead >= wire:
                return 0
            wire -= ahead
            p = p + ahead if p + ahead < stop else stop
            ahead = 0
        held = self.tab.D[d].held != 0
        if ahead or (held and self.first(d) < self.tab.D[d].next + wire):
            ahead += self.tab.D[d].next
            self.early.insert(d, ahead, ahead + wire, self.win.take(p, stop), time, frame)
            self.flush(d)
            while self.tab.D[d].held and self.early.full(d):
                self.give_up(d)
            return 0
        self.next(d, p, stop, wire, time, frame)
        if held:
            self.flush(d)
        return 0

    def wait(self, d: i64, p: i64, stop: i64, wire: i64) -> None:
        """Keep the first segment of a side that was met midway: where a capture mixes up packets, the one before it comes next."""
        start: i64 = cython.cast(i64, self.tab.D[d].next)
        self.early.insert(d, start, start + wire, self.win.take(p, stop), self.time, self.frame)
        self.tab.D[d].held = self.early.W[d].count
        self.tab.D[d].begun = WAITS
        if self.early.full(d):
            self.release(d)

    def before(self, d: i64, sequence: i64, wire: i64) -> i64:
        """Does a segment end where the side's first one, which waits, begins? Then it is awaited."""
        start: i64 = cython.cast(i64, self.tab.D[d].next) - wire
        if start < 0 or start & L32 != sequence:
            return 0
        self.tab.D[d].next = start
        return 1

    def release(self, d: i64) -> None:
        """The side's first segment has waited long enough."""
        self.tab.D[d].begun = 0
        self.flush(d)

    def next(self, d: i64, p: i64, stop: i64, wire: i64, time: i64, frame: i64) -> i64:
        """What comes next of a side: ``wire`` bytes, of which [p, stop) was captured."""
        size: i64
        self.tab.D[d].next += wire
        if self.tab.E[d].framing:
            size = p
            p = self.framed(d, p, stop, wire, time, frame)
            if p >= stop > size:
                return 0
            wire -= p - size
        if self.tab.D[d].enough or p >= stop:
            self.tab.D[d].pending += wire
            self.tab.D[d].begun = 0
        else:
            self.on(d, p, stop, wire, time, frame)
            self.tab.D[d].pending = wire - (stop - p)
            self.tab.D[d].begun = 0
        if wire > stop - p:
            self.tab.D[d].lost += wire - (stop - p)
        return 0

    def first(self, d: i64) -> i64:
        """Where the first segment that waits begins."""
        return self.early.pieces.P[self.early.W[d].first].start

    def flush(self, d: i64) -> None:
        """Hand on the waiting segments whose turn it is."""
        i: i64 = self.early.W[d].first
        size: i64
        wire: i64
        if i and self.first(d) == self.tab.D[d].next:
            buffer = self.win.buffer
            self.win.look(self.scratch)
            try:
                while i and self.first(d) == self.tab.D[d].next:
                    size = self.win.lay(0, self.early.pieces.data[i])
                    wire = self.early.pieces.P[i].end - self.tab.D[d].next
                    self.next(d, 0, size, wire, self.early.pieces.P[i].time, self.early.pieces.P[i].frame)
                    self.early.drop(d)
                    i = self.early.W[d].first
            finally:
                self.win.look(buffer)
        self.tab.D[d].held = self.early.W[d].count

    def framed(self, d: i64, p: i64, stop: i64, wire: i64, time: i64, frame: i64) -> i64:
        """What comes next of a side that is followed: where the part begins that is to be handed on."""
        if self.tab.D[d].pending or self.tab.D[d].begun or wire != stop - p:
            self.units.leave(d, time, frame)
            return p
        return self.units.take(d, p, stop, time, frame)

    def on(self, d: i64, p: i64, stop: i64, wire: i64, time: i64, frame: i64) -> None:
        """Hand on [p, stop), captured of ``wire`` bytes, unless it is known what it says."""
        unit: u64
        sleeps: object = None
        if self.tab.E[d ^ 1].half == BODY:  # what came before is handed on before
            self.units.leave(d ^ 1, time, frame)
        at: i64 = self.others.take(d, p, stop, self.tab.D[d].pending == 0 and wire == stop - p, time, frame)
        if at >= stop:
            return
        if at > p or self.tab.D[d].pending or wire != stop - p or self.others.left(d >> 1):
            self.asleep.wake(d & ~1, 1)
            unit = 0
        else:
            unit = self.asleep.take(d, p, stop, time, frame, cython.cast(i64, self.tab.D[d].begun))
            sleeps = self.asleep.sleeps
        if unit != TOLD:
            self.outlet.hand(d, self.win.take(at, stop), time, frame, self.tab.D[d].pending,
                             self.tab.D[d].begun if at == p else 0, unit, sleeps)

    def give_up(self, d: i64) -> None:
        """The bytes before the first waiting segment will not come."""
        start: i64 = self.first(d)
        lost: i64 = start - self.tab.D[d].next
        self.notes["given-up-holes"] += 1
        self.notes["lost-bytes"] += lost
        self.tab.D[d].lost += lost
        self.tab.D[d].pending += lost
        self.tab.D[d].begun = 0
        self.tab.D[d].next = start
        self.flush(d)

    def acknowledged(self, d: i64, number: i64) -> None:
        """The other side has all of side ``d`` before ``number``: a hole before it is the capture's, if it is an old one."""
        ahead: i64 = (number - self.tab.D[d].next) & L32
        i: i64
        while 0 < ahead < HALF and self.tab.D[d].held and self.first(d) <= self.tab.D[d].next + ahead:
            i = self.early.W[d].first
            if (-PATIENCE <= self.time - self.early.pieces.P[i].time <= PATIENCE
                    and self.frame - self.early.pieces.P[i].frame <= PATIENCE_PACKETS):
                return
            self.give_up(d)
            ahead = (number - self.tab.D[d].next) & L32

    def finish(self, r: i64) -> None:
        """The flow of row ``r`` is over: nothing will fill its holes."""
        d: i64
        if self.tab.bare(r):
            return
        for d in range(2 * r, 2 * r + 2):
            if self.tab.D[d].begun == WAITS:
                self.release(d)
            while self.tab.D[d].held:
                self.give_up(d)
            if self.tab.E[d].half == BODY:
                self.units.leave(d, self.time, self.frame)
        self.others.end(r)

    def close(self) -> None:
        """So are all."""
        for r in self.tab.rows_taken():
            if self.tab.D[2 * r].held or self.tab.D[2 * r + 1].held or self.tab.E[2 * r].half == BODY or self.tab.E[2 * r + 1].half == BODY:
                self.finish(r)
        self.others.close()
