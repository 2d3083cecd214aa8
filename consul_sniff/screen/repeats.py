"""What was met before: the same packet seen twice by the capture, and what an attacker sent again.

Healthy gossip repeats itself byte for byte (same peer, 200 ms later at the earliest, a new IPv4 id); a second sight of one
packet comes at once and keeps the id.
"""

from __future__ import annotations

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .layers import Layers
from .table import SHARES, Table
from .words import Recent, Sights, Window

if not cython.compiled:
    from .words import mix

SECOND = cython.declare(i64, 1_000_000_000)
FIFTY_MS = cython.declare(i64, 50_000_000)
THIRTY_SECONDS = cython.declare(i64, 30_000_000_000)
MINUTE = cython.declare(i64, 60_000_000_000)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
NONCE = cython.declare(u64, 0x6E6F6E63)  # salts that keep the kinds of entries apart
SENDER = cython.declare(u64, 0x73656E64)
SUSPECTS = 1024  # pings held per sender
SENDERS = 4096

FOREIGN = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)  # a flow that another process keeps

SEEN_PACKETS = 1 << 13  # lines of four, of all shares together; the common ones have as many
SEEN_MESSAGES = 1 << 16


if not cython.compiled:  # what is in the .pxd is inlined in every module

    def place_of(source: u64, destination: u64, ident: u64, head: u64) -> u64:
        """Where packets are looked for: of the first words of their addresses, their id, and the transport header's first."""
        return (source ^ (destination << 31) ^ (destination >> 33) ^ (ident << 16) ^ head) & M64


class Repeats:
    """Digests of the last packets, sealed nonces and pings. All times are ns; ``salt`` differs from input to input."""

    def __init__(self, window: Window, layers: Layers, table: Table) -> None:
        self.win = window
        self.lay = layers
        self.tab = table
        self.suspects: dict[int, list[tuple[int, int, int]]] = {}
        self.body = 0  # a digest of what the last packet carried; 0: there is none
        self.trace = 0  # the same, perhaps of a sample of it
        self.lost = 0  # replays whose flow ended before they were known to be replays
        self.begin(0)

    def begin(self, salt: u64) -> None:
        # mixed: xor'ed as it is with an address it would make that another host's of another input
        self.salt = mix(salt + 1)
        self.key = self.salt ^ self.win.seed
        self.suspects = {}
        # new ones: what an earlier input left would decide what is forgotten in this one
        self.packets = Sights(SEEN_PACKETS, SHARES)
        self.common = Sights(SEEN_PACKETS)
        self.messages = Recent(SEEN_MESSAGES)

    def twice(self, mask: u64, rest: i64, data: i64, place: i64, time: i64, share: i64, whole: i64) -> i64:
        """1 where the IP packet at hand was met a moment ago.

        The transport header's first eight bytes count under ``mask``, and what stands from ``rest`` on: no checksum, which is
        offloaded at one capture point and not at another. ``data``: it has a payload; ``place``: a fragment's; ``share``:
        whose it is, -1 for what every process looks at. ``whole``: every byte of the rest counts. Else, where it is long, it
        is looked at in four places: what has the addresses, ports, length and id of a packet of the last second and differs
        between those places alone is the same segment again by its sequence number, or a datagram whose cipher or counter
        left its beginning and its end as they were.
        """
        p: i64 = self.lay.p
        stop: i64 = self.lay.stop
        window: i64 = SECOND
        h: u64
        x: u64 = 0
        line: u64
        self.body = self.trace = 0
        if self.lay.ident == 0 or self.lay.family == 6:
            if not data:
                return 0
            window = FIFTY_MS
        if p + 8 <= stop:
            x = self.win.word(p) & mask
        line = place_of(self.lay.s0, self.lay.d0, self.lay.ident, x)
        h = line ^ self.key ^ (cython.cast(u64, self.lay.end - p) << 40) ^ (cython.cast(u64, place) << 24) \
            ^ (cython.cast(u64, self.lay.proto) << 56)
        if self.lay.family == 6:
            h = mix(h ^ self.lay.s1 ^ mix(self.lay.d1))
            line ^= place_of(self.lay.s1, self.lay.d1, 0, 0)  # the hosts of one network share the first words
        h = mix(h) ^ x
        if self.lay.proto == 6 and p + 16 <= stop:
            h = mix(h) ^ self.win.word(p + 8)
        if window == FIFTY_MS and rest + 8 <= stop:
            line ^= self.win.word(rest)  # nothing else tells the datagrams of one flow apart
        if whole:
            self.body = self.trace = self.win.digest(rest, stop, self.salt)
        else:
            self.trace = self.win.sample(rest, stop, self.salt)
        h = mix(h) ^ self.trace
        if share < 0:
            return self.common.again(line, h, time, window)
        self.packets.share = share
        return self.packets.again(line, h, time, window)

    def fetch(self, place: u64, share: i64) -> i64:
        """Have the line of a place brought from memory."""
        if share < 0:
            return self.common.fetch(place, 0)
        return self.packets.fetch(place, share)

    def nonce(self, d: i64, p: i64, stop: i64, time: i64, frame: i64) -> i64:
        """A sealed datagram's nonce (its 12 bytes at ``p``, after the version): again a minute later is a replay; with
        another ciphertext it is one nonce used twice. Both are counted on side ``d`` (-1: of a flow that another keeps).

        The ciphertext is told by a sample: its last bytes are a tag that hangs on all of it.
        """
        h: u64 = mix(mix(self.win.word(p - 1) ^ self.key ^ NONCE) ^ self.win.word(p + 4))
        body: u64 = self.trace
        if p != self.lay.p + 9 or stop != self.lay.stop:  # a label precedes it, or padding follows
            body = self.win.sample(p + 12, stop, self.salt)
        if not self.messages.find(h):
            self.messages.put(h, cython.cast(u64, time), body)
        elif self.messages.word != body:
            if d >= 0:
                self.tab.E[d].nonce_reuse += 1
                if self.tab.E[d].nonce_frame == 0:
                    self.tab.E[d].nonce_frame = frame
        elif time - cython.cast(i64, self.messages.time) > MINUTE:
            self.replayed(d, frame)
        return 0

    def replayed(self, d: i64, frame: i64) -> i64:
        if d >= 0:
            self.tab.E[d].replays += 1
            if self.tab.E[d].replay_frame == 0:
                self.tab.E[d].replay_frame = frame
        return 0

    def ping(self, d: i64, number: i64, time: i64, frame: i64) -> None:
        """A ping's sequence number, which memberlist counts up from 1 at each start (`nextSeqNum`).

        A low number met more than a minute ago is suspect. It counts once its sender goes on near its old high number; it
        does not when the sender goes on from the low one for half a minute: then the agent began anew. ``d`` as above.
        """
        sender: u64 = mix(self.lay.s0 ^ self.salt ^ SENDER)
        key: u64
        high: i64 = -1
        when: i64 = 0
        sender = mix(sender ^ self.lay.s1 ^ (cython.cast(u64, self.win.be16(self.lay.p)) << 48))
        key = mix(sender ^ cython.cast(u64, number))
        if self.messages.find(sender):
            high = cython.cast(i64, self.messages.word)
            when = cython.cast(i64, self.messages.time)
        if number > high:
            if self.suspects:
                self.settle(sender, number - high <= 1024)
            self.messages.put(sender, cython.cast(u64, time), cython.cast(u64, number))
        elif time - when > THIRTY_SECONDS:
            if self.suspects:
                self.settle(sender, 0)
            self.messages.put(sender, cython.cast(u64, time), cython.cast(u64, number))
        elif self.messages.find(key) and time - cython.cast(i64, self.messages.time) > MINUTE:
            self.suspect(sender, self.tab.F[d >> 1].number if d >= 0 else FOREIGN, d & 1, frame)
        if not self.messages.find(key):
            self.messages.put(key, cython.cast(u64, time), 0)

    def suspect(self, sender: u64, flow: u64, side: i64, frame: i64) -> None:
        """Hold a ping until the sender shows where it goes on."""
        if sender in self.suspects or len(self.suspects) < SENDERS:
            held = self.suspects.setdefault(sender, [])
            if len(held) < SUSPECTS:
                held.append((flow, side, frame))

    def settle(self, sender: u64, guilty: i64) -> None:
        """The sender's suspect pings were replays, or its own after it began anew."""
        for number, side, frame in self.suspects.pop(sender, ()):
            if number == FOREIGN:
                continue
            row: i64 = self.tab.row(number)
            if guilty and row >= 0:
                self.replayed(2 * row + side, frame)
            elif guilty:
                self.lost += 1
