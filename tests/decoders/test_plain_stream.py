from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack
import pytest

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.decoders.gossip import Tone
from consul_sniff.decoders.plain_stream import STATE_BYTES, PlainStream
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.limits import LZW_BYTES, MESSAGE_BYTES

if TYPE_CHECKING:
    from consul_sniff.model import Message


def pack(fields: dict[str, object]) -> bytes:
    return bytes(msgpack.packb(dict(sorted(fields.items())), use_bin_type=False))


def node(number: int, meta: bytes = b"") -> bytes:
    return pack({"Name": f"n{number}", "Addr": number.to_bytes(4, "big"), "Port": 8301, "Meta": meta, "Incarnation": 1,
                 "State": number % 4, "Vsn": b"\x01\x05\x02\x02\x05\x04"})


SERF_STATE = b"\x02" + pack({"LTime": 1, "StatusLTimes": {"n0": 1}, "LeftMembers": [], "EventLTime": 1, "Events": [],
                             "QueryLTime": 1})


def push_pull(nodes: int, state: bytes = SERF_STATE, meta: bytes = b"") -> bytes:
    header = pack({"Nodes": nodes, "UserStateLen": len(state), "Join": False})
    return b"\x06" + header + b"".join(node(number, meta) for number in range(nodes)) + state


def compressed(data: bytes) -> bytes:
    """Literal codes only, cleared before the width grows: larger than its input, as random data is."""
    codes: list[int] = []
    for at in range(0, len(data), 200):
        codes += [256, *data[at:at + 200]]
    bits = "".join(format(code, "09b")[::-1] for code in [*codes, 257])
    packed = int(bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")
    return b"\x09" + pack({"Algo": 0, "Buf": packed})


def feed(data: bytes, step: int, budget: int = LZW_BYTES) -> tuple[list[Message], PlainStream, int]:
    """As the driver feeds it: *step* bytes more at a time, and not before as many as were asked for."""
    stream = PlainStream(Tone(), Budget(budget))
    messages: list[Message] = []
    at = want = largest = 0
    for have in [*range(step, len(data), step), len(data)]:
        if have - at < want:
            continue
        cursor = Cursor(data[:have], at)
        want = 0
        while cursor.position < have and not stream.ended:
            before = cursor.position
            try:
                messages += stream.read(cursor)
            except NeedMoreData as more:
                want = have - before + more.missing
                break
            assert cursor.position > before
            at = cursor.position
        largest = max(largest, want)
    return messages, stream, largest


@pytest.mark.parametrize("wrap", [bytes, compressed])
@pytest.mark.parametrize("step", [1, 17, 1_000_000])
def test_a_push_pull_is_read_node_by_node(step: int, wrap: type[bytes]) -> None:
    messages, stream, largest = feed(wrap(push_pull(20)), step)
    assert [message.kind for message in messages] == ["push-pull", *["node-state"] * 20, "serf-push-pull"]
    assert stream.ended
    assert largest < 200
    states = [dict(message.fields)["state"] for message in messages[1:5]]
    assert states == ["alive", "suspect", "dead", "left"]
    assert messages[4].claims[0].subject == ("n3", "0.0.0.3")


def test_a_large_pool_needs_no_large_buffer() -> None:
    data = push_pull(5_000, meta=b"\xff" + pack({"role": "node", "dc": "dc1", "id": "x" * 200}))
    assert len(data) > LZW_BYTES
    messages, stream, largest = feed(data, 1_400)
    assert stream.ended
    assert len(messages) == 5_002
    assert largest < 1_000


def test_a_large_compressed_pool_is_told_up_to_the_budget() -> None:
    data = compressed(push_pull(5_000))
    messages, stream, _ = feed(data, 1_400, budget=200_000)
    assert stream.ended
    assert messages[-1].summary == "the rest is not read: lzw budget"
    assert 500 < len(messages) < 2_000


def test_a_map_that_go_did_not_write_is_taken_whole() -> None:
    inner = compressed(push_pull(3))
    buf = msgpack.unpackb(inner[1:], raw=True)[b"Buf"]
    other = b"\x09" + msgpack.packb({"Buf": buf, "Algo": 0}, use_bin_type=False)
    messages, stream, _ = feed(other, len(other))
    assert stream.ended
    assert len(messages) == 5
    with pytest.raises(DecodeError, match="algorithm"):
        feed(b"\x09" + msgpack.packb({"Buf": buf, "Algo": 1}, use_bin_type=False), 9_999)


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b"\x00" + pack({"Node": "s", "SeqNo": 1}), ["ping"]),
        (b"\x02" + pack({"Payload": b"", "SeqNo": 1}), ["ack"]),
        (b"\x0d" + pack({"Error": "no"}), ["error"]),
        (b"\x06" + pack({"Nodes": 0, "UserStateLen": 0, "Join": True}), ["push-pull"]),
        (b"\x08" + pack({"UserMsgLen": len(SERF_STATE)}) + SERF_STATE, ["serf-push-pull"]),
        (b"\x08" + pack({"UserMsgLen": 5}) + b"other", ["user"]),
        (b"\x08" + pack({"UserMsgLen": 0}), []),
        (push_pull(1, SERF_STATE[:-3]), ["push-pull", "node-state", "user"]),
    ],
)
def test_other_messages(data: bytes, kinds: list[str]) -> None:
    for step in (1, len(data)):
        messages, stream, _ = feed(data, step)
        assert [message.kind for message in messages] == kinds
        assert stream.ended
    assert [message.kind for message in PlainStream(Tone(), None).read_all(data)] == kinds


def test_a_large_user_state_is_stepped_over() -> None:
    size = MESSAGE_BYTES + 10
    data = b"\x06" + pack({"Nodes": 0, "UserStateLen": size, "Join": False}) + bytes(size)
    messages, stream, largest = feed(data, 50_000)
    assert [message.summary for message in messages][1:] == [f"user state of {size} bytes, not read"]
    assert stream.ended
    assert largest == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\x06" + pack({"Nodes": 1 << 21, "UserStateLen": 0, "Join": False}),
        b"\x06" + pack({"Nodes": -1, "UserStateLen": 0, "Join": False}),
        b"\x06" + pack({"Nodes": 0, "UserStateLen": STATE_BYTES + 1, "Join": False}),
        b"\x06" + pack({"Join": False, "UserStateLen": 7}),
        b"\x07" + pack({"Nodes": 1}),
        b"\x09\x82\xa4Algo\x00\xa3Buf\xa3\xff\xff\xff",
    ],
)
def test_refuses(data: bytes) -> None:
    with pytest.raises(DecodeError):
        feed(data, len(data))


def test_compressed_in_compressed_is_refused_as_memberlist_does() -> None:
    with pytest.raises(DecodeError, match="compress in compress"):
        feed(compressed(compressed(push_pull(1))), 9_999)


def test_a_broken_end_keeps_what_was_told() -> None:
    broken = push_pull(2)[:-len(SERF_STATE)] + b"\xc1" * len(SERF_STATE)
    assert [message.kind for message in PlainStream(Tone(), None).read_all(broken)][-1] == "user"
    cut = PlainStream(Tone(), None).read_all(push_pull(2)[:80])
    assert [message.kind for message in cut] == ["push-pull", "other"]
    messages, stream, _ = feed(compressed(push_pull(3)[:200]), 10)
    assert stream.ended
    assert messages[-1].summary == "the rest is not read: message ends too early"
