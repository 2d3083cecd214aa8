"""Consul's HTTP API: whose request it is, the tokens it carries, what its answers show of ACLs.

A path alone is only a guess (``consul_routes``): certain is an ``X-Consul-*`` header in either direction, an endpoint
that nobody else has, or a known endpoint with a UUID for a token.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from . import consul_bodies, secrets
from .consul_routes import DULL, Route, route
from .http_exchange import Exchange, message

if TYPE_CHECKING:
    from ..model import Message, Scalar
    from .http_body import Body, Sink
    from .http_exchange import Target
    from .http_head import Head

KINDS: Final = {
    "request": ("api", "method", "route", "probe", "body_cut"),
    "response": ("api", "status", "route", "acl_policy", "acl", "probe", "intentions", "body_cut"),
    "remote-exec": ("via",),
    "agent-self": ("disable_remote_exec", "acl_default_policy", "acls_enabled", "default_intention_policy", "server",
                   "verify_incoming", "verify_outgoing", "verify_server_hostname", "encrypt_verify_incoming",
                   "encrypt_verify_outgoing", "gossip_encrypted", "remote_script_checks"),
}

_TOKEN_IN_PATH: Final = frozenset({"/v1/acl/info/*", "/v1/acl/clone/*", "/v1/acl/destroy/*"})
_RAW: Final = re.compile(r"(?:\A|&)raw(?:[=&]|\Z)")
_NOMAD_TOO: Final = ("/v1/acl/", "/v1/agent/", "/v1/status/", "/v1/operator/", "/v1/namespace")
_DISABLED: Final = re.compile(rb"ACL support disabled")
_DENIED: Final = re.compile(rb"Permission denied|lacks permission|ACL not found|token does not exist")
#: answers that only Consul writes, for agents too old to send X-Consul headers with them
_CONSUL_BODY: Final = re.compile(rb'\A\s*(?:\[\s*\{\s*"LockIndex":|\{\s*"Config":\{.{0,2048}"DebugConfig":\{)', re.DOTALL)


def claim(head: Head, target: Target) -> Exchange | None:
    """A Consul exchange, if the request is Consul's or may be."""
    where = route(target.path)
    header = head.get("x-consul-token") != "" or head.has_prefix("x-consul-")
    if where is None and not header:
        return None
    if head.has_prefix("x-nomad-"):
        return None
    exchange = Consul(head, target, where, sure=header or (where is not None and where.sure))
    exchange.header = header
    return exchange


class Consul(Exchange):
    """A request that is Consul's (``sure``) or may be, and its answer."""

    def __init__(self, head: Head | None, target: Target | None, where: Route | None, *, sure: bool) -> None:
        super().__init__(head, target)
        self.where = where
        self.sure = sure
        self.policy: str | None = None
        self.acl: str | None = None
        self.route = where.name if where is not None else ""
        self.header = sure and head is None  # a header said that this is Consul's
        self._told = False  # the request's secrets were told with it
        self._sink: Sink | None = None
        if head is not None and target is not None:
            self._tokens(head, target)

    def _tokens(self, head: Head, target: Target) -> None:
        carried = [("HTTP header X-Consul-Token", value) for value in head.all("x-consul-token")]
        carried += [("HTTP query", value) for value in target.values("token")]
        if self.where is not None and self.where.name in _TOKEN_IN_PATH:
            carried.append(("HTTP path", self.where.tail))
        telling = [value for _, value in carried]
        for value in head.all("authorization"):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer":
                carried.append(("HTTP header Authorization", token.strip()))
                if not self.route.startswith(_NOMAD_TOO):
                    telling.append(token.strip())
        self.sure = self.sure or (self.where is not None and any(secrets.is_uuid(value) for value in telling))
        for where, value in carried:
            if value and not secrets.is_anonymous(value):
                self.asked.secret(secrets.token("acl-token", value, where, self.route))

    def request_sink(self) -> Sink | None:
        if self.where is None or self.method not in ("PUT", "POST", "DELETE", "PATCH"):
            return None
        return consul_bodies.request_sink(self.where, self.asked)

    def answer(self, head: Head) -> Exchange:
        super().answer(head)
        if head.has_prefix("x-consul-"):
            self.sure = True
        elif not self.header and head.status >= 400:
            self.sure = False  # asked as if it were Consul's API; nothing in the answer says that it is
        elif head.has_prefix("x-nomad-") and not self._told:
            self.sure = False
        policy = head.get("x-consul-default-acl-policy").lower()
        self.policy = policy if policy in ("allow", "deny") else None
        return self

    def response_sink(self) -> Sink | None:
        if self.status < 400 and self.route in DULL:
            return None
        raw = self.target is not None and _RAW.search(self.target.query) is not None
        self._sink = consul_bodies.response_sink(self.where, self.found, ok=self.status == 200, raw=raw)
        return self._sink

    def request(self, body: Body | None) -> list[Message]:
        if not self.sure:
            return super().request(body)
        self._told = True
        fields: dict[str, Scalar] = {"api": "consul", "method": self.method, "route": self.route}
        summary = f"Consul API {self.method} {self.route or 'unknown endpoint'}"
        told = [message("http", "request", summary, self._marked(fields, body), self.asked)]
        return told + self._remote_exec()

    def response(self, body: Body | None) -> list[Message]:
        sink = self._sink
        if sink is not None:
            if not self.sure and self.status == 200 and _CONSUL_BODY.search(sink.prefix):
                self.sure = True
            self._judge_acl(sink.prefix)
        if not self.sure:
            return self._unsure(super().response(body))
        extra: list[Message] = []
        if not self._told:  # only now is it known whose tokens those were
            for secret in self.asked.secrets:
                self.found.secret(secret)
            for made in self.asked.claims:
                self.found.claim(made)
            extra = self._remote_exec()
        if isinstance(sink, consul_bodies.ConsulSink):
            extra += sink.messages()
            extra += self._remote_exec() if self._told and sink.remote_exec else []
        fields: dict[str, Scalar] = {"api": "consul", "status": self.status, "route": self.route,
                                     "acl_policy": self.policy, "acl": self.acl, **self.found.fields}
        summary = f"Consul API {self.status} {self.route}".rstrip()
        summary += f", default ACL policy {self.policy}" if self.policy else ""
        summary += f", ACLs: {self.acl}" if self.acl else ""
        if body is not None and sink is not None and sink.over:
            fields["body_cut"] = True
        return [message("http", "response", summary, self._marked(fields, body), self.found), *extra]

    def _unsure(self, told: list[Message]) -> list[Message]:
        """Old agents send no X-Consul header with an error: what it says of ACLs counts where others prove the socket."""
        if self.acl is None or self.where is None:
            return told
        return [one._replace(fields=tuple(sorted({**dict(one.fields), "acl": self.acl}.items()))) for one in told]

    def _judge_acl(self, body: bytes) -> None:
        """What an error says of ACLs (agent/http.go: 401 disabled, 403 denied; old agents answer 500)."""
        if self.status in (401, 500) and _DISABLED.search(body[:512]):
            self.acl = "disabled"
        elif self.status in (403, 500) and _DENIED.search(body[:512]):
            self.acl = "permission-denied"

    def _remote_exec(self) -> list[Message]:
        """``consul exec``: jobs in the KV store below _rexec, an event of that name, a session."""
        via = consul_bodies.remote_exec(self.where, self.asked, self.found)
        if via is None:
            return []
        return [message("http", "remote-exec", f"Consul API: remote execution ({via})", {"via": via})]
