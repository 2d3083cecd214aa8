"""What becomes of a network interface while it is captured on: its name, whether it is up, what it dropped itself.

All of it goes through descriptors that are opened at once, so that it works after the right to open was given up.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from pathlib import Path
from typing import Final

from ..text import printable

ANY: Final = "any"  # libpcap's name for all interfaces at once
_SIOCGIFNAME: Final = 0x8910  # include/uapi/linux/sockios.h
_SIOCGIFFLAGS: Final = 0x8913
_UP: Final = 1  # IFF_UP
_LOOPBACK: Final = 8
#: What libpcap's ``pcap-linux.c`` (linux_if_drops) adds up: packets that the interface had no room for.
_DROPS: Final = ("rx_missed_errors", "rx_fifo_errors")
_SYS: Final = "/sys/class/net"


class Link:
    """One interface, by its number: names change. ``any`` is always there and drops nothing itself."""

    def __init__(self, name: str) -> None:
        """Errors: OSError where there is no such interface."""
        self.name = name
        self.index = 0
        self._socket: socket.socket | None = None
        self._files: list[int] = []
        if name == ANY:
            return
        self.index = socket.if_nametoindex(name)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        for what in _DROPS:
            try:
                self._files.append(os.open(f"{_SYS}/{name}/statistics/{what}", os.O_RDONLY | os.O_CLOEXEC))
            except OSError:
                continue
        self._before = self._total()

    def look(self) -> tuple[str | None, bool]:
        """Its name now, None where it is gone; and whether it is up."""
        if self._socket is None:
            return self.name, True
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFNAME, struct.pack("16si20x", b"", self.index))
            raw = answer[:16].rstrip(b"\0")
            flags = fcntl.ioctl(self._socket, _SIOCGIFFLAGS, struct.pack("16s24x", raw))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None, False
            raise
        return printable(raw), bool(struct.unpack_from("H", flags, 16)[0] & _UP)

    @property
    def loopback(self) -> bool:
        """Whether it is the loopback interface."""
        return self._flags(self.name) & _LOOPBACK != 0 if self._socket is not None else False

    def dropped(self) -> int:
        """Packets that it dropped itself since this object was made."""
        return max(self._total() - self._before, 0) if self._files else 0

    def close(self) -> None:
        """Give its descriptors back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        while self._files:
            os.close(self._files.pop())

    def _flags(self, name: str) -> int:
        assert self._socket is not None
        answer = fcntl.ioctl(self._socket, _SIOCGIFFLAGS, struct.pack("16s24x", name.encode()))
        return int(struct.unpack_from("H", answer, 16)[0])

    def _total(self) -> int:
        total = 0
        for fd in self._files:
            try:
                total += int(os.pread(fd, 32, 0))
            except (OSError, ValueError):  # the interface is gone
                continue
        return total


def loopback_index() -> int:
    """The number of this network namespace's loopback interface, 0 where there is none."""
    try:
        return socket.if_nametoindex("lo")
    except OSError:
        return 0


def default_interface() -> str | None:
    """The interface with the default route, IPv4 before IPv6; None where there is no default route."""
    for line in _lines("/proc/net/route")[1:]:
        if len(line) > 7 and line[1] == "00000000" and line[7] == "00000000":
            return line[0]
    for line in _lines("/proc/net/ipv6_route"):
        if len(line) == 10 and line[0] == "0" * 32 and line[1] == "00" and line[9] != "lo":
            return line[9]
    return None


def _lines(path: str) -> list[list[str]]:
    try:
        return [line.split() for line in Path(path).read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return []
