"""Captures that mean harm: each is the worst case of one budget."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .checksums import field, total
from .frames import ACK, PSH, SYN, TCP, UDP, Talk, ethernet, ip, udp
from .make_consul import Made

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from .pcapfile import Writer

_PORTS = (8300, 8301, 8302, 8500, 8501, 8502, 8503, 8600)
_SEALED = 92  # bytes of the message in the tunnels; even
OUT_OF_ORDER = 48  # segments that change places with each other
_ODD = 0x9E3779B1  # odd: multiples of it meet every 32-bit number once


def spoofed(writer: Writer, packets: int, rng: Random) -> Made:
    """A SYN from another host every time: every packet a new flow."""
    record = bytearray(ethernet(ip(TCP, bytes(4), b"\x0a\x01\x01\x01", bytes(20))))
    start = rng.getrandbits(32)
    into, pack = struct.Struct(">H").pack_into, struct.Struct(">HHIIBBHHH").pack_into
    destination = total(record[30:34])
    fixed_ip = 0x4500 + 40 + 0x4000 + 0x4000 + TCP + destination
    fixed = TCP + 20 + destination + 0x5002 + 64_240
    for number in range(packets):
        source = (start + number * _ODD) & 0xFFFFFFFF
        port, to, sequence = 1_024 + (source * 7 & 0x7FFF), _PORTS[source >> 5 & 7], source ^ 0x5BD1E995
        record[26:30] = source.to_bytes(4, "big")
        into(record, 18, number & 0xFFFF)
        into(record, 24, field(fixed_ip + (number & 0xFFFF) + source))
        pack(record, 34, port, to, sequence, 0, 0x50, SYN, 64_240, field(fixed + source + port + to + sequence), 0)
        writer.add(record)
    return Made(packets, packets, packets, 1)


def disordered(writer: Writer, packets: int, rng: Random) -> Made:
    """One RPC connection, all plaintext yamux, every segment out of order."""
    talk = Talk(rng, TCP, (b"\x0a\x01\x01\x02", b"\x0a\x01\x01\x01"), (40_000, 8300))
    for side, data, flags in ((0, b"", SYN), (1, b"", SYN | ACK), (0, b"", ACK), (0, b"\x04", ACK | PSH)):
        writer.add(talk.segment(side, data, flags))
    # two pings of yamux: version 0, type 2, flag SYN, stream 0, a number
    ping = b"\0\x02\0\x01\0\0\0\0"
    number = 0
    while writer.packets < packets:
        group = []
        for _ in range(min(OUT_OF_ORDER, packets - writer.packets)):
            number += 1
            group.append(talk.segment(0, 2 * (ping + (number & 0xFFFFFFFF).to_bytes(4, "big")), ACK | PSH))
        rng.shuffle(group)
        for data in group:
            writer.add(data)
    return Made(packets, 1, 1, 1)


def fragments(writer: Writer, packets: int, rng: Random) -> Made:
    """Datagrams in pieces, mixed with each other's; a quarter of them never whole, an eighth overlapping."""
    waiting: list[bytes] = []
    number = 0
    while writer.packets < packets:
        while len(waiting) < 600:
            number += 1
            waiting += _pieces(number, rng)
        at = int(rng.random() * len(waiting))
        waiting[at], waiting[-1] = waiting[-1], waiting[at]
        writer.add(waiting.pop())
    return Made(packets, number, 1, 1)


def _pieces(number: int, rng: Random) -> list[bytes]:
    source, destination = b"\x0a\x02" + (number & 0x3FFF).to_bytes(2, "big"), b"\x0a\x01\x01\x01"
    body = udp(source, destination, (8301, 8301), b"\x01" + rng.randbytes(400))
    pieces = []
    step = 8 * (3 + int(rng.random() * 30))
    overlap = 8 if rng.random() < 0.125 else 0
    for at in range(0, len(body), step):
        more = 0x2000 if at + step < len(body) else 0
        data = body[at:at + step + (overlap if more else 0)]
        words = 0x4500 + 20 + len(data) + (number & 0xFFFF) + (more | at >> 3) + 0x4000 + UDP
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), number & 0xFFFF, more | at >> 3, 64, UDP,
                           field(words + total(source) + total(destination)))
        pieces.append(ethernet(head + source + destination + data))
    return pieces[1:] if rng.random() < 0.25 else pieces


def tunnels(writer: Writer, packets: int, rng: Random) -> Made:
    """Gossip wrapped 1 to 12 times: IP in IP, GRE, GRE with Ethernet, VXLAN, Geneve."""
    shapes = [[rng.choice(_WRAPPERS) for _ in range(1 + int(rng.random() * 12))] for _ in range(2_000)]
    built = [_wrapped(shape, rng) for shape in shapes]
    while writer.packets < packets:
        frame = built[int(rng.random() * len(built))]
        # another nonce each time; a word and its complement leave every checksum around them as it is
        first, second = rng.getrandbits(16), rng.getrandbits(16)
        place = len(frame) - _SEALED + 2
        struct.pack_into(">HHHH", frame, place, first, first ^ 0xFFFF, second, second ^ 0xFFFF)
        writer.add(frame)
    return Made(packets, len(built), len(built), 1)


def _wrapped(shape: list[Callable[[bytes, bytes, bytes], bytes]], rng: Random) -> bytearray:
    ends = b"\x0a\x03" + rng.randbytes(2), b"\x0a\x04" + rng.randbytes(2)
    sealed = b"\x01" + rng.randbytes(1) + 2 * b"\0\0\xff\xff" + rng.randbytes(_SEALED - 10)
    packet = ip(UDP, *ends, udp(*ends, (8301, 8301), sealed))
    for number, wrap in enumerate(shape):
        packet = wrap(packet, b"\x0a\x05\x00" + bytes((number,)), b"\x0a\x05\x01" + bytes((number,)))
    return bytearray(ethernet(packet))


def _ipip(packet: bytes, source: bytes, destination: bytes) -> bytes:
    return ip(4, source, destination, packet)


def _gre(packet: bytes, source: bytes, destination: bytes) -> bytes:
    return ip(47, source, destination, b"\0\0\x08\0" + packet)


def _gre_ethernet(packet: bytes, source: bytes, destination: bytes) -> bytes:
    return ip(47, source, destination, b"\0\0\x65\x58" + ethernet(packet))


def _vxlan(packet: bytes, source: bytes, destination: bytes) -> bytes:
    return ip(UDP, source, destination, udp(source, destination, (50_000, 4789), b"\x08\0\0\0\0\0\x01\0" + ethernet(packet)))


def _geneve(packet: bytes, source: bytes, destination: bytes) -> bytes:
    return ip(UDP, source, destination, udp(source, destination, (50_000, 6081), b"\0\0\x65\x58\0\0\x01\0" + ethernet(packet)))


_WRAPPERS: tuple[Callable[[bytes, bytes, bytes], bytes], ...] = (_ipip, _gre, _gre_ethernet, _vxlan, _geneve)
