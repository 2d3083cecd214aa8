"""DNS messages as ``decoders.dns.parse`` reads them, without a copy: whether it is one, and where its question stands."""

from __future__ import annotations

try:
    import cython
    from cython import Py_ssize_t as i64
except ImportError:
    from . import _cython as cython
    from ._cython import i64

from .words import Window

HEADER = cython.declare(i64, 12)
RECORDS = cython.declare(i64, 1_024)
POINTERS = cython.declare(i64, 128)
LENGTH = cython.declare(i64, 255)  # of a name


class Names:
    """``message``: 1 where a query or answer with one question fills [p, stop), 0 where it is left to the decoder.

    Then [question, question_stop) is its name as labels, ``type`` what is asked for, ``flags`` and ``answers`` its header's.
    """

    def __init__(self, window: Window) -> None:
        self.win = window
        self.question = self.question_stop = self.type = self.flags = self.answers = 0
        self.base = 0

    def message(self, p: i64, stop: i64) -> i64:
        records: i64
        kind: i64
        q: i64
        _: i64
        if stop - p < HEADER + 5:
            return 0
        self.flags = self.win.be16(p + 2)
        self.answers = self.win.be16(p + 6)
        records = self.answers + self.win.be16(p + 8) + self.win.be16(p + 10)
        if self.flags & 0x7800 or self.flags & 15 > 10 or self.win.be16(p + 4) != 1 or records > RECORDS:
            return 0
        if not self.flags & 0x8000 and self.flags & 0x0480:
            return 0
        self.base = p
        self.question = q = p + HEADER
        while q < stop and 0 < self.win.b[q] < 64:  # no pointer in the question: nothing stands before it
            q += 1 + self.win.b[q]
        if stop - q < 5 or self.win.b[q] or q - self.question > LENGTH:
            return 0
        self.question_stop = q
        self.type = self.win.be16(q + 1)
        kind = self.win.be16(q + 3) & 0x7FFF
        if kind != 1 and kind != 3 and kind != 4 and kind != 254 and kind != 255:
            return 0
        q += 5
        for _ in range(records):
            q = self.name(q, stop)
            if q == 0 or stop - q < 10:
                return 0
            q += 10 + self.win.be16(q + 8)
            if q > stop:
                return 0
        return q == stop

    def name(self, p: i64, stop: i64) -> i64:
        """Where the name at ``p`` ends; 0 where there is none. A pointer leads strictly backwards."""
        limit: i64 = p
        after: i64 = 0
        length: i64 = 0
        n: i64
        _: i64
        for _ in range(POINTERS):
            while True:
                if p >= stop:
                    return 0
                n = self.win.b[p]
                p += 1
                if n == 0:
                    return after or p
                if n & 0xC0:
                    break
                if n > stop - p:
                    return 0
                p += n
                length += n + 1
                if length > LENGTH:
                    return 0
            if n & 0xC0 != 0xC0 or p >= stop:
                return 0
            n = self.base + ((n & 0x3F) << 8 | self.win.b[p])
            if not after:
                after = p + 1
            if n < self.base + HEADER or n >= limit:
                return 0
            limit = n
            p = n
        return 0
