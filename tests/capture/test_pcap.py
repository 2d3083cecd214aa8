from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from consul_sniff.capture import sources

from .made import FRAME, MICRO, MODIFIED, NANO, pcap, pcap_header, record
from .walker import read

if TYPE_CHECKING:
    from pathlib import Path

    from consul_sniff.capture import Source

    from .walker import Packet


def both(tmp_path: Path, data: bytes) -> tuple[Source, list[Packet]]:
    path = tmp_path / "made.pcap"
    path.write_bytes(data)
    (source,) = sources([str(path)])
    return source, read(source)


def error(tmp_path: Path, data: bytes) -> str:
    source, _ = both(tmp_path, data)
    assert source.facts.error
    return source.facts.error.removeprefix(f"{tmp_path}/made.pcap: ")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(MICRO, 1000), (NANO, 1)])
def test_byte_orders_and_clocks(tmp_path: Path, order: str, magic: int, unit: int) -> None:
    data = pcap_header(order, magic) + record(FRAME, order, 1_700_000_000, 999_999, length=1500)
    source, packets = both(tmp_path, data)
    assert source.facts.error is None
    assert packets == [(1_700_000_000_000_000_000 + 999_999 * unit, FRAME, 1500, 0, 1)]


@pytest.mark.parametrize("order", ["<", ">"])
def test_modified_records_have_eight_bytes_more(tmp_path: Path, order: str) -> None:
    records = [record(FRAME, order, second, 5, extra=b"\xee" * 8) for second in range(3)]
    source, packets = both(tmp_path, pcap_header(order, MODIFIED) + b"".join(records))
    assert source.facts.error is None
    assert [(p.time, p.data) for p in packets] == [(second * 10**9 + 5000, FRAME) for second in range(3)]


@pytest.mark.parametrize(("version", "swapped"), [((2, 2), True), ((2, 3), True), ((2, 3), False), ((543, 0), True)])
def test_old_versions_wrote_the_lengths_the_other_way(
    tmp_path: Path, version: tuple[int, int], *, swapped: bool,
) -> None:
    lengths = (1500, len(FRAME)) if swapped else (len(FRAME), 1500)
    data = pcap_header(version=version) + (struct.pack("<IIII", 7, 0, *lengths) + FRAME) * 2
    source, packets = both(tmp_path, data)
    assert source.facts.error is None
    assert packets == [(7 * 10**9, FRAME, 1500, 0, 1)] * 2


@pytest.mark.parametrize("link", [1, 0x0400_0001, 0xF400_0001, 0x0001_0001])
def test_upper_half_of_the_link_type_is_masked(tmp_path: Path, link: int) -> None:
    source, packets = both(tmp_path, pcap(link=link))
    assert [p.link_type for p in packets] == [1, 1, 1]
    assert source.facts.link_types == ("EN10MB",)


def test_largest_record_and_one_byte_more(tmp_path: Path) -> None:
    large = pcap_header() + record(bytes(262_144)) * 5
    assert len(both(tmp_path, large)[1]) == 5
    more = pcap(17) + record(bytes(262_145))
    assert error(tmp_path, more) == (
        f"damaged at byte {len(pcap(17))}: record of 262145 bytes; the 17 packets before it were read")


@pytest.mark.parametrize("magic", [MICRO, MODIFIED])
def test_damage_keeps_what_stands_before_it(tmp_path: Path, magic: int) -> None:
    extra = bytes(8) if magic == MODIFIED else b""
    good = pcap_header(magic=magic) + record(FRAME, extra=extra) * 2
    bad = struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 60) + bytes(100)
    assert error(tmp_path, good + bad) == (
        f"damaged at byte {len(good)}: record of 4294967295 bytes; the 2 packets before it were read")


@pytest.mark.parametrize("magic", [MICRO, MODIFIED])
def test_cut_at_every_byte(tmp_path: Path, magic: int) -> None:
    extra = bytes(8) if magic == MODIFIED else b""
    head, one = pcap_header(magic=magic), record(FRAME, extra=extra)
    whole = head + one * 2
    for size in range(1, len(whole)):
        source, packets = both(tmp_path, whole[:size])
        assert len(packets) == max(0, size - len(head)) // len(one)
        on_border = size >= len(head) and (size - len(head)) % len(one) == 0
        assert (source.facts.error is None) == on_border
        if size > len(head) and not on_border:
            assert f"ends inside a packet record at byte {len(head) + len(packets) * len(one)}" in str(
                source.facts.error)


def test_no_packets_is_no_error(tmp_path: Path) -> None:
    source, packets = both(tmp_path, pcap(0))
    assert (packets, source.facts.error, source.facts.link_types) == ([], None, ("EN10MB",))


def test_cut_header(tmp_path: Path) -> None:
    assert error(tmp_path, pcap()[:10]) == "ends inside the header of the file, at byte 10: no packet in it"


def test_unknown_version(tmp_path: Path) -> None:
    assert "pcap version 7.1 is not known" in error(tmp_path, pcap_header(version=(7, 1)) + record(FRAME))
