"""What the packets after this one will need, fetched from memory while this one is looked at.

Where thousands of flows are live, a packet's row, side and place among the last packets lie in memory that no cache holds:
to wait for it was half the time. So the flow of the record after the next is guessed from where its addresses would stand
in the plainest of frames. Nothing is written, so a wrong guess costs its time and nothing else. Uncompiled nothing is done.
"""

from __future__ import annotations

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .records import Records
from .repeats import Repeats
from .table import Table
from .units import Units
from .words import Window

if not cython.compiled:
    from .repeats import place_of
    from .table import share_of
    from .words import big16, big32, load

M32 = cython.declare(u64, 0xFFFFFFFF)
M48 = cython.declare(u64, 0xFFFFFFFFFFFF)
FRAME = cython.declare(i64, 96)  # bytes of a frame that are looked at


class Ahead:
    """``look`` once a record; ``begin`` where Records does."""

    def __init__(self, window: Window, records: Records, table: Table, repeats: Repeats, units: Units, own: int = -1) -> None:
        """``own``: a bit for each share of the flows that is kept here."""
        self.own = own
        self.win = window
        self.rec = records
        self.tab = table
        self.rep = repeats
        self.units = units
        self.at = self.link = self.tcp = self.flip = 0
        self.h = 0
        self.side = -1

    def begin(self) -> None:
        self.at = self.rec.at
        self.link = {1: 14, 113: 16, 276: 20}.get(self.rec.links[0], 0)  # bytes before the IP header
        self.h = 0
        self.side = -1
        self.look()
        self.look()

    def look(self) -> i64:
        """Fetch what this record's side said, the flow of the next, guessed when this one was the next but one, and guess again."""
        if cython.compiled:
            if self.side >= 0:
                self.units.fetch(self.side)
                self.side = -1
            if self.h:
                self.side = self.tab.fetch(self.h, self.flip, self.tcp)
                self.h = 0
            self.guess()
        return 0

    def guess(self) -> i64:
        at: i64 = self.at
        p: i64 = at + (28 if self.rec.ng else 16)
        q: cython.p_uchar
        if at < 0 or p + FRAME > self.rec.stop:
            return 0
        self.at = at + self.rec.number(at + 4) if self.rec.ng else p + self.rec.number(at + 8)
        q = self.win.span(p + self.link, p + FRAME)
        if q[0] == 0x45:
            self.tcp = q[9] == 6
            if self.tcp or q[9] == 17:
                self.four(q)
        elif q[0] >> 4 == 6:
            self.tcp = q[6] == 6
            if self.tcp or q[6] == 17:
                self.six(q)
        return 0

    def four(self, q: cython.p_uchar) -> i64:
        """As Screen.locate and Repeats.twice."""
        s: u64 = big32(q + 12)
        d: u64 = big32(q + 16)
        sp: u64 = big16(q + 20)
        dp: u64 = big16(q + 22)
        k1: u64 = (cython.cast(u64, 4) << 40) | (cython.cast(u64, q[9]) << 32)
        share: i64 = share_of(s + d, sp + dp)
        mine: i64 = (self.own >> share) & 1
        gossip: i64 = not self.tcp and (q[28] <= 13 or q[28] == 244)  # all look at it
        if mine or gossip:
            self.rep.fetch(place_of(s, d, big16(q + 4), load(q + 20) if self.tcp else load(q + 20) & M48), -1 if gossip else share)
        if not mine:
            return 0
        self.flip = s > d or (s == d and sp > dp)
        if self.flip:
            s, d, sp, dp = d, s, dp, sp
        self.h = self.tab.hash((s << 32) | d, k1 | (sp << 16) | dp, 0, 0, 0)
        self.tab.fetch_slot(self.h)
        return 0

    def six(self, q: cython.p_uchar) -> i64:
        """The same; where IPv6 packets come again is not guessed."""
        s0: u64 = load(q + 8)
        s1: u64 = load(q + 16)
        d0: u64 = load(q + 24)
        d1: u64 = load(q + 32)
        sp: u64 = big16(q + 40)
        dp: u64 = big16(q + 42)
        k1: u64 = (cython.cast(u64, 6) << 40) | (cython.cast(u64, q[6]) << 32)
        self.flip = s0 > d0 or (s0 == d0 and (s1 > d1 or (s1 == d1 and sp > dp)))
        if self.flip:
            s0, s1, d0, d1, sp, dp = d0, d1, s0, s1, dp, sp
        self.h = self.tab.hash(s0, k1 | (sp << 16) | dp, s1, d0, d1)
        self.tab.fetch_slot(self.h)
        return 0
