"""One file of those that are followed, read as far as it goes by now: what was read before is not read again."""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING, Protocol

from ..errors import CaptureError, Interrupted
from . import compression, inputs, pcap
from .followed import HEAD_BYTES, Head, first_bytes
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..model import Block
    from .bpf import Filter
    from .followed import Followed
    from .formats import Layout, Reader

class Replaced(CaptureError):
    """Something else stands in the file now."""


class Shortened(CaptureError):
    """Of what was read, a part is not in the file any more."""


class Whole(Protocol):
    """What a visit asks of the run that it is a part of. ``poll``: seconds."""

    poll: float

    def elsewhere(self, visit: Visit) -> bool: ...
    def replaced(self, one: Followed) -> None: ...
    def shortened(self, one: Followed, size: int) -> None: ...
    def look(self) -> None: ...
    def finish(self) -> None: ...


class Tail(inputs.Raw):
    """A file's bytes as they are written. What is given was in the file that was opened, however it was written over meanwhile.

    ``over``: asked at the end of the file; True ends it there for now.
    """

    def __init__(self, one: Followed, over: Callable[[], bool]) -> None:
        super().__init__(one.place.open(one.name))
        self._one = one
        self._over = over

    def readinto(self, buffer: object, /) -> int:
        """Waits for bytes; 0 where there are none and it is over. Errors: OSError, `Replaced`, `Shortened`."""
        while True:
            count = io.FileIO.readinto(self, buffer) or 0  # type: ignore[arg-type]
            self._check(self.position + count)  # afterwards: if it is the same file still, so it was when it was read
            self.position += count
            if count or self._over():
                return count

    def _check(self, read: int) -> None:
        one, size = self._one, os.fstat(self.fileno()).st_size
        head = first_bytes(self.fileno())
        if not one.head.begins(head):
            raise Replaced(one.name)
        one.size = size
        if size < read:
            raise Shortened(one.name)
        if one.head.size < min(len(head), HEAD_BYTES):
            one.head = Head.of(head)
            if not one.packed:
                one.start = one.head


class Visit(Source):
    """A source that begins where the last visit to its file ended, and waits at the end of it until something is to be read
    elsewhere. ``idle`` and ``polls``: how often it waited since the last bytes, and in all."""

    def __init__(self, one: Followed, whole: Whole, filter_: Filter | None, buffer: bytearray) -> None:
        super().__init__(inputs.Input(one.facts.path), filter_, buffer)
        self.one = one
        self.facts = one.facts
        self.frozen = False
        self.idle = self.polls = 0
        self._whole = whole
        self._at_end = 0
        if one.half:
            self.facts.error, one.half = None, False  # it may be whole by now
        one.finished = one.leaving = False

    def __iter__(self) -> Iterator[Block]:
        """Read on; then the file knows how far."""
        one = self.one
        one.visited = True
        complaint = self.facts.error
        try:
            yield from super().__iter__()
        except Replaced:
            self.settle()
            self._whole.replaced(one)
            return
        except Shortened:
            self.settle()
            self._whole.shortened(one, one.size)
            return
        finally:
            self.settle()
        one.half = one.finished and self.facts.error != complaint
        one.broken = not (one.finished or self.frozen or self.limit) and self.facts.error is not None

    def settle(self) -> None:
        """Note how far it was read. Between two blocks."""
        one = self.one
        one.position = max(one.position, self.reached if one.layout is not None else 0)
        one.seen = self._at_end or (0 if one.packed else one.position)

    def finish(self) -> None:
        """Read what is there by now, and wait for nothing."""
        self.frozen = True
        self._whole.finish()

    def _open(self) -> inputs.Raw:
        return Tail(self.one, self._over)

    def _over(self) -> bool:
        assert self._raw is not None
        position = self._raw.position
        self.idle = self.idle + 1 if position == self._at_end else 0
        self._at_end = position
        if self.frozen or self._whole.elsewhere(self):
            return True
        if self.wait is not None and self.wait():
            raise Interrupted
        time.sleep(self._whole.poll)
        self.polls += 1
        self._whole.look()
        return False

    def _read(self, reader: Reader) -> Iterator[Block]:
        if self.one.layout is None:
            yield from super()._read(reader)
            return
        yield from self._blocks(self._resumed(reader, self.one.layout), self.one.layout)

    def _resumed(self, reader: Reader, layout: Layout) -> Reader:
        """The stream from the first record on that was not screened."""
        assert self._raw is not None
        done, place = 0, self.one.position
        if isinstance(layout, pcap.PcapLayout):
            done = pcap.HEADER_BYTES
            _skip(reader, done)
            reader = layout.ordinary(reader, b"") or reader
        if isinstance(reader, compression.Plain):
            self._raw.seek(place)
            reader = compression.Plain(self._raw, b"")
        else:
            _skip(reader, place - done)
        self._base, self._given = place, True
        return reader

    def _blocks(self, reader: Reader, layout: Layout) -> Iterator[Block]:
        self.one.layout = layout
        return super()._blocks(reader, layout)

    def _rest(self, layout: Layout) -> None:
        """Half a record: of a file that is still written to the rest is to come."""
        if self.one.finished:
            super()._rest(layout)


def _skip(reader: Reader, count: int) -> None:
    with memoryview(bytearray(min(count, 1 << 16))) as view:
        while count and (got := reader.readinto(view[:count])):
            count -= got
