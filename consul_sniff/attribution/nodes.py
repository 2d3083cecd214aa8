"""The node table: every address that gossips, answers or calls RPC, or is named by a member of Consul's pools.

Gossip state is what the node itself SENT, counted: UDP datagrams and TCP streams. Status folds what was said of the
member by incarnation: the highest wins, at equal ones dead over suspect over alive (memberlist's own rule).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from ..facts import pair
from ..model import Protection
from ..report import Node
from .addresses import nowhere, sort_key
from .pools import sealed_counts
from .said_ports import consul_tags, wan_name

if TYPE_CHECKING:
    from ..facts import Tally
    from .channels import Channels
    from .index import Stated
    from .pools import Pool, Pools
    from .roles import Roles
    from .talks import Speech, Talk

RANK: Final = {"alive": 0, "suspect": 1, "dead": 2, "left": 3}


def streams(talk: Talk, side: int) -> tuple[int, int]:
    """TCP streams in which this side sent plaintext and sealed memberlist.

    Flows are folded: each stream begins with one message of its own, so as many as the commonest kind has messages, and
    no more than there were flows.
    """
    flows = max(talk.conversation.flows, 1)
    plain, sealed = plain_and_sealed(talk, side)
    return (min(max([tally.count for tally in plain]), flows) if plain else 0,
            min(max([tally.count for tally in sealed]), flows) if sealed else 0)


def plain_and_sealed(talk: Talk, side: int) -> tuple[list[Tally], list[Tally]]:
    """Plaintext and sealed memberlist that a side of a conversation sent, as decoders saw it."""
    plain, sealed = talk.speech.once(_plain_and_sealed)[side]
    tallies = talk.tallies
    return [tallies[place] for place in plain], [tallies[place] for place in sealed]


def _plain_and_sealed(speech: Speech) -> list[tuple[list[int], list[int]]]:
    """Of each side, as places in what was said."""
    found: list[tuple[list[int], list[int]]] = [([], []), ([], [])]
    for place, word in enumerate(speech.words):
        if word.protocol == "memberlist":
            if word.clear:
                found[word.side][0].append(place)
            if word.kind == "sealed":
                found[word.side][1].append(place)
    return found


def sent(talk: Talk) -> tuple[tuple[int, int], tuple[int, int]]:
    """Plaintext and sealed memberlist that each side of a conversation sent: datagrams, or streams."""
    if talk.sent is None:
        count = streams if talk.key.transport == "tcp" else _datagrams
        talk.sent = pair(*count(talk, 0)), pair(*count(talk, 1))
    return talk.sent


def _datagrams(talk: Talk, side: int) -> tuple[int, int]:
    plain, sealed = talk.conversation.plain[side], sealed_counts(talk)[side]
    if not plain and not sealed:  # counted by decoders alone, e.g. a pool on a port that the screen did not know
        heard = plain_and_sealed(talk, side)
        return sum([tally.count for tally in heard[0]]), sum([tally.count for tally in heard[1]])
    return plain, sealed


class Sender:
    """What one address sent in Consul's gossip."""

    __slots__ = ("keys", "plain", "sealed")

    def __init__(self) -> None:
        self.plain = 0
        self.sealed = 0
        self.keys: set[str] = set()

    @property
    def state(self) -> str:
        if self.plain and self.sealed:
            return "mixed"
        return "plaintext" if self.plain else "encrypted" if self.sealed else "unknown"


def senders(pools: list[Pool]) -> dict[str, Sender]:
    """Per address, over all the pools that are given."""
    found: dict[str, Sender] = defaultdict(Sender)
    for pool in pools:
        for talk in pool.talks:
            for side in (0, 1):
                plain, sealed = sent(talk)[side]
                if plain or sealed or talk.conversation.cut[side]:
                    sender = found[talk.address(side)]
                    sender.plain += plain
                    sender.sealed += sealed
                    sender.keys |= talk.speech.once(_keys)[side]
    return found


def _keys(speech: Speech) -> tuple[set[str], set[str]]:
    """The keys that opened what each side sealed."""
    keys: tuple[set[str], set[str]] = set(), set()
    for word in speech.of("memberlist"):
        if word.kind == "sealed" and word.fields.get("key"):
            keys[word.side].add(str(word.fields["key"]))
    return keys


def statuses(pool: Pool) -> dict[str, str]:
    """Member name -> status, as the pool last said."""
    best: dict[str, tuple[int, int, str]] = {}
    for stated in pool.members:
        state, incarnation = str(stated.value.get("state")), stated.value.get("incarnation")
        if state in RANK and isinstance(incarnation, int):
            name = str(stated.claim.subject[0])
            best[name] = max(best.get(name, (-1, -1, "")), (incarnation, RANK[state], state))
    return {name: state for name, (_, _, state) in best.items()}


class Known:
    """What members' tags say of one address, the best claim of each sort."""

    __slots__ = ("best",)

    def __init__(self) -> None:
        #: pool sort (wan?) -> the claim that wins
        self.best: dict[bool, tuple[tuple[object, ...], Stated, str]] = {}

    def add(self, stated: Stated, status: str, *, wan: bool) -> None:
        incarnation = stated.value.get("incarnation")
        order = (not stated.decrypted, consul_tags(stated.value), status not in ("dead", "left"),
                 incarnation if isinstance(incarnation, int) else 0, stated.tally.last, repr(stated.claim))
        kept = self.best.get(wan)
        if kept is None or order > kept[0]:
            self.best[wan] = (order, stated, status)

    @property
    def claim(self) -> tuple[Stated, str] | None:
        """The LAN pool's word before the WAN's."""
        found = self.best.get(False) or self.best.get(True)
        return found[1:] if found else None

    @property
    def name(self) -> str | None:
        found = self.claim
        if found is None:
            return None
        name, value = str(found[0].claim.subject[0]), found[0].value
        return (name[:-len(str(value["dc"])) - 1] if wan_name(name, value) else name) or None


def known(pools: list[Pool]) -> dict[str, Known]:
    """Address -> what members said of it."""
    found: dict[str, Known] = defaultdict(Known)
    for pool in pools:
        last = statuses(pool)
        for stated in pool.members:
            address = str(stated.claim.subject[1])
            if address and not nowhere(address):
                name = str(stated.claim.subject[0])
                found[address].add(stated, last.get(name, "unknown"), wan=pool.wan)
    return found


def rpc_states(roles: Roles, channels: Channels) -> dict[str, str]:
    """Address -> plaintext | tls | mixed, of what it sent or accepted on RPC ports."""
    shown: dict[str, set[Protection]] = defaultdict(set)
    for talk in roles.rpc_talks:
        protection = channels.protection(talk)
        both = {protection}
        if protection is Protection.PLAINTEXT and "tls" in talk.protocols:
            both.add(Protection.ENCRYPTED)
        for side in (0, 1):
            shown[talk.address(side)] |= both - {Protection.UNKNOWN}
    words = {frozenset({Protection.PLAINTEXT}): "plaintext", frozenset({Protection.ENCRYPTED}): "tls",
             frozenset({Protection.PLAINTEXT, Protection.ENCRYPTED}): "mixed"}
    return {address: words.get(frozenset(seen), "unknown") for address, seen in shown.items()}


def nodes(pools: Pools, roles: Roles, channels: Channels) -> list[Node]:
    """The rows, sorted as numbers, IPv4 first."""
    owned = pools.owned()
    sending, told, rpc = senders(owned), known(owned), rpc_states(roles, channels)
    addresses = {*sending, *told, *roles.answering, *roles.calling}
    return [_row(address, sending.get(address) or Sender(), told.get(address) or Known(),
                 roles.role(address), rpc.get(address, "unknown"))
            for address in sorted(addresses, key=sort_key) if not nowhere(address)]


def _row(address: str, sender: Sender, said: Known, role: str, rpc: str) -> Node:
    claim = said.claim
    value = claim[0].value if claim else {}
    build, datacenter = value.get("build"), value.get("dc")
    return Node(address, said.name, role, str(datacenter) if datacenter else None,
                (str(build).partition(":")[0] or None) if build else None, sender.state, rpc, sender.plain,
                sender.sealed, tuple(sorted(sender.keys)), claim[1] if claim else "unknown",
                decrypted=bool(claim and claim[0].decrypted))
