"""Whose memberlist is it? Judged per pool: hosts that gossip with each other on one port.

Consul's: one member's tags are a Consul agent's, or a user event is named ``consul:...``. Somebody else's: members were
introduced and none has such tags. Nobody introduced (pings and acks carry no tags): Consul's when a member of the pool
speaks Consul RPC, Raft or answers Consul's API in this input, or the port is Consul's by default, by a tag or by the
user; else other memberlist. One proven member decides for its pool, also for packets seen earlier.

Ports that belong to Serf, Swarm and Nomad by default are Consul's only if nothing else explains why their hosts speak
Consul: a Swarm node that also runs a Consul agent has a Consul pool of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..model import Protection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .index import Index, Stated
    from .ports import PortBook
    from .talks import Speech, Talk

from .said_ports import consul_tags, is_port, wan_name

Socket = tuple[str, int]
GOSSIP_ROLES = frozenset({"serf-lan", "serf-wan"})
FOREIGN_ROLES = frozenset({"serf", "nomad"})
MEMBERLIST_ROLES = GOSSIP_ROLES | FOREIGN_ROLES
STRICT = 3  # sealed datagrams at least, before a port that nobody named is believed to carry gossip


class Union:
    """Disjoint sets with path halving; the least socket stands for its set, so the result has no order in it."""

    def __init__(self) -> None:
        self._parent: dict[Socket, Socket] = {}

    def find(self, item: Socket) -> Socket:
        parent = self._parent
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, one: Socket, two: Socket) -> None:
        a, b = self.find(one), self.find(two)
        if a != b:
            low, high = min(a, b), max(a, b)
            self._parent[high] = low

    def __contains__(self, item: Socket) -> bool:
        return item in self._parent

    def members(self) -> Iterable[Socket]:
        return self._parent


class Pool:
    """A memberlist: its sockets, what was said of its members, whose it is."""

    __slots__ = ("hosts", "how", "members", "owner", "root", "sockets", "talks", "wan")

    def __init__(self, root: Socket) -> None:
        self.root = root
        self.sockets: set[Socket] = set()
        self.hosts: set[str] = set()  # that gossiped themselves
        self.talks: list[Talk] = []
        self.members: list[Stated] = []
        self.owner = "unknown"
        self.how = "port"  # content | port: what the owner rests on
        self.wan = False

    @property
    def channel(self) -> str:
        if self.owner != "consul":
            return "other"
        return "gossip-wan" if self.wan else "gossip-lan"


def sealed_counts(talk: Talk) -> tuple[int, int]:
    one, zero = talk.conversation.sealed1, talk.conversation.sealed0
    return one[0] + zero[0], one[1] + zero[1]


def sockets(talk: Talk) -> tuple[Socket, Socket]:
    """Both ends' gossip sockets. A TCP caller's port says nothing: it is taken to listen where it calls."""
    key, own = talk.key, talk.conversation.source_port
    fixed = own if key.transport == "udp" and own > 0 else key.port
    return (key.source, fixed), (key.destination, key.port)


def _loud(index: Index) -> frozenset[int]:
    """Ports on which most datagrams are no gossip of any sort: what looks sealed there is as random as the rest."""
    gossip: dict[int, int] = defaultdict(int)
    for talk in index.telling:
        if talk.key.transport == "udp":
            gossip[talk.key.port] += sum(talk.conversation.plain) + sum(sealed_counts(talk))
    other: dict[int, int] = dict.fromkeys(gossip, 0)
    for talk in index.talks.values():
        if talk.key.port in other and talk.key.transport == "udp":
            other[talk.key.port] += sum(talk.conversation.other)
    for port, count in index.strangers.others(other.keys()).items():
        other[port] += count
    return frozenset(port for port, count in other.items() if count > gossip[port])


def _named_gossip(talk: Talk, book: PortBook, loud: frozenset[int]) -> bool:
    return talk.key.port not in loud and any(book.role(address, port, "udp") in MEMBERLIST_ROLES for address, port in sockets(talk))


def _strict(talk: Talk) -> bool:
    """Sealed gossip on a port that nobody named: equal ports, both directions, at least three, all of one version."""
    conversation = talk.conversation
    sealed = sealed_counts(talk)
    versions = (sum(conversation.sealed1) > 0) + (sum(conversation.sealed0) > 0)
    return conversation.source_port == talk.key.port and all(sealed) and sum(sealed) >= STRICT \
        and versions == 1 and not any(conversation.other)


def gossip_talks(index: Index, book: PortBook) -> list[Talk]:
    """The conversations that are memberlist, of whomever."""
    sure, maybe = [], []
    loud = _loud(index)
    for talk in index.telling:
        if "memberlist" in talk.protocols and _proven(talk, book, loud):
            sure.append(talk)
        elif talk.key.transport == "udp" and (any(talk.conversation.plain) or any(talk.conversation.cut)
                                              or any(sealed_counts(talk))):
            named = _named_gossip(talk, book, loud)
            if any(talk.conversation.plain) or named or _strict(talk):
                sure.append(talk)
            else:
                maybe.append(talk)
    known = {socket for talk in sure for socket in sockets(talk)}
    # beside a socket that gossips for sure, less is needed: equal ports, and nothing else said
    sure += [talk for talk in maybe if talk.conversation.source_port == talk.key.port
             and not any(talk.conversation.other) and any(socket in known for socket in sockets(talk))]
    return sorted(sure, key=lambda talk: talk.key)


def _proven(talk: Talk, book: PortBook, loud: frozenset[int]) -> bool:
    """Sealed UDP alone is random bytes: it needs the port, or the strict shape. A sealed TCP stream has its header."""
    if talk.key.transport == "tcp" or any(talk.conversation.plain) or _named_gossip(talk, book, loud) or _strict(talk):
        return True
    return talk.speech.once(_opened)


def _opened(speech: Speech) -> bool:
    return any(word.decrypted or word.manner.protection is Protection.PLAINTEXT or word.fields.get("key")
               for word in speech.of("memberlist"))


class Pools:
    """Every pool of a run. ``owners`` must be asked only after ``decide``."""

    def __init__(self, index: Index, book: PortBook) -> None:
        self._book = book
        union = Union()
        talks = gossip_talks(index, book)
        for talk in talks:
            union.join(*sockets(talk))
        placed = [(stated, self._place(stated, index.talks[stated.conversation], union)) for stated in index.claims
                  if stated.claim.kind == "member" and stated.conversation in index.talks]
        self._union = union
        self._pools: dict[Socket, Pool] = {}
        for socket in union.members():
            self._pool(union.find(socket)).sockets.add(socket)
        for talk in talks:
            pool = self._pool(union.find(sockets(talk)[1]))
            pool.talks.append(talk)
            pool.hosts |= {talk.address(side) for side in (0, 1) if sent_gossip(talk, side)}
            talk.pool = pool
        for stated, socket in placed:
            self._pool(union.find(socket)).members.append(stated)
        self.all = [self._pools[root] for root in sorted(self._pools)]

    def _pool(self, root: Socket) -> Pool:
        if root not in self._pools:
            self._pools[root] = Pool(root)
        return self._pools[root]

    @staticmethod
    def _place(stated: Stated, talk: Talk, union: Union) -> Socket:
        """The claim's pool by one of its sockets; the member it names gossips there, too."""
        home = sockets(talk)[1]
        address, port = (*stated.claim.subject[1:2], ""), stated.value.get("port")
        if address[0] and is_port(port):
            union.join(home, (str(address[0]), int(port or 0)))
        union.find(home)
        return home

    def decide(self, speakers: frozenset[str]) -> None:
        """Settle owners. ``speakers``: hosts that this input shows to speak Consul by other means than gossip."""
        later = []
        for pool in self.all:
            pool.owner, pool.how = self._by_content(pool)
            if pool.owner == "unknown":
                later.append(pool)
            pool.wan = self._is_wan(pool)
        explained = {host for pool in self.all if pool.owner == "consul" for host in pool.hosts}
        foreign = []
        for pool in later:
            roles = {self._book.role(*socket, "udp") for socket in pool.sockets}
            if roles & GOSSIP_ROLES:
                pool.owner, pool.how = "consul", "port"
                explained |= pool.hosts
            elif roles & FOREIGN_ROLES:
                foreign.append(pool)
            else:
                pool.owner, pool.how = ("consul", "content") if pool.hosts & speakers else ("other", "content")
        for pool in foreign:
            pool.owner = "consul" if (pool.hosts & speakers) - explained else "other"
            pool.how = "content"

    @staticmethod
    def _by_content(pool: Pool) -> tuple[str, str]:
        introduced = False
        for stated in pool.members:
            if consul_tags(stated.value):
                return "consul", "content"
            # an alive message or a push-pull entry always has the member's Meta, be it empty
            introduced = introduced or "tags" in stated.value
        for talk in pool.talks:
            if talk.speech.once(_of_consul):
                return "consul", "content"
        return ("other", "content") if introduced else ("unknown", "port")

    def _is_wan(self, pool: Pool) -> bool:
        if any(self._book.role(*socket, "udp") == "serf-wan" for socket in pool.sockets):
            return True
        if pool.talks and all(self._book.role(*talk.socket) == "rpc" for talk in pool.talks):
            return True  # mode byte 6: WAN gossip through a mesh gateway
        named = [stated for stated in pool.members if consul_tags(stated.value)]
        return bool(named) and all(wan_name(str(stated.claim.subject[0]), stated.value) for stated in named)

    @property
    def sockets(self) -> Iterable[Socket]:
        """Of all pools."""
        return self._union.members()

    def at(self, socket: Socket) -> Pool | None:
        """The pool that gossips on a socket."""
        return self._pools.get(self._union.find(socket)) if socket in self._union else None

    def owned(self) -> list[Pool]:
        """Consul's pools, LAN before WAN."""
        return sorted((pool for pool in self.all if pool.owner == "consul"), key=lambda pool: (pool.wan, pool.root))


def sent_gossip(talk: Talk, side: int) -> bool:
    """Whether this side sent memberlist in this conversation."""
    conversation = talk.conversation
    return conversation.plain[side] > 0 or sealed_counts(talk)[side] > 0 or conversation.cut[side] > 0 \
        or side in talk.speech.once(_gossiping)


def _gossiping(speech: Speech) -> set[int]:
    return {word.side for word in speech.of("memberlist")}


def _of_consul(speech: Speech) -> bool:
    return any(word.kind == "user-event" and str(word.fields.get("name", "")).startswith("consul:")
               for word in speech.of("memberlist"))

