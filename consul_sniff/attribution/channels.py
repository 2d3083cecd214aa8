"""What each conversation is for: its channel, whose it is, and whether the bytes or only the port say so.

Content first. Where the bytes show nothing of themselves (TLS, a refused connection, bytes nobody could read) the
responder's socket decides: another conversation with the same address and port that showed content, then the port as
named by the user, said in the traffic, or by default. Default ports that other software uses too (8200, 8443, 19000 and
21000 onwards) need a host that speaks Consul beside them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ..model import Protection
from .pools import plain_counts, sealed_counts
from .ports import SHARED
from .rpc_owners import GRPC_SERVICES
from .talks import once

if TYPE_CHECKING:
    from .pools import Pools, Socket
    from .ports import Named, PortBook
    from .profile import Profile
    from .rpc_owners import Rpc
    from .talks import Index, Said, Talk

RPC_CHANNELS: Final = frozenset({"rpc", "raft"})
#: what a conversation is called where it showed several (a mode byte before TLS, Raft beside RPC)
PROTOCOLS: Final = ("memberlist", "consul-rpc", "raft", "grpc", "envoy-admin", "vault", "http", "dns", "tls")


class Place(NamedTuple):
    """Channel, owner (consul | other | unknown) and what they rest on (content | port)."""

    channel: str
    owner: str
    by: str


NOWHERE: Final = Place("other", "unknown", "content")


def mesh_identity(said: Said, domain: str) -> str | None:
    """``sni`` or ``spiffe`` where TLS names a mesh identity: ``web.default.dc1.internal.<uuid>.consul``."""
    if said.protocol != "tls":
        return None
    fields = said.fields
    sni, names, spiffe = fields.get("sni"), fields.get("names"), fields.get("spiffe")
    if sni or names:
        for name in f"{sni or ''},{names or ''}".lower().split(","):
            if name.rstrip(".").endswith("." + domain) and _MESH_NAME.search(name):
                return "sni"
    return "spiffe" if spiffe and _SPIFFE.match(str(spiffe)) else None


_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MESH_NAME: Final = re.compile(rf"\.(?:internal|external)(?:-v\d+)?\.{_UUID}\.[a-z0-9.-]+$")
_SPIFFE: Final = re.compile(rf"spiffe://{_UUID}\.[^/]+/(?:\S+/)?(?:svc/|gateway/mesh)")


def _protocol(talk: Talk) -> str:
    shown = {said.protocol for said in talk.said if said.clear or said.protocol == "tls"} or talk.protocols
    return next((name for name in PROTOCOLS if name in shown), "unknown")


def _protection(talk: Talk) -> Protection:
    if any(said.clear for said in talk.said):
        return Protection.PLAINTEXT
    if talk.protocols - {"consul-rpc"} or any(said.decrypted for said in talk.said):
        return Protection.ENCRYPTED
    return Protection.UNKNOWN


class Channels:
    """Answers ``place`` (a conversation) and ``place_of`` (one thing said in it). Built once pools and RPC are settled."""

    def __init__(self, index: Index, book: PortBook, pools: Pools, rpc: Rpc, speakers: frozenset[str],
                 profile: Profile) -> None:
        self._book, self._pools, self._rpc, self._profile = book, pools, rpc, profile
        self.speakers = speakers
        self._shown: dict[Socket, Place] = {}
        self._zones: set[Socket] = set()  # sockets that were asked for names of Consul's domain
        for talk in index.talks.values():
            self._learn(talk)

    def _learn(self, talk: Talk) -> None:
        """Sockets whose purpose their content shows; RPC wins over all, for gRPC and TLS run inside it."""
        if talk.socket in self._rpc.sockets:
            owner = self._rpc.owner(talk.socket)
            self._shown[talk.socket] = Place("rpc" if owner == "consul" else "other", owner, "content")
            return
        if once(talk, self._asks_for_domain):
            self._zones.add(talk.socket)
        channel = once(talk, self._shown_by)
        if channel is not None:
            self._shown.setdefault(talk.socket, Place(channel, "consul", "content"))

    def _asks_for_domain(self, talk: Talk) -> bool:
        return any(said.fields.get("zone") == self._profile.domain for said in talk.of("dns"))

    def _shown_by(self, talk: Talk) -> str | None:
        for said in talk.said:
            if said.protocol == "http" and said.fields.get("api") == "consul":
                return "api"
            if said.protocol == "grpc" and said.fields.get("service") in GRPC_SERVICES:
                return "grpc"
            if mesh_identity(said, self._profile.domain):
                return "mesh"
        return None

    def _of_mesh(self, talk: Talk) -> bool:
        return any(mesh_identity(said, self._profile.domain) for said in talk.of("tls"))

    def protocol(self, talk: Talk) -> str:
        """What the bytes show, of several the one that says most."""
        if talk.protocol is None:
            talk.protocol = "memberlist" if talk.key in self._pools.of_talk else once(talk, _protocol)
        return talk.protocol

    def protection(self, talk: Talk) -> Protection:
        """The worst that was seen."""
        if talk.protection is None:
            talk.protection = self._protection(talk)
        return talk.protection

    def _protection(self, talk: Talk) -> Protection:
        said = once(talk, _protection)
        if said is Protection.PLAINTEXT or any(plain_counts(talk)):
            return Protection.PLAINTEXT
        if said is Protection.ENCRYPTED:
            return Protection.ENCRYPTED
        if talk.key in self._pools.of_talk and any(sealed_counts(talk)):
            return Protection.ENCRYPTED
        return Protection.UNKNOWN

    def place(self, talk: Talk) -> Place:
        if talk.place is None:
            talk.place = self.place_of(talk, self.protocol(talk))
        return talk.place

    def place_of(self, talk: Talk, protocol: str) -> Place:
        """Of what was said in one protocol of a conversation (one may carry several)."""
        place = talk.places.get(protocol)
        if place is None:
            place = talk.places[protocol] = self._settle(talk, protocol)
        return place

    def _settle(self, talk: Talk, protocol: str) -> Place:
        if protocol == "memberlist":
            pool = self._pools.of_talk.get(talk.key)
            return Place(pool.channel, pool.owner, pool.how) if pool else NOWHERE
        if protocol in ("consul-rpc", "raft"):
            owner = self._rpc.owner(talk.socket)
            channel = "raft" if protocol == "raft" else "rpc"
            return Place(channel if owner != "other" else "other", owner, "content")
        if protocol == "vault":
            return Place("ca", "consul" if talk.key.source in self.speakers else "other", "content")
        if protocol == "envoy-admin":
            return Place("envoy-admin", "consul", "content")
        if protocol == "dns":
            return self._dns(talk)
        return self._by_content(talk, protocol) or self._by_port(talk, protocol)

    def _dns(self, talk: Talk) -> Place:
        if once(talk, self._asks_for_domain):
            return Place("dns", "consul", "content")
        named = self._book.named(*talk.socket, talk.key.transport)
        if named is not None and named.role == "dns":
            proven = named.how != "default" or talk.socket in self._zones or talk.key.destination in self.speakers
            return Place("dns", "consul" if proven else "unknown", "port")
        return Place("other", "other", "content")

    def _by_content(self, talk: Talk, protocol: str) -> Place | None:
        shown = self._shown.get(talk.socket)
        if shown is not None and shown.channel == "rpc":
            if protocol == "unknown":
                return shown._replace(by="port")
            return shown if protocol in ("tls", "grpc") else None
        if protocol == "tls" and once(talk, self._of_mesh):
            return Place("mesh", "consul", "content")
        if shown is not None and talk.data:
            # the same socket showed what it is in another conversation or protocol of this input
            return shown if protocol != "unknown" else shown._replace(by="port")
        return None

    def _by_port(self, talk: Talk, protocol: str) -> Place:
        named = self._book.named(*talk.socket, talk.key.transport)
        pool = self._pools.at(talk.socket)
        if pool is not None and protocol == "unknown" and pool.owner == "consul":
            return Place(pool.channel, "consul", "port")
        if named is None:
            return NOWHERE
        if protocol == "http" and named.channel not in ("mesh", "envoy-admin"):
            return Place(named.channel, "unknown", "port")  # HTTP that is none of Consul's API
        if protocol == "grpc" and named.how == "default" and not self.speakers & {talk.key.source, talk.key.destination}:
            return Place(named.channel, "unknown", "port")  # HTTP/2 that shows nothing of Consul, beside nobody of its
        # on an RPC port it is RPC (mode 8, or mid-stream): no gRPC listener
        return Place(named.channel, self._owner(talk, named), "port")

    def _owner(self, talk: Talk, named: Named) -> str:
        if named.role in ("serf", "nomad"):
            return "other"
        if named.role not in SHARED or named.how != "default":
            return "consul"
        near = {talk.key.source} if named.role == "vault" else {talk.key.source, talk.key.destination}
        if near & self.speakers:
            return "consul"
        return "other" if named.role == "vault" else "unknown"
