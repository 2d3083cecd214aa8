"""Whose API a request is, and what HTTP of nobody we know says."""

import pytest

from consul_sniff.decoders import http_head
from consul_sniff.decoders.base import Cursor
from consul_sniff.decoders.http_exchange import Exchange, Target, is_probe, open_exchange, unasked

from .http_feed import exchange, fields, request, response


def head(data):
    return http_head.read(Cursor(data))


@pytest.mark.parametrize(("target", "path", "query"), [
    ("/v1/kv/a?token=b&raw", "/v1/kv/a", "token=b&raw"), ("http://10.0.0.1:8500/v1/kv/a?x", "/v1/kv/a", "x"),
    ("*", "*", ""), ("/a#b?c", "/a", ""), ("http://host", "/", ""),
])
def test_targets(target, path, query):
    taken = Target(target)
    assert (taken.path, taken.query) == (path, query)


def test_query_values():
    assert Target("/a?token=x%2Dy&token=&notoken=1").values("token") == ["x-y", ""]
    assert Target("/a?b").values("token") == []
    assert Target("/a?" + "token=1&" * 100).values("token") == []  # a flood of parameters says nothing


@pytest.mark.parametrize(("asked", "protocol"), [
    (request("GET /v1/catalog/nodes"), "Consul"), (request("GET /anything", "X-Consul-Token: x"), "Consul"),
    (request("GET /v1/auth/token/lookup-self", "X-Vault-Token: x"), "Vault"),
    (request("GET /v1/kv/x", "X-Vault-Request: true"), "Vault"), (request("GET /config_dump"), "Admin"),
    (request("GET /v1/jobs"), "Exchange"), (request("GET /v1/sys/health"), "Exchange"), (request("GET /index.html"), "Exchange"),
])
def test_headers_before_paths(asked, protocol):
    assert type(open_exchange(head(asked))).__name__ == protocol


def test_other_http_folds_to_little():
    messages = exchange(request("BREW /secret/path?token=abc"), response(418, b"body"))
    assert [fields(m) for m in messages] == [
        {"api": "other", "method": "other", "route": ""},
        {"api": "other", "status": 418, "route": "", "acl_policy": None, "acl": None}]
    assert not any("secret" in m.summary for m in messages)


@pytest.mark.parametrize("agent", ["Consul Health Check", "kube-probe/1.29", "ELB-HealthChecker/2.0", "GoogleHC/1.0"])
def test_probes(agent):
    asked = request("GET /healthz", f"User-Agent: {agent}")
    assert is_probe(head(asked))
    assert [fields(m).get("probe") for m in exchange(asked, response(200))] == [True, True]


def test_a_person_is_no_probe():
    messages = exchange(request("GET /", "User-Agent: curl/7.88.1"), response(200))
    assert [fields(m).get("probe") for m in messages] == [None, None]


def test_responses_whose_request_was_not_seen():
    assert type(unasked(head(b"HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\n\r\n"))).__name__ == "Consul"
    assert type(unasked(head(b"HTTP/1.1 200 OK\r\nserver: envoy\r\n\r\n"))) is Exchange
