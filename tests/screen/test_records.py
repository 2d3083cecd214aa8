from __future__ import annotations

import struct

import pytest

from consul_sniff.limits import RECORD_BYTES
from consul_sniff.model import Block, Dialect, Interface
from consul_sniff.screen import Screen

from . import frames
from .drive import Run, dialect, record

FRAME = frames.udp(b"hello", 5000, 6000)
SECOND = 1_000_000_000


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("units", [1_000_000, SECOND])
def test_pcap_in_both_orders_and_units(big, units):
    run = Run(Screen())
    run.screen.open(0)
    sent = [frames.udp(b"hello", 5000, 6000) for _ in range(3)]
    records = b"".join(record(frame, 1000 + i / 8, big=big, units=units) for i, frame in enumerate(sent))
    run.feed(records, dialect(big=big, units=units))
    run.close()
    assert run.screen.packets == 3
    assert (run.screen.first, run.screen.last) == (1000 * SECOND, 1000 * SECOND + SECOND // 4)
    assert run.screen.bytes == 3 * len(FRAME)
    assert run.screen.counters == {"udp": 3}


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = 12 + len(body)
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def enhanced(data: bytes, ticks: int, face: int = 0, order: str = "<", wire: int | None = None) -> bytes:
    return block(6, struct.pack(order + "IIIII", face, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire or len(data))
                 + data, order)


def section(*interfaces: Interface, big: bool = False) -> Dialect:
    it = Dialect("pcapng", big_endian=big)
    it.interfaces += interfaces
    return it


def screened(records: bytes, in_: Dialect) -> tuple[Run, Block]:
    run = Run(Screen())
    run.screen.open(0)
    it = Block(bytearray(records + bytes(64)), 0, len(records), in_)
    run.screen.feed(it)
    run.drain()
    return run, it


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_packet_blocks(order):
    other = frames.udp(b"other", 1, 2)
    old = block(2, struct.pack(order + "HHIIII", 0, 0, 0, 5_000_000, len(FRAME), len(FRAME)) + FRAME, order)
    simple = block(3, struct.pack(order + "I", len(other)) + other, order)
    records = old + enhanced(FRAME, 9 * 2**20, 1, order) + simple
    run, it = screened(records, section(Interface(1, 10**6, 0, 0), Interface(1, 2**20, 100, 0), big=order == ">"))
    assert it.consumed == len(records)
    run.close()
    assert run.screen.counters == {"udp": 3}
    assert (run.screen.first, run.screen.last) == (5 * SECOND, 109 * SECOND)
    assert run.screen.link_types == {1}


def test_a_snap_length_cuts_a_simple_packet():
    run, _ = screened(block(3, struct.pack("<I", len(FRAME)) + FRAME[:40]), section(Interface(1, 10**6, 0, 40)))
    assert run.screen.cut_packets == 1
    assert run.screen.bytes == 40


@pytest.mark.parametrize("bad", [
    block(5, bytes(20)),  # statistics: not a packet's
    block(0x0A0D0D0A, bytes(20)),
    enhanced(FRAME, 1, face=7),
    struct.pack("<II", 6, 30) + bytes(60),
    struct.pack("<II", 6, 64) + bytes(56),  # says another size at its end
    struct.pack("<II", 6, 8) + bytes(60),
    block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500) + bytes(16)),  # more kept than there is
    enhanced(FRAME, 1)[:-5],
])
def test_pcapng_stops_where_the_capture_stage_has_to_look(bad):
    good = enhanced(FRAME, 1)
    run, it = screened(good + bad + good, section(Interface(1, 10**6, 0, 0)))
    assert it.consumed == len(good)
    assert run.screen.packets == 1


@pytest.mark.parametrize("bad", [record(FRAME)[:-1], struct.pack("<IIII", 1, 1, RECORD_BYTES + 1, 1), b"\x01\x02"])
def test_pcap_stops_at_what_is_not_whole_or_damaged(bad):
    good = record(FRAME)
    run, it = screened(good + bad, dialect())
    assert it.consumed == len(good)
    assert run.screen.idle


def test_times_that_cannot_be_stay_in_bounds():
    far = enhanced(FRAME, 2**64 - 1)
    for units, offset in ((1, 0), (2**60, 2**62), (3, -(2**62)), (2**63, 0), (10**19, 5)):
        run, _ = screened(far, section(Interface(1, units, offset, 0)))
        assert run.screen.packets == 1
        assert 0 <= run.screen.first < 2**63


@pytest.mark.parametrize(("units", "ticks", "ns"), [
    (1, 7, 7 * SECOND), (10**3, 1234, 1234 * 10**6), (10**12, 1_500_000_000_000, 1_500_000_000), (2**30, 2**29, SECOND // 2),
    (2**40, 3 * 2**39, 3 * SECOND // 2), (10**9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
])
def test_timestamp_units(units, ticks, ns):
    run, _ = screened(enhanced(FRAME, ticks), section(Interface(1, units, 0, 0)))
    assert run.screen.first == ns
