"""Live capture: one or several interfaces as one input, its packets in blocks like a file's."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import CaptureError
from ..facts import InputFacts
from ..model import Block
from ..text import printable
from . import linktypes
from .formats import PACKET
from .handle import TIMEOUT, Handle, Wanted
from .source import BUFFER_BYTES, ROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..model import Interface
    from .handle import Counts

__all__ = ["Face", "Happening", "LiveSource", "Losses", "Wanted"]

POLL_MS: Final = 100
AT_ONCE: Final = 2_048  # packets of one interface before the next one's turn
PREFETCHED: Final = 64 * 1024 * 1024  # bytes of records, of each interface, where a judgement takes its time
FAILURES: Final = 100  # of one interface, without a packet between them
QUIET_POLLS: Final = 2  # at the end: polls without a packet, of more than the kernel's timeout each


class Losses(NamedTuple):
    """Packets: ``received`` = decoded + ``dropped`` + ``unread``; what the interface dropped was never received.

    ``unread``: in the kernel's buffer when the capture ended; while it runs, those on the way count there too.
    """

    received: int
    dropped: int
    interface_dropped: int
    unread: int

    @property
    def lost(self) -> int:
        """All of them."""
        return self.dropped + self.interface_dropped + self.unread


class Happening(NamedTuple):
    """Something that happened to an interface. ``what``: interface-down -up -renamed -gone, capture-failed; ``words``: a sentence."""

    what: str
    interface: str
    words: str


class Face(NamedTuple):
    """An interface, the filter that its packets passed, and what it counted so far."""

    interface: Interface
    filter: str
    counts: Counts


class LiveSource:
    """An input like `Source`: iterating it captures until ``finish``, ``limit`` packets, or no interface is left.

    ``wait`` is called at least ten times a second; True from it ends at once. ``limit``: packets, 0 for no limit.
    ``reasons``: what makes a report incomplete beside losses. Whoever counts keeps ``facts.packets`` up to date.
    """

    def __init__(self, names: Sequence[str], wanted: Wanted) -> None:
        """Open all; errors: `CaptureError`, `UsageError`."""
        self.handles: list[Handle] = []
        self.closed: list[Handle] = []
        self.wait: Callable[[], bool] | None = None
        self.limit = 0
        self.reasons: set[str] = set()
        self._down: set[int] = set()
        self._leaving: list[Handle] = []  # their interface is gone, and packets of it may still be here
        self._occupied: list[int] = []
        self._frozen = False
        self._happened: list[Happening] = []
        self._buffer = bytearray(BUFFER_BYTES + ROOM)
        try:
            for name in dict.fromkeys(names):
                self.handles.append(Handle(name, wanted))
        except BaseException:
            self.close()
            raise
        self.path = ",".join(printable(handle.name) for handle in self.handles)
        self.facts = InputFacts(self.path)
        self.facts.link_types = tuple(dict.fromkeys(linktypes.name(handle.link_type) for handle in self.handles))
        self.names = tuple(printable(handle.name) for handle in self.handles)

    @property
    def position(self) -> int:
        """As a file's: nothing is known of it."""
        return 0

    @property
    def descriptors(self) -> list[int]:
        """Of the capture sockets."""
        return [handle.fd for handle in self.handles]

    def __iter__(self) -> Iterator[Block]:
        """Capture on."""
        quiet = 0
        while self.handles and quiet < QUIET_POLLS:
            ready = self._poll()
            if self.wait is not None and self.wait():
                return
            for handle in ready:
                if handle in self.handles:  # what waits, or takes a block, may have closed it
                    yield from self._take(handle)
                if self._full():
                    return
            quiet = quiet + 1 if self._frozen and not ready else 0
            for handle in list(self._leaving):
                yield from self._farewell(handle)
            if self._frozen and not self.losses().unread:
                return

    def finish(self) -> None:
        """Receive nothing more; what was received is still given."""
        for handle in self.handles:
            handle.freeze()
        self._frozen = True

    def prefetch(self) -> None:
        """Make room in the kernel's buffer while nobody has time for blocks. Not while a block is being asked for."""
        for handle in self.handles:
            if handle.size < PREFETCHED and not self.limit and handle not in self._leaving:
                with suppress(CaptureError):  # it will come again
                    handle.fetch(AT_ONCE * 8)

    def losses(self) -> Losses:
        """So far."""
        counts = [handle.counts() for handle in (*self.handles, *self.closed)]
        received, dropped = sum(one.received for one in counts), sum(one.dropped for one in counts)
        unread = 0 if self._full() else max(received - dropped - self.facts.packets, 0)
        return Losses(received, dropped, sum(one.interface_dropped for one in counts), unread)

    def interfaces(self) -> list[Face]:
        """All of them, those that went away too."""
        return [Face(handle.layout.dialect.interfaces[0], handle.filter, handle.counts()) for handle in (*self.handles, *self.closed)]

    def check(self) -> list[Happening]:
        """Look after the interfaces: what happened since the last time, each thing once."""
        for handle in list(self.handles):
            self._look(handle)
        happened, self._happened = self._happened, []
        return happened

    def close(self) -> None:
        """Give everything back; the counts stay."""
        while self.handles:
            self._drop(self.handles[0])
        while self._occupied:
            os.close(self._occupied.pop())

    def _poll(self) -> list[Handle]:
        """Those that have packets: in the kernel, or fetched ahead."""
        waiting = select.poll()
        for handle in self.handles:
            waiting.register(handle.fd, select.POLLIN)
        ready = {fd for fd, _events in waiting.poll(0 if any(handle.size for handle in self.handles) else POLL_MS)}
        return [handle for handle in self.handles if handle.fd in ready or handle.size]

    def _take(self, handle: Handle) -> Iterator[Block]:
        failed = None
        try:
            handle.fetch(min(AT_ONCE, self.limit - self.facts.packets) if self.limit else AT_ONCE)
        except CaptureError as error:  # gone; or renamed, or down: then there will be more
            failed = error
        yield from self._read(handle)
        if failed is not None:
            self._look(handle, failed)

    def _farewell(self, handle: Handle) -> Iterator[Block]:
        """What the kernel still has of an interface that is gone: its last block comes when its time is over."""
        self._leaving.remove(handle)
        select.poll().poll(2 * TIMEOUT * 1000)
        try:
            while handle.fetch(AT_ONCE) and not self._full():
                yield from self._read(handle)
        except CaptureError:
            yield from self._read(handle)  # now it is empty
        shown = printable(handle.name)
        self._lose(handle, "interface-gone", f"{shown}: the interface went away; its capture ended there")

    def _read(self, handle: Handle) -> Iterator[Block]:
        at = 0
        layout = handle.layout
        while True:
            with memoryview(self._buffer) as view, view[:-ROOM] as free:
                stop = handle.read(free, at)
            if not stop:
                return
            assert layout.look(self._buffer, 0, stop) == PACKET
            block = Block(self._buffer, 0, stop, layout.dialect)
            yield block
            at += block.consumed

    def _full(self) -> bool:
        return bool(self.limit) and self.facts.packets >= self.limit

    def _look(self, handle: Handle, error: CaptureError | None = None) -> None:
        name, up = handle.link.look()
        shown = printable(handle.name)
        if name is None:
            if handle not in self._leaving:
                self._leaving.append(handle)
            return
        if error is not None and handle.failures > FAILURES:
            self._lose(handle, "capture-failed", str(error))
            return
        if name != shown:
            handle.name = handle.link.name = name
            self._tell("interface-renamed", shown, f"{shown} is called {name} now; its capture goes on")
        if up == (handle.link.index in self._down):
            self._turned(handle.link.index, name, up=up)

    def _lose(self, handle: Handle, what: str, words: str) -> None:
        self._drop(handle)
        self._occupied.append(_occupied(handle.fd))
        self._tell(what, printable(handle.name), words)
        self.facts.error = f"{self.facts.error}; {words}" if self.facts.error else words

    def _turned(self, index: int, name: str, *, up: bool) -> None:
        if up:
            self._down.discard(index)
            self._tell("interface-up", name, f"{name} is up again")
            return
        self._down.add(index)
        self._tell("interface-down", name, f"{name} went down")
        self.reasons.add(f"{name} was down for a time: nothing was captured there then")

    def _tell(self, what: str, name: str, words: str) -> None:
        self._happened.append(Happening(what, name, words))

    def _drop(self, handle: Handle) -> None:
        self.handles.remove(handle)
        handle.close()
        self.closed.append(handle)


def _occupied(number: int) -> int:
    """Keep a capture socket's number from what is opened next: who confined the process forbade to write to it."""
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    if null != number:
        os.dup2(null, number, inheritable=False)
        os.close(null)
    return number
