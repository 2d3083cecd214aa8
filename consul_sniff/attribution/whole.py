"""Attribution's whole way: facts in, observations with owner and channel, nodes, conversations, exposures out.

A pure function, run last: what was learnt late (a role, a pool's owner, a mesh port) applies to what was seen earlier.
Work and memory are linear in the facts, which are bounded; nothing depends on the order in which they were folded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report import Attributed, ConversationRow, Observations
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
from .addresses import sort_key
from .channels import Channels
from .incomplete import incomplete
from .interfaces import interfaces
from .nodes import nodes
from .pools import Pools
from .ports import PortBook
from .roles import Roles
from .rpc_owners import Rpc, speakers
from .said_ports import learn
from .servers import between_servers
from .talks import index as by_conversation

if TYPE_CHECKING:
    from ..facts import Facts
    from ..report import Observation
    from .observations import Maker
    from .profile import Profile
    from .talks import Index, Talk


def attribute(facts: Facts, profile: Profile) -> Attributed:
    """Who is it, whose is it, what is it for? Judges nothing; does not change the facts."""
    book = PortBook(profile, learn(facts))
    index = by_conversation(facts, book)
    rpc = Rpc(index)
    rpc.named(book)
    pools = Pools(index, book)
    pools.decide(speakers(index, rpc))
    speaking = speakers(index, rpc, pools)
    rpc.proven(speaking, book)
    channels = Channels(index, book, pools, rpc, speakers(index, rpc, pools), profile)
    roles = Roles(index, channels, pools)
    maker = observations.Maker(channels, roles, profile)
    talks = list(index.talks.values())
    table, listed = interfaces(talks, maker)
    seen = Observations()
    for talk in talks:
        maker.sightings(talk, seen)
    for one in (*_observe(facts, index, pools, roles, maker, mesh.Mesh(index, book, profile.domain)), *listed):
        seen.add(one)
    return Attributed(seen, nodes(pools, roles, channels), [_row(talk, maker) for talk in sorted(
        talks, key=lambda talk: (sort_key(talk.key.source), sort_key(talk.key.destination), *talk.key[2:]))],
        exposures.rows(index), _channels_seen(talks, channels), incomplete(talks, channels, facts), table)


def _observe(facts: Facts, index: Index, pools: Pools, roles: Roles, maker: Maker,
             net: mesh.Mesh) -> list[Observation]:
    made: list[Observation] = []
    talks = list(index.talks.values())
    for talk in talks:
        pool = pools.of_talk.get(talk.key)
        if pool is not None:
            made += observations.of_gossip(pool, talk, maker)
        else:
            made += observations.of_ports(talk, maker)
        made += net.observe(talk, maker)
        made += mesh.admin(talk, maker)
        made += settings.remote_exec(talk, maker)
    owned = pools.owned()
    for pool in owned:
        if pool.talks:
            made += membership.observe(pool, index, maker)
            made += integrity.observe(pool, index, maker)
    made += integrity.malformed(facts, owned, pools.all, maker)
    made += keyring_use.observe(owned, maker)
    made += identity.observe(talks, maker, roles, pools)
    made += between_servers(roles, maker)
    made += settings.intentions(index, maker)
    made += exposures.observe(index, maker)
    return made


def _row(talk: Talk, maker: Maker) -> ConversationRow:
    channels, key, conversation = maker.channels, talk.key, talk.conversation
    place = channels.place(talk)
    return ConversationRow(key.source, key.destination, key.port, key.transport, place.channel, channels.protocol(talk),
                           channels.protection(talk), place.by, sum(conversation.packets), sum(conversation.bytes),
                           conversation.first, conversation.last, maker.community(talk))


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
