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
