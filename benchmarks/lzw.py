"""LZW as Go's ``compress/lzw`` writes it (LSB first, 8 literal bits), in which memberlist packs its messages.

Codes: 256 clears, 257 ends; widths go from 9 to 12 bits, and the table is cleared when 4096 codes are used up
(``compress/lzw/writer.go``, ``incHi``).
"""

from __future__ import annotations

_CLEAR, _END, _FIRST, _LAST = 256, 257, 258, 4095


def pack(data: bytes) -> bytes:
    """*data*, packed."""
    bits, filled, width, high = _CLEAR, 9, 9, _END
    table: dict[bytes, int] = {}
    word = b""
    for byte in data:
        longer = word + bytes((byte,))
        if len(longer) == 1 or longer in table:
            word = longer
            continue
        bits |= (table[word] if len(word) > 1 else word[0]) << filled
        filled += width
        high += 1
        if high == 1 << width:
            width += 1
        if high == _LAST:
            bits |= _CLEAR << filled
            filled += width
            width, high = 9, _END
            table.clear()
        else:
            table[longer] = high
        word = longer[-1:]
    if word:
        bits |= (table[word] if len(word) > 1 else word[0]) << filled
        filled += width
        high += 1
        if high == _LAST:
            bits |= _CLEAR << filled
            filled, width = filled + width, 9
        elif high == 1 << width:
            width += 1
    bits |= _END << filled
    filled += width
    return bits.to_bytes((filled + 7) // 8, "little")


def unpack(data: bytes) -> bytes:
    """What was packed. Errors: ValueError where *data* is none of Go's."""
    bits, at, width = int.from_bytes(data, "little"), 0, 9
    table: list[bytes] = []
    out = bytearray()
    before = b""
    while at + width <= 8 * len(data):
        code = bits >> at & (1 << width) - 1
        at += width
        if code == _END:
            return bytes(out)
        if code == _CLEAR:
            table, before, width = [], b"", 9
            continue
        known = _FIRST + len(table)
        if code < _CLEAR:
            entry = bytes((code,))
        elif code < known:
            entry = table[code - _FIRST]
        elif code == known and before:
            entry = before + before[:1]
        else:
            raise ValueError("not LZW")
        out += entry
        if before and known <= _LAST:
            table.append(before + entry[:1])
        before = entry
        # the next code may name the entry that it completes itself, so the width runs one ahead of the table
        if _FIRST + len(table) >= (1 << width) and width < 12:
            width += 1
    raise ValueError("no end")
