"""Facts: what a run learnt, folded and mergeable. What many workers and many hosts rest on.

Everything here is bounded (see ``limits``), keyed by what was said and by whom, never by when: so that merging is
associative and commutative, and the report of two halves is the report of the whole.
"""

from __future__ import annotations

from array import array
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from . import limits
from .model import Claim, Evidence, Flow, Message, Protection, Scalar, Secret
from .tally import ClaimTally, Tally, join, joined

if TYPE_CHECKING:

    from .rows import Rows

FIELDS_SHARED = 4_096  # different fields of messages that are kept once
Fields = tuple[tuple[str, Scalar], ...]
NOTHING: tuple[int, int] = (0, 0)
FOREIGN = "without Consul"  # what is said of strangers: nothing in such a conversation tells of Consul
OTHERS = "others"  # stands for the sources (at last the destinations, too) beyond limits.CONVERSATIONS
#: the pairs of a conversation that are added up
SUMMED = ("packets", "bytes", "payloads", "lost", "plain", "sealed1", "sealed0", "cut", "crc_good", "crc_bad", "other",
          "replays", "nonce_reuse")
#: its first packets, a pair of each
PROOFS = ("evidence", "plain_evidence", "sealed_evidence")


@lru_cache(maxsize=4096)
def pair(source: int, responder: int) -> tuple[int, int]:
    """The same object for the same numbers: most are small."""
    return source, responder


class ConversationKey(NamedTuple):
    """Who talks to whom: ``source`` originates, ``port`` is the responder's; ephemeral ports are folded."""

    source: str
    destination: str
    port: int
    transport: str


class SightingKey(NamedTuple):
    """What was said in a conversation, and by which side (0 the source)."""

    conversation: ConversationKey
    side: int
    protocol: str
    kind: str
    protection: Protection
    fields: tuple[tuple[str, Scalar], ...]
    decrypted: bool


class ClaimKey(NamedTuple):
    """A claim, and the responder's port of the conversation that it was made in."""

    claim: Claim
    port: int
    decrypted: bool


class ExposureKey(NamedTuple):
    """A secret, and the conversation and side that showed it."""

    secret: Secret
    conversation: ConversationKey
    side: int


class Conversation:
    """What passed in a conversation, all its flows folded. Pairs are per side, 0 the source.

    Most pairs of most conversations count nothing: those are all one object.
    """

    __slots__ = ("flows", "packets", "bytes", "payloads", "flags", "first", "last", "lost", "certain", "source_port",
                 "plain", "sealed1", "sealed0", "cut", "crc_good", "crc_bad", "other", "evidence", "tunnel", "opened",
                 "plain_evidence", "sealed_evidence", "first_source_port", "replays", "nonce_reuse", "integrity")

    def __init__(self) -> None:
        self.flows = 0
        self.packets = NOTHING
        self.bytes = NOTHING
        self.payloads = NOTHING
        self.flags = NOTHING
        self.first = 0
        self.last = 0
        self.lost = NOTHING
        self.certain = True  # who originated was seen (SYN, or content), not guessed from the ports
        self.opened = 0  # TCP flows whose SYN was seen
        self.source_port = -1  # the source's port where it was always the same, 0 where it changed
        self.plain = NOTHING
        self.sealed1 = NOTHING
        self.sealed0 = NOTHING
        self.cut = NOTHING
        self.crc_good = NOTHING
        self.crc_bad = NOTHING
        self.other = NOTHING
        # first packets of each side: any, plaintext gossip, sealed gossip
        self.evidence: tuple[tuple[Evidence, ...], tuple[Evidence, ...]] = ((), ())
        self.plain_evidence: tuple[tuple[Evidence, ...], tuple[Evidence, ...]] = ((), ())
        self.sealed_evidence: tuple[tuple[Evidence, ...], tuple[Evidence, ...]] = ((), ())
        self.first_source_port = 0  # of the flow that holds the earliest evidence: for its Community ID
        self.tunnel = ""
        self.replays = NOTHING
        self.nonce_reuse = NOTHING
        self.integrity: tuple[Evidence, ...] = ()  # first packets that were a replay or used a nonce again

    def merge(self, other: Conversation) -> None:
        self.first = min(self.first, other.first) if self.flows else other.first
        self.last = max(self.last, other.last)
        self.tunnel = min(self.tunnel, other.tunnel) if self.flows else other.tunnel
        if self.source_port not in (-1, other.source_port):
            self.source_port = 0
        elif self.source_port == -1:
            self.source_port = other.source_port
        self.flows += other.flows
        self.opened += other.opened
        self.certain = self.certain and other.certain
        for name in SUMMED:
            more = getattr(other, name)
            if more != NOTHING:
                mine = getattr(self, name)
                setattr(self, name, (mine[0] + more[0], mine[1] + more[1]))
        self.flags = (self.flags[0] | other.flags[0], self.flags[1] | other.flags[1])
        if not self.first_source_port or _earliest(other) < _earliest(self):
            self.first_source_port = other.first_source_port
        for name in PROOFS:
            a, b = getattr(self, name), getattr(other, name)
            setattr(self, name, (join(a[0], b[0]), join(a[1], b[1])))
        self.integrity = join(self.integrity, other.integrity)


def _earliest(conversation: Conversation) -> tuple[int, int]:
    return min([side[0][:2] for side in conversation.evidence if side], default=(1 << 62, 0))


class InputFacts:
    """One input as it was read."""

    __slots__ = ("path", "packets", "bytes", "first", "last", "link_types", "truncated", "cut", "error")

    def __init__(self, path: str) -> None:
        self.path = path
        self.packets = 0
        self.bytes = 0  # of packets, as kept
        self.first = 0
        self.last = 0
        self.link_types: tuple[str, ...] = ()
        self.truncated = False  # some packets were cut by a snap length
        self.cut = 0  # so many
        self.error: str | None = None  # one line: what, where, what to do


class Facts:
    """All that a run learnt. ``counters`` are the terminal counters: every packet is in exactly one."""

    def __init__(self) -> None:
        self.inputs: list[InputFacts] = []
        self.counters: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()  # weirds and losses by name: decoder errors, gaps, evictions, budgets
        self.conversations: dict[ConversationKey, Conversation] = {}
        self.sightings: dict[SightingKey, Tally] = {}
        self.rows: list[Rows] = []  # more conversations, and what was said in them: as the screen added them up
        self.claims: dict[ClaimKey, ClaimTally] = {}
        self.exposures: dict[ExposureKey, Tally] = {}
        self.reasons: set[str] = set()  # why the report is incomplete, one sentence each
        self.met: dict[tuple[str, int], set[object]] = {}  # keys of a table by share: each has its part of the limits
        # the same of tables of tallies, which know their shares: how many; last those of flows without a share
        self.used = {table: array("q", bytes(8 * (limits.SHARES + 1))) for table in ("sightings", "claims", "exposures")}
        self.apart: list[int] = []  # how many conversations and attempts the screen kept apart, each by share
        self._fields: dict[tuple[str, str, Fields], Fields] = {}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled it is packed."""
        from .packed_facts import pack, unpack

        return unpack, (pack(self),)

    def one(self, protocol: str, kind: str, fields: Fields) -> Fields:
        """Equal fields of one kind of message as one object: few of them differ."""
        key = (protocol, kind, fields)  # of one kind: else True and 1, which are equal, could change places
        kept = self._fields.get(key)
        if kept is None:
            kept = fields
            if len(self._fields) < FIELDS_SHARED:
                self._fields[key] = fields
        return kept

    def room(self, table: str, share: int, key: object, limit: int) -> bool:
        """May a share's flow use this key? What a share forgets hangs on its own flows alone, whoever keeps the others."""
        met = self.met.setdefault((table, share), set())
        if key not in met:
            if len(met) >= (limit if share < 0 else limit // limits.SHARES):
                return False
            met.add(key)
        return True

    def tally(self, table: str, share: int, key: object, limit: int, *, counted: bool = False) -> Tally | None:
        """The tally of a key of ``sightings``, ``claims`` or ``exposures`` that a share's flow uses; None: there is no room, as in ``room``.
        ``counted``: the screen uses it for a flow of that share already."""
        tallies: dict[object, Tally] = getattr(self, table)
        bit = 1 << (share + 1)
        used = self.used[table]
        tally = tallies.get(key)  # a key's hash is most of it: once, where it is known
        if tally is not None and tally.shares & bit:
            return tally
        if not counted and used[share] >= (limit if share < 0 else limit // limits.SHARES):
            return None
        if tally is None:
            tally = tallies[key] = ClaimTally() if table == "claims" else Tally()
        tally.shares |= bit
        used[share] += not counted
        return tally

    def over(self, table: str, times: int = 1) -> None:
        """Say that something was said which is not kept."""
        self.notes[f"{table} over the limit"] += times
        self.reasons.add(f"more {table} than are kept (limit reached): what came later is counted, not reported")

    def settle(self) -> None:
        """All was added: forget what only adding needs."""
        self.met.clear()
        self._fields.clear()

    def placed(self) -> None:
        """Attribution took what was said: forget it, to make room for judging."""
        self.sightings, self.claims, self.exposures = {}, {}, {}

    def add_up(self, rows: Rows | None, folded: tuple[int, int, int]) -> None:
        """Join what the screen added up; of ``folded`` flows (strangers, attempts) the conversations are not kept apart."""
        if rows is not None:
            self.rows.append(rows)
        for flows, what in zip(folded, ("conversations", f"conversations {FOREIGN}", "attempts"), strict=True):
            if flows:
                self.crowded(flows, what)

    def crowded(self, flows: int, what: str = "conversations") -> None:
        """Say that the conversations of so many flows are not kept apart. Attempts hide nothing: see ``attribution.incomplete``."""
        self.notes[f"{what} folded"] += flows
        self.reasons.add(f"more {what} than are kept apart: the rest is folded under the source '{OTHERS}'")

    def merge(self, other: Facts) -> None:
        """Join what another run over *other* inputs (or other flows of the same) learnt."""
        self.counters.update(other.counters)
        self.notes.update(other.notes)
        self.reasons |= other.reasons
        self.rows += other.rows
        for table in ("conversations", "sightings", "exposures"):
            mine = getattr(self, table)
            for key, value in getattr(other, table).items():
                if key in mine:
                    mine[key].merge(value)
                else:
                    mine[key] = value
        for key, value in other.claims.items():
            kept = self.claims.setdefault(key, value)
            if kept is not value and value.conversation is not None:
                kept.told(value, value.conversation, value.side)

    def joined(self, other: Facts) -> Facts:
        """What both learnt, as facts of their own: neither is changed, and what only one has is shared, not copied."""
        both = Facts()
        both.inputs = [*self.inputs, *other.inputs]
        both.counters = Counter(self.counters)
        both.notes = Counter(self.notes)
        both.reasons = set(self.reasons)
        both.rows = [*self.rows]
        for name in ("conversations", "sightings", "exposures", "claims"):
            mine = dict(getattr(self, name))
            for key in mine.keys() & getattr(other, name).keys():  # merge() changes these
                mine[key] = _again(mine[key])
            setattr(both, name, mine)
        both.merge(other)
        return both


def _again(one: Conversation | Tally) -> Conversation | Tally:
    """A copy that may be merged into."""
    if isinstance(one, ClaimTally):
        claim = ClaimTally()
        if one.conversation is not None:
            claim.told(one, one.conversation, one.side)
        return claim
    if isinstance(one, Conversation):
        conversation = Conversation()
        conversation.merge(one)
        return conversation
    tally = Tally()
    tally.merge(one)
    return tally


__all__ = ["Claim", "ClaimKey", "ClaimTally", "Conversation", "ConversationKey", "ExposureKey", "Facts", "Flow",
           "InputFacts", "Message", "SightingKey", "Tally", "join", "joined"]
