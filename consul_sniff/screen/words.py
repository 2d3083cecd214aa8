"""The bytes under the screen's eyes: words, digests, CRC, and a bounded set of digests met before.

Compiled together with its ``.pxd``, which holds the types; see ``screen/__init__``.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from array import array
from typing import Any

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

# An integer literal above 2**31-1 turns a whole expression into Python objects when compiled: name them.
M32 = cython.declare(u64, 0xFFFFFFFF)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
C1 = cython.declare(u64, 0x9E3779B97F4A7C15)
C2 = cython.declare(u64, 0xC2B2AE3D27D4EB4F)


def zeros(size: int) -> memoryview:
    """Zeroed memory that costs nothing until it is touched (``bytearray`` writes its zeros)."""
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
    return memoryview(mmap.mmap(-1, size, **private))


def released(memory: memoryview, part: int, parts: int) -> None:
    """Give back the whole pages of a part, of so many, of what ``zeros`` gave; what was in them is lost."""
    size = len(memory) // parts
    start = -(-part * size // mmap.PAGESIZE) * mmap.PAGESIZE
    size = (part + 1) * size // mmap.PAGESIZE * mmap.PAGESIZE - start
    if size > 0 and hasattr(mmap, "MADV_DONTNEED"):
        memory.obj.madvise(mmap.MADV_DONTNEED, start, size)  # type: ignore[attr-defined]


def key_word(key: str) -> int:
    """The first eight bytes of a key as ``Window.word`` reads them."""
    return int.from_bytes(key.encode()[:8].ljust(8, b"\0"), "little")


def crc_tables() -> array[int]:
    """Eight tables of 256: CRC-32 (IEEE) eight bytes at a time."""
    first = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ 0xEDB88320 if c & 1 else c >> 1
        first.append(c)
    out = row = first
    for _ in range(7):
        row = [first[c & 255] ^ (c >> 8) for c in row]
        out = out + row
    return array("I", out)


if not cython.compiled:  # what is in the .pxd is inlined in every module
    WORD, BIG, LONG, SHORT = (struct.Struct(form).unpack_from for form in ("<Q", ">Q", ">I", ">H"))

    def load(q: Any) -> u64:
        """Eight bytes from a pointer on, the low one first."""
        return WORD(q)[0]

    def big16(q: Any) -> u64:
        """Two bytes from a pointer on, the high one first."""
        return SHORT(q)[0]

    def big32(q: Any) -> u64:
        return LONG(q)[0]

    def fetch(p: Any) -> None:
        """Have what a pointer points at brought from memory, and do not wait for it."""

    def fold(a: u64, b: u64) -> u64:
        """Both halves of the product. With a secret ``b`` nobody can tell how a change of ``a`` changes it: in the low half alone
        a change of the top bit stays one, whatever ``b`` is."""
        x = a * b
        return (x ^ (x >> 64)) & M64

    def mix(x: u64) -> u64:
        """Every bit of ``x`` on every bit of the answer (a murmur finisher)."""
        x ^= x >> 32
        x = (x * C1) & M64
        x ^= x >> 29
        x = (x * C2) & M64
        return x ^ (x >> 32)


class Window:
    """A buffer to look into. At least 16 readable bytes must follow the last byte that is asked for."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.key = mix(seed ^ C2) | 1
        self.tables = crc_tables()
        self.empty = bytearray(64)
        self.look(self.empty)

    def look(self, buffer: bytearray | memoryview) -> None:
        """Look into ``buffer`` (writable); its size is pinned until ``rest``."""
        self.buffer = buffer
        self.b = buffer

    def rest(self) -> None:
        """Let go of the buffer."""
        self.look(self.empty)

    def take(self, p: i64, stop: i64) -> bytes:
        """A copy of [p, stop)."""
        if p >= stop:
            return b""
        if cython.compiled:
            self.b[stop - 1] = self.b[stop - 1]  # the bounds check of the pointer below
            return cython.cast(cython.p_char, cython.address(self.b[p]))[:stop - p]  # type: ignore[no-any-return]
        return bytes(self.buffer[p:stop])

    if not cython.compiled:  # as above

        def span(self, p: i64, stop: i64) -> Any:
            """A pointer to [p, stop), of one byte or more."""
            return self.b[p:stop]

        def lay(self, p: i64, data: bytes) -> i64:
            """Write bytes at ``p``: where they end."""
            self.b[p:p + len(data)] = data
            return p + len(data)

        def word(self, p: i64) -> u64:
            """Eight bytes at ``p``, the low one first."""
            return WORD(self.b, p)[0]

        def be16(self, p: i64) -> i64:
            return SHORT(self.b, p)[0]

        def be32(self, p: i64) -> i64:
            return LONG(self.b, p)[0]

        def be64(self, p: i64) -> u64:
            return BIG(self.b, p)[0]

    def digest(self, p: i64, stop: i64, salt: u64) -> u64:
        """64 seeded bits of [p, stop): equal bytes and salt, equal digest."""
        h: u64 = salt ^ self.seed
        key: u64 = self.key
        h1: u64
        h2: u64
        h3: u64
        x: u64
        q: cython.p_uchar
        last: cython.p_uchar
        n: i64 = stop - p
        if not cython.compiled:  # a fiftieth of the time
            return hash((h, bytes(self.span(p, stop)))) & M64
        h += cython.cast(u64, n) * C2
        if n <= 0:
            return mix(h)
        q = self.span(p, stop)
        if n >= 32:  # four lanes: a multiplication need not wait for the one before
            h1 = h ^ C1
            h2 = h ^ C2
            h3 = ~h
            last = q + (n - 32)
            while True:
                h = fold(h ^ load(q), key)
                h1 = fold(h1 ^ load(q + 8), key)
                h2 = fold(h2 ^ load(q + 16), key)
                h3 = fold(h3 ^ load(q + 24), key)
                if q == last:
                    break
                q += 32
                if q > last:
                    q = last  # which may overlap those before: no words are left over
            return mix(h ^ (h1 << 1)) ^ mix(h2 ^ (h3 << 1))
        while n > 8:
            h = fold(h ^ load(q), key)
            q += 8
            n -= 8
        x = self.word(stop - n)  # what lies behind the end does not count
        return mix(fold(h ^ (x & (M64 >> (64 - n * 8))), key))

    def sample(self, p: i64, stop: i64, salt: u64) -> u64:
        """The same of its length and 128 of its bytes, evenly spread: the first, the last and two parts between; of all, where
        there are no more."""
        h: u64 = salt ^ self.seed
        key: u64 = self.key
        h1: u64
        h2: u64
        h3: u64
        q: cython.p_uchar
        n: i64 = stop - p
        step: i64 = (n - 32) // 3
        i: i64
        if n <= 128:
            return self.digest(p, stop, salt)
        if not cython.compiled:
            b = bytes(self.span(p, stop))
            return hash((h, n, b[:32], b[step:step + 32], b[2 * step:2 * step + 32], b[-32:])) & M64
        h += cython.cast(u64, n) * C2
        h1 = h ^ C1
        h2 = h ^ C2
        h3 = ~h
        q = self.span(p, stop)
        for i in range(4):
            h = fold(h ^ load(q), key)
            h1 = fold(h1 ^ load(q + 8), key)
            h2 = fold(h2 ^ load(q + 16), key)
            h3 = fold(h3 ^ load(q + 24), key)
            q += step if i < 2 else n - 32 - 2 * step if i == 2 else 0
        return mix(h ^ (h1 << 1)) ^ mix(h2 ^ (h3 << 1))

    def crc(self, p: i64, stop: i64) -> u64:
        """CRC-32 (IEEE) of [p, stop)."""
        c: u64 = M32
        x: u64
        q: cython.p_uchar
        t: cython.p_uint
        n: i64 = stop - p
        if not cython.compiled:
            return zlib.crc32(self.span(p, stop))
        if n <= 0:
            return 0
        q = self.span(p, stop)
        t = cython.address(self.tables[0])
        while n >= 8:
            x = load(q) ^ c
            c = (t[1792 + (x & 255)] ^ t[1536 + (x >> 8 & 255)] ^ t[1280 + (x >> 16 & 255)] ^ t[1024 + (x >> 24 & 255)]
                 ^ t[768 + (x >> 32 & 255)] ^ t[512 + (x >> 40 & 255)] ^ t[256 + (x >> 48 & 255)] ^ t[x >> 56])
            q += 8
            n -= 8
        while n:
            c = t[(c ^ q[0]) & 255] ^ (c >> 8)
            q += 1
            n -= 1
        return c ^ M32


class Seen:
    """Digests met before. Bounded: it forgets all at three quarters full, which costs time and never truth."""

    def __init__(self, size: int) -> None:
        """``size``: a power of two."""
        self.slots = zeros(size * 8).cast("Q")
        self.mask = size - 1
        self.used = self.forgotten = 0  # entries now; how often all were forgotten

    def has(self, h: u64) -> i64:
        i: i64 = cython.cast(i64, (h >> 20) & cython.cast(u64, self.mask))
        if h == 0:
            h = 1
        while self.slots[i] != 0:
            if self.slots[i] == h:
                return 1
            i = (i + 1) & self.mask
        return 0

    def novel(self, h: u64) -> i64:
        """1 where ``h`` was not met before; from now on it was."""
        i: i64 = cython.cast(i64, (h >> 20) & cython.cast(u64, self.mask))
        if h == 0:
            h = 1
        while self.slots[i] != 0:
            if self.slots[i] == h:
                return 0
            i = (i + 1) & self.mask
        if self.used * 4 > self.mask * 3:
            for i in range(self.mask + 1):
                self.slots[i] = 0
            self.used = 0
            self.forgotten += 1
            i = cython.cast(i64, (h >> 20) & cython.cast(u64, self.mask))
        self.slots[i] = h
        self.used += 1
        return 1


class Recent:
    """Digest -> (time, one more word) of the last things met.

    Two generations: when the younger one is full it becomes the older one and the older one is forgotten. So what is
    forgotten hangs on the number of entries alone, never on the seed: the same input gives the same answer.
    """

    def __init__(self, size: int) -> None:
        """``size``: entries of one generation, a power of two; three quarters of them are used."""
        # digest, time, word, nothing; the two generations' share a line of 64 bytes
        self.cells = zeros(size * 2 * 32).cast("Q")
        self.mask = 8 * size - 1
        self.size = size
        self.young = self.used = 0  # young: 0, or 4
        self.time = self.word = 0
        self.sought = 0  # what `find` did not find among the young, and
        self.spot = 0  # where it belongs there

    def place(self, h: u64, generation: i64) -> i64:
        """Where ``h`` is in a generation, or the free cell for it."""
        i: i64 = (cython.cast(i64, h >> 17) & self.mask & ~7) | generation
        x: u64 = self.cells[i]
        while x != 0 and x != h:
            i = (i + 8) & self.mask
            x = self.cells[i]
        return i

    def find(self, h: u64) -> i64:
        """1 where ``h`` is known: its ``time`` and ``word`` are then attributes; else 0."""
        i: i64
        if h == 0:
            h = 1
        i = self.place(h, self.young)
        if self.cells[i] == 0:
            self.sought = h
            self.spot = i
            i = self.place(h, self.young ^ 4)
            if self.cells[i] == 0:
                return 0
        self.time = self.cells[i + 1]
        self.word = self.cells[i + 2]
        return 1

    def put(self, h: u64, time: u64, word: u64) -> i64:
        i: i64
        j: i64
        if h == 0:
            h = 1
        i = self.spot if self.sought == h else self.place(h, self.young)
        if self.cells[i] == 0:
            if self.used * 4 > self.size * 3:
                self.young ^= 4
                self.used = 0
                for j in range(self.size):
                    self.cells[8 * j + self.young] = 0
                i = self.place(h, self.young)
            self.used += 1
            self.sought = 0
        self.cells[i] = h
        self.cells[i + 1] = time
        self.cells[i + 2] = word
        return 0


class Sights:
    """The last packets: four entries (digest, time) a line of 64 bytes, the oldest gives way.

    The line is chosen by a hash without a seed, so the same input gives the same answer; the digest that decides has one.
    """

    def __init__(self, lines: int, shares: int = 1) -> None:
        """``lines``, ``shares``: powers of two. Each share has its own lines; ``share`` says whose are meant."""
        self.cells = zeros(lines * 64).cast("Q")
        self.mask = lines // shares - 1
        self.share = 0

    def fetch(self, place: u64, share: i64) -> i64:
        """Have a line brought from memory."""
        fetch(cython.address(self.cells[(share * (self.mask + 1) + cython.cast(i64, mix(place) & cython.cast(u64, self.mask))) << 3]))
        return 0

    def again(self, place: u64, h: u64, time: i64, window: i64) -> i64:
        """1 where ``h`` was met within ``window`` before (or, out of order, after) ``time``; else it is met now."""
        base: i64 = (self.share * (self.mask + 1) + cython.cast(i64, mix(place) & cython.cast(u64, self.mask))) << 3
        i: i64
        oldest: i64 = base
        least: u64 = self.cells[base + 1]
        met: u64
        for i in range(4):
            met = self.cells[base + 2 * i + 1]
            if self.cells[base + 2 * i] == h and -window <= time - cython.cast(i64, met) <= window:
                return 1
            if met < least:
                least = met
                oldest = base + 2 * i
        self.cells[oldest] = h
        self.cells[oldest + 1] = cython.cast(u64, time)
        return 0
