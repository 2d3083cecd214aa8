"""Facts as attribution reads them: a conversation with all that was said in it, turned the right way round.

Mid-stream the driver guessed who originated. Where only the other port has a role in this datacenter (learnt from tags,
perhaps after the guess), the conversation is turned here. The facts themselves are never changed.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from ..facts import ClaimTally, Conversation, ConversationKey, ExposureKey, Facts, SightingKey, Tally
from ..model import Protection

if TYPE_CHECKING:
    from ..model import Claim, Scalar, Secret
    from .ports import PortBook

PAIRS = ("packets", "bytes", "payloads", "flags", "lost", "plain", "sealed1", "sealed0", "cut", "crc_good", "crc_bad",
         "other", "replays", "nonce_reuse")
EVIDENCE = ("evidence", "plain_evidence", "sealed_evidence")
RST = 4


class Said(NamedTuple):
    """One folded sighting in its conversation; side 0 is the originator."""

    side: int
    protocol: str
    kind: str
    protection: Protection
    fields: dict[str, Scalar]
    decrypted: bool
    tally: Tally

    @property
    def clear(self) -> bool:
        """Plaintext on the wire. A mode byte that announces TLS is not: TLS follows."""
        return self.protection is Protection.PLAINTEXT and not self.decrypted \
            and not (self.kind == "mode" and str(self.fields.get("mode", "")).startswith("tls"))


class Talk:
    """A conversation and what was said in it. ``memory`` holds what channels.py found out about it."""

    __slots__ = ("conversation", "key", "memory", "protocols", "said")

    def __init__(self, key: ConversationKey, conversation: Conversation) -> None:
        self.key = key
        self.conversation = conversation
        self.said: list[Said] = []
        self.protocols: frozenset[str] = frozenset()
        self.memory: dict[str, object] = {}

    def address(self, side: int) -> str:
        return self.key.destination if side else self.key.source

    @property
    def socket(self) -> tuple[str, int]:
        """The responder's."""
        return self.key.destination, self.key.port

    @property
    def data(self) -> bool:
        """Whether anybody sent any payload."""
        return any(self.conversation.payloads) or bool(self.said)

    @property
    def answered(self) -> bool:
        return self.conversation.payloads[1] > 0 or any(said.side == 1 for said in self.said)

    @property
    def refused(self) -> bool:
        return not self.data and bool(self.conversation.flags[1] & RST)

    def of(self, *protocols: str) -> list[Said]:
        return [said for said in self.said if said.protocol in protocols]


class Stated(NamedTuple):
    """A claim, and where it was made first."""

    claim: Claim
    value: dict[str, Scalar]
    decrypted: bool
    tally: ClaimTally
    conversation: ConversationKey | None
    side: int


class Exposed(NamedTuple):
    """A secret in the clear, and where."""

    secret: Secret
    conversation: ConversationKey
    side: int
    tally: Tally


class Index(NamedTuple):
    """All facts by conversation, sorted."""

    talks: dict[ConversationKey, Talk]
    claims: list[Stated]
    exposed: list[Exposed]


def index(facts: Facts, book: PortBook) -> Index:
    """Facts by conversation, each turned so that the responder's port is the one with a role."""
    turned = {key for key, conversation in facts.conversations.items() if _wrong_way(key, conversation, book)}

    def turn(key: ConversationKey) -> ConversationKey:
        return _reverse(key, facts.conversations[key]) if key in turned else key

    talks: dict[ConversationKey, Talk] = {}
    for key in sorted({*facts.conversations, *(sighting.conversation for sighting in facts.sightings)}):
        conversation = facts.conversations.get(key, Conversation())
        new = turn(key)
        if new is not key:
            conversation = _mirror(conversation, key.port)
        known = talks.get(new)
        if known is None:
            talks[new] = Talk(new, conversation)
        else:
            known.conversation = _copy(known.conversation)
            known.conversation.merge(conversation)
    for sighting, tally in sorted(facts.sightings.items(), key=_sighting_order):
        side = sighting.side ^ (sighting.conversation in turned)
        talks[turn(sighting.conversation)].said.append(Said(side, sighting.protocol, sighting.kind, sighting.protection,
                                                            dict(sighting.fields), sighting.decrypted, tally))
    for talk in talks.values():
        talk.protocols = frozenset(said.protocol for said in talk.said)
    return Index(talks, _claims(facts, turned), [
        Exposed(key.secret, turn(key.conversation), key.side ^ (key.conversation in turned), tally)
        for key, tally in sorted(facts.exposures.items(), key=_exposure_order)])


def _claims(facts: Facts, turned: set[ConversationKey]) -> list[Stated]:
    stated = []
    for key, tally in sorted(facts.claims.items(), key=lambda item: (repr(item[0].claim), item[0].port,
                                                                     item[0].decrypted)):
        conversation, side = tally.conversation, tally.side
        if conversation is not None and conversation in turned:
            conversation, side = _reverse(conversation, facts.conversations[conversation]), 1 - side
        stated.append(Stated(key.claim, dict(key.claim.value), key.decrypted, tally, conversation, side))
    return stated


def _wrong_way(key: ConversationKey, conversation: Conversation, book: PortBook) -> bool:
    if conversation.certain or conversation.source_port <= 0:
        return False
    return book.named(key.destination, key.port, key.transport) is None \
        and book.named(key.source, conversation.source_port, key.transport) is not None


def _reverse(key: ConversationKey, conversation: Conversation) -> ConversationKey:
    return ConversationKey(key.destination, key.source, conversation.source_port, key.transport)


def _copy(conversation: Conversation) -> Conversation:
    new = copy(conversation)
    for name in PAIRS:
        setattr(new, name, list(getattr(new, name)))
    return new


def _mirror(conversation: Conversation, port: int) -> Conversation:
    new = _copy(conversation)
    for name in PAIRS:
        setattr(new, name, getattr(new, name)[::-1])
    for name in EVIDENCE:
        setattr(new, name, getattr(new, name)[::-1])
    new.source_port = new.first_source_port = port
    return new


def _sighting_order(item: tuple[SightingKey, Tally]) -> tuple[object, ...]:
    key = item[0]
    return (key.conversation, key.side, key.protocol, key.kind, key.protection.value, repr(key.fields), key.decrypted)


def _exposure_order(item: tuple[ExposureKey, Tally]) -> tuple[object, ...]:
    key = item[0]
    return (key.conversation, key.side, repr(key.secret))

