from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import serf
from consul_sniff.decoders.base import Budget
from consul_sniff.decoders.gossip import KINDS, Tone
from consul_sniff.errors import DecodeError, NeedMoreData

if TYPE_CHECKING:
    from consul_sniff.model import Message

#: rexec-s1.pcap, frame 1086: remote execution is fired
REXEC = bytes.fromhex(
    "0384a24343c2a54c54696d6502a44e616d65b3636f6e73756c3a6576656e743a5f7265786563a75061796c6f6164da007e84a24944d92432623664"
    "633731612d633533302d363238342d386361342d643031313937363739663135a16ea65f7265786563a170c4447b22507265666978223a225f7265"
    "786563222c2253657373696f6e223a2261613265623931362d656534622d336430332d643162642d626534366432386532643264227da17601",
)
#: plain-s1.pcap, frame 248
LEADER = bytes.fromhex(
    "0384a24343c2a54c54696d6501a44e616d65b1636f6e73756c3a6e65772d6c6561646572a75061796c6f6164a27333",
)
KEY = bytes(range(32))
FINGERPRINT = "sha256:" + sha256(KEY).hexdigest()[:8]


def pack(kind: int, fields: dict[str, object]) -> bytes:
    return bytes((kind,)) + msgpack.packb(dict(sorted(fields.items())), use_bin_type=False)


def read(data: bytes, tone: Tone = Tone()) -> list[Message]:  # noqa: B008
    messages = serf.read(data, tone, Budget(9_999))
    for message in messages:
        assert {name for name, _ in message.fields} <= set(KINDS[message.kind])
        assert tuple(sorted(message.fields)) == message.fields
    return messages


def query(name: str, payload: bytes, **more: object) -> bytes:
    return pack(serf.QUERY, {"LTime": 3, "ID": 99, "Name": name, "Payload": payload, "SourceNode": "s1", **more})


def test_remote_execution() -> None:
    (message,) = read(REXEC)
    assert message.kind == "user-event"
    assert message.fields == (("name", "consul:event:_rexec"), ("remote_exec", True))
    assert "aa2eb916" not in str(message.detail)  # the session


def test_a_new_leader() -> None:
    (message,) = read(LEADER)
    assert (message.fields, message.summary) == ((("name", "consul:new-leader"),), "user event consul:new-leader")
    assert read(LEADER + b"trailing") == [message]


@pytest.mark.parametrize("short", range(len(LEADER)))
def test_a_cut_message_needs_more(short: int) -> None:
    with pytest.raises(NeedMoreData):
        serf.read(LEADER[:short], Tone(), Budget(99))
    told = serf.cut(LEADER[:short], Tone())
    assert (told is not None) == (short > 4)
    if told is not None:
        assert (told.kind, told.fields, told.detail) == ("user-event", (("name", None),), {"cut": True})


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        (0, {"LTime": 1, "Node": "c1", "Prune": False}, "leave c1"),
        (1, {"LTime": 1, "Node": "c1"}, "join c1"),
        (3, {"LTime": 1, "Name": "deploy\x1b", "Payload": b"", "CC": False}, "user event deploy\\u{1b}"),
        (4, {"ID": 1, "Name": "uptime", "SourceNode": "n"}, "query uptime from n"),
        (5, {"ID": 1, "From": "n", "Payload": b"ok"}, "query response from n"),
        (6, {"Name": "n", "Addr": b"\x0a\0\0\1", "Tags": {}}, "conflict-response n"),
        (9, {"DestAddr": {"IP": b"\x0a\0\0\1", "Port": 7946, "Zone": ""}, "DestName": "n"}, "relay to n"),
    ],
)
def test_messages_in_words(kind: int, fields: dict[str, object], told: str) -> None:
    data = pack(kind, fields) + (LEADER if kind == serf.RELAY else b"")
    messages = read(data)
    assert messages[0].summary == told
    assert len(messages) == 1 + (kind == serf.RELAY)


def test_names_that_users_made_are_folded() -> None:
    assert read(pack(3, {"LTime": 1, "Name": "deploy-7f"}))[0].fields == (("name", "other"),)
    assert read(query("uptime", b""))[0].fields == (("name", "other"),)
    assert read(query("_serf_ping", b""))[0].fields == (("name", "_serf_ping"),)


@pytest.mark.parametrize("name", ["install", "use", "remove"])
def test_a_key_in_a_query_is_a_secret(name: str) -> None:
    data = query(f"_serf_{name}-key", pack(serf.KEY_REQUEST, {"Key": KEY}))
    (message,) = read(data)
    assert (message.kind, message.fields) == ("key-request", (("name", f"_serf_{name}-key"),))
    assert message.secrets == (("gossip-key", FINGERPRINT, f"gossip query _serf_{name}-key", "", 32),)
    assert_no_key(message)
    (opened,) = read(data, Tone(decrypted=True))
    assert opened.secrets == ()
    assert opened.detail == {"key": [FINGERPRINT]}


def test_listed_keys_are_secrets_each_once() -> None:
    keys = [KEY, bytes(16)]
    texts = [base64.b64encode(key).decode() for key in keys]
    answer = pack(serf.KEY_RESPONSE, {"Keys": [*texts, "no key", 7], "PrimaryKey": texts[0], "Result": True, "Message": ""})
    (message,) = read(pack(serf.QUERY_RESPONSE, {"ID": 1, "From": "s2", "Payload": answer}))
    assert message.kind == "key-response"
    assert [secret.fingerprint for secret in message.secrets] == [
        FINGERPRINT, "sha256:" + sha256(bytes(16)).hexdigest()[:8]]
    assert message.summary == "key response from s2 with 2 gossip keys"
    assert_no_key(message)


def assert_no_key(message: Message) -> None:
    shown = repr(message)
    assert KEY.hex() not in shown
    assert base64.b64encode(KEY).decode() not in shown
    assert repr(KEY)[2:-1] not in shown


def test_asking_for_keys_shows_none() -> None:
    (message,) = read(query("_serf_list-keys", pack(serf.KEY_REQUEST, {"Key": b""})))
    assert (message.summary, message.secrets) == ("list-keys", ())


def test_state_of_a_push_pull() -> None:
    data = pack(serf.PUSH_PULL, {
        "LTime": 9, "StatusLTimes": {"s1": 4, "s2": 5}, "LeftMembers": ["c1"], "EventLTime": 2, "QueryLTime": 1,
        "Events": [None, {"LTime": 1, "Events": [{"Name": "consul:new-leader", "Payload": b"s1"}]}],
    })
    (message,) = read(data)
    assert (message.summary, message.fields) == ("serf state of 2 members", ())
    assert message.detail == {"members": 2, "left": 1, "events": ["consul:new-leader"]}
    fired = data.replace(b"\xb1consul:new-leader", b"\xb3consul:event:_rexec")
    assert read(fired)[0].fields == (("remote_exec", True),)


def test_relays_do_not_nest_without_end() -> None:
    relay = pack(serf.RELAY, {"DestAddr": {"IP": b"", "Port": 1}, "DestName": "n"})
    assert len(read(relay * 7 + LEADER)) == 8
    with pytest.raises(DecodeError, match="relay"):
        read(relay * 8 + LEADER)


@pytest.mark.parametrize("data", [b"\x0a\x81\xa4Node", b"\x03\x81\xa4None\x01", b"\x03\x90", b"\x03\x81\xa5LTime\x01"])
def test_refuses_what_is_not_serf(data: bytes) -> None:
    with pytest.raises(DecodeError):
        read(data)


@given(st.binary(max_size=120), st.integers(0, 9), st.booleans())
def test_only_the_two_errors_leave(data: bytes, kind: int, graft: bool) -> None:  # noqa: FBT001
    known = serf.SHAPES[kind]
    if graft:
        data = b"\x82" + known.keys[0] + data[:40] + b"\xa0" * 3
    try:
        read(bytes((kind,)) + data)
    except (DecodeError, NeedMoreData):
        pass
    else:
        assert serf.is_serf(bytes((kind,)) + data)
