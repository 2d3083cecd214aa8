# cython: annotation_typing=False
"""Conversations that the screen added up: which of them anybody here can have something to say of, and the rows of the rest.

Most of a network's have nothing to do with Consul. Where nothing that was said tells of a datacenter, and nobody named the
responder's socket, a conversation is a *stranger*: a row of the report, made of numbers when the report is written. All others
are drawn, and become conversations like those of flows that were decoded. Compiled together with its ``.pxd``, which holds the types.
"""

from __future__ import annotations

import ctypes
import struct
from array import array
from binascii import b2a_base64
from collections import Counter, defaultdict
from hashlib import sha1
from itertools import starmap
from typing import TYPE_CHECKING, Any

from ..facts import OTHERS, ConversationKey
from ..model import Grade
from ..report import ConversationRow
from ..rows import MoreRecord, Rows, SumRecord, TalkRecord
from .addresses import PROTOCOLS, community_id, order, packed, same_host
from .channels import OTHERS as STRANGE
from .said_ports import is_port, located
from .talks import Shape, manner
from .telling import telling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ..facts import Conversation, Facts
    from ..report import Form
    from ..rows import Records
    from .pools import Socket
    from .ports import PortBook
    from .talks import Manner

#: parts of a key's second word
PORT, FAMILY, IPV4, OTHER = 0xFFFF, 15 << 40, 4 << 40, 1 << 48
TCP, UDP = PROTOCOLS["tcp"], PROTOCOLS["udp"]
LOW = 0xFFFFFFFF
SECOND = 10**9
_V4 = struct.Struct(">cIccIc")
_V6 = struct.Struct("=cQQccQQc")
_NOTHING = Rows(bytearray(), bytearray(), bytearray(), array("I"), {}, [], [], None)


def _records(record: type[ctypes.Structure], data: Records) -> Any:
    """Records of a kind, where they stand; one of zeros where there is none: a view of nothing cannot be had."""
    return (record * (len(data) // ctypes.sizeof(record))).from_buffer(data) if data else (record * 1)()


class Strangers:
    """``near``: conversations that are drawn; ``far``: the others. Numbers of both are for ``rows``."""

    def __init__(self, facts: Facts, book: PortBook, domain: str) -> None:
        assert len(facts.rows) < 2, "what several processes added up is put together before"
        self.rows = rows = facts.rows[0] if facts.rows else _NOTHING
        self.T = _records(TalkRecord, rows.talks)
        self.M = _records(MoreRecord, rows.more)
        self.S = _records(SumRecord, rows.sums)
        self.count = rows.talked
        self.heads = rows.heads if self.count else array("I", [0])
        self.near: list[int] = []
        self.far: list[int] = []
        self._bits: dict[Manner, int] = {}  # a bit for each manner
        self._manners: dict[int, int] = {}  # by side and place
        self._shapes: dict[int, Shape] = {}  # by the bits of their manners
        self._form: Form | None = None  # that was asked for last, and
        self._words: dict[Shape, str] = {}  # what stands there between transport and packets
        self._ends = self.E = bytearray(16)  # of a flow: seed, both addresses, protocol, zero, both ports
        self._part(facts, book, domain)

    def _part(self, facts: Facts, book: PortBook, domain: str) -> None:
        """A socket that only strangers named has nothing to tell: so one look at what the others named is enough."""
        known = _known(facts)
        keys = set(starmap(_numbers, known))
        sockets = {*_claimed(facts), *[end for key in known for end in _ends(key)]}
        wanted = _marked(book.ports)
        by_key = _marked([key.port for key in known])
        near = self._telling(domain)
        for t in range(self.count):
            port = self.T[t].k1 & PORT
            own = self.T[t].port if self.T[t].guessed and self.T[t].port > 0 else port
            if near[t] or wanted[port] or wanted[own] or (by_key[port] and self._key(t) in keys):
                near[t] = 1
                key = self.rows.key(t)
                sockets.update((*_ends(key), (key.source, self.T[t].port)))
        named = set(starmap(_socket, sockets))
        by_port = _marked([port for _, port in sockets])
        for t in range(self.count):
            if near[t] or (by_port[self.T[t].k1 & PORT] and self._responder(t) in named):
                self.near.append(t)
            else:
                self.far.append(t)

    def _telling(self, domain: str) -> bytearray:
        """Conversations in which something was said that tells of a datacenter, marked."""
        found = bytearray(self.count + 1)
        tells = bytearray([telling(protocol, kind, dict(fields), domain) for protocol, kind, _, fields, _ in self.rows.places])
        for i in range(len(self.rows.sums) // ctypes.sizeof(SumRecord)):
            if tells[(self.S[i].key & LOW) - 1]:
                found[self.S[i].key >> 33] = 1
        return found

    def _key(self, t: int) -> tuple[int, ...]:
        return self.T[t].k0, self.T[t].k1, self.M[t].k2, self.M[t].k3, self.M[t].k4

    def _responder(self, t: int) -> tuple[int, int, int]:
        k1 = self.T[t].k1 & (FAMILY | PORT)
        if k1 & FAMILY == IPV4:
            return k1, self.T[t].k0 & LOW, 0
        return k1, self.M[t].k3, self.M[t].k4

    def drawn(self) -> Iterator[tuple[ConversationKey, Conversation, list[tuple[int, int, int]]]]:
        """Those that are no strangers, and what was said in each: side, place, and the sum of how often."""
        for t in self.near:
            yield self.rows.key(t), self.rows.conversation(t), list(self.rows.said(t))

    def others(self, ports: Collection[int]) -> Counter[int]:
        """By the responder's port, for these: datagrams of strangers that are no gossip."""
        counts: Counter[int] = Counter()
        asked = _marked(ports)
        for t in self.far if ports else ():
            port = self.T[t].k1 & PORT
            if asked[port] and (self.T[t].k1 >> 32) & 255 == UDP:
                counts[port] += self.T[t].rest + self.M[t].rest
        return counts

    def manners(self) -> set[Manner]:
        """All that any of them can have spoken in."""
        return {manner(side, one) for one in self.rows.places for side in (0, 1)} if self.far else set()

    def alike(self) -> dict[tuple[Shape, str, bool, Grade], list[int]]:
        """Those in which something was said, by how, and by transport, whether they never left the host, and what they prove."""
        alike: dict[tuple[Shape, str, bool, Grade], list[int]] = defaultdict(list)
        for t in self.far:
            if self.heads[t]:
                key = self.rows.key(t)
                grade = Grade.TWO_WAY if key.transport == "tcp" else self._grade(t)
                alike[self.shape(t), key.transport, same_host(*key[:2]), grade].append(t)
        return alike

    def _grade(self, t: int) -> Grade:
        """As ``observations.grade``; there is no gossip in it, and who said something sent a payload."""
        source, responder = self.T[t].payloads, self.M[t].payloads
        if source and responder:
            return Grade.TWO_WAY
        return Grade.REPEATED if source + responder > 1 else Grade.UNSOLICITED

    def shape(self, t: int) -> Shape:
        """How one was spoken in. Few differ, and not by how often a manner stands in it."""
        bits = 0
        number = self.heads[t]
        while number:
            word = self.S[number - 1].key & 0x1FFFFFFFF
            bit = self._manners.get(word)
            bits |= bit if bit is not None else self._manner(word)
            number = self.S[number - 1].next
        shape = self._shapes.get(bits)
        if shape is None:
            shape = self._shapes[bits] = Shape(tuple([one for one, bit in self._bits.items() if bits & bit]))
        return shape

    def _manner(self, word: int) -> int:
        one = manner(word >> 32, self.rows.places[(word & LOW) - 1])
        bit = self._manners[word] = self._bits.setdefault(one, 1 << len(self._bits))
        return bit

    def row(self, t: int) -> ConversationRow:
        """Of the report."""
        shape = self.shape(t)
        place = STRANGE[shape.protocol]
        source, destination, transport, community = self._who(t)
        return tuple.__new__(ConversationRow, (
            source, destination, self.T[t].k1 & PORT, transport, place.channel, shape.protocol, shape.protection, place.by,
            self.T[t].packets + self.M[t].packets, self.T[t].bytes + self.M[t].bytes, self.T[t].first, self.T[t].last, community))

    def written(self, t: int, form: Form) -> str | ConversationRow:
        """The same as text; as it is, where nobody knows when it was, or who."""
        first = self.T[t].first
        last = self.T[t].last
        if first == 0 or self.T[t].k1 >= OTHER:
            return self.row(t)
        around = form.around
        second = form.second
        source, destination, transport, community = self._who(t)
        words = self._between(self.shape(t), form)
        return (f"{around[0]}{source}{around[1]}{destination}{around[2]}{self.T[t].k1 & PORT}{around[3]}{transport}{words}"
                f"{self.T[t].packets + self.M[t].packets}{around[9]}{self.T[t].bytes + self.M[t].bytes}"
                f"{around[10]}{second(first // SECOND)}.{first % SECOND // 1000:06d}{around[11]}{second(last // SECOND)}.{last % SECOND // 1000:06d}"
                f"{around[12]}{community}{around[13]}")

    def _between(self, shape: Shape, form: Form) -> str:
        """What a row says between transport and packets."""
        if form is not self._form:
            self._form = form
            self._words = {}
        words = self._words.get(shape)
        if words is None:
            place = STRANGE[shape.protocol]
            channel, protocol, protection, by, packets = form.around[4:9]
            words = self._words[shape] = (f"{channel}{place.channel}{protocol}{shape.protocol}{protection}{shape.protection.value}"
                                          f"{by}{place.by}{packets}")
        return words

    def _who(self, t: int) -> tuple[str, str, str, str]:
        """Both addresses, the transport, and the Community ID."""
        k1 = self.T[t].k1
        own = self.T[t].first_port
        if k1 >= OTHER or k1 & FAMILY != IPV4:
            key = self.rows.key(t)
            return key.source, key.destination, key.transport, community_id(key, own)
        source = self.T[t].k0 >> 32
        destination = self.T[t].k0 & LOW
        port = k1 & PORT
        protocol = (k1 >> 32) & 255
        if source > destination or (source == destination and own > port):
            self._socket(2, destination, 12, port)
            self._socket(6, source, 14, own)
        else:
            self._socket(2, source, 12, own)
            self._socket(6, destination, 14, port)
        self.E[10] = protocol
        community = "1:" + b2a_base64(sha1(self._ends, usedforsecurity=False).digest(), newline=False).decode("ascii")
        return _text(source), _text(destination), "tcp" if protocol == TCP else "udp", community

    def _socket(self, at: int, word: int, port_at: int, port: int) -> None:
        """An address and a port where the Community ID's digest has them."""
        self.E[at] = word >> 24
        self.E[at + 1] = word >> 16 & 255
        self.E[at + 2] = word >> 8 & 255
        self.E[at + 3] = word & 255
        self.E[port_at] = port >> 8 & 255
        self.E[port_at + 1] = port & 255

    def order(self, t: int) -> bytes:
        """As ``addresses.order``, from the numbers."""
        k0, k1 = self.T[t].k0, self.T[t].k1
        if k1 >= OTHER:
            return order(self.rows.key(t))
        port = b"%08x%b" % (k1 & PORT, b"tcp" if (k1 >> 32) & 255 == TCP else b"udp")
        if k1 & FAMILY == IPV4:
            return _V4.pack(b"4", k0 >> 32, b"\0", b"4", k0 & LOW, b"\0") + port
        return _V6.pack(b"6", k0, self.M[t].k2, b"\0", b"6", self.M[t].k3, self.M[t].k4, b"\0") + port


def _text(word: int) -> str:
    """An IPv4 address, as ``rows.address`` writes it; there may be as many as flows."""
    return f"{word >> 24}.{word >> 16 & 255}.{word >> 8 & 255}.{word & 255}"


def _marked(ports: Iterable[int]) -> bytearray:
    """A byte for each port."""
    marked = bytearray(65_536)
    for port in ports:
        if 0 <= port < 65_536:
            marked[port] = 1
    return marked


def _known(facts: Facts) -> set[ConversationKey]:
    """Conversations that the facts know by name."""
    return {*facts.conversations, *[key[0] for key in facts.sightings], *[key.conversation for key in facts.exposures],
            *[tally.conversation for tally in facts.claims.values() if tally.conversation is not None]}


def _ends(key: ConversationKey) -> tuple[Socket, Socket]:
    return (key.destination, key.port), (key.source, key.port)


def _claimed(facts: Facts) -> Iterator[Socket]:
    """Sockets that somebody claimed to be something."""
    for one, tally in facts.claims.items():
        claim = one.claim
        socket = located(claim, tally.conversation, tally.side)
        if socket is not None:
            yield socket
        port = dict(claim.value).get("port")
        if claim.kind == "member" and len(claim.subject) > 1 and is_port(port):
            yield str(claim.subject[1]), int(port or 0)


def _address(text: str) -> tuple[int, int, int]:
    """Family, and the words of an address as the screen has them; of what is none, no family."""
    raw = packed(text)
    if len(raw) == 4:
        return 4, int.from_bytes(raw, "big"), 0
    return (6, int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")) if raw else (0, 0, 0)


def _socket(host: str, port: int) -> tuple[int, int, int]:
    family, high, low = _address(host)
    return family << 40 | max(port, 0), high, low


def _numbers(source: str, destination: str, port: int, transport: str) -> tuple[int, ...]:
    """A conversation's key as the screen has it."""
    protocol = PROTOCOLS[transport] << 32
    if destination == OTHERS:
        return 0, 2 * OTHER | IPV4 | protocol | port, 0, 0, 0
    family, high, low = _address(destination)
    others = OTHER if source == OTHERS else 0
    _, high0, low0 = (0, 0, 0) if others else _address(source)
    k1 = others | family << 40 | protocol | port
    return (high0 << 32 | high, k1, 0, 0, 0) if family == 4 else (high0, k1, low0, high, low)
