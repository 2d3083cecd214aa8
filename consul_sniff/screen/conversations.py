"""Conversations of flows that are over and of which nobody was handed anything: counters, added up where they are counted.

A scan or a flood makes a flow of every packet: those become no Python objects until the end, and then one for each
conversation. ``place`` also bounds how many conversations are kept apart, whoever adds them up: each share of the flows has
its part of ``limits.CONVERSATIONS`` (``limits.STRANGERS`` of them for flows in which nothing tells of Consul), and of
``limits.ATTEMPTS`` for those in which nobody was answered or nothing said; what is more goes under the source ``others``.
"""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

from .. import limits
from ..rows import MoreRecord, TalkRecord

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .table import SHARES, Table
from .words import zeros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..rows import Records

M16 = cython.declare(u64, 0xFFFF)
M32 = cython.declare(u64, 0xFFFFFFFF)
FAMILY_PROTOCOL = cython.declare(u64, 0xFFF00000000)
SHARES_BITS = cython.declare(u64, 0xF << 44)
FAMILY = cython.declare(u64, 0xF0000000000)
SHARE = cython.declare(i64, 44)  # a key's share stands there: each has keys of its own, whoever keeps the others
PROTOCOL = cython.declare(u64, 0xFF00000000)
V4 = cython.declare(u64, 4 << 40)
OTHERS = cython.declare(u64, 1 << 48)  # of a key's second word: its source is any; two of them: its destination, too
FRAME = cython.declare(i64, 40)  # bits of a packet's number; above them stands its input's
EACH = cython.declare(i64, SHARES)
STRANGE = cython.declare(i64, 4)  # the bound of strangers, who stand in section 0
LEAST = cython.declare(i64, 64)  # rows: the index has a bit for each slot


class Conversations:
    """``add`` a row of the flow table where it is ``quiet``. Flows that found no place of their own: ``folded``; of strangers
    ``foreign``; of those that are attempts ``floods``."""

    def __init__(self, table: Table, hints: Iterable[int], rows: int = limits.CONVERSATIONS + 2 * limits.ATTEMPTS + SHARES * SHARES) -> None:
        size: i64 = max(rows, LEAST)
        self.tab = table
        self.most = array("q", [limit // table.shares for limit in (limits.CONVERSATIONS, limits.ATTEMPTS, limits.ATTEMPTS)]
                          + [EACH, min(limits.STRANGERS, limits.CONVERSATIONS) // table.shares])
        self.rows = (TalkRecord * size).from_buffer(zeros(ctypes.sizeof(TalkRecord) * size))
        self.more = (MoreRecord * size).from_buffer(zeros(ctypes.sizeof(MoreRecord) * size))
        self.T = self.rows
        self.M = self.more
        self.shared = zeros(size // 8 + 1)  # a bit for each row of which the facts have something that was said, too
        self.last = 0  # the row of the flow that was given last
        self.widest = size * 3 // 2
        self.index(LEAST)
        self.likely = bytearray(65_536)
        for port in hints:
            self.likely[port] = 1
        self.kept = array("q", [0] * (4 * EACH))  # by share: kept apart, attempts, under others, all others
        self.tunnels: dict[int, str] = {}  # of the rows whose flows all came through one
        self.used = self.folded = self.foreign = self.floods = self.guess = self.side = self.strange = 0
        self.o0 = self.o1 = self.o2 = self.o3 = self.o4 = 0
        self.spot = 0

    def index(self, count: i64) -> None:
        """A new index, with room for so many rows and eight times as many: in a flood nearly every key is new, and to learn that must
        cost one look. One for all that there may be would be in memory whole, and in no cache."""
        self.mask = (1 << (min(count * 8, self.widest) - 1).bit_length()) - 1
        self.slots = zeros((self.mask + 1) * 4).cast("I")  # rows, + 1
        # a bit for each that is taken: in a flood nearly every key is new, and these lie in the cache as the slots do not
        self.taken = zeros((self.mask + 1) // 8)

    def quiet(self, r: i64) -> i64:
        """Was nothing of a flow handed on? What looks like gossip is, and so is what anybody reads."""
        return not (self.tab.E[2 * r].handed or self.tab.E[2 * r + 1].handed) and self.simple(r)

    def simple(self, r: i64) -> i64:
        """Has a flow none of the counters that only gossip has?"""
        return self.counted(2 * r) and self.counted(2 * r + 1)

    def counted(self, d: i64) -> i64:
        return not (self.tab.D[d].plain or self.tab.D[d].sealed1 or self.tab.E[d].sealed0
                    or self.tab.E[d].cut or self.tab.E[d].replays or self.tab.E[d].nonce_reuse)

    def attempt(self, r: i64) -> i64:
        """Did one side alone speak, or nobody say anything?"""
        return (self.tab.D[2 * r].packets == 0 or self.tab.D[2 * r + 1].packets == 0
                or (self.tab.D[2 * r].payloads == 0 and self.tab.D[2 * r + 1].payloads == 0))

    def foreign_to(self, r: i64, second: i64) -> i64:
        """Does nothing but what was said tell that a flow may be Consul's? As ``decoders.fold.stranger``; ``second``: socket originated."""
        first: i64 = self.likely[cython.cast(i64, (self.tab.F[r].k1 >> 16) & M16)]
        other: i64 = self.likely[cython.cast(i64, self.tab.F[r].k1 & M16)]
        if (first if second else other) or (self.guess and (first or other)):
            return 0
        return not (self.tab.D[2 * r].plain or self.tab.D[2 * r + 1].plain)

    def source(self, r: i64) -> i64:
        """The side that originated, as ``decoders.fold.orient`` settles it. Sets ``guess``: that was not seen."""
        a: i64
        b: i64
        self.guess = 0
        if self.tab.F[r].opener >= 0:
            return self.tab.F[r].opener
        if self.tab.F[r].flip:
            a = cython.cast(i64, self.tab.F[r].k1 & M16)
            b = cython.cast(i64, (self.tab.F[r].k1 >> 16) & M16)
        else:
            a = cython.cast(i64, (self.tab.F[r].k1 >> 16) & M16)
            b = cython.cast(i64, self.tab.F[r].k1 & M16)
        self.guess = 1
        if self.likely[a] != self.likely[b]:
            return 1 if self.likely[a] else 0
        self.guess = 1 if a != b else 0
        return 1 if a < b else 0

    def name(self, k0: u64, k1: u64, k2: u64, k3: u64, k4: u64, second: i64, share: i64) -> i64:
        """Make the key at hand that of a flow's conversation; ``second``: the flow's second socket originated."""
        self.o0 = k0
        self.o1 = (k1 & FAMILY_PROTOCOL) | (((k1 >> 16) & M16) if second else (k1 & M16)) | (cython.cast(u64, share) << SHARE)
        self.o2 = k2
        self.o3 = k3
        self.o4 = k4
        if second and (k1 & FAMILY) == V4:
            self.o0 = (k0 >> 32) | ((k0 & M32) << 32)
        elif second:
            self.o0 = k3
            self.o2 = k4
            self.o3 = k0
            self.o4 = k2
        return 0

    def seek(self) -> i64:
        """The row of the key at hand, or -1; sets ``spot``, its place in the index."""
        h: u64 = self.tab.hash(self.o0, self.o1, self.o2, self.o3, self.o4)
        i: i64 = cython.cast(i64, h & cython.cast(u64, self.mask))
        t: i64
        while (self.taken[i >> 3] >> (i & 7)) & 1:
            t = cython.cast(i64, self.slots[i]) - 1
            if (self.T[t].k0 == self.o0 and self.T[t].k1 == self.o1 and self.M[t].k2 == self.o2
                    and self.M[t].k3 == self.o3 and self.M[t].k4 == self.o4):
                return t
            i = (i + 1) & self.mask
        self.spot = i
        return -1

    def use(self) -> i64:
        """The next row, for what ``seek`` did not find."""
        t: i64 = self.used
        if t * 8 > self.mask and self.mask < self.widest:
            self.grow()
        self.used += 1
        self.enter(t)
        return t

    def enter(self, t: i64) -> i64:
        """Put a row where ``seek`` did not find it."""
        self.slots[self.spot] = cython.cast(cython.uint, t + 1)
        self.taken[self.spot >> 3] |= 1 << (self.spot & 7)
        return 0

    def grow(self) -> None:
        """An index of twice the size; the key at hand has its ``spot`` there."""
        t: i64
        self.index(2 * self.used)
        for t in range(self.used):
            self.spot = self.vacant(self.tab.hash(self.T[t].k0, self.T[t].k1, self.M[t].k2, self.M[t].k3, self.M[t].k4))
            self.enter(t)
        self.spot = self.vacant(self.tab.hash(self.o0, self.o1, self.o2, self.o3, self.o4))

    def vacant(self, h: u64) -> i64:
        """The first free place for a hash."""
        i: i64 = cython.cast(i64, h & cython.cast(u64, self.mask))
        while (self.taken[i >> 3] >> (i & 7)) & 1:
            i = (i + 1) & self.mask
        return i

    def find(self, bound: i64, share: i64) -> i64:
        """The row of the key at hand; a new one where the share has room within that bound, which is of a section of ``kept``, else -1."""
        section: i64 = bound & 3
        t: i64 = self.seek()
        if t >= 0:
            return t
        if self.kept[section * EACH + share] >= self.most[bound]:
            return -1
        self.kept[section * EACH + share] += 1
        t = self.use()
        self.T[t].k0 = self.o0
        self.T[t].k1 = self.o1
        self.T[t].port = -1
        if self.o2 | self.o3 | self.o4:
            self.M[t].k2 = self.o2
            self.M[t].k3 = self.o3
            self.M[t].k4 = self.o4
        return t

    def place(self, share: i64, attempt: i64, strange: i64) -> i64:
        """The row of the key at hand: its own, or where its share has enough, one of ``others``."""
        t: i64 = self.find(1 if attempt else STRANGE if strange else 0, share)
        if t >= 0:
            return t
        if attempt:
            self.floods += 1
        elif strange:
            self.foreign += 1
        else:
            self.folded += 1
        self.o1 += OTHERS
        self.o2 = 0
        self.o0 = self.o0 & M32 if (self.o1 & FAMILY) == V4 else 0
        t = self.find(2, share)
        if t >= 0:
            return t
        self.o1 = 2 * OTHERS + V4 + (self.o1 & (PROTOCOL | SHARES_BITS))
        self.o0 = self.o3 = self.o4 = 0
        return self.find(3, share)

    def room(self, key: tuple[int, ...], share: int, source: int, attempt: bool, strange: bool) -> int:  # noqa: FBT001
        """For a flow that others add up: 0 its conversation is kept apart, 1 under others, 2 its destination is, too."""
        k0, k1, k2, k3, k4, flip = key
        share = max(share, 0)
        self.name(k0, k1, k2, k3, k4, source ^ flip, share)
        return self.given(self.place(share, 1 if attempt else 0, 1 if strange else 0))

    def given(self, t: i64) -> int:
        """What was said in a flow of this row is added up in the facts. As ``room``."""
        self.last = t
        self.shared[t >> 3] |= 1 << (t & 7)
        return int(self.T[t].k1 // OTHERS)

    def add(self, r: i64, input_: u64, tunnel: str) -> None:
        """Add up a quiet flow that is over: the flow table's row ``r``, of the input of that number."""
        self.sum(r, input_, tunnel, self.source(r), self.attempt(r), 1)

    def told(self, r: int, input_: int, tunnel: str, source: int, certain: bool, strange: bool) -> int:  # noqa: FBT001 - a hot path
        """The same for a flow that somebody read, and so knows who originated it. As ``room``."""
        self.guess = 0 if certain else 1
        return self.given(self.sum(r, input_, tunnel, source, 0, 1 if strange else 0))

    def spoke(self, r: i64, input_: u64, tunnel: str, side: i64, strange: i64) -> i64:
        """The same for a flow in which something was said that is known; the row. ``side`` as the content shows, -1: it does not.
        Sets ``side`` and ``strange``, as ``sum``."""
        self.guess = 0
        if self.tab.F[r].opener >= 0:
            side = self.tab.F[r].opener
        elif side < 0:
            side = self.source(r)
        self.side = side
        return self.sum(r, input_, tunnel, side, 0, strange)

    def sum(self, r: i64, input_: u64, tunnel: str, side: i64, attempt: i64, strange: i64) -> i64:
        """Add up a flow that ``side`` originated; the row of its conversation. ``strange``: nothing that was said tells of Consul; sets
        ``strange``, whether nothing else does, either."""
        second: i64 = side ^ cython.cast(i64, self.tab.F[r].flip)
        place: u64 = input_ << FRAME
        share: i64 = r // self.tab.each
        t: i64
        port: i64
        self.name(self.tab.F[r].k0, self.tab.F[r].k1, self.tab.F[r].k2, self.tab.F[r].k3, self.tab.F[r].k4, second, share)
        self.strange = strange and self.foreign_to(r, second)
        t = self.place(share, attempt, self.strange)
        port = cython.cast(i64, self.tab.F[r].k1 & M16 if second else (self.tab.F[r].k1 >> 16) & M16)
        if tunnel or self.tunnels:
            self.wrapped(t, tunnel)
        if self.T[t].first_port == 0 or (earlier(self.tab.D[2 * r].first_frame,
                                                 self.tab.D[2 * r + 1].first_frame if self.tab.D[2 * r + 1].packets else 0) | place
                                         < earlier(self.T[t].frame, self.M[t].frame)):
            self.T[t].first_port = cython.cast(cython.uint, port)
        if self.T[t].port == -1:
            self.T[t].port = cython.cast(cython.int, port)
        elif self.T[t].port != port:
            self.T[t].port = 0
        if self.tab.D[2 * r].packets:
            self.times(t, 2 * r, self.T[t].flows == 0)
        if self.tab.D[2 * r + 1].packets:
            self.times(t, 2 * r + 1, self.T[t].flows == 0 and self.tab.D[2 * r].packets == 0)
        self.T[t].flows += 1
        self.T[t].opened += 1 if self.tab.F[r].opener >= 0 else 0
        self.T[t].guessed |= cython.cast(cython.uint, self.guess)
        self.T[t].flags |= self.tab.D[2 * r + side].flags | (self.tab.D[2 * r + (side ^ 1)].flags << 8)
        self.sums(t, 2 * r + side)
        if self.tab.D[2 * r + side].packets:
            self.proof(t, 0, place, self.tab.D[2 * r + side].first_frame)
        side ^= 1
        if self.tab.D[2 * r + side].packets:
            self.answers(t, 2 * r + side)
            self.proof(t, 1, place, self.tab.D[2 * r + side].first_frame)
        return t

    def unbound(self) -> None:
        """Take as many as there are rows: they were within bounds where they were added up."""
        self.most[0] = len(self.rows)

    def copied(self) -> Conversations:
        """The same, to be gathered."""
        whole: Conversations = Conversations(self.tab, (), self.used)
        for mine, other in ((whole.rows, self.rows), (whole.more, self.more)):
            size = self.used * ctypes.sizeof(mine[0])
            memoryview(mine).cast("B")[:size] = memoryview(other).cast("B")[:size]
        whole.tunnels = dict(self.tunnels)
        whole.used = self.used
        return whole

    def gather(self) -> array[int]:
        """Put the shares' parts of each conversation together, in place; where each row went. Then nothing can be added any more."""
        numbers = array("q", bytes(8 * self.used))
        count: i64 = self.used
        tunnels, self.tunnels = self.tunnels, {}
        t: i64
        into: i64
        self.index(max(count, LEAST))
        self.used = 0
        for t in range(count):
            if self.T[t].flows:
                self.key(self, t)
                into = self.seek()
                if into >= 0:
                    self.merge(self, t, into, tunnels.get(t, "") if tunnels else "")
                else:
                    into = self.use()
                    self.T[into] = self.T[t]
                    self.M[into] = self.M[t]
                    self.T[into].k1 = self.o1
                    if t in tunnels:
                        self.tunnels[into] = tunnels[t]
                numbers[t] = into
        return numbers

    def load(self, talks: Records, more: Records, tunnels: dict[int, str]) -> array[int]:
        """Add what another process added up; the row here of each row there."""
        count = len(talks) // ctypes.sizeof(TalkRecord)
        part: Conversations = Conversations(self.tab, (), count)
        memoryview(part.rows).cast("B")[:len(talks)] = talks
        memoryview(part.more).cast("B")[:len(more)] = more
        part.tunnels = tunnels
        part.used = count
        return self.take(part)

    def take(self, part: Conversations) -> array[int]:
        """Add all rows of another, and say where each went."""
        numbers = array("q", bytes(8 * part.used))
        t: i64
        for t in range(part.used):
            if part.T[t].flows:
                numbers[t] = self.join(part, t)
        return numbers

    def key(self, part: Conversations, t: i64) -> i64:
        """Make the key at hand that of another's row, without its share."""
        self.o0 = part.T[t].k0
        self.o1 = part.T[t].k1 & ~SHARES_BITS
        self.o2 = part.M[t].k2
        self.o3 = part.M[t].k3
        self.o4 = part.M[t].k4
        return 0

    def join(self, part: Conversations, t: i64) -> i64:
        """Add another's row; the row here."""
        into: i64
        self.key(part, t)
        into = self.find(0, 0)
        self.merge(part, t, into, part.tunnels.get(t, "") if part.tunnels else "")
        return into

    def merge(self, part: Conversations, t: i64, into: i64, tunnel: str) -> None:
        """Add another's row to one here."""
        if tunnel or self.tunnels:
            self.wrapped(into, tunnel)
        if self.T[into].first_port == 0 or (earlier(part.T[t].frame, part.M[t].frame)
                                            < earlier(self.T[into].frame, self.M[into].frame)):
            self.T[into].first_port = part.T[t].first_port
        if self.T[into].port == -1:
            self.T[into].port = part.T[t].port
        elif self.T[into].port != part.T[t].port:
            self.T[into].port = 0
        if self.T[into].flows == 0 or part.T[t].first < self.T[into].first:
            self.T[into].first = part.T[t].first
        if part.T[t].last > self.T[into].last:
            self.T[into].last = part.T[t].last
        self.T[into].flows += part.T[t].flows
        self.T[into].opened += part.T[t].opened
        self.T[into].guessed |= part.T[t].guessed
        self.T[into].flags |= part.T[t].flags
        self.T[into].packets += part.T[t].packets
        self.T[into].bytes += part.T[t].bytes
        self.T[into].payloads += part.T[t].payloads
        self.T[into].rest += part.T[t].rest
        self.proof(into, 0, 0, part.T[t].frame)
        self.proof(into, 0, 0, part.M[t].source2)
        self.proof(into, 0, 0, part.M[t].source3)
        if part.M[t].packets:
            self.M[into].packets += part.M[t].packets
            self.M[into].bytes += part.M[t].bytes
            self.M[into].payloads += part.M[t].payloads
            self.M[into].rest += part.M[t].rest
            self.proof(into, 1, 0, part.M[t].frame)
            self.proof(into, 1, 0, part.M[t].frame2)
            self.proof(into, 1, 0, part.M[t].frame3)

    def wrapped(self, t: i64, tunnel: str) -> None:
        """The least tunnel of all; "" where a flow was in none."""
        least = tunnel if self.T[t].flows == 0 else min(self.tunnels.get(t, ""), tunnel)
        if least:
            self.tunnels[t] = least
        else:
            self.tunnels.pop(t, None)

    def times(self, t: i64, d: i64, fresh: i64) -> i64:
        """First and last, of a side that sent; ``fresh``: nothing is known yet."""
        if fresh or self.tab.D[d].first < self.T[t].first:
            self.T[t].first = self.tab.D[d].first
        if self.tab.D[d].last > self.T[t].last:
            self.T[t].last = self.tab.D[d].last
        return 0

    def sums(self, t: i64, d: i64) -> i64:
        """The source's counters."""
        self.T[t].packets += self.tab.D[d].packets
        self.T[t].bytes += self.tab.D[d].bytes
        self.T[t].payloads += self.tab.D[d].payloads
        self.T[t].rest += self.tab.D[d].lost + self.tab.D[d].other
        return 0

    def answers(self, t: i64, d: i64) -> i64:
        """The responder's."""
        self.M[t].packets += self.tab.D[d].packets
        self.M[t].bytes += self.tab.D[d].bytes
        self.M[t].payloads += self.tab.D[d].payloads
        self.M[t].rest += self.tab.D[d].lost + self.tab.D[d].other
        return 0

    def proof(self, t: i64, second: i64, place: u64, frame: u64) -> i64:
        """Of each side's packets the three earliest are kept."""
        more: u64
        if frame == 0:
            return 0
        place |= frame
        more = self.M[t].frame if second else self.T[t].frame
        if more == 0 or place < more:
            if second:
                self.M[t].frame = place
            else:
                self.T[t].frame = place
            place = more
        elif place == more:
            return 0
        more = self.M[t].frame2 if second else self.M[t].source2
        if place == 0 or place == more:
            return 0
        if more == 0 or place < more:
            if second:
                self.M[t].frame2 = place
            else:
                self.M[t].source2 = place
            place = more
        more = self.M[t].frame3 if second else self.M[t].source3
        if place and (more == 0 or place < more):
            if second:
                self.M[t].frame3 = place
            else:
                self.M[t].source3 = place
        return 0


def earlier(a: u64, b: u64) -> u64:
    """The lesser; 0 is none."""
    if a == 0 or b == 0:
        return a | b
    return a if a < b else b
