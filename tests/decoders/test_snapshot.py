"""Snapshots: the request, the archive in windows, bombs."""

import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import snapshot
from consul_sniff.decoders.snapshot import Snapshot, is_request
from consul_sniff.errors import DecodeError

from .rpc_bytes import SNAPSHOT, SNAPSHOT_HEAD, TOKEN, Raw, drive, kinds, opening, pack, secrets

REQUEST = SNAPSHOT[1:]
STATE = pack({"LastIndex": 9}) + b"\x02" + pack({"CreateIndex": 1, "Flags": 0, "Key": "db/pass", "LockIndex": 0, "ModifyIndex": 1,
                                                "Session": "", "Value": "hunter2"}) + b"\x11" + pack({"SecretID": TOKEN})
ARCHIVE = gzip.compress(bytes(600) + STATE + bytes(2000))


@pytest.mark.parametrize("step", [0, 1, 17])
def test_a_snapshot_is_saved(step):
    told = drive(Snapshot(0), [(0, REQUEST), (1, SNAPSHOT_HEAD), (1, ARCHIVE)], split=step)
    assert (told[0][0], told[0][1].kind, told[0][1].fields) == (0, "snapshot", (("op", "save"),))
    assert [(s.kind, s.where, s.path) for s in secrets(told)] == [
        ("kv-value", "snapshot archive", "db/pass"), ("secret-id", "snapshot archive", "")]
    assert {side for side, m in told if m.kind == "body"} == {1}
    assert TOKEN not in repr(told)


def test_a_snapshot_is_restored_with_a_token():
    request = pack({"AllowStale": False, "Datacenter": "dc1", "Op": 1, "Token": TOKEN})
    told = drive(Snapshot(0), [(0, request + ARCHIVE)])
    assert dict(told[0][1].fields) == {"op": "restore"}
    assert [s.kind for s in secrets(told)] == ["acl-token", "kv-value", "secret-id"]


@pytest.mark.parametrize("op", [b"\xe0", b"\xff", b"\x7f", b"\xcf" + b"\xff" * 8])
def test_an_operation_that_nobody_knows_is_no_save(op):
    request = pack({"AllowStale": False, "Op": Raw(op)})
    assert dict(drive(Snapshot(0), [(0, request)])[0][1].fields) == {"op": "restore"}


def test_an_error_instead_of_an_archive_passes_by():
    decoder = Snapshot(0)
    told = drive(decoder, [(0, REQUEST), (1, SNAPSHOT_HEAD + b"no archive at all")])
    assert kinds(told) == ["snapshot"]
    assert not decoder.content(1)
    assert decoder.content(0)


def test_a_bomb_is_left():
    decoder = Snapshot(0)
    bomb = gzip.compress(bytes(300 * 1024 * 1024), 1)
    drive(decoder, [(1, SNAPSHOT_HEAD + bomb)], close=False, split=65_536)
    assert decoder._halves[1].given < 65 * 1024 * 1024 + snapshot.SLACK_BYTES
    assert not decoder.content(1)


def test_a_hole_ends_the_archive():
    decoder = Snapshot(0)
    random = gzip.compress(STATE + os.urandom(5000))
    drive(decoder, [(1, SNAPSHOT_HEAD + random[:3000])], close=False)
    decoder.gap(1, 100)
    assert not decoder.content(1)
    assert drive(decoder, [(1, random[3100:])]) == []


def test_a_map_that_is_no_head_is_out_of_step():
    with pytest.raises(DecodeError):
        drive(Snapshot(0), [(0, pack({"Other": 1}))])


def test_claims_its_request_only():
    assert is_request(REQUEST)
    assert is_request(pack({"Datacenter": "dc1", "Token": "", "Op": 0, "AllowStale": True}))
    assert is_request(REQUEST[:5]) is None
    assert is_request(b"") is None
    for data in (b"\x84\xa5Other\x01\xa1a\x01\xa1b", b"\x01\x02", b"\x84" + bytes(20)):
        assert is_request(data) is False
    assert Snapshot.claims(opening(b"", REQUEST, began=False, opener=None))
    assert Snapshot.begin(opening(b"", REQUEST)).originator == 1
    assert not Snapshot.claims(opening(b"\x84" + bytes(20)))


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=40) | st.sampled_from([REQUEST, SNAPSHOT_HEAD, ARCHIVE[:50], ARCHIVE]),
                          st.booleans()), max_size=8))
def test_only_the_two_errors_come_out(parts):
    decoder = Snapshot(0)
    try:
        for side, data, hole in parts:
            drive(decoder, [(side, data)], close=False)
            if hole:
                decoder.gap(side, 5)
    except DecodeError:
        pass
    decoder.close()
