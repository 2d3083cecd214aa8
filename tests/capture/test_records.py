"""Records as the screen reads them."""

import random

import pytest

from consul_sniff.capture import sources
from consul_sniff.capture.records import packets, pick
from consul_sniff.screen import Screen

from . import made
from .walker import read

FORMATS = {
    "little-endian": made.pcap(9),
    "big-endian, nanoseconds": made.pcap(9, ">", made.NANO),
    "pcapng": made.section() + made.interface() + b"".join(made.enhanced(bytes([n]) * (60 + n), 10**9 + n) for n in range(9)),
    "pcapng, big-endian": made.section(">") + made.interface(">", snap=50, options=made.option(9, b"\x86", ">")) + made.old(made.FRAME, 1 << 33, order=">")
    + made.simple(made.FRAME[:50], ">", 60) + made.enhanced(made.FRAME, 5, order=">", length=99),
}


def blocks(tmp_path, data):
    path = tmp_path / "made"
    path.write_bytes(data)
    screen = Screen()
    screen.open(0)
    (source,) = sources([str(path)])
    for block in source:
        screen.feed(block)
        yield bytes(block.buffer[block.start:block.consumed]), block.dialect


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)
def test_they_are_what_an_independent_walk_finds(tmp_path, data):
    ((raw, dialect),) = blocks(tmp_path, data)
    (source,) = sources([str(tmp_path / "made")])
    assert [(one.data, one.sent) for one in packets(raw, dialect)] == [(one.data, one.length) for one in read(source)]


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)
def test_some_of_them_are_those_of_all(tmp_path, data):
    ((raw, dialect),) = blocks(tmp_path, data)
    every = list(packets(raw, dialect))
    for seed in range(20):
        places = sorted(random.Random(seed).sample(range(len(every)), min(seed, len(every))))
        assert list(pick(raw, dialect, places)) == [every[place] for place in places]


def test_times_in_nanoseconds(tmp_path):
    ((raw, dialect),) = blocks(tmp_path, made.pcap(2, magic=made.NANO))
    assert [one.time for one in packets(raw, dialect)] == [0, 10**9]
    ((raw, dialect),) = blocks(tmp_path, FORMATS["pcapng, big-endian"])
    assert [one.time for one in packets(raw, dialect)] == [(1 << 33) * 10**9 >> 6, (1 << 33) * 10**9 >> 6, 5 * 10**9 >> 6]
