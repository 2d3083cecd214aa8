"""Sums are what a plain dict of lists adds up to."""

import random
from array import array

from consul_sniff.screen import sums


class Words:
    @staticmethod
    def lesser(one, other):
        return min(one, other)


def test_sums_of_many_are_those_of_a_dict():
    dice = random.Random(3)
    it, expected = sums.Sums(64), {}
    it.words = Words()
    numbers = [2 * row + side << 32 | place for row in range(4) for side in (0, 1) for place in (1, 2, 3)]
    parts = []
    for part in range(3):
        one = sums.Sums(64)
        one.words = Words()
        for _ in range(200):
            add(one, expected, dice.choice(numbers), dice.randrange(1, 5), dice.randrange(1, 99) + 1000 * part, dice.randrange(7))
        parts.append(one)
    for one in parts:
        it.join(one, range(4), range(9), range(9))
    assert shown(it) == {key: (count, first, last, *proof(frames)) for key, (count, first, last, frames) in expected.items()}


def add(one, expected, key, count, frame, word, under=None):
    """What a flow heard, by the way of the modules that are compiled: a part with one sum joined."""
    part = sums.Sums(1)
    record = sums.SumRecord(key=key, count=count, first=frame, last=frame + 5, frame1=frame, word1=word)
    part.load(bytearray(record))
    one.join(part, range(4), range(9), range(9))
    known = expected.setdefault(key if under is None else under, [0, frame, frame + 5, {}])
    known[0] += count
    known[1], known[2] = min(known[1], frame), max(known[2], frame + 5)
    known[3][frame] = min(word, known[3].get(frame, word))


def proof(frames):
    return [(frame, frames[frame]) for frame in sorted(frames)[:3]]


def shown(it):
    return {row.key: (row.count, row.first, row.last, *[(frame, word) for frame, word in (
        (row.frame1, row.word1), (row.frame2, row.word2), (row.frame3, row.word3)) if frame]) for row in it.rows[:it.used]}


def test_joined_under_other_numbers():
    one, it = sums.Sums(8), sums.Sums(8)
    one.load(bytearray(sums.SumRecord(key=2 * 1 + 1 << 32 | 1, count=4, first=1, last=2, frame1=7, word1=0)))
    it.join(one, [9, 5], [3], [6])
    assert shown(it) == {2 * 5 + 1 << 32 | 4: (4, 1, 2, (7, 6))}
    assert it.numbers() == ({3}, {6, 0})


def test_gathered_in_place_are_those_of_a_dict():
    dice = random.Random(4)
    it, expected = sums.Sums(256), {}
    it.words = Words()
    to = array("q", [2, 0, 2, 1])  # the first and the third conversation are one
    numbers = [2 * row + side << 32 | place for row in range(4) for side in (0, 1) for place in (1, 2, 3)]
    for number in numbers:
        row, side, place = number >> 33, number >> 32 & 1, number & 0xFFFFFFFF
        add(it, expected, number, dice.randrange(1, 5), dice.randrange(1, 99), dice.randrange(7), 2 * to[row] + side << 32 | place)
    copy = it.copied()
    before = shown(it)
    copy.gather(to)
    assert shown(copy) == {key: (count, first, last, *proof(frames)) for key, (count, first, last, frames) in expected.items()}
    assert len(before) == len(numbers) > copy.used
    assert shown(it) == before


def test_each_conversation_s_sums_hang_together():
    it = sums.Sums(8)
    it.load(bytearray(b"".join(bytes(sums.SumRecord(key=key, count=1)) for key in (0 << 32 | 1, 4 << 32 | 1, 1 << 32 | 2))))
    heads = it.chain(3)
    assert list(heads) == [3, 0, 2]
    assert [row.next for row in it.rows[:3]] == [0, 0, 1]


def test_all_are_forgotten():
    one, it = sums.Sums(8), sums.Sums(8)
    one.load(bytearray(sums.SumRecord(key=1 << 32 | 1, count=4)))
    it.join(one, [0], [0], [0])
    it.clear()
    assert it.used == 0
    it.join(one, [0], [0], [0])
    assert [row.count for row in it.rows[:it.used]] == [4]


def test_more_than_the_index_began_with_are_found_again_and_none_once_all_is_cleared():
    it = sums.Sums(8192)
    it.words = Words()
    for _ in range(2):
        expected = {}
        for row in range(3000):
            for count in (1, 2):
                part = sums.Sums(1)
                part.load(bytearray(sums.SumRecord(key=2 << 32 | 1, count=count, first=row + 1, last=row + 2, frame1=row + 1)))
                it.join(part, [0, row], [0], [0])
            expected[2 * row << 32 | 1] = (3, row + 1, row + 2, (row + 1, 0))
        assert shown(it) == expected
        it.clear()
        assert it.used == 0
