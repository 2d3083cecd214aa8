"""Captures made byte by byte, for what no tool writes."""

from __future__ import annotations

import struct

MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
#: An Ethernet frame of 60 bytes: ARP.
FRAME = bytes.fromhex("ffffffffffff02000000000108060001080006040001") + bytes(38)


def pcap_header(order: str = "<", magic: int = MICRO, link: int = 1, snap: int = 262_144,
                version: tuple[int, int] = (2, 4)) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap, link)


def record(data: bytes, order: str = "<", seconds: int = 1, fraction: int = 0, length: int | None = None,
           extra: bytes = b"") -> bytes:
    return struct.pack(order + "IIII", seconds, fraction, len(data), length or len(data)) + extra + data


def pcap(count: int = 3, order: str = "<", magic: int = MICRO, link: int = 1) -> bytes:
    """A file of *count* packets, one a second."""
    return pcap_header(order, magic, link) + b"".join(record(FRAME, order, second) for second in range(count))


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", version: tuple[int, int] = (1, 0)) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1), order)


def interface(order: str = "<", link: int = 1, snap: int = 0, options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(data: bytes, ticks: int = 0, number: int = 0, order: str = "<", length: int | None = None) -> bytes:
    fixed = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length or len(data))
    return block(6, fixed + data, order)


def simple(data: bytes, order: str = "<", length: int | None = None) -> bytes:
    return block(3, struct.pack(order + "I", length or len(data)) + data, order)


def old(data: bytes, ticks: int = 0, number: int = 0, order: str = "<") -> bytes:
    fixed = struct.pack(order + "HHIIII", number, 0xFFFF, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(2, fixed + data, order)
