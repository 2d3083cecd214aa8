"""What every file of a run begins and ends with: who wrote it, the interfaces, the nodes' names, what was counted."""

from __future__ import annotations

import ipaddress
import platform
from typing import TYPE_CHECKING, Final

from .. import __version__
from ..capture import pcapng_writer as pcapng
from ..errors import OutputError
from ..text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..capture.handle import Counts
    from ..capture.live import Face
    from ..event import Clocks
    from ..model import Interface
    from ..report import Node

INTERFACES: Final = 4_096  # a stream may name as many as it likes
_NAME: Final = 255  # characters
_WRITER: Final = f"consul-sniff {__version__}"


class Section:
    """Interfaces have the same number in every file. What is new comes out as blocks, to be written before what needs it."""

    def __init__(self, clocks: Clocks) -> None:
        self._wall = clocks.wall
        self._began = clocks.wall()
        self._numbers: dict[Interface, int] = {}
        self._seen: list[int] = []  # packets of each interface
        self._filters: dict[Interface, str] = {}
        self._names: dict[bytes, str] = {}

    def begin(self, comments: Iterable[str] = ()) -> bytes:
        """A file's first blocks."""
        known = b"".join(self._interface(one) for one in self._numbers)
        return self.remark(comments) + known + pcapng.names(list(self._names.items()))

    def remark(self, comments: Iterable[str]) -> bytes:
        """A section of comments alone."""
        return pcapng.section(_WRITER, platform.platform(), comments)

    def know(self, source: object) -> bytes:
        """A live source's interfaces, all of them, also those that stay silent."""
        ask = getattr(source, "interfaces", None)
        if ask is None:
            return b""
        faces: list[Face] = ask()
        self._filters = {one.interface: one.filter for one in faces}
        return b"".join(self.number(one.interface)[1] for one in faces)

    def number(self, interface: Interface) -> tuple[int, bytes]:
        """The interface's number, and its block where it is new. OutputError where a stream names too many."""
        found = self._numbers.get(interface)
        if found is not None:
            return found, b""
        if len(self._numbers) == INTERFACES:
            raise OutputError(f"more than {INTERFACES} interfaces are not kept apart")
        self._numbers[interface] = len(self._numbers)
        self._seen.append(0)
        return self._numbers[interface], self._interface(interface)

    def count(self, number: int, packets: int) -> None:
        """So many packets of the interface were met: said of those that count nothing themselves."""
        self._seen[number] += packets

    def names(self, nodes: Iterable[Node]) -> bytes:
        """The nodes' names that are new."""
        new = {}
        for node in nodes:
            packed = _packed(node.address) if node.name else None
            if packed is not None:
                name = printable(node.name or "", _NAME)
                if self._names.get(packed) != name:
                    new[packed] = self._names[packed] = name
        return pcapng.names(list(new.items()))

    def end(self, source: object) -> bytes:
        """A file's last blocks: what the interfaces counted since the run began."""
        ask = getattr(source, "interfaces", None)
        counted: dict[Interface, Counts] = {one.interface: one.counts for one in ask()} if ask is not None else {}
        return b"".join(self._statistics(interface, counted.get(interface)) for interface in self._numbers)

    def _interface(self, one: Interface) -> bytes:
        return pcapng.interface(one.link_type, one.snap_length, one.name, self._filters.get(one, ""))

    def _statistics(self, interface: Interface, counts: Counts | None) -> bytes:
        number = self._numbers[interface]
        begun, ended = self._began, self._wall()
        if counts is None:
            said = pcapng.Counted(begun, ended, self._seen[number], 0, "counted in the stream: what its writer dropped is not known")
            return pcapng.statistics(number, said) if self._seen[number] else b""
        words = f"of {counts.received} packets the kernel dropped {counts.dropped}; the interface dropped {counts.interface_dropped} before"
        return pcapng.statistics(number, pcapng.Counted(begun, ended, counts.received, counts.dropped + counts.interface_dropped, words))


def _packed(address: str) -> bytes | None:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).packed
    except ValueError:
        return None
