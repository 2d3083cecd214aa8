"""IP fragments, put together: objects, for they are rare. Every bound is in ``limits``."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from .. import limits

try:
    import cython  # noqa: F401 - as in every hot module
    from cython import Py_ssize_t as i64
except ImportError:
    from ._cython import i64

if TYPE_CHECKING:
    from collections.abc import MutableMapping

NANOSECONDS = 1_000_000_000
KEPT = limits.FRAGMENT_SECONDS * NANOSECONDS
PIECE = 64  # bytes that a piece takes beside its own


class Whole(NamedTuple):
    """A datagram put together, or (``size`` more than ``data`` has) as much of its beginning as there is."""

    key: tuple[int, ...]  # family, protocol, source words, destination words, id
    data: bytes
    size: int  # bytes that it has on the wire
    packets: int
    wire: int  # bytes of these packets on the wire
    trail: tuple[int, ...]
    frame: int
    time: int


class Datagram:
    """The pieces of one datagram so far."""

    def __init__(self, time: int, trail: tuple[int, ...]) -> None:
        self.began = self.time = time
        self.trail = trail
        self.pieces: list[tuple[int, int, bytes]] = []  # first byte, end on the wire, what was captured; sorted, disjoint
        self.size = -1  # known from the last fragment
        self.packets = self.wire = self.frame = self.held = self.covered = 0


class Fragments:
    """Holds fragments until their datagram is whole, too old or too much. ``notes``: counts by name."""

    def __init__(self, notes: MutableMapping[str, int]) -> None:
        self.notes = notes
        self.waiting: OrderedDict[tuple[int, ...], Datagram] = OrderedDict()  # a dict's first is far behind many that are gone
        self.held = 0

    def note(self, name: str) -> None:
        self.notes[name] = self.notes.get(name, 0) + 1

    def add(self, key: tuple[int, ...], piece: tuple[int, int, bytes], *, more: bool, time: int, frame: int, wire: int,
            trail: tuple[int, ...]) -> list[Whole]:
        """Take a fragment: (offset, end on the wire, captured bytes). Returns what is whole now, or given up."""
        done = self.expire(time) if self.waiting and abs(time - next(iter(self.waiting.values())).began) > KEPT else []
        if piece[1] > 65_535 or piece[1] <= piece[0]:
            self.note("fragment-malformed")
            return done
        datagram = self.waiting.get(key)
        if datagram is None:
            datagram = self.waiting[key] = Datagram(time, trail)
        datagram.packets += 1
        datagram.wire += wire
        datagram.frame, datagram.time = frame, time
        if not more:
            if datagram.size not in (-1, piece[1]):
                self.note("overlap-conflict")
            else:
                datagram.size = piece[1]
        self.insert(datagram, piece[0], piece[1], piece[2])
        if datagram.packets > limits.FRAGMENTS:
            self.note("fragments-evicted")
            done += self.finish(key)
        elif 0 <= datagram.size <= datagram.covered and whole(datagram):
            done += self.finish(key)
        while self.held > limits.FRAGMENT_BYTES:
            self.note("fragments-evicted")
            done += self.finish(next(iter(self.waiting)))
        return done

    def insert(self, datagram: Datagram, start: i64, end: i64, data: bytes) -> None:
        """Keep what is new of the piece: the first bytes win."""
        pieces = datagram.pieces
        place = bisect_left(pieces, (start,))
        if (place == len(pieces) or end <= pieces[place][0]) and (place == 0 or pieces[place - 1][1] <= start):
            pieces.insert(place, (start, end, data))
            datagram.covered += end - start
            datagram.held += len(data) + PIECE
            self.held += len(data) + PIECE
        else:
            self.among(datagram, start, end, data)

    def among(self, datagram: Datagram, start: i64, end: i64, data: bytes) -> None:
        """The same where some of it is there already."""
        kept: list[tuple[int, int, bytes]] = []
        for a, b, old in datagram.pieces:
            low, high = max(a, start), min(b, end)
            if low < high:
                self.note("fragment-overlap")
                if old[low - a:high - a] != data[low - start:high - start]:
                    self.note("overlap-conflict")
        at = start
        for a, b, _ in datagram.pieces:
            if b <= at or a >= end:
                continue
            if a > at:
                kept.append((at, a, data[at - start:a - start]))
            at = b
        if at < end:
            kept.append((at, end, data[at - start:]))
        added = sum(len(piece[2]) + PIECE for piece in kept)
        datagram.pieces = sorted(datagram.pieces + kept, key=lambda piece: piece[0])
        datagram.covered += sum(piece[1] - piece[0] for piece in kept)
        datagram.held += added
        self.held += added

    def finish(self, key: tuple[int, ...]) -> list[Whole]:
        """The datagram's bytes up to the first that is missing; nothing where its first fragment is."""
        datagram = self.waiting.pop(key)
        self.held -= datagram.held
        data = b""
        end = 0
        for a, b, piece in datagram.pieces:
            if a != end or len(data) < a:
                break
            data += piece
            end = b
        size = datagram.size if datagram.size >= 0 else max((b for _, b, _ in datagram.pieces), default=0) + 1
        if not data:
            return []
        return [Whole(key, data[:size], size, datagram.packets, datagram.wire, datagram.trail, datagram.frame, datagram.time)]

    def expire(self, time: i64) -> list[Whole]:
        """Give up what waits too long. Datagrams wait in the order of their first fragments."""
        done: list[Whole] = []
        while self.waiting:
            key, datagram = next(iter(self.waiting.items()))
            if abs(time - datagram.began) <= KEPT:
                break
            self.note("fragments-incomplete")
            done += self.finish(key)
        return done

    def close(self) -> list[Whole]:
        """The input ends."""
        done: list[Whole] = []
        for key in list(self.waiting):
            self.note("fragments-incomplete")
            done += self.finish(key)
        return done


def whole(datagram: Datagram) -> bool:
    """Is nothing missing?"""
    at = 0
    for a, b, _ in datagram.pieces:
        if a != at:
            return False
        at = b
    return at >= datagram.size
