"""Messages known by heart: counted where they come again, handed on where they are new or cannot be told apart."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consul_sniff import limits, pipeline
from consul_sniff.decoders.session import Session
from consul_sniff.model import Framing
from consul_sniff.screen import Screen

from ..conftest import PCAPS
from .drive import packets
from .following import SYN, Following, call, frame, heartbeat
from .frames import reply, tcp

if TYPE_CHECKING:
    from pathlib import Path

    from consul_sniff.facts import Facts

def test_a_message_that_was_learnt_is_counted_with_its_first_packets_and_not_handed_on():
    it = Following(Framing.RAFT_REQUEST)
    assert it.say(heartbeat()) == [heartbeat()]
    it.learn(7)
    assert it.say(*[heartbeat(term) for term in (3, 4, 500, 70_000, 3)]) == []
    assert it.heard() == [(7, 5, 1_003_000_000, 1_007_000_000, (4, 5, 6))]


def test_several_messages_of_one_segment_are_told_apart():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn()
    new = heartbeat(leader=b"10.0.0.9:8300")
    assert it.say(heartbeat() + new + heartbeat(4)) == [new]
    assert it.heard()[0][1:] == (2, 1_003_000_000, 1_003_000_000, (4,))


def test_a_message_over_two_segments_is_handed_on_and_ends_the_following():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn()
    assert it.say(heartbeat()[:50], heartbeat()[50:], heartbeat()) == [heartbeat()[:50], heartbeat()[50:], heartbeat()]
    assert it.heard() == []
    it.screen.follow(it.flow, 0, Framing.RAFT_REQUEST, 5)
    assert it.say(heartbeat()) == []


def test_a_side_is_not_followed_from_a_place_that_is_past():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn()
    it.say(heartbeat()[:50], heartbeat()[50:])
    it.screen.follow(it.flow, 0, Framing.RAFT_REQUEST, 3)  # four were handed on by now
    assert it.say(heartbeat()) == [heartbeat()]


def test_a_hole_ends_the_following():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn()
    it.at += 10
    it.say(heartbeat())
    assert it.send(*[reply(seq=500, ack=it.at) for _ in range(70)]) == [heartbeat()]
    assert it.run.payloads[-1].lost == 10
    assert it.run.payloads[-1].unit == 0


def test_segments_that_change_places_are_counted_in_their_order():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn()
    first, second = tcp(heartbeat(4), it.at), tcp(heartbeat(5), it.at + len(heartbeat(4)))
    assert it.send(second, first) == []
    assert it.heard()[0][1] == 2
    assert it.heard()[0][4] == (4, 5)


def test_a_frame_header_alone_waits_for_its_body_and_both_are_handed_on_together():
    it = Following(Framing.YAMUX)
    one = frame(call(1))
    assert it.say(one[:12], one[12:]) == [one]
    it.learn()
    again = frame(call(2), stream=5)
    assert it.say(again[:12], again[12:], again) == []
    assert it.heard()[0][1] == 2
    new = frame(call(3, b"KVS.Apply"))
    assert it.say(new[:12], new[12:]) == [new]


def test_a_body_over_several_segments_is_handed_on_as_one_and_each_part_counted_where_it_came():
    it = Following(Framing.YAMUX)
    one = frame(call(1))
    parts = (one[:12], one[12:20], one[20:25], one[25:])
    assert it.say(*parts) == [one]
    (payload,) = it.run.payloads
    assert payload.parts == ((20, 1_003_000_000, 4), (25, 1_004_000_000, 5), (len(one), 1_005_000_000, 6))
    assert [(part.data, part.frame, part.unit) for part in payload.split()] == [
        (one[:20], 4, payload.unit), (one[20:25], 5, payload.unit + 2), (one[25:], 6, payload.unit + 4)]
    for number, part in enumerate(payload.split()):
        it.screen.learn(part.unit, number)
    again = frame(call(2), stream=5)
    assert it.say(*[again[:12], again[12:20], again[20:25], again[25:] + again]) == [again]  # it was never whole in one
    assert {(number, count, frames) for number, count, _, _, frames in it.heard()} == {(0, 1, (8,)), (1, 1, (9,)), (2, 1, (10,))}
    assert it.say(again[:12], again[12:21], again[21:25], again[25:]) == [again]  # other parts say other things
    it.screen.close()
    assert it.screen.waiting == 0


def test_parts_of_which_the_rest_does_not_come_are_handed_on_as_they_came():
    it = Following(Framing.YAMUX)
    one = frame(call(1))
    assert it.say(one[:12], one[12:20], one[20:25]) == []
    assert it.screen.waiting == 13
    it.run.close()
    assert [(p.data, p.frame, p.unit) for p in it.run.payloads] == [(one[:20], 4, 0), (one[20:25], 5, 0)]
    assert it.screen.waiting == 0


def test_what_the_other_side_says_comes_after_the_parts_before_it():
    it = Following(Framing.YAMUX)
    one = frame(call(1))
    it.say(one[:12], one[12:20])
    assert it.send(reply(seq=499, flags="SA"), reply(b"then", 500)) == [one[:20], b"then"]
    assert it.say(one[20:], one) == [one[20:], one]


@pytest.mark.parametrize("size", [limits.PARTS_MESSAGE + 1, 1 << 25])
def test_a_longer_body_is_handed_on_as_it_comes(size):
    it = Following(Framing.YAMUX)
    head = struct.pack(">BBHII", 0, 0, 0, 1, size)
    assert it.say(head, b"\x82\xa3Seq") == [head, b"\x82\xa3Seq"]


def test_frames_without_a_body_are_passed_over():
    it = Following(Framing.YAMUX)
    window, ping = struct.pack(">BBHII", 0, 1, 0, 3, 4096), struct.pack(">BBHII", 0, 2, 1, 0, 7)
    assert it.say(window, ping + frame(b"", 3, 4)) == []


def test_more_kinds_than_are_kept_of_a_side_are_handed_on():
    it = Following(Framing.RAFT_REQUEST)
    kinds = [heartbeat(leader=b"10.0.%d.1:8300" % i) for i in range(limits.UNITS_SIDE + 2)]
    for number, kind in enumerate(kinds):
        it.say(kind)
        it.learn(number)
    assert it.say(*kinds) == kinds[limits.UNITS_SIDE:]


def test_what_was_heard_is_told_before_all_is_forgotten():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn(3)
    it.say(heartbeat(), heartbeat())
    assert [(flow.number, side, heard[0][:2]) for flow, side, heard in it.screen.unlearn()] == [(it.flow, 0, (3, 2))]
    assert it.heard() == []
    assert it.say(heartbeat()) == [heartbeat()]


@given(st.binary(max_size=200), st.sampled_from([Framing.RAFT_REQUEST, Framing.RAFT_ANSWER, Framing.YAMUX]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_handed_on_in_order(data, framing):
    it = Following(framing)
    said = b"".join(it.say(data, b"then") if data else it.say(b"then"))
    assert said.endswith(b"then") or framing is Framing.YAMUX
    assert (data + b"then").endswith(said) or framing is Framing.YAMUX


class Forgetful(Session):
    """Knows nothing by heart."""

    def __init__(self) -> None:
        super().__init__()
        self._known.learn = lambda *_: None
        self._known.datagram = lambda *_, **__: False
        self._shared.take = lambda *_: False


def facts_of(path: str, session: Session, *more: str) -> Facts:
    screen = Screen(hints=session.hints)
    for index, source in enumerate(pipeline.sources([path, *more])):
        screen.open(index)
        for block in source:
            pipeline.through(block, screen, session)
        screen.close()
        pipeline.drain(screen, session)
        pipeline.settle(source.facts, screen, session.facts)
    return session.facts


def shown(facts: Facts) -> dict[str, object]:
    tallies = {name: {key: (one.count, one.first, one.last, one.evidence) for key, one in getattr(facts, name).items()}
               for name in ("sightings", "exposures", "claims")}
    return {**tallies, "notes": facts.notes, "reasons": facts.reasons}


@pytest.mark.parametrize("path", sorted(PCAPS.rglob("*.pcap")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_known_by_heart_changes_nothing_that_is_learnt(path):
    assert shown(facts_of(str(path), Session())) == shown(facts_of(str(path), Forgetful()))


def test_a_small_memory_forgets_and_changes_nothing(monkeypatch):
    path = str(PCAPS / "lab/plain-c1.pcap")
    session = Session()
    unlearnt = []
    whole = shown(facts_of(path, Session()))

    def drain(screen, session):
        for payload in screen.payloads():
            session.take(payload, screen)
        for flow in screen.ended():
            session.end(flow)
        session.unlearn(screen)
        unlearnt.append(1)

    monkeypatch.setattr(pipeline, "drain", drain)
    assert shown(facts_of(path, session)) == whole
    assert unlearnt


class Counting(Session):
    taken = 0

    def take(self, payload, screen) -> None:
        self.taken += 1
        super().take(payload, screen)


class CountingForgetful(Counting, Forgetful):
    pass


def twice(path: Path, folder: Path) -> tuple[str, str]:
    """The capture and a copy: the same path twice would be read once."""
    return str(path), str(shutil.copy(path, folder))


def test_much_of_a_capture_that_comes_again_is_known_by_heart(tmp_path):
    """(What is known must not be handed on, or the test above proves nothing.)"""
    path, again = twice(PCAPS / "raft/plaintext-servers.pcap", tmp_path)
    some, every = Counting(), CountingForgetful()
    for session in (some, every):
        facts_of(path, session, again)
    assert some.taken < every.taken * 2 / 3


def test_what_came_again_is_counted_again(tmp_path):
    path, again = twice(PCAPS / "lab/plain-c1.pcap", tmp_path)
    once, whole = facts_of(path, Session()), facts_of(path, Session(), again)
    assert shown(whole) == shown(facts_of(path, Forgetful(), again))
    assert [one.count for one in whole.sightings.values()] == [2 * one.count for one in once.sightings.values()]


def test_sides_are_told_apart_in_what_was_heard():
    run = packets([SYN, tcp(b"a", 100)])
    assert [flow.heard for flow in run.flows] == [([], [])]
