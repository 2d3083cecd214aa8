"""Landlock: what of the file system the process may still open, and that it may bind or connect no TCP port.

Numbers from Linux's ``include/uapi/linux/landlock.h``. They are the same on all machines.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from . import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE: Final = 444
_ADD: Final = 445
_RESTRICT: Final = 446
_VERSION_FLAG: Final = 1
_PATH_BENEATH: Final = 1

_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_REMOVE_FILE: Final = 1 << 5
_MAKE_REG: Final = 1 << 8
_TRUNCATE: Final = 1 << 14
_ON_FILES: Final = 1 | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15  # the rights that a rule on a file may give
READ: Final = _READ_FILE | _READ_DIR
WRITE: Final = READ | _WRITE_FILE | _TRUNCATE | _MAKE_REG | _REMOVE_FILE  # no directories, links, devices or sockets

# version of the interface -> (file rights, network rights, scopes) that it can take away
_RIGHTS: Final = {
    1: ((1 << 13) - 1, 0, 0),
    2: ((1 << 14) - 1, 0, 0),  # REFER: moving files between directories
    3: ((1 << 15) - 1, 0, 0),  # TRUNCATE
    4: ((1 << 15) - 1, 3, 0),  # binding and connecting TCP
    5: ((1 << 16) - 1, 3, 0),  # ioctl on devices
    6: ((1 << 16) - 1, 3, 3),  # abstract Unix sockets and signals to processes outside
}


class Opened(NamedTuple):
    """A file or directory that stays open to the process. ``fd``: of the file itself, O_PATH will do; ``rights``: READ or WRITE."""

    fd: int
    rights: int


def version() -> int:
    """The interface's version, 0 where the kernel has none or has it switched off."""
    try:
        return kernel.syscall(_CREATE, None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def restrict(opened: Iterable[Opened]) -> str:
    """Leave only what is ``opened``; needs no_new_privs. What was taken away, in words. OSError where it cannot be done."""
    abi = version()
    if not abi:
        raise OSError(f"this kernel has no Landlock, or not switched on ({os.uname().release})")
    files, network, scopes = _RIGHTS[min(abi, max(_RIGHTS))]
    attributes = kernel.buffer(struct.pack("=QQQ", files, network, scopes)[: 8 if abi < 4 else 16 if abi < 6 else 24])
    ruleset = kernel.syscall(_CREATE, attributes, len(attributes), 0)
    try:
        for one in opened:
            rights = one.rights & files
            if not stat.S_ISDIR(os.fstat(one.fd).st_mode):
                rights &= _ON_FILES
            rule = kernel.buffer(struct.pack("=Qi", rights, one.fd))
            kernel.syscall(_ADD, ruleset, _PATH_BENEATH, rule, 0)
        kernel.syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    what = ["files"] + (["TCP"] if network else []) + (["abstract sockets and signals"] if scopes else [])
    return f"version {abi}: {', '.join(what)}"
