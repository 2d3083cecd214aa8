"""Raft connections: whole, in pieces, from the middle, with holes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Cursor
from consul_sniff.decoders.raft import Raft
from consul_sniff.errors import DecodeError, NeedMoreData

from .rpc_bytes import APPEND, APPENDED, TOKEN, VOTE, VOTED, drive, kinds, opening, pack, secrets

REQUEST = VOTE[1:]
STATE = pack({"Flags": 0, "Key": "k", "LockIndex": 0, "ModifyIndex": 1, "Session": "", "Value": "v"}) + pack({"SecretID": TOKEN})


def said(told):
    return [(side, m.kind) for side, m in told]


@pytest.mark.parametrize("step", [0, 1, 5, 33])
def test_a_real_connection(step):
    told = drive(Raft(0), [(0, REQUEST), (1, VOTED), (0, APPEND), (1, APPENDED), (0, APPEND[:20])], split=step)
    assert said(told)[:4] == [(0, "request-vote"), (1, "response"), (0, "entry"), (0, "append-entries")]
    assert said(told)[4:] == [(1, "response"), (0, "append-entries")]  # the last one is cut, yet certain
    assert [s.kind for s in secrets(told)] == ["kv-value", "acl-token"]
    assert TOKEN not in repr(told)


#: a heartbeat and its answer as Raft before 1.3.7 writes them (Consul 1.10): no Addr and ID in front; cut at 96 bytes
OLD_REQUEST = bytes.fromhex("0087a7456e747269657390a64c6561646572af31302e37372e302e31323a")
OLD_ANSWER = bytes.fromhex("a085a74c6173744c6f6713ae4e6f52657472794261636b6f6666c2af5072")


@pytest.mark.parametrize(("sides", "originator"), [
    ((OLD_REQUEST, b""), 0), ((b"", OLD_REQUEST), 1), ((OLD_ANSWER, b""), 1), ((OLD_ANSWER, OLD_REQUEST), 1),
])
def test_an_old_servers_heartbeat_is_known_though_it_is_cut(sides, originator):
    one = opening(*sides, began=(False, False))
    assert Raft.claims(one) is True
    decoder = Raft.begin(one)
    assert decoder.originator == originator
    told = drive(decoder, list(enumerate(sides)))
    assert kinds(told) == ["append-entries" if data is OLD_REQUEST else "response" for data in sides if data]


def test_every_request_has_its_name():
    body = {"Addr": "10.0.0.1:8300", "Term": 2}
    for number, kind in enumerate(("append-entries", "request-vote", "install-snapshot", "timeout-now", "pre-vote")):
        assert kinds(drive(Raft(0), [(0, bytes([number]) + pack(body))])) == [kind]


@pytest.mark.parametrize("step", [0, 1, 10])
def test_a_snapshot_is_scanned_and_what_follows_is_in_step(step):
    head = b"\x02" + pack({"Addr": "10.0.0.1:8300", "Size": len(STATE), "Term": 2})
    told = drive(Raft(0), [(0, head + STATE + REQUEST)], split=step)
    assert [k for k in kinds(told) if k != "snapshot"] == ["install-snapshot", "request-vote"]
    assert [(s.kind, s.where) for s in secrets(told)] == [("kv-value", "Raft snapshot"), ("secret-id", "Raft snapshot")]


def test_a_hole_in_a_snapshot_keeps_the_step():
    decoder = Raft(0)
    told = drive(decoder, [(0, b"\x02" + pack({"Addr": "a", "Size": len(STATE), "Term": 2}) + STATE[:60])], close=False)
    decoder.gap(0, len(STATE) - 60)
    assert kinds(told + drive(decoder, [(0, REQUEST)])) == ["install-snapshot", "snapshot", "request-vote"]


@pytest.mark.parametrize("data", [b"\x05" + APPEND[1:], b"\x00\xc1", b"\x00\x01", b"\x00" + pack({"Key": 1}), b"\x00" + b"\x91" * 40])
def test_what_is_not_raft_is_out_of_step(data):
    with pytest.raises(DecodeError):
        drive(Raft(0), [(0, data)])


def test_what_was_whole_is_told_before_the_error():
    decoder = Raft(0)
    told = decoder.read(0, Cursor(REQUEST + b"\x09garbage"))
    assert [m.kind for m in told] == ["request-vote"]
    with pytest.raises(DecodeError):
        decoder.read(0, Cursor(b"more"))


@pytest.mark.parametrize(("sides", "originator"), [((APPEND, b""), 0), ((APPENDED, b""), 1), ((b"", APPEND), 1), ((APPENDED, APPEND), 1),
                                                  ((b"middle of an entry" + APPEND, b""), 0), ((APPEND[:31], b""), 0)])
def test_claims_from_the_middle_and_who_asks(sides, originator):
    at = opening(*sides, began=False, opener=None)
    assert Raft.claims(at)
    assert Raft.begin(at).originator == originator


@pytest.mark.parametrize("data", [b"", b"\x00", bytes(40), b"\x00\x84\xa3Seq\x01\xa1a\x01", b"\x00\x84\xa4Addr\xa3abc\x01", b"\x01" + pack({"Term": 2, "Name": 1}),
                                  b"\x00\x83\xa6Leader\xa1x\xa4Zero\x00"])
def test_claims_nothing_else(data):
    assert not Raft.claims(opening(data, began=False, opener=None))


def test_begins_inside_an_entry_and_finds_its_secrets():
    first = APPEND[150:] + APPEND
    decoder = Raft.begin(opening(first, began=False, opener=None))
    told = drive(decoder, [(0, first), (1, APPENDED)])
    assert said(told) == [(0, "entry"), (0, "entry"), (0, "append-entries"), (1, "response")]
    assert dict(told[0][1].fields) == {"type": "unknown"}
    assert [s.kind for s in told[0][1].secrets] == ["acl-token"]


def test_packets_cut_by_a_snap_length_still_count():
    decoder = Raft.begin(opening(APPEND[:30], began=False, opener=None))
    told = drive(decoder, [(0, APPEND[:30])], close=False)
    decoder.gap(0, len(APPEND) - 30)
    told += drive(decoder, [(0, APPEND[:30])], close=False)
    decoder.gap(0, len(APPEND) - 30)
    told += drive(decoder, [(1, APPENDED)])
    assert said(told) == [(0, "append-entries"), (1, "response"), (0, "append-entries")]


def test_a_message_that_begins_at_the_end_of_a_piece_is_waited_for():
    decoder = Raft.begin(opening(APPEND, began=False, opener=None))
    with pytest.raises(NeedMoreData):
        decoder.read(0, Cursor(b"rest of an entry" + APPEND[:5]))


PIECES = [REQUEST, APPEND, VOTED, APPENDED, b"\x02" + pack({"Addr": "a", "Size": 90, "Term": 2}), APPEND[:60]]


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=30) | st.sampled_from(PIECES), st.integers(0, 40)), max_size=10), st.booleans())
def test_only_the_two_errors_come_out(parts, lost):
    decoder = Raft.begin(opening(APPEND, began=False)) if lost else Raft(0)
    with suppress(DecodeError):
        for side, data, hole in parts:
            drive(decoder, [(side, data)], close=False)
            if hole:
                decoder.gap(side, hole)
    decoder.close()


@given(st.lists(st.tuples(st.integers(0, len(APPEND) - 1), st.integers(0, 255)), max_size=6), st.integers(0, 50))
def test_damaged_bytes_raise_nothing_else(damage, step):
    data = bytearray(APPEND + REQUEST)
    for at, byte in damage:
        data[at] = byte
    with suppress(DecodeError):
        drive(Raft(0), [(0, bytes(data)), (1, APPENDED)], split=step)
