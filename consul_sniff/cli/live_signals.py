"""Signals of a long run: INT and TERM end it, USR1 prints counters, HUP opens the outputs again."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from .stopping import ENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SHOW_CURSOR = b"\x1b[?25h"  # a live page hides it


AGAIN = 0.05  # seconds


@contextmanager
def meanwhile(call: Callable[[], None]) -> Iterator[None]:
    """Call it again and again while the block runs, in between its own instructions."""
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: call())
    signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class LiveSignals:
    """``code``: 130 or 143 once the run was asked to end. The second INT or TERM ends the process where it stands.

    A handler only notes what is wanted; ``attend`` does it, between two blocks.
    """

    def __init__(self, stop: Callable[[], None], counters: Callable[[], None], reopen: Callable[[], None]) -> None:
        self.code = 0
        self._stop = stop
        self._calls = {signal.SIGUSR1: counters, signal.SIGHUP: reopen}
        self._wanted: list[int] = []
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in ENDS:
            self._before[number] = signal.signal(number, self._end)
        for number in self._calls:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def attend(self) -> None:
        """Do what was asked for meanwhile."""
        while self._wanted:
            self._calls[signal.Signals(self._wanted.pop(0))]()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number not in self._wanted:
            self._wanted.append(number)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self.code:
            if sys.stdout.isatty():
                os.write(sys.stdout.fileno(), SHOW_CURSOR)
            os._exit(ENDS[signal.Signals(number)])
        self.code = ENDS[signal.Signals(number)]
        self._stop()
