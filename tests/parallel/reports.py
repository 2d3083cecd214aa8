"""Reports as the bytes that must be equal, and captures in which everything crosses."""

from __future__ import annotations

import random

import consul_sniff
from consul_sniff.reporters import renderer

from ..conftest import PCAPS
from ..screen import drive, frames

CAPTURES = sorted(str(path) for path in PCAPS.rglob("*.pcap"))


def json_of(paths, **options):
    return renderer("json")(consul_sniff.analyze(paths, **options), "0", None)


def crossing(seed=7):
    """Real conversations under many addresses, in random order; datagrams sent again, nonces twice, fragments, duplicates."""
    chance = random.Random(seed)
    sealed = [b"\x01" + chance.randbytes(60) for _ in range(20)]
    made: list[bytes] = []
    for n in range(600):
        ends = {"sender": f"10.0.{chance.randrange(3)}.{chance.randrange(9)}", "receiver": f"10.0.9.{chance.randrange(9)}"}
        made.append(_frame(chance.randrange(7), n, chance, sealed, ends) or chance.choice(made or [frames.udp(frames.ping(1))]))
    times = [1_000 + n * 0.4 for n in range(len(made))]
    header = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    return header + b"".join(drive.record(data, time) for data, time in zip(made, times, strict=True))


def _frame(kind, n, chance, sealed, ends):
    """A packet of a kind; None: one that was sent before, again."""
    high = chance.randrange(1024, 1100)
    match kind:
        case 0:
            return frames.udp(frames.ping(n // 3 + 1), **ends)
        case 1:
            return frames.udp(frames.alive(f"n{chance.randrange(40)}", chance.randrange(5)), **ends)
        case 2:
            return frames.udp(chance.choice(sealed), **ends)
        case 3:
            return frames.udp(chance.choice(sealed)[:40] + chance.randbytes(21), **ends)
        case 4:
            return frames.udp(b"\x80" + chance.randbytes(30), sport=high, dport=443, **ends)
        case 5:
            return frames.tcp(b"\x01" + chance.randbytes(40), seq=chance.randrange(1, 400), sport=high, **ends)
    return None


def flood(seed=11):
    """Connections of many hosts to few, each over and over: the next one's SYN ends the one before. Attempts, calls to Consul's API
    and to others', and bytes that nobody reads."""
    chance = random.Random(seed)
    made: list[bytes] = []
    for n in range(2_500):
        to = {"sender": f"10.1.{chance.randrange(4)}.{chance.randrange(60)}", "receiver": f"10.0.9.{chance.choice((*range(5), chance.randrange(60)))}", "dport": 8500}
        back = {"sender": to["receiver"], "receiver": to["sender"], "sport": 8500, "dport": 40_000}
        first = 1_000 * n + 7
        made.append(frames.tcp(seq=first, flags="S", **to))
        kind = chance.randrange(4)
        if kind == 0:
            continue
        made.append(frames.tcp(seq=500, flags="SA", ack=first + 1, **back))
        if kind == 1:
            made.append(frames.tcp(chance.randbytes(30), first + 1, **to))
            continue
        path = chance.choice((b"/v1/catalog/nodes", b"/v1/kv/x?raw", b"/v1/agent/self")) if kind == 2 else b"/index.html"
        made.append(frames.tcp(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path, first + 1, **to))
        made.append(frames.tcp(b"HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n" % chance.choice((200, 404)), 501, **back))
    header = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    return header + b"".join(drive.record(data, 1_000 + n / 500) for n, data in enumerate(made))


def strangers(count=1_000):
    """Hosts that ask each other for names and pages: nothing of it is Consul's."""
    made: list[bytes] = []
    for n in range(count):
        ends = {"sender": f"172.16.{n >> 8}.{n & 255}", "receiver": "172.31.0.1"}
        back = {"sender": ends["receiver"], "receiver": ends["sender"]}
        question = b"\x01\x02\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01"
        made.append(frames.udp(question, 40_000, 53, **ends))
        made.append(frames.udp(question[:2] + b"\x81\x83" + question[4:], 53, 40_000, **back))
        made.append(frames.tcp(seq=1, flags="S", dport=80, **ends))
        made.append(frames.tcp(b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", 2, dport=80, **ends))
    header = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    return header + b"".join(drive.record(data, 900 + n / 100) for n, data in enumerate(made))
