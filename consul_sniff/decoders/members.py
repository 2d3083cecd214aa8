"""Members of a pool as gossip describes them: name, address, state, and Serf's tags in ``Meta``.

Tags (serf.go encodeTags): byte 255 and a map of text to text. Consul's are set in its agent/consul/server_serf.go and
client_serf.go: role, dc, build, port, ... Before Serf protocol 3 Meta was the bare role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import DecodeError, NeedMoreData
from ..model import Claim
from ..text import printable
from .base import Cursor
from .gossip import number, raw, text
from .msgpack_reader import unpack

if TYPE_CHECKING:
    from ..model import Scalar
    from .base import Budget
    from .gossip import Fields

STATES: Final = ("alive", "suspect", "dead", "left")  # memberlist state.go, NodeStateType
TAG_MAGIC: Final = 255
_NAME: Final = 255  # characters of a name or tag that are kept; a DNS label has 63

_TEXTS: Final = {key.encode(): key for key in ("role", "dc", "id", "build", "vsn", "segment", "ap", "acls", "use_tls")}
_PORTS: Final = {b"port": "rpc_port", b"wan_join_port": "wan_join_port", b"grpc_port": "grpc_port",
                 b"grpc_tls_port": "grpc_tls_port"}
_ROLES: Final = {"consul": "server", "node": "client"}


def tags(meta: bytes, budget: Budget) -> dict[bytes, bytes] | None:
    """Serf's tags; None: there are none here, or nothing that can be read."""
    if not meta or meta[0] != TAG_MAGIC:
        return None
    try:
        value = unpack(Cursor(meta, 1), budget)
    except (DecodeError, NeedMoreData):
        return None
    if not isinstance(value, dict):
        return None
    return {key: tag for key, tag in value.items() if isinstance(key, bytes) and isinstance(tag, bytes)}


def address(packed: bytes) -> str:
    """As ``ipaddress`` writes it; "" where it is none. Go also keeps IPv4 in 16 bytes."""
    import ipaddress

    if len(packed) == 4:
        return str(ipaddress.IPv4Address(packed))
    if len(packed) != 16:
        return ""
    wide = ipaddress.IPv6Address(packed)
    return str(wide.ipv4_mapped or wide)


def member(fields: Fields, name_key: bytes, state: str, budget: Budget) -> tuple[Claim, str, dict[str, object]]:
    """The claim that an alive message or a node state makes, one line about it, and its detail.

    The claim's ``tags`` says what Meta held: "serf" (a tag map), "none", or "other".
    """
    name, where, port = text(fields, name_key, _NAME), address(raw(fields, b"Addr")), number(fields, b"Port")
    incarnation = number(fields, b"Incarnation")
    meta = raw(fields, b"Meta")
    found = tags(meta, budget)
    held = "serf" if found is not None else "other" if meta else "none"
    value: dict[str, Scalar] = {"port": port, "incarnation": incarnation, "state": state, "tags": held}
    for key, tag in (found or {}).items():
        if key in _TEXTS:
            value[_TEXTS[key]] = printable(tag, _NAME)
        elif key in _PORTS and tag.isdigit() and len(tag) <= 5:
            value[_PORTS[key]] = int(tag)
    place = f"[{where}]:{port}" if ":" in where else f"{where}:{port}"
    about = [name, place, *_about(value)]
    detail = {
        "name": name, "address": where, "port": port, "incarnation": incarnation, "state": state,
        "tags": {printable(key, _NAME): printable(tag, _NAME) for key, tag in sorted((found or {}).items())},
        "versions": list(raw(fields, b"Vsn")[:6]),
    }
    return Claim("member", (name, where), tuple(sorted(value.items()))), " ".join(about), detail


def _about(value: dict[str, Scalar]) -> list[str]:
    role = value.get("role")
    build = value.get("build")
    words = [_ROLES.get(role, role) if isinstance(role, str) else None, value.get("dc"),
             build.partition(":")[0] if isinstance(build, str) else None]
    return [word for word in words if isinstance(word, str) and word]


def verdict(fields: Fields, state: str) -> Claim:
    """The claim of a suspect or dead message: a name and its state, no address."""
    value = (("incarnation", number(fields, b"Incarnation")), ("state", state))
    return Claim("member", (text(fields, b"Node", _NAME), ""), value)
