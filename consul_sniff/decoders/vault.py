"""Vault's HTTP API, as far as a Connect CA uses it: who reaches it in the clear, and which tokens that shows.

Known by its headers (``X-Vault-Token``, ``X-Vault-Request``, ``X-Vault-Namespace``: vault/api/client.go); a path like
``/v1/sys/health`` alone is anybody's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from . import secrets
from .http_body import Sink
from .http_exchange import Exchange, message

if TYPE_CHECKING:
    from ..model import Message, Scalar
    from .http_body import Body
    from .http_exchange import Target
    from .http_head import Head

KINDS: Final = {"request": ("path", "method", "body_cut"), "response": ("path", "status", "body_cut")}

_MOUNTS: Final = frozenset({"sys", "auth", "pki", "pki_int", "secret", "identity", "transit", "cubbyhole", "connect-root",
                            "connect-inter", "kv", "consul"})
_TOKEN: Final = re.compile(rb'"(?:client_token|token|wrapping_token)"\s*:\s*"((?:hv[sbr]\.|[sbr]\.)[!#-\[\]-~]{8,512})"')


def claim(head: Head, target: Target) -> Exchange | None:
    """A Vault exchange, if the request is Vault's."""
    if not (head.get("x-vault-token") or head.get("x-vault-request") or head.get("x-vault-namespace")):
        return None
    return Vault(head, target)


def template(path: str) -> str:
    """``/v1/auth/token/lookup-self`` is ``/v1/auth/*``; a mount that is not among the usual ones ``/v1/*``."""
    parts = path.split("/", 3)
    if len(parts) > 2 and parts[1] == "v1":
        return f"/v1/{parts[2]}/*" if parts[2] in _MOUNTS else "/v1/*"
    return "*"


def _token(sink: Sink, match: re.Match[bytes]) -> None:
    sink.finds.secret(secrets.token("vault-token", match[1], sink.where, sink.path))


class VaultSink(Sink):
    """Tokens and private keys (PKI answers) in a body."""

    patterns = ((_TOKEN, _token),)


class Vault(Exchange):
    """A request to Vault and its answer."""

    protocol = "vault"

    def __init__(self, head: Head, target: Target) -> None:
        super().__init__(head, target)
        self.path = template(target.path)
        for value in head.all("x-vault-token"):
            if value:
                self.asked.secret(secrets.token("vault-token", value, "HTTP header X-Vault-Token", self.path))
        for value in head.all("authorization"):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer" and token.strip():
                where = "HTTP header Authorization"
                self.asked.secret(secrets.token("vault-token", token.strip(), where, self.path))

    def request_sink(self) -> Sink | None:
        return VaultSink(self.asked, "HTTP request body", self.path)

    def response_sink(self) -> Sink | None:
        return VaultSink(self.found, "HTTP response body", self.path)

    def request(self, body: Body | None) -> list[Message]:
        fields: dict[str, Scalar] = {"path": self.path, "method": self.method}
        return [message("vault", "request", f"Vault {self.method} {self.path}", self._marked(fields, body), self.asked)]

    def response(self, body: Body | None) -> list[Message]:
        fields: dict[str, Scalar] = {"path": self.path, "status": self.status}
        return [message("vault", "response", f"Vault {self.status} {self.path}", self._marked(fields, body), self.found)]
