"""What is not Consul's must not look like it: shapes of other protocols, and noise, on Consul's ports and on others.

Random bytes begin as sealed gossip does in one datagram of 128; a port by default is no proof. Fixed seeds.
"""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest

from consul_sniff.model import Severity, Status
from consul_sniff.pipeline import Options, analyze

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from consul_sniff.report import Report

PORTS = (8300, 8301, 8302, 8500, 8501, 8502, 8503, 8600, 19_000, 8200, 7946)
FLOWS = 240  # a shape
Shape = "Callable[[random.Random], tuple[bytes, bytes]]"  # what both sides send first

_HOSTS = [bytes((192, 0, 2, n)) for n in range(1, 40)]


def noise(dice: random.Random) -> tuple[bytes, bytes]:
    return dice.randbytes(dice.randint(1, 700)), dice.randbytes(dice.randint(1, 700))


def sealed_like(dice: random.Random) -> tuple[bytes, bytes]:
    """The worst: every message begins with one of the versions."""
    return tuple(bytes((dice.randint(0, 1),)) + dice.randbytes(dice.randint(1, 300)) for _ in range(2))  # type: ignore[return-value]


def ping_like(dice: random.Random) -> tuple[bytes, bytes]:
    """Types of memberlist and a map's header, then anything."""
    return tuple(bytes((dice.randint(0, 13), dice.randint(0x80, 0x8F))) + dice.randbytes(60)  # type: ignore[return-value]
                 for _ in range(2))


def tls(dice: random.Random) -> tuple[bytes, bytes]:
    hello = b"\x03\x03" + dice.randbytes(32) + b"\x00\x00\x02\x13\x01\x01\x00\x00\x00"
    answer = b"\x03\x03" + dice.randbytes(32) + b"\x00\x13\x01\x00\x00\x00"
    records = []
    for kind, body in ((1, hello), (2, answer)):
        shake = bytes((kind,)) + len(body).to_bytes(3, "big") + body
        secret = dice.randbytes(dice.randint(20, 200))
        records.append(b"\x16\x03\x03" + struct.pack(">H", len(shake)) + shake + b"\x17\x03\x03"
                       + struct.pack(">H", len(secret)) + secret)
    return records[0], records[1]


def quic(dice: random.Random) -> tuple[bytes, bytes]:
    long = bytes((0xC0 | dice.randint(0, 15),)) + b"\x00\x00\x00\x01\x08" + dice.randbytes(1192)
    return long, bytes((0x40 | dice.randint(0, 63),)) + dice.randbytes(dice.randint(30, 900))


def ssh(dice: random.Random) -> tuple[bytes, bytes]:
    body = dice.randbytes(dice.randint(16, 200))
    return (b"SSH-2.0-OpenSSH_9.6\r\n" + struct.pack(">IB", len(body) + 1, 6) + body,
            b"SSH-2.0-OpenSSH_8.9p1 Ubuntu-3\r\n" + struct.pack(">IB", len(body) + 1, 6) + body)


def dns(dice: random.Random) -> tuple[bytes, bytes]:
    name = dice.choice((b"\x03www\x07example\x03com\x00", b"\x04_sip\x04_tcp\x05local\x00", b"\x03api\x06consul\x02io\x00"))
    ident = dice.randbytes(2)
    question = name + b"\x00\x01\x00\x01"
    return (ident + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question,
            ident + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question
            + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + dice.randbytes(4))


def http(dice: random.Random) -> tuple[bytes, bytes]:
    path = dice.choice((b"/", b"/v1/users", b"/v1/chat/completions", b"/health", b"/stats", b"/ready", b"/index.html",
                        b"/v1/objects?class=X", b"/v1/schema", b"/metrics"))
    server = dice.choice((b"nginx", b"envoy", b"Apache"))
    return (dice.choice((b"GET ", b"POST ")) + path + b" HTTP/1.1\r\nHost: example.com\r\nAuthorization: Bearer "
            + b"0f3a1c52-0c5e-4d43-9a38-1f3a51cbb6a1\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nServer: " + server + b"\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
            + b'{"status":"ok"}')


def http2(dice: random.Random) -> tuple[bytes, bytes]:
    settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
    return (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + b"\x00\x00\x00\x04\x01\x00\x00\x00\x00",
            settings + b"\x00\x00\x00\x04\x01\x00\x00\x00\x00")


def zeros(dice: random.Random) -> tuple[bytes, bytes]:
    """yamux' least header, and what looks like many of them."""
    return bytes(12) * dice.randint(1, 9), b"\x00" * dice.randint(1, 60)


def msgpack(dice: random.Random) -> tuple[bytes, bytes]:
    """Another msgpack RPC (Serf's own on 7373, fluentd, Neovim)."""
    seq = dice.randint(1, 100)
    return (b"\x82\xa7Command\xa9handshake\xa3Seq" + bytes((seq,)) + b"\x81\xa7Version\x01",
            b"\x82\xa3Seq" + bytes((seq,)) + b"\xa5Error\xa0")


STREAMS = (noise, sealed_like, ping_like, tls, ssh, dns, http, http2, zeros, msgpack)
DATAGRAMS = (noise, sealed_like, ping_like, quic, dns, zeros)


def _ip(source: bytes, destination: bytes, protocol: int, ident: int, body: bytes) -> bytes:
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, 0, 64, protocol, 0, source, destination) + body


def _udp(sport: int, dport: int, data: bytes) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data


def _tcp(sport: int, dport: int, seq: int, ack: int, flags: int, data: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 8192, 0, 0) + data


def capture(packets: Iterable[bytes]) -> bytes:
    """Raw IP packets, a millisecond apart, as pcap."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 101)]
    for number, packet in enumerate(packets):
        records.append(struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000 * 1000, len(packet), len(packet)))
        records.append(packet)
    return b"".join(records)


def datagrams(shape: Callable[[random.Random], tuple[bytes, bytes]], dice: random.Random, flows: int,
              ports: tuple[int, ...]) -> Iterable[bytes]:
    """Flows of a few datagrams each way; half of them between equal ports, as gossip's are."""
    ident = 0
    for _ in range(flows):
        here, there = dice.sample(_HOSTS, 2)
        port = dice.choice(ports)
        own = port if dice.random() < 0.5 else dice.randint(32_768, 60_999)
        for _ in range(dice.randint(1, 4)):
            asked, answered = shape(dice)
            ident += 2
            yield _ip(here, there, 17, ident & 0xFFFF, _udp(own, port, asked))
            if dice.random() < 0.8:
                yield _ip(there, here, 17, ident + 1 & 0xFFFF, _udp(port, own, answered))


def streams(shape: Callable[[random.Random], tuple[bytes, bytes]], dice: random.Random, flows: int,
            ports: tuple[int, ...]) -> Iterable[bytes]:
    """Connections; a third without their SYN, a third without the answer."""
    ident = 0
    for number in range(flows):
        here, there = dice.sample(_HOSTS, 2)
        port, own = dice.choice(ports), 1024 + number % 60_000
        asked, answered = shape(dice)
        a, b = dice.randrange(1 << 32), dice.randrange(1 << 32)
        packets = [(0, 0x18, a + 1, b + 1, asked), (1, 0x18, b + 1, a + 1 + len(asked), answered)]
        if dice.random() < 0.67:
            packets = [(0, 2, a, 0, b""), (1, 0x12, b, a + 1, b""), *packets]
        if dice.random() < 0.33:
            packets = [packet for packet in packets if not packet[0]]
        for side, flags, seq, ack, data in packets:
            ident += 1
            ends = (there, here) if side else (here, there)
            sockets = (port, own) if side else (own, port)
            yield _ip(*ends, 6, ident & 0xFFFF, _tcp(*sockets, seq, ack, flags, data))


def report(folder: Path, packets: Iterable[bytes]) -> Report:
    path = folder / "noise.pcap"
    path.write_bytes(capture(packets))
    return analyze([str(path)], Options())


def others(dice: random.Random) -> tuple[int, ...]:
    return tuple(dice.randint(1024, 32_000) for _ in range(8))


def held(made: Report, *passed: str) -> None:
    """No accusation, and nothing that noise could have passed."""
    assert [(one.id, one.title) for one in made.findings if one.severity is not Severity.INFO] == []
    assert not [one.id for one in made.controls if one.status in (Status.FAIL, Status.WARN)]
    assert not made.exposures or all(one.kind == "vault-token" for one in made.exposures)
    status = {one.id: one.status for one in made.controls}
    for control in ("gossip-encryption", "gossip-keys", "membership-disclosure", "acl-default-deny", "raft-tls"):
        assert control in passed or status[control] in (Status.NOT_OBSERVED, Status.INCONCLUSIVE), control


@pytest.mark.parametrize("shape", STREAMS)
@pytest.mark.parametrize("named", [True, False])
def test_streams(tmp_path, shape, named):
    dice = random.Random(7)
    made = report(tmp_path, streams(shape, dice, FLOWS, PORTS if named else others(dice)))
    held(made, *(["raft-tls"] if shape is tls and named else []))  # TLS between hosts that both call and answer on 8300


@pytest.mark.parametrize("shape", DATAGRAMS)
@pytest.mark.parametrize("named", [True, False])
def test_datagrams(tmp_path, shape, named):
    dice = random.Random(8)
    made = report(tmp_path, datagrams(shape, dice, FLOWS, PORTS if named else others(dice)))
    if shape is not sealed_like or not named:  # such on 8301 is what sealed gossip is
        held(made)
