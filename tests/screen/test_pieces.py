from __future__ import annotations

import itertools
import random

import pytest

from consul_sniff.screen.pieces import Pieces

#: two intervals in each of Allen's thirteen relations
RELATIONS = [(a, b, c, d) for a, b, c, d in itertools.product(range(5), repeat=4) if a < b and c < d]


def emptied(pieces: Pieces, first: int) -> list[tuple[int, int, bytes, int]]:
    out = []
    while first:
        row = pieces.rows[first]
        out.append((row.start, row.end, pieces.data[first], row.frame))
        first = pieces.drop(first)
    return out


@pytest.mark.parametrize("relation", RELATIONS, ids=str)
@pytest.mark.parametrize("same", [True, False])
def test_the_first_bytes_win(relation, same):
    a, b, c, d = relation
    truth, other = b"abcdefgh", b"abcdefgh" if same else b"ABCDEFGH"
    pieces = Pieces(8)
    first = pieces.put(0, a, b, truth[a:b], 1, 1)
    assert (pieces.places, pieces.bytes, pieces.overlaps, pieces.conflicts) == (1, b - a, 0, 0)
    first = pieces.put(first, c, d, other[c:d], 2, 2)
    met = max(a, c) < min(b, d)
    assert (pieces.overlaps, pieces.conflicts) == (met, met and not same)
    want = {i: truth[i] if a <= i < b else other[i] for i in {*range(a, b), *range(c, d)}}
    assert pieces.bytes == len(want) - (b - a)
    found = emptied(pieces, first)
    assert len(found) == pieces.places + 1
    assert all(len(data) == end - start for start, end, data, _ in found)
    assert [i for start, end, *_ in found for i in range(start, end)] == sorted(want)
    assert bytes(byte for _, _, data, _ in found for byte in data) == bytes(want[i] for i in sorted(want))


def test_what_the_snap_length_cut_is_no_conflict():
    pieces = Pieces(8)
    first = pieces.put(0, 0, 10, b"abc", 1, 1)
    first = pieces.put(first, 5, 15, b"FGHIJKLMNO", 2, 2)
    first = pieces.put(first, 0, 4, b"abcd", 3, 3)
    assert not pieces.conflicts
    assert emptied(pieces, first) == [(0, 10, b"abc", 1), (10, 15, b"KLMNO", 2)]


def test_rows_are_used_again():
    rng, pieces = random.Random(5), Pieces(32)
    for _ in range(200):
        first = 0
        places = list(range(0, 320, 10))
        rng.shuffle(places)
        for at in places:
            first = pieces.put(first, at, at + 10, bytes(10), 0, at)
        assert [frame for *_, frame in emptied(pieces, first)] == sorted(places)


def test_one_that_falls_into_all_holes():
    pieces = Pieces(64)
    first = 0
    for at in range(5, 100, 10):
        first = pieces.put(first, at, at + 1, b"x", 1, 1)
    first = pieces.put(first, 0, 100, b"x" * 100, 2, 2)
    assert (pieces.places, pieces.bytes, pieces.overlaps, pieces.conflicts) == (11, 90, 10, 0)
    assert b"".join(data for _, _, data, _ in emptied(pieces, first)) == b"x" * 100
