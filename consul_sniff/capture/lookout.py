"""Looking into folders again and again: which files are new, went on, were moved, packed, cut, written over, removed."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from .. import limits
from ..errors import CaptureError
from ..text import printable
from . import inputs
from .followed import HEAD_BYTES, Followed, Head, Place, Seen, by_age, first_bytes, is_capture, missed, unpacked
from .formats import Damage

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY_LOOKS: Final = 20  # of a file that was emptied: a ring writes to it again soon
GONE: Final = 256  # files that are remembered: they may come back, perhaps packed


class Happened(NamedTuple):
    """Something that happened to a file. ``what``: file-new -renamed -overwritten -truncated -gone -unreadable; ``words``: a sentence."""

    what: str
    file: str
    words: str


class Lookout:
    """The files in some folders. ``reading``: the one that is visited, which looks after itself.

    ``reasons``: what was lost, a sentence each; ``notes``: of how many files.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Opens the folders. Errors: `CaptureError`."""
        self.reasons: set[str] = set()
        self.notes: Counter[str] = Counter()
        self.files: list[Followed] = []
        self.places: list[Place] = []
        self.reading: Followed | None = None
        self._passed: dict[tuple[str, str], object] = {}  # files that are none of ours, as they were when that was found
        self._young: dict[tuple[str, str], object] = {}  # packed ones, of which more may come
        self._emptied: dict[tuple[str, str], int] = {}  # looks since
        self._happened: list[Happened] = []
        self._looks = self._told = 0
        try:
            for path in dict.fromkeys(paths):
                self.places.append(Place(path))
        except OSError as error:
            self.close()
            raise CaptureError(f"{printable(path)}: {inputs.trouble(error)}") from None

    def close(self) -> None:
        """Give the folders back."""
        while self.places:
            self.places.pop().close()

    def check(self) -> list[Happened]:
        """What happened since the last time, each thing once."""
        happened, self._happened = self._happened, []
        return happened

    def look(self) -> None:
        """Look once. Errors, the first time: `CaptureError`, where what was asked for cannot be read or is no capture."""
        self._looks += 1
        known = {one.number: one for one in self.files}
        found = self._found(known)
        if found is None:
            return
        missing = [one for number, one in known.items() if number not in found]
        for number in known.keys() & found.keys():
            self._again(known[number], found[number])
        fresh = sorted((seen for number, seen in found.items() if number not in known), key=by_age)
        keys = {(seen.place.shown, seen.name) for seen in fresh}
        self._passed = {key: mark for key, mark in self._passed.items() if key in keys}
        self._young = {key: mark for key, mark in self._young.items() if key in keys}
        for seen in fresh:
            self._new(seen, missing)
        for one in missing:
            self._went(one)
        self._stay_empty()
        if self._looks == 1 and not (self.files or self._emptied):
            self._tell("file-awaited", ", ".join(place.shown for place in self.places), "no capture there yet: waiting for one")

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

    def _found(self, known: dict[tuple[int, int], Followed]) -> dict[tuple[int, int], Seen] | None:
        """The files that are there, each once, by the name that it is known by if it has several; None: nobody can say."""
        found: dict[tuple[int, int], Seen] = {}
        for place in self.places:
            try:
                for seen in place.files():
                    one = known.get(seen.number)
                    if seen.number not in found or (one is not None and (seen.place, seen.name) == (one.place, one.name)):
                        found[seen.number] = seen
            except OSError as error:
                self._unreadable(place, None, inputs.trouble(error))
                return None
        return found

    def _again(self, one: Followed, seen: Seen) -> None:
        """A file that is known."""
        moved = (one.place, one.name) != (seen.place, seen.name)
        visited = one is self.reading
        if not (moved or one.gone) and (visited or (one.size, one.changed) == (seen.size, seen.changed)):
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
            self.files.remove(one)
            return
        one.gone = False
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
        one = next((one for one in (*missing, *(self.files if packed else ())) if one.facts.packets and one.start.begins(start)), None)
        if one is None:
            if packed and self._young.get(key) != mark and len(start) < HEAD_BYTES:
                self._young[key] = mark  # it may be the copy of a file that is known: that shows when there is more of it
                return
            one = self._begun(seen)
        elif one is self.reading or one not in missing:
            one.leaving = True  # first to the end of what it is; and until it is removed, what is packed is a copy
            return
        else:
            missing.remove(one)
            self._moved(one, seen)
            one.seen = one.seen if one.packed == packed else 0
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
        if one.gone:
            return
        one.gone = True
        if one is self.reading:
            self._tell("file-gone", one.facts.path, f"{one.facts.path} is gone; what is left of it is read")
            return
        lost = missed(one, "went away")
        self._lose(lost)
        self._tell("file-gone", one.facts.path, lost or f"{one.facts.path} is gone; all of it had been read")
        gone = [other for other in self.files if other.gone and other is not self.reading]
        if len(gone) > GONE:
            self.files.remove(gone[0])

    def _stay_empty(self) -> None:
        for (place, name), looks in list(self._emptied.items()):
            self._emptied[place, name] = looks + 1
            if looks == EMPTY_LOOKS:
                path = next(one.path(name) for one in self.places if one.shown == place)
                self._tell("file-truncated", path, f"{path} was emptied; a capture that begins in it will be read")

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
