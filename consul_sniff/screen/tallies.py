"""What was said in conversations that nobody decoded, added up where it is counted: how often, when, and in which packets first.

What was said has a number, its *place*; the words that tell it to people have another, the *word* (``decoders.sayings`` gives
both, and says where in the facts each sum belongs). ``tell`` gives the sums there.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .table import KINDS
from .units import Units
from .words import zeros

if not cython.compiled:
    from .words import mix

ROWS = cython.declare(i64, 65_536)  # then all is told, and begins anew
SLOTS = cython.declare(i64, 131_072)
FRAME = cython.declare(i64, 40)  # bits of a packet's number, as in Conversations

# The same fields in the same order stand in tallies.pxd.
SUM = (("key", 8), ("count", 8), ("first", 8), ("last", 8), ("frame1", 8), ("frame2", 8), ("frame3", 8),
       ("word1", 4), ("word2", 4), ("word3", 4), ("rest", 4))

if TYPE_CHECKING:
    from typing import Protocol

    from ..facts import ConversationKey

    class Sayings(Protocol):
        """Of ``decoders``: what each unit's number says, and where sums belong."""

        units: list[tuple[tuple[int, int, int], ...]]  # (place, word, times) of each thing; nothing: ``unit`` knows
        closes: dict[int, int]  # chain -> the side that originated it (-1: its content does not tell), where no decoder adds a word

        @property
        def full(self) -> bool: ...
        def admit(self, conversation: ConversationKey, share: int, side: int, place: int) -> Any: ...
        def told(self, what: tuple[Any, ...]) -> int: ...
        def unit(self, number: int) -> tuple[tuple[int, int, int], ...]: ...
        def lesser(self, word: int, other: int) -> int: ...
        def tell(self, kept: Any, count: int, first: int, last: int, proof: list[tuple[int, int, int]]) -> None: ...


class SumRecord(ctypes.Structure):
    """Conversation, side and place; how often, first and last (ns); the first packets (their input's number above FRAME bits), each
    with its word."""

    _fields_ = [(name, KINDS[size]) for name, size in SUM]


class Tallies:
    """``begin`` a flow that is over; ``heard`` adds what a side said. ``tell`` empties it."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.sayings: Any = None  # a Sayings, once somebody listens
        self.rows = (SumRecord * ROWS).from_buffer(zeros(ctypes.sizeof(SumRecord) * ROWS))
        self.S = self.rows
        self.slots = zeros(SLOTS * 4).cast("I")
        self.kept: list[object] = []  # of each row, what admit gave
        self.refused: set[int] = set()  # keys of the flow at hand for which there is no room
        self.used = 0
        self.conversation: Any = None  # its ConversationKey
        self.share = self.row = self.input = 0

    def begin(self, t: i64, conversation: ConversationKey, share: i64, input_: i64) -> None:
        """A flow is over: of that row of Conversations, under this name, of that share and input."""
        self.row = t
        self.conversation = conversation
        self.share = share
        self.input = input_
        if self.refused:
            self.refused.clear()

    def heard(self, d: i64, side: i64) -> None:
        """Add what the units counted on side ``d`` of the table; ``side`` 0 originated."""
        h: i64 = cython.cast(i64, self.units.tab.D[d].heard)
        at: i64
        while h:
            number = self.units.H[h].unit - 1
            for place, word, times in self.sayings.units[number] or self.sayings.unit(number):
                at = self.place(side, place)
                if at >= 0:
                    self.sum(at, self.units.H[h].count * cython.cast(u64, times), self.units.H[h].first, self.units.H[h].last)
                    self.proof(at, self.units.H[h].frame1, word)
                    self.proof(at, self.units.H[h].frame2, word)
                    self.proof(at, self.units.H[h].frame3, word)
            h = cython.cast(i64, self.units.H[h].next)

    def place(self, side: i64, place: i64) -> i64:
        """The row of what was said; -1 where there is no room for it."""
        key: u64 = (cython.cast(u64, 2 * self.row + side) << 32) | cython.cast(u64, place + 1)
        i: i64 = self.slot(key)
        t: i64
        if self.slots[i]:
            return cython.cast(i64, self.slots[i]) - 1
        kept = None if key in self.refused else self.sayings.admit(self.conversation, self.share, side, place)
        if kept is None:
            self.refused.add(key)
            return -1
        if self.used == ROWS:
            self.tell()
            i = self.slot(key)
        t = self.used
        self.used += 1
        self.slots[i] = cython.cast(cython.uint, t + 1)
        self.S[t].key = key
        self.S[t].count = self.S[t].frame1 = self.S[t].frame2 = self.S[t].frame3 = 0
        self.kept.append(kept)
        return t

    def slot(self, key: u64) -> i64:
        """Where the row of a key stands in ``slots``, or would."""
        i: i64 = cython.cast(i64, mix(key) & cython.cast(u64, SLOTS - 1))
        while self.slots[i] != 0 and self.S[cython.cast(i64, self.slots[i]) - 1].key != key:
            i = (i + 1) & (SLOTS - 1)
        return i

    def sum(self, t: i64, count: u64, first: u64, last: u64) -> i64:
        if self.S[t].count == 0 or first < self.S[t].first:
            self.S[t].first = first
        if self.S[t].count == 0 or last > self.S[t].last:
            self.S[t].last = last
        self.S[t].count += count
        return 0

    def proof(self, t: i64, number: u64, word: i64) -> i64:
        """Keep the three earliest packets, each once; of one that says it in several words the lesser."""
        frame: u64 = (cython.cast(u64, self.input) << FRAME) | number
        w: cython.uint = cython.cast(cython.uint, word)
        if number == 0 or (self.S[t].frame3 and frame > self.S[t].frame3):
            return 0
        if frame == self.S[t].frame1:
            self.S[t].word1 = self.lesser(self.S[t].word1, w)
        elif frame == self.S[t].frame2:
            self.S[t].word2 = self.lesser(self.S[t].word2, w)
        elif frame == self.S[t].frame3:
            self.S[t].word3 = self.lesser(self.S[t].word3, w)
        elif self.S[t].frame1 == 0 or frame < self.S[t].frame1:
            self.S[t].frame3, self.S[t].word3 = self.S[t].frame2, self.S[t].word2
            self.S[t].frame2, self.S[t].word2 = self.S[t].frame1, self.S[t].word1
            self.S[t].frame1, self.S[t].word1 = frame, w
        elif self.S[t].frame2 == 0 or frame < self.S[t].frame2:
            self.S[t].frame3, self.S[t].word3 = self.S[t].frame2, self.S[t].word2
            self.S[t].frame2, self.S[t].word2 = frame, w
        else:
            self.S[t].frame3, self.S[t].word3 = frame, w
        return 0

    def lesser(self, word: cython.uint, other: cython.uint) -> cython.uint:
        if word == other:
            return word
        return self.sayings.lesser(word, other)

    def tell(self) -> None:
        """Give all sums, and begin anew."""
        i: i64
        for row, kept in zip(self.rows, self.kept, strict=False):
            proof = [(frame >> 40, frame & 0xFFFFFFFFFF, word)
                     for frame, word in ((row.frame1, row.word1), (row.frame2, row.word2), (row.frame3, row.word3)) if frame]
            self.sayings.tell(kept, row.count, row.first, row.last, proof)
        if self.used:
            self.kept = []
            self.used = 0
            for i in range(SLOTS):
                self.slots[i] = 0
