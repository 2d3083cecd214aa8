"""Which process reads what.

Many files are shared out whole. A large file is shared out by its flows: each process reads all of it and keeps the
flows of its shares (``screen.table.SHARES``). Why not by slices of the file: what the screen remembers (flows, the order
of TCP, duplicates, pings, nonces, what was told before) would have to be handed over at every cut, and who is forgotten
when a table is full hangs on the order of all packets. By flows nothing crosses a border: what knows no flow (gossip
from many senders, fragments) is looked at by all. The price: reading and walking the headers is done by all as well, a
fifth of the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .. import limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..facts import Facts

SHARES = limits.SHARES
#: Of the work on a part of a file: what every part costs, whatever the number of parts.
COMMON = 0.2
#: Tasks of small files a process, so that none waits long for the others at the end.
TASKS = 4


class Load(NamedTuple):
    """An input's bytes (as they lie there), and whether several processes may read it at once."""

    size: int
    divisible: bool


class Task(NamedTuple):
    """What one process is to read: inputs by their numbers, and whose flows it keeps (None: all; else a bit a share)."""

    inputs: tuple[int, ...]
    shares: int | None
    size: float  # of the work, in bytes

    @property
    def leads(self) -> bool:
        """Does it count what belongs to no flow, and speak for its inputs?"""
        return self.shares is None or bool(self.shares & 1)

    @property
    def told(self) -> int:
        """Bytes of its inputs that it stands for, as progress is told."""
        if self.shares is None:
            return int(self.size)
        part = self.shares.bit_count() / SHARES
        return int(self.size / (COMMON + (1 - COMMON) * part) * part)


class Result(NamedTuple):
    """What a task learnt, and how many bytes of bodies it held at once (``limits.BODIES`` is of all flows together)."""

    facts: Facts
    bodies: int
    keys: Mapping[tuple[str, int], int] = {}  # how many keys each share has in each table


def split(loads: Sequence[Load], jobs: int, worth: int) -> list[Task]:
    """Tasks for ``jobs`` processes, in the order of their inputs; one task where less than ``worth`` bytes are to be read."""
    total = sum(load.size for load in loads)
    if jobs < 2 or total < worth:
        return [Task(tuple(range(len(loads))), None, total)] if loads else []
    whole = _whole(loads, total / jobs / TASKS)
    parts = min(jobs, SHARES)
    large = {n for n, load in enumerate(loads) if load.divisible and load.size >= worth and load.size > total / jobs / 2}
    divided = [task for task in whole if not large.intersection(task.inputs)]
    for number in large:
        divided += [_part(number, loads[number].size, _every(parts, part)) for part in range(parts)]
    best = min((whole, divided), key=lambda tasks: _longest(tasks, jobs))
    return sorted(best, key=lambda task: (task.inputs, not task.leads, task.shares or 0))


def _part(number: int, size: int, shares: int) -> Task:
    return Task((number,), shares, size * (COMMON + (1 - COMMON) * shares.bit_count() / SHARES))


def _every(parts: int, part: int) -> int:
    """Each so manieth share."""
    return sum(1 << share for share in range(part, SHARES, parts))


def _whole(loads: Sequence[Load], enough: float) -> list[Task]:
    """Inputs that follow each other, together until they are ``enough``; a large one alone."""
    tasks: list[Task] = []
    some: list[int] = []
    size = 0
    for number, load in enumerate(loads):
        if some and size + load.size > enough:
            tasks.append(Task(tuple(some), None, size))
            some, size = [], 0
        some.append(number)
        size += load.size
    if some:
        tasks.append(Task(tuple(some), None, size))
    return tasks


def _longest(tasks: Sequence[Task], jobs: int) -> float:
    """When the last process ends, the largest tasks given out first."""
    busy = [0.0] * jobs
    for size in sorted((task.size for task in tasks), reverse=True):
        busy[busy.index(min(busy))] += size
    return max(busy)
