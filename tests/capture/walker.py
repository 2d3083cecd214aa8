"""The screen's side of the block protocol, in a few plain lines: walks packet records, sets ``consumed``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from consul_sniff.limits import RECORD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consul_sniff.capture import Source
    from consul_sniff.model import Block


class Packet(NamedTuple):
    time: int | None
    data: bytes
    length: int
    interface: int
    link_type: int


def read(source: Source) -> list[Packet]:
    """All packets; counts them in the source's facts, as the pipeline does."""
    packets: list[Packet] = []
    for block in source:
        assert block.consumed == block.start < block.stop <= len(block.buffer) - 64
        packets += (p for p in walk(block) if block.accept is None or block.accept(p.data, p.length, p.interface))  # type: ignore[operator]
        source.facts.packets = len(packets)
    return packets


def walk(block: Block) -> Iterator[Packet]:
    step = _pcap if block.dialect.format == "pcap" else _pcapng
    while (found := step(block, block.consumed)) is not None:
        size, packet = found
        block.consumed += size
        yield packet


def _time(block: Block, interface: int, ticks: int) -> int:
    _, units, offset, _, _ = block.dialect.interfaces[interface]
    return (offset + ticks // units) * 10**9 + ticks % units * 10**9 // units


def _pcap(block: Block, at: int) -> tuple[int, Packet] | None:
    if block.stop - at < 16:
        return None
    order = ">" if block.dialect.big_endian else "<"
    seconds, fraction, captured, length = struct.unpack_from(order + "IIII", block.buffer, at)
    if captured > RECORD_BYTES or block.stop - at < 16 + captured:
        return None
    interface = block.dialect.interfaces[0]
    time = _time(block, 0, seconds * interface.units + fraction)
    return 16 + captured, Packet(time, bytes(block.buffer[at + 16:at + 16 + captured]), length, 0, interface.link_type)


def _pcapng(block: Block, at: int) -> tuple[int, Packet] | None:
    if block.stop - at < 12:
        return None
    order = ">" if block.dialect.big_endian else "<"
    kind, size = struct.unpack_from(order + "II", block.buffer, at)
    if kind not in {2, 3, 6} or size < 16 or block.stop - at < size:
        return None
    interfaces = block.dialect.interfaces
    if struct.unpack_from(order + "I", block.buffer, at + size - 4) != (size,):
        return None
    if kind == 3:
        (length,) = struct.unpack_from(order + "I", block.buffer, at + 8)
        captured = min(length, interfaces[0].snap_length or length)
        if captured > size - 16:
            return None
        return size, Packet(None, bytes(block.buffer[at + 12:at + 12 + captured]), length, 0, interfaces[0].link_type)
    number, high, low, captured, length = struct.unpack_from(order + "IIIII", block.buffer, at + 8)
    if kind == 2:
        number = number >> 16 if block.dialect.big_endian else number & 0xFFFF
    if number >= len(interfaces) or captured > min(size - 32, RECORD_BYTES):
        return None
    data = bytes(block.buffer[at + 28:at + 28 + captured])
    return size, Packet(_time(block, number, high << 32 | low), data, length, number, interfaces[number].link_type)
