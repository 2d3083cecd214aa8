"""DNS messages: none that the decoder would refuse, and the same question."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.decoders.dns import parse
from consul_sniff.decoders.memberlist import Memberlist
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.screen.gossip import Gossip
from consul_sniff.screen.names import Names
from consul_sniff.screen.words import Seen, Window

from .test_others import query, reply


@given(st.sampled_from([query(), query(name=b"\0"), reply(), reply(3, b"\xc0\x10"), reply(1, b"\2ab\xc0\x10")]),
       st.lists(st.tuples(st.integers(2, 70), st.integers(0, 255)), max_size=2), st.integers(0, 3))
def test_what_is_called_dns_is_dns_with_that_question(data, changes, less):
    bytes_ = bytearray(data[:len(data) - less])
    for place, value in changes:
        if place < len(bytes_):
            bytes_[place] = value
    window = Window(1)
    window.look(bytearray(bytes_ + bytes(64)))
    it = Names(window)
    if not it.message(0, len(bytes_)):
        return
    said = parse(bytes(bytes_))
    labels = bytes_[it.question:it.question_stop]
    assert len(labels) == (len(said.name) + 1 if said.name else 0)
    assert (it.type, it.flags & 15, min(it.answers, 16)) == (said.type, said.rcode, len(said.answers))
    assert said.response == (it.flags >= 0x8000)


def test_a_usual_query_and_answer_are_dns():
    for data in (query(), reply()):
        window = Window(1)
        window.look(bytearray(data + bytes(64)))
        assert Names(window).message(0, len(data))


def test_dns_by_its_first_two_bytes_is_no_gossip_for_the_decoder() -> None:
    rng = random.Random(1)
    for kind in range(14):
        for low in range(256):
            if not unsure(kind, low):
                data = bytes((kind, low)) + query(name=bytes((9,)) + rng.randbytes(9) + b"\0")[2:]
                with pytest.raises((DecodeError, NeedMoreData)):
                    list(Memberlist().read(Cursor(data), Budget(1 << 20)))


def unsure(kind: int, low: int) -> bool:
    from consul_sniff.screen.words import Window

    window = Window(1)
    window.look(bytearray(bytes((kind, low)) + bytes(64)))
    return bool(Gossip(window, Seen(16)).unsure(0))
