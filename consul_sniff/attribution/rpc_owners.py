"""Whose msgpack-RPC and Raft it is, and who speaks Consul at all.

Nomad is built of the same parts (net/rpc, Raft, yamux), so the methods decide: one Consul service makes its pool of
sockets Consul's, one of Nomad's somebody else's. ``Status.*`` and Raft alone decide nothing: then the port (named by
the user, a tag or the default), then a host that is proven Consul otherwise; else nobody knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .pools import Union
from .telling import of_rpc

if TYPE_CHECKING:
    from .index import Index
    from .pools import Pools, Socket
    from .ports import PortBook
    from .talks import Speech

# The services that Consul's and Nomad's servers register (agent/consul/server_register.go; nomad/server.go),
# less those that both have: ACL, Operator, Status, Event, Keyring, System.
CONSUL: Final = frozenset({
    "AutoConfig", "AutoEncrypt", "Catalog", "ConfigEntry", "ConnectCA", "Coordinate", "DiscoveryChain",
    "FederationState", "Health", "Intention", "Internal", "KVS", "PreparedQuery", "Session", "Snapshot", "Txn",
    "Subscribe", "PeerStream", "Peering", "Resource"})
NOMAD: Final = frozenset({
    "Agent", "Alloc", "ClientAllocations", "ClientCSI", "ClientStats", "CSIPlugin", "CSIVolume", "Deployment", "Eval",
    "FileSystem", "Job", "Namespace", "Node", "NodeMeta", "NodePool", "Periodic", "Plan", "Quota", "Region", "Scaling",
    "Search", "Sentinel", "ServiceRegistration", "Variables", "Volumes"})
GRPC_SERVICES: Final = frozenset({"xds", "dataplane", "peering", "consul"})


def rpc_talk(speech: Speech) -> bool:
    """Whether the bytes show Consul's (or Nomad's) RPC port."""
    return bool(speech.shape.protocols & {"consul-rpc", "raft"}) or any(of_rpc(word.fields) for word in speech.of("tls"))


def _verdict(speech: Speech) -> str:
    """Whose it is, from this conversation alone: consul | other | unknown."""
    found = "unknown"
    for word in speech.words:
        if word.protocol == "tls" and of_rpc(word.fields):
            return "consul"
        if word.protocol in ("consul-rpc", "raft"):
            service = str(word.fields.get("method", "")).partition(".")[0]
            if service in CONSUL or word.kind in ("remote-exec", "snapshot") \
                    or word.fields.get("mode") in ("raft-forwarding", "tls-insecure", "gossip"):
                return "consul"
            if service in NOMAD:
                found = "other"
    return found


class Rpc:
    """Which sockets answer RPC, and whose each is."""

    def __init__(self, index: Index) -> None:
        self.talks = index.asked(rpc_talk)
        self._union = Union()
        self._owners: dict[Socket, str] = {}
        for talk in self.talks:
            self._union.join((talk.key.source, talk.key.port), talk.socket)
        for talk in self.talks:
            self._vote(talk.socket, talk.speech.once(_verdict))
        self.sockets = frozenset(talk.socket for talk in self.talks)

    def _vote(self, socket: Socket, verdict: str) -> None:
        root = self._union.find(socket)
        known = self._owners.get(root, "unknown")
        if known == "unknown" or verdict == "consul":
            self._owners[root] = verdict

    def owner(self, socket: Socket) -> str:
        return self._owners.get(self._union.find(socket), "unknown") if socket in self._union else "unknown"

    def named(self, book: PortBook) -> None:
        """What the methods left open: a port that somebody named an RPC port."""
        for talk in self.talks:
            if self.owner(talk.socket) == "unknown" and book.role(*talk.socket) == "rpc":
                self._vote(talk.socket, "consul")

    def proven(self, speakers: frozenset[str], book: PortBook) -> None:
        """What is open still: a host that speaks Consul makes it Consul's (not on a port that is Nomad's)."""
        for talk in self.talks:
            if self.owner(talk.socket) == "unknown" and speakers & {talk.key.source, talk.key.destination} \
                    and book.role(*talk.socket) != "nomad":
                self._vote(talk.socket, "consul")


def _answers_as_agent(speech: Speech) -> bool:
    return any(word.side == 1 and ((word.protocol == "http" and word.fields.get("api") == "consul")
                                   or (word.protocol == "grpc" and word.fields.get("service") in GRPC_SERVICES))
               for word in speech.words)


def speakers(index: Index, rpc: Rpc, pools: Pools | None = None) -> frozenset[str]:
    """Hosts that speak Consul as agents: both ends of its RPC, who answers its API or gRPC, members of its pools."""
    found: set[str] = set()
    for talk in rpc.talks:
        if rpc.owner(talk.socket) == "consul" and talk.answered:
            found |= {talk.key.source, talk.key.destination}
    found |= {talk.key.destination for talk in index.asked(_answers_as_agent)}
    for pool in pools.owned() if pools else ():
        found |= pool.hosts
    return frozenset(found)
