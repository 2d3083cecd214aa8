"""Which inputs a command line means: files, folders, standard input; each once, in order."""

from __future__ import annotations

import errno
import io
import os
import re
import select
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import Interrupted, UsageError
from ..text import printable
from . import compression, pcap, pcapng, remote
from .formats import Damage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .formats import Reader

STDIN: Final = "-"
_WAIT_MS: Final = 100
WANTED: Final = "expected pcap or pcapng (also packed: .gz .zst .lz4 .bz2 .xz)"
#: A file in a folder that cannot be read is passed over, unless its name says that evidence would be lost.
NAMED_AS_CAPTURE: Final = re.compile(r"\.(pcap|pcapng|cap|dmp|trace)\d*(\.(gz|zst|lz4|bz2|xz))?$", re.IGNORECASE)
_DIGITS: Final = re.compile(r"(\d+)")
HEAD: Final = pcap.HEADER_BYTES
_CONVERT: Final = "convert it first (editcap -F pcapng IN OUT)"
_FOREIGN: Final = {
    b"snoop\0": f"this is a snoop capture: {_CONVERT}",
    b"GMBU": f"this is a Network Monitor capture: {_CONVERT}",
    b"TRSNIFF": f"this is a Sniffer capture: {_CONVERT}",
    b"\x1f\x9d": "this is packed with compress: unpack it first (uncompress)",
    b"\x02\x21\x4c\x18": "this is packed with legacy lz4: unpack it first (lz4 -d)",
    b"PK\x03\x04": "this is a zip archive: unpack it first",
}


class Input(NamedTuple):
    """One input. ``error``: what is wrong with it as far as could be seen without opening it."""

    path: str
    error: str | None = None
    place: str | None = None  # where it is, if ``path`` is only what messages call it


def expand(paths: Iterable[str | os.PathLike[str] | Input]) -> Iterator[Input]:
    """The inputs that *paths* mean, one after the other, each once; a folder's captures by name, digits as numbers.

    An `Input` among them was expanded before, and stands for itself.
    """
    seen: set[object] = set()

    def new(key: object) -> bool:
        known = key in seen
        seen.add(key)
        return not known

    for given in paths:
        if isinstance(given, Input):
            yield given
            continue
        path = os.fspath(given)
        if path == STDIN:
            if new(STDIN):
                yield Input(path)
            continue
        if remote.is_url(path):
            yield from (one for one in _remote(path) if new(one.path))
            continue
        try:
            status = os.stat(path)  # noqa: PTH116 (start-up: no pathlib)
        except (OSError, ValueError) as error:
            if new(path):
                yield Input(path, trouble(error))
            continue
        if not new((status.st_dev, status.st_ino)):
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield Input(path)
            continue
        empty = True
        for found, key in _captures(path):
            empty = False
            if new(key):
                yield found
        if empty:
            yield Input(path, f"no capture in this directory or below it: {WANTED}")


def _remote(url: str) -> Iterator[Input]:
    try:
        found = list(remote.expand(url))
    except OSError as error:
        yield Input(url, trouble(error))
        return
    if url.endswith("/"):
        found = [one for one in found if NAMED_AS_CAPTURE.search(one)]
    if not found:
        yield Input(url, f"no capture there: {WANTED}")
    yield from (Input(one) for one in found)


def elsewhere(found: Input) -> Input:
    """An input as another machine, or a process in another folder, opens it. Errors: `UsageError` for standard input."""
    if found.path == STDIN:
        message = "standard input is on this machine alone: write it to a file, or leave --cluster out"
        raise UsageError(message)
    if found.error or remote.is_url(found.path):
        return found
    return found._replace(place=os.path.abspath(found.path))  # noqa: PTH100 (start-up: no pathlib)


def weigh(found: Input) -> tuple[int, bool]:
    """An input's bytes as they lie there (0 where nobody knows), and whether several may read it at once, unpacked as it is."""
    if found.error or found.path == STDIN:
        return 0, False
    place = found.place or found.path
    try:
        if not remote.is_url(place) and not stat.S_ISREG(os.stat(place).st_mode):  # noqa: PTH116 (start-up: no pathlib)
            return 0, False
        with open_raw(place) as raw:
            head = raw.read(compression.MAGIC_BYTES)
            size = raw.seek(0, os.SEEK_END) if raw.seekable() else 0
    except OSError:
        return 0, False
    return size, compression.kind(head or b"") is None


def _captures(folder: str) -> Iterator[tuple[Input, object]]:
    """Captures of a folder's tree, and what identifies each. Hidden entries and links to folders are passed over."""
    # a stack, not recursion: somebody else may have nested the folders
    waiting: list[str | os.DirEntry[str]] = [folder]
    while waiting:
        entry = waiting.pop()
        try:
            if isinstance(entry, str) or entry.is_dir(follow_symlinks=False):
                waiting += reversed(_listed(os.fspath(entry)))
                continue
            if not entry.is_file():
                continue
            status = entry.stat()
        except OSError as error:
            if isinstance(entry, str) or entry.is_dir(follow_symlinks=False):
                yield Input(os.fspath(entry), trouble(error)), os.fspath(entry)
            continue
        if _is_capture(entry.path, entry.name):
            yield Input(entry.path), (status.st_dev, status.st_ino)


def _listed(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as listing:
        return sorted((entry for entry in listing if not entry.name.startswith(".")), key=_by_name)


def _by_name(entry: os.DirEntry[str]) -> tuple[list[str | int], str]:
    return natural(entry.name)


def natural(name: str) -> tuple[list[str | int], str]:
    """``trace2`` before ``trace10``: the order in which tcpdump -C numbers its files."""
    parts: list[str | int] = list(_DIGITS.split(name))
    parts[1::2] = [int(part) for part in _DIGITS.findall(name)]
    return parts, name


def _is_capture(path: str, name: str) -> bool:
    """Whether a folder's file is to be read. One named as a capture that cannot be looked at is: it will say why."""
    try:
        with open_raw(path) as raw:
            reader, _packing = compression.unpack(raw)
            head = _first(reader)
    except (OSError, Damage):
        return NAMED_AS_CAPTURE.search(name) is not None
    return pcap.begins(head) or pcapng.begins(head)


def _first(reader: Reader) -> bytes:
    head = bytearray(HEAD)
    have = 0
    with memoryview(head) as view:
        while have < HEAD and (count := reader.readinto(view[have:])):
            have += count
    return bytes(head[:have])


class Raw(io.FileIO):
    """Unbuffered bytes: a pipe's come as soon as they are written."""

    position = 0
    #: asked ten times a second while nothing comes; True: `Interrupted` is raised
    wait: Callable[[], bool] | None = None

    def readinto(self, buffer: object, /) -> int | None:
        """And count them."""
        if self.wait is not None:
            waiting = select.poll()
            waiting.register(self.fileno(), select.POLLIN)
            while not waiting.poll(_WAIT_MS):
                if self.wait():
                    raise Interrupted
        count = super().readinto(buffer)  # type: ignore[arg-type]
        self.position += count or 0
        return count

    def seek(self, place: int, whence: int = 0, /) -> int:
        """And count from there."""
        self.position = super().seek(place, whence)
        return self.position


def open_raw(path: str) -> Raw | remote.Remote:
    """The bytes of a file, of a URL or of standard input ("-"). Errors: OSError."""
    if remote.is_url(path):
        return remote.Remote(path)
    raw = Raw(0, closefd=False) if path == STDIN else Raw(path)
    if raw.isatty():
        raw.close()
        message = "is a terminal: pipe a capture into it (tcpdump -U -w - | ...)"
        raise OSError(errno.EINVAL, message)
    return raw


def trouble(error: Exception) -> str:
    """What an error of the operating system means, and what to do."""
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOENT, errno.ENOTDIR} or isinstance(error, ValueError):
        return "no such file"
    if number in {errno.EACCES, errno.EPERM}:
        return "permission denied: run as somebody who may read it, or change its mode"
    if number == errno.ELOOP:
        return "a loop of symbolic links: name the file itself"
    if number == errno.EBADF:
        return "is closed: pipe a capture into it (tcpdump -U -w - | ...)"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text if number == errno.EINVAL and ":" in text else f"cannot be read: {text}"


def foreign(head: bytes) -> str:
    """Why a file that begins so is none of ours."""
    for magic, words in _FOREIGN.items():
        if head.startswith(magic):
            return f"not a capture that can be read: {words}"
    if compression.kind(head):
        return "packed twice: unpack it once first"
    begin = head[:16].split(b"\n")[0].rstrip()
    text = begin.decode("ascii", "replace")
    words = f'"{text}"' if text and text.isascii() and text.isprintable() else head[:8].hex(" ")
    return f"not a capture: begins with {words}, {WANTED}"


def shown(path: str) -> str:
    """A path as messages name it."""
    return "standard input" if path == STDIN else printable(path)
