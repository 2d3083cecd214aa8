"""What the screen added up -> rows.Rows; and those of several processes as one."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from ..rows import SUM, Rows
from .conversations import Conversations
from .sums import Sums
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..rows import Spoken


def gathered(talks: Conversations, said: Sums, spoken: tuple[list[Spoken], list[str]]) -> Rows:
    """What was added up, each conversation once. ``spoken``: what the numbers in ``said`` mean."""
    whole, numbers = talks.joined()
    sums = Sums(max(said.used, 1))
    sums.words = said.words
    sums.join(said, numbers)
    return _rows(whole, sums, spoken)


def together(parts: Sequence[Rows]) -> Rows:
    """One of several, each conversation once."""
    table = Table(8, 0)
    whole, sums = Conversations(table, ()), Sums(max(1, sum([len(part.sums) for part in parts]) // SUM.size))
    whole.unbound()
    places, words = _Numbers(), _Numbers()
    for part in parts:
        numbers = whole.load(part.talks, part.more, part.tunnels)
        more = Sums(max(1, len(part.sums) // SUM.size))
        more.load(part.sums)
        sums.join(more, numbers, [places[one] for one in part.places], [words[one] for one in part.words])
    return _rows(whole, sums, (list(places), list(words)))


class _Numbers(dict[Any, int]):
    """Numbers in the order in which they are asked for."""

    def __missing__(self, one: Any) -> int:
        number = self[one] = len(self)
        return number


def _rows(whole: Conversations, sums: Sums, spoken: tuple[list[Spoken], list[str]]) -> Rows:
    used = whole.used
    heads = sums.chain(used)
    return Rows(_bytes(whole.rows, used), _bytes(whole.more, used), _bytes(sums.rows, sums.used), heads, dict(whole.tunnels), *spoken)


def _bytes(records: Any, used: int) -> bytes:
    return bytes(memoryview(records).cast("B")[:used * ctypes.sizeof(records[0])]) if used else b""
