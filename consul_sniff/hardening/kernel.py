"""The kernel calls that Python has no function for, through the C library that is loaded anyway."""

from __future__ import annotations

import ctypes
import os
from typing import Final, TypeAlias

PR_SET_DUMPABLE: Final = 4  # include/uapi/linux/prctl.h
PR_GET_DUMPABLE: Final = 3
PR_CAPBSET_READ: Final = 23
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

Buffer: TypeAlias = "ctypes.Array[ctypes.c_char]"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def buffer(data: bytes) -> Buffer:
    """Memory with a copy of ``data``, which the kernel may write to. What points there must keep it alive."""
    return ctypes.create_string_buffer(data, len(data))


def syscall(number: int, *arguments: int | Buffer | None) -> int:
    """A system call by number; integers are passed as machine words, buffers as pointers. OSError with its errno."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *words))


def capget(header: Buffer, data: Buffer) -> None:
    """``capget(2)``: fills ``data``. OSError with its errno."""
    _checked(_libc.capget(header, data))


def capset(header: Buffer, data: Buffer) -> None:
    """``capset(2)``, of the calling thread. OSError with its errno."""
    _checked(_libc.capset(header, data))


def trace_me() -> None:
    """``ptrace(PTRACE_TRACEME)``: let the parent trace this process, to see whether tracing is possible. OSError."""
    _checked(_libc.ptrace(0, 0, None, None))


def prctl(option: int, *arguments: int) -> int:
    """``prctl(2)``; missing arguments are 0, as several options want it. OSError with its errno."""
    words = [ctypes.c_ulong(one) for one in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc.prctl(ctypes.c_int(option), *words))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def address(memory: Buffer) -> int:
    """Where a buffer stands in memory, for structures that hold a pointer. The caller keeps the buffer alive."""
    return ctypes.addressof(memory)


def threads() -> int:
    """How many threads this process has now; 1 where /proc is not there to tell."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - no Path is wanted of them
    except OSError:
        return 1
