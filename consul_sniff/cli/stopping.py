"""INT and TERM: stop reading, report what was seen so far, end with 130 or 143. The second one ends at once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Self

from ..errors import Interrupted

if TYPE_CHECKING:
    from types import FrameType

ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stopping:
    """Watches for the first signal. The pipeline looks at ``code`` between blocks and sets ``waiting`` while it reads."""

    def __init__(self) -> None:
        self.code = 0
        self.waiting = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in ENDS:
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        again = bool(self.code)
        self.code = ENDS[signal.Signals(number)]
        if again:
            raise SystemExit(self.code)
        if self.waiting:
            raise Interrupted
