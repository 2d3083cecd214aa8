"""Packets from nothing: Ethernet, IPv4 and IPv6, TCP and UDP, checksums right."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .checksums import field, total

if TYPE_CHECKING:
    from random import Random

TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS = 1448
_IP4 = struct.Struct(">BBHHHBBH")
_IP6 = struct.Struct(">IHBB")
_TCP = struct.Struct(">HHIIBBHHH")
_UDP = struct.Struct(">HHHH")
_SYN_OPTIONS = bytes.fromhex("020405b40402080a000000010000000001030307")


def mac(number: int) -> bytes:
    """A locally administered address."""
    return b"\x02\x00" + number.to_bytes(4, "big")


def ip(transport: int, source: bytes, destination: bytes, body: bytes, identity: int = 1) -> bytes:
    """An IP packet; the version is told by the addresses' length."""
    if len(source) == 16:
        return _IP6.pack(0x6000_0000, len(body), transport, 64) + source + destination + body
    length = 20 + len(body)
    words = 0x4500 + length + identity + 0x4000 + 0x4000 + transport + total(source) + total(destination)
    return _IP4.pack(0x45, 0, length, identity, 0x4000, 64, transport, field(words)) + source + destination + body


def udp(source: bytes, destination: bytes, ports: tuple[int, int], payload: bytes) -> bytes:
    """A UDP datagram for `ip`."""
    length = 8 + len(payload)
    words = total(source) + total(destination) + UDP + 2 * length + ports[0] + ports[1] + total(payload)
    return _UDP.pack(*ports, length, field(words)) + payload


def ethernet(packet: bytes, source: int = 1, destination: int = 2) -> bytes:
    """A frame with an IP packet in it."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return mac(destination) + mac(source) + kind + packet


class Talk:
    """One TCP or UDP conversation: knows its sequence numbers and ids. Side 0 opens."""

    def __init__(self, rng: Random, transport: int, ends: tuple[bytes, bytes], ports: tuple[int, int]) -> None:
        self.transport = transport
        self.numbers = [rng.getrandbits(32), rng.getrandbits(32)]
        self._identity = [rng.getrandbits(15), rng.getrandbits(15)]
        self._ends = ends
        self._ports = ports
        self._words = total(ends[0]) + total(ends[1]) + transport + ports[0] + ports[1]
        hosts = [rng.getrandbits(16), rng.getrandbits(16)]
        kind = b"\x86\xdd" if len(ends[0]) == 16 else b"\x08\x00"
        self._links = [mac(hosts[1 - side]) + mac(hosts[side]) + kind for side in (0, 1)]

    def _packet(self, side: int, body: bytes) -> bytes:
        self._identity[side] = (self._identity[side] + 1) & 0xFFFF or 1
        return self._links[side] + ip(self.transport, self._ends[side], self._ends[1 - side], body, self._identity[side])

    def say(self, side: int, payload: bytes) -> bytes:
        """A datagram."""
        length = 8 + len(payload)
        check = field(self._words + 2 * length + total(payload))
        return self._packet(side, _UDP.pack(self._ports[side], self._ports[1 - side], length, check) + payload)

    def segment(self, side: int, payload: bytes = b"", flags: int = ACK) -> bytes:
        """The next segment of a side: it begins where the last one ended, and acknowledges all that came."""
        sequence = self.numbers[side]
        answer = self.numbers[1 - side] if flags & ACK else 0
        options = _SYN_OPTIONS if flags & SYN else b""
        header = 20 + len(options)
        words = (self._words + header + len(payload) + sequence + answer + (header << 10 | flags) + 502
                 + total(options) + total(payload))
        body = _TCP.pack(self._ports[side], self._ports[1 - side], sequence, answer, header << 2, flags, 502, field(words), 0)
        self.numbers[side] = (sequence + len(payload) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF
        return self._packet(side, body + options + payload)
