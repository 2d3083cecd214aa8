"""What a message says, as a number: told by what is counted as said again, and what is handed on."""

from __future__ import annotations

import pytest

from consul_sniff.model import Framing

from .following import Following, answer, call, frame, heartbeat


def taken_back(data: bytes) -> bytes:
    """The bytes with the top bit of the first word turned, and those bits of the next that an odd factor and a shift make of it."""
    new = bytearray(data)
    new[7] ^= 0x80
    new[15] ^= 0x80
    new[12] ^= 0x04
    return bytes(new)


def test_numbers_that_nobody_reads_make_no_message_new_and_all_else_does():
    it = Following(Framing.RAFT_REQUEST)
    it.say(heartbeat())
    it.learn()
    assert it.say(heartbeat(1 << 40)) == []
    other = heartbeat(leader=b"10.0.0.9:8300")
    assert it.say(other) == [other]
    assert it.say(b"\x01" + heartbeat()[1:]) == [b"\x01" + heartbeat()[1:]]


def test_nobody_can_make_a_message_that_passes_for_another():
    """Where only the low half of products counts, the last of these bits takes the first's part back, whatever the seed is."""
    it = Following(Framing.RAFT_REQUEST)
    leader = bytes(range(32, 56))
    it.say(heartbeat(leader=leader))
    it.learn()
    other = heartbeat(leader=taken_back(leader))
    assert it.say(heartbeat(leader=leader), other) == [other]


def test_answers_begin_with_an_error():
    it = Following(Framing.RAFT_ANSWER)
    assert it.say(answer()) == [answer()]
    it.learn()
    assert it.say(answer(1000)) == []
    refused = b"\xa4away" + answer()[1:]
    assert it.say(refused) == [refused]


@pytest.mark.parametrize("body", [call(1) + b"\xc0", call(1)[:-1], b"\x82\xa3Sep\x01\xa1a\x01\x80", b"no call"], ids=str)
def test_what_is_no_whole_call_is_handed_on_with_its_header(body):
    it = Following(Framing.YAMUX)
    one = frame(body)
    said = it.say(one[:12], one[12:])
    assert b"".join(said) == one
    assert [payload.unit for payload in it.run.payloads] == [0] * len(said)
