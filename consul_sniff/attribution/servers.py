"""What passes between servers on RPC ports, and whether all of it is TLS.

Raft itself cannot be told inside TLS; that everything between the servers is TLS is what shows it to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import joined
from ..model import Protection
from ..observation import Noted, Promised
from .observations import tally_of

if TYPE_CHECKING:
    from ..observation import Ends, Sort
    from .observations import Maker
    from .talks import Talk


def between_servers(maker: Maker) -> None:
    """One observation per conversation on an RPC port between two servers, made when somebody looks at it."""
    roles = maker.roles
    talks = [talk for talk in roles.rpc_talks if not talk.loopback and roles.between(talk) == "servers"]
    whole = all(_tls_only(talk, maker) for talk in talks)
    for talk in talks:
        protection = maker.channels.protection(talk)
        bundle = maker.bundle(talk, ("roles", "rpc-between-servers", protection), 1, {"all_tls": whole},
                              place=maker.channels.place(talk), side=0)
        bundle.later(_promised, talk)


def _tls_only(talk: Talk, maker: Maker) -> bool:
    return "tls" in talk.protocols and maker.channels.protection(talk) is Protection.ENCRYPTED


def _promised(sort: Sort, talk: Talk) -> Promised:
    return Promised(sort, talk.ends, _observation, talk)


def _observation(sort: Sort, ends: Ends, talk: Talk) -> Noted:
    protection = sort.few.protection
    said = [one for one in talk.said if one.clear == (protection is Protection.PLAINTEXT)]
    tally = joined(one.tally for one in said) if said else tally_of(
        talk, talk.conversation.flows, talk.conversation.evidence[0] or talk.conversation.evidence[1])
    words = {Protection.ENCRYPTED: "TLS", Protection.PLAINTEXT: "plaintext"}.get(protection, "unreadable traffic")
    return Noted(sort, ends, f"{words} between servers on the RPC port", tally, talk.community)
