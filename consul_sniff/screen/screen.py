"""The screen: one pass over blocks of captured records. Counts every packet, hands on only what someone must read.

Every packet goes through ``sort``: layers, duplicates, flow table, then ``udp`` or ``tcp``. Only payloads that are handed on,
and flows that end, become Python objects (``Flows``).
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from typing import TYPE_CHECKING, cast

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .ahead import Ahead
from .conversations import Conversations
from .flows import Flows
from .fragments import Datagram, Fragments
from .gossip import Gossip
from .handover import HandOver
from .layers import TERMINALS, Layers, tunnel_text
from .others import Others
from .records import Records
from .repeats import Repeats
from .streams import Streams
from .table import SHARED_ROWS, SHARES, Table
from .words import Seen, Window

if not cython.compiled:
    from .table import share_of
    from .words import mix

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..facts import InputFacts
    from ..model import Block

compiled = bool(cython.compiled)

TCP = cython.declare(i64, 0)
UDP = cython.declare(i64, 1)
OTHER = cython.declare(i64, 2)
FRAGMENT = cython.declare(i64, 4)
DUPLICATE = cython.declare(i64, 5)
MALFORMED = cython.declare(i64, 7)
UNSUPPORTED = cython.declare(i64, 9)
FILTERED = cython.declare(i64, 10)
OUTSIDE = cython.declare(i64, 11)
TRANSPORT = cython.declare(i64, -3)  # a step of Layers

PLAIN = cython.declare(i64, 1)  # what Gossip.datagram says
SEALED1 = cython.declare(i64, 2)
NEITHER = cython.declare(i64, 0)

DATAGRAM = cython.declare(u64, 0x64617467)  # salts a datagram's digest
ALONE = cython.declare(object, (0, 0))  # Payload.sleeps of a datagram that may be known by heart
EVEN = cython.declare(u64, 0xFFFFFFFFFFFFFFFE)
M16 = cython.declare(u64, 0xFFFF)
M32 = cython.declare(u64, 0xFFFFFFFF)
M48 = cython.declare(u64, 0xFFFFFFFFFFFF)
M64 = cython.declare(u64, 0xFFFFFFFFFFFFFFFF)
FOREIGN = cython.declare(i64, len(TERMINALS))  # in no counter: another process counts it
FOREVER = cython.declare(i64, 0x7FFFFFFFFFFFFFFF)

HAND_OVER = cython.declare(i64, 64)  # payloads, then feed returns, so that `enough` and `follow` are heard early
HAND_OVER_BYTES = cython.declare(i64, 4 * 1024 * 1024)


class Screen(Flows):
    """Feed it the blocks of one input after another: ``open``, ``feed`` ..., ``close``; drain after each.

    Of all inputs: ``counters`` and ``notes``. Of the input since ``open``: ``packets``, ``bytes`` (as kept), ``first`` and
    ``last`` (ns), ``cut_packets``, ``link_types``, ``unsupported``.
    """

    def __init__(self, *, flows: int = limits.FLOWS, everything: bool = False, sealed: bool = False,
                 since: int | None = None, until: int | None = None, hints: frozenset[int] = frozenset(),
                 shares: int | None = None, quiet: bool = False, understand: bool = True) -> None:
        """``everything``: hand on every UDP payload; ``sealed``: sealed gossip too; ``since``, ``until``: ns, both included;
        ``hints``: ports that are likely of interest (nothing is left out for want of a hint). ``shares``: a bit for each
        share of the flows that is kept here, where other processes keep the others (``sort``). ``quiet``: flows of which
        nothing was handed on are added up here (``conversations``), not given. ``understand`` False: what others say is
        handed on, too (``others``), as it is with ``everything``."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.win = Window(seed)
        self.rec = Records(self.win)
        self.lay = Layers(self.win)
        table = Table(max(flows, 16) if flows < SHARED_ROWS else flows // SHARES * SHARES, seed)
        outlet = HandOver(table)
        others = Others(self.win, table, outlet, off=everything or not understand)
        self.notes: Counter[str] = Counter()
        tcps = Streams(self.win, table, outlet, others, self.notes)
        tcps.asleep.off = tcps.eager = everything
        super().__init__(table, outlet, others, tcps, Conversations(table, hints) if quiet else None, everything)
        self.gos = Gossip(self.win, Seen(1 << 18))
        self.rep = Repeats(self.win, self.lay, table)
        self.own = -1 if shares is None else shares
        self.ahead = Ahead(self.win, self.rec, table, self.rep, tcps.units, self.own)
        self.lead = self.own & 1
        self.share = 0
        self.frags = Fragments(self.notes)
        self.whole = bytearray(65_536 + 64)  # a datagram put together
        self.sealed = 1 if sealed else 0
        self.since = since if since is not None else -1
        self.until = until if until is not None else FOREVER
        self.terminals = array("q", [0] * (len(TERMINALS) + 1))
        self.link_types: set[int] = set()
        self.unsupported: set[int] = set()
        self.accept: Callable[[bytes, int, int], bool] | None = None
        self.idle = True
        self.k0 = self.k1 = self.k2 = self.k3 = self.k4 = 0
        self.flip = self.row = 0
        self.tick = self.evicted = 0
        self.open(0)

    def unmeet(self) -> None:
        """Forget what was met; new tables, which take no memory yet (see also Repeats.begin)."""
        self.gos.seen = Seen(1 << 18)
        self.rep.begin(self.gos.salt)

    def open(self, input_index: int, before: InputFacts | None = None) -> None:
        """A new input: its frames begin at 1, and nothing of an earlier input is remembered. ``before``: of this one so
        much was counted already, and its frames go on from there."""
        self.restart(input_index)
        self.frags = Fragments(self.notes if self.lead else Counter())
        self.rec.time = 0
        self.gos.salt = (self.gos.salt + 1) & 0xFFFFFFFF  # what was met in another input is not known here
        self.unmeet()
        self.packets = self.bytes = self.first = self.last = self.cut_packets = 0
        if before is not None:
            self.packets, self.bytes, self.cut_packets = before.packets, before.bytes, before.cut
            self.first, self.last = before.first, before.last
        self.link_types = set()
        self.unsupported = set()
        self.last_link = -1

    @property
    def counters(self) -> dict[str, int]:
        """Terminal counters: every packet is in exactly one."""
        return {name: self.terminals[i] for i, name in enumerate(TERMINALS) if self.terminals[i]}

    @property
    def waiting(self) -> int:
        """Bytes that nobody was given yet: TCP payload before its turn, or of messages that go on; datagrams of which fragments are
        missing."""
        return int(self.tcps.early.held + self.tcps.units.waiting + self.frags.held)

    # --- packets -----------------------------------------------------------------------------------------------

    def feed(self, block: Block) -> None:
        """Screen records from ``block.consumed`` on, and set it. ``idle`` False: drain and feed the same block again."""
        self.accept = cast("Callable[[bytes, int, int], bool] | None", block.accept)
        self.rec.begin(block)
        self.win.look(block.buffer)
        self.ahead.begin()
        try:
            self.run()
        finally:
            self.win.rest()
            block.consumed = self.rec.at
            self.note_evictions()
        self.idle = not self.crowded()

    def note_evictions(self) -> None:
        if self.evicted:
            self.notes["evicted-flows"] += self.evicted
            self.evicted = 0

    def crowded(self) -> i64:
        """Is the hand-over space full? One flow fills it: those that end after it would go the long way with it."""
        return len(self.outlet.payloads) >= HAND_OVER or self.outlet.bytes >= HAND_OVER_BYTES or len(self.over) > 0

    def run(self) -> None:
        """Records, until there is none or the hand-over space is full."""
        rec: Records = self.rec
        before: i64 = -1
        moved: i64
        while rec.step():
            self.ahead.look()
            self.packets += 1
            self.bytes += rec.size
            self.time = rec.time
            if self.packets == 1:
                self.first = self.last = rec.time
            elif rec.time > self.last:
                self.last = rec.time
            elif rec.time < self.first:
                self.first = rec.time
            if rec.size < rec.wire:
                self.cut_packets += 1
            self.weight = 1
            self.weight_bytes = rec.wire
            self.terminals[self.sort(rec.p, rec.size, rec.wire, rec.face)] += 1
            moved = self.outlet.bytes + self.endings
            if moved != before:  # something was handed on
                if self.crowded():
                    break
                before = moved

    def sort(self, p: i64, size: i64, wire: i64, face: i64) -> i64:
        """Screen one packet, captured [p, p + size) of ``wire`` bytes: its terminal counter.

        Where several processes read one input, each counts the packets of its own flows, and whose flows the first share
        is counts what belongs to no flow. All of them look at all gossip and all fragments, whose tables know no flows.
        """
        lay: Layers = self.lay
        link: i64 = self.rec.links[face]
        kind: i64
        if self.time < self.since or self.time > self.until:
            return OUTSIDE if self.lead else FOREIGN
        if self.accept is not None and not self.accept(self.win.take(p, p + size), wire, face):
            return FILTERED if self.lead else FOREIGN
        if link != self.last_link:
            self.link_types.add(link)
            self.last_link = link
        lay.p = p
        lay.stop = p + size
        lay.end = p + wire
        lay.cut = wire > size
        lay.depth = 0
        kind = lay.link(link)
        if kind == UNSUPPORTED:
            self.unsupported.add(link)
        if kind < 0:
            kind = lay.walk(kind)
        if kind == TCP:
            kind = self.tcp()
        elif kind == UDP:
            kind = self.udp()
        elif kind == FRAGMENT:
            kind = self.fragment()
        elif (kind == OTHER and self.lead and lay.ident and lay.family == 4
              and self.rep.twice(M64, lay.p, 1, 0, self.time, 0, 1)):
            kind = DUPLICATE  # ICMPv6 has no id, and repeats its reports within 50 ms
        return kind if self.lead or kind in (TCP, UDP, DUPLICATE) else FOREIGN

    def locate(self, sp: u64, dp: u64) -> i64:
        """Look up the flow of the packet at hand: its ``share``, key ``k0`` to ``k4``, ``flip`` and ``row`` (-1: it is new).
        0: another process keeps it.
        """
        lay: Layers = self.lay
        h: u64 = lay.s0 + lay.d0
        flip: i64 = 0
        if lay.family == 6:
            h ^= mix((lay.s1 + lay.d1) & M64)
        self.share = share_of(h, sp + dp)
        if not (self.own >> self.share) & 1:
            return 0
        if lay.s0 > lay.d0 or (lay.s0 == lay.d0 and (lay.s1 > lay.d1 or (lay.s1 == lay.d1 and sp > dp))):
            flip = 1
        self.k2 = self.k3 = self.k4 = 0
        if lay.family == 4:
            self.k0 = (lay.d0 << 32) | lay.s0 if flip else (lay.s0 << 32) | lay.d0
        elif flip:
            self.k0 = lay.d0
            self.k2 = lay.d1
            self.k3 = lay.s0
            self.k4 = lay.s1
        else:
            self.k0 = lay.s0
            self.k2 = lay.s1
            self.k3 = lay.d0
            self.k4 = lay.d1
        h = (dp << 16) | sp if flip else (sp << 16) | dp
        self.k1 = (cython.cast(u64, lay.family) << 40) | (cython.cast(u64, lay.proto) << 32) | h
        self.flip = flip
        self.row = self.tab.find(self.k0, self.k1, self.k2, self.k3, self.k4)
        return 1

    def side(self, syn: i64) -> i64:
        """The sender's side of the flow located (its index in ``D``), counted. ``syn``: a SYN's sequence number, else -1."""
        tab: Table = self.tab
        r: i64 = self.row
        d: i64
        if r >= 0 and syn >= 0 and self.tcps.begins(2 * r + (self.flip ^ tab.flip), syn):
            self.end(r)  # the port is used again
            r = -1
        if r < 0:
            r = self.insert()
        self.tick += 1
        tab.F[r].epoch = self.tick
        d = 2 * r + (self.flip ^ tab.flip)
        if tab.D[d].packets == 0:
            tab.D[d].first = tab.D[d].last = self.time
            tab.D[d].first_frame = self.packets
        tab.D[d].packets += self.weight
        tab.D[d].bytes += self.weight_bytes
        if self.time > cython.cast(i64, tab.D[d].last):
            tab.D[d].last = self.time
        elif self.time < cython.cast(i64, tab.D[d].first):
            tab.D[d].first = self.time
        return d

    def insert(self) -> i64:
        """A row for the flow located; where the table is full, the oldest idle flow ends."""
        r: i64
        self.tab.share = self.share if self.tab.shares > 1 else 0
        if self.tab.full():
            self.evicted += 1
            self.end(self.tab.oldest())
        r = self.tab.insert(self.k0, self.k1, self.k2, self.k3, self.k4, self.flip)
        if self.lay.depth:
            self.tunnels[r] = tunnel_text([self.lay.trail[i] for i in range(self.lay.depth)])
        return r

    # --- transports --------------------------------------------------------------------------------------------

    def tcp(self) -> i64:
        """A TCP header at the layers' ``p``."""
        lay: Layers = self.lay
        p: i64 = lay.p
        q: i64
        flags: i64
        d: i64
        number: i64
        x: u64
        y: u64
        if lay.stop - p < 20:
            return lay.short() if lay.end - p >= 20 else MALFORMED
        x = self.win.be64(p)  # ports, sequence number
        y = self.win.be64(p + 8)  # acknowledged, size of the header, flags, window
        q = p + (y >> 28 & 15) * 4
        if q < p + 20 or q > lay.end:
            return MALFORMED
        if not self.locate(x >> 48, x >> 32 & M16):
            return FOREIGN
        if self.rep.twice(M64, p + 20, lay.end - q, 0, self.time, self.share, 0):
            return DUPLICATE
        flags = y >> 16 & 0xFF
        number = x & M32
        d = self.side(number if flags & 2 else -1)
        self.tab.D[d].flags |= flags & 0x3F
        if lay.end > q:
            self.tab.D[d].payloads += 1
        self.tcps.segment(d, q if q < lay.stop else lay.stop, lay.stop, lay.end - q, number, flags, self.time, self.packets)
        if flags & 16 and self.tab.D[d ^ 1].held:
            self.tcps.acknowledged(d ^ 1, y >> 32)
        return TCP

    def udp(self) -> i64:
        """A UDP header at the layers' ``p``."""
        lay: Layers = self.lay
        p: i64 = lay.p
        x: u64
        size: i64
        stop: i64
        own: i64
        gossip: i64
        d: i64
        if lay.stop - p < 8:
            return lay.short() if lay.end - p >= 8 else MALFORMED
        x = self.win.be64(p)  # ports, length, checksum
        size = x >> 16 & 0xFFFF
        if size == 0:
            size = lay.end - p  # segmentation offload, or a jumbogram
        if size < 8:
            return MALFORMED
        stop = p + size if p + size < lay.stop else lay.stop
        own = self.locate(x >> 48, x >> 32 & M16)
        gossip = self.gos.may(p + 8, stop)
        if not own and not gossip:
            return FOREIGN
        if self.rep.twice(M48, p + 8, size > 8, 0, self.time, -1 if gossip else self.share, gossip and self.win.b[p + 8] != 1):
            return DUPLICATE if own else FOREIGN
        if not own:
            self.overhear(p + 8, stop, size - 8, self.rep.body if stop == lay.stop else 0)
            return FOREIGN
        d = self.side(-1)
        if size > 8:
            self.tab.D[d].payloads += 1
            self.datagram(d, p + 8, stop, size - 8, gossip, self.rep.body if stop == lay.stop else 0)
        return UDP

    def overhear(self, p: i64, stop: i64, size: i64, body: u64) -> None:
        """A datagram of a flow that another process keeps: what gossip's own tables must know of it."""
        kind: i64 = self.gos.datagram(p, stop, size, body)
        if kind == PLAIN:
            if self.gos.sequence >= 0:
                self.rep.ping(-1, self.gos.sequence, self.time, self.packets)
        elif kind != NEITHER and size == stop - p:
            self.rep.nonce(-1, self.gos.nonce, stop, self.time, self.packets)

    def datagram(self, d: i64, p: i64, stop: i64, size: i64, gossip: i64, body: u64) -> None:
        """Class, count and perhaps hand on a UDP payload: [p, stop) captured of ``size`` bytes; ``gossip``: it may be;
        ``body``: its digest, or 0."""
        kind: i64 = self.gos.datagram(p, stop, size, body) if gossip else NEITHER
        wanted: i64 = self.everything
        if kind == PLAIN:
            wanted |= self.plain(d)
        elif kind != NEITHER:
            if kind == SEALED1:
                self.tab.D[d].sealed1 += 1
            else:
                self.tab.E[d].sealed0 += 1
            if self.tab.E[d].sealed_frame == 0:
                self.tab.E[d].sealed_frame = self.packets
                wanted = 1
            wanted |= self.sealed
            if size == stop - p:
                self.rep.nonce(d, self.gos.nonce, stop, self.time, self.packets)
        else:
            self.tab.D[d].other += 1
            if not wanted and not self.tab.D[d].enough:
                wanted = self.gos.dns(p, stop)
                if (wanted and size == stop - p and not (gossip and self.gos.unsure(p))
                        and self.others.datagram(d, p, stop, self.time, self.packets)):
                    wanted = 0
        if kind and size > stop - p:
            self.tab.E[d].cut += 1
        if wanted and not self.tab.D[d].enough and stop > p:
            self.said(d, p, stop, size, kind)

    def said(self, d: i64, p: i64, stop: i64, size: i64, kind: i64) -> None:
        """Hand on a datagram, unless it is known what it says."""
        unit: u64 = 0
        self.others.leave(d >> 1)
        if kind == PLAIN and size == stop - p and not self.everything:
            unit = self.win.digest(p, stop, DATAGRAM) & EVEN
            if self.tcps.units.count(d, unit, self.time, self.packets):
                return
        self.outlet.hand(d, self.win.take(p, stop), self.time, self.packets, size - (stop - p), 0, unit, ALONE if unit else None)

    def plain(self, d: i64) -> i64:
        """Count a plaintext memberlist datagram: 1 where it is to be read."""
        count: i64
        self.tab.D[d].plain += 1
        count = cython.cast(i64, self.tab.D[d].plain)
        if self.gos.crc == 1:
            self.tab.E[d].crc_good += 1
        elif self.gos.crc == 2:
            self.tab.E[d].crc_bad += 1
        if self.gos.sequence >= 0:
            self.rep.ping(d, self.gos.sequence, self.time, self.packets)
        if count == 1:
            self.tab.E[d].plain1 = self.packets
        elif count == 2:
            self.tab.E[d].plain2 = self.packets
        elif count == 3:
            self.tab.E[d].plain3 = self.packets
        return count <= 2 or self.gos.news

    # --- fragments ---------------------------------------------------------------------------------------------

    def fragment(self) -> i64:
        """An IP fragment's payload at the layers' ``p``."""
        lay: Layers = self.lay
        h: u64
        end: i64 = lay.offset + lay.end - lay.p
        if self.rep.twice(M64, lay.p, 1, 1 + lay.offset, self.time, -1, 1):
            return DUPLICATE if self.lead else FOREIGN
        self.frags.expire(self.time)
        if self.frags.possible(lay.offset, end):
            h = self.tab.hash(lay.s0, lay.d0, lay.s1, lay.d1, cython.cast(u64, (((lay.family << 8) | lay.proto) << 32) | lay.ident))
            it = self.frags.waiting.get(h)
            if it is None:
                it = self.frags.begin(h, (lay.family, lay.proto, lay.s0, lay.s1, lay.d0, lay.d1, lay.ident),
                                      tuple(lay.trail[:lay.depth]) if lay.depth else (), self.time)
            self.frags.add(it, lay.offset, end, self.win.take(lay.p, lay.stop), lay.more, self.time, self.packets, self.weight_bytes)
        if self.frags.done:
            self.reassembled()
        return FRAGMENT

    def reassembled(self) -> None:
        """Screen the datagrams that are done (perhaps only their beginnings) like any other; their packets are already counted."""
        now: i64 = self.time
        frame: i64 = self.packets
        buffer, done, self.frags.done = self.win.buffer, self.frags.done, []
        self.win.look(self.whole)
        for it in done:
            self.again(it)
        self.win.look(buffer)
        self.time = now
        self.packets = frame

    def again(self, it: Datagram) -> None:
        """Screen a datagram put together."""
        kind: i64
        size: i64 = self.frags.lay(it, self.win)
        if size == 0:
            return
        self.lay.inner(it.key, it.trail, size, it.size)
        self.time = it.time
        self.packets = it.frame
        self.weight = it.packets
        self.weight_bytes = it.wire
        kind = self.lay.walk(TRANSPORT)
        if kind == UDP:
            self.udp()
        elif kind == TCP:
            self.tcp()
        elif kind == FRAGMENT and self.lead:
            self.notes["fragments-in-fragments"] += 1

    def close(self) -> None:
        """The input ends: holes and fragments are given up. Drain ``payloads``, then ``ended`` gives every flow."""
        self.frags.close()
        self.reassembled()
        self.tcps.close()
        self.note_evictions()
        if self.rep.lost:
            self.notes["replays-of-ended-flows"] += self.rep.lost
            self.rep.lost = 0
        self.unmeet()  # no packet comes: room for what the flows said, which is added up next
        self.closing = 1
