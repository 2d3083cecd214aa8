from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.capture import sources
from consul_sniff.capture.formats import Damage
from consul_sniff.capture.pcapng import PcapngLayout

from .made import FRAME, block, enhanced, interface, old, option, section, simple
from .walker import read

if TYPE_CHECKING:
    from pathlib import Path

    from consul_sniff.capture import Source

    from .walker import Packet

SECRET = b"CLIENT_RANDOM 0123456789abcdef"


def both(tmp_path: Path, data: bytes) -> tuple[Source, list[Packet]]:
    path = tmp_path / "made.pcapng"
    path.write_bytes(data)
    (source,) = sources([str(path)])
    return source, read(source)


def error(tmp_path: Path, data: bytes) -> str:
    source, _ = both(tmp_path, data)
    assert source.facts.error
    return source.facts.error.removeprefix(f"{tmp_path}/made.pcapng: ")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("resolution", "ticks", "time"), [
    (None, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
    (0, 1_700_000_000, 1_700_000_000_000_000_000),
    (3, 1_700_000_000_123, 1_700_000_000_123_000_000),
    (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
    (0x80, 1_700_000_000, 1_700_000_000_000_000_000),
    (0x8A, 1_700_000_000 << 10 | 512, 1_700_000_000_500_000_000),
    (0xA0, 1_700_000_000 << 32 | 1 << 31, 1_700_000_000_500_000_000),
    (18, 17 * 10**18 + 3 * 10**9, 17_000_000_003),
    (0xBE, 3 << 62 | 1 << 61, 3_500_000_000),
])
def test_resolutions(tmp_path: Path, order: str, resolution: int | None, ticks: int, time: int) -> None:
    options = b"" if resolution is None else option(9, bytes([resolution]), order) + option(0, b"", order)
    data = section(order) + interface(order, options=options) + enhanced(FRAME, ticks, order=order)
    source, packets = both(tmp_path, data)
    assert source.facts.error is None
    assert packets == [(time, FRAME, 60, 0, 1)]


@pytest.mark.parametrize("resolution", [19, 0xFF, 0x7F, 0xBF])
def test_too_fine_resolutions_stop(tmp_path: Path, resolution: int) -> None:
    data = section() + interface(options=option(9, bytes([resolution]))) + enhanced(FRAME)
    assert "interface 0 with timestamps of" in error(tmp_path, data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("offset", [3600, -3600, 0])
def test_offset_is_signed(tmp_path: Path, order: str, offset: int) -> None:
    options = option(14, struct.pack(order + "q", offset), order)
    _, packets = both(tmp_path, section(order) + interface(order, options=options) + enhanced(FRAME, 10**12, order=order))
    assert packets[0].time == (1_000_000 + offset) * 10**9


def test_absurd_offset_stops(tmp_path: Path) -> None:
    data = section() + interface(options=option(14, struct.pack("<q", -(2**63)))) + enhanced(FRAME)
    assert error(tmp_path, data) == ("damaged at byte 28: interface 0 with timestamps -9223372036854775808 seconds off; "
                                     "there is no packet before it")


def test_sections_change_byte_order_and_begin_interfaces_anew(tmp_path: Path) -> None:
    data = b"".join([
        section("<"), interface("<", 1), interface("<", 101, options=option(9, b"\x09")),
        enhanced(FRAME, 1_000_000, 0), enhanced(FRAME[:21], 5, 1),
        section(">"), interface(">", 276), enhanced(FRAME, 2_000_000, 0, ">"),
        section("<"), interface("<", 113), enhanced(FRAME, 3_000_000, 0, "<"),
    ])
    source, packets = both(tmp_path, data)
    assert source.facts.error is None
    assert [(p.time, p.link_type, p.interface, len(p.data)) for p in packets] == [
        (10**9, 1, 0, 60), (5, 101, 1, 21), (2 * 10**9, 276, 0, 60), (3 * 10**9, 113, 0, 60)]
    assert source.facts.link_types == ("EN10MB", "RAW", "LINUX_SLL2", "LINUX_SLL")


def test_interface_of_the_last_section_is_not_the_next_ones(tmp_path: Path) -> None:
    data = section() + interface() + enhanced(FRAME) + section() + enhanced(FRAME)
    assert "packet of interface 0, but the section has named 0 so far; the packet before it was read" in error(
        tmp_path, data)


def test_interfaces_may_come_between_packets(tmp_path: Path) -> None:
    data = section() + interface() + enhanced(FRAME) + interface(link=12) + enhanced(FRAME, number=1)
    _, packets = both(tmp_path, data)
    assert [p.link_type for p in packets] == [1, 12]


def test_interface_name_is_made_printable(tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    path.write_bytes(section() + interface(options=option(2, b"eth\x1b0")) + enhanced(FRAME))
    (source,) = sources([str(path)])
    (block_,) = source
    assert block_.dialect.interfaces[0].name == "eth\\u{1b}0"


def test_simple_and_old_packets(tmp_path: Path) -> None:
    data = section() + interface(snap=30) + simple(FRAME[:30], length=60) + simple(FRAME[:20]) + old(FRAME, 4_000_000)
    source, packets = both(tmp_path, data)
    assert source.facts.error is None
    assert packets == [(None, FRAME[:30], 60, 0, 1), (None, FRAME[:20], 20, 0, 1), (4 * 10**9, FRAME, 60, 0, 1)]


def test_other_blocks_are_stepped_over(tmp_path: Path) -> None:
    secrets = block(10, struct.pack("<II", 0x544C534B, len(SECRET)) + SECRET)
    others = block(4, bytes(40)) + block(5, bytes(12)) + secrets + block(0xBAD, b"abcd") + block(0x7FFFFFFF, b"")
    path = tmp_path / "made.pcapng"
    path.write_bytes(section() + others + interface() + others + enhanced(FRAME) + others + enhanced(FRAME) + others)
    (source,) = sources([str(path)])
    assert len(read(source)) == 2
    assert source.facts.error is None


def test_block_larger_than_the_buffer(tmp_path: Path) -> None:
    huge = block(0xBAD, bytes(3_000_000))
    commented = block(6, struct.pack("<IIIII", 0, 0, 0, 60, 60) + FRAME + option(1, b"x" * 60_000) * 20)
    source, packets = both(tmp_path, section() + interface() + enhanced(FRAME) + huge + commented + enhanced(FRAME))
    assert source.facts.error is None
    assert [p.data for p in packets] == [FRAME] * 3


@pytest.mark.parametrize("length", [0, 8, 11, 13, 2**32 - 4, limits.PCAPNG_BLOCK_BYTES + 4])
@pytest.mark.parametrize("kind", [6, 0xBAD, 3, 1])
def test_impossible_block_lengths_stop(tmp_path: Path, kind: int, length: int) -> None:
    good = section() + interface() + enhanced(FRAME)
    data = good + struct.pack("<II", kind, length) + bytes(64)
    assert error(tmp_path, data) == f"damaged at byte {len(good)}: block of {length} bytes; the packet before it was read"


@pytest.mark.parametrize("make", [lambda: enhanced(FRAME), lambda: block(0xBAD, bytes(8)), interface, section])
def test_trailing_length_that_differs_stops(tmp_path: Path, make: object) -> None:
    assert callable(make)
    bad = bytearray(make())
    bad[-4] ^= 4
    good = section() + interface() + enhanced(FRAME)
    assert f"that says {len(bad) ^ 4} at its end; the packet before it was read" in error(tmp_path, good + bytes(bad))


def test_captured_length_past_the_block_stops(tmp_path: Path) -> None:
    bad = block(6, struct.pack("<IIIII", 0, 0, 0, 61, 61) + FRAME)
    assert "packet of 61 bytes in a block of 92" in error(tmp_path, section() + interface() + bad)


def test_simple_packet_past_its_block_makes_no_loop(tmp_path: Path) -> None:
    data = section() + interface() + enhanced(FRAME) + simple(FRAME[:8], length=60)
    assert "packet record that cannot be read; the packet before it was read" in error(tmp_path, data)


def test_option_past_the_block_stops(tmp_path: Path) -> None:
    bad = interface(options=struct.pack("<HH", 2, 500) + bytes(8))
    assert "interface 0 with an option of 500 bytes" in error(tmp_path, section() + bad)


def test_section_of_another_version(tmp_path: Path) -> None:
    assert "pcapng version 2.0" in error(tmp_path, section(version=(2, 0)) + interface())


def test_too_many_interfaces(tmp_path: Path) -> None:
    assert "more than 65536 interfaces in one section" in error(tmp_path, section() + interface() * 65_537)


def test_many_link_types_are_named_up_to_a_bound(tmp_path: Path) -> None:
    links = b"".join(interface(link=link) for link in range(1000, 1100))
    source, _ = both(tmp_path, section() + links + enhanced(FRAME))
    assert len(source.facts.link_types) == 16


def test_cut_at_every_byte(tmp_path: Path) -> None:
    parts = [section(), interface(), enhanced(FRAME), block(5, bytes(12)), simple(FRAME[:5])]
    borders = [sum(map(len, parts[:n])) for n in range(len(parts) + 1)]
    whole = b"".join(parts)
    for size in range(13, len(whole)):
        source, packets = both(tmp_path, whole[:size])
        assert len(packets) == (size >= borders[3])
        assert (source.facts.error is None) == (size in borders), size


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(tail: bytes, named: bool) -> None:  # noqa: FBT001
    buffer = bytearray(section() + (interface() if named else b"") + tail)
    layout = PcapngLayout()
    at = 0
    while at < len(buffer):
        try:
            found = layout.look(buffer, at, len(buffer))
        except Damage:
            break
        if found <= 0:
            assert found == 0 or -found > len(buffer) - at
            break
        assert found >= 12
        at += found
