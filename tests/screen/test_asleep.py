"""Conversations that began as others did are counted piece by piece, and handed on from the piece that differs."""

from __future__ import annotations

import pytest

from consul_sniff import limits
from consul_sniff.screen import Screen

from .drive import Run, dialect, record
from .frames import A, B, tcp


def begun(port: int, *pieces: bytes) -> list[bytes]:
    """A conversation from another port each time."""
    at = 100
    frames = [tcp(seq=99, flags="S", sport=port)]
    for piece in pieces:
        frames.append(tcp(piece, at, sport=port))
        at += len(piece)
    return frames


class Conversations:
    def __init__(self, **options) -> None:
        self.screen = Screen(**options)
        self.screen.open(0)
        self.run = Run(self.screen)
        self.count = 0

    def send(self, frames: list[bytes]) -> list[tuple[bytes, int]]:
        before = len(self.run.all)
        self.run.feed(b"".join(record(one, 1 + (self.count + i) / 1000) for i, one in enumerate(frames)), dialect())
        self.count += len(frames)
        return [(p.data, p.unit) for p in self.run.all[before:]]

    def learn(self, *steps) -> None:
        for payload, step in zip(self.run.all[-len(steps):], steps, strict=True):
            self.screen.leads(payload.unit, (*step, payload.data))


def test_a_conversation_that_goes_the_way_of_another_is_counted_and_kept():
    it = Conversations()
    assert [data for data, unit in it.send(begun(1001, b"one", b"two")) if unit & 1] == [b"one", b"two"]
    it.learn((((0, 0, 5),), (), 0), (((0, 1, 6), (0, 0, 7)), (), 0))
    assert it.send(begun(1002, b"one", b"two")) == []
    flow = list(it.screen.live())[1]
    assert {(number, count, frames) for number, count, _, _, frames in flow.heard[0]} == {(5, 1, (5,)), (6, 1, (5,)), (7, 1, (6,))}
    assert [(side, data, frame) for side, data, _, frame, _ in flow.asleep[1]] == [(0, b"one", 5), (0, b"two", 6)]


def test_at_the_first_piece_that_differs_all_is_handed_on_what_was_counted_as_told():
    it = Conversations()
    it.send(begun(1001, b"one", b"two"))
    it.learn(((), (), 0), ((), (), 0))
    ((other, unit),) = it.send(begun(1002, b"one", b"other"))
    assert other == b"other"
    assert unit & 1
    assert unit != limits.TOLD
    # a hole: none of what it says now can be known
    late = [(b"one", limits.TOLD), (b"other", limits.TOLD), (b"late", 0)]
    it.send([tcp(b"late", 118, sport=1002)])
    it.screen.close()
    it.run.drain()
    assert [(p.data, p.unit) for p in it.run.all[-3:]] == late
    assert [flow.asleep is None for flow in it.run.flows] == [False, True]


def test_what_was_not_fetched_yet_when_it_woke_is_handed_on_in_its_place():
    it = Conversations()
    it.send(begun(1001, b"one"))
    it.learn(((), (), 0))
    hole = [tcp(b"late", 107, sport=1002), *[tcp(seq=500, ack=111, sport=8300, dport=1002, sender=B, receiver=A) for _ in range(70)]]
    said = it.send(begun(1002, b"one", b"two") + hole)
    assert [data for data, _ in said] == [b"one", b"two", b"late"]
    assert [(p.unit == limits.TOLD, p.unit & 1, p.sleeps) for p in it.run.all[1:]] == [(True, 1, None), (False, 1, None), (False, 0, None)]


def test_what_was_handed_on_of_a_flow_that_sleeps_is_counted_when_it_was_learnt():
    it = Conversations()
    it.send(begun(1001, b"one", b"two", b"six"))
    one, two, six = it.run.all
    assert [p.sleeps for p in (one, two, six)] == [(limits.TOLD, 0), (one.unit, 1), (two.unit, 2)]
    assert it.screen.pieces(one.flow) == [(0, b"one", one.time, 2, 1), (0, b"two", two.time, 3, 0), (0, b"six", six.time, 4, 0)]
    for payload, said in ((one, ((0, 0, 5),)), (two, ((0, 1, 6), (0, 0, 7))), (six, ())):
        step = (said, (), 0, payload.data)
        it.screen.leads(payload.unit, step)
        assert it.screen.step(payload.unit) == step
        it.screen.goes(payload, step)
    (flow,) = it.screen.live()
    assert {(number, frames) for number, _, _, _, frames in flow.heard[0]} == {(5, (2,)), (6, (2,)), (7, (3,))}


def test_a_side_of_which_no_more_is_needed_is_not_read_on():
    it = Conversations()
    it.send(begun(1001, b"one"))
    it.learn(((), (0,), 0))
    assert it.send(begun(1002, b"one", b"anything", b"more")) == []


@pytest.mark.parametrize("pieces", [(b"x" * (limits.ASLEEP_FLOW // 16),) * 17, (b"x",) * (limits.ASLEEP_PIECES + 1)], ids=["bytes", "pieces"])
def test_a_long_one_is_handed_on(pieces):
    it = Conversations()
    steps = [((), (), 0)] * (len(pieces) - 1)
    it.send(begun(1001, *pieces[:-1]))
    it.learn(*steps)
    assert it.send(begun(1002, *pieces[:-1])) == []
    said = it.send(begun(1003, *pieces))
    assert [unit for _, unit in said] == [limits.TOLD] * (len(pieces) - 1) + [0]
    assert b"".join(data for data, _ in said) == b"".join(pieces)


def test_a_hole_wakes_it():
    it = Conversations()
    it.send(begun(1001, b"one", b"two"))
    it.learn(((), (), 0), ((), (), 0))
    cut = begun(1002, b"one", b"two")
    assert it.send([cut[0], cut[1], tcp(b"late", 110, sport=1002)]) == []
    it.screen.close()
    it.run.drain()
    assert [(p.data, p.unit, p.lost) for p in it.run.all[-2:]] == [(b"one", limits.TOLD, 0), (b"late", 0, 7)]


def test_everything_is_handed_on_where_everything_is_wanted():
    it = Conversations(everything=True)
    assert it.send(begun(1001, b"one")) == [(b"one", 0)]


def test_what_begins_in_the_middle_sleeps_from_the_second_that_begins_so():
    it = Conversations()
    middles = [[tcp(b"same", 500, sport=port), tcp(b"more", 504, sport=port)] for port in (1001, 1002, 1003)]
    assert [unit for _, unit in it.send(middles[0])] == [0, 0]  # nothing is to be learnt of it
    assert [unit & 1 for _, unit in it.send(middles[1])] == [1, 1]
    it.learn((((0, 0, 5),), (), 0), ((), (), 0))
    assert it.send(middles[2]) == []
    assert list(it.screen.live())[2].heard[0][0][:2] == (5, 1)
