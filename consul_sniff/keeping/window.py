"""The packets of the last moments, as raw records: copied a block at a time, never one by one."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING, Final

from ..capture.records import Packet, pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model import Block, Dialect

JOINED: Final = 64 * 1024  # bytes up to which small blocks become one chunk
_OVERHEAD: Final = 512  # bytes that a chunk takes beside its records, about


class Chunk:
    """Records in a row: packets ``first``, ``first + 1``, ... of the run. ``closed``: no more are added."""

    __slots__ = ("closed", "count", "data", "dialect", "first")

    def __init__(self, first: int, count: int, data: bytearray, dialect: Dialect) -> None:
        self.first = first
        self.count = count
        self.data = data
        self.dialect = dialect
        self.closed = False


class Window:
    """The last chunks, in all at most ``most`` bytes and one block."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self.fresh = 0  # bytes since ``close``
        self.closed = 0  # chunks at the front that were here then
        self._chunks: deque[Chunk] = deque()

    def add(self, block: Block, first: int, count: int) -> None:
        """Copy a block's records."""
        with memoryview(block.buffer) as view, view[block.start:block.consumed] as records:
            last = self._chunks[-1] if self._chunks else None
            if last is not None and not last.closed and last.dialect is block.dialect and len(last.data) + len(records) <= JOINED:
                last.data += records
                last.count += count
            else:
                self._chunks.append(Chunk(first, count, bytearray(records), block.dialect))
                self.size += _OVERHEAD
            self.size += len(records)
            self.fresh += len(records)

    @property
    def last(self) -> int:
        """The number of the newest packet, 0 where there is none."""
        return self._chunks[-1].first + self._chunks[-1].count - 1 if self._chunks else 0

    @property
    def full(self) -> bool:
        """Whether the oldest have to go."""
        return self.size > self.most

    def pop(self) -> Chunk | None:
        """Take out the oldest chunk."""
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        self.closed = max(self.closed - 1, 0)
        self.size -= len(chunk.data) + _OVERHEAD
        return chunk

    def close(self) -> None:
        """All that is here was judged; what comes next does not get into these chunks any more."""
        self.fresh, self.closed = 0, len(self._chunks)
        if self._chunks:
            self._chunks[-1].closed = True

    def find(self, frames: Iterable[int]) -> Iterator[tuple[int, Packet]]:
        """Those of the packets that are here; one packet out of each chunk's records is read, not all."""
        begins = [chunk.first for chunk in self._chunks]
        wanted: dict[int, list[int]] = {}
        for frame in sorted(frames):
            place = bisect_right(begins, frame) - 1
            if place >= 0 and frame <= self.last:
                wanted.setdefault(place, []).append(frame)
        for place, here in wanted.items():
            chunk = self._chunks[place]
            yield from zip(here, pick(chunk.data, chunk.dialect, [frame - chunk.first for frame in here]), strict=True)
