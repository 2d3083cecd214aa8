"""Single msgpack values at a place in a window: for reading on from a key that was found, not parsed to."""

from __future__ import annotations

from typing import Final

from ..errors import DecodeError, NeedMoreData
from .base import Budget, Cursor
from .msgpack_reader import skip, unpack

ITEMS: Final = 4_096  # of one object that is read whole
PAIRS: Final = 64  # of a map that is walked
KEY_BYTES: Final = 64

_WIDTHS: Final = {0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC4: 1, 0xC5: 2, 0xC6: 4}


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """The byte string whose header stands at ``at``: its length and where its bytes begin. nil has length 0."""
    if at >= len(data):
        raise NeedMoreData(at + 1 - len(data))
    first = data[at]
    if 0xA0 <= first < 0xC0:
        return first & 31, at + 1
    if first == 0xC0:
        return 0, at + 1
    width = _WIDTHS.get(first)
    if width is None:
        raise DecodeError("no text")
    begin = at + 1 + width
    if begin > len(data):
        raise NeedMoreData(begin - len(data))
    return int.from_bytes(data[at + 1:begin], "big"), begin


def text_at(data: bytes, at: int, limit: int) -> tuple[bytes, int]:
    """The byte string at ``at`` and where it ends. DecodeError: none stands there, or one of more than ``limit``."""
    length, begin = length_at(data, at)
    if length > limit:
        raise DecodeError("long text")
    if begin + length > len(data):
        raise NeedMoreData(begin + length - len(data))
    return data[begin:begin + length], begin + length


def value_at(data: bytes, at: int) -> tuple[object, int]:
    """The object at ``at`` and where it ends."""
    cursor = Cursor(data, at)
    value = unpack(cursor, Budget(ITEMS))
    return value, cursor.position


def walk(data: bytes, at: int, wanted: frozenset[bytes], last: bytes = b"") -> tuple[dict[bytes, object], int]:
    """Read key and value, key and value, until all that is ``wanted`` (or ``last``) was met or no key comes.

    The map's own header need not be there: what was found is somewhere inside of it.
    """
    found: dict[bytes, object] = {}
    cursor = Cursor(data, at)
    budget = Budget(ITEMS)
    for _ in range(PAIRS):
        try:
            key, after = text_at(data, cursor.position, KEY_BYTES)
        except DecodeError:
            break
        cursor.position = after
        if key in wanted or (last and key == last):
            found[key] = unpack(cursor, budget)
            if (last and key == last) or len(found) == len(wanted):
                break
        else:
            skip(cursor, budget)
    return found, cursor.position
