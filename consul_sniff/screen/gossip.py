"""What a UDP payload is, by its structure alone: plaintext memberlist, sealed memberlist, or neither.

memberlist's net.go and security.go are the source of every number here; Serf's messages.go of those inside `user`.
"""

from __future__ import annotations

from array import array

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .words import Seen, Window, key_word, zeros

if not cython.compiled:
    from .words import mix

NEITHER = cython.declare(i64, 0)
PLAIN = cython.declare(i64, 1)
SEALED1 = cython.declare(i64, 2)
SEALED0 = cython.declare(i64, 3)

WEAK = cython.declare(i64, 1)  # may be memberlist, if its neighbours are
STRONG = cython.declare(i64, 2)

MAX_DEPTH = cython.declare(i64, limits.MEMBERLIST_DEPTH)
MAX_LZW = cython.declare(i64, limits.LZW_BYTES)
BAD = cython.declare(u64, 0x6C7A7762)  # salts: compressed messages that hold no memberlist, ...
NONCE = cython.declare(u64, 0x6E6F6E63)

_PING = "Node SeqNo SourceAddr SourcePort SourceNode"
_DEAD = "From Incarnation Node"
#: type -> the keys its map may begin with; 14 stands for Serf's messages inside `user`
FIRST_KEYS = {
    0: _PING, 1: _PING + " Target Port Nack", 2: "SeqNo Payload", 3: _DEAD, 4: "Addr Incarnation Meta Node Port Vsn",
    5: _DEAD, 9: "Algo Buf", 11: "SeqNo", 13: "Error",
    14: "LTime Node Prune Name Payload CC ID Addr Port From Flags Filters EventLTime Events LeftMembers QueryLTime "
        "StatusLTimes SourceNode RelayFactor Timeout Key Keys Message Result DestAddr DestName Member",
}
KEYS = sorted({key for keys in FIRST_KEYS.values() for key in keys.split()})


class Gossip:
    """Reads one UDP payload at a time.

    Out, for the last ``datagram``: ``news`` 1 where a message in it was not met before; ``crc`` 0 none, 1 good, 2 bad;
    ``nonce`` where a sealed datagram's nonce begins; ``sequence`` a ping's SeqNo, or -1.
    """

    def __init__(self, window: Window, seen: Seen) -> None:
        self.win = window
        self.seen = seen
        self.words = array("Q", [key_word(key) for key in KEYS])
        self.sizes = array("q", [len(key) for key in KEYS])
        self.types = array("Q", [sum(1 << t for t, keys in FIRST_KEYS.items() if key in keys.split()) for key in KEYS])
        self.count = len(KEYS)
        self.out = Window(window.seed)
        self.out.look(zeros(limits.LZW_BYTES + 4096))
        self.lengths = array("q", [0] * 4097)
        self.starts = array("q", [0] * 4097)
        self.seq_word = key_word("SeqNo")
        self.buf_word = key_word("Buf")
        self.salt = 0
        self.fresh = array("Q", [0] * 64)
        self.packs = array("Q", [0] * 8)
        self.wholes = zeros(8 << 13).cast("Q")  # digests of whole datagrams, with what their CRC said in the last bit
        self.tail = self.news = self.crc = self.fresh_count = self.pack_count = 0
        self.nonce = self.sequence = -1

    # --- the datagram ------------------------------------------------------------------------------------------

    def may(self, p: i64, stop: i64) -> i64:
        """0 where [p, stop) is NEITHER by its first byte."""
        return stop - p >= 2 and (self.win.b[p] <= 13 or self.win.b[p] == 244)

    def datagram(self, p: i64, stop: i64, size: i64, body: u64) -> i64:
        """PLAIN, SEALED1, SEALED0 or NEITHER: [p, stop) was captured of ``size`` bytes; ``body``: its digest, or 0."""
        n: i64
        whole: u64 = 0
        self.news = self.crc = self.tail = self.fresh_count = self.pack_count = 0
        self.nonce = self.sequence = -1
        if stop - p < 2:
            return NEITHER
        if body and size == stop - p:
            whole = (mix(body ^ cython.cast(u64, self.seen.forgotten)) | 3) ^ 1
            if self.met(whole):
                return PLAIN
        if self.win.b[p] == 244:  # a label, which precedes everything
            n = 2 + self.win.b[p + 1]
            if n == 2 or p + n + 2 > stop:
                return NEITHER
            p += n
            size -= n
        n = self.beginning(p, stop, size) if size > stop - p else self.message(p, stop, 0)
        if n == STRONG:
            self.learn(whole)
            return PLAIN
        if stop - p < 13:
            return NEITHER
        if self.win.b[p] == 1 and size > 29:
            self.nonce = p + 1
            return SEALED1
        if self.win.b[p] == 0 and size > 29 and (size - 29) & 15 == 0:
            self.nonce = p + 1
            return SEALED0
        return NEITHER

    def note(self, h: u64) -> i64:
        """A message that may be news: told only when the whole datagram has proved to be memberlist."""
        if self.fresh_count < 64:
            self.fresh[self.fresh_count] = h
            self.fresh_count += 1
        else:
            self.news = 1
        return 0

    def met(self, whole: u64) -> i64:
        """1 where plaintext comes again byte for byte and all its messages are still known: it has no news, only ``crc``."""
        x: u64 = self.wholes[cython.cast(i64, whole >> 51)]
        if (x ^ whole) > 1:
            return 0
        self.crc = cython.cast(i64, x & 1)
        return 1

    def learn(self, whole: u64) -> i64:
        i: i64
        before: i64 = self.seen.forgotten
        for i in range(self.fresh_count):
            self.news |= self.seen.novel(self.fresh[i])
        for i in range(self.pack_count):
            self.seen.novel(self.packs[i])
        if whole and self.sequence < 0 and self.crc < 2 and self.fresh_count < 64 and self.seen.forgotten == before:
            self.wholes[cython.cast(i64, whole >> 51)] = whole | cython.cast(u64, self.crc)
        return 0

    def beginning(self, p: i64, stop: i64, size: i64) -> i64:
        """STRONG where what the snap length left shows plaintext memberlist, else 0. ``size`` is the message's."""
        t: i64
        n: i64
        q: i64
        total: i64
        _: i64
        for _ in range(MAX_DEPTH):
            if p + 2 > stop:
                return 0
            t = self.win.b[p]
            if t == 12:
                p += 5
                size -= 5
            elif t == 7:
                n = self.win.b[p + 1]
                total = 2 + 2 * n
                if n == 0 or p + total > stop:
                    return 0
                for q in range(n):
                    total += self.win.be16(p + 2 + 2 * q)
                if total != size:
                    return 0
                size = self.win.be16(p + 2)
                p += 2 + 2 * n
            elif t == 8:
                if self.win.b[p + 1] > 9 or not self.known(14, p + 2, stop):
                    return 0
                self.note(self.win.digest(p, stop, self.salt))
                return STRONG
            elif t <= 5 or t == 9 or t == 11 or t == 13:
                if not self.known(t, p + 1, stop):
                    return 0
                if 3 <= t <= 5:
                    self.note(self.win.digest(p, stop, self.salt))
                return STRONG
            else:
                return 0
        return 0

    def message(self, p: i64, stop: i64, depth: i64) -> i64:
        """STRONG where [p, stop) is a memberlist message, WEAK where it may be one, else 0."""
        t: i64
        k: i64
        if p + 2 > stop or depth > MAX_DEPTH:
            return 0
        t = self.win.b[p]
        if t == 7:
            return self.compound(p, stop, depth)
        if t == 12:
            if p + 7 > stop:
                return 0
            if cython.cast(i64, self.win.crc(p + 5, stop)) == self.win.be32(p + 1):
                self.crc = 1
                if self.message(p + 5, stop, depth + 1) != STRONG:
                    self.note(self.win.digest(p, stop, self.salt))
                return STRONG
            k = self.message(p + 5, stop, depth + 1)
            if k == STRONG or self.beginning(p + 5, stop, stop - p - 5):
                self.crc = 2
                self.news = 1
                return STRONG
            return 0
        if t == 9:
            return self.compressed(p, stop, depth)
        if t == 8:
            self.note(self.win.digest(p, stop, self.salt))
            return WEAK if self.win.b[p + 1] > 9 or not self.known(14, p + 2, stop) else STRONG
        if t > 13 or t == 6 or t == 10:
            return 0
        k = self.known(t, p + 1, stop)
        if k == 0:
            return 0
        if t == 0 and k == 2 and depth == 0:
            self.sequence = self.number(p + 1, stop)
        if k == 1 or 3 <= t <= 5:
            self.note(self.win.digest(p, stop, self.salt))
        return STRONG

    def compound(self, p: i64, stop: i64, depth: i64) -> i64:
        n: i64 = self.win.b[p + 1]
        q: i64 = p + 2 + 2 * n
        j: i64
        k: i64
        best: i64 = 0
        size: i64
        if n == 0 or q > stop:
            return 0
        size = q
        for j in range(n):
            size += (self.win.b[p + 2 + 2 * j] << 8) | self.win.b[p + 3 + 2 * j]
        if size != stop:
            return 0
        for j in range(n):
            size = (self.win.b[p + 2 + 2 * j] << 8) | self.win.b[p + 3 + 2 * j]
            k = self.message(q, q + size, depth + 1)
            if k == 0:
                return 0
            if k > best:
                best = k
            q += size
        return best

    def compressed(self, p: i64, stop: i64, depth: i64) -> i64:
        """{Algo Buf}: unpacked only where these bytes were not met before."""
        h: u64
        q: i64
        k: i64
        n: i64
        if self.known(9, p + 1, stop) != 2:
            return 0
        h = self.win.digest(p, stop, self.salt)
        if self.seen.has(h):
            return STRONG
        if self.seen.has(mix(h ^ BAD)):
            return 0
        q = self.value(p + 1, stop, 3, self.buf_word)
        k = self.win.b[q]
        if 0xA0 <= k < 0xC0:
            n = k & 31
            q += 1
        elif k == 0xDA or k == 0xC5:
            n = self.win.be16(q + 1)
            q += 3
        elif k == 0xD9 or k == 0xC4:
            n = self.win.b[q + 1]
            q += 2
        else:
            n = self.win.be32(q + 1) if k == 0xDB or k == 0xC6 else 0
            q += 5
        if n == 0 or q + n > stop:
            return 0
        k = self.unpack(q, q + n, depth)
        if k != STRONG:
            self.seen.novel(mix(h ^ BAD))
        elif self.pack_count < 8:
            self.packs[self.pack_count] = h
            self.pack_count += 1
        return k

    # --- msgpack -----------------------------------------------------------------------------------------------

    def known(self, kind: i64, p: i64, stop: i64) -> i64:
        """Is there a map at ``p`` whose first key is one of the message type's? 1: its beginning, 2: all of it."""
        c: i64
        n: i64
        i: i64
        x: u64
        if p + 4 > stop:
            return 0
        c = self.win.b[p]
        if 0x81 <= c <= 0x8F:
            i = p + 1
        elif c == 0xDE:
            i = p + 3
        else:
            return 0
        n = self.win.b[i] - 0xA0
        if n < 2 or n > 12:
            if self.win.b[i] != 0xD9 or i + 2 > stop:  # newer codecs may write str8
                return 0
            i += 1
            n = self.win.b[i]
        if n < 2 or n > 12 or i + 1 + n > stop:
            return 0
        x = self.win.word(i + 1)
        if n < 8:
            x &= (cython.cast(u64, 1) << (n * 8)) - 1
        for i in range(self.count):
            if self.words[i] == x and self.sizes[i] == n and (self.types[i] >> kind) & 1:
                return 2 if self.skip(p, stop) >= 0 else 1
        return 0

    def value(self, p: i64, stop: i64, size: i64, word: u64) -> i64:
        """Where, in the whole map at ``p``, the value of a key of ``size`` (below 8) bytes begins; ``p`` itself: not there."""
        n: i64
        q: i64
        _: i64
        if self.win.b[p] == 0xDE:
            n = self.win.be16(p + 1)
            q = p + 3
        else:
            n = self.win.b[p] & 15
            q = p + 1
        for _ in range(n):
            if q + 1 + size >= stop:
                break
            if self.win.b[q] == 0xA0 + size and self.win.word(q + 1) & ((cython.cast(u64, 1) << (size * 8)) - 1) == word:
                return q + 1 + size
            q = self.skip(q, stop)
            q = self.skip(q, stop) if q >= 0 else q
            if q < 0:
                break
        return p

    def number(self, p: i64, stop: i64) -> i64:
        """SeqNo of the whole map at ``p``, or -1."""
        q: i64 = self.value(p, stop, 5, self.seq_word)
        c: i64 = self.win.b[q]
        if q == p:
            return -1
        if c < 0x80:
            return c
        if c == 0xCC:
            return self.win.b[q + 1]
        if c == 0xCD:
            return self.win.be16(q + 1)
        return self.win.be32(q + 1) if c == 0xCE else -1

    def skip(self, p: i64, stop: i64) -> i64:
        """Where the one msgpack object at ``p`` ends, or -1."""
        need: i64 = 1
        c: i64
        while need > 0:
            if p >= stop or need > stop - p:
                return -1
            c = self.win.b[p]
            p += 1
            need -= 1
            if c < 0x80 or c >= 0xE0:
                continue
            if c < 0x90:
                need += 2 * (c & 15)
            elif c < 0xA0:
                need += c & 15
            elif c < 0xC0:
                p += c & 31
            elif c == 0xC0 or c == 0xC2 or c == 0xC3:
                continue
            elif c == 0xC4 or c == 0xD9:
                p += 1 + (self.win.b[p] if p < stop else 0)
            elif c == 0xC5 or c == 0xDA:
                p += 2 + (self.win.be16(p) if p + 2 <= stop else 0)
            elif c == 0xC6 or c == 0xDB:
                p += 4 + (self.win.be32(p) if p + 4 <= stop else 0)
            elif c == 0xCA or c == 0xCE or c == 0xD2:
                p += 4
            elif c == 0xCB or c == 0xCF or c == 0xD3:
                p += 8
            elif c == 0xCC or c == 0xD0:
                p += 1
            elif c == 0xCD or c == 0xD1:
                p += 2
            elif c == 0xDC or c == 0xDE:
                need += (self.win.be16(p) if p + 2 <= stop else 0) << (c == 0xDE)
                p += 2
            elif c == 0xDD or c == 0xDF:
                need += (self.win.be32(p) if p + 4 <= stop else 0) << (c == 0xDF)
                p += 4
            elif 0xD4 <= c <= 0xD8:
                p += 1 + (1 << (c - 0xD4))
            elif 0xC7 <= c <= 0xC9:
                if p + 4 > stop:
                    return -1
                if c == 0xC7:
                    p += 2 + self.win.b[p]
                else:
                    p += 3 + self.win.be16(p) if c == 0xC8 else 5 + self.win.be32(p)
            else:
                return -1
        return p if p <= stop else -1

    # --- LZW ---------------------------------------------------------------------------------------------------

    def unpack(self, p: i64, stop: i64, depth: i64) -> i64:
        """Unpack [p, stop) and say what message it holds."""
        at: i64 = self.tail
        k: i64 = self.lzw(p, stop)
        window: Window = self.win
        if k < 0:
            return 0
        self.tail = k
        self.win = self.out
        k = self.message(at, k, depth + 1)
        self.win = window
        return k

    def lzw(self, p: i64, stop: i64) -> i64:
        """Go's compress/lzw (LSB first, 8 bits): unpack to ``out`` from ``tail`` on; where that ends, or -1.

        A code stands for a place already written, so no strings are kept: ``starts`` and ``lengths``.
        """
        bits: u64 = 0
        held: i64 = 0
        width: i64 = 9
        high: i64 = 257
        over: i64 = 512
        code: i64
        last: i64 = -1
        last_size: i64 = 0
        s: i64
        n: i64
        j: i64
        o: i64 = self.tail
        while True:
            while held < width:
                if p >= stop:
                    return o
                bits |= cython.cast(u64, self.win.b[p]) << held
                held += 8
                p += 1
            code = cython.cast(i64, bits & ((cython.cast(u64, 1) << width) - 1))
            bits >>= width
            held -= width
            if code == 256:
                width = 9
                high = 257
                over = 512
                last = -1
                continue
            if code == 257:
                return o
            if code < 256:
                n = 1
                if o >= MAX_LZW:
                    return -1
                self.out.b[o] = code
            else:
                if code < high:
                    s = self.starts[code]
                    n = self.lengths[code]
                elif code == high and last >= 0:
                    s = last
                    n = last_size + 1
                else:
                    return -1
                if o + n > MAX_LZW:
                    return -1
                for j in range(n):
                    self.out.b[o + j] = self.out.b[s + j]
            if last >= 0 and high < 4096:
                self.starts[high] = last
                self.lengths[high] = last_size + 1
            last = o
            last_size = n
            o += n
            high += 1
            if high >= over:
                if width == 12:
                    last = -1
                    high -= 1
                else:
                    width += 1
                    over = 1 << width

    # --- DNS ---------------------------------------------------------------------------------------------------

    def unsure(self, p: i64) -> i64:
        """0 where what is NEITHER at ``p`` is none for the decoder either, by its first two bytes: it has a type whose body is a
        map of msgpack, or none that there is."""
        kind: i64 = self.win.b[p]
        c: i64 = self.win.b[p + 1]
        return kind < 2 or kind == 7 or kind == 8 or kind > 13 or 0x80 <= c <= 0x8F or c >= 0xDE

    def dns(self, p: i64, stop: i64) -> i64:
        """Could it be a DNS message (RFC 1035)? Its header's counts and first label make sense together."""
        flags: i64
        n: i64
        i: i64
        c: i64
        if stop - p < 17:
            return 0
        flags = self.win.be16(p + 2)
        if flags & 0x7800 or flags & 0x0040 or self.win.be16(p + 4) != 1:
            return 0
        if flags & 0x8000 == 0 and (self.win.be16(p + 6) or self.win.be16(p + 8) or self.win.be16(p + 10) > 3):
            return 0
        if self.win.be16(p + 6) > 512 or self.win.be16(p + 8) > 64 or self.win.be16(p + 10) > 512:
            return 0
        n = self.win.b[p + 12]
        if n > 63 or p + 13 + n > stop:
            return 0
        for i in range(p + 13, p + 13 + n):
            c = self.win.b[i]
            if c <= 0x20 or c >= 0x7F:
                return 0
        return 1
