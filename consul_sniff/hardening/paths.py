"""Opening a directory that files will be written to, without being led astray on the way there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import Final

from ..errors import OutputError

LINKS: Final = 40  # the kernel's own bound on the links of one path
_PATH: Final = getattr(os, "O_PATH", 0)  # Linux has it; elsewhere captures are analyzed, by nobody special
_STEP: Final = _PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def open_directory(path: Path) -> int:
    """The directory as a descriptor to make and rename files by. OSError where it cannot be opened.

    Root follows a link only where root made it: one that somebody else made (in /tmp, in a home) may be moved to
    point anywhere while we look, so it is an OutputError.
    """
    if not _PATH:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    here = _walk(os.open(".", _STEP), path)
    try:
        return _readable(here)
    finally:
        os.close(here)


def _walk(here: int, path: Path) -> int:
    """Step by step, each opened in the one before. Takes ``here`` over and gives the last one instead."""
    parts = list(reversed(path.parts))
    links = 0
    try:
        while parts:
            name = parts.pop()
            step = os.open(name, _STEP, dir_fd=here)  # an absolute name ("/") starts anew
            info = os.fstat(step)
            if not stat.S_ISLNK(info.st_mode):
                os.close(here)
                here = step
                continue
            try:
                links += 1
                if links > LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if os.geteuid() == 0 and info.st_uid != 0:
                    raise OutputError(f"{path}: {name} on the way there is a link that user {info.st_uid} made; root does not follow it, name the folder itself")
                parts.extend(reversed(PurePosixPath(os.readlink("", dir_fd=step)).parts))
            finally:
                os.close(step)
    except BaseException:
        os.close(here)
        raise
    return here


def _readable(here: int) -> int:
    """The same directory opened for reading, which fsync needs; where reading is not allowed, as it is."""
    if not stat.S_ISDIR(os.fstat(here).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    try:
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=here)
    except PermissionError:
        return os.dup(here)
