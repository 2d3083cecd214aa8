"""What waits on one side of a TCP flow until somebody has read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model import Payload


class Side:
    """Bytes of one side that nobody has read yet, and which packet each came in."""

    __slots__ = ("waiting", "marks", "began", "total", "want", "done", "told")

    def __init__(self) -> None:
        self.waiting: bytes | bytearray = b""  # one payload's bytes as they came, more of them put together
        self.marks: list[tuple[int, int, int]] = []  # (offset in waiting where a packet's bytes end, time, frame)
        self.began = False  # waiting begins at the first byte of the stream
        self.total = 0
        self.want = 0  # bytes that must be waiting before the decoder is asked again
        self.done = False  # nobody needs more of this side
        self.told = False  # and the screen was told so

    def add(self, payload: Payload) -> None:
        if not self.waiting:
            self.waiting = payload.data
        elif isinstance(self.waiting, bytes):
            self.waiting = bytearray(self.waiting + payload.data)
        else:
            self.waiting += payload.data
        self.total += len(payload.data)
        self.marks.append((len(self.waiting), payload.time, payload.frame))

    def drop(self, count: int) -> None:
        if count >= len(self.waiting):
            self.waiting = b""
            self.marks.clear()
            return
        if isinstance(self.waiting, bytes):
            self.waiting = self.waiting[count:]
        else:
            del self.waiting[:count]
        self.marks = [(end - count, time, frame) for end, time, frame in self.marks if end > count]

    def when(self, end: int) -> tuple[int, int]:
        """Time and frame of the packet that brought the byte before ``end``."""
        for mark, time, frame in self.marks:
            if mark >= end:
                return time, frame
        return self.marks[-1][1:] if self.marks else (0, 0)
