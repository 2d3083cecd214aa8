"""What was said, by numbers: so that the screen can add it up without a word. And where in the facts each sum belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import limits
from ..facts import Tally
from ..model import Evidence
from . import others
from .fold import admit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..facts import ConversationKey, Facts
    from .fold import Claimed, Said


class Sayings:
    """``units`` and ``closes`` are for the screen (``screen.tallies``), and so is what it asks: ``admit`` to ``tell``.

    A *place* is what was said, whoever says it: a table of FlowState and a key in it. A *word* is a place and a summary.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.units: list[tuple[tuple[int, int, int], ...]] = []
        self.closes: dict[int, int] = {}
        self._places: dict[tuple[str, tuple[object, ...]], int] = {}
        self._keys: list[tuple[str, tuple[object, ...]]] = []
        self._words: dict[tuple[int, str], int] = {}
        self._summaries: list[str] = []
        self._told: dict[tuple[Any, ...], tuple[int, int]] = {}

    @property
    def full(self) -> bool:
        """Is it time to forget?"""
        return len(self._words) >= 4 * limits.UNITS or len(self._told) >= limits.UNITS

    def forget(self) -> None:
        """Begin with new numbers. The screen must have told all, and must not use the old ones any more."""
        for kept in (self.units, self.closes, self._places, self._keys, self._words, self._summaries, self._told):
            kept.clear()  # in place: the screen has them, too

    def learn(self, said: Sequence[Said]) -> None:
        """What the next unit says."""
        self.units.append(tuple([(*self._number(one), one.times) for one in said]))

    def place(self, table: str, key: tuple[object, ...]) -> int:
        """The place of what is said; the same for whoever says it."""
        place = self._places.setdefault((table, key), len(self._keys))
        if place == len(self._keys):
            self._keys.append((table, key))
        return place

    def _number(self, said: Said) -> tuple[int, int]:
        """Place and word."""
        place = said.place if said.place >= 0 else self.place(said.table, said.key)
        word = self._words.setdefault((place, said.summary), len(self._summaries))
        if word == len(self._summaries):
            self._summaries.append(said.summary)
        return place, word

    # --- for the screen ----------------------------------------------------------------------------------------

    def admit(self, conversation: ConversationKey, share: int, side: int, place: int) -> Tally | Claimed | None:
        """Where something that was said is added up; None: nowhere, for there is no room."""
        table, key = self._keys[place]
        return admit(self.facts, share, conversation, side, table, key)

    def told(self, what: tuple[Any, ...]) -> tuple[int, int]:
        """(place, word) of what the screen understood by itself."""
        known = self._told.get(what)
        if known is None:
            known = self._told[what] = self._number(others.said(what))
        return known

    def lesser(self, word: int, other: int) -> int:
        """The word that stands before the other."""
        return min(word, other, key=self._summaries.__getitem__)

    def tell(self, kept: Tally | Claimed, count: int, first: int, last: int, proof: list[tuple[int, int, int]]) -> None:
        """Add a sum where ``admit`` said. ``proof``: (input, frame, word), sorted."""
        words = self._summaries
        kept.merge(Tally(count, first, last, tuple([Evidence(input_, frame, words[word]) for input_, frame, word in proof])))

