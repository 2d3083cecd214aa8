"""The flow table: two sockets -> a row, and what each side of it sent.

Open addressing over a small index (tag and row number), linear probing, deletion by shifting back; rows lie dense in
one array. All of it is bounded, and memory is touched only where a flow is.
"""

from __future__ import annotations

import ctypes

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .words import released, zeros

if not cython.compiled:
    from .words import fetch, fold, mix

M32 = cython.declare(u64, 0xFFFFFFFF)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
C2 = cython.declare(u64, 0xC2B2AE3D27D4EB4F)

# The same fields in the same order stand in table.pxd: a difference in size is an error when a Table is made. What every
# packet touches stands in the first 64 bytes of each (a cache line): that is half of the screen's time.
ROW = (("k0", 8), ("k1", 8), ("k2", 8), ("k3", 8), ("k4", 8), ("epoch", 8), ("number", 8), ("opener", -4), ("flip", 4))
#: What model.Way counts, and what the screen itself keeps of a side; negative: signed.
SIDE = (("packets", 8), ("bytes", 8), ("payloads", 8), ("last", 8), ("next", -8), ("pending", 8), ("flags", 4), ("held", 4),
        ("enough", 4), ("begun", 4),
        ("first", 8), ("first_frame", 8), ("lost", 8), ("isn", -8), ("plain", 8), ("sealed1", 8), ("other", 8),
        ("heard", 4), ("sleep", 4))
#: The same of gossip, and of sides that are followed: apart, for most of a network's flows have nothing of it.
EXTRA = (("sealed_frame", 8), ("plain1", 8), ("plain2", 8), ("plain3", 8), ("sealed0", 8), ("cut", 8), ("crc_good", 8), ("crc_bad", 8),
         ("replays", 8), ("replay_frame", 8), ("nonce_reuse", 8), ("nonce_frame", 8),
         ("framing", 4), ("handed", 4), ("head", 8), ("half", 4), ("size", 4), ("chain", 8))
#: Flows are shared out by a hash of their two sockets, whoever keeps them: what is forgotten when a table is full then
#: hangs on the share's own flows alone, and is the same for one process and for several that keep a part of them each.
SHARES = limits.SHARES
SHARED_ROWS = 4096  # a smaller table is not shared out
LOOKS = cython.declare(i64, 8)  # rows that are looked at for the oldest; each is a line of memory, and a flood has a look at every packet
KINDS = {8: ctypes.c_ulonglong, -8: ctypes.c_longlong, 4: ctypes.c_uint, -4: ctypes.c_int}


if not cython.compiled:  # what is in the .pxd is inlined in every module

    def share_of(addresses: u64, ports: u64) -> i64:
        """The share of a flow: of all its addresses' words, and its two ports, added up."""
        return mix((addresses & M64) ^ (ports << 40)) & (SHARES - 1)


class RowRecord(ctypes.Structure):
    """A flow: its key, when it was last touched, its number (0: the row is free); opener -1, 0, 1; flip 1: side 0 is the key's
    second socket."""

    _fields_ = [(name, KINDS[size]) for name, size in ROW]


class SideRecord(ctypes.Structure):
    """A side: model.Way's counters; next (position awaited, -1 none; its low half is the sequence number), isn (the first),
    pending (bytes lost since the last payload), begun (1: SYN seen and no byte handed on yet; 2: see Streams.wait), held (segments that wait),
    enough; heard (row of Units); sleep: see Asleep."""

    _fields_ = [(name, KINDS[size]) for name, size in SIDE]


class ExtraRecord(ctypes.Structure):
    """More of a side: more of model.Way's counters; framing (model.Framing, where it is followed), handed (payloads); half (1: a
    frame's header waits for its body of ``size`` bytes; its first eight bytes are ``head``); chain: see Asleep."""

    _fields_ = [(name, KINDS[size]) for name, size in EXTRA]


class ShareRecord(ctypes.Structure):
    """A share's rows: how many were ever used, are live and were given back; where the clock's hand stands, and the row, + 1, that it
    points at, with its ``epoch`` (0: not known)."""

    _fields_ = [(name, ctypes.c_longlong) for name in ("high", "live", "free", "hand", "due", "epoch")]


class Table:
    """Rows ``F[r]`` and their sides ``D[2 * r]`` (who sent the first packet) and ``D[2 * r + 1]``, with more of them in ``E``."""

    def __init__(self, rows: int, seed: int) -> None:
        """``rows``: a multiple of SHARES from SHARED_ROWS on. ``share``: whose rows full, insert and oldest mean."""
        self.rows = rows
        self.shares = SHARES if rows >= SHARED_ROWS else 1
        self.each = rows // self.shares
        self.share = 0
        self.rows_bytes = zeros(ctypes.sizeof(RowRecord) * rows)
        self.sides_bytes = zeros(ctypes.sizeof(SideRecord) * rows * 2)
        self.extra_bytes = zeros(ctypes.sizeof(ExtraRecord) * rows * 2)
        self.F = self.rows_array = (RowRecord * rows).from_buffer(self.rows_bytes)
        self.D = self.sides_array = (SideRecord * (rows * 2)).from_buffer(self.sides_bytes)
        self.E = self.extra_array = (ExtraRecord * (rows * 2)).from_buffer(self.extra_bytes)
        size = 1 << (rows * 2 - 1).bit_length()
        self.slots = zeros(size * 8).cast("Q")
        self.mask = size - 1
        self.seed = seed
        self.key = mix(seed ^ C2) | 1  # secret, like the seed: nobody can choose flows that meet in one place
        self.serial = 1
        self.flip = 0
        self.free = zeros(rows * 8).cast("q")  # rows given back, a stack for each share
        self.state = (ShareRecord * self.shares)()
        self.S = self.state

    def rest(self) -> None:
        """No packet comes any more: let go of the memory."""
        self.F = self.rows_array = (RowRecord * 1)()
        self.D = self.sides_array = (SideRecord * 1)()
        self.E = self.extra_array = (ExtraRecord * 1)()
        self.rows_bytes = self.sides_bytes = self.extra_bytes = memoryview(b"")
        self.slots = zeros(8).cast("Q")

    def reset(self) -> None:
        """Forget all flows; their numbers are not used again."""
        r: i64
        s: i64
        for s in range(self.shares):
            for r in range(s * self.each, s * self.each + self.S[s].high):
                if self.taken(r):
                    self.remove(r)
            self.S[s].free = self.S[s].high = self.S[s].hand = self.S[s].live = self.S[s].due = 0

    @property
    def live(self) -> int:
        """Flows in the table."""
        return sum(share.live for share in self.state)

    def rows_taken(self) -> list[int]:
        """The rows that hold a flow."""
        return [row for s in range(self.shares) for row in self.rows_of(s)]

    def rows_of(self, s: i64) -> list[int]:
        """Those of a share."""
        return [r for r in range(s * self.each, s * self.each + self.S[s].high) if self.taken(r)]

    def release(self, s: i64) -> None:
        """Let go of the memory of a share's rows, none of which holds a flow: zeros are a free row."""
        for memory in (self.rows_bytes, self.sides_bytes, self.extra_bytes):
            released(memory, s, self.shares)

    def hash(self, k0: u64, k1: u64, k2: u64, k3: u64, k4: u64) -> u64:
        h: u64 = fold(fold(k0 ^ self.seed, self.key) ^ k1, self.key)
        if k2 | k3 | k4:
            h = fold(fold(fold(h ^ k2, self.key) ^ k3, self.key) ^ k4, self.key)
        return h ^ (h >> 32)

    def find(self, k0: u64, k1: u64, k2: u64, k3: u64, k4: u64) -> i64:
        """The row of a key, or -1; ``flip`` is the row's. The index has it too: the side's memory need not wait for the row's."""
        h: u64 = self.hash(k0, k1, k2, k3, k4)
        i: i64 = cython.cast(i64, h >> 32) & self.mask
        s: u64
        r: i64
        while True:
            s = self.slots[i]
            if s == 0:
                return -1
            if (s >> 32) == (h >> 32):
                r = cython.cast(i64, (s & M32) >> 1) - 1
                if (self.F[r].k0 == k0 and self.F[r].k1 == k1 and self.F[r].k2 == k2 and self.F[r].k3 == k3
                        and self.F[r].k4 == k4):
                    self.flip = cython.cast(i64, s & 1)
                    return r
            i = (i + 1) & self.mask

    def fetch_slot(self, h: u64) -> i64:
        """Have the place of a hash in the index brought from memory."""
        fetch(cython.address(self.slots[cython.cast(i64, h >> 32) & self.mask]))
        return 0

    def fetch(self, h: u64, flip: i64, tcp: i64) -> i64:
        """Have the row and the sides of the first flow with that hash brought; ``flip``: of the packet, ``tcp``: it is one. Its side of TCP;
        -1: there is none."""
        s: u64 = self.slots[cython.cast(i64, h >> 32) & self.mask]
        r: i64 = cython.cast(i64, (s & M32) >> 1) - 1
        d: i64 = -1
        if r >= 0 and (s >> 32) == (h >> 32):
            d = 2 * r + (flip ^ cython.cast(i64, s & 1))
            fetch(cython.address(self.F[r]))
            fetch(cython.address(self.D[d].packets))
            if tcp:
                fetch(cython.address(self.D[d ^ 1].packets))
                fetch(cython.address(self.E[d].framing))
            else:
                fetch(cython.address(self.D[d].plain))
                d = -1
        return d

    def full(self) -> i64:
        return self.S[self.share].live >= self.each

    def insert(self, k0: u64, k1: u64, k2: u64, k3: u64, k4: u64, flip: i64 = 0) -> i64:
        """A row for a key that is not in the table. There must be room (``full``)."""
        h: u64 = self.hash(k0, k1, k2, k3, k4)
        r: i64
        i: i64
        s: i64 = self.share
        if self.S[s].free:
            self.S[s].free -= 1
            r = self.free[s * self.each + self.S[s].free]
        else:
            r = s * self.each + self.S[s].high
            self.S[s].high += 1
        self.S[s].live += 1
        self.F[r].k0 = k0
        self.F[r].k1 = k1
        self.F[r].k2 = k2
        self.F[r].k3 = k3
        self.F[r].k4 = k4
        self.F[r].opener = -1
        self.F[r].flip = self.flip = flip
        self.F[r].number = self.serial * self.rows + r
        self.serial += 1
        self.D[2 * r].next = self.D[2 * r + 1].next = -1
        i = cython.cast(i64, h >> 32) & self.mask
        while self.slots[i] != 0:
            i = (i + 1) & self.mask
        self.slots[i] = ((h >> 32) << 32) | (cython.cast(u64, r + 1) << 1) | cython.cast(u64, flip)
        return r

    def bare(self, r: i64) -> i64:
        """Did nobody answer the first side, nor say it anything? Then no more than its packets is known of it, and nothing of
        the other side: their memory need not be touched. A flood makes such flows by the million."""
        return self.D[2 * r].payloads == 0 and self.D[2 * r + 1].packets == 0

    def clear(self, d: i64) -> i64:
        self.D[d].packets = self.D[d].bytes = self.D[d].payloads = self.D[d].first = self.D[d].last = 0
        self.D[d].first_frame = self.D[d].flags = self.D[d].pending = self.D[d].begun = 0
        return 0

    def clear_all(self, d: i64) -> i64:
        self.clear(d)
        self.D[d].held = self.D[d].enough = self.D[d].lost = self.D[d].plain = self.D[d].sealed1 = self.D[d].other = 0
        self.D[d].heard = self.D[d].sleep = 0
        if self.E[d].framing | self.E[d].handed | self.E[d].half or self.E[d].chain:  # what is not written takes no memory
            self.E[d].framing = self.E[d].handed = self.E[d].half = 0
            self.E[d].chain = 0
        if (self.E[d].plain1 | self.E[d].sealed_frame | self.E[d].sealed0 | self.E[d].cut | self.E[d].crc_good | self.E[d].crc_bad
                | self.E[d].replays | self.E[d].nonce_reuse):
            self.E[d].sealed_frame = self.E[d].plain1 = self.E[d].plain2 = self.E[d].plain3 = self.E[d].sealed0 = self.E[d].cut = 0
            self.E[d].crc_good = self.E[d].crc_bad = 0
            self.E[d].replays = self.E[d].replay_frame = self.E[d].nonce_reuse = self.E[d].nonce_frame = 0
        return 0

    def oldest(self) -> i64:
        """The row to evict: the least recently touched of LOOKS after a clock's hand. The table must be full."""
        s: i64 = self.share
        hand: i64 = self.S[s].hand
        best: i64 = self.S[s].due - 1
        due: i64
        r: i64
        # the others can have been touched since, or begun anew; so it is the oldest still unless that happened to itself
        if best < 0 or cython.cast(i64, self.F[best].epoch) != self.S[s].epoch:
            best = self.idle(hand)
        hand += LOOKS
        if hand >= self.each:
            hand -= self.each
        due = self.idle(hand)
        self.S[s].hand = hand
        self.S[s].due = due + 1
        self.S[s].epoch = cython.cast(i64, self.F[due].epoch)
        if cython.compiled:  # what the next two times will touch
            for r in range(hand + LOOKS, hand + 2 * LOOKS):
                if r < self.each:
                    fetch(cython.address(self.F[s * self.each + r]))
            fetch(cython.address(self.D[2 * due].packets))
            fetch(cython.address(self.D[2 * due].first))
            fetch(cython.address(self.D[2 * due + 1].packets))
            self.fetch_slot(self.hash(self.F[due].k0, self.F[due].k1, self.F[due].k2, self.F[due].k3, self.F[due].k4))
        return best

    def idle(self, hand: i64) -> i64:
        """The least recently touched row of the LOOKS after ``hand``."""
        r: i64 = self.share * self.each + hand
        end: i64 = (self.share + 1) * self.each
        best: i64 = r
        least: u64 = self.F[r].epoch
        _: i64
        for _ in range(LOOKS - 1):
            r += 1
            if r == end:
                r -= self.each
            if self.F[r].epoch < least:
                least = self.F[r].epoch
                best = r
        return best

    def remove(self, r: i64) -> i64:
        """Take the row out of the index and give it back, its sides cleared."""
        i: i64 = cython.cast(i64, self.hash(self.F[r].k0, self.F[r].k1, self.F[r].k2, self.F[r].k3, self.F[r].k4) >> 32) & self.mask
        j: i64
        home: i64
        if self.bare(r):
            self.clear(2 * r)
        else:
            self.clear_all(2 * r)
            self.clear_all(2 * r + 1)
        while cython.cast(i64, (self.slots[i] & M32) >> 1) != r + 1:
            i = (i + 1) & self.mask
        j = i
        while True:  # shift back what was pushed on: no tombstones
            j = (j + 1) & self.mask
            if self.slots[j] == 0:
                break
            home = cython.cast(i64, self.slots[j] >> 32) & self.mask  # the tag begins with it
            if ((j - home) & self.mask) >= ((j - i) & self.mask):
                self.slots[i] = self.slots[j]
                i = j
        self.slots[i] = 0
        self.F[r].number = 0
        home = r // self.each
        self.S[home].live -= 1
        self.free[home * self.each + self.S[home].free] = r
        self.S[home].free += 1
        return 0

    def taken(self, r: i64) -> i64:
        return self.F[r].number != 0

    def row(self, number: u64) -> i64:
        """The live flow's row, or -1."""
        r: i64 = cython.cast(i64, number % cython.cast(u64, self.rows))
        return r if number != 0 and self.F[r].number == number else -1
