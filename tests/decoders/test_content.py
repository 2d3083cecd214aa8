"""What bodies hold, found by key over any borders."""

import base64
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import secrets
from consul_sniff.decoders.content import CREDIT_BYTES, HOLD_BYTES, Pool, Remote, Scanner
from consul_sniff.decoders.rpc_header import Header
from consul_sniff.model import Secret

from .rpc_bytes import ANSWERER, APPEND, CALLER, SIDECAR, TOKEN, Raw, answer, call, pack

KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
ACL = secrets.token("acl-token", TOKEN, "RPC body")


def scan(data, step=0):
    scanner = Scanner("RPC body")
    step = step or max(len(data), 1)
    return [hit for start in range(0, len(data), step) for hit in scanner.feed(data[start:start + step])] + scanner.flush()


def found(value):
    return scan(pack(value))


@pytest.mark.parametrize("raw", [pack(TOKEN), b"\xd9\x24" + TOKEN.encode(), b"\xc4\x24" + TOKEN.encode()])
def test_a_token_in_every_form_of_string(raw):
    assert found({"QueryOptions": {"Token": Raw(raw)}}) == [ACL]


@pytest.mark.parametrize("text", ["", None, "anonymous", "00000000-0000-0000-0000-000000000002", "<hidden>", 7, "a b", "\x00\x01", "x" * 600])
def test_what_is_no_token(text):
    assert found({"Token": text}) == []


def test_a_token_need_not_be_a_uuid():
    assert found({"Token": "s3cret"}) == [secrets.token("acl-token", "s3cret", "RPC body")]


def test_a_vault_token_in_a_ca_configuration_is_vaults():
    assert found({"Config": {"Token": "hvs.CAESIJlabtoken0123456789"}})[0].kind == "vault-token"


def test_secret_ids_and_lookups_by_secret():
    secret = secrets.token("secret-id", TOKEN, "RPC body")
    assert found({"AccessorID": "x", "SecretID": TOKEN}) == [secret]
    assert found({"BootstrapSecret": TOKEN}) == [secret]
    assert found({"TokenID": TOKEN, "TokenIDType": "secret"}) == [ACL]
    assert found({"TokenID": TOKEN, "TokenIDType": "accessor"}) == []


def test_kv_entries_sorted_and_in_source_order():
    entry = {"CreateIndex": 22, "Flags": 0, "Key": "db/pass\u202e", "LockIndex": 0, "ModifyIndex": 22, "Session": TOKEN, "Value": "hunter2"}
    in_order = {"LockIndex": 0, "Key": "db/pass\u202e", "Flags": 0, "Value": "hunter2", "Session": "", "CreateIndex": 1}
    for shape in (entry, in_order):
        assert found({"Entries": [shape]}) == [secrets.kv_value("db/pass\\u{202e}", 7, "RPC body")]
    assert found({**entry, "Value": None}) == []
    assert found({"Key": "db/pass", "Value": "x"}) == []


def test_a_value_too_large_to_wait_for_is_told_by_its_length():
    scanner = Scanner("RPC body")
    entry = pack({"Flags": 0, "Key": "big", "LockIndex": 0, "ModifyIndex": 1, "Session": ""})[1:]
    assert scanner.feed(entry + pack("Value") + b"\xdb\x00\x08\x00\x00xxx") == [secrets.kv_value("big", 524_288, "RPC body")]
    assert scanner.feed(b"x" * 100_000 + pack({"Token": TOKEN})) == [ACL]


def test_remote_execution_by_key_event_and_session_once_a_call():
    path = f"_rexec/{TOKEN}/job"
    assert found({"Flags": 0, "Key": path, "LockIndex": 0, "Value": "x"}) == [secrets.kv_value(path, 1, "RPC body"), Remote("kv")]
    assert found({"Keys": [path, path]}) == [Remote("kv")]
    assert found({"Prefix": "_rexec/x"}) == [Remote("kv")]
    assert found({"Name": "_rexec"}) == [Remote("event")]
    assert found({"Name": "Remote Exec via c1@dc2"}) == [Remote("session")]
    assert found({"Name": "exec", "Key": "my_rexec/"}) == []
    again = call("KVS.ListKeys", {"Prefix": "_rexec/"})
    assert scan(again + again) == [Header("KVS.ListKeys", None), Remote("kv")] * 2


def test_gossip_keys_only_in_keyring_calls():
    key = base64.b64encode(b"k" * 32).decode()
    secret = secrets.gossip_key(b"k" * 32, "RPC body")
    header = Header("Internal.KeyringOperation", None)
    assert scan(call("Internal.KeyringOperation", {"Key": key, "Operation": "install"})) == [header, secret]
    assert scan(answer("Internal.KeyringOperation", {"Responses": [{"Keys": {key: 3}}]}))[1:] == [secret]
    assert scan(call("KVS.Get", {"Key": key})) == [Header("KVS.Get", None)]


def test_a_header_without_its_beginning_or_its_end():
    assert scan(call("KVS.Get", {})[5:]) == [Header("KVS.Get", None)]
    assert scan(call("Status.RaftStats", {})[:30]) == [Header("Status.*", None)]
    assert scan(answer("Status.RaftStats", {})[:30]) == [Header("*", "")]
    assert scan(call("KVS.Get", {})[:9]) == []


def test_private_keys_whole_cut_and_one_after_another():
    whole = secrets.private_key(KEY, "RPC body")
    assert whole.fingerprint is not None
    assert [hit._replace(length=0) for hit in found({"PrivateKey": KEY})] == [whole._replace(length=0)]
    assert scan(b"\xda\x02\x00" + KEY[:120]) == [Secret("private-key", None, "RPC body", "", 120)]
    kinds = scan(KEY[:120] + KEY)
    assert [hit.fingerprint for hit in kinds] == [None, whole.fingerprint]
    assert scan(b"-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----") == []


REAL = CALLER + ANSWERER + SIDECAR + APPEND + pack({"PrivateKey": KEY, "SecretID": TOKEN})


@pytest.mark.parametrize("step", [1, 2, 5, 31, 97])
def test_borders_do_not_matter(step):
    whole = scan(REAL)
    assert len(whole) >= 12
    assert scan(REAL, step) == whole


@given(st.lists(st.integers(0, len(REAL)), max_size=12))
def test_borders_do_not_matter_wherever_they_are(cuts):
    scanner = Scanner("RPC body")
    edges = [0, *sorted(cuts), len(REAL)]
    hits = [hit for start, stop in pairwise(edges) for hit in scanner.feed(REAL[start:stop])]
    assert hits + scanner.flush() == scan(REAL)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([
    b"\xa5Token", b"\xa5Flags", b"\xa3Key", b"\xa4Kind\xadconnect-proxy", b"\x82\xa3Seq", b"\xadServiceMethod", b"-----BEGIN ", b"\xa7Address",
    b"\xa7Connect", b"\xdf\xff\xff\xff\xff", b"\xda\xff\xff", b"\xa6Action\xa4deny", b"_rexec/", b"\xa0", b"\xabServiceKind\xadconnect-proxy",
]), max_size=20))
def test_no_bytes_break_it(pieces):
    scanner = Scanner("x")
    for piece in pieces:
        scanner.feed(piece)
        assert len(scanner._held) <= HOLD_BYTES + 60
    scanner.flush()
    assert scanner._held == b""


def test_what_never_ends_is_held_within_bounds():
    pool = Pool()
    scanner = Scanner("x", pool)
    for head in (b"-----BEGIN PRIVATE KEY-----", b"\xa4Kind\xadconnect-proxy" + b"\xa1a\x01" * 10 + b"\xa1b\xdd\x00\x00\x0f\xff", b"\xa5Token\xd9\xff"):
        for turn in range(200):
            scanner.feed(b"A" * 100 if turn else head)
            assert pool.used == len(scanner._held) <= HOLD_BYTES + 300
        scanner.flush()
        assert pool.used == 0


def test_a_full_pool_gives_up_instead_of_holding():
    pool = Pool()
    pool.used = 10**9
    data = b"\xa5Token\xd9\xc8" + pack({"SecretID": TOKEN})
    assert Scanner("x").feed(data) == []
    assert [hit.kind for hit in Scanner("x", pool).feed(data)] == ["secret-id"]


def test_maps_that_nest_are_read_as_often_as_the_bytes_pay_for():
    scanner = Scanner("x")
    unit = b"\xa4Kind\xadconnect-proxy\xa1b\x9f"
    worst = 0
    for _ in range(100):
        before = scanner._credit
        scanner.feed(unit * 100)
        worst = max(worst, before - scanner._credit)
        assert scanner._credit > -HOLD_BYTES
    assert worst < CREDIT_BYTES + 2 * HOLD_BYTES
    scanner.flush()
    assert scanner.feed(pack({"Token": TOKEN})) == [ACL._replace(where="x")]
