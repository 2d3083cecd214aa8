"""What the readers of the two formats share: how they say what stands at a place of the buffer, and damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import CaptureError

if TYPE_CHECKING:
    from ..model import Dialect

#: `Layout.look` says: a whole packet record stands here.
PACKET = 0


class Damage(CaptureError):
    """An input cannot be read further. ``at``: where the damage begins, None for "where the reader stands"."""

    def __init__(self, what: str, at: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


class Reader(Protocol):
    """A stream of bytes, unpacked where it was packed."""

    def readinto(self, view: memoryview, /) -> int:
        """Fill *view* from its beginning; 0 only at the end. Errors: OSError, `Damage`."""
        ...


class Layout(Protocol):
    """A file format: knows where a record ends, and takes everything in that is not a packet."""

    dialect: Dialect

    def look(self, buffer: bytearray, at: int, stop: int) -> int:
        """What stands at *at*: `PACKET`, or ``n`` bytes that were taken in, or ``-n``: ``n`` bytes are needed to say.

        A packet record is looked at only as far as to know that it is whole. Errors: `Damage`.
        """
        ...

    def size(self, buffer: bytearray, at: int, stop: int) -> int:
        """Bytes of the packet record at *at*; 0 where none stands there, or not all of it."""
        ...

    def saved(self) -> dict[str, object]:
        """What must be known to read on from where a record begins, for JSON."""
        ...

    def unit(self, buffer: bytearray, at: int, stop: int) -> str:
        """What the cut thing at *at* is called."""
        ...
