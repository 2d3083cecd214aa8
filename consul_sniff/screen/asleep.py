"""Conversations that began as others did: while each piece says what it said there, no decoder is woken for it.

What a decoder makes of a flow hangs on the flow's pieces alone: their bytes, sides and order. The *chain* is their digest so far. While
it leads where other flows were decoded to, what the new piece says is counted, and the piece is kept; at the first that
leads elsewhere the flow wakes: the kept ones are handed on (as told already), then that one.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .handover import HandOver
from .table import KINDS, Table
from .units import Units
from .words import Window, zeros

if not cython.compiled:
    from .words import mix

if TYPE_CHECKING:
    from ..model import Piece

TOLD = cython.declare(u64, limits.TOLD)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
MOST_BYTES = cython.declare(i64, limits.ASLEEP_FLOW)  # of a flow, kept or only looked at
MOST_PIECES = cython.declare(i64, limits.ASLEEP_PIECES)
ALL_PIECES = cython.declare(i64, limits.ASLEEP_KEPT)
FRESH = cython.declare(i64, 0)  # no piece yet
ASLEEP = cython.declare(i64, 1)  # all pieces were known
AWAKE = cython.declare(i64, 2)  # handed on, and looked at so that the session learns
ALONE = cython.declare(i64, 3)  # handed on
BEGINNING = cython.declare(u64, limits.TOLD)  # stands for what was said before the first piece
ANY = cython.declare(i64, limits.UNITS_HEARD)

# The same fields in the same order stand in asleep.pxd.
KEPT = (("chain", 8), ("time", 8), ("frame", 8), ("before", 4), ("bits", 4))
#: what a piece says: (side, pieces back, unit's number); sides that need not be read on; framing of its side from here on;
#: and the piece itself, which all flows that said it share
Step = tuple[tuple[tuple[int, int, int], ...], tuple[int, ...], int, bytes]


class KeptRecord(ctypes.Structure):
    """A piece of a flow that sleeps: the chain that it led to (the step there has its bytes), time, frame, the row of the piece
    before it (0: none); its side, and 2 where it was its side's start."""

    _fields_ = [(name, KINDS[size]) for name, size in KEPT]


class Asleep:
    """``take`` what comes next of a flow; ``steps`` is what the session learnt: chain -> what its last piece says.

    In the table's side 0 of a flow: ``sleep`` (FRESH ...) and ``chain``; of side 1 ``chain`` counts the bytes so far, and ``sleep``
    the pieces.
    """

    def __init__(self, window: Window, table: Table, outlet: HandOver, units: Units) -> None:
        self.win = window
        self.tab = table
        self.outlet = outlet
        self.units = units
        self.off = False
        self.steps: dict[int, Step] = {}
        self.new: dict[int, bytes] = {}  # pieces that were handed on of flows that sleep: nothing was learnt of them yet
        self.bytes = 0  # of all steps, and of these
        self.middles: set[int] = set()  # chains of what flows said first of which no beginning was seen
        self.sleeps: object = None  # of the last piece: see Payload
        self.rows = (KeptRecord * (limits.ASLEEP_KEPT + 1)).from_buffer(zeros(ctypes.sizeof(KeptRecord) * (limits.ASLEEP_KEPT + 1)))
        self.P = self.rows
        self.last = zeros(table.rows * 4).cast("I")  # of each flow, the row of its last piece
        self.count = 0
        self.restart()

    def restart(self) -> None:
        """No flow is live any more."""
        self.high = 1  # row 0 is nobody's
        self.free = 0  # row of a list of rows given back
        self.early: dict[int, list[Piece]] = {}  # of flows that slept when the steps were forgotten
        for row in range(self.tab.rows if self.count else 0):
            self.last[row] = 0
        self.count = 0  # of pieces kept

    def rest(self) -> None:
        """No packet comes any more: let go of the memory."""
        self.steps = {}
        self.new = {}
        self.middles = set()
        self.rows = self.P = (KeptRecord * 1)()

    def leads(self, chain: u64, step: Step) -> None:
        """What the last piece says of a flow that said this so far."""
        if chain not in self.steps:
            if self.new.pop(chain, None) is None:
                self.bytes += len(step[3])
            self.steps[chain] = step

    @property
    def full(self) -> bool:
        """Must all be forgotten before more is learnt?"""
        return len(self.steps) + len(self.new) >= limits.UNITS or self.bytes >= limits.ASLEEP

    def forget(self) -> None:
        """Forget all steps; the flows that sleep wake at their next piece."""
        for row in self.tab.rows_taken():
            if self.last[row]:
                self.early[row] = self.drop(row)
        self.steps.clear()
        self.new.clear()
        self.bytes = 0

    def take(self, d: i64, p: i64, stop: i64, time: i64, frame: i64, start: i64) -> u64:
        """TOLD: the piece [p, stop) was known, and counted. Else it is to be handed on: as this unit, 0 for none, and what ``sleeps``
        says."""
        a: i64 = d & ~1
        h: u64
        before: u64
        state: i64 = self.tab.D[a].sleep
        self.sleeps = None
        if state == ALONE:
            return 0
        self.tab.E[a + 1].chain += cython.cast(u64, stop - p)
        self.tab.D[a + 1].sleep += 1
        if (self.off or cython.cast(i64, self.tab.E[a + 1].chain) > MOST_BYTES
                or cython.cast(i64, self.tab.D[a + 1].sleep) > MOST_PIECES):
            self.wake(a, 1)
            return 0
        before = self.tab.E[a].chain
        h = (before ^ cython.cast(u64, ((self.tab.F[a >> 1].opener + 1) << 2) | ((d & 1) << 1) | start)) & M64
        h = mix(self.units.digests.mixed(mix(h ^ self.win.seed), p, stop)) | 1
        if h == TOLD:
            h = 3
        if state == FRESH and not start and not self.again(h):
            self.wake(a, 1)
            return 0
        self.tab.E[a].chain = h
        if state == AWAKE:
            return h
        if self.count >= ALL_PIECES or self.units.crowded(a) or a >> 1 in self.early:
            self.wake(a, 0)
            return h
        self.tab.D[a].sleep = ASLEEP
        self.keep(d, h, time, frame, start)
        step = self.steps.get(h)
        if step is None:
            if h not in self.new:
                self.new[h] = self.win.take(p, stop)
                self.bytes += stop - p
            self.sleeps = (before or BEGINNING, self.tab.D[a + 1].sleep - 1)
            return h
        self.known(a, self.last[a >> 1], step)
        self.tab.E[d].framing = step[2]
        return TOLD

    def again(self, h: u64) -> bool:
        """Began some other flow so in the middle? Few do: what they say there is mostly sealed, and no two say the same."""
        if h in self.middles:
            return True
        if len(self.middles) >= limits.UNITS:
            self.middles.clear()
        self.middles.add(h)
        return False

    def keep(self, d: i64, chain: u64, time: i64, frame: i64, start: i64) -> i64:
        """Keep a piece."""
        i: i64 = self.free
        if i:
            self.free = self.P[i].before
        else:
            i = self.high
            self.high += 1
        self.P[i].chain = chain
        self.P[i].time = cython.cast(u64, time)
        self.P[i].frame = cython.cast(u64, frame)
        self.P[i].before = self.last[d >> 1]
        self.P[i].bits = cython.cast(cython.uint, (d & 1) | (start << 1))
        self.last[d >> 1] = cython.cast(cython.uint, i)
        self.count += 1
        return 0

    def known(self, a: i64, piece: i64, step: Step) -> list[tuple[int, int, int, int]]:
        """Count what a piece says, and read no side of which no more is needed. What there is no room for: side, number, time, frame."""
        more: list[tuple[int, int, int, int]] = []
        i: i64
        _: i64
        for side, back, number in step[0]:
            i = piece
            for _ in range(back):
                i = self.P[i].before
            if not self.units.add(a + side, number + 1, cython.cast(i64, self.P[i].time), cython.cast(i64, self.P[i].frame), ANY):
                more.append((side, number, self.P[i].time, self.P[i].frame))
        for side in step[1]:
            self.tab.D[a + side].enough = 1
        return more

    def learnt(self, a: i64, place: i64, step: Step) -> list[tuple[int, int, int, int]]:
        """Count what the piece of that number says, now that it is known. As ``known``."""
        i: i64 = self.last[a >> 1]
        _: i64
        for _ in range(place + 1, cython.cast(i64, self.tab.D[a + 1].sleep)):
            i = self.P[i].before
        return self.known(a, i, step)

    def wake(self, a: i64, alone: i64) -> None:
        """Hand on what was kept of a flow, as told already. ``alone``: nothing is learnt from it any more."""
        place: i64 = 0
        unit: u64
        if self.tab.D[a].sleep == ASLEEP:
            waiting: list[Any] = self.outlet.recall(a) if self.tab.E[a].handed or self.tab.E[a + 1].handed else []
            for side, data, time, frame, start in self.drop(a >> 1):
                unit = TOLD
                while waiting and waiting[0].sleeps[1] == place and unit == TOLD:
                    if waiting[0].unit & 1:
                        unit = waiting.pop(0).unit
                    else:
                        self.outlet.again(a, waiting.pop(0)._replace(sleeps=None))
                self.outlet.hand(a + side, data, time, frame, 0, start, unit, None)
                place += 1
            for payload in waiting:
                self.outlet.again(a, payload._replace(sleeps=None))
        self.tab.D[a].sleep = ALONE if alone or self.tab.D[a].sleep == ALONE else AWAKE

    def rouse(self, a: i64) -> None:
        """A flow has a decoder of its own from here on, which knows what was kept."""
        self.drop(a >> 1)
        self.tab.D[a].sleep = ALONE

    def pieces(self, r: i64) -> list[Piece]:
        """What was kept of a flow, in order."""
        if r in self.early:
            return self.early[r]
        out: list[Piece] = []
        i: i64 = self.last[r]
        while i:
            row = self.rows[i]
            step = self.steps.get(row.chain)
            out.append((row.bits & 1, self.new[row.chain] if step is None else step[3], row.time, row.frame, row.bits >> 1))
            i = row.before
        out.reverse()
        return out

    def drop(self, r: i64) -> list[Piece]:
        """What was kept of a flow, which is forgotten."""
        pieces = self.pieces(r)
        self.forgotten(r)
        return pieces

    def forgotten(self, r: i64) -> None:
        """Forget what was kept of a flow."""
        i: i64 = self.last[r]
        before: i64
        while i:
            before = self.P[i].before
            self.P[i].before = cython.cast(cython.uint, self.free)
            self.free = i
            self.count -= 1
            i = before
        self.last[r] = 0
        if self.early:
            self.early.pop(r, None)
