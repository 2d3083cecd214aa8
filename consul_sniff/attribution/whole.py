"""Attribution's whole way: facts in, observations with owner and channel, nodes, conversations, exposures out.

A pure function, run last: what was learnt late (a role, a pool's owner, a mesh port) applies to what was seen earlier.
Work and memory are linear in the facts, which are bounded; nothing depends on the order in which they were folded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report import Attributed, ConversationRow
from . import (
    exposures,
    identity,
    integrity,
    keyring_use,
    membership,
    mesh,
    observations,
    settings,
)
from .addresses import order
from .channels import Channels
from .incomplete import incomplete
from .index import index as by_conversation
from .interfaces import interfaces
from .nodes import nodes
from .pools import Pools
from .ports import PortBook
from .roles import Roles
from .rpc_owners import Rpc, speakers
from .said_ports import learn
from .servers import between_servers
from .table import Table

if TYPE_CHECKING:
    from ..facts import Facts
    from ..observation import Noted
    from .index import Index
    from .observations import Maker
    from .profile import Profile
    from .talks import Talk


def attribute(facts: Facts, profile: Profile) -> Attributed:
    """Who is it, whose is it, what is it for? Judges nothing; does not change the facts."""
    book = PortBook(profile, learn(facts))
    index = by_conversation(facts, book, profile.domain)
    rpc = Rpc(index)
    rpc.named(book)
    pools = Pools(index, book)
    pools.decide(speakers(index, rpc))
    rpc.proven(speakers(index, rpc, pools), book)
    channels = Channels(index, book, pools, rpc, speakers(index, rpc, pools), profile)
    net = mesh.Mesh(index, book)
    talks = sorted(index.talks.values(), key=_order)
    near = channels.near(talks, net.sockets)
    roles = Roles(near, channels, pools)
    maker = observations.Maker(channels, roles, profile)
    maker.sightings(talks)
    maker.strangers(index)
    _observe(facts, index, near, pools, maker, net)
    table = interfaces(near, maker)
    return Attributed(maker.seen, nodes(pools, roles, channels), Table([(order(talk.key), _row(talk, channels)) for talk in talks], index.strangers),
                      exposures.rows(index), _channels_seen(near, channels), incomplete(near, channels, facts, book.elsewhere), table)


def _observe(facts: Facts, index: Index, near: list[Talk], pools: Pools, maker: Maker, net: mesh.Mesh) -> None:
    made: list[Noted] = []
    for talk in near:
        if talk.pool is not None:
            observations.of_gossip(talk.pool, talk, maker)
        else:
            made += observations.of_ports(talk, maker)
        made += net.observe(talk, maker)
        made += mesh.admin(talk, maker)
    owned = pools.owned()
    for pool in owned:
        if pool.talks:
            made += membership.observe(pool, index, maker)
            made += integrity.observe(pool, index, maker)
    made += integrity.malformed(facts, owned, pools.all, maker)
    made += keyring_use.observe(owned, maker)
    made += identity.observe(near, maker, pools)
    between_servers(maker)
    made += settings.remote_exec(index, maker)
    made += settings.intentions(index, maker)
    made += exposures.observe(index, maker)
    for one in made:
        maker.seen.add(one)


def _order(talk: Talk) -> bytes:
    """Rows as their addresses. What else needs the addresses' bytes, which are not kept, is made on the way."""
    talk.community  # noqa: B018
    return order(talk.key)


def _row(talk: Talk, channels: Channels) -> ConversationRow:
    key, conversation = talk.key, talk.conversation
    place, packets, sizes = channels.place(talk), conversation.packets, conversation.bytes
    return ConversationRow(*key, place.channel, channels.protocol(talk), channels.protection(talk), place.by,
                           packets[0] + packets[1], sizes[0] + sizes[1], conversation.first, conversation.last, talk.community)


def _channels_seen(talks: list[Talk], channels: Channels) -> frozenset[str]:
    """Channels with any traffic of Consul's; Vault's alone counts, other memberlist does not (report contract)."""
    seen = set()
    for talk in talks:
        place = channels.place(talk)
        vault = "vault" in talk.protocols  # by its content: other software uses Vault's port, too
        if talk.data and place.channel != "other" and (place.owner == "consul" or vault):
            seen.add(place.channel)
            seen |= {"raft"} if "raft" in talk.protocols and place.channel == "rpc" else set()
    return frozenset(seen)
