"""Every Consul interface that was seen: on which host and port, from how many peers, encrypted or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import Protection
from ..report import Interface
from .addresses import sort_key
from .observations import tally_of
from .pools import sockets

if TYPE_CHECKING:
    from ..report import Observation
    from .observations import Maker
    from .talks import Talk


class Seen:
    """What was seen of one interface."""

    __slots__ = ("peers", "shown", "talk")

    def __init__(self, talk: Talk) -> None:
        self.peers: set[str] = set()
        self.shown: set[Protection] = set()
        self.talk = talk

    @property
    def protection(self) -> str:
        known = self.shown - {Protection.UNKNOWN}
        return "mixed" if len(known) > 1 else next(iter(known)).value if known else "unknown"


def interfaces(talks: list[Talk], maker: Maker) -> tuple[tuple[Interface, ...], list[Observation]]:
    """The table, and an observation of each row."""
    found: dict[tuple[str, int, str, str], Seen] = {}
    for talk in talks:
        place = maker.channels.place(talk)
        if place.owner != "consul" or place.channel == "other":
            continue
        protection = maker.channels.protection(talk)
        gossip = talk.key.transport == "udp" and place.channel.startswith("gossip")
        for side in (0, 1):
            if not (talk.answered if side else gossip and talk.conversation.payloads[0]):
                continue
            key = (*sockets(talk)[side], talk.key.transport, place.channel)
            seen = found.get(key)
            if seen is None:
                seen = found[key] = Seen(talk)
            seen.peers.add(talk.address(1 - side))
            seen.shown.add(protection)
    rows = tuple(Interface(address, port, transport, channel, found[address, port, transport, channel].protection,
                           len(found[address, port, transport, channel].peers))
                 for address, port, transport, channel in sorted(found, key=lambda key: (sort_key(key[0]), key[1:])))
    return rows, [_observation(row, found[row[:4]].talk, maker) for row in rows]


def _observation(row: Interface, talk: Talk, maker: Maker) -> Observation:
    protection = Protection.UNKNOWN if row.protection == "mixed" else Protection(row.protection)
    evidence = talk.conversation.evidence[1] or talk.conversation.evidence[0]
    made = maker.make(talk, ("ports", "interface", protection),
                      f"{row.channel} on port {row.port}/{row.transport}: {row.peers} peers, {row.protection}",
                      tally_of(talk, row.peers, evidence), side=1,
                      fields={"protection": row.protection, "peers": row.peers})
    if made.destination != row.address:
        made = made._replace(source=made.destination, destination=row.address, port=row.port)
    return made

