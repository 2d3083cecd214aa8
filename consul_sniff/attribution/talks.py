"""Facts as attribution reads them: a conversation with all that was said in it, turned the right way round.

Mid-stream the driver guessed who originated. Where only the other port has a role in this datacenter (learnt from tags,
perhaps after the guess), the conversation is turned here. The facts themselves are never changed.
"""

from __future__ import annotations

from copy import copy
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..facts import ClaimTally, Conversation, ConversationKey, ExposureKey, Facts, Tally
from ..model import Protection
from .addresses import same_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..model import Claim, Scalar, Secret
    from .channels import Place
    from .ports import PortBook

PAIRS = ("packets", "bytes", "payloads", "flags", "lost", "plain", "sealed1", "sealed0", "cut", "crc_good", "crc_bad",
         "other", "replays", "nonce_reuse")
EVIDENCE = ("evidence", "plain_evidence", "sealed_evidence")
RST = 4
T = TypeVar("T")


class Said(NamedTuple):
    """One folded sighting in its conversation; side 0 is the originator."""

    side: int
    protocol: str
    kind: str
    protection: Protection
    fields: dict[str, Scalar]  # shared by all that say the same: never changed
    decrypted: bool
    clear: bool  # plaintext on the wire. A mode byte that announces TLS is not: TLS follows
    word: int  # the same number for all of the same protocol, kind, protection, fields and decrypted
    tally: Tally


class Speech:
    """What was said, without who, where, when and how often: the answers to questions that hang on that alone."""

    __slots__ = ("answers", "places", "protocols")

    def __init__(self, said: Iterable[Said]) -> None:
        self.places: dict[str, list[int]] = {}  # protocol -> which of ``said``
        for place, one in enumerate(said):
            self.places.setdefault(one.protocol, []).append(place)
        self.protocols = frozenset(self.places)
        self.answers: dict[Callable[[Talk], Any], Any] = {}


class Talk:
    """A conversation and what was said in it.

    ``speech`` is the same object in all conversations in which the same was said (by the same sides, however often):
    what hangs on that alone is found out once. ``places`` holds what channels.py found out about this one.
    """

    __slots__ = ("community", "conversation", "key", "loopback", "place", "places", "protection", "protocol", "said", "sent",
                 "socket", "speech")

    def __init__(self, key: ConversationKey, conversation: Conversation) -> None:
        self.key = key
        self.socket = key.destination, key.port  # the responder's
        self.conversation = conversation
        self.said: list[Said] = []
        self.speech: Speech  # index() gives it
        self.protocol: str | None = None
        self.protection: Protection | None = None
        self.place: Place | None = None
        self.places: dict[str, Place] = {}
        self.sent: tuple[tuple[int, int], tuple[int, int]] | None = None  # see nodes.sent
        self.community: str | None = None
        self.loopback = same_host(key.source, key.destination)

    @property
    def protocols(self) -> frozenset[str]:
        return self.speech.protocols

    def address(self, side: int) -> str:
        return self.key.destination if side else self.key.source

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

    def of(self, protocol: str) -> list[Said]:
        said = self.said
        return [said[place] for place in self.speech.places.get(protocol, ())]


def once(talk: Talk, question: Callable[[Talk], T]) -> T:
    """The answer to a question that hangs on nothing but what was said; asked once of each speech."""
    answers = talk.speech.answers
    if question not in answers:
        answers[question] = question(talk)
    return answers[question]  # type: ignore[no-any-return]


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

    said = _by_conversation(facts)
    talks: dict[ConversationKey, Talk] = {}
    for key in sorted(facts.conversations.keys() | said.keys()):
        conversation = facts.conversations.get(key) or Conversation()
        new = turn(key)
        if new is not key:
            conversation = _mirror(conversation, key.port)
        known = talks.get(new)
        if known is None:
            known = talks[new] = Talk(new, conversation)
        else:
            known.conversation = copy(known.conversation)
            known.conversation.merge(conversation)
        if key in said:
            known.said += said[key] if new is key else [one._replace(side=1 - one.side) for one in said[key]]
    speeches: dict[tuple[int, ...], Speech] = {}
    for talk in talks.values():
        words = tuple([word * 2 + side for side, _, _, _, _, _, _, word, _ in talk.said])
        speech = speeches.get(words)
        if speech is None:
            speech = speeches[words] = Speech(talk.said)
        talk.speech = speech
    return Index(dict(sorted(talks.items())) if turned else talks, _claims(facts, turned), [
        Exposed(key.secret, turn(key.conversation), key.side ^ (key.conversation in turned), tally)
        for key, tally in sorted(facts.exposures.items(), key=_exposure_order)])


def _by_conversation(facts: Facts) -> dict[ConversationKey, list[Said]]:
    """What was said in each conversation, sorted by side and word.

    Few different things are said, by many: each is ranked, and its fields made, once.
    """
    numbers: dict[tuple[Any, ...], int] = {}
    numbered = [numbers.setdefault(key[2:], len(numbers)) for key in facts.sightings]
    words = sorted(numbers, key=_word_order)
    made: dict[int, tuple[Any, ...]] = {
        numbers[word]: (*word[:3], dict(word[3]), word[4], _clear(*word), rank) for rank, word in enumerate(words)}
    said: dict[ConversationKey, list[Said]] = {}
    for (key, tally), number in zip(facts.sightings.items(), numbered, strict=True):
        one = Said._make((key[1], *made[number], tally))
        same = said.get(key[0])
        if same is None:
            said[key[0]] = [one]
        else:
            same.append(one)
    for same in said.values():
        same.sort(key=_side_and_word)
    return said


_side_and_word = itemgetter(0, 7)


def _clear(_: str, kind: str, protection: Protection, fields: tuple[tuple[str, Scalar], ...], decrypted: bool) -> bool:  # noqa: FBT001
    return protection is Protection.PLAINTEXT and not decrypted \
        and not (kind == "mode" and str(dict(fields).get("mode", "")).startswith("tls"))


def _claims(facts: Facts, turned: set[ConversationKey]) -> list[Stated]:
    stated = []
    for key, tally in sorted(facts.claims.items(), key=lambda item: (repr(item[0].claim), *item[0][1:])):
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


def _mirror(conversation: Conversation, port: int) -> Conversation:
    new = copy(conversation)
    for name in PAIRS:
        setattr(new, name, getattr(new, name)[::-1])
    for name in EVIDENCE:
        setattr(new, name, getattr(new, name)[::-1])
    new.source_port = new.first_source_port = port
    return new


def _word_order(word: tuple[Any, ...]) -> tuple[object, ...]:
    protocol, kind, protection, fields, decrypted = word
    return protocol, kind, protection.value, repr(fields), decrypted


def _exposure_order(item: tuple[ExposureKey, Tally]) -> tuple[object, ...]:
    key = item[0]
    return (key.conversation, key.side, repr(key.secret))

