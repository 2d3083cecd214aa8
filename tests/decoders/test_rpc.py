"""The mode byte: alone it proves nothing, kept it says all."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.msgpack_rpc import MsgpackRpc
from consul_sniff.decoders.raft import Raft
from consul_sniff.decoders.rpc import PREFACE, ConsulRpc, keeps
from consul_sniff.decoders.snapshot import Snapshot
from consul_sniff.decoders.yamux import Yamux
from consul_sniff.errors import DecodeError
from consul_sniff.model import Protection

from .rpc_bytes import ANSWERER, APPEND, CALLER, SNAPSHOT, VOTE, call, drive, kinds, opening, pack

HELLO = bytes.fromhex("1603010200010001fc0303")
OPENINGS = {
    0: b"\x00" + call("Status.Leader", {}), 1: VOTE, 3: b"\x03" + HELLO, 4: CALLER, 5: SNAPSHOT, 6: b"\x06\x09\x82\xa4Algo\x00\xa3Buf",
    7: b"\x07" + HELLO, 8: b"\x08" + PREFACE, 9: b"\x09" + APPEND,
}
FOLLOWERS = {0: MsgpackRpc, 1: Raft, 4: Yamux, 5: Snapshot, 9: Raft}


@pytest.mark.parametrize("mode", OPENINGS)
def test_a_promise_kept_is_claimed_as_soon_as_it_shows(mode):
    data = OPENINGS[mode]
    assert ConsulRpc.claims(opening(data)) is True
    answers = [ConsulRpc.claims(opening(data[:count])) for count in range(1, len(data) + 1)]
    assert answers[0] is None
    assert False not in answers
    assert answers.index(True) <= 26


@pytest.mark.parametrize("mode", OPENINGS)
@pytest.mark.parametrize("follows", [b"GET / HTTP/1.1\r\n\r\n" * 2, bytes(40), b"\xff" * 40, b"\x00\x00\x00\x04" * 10, b"\x81\xa3foo" + bytes(20)])
def test_a_promise_broken_is_not(mode, follows):
    assert ConsulRpc.claims(opening(bytes([mode]) + follows)) is False


@pytest.mark.parametrize("mode", [2, 10, 0x16, 0x47, 0xFF])
def test_other_bytes_promise_nothing(mode):
    assert ConsulRpc.claims(opening(bytes([mode]))) is False


def test_only_who_opens_sends_one():
    assert ConsulRpc.claims(opening(b"", CALLER, opener=0)) is False
    assert ConsulRpc.claims(opening(b"", CALLER, opener=1)) is True
    assert ConsulRpc.claims(opening(b"", CALLER, began=False, opener=None)) is True
    assert ConsulRpc.claims(opening(b"\x04", began=False, opener=None)) is False
    assert ConsulRpc.claims(opening()) is False


@pytest.mark.parametrize("mode", FOLLOWERS)
def test_the_rest_is_handed_on(mode):
    data = OPENINGS[mode]
    decoder = ConsulRpc.begin(opening(b"", data, opener=1))
    assert decoder.originator == 1
    told = drive(decoder, [(1, data)], close=False)
    assert isinstance(decoder.successor, FOLLOWERS[mode])
    assert decoder.successor.originator == 1
    assert told[0][0] == 1
    assert told[0][1].kind == "mode"
    assert len(told) > 1


@pytest.mark.parametrize(("mode", "name", "protection"), [
    (0, "consul-rpc", "plaintext"), (1, "raft", "unknown"), (3, "tls", "encrypted"), (4, "yamux", "plaintext"), (5, "snapshot", "plaintext"),
    (6, "gossip", "unknown"), (7, "tls-insecure", "encrypted"), (8, "grpc", "plaintext"), (9, "raft-forwarding", "unknown"),
])
def test_the_mode_is_told_with_what_it_shows_itself(mode, name, protection):
    decoder = ConsulRpc.begin(opening(OPENINGS[mode]))
    (_, message), = drive(decoder, [(0, OPENINGS[mode][:1])], close=False)
    assert dict(message.fields) == {"mode": name}
    assert message.protection is Protection(protection)
    assert decoder.successor is not None


def test_answers_may_overtake_the_mode_byte():
    decoder = ConsulRpc.begin(opening(CALLER))
    told = drive(decoder, [(1, ANSWERER), (0, CALLER)])
    assert [(side, m.kind) for side, m in told] == [(1, "yamux"), (1, "response"), (1, "response"), (0, "mode"), (0, "request"), (0, "request")]


@pytest.mark.parametrize("step", [1, 2, 30])
def test_a_mode_byte_alone_in_its_segment(step):
    told = drive(ConsulRpc.begin(opening(CALLER)), [(0, CALLER), (1, ANSWERER)], split=step)
    assert [k for k in kinds(told) if k != "body"] == ["mode", "yamux", "request", "request", "response", "response"]


def test_connections_of_calls_and_snapshots_are_known_without_it():
    for data, kind in ((call("KVS.Get", {}), "request"), (SNAPSHOT[1:], "snapshot")):
        middle = opening(data, began=False, opener=None)
        assert ConsulRpc.claims(middle) is True
        assert kinds(drive(ConsulRpc.begin(middle), [(0, data)])) == [kind]


def test_yamux_must_open_with_a_syn():
    assert keeps(4, b"\x04" + bytes.fromhex("000200010000000000000000"))
    assert keeps(4, b"\x04" + bytes.fromhex("000100020000000100000000")) is False
    assert keeps(4, b"\x04" + bytes.fromhex("000100010000000200000000")) is False


@given(st.integers(0, 9), st.binary(max_size=40))
def test_any_bytes_get_an_answer(mode, data):
    at = opening(bytes([mode]) + data)
    if ConsulRpc.claims(at):
        with suppress(DecodeError):
            drive(ConsulRpc.begin(at), [(0, bytes([mode]) + data)])


def test_nomads_calls_are_not_consuls_mode():
    assert ConsulRpc.claims(opening(b"\x01" + call("Node.Register", {}))) is False
    assert ConsulRpc.claims(opening(b"\x00" + pack({"Term": 1}))) is False
