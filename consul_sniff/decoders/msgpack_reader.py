"""msgpack as Consul writes it, read without trust: bounded, iterative, and it says how much is missing.

Consul's go-msgpack writes the old form of the format (byte strings in str slots, no bin, no str8) and newer parts of
it the new one, so every form is read, and text is left as ``bytes``: it may be no UTF-8, and addresses are not text.

    bytes    str and bin          int, float, bool, None
    list     array                dict   map; keys mostly bytes
    Ext      extension types

A declared length allocates nothing. ``Budget``: one unit an item, taken when a container declares its items.
``NeedMoreData.missing`` counts what every pending item needs at least, so that a driver that feeds byte by byte
does not parse the same beginning again and again.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ..errors import DecodeError, NeedMoreData
from ..limits import MSGPACK_DEPTH

if TYPE_CHECKING:
    from .base import Budget, Cursor

    Data = bytes | bytearray | memoryview


class Ext(NamedTuple):
    """An extension value: go-msgpack's newer time format is type -1."""

    code: int
    data: bytes


_CONSTANT, _BYTES, _EXT, _FIXED, _NUMBER, _ARRAY, _MAP = range(7)

_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS: Final = {
    0xCA: Struct(">f"), 0xCB: Struct(">d"),
    0xCC: Struct(">B"), 0xCD: Struct(">H"), 0xCE: Struct(">I"), 0xCF: Struct(">Q"),
    0xD0: Struct(">b"), 0xD1: Struct(">h"), 0xD2: Struct(">i"), 0xD3: Struct(">q"),
}
#: what follows each first byte from 0xC0 to 0xDF: (form, bytes of the number or length after it; _FIXED: of the data)
_FORMS: Final[dict[int, tuple[int, int]]] = {
    **dict.fromkeys(_CONSTANTS, (_CONSTANT, 0)),
    0xC4: (_BYTES, 1), 0xC5: (_BYTES, 2), 0xC6: (_BYTES, 4),
    0xC7: (_EXT, 1), 0xC8: (_EXT, 2), 0xC9: (_EXT, 4),
    **{first: (_NUMBER, number.size) for first, number in _NUMBERS.items()},
    0xD4: (_FIXED, 1), 0xD5: (_FIXED, 2), 0xD6: (_FIXED, 4), 0xD7: (_FIXED, 8), 0xD8: (_FIXED, 16),
    0xD9: (_BYTES, 1), 0xDA: (_BYTES, 2), 0xDB: (_BYTES, 4),
    0xDC: (_ARRAY, 2), 0xDD: (_ARRAY, 4), 0xDE: (_MAP, 2), 0xDF: (_MAP, 4),
}


def _long(data: Data, at: int, stop: int, pending: int) -> tuple[int, int, int]:
    """The long form whose first byte stands at *at*: (form, where its data begins, its bytes or items).

    *pending*: items that must follow this one, for an honest ``NeedMoreData``.
    """
    first = data[at]
    form, width = _FORMS.get(first, (-1, 0))
    if form < 0:
        raise DecodeError("msgpack 0xc1")
    begin = at + 1 + width
    if form in (_CONSTANT, _NUMBER):
        size, begin = width, at + 1
    elif form == _FIXED:
        form, size, begin = _EXT, width + 1, at + 1
    else:
        if begin > stop:
            raise NeedMoreData(begin - stop + pending)
        size = int.from_bytes(data[at + 1:begin], "big")
        if form == _MAP:
            return _MAP, begin, size * 2
        if form == _ARRAY:
            return _ARRAY, begin, size
        if form == _EXT:
            size += 1  # the type
    if begin + size > stop:
        raise NeedMoreData(begin + size - stop + pending)
    return form, begin, size


def skip(cursor: Cursor, budget: Budget) -> None:
    """Step over one object. Nesting costs nothing here, so its depth is not bounded; its items are."""
    data, at, stop = cursor.data, cursor.position, cursor.stop
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


def unpack(cursor: Cursor, budget: Budget) -> object:
    """One object; the cursor moves past it only when it is whole.

    DecodeError: no msgpack, nested deeper than ``limits.MSGPACK_DEPTH``, more items than the budget, a map key that
    cannot be one (a map, an array). Of equal keys the last one counts, as with Go.
    """
    data, at, stop = cursor.data, cursor.position, cursor.stop
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
        if first < 0x80 or first >= 0xE0:
            filled.append(first if first < 0x80 else first - 256)
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


def _scalar(data: Data, first: int, form: int, begin: int, end: int) -> object:
    if form == _BYTES:
        return bytes(data[begin:end])
    if form == _NUMBER:
        return cast("int | float", _NUMBERS[first].unpack_from(data, begin)[0])
    if form == _CONSTANT:
        return _CONSTANTS[first]
    code = data[begin]
    return Ext(code - 256 if code > 0x7F else code, bytes(data[begin + 1:end]))


def _pairs(flat: list[object]) -> dict[object, object]:
    try:
        return dict(zip(flat[::2], flat[1::2], strict=True))
    except TypeError:
        raise DecodeError("msgpack key") from None
