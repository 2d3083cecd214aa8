"""What TLS handshakes say, as messages: the same words whether a decoder read them or the screen did (``others.py``).

``mode``: the Consul RPC mode byte before TLS, as text, or None.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..model import Message, Protection
from ..text import printable
from . import tls_handshake as hs
from .tls_suites import suite_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .certificates import Leaf

NAME_LENGTH: Final = 256


def client_hello(mode: str | None, version: int, sni: bytes | None, alpn: tuple[bytes, ...],
                 detail: Mapping[str, object] | None = None) -> Message:
    """``version``: the highest offered."""
    fields = hello_fields(mode, sni, alpn)
    host = fields[2][1]
    summary = f"ClientHello up to {hs.version_name(version)}"
    return Message("tls", "client-hello", Protection.ENCRYPTED, f"{summary} for {host}" if host else summary, fields, detail)


def hello_fields(mode: str | None, sni: bytes | None, alpn: tuple[bytes, ...]) -> tuple[tuple[str, str | None], ...]:
    """Of a ClientHello's message."""
    return _alpn(alpn), _mode(mode), ("sni", _host(sni))


def server_hello(mode: str | None, version: int, suite: int | None, *, resumed: bool | None,
                 detail: Mapping[str, object] | None = None) -> Message:
    """``version``, ``suite``: what the server chose."""
    name = None if suite is None else suite_name(suite)
    chosen = hs.version_name(version)
    return Message("tls", "server-hello", Protection.ENCRYPTED, f"ServerHello {chosen} {name}",
                   (("mode", mode), ("resumed", resumed), ("suite", name), ("version", chosen)), detail)


def certificate(mode: str | None, der: bytes) -> Message:
    """The leaf; empty: there is none."""
    if not der:
        return told(mode, "no-certificate", "empty Certificate")
    from .certificates import leaf

    found: Leaf = leaf(der)
    names = ",".join(found.names)
    holder = names or found.subject or ("unreadable" if found.broken else "nobody")
    return told(mode, "certificate", f"Certificate of {holder}"[:NAME_LENGTH],
                {"broken": True} if found.broken else None, fingerprint=found.fingerprint,
                names=names or None, subject=found.subject, not_before=found.not_before,
                not_after=found.not_after, spiffe=found.spiffe)


def flight(mode: str | None, version: int, *, resumed: bool, requested: bool | None) -> Message:
    """All that a server of TLS 1.2 or older says in the clear was seen."""
    chosen = hs.version_name(version)
    words = "resumed" if resumed else f"client certificate {'' if requested else 'not '}requested"
    return told(mode, "handshake", f"{chosen} handshake, {words}", version=chosen, resumed=resumed,
                client_certificate_requested=requested)


def certificate_request(mode: str | None) -> Message:
    return told(mode, "certificate-request", "CertificateRequest")


def records(mode: str | None) -> Message:
    """Sealed ones."""
    return told(mode, "records", "TLS records")


def told(mode: str | None, kind: str, summary: str, detail: Mapping[str, object] | None = None,
         **fields: str | int | bool | None) -> Message:
    """A message with its fields in order."""
    fields["mode"] = mode
    return Message("tls", kind, Protection.ENCRYPTED, summary, tuple(sorted(fields.items())), detail)


@lru_cache(maxsize=256)  # few differ, and there are as many messages as host names
def _alpn(names: tuple[bytes, ...]) -> tuple[str, str | None]:
    return "alpn", ",".join([printable(name, 32) for name in names[:8]]) or None


@lru_cache(maxsize=16)
def _mode(mode: str | None) -> tuple[str, str | None]:
    return "mode", mode


def _host(name: bytes | None) -> str | None:
    if not name:
        return None
    return printable(name.lower().rstrip(b"."), NAME_LENGTH)
