"""A directory opened once, to which files are written whole or not at all; it stays usable after root is given up."""

from __future__ import annotations

import os
import re
import shlex
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from ..errors import OutputError
from .paths import open_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .privileges import Identity

MODE: Final = 0o600  # a report names tokens by fingerprint and nodes by name: for its owner only
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class OutputDir:
    """Files by name in one directory, all made 0600. A link is never followed: a write replaces it.

    ``path``: as the user named it, for messages; ``fd``: its descriptor. Errors are OutputError.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd

    @classmethod
    def open(cls, path: Path, user: Identity | None = None) -> Self:
        """Open it while that is still allowed. ``user``: who will write there, where that is not who runs now (root)."""
        user = user if os.geteuid() == 0 else None
        owner = f"-o {user.name} " if user else ""
        mend = f"install -d {owner}-m 0700 {shlex.quote(str(path))}"
        try:
            fd = open_directory(path)
        except OSError as error:
            raise OutputError(f"{path}: not a folder to write to ({error.strerror}); make one: {mend}") from None
        with as_user(user):
            if os.access(".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=True):
                return cls(path, fd)
        os.close(fd)
        who = user.name if user else f"user {os.geteuid()}"
        raise OutputError(f"{path}: {who} may not write there; give a folder of its own: {mend}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the directory back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def write(self, name: str, data: bytes | Iterable[bytes]) -> None:
        """Write a file beside ``name``, make sure of it on the disk, and rename it there. What was there stays until then.

        ``data``: all of it, or its pieces.
        """
        self.refuse(name)
        beside = f".{name}.{os.urandom(6).hex()}"
        with self._told(name, "what was there before is untouched"):
            try:
                with os.fdopen(os.open(beside, _NEW, MODE, dir_fd=self.fd), "wb") as file:
                    file.writelines((data,) if isinstance(data, bytes) else data)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(beside, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
            except BaseException:
                with suppress(OSError):
                    os.unlink(beside, dir_fd=self.fd)
                raise
            self.sync()

    def read(self, name: str, most: int) -> bytes | None:
        """What stands in a file of up to ``most`` bytes that nobody else may write to; None where there is no file."""
        shown = self.path / _plain(name)
        try:
            with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.fd), "rb") as file:
                info = os.fstat(file.fileno())
                if info.st_uid not in (0, os.geteuid()) or info.st_mode & _OTHERS_WRITE:
                    raise OutputError(f"{shown}: others may have written it (owner {info.st_uid}, mode {info.st_mode & 0o7777:04o}), so it is not trusted; "
                                      "if it is yours: chown and chmod 600 it, else remove it")
                data = file.read(most + 1) if stat.S_ISREG(info.st_mode) else b""
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"{shown}: cannot be read by user {os.geteuid()} ({error.strerror})") from None
        if len(data) > most:
            raise OutputError(f"{shown}: is larger than {most} bytes")
        return data

    def sweep(self, name: str) -> None:
        """Remove what a ``write`` of that name left beside it when the process was killed in the middle."""
        beside = re.compile(rf"\.{re.escape(_plain(name))}\.[0-9a-f]{{12}}")
        with suppress(OSError):
            for left in os.listdir(self.fd):  # noqa: PTH208 - by descriptor
                if beside.fullmatch(left):
                    self.remove(left)

    def create(self, name: str) -> BinaryIO:
        """A new file to write to for long. It must not be there yet."""
        return self._open(name, _NEW)

    def replace(self, name: str) -> BinaryIO:
        """A new file to write to for long, in the place of what stood there; a link there is replaced, not followed."""
        self.refuse(name)
        beside = f".{name}.{os.urandom(6).hex()}"
        file = self.create(beside)
        try:
            self.rename(beside, name)
        except BaseException:
            file.close()
            self.remove(beside)
            raise
        return file

    def holds(self, name: str, file: BinaryIO) -> bool:
        """Whether that open file still stands there."""
        try:
            return os.path.samestat(os.stat(_plain(name), dir_fd=self.fd, follow_symlinks=False), os.fstat(file.fileno()))
        except OSError:
            return False

    def append(self, name: str) -> BinaryIO:
        """A file to go on with, made where it is not there. It must be a regular file, no link."""
        self.refuse(name)
        return self._open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)

    def rename(self, name: str, to: str) -> None:
        """Give a file of this directory another name."""
        self.refuse(to)
        with self._told(name, f"not renamed to {to}"):
            os.rename(_plain(name), to, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def remove(self, name: str) -> None:
        """Remove a file of this directory; nothing happens where it is gone already."""
        with self._told(name, "not removed"), suppress(FileNotFoundError):
            os.unlink(_plain(name), dir_fd=self.fd)

    def sync(self) -> None:
        """Make sure of names on the disk, where the directory could be opened for reading."""
        with suppress(OSError):
            os.fsync(self.fd)

    def refuse(self, name: str) -> None:
        """OutputError where something stands at ``name`` that is no file: a device, a pipe, a folder, or a link to one."""
        try:
            info = os.stat(_plain(name), dir_fd=self.fd, follow_symlinks=False)
            if stat.S_ISLNK(info.st_mode):  # replaced, not followed; but /dev/stdout must not be replaced
                if os.readlink(name, dir_fd=self.fd).startswith("/proc/"):
                    raise OutputError(f"{self.path / name}: leads to an open file of a process; name a file, or leave the option out for standard output")
                info = os.stat(name, dir_fd=self.fd)
        except OSError:
            return  # nothing there, or a link to nothing
        if not stat.S_ISREG(info.st_mode):
            raise OutputError(f"{self.path / name}: is not a regular file, and is left alone")

    def _open(self, name: str, flags: int) -> BinaryIO:
        with self._told(name, "not opened"):
            fd = os.open(_plain(name), flags, MODE, dir_fd=self.fd)
            if stat.S_ISREG(os.fstat(fd).st_mode):
                return os.fdopen(fd, "ab" if flags & os.O_APPEND else "wb")
            os.close(fd)
        raise OutputError(f"{self.path / name}: is not a regular file, and is left alone")

    @contextmanager
    def _told(self, name: str, consequence: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"{self.path / name}: not written ({error.strerror}); {consequence}") from None


def _plain(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise OutputError(f"{name!r}: is not the name of a file in a folder")
    return name


@contextmanager
def as_user(user: Identity | None) -> Iterator[None]:
    """Be that user for a question to the kernel, if root, and come back."""
    if user is None or os.geteuid() != 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(user.gid)
    os.seteuid(user.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
