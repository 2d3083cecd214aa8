"""What was said, by numbers: so that the screen can add it up without a word. And where in the facts each sum belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import limits
from ..facts import FOREIGN, SightingKey, Tally
from ..model import Evidence
from ..rows import spelt
from . import others
from .fold import admit, of_consul, said_by

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from ..facts import ConversationKey, Facts
    from ..model import Message
    from ..rows import Spoken, Words
    from ..told import Told
    from .fold import Claimed, Said, Telling


class Sayings:
    """Numbers of *units*: all that is said at once. ``says`` gives that in words, ``units`` the same in numbers.

    A *place* is what was said, whoever says it: a table of FlowState and a key in it. A *word* is a summary. What was *told* by the
    screen says one thing: its unit is one number (``packed``).
    ``telling``: whether something said tells that a conversation may be Consul's.
    ``units``, ``tells``, ``closes`` and what stands from ``admit`` on are for the screen (``screen.tallies``).
    """

    def __init__(self, facts: Facts, telling: Telling = of_consul) -> None:
        self.facts = facts
        self.telling = telling
        self.tells = bytearray()  # by place, whether it tells that a conversation may be Consul's
        self.units: list[tuple[int, ...] | int] = []  # place, word, times of each thing; nothing: not put in words yet
        self.closes: dict[int, int] = {}
        self._said: dict[int, tuple[Said, ...]] = {}
        self._told: list[Told | None] = []  # by number
        self._numbers: dict[tuple[Said, ...], int] = {}
        self._places: dict[tuple[object, ...], int] = {}  # of what was said
        self._aside: dict[tuple[str, tuple[object, ...]], int] = {}  # of claims and secrets
        self._spoken: list[Any] = []  # by place
        self._apart: list[tuple[str, tuple[object, ...]]] = []  # by place, of claims and secrets
        self._words: dict[Words, int] = {}
        self._summaries: list[Words] = []
        self._free: tuple[list[int], list[int]] = ([], [])  # places and words that nobody uses any more
        self._bytes = 0  # of what the screen told

    @property
    def full(self) -> bool:
        """Is it time to forget?"""
        return len(self.units) >= limits.NUMBERS or self._bytes >= limits.ASLEEP

    def forget(self, places: set[int], words: set[int]) -> None:
        """Begin with new numbers, but for ``places`` and ``words``, of which there are sums. The screen must have told all else."""
        for kept in (self.units, self.closes, self._said, self._told, self._numbers, self._aside, self._apart):
            kept.clear()  # in place: the screen has them, too
        self._places = {self._spoken[place]: place for place in places}
        self._words = {self._summaries[word]: word for word in words}
        self._free = ([place for place in range(len(self._spoken)) if place not in places],
                      [word for word in range(len(self._summaries)) if word not in words])
        self._bytes = 0

    def number(self, messages: Sequence[Message]) -> int:
        """The number of what messages say; the same words have one."""
        said = said_by(messages, self._place)
        number = self._numbers.get(said)
        if number is None:
            number = self._numbers[said] = len(self.units)
            self._said[number] = said
            self._told.append(None)
            self.units.append(self._unit(said))
        return number

    def says(self, number: int) -> tuple[Said, ...]:
        """What a unit says."""
        told = self._told[number]
        return self._said[number] if told is None else said_by((others.message(told),), self._place)

    def _unit(self, said: tuple[Said, ...]) -> tuple[int, ...]:
        return tuple([number for one in said for number in (one.place, self._word(one.summary), one.times)])

    def _place(self, table: str, key: tuple[object, ...]) -> int:
        if table == "said":
            return self._spoken_at(key)
        place = self._aside.get((table, key))
        if place is None:
            place = self._aside[table, key] = limits.APART + len(self._apart)
            self._apart.append((table, key))
        return place

    def _spoken_at(self, key: Any) -> int:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _put(self._spoken, self._free[0], key)
            if place == len(self.tells):
                self.tells.append(0)
            protocol, kind, _, fields, _ = key
            self.tells[place] = self.telling(protocol, kind, fields)
        return place

    def _word(self, summary: Words) -> int:
        word = self._words.get(summary)
        if word is None:
            word = self._words[summary] = _put(self._summaries, self._free[1], summary)
        return word

    # --- for the screen ----------------------------------------------------------------------------------------

    def admit(self, conversation: ConversationKey, share: int, side: int, place: int) -> Tally | Claimed | None:
        """Where a claim or a secret is added up; None: nowhere, for there is no room."""
        table, key = self._apart[place - limits.APART]
        return admit(self.facts, share, conversation, side, table, key)

    @property
    def used(self) -> array[int]:
        """By share, how many things that were said in its flows are added up, here or by the screen; whoever adds one counts it."""
        return self.facts.used["sightings"]

    def place(self, what: tuple[Any, ...]) -> int:
        """The place of something said, -1 where it has none."""
        return self._places.get(what, -1)

    def added(self, conversation: ConversationKey, share: int, side: int, place: int) -> bool:
        """Is it added up in the facts, for flows of that share?"""
        tally = self.facts.sightings.get(SightingKey(conversation, side, *self._spoken[place]))
        return tally is not None and tally.shares >> (share + 1) & 1 == 1

    def over(self, times: int, foreign: int) -> None:
        """There was no room for so much that was said; for so much that strangers said."""
        for count, what in ((times, "sightings"), (foreign, f"sightings {FOREIGN}")):
            if count:
                self.facts.over(what, count)

    def spoken(self) -> tuple[list[Spoken], list[Words], Callable[[Told], str]]:
        """What places and words mean, and what spells those words that are none yet."""
        return list(self._spoken), list(self._summaries), others.words

    def told(self, what: Told) -> int:
        """A number for what the screen understood by itself; it asks once for each, and puts few of them in words."""
        for one in (what,) if isinstance(what, bytes) else what:
            if one.__class__ is bytes:
                self._bytes += len(one)
        self._told.append(what)
        self.units.append(())
        return len(self.units) - 1

    def unit(self, number: int) -> tuple[int, ...] | int:
        """What was ``told``, as ``units`` has it from now on."""
        told = self._told[number]
        if told is None:
            return ()  # part of a message may say nothing
        what, words = others.said(told)  # one thing, without claims and secrets
        word = _put(self._summaries, self._free[1], told) if words is None else self._word(words)
        unit = self.units[number] = packed(self._spoken_at(what), word)
        return unit

    def lesser(self, word: int, other: int) -> int:
        """The word that stands before the other."""
        return min(word, other, key=lambda one: spelt(self._summaries[one], others.words))

    def tell(self, kept: Tally | Claimed, count: int, first: int, last: int, proof: list[tuple[int, int, int]]) -> None:
        """Add a sum where ``admit`` said. ``proof``: (input, frame, word), sorted."""
        words = self._summaries
        kept.merge(Tally(count, first, last, tuple([Evidence(input_, frame, spelt(words[word], others.words)) for input_, frame, word in proof])))


def packed(place: int, word: int) -> int:
    """One thing that is said once, as a number that is not 0."""
    return (place + 1) << 32 | word


def _put(into: list[Any], free: list[int], one: Any) -> int:
    """Its place in a list."""
    if not free:
        into.append(one)
        return len(into) - 1
    place = free.pop()
    into[place] = one
    return place
