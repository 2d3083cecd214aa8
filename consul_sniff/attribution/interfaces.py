"""Every Consul interface that was seen: on which host and port, from how many peers, encrypted or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import Protection
from ..observation import Noted, Promised
from ..report import Interface
from .addresses import sort_key
from .observations import tally_of
from .pools import sockets

if TYPE_CHECKING:
    from ..observation import Ends, Sort
    from .observations import Maker
    from .talks import Talk


_WORDS: dict[Protection | None, str] = {None: "mixed", **{protection: protection.value for protection in Protection}}


class Seen:
    """What was seen of one interface."""

    __slots__ = ("peers", "protection", "talk")

    def __init__(self, talk: Talk) -> None:
        self.peers: set[str] = set()
        self.protection: Protection | None = Protection.UNKNOWN  # None: mixed
        self.talk = talk

    def add(self, peer: str, protection: Protection) -> None:
        self.peers.add(peer)
        if self.protection is Protection.UNKNOWN:
            self.protection = protection
        elif protection is not self.protection and protection is not Protection.UNKNOWN:
            self.protection = None


def interfaces(talks: list[Talk], maker: Maker) -> tuple[Interface, ...]:
    """The table; and an observation of each row, made when somebody looks at it."""
    found: dict[tuple[str, int, str, str], Seen] = {}
    for talk in talks:
        place = maker.channels.place(talk)
        if place.owner != "consul" or place.channel == "other":
            continue
        protection, key = maker.channels.protection(talk), talk.key
        if talk.answered:
            _saw(found, (key.destination, key.port, key.transport, place.channel), key.source, talk, protection)
        if key.transport == "udp" and talk.conversation.payloads[0] and place.channel.startswith("gossip"):
            _saw(found, (*sockets(talk)[0], "udp", place.channel), key.destination, talk, protection)
    rows = []
    for (address, port, transport, channel), seen in sorted(found.items(), key=lambda one: (sort_key(one[0][0]), one[0][1:])):
        row = Interface(address, port, transport, channel, _WORDS[seen.protection], len(seen.peers))
        rows.append(row)
        bundle = maker.bundle(seen.talk, ("ports", "interface", seen.protection or Protection.UNKNOWN), row.peers,
                              {"protection": row.protection, "peers": row.peers}, place=maker.channels.place(seen.talk), side=1)
        bundle.later(_observation, row, seen.talk)
    return tuple(rows)


def _saw(found: dict[tuple[str, int, str, str], Seen], key: tuple[str, int, str, str], peer: str, talk: Talk,
         protection: Protection) -> None:
    seen = found.get(key)
    if seen is None:
        seen = found[key] = Seen(talk)
    seen.add(peer, protection)


def _observation(sort: Sort, row: Interface, talk: Talk) -> Promised:
    source, destination, port, _ = talk.key
    if destination != row.address:
        source, destination, port = destination, row.address, row.port
    return Promised(sort, (source, destination, port), _whole, row, talk)


def _whole(sort: Sort, ends: Ends, row: Interface, talk: Talk) -> Noted:
    evidence = talk.conversation.evidence[1] or talk.conversation.evidence[0]
    return Noted(sort, ends, f"{row.channel} on port {row.port}/{row.transport}: {row.peers} peers, {row.protection}",
                 tally_of(talk, row.peers, evidence), talk.community)
