"""Giving up root: user, groups, capabilities, limits, and every way back."""

from __future__ import annotations

import errno
import os
import resource
import struct
from typing import Final, NamedTuple

from ..errors import UsageError
from . import kernel

CAP_NET_RAW: Final = 13  # include/uapi/linux/capability.h
HIGHEST_USER: Final = 2**32 - 2  # the next one means "leave as it is" to the kernel
_VERSION: Final = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 capabilities


class Identity(NamedTuple):
    """A user to become. Supplementary groups are given up, so none stand here."""

    name: str
    uid: int
    gid: int


def identity(user: str) -> Identity:
    """The user of that name or number. UsageError where there is none, or where it is root again.

    A number needs no entry in the list of users, which small container images do not have; its group is that number.
    """
    import pwd

    number = int(user) if user.isdecimal() else -1
    try:
        entry = pwd.getpwuid(number) if number >= 0 else pwd.getpwnam(user)
        who = Identity(entry.pw_name, entry.pw_uid, entry.pw_gid)
    except (KeyError, OverflowError):
        if not 0 <= number <= HIGHEST_USER:
            raise UsageError(f"--user {user!r}: there is no such user; name one that owns nothing, such as nobody, or a number such as 65534") from None
        who = Identity(user, number, number)
    if who.uid == 0:
        raise UsageError(f"--user {user!r} is root; name another user, or say --keep-root")
    return who


def become(who: Identity) -> None:
    """Be that user with its own group alone, in all three user ids: there is no way back. OSError where not root."""
    os.setgroups([])
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)


def own_name() -> str:
    """The user that the process runs as, by name where it has one."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def drop_bounding_set() -> None:
    """Take every capability out of the bounding set, so that no program run later can gain one. OSError without CAP_SETPCAP."""
    for number in range(64):
        try:
            if kernel.prctl(kernel.PR_CAPBSET_READ, number):
                kernel.prctl(kernel.PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            break  # past the last capability that this kernel knows


def clear_capabilities() -> None:
    """Empty the ambient, inheritable, permitted and effective sets of this thread."""
    kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)
    _set(0, 0, 0)


def capabilities() -> tuple[int, int, int]:
    """This thread's (effective, permitted, inheritable) sets, one bit a capability."""
    data = kernel.buffer(bytes(24))
    kernel.capget(kernel.buffer(struct.pack("=Ii", _VERSION, 0)), data)
    low_e, low_p, low_i, high_e, high_p, high_i = struct.unpack("=6I", data.raw[:24])
    return low_e | high_e << 32, low_p | high_p << 32, low_i | high_i << 32


def raise_capture_right() -> bool:
    """Make CAP_NET_RAW effective where it is only permitted; whether it is effective now.

    A file capability ``cap_net_raw=p`` (without ``e``) gives no more: with ``e`` the program could not even be started
    where the container's bounding set lacks the capability, as for reading files only.
    """
    bit = 1 << CAP_NET_RAW
    try:
        effective, permitted, inheritable = capabilities()
        if permitted & bit and not effective & bit:
            _set(effective | bit, permitted, inheritable)
            effective |= bit
    except OSError:
        return False
    return bool(effective & bit)


def no_core_dumps() -> None:
    """No core file, and no other process of the same user may look inside: payloads and keys are in memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def no_new_processes() -> None:
    """No further process, and no thread either: the kernel counts both."""
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def no_new_privileges() -> None:
    """No program that is run from here gains anything, whatever bits its file has."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _set(effective: int, permitted: int, inheritable: int) -> None:
    low = 0xFFFFFFFF
    data = struct.pack("=6I", effective & low, permitted & low, inheritable & low, effective >> 32, permitted >> 32, inheritable >> 32)
    kernel.capset(kernel.buffer(struct.pack("=Ii", _VERSION, 0)), kernel.buffer(data))
