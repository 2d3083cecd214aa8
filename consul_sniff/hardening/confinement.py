"""The one call that gives everything up, in the order that works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import ConfinementError
from . import imports, kernel, landlock, privileges, seccomp
from .outputs import OutputDir
from .status import APPLIED, KEPT, UNAVAILABLE, Confinement, Mechanism

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Read late: time zones, shared libraries of late imports, this process's own state, the interfaces' drop counters
# (libpcap reads those of a promiscuous capture from /sys/class/net/*/statistics), randomness.
READABLE: Final = ("/etc/localtime", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64",
                   "/usr/local/lib", "/proc/self", "/sys/class/net", "/dev/urandom")


def confine(
    user: str | None = "nobody",
    *,
    writable: Iterable[OutputDir | Path | int] = (),
    readable: Iterable[Path | int] = (),
    accept: bool = False,
    receive_only: Sequence[int] = (),
    threads: bool = True,
) -> Confinement:
    """Give up root, capabilities and every way to open what is not open yet. Call it once, before any thread starts.

    Capture sockets, listening sockets and outputs are open by then and go on working.

    ``user``: whom to become when root (a name or number); None keeps the user and its capabilities (``--keep-root``).
    ``writable``: directories whose files may be made, written, renamed and removed. ``readable``: what else may be
    read later. ``accept``: listening sockets may accept. ``receive_only``: capture sockets' descriptors, on which
    nothing may be sent from now on. ``threads``: threads will be started later; without them RLIMIT_NPROC is 0 too.

    What the kernel cannot do is named in the result, and the rest holds. ConfinementError where root cannot be given
    up at all, UsageError where there is no such user: then the program must not go on.
    """
    steps = _Steps()
    who = privileges.identity(user) if user is not None and os.geteuid() == 0 else None
    name = who.name if who else privileges.own_name()  # asked now: the list of users cannot be read later
    held = _Held()
    try:
        modules = [(path, held.path(path)) for path in imports.roots()]
        _hold(held, readable, writable)
        steps.root = user is None and os.geteuid() == 0
        _leave_root(steps, who, name)
        steps.do("no core dumps", privileges.no_core_dumps, "RLIMIT_CORE 0, not dumpable")
        steps.do("no new privileges", privileges.no_new_privileges, "no program run from here gains any")
        if not threads:
            steps.do("no new processes", privileges.no_new_processes, "RLIMIT_NPROC 0")
        kept, words, reached = imports.keep_reachable(modules)
        steps.add("late imports", APPLIED if reached else UNAVAILABLE, words)
        steps.do("landlock", lambda: _alone(landlock.restrict(held.opened)))
        held.release(kept)
        machine = os.uname().machine
        steps.do("seccomp", lambda: seccomp.install(
            seccomp.program(machine, os.getpid(), accept=accept, receive_only=receive_only), machine))
    finally:
        held.release(held.kept)
    return Confinement(name, tuple(steps.done))


class _Steps:
    def __init__(self) -> None:
        self.done: list[Mechanism] = []
        self.root = False  # kept as asked

    def add(self, name: str, state: str, detail: str) -> None:
        self.done.append(Mechanism(name, state, detail))

    def do(self, name: str, step: Callable[[], str | int | None], detail: str = "") -> None:
        """Take a step; where the kernel, or a table of ours, has not what it needs, say so and go on."""
        try:
            said = step()
        except KeyError as error:
            self.add(name, UNAVAILABLE, f"there are no tables for {error.args[0]}")
        except (OSError, ValueError) as error:
            self.add(name, UNAVAILABLE, getattr(error, "strerror", None) or str(error))
        else:
            self.add(name, APPLIED, detail or str(said))


class _Held:
    """Descriptors of what Landlock leaves open: opened while root still may."""

    def __init__(self) -> None:
        self.opened: list[landlock.Opened] = []
        self.own: set[int] = set()
        self.kept: set[int] = set()

    def path(self, path: Path, rights: int = landlock.READ) -> int:
        """-1: not there, and so nothing to leave open."""
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return -1
        self.own.add(fd)
        self.opened.append(landlock.Opened(fd, rights))
        return fd

    def any(self, one: OutputDir | Path | int, rights: int) -> None:
        if isinstance(one, Path):
            self.path(one, rights)
        else:
            self.opened.append(landlock.Opened(one.fd if isinstance(one, OutputDir) else one, rights))

    def release(self, kept: set[int]) -> None:
        """Close all but ``kept``, which late imports go by."""
        self.kept = kept
        for fd in self.own - kept:
            os.close(fd)
        self.own &= kept


def _hold(held: _Held, readable: Iterable[Path | int], writable: Iterable[OutputDir | Path | int]) -> None:
    for name in READABLE:
        held.path(Path(name))
    held.path(Path("/dev/null"), landlock.WRITE)
    for interface in sorted(Path("/sys/class/net").glob("*")):  # links into /sys/devices
        held.path(interface)
    for one in readable:
        held.any(one, landlock.READ)
    for place in writable:
        held.any(place, landlock.WRITE)


def _leave_root(steps: _Steps, who: privileges.Identity | None, name: str) -> None:
    if steps.root:
        for kept in ("user", "capabilities"):
            steps.add(kept, KEPT, "as asked")
        return
    try:
        privileges.drop_bounding_set()
    except OSError:  # it takes root's CAP_SETPCAP
        left = "; the bounding set stays, which no new privileges makes moot"
    else:
        left = ", nor in the bounding set"
    if who is None:
        steps.add("user", APPLIED, f"{name} from the start")
    else:
        try:
            privileges.become(who)
        except OSError as error:
            raise ConfinementError(
                f"root cannot be given up for {who.name} ({error.strerror}): hostile bytes are not read as root. Give the "
                "container the capabilities SETUID and SETGID, or start it as another user with NET_RAW, or say --keep-root"
            ) from None
        steps.add("user", APPLIED, f"{who.name} ({who.uid}:{who.gid}), without other groups")
    steps.do("capabilities", lambda: _alone(_cleared() + left))


def _cleared() -> str:
    privileges.clear_capabilities()
    return "none effective, permitted, inheritable or ambient"


def _alone(said: str) -> str:
    """Capabilities and Landlock are a thread's own: what was started before is not under them."""
    if (others := kernel.threads() - 1) > 0:
        raise OSError(f"set for this thread, but not for {others} that ran already")
    return said
