"""Decoders that flows share: each piece is decoded once, and a flow that needs its own is told all that it said before."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from consul_sniff import limits, pipeline
from consul_sniff.decoders.base import StreamDecoder
from consul_sniff.decoders.session import Session
from consul_sniff.errors import DecodeError
from consul_sniff.model import Block, Framing, Message, Protection
from consul_sniff.rows import unrolled
from consul_sniff.screen import Screen
from tests.screen.drive import dialect, record
from tests.screen.frames import tcp

if TYPE_CHECKING:
    from consul_sniff.facts import Facts


class Letters(StreamDecoder):
    """Tells each letter; "." is no letter, "!" a bug, and ";" is told by the end alone. ``read_all``: what was read by any."""

    protocol = "letters"
    kinds: ClassVar = {}
    read_all: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.waits = 0
        self.originator = 0

    @classmethod
    def claims(cls, opening):
        return True

    @classmethod
    def begin(cls, opening):
        return cls()

    def read(self, side, cursor):
        letters = cursor.rest().decode()
        self.read_all.append(letters)
        if "." in letters:
            raise DecodeError("no letter")
        assert "!" not in letters
        self.waits += letters.count(";")
        return [self.told(letter) for letter in letters if letter != ";"]

    def told(self, letter):
        return Message("letters", letter, Protection.PLAINTEXT, letter)

    def close(self):
        return [self.told("end")] * self.waits

    def content(self, side):
        return True

    def framing(self, side):
        return Framing.NONE


def facts_of(frames: list[bytes], at_once: int, *, apart: bool) -> Facts:
    """``apart``: each flow has a decoder of its own. ``at_once``: packets, then what was handed on is fetched."""
    screen = Screen(quiet=True, understand=False)
    session = Session(screen=screen)
    if apart:
        session._shared.take = lambda *_: False
        session._known.learn = lambda *_: None
    screen.open(0)
    for start in range(0, len(frames), at_once):
        part = b"".join(record(one, 1 + (start + i) / 1000) for i, one in enumerate(frames[start:start + at_once]))
        block = Block(bytearray(part + bytes(64)), 0, len(part), dialect())
        pipeline.through(block, screen, session)
    screen.close()
    pipeline.drain(screen, session)
    screen.tell()
    session.facts.add_up(screen.rows(), screen.crowd)
    return unrolled(session.facts)


def shown(facts: Facts) -> dict[str, object]:
    return {**{(key.conversation.source, key.conversation.port, key.side, key.kind): (one.count, one.first, one.last, one.evidence) for key, one in facts.sightings.items()},
            "notes": dict(facts.notes), "flows": {key: (one.flows, one.packets) for key, one in facts.conversations.items()}}


def talk(words: str) -> list[bytes]:
    """Packets of several conversations: "a1 b1" is a piece of a, then one of b. A second "a>" begins a anew; "a+" leaves a hole."""
    frames, next_ = [], {}
    for word in words.split():
        name, piece = word[0], word[1:]
        if name not in next_ or piece == ">":
            frames.append(tcp(seq=next_.get(name, 0) + 9_999, flags="S", sport=40_000 + ord(name)))
            next_[name] = next_.get(name, 0) + 10_000
        if piece == "+":
            next_[name] += 5
        elif piece != ">":
            frames.append(tcp(piece.encode(), next_[name], sport=40_000 + ord(name)))
            next_[name] += len(piece)
    return frames


TALKS = {
    "each is first somewhere": "a1 b1 b2 a2 a3 c1 c2 c3 c4 a4 b3 b4 b5 a5 c5",
    "some part": "a1 b1 a2 b3 a4 b4 c1 c3 c4 c5 d1 d2 d4 d5",
    "broken": "a1 b1 a. b. a2 b2 a3 c1 c. c2 d1 d2",
    "broken at once": "a. b. a1 b1",
    "a hole": "a1 a2 b1 b2 b+ b3 a3 c1 c2 c3",
    "said at the end": "a1; b1; c1; c2 d1; d2 d3;",
    "a port is used again": "a1 a2 a> a1 a2 a3 b1 b2 a> a1 a4",
    "a bug": "a1 b1 a! b! a2 b2",
}


@pytest.mark.parametrize("at_once", [1, 2, 100])
@pytest.mark.parametrize("name", TALKS)
def test_it_is_the_same_as_with_a_decoder_for_each(name, at_once, monkeypatch):
    monkeypatch.setattr("consul_sniff.decoders.session.stream_decoders", lambda: (Letters,))
    frames = talk(TALKS[name])
    assert shown(facts_of(frames, at_once, apart=False)) == shown(facts_of(frames, at_once, apart=True))


def test_each_piece_is_decoded_once(monkeypatch):
    monkeypatch.setattr("consul_sniff.decoders.session.stream_decoders", lambda: (Letters,))
    monkeypatch.setattr(Letters, "read_all", [])
    facts_of(talk(TALKS["each is first somewhere"]), 1, apart=False)
    assert Letters.read_all == ["1", "2", "3", "4", "5"]


def test_what_stands_is_bounded_and_made_anew(monkeypatch):
    monkeypatch.setattr("consul_sniff.decoders.session.stream_decoders", lambda: (Letters,))
    frames = talk("a1 b2 c3 a4 b5 c6 d1 d4 d7 a7")
    apart = shown(facts_of(frames, 1, apart=True))
    monkeypatch.setattr(limits, "STANDING", 1)
    assert shown(facts_of(frames, 1, apart=False)) == apart


def test_a_small_memory_changes_nothing(monkeypatch):
    monkeypatch.setattr("consul_sniff.decoders.session.stream_decoders", lambda: (Letters,))
    frames = talk("".join(TALKS.values()))
    apart = shown(facts_of(frames, 1, apart=True))
    drained = pipeline.drain

    def drain(screen, session):
        drained(screen, session)
        session.unlearn(screen)

    monkeypatch.setattr(pipeline, "drain", drain)
    assert shown(facts_of(frames, 1, apart=False)) == apart
