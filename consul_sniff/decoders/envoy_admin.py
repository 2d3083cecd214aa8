"""Envoy's administration interface: the path AND a body as only it writes one.

``server: envoy`` stands in every answer that passed an Envoy and proves nothing; what the bodies look like is
source/server/admin/*.cc of envoyproxy/envoy, checked against 1.23 and 1.40.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from . import secrets
from .claims import address_of, listener, service
from .http_body import Finds, Sink
from .http_exchange import Exchange, Target, message

if TYPE_CHECKING:
    from ..model import Claim, Message, Scalar
    from .http_body import Body
    from .http_head import Head

KINDS: Final = {"request": ("path", "method", "body_cut"), "response": ("path", "status", "admin", "body_cut")}

#: Whoever asks for these asks an Envoy (or scans for one); the others are asked of any web server.
_SURE: Final = frozenset({"/config_dump", "/quitquitquit", "/drain_listeners", "/hot_restart_version", "/init_dump",
                          "/cpuprofiler", "/heapprofiler", "/heap_dump", "/allocprofiler", "/healthcheck/fail", "/healthcheck/ok",
                          "/contention", "/reset_counters", "/reopen_logs", "/runtime_modify", "/stats/recentlookups"})
_MAYBE: Final = frozenset({"/", "/certs", "/clusters", "/listeners", "/stats", "/stats/prometheus", "/server_info", "/ready",
                           "/logging", "/memory", "/memory/tcmalloc", "/runtime", "/help", "/tap"})
_ACTS: Final = re.compile(rb"\s*(?:OK\s*\Z|Method [A-Z]+ not allowed, POST required|Invalid|Profiler |.{0,64}disabled)")
#: the body shapes that nothing else has
_SHAPES: Final = {
    "/config_dump": re.compile(rb'"@type"\s*:\s*"type\.googleapis\.com/envoy\.admin\.v[0-9]'),
    "/certs": re.compile(rb'\A\s*\{\s*"certificates"\s*:\s*\[\s*(?:\]|\{\s*"(?:ca_cert|cert_chain)")'),
    "/clusters": re.compile(rb'(?m)^[^\s:][^\r\n]{0,400}?::(?:default_priority::max_connections|observability_name|added_via_api)::'
                            rb'|\A\s*\{\s*"cluster_statuses"'),
    "/listeners": re.compile(rb'\A\s*\{\s*"listener_statuses"'),
    "/stats": re.compile(rb'(?m)^(?:cluster|listener|cluster_manager|listener_manager|server)\.[^\r\n:]{1,300}: '
                         rb'|\A\s*\{\s*"stats"\s*:\s*\['),
    "/stats/prometheus": re.compile(rb"(?m)^# TYPE envoy_[a-z_]+ (?:counter|gauge|histogram)"),
    "/server_info": re.compile(rb'"(?:hot_restart_version|uptime_all_epochs)"\s*:'),
    "/help": re.compile(rb"\Aadmin commands are:"),
    "/logging": re.compile(rb"\A(?:active loggers:|usage: /logging)"),
    "/memory": re.compile(rb'\A\s*\{\s*"allocated"\s*:\s*"[0-9]+",\s*"heap_size"'),
    "/init_dump": re.compile(rb'"unready_targets_dumps"'),
    "/": re.compile(rb"<title>Envoy Admin</title>"),
}
#: and those that count only with the admin interface's own headers
_PLAIN: Final = {
    "/listeners": re.compile(rb"\A[^\r\n]{1,400}::(?:[0-9.]{7,15}|\[[0-9a-fA-F:.]{2,45}\]):[0-9]{1,5}\r?(?:\n|\Z)"),
    "/ready": re.compile(rb"\A(?:LIVE|DRAINING|PRE_INITIALIZING|INITIALIZING)\s*\Z"),
    "/runtime": re.compile(rb'\A\s*\{[^{}]{0,200}"(?:layers|entries)"'),
    "/hot_restart_version": re.compile(rb"\A(?:[0-9]+\.[0-9.]+|disabled)\s*\Z"),
    "/init_dump": re.compile(rb"\A\s*\{\s*\}\s*\Z"),
}
_TOKEN: Final = re.compile(rb'"x-consul-token"\s*,\s*"(?:value|raw_value)"\s*:\s*"([!#-\[\]-~]{1,512})"', re.IGNORECASE)
_LOCAL_APP: Final = re.compile(rb'"name"\s*:\s*"local_app"')
_SOCKET: Final = re.compile(rb'"address"\s*:\s*"([0-9A-Fa-f.:]{2,45})"\s*,\s*"port_value"\s*:\s*([0-9]{1,5})[^0-9]')
_NEAR: Final = 2_048  # bytes behind a cluster's name in which its endpoint stands
_LOCAL_APP_TEXT: Final = re.compile(rb"(?m)^local_app::([0-9A-Fa-f.:\[\]]{2,47}):([0-9]{1,5})::")
_PUBLIC: Final = re.compile(rb'"name"\s*:\s*"public_listener:([0-9A-Fa-f.:\[\]]{2,47}):([0-9]{1,5})"')
_PUBLIC_TEXT: Final = re.compile(rb"(?m)^public_listener:[^\r\n]{2,60}::([0-9A-Fa-f.:\[\]]{2,47}):([0-9]{1,5})\s")
_WHO: Final = re.compile(rb'"node"\s*:\s*\{\s*"id"\s*:\s*"[^"]{0,256}"\s*,\s*"cluster"\s*:\s*"([^"]{1,128})"')


def claim(head: Head, target: Target) -> Exchange | None:
    """An exchange with an admin interface, if the request may be one."""
    path = target.path.rstrip("/") or "/"
    if path not in _SURE and path not in _MAYBE:
        return None
    return Admin(head, target, path, sure=path in _SURE)


def looks_admin(head: Head) -> bool:
    """The headers that the admin interface sends with every answer (source/server/admin/admin_filter.cc)."""
    return (head.get("server") == "envoy" and head.get("cache-control") == "no-cache, max-age=0"
            and head.get("x-content-type-options") == "nosniff")


def _on_token(sink: Sink, match: re.Match[bytes]) -> None:
    if not secrets.is_anonymous(match[1]):
        sink.finds.secret(secrets.token("acl-token", match[1], "Envoy config_dump", sink.path))


def _on_who(sink: Sink, match: re.Match[bytes]) -> None:
    if isinstance(sink, AdminSink) and not sink.service:
        sink.service = match[1].decode("utf-8", "replace")


def _on_local_app(sink: Sink, match: re.Match[bytes]) -> None:
    socket = _SOCKET.search(match.string, match.end(), match.end() + _NEAR)
    if socket is not None:
        _on_app(sink, socket)


def _on_app(sink: Sink, match: re.Match[bytes]) -> None:
    _keep(sink, service(address_of(match[1]), int(match[2]), _name(sink), "envoy-admin", "self"))


def _on_public(sink: Sink, match: re.Match[bytes]) -> None:
    _keep(sink, listener(address_of(match[1]), int(match[2]), "mesh", _name(sink), "envoy-admin", "self"))


def _keep(sink: Sink, made: Claim | None) -> None:
    if made is not None:
        sink.finds.claim(made)


def _name(sink: Sink) -> str:
    return sink.service if isinstance(sink, AdminSink) else ""


class AdminSink(Sink):
    """Tokens and the sidecar's ports in an admin body."""

    patterns = ((_WHO, _on_who), (_TOKEN, _on_token), (_LOCAL_APP, _on_local_app), (_LOCAL_APP_TEXT, _on_app),
                (_PUBLIC, _on_public), (_PUBLIC_TEXT, _on_public))
    service = ""


class Admin(Exchange):
    """A request that may be for the admin interface, and its answer. Without a request only a config_dump is known."""

    protocol = "envoy-admin"

    def __init__(self, head: Head | None, target: Target | None, path: str, *, sure: bool) -> None:
        super().__init__(head, target)
        self.path = path
        self.sure = sure
        self.own_headers = False
        self._sink: AdminSink | None = None

    def answer(self, head: Head) -> Exchange:
        if head.has_prefix("x-consul-"):
            from .consul_api import Consul

            other = Consul(None, self.target, None, sure=True)
            other.method, other.probe = self.method, self.probe
            return other.answer(head)
        self.own_headers = looks_admin(head)
        return super().answer(head)

    def response_sink(self) -> Sink | None:
        self._sink = AdminSink(self.found, "Envoy config_dump", self.path or "/config_dump")
        return self._sink

    def admin(self) -> bool:
        """Say whether what was answered is admin-shaped."""
        body = self._sink.prefix if self._sink is not None else b""
        if not self.path:
            self.path = "/config_dump" if self.own_headers and _SHAPES["/config_dump"].search(body) else ""
            return bool(self.path)
        strong = _SHAPES.get(self.path)
        if self.status == 200 and strong is not None and strong.search(body):
            return True
        if not self.own_headers:
            return False
        plain = _PLAIN.get(self.path)
        if plain is not None and plain.search(body):
            return True
        return self.path in _SURE and self.status in (200, 400, 405, 500, 503) and bool(_ACTS.match(body))

    def request(self, body: Body | None) -> list[Message]:
        if not self.sure:
            return super().request(body)
        fields: dict[str, Scalar] = {"path": self.path, "method": self.method}
        return [message("envoy-admin", "request", f"Envoy admin {self.method} {self.path}", self._marked(fields, body))]

    def response(self, body: Body | None) -> list[Message]:
        admin = self.admin()
        if not admin and not self.sure:
            return super().response(body)
        fields: dict[str, Scalar] = {"path": self.path, "status": self.status, "admin": admin}
        summary = f"Envoy admin {self.status} {self.path}" + ("" if admin else " (no admin body)")
        return [message("envoy-admin", "response", summary, self._marked(fields, body), self.found if admin else Finds())]
