"""One file, read as far as it goes by now."""

from __future__ import annotations

import gzip
import os

import pytest

from consul_sniff.capture import sources

from .following import Run, again, capture, grow, ng, packet, records
from .made import MODIFIED, enhanced, interface, option, pcap_header, record, section
from .walker import read


@pytest.mark.parametrize("size", [1, 7, 16, 17, 63, 64, 65, 200])
def test_half_a_record_waits_for_its_rest(tmp_path, size):
    path, data = tmp_path / "a.pcap", capture(*range(8))
    run = Run(path).go(*(grow(path, data[at:at + size]) for at in range(0, len(data), size)))
    assert run.numbers == list(range(8))
    assert [row.error for row in run.rows] == [None]
    assert run.follow.behind() == set()


@pytest.mark.parametrize("size", [11, 40, 333])
def test_pcapng_too_with_an_interface_that_comes_late(tmp_path, size):
    path = tmp_path / "a.pcapng"
    data = section() + interface() + ng(0, 1) + interface(link=101) + enhanced(packet(2), number=1) + section(">") + interface(">") + enhanced(packet(3), order=">")
    run = Run(path).go(*(grow(path, data[at:at + size]) for at in range(0, len(data), size)))
    assert run.numbers == [0, 1, 2, 3]
    assert run.rows[0].link_types == ("EN10MB", "RAW")


def test_one_that_is_cut_while_it_is_read(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(1, 2))
    run = Run(path).go(lambda: os.truncate(path, 70), grow(path, records(3)))
    assert run.numbers == [1, 2]
    assert run.rows[0].error.endswith("a.pcap was cut to 70 bytes after 152 had been read; nothing more of it is read")
    assert again(run, path).go().numbers == []


def test_half_a_record_at_the_end_of_a_finished_file_is_an_error_until_its_rest_comes(tmp_path):
    one, two = tmp_path / "cap0", tmp_path / "cap1"
    one.write_bytes(capture(1, 2)[:-5])
    two.write_bytes(capture(3))
    os.utime(one, ns=(10**18, 10**18))
    run = Run(tmp_path).go()
    assert run.numbers == [1, 3]
    assert "cap0: ends inside a packet record at byte 88" in run.rows[0].error
    run = Run(tmp_path).go(grow(one, capture(1, 2)[-5:]), *[lambda: None] * 5)
    assert sorted(run.numbers) == [1, 2, 3]
    assert run.rows[0].error is None


def test_damage_ends_a_file_and_not_the_run(tmp_path):
    (tmp_path / "cap0").write_bytes(capture(1) + b"\xff" * 40)
    run = Run(tmp_path).go(grow(tmp_path / "cap1", capture(2)), grow(tmp_path / "cap0", records(3)))
    assert run.numbers == [1, 2]
    assert "damaged at byte 88" in run.rows[0].error


PCAP = capture(*range(6))
PCAPNG = section() + interface(options=option(9, b"\x09")) + ng(0, 1, 2) + interface(link=101) + enhanced(packet(3), number=1) + ng(4, 5)
ODD = pcap_header(magic=MODIFIED) + b"".join(record(packet(number), seconds=number, extra=bytes(8)) for number in range(6))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("data", [PCAP, PCAPNG, ODD], ids=["pcap", "pcapng", "odd"])
def test_stopped_anywhere_and_begun_again_every_record_is_read_once(tmp_path, data, pack):
    path = tmp_path / "a.pcap"
    path.write_bytes(pack(data))
    (whole,) = sources([path])
    expected = [one.time for one in read(whole)]
    for stop in range(1, 6):
        run = Run(path, limit=stop).go(lambda: None, lambda: None)
        rest = again(run, path).go(lambda: None)
        assert run.numbers + rest.numbers == list(range(6)), stop
        assert rest.rows[0].packets == 6
    assert len(expected) == 6


def test_stopped_inside_a_record_that_is_whole_by_then(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(PCAP[:200])
    run = Run(path).go()
    path.write_bytes(PCAP)
    rest = again(run, path).go()
    assert run.numbers + rest.numbers == list(range(6))
    assert rest.kinds() == []
