"""Which words tell something of a datacenter.

Most conversations of a network are TLS, HTTP and DNS of others. Where all the words of one are such, and nobody named
the responder's port, nobody here has anything to say of it: then it is a row of the report and no more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..facts import Fields
    from ..model import Scalar
    from .profile import Profile

#: modes that Consul's and no other RPC port knows: Nomad's TLS is 4
CONSUL_MODES: Final = frozenset({"3", "7"})
REMOTE: Final = "remote-exec"

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MESH_NAME: Final = re.compile(rf"\.(?:internal|external)(?:-v\d+)?\.{_UUID}\.[a-z0-9.-]+$")
_SPIFFE: Final = re.compile(rf"spiffe://{_UUID}\.[^/]+/(?:\S+/)?(?:svc/|gateway/mesh)")


def telling(protocol: str, kind: str, fields: Mapping[str, Scalar], domain: str) -> bool:
    """Whether a word may be Consul's, or be taken for it. ``domain``: the datacenter's DNS domain."""
    if protocol == "tls":
        return of_rpc(fields) or mesh_identity(fields, domain) is not None
    if protocol == "dns":
        return fields.get("zone") == domain
    return protocol != "http" or fields.get("api") == "consul" or kind == REMOTE \
        or "disable_remote_exec" in fields or "remote_exec" in fields


def teller(profile: Profile) -> Callable[[str, str, Fields], bool]:
    """``telling`` for those who have fields as pairs, while they read."""
    return lambda protocol, kind, fields: telling(protocol, kind, dict(fields), profile.domain)


def of_rpc(fields: Mapping[str, Scalar]) -> bool:
    """Whether TLS shows Consul's RPC port."""
    return fields.get("mode") in CONSUL_MODES or str(fields.get("alpn", "")).startswith("consul/")


def mesh_identity(fields: Mapping[str, Scalar], domain: str) -> str | None:
    """``sni`` or ``spiffe`` where TLS names a mesh identity: ``web.default.dc1.internal.<uuid>.consul``."""
    sni, names, spiffe = fields.get("sni"), fields.get("names"), fields.get("spiffe")
    text = f"{sni or ''},{names or ''}".lower()
    if domain in text and any(name.rstrip(".").endswith("." + domain) and _MESH_NAME.search(name) for name in text.split(",")):
        return "sni"
    return "spiffe" if spiffe and _SPIFFE.match(str(spiffe)) else None
