"""What the screen added up -> rows.Rows; and those of several processes as one."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from ..rows import SUMS, Rows
from .conversations import Conversations
from .sums import Sums
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


def gathered(talks: Conversations, said: Sums, spoken: Any) -> Rows:
    """What was added up, each conversation once: it is used up. ``spoken``: what the numbers in ``said`` mean, as ``Sayings.spoken``
    gives it."""
    said.gather(talks.gather())
    return _rows(talks, said, spoken)


def together(parts: Sequence[Rows]) -> Rows:
    """One of several, each conversation once."""
    table = Table(8, 0)
    whole = Conversations(table, (), sum([part.talked for part in parts]))
    sums = Sums(max(1, sum([len(part.sums) for part in parts]) // SUMS.size))
    whole.unbound()
    places, words = _Numbers(), _Numbers()
    for part in parts:
        numbers = whole.load(part.talks, part.more, part.tunnels)
        more = Sums(max(1, len(part.sums) // SUMS.size))
        more.load(part.sums)
        sums.join(more, numbers, [places[one] for one in part.places], [words[one] for one in part.words])
    return _rows(whole, sums, (list(places), list(words), parts[0].spell))


class _Numbers(dict[Any, int]):
    """Numbers in the order in which they are asked for."""

    def __missing__(self, one: Any) -> int:
        number = self[one] = len(self)
        return number


def _rows(whole: Conversations, sums: Sums, spoken: Any) -> Rows:
    used = whole.used
    heads = sums.chain(used)
    return Rows(_bytes(whole.rows, used), _bytes(whole.more, used), _bytes(sums.rows, sums.used), heads, dict(whole.tunnels), *spoken)


def _bytes(records: Any, used: int) -> memoryview:
    return memoryview(records).cast("B")[:used * ctypes.sizeof(records[0])]
