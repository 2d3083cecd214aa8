"""Tallies: how often something was said, and the few packets that prove it. They merge to the same in any order."""

from __future__ import annotations

from itertools import chain
from sys import intern
from typing import TYPE_CHECKING

from .model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .facts import ConversationKey
    from .model import Heard

EVIDENCE_KEPT = 3


class Tally:
    """How often, when, and the first packets that prove it."""

    __slots__ = ("count", "first", "last", "evidence", "shares")

    def __init__(self, count: int = 0, first: int = 0, last: int = 0, evidence: tuple[Evidence, ...] = ()) -> None:
        self.count = count
        self.first = first
        self.last = last
        self.evidence = evidence
        self.shares = 0  # a bit for each share of the flows whose part of the bounds it uses up (`Facts.tally`)

    @property
    def whole(self) -> Tally:
        """All of it at once: it may be one that is read from somewhere."""
        return self

    @property
    def words(self) -> str:
        """For its first packet; "" where there are none."""
        return self.evidence[0].summary if self.evidence else ""

    def add(self, time: int, input_: int, frame: int, summary: str, count: int = 1) -> None:
        if not self.count or time < self.first:
            self.first = time
        if not self.count or time > self.last:
            self.last = time
        self.count += count
        kept = self.evidence
        early = len(kept) < EVIDENCE_KEPT or (input_, frame) < kept[-1][:2]
        if early and all((e.input, e.frame) != (input_, frame) for e in kept):
            one = Evidence(input_, frame, intern(summary))  # thousands say the same: one text for all
            self.evidence = tuple(sorted((*kept, one))[:EVIDENCE_KEPT]) if kept else (one,)

    def heard(self, input_: int, heard: Heard, times: int, summary: str) -> None:
        """The screen counted it, ``times`` in each packet."""
        _, count, first, last, frames = heard
        if not self.count or first < self.first:
            self.first = first
        if not self.count or last > self.last:
            self.last = last
        self.count += count * times
        kept = self.evidence
        if len(kept) < EVIDENCE_KEPT or (input_, frames[0]) <= kept[-1][:2]:
            new = tuple([Evidence(input_, frame, summary) for frame in frames])
            self.evidence = join(kept, new) if kept else new

    def merge(self, other: Tally) -> None:
        if not other.count:
            return
        if not self.count:
            self.count, self.first, self.evidence = other.count, other.first, other.evidence
            self.last = max(self.last, other.last)
            return
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.count += other.count
        if other.evidence is not self.evidence:
            self.evidence = join(self.evidence, other.evidence)


class ClaimTally(Tally):
    """And the conversation that made the claim first: the claim belongs to its pool.

    One packet of evidence is kept, the earliest: so evidence, conversation and side always are of the same packet.
    """

    __slots__ = ("conversation", "side")

    def __init__(self) -> None:
        super().__init__()
        self.conversation: ConversationKey | None = None
        self.side = 0

    def counted(self, input_: int, heard: Heard, times: int, summary: str, conversation: ConversationKey, side: int) -> None:
        """The screen counted it in a conversation, by a side of it. Mostly the packet kept is an earlier one: then only numbers change."""
        _, count, first, last, frames = heard
        if self.evidence and self.evidence[0][:2] < (input_, frames[0]):
            self.count += count * times
            self.first = min(self.first, first)
            self.last = max(self.last, last)
        else:
            tally = Tally()
            tally.heard(input_, heard, times, summary)
            self.told(tally, conversation, side)

    def told(self, tally: Tally, conversation: ConversationKey, side: int) -> None:
        """The same claim, in a conversation by a side of it."""
        if not self.evidence or tally.evidence[:1] < self.evidence:
            self.conversation, self.side = conversation, side
        self.merge(tally)
        self.evidence = self.evidence[:1]


def join(a: tuple[Evidence, ...], b: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The earliest packets of both, each packet once."""
    if not (a and b):
        return a or b
    if a[-1][:2] < b[0][:2]:
        return (a + b)[:EVIDENCE_KEPT]
    if b[-1][:2] < a[0][:2]:
        return (b + a)[:EVIDENCE_KEPT]
    return _first((*a, *b))


def _first(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The earliest packets, sorted, each once."""
    kept: list[Evidence] = []
    for one in sorted(evidence):
        if not kept or one[:2] != kept[-1][:2]:
            kept.append(one)
            if len(kept) == EVIDENCE_KEPT:
                break
    return tuple(kept)


def joined(tallies: Iterable[Tally]) -> Tally:
    """One tally of several; the parts stay as they are."""
    parts = [tally.whole for tally in tallies if tally.count]
    if len(parts) < 2:
        return Tally(parts[0].count, parts[0].first, parts[0].last, parts[0].evidence) if parts else Tally()
    evidence = [tally.evidence for tally in parts if tally.evidence]
    return Tally(sum([tally.count for tally in parts]), min([tally.first for tally in parts]), max([tally.last for tally in parts]),
                 _first(chain.from_iterable(evidence)) if len(evidence) > 1 else evidence[0] if evidence else ())
