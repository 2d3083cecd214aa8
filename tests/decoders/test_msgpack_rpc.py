"""Calls and answers as messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.msgpack_rpc import Calls, Late, MsgpackRpc, headers, is_header
from consul_sniff.model import Protection

from .rpc_bytes import ANSWERER, CALLER, TOKEN, answer, call, drive, kinds, opening, pack, secrets

REQUEST = CALLER[25:63]  # Status.RaftStats, without its frame header
REPLY = ANSWERER[24:104]


def test_a_call_and_its_answer():
    told = drive(MsgpackRpc(), [(0, REQUEST), (1, REPLY)])
    assert [(side, m.kind, m.fields) for side, m in told] == [
        (0, "request", (("method", "Status.RaftStats"),)),
        (1, "response", (("error", ""), ("method", "Status.RaftStats"))),
    ]
    assert {m.protection for _, m in told} == {Protection.PLAINTEXT}


def test_secrets_belong_to_their_call_and_later_pieces_are_its_body():
    data = call("KVS.Get", {"Key": "x", "Token": TOKEN})
    (_, whole), = drive(MsgpackRpc(), [(0, data)])
    assert whole.kind == "request"
    assert [s.kind for s in whole.secrets] == ["acl-token"]
    assert TOKEN not in repr(whole)
    pieces = drive(MsgpackRpc(), [(0, data[:30]), (0, data[30:])])
    assert [(m.kind, dict(m.fields), len(m.secrets)) for _, m in pieces] == [
        ("request", {"method": "KVS.Get"}, 0), ("body", {"method": "KVS.Get"}, 1)]


def test_an_acl_error_is_told():
    (_, message), = drive(MsgpackRpc(), [(1, answer("KVS.Get", None, "Permission denied"))])
    assert dict(message.fields) == {"error": "permission-denied", "method": "KVS.Get"}


def test_remote_execution_is_a_message_of_its_own():
    told = drive(MsgpackRpc(), [(0, call("Internal.EventFire", {"Name": "_rexec"}))])
    assert [(m.kind, m.fields) for _, m in told][1] == ("remote-exec", (("via", "event"),))


@pytest.mark.parametrize("step", [1, 4, 11])
def test_pieces_do_not_change_the_calls(step):
    data = (call("KVS.Get", {"Token": TOKEN}, 1) + call("KVS.List", {"Token": TOKEN}, 70_000)) * 2 + b"\xc2trailing"
    assert [m for _, m in drive(MsgpackRpc(), [(0, data)], split=step) if m.kind == "request"][1].fields == (("method", "KVS.List"),)
    assert secrets(drive(MsgpackRpc(), [(0, data)], split=step)) == secrets(drive(MsgpackRpc(), [(0, data)]))


def test_a_hole_ends_a_body_and_the_next_call_is_found():
    decoder = MsgpackRpc()
    data = call("KVS.Get", {"Token": TOKEN})
    drive(decoder, [(0, data[:-30])], close=False)
    decoder.gap(0, 30)
    told = drive(decoder, [(1, answer("KVS.Get", None)), (0, call("KVS.List", {}))])
    assert kinds(told) == ["response", "request"]
    assert not secrets(told)


def test_who_calls_is_the_originator():
    for side, data in ((1, REQUEST), (0, REPLY)):
        decoder = MsgpackRpc()
        drive(decoder, [(side, data)])
        assert decoder.originator == 1


def test_claims_whole_headers_only():
    assert MsgpackRpc.claims(opening(REQUEST, began=False))
    assert MsgpackRpc.claims(opening(b"", REPLY, began=False))
    assert MsgpackRpc.claims(opening(pack({"ServiceMethod": "KVS.Get", "Seq": 9})))
    for data in (b"", b"\x82", b"\x82\xa3Seq\x01", b"x" + REQUEST, pack({"Seq": 1, "Other": 2}), pack({"ServiceMethod": "1", "Seq": 2})):
        assert not MsgpackRpc.claims(opening(data))
    assert kinds(drive(MsgpackRpc.begin(opening(REQUEST)), [(0, REQUEST)])) == ["request"]


def test_headers_are_seen_by_their_first_bytes():
    assert is_header(REQUEST)
    assert is_header(REPLY)
    assert not is_header(REQUEST, 1)
    assert list(headers(b"xx" + REQUEST + REPLY, 0)) == [2, 2 + len(REQUEST)]


def test_late_messages_keep_their_side():
    late, calls = Late(), Calls()
    (one,), (two,) = calls.feed(0, REQUEST), calls.feed(1, REPLY)
    late.add(1, [two])
    late.add(0, [one])
    assert late.rest() == ([one, two], (0, 1))
    late.add(1, [two])
    assert (late.take(0), late.take(1), late.take(1)) == ([], [two], [])


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=50) | st.sampled_from([REQUEST, REPLY]), st.booleans()), max_size=10))
def test_no_bytes_break_it(parts):
    decoder = MsgpackRpc()
    for side, data, hole in parts:
        drive(decoder, [(side, data)], close=False)
        if hole:
            decoder.gap(side, 5)
    decoder.close()
