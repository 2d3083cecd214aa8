"""What was said in one flow, and how it is folded into the facts when the flow ends."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from .. import limits
from ..facts import (
    FOREIGN,
    NOTHING,
    OTHERS,
    SUMMED,
    ClaimKey,
    ClaimTally,
    Conversation,
    ConversationKey,
    ExposureKey,
    Facts,
    Fields,
    SightingKey,
    Tally,
    join,
    pair,
)
from ..model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model import Claim, Flow, Heard, Message, Protection, Scalar, Secret, Way

Key = TypeVar("Key")
Telling = Callable[[str, str, Fields], bool]  # of protocol, kind and fields
_summed = attrgetter(*SUMMED)
ALL = 2  # what ``room`` says where the destination is folded, too


class Adds(Protocol):
    """Who adds up flows beside the facts."""

    def room(self, flow: Flow, source: int, certain: bool, strange: bool) -> tuple[int, bool]: ...  # noqa: FBT001
    def holds(self, side: int, what: tuple[Any, ...]) -> bool: ...


def of_consul(protocol: str, kind: str, fields: Fields) -> bool:  # noqa: ARG001 - one of ``Telling``
    """Where nobody says what tells of Consul, all does."""
    return True


class Said(NamedTuple):
    """Something that a message said: where a FlowState keeps it, and under which key (less the side)."""

    table: str
    key: tuple[object, ...]
    times: int
    summary: str
    place: int  # of this table and key among all that are known


def said_by(messages: Sequence[Message], number: Callable[[str, tuple[object, ...]], int]) -> tuple[Said, ...]:
    """What the messages of one packet say. Where it says a thing twice, the first words stay. ``number``: of a place."""
    found: dict[tuple[str, tuple[object, ...]], Said] = {}
    for message in messages:
        places: list[tuple[str, tuple[object, ...]]] = [
            ("said", (message.protocol, message.kind, message.protection, message.fields, message.decrypted)),
            *[("claimed", (claim, message.decrypted)) for claim in message.claims]]
        if not message.decrypted:
            places += [("exposed", (secret,)) for secret in message.secrets]
        for place in places:
            kept = found.get(place)
            found[place] = kept._replace(times=kept.times + 1) if kept else Said(*place, 1, message.summary, number(*place))
    return tuple(found.values())


class FlowState:
    """What a live flow said so far. Sides are the flow's own; who originated is settled at its end."""

    __slots__ = ("flow", "said", "claimed", "exposed", "datagrams")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.said: dict[tuple[int, str, str, Protection, tuple[tuple[str, Scalar], ...], bool], Tally] = {}
        self.claimed: dict[tuple[int, Claim, bool], Tally] = {}
        self.exposed: dict[tuple[int, Secret], Tally] = {}
        self.datagrams = [0, 0]

    @property
    def originator(self) -> int | None:
        """The side that the content shows to be the originator's."""
        return None

    def telling(self, telling: Telling) -> bool:
        """Does anything that was said tell that the conversation may be Consul's?"""
        return bool(self.claimed or self.exposed) or any(telling(protocol, kind, fields) for _, protocol, kind, _, fields, _ in self.said)

    def join(self, other: FlowState) -> None:
        """Add what another heard of the same flow."""
        for name in ("said", "claimed", "exposed"):
            mine = getattr(self, name)
            for key, tally in getattr(other, name).items():
                _tally(mine, key).merge(tally)

    def hear(self, side: int, said: Sequence[Said], heard: Heard) -> None:
        """What some bytes said, each time that the screen counted them."""
        for table, key, times, summary, _ in said:
            _tally(getattr(self, table), (side, *key)).heard(self.flow.input, heard, times, summary)

    def add(self, side: int, time: int, frame: int, message: Message) -> None:
        input_ = self.flow.input
        key = (side, message.protocol, message.kind, message.protection, message.fields, message.decrypted)
        _tally(self.said, key).add(time, input_, frame, message.summary)
        for claim in message.claims:
            _tally(self.claimed, (side, claim, message.decrypted)).add(time, input_, frame, message.summary)
        if not message.decrypted:
            for secret in message.secrets:
                _tally(self.exposed, (side, secret)).add(time, input_, frame, message.summary)


def _tally(table: dict[Key, Tally], key: Key) -> Tally:
    tally = table.get(key)
    if tally is None:
        tally = table[key] = Tally()
    return tally


def orient(flow: Flow, originator: int | None, hints: frozenset[int]) -> tuple[int, bool]:
    """The side that originated the flow, and whether that was seen (SYN, content) rather than guessed from ports.

    The guess: a likely port is the responder's, else the smaller port is (ephemeral ports are high), else who was
    heard first originated.
    """
    if flow.opener is not None:
        return flow.opener, True
    if originator is not None:
        return originator, True
    first, second = flow.ports
    if (first in hints) != (second in hints):
        return (1, False) if first in hints else (0, False)
    return (1 if first < second else 0), first == second


def stranger(flow: Flow, source: int, hints: frozenset[int], *, certain: bool, telling: bool) -> bool:
    """Does nothing tell that a flow may be Consul's? Strangers have a part of the room only. ``telling``: something that was said does.
    Where it is ``certain`` who originated, only the responder's port does: the other is any."""
    first, second = flow.ways
    likely = flow.ports[1 - source] in hints or (not certain and flow.ports[source] in hints)
    return not (telling or likely or first.plain or second.plain)


def fold_flow(facts: Facts, flow: Flow, state: FlowState | None, hints: frozenset[int],
              adds: Adds | None = None, telling: Telling = of_consul) -> None:
    """Add a flow that ended to the facts. ``adds``: the screen, where it adds up flows."""
    key, source, strange = fold_counters(facts, flow, state.originator if state is not None else None, hints, adds,
                                         telling=state is not None and state.telling(telling))
    if state is not None:
        _fold_said(facts, state, key, source, adds, strange=strange)


def fold_counters(facts: Facts, flow: Flow, originator: int | None, hints: frozenset[int],
                  adds: Adds | None, *, telling: bool) -> tuple[ConversationKey, int, bool]:
    """Add a flow's counters to its conversation: that, the side that originated, and whether it is a ``stranger``'s. ``originator``: as
    the content shows."""
    source, certain = orient(flow, originator, hints)
    strange = stranger(flow, source, hints, certain=certain, telling=telling)
    responder = 1 - source
    key = ConversationKey(flow.addresses[source], flow.addresses[responder], flow.ports[responder], flow.transport)
    others, added = adds.room(flow, source, certain, strange) if adds is not None else _room(facts, flow, key, strange=strange)
    if others:
        key = key._replace(source=OTHERS) if others < ALL else ConversationKey(OTHERS, OTHERS, 0, flow.transport)
    if not added:
        conversation = facts.conversations.get(key)
        made = _conversation(flow, source, certain=certain)
        if conversation is None:
            facts.conversations[key] = made
        else:
            conversation.merge(made)
    return key, source, strange


def _room(facts: Facts, flow: Flow, key: ConversationKey, *, strange: bool) -> tuple[int, bool]:
    if facts.room("conversations", flow.share, key, min(limits.STRANGERS, limits.CONVERSATIONS) if strange else limits.CONVERSATIONS):
        return 0, False
    facts.crowded(1, f"conversations {FOREIGN}" if strange else "conversations")
    return 1, False


def _conversation(flow: Flow, source: int, *, certain: bool) -> Conversation:
    one = Conversation()
    one.flows = 1
    one.opened = int(flow.opener is not None)
    one.certain = certain
    one.source_port = one.first_source_port = flow.ports[source]
    one.tunnel = flow.tunnel
    ways = (flow.ways[source], flow.ways[1 - source])
    one.flags = (ways[0].flags, ways[1].flags)
    for name, mine, other in zip(SUMMED, _summed(ways[0]), _summed(ways[1]), strict=True):
        if mine or other:
            setattr(one, name, pair(mine, other))
    seen = [way for way in ways if way.packets]
    one.first = min([way.first for way in seen], default=0)
    one.last = max([way.last for way in seen], default=0)
    input_ = flow.input
    one.evidence = (_frame(input_, ways[0].first_frame), _frame(input_, ways[1].first_frame))
    if one.plain is not NOTHING:
        one.plain_evidence = (_frames(input_, *ways[0].plain_frames), _frames(input_, *ways[1].plain_frames))
    if ways[0].sealed_frame or ways[1].sealed_frame:
        one.sealed_evidence = _sealed(input_, ways[0], one.evidence[0]), _sealed(input_, ways[1], one.evidence[1])
    if one.replays is not NOTHING or one.nonce_reuse is not NOTHING:
        for way in ways:
            one.integrity = join(one.integrity, _frames(input_, way.replay_frame, way.nonce_frame))
    return one


def _sealed(input_: int, way: Way, first: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The first packet is often the one that proves most, too."""
    return first if way.sealed_frame == way.first_frame else _frame(input_, way.sealed_frame)


def _frame(input_: int, frame: int) -> tuple[Evidence, ...]:
    return (Evidence(input_, frame, ""),) if frame else ()


def _frames(input_: int, *frames: int) -> tuple[Evidence, ...]:
    return tuple([Evidence(input_, frame, "") for frame in sorted(set(frames)) if frame])


def _fold_said(facts: Facts, state: FlowState, key: ConversationKey, source: int, adds: Adds | None, *, strange: bool) -> None:
    tables: dict[str, dict[Any, Tally]] = {"said": state.said, "exposed": state.exposed, "claimed": state.claimed}
    for table, heard in tables.items():
        for (side, *what), tally in heard.items():
            kept = admit(facts, state.flow.share, key, side ^ source, table, tuple(what), adds, strange=strange)
            if kept is not None:
                kept.merge(tally)  # a copy: the flow may go on (Session.snapshot)


def fold_heard(facts: Facts, flow: Flow, key: ConversationKey, source: int, heard: Iterable[tuple[int, Said, Heard]],
               adds: Adds | None, *, strange: bool) -> None:
    """Add what the screen counted of a flow that was never decoded: side, what was said, and how often."""
    met: dict[tuple[int, int], Tally | Claimed | None] = {}
    for side, said, one in heard:
        place = (side, said.place)
        if place not in met:
            met[place] = admit(facts, flow.share, key, side ^ source, said.table, said.key, adds, strange=strange)
        kept = met[place]
        if kept is not None:
            kept.heard(flow.input, one, said.times, said.summary)


class Claimed:
    """Where a claim is added up: under its name, with who made it where."""

    __slots__ = ("claim", "conversation", "side")

    def __init__(self, claim: ClaimTally, conversation: ConversationKey, side: int) -> None:
        self.claim, self.conversation, self.side = claim, conversation, side

    def heard(self, input_: int, heard: Heard, times: int, summary: str) -> None:
        self.claim.counted(input_, heard, times, summary, self.conversation, self.side)

    def merge(self, tally: Tally) -> None:
        self.claim.told(tally, self.conversation, self.side)


def admit(facts: Facts, share: int, conversation: ConversationKey, side: int, table: str, key: tuple[Any, ...],
          adds: Adds | None = None, *, strange: bool = False) -> Tally | Claimed | None:
    """Where something said in a share's flow is added up; None: nowhere, for there is no room. ``table``, ``key``: as of a Said.
    ``adds``: who may add it up, too, and was asked for the flow's ``room``. ``strange``: nothing in the flow tells of Consul."""
    if table == "claimed":
        claim, decrypted = key
        made = facts.tally("claims", share, ClaimKey(claim, conversation.port, decrypted), limits.CLAIMS)
        if isinstance(made, ClaimTally):
            return Claimed(made, conversation, side)
        facts.over("claims")
        return None
    if table == "said":
        protocol, kind, protection, fields, decrypted = key
        sighting = SightingKey(conversation, side, protocol, kind, protection, facts.one(protocol, kind, fields), decrypted)
        counted = adds is not None and adds.holds(side, key)
        limit = min(limits.STRANGERS_SAID, limits.SIGHTINGS) if strange else limits.SIGHTINGS
        tally = facts.tally("sightings", share, sighting, limit, counted=counted)
    else:
        tally = facts.tally("exposures", share, ExposureKey(key[0], conversation, side), limits.EXPOSURES)
    if tally is None:
        facts.over(f"sightings {FOREIGN}" if strange and table == "said" else "sightings")
    return tally
