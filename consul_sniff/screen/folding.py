"""Rows of the screen's tables -> model.Flow, facts.Conversation: the one place where addresses become text."""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import TYPE_CHECKING

from ..facts import NOTHING, OTHERS, Conversation, ConversationKey
from ..model import Evidence, Flow, Way
from .table import SideRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conversations import Conversations
    from .table import Table

#: of Way, in the order of the table's fields
COUNTERS = ("packets", "bytes", "payloads", "last", "flags", "first", "first_frame", "lost", "plain", "sealed1", "other",
            "sealed_frame", "sealed0", "cut", "crc_good", "crc_bad", "replays", "replay_frame", "nonce_reuse", "nonce_frame")
SIZE = ctypes.sizeof(SideRecord)
#: a side's record: the counters and, last, three frames; the rest is skipped
FIELDS = struct.Struct("=4Q16xI12x3Q8x4Q24x8Q40x")
FRAMES = struct.Struct("=3Q")
PLAIN1 = SideRecord.plain1.offset
#: conversations.TALK and conversations.MORE
TALK = struct.Struct("=9Q2Ii3I")
MORE = struct.Struct("=12Q")
UNCOUNTED = (Way(), Way())  # of all flows whose counters nobody asked for
FRAME = 40  # bits of a frame, below the number of its input


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


def way(sides: memoryview, index: int) -> Way:
    """A side's counters. Flows end by the thousand: one unpacking, not an attribute access each."""
    it = Way()
    (it.packets, it.bytes, it.payloads, it.last, it.flags, it.first, it.first_frame, it.lost, it.plain, it.sealed1, it.other,
     it.sealed_frame, it.sealed0, it.cut, it.crc_good, it.crc_bad, it.replays, it.replay_frame, it.nonce_reuse,
     it.nonce_frame) = FIELDS.unpack_from(sides, index * SIZE)
    if it.plain:
        it.plain_frames = tuple(frame for frame in FRAMES.unpack_from(sides, index * SIZE + PLAIN1) if frame)
    return it


def flow(table: Table, row: int, input_: int, tunnel: str, *, counted: bool) -> Flow:
    """The flow in a row; with its counters, or (``counted`` False) only who it is."""
    record = table.rows_array[row]
    family = record.k1 >> 40 & 15
    if family == 4:
        ends = [address(4, record.k0 >> 32, 0), address(4, record.k0 & 0xFFFFFFFF, 0)]
    else:
        ends = [address(6, record.k0, record.k2), address(6, record.k3, record.k4)]
    ports = [record.k1 >> 16 & 0xFFFF, record.k1 & 0xFFFF]
    if record.flip:
        ends.reverse()
        ports.reverse()
    sides = table.sides_bytes
    it = Flow(record.number, input_, "tcp" if record.k1 >> 32 & 255 == 6 else "udp", (ends[0], ends[1]), (ports[0], ports[1]), tunnel,
              (way(sides, row * 2), way(sides, row * 2 + 1)) if counted else UNCOUNTED)
    it.opener = record.opener if record.opener >= 0 else None
    it.key = (record.k0, record.k1, record.k2, record.k3, record.k4, record.flip)
    if table.shares > 1:
        it.share = row // table.each
    return it


def conversations(them: Conversations) -> Iterator[tuple[ConversationKey, Conversation]]:
    """What was added up, each conversation once."""
    rows, more = memoryview(them.rows).cast("B"), memoryview(them.more).cast("B")
    for t in range(them.used):
        (k0, k1, packets, bytes_, payloads, rest, first, last, frame, flows, opened, port, first_port, flags,
         guessed) = TALK.unpack_from(rows, t * TALK.size)
        if not flows:
            continue  # others add it up
        (k2, k3, k4, packets1, bytes1, payloads1, rest1, frame1, source2, source3, frame2,
         frame3) = MORE.unpack_from(more, t * MORE.size)
        it = Conversation()
        it.flows, it.opened, it.first, it.last, it.certain = flows, opened, first, last, not guessed
        it.packets, it.bytes, it.flags = (packets, packets1), (bytes_, bytes1), (flags & 255, flags >> 8)
        it.payloads = (payloads, payloads1) if payloads or payloads1 else NOTHING
        key = _name(k0, k1, k2, k3, k4)
        if rest or rest1:
            setattr(it, "lost" if key.transport == "tcp" else "other", (rest, rest1))
        it.source_port, it.first_source_port, it.tunnel = port, first_port, them.tunnels.get(t, "")
        it.evidence = (_evidence(frame, source2, source3), _evidence(frame1, frame2, frame3))
        yield key, it


def name(them: Conversations, t: int) -> ConversationKey:
    """Who talks to whom in the conversation of a row."""
    talk, more = them.rows[t], them.more[t]
    return _name(talk.k0, talk.k1, more.k2, more.k3, more.k4)


def _name(k0: int, k1: int, k2: int, k3: int, k4: int) -> ConversationKey:
    others = k1 >> 48
    if k1 >> 40 & 15 == 4:
        source, destination = address(4, k0 >> 32, 0), address(4, k0 & 0xFFFFFFFF, 0)
    else:
        source, destination = address(6, k0, k2), address(6, k3, k4)
    return ConversationKey(OTHERS if others else source, OTHERS if others > 1 else destination, k1 & 0xFFFF,
                           "tcp" if k1 >> 32 & 255 == 6 else "udp")


def _evidence(*places: int) -> tuple[Evidence, ...]:
    return tuple([Evidence(place >> FRAME, place & 0xFFFFFFFFFF, "") for place in places if place])
