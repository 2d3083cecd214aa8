"""Service and intention maps of Consul's catalog: what they claim about the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import Claim
from ..text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS = 65_536


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
