"""Walks the packet records of a block: classic pcap in both byte orders, and pcapng's three packet blocks."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from ..model import Interface
from .words import Window

if TYPE_CHECKING:
    from ..model import Block, Dialect

LATEST = cython.declare(i64, 9_000_000_000)  # seconds: more does not fit in 63 bits of nanoseconds
BILLION = cython.declare(i64, 1_000_000_000)
M32 = cython.declare(u64, 0xFFFFFFFF)
EXACT = cython.declare(u64, 4_000_000_000)  # units a second up to which 64 bits are enough
RECORD = cython.declare(i64, limits.RECORD_BYTES)
NG_RECORD = cython.declare(i64, limits.PCAPNG_BLOCK_BYTES)


class Records:
    """The record after the last: ``step`` sets ``p``, ``size`` (captured), ``wire`` (sent), ``time`` (ns) and ``face``, the
    interface's number; ``at`` is where the next one begins. ``links[face]`` is its link type."""

    def __init__(self, window: Window) -> None:
        self.win = window
        self.dialect: Dialect | None = None
        self.at = self.stop = self.big = self.ng = self.count = self.scale = 0
        self.p = self.size = self.wire = self.time = self.face = 0
        self.links = self.offsets = self.snaps = array("q", [0])
        self.units = array("Q", [1])

    def begin(self, block: Block) -> None:
        """Stand at the block's first record that was not taken yet."""
        dialect = block.dialect
        self.at = max(block.start, block.consumed)
        self.stop = block.stop
        if dialect is not self.dialect or len(dialect.interfaces) != self.count:
            self.dialect = dialect
            self.big = 1 if dialect.big_endian else 0
            self.ng = 1 if dialect.format == "pcapng" else 0
            self.count = len(dialect.interfaces)
            every = dialect.interfaces or [Interface(0, 1, 0, 0)]
            self.links = array("q", [it.link_type & 0xFFFF for it in every])
            self.units = array("Q", [min(max(it.units, 1), 1 << 63) for it in every])
            self.offsets = array("q", [min(max(it.offset, -LATEST), LATEST) for it in every])
            self.snaps = array("q", [it.snap_length for it in every])
            self.scale = {1_000_000: 1_000, 1_000_000_000: 1}.get(every[0].units, 0)

    def step(self) -> i64:
        """1: a record. 0: the next one is not whole, damaged, or no packet's."""
        return self.block() if self.ng else self.record()

    def number(self, p: i64) -> i64:
        """Four bytes in the section's order."""
        return self.win.be32(p) if self.big else cython.cast(i64, self.win.word(p) & M32)

    def swapped(self, p: i64) -> u64:
        """Two numbers of four bytes, the high one first in each: the first number in the low half."""
        x: u64 = self.win.be64(p)
        return (x >> 32) | ((x & M32) << 32)

    def record(self) -> i64:
        """Classic pcap: seconds, fraction, captured length, length, bytes."""
        at: i64 = self.at
        size: i64
        wire: i64
        x: u64
        if self.stop - at < 16 or self.count == 0:
            return 0
        x = self.swapped(at + 8) if self.big else self.win.word(at + 8)
        size = cython.cast(i64, x & M32)
        if size > RECORD or size > self.stop - at - 16:
            return 0
        wire = cython.cast(i64, x >> 32)
        x = self.swapped(at) if self.big else self.win.word(at)
        if self.scale:
            self.time = (cython.cast(i64, x & M32) + self.offsets[0]) * BILLION + cython.cast(i64, x >> 32) * self.scale
            if self.time < 0:
                self.time = 0
        else:
            self.stamp((x & M32) * self.units[0] + (x >> 32), 0)
        self.p = at + 16
        self.size = size
        self.wire = wire if wire > size else size
        self.face = 0
        self.at = at + 16 + size
        return 1

    def block(self) -> i64:
        """pcapng: Enhanced (6), Simple (3) and the obsolete Packet Block (2)."""
        at: i64 = self.at
        kind: i64
        size: i64
        kept: i64
        face: i64 = 0
        if self.stop - at < 16 or self.count == 0:
            return 0
        kind = self.number(at)
        size = self.number(at + 4)
        if (kind != 6 and kind != 3 and kind != 2) or size > NG_RECORD or size & 3 or size > self.stop - at:
            return 0
        if size < (16 if kind == 3 else 32) or self.number(at + size - 4) != size:
            return 0
        if kind == 3:
            self.wire = self.number(at + 8)
            kept = size - 16 if size - 16 < self.wire else self.wire
            if 0 < self.snaps[0] < kept:
                kept = self.snaps[0]
            if kept > RECORD:
                return 0
            self.p = at + 12  # the time stays the last one's: this block has none
        else:
            if kind == 6:
                face = self.number(at + 8)
            else:  # two bytes of interface, two of drops
                face = self.win.be16(at + 8) if self.big else (self.win.b[at + 9] << 8) | self.win.b[at + 8]
            kept = self.number(at + 20)
            if face >= self.count or kept > size - 32 or kept > RECORD:
                return 0
            self.wire = self.number(at + 24)
            self.stamp((cython.cast(u64, self.number(at + 12)) << 32) | cython.cast(u64, self.number(at + 16)), face)
            self.p = at + 28
        self.size = kept
        if self.wire < kept:
            self.wire = kept
        self.face = face
        self.at = at + size
        return 1

    def stamp(self, ticks: u64, face: i64) -> i64:
        """Set ``time`` from an interface's ticks; kept between 0 and the year 2255."""
        units: u64 = self.units[face]
        part: u64 = ticks % units
        seconds: u64 = ticks // units
        second: i64
        if seconds > cython.cast(u64, LATEST):
            seconds = cython.cast(u64, LATEST)
        if units <= EXACT:
            part = part * cython.cast(u64, BILLION) // units
        elif cython.compiled:
            part = cython.cast(u64, cython.cast(cython.double, part) * 1e9 / cython.cast(cython.double, units))
        else:
            part = int(part * 1e9 / units)
        second = cython.cast(i64, seconds) + self.offsets[face]
        if second > LATEST:
            second = LATEST
        self.time = second * BILLION + cython.cast(i64, part) if second >= 0 else 0
        return 0
