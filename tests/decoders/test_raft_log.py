"""Log entries: what Consul's state machine is told."""

import pytest

from consul_sniff.decoders.content import Scanner
from consul_sniff.decoders.raft_log import ENTRIES, Reader, entry_messages, found

from .rpc_bytes import APPEND, TOKEN, Raw, pack

TIME = Raw(b"\xaf\x01\x00\x00\x00\x0e\xe2\x95\x5b\x6b\x32\x77\xe0\x99\x00\x00")


def read(data, step=0):
    reader = Reader(Scanner("Raft log"))
    for start in range(0, len(data), step or len(data)):
        piece = data[start:start + (step or len(data))]
        reader.walk(piece, 0)
    assert reader.done
    return reader


def entries(*items):
    return pack({"Addr": "10.0.0.1:8300", "Entries": list(items), "Term": 2})


def entry(data, type_=0, extensions=None):
    return {"AppendedAt": TIME, "Data": data, "Extensions": extensions, "Index": 5, "Term": 2, "Type": type_}


def types(reader):
    return [dict(m.fields)["type"] for m in reader.messages if m.kind == "entry"]


@pytest.mark.parametrize("step", [0, 1, 9])
def test_a_real_entry(step):
    reader = read(APPEND[1:], step)
    assert types(reader) == ["kvs"]
    assert [(s.kind, s.where, s.path, s.length) for s in reader.messages[0].secrets] == [
        ("kv-value", "Raft log", "app/config/db", 19), ("acl-token", "Raft log", "", 36)]
    assert (reader.term, reader.entries) == (2, 1)


def test_names_of_entries_bit_7_and_log_types():
    assert (ENTRIES[2], ENTRIES[13], ENTRIES[17], ENTRIES[22], ENTRIES[31]) == (
        "kvs", "connect-ca", "acl-token-set", "config-entry", "system-metadata")
    reader = read(entries(entry(b"\x86\x90"), entry(b"\x0d\x80"), entry(b"\x7f"), entry(None, 1), entry(b"\x81\xa7Servers\x90", 5),
                          entry(b"", 4), entry(b"x", 99), entry(b"x", Raw(b"\xe0")), entry(b"\x02abc", 0, b"chunk info")))
    assert types(reader) == ["coordinate", "connect-ca", "other", "noop", "configuration", "barrier", "other", "other", "chunk"]


@pytest.mark.parametrize("size", [Raw(b"\xe0"), Raw(b"\xc0"), Raw(b"\xc2"), "90", 0])
def test_a_size_that_is_none(size):
    assert read(pack({"Addr": "a", "Size": size, "Term": 2})).size == 0


def test_entries_in_source_order():
    item = {"Index": 5, "Term": 2, "Type": 5, "Data": b"\x81", "Extensions": None, "AppendedAt": TIME}
    assert types(read(entries(item))) == ["configuration"]


def test_secrets_of_one_entry_do_not_reach_the_next():
    reader = read(entries(entry(b"\x11" + pack({"SecretID": TOKEN})), entry(b"\x02" + pack({"Op": "set"}))))
    assert [len(m.secrets) for m in reader.messages] == [1, 0]


def test_remote_execution_in_the_log():
    reader = read(entries(entry(b"\x03" + pack({"Session": {"Name": "Remote Exec"}}))))
    assert [(m.protocol, m.kind, m.fields) for m in reader.messages] == [
        ("raft", "entry", (("type", "session"),)), ("raft", "remote-exec", (("via", "session"),))]


def test_an_entry_that_ends_early_is_told_by_what_was_in_it():
    reader = Reader(Scanner("Raft log"))
    reader.walk(entries(entry(b"\x02" + pack({"Token": TOKEN, "More": "x" * 300})))[:200], 0)
    assert [m.fields for m in found("unknown", reader.pending())] == [(("type", "unknown"),)]
    assert reader.pending() == []
    assert found("unknown", []) == []
    assert entry_messages("", [], kind="snapshot")[0].fields == ()
