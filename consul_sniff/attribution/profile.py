"""What the user says about the datacenter beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: what ``--port ROLE=N`` may name
PORT_ROLES: Final = ("rpc", "serf-lan", "serf-wan", "http", "https", "grpc", "grpc-tls", "dns", "envoy-admin", "mesh",
                     "vault")


class Profile(NamedTuple):
    """Ports named by the user (beside the defaults), the DNS domain, the fingerprints of the keyring's gossip keys."""

    ports: frozenset[tuple[str, int]] = frozenset()
    domain: str = "consul"
    keys: frozenset[str] = frozenset()

    @classmethod
    def of(cls, ports: Mapping[str, Iterable[int]], domain: str = "consul",
           keys: Iterable[str] = ()) -> Profile:
        """From role -> ports, as a command line has them."""
        return cls(frozenset((role, port) for role, numbers in ports.items() for port in numbers),
                   domain.strip(".").lower(), frozenset(keys))
