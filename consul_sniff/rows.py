"""Conversations and what was said in them as the screen added them up: rows of numbers, which become objects one by one.

Most conversations of a network have nothing to do with Consul: of those nobody ever asks for more than their row of the report.
"""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .facts import NOTHING, OTHERS, Conversation, ConversationKey
from .model import Evidence
from .tally import Tally

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from .model import Protection, Scalar

    #: protocol, kind, protection, fields, decrypted
    Spoken = tuple[str, str, Protection, tuple[tuple[str, Scalar], ...], bool]

#: a conversation's first and second half, and a sum: screen.conversations.TALK and MORE, screen.sums.SUM
TALK = struct.Struct("=9Q2Ii3I")
MORE = struct.Struct("=12Q")
SUM = struct.Struct("=7Q4I")
FRAME = 40  # bits of a frame, below the number of its input
FRAMES = (1 << FRAME) - 1


class Rows(NamedTuple):
    """``talks``, ``more`` and ``sums`` are records. ``heads``: of each conversation its first sum, + 1. A sum's key holds conversation
    and side (above 32 bits), and the number of its place, + 1."""

    talks: bytes
    more: bytes
    sums: bytes
    heads: array[int]
    tunnels: dict[int, str]  # of conversations that all came through one
    places: list[Spoken]  # what was said
    words: list[str]  # in so many words

    def __len__(self) -> int:
        return len(self.heads)

    def key(self, t: int) -> ConversationKey:
        """Who talks to whom in a conversation."""
        k0, k1 = struct.unpack_from("=2Q", self.talks, t * TALK.size)
        return name(k0, k1, *struct.unpack_from("=3Q", self.more, t * MORE.size))

    def conversation(self, t: int) -> Conversation:
        """Its counters."""
        (_, k1, packets, bytes_, payloads, rest, first, last, frame, flows, opened, port, first_port, flags,
         guessed) = TALK.unpack_from(self.talks, t * TALK.size)
        (_, _, _, packets1, bytes1, payloads1, rest1, frame1, source2, source3, frame2,
         frame3) = MORE.unpack_from(self.more, t * MORE.size)
        it = Conversation()
        it.flows, it.opened, it.first, it.last, it.certain = flows, opened, first, last, not guessed
        it.packets, it.bytes, it.flags = (packets, packets1), (bytes_, bytes1), (flags & 255, flags >> 8)
        it.payloads = (payloads, payloads1) if payloads or payloads1 else NOTHING
        if rest or rest1:
            setattr(it, "lost" if is_tcp(k1) else "other", (rest, rest1))
        it.source_port, it.first_source_port, it.tunnel = port, first_port, self.tunnels.get(t, "")
        it.evidence = (_evidence(frame, source2, source3), _evidence(frame1, frame2, frame3))
        return it

    def said(self, t: int) -> Iterator[tuple[int, int, Tally]]:
        """What was said in it: side (0 the source), place, and how often."""
        number = self.heads[t]
        words = self.words
        while number:
            key, count, first, last, frame1, frame2, frame3, word1, word2, word3, number = SUM.unpack_from(self.sums, (number - 1) * SUM.size)
            proof = [Evidence(frame >> FRAME, frame & FRAMES, words[word])
                     for frame, word in ((frame1, word1), (frame2, word2), (frame3, word3)) if frame]
            yield key >> 32 & 1, (key & 0xFFFFFFFF) - 1, Tally(count, first, last, tuple(proof))

    def frames(self) -> Iterator[int]:
        """The packets that all of it rests on."""
        for talk, more in zip(TALK.iter_unpack(self.talks), MORE.iter_unpack(self.more), strict=True):
            yield from [place & FRAMES for place in (talk[8], *more[7:]) if place]
        for one in SUM.iter_unpack(self.sums):
            yield from [place & FRAMES for place in one[4:7] if place]


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
