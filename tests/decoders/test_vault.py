"""Vault, as a Connect CA uses it."""

import pytest

from .http_feed import exchange, fields, request, response, secrets_of

# vault_plain-s1.pcap, frame 243
REAL = (b"GET /v1/auth/token/lookup-self HTTP/1.1\r\nHost: 10.77.0.31:8200\r\nUser-Agent: Go-http-client/1.1\r\n"
        b"X-Vault-Request: true\r\nX-Vault-Token: hvs.CAESIJlabtoken0123456789\r\nAccept-Encoding: gzip\r\n\r\n")
PRINT = "sha256:11065bce"


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_real_request(size):
    messages = exchange(REAL, response(404, b"<html>"), size)
    assert [(m.protocol, m.kind, fields(m)) for m in messages] == [
        ("vault", "request", {"path": "/v1/auth/*", "method": "GET"}),
        ("vault", "response", {"path": "/v1/auth/*", "status": 404})]
    [secret] = secrets_of(messages)
    assert (secret.kind, secret.fingerprint, secret.where) == ("vault-token", PRINT, "HTTP header X-Vault-Token")
    assert "labtoken" not in repr(messages)


def test_tokens_and_keys_in_bodies():
    body = {"auth": {"client_token": "hvs.CAESIJlabtoken0123456789"}, "data": {
        "private_key": "-----BEGIN EC PRIVATE KEY-----\nbm90IGEga2V5\n-----END EC PRIVATE KEY-----"}}
    asked = request("POST /v1/auth/kubernetes/login", "X-Vault-Namespace: ns", body=b'{"role":"consul"}')
    found = secrets_of(exchange(asked, response(200, body)))
    assert [(s.kind, s.fingerprint) for s in found] == [("private-key", None), ("vault-token", PRINT)]


@pytest.mark.parametrize(("path", "template"), [
    ("/v1/sys/health", "/v1/sys/*"), ("/v1/connect-root/root/generate/internal", "/v1/connect-root/*"),
    ("/v1/my-own-mount/x", "/v1/*"), ("/ui", "*"), ("/v1", "*"),
])
def test_paths_are_few(path, template):
    messages = exchange(request(f"GET {path}", "X-Vault-Request: true"), response(200))
    assert {fields(m)["path"] for m in messages} == {template}


def test_bearer():
    asked = request("GET /v1/sys/mounts", "X-Vault-Request: true", "Authorization: Bearer hvs.CAESIJlabtoken0123456789")
    assert [s.fingerprint for s in secrets_of(exchange(asked, response(200)))] == [PRINT]
