"""HPACK for a listener who came late (RFC 7541).

An endpoint's decoder (hpack, nghttp2) gives up at the first index it does not know. The dynamic table is indexed from
its newest entry, so whoever missed its beginning still reads everything that was added since, and literals always.
The static table and the Huffman code are those of the ``hpack`` library.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from .. import limits
from ..errors import DecodeError

TABLE_BYTES: Final = 65_536  # of one dynamic table, whatever the peers agreed on
ENTRY_OVERHEAD: Final = 32  # RFC 7541, 4.1
HEADERS: Final = 256  # of one list

Pair = tuple[bytes, bytes]


class HeaderReader:
    """Header blocks of one direction of a connection, in order."""

    def __init__(self) -> None:
        from hpack.huffman_table import decode_huffman
        from hpack.table import HeaderTable

        self._static: tuple[Pair, ...] = tuple(HeaderTable.STATIC_TABLE)
        self._huffman = decode_huffman
        self._table: deque[tuple[Pair | None, int]] = deque()  # newest first: an entry (None: not known), its size
        self._size = 0
        self._limit = TABLE_BYTES
        self.partial = False  # a header was not known: its entry is older than what was captured

    def forget(self) -> None:
        """Bytes were lost: what is in the table now is not known."""
        self._table.clear()
        self._size = 0

    def read(self, block: bytes) -> list[Pair]:
        """The headers of a block, less those that are not known. DecodeError: it is no header block, or too much."""
        found: list[Pair] = []
        position = total = 0
        try:
            while position < len(block):
                pair, position = self._one(block, position)
                if pair is None:
                    continue
                total += len(pair[0]) + len(pair[1]) + ENTRY_OVERHEAD
                if total > limits.HEADER_BYTES or len(found) >= HEADERS:
                    raise DecodeError("HTTP/2 header list over the budget")
                found.append(pair)
        except IndexError:
            raise DecodeError("HPACK cut") from None
        return found

    def _one(self, block: bytes, position: int) -> tuple[Pair | None, int]:
        first = block[position]
        if first & 0x80:
            index, position = _integer(block, position, 7)
            if index == 0:
                raise DecodeError("HPACK index 0")
            return self._entry(index), position
        if first & 0xE0 == 0x20:
            size, position = _integer(block, position, 5)
            self._limit = min(size, TABLE_BYTES)
            self._evict()
            return None, position
        adding = bool(first & 0x40)
        index, position = _integer(block, position, 6 if adding else 4)
        if index:
            known = self._entry(index)
            name = known[0] if known is not None else None
        else:
            name, position = self._string(block, position)
        value, position = self._string(block, position)
        pair = (name, value) if name is not None else None
        if adding:
            self._add(pair, value)
        return pair, position

    def _entry(self, index: int) -> Pair | None:
        if index <= len(self._static):
            return self._static[index - 1]
        index -= len(self._static) + 1
        pair = self._table[index][0] if index < len(self._table) else None
        self.partial = self.partial or pair is None
        return pair

    def _add(self, pair: Pair | None, value: bytes) -> None:
        size = ENTRY_OVERHEAD + len(value) + (len(pair[0]) if pair is not None else 0)
        self._table.appendleft((pair, size))
        self._size += size
        self._evict()

    def _evict(self) -> None:
        while self._table and self._size > self._limit:
            self._size -= self._table.pop()[1]

    def _string(self, block: bytes, position: int) -> tuple[bytes, int]:
        huffman = block[position] & 0x80
        length, position = _integer(block, position, 7)
        if length > len(block) - position:
            raise DecodeError("HPACK string over its block")
        raw = block[position:position + length]
        if huffman:
            try:
                raw = bytes(self._huffman(raw))
            except Exception:  # noqa: BLE001  hpack: HPACKDecodingError; a bad code in hostile bytes, whatever the class
                raise DecodeError("HPACK Huffman code") from None
        return raw, position + length


def _integer(block: bytes, position: int, bits: int) -> tuple[int, int]:
    mask = (1 << bits) - 1
    value = block[position] & mask
    position += 1
    if value < mask:
        return value, position
    shift = 0
    while True:
        byte = block[position]
        position += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, position
        if shift > 28:
            raise DecodeError("HPACK integer")
