"""Service and intention maps of Consul's catalog: what they claim about the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import NeedMoreData
from ..model import Claim
from ..text import printable
from .msgpack_text import text_at, walk

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

PORTS: Final = 65_536
#: keys, as msgpack fixstr, that a map of interest begins with or is told by
TRIGGERS: Final = (b"\xa7Address", b"\xaeServiceAddress", b"\xabServiceKind", b"\xa4Kind", b"\xa6Action", b"\xaaSourceName")

_SERVICE: Final = frozenset({b"Address", b"Connect", b"Kind", b"Port", b"Proxy", b"Service"})
_ENDS: Final = frozenset({b"Action", b"DestinationName", b"SourceName"})
#: Catalog.ServiceNodes spells a service's keys with a prefix, in one map with the node's
_PREFIXED: Final = {b"ServicePort": b"Port", b"ServiceProxy": b"Proxy", b"ServiceName": b"Service"}


class Catalog:
    """Reads the maps from their telling keys on; remembers what an inner map needs of the one around it."""

    __slots__ = ("_destination", "_node", "_service_address")

    def __init__(self) -> None:
        self._node = b""  # the last node's address: a service without one listens there
        self._service_address = b""
        self._destination = b""  # of the intentions in a config entry

    def read(self, data: bytes, match: re.Match[bytes]) -> tuple[list[Claim], int]:
        """What the map says whose key (one of ``TRIGGERS``) matched, and where to go on."""
        key, start = match.group(), match.start()
        if key in (b"\xa6Action", b"\xaaSourceName"):
            return self._intention(data, match)
        text, at = text_at(data, match.end(), 256)
        if key == b"\xa7Address":
            return self._address(data, start, text, at)
        if key == b"\xaeServiceAddress":
            self._service_address = text
        elif key == b"\xabServiceKind":
            return self._service_node(data, text, at)
        elif text == b"connect-proxy":
            return self._service(data, start)
        elif text == b"service-intentions":
            found, at = walk(data, at, frozenset({b"Name"}))
            name = found.get(b"Name")
            self._destination = name if isinstance(name, bytes) else b""
        return [], at

    def _address(self, data: bytes, start: int, text: bytes, at: int) -> tuple[list[Claim], int]:
        """The first key of a sorted map: of a service where Connect follows, else of a node."""
        if len(data) - at < 8:
            raise NeedMoreData(8 - (len(data) - at))
        if data.startswith(b"\xa7Connect", at):
            return self._service(data, start)
        self._node = text or self._node
        return [], at

    def _service(self, data: bytes, at: int) -> tuple[list[Claim], int]:
        found, at = walk(data, at, _SERVICE)
        return mesh_claims(found, self._node), at

    def _service_node(self, data: bytes, kind: bytes, at: int) -> tuple[list[Claim], int]:
        claims: list[Claim] = []
        if kind == b"connect-proxy":
            found, at = walk(data, at, frozenset(_PREFIXED))
            service = {_PREFIXED[key]: value for key, value in found.items()}
            claims = mesh_claims({**service, b"Kind": kind, b"Address": self._service_address}, self._node)
        self._service_address = b""
        return claims, at

    def _intention(self, data: bytes, match: re.Match[bytes]) -> tuple[list[Claim], int]:
        """Sorted, an intention begins with Action; in source order the names come first and Action last."""
        sorted_ = match.group() == b"\xa6Action"
        if sorted_ and text_at(data, match.end(), 16)[0] not in (b"allow", b"deny"):
            return [], match.end()
        found, at = walk(data, match.start(), _ENDS, last=b"Name" if sorted_ else b"Action")
        claim = intention(found, self._destination)
        return [claim] if claim is not None else [], at


def mesh_claims(service: Mapping[bytes, object], node: bytes) -> list[Claim]:
    """Claims of one ``NodeService``: a sidecar's listener and the port of the service behind it.

    ``node``: the address of the node it is on, b"" where unknown. A sidecar reaches its service on loopback; what the
    mesh is bypassed by is the same port on the node's own address, so that is what is claimed.
    """
    address = service.get(b"Address") or node
    if not isinstance(address, bytes):
        address = b""
    port, name = _port(service.get(b"Port")), service.get(b"Service")
    name = name if isinstance(name, bytes) else b""
    if service.get(b"Kind") == b"connect-proxy":
        proxy = service.get(b"Proxy")
        proxy = proxy if isinstance(proxy, dict) else {}
        destination = proxy.get(b"DestinationServiceName")
        behind = destination if isinstance(destination, bytes) else name
        claims = [_claim("listener", address, port, behind, role="mesh")] if port else []
        local = _port(proxy.get(b"LocalServicePort"))
        local_address = proxy.get(b"LocalServiceAddress")
        if local:
            claims.append(_claim("service", _host(local_address, address), local, behind))
        return claims
    connect = service.get(b"Connect")
    if port and isinstance(connect, dict) and connect.get(b"Native") is True:
        return [_claim("listener", address, port, name, role="mesh")]
    return []


def intention(found: Mapping[bytes, object], destination: bytes) -> Claim | None:
    """An intention: the old form names both ends, a source in a config entry only itself."""
    action = found.get(b"Action")
    source = found.get(b"SourceName", found.get(b"Name"))
    target = found.get(b"DestinationName", destination)
    if action not in (b"allow", b"deny") or not isinstance(action, bytes):
        return None
    if not (isinstance(source, bytes) and isinstance(target, bytes) and source and target):
        return None
    return Claim("intention", (printable(source, 128), printable(target, 128)), (("action", action.decode()),))


def _port(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < PORTS else 0


def _host(local: object, address: bytes) -> bytes:
    if isinstance(local, bytes) and local and not local.startswith((b"127.", b"::1", b"localhost", b"0.0.0.0")):
        return local
    return address


def _claim(kind: str, address: bytes, port: int, service: bytes, **more: str) -> Claim:
    value = {"service": printable(service, 128), "why": "catalog", **more}
    return Claim(kind, (printable(address, 64), port), tuple(sorted(value.items())))
