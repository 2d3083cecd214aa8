from __future__ import annotations

import pytest

from consul_sniff.limits import TOLD
from consul_sniff.model import Block
from consul_sniff.screen import Screen

from .drive import dialect, record
from .frames import ping, tcp, udp


def fed(screen, frames, times):
    records = b"".join(record(frame, time=time) for frame, time in zip(frames, times, strict=True))
    block = Block(bytearray(records + bytes(64)), 0, len(records), dialect())
    screen.feed(block)
    return [payload for payload in screen.payloads() if payload.unit != TOLD]


def test_a_flow_can_be_asked_for_until_it_was_told_to_have_ended():
    screen = Screen(flows=16)
    screen.open(0)
    payloads = fed(screen, [udp(ping(i), sport=i + 1) for i in range(17)], range(1, 18))
    assert {screen.flow(p.flow).ports[0] for p in payloads} == set(range(1, 18))
    [ended] = screen.ended()
    with pytest.raises(KeyError):
        screen.flow(ended.number)


def test_a_flow_that_somebody_must_fold_takes_none_along_that_is_added_up():
    screen = Screen(flows=16, quiet=True)
    screen.open(0)
    frames = [udp(ping(i), sport=i + 1) if i < 2 else tcp(flags="S", sport=i + 1) for i in range(40)]
    records = b"".join(record(frame, time=i) for i, frame in enumerate(frames))
    block = Block(bytearray(records + bytes(64)), 0, len(records), dialect())
    given = []
    while not given or not screen.idle:
        screen.feed(block)
        given.append([flow.ports[0] for flow in screen.ended()])
    assert given == [[1], [2], []]  # gossip is never added up there
    assert screen.rows().conversation(0).flows == 22  # all to one port


def test_live_flows_are_shown_and_go_on():
    screen = Screen(flows=16)
    screen.open(0)
    frames = [udp(ping(i), sport=1000 + i % 3) for i in range(9)]
    fed(screen, frames, range(1, 10))
    first = list(screen.live())
    assert sorted((flow.ports[0], flow.ways[0].packets) for flow in first) == [(1000, 3), (1001, 3), (1002, 3)]
    fed(screen, [udp(ping(99), sport=1000)], [10])
    assert {flow.ports[0]: flow.ways[0].packets for flow in screen.live()} == {1000: 4, 1001: 3, 1002: 3}
    screen.close()
    assert sorted(flow.number for flow in screen.ended()) == sorted(flow.number for flow in first)
    assert list(screen.live()) == []


def test_idle_flows_expire_where_the_table_gets_full():
    screen = Screen(flows=16)
    screen.open(0)
    fed(screen, [udp(ping(i), sport=1000 + i) for i in range(11)], [1] * 11)
    assert list(screen.expire(5 * 10**9)) == []  # there is room
    fed(screen, [udp(ping(i), sport=1000 + i) for i in (3, 20)], [10, 10])
    assert sorted(flow.ports[0] for _ in screen.expire(5 * 10**9) for flow in screen.ended()) == [1000 + i for i in range(11) if i != 3]
    assert sorted(flow.ports[0] for flow in screen.live()) == [1003, 1020]
    assert screen.notes["evicted-flows"] == 0


def test_a_flow_that_expires_and_must_be_folded_takes_none_along():
    screen = Screen(flows=16, quiet=True)
    screen.open(0)
    fed(screen, [udp(ping(i), sport=i + 1) if i % 4 == 0 else tcp(flags="S", sport=i + 1) for i in range(12)], [1] * 12)
    fed(screen, [tcp(flags="S", sport=99)], [10])
    assert [[flow.ports[0] for flow in screen.ended()] for _ in screen.expire(5 * 10**9)] == [[1], [5], [9]]
    assert screen.rows().conversation(0).flows == 9
    assert len(list(screen.live())) == 1


def test_who_has_enough_is_told_what_was_lost_when_it_resumes():
    screen = Screen()
    screen.open(0)
    fed(screen, [tcp(seq=99, flags="S"), tcp(b"ab", 100)], [1, 1])
    number = next(screen.live()).number
    screen.enough(number, 0)
    fed(screen, [tcp(b"cde", 102)], [2])
    screen.resume(number, 0)
    assert [(it.data, it.lost) for it in fed(screen, [tcp(b"f", 105)], [3])] == [(b"f", 3)]


def test_of_a_flow_that_ended_nothing_is_wanted():
    screen = Screen()
    screen.open(0)
    fed(screen, [tcp(b"ab", 100)], [1])
    screen.close()
    [flow] = screen.ended()
    screen.enough(flow.number, 0)
    screen.resume(flow.number, 0)
    screen.follow(flow.number, 0, 1, 1)
    assert list(screen.live()) == []
