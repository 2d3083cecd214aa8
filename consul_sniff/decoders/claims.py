"""How decoders write claims down: one form for each kind, so that equal facts fold together."""

from __future__ import annotations

from ..model import Claim
from ..text import printable

_NAME = 128  # characters of a service's name that are kept
_ANY = frozenset({"", "0.0.0.0", "::", "127.0.0.1", "::1", "localhost"})  # noqa: S104 - compared, not bound


def address_of(raw: bytes | str) -> str:
    """An address as claims hold it; empty for one that means "the host itself" (any, loopback) or is none."""
    text = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    text = text.strip("[]")
    if text in _ANY:
        return ""
    from ipaddress import ip_address

    try:
        address = ip_address(text)
    except ValueError:
        return ""
    return "" if address.is_loopback or address.is_unspecified else str(address)


def listener(address: str, port: object, role: str, name: str, why: str, host: str) -> Claim | None:
    """A port that is for ``role``. ``host``: whose an empty address is, "self" (who says it) or "peer" (who is told)."""
    if not _port(port):
        return None
    value = (("host", host), ("role", role), ("service", printable(name, _NAME)), ("why", why))
    return Claim("listener", (address, port), value)  # type: ignore[arg-type]


def service(address: str, port: object, name: str, why: str, host: str) -> Claim | None:
    """A mesh service's own, plaintext port."""
    if not _port(port):
        return None
    return Claim("service", (address, port), (("host", host), ("service", printable(name, _NAME)), ("why", why)))  # type: ignore[arg-type]


def intention(source: str, destination: str, action: str) -> Claim:
    """An intention; ``action`` is allow, deny or l7."""
    return Claim("intention", (printable(source, _NAME), printable(destination, _NAME)), (("action", action),))


def _port(port: object) -> bool:
    return type(port) is int and 0 < port < 65_536
