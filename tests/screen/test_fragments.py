from __future__ import annotations

import itertools
import random

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

from consul_sniff import limits
from consul_sniff.screen.fragments import Fragments
from consul_sniff.screen.words import Window

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


def add(held: Fragments, key: int, place: tuple[int, int, bytes], *, more: bool = True, frame: int = 1) -> list[bytes]:
    """Of the datagrams that are done by that fragment: what there is of them."""
    start, end, data = place
    if held.possible(start, end):
        held.add(held.waiting.get(key) or held.begin(key, (key,), (), 0), start, end, data, more, 0, frame, 50)
    return laid(held)


def laid(held: Fragments) -> list[bytes]:
    out, window = [], Window(0)
    window.look(buffer := bytearray(65_600))
    for it in held.done:
        out.append(bytes(buffer[:held.lay(it, window)]))
        assert it.size > len(out[-1]) or len(out[-1]) == it.size
    held.done = []
    return out


def test_bounds_of_a_datagram():
    held = Fragments(notes := {})
    for i in range(limits.FRAGMENTS + 5):
        add(held, 1, (8 * i, 8 * i + 8, bytes(8)))
    assert notes == {"fragments-evicted": 1}
    assert len(held.waiting) == 1


@pytest.mark.parametrize("size", [8, 60_000])
def test_bounds_of_all(size):
    held = Fragments(notes := {})
    done = []
    for i in range(200_000 if size == 8 else 300):
        done += add(held, i, (0, size, bytes(size)))
        assert held.held == len(held.waiting) * (size + 64 + 512) <= limits.FRAGMENT_BYTES
    assert notes == {"fragments-evicted": len(done)}
    assert len(done) > 100
    held.close()
    assert held.held == 0
    assert {len(data) for data in laid(held)} == {size}


def test_many_pieces_and_one_that_falls_between_all_of_them():
    held = Fragments({})
    for at in range(16, 65_000, 16):
        assert not add(held, 1, (at, at + 8, b"b" * 8))
    assert add(held, 1, (0, 65_000, b"a" * 65_000), more=False) == [b"a" * 16 + (b"b" * 8 + b"a" * 8) * ((65_000 - 16) // 16) + b"b" * 8]
    assert held.held == 0


@pytest.mark.parametrize(("a", "b"), list(itertools.product(range(5), range(1, 6))))
def test_every_relation_of_two_intervals(a, b):
    """[8, 24) is there; [a * 8, (a + b) * 8) comes over it; the rest fills up."""
    truth = bytes(range(1, 81))
    held = Fragments(notes := {})
    other = bytes(200 for _ in range(80))
    add(held, 1, (8, 24, truth[8:24]))
    add(held, 1, (a * 8, (a + b) * 8, other[a * 8:(a + b) * 8]))
    (whole,) = add(held, 1, (0, 80, truth), more=False)
    want = bytearray(truth)
    want[a * 8:(a + b) * 8] = other[a * 8:(a + b) * 8]
    want[8:24] = truth[8:24]
    assert whole == bytes(want)
    assert notes["overlap-conflict"] >= (a < 3 and a + b > 1)


def test_bytes_beyond_the_end_do_not_fill_a_hole():
    held = Fragments({})
    assert not add(held, 1, (8, 16, b"b" * 8), more=False)
    assert not add(held, 1, (16, 24, b"c" * 8))
    assert add(held, 1, (0, 8, b"a" * 8)) == [b"a" * 8 + b"b" * 8]


def test_what_follows_a_fragment_that_the_snap_length_cut_is_not_moved_up():
    held = Fragments(notes := {})
    assert not add(held, 1, (0, 16, b"a" * 12))
    assert not add(held, 1, (0, 16, b"a" * 16))  # as much of it as both have is the same
    assert add(held, 1, (16, 24, b"b" * 8), more=False) == [b"a" * 12]
    assert notes == {"fragment-overlap": 1}


def test_impossible_places():
    held = Fragments(notes := {})
    assert not held.possible(65_528, 65_544)
    assert not held.possible(8, 8)
    assert notes == {"fragment-malformed": 2}
