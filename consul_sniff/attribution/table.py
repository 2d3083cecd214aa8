"""The report's conversations, sorted. Strangers' rows are made when somebody reads them, and again for the next who does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from ..report import ConversationRow

if TYPE_CHECKING:
    from ..report import Form
    from .strangers import Strangers


class Table(Sequence[ConversationRow]):
    """``rows`` with the order of each, and the ``strangers`` that stand between them."""

    def __init__(self, rows: list[tuple[bytes, ConversationRow]], strangers: Strangers) -> None:
        self._rows = [row for _, row in rows]
        self._strangers = strangers
        far = strangers.far
        #: places of ``rows``, and behind those of strangers
        keys = [*[key for key, _ in rows], *map(strangers.order, far)]
        self._places = sorted(range(len(keys)), key=keys.__getitem__)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> ConversationRow: ...
    @overload
    def __getitem__(self, at: slice) -> list[ConversationRow]: ...
    def __getitem__(self, at: int | slice) -> ConversationRow | list[ConversationRow]:
        if isinstance(at, slice):
            return list(map(self._row, self._places[at]))
        return self._row(self._places[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(ConversationRow.__eq__, self, other))

    def __repr__(self) -> str:
        return repr(list(self))

    __hash__ = None  # type: ignore[assignment]

    def written(self, at: slice, form: Form) -> list[str | ConversationRow]:
        """As of ``report.Writing``: strangers are made of numbers and our own words."""
        known, strangers = len(self._rows), self._strangers
        return [self._rows[place] if place < known else strangers.written(strangers.far[place - known], form) for place in self._places[at]]

    def _row(self, place: int) -> ConversationRow:
        known = len(self._rows)
        return self._rows[place] if place < known else self._strangers.row(self._strangers.far[place - known])
