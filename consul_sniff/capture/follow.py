"""Captures that are still written: files that grow, folders in which they are rotated. Each record is read once.

``tcpdump -C/-G`` and ``dumpcap -b`` begin one file after the other, ``-W`` writes the oldest over. A file is known by its
inode and its first bytes, so it may be renamed or packed (``tcpdump -z``) and is still the same, and is another one when its
beginning is. Where several files grow at once they are read by turns; conversations are cut where a turn ends, as they are
where a file does.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .. import limits
from ..errors import CaptureError
from ..text import printable
from . import inputs
from .bpf import Filter
from .followed import HEAD_BYTES, Followed, Head, Place, Seen, by_age, first_bytes, is_capture, missed, unpacked
from .formats import Damage
from .source import BUFFER_BYTES, ROOM
from .visit import POLL_SECONDS, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..facts import InputFacts

LOOK_EVERY: Final = 3  # polls
QUIET_POLLS: Final = 10  # of a file that another one, read before, has news beside
STAY_POLLS: Final = 50  # in a file that never is quiet, where another one waits
EMPTY_LOOKS: Final = 20  # of a file that was emptied: a ring writes to it again soon


class Happened(NamedTuple):
    """Something that happened to a file. ``what``: file-new -renamed -overwritten -truncated -gone -unreadable; ``words``: a sentence."""

    what: str
    file: str
    words: str


class Follow:
    """Inputs without end: iterating it gives a `Visit` to each file that has something new, the oldest first.

    ``wait`` is called while there is none; True from it ends. ``limit``: packets of all of them, 0 for no limit.
    ``reasons``: what was lost, a sentence each; ``notes``: of how many files.
    """

    def __init__(self, paths: Sequence[str], *, bpf: str | None = None) -> None:
        """Opens the folders. Errors: `CaptureError` where one cannot be, `UsageError` for a wrong filter."""
        self.wait: Callable[[], bool] | None = None
        self.limit = 0
        self.reasons: set[str] = set()
        self.notes: Counter[str] = Counter()
        self.files: list[Followed] = []
        self.places: list[Place] = []
        self._filter = Filter(bpf) if bpf and bpf.strip() else None
        self._buffer = bytearray(BUFFER_BYTES + ROOM)
        self._last: Followed | None = None
        self._visit: Visit | None = None
        self._passed: dict[tuple[str, str], object] = {}  # files that are none of ours, as they were when that was found
        self._young: dict[tuple[str, str], object] = {}
        self._emptied: dict[tuple[str, str], int] = {}  # looks since
        self._happened: list[Happened] = []
        self._looks = self._told = self._taken = 0
        self._ending = self._all_read = False
        try:
            for path in dict.fromkeys(paths):
                self.places.append(Place(path))
        except OSError as error:
            self.close()
            raise CaptureError(f"{printable(path)}: {inputs.trouble(error)}") from None

    def __iter__(self) -> Iterator[Visit]:
        """Follow on."""
        while not self._ending:
            self.look()
            one = self._next()
            if one is None:
                if self.wait is not None and self.wait():
                    return
                time.sleep(POLL_SECONDS)
                continue
            self._last, self._visit = one, Visit(one, self, self._filter, self._buffer)
            before = one.facts.packets
            if self.limit:
                self._visit.limit = before + self.limit - self._taken
            yield self._visit
            self._visit = None
            self._taken += one.facts.packets - before
            if self.limit and self._taken >= self.limit:
                self._all_read = True
                return

    def finish(self) -> None:
        """Begin no other file."""
        self._ending = True

    def close(self) -> None:
        """Give the folders back."""
        while self.places:
            self.places.pop().close()

    def check(self) -> list[Happened]:
        """What happened since the last time, each thing once."""
        happened, self._happened = self._happened, []
        return happened

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
        self.files = [Followed.restored(one, self.places[one["place"]], rows[one["input"]]) for one in saved]

    # --- for the visit ------------------------------------------------------------------------------------------

    def elsewhere(self, visit: Visit) -> bool:
        """Whether the visit, which is at its file's end, is over: another file has something."""
        others = [one for one in self.files if one.news and one is not visit.one]
        begun = any(not one.visited for one in others)
        over = visit.packed_away or begun or (bool(others) and (visit.idle >= QUIET_POLLS or visit.polls >= STAY_POLLS))
        visit.one.finished = over
        return over

    def replaced(self, one: Followed) -> None:
        """Its content is not there any more."""
        if one not in self.files:
            return
        self.files.remove(one)
        self._lose(missed(one, "was written over"))
        self._emptied[one.place.shown, one.name] = 0

    def shortened(self, one: Followed, size: int) -> None:
        """A part of what was read was taken away: where what is written now would stand, nobody can say."""
        one.broken = True
        one.facts.error = f"{one.facts.path} was cut to {size} bytes after {one.seen} had been read; nothing more of it is read"
        self._lose(one.facts.error)
        self._tell("file-truncated", one.facts.path, one.facts.error)

    def look(self) -> None:
        """Look into the folders, every few times that this is called."""
        self._looks += 1
        if self._looks % LOOK_EVERY != 1:
            return
        known = {one.number: one for one in self.files}
        found = self._found(known)
        missing = [one for number, one in known.items() if number not in found]
        for number in known.keys() & found.keys():
            self._again(known[number], found[number])
        fresh = sorted((seen for number, seen in found.items() if number not in known), key=by_age)
        self._passed = {key: mark for key, mark in self._passed.items() if key in {(seen.place.shown, seen.name) for seen in fresh}}
        for seen in fresh:
            self._new(seen, missing)
        for one in missing:
            self._went(one)
        self._stay_empty()
        if self._looks == 1 and not self.files:
            self._tell("file-awaited", ", ".join(place.shown for place in self.places), "no capture there yet: waiting for one")

    # --- what a look finds --------------------------------------------------------------------------------------

    def _next(self) -> Followed | None:
        """The next file with news after the one that was read last."""
        at = self.files.index(self._last) + 1 if self._last in self.files else 0
        return next((one for one in (*self.files[at:], *self.files[:at]) if one.news), None)

    def _found(self, known: dict[tuple[int, int], Followed]) -> dict[tuple[int, int], Seen]:
        """The files that are there, each once, by the name that it is known by if it has several."""
        found: dict[tuple[int, int], Seen] = {}
        for place in self.places:
            try:
                for seen in place.files():
                    one = known.get(seen.number)
                    if seen.number not in found or (one is not None and (seen.place, seen.name) == (one.place, one.name)):
                        found[seen.number] = seen
            except OSError as error:
                self._unreadable(place, None, inputs.trouble(error))
        return found

    def _again(self, one: Followed, seen: Seen) -> None:
        """A file that is known."""
        moved = (one.place, one.name) != (seen.place, seen.name)
        visited = self._visit is not None and one is self._visit.one  # looks itself
        if not moved and (visited or (one.size, one.changed) == (seen.size, seen.changed)):
            return
        one.changed = seen.changed
        try:
            head = _beginning(seen)[0]
        except (OSError, Damage) as error:
            self._unreadable(seen.place, seen.name, str(error))
            return
        same = one.head.begins(head)
        if moved and not same:  # the inode of a file that was removed is soon another one's
            self._went(one)
            return
        if moved:
            self._moved(one, seen)
        if visited:
            return
        if not same:
            self.replaced(one)
            return
        one.size = seen.size
        if one.size < one.seen and not one.broken:
            self.shortened(one, one.size)

    def _new(self, seen: Seen, missing: list[Followed]) -> None:
        """A file that is not known by its inode: a new one, or one that was moved or packed meanwhile."""
        key, mark = (seen.place.shown, seen.name), (seen.number, seen.size, seen.changed)
        if self._passed.get(key) == mark:
            return
        named = seen.place.only is not None or inputs.NAMED_AS_CAPTURE.search(seen.name) is not None
        try:
            head, start, packed = _beginning(seen)
        except (OSError, Damage) as error:
            self._passed[key] = mark
            if named:
                self._unreadable(seen.place, seen.name, inputs.trouble(error) if isinstance(error, OSError) else str(error))
            return
        if not is_capture(start):
            self._passed[key] = mark
            if named and len(start) >= inputs.HEAD:
                self._unreadable(seen.place, seen.name, inputs.foreign(start))
            return
        one = next((one for one in (*missing, *(self.files if packed else ())) if one.start.size and one.start.begins(start)), None)
        if one is None:
            if packed and self._young.get(key) != mark and len(start) < HEAD_BYTES:
                self._young[key] = mark  # it may be the copy of a file that is known: that shows when there is more of it
                return
            one = self._begun(seen)
        elif self._visit is not None and one is self._visit.one:
            self._visit.packed_away = True  # first to the end of what it was
            return
        elif one in missing:
            missing.remove(one)
            self._moved(one, seen)
            one.seen = one.seen if one.packed == packed else 0
        else:
            return  # packed, and not removed yet
        one.number, one.size, one.changed, one.packed, one.gone = seen.number, seen.size, seen.changed, packed, False
        one.head, one.start = Head.of(head), Head.of(start)

    def _begun(self, seen: Seen) -> Followed:
        one = Followed(seen.place, seen.name)
        path = one.facts.path
        if self._told >= limits.FOLLOWED:
            self._lose("more files than can be told apart: what came later was not read; begin another run")
            return one
        self._told += 1
        self.files.append(one)
        if self._emptied.pop((seen.place.shown, seen.name), None) is None:
            self._tell("file-new", path, f"reading {path}")
        else:
            self._tell("file-overwritten", path, f"{path} was written over: a new capture begins in it")
        return one

    def _moved(self, one: Followed, seen: Seen) -> None:
        path = seen.place.path(seen.name)
        self._tell("file-renamed", path, f"{one.facts.path} is {path} now; it is not read again")
        one.place, one.name = seen.place, seen.name

    def _went(self, one: Followed) -> None:
        told, one.gone = one.gone, True
        if self._visit is not None and one is self._visit.one:
            if not told:
                self._tell("file-gone", one.facts.path, f"{one.facts.path} is gone; what is left of it is read")
            return
        self.files.remove(one)
        if told:
            return
        lost = missed(one, "went away")
        self._lose(lost)
        self._tell("file-gone", one.facts.path, lost or f"{one.facts.path} is gone; all of it had been read")

    def _stay_empty(self) -> None:
        for (place, name), looks in list(self._emptied.items()):
            self._emptied[place, name] = looks + 1
            if looks == EMPTY_LOOKS:
                path = next(one.path(name) for one in self.places if one.shown == place)
                self._tell("file-truncated", path, f"{path} was emptied; a capture that begins in it will be read")

    def _settle(self) -> None:
        if self._visit is not None:
            self._visit.settle()

    def _unreadable(self, place: Place, name: str | None, why: str) -> None:
        path = place.shown if name is None else place.path(name)
        words = f"{printable(path)}: {why}"
        if self._looks == 1 and (name is None or place.only is not None):
            raise CaptureError(words)  # what was asked for, and it never was otherwise
        if printable(words) not in self.reasons:
            self._lose(words)
            self._tell("file-unreadable", path, words)

    def _lose(self, words: str) -> None:
        if words and (said := printable(words)) not in self.reasons:
            self.reasons.add(said)
            self.notes["files-missed"] += 1

    def _tell(self, what: str, path: str, words: str) -> None:
        self._happened.append(Happened(what, printable(path), printable(words)))


def _beginning(seen: Seen) -> tuple[bytes, bytes, bool]:
    """A file's first bytes as they lie there, those that are packed in it, and whether they are packed. Errors: OSError, `Damage`."""
    fd = seen.place.open(seen.name)
    try:
        head = first_bytes(fd)
        return head, *unpacked(fd)
    finally:
        os.close(fd)
