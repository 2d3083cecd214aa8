"""The packets that prove the findings, in one file that is written anew, whole or not at all, when there are more.

A packet is copied before anybody knows what it proves: once a second, and more often where many come, the new ones that
any fact names (the first three of what was said, the first ones of a conversation) are taken out of the window. Facts
keep the earliest packets, so what no fact names by then is named later only where its bytes waited for more of a stream,
or for the other half of a replay; the window, which reaches back further than a judgement, is asked for those when they
prove something. A copy is given up when ``limits.KEPT_COPIES`` is reached, first what proves nothing yet, the oldest
first. What a finding names and nobody has any more is in ``missing``.

The file is small, so it is written whole: comments, names and counts are those of the last judgement, its packets are in
their order, and a full disk leaves the file of before.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from .. import limits
from ..capture import pcapng_writer as pcapng
from .comments import comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..capture.records import Packet
    from ..facts import Facts
    from ..report import Report
    from .section import Section
    from .window import Window

_OVERHEAD = 256  # bytes that a copy takes beside its packet, about


class Evidence:
    """Copies by packet number."""

    def __init__(self, window: Window, section: Section, most: int = limits.KEPT_COPIES) -> None:
        self.missing: list[int] = []  # packets that prove something and are not here
        self.proving = 0
        self._window = window
        self._section = section
        self._most = most
        self._size = 0
        self._learnt = 0  # the last packet that facts were asked about
        self._copies: dict[int, Packet] = {}
        self._comments: dict[int, dict[str, str]] = {}

    def learnt(self, facts: Facts) -> None:
        """Copy what facts name."""
        since, self._learnt = self._learnt, max(self._learnt, self._window.last)
        self._copy({frame for frame in _named(facts) if frame > since})

    def report(self, report: Report) -> bool:
        """Take a judgement in; whether the file should be written anew."""
        before = self._comments
        self._comments = comments(report)
        self._copy({frame for frame in self._comments if frame not in self._copies})
        self._shrink()
        self.missing = sorted(frame for frame in self._comments if frame not in self._copies)
        self.proving = len(self._comments) - len(self.missing)
        return self._comments != before

    def file(self, source: object) -> bytes:
        """The file's bytes."""
        here = [(frame, self._copies[frame]) for frame in sorted(self._comments) if frame in self._copies]
        numbers = {packet.interface: self._section.number(packet.interface)[0] for _, packet in here}
        blocks = [pcapng.packet(numbers[packet.interface], packet.time, packet.sent, packet.data,
                                [f"packet {frame} of the run", *self._comments[frame].values()]) for frame, packet in here]
        begin = self._section.begin([f"The {len(here)} packets that prove findings."])
        return begin + b"".join(blocks) + self._section.end(source)

    def _copy(self, frames: set[int]) -> None:
        for frame, packet in self._window.find(frames):
            self._copies[frame] = packet
            self._size += len(packet.data) + _OVERHEAD

    def _shrink(self) -> None:
        """Give up copies: of what proves nothing first, then of what proves something, the newest first."""
        if self._size <= self._most:
            return
        needed = [frame for frame in self._copies if frame in self._comments]
        idle = [frame for frame in self._copies if frame not in self._comments]
        for frame in chain(idle, reversed(needed)):
            if self._size <= self._most:
                break
            self._size -= len(self._copies.pop(frame).data) + _OVERHEAD


def _named(facts: Facts) -> Iterator[int]:
    for rows in facts.rows:
        yield from rows.frames()
    for conversation in facts.conversations.values():
        for pair in (conversation.evidence, conversation.plain_evidence, conversation.sealed_evidence):
            for one in chain(*pair):
                yield one.frame
        for one in conversation.integrity:
            yield one.frame
    for tally in chain(facts.sightings.values(), facts.claims.values(), facts.exposures.values()):
        for one in tally.evidence:
            yield one.frame
