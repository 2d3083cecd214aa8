"""What a message says, as a number: a digest of its bytes, less the numbers in ``NUMBERS`` that nobody reads.

Two messages with the same digest say the same, whoever sends them and however far their terms and indices have counted. The
digest is secret (``Window.seed``): nobody can make two messages meet that say different things.
"""

from __future__ import annotations

from array import array

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .words import Window, key_word

if not cython.compiled:
    from .words import fold

RAFT_REQUEST = cython.declare(i64, 1)  # as model.Framing
INSTALL_SNAPSHOT = cython.declare(i64, 2)

M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
C1 = cython.declare(u64, 0x9E3779B97F4A7C15)
EVEN = cython.declare(u64, 0xFFFFFFFFFFFFFFFE)
NUMBER = cython.declare(u64, 0x6E756D62)  # stands for a number that nobody reads

#: keys whose numbers no decoder reads: they count up, or are times
NUMBERS = ("Seq", "Term", "PrevLogEntry", "PrevLogTerm", "LeaderCommitIndex", "Index", "LastLog", "LastLogIndex", "LastLogTerm",
           "MinQueryIndex", "MaxQueryTime", "MaxStaleDuration", "LastContact", "CreateIndex", "ModifyIndex")
#: how an RPC header may begin
HEADER_KEYS = ("Seq", "Error", "ServiceMethod")


class Digests:
    """``raft`` and ``call`` give a message's digest, and set ``end``; ``mixed`` that of any bytes."""

    def __init__(self, window: Window) -> None:
        self.win = window
        self.words = array("Q", [key_word(key) for key in NUMBERS])
        self.sizes = array("q", [len(key) for key in NUMBERS])
        self.numbers = len(NUMBERS)
        self.some = 0  # a bit for each of them: most strings are none
        for word in self.words:
            self.some |= cython.cast(u64, 1) << self.bit(word)
        self.header_words = array("Q", [key_word(key) for key in HEADER_KEYS])
        self.end = 0

    def raft(self, p: i64, stop: i64, framing: i64) -> u64:
        """The digest of the Raft message at ``p``, which ends at ``end``; 0: no whole one stands there."""
        h: u64 = (self.win.seed ^ cython.cast(u64, framing)) & M64
        c: i64 = self.win.b[p]
        if framing == RAFT_REQUEST:
            if c > 4 or c == INSTALL_SNAPSHOT:
                return 0
            h ^= cython.cast(u64, c) << 8
            self.end = p + 1
        else:
            if not (0xA0 <= c <= 0xBF):
                return 0
            self.end = p
            h = self.said(h, self.end, stop)
        if h == 0 or self.end >= stop or self.win.b[self.end] & 0xF0 != 0x80:
            return 0
        return self.said(h, self.end, stop)

    def call(self, p: i64, stop: i64) -> u64:
        """The digest of a call or answer, header and body, that fills [p, stop); 0: it does not."""
        c: i64
        h: u64
        if stop - p < 8 or (self.win.b[p] != 0x82 and self.win.b[p] != 0x83):
            return 0
        c = self.win.b[p + 1] - 0xA0
        if c != 3 and c != 5 and c != 13:
            return 0
        h = self.win.word(p + 2)
        if c == 13:
            if h != self.header_words[2]:
                return 0
        elif h & ((cython.cast(u64, 1) << (c * 8)) - 1) != self.header_words[0 if c == 3 else 1]:
            return 0
        h = self.said((self.win.seed ^ 3) & M64, p, stop)
        if h:
            h = self.said(h, self.end, stop)
        return h if self.end == stop else 0

    def said(self, h: u64, p: i64, stop: i64) -> u64:
        """``h`` and the one msgpack object at ``p``, less the numbers that nobody reads; 0: it does not end before ``stop``.
        Sets ``end``."""
        need: i64 = 1
        c: i64
        n: i64
        key: u64 = self.win.key
        masked: i64 = 0  # the next token is the value of one of NUMBERS
        while need > 0:
            if p >= stop or need > stop - p:
                return 0
            c = self.win.b[p]
            p += 1
            need -= 1
            n = -1  # bytes of a string
            if c < 0x80 or c >= 0xE0:
                h = fold(h ^ (NUMBER if masked else cython.cast(u64, c)), key)
                masked = 0
                continue
            if c < 0x90:
                need += 2 * (c & 15)
            elif c < 0xA0:
                need += c & 15
            elif c < 0xC0:
                n = c & 31
            elif c == 0xC4 or c == 0xD9:
                n = self.win.b[p]
                p += 1
            elif c == 0xC5 or c == 0xDA:
                n = self.win.be16(p)
                p += 2
            elif c == 0xC6 or c == 0xDB:
                n = self.win.be32(p)
                p += 4
            elif 0xCA <= c <= 0xD3:  # floats, which nobody reads, and integers
                n = 4 if c == 0xCA else 8 if c == 0xCB else 1 << ((c - 0xCC) & 3)
                h = fold(h ^ (NUMBER if masked or c <= 0xCB else cython.cast(u64, c)), key)
                if not masked and c > 0xCB:
                    if p + n > stop:
                        return 0
                    h = self.mixed(h, p, p + n)
                p += n
                masked = 0
                continue
            elif c == 0xDC or c == 0xDE:
                need += self.win.be16(p) << (c == 0xDE)
                p += 2
            elif c == 0xDD or c == 0xDF:
                need += self.win.be32(p) << (c == 0xDF)
                p += 4
            elif c != 0xC0 and c != 0xC2 and c != 0xC3:
                return 0  # extensions
            h = fold(h ^ cython.cast(u64, c), key)
            masked = 0
            if n >= 0:
                if n > stop - p:
                    return 0
                if 3 <= n <= 17 and c < 0xC0:
                    masked = self.number(p, n)
                h = self.mixed(h, p, p + n)
                p += n
        if p > stop:
            return 0
        self.end = p
        h = (h ^ (h >> 32)) & EVEN  # odd ones are chains (see Asleep)
        return h or 2

    def mixed(self, h: u64, p: i64, stop: i64) -> u64:
        """``h`` and the bytes [p, stop)."""
        key: u64 = self.win.key
        h = (h + cython.cast(u64, stop - p)) & M64
        while p + 8 <= stop:
            h = fold(h ^ self.win.word(p), key)
            p += 8
        if p < stop:
            h = fold(h ^ (self.win.word(p) & ((cython.cast(u64, 1) << ((stop - p) * 8)) - 1)), key)
        return h

    def number(self, p: i64, n: i64) -> i64:
        """Is the string of ``n`` bytes at ``p`` one of NUMBERS (by its first eight bytes and its size)?"""
        i: i64
        x: u64 = self.win.word(p)
        if n < 8:
            x &= (cython.cast(u64, 1) << (n * 8)) - 1
        if not (self.some >> self.bit(x)) & 1:
            return 0
        for i in range(self.numbers):
            if self.words[i] == x and self.sizes[i] == n:
                return 1
        return 0

    def bit(self, x: u64) -> u64:
        """One of 64 bits for a string's first eight bytes."""
        return fold(x, C1) & 63
