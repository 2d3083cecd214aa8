"""Conversations that the screen added up: which of them anybody here can have something to say of, and the rows of the rest.

Most of a network's have nothing to do with Consul. Where nothing that was said tells of a datacenter, and nobody named the
responder's socket, a conversation is a *stranger*: a row of the report, made of numbers when the report is written. All others
are drawn, and become conversations like those of flows that were decoded.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import starmap
from typing import TYPE_CHECKING, Final

from ..facts import OTHERS, ConversationKey
from ..model import Grade
from ..report import ConversationRow
from ..rows import MORE, SUM, TALK, Rows, is_tcp
from .addresses import community_id, order, packed, same_host
from .channels import OTHERS as STRANGE
from .said_ports import is_port, located
from .talks import Shape, manner
from .telling import telling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..facts import Conversation, Facts, Tally
    from .pools import Socket
    from .ports import PortBook
    from .talks import Manner

#: of a conversation's first half, of its second, of a sum
_KEYS = struct.Struct("=2Q")
_WORDS, _COUNTERS = struct.Struct("=3Q72x"), struct.Struct("=24x2Q")
_KEY, _KEY_AND_NEXT = struct.Struct("=Q64x"), struct.Struct("=Q60xI")
_PAYLOADS, _PAYLOADS1 = struct.Struct("=32xQ"), struct.Struct("=40xQ")
_V4, _V6 = struct.Struct(">cIccIc"), struct.Struct("=cQQccQQc")
_LOW: Final = 0xFFFFFFFF
_SIDE_AND_PLACE: Final = 0x1FFFFFFFF
_PORT: Final = 0xFFFF
_FAMILY: Final = 15 << 40
_V4_FAMILY: Final = 4 << 40
_OTHERS: Final = 1 << 48
_PROTOCOLS: Final = {"tcp": 6 << 32, "udp": 17 << 32}
_NOTHING: Final = Rows(b"", b"", b"", [], {}, [], [])


class Strangers:
    """``near``: conversations that are drawn; ``far``: the others. Numbers of both are for ``rows``."""

    def __init__(self, facts: Facts, book: PortBook, domain: str) -> None:
        assert len(facts.rows) < 2, "what several processes added up is put together before"
        self.rows = facts.rows[0] if facts.rows else _NOTHING
        self.near: list[int] = []
        self.far: list[int] = []
        self._part(facts, book, domain)
        self._manners: dict[int, int] = {}  # by side and place, a bit
        self._bits: dict[Manner, int] = {}
        self._shapes: dict[int, Shape] = {}  # by the bits of their manners

    def _part(self, facts: Facts, book: PortBook, domain: str) -> None:
        """A socket that only strangers named has nothing to tell: so one look at what the others named is enough."""
        rows, ports = self.rows, book.ports
        known = _known(facts)
        keys, sockets = set(starmap(_numbers, known)), {*_claimed(facts), *[end for key in known for end in _ends(key)]}
        tells = _telling(rows, domain)
        maybe = []
        for t, (talk, words) in enumerate(zip(TALK.iter_unpack(rows.talks), _WORDS.iter_unpack(rows.more), strict=True)):
            k0, k1, own = talk[0], talk[1], talk[11]
            if t in tells or k1 & _PORT in ports or (talk[14] and own > 0 and own in ports) or (keys and (k0, k1, *words) in keys):
                self.near.append(t)
                key = rows.key(t)
                sockets.update((*_ends(key), (key.source, own)))
            else:
                maybe.append((t, (k1 & (_FAMILY | _PORT), k0 & _LOW, 0) if k1 & _FAMILY == _V4_FAMILY else (k1 & (_FAMILY | _PORT), *words[1:])))
        named = set(starmap(_socket, sockets))
        for t, socket in maybe:
            (self.near if socket in named else self.far).append(t)

    def drawn(self) -> Iterator[tuple[ConversationKey, Conversation, list[tuple[int, int, Tally]]]]:
        """Those that are no strangers, and what was said in each: side, place, and how often."""
        for t in self.near:
            yield self.rows.key(t), self.rows.conversation(t), list(self.rows.said(t))

    def others(self, ports: Collection[int]) -> Counter[int]:
        """By the responder's port, for these: datagrams of strangers that are no gossip."""
        counts: Counter[int] = Counter()
        for t in self.far if ports else ():
            _, k1 = _KEYS.unpack_from(self.rows.talks, t * TALK.size)
            if k1 & _PORT in ports and not is_tcp(k1):
                counts[k1 & _PORT] += sum(self.rows.conversation(t).other)
        return counts

    def alike(self) -> dict[tuple[Shape, str, bool, Grade], list[int]]:
        """Those in which something was said, by how, and by transport, whether they never left the host, and what they prove."""
        alike: dict[tuple[Shape, str, bool, Grade], list[int]] = {}
        for t in self.far:
            if not self.rows.heads[t]:
                continue
            _, k1 = _KEYS.unpack_from(self.rows.talks, t * TALK.size)
            transport, grade = "tcp", Grade.TWO_WAY
            if not is_tcp(k1):
                transport, grade = "udp", self._grade(t)
            known = (self.shape(t), transport, same_host(*self.rows.key(t)[:2]), grade)
            same = alike.get(known)
            if same is None:
                alike[known] = [t]
            else:
                same.append(t)
        return alike

    def _grade(self, t: int) -> Grade:
        """As ``observations.grade``; there is no gossip in it, and who said something sent a payload."""
        source, = _PAYLOADS.unpack_from(self.rows.talks, t * TALK.size)
        responder, = _PAYLOADS1.unpack_from(self.rows.more, t * MORE.size)
        if source and responder:
            return Grade.TWO_WAY
        return Grade.REPEATED if source + responder > 1 else Grade.UNSOLICITED

    def shape(self, t: int) -> Shape:
        """How one was spoken in. Few differ, and not by how often a manner stands in it."""
        bits, number, sums, manners = 0, self.rows.heads[t], self.rows.sums, self._manners
        while number:
            key, number = _KEY_AND_NEXT.unpack_from(sums, (number - 1) * SUM.size)
            word = key & _SIDE_AND_PLACE
            bit = manners.get(word)
            bits |= bit if bit is not None else self._manner(word)
        shape = self._shapes.get(bits)
        if shape is None:
            shape = self._shapes[bits] = Shape(tuple([one for one, bit in self._bits.items() if bits & bit]))
        return shape

    def _manner(self, word: int) -> int:
        one = manner(word >> 32, self.rows.places[(word & _LOW) - 1])
        bit = self._manners[word] = self._bits.setdefault(one, 1 << len(self._bits))
        return bit

    def row(self, t: int) -> ConversationRow:
        """Of the report."""
        key = self.rows.key(t)
        (_, _, packets, size, _, _, first, last, _, _, _, _, port, _, _) = TALK.unpack_from(self.rows.talks, t * TALK.size)
        packets1, size1 = _COUNTERS.unpack_from(self.rows.more, t * MORE.size)
        shape = self.shape(t)
        place = STRANGE[shape.protocol]
        return ConversationRow(*key, place.channel, shape.protocol, shape.protection, place.by, packets + packets1, size + size1,
                               first, last, community_id(key, port))

    def order(self, t: int) -> bytes:
        """As ``addresses.order``, from the numbers."""
        k0, k1 = _KEYS.unpack_from(self.rows.talks, t * TALK.size)
        if k1 >= _OTHERS:
            return order(self.rows.key(t))
        port = k1 & _PORT
        transport = b"tcp" if is_tcp(k1) else b"udp"
        if k1 & _FAMILY == _V4_FAMILY:
            return b"%b%08x%b" % (_V4.pack(b"4", k0 >> 32, b"\0", b"4", k0 & _LOW, b"\0"), port, transport)
        k2, k3, k4 = _WORDS.unpack_from(self.rows.more, t * MORE.size)
        return b"%b%08x%b" % (_V6.pack(b"6", k0, k2, b"\0", b"6", k3, k4, b"\0"), port, transport)


def _known(facts: Facts) -> set[ConversationKey]:
    """Conversations that the facts know by name."""
    return {*facts.conversations, *[key[0] for key in facts.sightings], *[key.conversation for key in facts.exposures],
            *[tally.conversation for tally in facts.claims.values() if tally.conversation is not None]}


def _telling(rows: Rows, domain: str) -> set[int]:
    """Conversations in which something was said that tells of a datacenter."""
    tells = {place + 1 for place, (protocol, kind, _, fields, _) in enumerate(rows.places) if telling(protocol, kind, dict(fields), domain)}
    return {key >> 33 for key, in _KEY.iter_unpack(rows.sums) if key & _LOW in tells}


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


def _socket(address: str, port: int) -> tuple[int, int, int]:
    family, high, low = _address(address)
    return family << 40 | port, high, low


def _numbers(source: str, destination: str, port: int, transport: str) -> tuple[int, ...]:
    """A conversation's key as the screen has it."""
    if destination == OTHERS:
        return 0, 2 * _OTHERS | _V4_FAMILY | _PROTOCOLS[transport] | port, 0, 0, 0
    family, high, low = _address(destination)
    others = _OTHERS if source == OTHERS else 0
    _, high0, low0 = (0, 0, 0) if others else _address(source)
    k1 = others | family << 40 | _PROTOCOLS[transport] | port
    return (high0 << 32 | high, k1, 0, 0, 0) if family == 4 else (high0, k1, low0, high, low)
