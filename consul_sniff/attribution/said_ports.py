"""Ports that the traffic itself names: tags of members, ``/v1/agent/self``, ``config_dump``, xDS.

The port that a member gossips on is no role of its own: its pool is (pools.py).

What a claim says is believed only as far as it goes: it names a port's role on one address; no finding rests on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .addresses import nowhere
from .ports import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..facts import ClaimTally, ConversationKey, Facts
    from ..model import Claim, Scalar

TAGS: Final = {"rpc_port": "rpc", "wan_join_port": "serf-wan", "grpc_port": "grpc", "grpc_tls_port": "grpc-tls"}
#: keys of an ``agent`` claim
AGENT: Final = {"server_port": "rpc", "rpc_port": "rpc", "serf_lan_port": "serf-lan", "serf_wan_port": "serf-wan",
                "http_port": "http", "https_port": "https", "grpc_port": "grpc", "grpc_tls_port": "grpc-tls",
                "dns_port": "dns"}


def is_port(value: Scalar) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def consul_tags(value: dict[str, Scalar]) -> bool:
    """Whether a Consul agent has such tags: Nomad's servers have a role, too, and Serf's users what they like."""
    role = value.get("role")
    return role == "consul" or (role == "node" and bool(value.get("dc")) and value.get("vsn") is not None)


def wan_name(name: str, value: dict[str, Scalar]) -> bool:
    """Members of the WAN pool are named ``NODE.DC``."""
    datacenter = value.get("dc")
    return bool(datacenter) and name.lower().endswith(f".{datacenter}".lower())


def located(claim: Claim, conversation: ConversationKey | None, side: int) -> tuple[str, int] | None:
    """A listener's or service's socket. Without an address it is on the host of who said so, or (xDS) of who was told."""
    if len(claim.subject) < 2:
        return None
    address, port = str(claim.subject[0] or ""), claim.subject[1]
    if nowhere(address):
        host = dict(claim.value).get("host")
        if conversation is None or host not in ("self", "peer"):
            return None
        says, told = (conversation.destination, conversation.source)[::1 if side else -1]
        address = says if host == "self" else told
    if nowhere(address) or not isinstance(port, int) or not is_port(port):
        return None
    return address, port


def learn(facts: Facts) -> dict[tuple[str, int], str]:
    """(address, port) -> role, from every claim that names one. Of several the least role name wins (deterministic)."""
    said: dict[tuple[str, int], str] = {}
    for key, tally in facts.claims.items():
        for address, port, role in _named(key.claim, tally):
            if isinstance(port, int) and is_port(port) and not nowhere(address):
                said[address, port] = min(role, said.get((address, port), role))
    return said


def _named(claim: Claim, tally: ClaimTally) -> Iterable[tuple[str, Scalar, str]]:
    value = dict(claim.value)
    if claim.kind == "member" and consul_tags(value):
        address = str(claim.subject[1] or "")
        for tag, role in TAGS.items():
            yield address, value.get(tag), role
    elif claim.kind == "agent":
        address = str(claim.subject[0] or "") if claim.subject else ""
        if nowhere(address) and tally.conversation is not None:
            address = tally.conversation.destination
        for setting, role in AGENT.items():
            yield address, value.get(setting), role
    elif claim.kind == "listener" and value.get("role") in CHANNELS and value.get("role") != "mesh":
        # (sidecars' public listeners are mesh.py's)
        socket = located(claim, tally.conversation, tally.side)
        if socket is not None:
            yield *socket, str(value["role"])
