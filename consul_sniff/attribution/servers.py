"""What passes between servers on RPC ports, and whether all of it is TLS.

Raft itself cannot be told inside TLS; that everything between the servers is TLS is what shows it to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import joined
from ..model import Protection
from .observations import tally_of

if TYPE_CHECKING:
    from ..report import Observation
    from .observations import Maker
    from .talks import Talk


def between_servers(maker: Maker) -> list[Observation]:
    """One per conversation on an RPC port between two servers."""
    roles = maker.roles
    talks = [talk for talk in roles.rpc_talks if not talk.loopback and roles.between(talk) == "servers"]
    whole = all(_tls_only(talk, maker) for talk in talks)
    return [_observation(talk, maker, all_tls=whole) for talk in talks]


def _tls_only(talk: Talk, maker: Maker) -> bool:
    return "tls" in talk.protocols and maker.channels.protection(talk) is Protection.ENCRYPTED


def _observation(talk: Talk, maker: Maker, *, all_tls: bool) -> Observation:
    protection = maker.channels.protection(talk)
    said = [one for one in talk.said if one.clear == (protection is Protection.PLAINTEXT)]
    tally = joined(one.tally for one in said) if said else tally_of(
        talk, talk.conversation.flows, talk.conversation.evidence[0] or talk.conversation.evidence[1])
    words = {Protection.ENCRYPTED: "TLS", Protection.PLAINTEXT: "plaintext"}.get(protection, "unreadable traffic")
    return maker.make(talk, ("roles", "rpc-between-servers", protection), f"{words} between servers on the RPC port",
                      tally, fields={"all_tls": all_tls})
