"""Sums by key, each with the earliest packets that prove it: rows that stay numbers until somebody asks for one."""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING, Any

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from ..rows import SumRecord
from .words import zeros

if not cython.compiled:
    from .words import mix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..rows import Records

M32 = cython.declare(u64, 0xFFFFFFFF)
LEAST = cython.declare(i64, 2_048)  # places that the index has at first
M40 = cython.declare(u64, 0xFFFFFFFFFF)


class Sums:
    """``find`` or ``add`` the row of a key, then ``count`` and ``proof``. ``words.lesser``: which word stands before another."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.rows = (SumRecord * most).from_buffer(zeros(ctypes.sizeof(SumRecord) * most))
        self.S = self.rows
        self.index(0)
        self.used = 0
        self.words: Any = None

    def index(self, count: i64) -> None:
        """A new index, with room for so many rows: one for all that there may be would be in memory whole, and in no cache."""
        size = 1 << (max(count * 2, LEAST) - 1).bit_length()
        self.slots = zeros(size * 4).cast("I")
        self.mask = size - 1

    def grow(self) -> None:
        """An index of twice the size."""
        t: i64
        self.index(2 * self.used)
        for t in range(self.used):
            self.slots[self.slot(self.S[t].key)] = cython.cast(cython.uint, t + 1)

    def slot(self, key: u64) -> i64:
        """Where the row of a key stands in ``slots``, or would."""
        i: i64 = cython.cast(i64, mix(key) & cython.cast(u64, self.mask))
        while self.slots[i] != 0 and self.S[cython.cast(i64, self.slots[i]) - 1].key != key:
            i = (i + 1) & self.mask
        return i

    def find(self, key: u64) -> i64:
        """The row of a key; -1: there is none."""
        return cython.cast(i64, self.slots[self.slot(key)]) - 1

    def add(self, key: u64) -> i64:
        """A row for a key that has none; -1: all are used."""
        t: i64 = self.used
        if t >= self.most:
            return -1
        if t * 2 > self.mask:
            self.grow()
        self.slots[self.slot(key)] = cython.cast(cython.uint, t + 1)
        self.used += 1
        self.S[t].key = key
        self.S[t].count = self.S[t].frame1 = self.S[t].frame2 = self.S[t].frame3 = 0
        return t

    def count(self, t: i64, count: u64, first: u64, last: u64) -> i64:
        if self.S[t].count == 0 or first < self.S[t].first:
            self.S[t].first = first
        if self.S[t].count == 0 or last > self.S[t].last:
            self.S[t].last = last
        self.S[t].count += count
        return 0

    def proof(self, t: i64, frame: u64, word: i64) -> i64:
        """Keep the three earliest packets, each once; of one that says it in several words the lesser. ``frame``: with its input."""
        w: cython.uint = cython.cast(cython.uint, word)
        if frame & M40 == 0 or (self.S[t].frame3 and frame > self.S[t].frame3):
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
        if word == other or self.words is None:  # what one process alone met has its words already
            return word
        return self.words.lesser(word, other)

    def clear(self) -> None:
        """Begin anew. A whole new index: taken out one by one, keys that stand behind one another are not found."""
        self.index(0)
        self.used = 0

    def join(self, part: Sums, rows: Sequence[int], places: Sequence[int], words: Sequence[int]) -> None:
        """Add another's sums: of its conversation ``t`` under ``rows[t]``, of its place and word ``p`` under ``places[p]``, ``words[p]``."""
        i: i64
        t: i64
        place: i64
        row: i64
        to: i64[::1] = array("q", rows)
        as_place: i64[::1] = array("q", places)
        as_word: i64[::1] = array("q", words)
        for i in range(part.used):
            place = cython.cast(i64, part.S[i].key & M32) - 1
            row = cython.cast(i64, part.S[i].key >> 32)
            row = 2 * to[row >> 1] + (row & 1)
            key: u64 = (cython.cast(u64, row) << 32) | cython.cast(u64, as_place[place] + 1)
            t = self.find(key)
            if t < 0:
                t = self.add(key)
            if t < 0:
                continue
            self.count(t, part.S[i].count, part.S[i].first, part.S[i].last)
            self.proof(t, part.S[i].frame1, as_word[part.S[i].word1])
            self.proof(t, part.S[i].frame2, as_word[part.S[i].word2])
            self.proof(t, part.S[i].frame3, as_word[part.S[i].word3])

    def copied(self) -> Sums:
        """The same, to be gathered."""
        whole: Sums = Sums(max(self.used, 1))
        size = self.used * ctypes.sizeof(SumRecord)
        memoryview(whole.rows).cast("B")[:size] = memoryview(self.rows).cast("B")[:size]
        whole.used = self.used
        whole.words = self.words
        return whole

    def gather(self, rows: array[int]) -> None:
        """Those of conversation ``t`` under ``rows[t]``, in place. Then nothing can be added any more."""
        to: i64[::1] = rows
        i: i64
        t: i64
        at: i64
        row: i64
        key: u64
        count: i64 = self.used
        self.index(count)
        self.used = 0
        for i in range(count):
            row = cython.cast(i64, self.S[i].key >> 32)
            key = (cython.cast(u64, 2 * to[row >> 1] + (row & 1)) << 32) | (self.S[i].key & M32)
            at = self.slot(key)
            if self.slots[at] == 0:
                t = self.used
                self.used += 1
                self.slots[at] = cython.cast(cython.uint, t + 1)
                self.S[t] = self.S[i]
                self.S[t].key = key
            else:
                t = cython.cast(i64, self.slots[at]) - 1
                self.count(t, self.S[i].count, self.S[i].first, self.S[i].last)
                self.proof(t, self.S[i].frame1, self.S[i].word1)
                self.proof(t, self.S[i].frame2, self.S[i].word2)
                self.proof(t, self.S[i].frame3, self.S[i].word3)

    def chain(self, count: int) -> array[int]:
        """Of each of so many conversations its first sum, + 1 (0: none); ``next`` of each names the next one."""
        heads: array[int] = array("I", bytes(4 * count))
        view: cython.uint[::1] = heads
        i: i64
        t: i64
        for i in range(self.used):
            t = cython.cast(i64, self.S[i].key >> 33)
            self.S[i].next = view[t]
            view[t] = cython.cast(cython.uint, i + 1)
        return heads

    def load(self, rows: Records) -> None:
        """Those of another process, to ``join`` them: nothing finds them by their keys."""
        memoryview(self.rows).cast("B")[:len(rows)] = rows
        self.used = len(rows) // ctypes.sizeof(SumRecord)

    def numbers(self) -> tuple[set[int], set[int]]:
        """Of places and words, those that are in use."""
        rows = self.rows[:self.used]
        return {(row.key & 0xFFFFFFFF) - 1 for row in rows}, {word for row in rows for word in (row.word1, row.word2, row.word3)}
