"""Conversations and what was said in them as the screen added them up: rows of numbers, which become objects one by one.

Most conversations of a network have nothing to do with Consul: of those nobody ever asks for more than their row of the report.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from .facts import NOTHING, OTHERS, Conversation, ConversationKey, Facts, SightingKey, pair
from .model import Evidence
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .model import Protection, Scalar

    #: protocol, kind, protection, fields, decrypted
    Spoken = tuple[str, str, Protection, tuple[tuple[str, Scalar], ...], bool]
    #: where records stand, writable
    Records = bytearray | memoryview
    from .told import Told

    #: words, or what they would be made of
    Words = str | Told

_KINDS = {8: ctypes.c_ulonglong, 4: ctypes.c_uint, -4: ctypes.c_int}
# The same fields in the same order stand in rows.pxd. Source's counters and what every flow touches come first.
# rest: bytes lost (TCP), datagrams that are no gossip (UDP). port: -1, the source's, or 0 where it changed. guessed: who
# originated was, in one of the flows. frame: the earliest packet, its input above FRAME bits.
TALK = (("k0", 8), ("k1", 8), ("packets", 8), ("bytes", 8), ("payloads", 8), ("rest", 8), ("first", 8), ("last", 8), ("frame", 8),
        ("flows", 4), ("opened", 4), ("port", -4), ("first_port", 4), ("flags", 4), ("guessed", 4))
# IPv6's other words, the responder's counters, and the packets after the earliest.
MORE = tuple([(name, 8) for name in ("k2", "k3", "k4", "packets", "bytes", "payloads", "rest", "frame", "source2", "source3",
                                     "frame2", "frame3")])


class TalkRecord(ctypes.Structure):
    """A conversation. Key: k0, k2 the source's address, its low half and k3, k4 the responder's; k1 is others, share, family, protocol, port."""

    _fields_ = [(name, _KINDS[size]) for name, size in TALK]


class MoreRecord(ctypes.Structure):
    """What few conversations have: touched where it is needed."""

    _fields_ = [(name, _KINDS[size]) for name, size in MORE]


SUM = (("key", 8), ("count", 8), ("first", 8), ("last", 8), ("frame1", 8), ("frame2", 8), ("frame3", 8),
       ("word1", 4), ("word2", 4), ("word3", 4), ("next", 4))


class SumRecord(ctypes.Structure):
    """``key``: a conversation's row and the side, then the place + 1, 32 bits each; how often, first and last (ns); the first packets
    (their input's number above 40 bits), each with its word."""

    _fields_ = [(name, _KINDS[size]) for name, size in SUM]


#: the same records, read at once
TALKS = struct.Struct("=9Q2Ii3I")
MORES = struct.Struct("=12Q")
SUMS = struct.Struct("=7Q4I")
LINKS = struct.Struct("=Q60xI")  # of a sum its key, and the next
COUNT = struct.Struct("=8xQ")
FIRST = struct.Struct("=32xQ16xI")  # its first packet, and the words for it
FRAME = 40  # bits of a frame, below the number of its input
FRAMES = (1 << FRAME) - 1


class Rows(NamedTuple):
    """``talks``, ``more`` and ``sums`` are records. ``heads``: of each conversation its first sum, + 1. A sum's key holds conversation
    and side (above 32 bits), and the number of its place, + 1."""

    talks: Records
    more: Records
    sums: Records
    heads: array[int]
    tunnels: dict[int, str]  # of conversations that all came through one
    places: list[Spoken]  # what was said
    words: list[Words]  # in so many words
    spell: Callable[[Told], str] | None  # puts in words what is not yet

    @property
    def talked(self) -> int:
        """How many conversations there are."""
        return len(self.heads)

    def key(self, t: int) -> ConversationKey:
        """Who talks to whom in a conversation."""
        k0, k1 = struct.unpack_from("=2Q", self.talks, t * TALKS.size)
        return name(k0, k1, *struct.unpack_from("=3Q", self.more, t * MORES.size))

    def conversation(self, t: int) -> Conversation:
        """Its counters."""
        (_, k1, packets, bytes_, payloads, rest, first, last, frame, flows, opened, port, first_port, flags,
         guessed) = TALKS.unpack_from(self.talks, t * TALKS.size)
        (_, _, _, packets1, bytes1, payloads1, rest1, frame1, source2, source3, frame2,
         frame3) = MORES.unpack_from(self.more, t * MORES.size)
        it = Conversation()
        it.flows, it.opened, it.first, it.last, it.certain = flows, opened, first, last, not guessed
        it.packets, it.bytes, it.flags = pair(packets, packets1), pair(bytes_, bytes1), pair(flags & 255, flags >> 8)
        it.payloads = pair(payloads, payloads1) if payloads or payloads1 else NOTHING
        if rest or rest1:
            setattr(it, "lost" if is_tcp(k1) else "other", (rest, rest1))
        it.source_port, it.first_source_port, it.tunnel = port, first_port, self.tunnels.get(t, "")
        it.evidence = (_evidence(frame, source2, source3), _evidence(frame1, frame2, frame3))
        return it

    def said(self, t: int) -> Iterator[tuple[int, int, int]]:
        """What was said in it: side (0 the source), place, and the sum of how often, for ``tally``."""
        number = self.heads[t]
        while number:
            one = number - 1
            key, number = LINKS.unpack_from(self.sums, one * SUMS.size)
            yield key >> 32 & 1, (key & 0xFFFFFFFF) - 1, one

    def tally(self, one: int) -> Tally:
        """A sum."""
        _, count, first, last, frame1, frame2, frame3, word1, word2, word3, _ = SUMS.unpack_from(self.sums, one * SUMS.size)
        return Tally(count, first, last, tuple([Evidence(frame >> FRAME, frame & FRAMES, spelt(self.words[word], self.spell))
                                                for frame, word in ((frame1, word1), (frame2, word2), (frame3, word3)) if frame]))

    def frames(self) -> Iterator[int]:
        """The packets that all of it rests on."""
        for talk, more in zip(TALKS.iter_unpack(self.talks), MORES.iter_unpack(self.more), strict=True):
            yield from [place & FRAMES for place in (talk[8], *more[7:]) if place]
        for one in SUMS.iter_unpack(self.sums):
            yield from [place & FRAMES for place in one[4:7] if place]


class SumTally(Tally):
    """A sum as a tally: what a tally has is read whenever it is asked for, and not kept."""

    __slots__ = ("_one", "_rows")

    def __init__(self, rows: Rows, one: int) -> None:
        self._rows = rows
        self._one = one

    def __getattr__(self, name: str) -> Any:
        """Python asks here for what is not set."""
        if name == "count":
            return COUNT.unpack_from(self._rows.sums, self._one * SUMS.size)[0]
        return getattr(self.whole, name)

    @property
    def whole(self) -> Tally:
        return self._rows.tally(self._one)

    @property
    def words(self) -> str:
        frame, word = FIRST.unpack_from(self._rows.sums, self._one * SUMS.size)
        return spelt(self._rows.words[word], self._rows.spell) if frame else ""


class SumTallies(Sequence[Tally]):
    """Sums as tallies, each made when somebody asks. There are as many as things were said, and few are looked at."""

    __slots__ = ("_ones", "_rows")

    def __init__(self, rows: Rows, ones: Iterable[int]) -> None:
        self._rows = rows
        self._ones = array("I", ones)

    def __len__(self) -> int:
        return len(self._ones)

    @overload
    def __getitem__(self, place: int) -> Tally: ...
    @overload
    def __getitem__(self, place: slice) -> SumTallies: ...
    def __getitem__(self, place: int | slice) -> Tally | SumTallies:
        if isinstance(place, slice):
            return SumTallies(self._rows, self._ones[place])
        return SumTally(self._rows, self._ones[place])


def unrolled(facts: Facts) -> Facts:
    """The same with all rows as conversations and sightings: facts of their own, as in ``Facts.joined``."""
    whole = facts.joined(Facts())
    rows, whole.rows = whole.rows, []
    for part in rows:
        more = Facts()
        for t in range(part.talked):
            key = part.key(t)
            more.conversations[key] = part.conversation(t)
            for side, place, one in part.said(t):
                more.sightings[SightingKey(key, side, *part.places[place])] = part.tally(one)
        whole = whole.joined(more)
    return whole


def spelt(words: Words, spell: Callable[[Told], str] | None) -> str:
    """The words themselves."""
    if isinstance(words, str):
        return words
    assert spell is not None
    return spell(words)


def is_tcp(k1: int) -> bool:
    return k1 >> 32 & 255 == 6


@lru_cache(maxsize=4096)  # they come in groups
def address(family: int, word0: int, word1: int) -> str:
    """As ``ipaddress`` writes it (compressed, and hexadecimal throughout)."""
    if family == 4:
        return f"{word0 >> 24}.{word0 >> 16 & 255}.{word0 >> 8 & 255}.{word0 & 255}"
    raw = word0.to_bytes(8, "little") + word1.to_bytes(8, "little")
    text = socket.inet_ntop(socket.AF_INET6, raw)
    if "." in text:  # libc writes ::ffff:1.2.3.4
        head = text[:text.rindex(":") + 1]
        text = f"{head}{raw[12] << 8 | raw[13]:x}:{raw[14] << 8 | raw[15]:x}"
    return text


def name(k0: int, k1: int, k2: int, k3: int, k4: int) -> ConversationKey:
    """A conversation's key in words."""
    others = k1 >> 48
    if k1 >> 40 & 15 == 4:
        source, destination = address(4, k0 >> 32, 0), address(4, k0 & 0xFFFFFFFF, 0)
    else:
        source, destination = address(6, k0, k2), address(6, k3, k4)
    return ConversationKey(OTHERS if others else source, OTHERS if others > 1 else destination, k1 & 0xFFFF, "tcp" if is_tcp(k1) else "udp")


def _evidence(*places: Any) -> tuple[Evidence, ...]:
    return tuple([Evidence(place >> FRAME, place & FRAMES, "") for place in places if place])
