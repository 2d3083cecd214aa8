"""Capture files that grow or are written over: which is which, and how far each was read."""

from __future__ import annotations

import errno
import os
import stat
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from ..facts import InputFacts
from . import compression, inputs, pcap, pcapng
from .formats import Damage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .formats import Layout

#: A file is told from another by its first bytes: the first packets' times and contents are among them.
HEAD_BYTES: Final = 16_384
_TIMED: Final = pcap.HEADER_BYTES + pcap.RECORD_HEADER
_OPEN: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe that lies in the folder must not stop us


class Head(NamedTuple):
    """A file's first ``size`` bytes, by their digest: a packet's content is not to be kept. ``first``: as far as the first
    packet's time, where it is a pcap."""

    size: int
    digest: str
    first: str = ""

    @classmethod
    def of(cls, data: bytes) -> Self:
        timed = len(data) >= _TIMED and pcap.begins(data)
        return cls(len(data), sha256(data).hexdigest(), sha256(data[:_TIMED]).hexdigest() if timed else "")

    def begins(self, data: bytes) -> bool:
        """Whether a file with these first bytes is the same one, perhaps grown, or cut behind its first packet's time."""
        now = self.of(data[:self.size])
        return now.digest == self.digest if now.size == self.size else bool(self.first) and now.first == self.first


class Followed:
    """A capture file. ``number``: (device, inode); ``size``: its bytes when it was last looked at; ``seen``: so many were
    there when it was last read to its end; ``position``: of the unpacked stream, all records before it were screened.

    ``finished``: read to its end after another one began. ``half``: then half a record stood there. ``broken``: cannot be
    read on. ``gone``: from its folder. ``leaving``: what is in it stands in another file too, which will be read.
    """

    def __init__(self, place: Place, name: str) -> None:
        self.place = place
        self.name = name
        self.number = (0, 0)
        self.changed = 0  # ns
        self.size = self.seen = self.position = 0
        self.head = self.start = Head.of(b"")  # as it lies there; and unpacked
        self.packed = self.visited = self.finished = self.half = self.broken = self.gone = self.leaving = False
        self.layout: Layout | None = None
        self.facts = InputFacts(place.path(name))

    @property
    def news(self) -> bool:
        """Whether there is something to read."""
        return not (self.broken or self.gone) and (not self.visited or self.size > self.seen)

    @property
    def lost(self) -> int:
        """If it went away now: -1 where nobody knows how much was not read, else so many bytes."""
        return max(self.size - self.seen, 0) if self.finished else -1

    def saved(self) -> dict[str, Any]:
        """For JSON; what it counted is saved with the other inputs."""
        layout = None if self.layout is None else self.layout.saved()
        return {"name": self.name, "number": self.number, "size": self.size, "seen": self.seen, "position": self.position, "head": self.head,
                "start": self.start, "packed": self.packed, "finished": self.finished, "half": self.half, "broken": self.broken, "gone": self.gone, "layout": layout}

    @classmethod
    def restored(cls, saved: dict[str, Any], place: Place, facts: InputFacts) -> Self:
        """From what ``saved`` gave. Errors: ValueError, TypeError, KeyError, `Damage`."""
        one = cls(place, str(saved["name"]))
        device, inode = saved["number"]
        one.number = (int(device), int(inode))
        one.size, one.seen, one.position = (int(saved[key]) for key in ("size", "seen", "position"))
        one.head, one.start = (Head(int(size), str(digest), str(first)) for size, digest, first in (saved["head"], saved["start"]))
        one.packed, one.finished, one.half, one.broken, one.gone = (bool(saved[key]) for key in ("packed", "finished", "half", "broken", "gone"))
        if (layout := saved["layout"]) is not None:
            one.layout = (pcap.PcapLayout if "header" in layout else pcapng.PcapngLayout).restored(layout)
        if min(one.size, one.seen, one.position) < 0 or (one.position and one.layout is None):
            raise ValueError(one.position)
        one.visited = True
        one.facts = facts
        return one


class Seen(NamedTuple):
    """A file as a folder shows it."""

    place: Place
    name: str
    number: tuple[int, int]
    size: int
    changed: int


class Place:
    """A folder whose captures are followed, or (``only``) one file in it. Opened once: it may be renamed, or stand behind
    folders that are closed to the user that the process becomes. Errors: OSError."""

    def __init__(self, path: str) -> None:
        self.shown = path
        self.only: str | None = None
        self.folder = path
        if not os.path.isdir(path):  # noqa: PTH112 (start-up: no pathlib)
            self.folder, self.only = os.path.split(path)
            self.folder = self.folder or "."
        self.fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Give the folder back."""
        os.close(self.fd)

    def path(self, name: str) -> str:
        """As messages name it."""
        return self.shown if self.only is not None else os.path.join(self.shown, name)  # noqa: PTH118 (start-up: no pathlib)

    def files(self) -> Iterator[Seen]:
        """Regular files, hidden ones and links to folders left out. Errors: OSError."""
        if self.only is not None:
            yield from self._one(self.only)
            return
        waiting = [""]
        while waiting:
            below = waiting.pop()
            fd = os.open(below or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
            try:
                with os.scandir(fd) as listing:
                    found = [(one.name, one.is_dir(follow_symlinks=False)) for one in listing if not one.name.startswith(".")]
            finally:
                os.close(fd)
            for name, folder in found:
                if folder:
                    waiting.append(below + name + "/")
                else:
                    yield from self._one(below + name)

    def _one(self, name: str) -> Iterator[Seen]:
        try:
            status = os.stat(name, dir_fd=self.fd)
        except OSError:
            return  # not there (yet, or any more)
        if stat.S_ISREG(status.st_mode):
            yield Seen(self, name, (status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns)

    def open(self, name: str) -> int:
        """A descriptor to read the file by. Errors: OSError."""
        fd = os.open(name, _OPEN, dir_fd=self.fd)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        raise OSError(errno.EINVAL, "is not a regular file")


def by_age(one: Seen) -> tuple[int, object]:
    """Files that were written one after the other, in that order."""
    return one.changed, inputs.natural(one.name)


def first_bytes(fd: int) -> bytes:
    """As the file lies there. Errors: OSError."""
    return os.pread(fd, HEAD_BYTES, 0)


def unpacked(fd: int) -> tuple[bytes, bool]:
    """The first bytes of what is in it, and whether it is packed. Errors: OSError, `Damage`."""
    with inputs.Raw(os.dup(fd)) as raw:
        raw.seek(0)
        reader, packing = compression.unpack(raw)
        data = bytearray(HEAD_BYTES)
        have = 0
        with memoryview(data) as view:
            try:
                while have < HEAD_BYTES and (count := reader.readinto(view[have:])):
                    have += count
            except Damage:
                if not have:
                    raise
    return bytes(data[:have]), packing is not None


def is_capture(start: bytes) -> bool:
    """Whether a file that begins so is a capture; too little is none yet."""
    return len(start) >= pcap.HEADER_BYTES and (pcap.begins(start) or pcapng.begins(start))


def missed(one: Followed, what: str) -> str:
    """What went by when the file's content went away."""
    if one.lost < 0:
        return f"{one.facts.path} {what} while it was written to: what came after byte {one.seen}, if anything, was not read"
    return f"{one.facts.path} {what} before it was read: {one.lost} bytes are missing" if one.lost else ""
