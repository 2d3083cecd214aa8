"""What the bodies of Consul's HTTP API hold: tokens, keys, KV values, sidecars, intentions, an agent's settings.

Field names are those of api/*.go of hashicorp/consul. Bodies are searched; where structure matters (``_READERS``) they
are read as JSON too, up to ``limits.JSON_BYTES``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ..text import printable
from . import consul_agent, secrets
from .claims import address_of, intention, listener, service
from .http_body import Finds, Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..model import Message
    from .consul_routes import Route

    Reader = Callable[["ConsulSink", Any], None]

_TEXT: Final = rb'"([!#-\[\]-~]{1,512})"'
_SECRET_ID: Final = re.compile(rb'"SecretID"\s*:\s*' + _TEXT)
#: (not the ids that Consul keeps for its own policies, which stand in answers to bootstrap: agent/structs/acl.go)
_LEGACY_ID: Final = re.compile(rb'"ID"\s*:\s*"(?!00000000-0000-0000-0000-0000000000)([0-9a-fA-F-]{36})"')
_TOKEN: Final = re.compile(rb'"Token"\s*:\s*' + _TEXT)
_PACKED_ID: Final = re.compile(rb"SecretID(?:\xd9\x24|\xda\x00\x24)([0-9a-f-]{36})")  # in a snapshot: msgpack
_VAULT: Final = re.compile(rb"(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{8,}\Z")
_LEGACY: Final = frozenset({"/v1/acl/create", "/v1/acl/update", "/v1/acl/list", "/v1/acl/info/*", "/v1/acl/clone/*",
                            "/v1/acl/bootstrap"})
_HIDDEN: Final = frozenset({b"<hidden>", b"hidden", b"[redacted]"})
_NODE: Final = {"connect-proxy": "mesh", "mesh-gateway": "mesh-gateway", "terminating-gateway": "mesh"}


class ConsulSink(Sink):
    """Searches for tokens, and reads the JSON of the endpoints that have a reader."""

    def __init__(self, finds: Finds, where: str, path: str, tail: str, reader: Reader | None) -> None:
        super().__init__(finds, where, path, hold=reader is not None)
        self.tail = tail
        self.reader = reader
        self.remote_exec = False
        self.agent: Message | None = None
        if path.startswith("/v1/acl/"):
            self.patterns = ((_SECRET_ID, _on_secret_id), (_LEGACY_ID, _on_secret_id)) if path in _LEGACY else (
                (_SECRET_ID, _on_secret_id),)
        elif path == "/v1/snapshot":
            self.patterns = ((_PACKED_ID, _on_secret_id),)
            self.packed = "gzip"
        elif path.startswith(("/v1/agent/token/", "/v1/query", "/v1/connect/ca/", "/v1/agent/service")):
            self.patterns = ((_TOKEN, _on_token),)
        elif not path:  # whose answer it is was not seen
            self.patterns = ((_SECRET_ID, _on_secret_id),)

    def done(self) -> None:
        super().done()
        held, self.held = self.held, None
        if self.reader is None or not held:
            return
        import json

        try:
            self.reader(self, json.loads(held))
        except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
            return  # not JSON, cut, or not shaped as Consul's: then nothing is claimed

    def messages(self) -> list[Message]:
        """Messages of their own that the body gave."""
        return [self.agent] if self.agent is not None else []


class _RawValue(Sink):
    """A KV value as it stands: nothing of it is looked at but its length (and whether it is a private key)."""

    def done(self) -> None:
        super().done()
        if self.size:
            self.finds.secret(secrets.kv_value(self.path, self.size, self.where))


def request_sink(where: Route, finds: Finds) -> Sink | None:
    """Who reads a request's body at this endpoint."""
    name = where.name
    if name == "/v1/kv/*":
        return _RawValue(finds, "HTTP request body", printable(where.tail, 256))
    reader = _READERS_OF_REQUESTS.get(name)
    if reader is None and not name.startswith(("/v1/acl/", "/v1/agent/token/", "/v1/query", "/v1/connect/ca/",
                                               "/v1/agent/service", "/v1/config", "/v1/snapshot")):
        return None
    return ConsulSink(finds, "HTTP request body", name, where.tail, reader)


def response_sink(where: Route | None, finds: Finds, *, ok: bool, raw: bool) -> Sink:
    """Who reads a response's body; ``ok``: it has status 200, else it holds an error text. ``raw``: ``?raw`` was asked."""
    if ok and raw and where is not None and where.name == "/v1/kv/*":
        return _RawValue(finds, "HTTP response body", printable(where.tail, 256))
    if not ok:
        return Sink(finds, "HTTP response body", where.name if where else "")
    if where is None:
        return ConsulSink(finds, "HTTP response body", "", "", _anything)
    return ConsulSink(finds, "HTTP response body", where.name, where.tail, _READERS.get(where.name))


def remote_exec(where: Route | None, asked: Finds, found: Finds) -> str | None:
    """How remote execution shows in an exchange: "kv", "event", "session", or None."""
    if where is not None:
        if where.name == "/v1/kv/*" and (where.tail == "_rexec" or where.tail.startswith("_rexec/")):
            return "kv"
        if where.name == "/v1/event/fire/*" and where.tail == "_rexec":
            return "event"
    for finds in (asked, found):
        via = finds.fields.pop("remote_exec", None)
        if isinstance(via, str):
            return via
    return None


def _on_secret_id(sink: Sink, match: re.Match[bytes]) -> None:
    _keep_token(sink, "secret-id", match[1])


def _on_token(sink: Sink, match: re.Match[bytes]) -> None:
    _keep_token(sink, "vault-token" if _VAULT.match(match[1]) else "acl-token", match[1])


def _keep_token(sink: Sink, kind: str, raw: bytes) -> None:
    if raw not in _HIDDEN and not secrets.is_anonymous(raw):
        sink.finds.secret(secrets.token(kind, raw, sink.where, sink.path))


def _rows(value: Any) -> Iterable[dict[str, Any]]:
    """The objects in a list, or one object."""
    if isinstance(value, dict):
        return [value]
    return [one for one in value or () if isinstance(one, dict)] if isinstance(value, list) else []


def _kv(sink: ConsulSink, value: Any) -> None:
    if isinstance(value, list):
        for row in value:
            if isinstance(row, dict) and isinstance(row.get("Key"), str):
                _entry(sink, row)


def _entry(sink: ConsulSink, row: dict[str, Any]) -> None:
    text = row.get("Value")
    if not isinstance(text, str) or not text:
        return
    length = len(text) * 3 // 4 - text[-2:].count("=")
    if "UFJJVkFURSBLRVk" in text or "QUklWQVRFIEtFW" in text or "BSSVZBVEUgS0VZ" in text:  # "PRIVATE KEY" in base64
        _private_key(sink, text)
    sink.finds.secret(secrets.kv_value(printable(row["Key"], 256), length, sink.where))


def _private_key(sink: ConsulSink, text: str) -> None:
    from base64 import b64decode

    scanner = secrets.PemScanner()
    for key in (*scanner.feed(b64decode(text)), *scanner.close()):
        sink.finds.secret(secrets.private_key(key, sink.where, sink.path))


def _txn(sink: ConsulSink, value: Any) -> None:
    rows = value.get("Results") if isinstance(value, dict) else value
    for row in _rows(rows):
        entry = row.get("KV")
        if isinstance(entry, dict) and isinstance(entry.get("Key"), str):
            if entry["Key"].startswith("_rexec/"):
                sink.finds.fields["remote_exec"] = "kv"
            _entry(sink, entry)


def _keyring(sink: ConsulSink, value: Any) -> None:
    """``/v1/operator/keyring``: GET answers [{Keys: {base64: nodes}}], the others send {Key: base64}."""
    from base64 import b64decode

    for row in _rows(value):
        keys = [*(row.get("Keys") or ()), *(row.get("PrimaryKeys") or ()), row.get("Key")]
        for key in keys:
            if isinstance(key, str) and len(key) in (24, 32, 44):
                raw = b64decode(key, validate=True)
                if len(raw) in (16, 24, 32):
                    sink.finds.secret(secrets.gossip_key(raw, sink.where))


def _session(sink: ConsulSink, value: Any) -> None:
    """``consul exec`` names its session "Remote Exec" or "Remote Exec via NODE@DC" (command/exec/exec.go)."""
    if any(str(row.get("Name", "")).startswith("Remote Exec") for row in _rows(value)):
        sink.finds.fields["remote_exec"] = "session"


def _events(sink: ConsulSink, value: Any) -> None:
    if any(row.get("Name") == "_rexec" for row in _rows(value)):
        sink.finds.fields["remote_exec"] = "event"
        sink.remote_exec = True


def _services(sink: ConsulSink, value: Any) -> None:
    """Sidecars of ``/v1/agent/services`` {id: service}, ``/v1/agent/service/ID``, catalog rows and health rows."""
    rows = value.values() if isinstance(value, dict) and "Port" not in value and "Services" not in value else None
    for row in rows if rows is not None else _rows(value):
        if not isinstance(row, dict):
            continue
        inner, node = row.get("Service"), row.get("Node")
        if isinstance(inner, dict):  # health
            _sidecar(sink, inner, str(inner.get("Address") or (node or {}).get("Address") or ""))
        elif "ServicePort" in row:  # catalog: the same fields under other names
            same = {key.removeprefix("Service"): one for key, one in row.items() if key.startswith("Service")}
            _sidecar(sink, {**same, "Service": row.get("ServiceName", "")},
                     str(row.get("ServiceAddress") or row.get("Address") or ""))
        else:
            _sidecar(sink, row, str(row.get("Address") or ""))


def _node_services(sink: ConsulSink, value: Any) -> None:
    """``/v1/catalog/node/NODE`` {Node, Services: {id: service}}; node-services has a list."""
    node = value.get("Node")
    address = str(node.get("Address") or "") if isinstance(node, dict) else ""
    services = value.get("Services")
    for row in services.values() if isinstance(services, dict) else _rows(services):
        if isinstance(row, dict):
            _sidecar(sink, row, str(row.get("Address") or address))


def _sidecar(sink: ConsulSink, row: dict[str, Any], address: str) -> None:
    address = address_of(address)
    why = sink.path.split("/")[2] if sink.path else "api"
    kind, proxy, connect = row.get("Kind"), row.get("Proxy") or {}, row.get("Connect") or {}
    name = str(proxy.get("DestinationServiceName") or row.get("Service") or "")
    found = []
    if kind in _NODE:
        found.append(listener(address, row.get("Port"), _NODE[kind], name, why, "self"))
    elif connect.get("Native") is True:
        found.append(listener(address, row.get("Port"), "mesh", name, why, "self"))
    if kind == "connect-proxy":
        local = address_of(str(proxy.get("LocalServiceAddress") or "")) or address
        found.append(service(local, proxy.get("LocalServicePort"), name, why, "self"))
    found += [listener(address, path.get("ListenerPort"), "expose-path", name, why, "self")
              for path in (proxy.get("Expose") or {}).get("Paths") or ()]
    for made in found:
        if made is not None:
            sink.finds.claim(made)


def _intentions(sink: ConsulSink, value: Any) -> None:
    rows = [row for row in _rows(value) if row.get("SourceName") and row.get("DestinationName")]
    for row in rows:
        action = {"allow": "allow", "deny": "deny"}.get(str(row.get("Action")), "l7")
        sink.finds.claim(intention(str(row["SourceName"]), str(row["DestinationName"]), action))
    if isinstance(value, list) and sink.path == "/v1/connect/intentions":
        denied = any(row.get("SourceName") == row.get("DestinationName") == "*" and row.get("Action") == "deny" for row in rows)
        sink.finds.fields["intentions"] = "wildcard-deny" if denied else "no-wildcard-deny"


def _entries(sink: ConsulSink, value: Any) -> None:
    """Config entries of kind service-intentions: {Name: destination, Sources: [{Name, Action}]}."""
    rows = [row for row in _rows(value) if row.get("Kind") == "service-intentions"]
    denied = False
    for row in rows:
        destination = str(row.get("Name", ""))
        for source in _rows(row.get("Sources")):
            action = {"allow": "allow", "deny": "deny"}.get(str(source.get("Action")), "l7")
            denied = denied or (destination == source.get("Name") == "*" and action == "deny")
            sink.finds.claim(intention(str(source.get("Name", "")), destination, action))
    if isinstance(value, list) and sink.path == "/v1/config/service-intentions":
        sink.finds.fields["intentions"] = "wildcard-deny" if denied else "no-wildcard-deny"


def _self(sink: ConsulSink, value: Any) -> None:
    if isinstance(value, dict) and isinstance(value.get("DebugConfig"), dict):
        sink.agent = consul_agent.message_of(value)


def _anything(sink: ConsulSink, value: Any) -> None:
    """An answer whose request was not captured: by its shape."""
    if isinstance(value, dict):
        _self(sink, value)
    first = next(iter(_rows(value)), {})
    if "LockIndex" in first:
        _kv(sink, value)
    elif "DestinationName" in first:
        _intentions(sink, value)
    elif "ServicePort" in first or isinstance(first.get("Service"), dict):
        _services(sink, value)


_SERVICES: Final = ("/v1/agent/services", "/v1/agent/service/*", "/v1/catalog/service/*", "/v1/catalog/connect/*",
                    "/v1/health/service/*", "/v1/health/connect/*")
_READERS: Final[dict[str, Reader]] = {
    **dict.fromkeys(_SERVICES, _services),
    **dict.fromkeys(("/v1/catalog/node/*", "/v1/catalog/node-services/*"), _node_services),
    **dict.fromkeys(("/v1/connect/intentions", "/v1/connect/intentions/*", "/v1/connect/intentions/exact"), _intentions),
    **dict.fromkeys(("/v1/config/service-intentions", "/v1/config/service-intentions/*"), _entries),
    "/v1/kv/*": _kv,
    "/v1/kv": _kv,
    "/v1/txn": _txn,
    "/v1/operator/keyring": _keyring,
    "/v1/event/list": _events,
    "/v1/agent/self": _self,
}
_READERS_OF_REQUESTS: Final[dict[str, Reader]] = {
    "/v1/txn": _txn,
    "/v1/operator/keyring": _keyring,
    "/v1/session/create": _session,
    "/v1/connect/intentions": _intentions,
    "/v1/config": _entries,
}
