from __future__ import annotations

import os
import pathlib
import random
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import consul_sniff.screen
from consul_sniff.facts import InputFacts
from consul_sniff.model import Block
from consul_sniff.screen import Screen, compiled

from .drive import Run, dialect, from_bytes, packets, record
from .frames import A6, B6, alive, crc, ping, reply, tcp, udp

if TYPE_CHECKING:
    from consul_sniff.model import Payload

HERE = pathlib.Path(__file__).parent
HEADER = bytes.fromhex("d4c3b2a1020004000000000000000000ffff0000") + b"\1\0\0\0"


def traffic(count: int = 60) -> bytes:
    """A small capture with a bit of everything."""
    frames = [tcp(seq=99, flags="S"), reply(seq=499, flags="SA", ack=100)]
    for i in range(count):
        frames.append(tcp(bytes([i]) * 20, 100 + 20 * i))
        frames.append(udp(crc(ping(i)) if i % 3 else alive(f"n{i}"), sport=8301 + i % 2))
        frames.append(udp(b"\x01" + bytes([i]) * 50, sender=A6, receiver=B6))
        frames.append(reply(b"yes", 500 + 3 * i, ack=120 + 20 * i))
    return HEADER + b"".join(record(frame, 1.0 + i / 100) for i, frame in enumerate(frames))


def told(run: Run) -> tuple[object, ...]:
    flows = sorted((flow.addresses, flow.ports, flow.opener, [tuple(getattr(way, name) for name in way.__slots__) for way in flow.ways])
                   for flow in run.flows)
    return meant(run.payloads), flows, run.screen.counters, dict(run.screen.notes)


def meant(payloads: list[Payload]) -> list[Payload]:
    """A unit's digest is another in every screen: what it means is which payloads have the same one, and whether a whole
    datagram's (even) or a flow's so far (odd)."""
    order: dict[int, int] = {}

    def number(unit: int) -> int:
        return unit and 2 * (1 + order.setdefault(unit, len(order))) + unit % 2

    return [it._replace(unit=number(it.unit), sleeps=it.sleeps and (number(it.sleeps[0]), it.sleeps[1])) for it in payloads]


@pytest.mark.parametrize("size", [64, 200, 1000, 10_000])
def test_the_size_of_blocks_changes_nothing(size):
    whole = told(from_bytes(traffic()))
    assert len(whole[0]) > 100
    if size == 64:  # a record is larger: nothing can be taken, and nothing is
        assert from_bytes(traffic(), block_size=size).screen.packets == 0
    else:
        assert told(from_bytes(traffic(), block_size=size)) == whole


def test_feed_returns_when_the_hand_over_space_is_full():
    records = b"".join(record(tcp(b"x", i)) for i in range(3000))
    screen = Screen(everything=True)  # or it is told once more when it has said much
    screen.open(0)
    block = Block(bytearray(records + bytes(64)), 0, len(records), dialect())
    counts = []
    while True:
        screen.feed(block)
        counts.append(len(list(screen.payloads())))
        if screen.idle:
            break
        assert block.consumed < len(records)
    assert counts == [64] * 46 + [56]
    assert block.consumed == len(records)


def test_the_buffer_is_free_between_calls():
    records = record(udp(b"x"))
    block = Block(bytearray(records + bytes(64)), 0, len(records), dialect())
    screen = Screen()
    screen.open(0)
    screen.feed(block)
    block.buffer.extend(bytes(100))


def test_a_filter_and_its_arguments():
    seen = []

    def accept(data: bytes, wire: int, face: int) -> bool:
        seen.append((data, wire, face))
        return len(seen) != 2

    frames = [udp(b"a"), udp(b"b"), udp(b"c")]
    run = Run(Screen())
    run.screen.open(0)
    run.feed(b"".join(record(frame, wire=900) for frame in frames), dialect(), accept)
    assert seen == [(frame, 900, 0) for frame in frames]
    assert run.close().screen.counters == {"udp": 2, "filtered-out": 1}


def test_since_and_until_are_both_included():
    run = packets([(float(i), udp(ping(i))) for i in range(1, 6)], since=2_000_000_000, until=4_000_000_000)
    assert run.screen.counters == {"udp": 3, "outside-time": 2}
    assert run.flow("udp").ways[0].packets == 3
    assert run.flow("udp").ways[0].first_frame == 2
    assert (run.screen.first, run.screen.last) == (1_000_000_000, 5_000_000_000)


def test_cut_headers():
    run = Run(Screen())
    run.screen.open(0)
    frame = tcp(b"payload", 5)
    for keep in (10, 20, 40, 50):
        run.feed(record(frame[:keep], wire=len(frame)), dialect())
    assert run.close().screen.counters == {"cut-headers": 4}
    assert run.screen.cut_packets == 4


def test_evicted_flows_lose_nothing():
    frames = [udp(ping(i), sport=1000 + i % 200) for i in range(1000)]
    frames += [tcp(b"ab", 100), tcp(b"ef", 104)] + [udp(b"x", sport=5000 + i) for i in range(100)]
    run = packets(frames, flows=32)
    assert run.screen.notes["evicted-flows"] == len(run.flows) - 32 > 900
    assert sum(way.packets for flow in run.flows for way in flow.ways) == len(frames)
    assert sum(way.plain for flow in run.flows for way in flow.ways) == 1000
    assert len({flow.number for flow in run.flows}) == len(run.flows)
    assert [(p.data, p.lost) for p in run.payloads if p.data in {b"ab", b"ef"}] == [(b"ab", 0), (b"ef", 2)]


def test_counters_are_of_all_inputs_and_frames_of_each():
    run = Run(Screen())
    for index in (0, 1):
        run.screen.open(index)
        run.feed(record(udp(ping(1)), 5.0) + record(udp(ping(2)), 6.0), dialect())
        run.close()
        assert run.screen.packets == 2
        assert run.screen.first == 5_000_000_000
    assert run.screen.counters == {"udp": 4}
    assert [p.frame for p in run.payloads] == [1, 2, 1, 2]
    assert len({p.flow for p in run.payloads}) == 2


def test_an_input_that_was_here_before_goes_on_with_its_counters():
    before = InputFacts("a.pcap")
    before.packets, before.bytes, before.first, before.last, before.cut = 7, 700, 5, 6, 1
    run = Run(Screen())
    run.screen.open(3, before)
    assert (run.screen.packets, run.screen.bytes, run.screen.first, run.screen.last, run.screen.cut_packets) == (7, 700, 5, 6, 1)
    run.feed(record(udp(ping()), 9.0), dialect())
    assert (run.screen.packets, run.screen.first, run.screen.last) == (8, 5, 9 * 10**9)
    assert [payload.frame for payload in run.payloads] == [8]
    assert run.close().flow("udp").ways[0].first_frame == 8
    assert sum(run.screen.counters.values()) == 1


def test_bytes_that_wait_for_those_before_them_are_told():
    run = Run(Screen())
    run.screen.open(0)
    for frame, waiting in ((tcp(b"abc", 1), 3), (tcp(b"ghij", 7), 4), (tcp(b"def", 4), 0)):
        run.feed(record(frame), dialect())
        assert run.screen.waiting == waiting


def test_an_input_that_was_not_closed_leaves_nothing_behind():
    run = Run(Screen())
    run.screen.open(0)
    run.feed(record(tcp(b"a", 100)) + record(tcp(b"c", 102)), dialect())
    run.screen.open(1)
    run.feed(record(tcp(b"x", 101)), dialect())
    run.close()
    assert [flow.input for flow in run.flows] == [1]
    assert [(p.data, p.lost) for p in run.payloads] == [(b"a", 0), (b"x", 0)]


def mutated(rng: random.Random, raw: bytes) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.randrange(1, 200)):
        data[rng.randrange(24, len(data))] = rng.choice((0, 1, 255, rng.randrange(256)))
    return bytes(data)


def shaken(rng: random.Random, raw: bytes) -> bytes:
    """Damage inside the packets only, so that the records can still be walked."""
    at, out = 24, bytearray(raw[:24])
    while at < len(raw):
        size = int.from_bytes(raw[at + 8:at + 12], "little")
        data = bytearray(raw[at + 16:at + 16 + size])
        for _ in range(rng.choice((0, 0, 1, 2, 8))):
            data[rng.randrange(12, len(data))] = rng.choice((0, 1, 4, 6, 17, 47, 255, rng.randrange(256)))
        del data[rng.choice((size, size, rng.randrange(size + 1))):]
        out += raw[at:at + 8] + len(data).to_bytes(4, "little") + raw[at + 12:at + 16] + data
        at += 16 + size
    return bytes(out)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_input_never_raises_and_adds_up(seed):
    rng = random.Random(seed)
    raw = (mutated if seed % 2 else shaken)(rng, traffic())
    if seed % 4 >= 2:  # any link type
        raw = raw[:20] + rng.choice((0, 1, 9, 12, 50, 51, 101, 108, 113, 276)).to_bytes(4, "little") + raw[24:]
    run = from_bytes(raw, flows=16, everything=bool(seed & 4), sealed=bool(seed & 8))
    assert sum(run.screen.counters.values()) == run.screen.packets
    counted = sum(way.packets for flow in run.flows for way in flow.ways)
    assert counted >= run.screen.counters.get("tcp", 0) + run.screen.counters.get("udp", 0)
    assert counted <= run.screen.packets
    if seed % 2 == 0:
        assert run.screen.packets == 242


@pytest.mark.parametrize("seed", range(10))
def test_noise_never_raises(seed):
    rng = random.Random(seed)
    for link in (0, 1, 9, 50, 51, 101, 108, 113, 276):
        run = packets([rng.randbytes(rng.randrange(120)) for _ in range(50)], link)
        assert sum(run.screen.counters.values()) == run.screen.packets == 50


SCRIPT = """
import sys
sys.path[:0] = {path!r}
from consul_sniff.screen import compiled
from tests.screen.test_screen import shaken, told, traffic
from tests.screen.drive import from_bytes
import random
print(compiled)
for seed in range(6):
    payloads, *rest = told(from_bytes(shaken(random.Random(seed), traffic()), sealed=True))
    print([tuple(p) for p in payloads], *rest)
"""


def test_compiled_and_uncompiled_say_the_same():
    if not compiled:
        pytest.skip("the screen is not compiled here")
    script = SCRIPT.format(path=[str(HERE.parents[1])])
    both = []
    for value in ("0", "1"):
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=HERE.parents[1],
                              env={**os.environ, "CONSUL_SNIFF_UNCOMPILED": value})
        both.append(done.stdout.split("\n", 1))
    assert [it[0] for it in both] == ["True", "False"]
    assert len(both[0][1]) > 10_000
    assert both[0][1] == both[1][1]


def test_it_runs_without_cython():
    script = ("import sys; sys.modules['cython'] = None; sys.modules['Cython'] = None\n"
              "from consul_sniff.screen import compiled, Screen; Screen(); print(compiled)")
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=HERE.parents[1],
                          env={**os.environ, "CONSUL_SNIFF_UNCOMPILED": "1"})
    assert done.stdout.strip() == "False"


def test_every_hot_module_is_named_where_it_is_built_and_forced():
    hot = {path.stem for path in pathlib.Path(consul_sniff.screen.__file__).parent.glob("*.pxd")}
    assert hot == set(consul_sniff.screen.MODULES)


def test_shares_kept_apart_say_what_one_screen_says():
    rng = random.Random(3)
    frames = [udp(alive(f"n{rng.randrange(500)}"), sport=rng.randrange(1024, 65_536), sender=f"10.1.{rng.randrange(99)}.1")
              for _ in range(9000)]
    raw = HEADER + b"".join(record(frame, 1.0 + i / 100) for i, frame in enumerate(frames))
    one = from_bytes(raw, flows=4096)
    assert one.screen.notes["evicted-flows"] > 1000
    parts = [from_bytes(raw, flows=4096, shares=mask) for mask in (0b00000001, 0b10101010, 0b01010100)]

    def ends(run):
        return [(flow.addresses, flow.ports, [tuple(getattr(way, name) for name in way.__slots__) for way in flow.ways])
                for flow in run.flows]

    def read(run):
        names = {flow.number: (flow.addresses, flow.ports) for flow in run.flows}
        units = {it.unit: it.data for it in run.payloads}  # a unit's digest is another in every screen: it means these bytes
        assert 0 not in units
        assert len(set(units.values())) == len(units)
        assert all(units[it.unit] == it.data for it in run.payloads)
        return [(names[it.flow], *it[1:-3]) for it in run.payloads]

    for told_of in (ends, read):
        assert sorted(it for part in parts for it in told_of(part)) == sorted(told_of(one))
    assert sum((part.screen.notes for part in parts), Counter()) == one.screen.notes
    assert sum((Counter(part.screen.counters) for part in parts), Counter()) == one.screen.counters
    assert all(part.screen.packets == one.screen.packets for part in parts)
