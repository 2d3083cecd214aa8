"""A slow second opinion of the screen, written apart from it: dpkt for the layers, msgpack for the messages, byte maps for
the streams. Ethernet and cooked v2 captures in little-endian pcap, without tunnels and fragments."""

from __future__ import annotations

import ipaddress
import pathlib
import struct
import zlib
from collections import Counter

import dpkt
import msgpack

KEYS = {
    0: {"SeqNo", "Node", "SourceAddr", "SourcePort", "SourceNode"},
    1: {"SeqNo", "Target", "Port", "Node", "Nack", "SourceAddr", "SourcePort", "SourceNode"},
    2: {"SeqNo", "Payload"},
    3: {"Incarnation", "Node", "From"},
    4: {"Incarnation", "Node", "Addr", "Port", "Meta", "Vsn"},
    5: {"Incarnation", "Node", "From"},
    9: {"Algo", "Buf"},
    11: {"SeqNo"},
    13: {"Error"},
}
SERF = {"LTime", "Node", "Prune", "Name", "Payload", "CC", "ID", "Addr", "Flags", "EventLTime", "Key", "Keys", "DestAddr",
        "Member", "Message", "Filters", "From"}


def unlzw(data: bytes) -> bytes:
    """Go's compress/lzw, LSB first, with a dictionary of strings."""
    bits = int.from_bytes(data, "little")
    left = len(data) * 8
    width, table, last, out = 9, [], None, []
    while left >= width:
        code = bits & (1 << width) - 1
        bits >>= width
        left -= width
        if code == 256:
            width, table, last = 9, [], None
            continue
        if code == 257:
            break
        if code < 256:
            word = bytes([code])
        elif code - 258 < len(table):
            word = table[code - 258]
        else:
            word = last + last[:1]
        out.append(word)
        if last is not None and len(table) + 258 < 4096:
            table.append(last + word[:1])
        last = word
        if len(table) + 258 >= (1 << width) - (last is None) and width < 12:
            width += 1
    return b"".join(out)


def first_key(data: bytes, *, cut: bool) -> str | None:
    """The first key of the map that ``data`` begins with; whole where the datagram is."""
    try:
        unpacker = msgpack.Unpacker(raw=True, strict_map_key=False)
        unpacker.feed(data)
        if unpacker.read_map_header() < 1:
            return None
        key = unpacker.unpack()
        if not cut:
            whole = msgpack.Unpacker(raw=True, strict_map_key=False)
            whole.feed(data)
            whole.unpack()
        return key.decode() if isinstance(key, bytes) else None
    except Exception:  # noqa: BLE001 - msgpack has six kinds
        return None


def memberlist(data: bytes, *, cut: bool, crc: list[int]) -> bool:
    if len(data) < 2:
        return False
    kind = data[0]
    if kind == 12:
        if not cut:
            if zlib.crc32(data[5:]) == int.from_bytes(data[1:5], "big"):
                crc.append(1)
                memberlist(data[5:], cut=cut, crc=[])
                return True
            if memberlist(data[5:], cut=cut, crc=[]):
                crc.append(2)
                return True
            return False
        return memberlist(data[5:], cut=cut, crc=crc)
    if kind == 7:
        sizes = [int.from_bytes(data[2 + 2 * i:4 + 2 * i], "big") for i in range(data[1])]
        at = 2 + 2 * data[1]
        parts = []
        for size in sizes:
            parts.append(data[at:at + size])
            at += size
        if cut:
            return memberlist(parts[0], cut=True, crc=crc)
        return at == len(data) and all(memberlist(part, cut=False, crc=crc) for part in parts)
    if kind == 8:
        return data[1] <= 9 and first_key(data[2:], cut=cut) in SERF
    if kind not in KEYS or first_key(data[1:], cut=cut) not in KEYS[kind]:
        return False
    if kind == 9 and not cut:
        return memberlist(unlzw(msgpack.unpackb(data[1:], raw=True)[b"Buf"]), cut=False, crc=crc)
    return True


def classify(data: bytes, size: int) -> tuple[str, list[int]]:
    """(plain, sealed1, sealed0 or other; CRC results)."""
    crc: list[int] = []
    if len(data) > 2 and data[0] == 244:
        skip = 2 + data[1]
        data, size = data[skip:], size - skip
    if memberlist(data, cut=size > len(data), crc=crc):
        return "plain", crc
    if len(data) >= 13 and data[0] == 1 and size > 29:
        return "sealed1", crc
    if len(data) >= 13 and data[0] == 0 and size > 29 and (size - 29) % 16 == 0:
        return "sealed0", crc
    return "other", crc


class Side:
    def __init__(self) -> None:
        self.packets = self.bytes = self.payloads = 0
        self.kinds: Counter[str] = Counter()
        self.start: int | None = None
        self.stream: dict[int, int | None] = {}
        self.datagrams: list[bytes] = []


class Flow:
    def __init__(self, transport: str, ends: tuple[tuple[str, int], tuple[str, int]]) -> None:
        self.transport = transport
        self.ends = ends
        self.sides = (Side(), Side())

    def stream(self, side: int) -> bytes:
        """The side's bytes in order; zeros for what is missing."""
        bytes_ = self.sides[side].stream
        return bytes((bytes_.get(i) or 0) for i in range(max(bytes_, default=-1) + 1))


class Oracle:
    """Reads a whole capture file."""

    def __init__(self, path: str) -> None:
        self.counters: Counter[str] = Counter()
        self.flows: list[Flow] = []
        self.live: dict[object, Flow] = {}
        self.met: dict[object, float] = {}
        self.packets = 0
        raw = pathlib.Path(path).read_bytes()
        link = struct.unpack_from("<I", raw, 20)[0]
        at = 24
        while at + 16 <= len(raw):
            seconds, micros, size, wire = struct.unpack_from("<IIII", raw, at)
            self.packets += 1
            self.counters[self.packet(raw[at + 16:at + 16 + size], wire, seconds + micros / 1e6, link)] += 1
            at += 16 + size

    def packet(self, raw: bytes, wire: int, time: float, link: int) -> str:
        if link == 1:
            kind, data = int.from_bytes(raw[12:14], "big"), raw[14:]
        else:
            kind, data = int.from_bytes(raw[:2], "big"), raw[20:]
        if kind == 0x0800:
            ip = dpkt.ip.IP(data)
            size = ip.len - ip.hl * 4
            ident, proto = ip.id, ip.p
            rest = data[ip.hl * 4:ip.len]
        elif kind == 0x86DD:
            ip = dpkt.ip6.IP6(data)
            size, ident, proto = ip.plen, 0, ip.p
            rest = data[40:40 + ip.plen]
            while proto in ip.extension_hdrs and proto != 58:
                size -= ip.extension_hdrs[proto].header_len
                rest = rest[ip.extension_hdrs[proto].header_len:]
                proto = ip.extension_hdrs[proto].nxt
            if proto in (0, 43, 60):
                return "other-transport"
        else:
            return "not-ip"
        if proto not in (6, 17):
            return "other-transport"
        source, destination = str(ipaddress.ip_address(ip.src)), str(ipaddress.ip_address(ip.dst))
        sp, dp = struct.unpack_from(">HH", rest)
        head = (rest[13] & 0x17, rest[12] >> 4, rest[4:12], rest[14:16], rest[20:]) if proto == 6 else (rest[4:6], rest[8:])
        hl = (rest[12] >> 4) * 4 if proto == 6 else 8
        length = size - hl if proto == 6 else int.from_bytes(rest[4:6], "big") - 8
        key = (source, destination, sp, dp, proto, ident, size, head)
        if (ident or length) and key in self.met and time - self.met[key] <= (1.0 if ident else 0.05):
            return "duplicate"
        self.met[key] = time
        self.count("tcp" if proto == 6 else "udp", (source, sp), (destination, dp), rest, hl, length, wire)
        return "tcp" if proto == 6 else "udp"

    def count(self, transport: str, sender: tuple[str, int], receiver: tuple[str, int], rest: bytes, hl: int, length: int,
              wire: int) -> None:
        key = (transport, frozenset((sender, receiver)))
        flow = self.live.get(key)
        sequence = int.from_bytes(rest[4:8], "big")
        syn = transport == "tcp" and rest[13] & 2
        if flow is not None and syn:
            start = flow.sides[flow.ends.index(sender)].start
            if start is not None and start != sequence + 1:
                flow = None
        if flow is None:
            flow = self.live[key] = Flow(transport, (sender, receiver))
            self.flows.append(flow)
        side = flow.sides[flow.ends.index(sender)]
        side.packets += 1
        side.bytes += wire
        data = rest[hl:]
        if length <= 0:
            if syn:
                side.start = sequence + 1
            return
        side.payloads += 1
        if transport == "udp":
            kind, crc = classify(data[:length], length)
            side.kinds[kind] += 1
            side.kinds["crc_good"] += crc.count(1)
            side.kinds["crc_bad"] += crc.count(2)
            return
        if side.start is None:
            side.start = sequence
        offset = (sequence - side.start) & 0xFFFFFFFF
        if offset > 1 << 31:
            return
        for i in range(length):
            side.stream.setdefault(offset + i, data[i] if i < len(data) else None)
