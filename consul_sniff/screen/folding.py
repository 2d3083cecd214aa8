"""Rows of the flow table -> model.Flow."""

from __future__ import annotations

import ctypes
import struct
from typing import TYPE_CHECKING

from ..model import Flow, Way
from ..rows import address
from .table import ExtraRecord, RowRecord, SideRecord

if TYPE_CHECKING:
    from .table import Table

#: of Way, in the order of the table's fields: those that all have, and those of gossip
COUNTERS = ("packets", "bytes", "payloads", "last", "flags", "first", "first_frame", "lost", "plain", "sealed1", "other")
GOSSIP = ("sealed_frame", "sealed0", "cut", "crc_good", "crc_bad", "replays", "replay_frame", "nonce_reuse", "nonce_frame")
#: of the records; the rest is skipped
FIELDS = struct.Struct("=4Q16xI12x3Q8x3Q8x")
EXTRA = struct.Struct("=12Q32x")
KEY = struct.Struct("=7QiI")
assert (FIELDS.size, EXTRA.size, KEY.size) == (ctypes.sizeof(SideRecord), ctypes.sizeof(ExtraRecord), ctypes.sizeof(RowRecord))
UNCOUNTED = (Way(), Way())  # of all flows whose counters nobody asked for


def way(table: Table, d: int, *, udp: bool) -> Way:
    """A side's counters. Flows end by the thousand: an unpacking or two, not an attribute access each."""
    it = Way()
    (it.packets, it.bytes, it.payloads, it.last, it.flags, it.first, it.first_frame, it.lost, it.plain, it.sealed1,
     it.other) = FIELDS.unpack_from(table.sides_bytes, d * FIELDS.size)
    if udp:
        (it.sealed_frame, *frames, it.sealed0, it.cut, it.crc_good, it.crc_bad, it.replays, it.replay_frame, it.nonce_reuse,
         it.nonce_frame) = EXTRA.unpack_from(table.extra_bytes, d * EXTRA.size)
        if it.plain:
            it.plain_frames = tuple([frame for frame in frames if frame])
    return it


def flow(table: Table, row: int, input_: int, tunnel: str, *, counted: bool) -> Flow:
    """The flow in a row; with its counters, or (``counted`` False) only who it is."""
    k0, k1, k2, k3, k4, _, number, opener, flip = KEY.unpack_from(table.rows_bytes, row * KEY.size)
    if k1 >> 40 & 15 == 4:
        ends = address(4, k0 >> 32, 0), address(4, k0 & 0xFFFFFFFF, 0)
    else:
        ends = address(6, k0, k2), address(6, k3, k4)
    ports = k1 >> 16 & 0xFFFF, k1 & 0xFFFF
    udp = k1 >> 32 & 255 != 6
    it = Flow(number, input_, "udp" if udp else "tcp", ends[::-1] if flip else ends, ports[::-1] if flip else ports, tunnel,
              (way(table, row * 2, udp=udp), way(table, row * 2 + 1, udp=udp)) if counted else UNCOUNTED)
    it.opener = opener if opener >= 0 else None
    it.key = (k0, k1, k2, k3, k4, flip)
    if table.shares > 1:
        it.share = row // table.each
    return it
