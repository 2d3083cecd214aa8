from __future__ import annotations

import itertools

import pytest

from consul_sniff import limits
from consul_sniff.screen.early import Early, Held

#: two intervals in each of Allen's thirteen relations
RELATIONS = [(a, b, c, d) for a, b, c, d in itertools.product(range(5), repeat=4) if a < b and c < d]


@pytest.mark.parametrize("relation", RELATIONS, ids=str)
@pytest.mark.parametrize("same", [True, False])
def test_the_first_bytes_win(relation, same):
    a, b, c, d = relation
    truth, other = b"abcdefgh", b"abcdefgh" if same else b"ABCDEFGH"
    early = Early(notes := {})
    early.insert(3, Held(a, b, truth[a:b], 1, 1))
    early.insert(3, Held(c, d, other[c:d], 2, 2))
    want = {i: truth[i] if a <= i < b else other[i] for i in {*range(a, b), *range(c, d)}}
    got: dict[int, int] = {}
    held = early.held
    while 3 in early.sides:
        piece = early.pop(3)
        assert len(piece.data) == piece.end - piece.start
        assert not got.keys() & set(range(piece.start, piece.end))
        got |= {piece.start + i: byte for i, byte in enumerate(piece.data)}
    assert got == want
    assert held == len(want)
    assert early.held == 0
    assert not early.sizes
    assert bool(notes) == (not same and max(a, c) < min(b, d))


def test_pieces_that_the_snap_length_cut():
    early = Early(notes := {})
    early.insert(0, Held(0, 10, b"abc", 1, 1))
    early.insert(0, Held(5, 15, b"FGHIJKLMNO", 2, 2))
    assert [(p.start, p.end, p.data) for p in early.sides[0]] == [(0, 10, b"abc"), (10, 15, b"KLMNO")]
    assert not notes


def test_bounds():
    early = Early({})
    for i in range(limits.EARLY_SEGMENTS):
        early.insert(0, Held(10 * i + 5, 10 * i + 6, b"x", 1, 1))
        assert not early.full(0)
    early.insert(0, Held(9999, 10_000, b"x", 1, 1))
    assert early.full(0)
    early.insert(1, Held(1, 1 + limits.EARLY_BYTES, bytes(limits.EARLY_BYTES), 1, 1))
    assert not early.full(1)
    early.insert(1, Held(0, 1, b"x", 1, 1))
    assert early.full(1)
    for side in range(2, 2 + limits.STREAM_BUFFERS // limits.EARLY_BYTES):
        early.insert(side, Held(1, 1 + limits.EARLY_BYTES, bytes(limits.EARLY_BYTES), 1, 1))
    assert early.full(2)
