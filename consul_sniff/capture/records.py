"""Packets out of a block's raw records, one by one, for whoever kept the bytes and wants few of them.

The screen reads the same records in compiled code and says how far they are whole: what is read here is what it took.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model import Dialect, Interface

_BILLION = 1_000_000_000
_OLD, _SIMPLE = 2, 3


class Packet(NamedTuple):
    """A packet as it was captured. ``time``: ns; ``sent``: its bytes on the wire."""

    interface: Interface
    time: int
    sent: int
    data: bytes


def packets(records: bytes | bytearray, dialect: Dialect) -> Iterator[Packet]:
    """All of them, in order."""
    return _blocks(records, dialect) if dialect.format == "pcapng" else _records(records, dialect)


def pick(records: bytes | bytearray, dialect: Dialect, places: Sequence[int]) -> Iterator[Packet]:
    """Those at these places (0 is the first), which are in order; classic pcap's others are stepped over unread."""
    if dialect.format == "pcapng":
        wanted = set(places)
        yield from (one for place, one in enumerate(_blocks(records, dialect)) if place in wanted)
        return
    size = struct.Struct((">" if dialect.big_endian else "<") + "8xI").unpack_from
    at = here = 0
    for place in places:
        while here < place:
            at += 16 + size(records, at)[0]
            here += 1
        yield next(_records(records, dialect, at))


def _records(records: bytes | bytearray, dialect: Dialect, at: int = 0) -> Iterator[Packet]:
    header = struct.Struct((">" if dialect.big_endian else "<") + "IIII")
    interface = dialect.interfaces[0]
    scale = _BILLION // interface.units
    while at < len(records):
        seconds, fraction, size, sent = header.unpack_from(records, at)
        at += 16
        yield Packet(interface, seconds * _BILLION + fraction * scale, max(sent, size), bytes(records[at:at + size]))
        at += size


def _blocks(records: bytes | bytearray, dialect: Dialect) -> Iterator[Packet]:
    order = ">" if dialect.big_endian else "<"
    start, enhanced = struct.Struct(order + "II"), struct.Struct(order + "IIIII")
    old, simple = struct.Struct(order + "H2xIIII"), struct.Struct(order + "I")
    at = time = 0
    while at < len(records):
        kind, length = start.unpack_from(records, at)
        if kind == _SIMPLE:  # it has no time: the last one's, as the screen reads it
            interface, place = dialect.interfaces[0], at + 12
            (sent,) = simple.unpack_from(records, at + 8)
            size = min(length - 16, sent, interface.snap_length or sent)
        else:
            number, high, low, size, sent = (old if kind == _OLD else enhanced).unpack_from(records, at + 8)
            interface, place = dialect.interfaces[number], at + 28
            time = max((high << 32 | low) * _BILLION // interface.units + interface.offset * _BILLION, 0)
        yield Packet(interface, time, max(sent, size), bytes(records[place:place + size]))
        at += length
