"""A system call filter: what the program needs after it has opened everything; the rest is refused, nothing is killed.

Three answers: a call on the list goes through; a call that is known and would be a way out is refused with EPERM; any
other, and any that a kernel younger than this file has, does not exist (ENOSYS), so that the C library falls back.
Layout of a filter: Linux's ``include/uapi/linux/{seccomp,filter}.h``.
"""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, Final

from . import kernel, syscalls

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06
_NR: Final = 0  # offsets in struct seccomp_data
_ARCH: Final = 4
_X32: Final = 0x40000000
_ALLOW: Final = (_RETURN, 0, 0, 0x7FFF0000)
_REFUSE: Final = (_RETURN, 0, 0, 0x00050000 | errno.EPERM)
_ABSENT: Final = (_RETURN, 0, 0, 0x00050000 | errno.ENOSYS)

_SET_MODE_FILTER: Final = 1
_TSYNC: Final = 1

ALLOWED: Final = ["read", "readv", "pread64", "preadv", "preadv2", "close", "close_range", "lseek", "fstat", "stat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "write", "writev", "pwrite64", "pwritev", "pwritev2", "dup", "dup2", "dup3", "fcntl", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "chdir", "fchdir", "open", "openat", "openat2", "flock", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "fadvise64", "rename", "renameat", "renameat2", "unlink", "unlinkat", "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "pipe", "pipe2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername", "munmap", "mremap", "madvise", "brk", "mincore", "msync", "membarrier", "mseal", "exit", "exit_group", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "getpgrp", "getpgid", "getsid", "uname", "sysinfo", "getrlimit", "getrusage", "times", "time", "gettimeofday", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "getitimer", "setitimer", "alarm", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getpriority", "getcpu", "getrandom", "arch_prctl", "set_tid_address", "set_robust_list", "get_robust_list", "rseq", "futex", "futex_waitv", "futex_wake", "futex_wait", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "restart_syscall", "pause", "wait4", "waitid", "umask", "capget"]
ACCEPTING: Final = ("accept", "accept4")
CONDITIONAL: Final = ("clone", "clone3", "mmap", "mprotect", "prctl", "ioctl", "kill", "tgkill", "prlimit64")
WRITING: Final = ("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "dup", "dup2", "dup3")

_CLONE_THREAD: Final = 0x00010000
_WRITE_AND_EXECUTE: Final = 2 | 4  # PROT_WRITE | PROT_EXEC
_PRCTL: Final = (3, 15, 16, 21, 23, 39, 0x53564D41)  # reading options, PR_SET_NAME, PR_SET_VMA (malloc names its areas)
_IOCTL_REFUSED: Final = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type into the terminal that started us
_F_DUPFD: Final = (0, 1030)  # and F_DUPFD_CLOEXEC


def program(machine: str, pid: int, *, accept: bool = False, receive_only: Sequence[int] = ()) -> list[Instruction]:
    """The filter for that machine (``uname -m``). KeyError where there are no tables for it.

    ``pid``: this process, the only one that signals may go to. ``accept``: sockets that listen already may accept.
    ``receive_only``: descriptors of capture sockets, on which nothing may be sent (a written packet would go out).
    """
    arch = syscalls.MACHINES[machine][0]
    lines: list[Instruction] = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), _REFUSE, (_LOAD, 0, 0, _NR)]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), _ABSENT]
    checked = _conditions(pid, receive_only)
    for name in (*ALLOWED, *(ACCEPTING if accept else ())):
        if name not in checked:
            lines += _case(name, machine, [_ALLOW])
    for name, check in checked.items():
        lines += _case(name, machine, check)
    passed = {*ALLOWED, *CONDITIONAL, *(ACCEPTING if accept else ())}
    for name in syscalls.NUMBERS:
        if name not in passed:
            lines += _case(name, machine, [_REFUSE])
    return [*lines, _ABSENT]


def install(lines: Sequence[Instruction], machine: str) -> str:
    """Set the filter for all threads of the process; needs no_new_privs. What was set, in words. OSError."""
    code = kernel.buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    fprog = kernel.buffer(struct.pack("@HP", len(lines), kernel.address(code)))
    number = syscalls.number("seccomp", machine)
    assert number is not None
    if other := kernel.syscall(number, _SET_MODE_FILTER, _TSYNC, fprog):
        raise OSError(f"thread {other} could not be brought under it")
    return f"{len(lines)} instructions, on all threads"


def _case(name: str, machine: str, block: list[Instruction]) -> list[Instruction]:
    """If the call is ``name``, do ``block``, which ends in a return on every way."""
    number = syscalls.number(name, machine)
    return [] if number is None else [(_EQUAL, 0, len(block), number), *block]


def _conditions(pid: int, receive_only: Sequence[int]) -> dict[str, list[Instruction]]:
    own = _one_of(0, [pid])
    safe = [(_LOAD, 0, 0, _argument(2)), (_AND, 0, 0, _WRITE_AND_EXECUTE), (_EQUAL, 0, 1, _WRITE_AND_EXECUTE), _REFUSE, _ALLOW]
    checks = {
        "clone": [(_LOAD, 0, 0, _argument(0)), (_ANY_BIT, 0, 1, _CLONE_THREAD), _ALLOW, _REFUSE],
        "clone3": [_ABSENT],  # its flags stand in memory, out of a filter's sight; the C library then takes clone
        "mmap": safe,
        "mprotect": safe,
        "prctl": _one_of(0, _PRCTL),
        "ioctl": _none_of(1, _IOCTL_REFUSED),
        "kill": own,
        "tgkill": own,
        "prlimit64": _one_of(0, [0, pid]),
    }
    if receive_only:
        checks |= {name: _none_of(0, receive_only) for name in WRITING}
        checks["fcntl"] = _copying(receive_only)
    return checks


def _copying(receive_only: Sequence[int]) -> list[Instruction]:
    """fcntl: a copy of a capture socket's descriptor would get around the rule on its number."""
    first, second = _F_DUPFD
    return [(_LOAD, 0, 0, _argument(1)), (_EQUAL, 2, 0, first), (_EQUAL, 1, 0, second), _ALLOW, *_none_of(0, receive_only)]


def _one_of(argument: int, values: Iterable[int]) -> list[Instruction]:
    tests = [line for value in values for line in ((_EQUAL, 0, 1, value), _ALLOW)]
    return [(_LOAD, 0, 0, _argument(argument)), *tests, _REFUSE]


def _none_of(argument: int, values: Iterable[int]) -> list[Instruction]:
    tests = [line for value in values for line in ((_EQUAL, 0, 1, value), _REFUSE)]
    return [(_LOAD, 0, 0, _argument(argument)), *tests, _ALLOW]


def _argument(index: int) -> int:
    return 16 + 8 * index  # its low word: the arguments that are looked at are ints, and both machines little-endian
