from __future__ import annotations

import pytest

from consul_sniff.decoders.base import Budget
from consul_sniff.decoders.gossip import ACK, COMPOUND, DEAD, ERROR, INDIRECT_PING, KINDS, NACK, PING, SUSPECT, Tone
from consul_sniff.decoders.messages import node_state, push_pull, tell
from consul_sniff.errors import DecodeError


@pytest.mark.parametrize(
    ("number", "fields", "kind", "summary"),
    [
        (PING, {b"SeqNo": 1, b"Node": b"s2", b"SourceNode": b"s1"}, "ping", "ping to s2 from s1"),
        (PING, {b"SeqNo": 1, b"Node": b"s2"}, "ping", "ping to s2"),
        (PING, {b"SeqNo": 1}, "ping", "ping"),
        (INDIRECT_PING, {b"Target": b"\x0a\0\0\1"}, "indirect-ping", "please ping 10.0.0.1"),
        (ACK, {b"SeqNo": 1, b"Payload": b"abc"}, "ack", "ack"),
        (NACK, {b"SeqNo": 1}, "nack", "nack"),
        (SUSPECT, {b"Node": b"a", b"From": b"b"}, "suspect", "b calls a suspect"),
        (DEAD, {b"Node": b"a", b"From": b"b"}, "dead", "b calls a dead"),
        (DEAD, {b"Node": b"a", b"From": b"a"}, "dead", "a left"),
        (DEAD, {b"Node": b"a"}, "dead", "somebody calls a dead"),
        (ERROR, {b"Error": b"bad\n"}, "error", "error: bad\\u{a}"),
    ],
)
def test_says_in_words_what_the_map_says(number: int, fields: dict[object, object], kind: str, summary: str) -> None:
    message = tell(number, fields, Tone(), Budget(99))
    assert (message.kind, message.summary) == (kind, summary)
    assert kind in KINDS


@pytest.mark.parametrize(("source", "state"), [(b"a", "left"), (b"b", "dead"), (b"", "dead")])
def test_who_calls_itself_dead_left(source: bytes, state: str) -> None:
    message = tell(DEAD, {b"Node": b"a", b"From": source, b"Incarnation": 4}, Tone(), Budget(99))
    assert message.claims[0].value == (("incarnation", 4), ("state", state))


@pytest.mark.parametrize(("number", "state"), [(0, "alive"), (1, "suspect"), (2, "dead"), (3, "left"), (9, "unknown"),
                                               (-1, "unknown")])
def test_states_of_nodes(number: int, state: str) -> None:
    message = node_state({b"Name": b"a", b"State": number}, Tone(), Budget(99))
    assert message.fields == (("state", state),)
    assert ("state", state) in message.claims[0].value


def test_push_pull_says_whether_it_joins() -> None:
    message = push_pull({b"Nodes": 1, b"Join": True, b"UserStateLen": 7}, Tone())
    assert (message.summary, message.fields) == ("push/pull of 1 node, join", (("join", True),))
    assert push_pull({b"Nodes": 3}, Tone()).summary == "push/pull of 3 nodes"


def test_wrappers_are_no_messages() -> None:
    with pytest.raises(DecodeError):
        tell(COMPOUND, {}, Tone(), Budget(9))
