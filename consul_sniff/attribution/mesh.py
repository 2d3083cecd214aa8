"""The service mesh: sidecars' public listeners, services that are reached beside them, Envoy's admin interface.

A public listener is known from xDS, the catalog or ``config_dump`` (claims), or from a TLS conversation with a mesh
identity on it; never from the port range alone. A mesh service's own port is known from the same claims: whoever
reaches it from another host goes round the mesh. Health probes and expose paths do so by design and are only noted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..facts import joined
from ..model import Protection
from .channels import Place
from .observations import tally_of
from .said_ports import located
from .talks import of_mesh

if TYPE_CHECKING:
    from ..observation import Noted
    from .index import Index
    from .observations import Maker
    from .pools import Socket
    from .ports import PortBook
    from .talks import Talk

EXPOSE_PATHS: Final = "expose-path"
MESH: Final = Place("mesh", "consul", "content")


class Mesh:
    """Sockets of the mesh, as claims and TLS show them."""

    def __init__(self, index: Index, book: PortBook) -> None:
        self._book = book
        self.listeners: dict[Socket, str] = {}
        self.services: dict[Socket, str] = {}
        self.exposed: set[Socket] = set()
        for stated in index.claims:
            socket = located(stated.claim, stated.conversation, stated.side)
            if socket is None or stated.claim.kind not in ("listener", "service"):
                continue
            name = str(stated.value.get("service") or "")
            if stated.claim.kind == "service":
                self.services[socket] = min(name, self.services.get(socket, name))
            elif stated.value.get("role") == "mesh":
                self.listeners[socket] = min(name, self.listeners.get(socket, name))
            elif stated.value.get("role") == EXPOSE_PATHS:
                self.exposed.add(socket)
        for talk in index.asked(of_mesh):
            if book.role(*talk.socket) not in ("rpc", "https", "grpc", "grpc-tls"):
                self.listeners.setdefault(talk.socket, "")

    @property
    def sockets(self) -> frozenset[Socket]:
        """All that :meth:`observe` asks for."""
        return frozenset({*self.listeners, *self.services})

    def observe(self, talk: Talk, maker: Maker) -> list[Noted]:
        if talk.key.transport != "tcp":
            return []
        if talk.socket in self.listeners:  # first: a native service's listener is no way round the mesh
            return self._listener(talk, maker)
        if talk.socket in self.services:
            return self._bypass(talk, maker)
        place = maker.channels.place(talk)
        if place.channel == "mesh" and place.owner == "consul" and "tls" in talk.protocols:
            return self._tls(talk, maker, place, "port")
        return []

    def _listener(self, talk: Talk, maker: Maker) -> list[Noted]:
        made = []
        if "tls" in talk.protocols:
            identity = min([said.word.mesh for said in talk.of("tls") if said.word.mesh], default="listener")
            made += self._tls(talk, maker, MESH if identity != "listener" else Place("mesh", "consul", "port"), identity)
        clear = [said for said in talk.said if said.clear]
        if clear:
            made.append(maker.make(
                talk, ("mesh", "listener-plaintext", Protection.PLAINTEXT),
                f"plaintext {clear[0].protocol} on the public listener of a sidecar{_of(self.listeners[talk.socket])}",
                joined(said.tally for said in clear), fields=self._excuses(talk), place=MESH, side=clear[0].side))
        return made

    @staticmethod
    def _tls(talk: Talk, maker: Maker, place: Place, identity: str) -> list[Noted]:
        said = talk.of("tls")
        return [maker.make(talk, ("mesh", "listener-tls", Protection.ENCRYPTED), "TLS between sidecars",
                           joined(one.tally for one in said), fields={"identity": identity}, place=place,
                           side=said[0].side)]

    def _bypass(self, talk: Talk, maker: Maker) -> list[Noted]:
        if talk.loopback or not talk.data \
                or ("tls" in talk.protocols and not any(said.clear for said in talk.said)):
            return []
        clear = [said for said in talk.said if said.clear]
        protection = Protection.PLAINTEXT if clear else Protection.UNKNOWN
        tally = joined(said.tally for said in clear) if clear else tally_of(
            talk, sum(talk.conversation.payloads), talk.conversation.evidence[0] or talk.conversation.evidence[1])
        summary = f"the port of a mesh service{_of(self.services[talk.socket])} is reached beside its sidecar"
        return [maker.make(talk, ("mesh", "bypass", protection), summary, tally, fields=self._excuses(talk), place=MESH)]

    def _excuses(self, talk: Talk) -> dict[str, bool]:
        asked = [said for said in talk.of("http") if said.kind == "request"]
        probe = bool(asked) and all(said.fields.get("probe") for said in asked)
        exposed = talk.socket in self.exposed or self._book.role(*talk.socket) == EXPOSE_PATHS
        return {"probe": probe, "expose_path": exposed}


def _of(service: str) -> str:
    return f" ({service})" if service else ""


def admin(talk: Talk, maker: Maker) -> list[Noted]:
    """Envoy's admin interface: answered with an admin-shaped body, or asked in vain."""
    shown = [said for said in talk.of("envoy-admin") if said.kind == "response" and said.fields.get("admin") is True]
    if shown:
        return [maker.make(talk, ("admin", "exposed", Protection.PLAINTEXT), "Envoy's admin interface answered",
                           joined(said.tally for said in shown), side=1,
                           place=maker.channels.place_of(talk, "envoy-admin"))]
    place = maker.channels.place(talk)
    if place.channel != "envoy-admin" or talk.answered:
        return []
    if talk.conversation.payloads[0] and not talk.conversation.packets[1]:
        return []  # data was sent, so there is a connection: the other direction is not in the capture
    result = "refused" if talk.refused else "unanswered"
    evidence = talk.conversation.evidence[0] or talk.conversation.evidence[1]
    return [maker.make(talk, ("admin", "unanswered", Protection.UNKNOWN), f"a call to an Envoy admin port: {result}",
                       tally_of(talk, max(talk.conversation.flows, 1), evidence), fields={"result": result},
                       place=place._replace(owner="consul"))]
