"""Packets of real captures, taken apart so that they can be sent again between other hosts, checksums right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import gossip
from .checksums import WORDS, field, total
from .pcapfile import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TCP, UDP, ICMP6 = 6, 17, 58
_CHECKSUM_AT = {TCP: 16, UDP: 6, ICMP6: 2}
_SKIPPED = {0, 43, 60}  # IPv6 extension headers that stand before a transport header
GOSSIP_PORTS = {7946, 8301, 8302}
RPC_PORT = 8300
EPHEMERAL = 32_768

#: what a packet's flow is
PLAIN, SEALED, RPC, TLS, REST = "plain gossip", "sealed gossip", "rpc", "tls", "rest"


class Template(NamedTuple):
    """A packet without what changes: ``head`` ends before IPv4's checksum (IPv6: before the addresses), ``middle`` stands
    between the addresses and the transport checksum, ``tail`` is the rest.
    """

    head: bytes
    source: int  # of the capture's addresses; -1 in a packet that stays as it is (``head`` is the whole of it)
    destination: int
    middle: bytes
    tail: bytes
    version: int
    ip_words: int  # sum of the IPv4 header without addresses and checksum
    words: int  # sum of pseudo header and transport, likewise; -1: no checksum there
    wire: int  # length on the wire where it was cut, else 0
    kind: str
    flow: int  # number in the capture, -1 none
    side: int
    transport: int
    opens: int  # 1 in a flow's first packet
    closes: int  # 1 in its last


class Capture(NamedTuple):
    """A capture in templates. ``follower[i]`` is the next segment with payload of i's flow and side, -1 none."""

    name: str
    addresses: tuple[bytes, ...]
    templates: tuple[Template, ...]
    follower: tuple[int, ...]
    flows: int
    names: tuple[bytes, ...]  # of nodes, from its plaintext gossip


class _Parsed(NamedTuple):
    at: int  # of the IP header
    end: int  # of the IP packet
    version: int
    transport: int
    start: int  # of the transport header, -1 none (fragments)
    source: bytes
    destination: bytes


def load(path: Path, keep: Callable[[Template], bool] | None = None) -> Capture:
    """A capture under ``pcaps/`` as templates; those that *keep* refuses are left out."""
    addresses: dict[bytes, int] = {}
    flows: dict[tuple[object, ...], int] = {}
    made = [_template(record.data, record.wire, addresses, flows) for record in read(path)]
    kinds = _kinds(made)
    made = [one._replace(kind=kinds[one.flow]) if one.flow in kinds and one.kind == REST else one for one in made]
    if keep is not None:
        made = [one for one in made if keep(one)]
    names = gossip.names(gossip.opened(one.tail)[0] for one in made if one.kind == PLAIN and one.transport == UDP)
    return Capture(path.stem, tuple(addresses), tuple(_bounded(made)), _followers(made),
                   len({one.flow for one in made if one.flow >= 0}), tuple(names))


def _template(data: bytes, wire: int, addresses: dict[bytes, int], flows: dict[tuple[object, ...], int]) -> Template:
    cut = wire if wire > len(data) else 0
    parsed = _parse(data)
    if parsed is None or (cut and parsed.start < 0):
        return Template(data, -1, -1, b"", b"", 0, 0, -1, cut, REST, -1, 0, 0, 0, 0)
    at, end, version, transport, start, source, destination = parsed
    if not cut:
        data = data[:end]  # without the padding of short frames
    numbers = [addresses.setdefault(one, len(addresses)) for one in (source, destination)]
    head_end, behind = (at + 10, at + 20) if version == 4 else (at + 8, at + 40)
    ip_words = total(data[at:at + 10]) + total(data[at + 20:start if start >= 0 else at + 20]) if version == 4 else 0
    kind, flow, side, place = REST, -1, 0, len(data)
    if start >= 0 and transport in _CHECKSUM_AT and len(data) >= start + 8:
        place = start + _CHECKSUM_AT[transport]
        if transport in {TCP, UDP}:
            ports = data[start:start + 2], data[start + 2:start + 4]
            ends = ((source, ports[0]), (destination, ports[1]))
            low = min(ends)
            flow = flows.setdefault((transport, low, max(ends)), len(flows))
            side = int(ends[0] != low)
            kind = _datagram(data[start + 8:], ports) if transport == UDP else REST
    unsummed = cut or place >= len(data) or (transport == UDP and data[place:place + 2] == b"\0\0")
    if unsummed:
        middle, tail, words = data[behind:], b"", -1
        if transport == UDP and place < len(data):
            middle, tail = data[behind:place], data[place + 2:]
    else:
        middle, tail = data[behind:place], data[place + 2:]
        words = total(data[start:place]) + total(tail) + transport + end - start
    return Template(data[:head_end], numbers[0], numbers[1], middle, tail, version, ip_words % WORDS, words, cut, kind, flow,
                    side, transport, 0, 0)


def _parse(data: bytes) -> _Parsed | None:
    at = 12
    while data[at:at + 2] in {b"\x81\x00", b"\x88\xa8"}:
        at += 4
    kind, at = data[at:at + 2], at + 2
    if kind == b"\x08\x00" and len(data) >= at + 20 and data[at] >> 4 == 4:
        length = int.from_bytes(data[at + 2:at + 4], "big")
        fragment = int.from_bytes(data[at + 6:at + 8], "big") & 0x3FFF
        start = at + 4 * (data[at] & 15)
        return _Parsed(at, at + length, 4, data[at + 9], -1 if fragment else start, data[at + 12:at + 16], data[at + 16:at + 20])
    if kind == b"\x86\xdd" and len(data) >= at + 40:
        end = at + 40 + int.from_bytes(data[at + 4:at + 6], "big")
        transport, start = data[at + 6], at + 40
        while transport in _SKIPPED and start + 8 < len(data):
            transport, start = data[start], start + 8 * (data[start + 1] + 1)
        return _Parsed(at, end, 6, transport, start, data[at + 8:at + 24], data[at + 24:at + 40])
    return None


def _datagram(payload: bytes, ports: tuple[bytes, bytes]) -> str:
    if gossip.plain(payload):
        return PLAIN
    known = any(int.from_bytes(port, "big") in GOSSIP_PORTS for port in ports)
    return SEALED if known and len(payload) > 29 and payload[0] < 2 else REST


def payload(template: Template) -> bytes:
    """What a whole TCP segment or a UDP datagram carries."""
    if template.transport == UDP:
        return template.tail
    offset = template.middle[-4] >> 4 if len(template.middle) >= 4 else 0
    return template.tail[4 * offset - 18:]


def _kinds(templates: list[Template]) -> dict[int, str]:
    """Of each TCP flow: TLS where a side begins so (Consul puts a byte before it), RPC by its port."""
    begins: dict[tuple[int, int], bytes] = {}
    kinds: dict[int, str] = {}
    for one in templates:
        if one.flow < 0 or one.transport != TCP or one.words < 0:
            continue
        data = payload(one)
        if data and len(begins.get((one.flow, one.side), b"")) < 3:
            begins[one.flow, one.side] = begins.get((one.flow, one.side), b"") + data[:8]
        transport_at = len(one.middle) - 16
        ports = {int.from_bytes(one.middle[transport_at + n:transport_at + n + 2], "big") for n in (0, 2)}
        if RPC_PORT in ports:
            kinds[one.flow] = RPC
        elif ports & GOSSIP_PORTS:
            kinds[one.flow] = "tcp gossip"
    for (flow, _side), data in begins.items():
        if data[:2] in {b"\x16\x03", b"\x17\x03"} or data[1:3] == b"\x16\x03":
            kinds[flow] = TLS
    return kinds


def _bounded(templates: list[Template]) -> list[Template]:
    """With each flow's first and last packet marked."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for index, one in enumerate(templates):
        if one.flow >= 0:
            first.setdefault(one.flow, index)
            last[one.flow] = index
    return [one._replace(opens=int(first.get(one.flow) == index), closes=int(last.get(one.flow) == index))
            for index, one in enumerate(templates)]


def _followers(templates: list[Template]) -> tuple[int, ...]:
    ahead: dict[tuple[int, int], int] = {}
    out = []
    for index in range(len(templates) - 1, -1, -1):
        one = templates[index]
        counts = one.transport == TCP and one.words >= 0 and bool(payload(one))
        out.append(ahead.get((one.flow, one.side), -1) if counts else -1)
        if counts:
            ahead[one.flow, one.side] = index
    return tuple(reversed(out))


class Hosts(NamedTuple):
    """A lane's addresses, and the sum of each one's words."""

    addresses: tuple[bytes, ...]
    words: tuple[int, ...]


def hosts(capture: Capture, lane: int) -> Hosts:
    """The addresses of a lane's copy: 10.a.b.n, and in IPv6 the lane in bytes 4 to 7."""
    moved = tuple(_moved(address, number, lane) for number, address in enumerate(capture.addresses))
    return Hosts(moved, tuple(total(address) for address in moved))


def _moved(address: bytes, number: int, lane: int) -> bytes:
    if len(address) == 16:
        fixed = address[0] == 255 or not any(address[:15])
        return address if fixed else address[:4] + lane.to_bytes(4, "big") + address[8:]
    if address[0] == 127 or address[0] >= 224 or not any(address):
        return address
    lane, extra = lane + (number // 254 << 14), number % 254 + 1
    return bytes((10, lane >> 8 & 255, lane & 255, extra))


def build(one: Template, to: Hosts) -> bytes:
    """The packet between a lane's hosts."""
    if one.source < 0:
        return one.head
    source, destination = one.source, one.destination
    addresses, words = to
    both = words[source] + words[destination]
    top = one.head + field(one.ip_words + both).to_bytes(2, "big") if one.version == 4 else one.head
    if one.words < 0:
        gap = b"\0\0" if one.tail else b""
        return b"".join((top, addresses[source], addresses[destination], one.middle, gap, one.tail))
    return b"".join((top, addresses[source], addresses[destination], one.middle,
                     field(one.words + both).to_bytes(2, "big"), one.tail))


def with_payload(one: Template, data: bytes) -> Template:
    """A UDP template with another payload, of any length."""
    grown = len(data) - len(one.tail)
    at = len(one.head) - (10 if one.version == 4 else 8)
    place = at + 2 if one.version == 4 else at + 4
    length = (int.from_bytes(one.head[place:place + 2], "big") + grown).to_bytes(2, "big")
    udp = int.from_bytes(one.middle[-2:], "big") + grown
    words = one.words
    if words >= 0:
        words += total(data) - total(one.tail) + 2 * grown  # in the header and in the pseudo header
    return one._replace(head=one.head[:place] + length + one.head[place + 2:], tail=data,
                        middle=one.middle[:-2] + udp.to_bytes(2, "big"),
                        ip_words=(one.ip_words + grown) % WORDS, words=words if words < 0 else words % WORDS)


def session(capture: Capture, number: int) -> Capture:
    """The same between the same hosts at the same time: other clients' ports, other IPv4 ids. Number 0 is the capture."""
    if not number:
        return capture
    made = []
    for one in capture.templates:
        again = sent_again(one, number * 0x0421)
        at = len(again.middle) - (16 if again.transport == TCP else 6)
        ports = [int.from_bytes(again.middle[at + place:at + place + 2], "big") for place in (0, 2)] if again.flow >= 0 else []
        high = max(ports, default=0)
        if high < EPHEMERAL:
            # a conversation between two fixed ports goes on in session 0's
            made.append(again._replace(opens=0, closes=0))
            continue
        place = at + 2 * ports.index(high)
        new = EPHEMERAL + (high - EPHEMERAL + number * 1_009) % (0x10000 - EPHEMERAL)
        words = again.words if again.words < 0 else (again.words + new - high) % WORDS
        made.append(again._replace(middle=again.middle[:place] + new.to_bytes(2, "big") + again.middle[place + 2:], words=words))
    return capture._replace(templates=tuple(made), flows=sum(one.opens for one in made))


def sent_again(one: Template, identity: int) -> Template:
    """The packet with another IPv4 id: what a host sends when no acknowledgement came."""
    if one.version != 4 or one.source < 0:
        return one
    place = len(one.head) - 6
    old = int.from_bytes(one.head[place:place + 2], "big")
    new = old ^ identity & 0xFFFF
    return one._replace(head=one.head[:place] + new.to_bytes(2, "big") + one.head[place + 2:],
                        ip_words=(one.ip_words + new - old) % WORDS)
