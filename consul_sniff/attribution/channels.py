"""What each conversation is for: its channel, whose it is, and whether the bytes or only the port say so.

Content first. Where the bytes show nothing of themselves (TLS, a refused connection, bytes nobody could read) the
responder's socket decides: another conversation with the same address and port that showed content, then the port as
named by the user, said in the traffic, or by default. Default ports that other software uses too (8200, 8443, 19000 and
21000 onwards) need a host that speaks Consul beside them.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from ..model import Protection
from .pools import sealed_counts
from .ports import SHARED
from .rpc_owners import GRPC_SERVICES
from .talks import of_mesh

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .index import Index
    from .pools import Pools, Socket
    from .ports import Named, PortBook
    from .profile import Profile
    from .rpc_owners import Rpc
    from .talks import Speech, Talk

RPC_CHANNELS: Final = frozenset({"rpc", "raft"})


class Place(NamedTuple):
    """Channel, owner (consul | other | unknown) and what they rest on (content | port)."""

    channel: str
    owner: str
    by: str


NOWHERE: Final = Place("other", "unknown", "content")
OTHERS_DNS: Final = Place("other", "other", "content")
#: by protocol, what nobody can have anything to say of
OTHERS: Final[Mapping[str, Place]] = {"tls": NOWHERE, "http": NOWHERE, "unknown": NOWHERE, "dns": OTHERS_DNS}


class Channels:
    """Answers ``place`` (a conversation) and ``place_of`` (one thing said in it). Built once pools and RPC are settled."""

    def __init__(self, index: Index, book: PortBook, pools: Pools, rpc: Rpc, speakers: frozenset[str],
                 profile: Profile) -> None:
        self._book, self._pools, self._rpc, self._profile = book, pools, rpc, profile
        self.speakers = speakers
        self._places: dict[tuple[tuple[str, Place], ...], dict[str, Place]] = {}  # Talk.places, each once
        #: sockets whose purpose their content shows; RPC wins over all, for gRPC and TLS run inside it
        self._shown: dict[Socket, Place] = {}
        #: sockets that were asked for names of Consul's domain
        self._zones = {talk.socket for talk in index.asked(self._asks_for_domain)} - rpc.sockets
        for socket in rpc.sockets:
            owner = rpc.owner(socket)
            self._shown[socket] = Place("rpc" if owner == "consul" else "other", owner, "content")
        for talk in sorted(index.asked(self._shown_by), key=attrgetter("key")):
            self._shown.setdefault(talk.socket, Place(str(talk.speech.once(self._shown_by)), "consul", "content"))

    def _asks_for_domain(self, speech: Speech) -> bool:
        return any(word.fields.get("zone") == self._profile.domain for word in speech.of("dns"))

    def _shown_by(self, speech: Speech) -> str | None:
        for word in speech.words:
            if word.protocol == "http" and word.fields.get("api") == "consul":
                return "api"
            if word.protocol == "grpc" and word.fields.get("service") in GRPC_SERVICES:
                return "grpc"
            if word.mesh:
                return "mesh"
        return None

    def near(self, talks: Iterable[Talk], named: Iterable[Socket]) -> list[Talk]:
        """Those that anybody can have something to say of, sorted: they show something, or their responder's socket is
        ``named``, known by its port, or showed something elsewhere. The others' places are given here and now."""
        near = []
        ports, known = self._book.ports, frozenset({*self._shown, *self._zones, *self._pools.sockets, *named})
        for talk in talks:
            if talk.speech.telling or talk.pool is not None or talk.key[2] in ports or talk.key[1:3] in known:
                near.append(talk)
            else:
                talk.place, talk.places = OTHERS[talk.speech.shape.protocol], OTHERS
        return sorted(near, key=attrgetter("key"))

    def protocol(self, talk: Talk) -> str:
        """What the bytes show, of several the one that says most."""
        return "memberlist" if talk.pool is not None else talk.speech.shape.protocol

    def protection(self, talk: Talk) -> Protection:
        """The worst that was seen."""
        said = talk.speech.shape.protection
        if said is Protection.PLAINTEXT or any(talk.conversation.plain):
            return Protection.PLAINTEXT
        if said is Protection.UNKNOWN and talk.pool is not None and any(sealed_counts(talk)):
            return Protection.ENCRYPTED
        return said

    def place(self, talk: Talk) -> Place:
        if talk.place is None:
            talk.place = self.place_of(talk, self.protocol(talk))
        return talk.place

    def place_of(self, talk: Talk, protocol: str) -> Place:
        """Of what was said in one protocol of a conversation (one may carry several)."""
        place = talk.places.get(protocol)
        if place is None:
            place = self._settle(talk, protocol)
            known = (*talk.places.items(), (protocol, place))
            talk.places = self._places.setdefault(known, dict(known))  # one for all that are alike
        return talk.places[protocol]

    def _settle(self, talk: Talk, protocol: str) -> Place:
        if protocol == "memberlist":
            pool = talk.pool
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
        if talk.speech.once(self._asks_for_domain):
            return Place("dns", "consul", "content")
        named = self._book.named(*talk.socket, talk.key.transport)
        if named is not None and named.role == "dns":
            proven = named.how != "default" or talk.socket in self._zones or talk.key.destination in self.speakers
            return Place("dns", "consul" if proven else "unknown", "port")
        return OTHERS_DNS

    def _by_content(self, talk: Talk, protocol: str) -> Place | None:
        shown = self._shown.get(talk.socket)
        if shown is not None and shown.channel == "rpc":
            if protocol == "unknown":
                return shown._replace(by="port")
            return shown if protocol in ("tls", "grpc") else None
        if protocol == "tls" and talk.speech.once(of_mesh):
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
