# cython: annotation_typing=False
"""msgpack as Consul writes it, read without trust: bounded, iterative, and it says how much is missing.

Consul's go-msgpack writes the old form of the format (byte strings in str slots, no bin, no str8) and newer parts of
it the new one, so every form is read, and text is left as ``bytes``: it may be no UTF-8, and addresses are not text.

    bytes    str and bin          int, float, bool, None
    list     array                dict   map; keys mostly bytes
    Ext      extension types

A declared length allocates nothing. ``Budget``: one unit an item, taken when a container declares its items.
``NeedMoreData.missing`` counts what every pending item needs at least, so that a driver that feeds byte by byte
does not parse the same beginning again and again. Compiled together with its ``.pxd``, which holds the types.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ..errors import DecodeError, NeedMoreData
from ..limits import MSGPACK_DEPTH

if TYPE_CHECKING:
    from .base import Budget, Cursor


class Ext(NamedTuple):
    """An extension value: go-msgpack's newer time format is type -1."""

    code: int
    data: bytes


# What stands behind the first bytes from 0xC0 to 0xDF: a form each ...
_CONSTANT, _BYTES, _EXT, _FIXED, _NUMBER, _ARRAY, _MAP, _NEVER = range(8)
_FORMS = bytes((
    _CONSTANT, _NEVER, _CONSTANT, _CONSTANT, _BYTES, _BYTES, _BYTES, _EXT, _EXT, _EXT, _NUMBER, _NUMBER, _NUMBER,
    _NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _FIXED, _FIXED, _FIXED, _FIXED, _FIXED,
    _BYTES, _BYTES, _BYTES, _ARRAY, _ARRAY, _MAP, _MAP,
))
#: ... and how many bytes the number or length has (_FIXED: the data)
_WIDTHS = bytes((0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 16, 1, 2, 4, 2, 4, 2, 4))
_NUMBERS: Final = {0xCA: Struct(">f"), 0xCB: Struct(">d"), 0xCF: Struct(">Q"),
                   0xD0: Struct(">b"), 0xD1: Struct(">h"), 0xD2: Struct(">i"), 0xD3: Struct(">q")}


def _long(data: bytes, at: int, stop: int, pending: int) -> tuple[int, int, int]:
    """The long form whose first byte stands at *at*: (form, where its data begins, its bytes or items).

    *pending*: items that must follow this one, for an honest ``NeedMoreData``.
    """
    form, width = _FORMS[data[at] - 0xC0], _WIDTHS[data[at] - 0xC0]
    begin = at + 1
    size = width
    if form == _NEVER:
        raise DecodeError("msgpack 0xc1")
    if form == _FIXED:
        form, size = _EXT, width + 1
    elif form not in (_CONSTANT, _NUMBER):
        begin += width
        if begin > stop:
            raise NeedMoreData(begin - stop + pending)
        size = _uint(data, at + 1, width)
        if form == _MAP:
            return _MAP, begin, size * 2
        if form == _ARRAY:
            return _ARRAY, begin, size
        if form == _EXT:
            size += 1  # the type
    if begin + size > stop:
        raise NeedMoreData(begin + size - stop + pending)
    return form, begin, size


def _uint(data: bytes, at: int, width: int) -> int:
    value = 0
    for place in range(at, at + width):
        value = value << 8 | data[place]
    return value


def skip(cursor: Cursor, budget: Budget) -> None:
    """Step over one object. Nesting costs nothing here, so its depth is not bounded; its items are."""
    data, at, stop = _bytes(cursor), cursor.position, cursor.stop
    pending = 1
    while pending:
        if at >= stop:
            raise NeedMoreData(at - stop + pending)
        first = data[at]
        pending -= 1
        if first < 0x80 or first >= 0xE0:
            at += 1
        elif first < 0xA0:
            items = (first & 15) << (first < 0x90)
            budget.spend(items, "msgpack items")
            pending += items
            at += 1
        elif first < 0xC0:
            at += 1 + (first & 31)
        else:
            form, at, size = _long(data, at, stop, pending)
            if form >= _ARRAY:
                budget.spend(size, "msgpack items")
                pending += size
            else:
                at += size
    if at > stop:
        raise NeedMoreData(at - stop)
    cursor.position = at


def _bytes(cursor: Cursor) -> bytes:
    return cursor.data if isinstance(cursor.data, bytes) else bytes(cursor.data)


def unpack(cursor: Cursor, budget: Budget) -> object:
    """One object; the cursor moves past it only when it is whole.

    DecodeError: no msgpack, nested deeper than ``limits.MSGPACK_DEPTH``, more items than the budget, a map key that
    cannot be one (a map, an array). Of equal keys the last one counts, as with Go.
    """
    data, at, stop = _bytes(cursor), cursor.position, cursor.stop
    opened: list[tuple[bool, int, list[object]]] = []  # containers around the present one: is it a map, items, filled
    is_map, items, filled = False, 1, cast("list[object]", [])  # the present one; outermost a list for the result
    pending = 1  # items that have not begun yet, over all containers
    while True:
        while len(filled) == items:  # a container is full: it is a value of the one around it
            if not opened:
                cursor.position = at
                return filled[0]
            value: object = _pairs(filled) if is_map else filled
            is_map, items, filled = opened.pop()
            filled.append(value)
        if at >= stop:
            raise NeedMoreData(at - stop + pending)
        first = data[at]
        pending -= 1
        if first < 0x80 or first >= 0xE0 or first == 0xC0:
            filled.append(_single(first))
            at += 1
            continue
        if first < 0xA0:
            form, begin, size = (_ARRAY, at + 1, first & 15) if first >= 0x90 else (_MAP, at + 1, (first & 15) * 2)
        elif first < 0xC0:
            form, begin, size = _BYTES, at + 1, first & 31
            if begin + size > stop:
                raise NeedMoreData(begin + size - stop + pending)
        else:
            form, begin, size = _long(data, at, stop, pending)
        if form >= _ARRAY:
            budget.spend(size, "msgpack items")
            if len(opened) >= MSGPACK_DEPTH:
                raise DecodeError("msgpack depth")
            opened.append((is_map, items, filled))
            is_map, items, filled = form == _MAP, size, []
            pending += size
            at = begin
        else:
            at = begin + size
            filled.append(_scalar(data, first, form, begin, at))


def _single(first: int) -> int | None:
    """A number below 128, or nil, of which Serf's lists of events are full."""
    if first == 0xC0:
        return None
    return first if first < 0x80 else first - 256


def _scalar(data: bytes, first: int, form: int, begin: int, end: int) -> object:
    raw = data
    if form == _BYTES:
        return raw[begin:end]
    if form == _NUMBER:
        if 0xCC <= first <= 0xCE:
            return _uint(data, begin, end - begin)
        return cast("int | float", _NUMBERS[first].unpack_from(data, begin)[0])
    if form == _CONSTANT:
        return first == 0xC3
    code = data[begin]
    return Ext(code - 256 if code > 0x7F else code, raw[begin + 1:end])


def _pairs(flat: list[object]) -> dict[object, object]:
    pairs: dict[object, object] = {}
    try:
        for place in range(0, len(flat), 2):
            pairs[flat[place]] = flat[place + 1]
    except TypeError:
        raise DecodeError("msgpack key") from None
    return pairs
