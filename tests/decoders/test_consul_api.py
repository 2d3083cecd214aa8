"""Consul's HTTP API: certainty, tokens, ACLs, remote execution."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.http1 import Http1
from consul_sniff.errors import DecodeError

from .http_feed import CONSUL, PRINT, TOKEN, drive, exchange, fields, request, response, secrets_of

HEADER = f"X-Consul-Token: {TOKEN}"
BEARER = f"Authorization: Bearer {TOKEN}"
NOMAD = "X-Nomad-Index: 7"
# acl_deny_plain-apiclient.pcap, frame 122: what an agent answers to an anonymous write
DENIED = b"Permission denied: anonymous token lacks permission 'key:write' on \"app/config/db\""


def apis(messages):
    return [fields(m)["api"] for m in messages if m.kind in ("request", "response")]


@pytest.mark.parametrize(("path", "body", "acl"), [
    ("/v1/kv/a", b"Permission denied", "permission-denied"), ("/v1/kv/a", b"Forbidden", None),
    ("/somewhere", b"Permission denied", None),
])
def test_an_old_agents_error_says_something_of_acls_though_not_that_it_is_consuls(path, body, acl):
    """Consul 1.8 sends no X-Consul header with an error."""
    answered = exchange(request(f"GET {path}"), response(403, body))[-1]
    assert (fields(answered)["api"], fields(answered)["acl"]) == ("other", acl)


@pytest.mark.parametrize(("asked", "answered", "apis_of"), [
    (request("GET /v1/kv/a", HEADER), response(200, b"[]", *CONSUL), ["consul", "consul"]),
    (request("GET /v1/kv/a"), response(200, b"[]", *CONSUL), ["other", "consul"]),
    (request("GET /v1/kv/a"), response(200, b"[]"), ["other", "other"]),
    (request(f"GET /v1/kv/a?token={TOKEN}"), response(200, b"[]"), ["consul", "consul"]),
    (request("GET /v1/kv/a?token=short"), response(200, b"[]"), ["other", "other"]),
    (request("GET /v1/kv/a", BEARER), response(404, b""), ["consul", "other"]),
    (request("GET /v1/agent/self", BEARER), response(200, b"{}", NOMAD), ["other", "other"]),
    (request("GET /v1/agent/self", BEARER), response(200, b"{}", *CONSUL), ["other", "consul"]),
    (request("GET /v1/agent/self"), response(200, b'{"config":{}}', NOMAD), ["other", "other"]),
    (request("GET /v1/acl/tokens", f"X-Nomad-Token: {TOKEN}"), response(200, b"[]", NOMAD), ["other", "other"]),
    (request("GET /v1/catalog/nodes"), response(200, b"[]"), ["consul", "consul"]),
    (request("GET /v1/catalog/nodes"), response(404, b"<html>", "Server: nginx"), ["consul", "other"]),
    (request("GET /ui/"), response(200, b"<html>", *CONSUL), ["other", "other"]),
    (request("GET /anything", HEADER), response(200, b""), ["consul", "consul"]),
])
def test_whose_api_it_is(asked, answered, apis_of):
    assert apis(exchange(asked, answered)) == apis_of


def test_old_agents_are_known_by_their_bodies():
    body = [{"LockIndex": 0, "Key": "a", "Flags": 0, "Value": "YQ==", "CreateIndex": 20, "ModifyIndex": 20}]
    assert apis(exchange(request("GET /v1/kv/a"), response(200, body))) == ["other", "consul"]


@pytest.mark.parametrize(("asked", "where", "path"), [
    (request("GET /v1/kv/a", HEADER), "HTTP header X-Consul-Token", "/v1/kv/*"),
    (request("GET /v1/kv/a", BEARER), "HTTP header Authorization", "/v1/kv/*"),
    (request("GET /v1/kv/a", f"authorization:  bearer   {TOKEN} "), "HTTP header Authorization", "/v1/kv/*"),
    (request(f"GET /v1/kv/a?dc=x&token={TOKEN}"), "HTTP query", "/v1/kv/*"),
    (request(f"GET http://h:8500/v1/kv/a?token={TOKEN}"), "HTTP query", "/v1/kv/*"),
    (request(f"PUT /v1/acl/destroy/{TOKEN}"), "HTTP path", "/v1/acl/destroy/*"),
    (request(f"GET /v1/acl/info/{TOKEN}"), "HTTP path", "/v1/acl/info/*"),
])
def test_tokens_wherever_they_travel(asked, where, path):
    messages = exchange(asked, response(200, b"true", *CONSUL))
    tokens = [secret for secret in secrets_of(messages) if secret.kind == "acl-token"]
    assert [(s.fingerprint, s.where, s.path, s.length) for s in tokens] == [(PRINT, where, path, 36)]
    assert TOKEN not in repr(messages)


def test_a_bearer_token_is_told_only_once_the_api_is_known():
    asked = request("GET /v1/agent/self", BEARER)
    assert secrets_of(exchange(asked, response(200, b"{}", NOMAD))) == []
    told = exchange(asked, response(200, b"{}", *CONSUL))
    assert [bool(m.secrets) for m in told] == [False, True]


@pytest.mark.parametrize("token", ["", "anonymous", "00000000-0000-0000-0000-000000000002"])
def test_no_token_is_no_secret(token):
    assert secrets_of(exchange(request("GET /v1/kv/a", f"X-Consul-Token: {token}"), response(200, b"[]", *CONSUL))) == []


@pytest.mark.parametrize(("status", "body", "acl"), [
    (403, DENIED, "permission-denied"), (403, b"ACL not found", "permission-denied"),
    (401, b"ACL support disabled", "disabled"), (500, b"ACL support disabled", "disabled"),
    (500, b"rpc error making call: Permission denied", "permission-denied"), (403, b"Forbidden", None),
    (200, b"ACL support disabled", None), (404, b"Permission denied", None),
])
def test_what_errors_say_of_acls(status, body, acl):
    messages = exchange(request("PUT /v1/kv/a", body=b"v"), response(status, body, *CONSUL))
    assert fields(messages[1])["acl"] == acl


@pytest.mark.parametrize(("header", "policy"), [("allow", "allow"), ("deny", "deny"), ("other", None)])
def test_the_default_policy(header, policy):
    messages = exchange(request("GET /v1/kv/a"), response(200, b"[]", f"X-Consul-Default-Acl-Policy: {header}"))
    assert fields(messages[1])["acl_policy"] == policy


@pytest.mark.parametrize(("asked", "via"), [
    (request("PUT /v1/kv/_rexec/4fd9a8/job?acquire=4fd9a8", body=b'{"Command":"uptime"}'), "kv"),
    (request("PUT /v1/event/fire/_rexec", body=b"{}"), "event"),
    (request("PUT /v1/session/create", HEADER, body=b'{"Name":"Remote Exec","Behavior":"delete","TTL":"15s"}'), "session"),
    (request("PUT /v1/txn", HEADER, body=json.dumps([{"KV": {"Verb": "set", "Key": "_rexec/4f/job", "Value": "e30="}}]).encode()),
     "kv"),
])
def test_remote_execution(asked, via):
    messages = exchange(asked, response(200, b"true", *CONSUL))
    assert [fields(m)["via"] for m in messages if m.kind == "remote-exec"] == [via]


@pytest.mark.parametrize("asked", [
    request("PUT /v1/event/fire/deploy", body=b"x"), request("PUT /v1/kv/app/_rexec", HEADER, body=b"x"),
    request("PUT /v1/session/create", HEADER, body=b'{"Name":"my lock"}'), request("GET /v1/event/list", HEADER),
])
def test_what_is_no_remote_execution(asked):
    messages = exchange(asked, response(200, b'[{"Name":"deploy"}]', *CONSUL))
    assert "remote-exec" not in {m.kind for m in messages}


def test_a_session_of_an_unknown_api_is_told_with_the_answer():
    asked = request("PUT /v1/session/create", body=b'{"Name":"Remote Exec via n1@dc2"}')
    assert "remote-exec" not in {m.kind for m in exchange(asked, response(200, b"{}"))}
    assert [m.kind for m in exchange(asked, response(200, b"{}", *CONSUL))] == ["request", "response", "remote-exec"]


def test_fired_events_that_were_listed():
    listed = response(200, [{"ID": "1", "Name": "_rexec", "Payload": "e30="}], *CONSUL)
    messages = exchange(request("GET /v1/event/list", HEADER), listed)
    assert [fields(m)["via"] for m in messages if m.kind == "remote-exec"] == ["event"]


def test_metrics_and_logs_are_not_waited_for():
    asked = request("GET /v1/agent/monitor", HEADER)
    messages = [m for _, m in drive(Http1(), [(0, asked), (1, b"HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\n\r\nlog line")])]
    assert [m.kind for m in messages] == ["request", "response"]
    assert "body_cut" not in fields(messages[1])


@given(st.binary(max_size=120), st.sampled_from(["/v1/kv/a", "/v1/agent/self", "/v1/txn", "/v1/acl/token", "/v1/snapshot",
                                                 "/v1/operator/keyring", "/v1/connect/intentions", "/v1/health/service/x"]),
       st.sampled_from([200, 403, 500]))
def test_any_body_is_read(body, path, status):
    try:
        messages = exchange(request(f"PUT {path}", HEADER, body=body), response(status, body, *CONSUL))
    except DecodeError:
        pytest.fail("a whole exchange is in step")
    assert apis(messages) == ["consul", "consul"]
