"""Bodies of Consul's HTTP API."""

import base64
import gzip
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.consul_bodies import request_sink, response_sink
from consul_sniff.decoders.consul_routes import route
from consul_sniff.decoders.http_body import Finds
from consul_sniff.decoders.secrets import fingerprint

from .http_feed import PRINT, TOKEN

PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
KEY = base64.b64encode(bytes(range(32))).decode()
# acl_deny_plain-apiclient.pcap, frame 214, its SecretID replaced
CREATED = {"AccessorID": "b0ae8e44-9b42-1b6a-0f38-4f2a1e7f8f0d", "SecretID": TOKEN, "Description": "x", "Local": False,
           "CreateTime": "2026-11-22T03:50:48Z", "Hash": "x=", "CreateIndex": 27, "ModifyIndex": 27}
PROXY = {"DestinationServiceName": "db", "LocalServiceAddress": "127.0.0.1", "LocalServicePort": 5432,
         "Expose": {"Paths": [{"ListenerPort": 21500, "Path": "/healthz", "LocalPathPort": 8080}]}}
SIDECAR = {"Kind": "connect-proxy", "Service": "db-sidecar-proxy", "Port": 21000, "Address": "", "Proxy": PROXY}


def read(path, body, *, asked=False, ok=True, raw=False):
    finds = Finds()
    where = route(path) if path else None
    sink = request_sink(where, finds) if asked else response_sink(where, finds, ok=ok, raw=raw)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    for at in range(0, len(data), 1000):
        sink.feed(data[at:at + 1000])
    sink.done()
    return finds


def kinds(finds):
    return [(s.kind, s.fingerprint, s.path) for s in finds.secrets]


def said(finds):
    return [(c.kind, c.subject, dict(c.value).get("role") or dict(c.value).get("action")) for c in finds.claims]


@pytest.mark.parametrize(("path", "body"), [
    ("/v1/acl/token", CREATED), ("/v1/acl/tokens", [CREATED]), ("/v1/acl/login", CREATED), ("/v1/acl/bootstrap", CREATED),
    ("/v1/acl/bootstrap", {"ID": TOKEN, "SecretID": TOKEN}), ("/v1/acl/create", {"ID": TOKEN}), ("", CREATED),
    ("/v1/acl/list", [{"ID": "anonymous", "Name": "Anonymous Token"}, {"ID": TOKEN, "Type": "management"}]),
])
def test_secret_ids(path, body):
    assert kinds(read(path, body)) == [("secret-id", PRINT, path)]


def test_what_is_no_secret_id():
    assert kinds(read("/v1/acl/policies", [{"ID": TOKEN, "Name": "x"}])) == []
    assert kinds(read("/v1/acl/token", CREATED, ok=False)) == []
    management = {"ID": "00000000-0000-0000-0000-000000000001", "Name": "global-management"}
    assert kinds(read("/v1/acl/bootstrap", {"ID": TOKEN, "SecretID": TOKEN, "Policies": [management]})) \
        == kinds(read("/v1/acl/bootstrap", {"SecretID": TOKEN}))
    assert kinds(read("/v1/acl/token", {"SecretID": "<hidden>"})) == []


def test_tokens_set_over_the_api():
    assert kinds(read("/v1/agent/token/agent", {"Token": TOKEN}, asked=True)) == [("acl-token", PRINT, "/v1/agent/token/*")]
    body = {"Provider": "vault", "Config": {"Address": "http://v:8200", "Token": "hvs.CAESIJabcdef"}}
    assert [s.kind for s in read("/v1/connect/ca/configuration", body, asked=True).secrets] == ["vault-token"]


def test_kv_values_have_path_and_length_and_no_fingerprint():
    body = [{"LockIndex": 0, "Key": "app/config/db", "Flags": 0, "Value": "ZGItcGFzc3dvcmQ9aHVudGVyMg==", "CreateIndex": 20}]
    finds = read("/v1/kv/app", body)
    assert [(s.kind, s.fingerprint, s.path, s.length) for s in finds.secrets] == [("kv-value", None, "app/config/db", 19)]
    assert kinds(read("/v1/kv/app/config/db", b"db-password=hunter2", raw=True)) == [("kv-value", None, "app/config/db")]
    assert kinds(read("/v1/kv/app/config/db", b"db-password=hunter2", asked=True)) == [("kv-value", None, "app/config/db")]


@pytest.mark.parametrize("body", [["app/", "b"], True, {"a": 1}, [{"Key": "dir/", "Value": None}], [{"Key": 5, "Value": "YQ=="}]])
def test_names_and_empty_values_are_no_secrets(body):
    assert kinds(read("/v1/kv/app", body)) == []


@pytest.mark.parametrize("pad", ["", " ", "  "])
def test_a_private_key_kept_in_the_kv_store(pad):
    value = base64.b64encode((pad + PEM).encode()).decode()
    assert {s.kind for s in read("/v1/kv/tls", [{"Key": "tls", "Value": value}]).secrets} == {"private-key", "kv-value"}


def test_transactions():
    asked = [{"KV": {"Verb": "set", "Key": "a", "Value": "YWJj"}}, {"Node": {"Verb": "get"}}]
    assert kinds(read("/v1/txn", asked, asked=True)) == [("kv-value", None, "a")]
    assert kinds(read("/v1/txn", {"Results": [{"KV": {"Key": "a", "Value": "YWJj"}}], "Errors": None})) == [("kv-value", None, "a")]


def test_gossip_keys():
    want = [("gossip-key", fingerprint(bytes(range(32))), "")]
    assert kinds(read("/v1/operator/keyring", [{"WAN": True, "Keys": {KEY: 3}, "PrimaryKeys": {KEY: 3}}])) == want
    assert kinds(read("/v1/operator/keyring", {"Key": KEY}, asked=True)) == want
    assert kinds(read("/v1/operator/keyring", {"Key": "x" * 44}, asked=True)) == []


def test_leaf_keys():
    body = {"SerialNumber": "0b", "CertPEM": "-----BEGIN CERTIFICATE-----\n...", "PrivateKeyPEM": PEM, "Service": "web"}
    [secret] = read("/v1/agent/connect/ca/leaf/web", body).secrets
    assert (secret.kind, secret.path) == ("private-key", "/v1/agent/connect/ca/leaf/*")
    assert secret.fingerprint is not None


def test_snapshots_hold_tokens_and_keys():
    from consul_sniff.decoders.http_body import Body

    finds = Finds()
    body = Body(response_sink(route("/v1/snapshot"), finds, ok=True, raw=False))
    body.feed(gzip.compress(b"\x86\xa8SecretID\xda\x00\x24" + TOKEN.encode() + b"\xa5Roots" + PEM.encode()))
    body.done()
    assert [(s.kind, s.path) for s in finds.secrets] == [("private-key", "/v1/snapshot"), ("secret-id", "/v1/snapshot")]


@pytest.mark.parametrize(("path", "body", "address"), [
    ("/v1/agent/services", {"db-sidecar-proxy": SIDECAR, "db": {"Service": "db", "Port": 5432}}, ""),
    ("/v1/agent/service/db-sidecar-proxy", SIDECAR, ""),
    ("/v1/health/connect/db", [{"Node": {"Address": "10.77.0.21"}, "Service": SIDECAR, "Checks": []}], "10.77.0.21"),
    ("/v1/health/service/x", [{"Node": {"Address": "10.77.0.21"}, "Service": {**SIDECAR, "Address": "10.9.9.9"}}], "10.9.9.9"),
    ("/v1/catalog/connect/db", [{"Node": "c1", "Address": "10.77.0.21", "ServiceKind": "connect-proxy", "ServiceAddress": "",
                                 "ServiceName": "db-sidecar-proxy", "ServicePort": 21000, "ServiceProxy": PROXY}], "10.77.0.21"),
    ("/v1/catalog/node/c1", {"Node": {"Address": "10.77.0.21"}, "Services": {"x": SIDECAR}}, "10.77.0.21"),
    ("/v1/catalog/node-services/c1", {"Node": {"Address": "10.77.0.21"}, "Services": [SIDECAR]}, "10.77.0.21"),
    ("", [{"Node": {"Address": "10.77.0.21"}, "Service": SIDECAR, "Checks": []}], "10.77.0.21"),
])
def test_sidecars(path, body, address):
    assert said(read(path, body)) == [("listener", (address, 21000), "mesh"), ("service", (address, 5432), None),
                                      ("listener", (address, 21500), "expose-path")]


def test_gateways_and_native_services():
    rows = {"a": {"Kind": "mesh-gateway", "Service": "gw", "Port": 8443}, "b": {"Kind": "ingress-gateway", "Port": 80},
            "c": {"Service": "n", "Port": 9000, "Connect": {"Native": True}}, "d": {"Kind": "terminating-gateway", "Port": 8444}}
    assert said(read("/v1/agent/services", rows)) == [
        ("listener", ("", 8443), "mesh-gateway"), ("listener", ("", 9000), "mesh"), ("listener", ("", 8444), "mesh")]


@pytest.mark.parametrize(("rows", "mark"), [
    ([], "no-wildcard-deny"), ([("web", "db", "allow")], "no-wildcard-deny"), ([("*", "db", "deny")], "no-wildcard-deny"),
    ([("web", "db", "allow"), ("*", "*", "deny")], "wildcard-deny"), ([("*", "*", "allow")], "no-wildcard-deny"),
])
def test_intentions(rows, mark):
    listed = read("/v1/connect/intentions", [{"SourceName": s, "DestinationName": d, "Action": a} for s, d, a in rows])
    assert said(listed) == [("intention", (s, d), a) for s, d, a in rows]
    assert listed.fields == {"intentions": mark}
    entries = read("/v1/config/service-intentions",
                   [{"Kind": "service-intentions", "Name": d, "Sources": [{"Name": s, "Action": a}]} for s, d, a in rows])
    assert (said(entries), entries.fields) == (said(listed), listed.fields)


def test_intentions_by_application_rules_and_single_ones():
    one = {"SourceName": "web", "DestinationName": "db", "Permissions": [{"Action": "allow"}]}
    finds = read("/v1/connect/intentions/exact", one)
    assert (said(finds), finds.fields) == ([("intention", ("web", "db"), "l7")], {})
    written = {"Kind": "service-intentions", "Name": "db", "Sources": [{"Name": "*", "Action": "deny"}]}
    assert said(read("/v1/config", written, asked=True)) == [("intention", ("*", "db"), "deny")]
    assert said(read("/v1/config", {"Kind": "proxy-defaults", "Name": "global"}, asked=True)) == []


@pytest.mark.parametrize("body", [b"[" * 5000, b"{" * 3, b"", b"9" * 6000, b'[{"Key":"a","Value":"!"}]', b"null", b"\xff\xfe",
                                  b'{"Node":[],"Services":{"a":[]}}', b'[{"Service":{"Proxy":[]}}]', b'{"a":{"Kind":[]}}'])
@pytest.mark.parametrize("path", ["/v1/kv/a", "/v1/agent/services", "/v1/health/service/x", "/v1/catalog/node/x",
                                  "/v1/operator/keyring", "/v1/connect/intentions", "/v1/agent/self", ""])
def test_hostile_json_says_nothing(path, body):
    finds = read(path, body)
    assert not finds.claims


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["Service", "Node", "Address", "Port", "Proxy", "Kind", "Key", "Value", "Keys", "Expose",
                                         "Paths", "Services", "DebugConfig", "KV", "Results", "Sources", "Name", "ServicePort",
                                         "Connect", "LockIndex"]), inner, max_size=4), max_leaves=20)


@given(JSON, st.sampled_from(["/v1/kv/a", "/v1/agent/services", "/v1/health/service/x", "/v1/catalog/node/x", "/v1/txn",
                              "/v1/operator/keyring", "/v1/connect/intentions", "/v1/agent/self", "/v1/event/list",
                              "/v1/config/service-intentions", ""]))
def test_any_json_is_read(value, path):
    for claim in read(path, value).claims:
        assert claim.kind in ("listener", "service", "intention", "agent")
        hash(claim)
