"""The session on real bytes; who misbehaves is contained."""

import pytest

from consul_sniff.decoders.base import StreamDecoder
from consul_sniff.decoders.session import Session
from consul_sniff.errors import Interrupted
from consul_sniff.model import Flow, Payload

PING = bytes.fromhex("0083a44e6f6465a27331a55365714e6f01aa536f757263654e6f6465a26331")  # {Node s1, SeqNo 1, SourceNode c1}


class Screen:
    """Answers what a session asks, and keeps what it is told."""

    def __init__(self, transport="udp", ports=(8301, 8301)):
        self.kept = Flow(1, 0, transport, ("10.0.0.1", "10.0.0.2"), ports)
        self.told = []

    def flow(self, number):
        assert number == 1
        return self.kept

    def enough(self, number, side):
        self.told.append((number, side))

    def resume(self, number, side):
        raise AssertionError


def take(session, screen, data, *, side=0, frame=1, lost=0, start=True):
    session.take(Payload(1, side, data, frame * 1000, frame, lost, start), screen)


def test_a_datagram_is_told_and_folded_when_the_flow_ends():
    heard = []
    session, screen = Session(listener=lambda flow, side, time, frame, message: heard.append((frame, message.kind))), Screen()
    take(session, screen, PING, frame=7)
    assert heard == [(7, "ping")]
    assert not session.facts.sightings
    session.end(screen.kept)
    (key,) = session.facts.sightings
    assert (key.protocol, key.kind, key.protection.value) == ("memberlist", "ping", "plaintext")


def test_a_flow_that_said_nothing_is_folded_too():
    session, screen = Session(), Screen()
    session.end(screen.kept)
    assert len(session.facts.conversations) == 1


def test_datagrams_that_are_nobodys_are_given_up_after_a_while():
    session, screen = Session(), Screen(ports=(5000, 6000))
    for frame in range(1, 70):
        take(session, screen, b"\xff" * 50, frame=frame)
    assert screen.told[0] == (1, 0)


@pytest.mark.parametrize("boom", [ValueError("secret bytes"), RecursionError(), MemoryError(), AssertionError()])
def test_a_bug_in_a_decoder_is_contained_counted_and_said_without_the_bytes(boom, monkeypatch):
    class Broken(StreamDecoder):
        protocol = "broken"

        @classmethod
        def claims(cls, opening):
            return True

        @classmethod
        def begin(cls, opening):
            return cls()

        def read(self, side, cursor):
            raise boom

    session, screen = Session(), Screen("tcp", (40000, 8300))
    monkeypatch.setattr(session, "_streams", (Broken,))
    take(session, screen, b"anything", frame=9)
    (note,) = session.facts.notes
    assert note.startswith(f"internal error: {type(boom).__name__} in test_session.py:")
    (reason,) = session.facts.reasons
    assert "packet 9" in reason
    assert "secret bytes" not in reason
    assert screen.told == [(1, 0), (1, 1)]
    take(session, screen, b"more", frame=10)
    session.end(screen.kept)
    assert session.facts.notes[note] == 1


def test_names_of_notes_are_bounded():
    session = Session()
    for number in range(5000):
        session._count({f"note {number}": 1})
    assert len(session.facts.notes) <= 1025
    assert sum(session.facts.notes.values()) == 5000


def test_a_snapshot_has_live_flows_and_ends_none():
    session, screen = Session(), Screen()
    take(session, screen, PING, frame=7)
    for _ in range(2):
        (tally,) = session.snapshot([screen.kept]).sightings.values()
        assert (tally.count, tally.evidence[0].frame) == (1, 7)
    assert not session.facts.sightings
    take(session, screen, PING, frame=8)
    assert [tally.count for tally in session.snapshot([screen.kept]).sightings.values()] == [2]
    session.end(screen.kept)
    assert [tally.count for tally in session.facts.sightings.values()] == [2]
    assert [tally.count for tally in session.snapshot([]).sightings.values()] == [2]


def test_live_flows_of_one_conversation_are_folded_together_and_stay_apart():
    session, first = Session(), Screen()
    second = Flow(2, 0, "udp", ("10.0.0.1", "10.0.0.2"), (8301, 8301))
    first.flow = lambda number: first.kept if number == 1 else second
    for number in (1, 2):
        session.take(Payload(number, 0, PING, number * 1000, number, 0, True), first)
    for _ in range(2):
        assert [tally.count for tally in session.snapshot([first.kept, second]).sightings.values()] == [2]
    session.end(second)
    assert [tally.count for tally in session.snapshot([first.kept]).sightings.values()] == [2]
    assert [tally.count for tally in session.facts.sightings.values()] == [1]


def test_a_bug_at_the_end_of_a_flow_that_no_decoder_was_woken_for_is_a_reason_and_ends_nothing(monkeypatch):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("consul_sniff.decoders.streams.StreamState.close", fails)
    session = Session()
    flow = Flow(1, 0, "tcp", ("10.0.0.1", "10.0.0.2"), (40_000, 8300))
    flow.asleep = 5, [(0, b"\x01", 1000, 7, 1)]
    flow.ways[0].packets = 3
    assert [one.packets for one in session.snapshot([flow]).conversations.values()] == [(3, 0)]
    flow.asleep = 5, [(0, b"\x01", 1000, 7, 1)]
    session.end(flow)
    assert [one.packets for one in session.facts.conversations.values()] == [(3, 0)]
    (reason,) = session.facts.reasons
    assert reason.startswith("internal error: ZeroDivisionError in test_session.py:")


def test_a_stop_is_no_bug_of_ours(monkeypatch):
    """A signal's handler raises it in whatever runs: here where a judgement asks what a live flow would say at its end."""
    def stopped(*_args, **_more):
        raise Interrupted

    session, screen = Session(), Screen("tcp", (40_000, 8300))
    monkeypatch.setattr(session._shared, "close", stopped)
    screen.kept.asleep = (1, [])
    with pytest.raises(Interrupted):
        session.snapshot([screen.kept])
    assert not session.facts.reasons
    assert not session.facts.notes
    assert screen.kept.asleep is not None
