"""Which ports Consul and its neighbours use: the only place in the package where a default port stands.

A port decides nothing by itself: it says what to expect where the bytes show nothing (TLS 1.3, sealed gossip, a refused
connection). In this order: named by the user, said in the traffic, default. Numbers: ``lib/ports`` and the agent's
defaults of Consul 1.13 to 1.20; Envoy's from ``consul connect envoy`` and the sidecar port range of the agent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .profile import PORT_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .profile import Profile

DEFAULTS: Final[Mapping[str, frozenset[int]]] = {
    "rpc": frozenset({8300}),
    "serf-lan": frozenset({8301}),
    "serf-wan": frozenset({8302}),
    "http": frozenset({8500}),
    "https": frozenset({8501}),
    "grpc": frozenset({8502}),
    "grpc-tls": frozenset({8503}),
    "dns": frozenset({8600}),
    "envoy-admin": frozenset(range(19000, 19100)),
    "mesh": frozenset({20000, *range(21000, 21256)}),
    "mesh-gateway": frozenset({8443}),
    "expose-path": frozenset(range(21500, 21756)),
    "vault": frozenset({8200}),
    "serf": frozenset({7946}),  # Serf's own and Docker Swarm's: the same memberlist, not Consul
    "nomad": frozenset({4646, 4647, 4648}),
}
#: what a port of that role is for
CHANNELS: Final[Mapping[str, str]] = {
    "rpc": "rpc", "serf-lan": "gossip-lan", "serf-wan": "gossip-wan", "http": "api", "https": "api", "grpc": "grpc",
    "grpc-tls": "grpc", "dns": "dns", "envoy-admin": "envoy-admin", "mesh": "mesh", "mesh-gateway": "mesh",
    "expose-path": "mesh", "vault": "ca", "serf": "other", "nomad": "other",
}
#: roles whose default ports other software uses too: the port alone makes no traffic there Consul's
SHARED: Final = frozenset({"envoy-admin", "mesh", "mesh-gateway", "expose-path", "vault", "serf", "nomad"})
UDP: Final = frozenset({"serf-lan", "serf-wan", "dns", "serf", "nomad"})
TCP_ONLY: Final = frozenset(DEFAULTS) - UDP

class Named(NamedTuple):
    """What a port is for, and who says so."""

    role: str
    how: str  # user | said | default

    @property
    def channel(self) -> str:
        return CHANNELS[self.role]


_BY_PORT: Final[Mapping[int, Named]] = {port: Named(role, "default") for role, ports in DEFAULTS.items() for port in ports}

def hints(profile: Profile) -> frozenset[int]:
    """Ports that are likely a responder's: for flows whose beginning the capture does not show."""
    return frozenset(_BY_PORT) | {port for _, port in profile.ports}


class PortBook:
    """What the ports of this run's hosts are for. ``said``: (address, port) -> role, as the traffic told."""

    def __init__(self, profile: Profile, said: Mapping[tuple[str, int], str]) -> None:
        self._user = {port: Named(role, "user") for role, port in sorted(profile.ports, reverse=True)}
        self._said = {socket: Named(role, "said") for socket, role in said.items()}
        #: ports that are named on any host
        self.ports = frozenset({*_BY_PORT, *self._user, *(port for _, port in self._said)})
        #: channels that the traffic named ports for which nobody knew beforehand
        self.elsewhere = frozenset(named.channel for (_, port), named in self._said.items() if port not in _BY_PORT and port not in self._user)

    def named(self, address: str, port: int, transport: str = "tcp") -> Named | None:
        """The role of a socket, or None."""
        if port not in self.ports:
            return None
        for named in (self._user.get(port), self._said.get((address, port)), _BY_PORT.get(port)):
            if named is not None and (transport == "tcp" or named.role in UDP):
                return named
        return None

    def role(self, address: str, port: int, transport: str = "tcp") -> str | None:
        named = self.named(address, port, transport)
        return named.role if named else None


def check_roles(roles: Iterable[str]) -> None:
    """Every role a user may name has defaults and a channel: this module's own consistency."""
    missing = set(roles) - set(DEFAULTS) - set(CHANNELS)
    if missing:
        raise KeyError(sorted(missing))


check_roles(PORT_ROLES)
