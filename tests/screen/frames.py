"""Crafts packets for the screen's tests: small, by hand where scapy is not the point."""

from __future__ import annotations

import struct
import zlib

import msgpack
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

A, B = "10.0.0.1", "10.0.0.2"
A6, B6 = "2001:db8::1", "2001:db8::2"


def old(fields: dict[str, object]) -> bytes:
    """msgpack as go-msgpack's old form writes it: bytes and text in str slots, keys sorted."""
    return msgpack.packb(dict(sorted(fields.items())), use_bin_type=False)


def ping(number: int = 1, node: str = "n1") -> bytes:
    return b"\x00" + old({"SeqNo": number, "Node": node, "SourceAddr": b"\x0a\x00\x00\x01", "SourcePort": 8301,
                          "SourceNode": "n0"})


def alive(node: str = "n1", incarnation: int = 1) -> bytes:
    return b"\x04" + old({"Incarnation": incarnation, "Node": node, "Addr": b"\x0a\x00\x00\x01", "Port": 8301,
                          "Meta": b"", "Vsn": [1, 5, 2, 2, 5, 4]})


def compound(*parts: bytes) -> bytes:
    return bytes([7, len(parts)]) + b"".join(struct.pack(">H", len(part)) for part in parts) + b"".join(parts)


def crc(message: bytes) -> bytes:
    return b"\x0c" + struct.pack(">I", zlib.crc32(message)) + message


def lzw(data: bytes) -> bytes:
    """Go's compress/lzw with nothing but literals: a clear code now and then keeps the width at nine bits."""
    bits = count = 0
    for i, byte in enumerate(data):
        if i % 250 == 0:
            bits |= 256 << count
            count += 9
        bits |= byte << count
        count += 9
    bits |= 257 << count
    return bits.to_bytes((count + 16) // 8, "little")


def compressed(message: bytes) -> bytes:
    return b"\x09" + old({"Algo": 0, "Buf": lzw(message)})


def ip(sender: str = A, receiver: str = B, ident: int | None = None) -> Packet:
    ip.count += 1  # type: ignore[attr-defined]
    if ":" in sender:
        return IPv6(src=sender, dst=receiver)
    return IP(src=sender, dst=receiver, id=ip.count % 65_536 if ident is None else ident)  # type: ignore[attr-defined]


ip.count = 0  # type: ignore[attr-defined]


def ether(packet: Packet) -> bytes:
    return bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet)


def udp(payload: bytes, sport: int = 8301, dport: int = 8301, sender: str = A, receiver: str = B,
        ident: int | None = None) -> bytes:
    return ether(ip(sender, receiver, ident) / UDP(sport=sport, dport=dport) / Raw(payload))


def tcp(payload: bytes = b"", seq: int = 1, flags: str = "A", ack: int = 0, sport: int = 40_000, dport: int = 8300,
        sender: str = A, receiver: str = B, ident: int | None = None) -> bytes:
    segment = TCP(sport=sport, dport=dport, seq=seq & 0xFFFFFFFF, ack=ack & 0xFFFFFFFF, flags=flags)
    return ether(ip(sender, receiver, ident) / segment / Raw(payload))


def reply(payload: bytes = b"", seq: int = 1, flags: str = "A", ack: int = 0, **more: object) -> bytes:
    """The same flow's other side."""
    return tcp(payload, seq, flags, ack, sport=8300, dport=40_000, sender=B, receiver=A, **more)  # type: ignore[arg-type]
