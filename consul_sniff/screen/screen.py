"""The screen: one pass over blocks of captured records. Counts every packet, hands on only what someone must read.

Every packet goes through ``packet``: layers, duplicates, flow table, then ``udp`` or ``tcp``. Only payloads that are
handed on, and flows that end, become Python objects.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from typing import TYPE_CHECKING

from .. import limits
from ..model import Payload
from .early import Early, Held
from .folding import flow as fold
from .fragments import Fragments
from .gossip import Gossip
from .layers import TERMINALS, Layers, tunnel_text
from .replays import Suspects
from .table import Table
from .words import Recent, Seen, Window, mix

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model import Block, Dialect, Flow
    from .fragments import Whole

compiled = bool(cython.compiled)

TCP = cython.declare(i64, 0)
UDP = cython.declare(i64, 1)
OTHER = cython.declare(i64, 2)
FRAGMENT = cython.declare(i64, 4)
DUPLICATE = cython.declare(i64, 5)
CUT = cython.declare(i64, 6)
MALFORMED = cython.declare(i64, 7)
UNSUPPORTED = cython.declare(i64, 9)
FILTERED = cython.declare(i64, 10)
OUTSIDE = cython.declare(i64, 11)

M32 = cython.declare(u64, 0xFFFFFFFF)
M48 = cython.declare(u64, 0xFFFFFFFFFFFF)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
P32 = cython.declare(i64, 0x100000000)
HALF = cython.declare(i64, 0x80000000)
SECOND = cython.declare(i64, 1_000_000_000)
MINUTE = cython.declare(i64, 60_000_000_000)
FIFTY_MS = cython.declare(i64, 50_000_000)
THIRTY_SECONDS = cython.declare(i64, 30_000_000_000)
LATEST = cython.declare(i64, 9_000_000_000)  # seconds: more does not fit in 63 bits of nanoseconds
NONCE = cython.declare(u64, 0x6E6F6E6365)
SENDER = cython.declare(u64, 0x73656E646572)
RECORD = cython.declare(i64, limits.RECORD_BYTES)
NG_RECORD = cython.declare(i64, limits.PCAPNG_BLOCK_BYTES)

HAND_OVER = cython.declare(i64, 1024)  # payloads, then feed returns: so that `enough` is heard early
HAND_OVER_BYTES = cython.declare(i64, 4 * 1024 * 1024)
ENDED = cython.declare(i64, 1024)


class Screen:
    """Feed it the blocks of one input after another: ``open``, ``feed`` ..., ``close``.

    ``counters``, ``packets``, ``bytes`` (as kept), ``first`` and ``last`` (ns, 0 where there is no packet),
    ``cut_packets``, ``notes``, ``link_types`` and ``unsupported`` are those of the input since ``open``.
    """

    def __init__(self, *, flows: int = limits.FLOWS, everything: bool = False, sealed: bool = False,
                 since: int | None = None, until: int | None = None, hints: frozenset[int] = frozenset()) -> None:
        """``everything``: hand on every UDP payload; ``sealed``: sealed gossip too; ``since``, ``until``: ns, both included;
        ``hints``: ports that are likely of interest."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.win = Window(seed)
        self.fragment_buffer = bytearray(65_536 + 64)
        self.lay = Layers(self.win)
        self.tab = Table(max(flows, 16), seed)
        self.rows = self.tab.rows
        self.met = Seen(1 << 18)
        self.gos = Gossip(self.win, self.met)
        self.sights = Recent(1 << 16)
        self.replays = Recent(1 << 16)
        self.salt = seed
        self.everything = 1 if everything else 0
        self.sealed = 1 if sealed else 0
        self.since = since if since is not None else -1
        self.until = until if until is not None else cython.cast(i64, M64 >> 1)
        self.hints = hints
        self.out: list[Payload] = []
        self.over: list[Flow] = []
        self.terminals = array("q", [0] * len(TERMINALS))
        self.closing = 0
        self.idle = True
        self.frags: Fragments | None = None
        self.begin(0)

    def open(self, input_index: int) -> None:
        """A new input: its counters begin at 0, its frames at 1, and nothing of an earlier input is remembered."""
        self.begin(input_index)

    def begin(self, index: i64) -> None:
        i: i64
        self.tab.reset()
        self.input = index
        self.salt = mix(self.salt + 1 & M64)
        self.gos.salt = self.salt
        for i in range(len(TERMINALS)):
            self.terminals[i] = 0
        self.packets = self.bytes = self.first = self.last = self.cut_packets = self.tick = 0
        self.time = self.weight = self.weight_bytes = self.out_bytes = self.closing = 0
        self.notes = Counter()
        self.link_types: set[int] = set()
        self.unsupported: set[int] = set()
        self.tunnels: dict[int, str] = {}
        self.ended_flows: dict[int, Flow] = {}
        self.frags = Fragments(self.notes)
        self.early = Early(self.notes)
        self.suspects = Suspects(self.convicted)
        self.watching = 0
        self.out.clear()
        self.over.clear()
        self.dialect: Dialect | None = None
        self.known_interfaces = 0
        self.last_link = -1

    @property
    def counters(self) -> dict[str, int]:
        """Terminal counters: every packet is in exactly one."""
        return {name: self.terminals[i] for i, name in enumerate(TERMINALS) if self.terminals[i]}

    # --- records -----------------------------------------------------------------------------------------------

    def feed(self, block: Block) -> None:
        """Screen records from ``block.consumed`` on, and set it. ``idle`` False: drain and feed the same block again."""
        at: i64 = block.consumed
        stop: i64 = block.stop
        dialect = block.dialect
        if at < block.start:
            at = block.start
        if dialect is not self.dialect or len(dialect.interfaces) != self.known_interfaces:
            self.learn(dialect)
        self.accept = block.accept
        self.win.look(block.buffer)
        try:
            if dialect.format == "pcap":
                block.consumed = self.pcap(at, stop, 1 if dialect.big_endian else 0)
            else:
                block.consumed = self.pcapng(at, stop, 1 if dialect.big_endian else 0)
        finally:
            self.win.rest()
        self.idle = not self.crowded()

    def learn(self, dialect: Dialect) -> None:
        """The interfaces as arrays."""
        self.dialect = dialect
        self.known_interfaces = len(dialect.interfaces)
        self.links = array("q", [interface.link_type & 0xFFFF for interface in dialect.interfaces] or [0])
        self.units = array("Q", [min(max(interface.units, 1), 1 << 63) for interface in dialect.interfaces] or [1])
        self.offsets = array("q", [min(max(interface.offset, -LATEST), LATEST) for interface in dialect.interfaces] or [0])
        self.snaps = array("q", [interface.snap_length for interface in dialect.interfaces] or [0])

    def crowded(self) -> i64:
        """Is the hand-over space full?"""
        return (len(self.out) >= HAND_OVER or self.out_bytes >= HAND_OVER_BYTES or len(self.over) >= ENDED)

    def number(self, p: i64, big: i64) -> i64:
        """Four bytes in the section's order."""
        value: i64
        if big:
            return self.win.be32(p)
        value = (self.win.b[p + 3] << 8) | self.win.b[p + 2]
        return (value << 16) | (self.win.b[p + 1] << 8) | self.win.b[p]

    def pcap(self, at: i64, stop: i64, big: i64) -> i64:
        """Walk pcap records: where the first one that is not whole, or damaged, begins."""
        size: i64
        wire: i64
        units: i64 = self.units[0]
        scale: i64 = 0
        seconds: i64
        if not self.known_interfaces:
            return at
        if units == 1_000_000 or units == 1_000_000_000:
            scale = 1_000_000_000 // units
        while at + 16 <= stop:
            size = self.number(at + 8, big)
            if size > RECORD or size > stop - at - 16:
                break
            wire = self.number(at + 12, big)
            seconds = self.number(at, big)
            if scale:
                self.time = (seconds + self.offsets[0]) * 1_000_000_000 + self.number(at + 4, big) * scale
                if self.time < 0:
                    self.time = 0
            else:
                self.stamp(cython.cast(u64, seconds) * cython.cast(u64, units)
                           + cython.cast(u64, self.number(at + 4, big)), 0)
            self.packet(at + 16, size, wire if wire > size else size, 0)
            at += 16 + size
            if self.crowded():
                break
        return at

    def pcapng(self, at: i64, stop: i64, big: i64) -> i64:
        """Walk pcapng packet blocks: where the first block that is not whole, not a packet's, or damaged begins."""
        kind: i64
        size: i64
        head: i64
        kept: i64
        wire: i64
        face: i64
        while at + 12 <= stop:
            kind = self.number(at, big)
            size = self.number(at + 4, big)
            head = 28 if kind == 6 or kind == 2 else 12
            if (kind != 6 and kind != 3 and kind != 2) or size > NG_RECORD or size < head + 4 or size & 3:
                break
            if size > stop - at or self.number(at + size - 4, big) != size:
                break
            if kind == 3:
                face = 0
                wire = self.number(at + 8, big)
                kept = size - 16 if size - 16 < wire else wire
                if self.known_interfaces and self.snaps[0] > 0 and kept > self.snaps[0]:
                    kept = self.snaps[0]
                self.time = self.last  # it has none of its own
            else:
                if kind == 6:
                    face = self.number(at + 8, big)
                else:  # the obsolete Packet Block: two bytes of interface, two of drops
                    face = self.win.be16(at + 8) if big else (self.win.b[at + 9] << 8) | self.win.b[at + 8]
                kept = self.number(at + 20, big)
                wire = self.number(at + 24, big)
                if kept > size - 32 or kept > RECORD:
                    break
                if face < self.known_interfaces:
                    self.stamp((cython.cast(u64, self.number(at + 12, big)) << 32)
                               | cython.cast(u64, self.number(at + 16, big)), face)
            self.packet(at + (12 if kind == 3 else 28), kept, wire if wire > kept else kept, face)
            at += size
            if self.crowded():
                break
        return at

    def stamp(self, ticks: u64, face: i64) -> None:
        """Set ``time`` from an interface's ticks; kept between 0 and the year 2255."""
        units: u64 = self.units[face]
        part: u64 = ticks % units
        seconds: u64 = ticks // units
        second: i64
        if seconds > cython.cast(u64, LATEST):
            seconds = cython.cast(u64, LATEST)
        if units <= 4_000_000_000:
            part = part * 1_000_000_000 // units
        else:
            part = cython.cast(u64, cython.cast(cython.double, part) * 1e9 / cython.cast(cython.double, units))
        second = cython.cast(i64, seconds) + self.offsets[face]
        if second > LATEST:
            second = LATEST
        self.time = second * 1_000_000_000 + cython.cast(i64, part) if second >= 0 else 0

    # --- packets -----------------------------------------------------------------------------------------------

    def packet(self, p: i64, size: i64, wire: i64, face: i64) -> None:
        """Screen one packet, captured [p, p + size) of ``wire`` bytes."""
        self.packets += 1
        self.bytes += size
        if self.packets == 1 or self.time < self.first:
            self.first = self.time
        if self.time > self.last:
            self.last = self.time
        if size < wire:
            self.cut_packets += 1
        self.terminals[self.sort(p, size, wire, face)] += 1

    def sort(self, p: i64, size: i64, wire: i64, face: i64) -> i64:
        """The terminal counter of a packet."""
        kind: i64
        link: i64
        if self.time < self.since or self.time > self.until:
            return OUTSIDE
        if self.accept is not None and not self.accept(bytes(self.win.buffer[p:p + size]), wire, face):
            return FILTERED
        if face >= self.known_interfaces:
            return MALFORMED
        link = self.links[face]
        if link != self.last_link:
            self.link_types.add(link)
            self.last_link = link
        self.lay.p = p
        self.lay.stop = p + size
        self.lay.end = p + wire
        self.lay.cut = wire > size
        self.lay.depth = 0
        kind = self.lay.link(link)
        if kind == UNSUPPORTED:
            self.unsupported.add(link)
            return kind
        kind = self.lay.walk(kind)
        if kind > FRAGMENT:
            return kind
        self.weight = 1
        self.weight_bytes = wire
        if kind == TCP:
            return self.tcp()
        if kind == UDP:
            return self.udp()
        if kind == FRAGMENT:
            return self.fragment()
        if self.lay.ident and self.lay.family == 4 and self.twice(self.lay.p, M64, self.lay.p, 1, 0):
            return DUPLICATE  # ICMPv6 has no id, and repeats its reports within 50 ms
        return kind

    def twice(self, p: i64, mask: u64, q: i64, data: i64, place: i64) -> i64:
        """1 where this IP packet was met a moment ago: a second sight of the capture point.

        [p, p + 8) under ``mask`` is what counts of the transport header's beginning, [q, stop) the rest (a checksum does not
        count: it is offloaded at one capture point and not at another). ``data``: it has a payload; ``place``: a fragment's.
        Healthy gossip repeats itself byte for byte, 200 ms later at the earliest and under a new IPv4 id.
        """
        lay: Layers = self.lay
        h: u64
        window: i64 = SECOND
        if lay.family == 6 or lay.ident == 0:
            if not data:
                return 0
            window = FIFTY_MS
        h = self.salt ^ (cython.cast(u64, lay.end - p) << 48) ^ (cython.cast(u64, lay.ident) << 8) \
            ^ cython.cast(u64, lay.proto) ^ (cython.cast(u64, place) << 40)
        h = mix(h ^ lay.s0)
        h = mix(h ^ lay.d0)
        if lay.family == 6:
            h = mix(h ^ lay.s1)
            h = mix(h ^ lay.d1)
        if p + 8 <= lay.stop:
            h = mix(h ^ (self.win.word(p) & mask))
        if lay.proto == 6 and p + 16 <= lay.stop:
            h = mix(h ^ self.win.word(p + 8))
        h = self.win.digest(q, lay.stop, h)
        if self.sights.find(h) and -window <= self.time - cython.cast(i64, self.sights.time) <= window:
            return 1
        self.sights.put(h, cython.cast(u64, self.time), 0)
        return 0

    def side(self) -> i64:
        """The sender's side in the flow table (its index in ``D``), counted."""
        lay: Layers = self.lay
        sp: u64 = (self.win.b[lay.p] << 8) | self.win.b[lay.p + 1]
        dp: u64 = (self.win.b[lay.p + 2] << 8) | self.win.b[lay.p + 3]
        k0: u64
        k1: u64 = (cython.cast(u64, lay.family) << 40) | (cython.cast(u64, lay.proto) << 32)
        k2: u64 = 0
        k3: u64 = 0
        k4: u64 = 0
        flip: i64 = 0
        r: i64
        d: i64
        if lay.s0 > lay.d0 or (lay.s0 == lay.d0 and (lay.s1 > lay.d1 or (lay.s1 == lay.d1 and sp > dp))):
            flip = 1
        if lay.family == 4:
            k0 = (lay.d0 << 32) | lay.s0 if flip else (lay.s0 << 32) | lay.d0
        elif flip:
            k0 = lay.d0
            k2 = lay.d1
            k3 = lay.s0
            k4 = lay.s1
        else:
            k0 = lay.s0
            k2 = lay.s1
            k3 = lay.d0
            k4 = lay.d1
        k1 |= (dp << 16) | sp if flip else (sp << 16) | dp
        r = self.tab.find(k0, k1, k2, k3, k4)
        if r >= 0 and lay.proto == 6 and self.win.b[lay.p + 13] & 2 and self.reused(r, flip):
            self.end(r)
            r = self.tab.find(k0, k1, k2, k3, k4)
        if r < 0:
            r = self.insert(k0, k1, k2, k3, k4, flip)
        self.tick += 1
        self.tab.F[r].epoch = self.tick
        d = 2 * r + (flip ^ cython.cast(i64, self.tab.F[r].flip))
        if self.tab.D[d].packets == 0:
            self.tab.D[d].first = self.tab.D[d].last = self.time
            self.tab.D[d].first_frame = self.packets
        self.tab.D[d].packets += self.weight
        self.tab.D[d].bytes += self.weight_bytes
        if self.time > cython.cast(i64, self.tab.D[d].last):
            self.tab.D[d].last = self.time
        elif self.time < cython.cast(i64, self.tab.D[d].first):
            self.tab.D[d].first = self.time
        return d

    def insert(self, k0: u64, k1: u64, k2: u64, k3: u64, k4: u64, flip: i64) -> i64:
        """A new flow's row; where the table is full, the oldest idle flow ends."""
        h: u64 = self.tab.h
        r: i64
        i: i64
        if self.tab.full():
            self.notes["evicted-flows"] += 1
            self.end(self.tab.oldest())
            self.tab.h = h
        r = self.tab.insert(k0, k1, k2, k3, k4)
        self.tab.F[r].flip = flip
        if self.lay.depth:
            self.tunnels[r] = tunnel_text([self.lay.trail[i] for i in range(self.lay.depth)])
        return r

    # --- UDP ---------------------------------------------------------------------------------------------------

    def udp(self) -> i64:
        """A UDP header at the layers' ``p``."""
        lay: Layers = self.lay
        p: i64 = lay.p
        size: i64
        stop: i64
        d: i64
        if lay.stop - p < 8:
            return lay.short() if lay.end - p >= 8 else MALFORMED
        size = (self.win.b[p + 4] << 8) | self.win.b[p + 5]
        if size == 0:
            size = lay.end - p  # segmentation offload, or a jumbogram
        if size < 8:
            return MALFORMED
        if self.twice(p, M48, p + 8, size > 8, 0):
            return DUPLICATE
        stop = p + size if p + size < lay.stop else lay.stop
        d = self.side()
        if size > 8:
            self.tab.D[d].payloads += 1
            self.datagram(d, p + 8, stop, size - 8)
        return UDP

    def datagram(self, d: i64, p: i64, stop: i64, size: i64) -> None:
        """Class, count and perhaps hand on a UDP payload: [p, stop) captured of ``size`` bytes."""
        kind: i64 = self.gos.datagram(p, stop, size)
        wanted: i64 = self.everything
        if kind == 1:
            wanted |= self.plain(d)
        elif kind:
            if kind == 2:
                self.tab.D[d].sealed1 += 1
            else:
                self.tab.D[d].sealed0 += 1
            if self.tab.D[d].sealed_frame == 0:
                self.tab.D[d].sealed_frame = self.packets
                wanted = 1
            wanted |= self.sealed
            if size == stop - p:
                self.nonce(d, stop)
        else:
            self.tab.D[d].other += 1
            if not wanted and not self.tab.D[d].enough:
                wanted = self.gos.dns(p, stop)
        if kind and size > stop - p:
            self.tab.D[d].cut += 1
        if wanted and not self.tab.D[d].enough and stop > p:
            self.hand(d, bytes(self.win.buffer[p:stop]), self.time, self.packets, size - (stop - p), False)

    def plain(self, d: i64) -> i64:
        """Count a plaintext memberlist datagram: 1 where it is to be read."""
        self.tab.D[d].plain += 1
        if self.gos.crc == 1:
            self.tab.D[d].crc_good += 1
        elif self.gos.crc == 2:
            self.tab.D[d].crc_bad += 1
        if self.gos.sequence >= 0:
            self.ping(d)
        if self.tab.D[d].plain == 1:
            self.tab.D[d].plain1 = self.packets
            return 1
        if self.tab.D[d].plain == 2:
            self.tab.D[d].plain2 = self.packets
            return 1
        if self.tab.D[d].plain == 3:
            self.tab.D[d].plain3 = self.packets
        return self.gos.news

    def nonce(self, d: i64, stop: i64) -> None:
        """A sealed datagram's nonce: again a minute later is a replay, with another ciphertext it is used twice."""
        p: i64 = self.gos.nonce
        h: u64 = self.win.digest(p - 1, p + 12, self.salt ^ NONCE)
        body: u64 = self.win.digest(p + 12, stop, self.salt)
        if not self.replays.find(h):
            self.replays.put(h, cython.cast(u64, self.time), body)
        elif self.replays.word != body:
            self.tab.D[d].nonce_reuse += 1
            if self.tab.D[d].nonce_frame == 0:
                self.tab.D[d].nonce_frame = self.packets
        elif self.time - cython.cast(i64, self.replays.time) > MINUTE:
            self.tab.D[d].replays += 1
            if self.tab.D[d].replay_frame == 0:
                self.tab.D[d].replay_frame = self.packets

    def ping(self, d: i64) -> None:
        """A ping's sequence number: see ``replays``."""
        number: i64 = self.gos.sequence
        sender: u64 = mix(self.lay.s0 ^ self.salt ^ SENDER)
        key: u64
        high: i64 = -1
        when: i64 = 0
        sender = mix(sender ^ self.lay.s1 ^ (cython.cast(u64, self.win.be16(self.lay.p)) << 48))
        key = mix(sender ^ cython.cast(u64, number))
        if self.replays.find(sender):
            high = cython.cast(i64, self.replays.word)
            when = cython.cast(i64, self.replays.time)
        if number > high:
            if self.watching and high >= 0:
                if number - high <= 1024:
                    self.suspects.convict(sender)
                else:
                    self.suspects.acquit(sender)
                self.watching = len(self.suspects.senders)
            self.replays.put(sender, cython.cast(u64, self.time), cython.cast(u64, number))
        elif self.time - when > THIRTY_SECONDS:  # it goes on from a low number
            self.suspects.acquit(sender)
            self.watching = len(self.suspects.senders)
            self.replays.put(sender, cython.cast(u64, self.time), cython.cast(u64, number))
        elif self.replays.find(key) and self.time - cython.cast(i64, self.replays.time) > MINUTE:
            self.suspects.add(sender, self.tab.F[d >> 1].number, d & 1, self.packets)
            self.watching = len(self.suspects.senders)
        if not self.replays.find(key):
            self.replays.put(key, cython.cast(u64, self.time), 0)

    def convicted(self, number: int, side: int, frame: int) -> None:
        """A suspect ping was a replay: its flow's side counts it."""
        r: i64 = self.tab.row(number)
        if r < 0:
            self.notes["replays-of-ended-flows"] += 1
            return
        self.tab.D[2 * r + side].replays += 1
        if self.tab.D[2 * r + side].replay_frame == 0:
            self.tab.D[2 * r + side].replay_frame = frame

    # --- TCP ---------------------------------------------------------------------------------------------------

    def tcp(self) -> i64:
        """A TCP header at the layers' ``p``."""
        lay: Layers = self.lay
        p: i64 = lay.p
        q: i64
        flags: i64
        wire: i64
        d: i64
        if lay.stop - p < 20:
            return lay.short() if lay.end - p >= 20 else MALFORMED
        q = p + (self.win.b[p + 12] >> 4 << 2)
        if q < p + 20 or q > lay.end:
            return MALFORMED
        wire = lay.end - q
        if self.twice(p, M64, p + 20, wire, 0):
            return DUPLICATE
        flags = self.win.b[p + 13]
        d = self.side()
        self.tab.D[d].flags |= flags & 0x3F
        if wire > 0:
            self.tab.D[d].payloads += 1
        self.segment(d, q if q < lay.stop else lay.stop, wire, self.win.be32(p + 4), flags)
        if flags & 16 and self.tab.D[d ^ 1].held:
            self.acknowledged(d ^ 1, self.win.be32(p + 8))
        return TCP

    def reused(self, r: i64, flip: i64) -> i64:
        """Does the SYN at the layers' ``p`` begin another connection than the row's?"""
        d: i64 = 2 * r + (flip ^ cython.cast(i64, self.tab.F[r].flip))
        start: i64 = (self.win.be32(self.lay.p + 4) + 1) & (P32 - 1)
        return self.tab.D[d].next >= 0 and cython.cast(i64, self.tab.D[d].isn) != start

    def segment(self, d: i64, p: i64, wire: i64, sequence: i64, flags: i64) -> None:
        """One segment: its payload begins at ``p`` and has ``wire`` bytes; hand on what is next in order."""
        ahead: i64
        stop: i64 = self.lay.stop
        if flags & 2:
            sequence = (sequence + 1) & (P32 - 1)
            if self.tab.D[d].next < 0:
                self.tab.D[d].next = self.tab.D[d].isn = sequence
                self.tab.D[d].begun = 1
                if not flags & 16:
                    self.tab.F[d >> 1].opener = d & 1
                elif self.tab.F[d >> 1].opener < 0:
                    self.tab.F[d >> 1].opener = (d & 1) ^ 1
        if wire <= 0 or flags & 4:
            return
        if self.tab.D[d].next < 0:
            self.tab.D[d].next = sequence
            self.tab.D[d].isn = P32  # not known
        ahead = (sequence - self.tab.D[d].next) & (P32 - 1)
        if ahead >= HALF:  # again; perhaps with something new after it
            ahead = P32 - ahead
            if ahead >= wire:
                return
            wire -= ahead
            p = p + ahead if p + ahead < stop else stop
            ahead = 0
        if ahead or self.tab.D[d].held:
            self.hold(d, p, wire, ahead)
            return
        self.tab.D[d].next += wire
        if self.tab.D[d].enough:
            self.tab.D[d].pending += wire
            self.tab.D[d].begun = 0
            self.tab.D[d].lost += wire - (stop - p)
        else:
            self.deliver(d, bytes(self.win.buffer[p:stop]), wire, self.time, self.packets)

    def deliver(self, d: i64, data: bytes, wire: i64, time: i64, frame: i64) -> None:
        """Hand on the side's next bytes: ``data`` was captured of ``wire``."""
        size: i64 = len(data)
        self.tab.D[d].lost += wire - size
        if self.tab.D[d].enough or size == 0:
            self.tab.D[d].pending += wire
            self.tab.D[d].begun = 0
            return
        self.hand(d, data, time, frame, self.tab.D[d].pending, self.tab.D[d].begun == 1)
        self.tab.D[d].pending = wire - size
        self.tab.D[d].begun = 0

    def hold(self, d: i64, p: i64, wire: i64, ahead: i64) -> None:
        """A segment before its turn, or in its turn while others wait."""
        start: i64 = self.tab.D[d].next + ahead
        self.early.insert(d, Held(start, start + wire, bytes(self.win.buffer[p:self.lay.stop]), self.time, self.packets))
        self.flush(d)
        while d in self.early.sides and self.early.full(d):
            self.give_up(d)
        self.tab.D[d].held = len(self.early.sides.get(d, ()))

    def flush(self, d: i64) -> None:
        """Hand on the waiting segments whose turn it is."""
        while d in self.early.sides and self.early.sides[d][0].start == self.tab.D[d].next:
            first = self.early.pop(d)
            self.tab.D[d].next = first.end
            self.deliver(d, first.data, first.end - first.start, first.time, first.frame)
        self.tab.D[d].held = len(self.early.sides.get(d, ()))

    def give_up(self, d: i64) -> None:
        """The bytes before the first waiting segment will not come."""
        start: i64 = self.early.sides[d][0].start
        lost: i64 = start - self.tab.D[d].next
        self.notes["given-up-holes"] += 1
        self.notes["lost-bytes"] += lost
        self.tab.D[d].lost += lost
        self.tab.D[d].pending += lost
        self.tab.D[d].begun = 0
        self.tab.D[d].next = start
        self.flush(d)

    def acknowledged(self, d: i64, number: i64) -> None:
        """The other side has all bytes before ``number``: a hole before it is the capture's."""
        ahead: i64 = (number - self.tab.D[d].next) & (P32 - 1)
        while 0 < ahead < HALF and self.tab.D[d].held and self.early.sides[d][0].start <= self.tab.D[d].next + ahead:
            self.give_up(d)
            ahead = (number - self.tab.D[d].next) & (P32 - 1)

    # --- fragments ---------------------------------------------------------------------------------------------

    def fragment(self) -> i64:
        """An IP fragment's payload at the layers' ``p``."""
        lay: Layers = self.lay
        i: i64
        if self.twice(lay.p, M64, lay.p, 1, 1 + lay.offset):
            return DUPLICATE
        key = (lay.family, lay.proto, lay.s0, lay.s1, lay.d0, lay.d1, lay.ident)
        data = bytes(self.win.buffer[lay.p:lay.stop]) if lay.stop > lay.p else b""
        done = self.frags.add(key, (lay.offset, lay.offset + lay.end - lay.p, data), more=lay.more != 0, time=self.time,
                              frame=self.packets, wire=self.weight_bytes,
                              trail=tuple([lay.trail[i] for i in range(lay.depth)]))
        for whole in done:
            self.reassembled(whole)
        return FRAGMENT

    def reassembled(self, whole: Whole) -> None:
        """Screen a datagram put together (or its beginning) like any other; its packets are already counted."""
        lay: Layers = self.lay
        now: i64 = self.time
        frame: i64 = self.packets
        kind: i64
        n: i64 = len(whole.data)
        buffer = self.win.buffer
        self.fragment_buffer[0:n] = whole.data
        self.win.look(self.fragment_buffer)
        lay.family, lay.proto, lay.s0, lay.s1, lay.d0, lay.d1, lay.ident = whole.key
        lay.depth = len(whole.trail)
        for i in range(len(whole.trail)):
            lay.trail[i] = whole.trail[i]
        lay.p = 0
        lay.stop = n
        lay.end = whole.size
        lay.cut = whole.size > n
        self.time = whole.time
        self.packets = whole.frame
        self.weight = whole.packets
        self.weight_bytes = whole.wire
        kind = lay.walk(-3)
        if kind == UDP:
            self.udp()
        elif kind == TCP:
            self.tcp()
        elif kind == FRAGMENT:
            self.notes["fragments-in-fragments"] += 1
        self.win.look(buffer)
        self.time = now
        self.packets = frame

    # --- handing over ------------------------------------------------------------------------------------------

    def hand(self, d: i64, data: bytes, time: i64, frame: i64, lost: i64, start: bool) -> None:
        self.out.append(Payload(self.tab.F[d >> 1].number, d & 1, data, time, frame, lost, start))
        self.out_bytes += len(data)

    def payloads(self) -> Iterator[Payload]:
        """What is handed on, in order; each once."""
        out = self.out
        self.out = []
        self.out_bytes = 0
        return iter(out)

    def ended(self) -> Iterator[Flow]:
        """The flows that are over; each once. After ``close``: all of the input."""
        over = self.over
        self.over = []
        yield from over
        for it in over:
            self.ended_flows.pop(it.number, None)
        if self.closing:
            for r in range(self.tab.high):
                if self.tab.F[r].number != M64:
                    yield fold(self.tab, r, self.input, self.tunnels.pop(r, ""), counted=True)
                    self.tab.remove(r)

    def end(self, r: i64) -> None:
        """The flow of row ``r`` is over."""
        d: i64
        for d in range(2 * r, 2 * r + 2):
            while self.tab.D[d].held:
                self.give_up(d)
        it = fold(self.tab, r, self.input, self.tunnels.pop(r, ""), counted=True)
        self.over.append(it)
        self.ended_flows[it.number] = it
        self.tab.remove(r)

    def flow(self, number: int) -> Flow:
        """Who a flow is that a payload was handed on of; its counters stand in it only once it has ended."""
        r: i64 = self.tab.row(number)
        if r < 0:
            return self.ended_flows[number]
        return fold(self.tab, r, self.input, self.tunnels.get(r, ""), counted=False)

    def enough(self, number: int, side: int) -> None:
        """This side's payloads are not handed on any more; they are still counted."""
        r: i64 = self.tab.row(number)
        if r >= 0:
            self.tab.D[2 * r + side].enough = 1

    def resume(self, number: int, side: int) -> None:
        """This side's payloads are handed on again; what was not is ``lost`` before the next one."""
        r: i64 = self.tab.row(number)
        if r >= 0:
            self.tab.D[2 * r + side].enough = 0

    def close(self) -> None:
        """The input ends: holes and fragments are given up; drain ``payloads``, then ``ended`` gives every flow."""
        d: i64
        if self.frags is not None:
            for whole in self.frags.close():
                self.reassembled(whole)
        for d in list(self.early.sides):
            while self.tab.D[d].held:
                self.give_up(d)
        self.closing = 1
