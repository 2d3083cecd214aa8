"""Files that are written for long, whole blocks at a time: one, or a ring of which the oldest is removed.

A disk that is full, or broken, takes no more: what was written stays readable, for a block that did not fit is cut off
again. ``trouble`` says then what happened; nothing is written until ``reopen``.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO, Protocol

    class Folder(Protocol):
        """What is asked of ``hardening.OutputDir``."""

        path: Path

        def create(self, name: str) -> BinaryIO: ...
        def replace(self, name: str) -> BinaryIO: ...
        def append(self, name: str) -> BinaryIO: ...
        def holds(self, name: str, file: BinaryIO) -> bool: ...
        def remove(self, name: str) -> None: ...


class Ring(NamedTuple):
    """At most ``files`` of at most ``size`` bytes each."""

    files: int
    size: int


class Kept:
    """A stretch of packets without a gap in one file. ``first``: the first one's number in the run, ``before``: how many
    stand in the file before it."""

    __slots__ = ("before", "first", "name", "packets")

    def __init__(self, name: str, first: int, before: int = 0) -> None:
        self.name = name
        self.first = first
        self.before = before
        self.packets = 0


ENDING: Final = 64 * 1024  # bytes of a ring's file that are left free for its last blocks


class Files:
    """``begin(first)`` and ``end()`` give a file's first and last blocks; ``wall``: ns since the epoch, for names.

    Errors of the constructor: OutputError.
    """

    def __init__(self, folder: Folder, name: str, ring: Ring | None, begin: Callable[[int], bytes], end: Callable[[], bytes],
                 wall: Callable[[], int]) -> None:
        self.name = name
        self.kept: deque[Kept] = deque()  # of the files that are there, the oldest first
        self.removed = 0  # files
        self.packets = 0  # written, those in removed files too
        self.trouble = ""
        self._folder = folder
        self._ring = ring
        self._begin = begin
        self._end = end
        self._wall = wall
        self._number = 0
        self._size = 0
        self._next = 1  # the number of the packet to come
        self._file: BinaryIO | None = None
        self._start()
        if self.trouble:
            raise OutputError(self.trouble)

    def write(self, blocks: bytes, packets: int = 0) -> None:
        """Write whole blocks, with so many packets in them."""
        ring = self._ring
        if ring is not None and packets and not self.trouble and self.kept[-1].packets and self._size + len(blocks) + ENDING > ring.size:
            self._turn()
        self._next += packets
        if self._put(blocks):
            self.kept[-1].packets += packets
            self.packets += packets

    def reopen(self) -> None:
        """Go on in a new file: the ring's next, or where ours was moved away. After trouble, try again."""
        there = self._file is not None and self._folder.holds(self.name, self._file)
        if self._ring is not None or self.trouble or not there:
            self._turn(again=there)

    def close(self, last: bytes = b"") -> None:
        """End the present file."""
        if self._file is None:
            return
        self._put(self._end() + last)
        file, self._file = self._file, None
        try:
            file.close()
        except OSError as error:
            self._failed(error)

    def place(self, frame: int) -> str:
        """Where a packet of the run stands, in words; "" where it is not kept, or not any more."""
        for one in self.kept:
            if one.first <= frame < one.first + one.packets:
                return f"packet {frame - one.first + one.before + 1}" + (f" of {one.name}" if self._ring else "")
        return ""

    def _turn(self, *, again: bool = False) -> None:
        self.close()
        self.trouble, self._size = "", self._size if again and self._ring is None else 0
        self._start(again=again)

    def _start(self, *, again: bool = False) -> None:
        try:
            if self._ring is not None:
                self._begin_next(self._ring)
            elif again:  # a new section behind what is there
                self._file = self._folder.append(self.name)
                os.ftruncate(self._file.fileno(), self._size)  # if that could not be done before
                self.kept.append(Kept(self.name, self._next, self.kept[-1].before + self.kept[-1].packets))
            else:
                self._file = self._folder.replace(self.name)
                self.kept.clear()
                self.kept.append(Kept(self.name, self._next))
        except (OutputError, OSError) as error:
            self._failed(error)
            return
        self._put(self._begin(self._next))

    def _begin_next(self, ring: Ring) -> None:
        while len(self.kept) >= ring.files:
            self._folder.remove(self.kept.popleft().name)
            self.removed += 1
        self._number += 1
        stamp = datetime.fromtimestamp(self._wall() // 10**9, UTC)
        stem, dot, ending = self.name.rpartition(".")
        name = f"{stem}_{self._number:05d}_{stamp:%Y%m%d%H%M%S}{dot}{ending}"
        self._file = self._folder.create(name)
        self.kept.append(Kept(name, self._next))

    def _put(self, blocks: bytes) -> bool:
        if self.trouble or self._file is None:
            return False
        fd = self._file.fileno()
        try:
            with memoryview(blocks) as view:
                done = 0
                while done < len(view):
                    done += os.write(fd, view[done:])
        except OSError as error:
            self._failed(error)
            with suppress(OSError):
                os.ftruncate(fd, self._size)
            return False
        self._size += len(blocks)
        return True

    def _failed(self, error: OutputError | OSError) -> None:
        if not self.trouble:
            name = self.kept[-1].name if self.kept else self.name
            self.trouble = str(error) if isinstance(error, OutputError) else f"{self._folder.path / name}: {error.strerror}"
