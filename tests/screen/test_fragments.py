from __future__ import annotations

import itertools
import random

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

from consul_sniff import limits
from consul_sniff.screen.fragments import Fragments

from .drive import packets
from .frames import A6, B6, A, B, alive, compound, crc, ether

DATA = crc(compound(*(alive(f"node-{i}") for i in range(12))))


def fragments(payload: bytes = DATA, size: int = 160, version: int = 4, ident: int = 77) -> list[bytes]:
    whole = bytes((IP(src=A, dst=B) if version == 4 else IPv6(src=A6, dst=B6)) / UDP(sport=8301, dport=8301) / Raw(payload))
    body = whole[20 if version == 4 else 40:]
    out = []
    for at in range(0, len(body), size):
        more = int(at + size < len(body))
        if version == 4:
            packet = IP(src=A, dst=B, id=ident, proto=17, frag=at // 8, flags=more) / Raw(body[at:at + size])
        else:
            packet = IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(nh=17, offset=at // 8, m=more, id=ident) / Raw(body[at:at + size])
        out.append(ether(packet))
    return out


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_put_together_in_any_order(version, order):
    parts = fragments(version=version)
    assert len(parts) > 4
    random.Random(order).shuffle(parts)
    run = packets(parts)
    assert run.screen.counters == {"fragment": len(parts)}
    way = run.flow("udp").ways[0]
    assert (way.packets, way.payloads, way.plain, way.crc_good, way.bytes) == (len(parts), 1, 1, 1, sum(map(len, parts)))
    assert way.plain_frames == (len(parts),)
    assert [(p.data, p.lost, p.frame) for p in run.payloads] == [(DATA, 0, len(parts))]


def test_fragments_seen_twice_are_duplicates():
    parts = fragments()
    run = packets([*parts, *parts])
    assert run.screen.counters == {"fragment": len(parts), "duplicate": len(parts)}
    assert len(run.payloads) == 1


def test_tcp_in_fragments():
    body = bytes(IP(src=A, dst=B) / TCP(sport=1, dport=2, seq=9, flags="A") / Raw(b"x" * 100))[20:]
    parts = [ether(IP(src=A, dst=B, id=5, proto=6, frag=at // 8, flags=int(at == 0)) / Raw(body[at:at + 64])) for at in (0, 64)]
    run = packets(parts)
    assert [p.data for p in run.payloads] == [b"x" * 100]


def test_overlap_is_noted_and_the_first_bytes_win():
    parts = fragments()
    false = bytearray(parts[1])
    false[60] ^= 1
    run = packets([parts[0], parts[1], bytes(false), *parts[2:]])
    assert run.screen.notes["overlap-conflict"] == 1
    assert [p.data for p in run.payloads] == [DATA]


@pytest.mark.parametrize("gone", [0, 2, -1])
def test_what_is_missing_at_the_end(gone):
    parts = fragments()
    del parts[gone]
    run = packets(parts)
    assert run.screen.counters == {"fragment": len(parts)}
    assert run.screen.notes["fragments-incomplete"] == 1
    if gone == 0:
        assert not run.payloads
        return
    kept = 160 * (2 if gone == 2 else len(parts)) - 8
    assert [(p.data, p.lost) for p in run.payloads] == [(DATA[:kept], len(DATA) - kept)]
    assert run.flow("udp").ways[0].cut == 1


def test_fragments_wait_a_minute():
    first, *rest = fragments()
    run = packets([(1.0, first), *((1.0 + limits.FRAGMENT_SECONDS + 1 + i / 100, part) for i, part in enumerate(rest))])
    assert run.screen.notes["fragments-incomplete"] == 2
    assert [p.data for p in run.payloads] == [DATA[:152]]


def pieces(count: int, notes: dict[str, int], **changes: object) -> Fragments:
    held = Fragments(notes)
    for i in range(count):
        key, piece = (changes.get("key", i),), (8 * i % 65_000, 8 * i % 65_000 + 8, bytes(8))
        held.add(key, piece, more=True, time=0, frame=i, wire=50, trail=())
    return held


def test_bounds():
    notes: dict[str, int] = {}
    held = pieces(limits.FRAGMENTS + 5, notes, key=1)
    assert notes["fragments-evicted"] == 1
    assert len(held.waiting) == 1
    notes = {}
    flood = Fragments(notes)
    for i in range(300):
        flood.add((i,), (0, 60_000, bytes(60_000)), more=True, time=0, frame=i, wire=50, trail=())
        assert flood.held <= limits.FRAGMENT_BYTES
    assert notes["fragments-evicted"] > 100
    notes = {}
    many = pieces(200_000, notes)
    assert len(many.waiting) * 64 < limits.FRAGMENT_BYTES
    assert notes["fragments-evicted"]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(range(5), range(1, 6))))
def test_every_relation_of_two_intervals(a, b):
    """[8, 24) is there; [a * 8, (a + b) * 8) comes over it; the rest fills up."""
    truth = bytes(range(1, 81))
    notes: dict[str, int] = {}
    held = Fragments(notes)
    other = bytes(200 for _ in range(80))
    held.add((1,), (8, 24, truth[8:24]), more=True, time=0, frame=1, wire=0, trail=())
    held.add((1,), (a * 8, (a + b) * 8, other[a * 8:(a + b) * 8]), more=True, time=0, frame=2, wire=0, trail=())
    (whole,) = held.add((1,), (0, 80, truth), more=False, time=0, frame=3, wire=0, trail=())
    want = bytearray(truth)
    want[a * 8:(a + b) * 8] = other[a * 8:(a + b) * 8]
    want[8:24] = truth[8:24]
    assert whole.data == bytes(want)
    assert notes["overlap-conflict"] >= (a < 3 and a + b > 1)


def test_bytes_beyond_the_end_do_not_fill_a_hole():
    held = Fragments({})
    assert not held.add((1,), (8, 16, b"b" * 8), more=False, time=0, frame=1, wire=0, trail=())
    assert not held.add((1,), (16, 24, b"c" * 8), more=True, time=0, frame=2, wire=0, trail=())
    (whole,) = held.add((1,), (0, 8, b"a" * 8), more=True, time=0, frame=3, wire=0, trail=())
    assert whole.data == b"a" * 8 + b"b" * 8


def test_impossible_places():
    held = Fragments(notes := {})
    assert not held.add((1,), (65_528, 65_544, bytes(16)), more=False, time=0, frame=1, wire=0, trail=())
    assert not held.add((1,), (8, 8, b""), more=True, time=0, frame=1, wire=0, trail=())
    assert notes == {"fragment-malformed": 2}
