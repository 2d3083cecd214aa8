"""Captures that are still written: files that grow, folders in which they are rotated. Each record is read once.

``tcpdump -C/-G`` and ``dumpcap -b`` begin one file after the other, ``-W`` writes the oldest over. A file is known by its
inode and its first bytes, so it may be renamed or packed (``tcpdump -z``) and is still the same, and is another one when its
beginning is. Where several files grow at once they are read by turns; conversations are cut where a turn ends, as they are
where a file does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from .bpf import Filter
from .followed import Followed
from .lookout import Happened, Lookout
from .source import BUFFER_BYTES, ROOM
from .visit import Visit

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Sequence

    from ..facts import InputFacts
    from .followed import Place

__all__ = ["Follow", "Happened"]

POLL_SECONDS: Final = 0.1
LOOK_EVERY: Final = 3  # polls
QUIET_POLLS: Final = 10  # of a file that another one, read before, has news beside
STAY_POLLS: Final = 50  # in a file that never is quiet, where another one waits


class Follow:
    """Inputs without end: iterating it gives a `Visit` to each file that has something new, the oldest first.

    ``wait`` is called while there is none, every ``poll`` seconds; True from it ends. ``limit``: packets of all of them, 0 for no limit.
    ``reasons``: what was lost, a sentence each; ``notes``: of how many files.
    """

    def __init__(self, paths: Sequence[str], *, bpf: str | None = None) -> None:
        """Opens the folders. Errors: `CaptureError` where one cannot be, `UsageError` for a wrong filter."""
        self.wait: Callable[[], bool] | None = None
        self.limit = 0
        self.poll = POLL_SECONDS
        self._filter = Filter(bpf) if bpf and bpf.strip() else None
        self._buffer = bytearray(BUFFER_BYTES + ROOM)
        self._last: Followed | None = None
        self._visit: Visit | None = None
        self._polls = self._taken = 0
        self._ending = self._all_read = False
        self.lookout = Lookout(paths)
        self.replaced = self.lookout.replaced
        self.shortened = self.lookout.shortened

    @property
    def places(self) -> list[Place]:
        """Where files are looked for."""
        return self.lookout.places

    @property
    def files(self) -> list[Followed]:
        """Those that are known."""
        return self.lookout.files

    @property
    def reasons(self) -> set[str]:
        """See the class."""
        return self.lookout.reasons

    @property
    def notes(self) -> Counter[str]:
        """See the class."""
        return self.lookout.notes

    def __iter__(self) -> Iterator[Visit]:
        """Follow on."""
        while not self._ending:
            self.look()
            one = self._next()
            if one is None:
                if self.wait is not None and self.wait():
                    return
                time.sleep(self.poll)
                continue
            self._last, self._visit, self.lookout.reading = one, Visit(one, self, self._filter, self._buffer), one
            before = one.facts.packets
            if self.limit:
                self._visit.limit = before + self.limit - self._taken
            yield self._visit
            self._visit = self.lookout.reading = None
            self._taken += one.facts.packets - before
            if self.limit and self._taken >= self.limit:
                self._all_read = True
                return

    def finish(self) -> None:
        """Begin no other file."""
        self._ending = True

    def close(self) -> None:
        """Give the folders back."""
        self.lookout.close()

    def check(self) -> list[Happened]:
        """What happened since the last time, each thing once."""
        return self.lookout.check()

    def behind(self) -> set[str]:
        """At the end: what is there and was not read, a sentence each."""
        if not self._ending or self._all_read:
            return set()
        self._settle()
        waiting = [one for one in self.files if one.news]
        return {f"{one.facts.path}: {one.size - one.seen} bytes of it were not read before the end" for one in waiting}

    def saved(self, rows: Sequence[InputFacts]) -> list[dict[str, Any]]:
        """The files that are known, for JSON; ``rows``: the inputs whose numbers they bear."""
        self._settle()
        numbers = {id(row): number for number, row in enumerate(rows)}
        return [one.saved() | {"place": self.places.index(one.place), "input": numbers[id(one.facts)]} for one in self.files if id(one.facts) in numbers]

    def restore(self, saved: Sequence[dict[str, Any]], rows: Sequence[InputFacts]) -> None:
        """Go on where ``saved`` was made. Errors: ValueError, TypeError, LookupError, `CaptureError`."""
        self.lookout.files = [Followed.restored(one, self.places[one["place"]], rows[one["input"]]) for one in saved]

    # --- for the visit ------------------------------------------------------------------------------------------

    def elsewhere(self, visit: Visit) -> bool:
        """Whether the visit, which is at its file's end, is over: another file has something."""
        others = [one for one in self.files if one.news and one is not visit.one]
        begun = any(not one.visited for one in others)
        over = visit.one.leaving or begun or (bool(others) and (visit.idle >= QUIET_POLLS or visit.polls >= STAY_POLLS))
        visit.one.finished = over
        return over

    def look(self) -> None:
        """Look into the folders, every few times that this is called."""
        self._polls += 1
        if self._polls % LOOK_EVERY == 1:
            self.lookout.look()

    def _next(self) -> Followed | None:
        """The next file with news after the one that was read last."""
        at = self.files.index(self._last) + 1 if self._last in self.files else 0
        return next((one for one in (*self.files[at:], *self.files[:at]) if one.news), None)

    def _settle(self) -> None:
        if self._visit is not None:
            self._visit.settle()
