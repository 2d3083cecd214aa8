"""All Consul: real captures, repeated under other addresses and merged in random order.

A short capture has few packets a host. So that there are as many as in a datacenter, several copies (sessions) of it go
on at once between the same hosts, from other ports.
"""

from __future__ import annotations

from array import array
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from . import gossip
from .templates import (
    PLAIN,
    RPC,
    SEALED,
    TCP,
    TLS,
    UDP,
    Capture,
    Hosts,
    Template,
    build,
    hosts,
    load,
    sent_again,
    session,
    with_payload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from random import Random

    from .pcapfile import Writer

PER_HOST = 400  # packets at least: 2 million of some 5,000 hosts
FLOWS = 24_000  # wanted, where the captures have conversations long enough for so few
_WITHIN = 250  # templates that a lane's swapped segment may wait


class Changes(NamedTuple):
    """What is done to the packets on their way; shares of TCP segments."""

    lost: float = 0.0
    swapped: float = 0.0
    repeated: float = 0.0
    retold: bool = False  # every host says something new


class Made(NamedTuple):
    """What a capture holds, as it was made."""

    packets: int
    flows: int
    live: int  # most flows at once between their first packet and their last
    copies: int
    swapped: int = 0
    repeated: int = 0
    lost: int = 0


@cache
def captures(folders: tuple[Path, ...], kind: str | None = None) -> list[Capture]:
    """The captures of folders, reduced to packets of one kind where one is given (UDP only for gossip)."""
    from .pcapfile import ethernet

    paths = {path.stem: path for folder in folders for path in sorted(folder.glob("*.pcap"))}
    found = [path for stem, path in sorted(paths.items())
             if ethernet(path) and not any(word in stem for word in ("snap", "refused", "observer"))]

    def keep(one: Template) -> bool:
        return one.kind == kind and (kind in {RPC, TLS} or one.transport == UDP)

    loaded = [load(path, keep if kind is not None else None) for path in found]
    return [one for one in loaded if len(one.templates) >= 20]


def long_ones(found: list[Capture], packets: int) -> list[Capture]:
    """Without the captures of the shortest conversations: until FLOWS flows would do, but at least half of them stay."""
    kept = sorted(found, key=lambda one: len(one.templates) / max(one.flows, 1))
    half = len(kept) - len(kept) // 2
    while len(kept) > half and packets * sum(c.flows for c in kept) > FLOWS * sum(len(c.templates) for c in kept):
        kept.pop(0)
    return kept


class Lane:
    """One copy of a capture, under addresses of its own, on its way."""

    def __init__(self, capture: Capture, number: int, rng: Random, changes: Changes) -> None:
        self.capture = capture
        self.number = number
        self.rng = rng
        self.changes = changes
        self.at = 0
        self.held: dict[int, int] = {}  # a segment -> the one that waits until it went
        self.waiting: set[int] = set()
        self.hosts: Hosts | None = None
        self.retell: gossip.Retelling | None = None
        self.swapped = self.repeated = self.lost = 0

    def _settle(self) -> Hosts:
        moved = hosts(self.capture, self.number)
        if self.changes.retold:
            table = dict(zip(self.capture.addresses, moved.addresses, strict=True))
            self.retell = gossip.Retelling(self.capture.names, table, self.number)
        return moved

    def packets(self) -> Iterator[tuple[Template, bytes]]:
        """What the lane sends in its next slot: a packet, or none or several where segments change places."""
        index, self.at = self.at, self.at + 1
        if index in self.waiting:
            return
        one = self.capture.templates[index]
        fate = self._fate(index, one)
        if fate == "swapped":
            self.held[self.capture.follower[index]] = index
            self.waiting.add(index)
            self.swapped += 1
            return
        if fate == "lost":
            self.lost += 1
        else:
            yield one, self._made(one)
        if fate == "repeated":
            self.repeated += 1
            # half of them by the capture (same id), half by the sender
            yield one, self._made(sent_again(one, 0x4000) if self.rng.random() < 0.5 else one)
        if index in self.held:
            late = self.capture.templates[self.held.pop(index)]
            yield late, self._made(late)

    def _fate(self, index: int, one: Template) -> str:
        lost, swapped, repeated, _retold = self.changes
        if one.transport != TCP or one.words < 0 or not lost + swapped + repeated:
            return ""
        draw = self.rng.random()
        if draw < lost:
            return "lost"
        if draw < lost + swapped:
            ahead = self.capture.follower[index] - index
            return "swapped" if 0 < ahead < _WITHIN and index not in self.held else ""
        return "repeated" if draw < lost + swapped + repeated else ""

    def _made(self, one: Template) -> bytes:
        to = self.hosts = self.hosts or self._settle()
        if one.kind == SEALED and one.transport == UDP:
            # nobody seals twice with one nonce: it would be read as a replay
            one = with_payload(one, one.tail[:1] + self.rng.randbytes(len(one.tail) - 1))
        elif self.retell is not None and one.kind == PLAIN and one.transport == UDP:
            message, packed = gossip.opened(one.tail)
            one = with_payload(one, gossip.closed(self.retell(message), packed=packed))
        return build(one, to)


class Merge:
    """Copies of captures in random order, until there are *packets* of them; the order within a copy stays."""

    def __init__(self, found: Sequence[Capture], packets: int, rng: Random, changes: Changes | None = None) -> None:
        self._changes = changes or Changes()
        # another generator for what is done on the way: the merged order is the same for every variant
        self._rng = rng
        # a lane is one session of a capture's hosts; so many of them go on at once that its hosts have enough to say
        senders = sum(len({packet.source for packet in one.templates if packet.source >= 0}) for one in found)
        at_once = -(-PER_HOST * senders // max(sum(len(one.templates) for one in found), 1))
        sessions = [[session(one, number) for number in range(at_once)] for one in found]
        numbers = list(range(len(found)))
        groups = 0
        self._lanes: list[Lane] = []
        self._slots = array("H")
        chance = type(rng)(rng.getrandbits(64))
        while len(self._slots) < packets and len(self._lanes) < 0xFFFF:
            rng.shuffle(numbers)
            for number in numbers:
                for capture in sessions[number]:
                    if len(self._slots) < packets:
                        self._slots.extend([len(self._lanes)] * len(capture.templates))
                        self._lanes.append(Lane(capture, groups, chance, self._changes))
                groups += 1
        rng.shuffle(self._slots)
        self.live = self._live = self.packets = 0
        self.slot = 0  # of the packet at hand

    def __iter__(self) -> Iterator[bytes]:
        for slot, lane in enumerate(self._slots):
            self.slot = slot
            for one, data in self._lanes[lane].packets():
                if one.opens:
                    self._live += 1
                    self.live = max(self.live, self._live)
                self._live -= one.closes
                self.packets += 1
                yield data

    @property
    def made(self) -> Made:
        """What was made, once all of it was."""
        return Made(self.packets, sum(lane.capture.flows for lane in self._lanes), self.live, len(self._lanes),
                    *(sum(getattr(lane, name) for lane in self._lanes) for name in ("swapped", "repeated", "lost")))


def make(writer: Writer, found: Sequence[Capture], packets: int, rng: Random, changes: Changes | None = None) -> Made:
    """A capture of *packets* packets, or as many more as a copy has."""
    merge = Merge(found, packets, rng, changes)
    for data in merge:
        writer.add(data, at=merge.slot)  # whatever is lost or repeated: what is sent again and again keeps its distance
    return merge.made
