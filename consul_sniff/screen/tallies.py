"""What was said in conversations that nobody decoded, added up where it is counted: how often, when, and in which packets first.

What was said has a number, its *place*; the words that tell it to people have another, the *word* (``decoders.sayings`` gives
both). Sums of what was said stay numbers to the end (``said``). Claims and secrets, of which there are few, belong in the facts:
``tell`` gives their sums there.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .. import limits
from ..rows import name
from .sums import Sums
from .units import Units

APART = cython.declare(i64, limits.APART)
SHARES = cython.declare(i64, limits.SHARES)
ROWS = cython.declare(i64, 65_536)  # of claims and secrets; then all is told, and begins anew
M32 = cython.declare(u64, 0xFFFFFFFF)
FRAME = cython.declare(i64, 40)  # bits of a packet's number, as in Conversations

if TYPE_CHECKING:
    from typing import Protocol

    from ..facts import ConversationKey
    from ..told import Told
    from .conversations import Conversations

    class Sayings(Protocol):
        """Of ``decoders``: what each unit's number says, and where sums belong."""

        #: place, word, times of each thing; as one number place + 1, word (32 bits each) of one; nothing: ``unit`` knows
        units: list[tuple[int, ...] | int]
        tells: bytearray  # by place, whether it tells that a conversation may be Consul's
        closes: dict[int, int]  # chain -> the side that originated it (-1: its content does not tell), where no decoder adds a word

        @property
        def full(self) -> bool: ...
        @property
        def used(self) -> array[int]: ...
        def over(self, times: int, foreign: int) -> None: ...
        def place(self, what: tuple[Any, ...]) -> int: ...
        def added(self, conversation: ConversationKey, share: int, side: int, place: int) -> bool: ...
        def admit(self, conversation: ConversationKey, share: int, side: int, place: int) -> Any: ...
        def told(self, what: Told) -> int: ...
        def unit(self, number: int) -> tuple[int, ...] | int: ...
        def lesser(self, word: int, other: int) -> int: ...
        def tell(self, kept: Any, count: int, first: int, last: int, proof: list[tuple[int, int, int]]) -> None: ...
        def spoken(self) -> tuple[list[Any], list[Any], Any]: ...


class Tallies:
    """``begin`` a flow that is over; ``heard`` adds what a side said."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.sayings: Any = None  # a Sayings, once somebody listens
        self.said = Sums(limits.SIGHTINGS)
        self.apart = Sums(ROWS)
        self.kept: list[object] = []  # of each row of ``apart``, what admit gave
        self.refused: set[int] = set()  # keys of the flow at hand for which there is no room
        self.talks: Any = None  # Conversations
        self.share = self.row = self.input = self.strange = 0
        self.missed = self.foreign = 0  # things said that there was no room for, since ``tell``; the same of strangers
        self.named: ConversationKey | None = None  # the row's conversation, once somebody asked
        self.known: list[tuple[int, ...] | int] = []  # of ``sayings``, and
        self.taken = memoryview(array("q", [0]))  # its ``used``, and
        self.tells = bytearray()  # its ``tells``
        self.limit = self.strangers = self.most = 0  # of those; of strangers'; of the flow's share

    def listens(self, sayings: Sayings) -> None:
        """Whose numbers these are."""
        self.sayings = self.said.words = self.apart.words = sayings
        self.known = sayings.units
        self.taken = memoryview(sayings.used)
        self.tells = sayings.tells
        self.limit = limits.SIGHTINGS
        self.strangers = min(limits.STRANGERS_SAID, limits.SIGHTINGS)

    def unit(self, h: i64) -> Any:
        """What row ``h`` of the units counts, as ``Sayings.units`` has it."""
        number: i64 = cython.cast(i64, self.units.H[h].unit) - 1
        return self.known[number] or self.sayings.unit(number)

    def telling(self, d: i64) -> i64:
        """Does anything that the units counted on side ``d`` of the table tell that the conversation may be Consul's?"""
        h: i64 = cython.cast(i64, self.units.tab.D[d].heard)
        place: i64
        one: u64
        i: i64
        while h:
            unit = self.unit(h)
            if unit.__class__ is int:
                one = unit
                if self.tells[cython.cast(i64, one >> 32) - 1]:
                    return 1
            else:
                for i in range(0, len(unit), 3):
                    place = unit[i]
                    if place >= APART or self.tells[place]:
                        return 1
            h = cython.cast(i64, self.units.H[h].next)
        return 0

    def begin(self, talks: Conversations, t: i64, share: i64, input_: i64, strange: i64) -> None:
        """A flow is over: of that row of ``talks``, of that share and input. ``strange``: nothing in it tells of Consul."""
        self.talks = talks
        self.row = t
        self.named = None
        self.share = share
        self.strange = strange
        self.most = self.strangers if strange else self.limit
        if share >= 0:
            self.most //= SHARES
        self.input = input_
        if self.refused:
            self.refused.clear()

    def heard(self, d: i64, side: i64) -> None:
        """Add what the units counted on side ``d`` of the table; ``side`` 0 originated."""
        h: i64 = cython.cast(i64, self.units.tab.D[d].heard)
        one: u64
        i: i64
        while h:
            unit = self.unit(h)
            if unit.__class__ is int:
                one = unit
                self.add(side, cython.cast(i64, one >> 32) - 1, h, cython.cast(i64, one & M32), 1)
            else:
                for i in range(0, len(unit), 3):
                    self.add(side, unit[i], h, unit[i + 1], unit[i + 2])
            h = cython.cast(i64, self.units.H[h].next)

    def add(self, side: i64, place: i64, h: i64, word: i64, times: u64) -> i64:
        """Add that a side said it, as counted in row ``h`` of the units."""
        at: i64 = self.place(side, place)
        if at >= 0:
            self.sum(self.said if place < APART else self.apart, at, h, word, times)
        return 0

    def sum(self, sums: Sums, at: i64, h: i64, word: i64, times: u64) -> i64:
        place: u64 = cython.cast(u64, self.input) << FRAME
        sums.count(at, self.units.H[h].count * times, self.units.H[h].first, self.units.H[h].last)
        sums.proof(at, place | self.units.H[h].frame1, word)
        sums.proof(at, place | self.units.H[h].frame2, word)
        sums.proof(at, place | self.units.H[h].frame3, word)
        return 0

    def place(self, side: i64, place: i64) -> i64:
        """The row of what was said; -1 where there is no room for it."""
        key: u64 = (cython.cast(u64, 2 * self.row + side) << 32) | cython.cast(u64, place + 1)
        t: i64
        if place >= APART:
            return self.aside(key, side, place)
        t = self.said.find(key)
        if t >= 0:
            return t
        if key not in self.refused:
            t = self.more(key, side, place)
        if t < 0:
            self.refused.add(key)
        return t

    def holds(self, t: i64, side: i64, place: i64) -> i64:
        """Is it added up here that this side of a row said so?"""
        return self.said.find((cython.cast(u64, 2 * t + side) << 32) | cython.cast(u64, place + 1)) >= 0

    def more(self, key: u64, side: i64, place: i64) -> i64:
        """A new row of what was said, where the share's flows may have one more, or the facts have it for them already."""
        share: i64 = self.share if self.share >= 0 else SHARES
        if (self.talks.shared[self.row >> 3] >> (self.row & 7)) & 1 and self.sayings.added(self.name(), self.share, side, place):
            return self.said.add(key)
        if self.taken[share] >= self.most:
            self.missed += 1 - self.strange
            self.foreign += self.strange
            return -1
        self.taken[share] += 1
        return self.said.add(key)

    def aside(self, key: u64, side: i64, place: i64) -> i64:
        """The same of claims and secrets."""
        t: i64 = self.apart.find(key)
        if t >= 0:
            return t
        kept = None if key in self.refused else self.sayings.admit(self.name(), self.share, side, place)
        if kept is None:
            self.refused.add(key)
            return -1
        if self.apart.used == ROWS:
            self.tell()
        self.kept.append(kept)
        return self.apart.add(key)

    def name(self) -> ConversationKey:
        """Whose conversation it is, in words."""
        t: i64 = self.row
        if self.named is None:
            self.named = name(self.talks.T[t].k0, self.talks.T[t].k1, self.talks.M[t].k2, self.talks.M[t].k3, self.talks.M[t].k4)
        return self.named

    def tell(self) -> None:
        """Give the sums of claims and secrets, and how much had no room, and begin anew."""
        if self.missed or self.foreign:
            self.sayings.over(self.missed, self.foreign)
            self.missed = self.foreign = 0
        for row, kept in zip(self.apart.rows, self.kept, strict=False):
            proof = [(frame >> 40, frame & 0xFFFFFFFFFF, word)
                     for frame, word in ((row.frame1, row.word1), (row.frame2, row.word2), (row.frame3, row.word3)) if frame]
            self.sayings.tell(kept, row.count, row.first, row.last, proof)
        self.kept = []
        self.apart.clear()
