"""Conversations that began as others did: while each piece says what it said there, no decoder is woken for it.

What a decoder makes of a flow hangs on the flow's pieces alone: their bytes, sides and order. The *chain* is their digest so far. While
it leads where other flows were decoded to, what the new piece says is counted, and the piece is kept; at the first that
leads elsewhere the flow wakes: the kept ones are handed on (as told already), then that one.
"""

from __future__ import annotations

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .handover import HandOver
from .table import Table
from .units import Units
from .words import Window

if not cython.compiled:
    from .words import mix

TOLD = cython.declare(u64, limits.TOLD)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
MOST_BYTES = cython.declare(i64, limits.ASLEEP_FLOW)  # of a flow, kept or only looked at
MOST_PIECES = cython.declare(i64, limits.ASLEEP_PIECES)
ALL_PIECES = cython.declare(i64, limits.ASLEEP_KEPT)
FRESH = cython.declare(i64, 0)  # no piece yet
ASLEEP = cython.declare(i64, 1)  # all pieces were known
AWAKE = cython.declare(i64, 2)  # handed on, and looked at so that the session learns
ALONE = cython.declare(i64, 3)  # handed on

Piece = tuple[int, bytes, int, int, int]  # side, bytes, time, frame, start
#: what a piece says: (side, pieces back, unit's number); sides that need not be read on; framing of its side from here on;
#: and the piece itself, which all flows that said it share
Step = tuple[tuple[tuple[int, int, int], ...], tuple[int, ...], int, bytes]


class Asleep:
    """``take`` what comes next of a flow; ``steps`` is what the session learnt: chain -> what its last piece says.

    In the table's side 0 of a flow: ``sleep`` (FRESH ...) and ``chain``; of side 1 ``chain`` counts the bytes so far.
    """

    def __init__(self, window: Window, table: Table, outlet: HandOver, units: Units) -> None:
        self.win = window
        self.tab = table
        self.outlet = outlet
        self.units = units
        self.off = False
        self.steps: dict[int, Step] = {}
        self.bytes = 0  # of all steps
        self.restart()

    def restart(self) -> None:
        """No flow is live any more."""
        self.kept: dict[int, list[Piece]] = {}
        self.count = 0  # of pieces kept

    def leads(self, chain: u64, step: Step) -> None:
        """What the last piece says of a flow that said this so far."""
        if chain not in self.steps:
            self.bytes += len(step[3])
            self.steps[chain] = step

    @property
    def full(self) -> bool:
        """Must all be forgotten before more is learnt?"""
        return len(self.steps) >= limits.UNITS or self.bytes >= limits.ASLEEP

    def forget(self) -> None:
        """Forget all steps; the flows that sleep wake at their next piece."""
        self.steps.clear()
        self.bytes = 0

    def take(self, d: i64, p: i64, stop: i64, time: i64, frame: i64, start: i64) -> u64:
        """TOLD: the piece [p, stop) was known, and counted. Else it is to be handed on: as this unit, 0 for none."""
        a: i64 = d & ~1
        h: u64
        state: i64 = self.tab.D[a].sleep
        if state == ALONE:
            return 0
        self.tab.D[a + 1].chain += cython.cast(u64, stop - p)
        self.tab.D[a + 1].sleep += 1
        if (self.off or cython.cast(i64, self.tab.D[a + 1].chain) > MOST_BYTES
                or cython.cast(i64, self.tab.D[a + 1].sleep) > MOST_PIECES):
            self.wake(a, 1)
            return 0
        h = (self.tab.D[a].chain ^ cython.cast(u64, ((self.tab.F[a >> 1].opener + 1) << 2) | ((d & 1) << 1) | start)) & M64
        h = mix(self.units.mixed(mix(h ^ self.win.seed), p, stop)) | 1
        if h == TOLD:
            h = 3
        self.tab.D[a].chain = h
        if state == AWAKE:
            return h
        step = self.steps.get(h)
        if step is None or self.count > ALL_PIECES or self.units.crowded():
            self.wake(a, 0)
            return h
        self.tab.D[a].sleep = ASLEEP
        self.known(d, step, (d & 1, step[3], time, frame, start))
        return TOLD

    def known(self, d: i64, step: Step, piece: Piece) -> None:
        """Count what a piece says, keep it, and do what the decoder asked for."""
        a: i64 = d & ~1
        r: i64 = d >> 1
        pieces = self.kept.get(r)
        if pieces is None:
            pieces = self.kept[r] = []
        pieces.append(piece)
        self.count += 1
        for side, back, number in step[0]:
            when = pieces[-1 - back]
            self.units.add(a + side, number + 1, when[2], when[3])
        for side in step[1]:
            self.tab.D[a + side].enough = 1
        self.tab.D[d].framing = step[2]

    def wake(self, a: i64, alone: i64) -> None:
        """Hand on what was kept of a flow, as told already. ``alone``: nothing is learnt from it any more."""
        if self.tab.D[a].sleep == ASLEEP:
            for side, data, time, frame, start in self.drop(a >> 1):
                self.outlet.hand(a + side, data, time, frame, 0, start, TOLD)
        self.tab.D[a].sleep = ALONE if alone or self.tab.D[a].sleep == ALONE else AWAKE

    def drop(self, r: i64) -> list[Piece]:
        """What was kept of a flow, which is forgotten."""
        pieces: list[Piece] = self.kept.pop(r, [])
        self.count -= len(pieces)
        return pieces
