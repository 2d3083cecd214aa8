from __future__ import annotations

from consul_sniff import limits
from consul_sniff.screen.early import Early
from consul_sniff.screen.pieces import COST


def test_what_waits_is_counted_until_it_is_dropped():
    early = Early(notes := {}, 16)
    early.insert(3, 0, 4, b"abcd", 1, 1)
    early.insert(3, 8, 12, b"ijkl", 1, 2)
    early.insert(3, 2, 10, b"cdefghIJ", 2, 3)
    assert early.held == 12
    assert notes == {"overlap-conflict": 1}
    found = []
    while early.waiting[3].count:
        found.append(early.pieces.data[early.waiting[3].first])
        early.drop(3)
    assert found == [b"abcd", b"efgh", b"ijkl"]
    assert early.held == early.waiting[3].first == early.waiting[3].bytes == 0


def test_bounds():
    early = Early({}, 4096, 8)
    for i in range(limits.EARLY_SEGMENTS):
        early.insert(0, 10 * i + 5, 10 * i + 6, b"x", 1, 1)
        assert not early.full(0)
    early.insert(0, 9999, 10_000, b"x", 1, 1)
    assert early.full(0)
    early.insert(1, 1, 1 + limits.EARLY_BYTES, bytes(limits.EARLY_BYTES), 1, 1)
    assert not early.full(1)
    early.insert(1, 0, 1, b"x", 1, 1)
    assert early.full(1)
    for side in range(2, 2 + limits.STREAM_BUFFERS // 8 // limits.EARLY_BYTES):
        early.insert(side, 1, 1 + limits.EARLY_BYTES, bytes(limits.EARLY_BYTES), 1, 1)
    assert early.full(2)
    early.insert(1024, 1, 2, b"x", 1, 1)  # another share's
    assert not early.full(1024)


def test_the_smallest_segments_of_all_sides_do_not_take_more_than_the_budget():
    early = Early({}, limits.FLOWS, 8)
    count = 0
    for d in range(0, 2 * limits.FLOWS // 8, 2):
        for at in range(limits.EARLY_SEGMENTS):
            early.insert(d, 2 * at, 2 * at + 1, b"x", 1, 1)
            count += 1
            if early.full(d):
                assert abs(count * (COST + 1) - limits.STREAM_BUFFERS // 8) <= COST + 1
                return
    raise AssertionError
