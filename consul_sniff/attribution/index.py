"""Facts by conversation: each with all that was said in it, turned the right way round.

Mid-stream the driver guessed who originated. Where only the other port has a role in this datacenter (learnt from tags,
perhaps after the guess), the conversation is turned here. The facts themselves are never changed.
"""

from __future__ import annotations

from copy import copy
from itertools import chain
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ..facts import (
    NOTHING,
    PROOFS,
    SUMMED,
    ClaimTally,
    Conversation,
    ConversationKey,
    ExposureKey,
    Facts,
    Tally,
    joined,
)
from ..rows import SumTallies
from .strangers import Strangers
from .talks import Shape, Speech, Talk, Word, manner
from .telling import mesh_identity
from .telling import telling as _telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..model import Claim, Scalar, Secret
    from ..rows import Rows, Spoken
    from .ports import PortBook
    from .talks import Manner

    Heard = list[tuple[int, Tally | int]]  # numbers of words, and how often they were said (an int: a sum of the screen's)

_SILENCE: Heard = []
_number = itemgetter(0)


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
    """All facts by conversation."""

    talks: dict[ConversationKey, Talk]  # in no order
    telling: list[Talk]  # those that show something by themselves, sorted
    speeches: dict[Speech, list[Talk]]  # the same by what was said in them
    claims: list[Stated]
    exposed: list[Exposed]
    strangers: Strangers
    domain: str

    def made(self, numbers: Iterable[int]) -> Iterator[Talk]:
        """Strangers of these numbers as conversations, for whoever asks for them all the same."""
        rows = self.strangers.rows
        spoken = sorted(rows.places, key=_spoken_order)
        place = {one: rank for rank, one in enumerate(spoken)}
        ranks, speeches = [place[one] for one in rows.places], _Speeches(spoken, self.domain)
        for t in numbers:
            words, sums = zip(*_ranked(rows.said(t), ranks, rows), strict=True)
            yield Talk(rows.key(t), rows.conversation(t), speeches.speech(words), _tallies(sums, rows))

    def asked(self, question: Callable[[Speech], object]) -> list[Talk]:
        """Those of ``telling`` that a question about what was said is true of; sorted only where the same was said."""
        return [talk for speech, talks in self.speeches.items() if speech.once(question) for talk in talks]


def index(facts: Facts, book: PortBook, domain: str = "consul") -> Index:
    """Facts by conversation, each turned so that the responder's port is the one with a role."""
    strangers = Strangers(facts, book, domain)
    conversations, spoken, said = _by_conversation(facts, strangers)
    turned = {key: _reverse(key, conversation) for key, conversation in conversations.items()
              if _wrong_way(key, conversation, book)}
    talks = _talks(conversations, said, turned, _Speeches(spoken, domain), strangers.rows)
    telling = sorted([talk for talk in talks.values() if talk.speech.telling or (
        talk.key.transport == "udp" and _gossiped(talk.conversation))], key=attrgetter("key"))
    speeches: dict[Speech, list[Talk]] = {}
    for talk in telling:
        speeches.setdefault(talk.speech, []).append(talk)
    return Index(talks, telling, speeches, _claims(facts, turned), [
        Exposed(key.secret, turned.get(key.conversation, key.conversation), key.side ^ (key.conversation in turned), tally)
        for key, tally in sorted(facts.exposures.items(), key=_exposure_order)], strangers, domain)


def _gossiped(conversation: Conversation) -> bool:
    return conversation.plain != NOTHING or conversation.sealed1 != NOTHING or conversation.sealed0 != NOTHING or conversation.cut != NOTHING


class _Speeches:
    """Makes words, shapes and speeches, each once. ``spoken`` is sorted: a word's number is its place there, and more of side 1."""

    def __init__(self, spoken: Sequence[Spoken], domain: str) -> None:
        self._spoken = spoken
        self._domain = domain
        self._words: dict[int, Word] = {}
        self._manners: dict[Manner, Manner] = {}
        self._shapes: dict[tuple[Manner, ...], Shape] = {}
        self._speeches: dict[tuple[int, ...], Speech] = {(): Speech((), Shape(()))}

    def turned(self, heard: Heard) -> Heard:
        """What was heard from the other side."""
        sides = len(self._spoken)
        return [((number + sides) % (2 * sides), tally) for number, tally in heard]

    def speech(self, numbers: tuple[int, ...]) -> Speech:
        """Of the words of these numbers."""
        speech = self._speeches.get(numbers)
        if speech is None:
            words = tuple([self._words.get(number) or self._word(number) for number in numbers])
            manners = tuple([word.manner for word in words])
            shape = self._shapes.get(manners)
            if shape is None:
                shape = self._shapes[manners] = Shape(manners)
            speech = self._speeches[numbers] = Speech(words, shape)
        return speech

    def _word(self, number: int) -> Word:
        side, place = divmod(number, len(self._spoken))
        protocol, kind, _, fields, _ = spoken = self._spoken[place]
        known = dict(fields)
        sound = manner(side, spoken)
        sound = self._manners.setdefault(sound, sound)
        word = self._words[number] = Word(number, sound, fields, telling=_telling(protocol, kind, known, self._domain),
                                          mesh=mesh_identity(known, self._domain) if protocol == "tls" else None)
        return word


def _talks(conversations: dict[ConversationKey, Conversation], said: dict[ConversationKey, Heard],
           turned: dict[ConversationKey, ConversationKey], speeches: _Speeches, rows: Rows) -> dict[ConversationKey, Talk]:
    talks: dict[ConversationKey, Talk] = {}
    keys: Iterable[ConversationKey] = chain(conversations, _left(said))
    for key in sorted(conversations.keys() | said.keys()) if turned else keys:
        conversation, heard = conversations.get(key) or Conversation(), said.pop(key, _SILENCE)
        new = turned.get(key, key)
        if new is not key:
            conversation, heard = _mirror(conversation, key.port), speeches.turned(heard)
        known = talks.get(new)
        if known is not None:
            both = copy(known.conversation)
            both.merge(conversation)
            conversation, heard = both, [(one.word.number, one.tally) for one in known.said] + heard
        numbers, tallies = zip(*heard, strict=True) if heard else ((), ())
        talks[new] = Talk(new, conversation, speeches.speech(numbers), _tallies(tallies, rows))
    return talks


def _tallies(heard: Sequence[Tally | int], rows: Rows) -> Sequence[Tally]:
    if heard and set(map(type, heard)) == {int}:
        return SumTallies(rows, heard)  # type: ignore[arg-type]
    return tuple([_tally(one, rows) for one in heard])


def _tally(one: Tally | int, rows: Rows) -> Tally:
    return rows.tally(one) if isinstance(one, int) else one


def _left(said: dict[ConversationKey, Heard]) -> Iterator[ConversationKey]:
    """What nobody took: said in conversations that facts do not know."""
    yield from list(said)


def _by_conversation(facts: Facts, strangers: Strangers) -> tuple[dict[ConversationKey, Conversation], list[Spoken], dict[ConversationKey, Heard]]:
    """All conversations that are no strangers; all that was said in them, sorted; and the numbers of what was said in each."""
    numbers: dict[Spoken, int] = {}
    conversations = dict(facts.conversations)
    said: dict[ConversationKey, list[tuple[int, int, Tally | int]]] = {}
    for key, tally in facts.sightings.items():
        said.setdefault(key[0], []).append((key[1], numbers.setdefault(key[2:], len(numbers)), tally))
    places: dict[int, int] = {}  # the numbers of the screen's
    for name, conversation, heard in strangers.drawn():
        known = conversations.get(name)
        if known is not None:
            conversation.merge(known)
        conversations[name] = conversation
        mine = said.setdefault(name, []) if heard else []
        for side, place, one in heard:
            number = places.get(place)
            if number is None:
                number = places[place] = numbers.setdefault(strangers.rows.places[place], len(numbers))
            mine.append((side, number, one))
    spoken = sorted(numbers, key=_spoken_order)
    ranks = [0] * len(spoken)
    for rank, words in enumerate(spoken):
        ranks[numbers[words]] = rank
    return conversations, spoken, {key: _ranked(heard, ranks, strangers.rows) for key, heard in said.items()}


def _ranked(heard: Iterable[tuple[int, int, Tally | int]], ranks: Sequence[int], rows: Rows) -> Heard:
    """By the numbers of words; what was both decoded and added up by the screen once."""
    sides = len(ranks)
    ranked: Heard = sorted([(ranks[number] + side * sides, one) for side, number, one in heard], key=_number)
    for place in range(len(ranked) - 1, 0, -1):
        if ranked[place][0] == ranked[place - 1][0]:
            both = joined([_tally(one, rows) for _, one in ranked[place - 1:place + 1]])
            ranked[place - 1:place + 1] = [(ranked[place][0], both)]
    return ranked


def _claims(facts: Facts, turned: dict[ConversationKey, ConversationKey]) -> list[Stated]:
    stated = []
    for key, tally in sorted(facts.claims.items(), key=lambda item: (repr(item[0].claim), *item[0][1:])):
        conversation, side = tally.conversation, tally.side
        if conversation is not None and conversation in turned:
            conversation, side = turned[conversation], 1 - side
        stated.append(Stated(key.claim, dict(key.claim.value), key.decrypted, tally, conversation, side))
    return stated


def _wrong_way(key: ConversationKey, conversation: Conversation, book: PortBook) -> bool:
    if conversation.certain or conversation.source_port <= 0:
        return False
    return book.named(key.source, conversation.source_port, key.transport) is not None \
        and book.named(key.destination, key.port, key.transport) is None


def _reverse(key: ConversationKey, conversation: Conversation) -> ConversationKey:
    return ConversationKey(key.destination, key.source, conversation.source_port, key.transport)


def _mirror(conversation: Conversation, port: int) -> Conversation:
    new = copy(conversation)
    for name in ("flags", *SUMMED, *PROOFS):
        setattr(new, name, getattr(new, name)[::-1])
    new.source_port = new.first_source_port = port
    return new


def _spoken_order(spoken: Spoken) -> tuple[object, ...]:
    protocol, kind, protection, fields, decrypted = spoken
    return protocol, kind, protection.value, repr(fields), decrypted


def _exposure_order(item: tuple[ExposureKey, Tally]) -> tuple[object, ...]:
    key = item[0]
    return (key.conversation, key.side, repr(key.secret))
