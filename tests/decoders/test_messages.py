from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.decoders.gossip import ACK, COMPOUND, DEAD, ERROR, INDIRECT_PING, KINDS, NACK, PING, SUSPECT, Tone
from consul_sniff.decoders.messages import NODE, _read, node_state, push_pull, repeated, tell
from consul_sniff.errors import DecodeError, NeedMoreData


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


NODE_BYTES = bytes.fromhex("87a441646472a40a4d000bab496e6361726e6174696f6e01a44d657461") + b"\xb5\xff\x82\xa2dc\xa3dc1\xa4role\xa6consul" + \
    b"\xa4Name\xa2s1\xa4Port\xcd\x20\x6d\xa5State\x00\xa3Vsn\xa6\x01\x05\x02\x02\x05\x04"


def outcome(reader, data, left):
    cursor, budget = Cursor(data), Budget(left)
    try:
        said = reader(NODE, cursor, Tone(), budget)
    except DecodeError as error:
        return error.reason
    except NeedMoreData as error:
        return error.missing
    return said, cursor.position, budget.left


@given(st.lists(st.tuples(st.integers(0, len(NODE_BYTES) - 1), st.integers(0, 255)), max_size=3), st.integers(0, len(NODE_BYTES)),
       st.sampled_from([17, 18, 22, 1_000]))
def test_what_is_known_by_heart_is_what_reading_says(changes, stop, left):
    data = bytearray(NODE_BYTES)
    for at, value in changes:
        data[at] = value
    data = bytes(data[:stop])
    expected = outcome(_read, data, left)
    assert outcome(repeated, data, left) == expected
    assert outcome(repeated, data, left) == expected


def test_a_node_state_is_read_once():
    first, again = (repeated(NODE, Cursor(NODE_BYTES), Tone(), Budget(100)) for _ in range(2))
    assert first is again
    assert "alive s1 10.77.0.11:8301 server dc1" in first.summary


def test_a_long_one_is_not_kept():
    long = NODE_BYTES.replace(b"\xa2s1", b"\xda\x08\x00" + b"x" * 2_048)
    first, again = (repeated(NODE, Cursor(long), Tone(), Budget(100)) for _ in range(2))
    assert first == again
    assert first is not again
