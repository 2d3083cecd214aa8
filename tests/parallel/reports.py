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
        sender, receiver = f"10.0.{chance.randrange(3)}.{chance.randrange(9)}", f"10.0.9.{chance.randrange(9)}"
        ends = {"sender": sender, "receiver": receiver}
        made.append(chance.choice((
            lambda: frames.udp(frames.ping(n // 3 + 1), **ends),
            lambda: frames.udp(frames.alive(f"n{chance.randrange(40)}", chance.randrange(5)), **ends),
            lambda: frames.udp(chance.choice(sealed), **ends),
            lambda: frames.udp(chance.choice(sealed)[:40] + chance.randbytes(21), **ends),
            lambda: frames.udp(b"\x80" + chance.randbytes(30), sport=chance.randrange(1024, 65_536), dport=443, **ends),
            lambda: frames.tcp(b"\x01" + chance.randbytes(40), seq=chance.randrange(1, 400), sport=chance.randrange(1024, 1100),
                               **ends),
            lambda: chance.choice(made) if made else frames.udp(frames.ping(1), **ends),
        ))())
    times = [1_000 + n * 0.4 for n in range(len(made))]
    header = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    return header + b"".join(drive.record(data, time) for data, time in zip(made, times, strict=True))
