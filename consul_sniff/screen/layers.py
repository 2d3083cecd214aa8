"""From the link layer to the transport header, through tags and tunnels.

One step a method: each reads the header at ``p``, moves ``p`` on and names the next step (negative), or the terminal
counter that the packet lands in (0 and up: an index of ``TERMINALS``). Numbers of link types are those of
tcpdump.org/linktypes.html.
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

from .words import Window

#: Every packet lands in exactly one of these.
TERMINALS = ("tcp", "udp", "other-transport", "not-ip", "fragment", "duplicate", "cut-headers", "malformed",
             "tunnel-depth", "unsupported-link", "filtered-out", "outside-time")
TCP = cython.declare(i64, 0)
UDP = cython.declare(i64, 1)
OTHER = cython.declare(i64, 2)
NOT_IP = cython.declare(i64, 3)
FRAGMENT = cython.declare(i64, 4)
CUT = cython.declare(i64, 6)
MALFORMED = cython.declare(i64, 7)
DEPTH = cython.declare(i64, 8)
UNSUPPORTED = cython.declare(i64, 9)

IP4 = cython.declare(i64, -1)
IP6 = cython.declare(i64, -2)
TRANSPORT = cython.declare(i64, -3)
ETHERTYPE = cython.declare(i64, -4)
ETHERNET = cython.declare(i64, -5)
PPP = cython.declare(i64, -6)
MPLS = cython.declare(i64, -7)
GRE = cython.declare(i64, -8)
PPPOE = cython.declare(i64, -9)

M32 = cython.declare(u64, 0xFFFFFFFF)
MAX_LAYERS = cython.declare(i64, limits.LAYERS)
MAX_EXTENSIONS = cython.declare(i64, limits.IPV6_EXTENSIONS)

Words = tuple[int, ...]
#: kinds of outer layer, as ``trail`` holds them
TUNNELS = ("", "vlan", "mpls", "vxlan", "geneve", "gre", "ip-in-ip", "pppoe", "erspan")


class Layers:
    """Where a packet's transport header is, whose it is, and what lies around it.

    In: ``p`` (first byte), ``stop`` (end of what was captured), ``end`` (end on the wire), ``cut`` (they differ), ``depth`` 0.
    Out: ``p`` at the transport header, ``stop`` and ``end`` of the innermost IP packet, ``family``, ``proto``, source
    words ``s0 s1``, destination words ``d0 d1``, ``ident`` (IPv4's or the fragment header's), ``offset`` and ``more`` of
    a fragment, ``trail[:depth]``: the outer layers as kind << 32 | id.
    """

    def __init__(self, window: Window) -> None:
        self.win = window
        self.trail = array("Q", [0] * (limits.LAYERS + 1))
        self.p = self.stop = self.end = self.depth = self.cut = 0
        self.family = self.proto = self.ident = self.offset = self.more = self.etype = 0
        self.s0 = self.s1 = self.d0 = self.d1 = 0

    def walk(self, step: i64) -> i64:
        """Go down from ``step`` at ``p``: the terminal counter; TCP, UDP and FRAGMENT leave the rest to the caller."""
        while step < 0:
            if step == IP4:
                step = self.ip4()
            elif step == TRANSPORT:
                step = self.transport()
            elif step == ETHERTYPE:
                step = self.ethertype()
            elif step == IP6:
                step = self.ip6()
            elif step == ETHERNET:
                step = self.ethernet()
            elif step == PPP:
                step = self.ppp()
            elif step == MPLS:
                step = self.mpls()
            elif step == GRE:
                step = self.gre()
            else:
                step = self.pppoe()
        return step

    def inner(self, key: Words, trail: Words, size: i64, wire: i64) -> None:
        """Stand at the beginning of a datagram put together: [0, size) of ``wire`` bytes. ``key``: as Fragments has it."""
        i: i64
        self.family, self.proto, self.s0, self.s1, self.d0, self.d1, self.ident = key
        self.depth = len(trail)
        for i in range(self.depth):
            self.trail[i] = trail[i]
        self.p = 0
        self.stop = size
        self.end = wire
        self.cut = wire > size

    def link(self, kind: i64) -> i64:
        """The first step for a link type (LINKTYPE_ number)."""
        p: i64 = self.p
        size: i64 = self.stop - p
        value: i64
        if kind == 1:
            return self.ethernet()
        if kind == 113:
            if size < 16:
                return self.short()
            self.etype = self.win.be16(p + 14)
            self.p = p + 16
            return ETHERTYPE
        if kind == 276:
            if size < 20:
                return self.short()
            self.etype = self.win.be16(p)
            self.p = p + 20
            return ETHERTYPE
        if kind == 101 or kind == 12 or kind == 14 or kind == 228 or kind == 229:
            return self.nibble()
        if kind == 0 or kind == 108:
            if size < 4:
                return self.short()
            value = self.win.be32(p)  # NULL is in the capturing machine's order: small in one of the two
            if value > 0xFFFF:
                value = value >> 24
            self.p = p + 4
            if value == 2:
                return IP4
            return IP6 if value == 10 or value == 23 or value == 24 or value == 28 or value == 30 else NOT_IP
        if kind == 9:
            return PPP
        if kind == 50:
            if size < 4:
                return self.short()
            if self.win.b[p] == 0xFF:
                return PPP
            self.etype = self.win.be16(p + 2)  # Cisco HDLC
            self.p = p + 4
            return ETHERTYPE
        return PPPOE if kind == 51 else UNSUPPORTED

    def short(self) -> i64:
        """A header that ends too early: by the snap length, or by its own fault."""
        return CUT if self.cut else MALFORMED

    def nibble(self) -> i64:
        """IPv4 or IPv6, whichever the first four bits say."""
        if self.p >= self.stop:
            return self.short()
        if self.win.b[self.p] >> 4 == 4:
            return IP4
        return IP6 if self.win.b[self.p] >> 4 == 6 else NOT_IP

    def deeper(self, kind: i64, ident: i64, step: i64) -> i64:
        """Into an inner layer: ``step``, or the terminal counter where there are too many."""
        if self.depth >= MAX_LAYERS:
            return DEPTH
        self.trail[self.depth] = (cython.cast(u64, kind) << 32) | cython.cast(u64, ident)
        self.depth += 1
        return step

    def ethernet(self) -> i64:
        if self.stop - self.p < 14:
            return self.short()
        self.etype = self.win.be16(self.p + 12)
        self.p += 14
        return self.ip4() if self.etype == 0x0800 else ETHERTYPE

    def ethertype(self) -> i64:
        p: i64 = self.p
        kind: i64 = self.etype
        if kind == 0x0800:
            return IP4
        if kind == 0x86DD:
            return IP6
        if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100:
            if self.stop - p < 4:
                return self.short()
            self.etype = self.win.be16(p + 2)
            self.p = p + 4
            return self.deeper(1, self.win.be16(p) & 0xFFF, ETHERTYPE)
        if kind == 0x8847 or kind == 0x8848:
            return MPLS
        if kind == 0x8864:
            return PPPOE
        if (kind < 0x600 and self.stop - p >= 8 and self.win.be16(p) == 0xAAAA and self.win.b[p + 2] == 3
                and self.win.b[p + 6] >= 6):  # an 802.3 length, then LLC and SNAP with an ethertype
            self.etype = self.win.be16(p + 6)
            self.p = p + 8
            return ETHERTYPE
        return NOT_IP

    def pppoe(self) -> i64:
        if self.stop - self.p < 6:
            return self.short()
        if self.win.b[self.p] != 0x11 or self.win.b[self.p + 1] != 0:
            return NOT_IP
        self.p += 6
        return self.deeper(7, self.win.be16(self.p - 4), PPP)

    def ppp(self) -> i64:
        p: i64 = self.p
        kind: i64
        if self.stop - p < 4:
            return self.short()
        if self.win.b[p] == 0xFF and self.win.b[p + 1] == 3:
            p += 2
        if self.win.b[p] & 1:  # compressed to one byte
            kind = self.win.b[p]
            p += 1
        else:
            kind = self.win.be16(p)
            p += 2
        self.p = p
        if kind == 0x21:
            return IP4
        if kind == 0x57:
            return IP6
        return MPLS if kind == 0x281 else NOT_IP

    def mpls(self) -> i64:
        p: i64 = self.p
        label: i64 = self.win.be16(p) << 4 | self.win.b[p + 2] >> 4 if self.stop - p >= 4 else 0
        while True:
            if self.stop - p < 4:
                return self.short()
            p += 4
            if self.win.b[p - 2] & 1:
                break
            if p - self.p >= 64:
                return MALFORMED
        self.p = p
        if p < self.stop and self.win.b[p] >> 4 == 0:  # a pseudowire's control word
            self.p = p + 4
            return self.deeper(2, label, ETHERNET)
        return self.deeper(2, label, self.nibble())

    def ip4(self) -> i64:
        p: i64 = self.p
        x: u64
        size: i64
        total: i64
        if self.stop - p < 20:
            return self.short()
        x = self.win.be64(p)  # version and size, service, length, id, flags and offset
        if x >> 60 != 4:
            return MALFORMED
        size = (x >> 56 & 15) << 2
        total = x >> 32 & 0xFFFF
        if size < 20:
            return MALFORMED
        if total:  # 0: segmentation offload, the length is what the record says
            if total < size:
                return MALFORMED
            self.end = p + total
        if self.end < self.stop:
            self.stop = self.end  # what follows is Ethernet's padding
        if self.stop - p < size:
            return self.short()
        self.family = 4
        self.ident = x >> 16 & 0xFFFF
        self.proto = self.win.b[p + 9]
        self.p = p + size
        if x & 0x3FFF:
            self.offset = (x & 0x1FFF) << 3
            self.more = x & 0x2000
            size = 0
        x = self.win.be64(p + 12)
        self.s0 = x >> 32
        self.d0 = x & M32
        self.s1 = self.d1 = 0
        if size == 0:
            return FRAGMENT
        return TCP if self.proto == 6 else self.transport()

    def ip6(self) -> i64:
        p: i64 = self.p
        kind: i64
        _: i64
        total: i64
        if self.stop - p < 40:
            return self.short()
        if self.win.b[p] >> 4 != 6:
            return MALFORMED
        total = self.win.be16(p + 4)
        if total:  # 0: a jumbogram, or segmentation offload
            self.end = p + 40 + total
        if self.end < self.stop:
            self.stop = self.end
        self.family = 6
        self.ident = 0
        self.s0 = self.win.word(p + 8)
        self.s1 = self.win.word(p + 16)
        self.d0 = self.win.word(p + 24)
        self.d1 = self.win.word(p + 32)
        kind = self.win.b[p + 6]
        p += 40
        for _ in range(MAX_EXTENSIONS + 1):
            if kind == 0 or kind == 43 or kind == 60 or kind == 135 or kind == 139 or kind == 140:
                total = 8 + (self.win.b[p + 1] << 3) if self.stop - p >= 2 else 8
            elif kind == 51:
                total = 8 + (self.win.b[p + 1] << 2) if self.stop - p >= 2 else 8
            elif kind == 44:
                total = 8
            else:
                self.proto = kind
                self.p = p
                return TRANSPORT
            if self.stop - p < total:
                return self.short()
            if kind == 44:
                self.offset = self.win.be16(p + 2) & 0xFFF8
                self.more = self.win.b[p + 3] & 1
                if self.offset or self.more:  # neither: RFC 6946's atomic fragment, whole
                    self.ident = self.win.be32(p + 4)
                    self.proto = self.win.b[p]
                    self.p = p + 8
                    return FRAGMENT
            kind = self.win.b[p]
            p += total
        return MALFORMED

    def transport(self) -> i64:
        if self.proto == 6:
            return TCP
        if self.proto == 17:
            if self.stop - self.p >= 24 and self.win.b[self.p + 2] >= 0x12:
                return self.udp()
            return UDP
        if self.proto == 4:
            return self.deeper(6, 0, IP4)
        if self.proto == 41:
            return self.deeper(6, 0, IP6)
        if self.proto == 47:
            return GRE
        if self.proto == 137:
            return MPLS
        if self.proto == 51 and self.family == 4:
            return self.authentication()
        return OTHER

    def authentication(self) -> i64:
        """IPsec's AH (RFC 4302): it hides nothing. IPv6's are among the extension headers."""
        size: i64 = 8 + (self.win.b[self.p + 1] << 2) if self.stop - self.p >= 2 else 8
        if self.stop - self.p < size:
            return self.short()
        self.proto = self.win.b[self.p]
        self.p += size
        return OTHER if self.proto == 51 else TRANSPORT

    def udp(self) -> i64:
        """VXLAN (RFC 7348) and Geneve (RFC 8926), where the port and the bytes both say so."""
        p: i64 = self.p + 8
        port: i64 = self.win.be16(p - 6)
        kind: i64
        size: i64
        if port == 4789 or port == 8472:
            if self.stop - p < 22 or self.win.b[p] & 0x77 or not self.win.b[p] & 8 or self.win.b[p + 7]:
                return UDP
            if not self.carried(self.win.be16(p + 20)):
                return UDP
            self.p = p + 8
            return self.deeper(3, self.win.be32(p + 4) >> 8, ETHERNET)
        if port == 6081:
            size = 8 + ((self.win.b[p] & 63) << 2)
            kind = self.win.be16(p + 2)
            if self.stop - p < size + 14 or self.win.b[p] >> 6 or self.win.b[p + 1] & 63 or self.win.b[p + 7]:
                return UDP
            if kind == 0x6558:
                if not self.carried(self.win.be16(p + size + 12)):
                    return UDP
            elif kind != 0x0800 and kind != 0x86DD:
                return UDP
            self.etype = kind
            self.p = p + size
            return self.deeper(4, self.win.be32(p + 4) >> 8, ETHERNET if kind == 0x6558 else ETHERTYPE)
        return UDP

    def carried(self, kind: i64) -> i64:
        """An ethertype that tunnels really carry? So that a payload which only looks like a tunnel is told apart."""
        return (kind == 0x0800 or kind == 0x86DD or kind == 0x0806 or kind == 0x8100 or kind == 0x88A8
                or kind == 0x8847 or kind == 0x88CC or kind == 0x8864)

    def gre(self) -> i64:
        """RFC 2784/2890, RFC 2637 (PPTP), and what Cisco's ERSPAN carries in it."""
        p: i64 = self.p
        flags: i64
        kind: i64
        size: i64 = 4
        key: i64 = 0
        if self.stop - p < 4:
            return self.short()
        flags = self.win.be16(p)
        kind = self.win.be16(p + 2)
        if flags & 0x4000 or flags & 7 > 1:
            return OTHER
        size += 4 if flags & 0x8000 else 0
        if flags & 0x2000:
            key = self.win.be32(p + size) if self.stop - p >= size + 4 else 0
            size += 4
        size += 4 if flags & 0x1000 else 0
        size += 4 if flags & 0x0080 and flags & 7 == 1 else 0
        if kind == 0x88BE and flags & 0x1000:
            size += 8
        elif kind == 0x22EB:
            if self.stop - p < size + 12:
                return self.short()
            size += 20 if self.win.b[p + size + 11] & 1 else 12
        if self.stop - p < size:
            return self.short()
        self.p = p + size
        if kind == 0x880B:
            return self.deeper(5, key & 0xFFFF, PPP)
        if kind == 0x6558:
            return self.deeper(5, key, ETHERNET)
        if kind == 0x88BE or kind == 0x22EB:
            return self.deeper(8, 0, ETHERNET)
        if kind == 0x0800 or kind == 0x86DD or kind == 0x8847:
            self.etype = kind
            return self.deeper(5, key, ETHERTYPE)
        return OTHER


def tunnel_text(trail: list[int]) -> str:
    """Outer layers for people: ``vlan 12, vxlan 7``."""
    return ", ".join(f"{TUNNELS[word >> 32]} {word & 0xFFFFFFFF}".removesuffix(" 0") for word in trail)
