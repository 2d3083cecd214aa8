"""Plaintext gossip retold: the same messages by hosts of other names and addresses.

Wire format: hashicorp/memberlist ``net.go``: a datagram may begin with 12 and a CRC-32; 9 is a packed message, a msgpack
map of ``Algo`` and ``Buf``.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from . import lzw

if TYPE_CHECKING:
    from collections.abc import Iterable

CRC, COMPRESSED = 12, 9
_NAME = re.compile(rb"\xa4(?:Node|From|Name)[\xa1-\xbf]|\xaaSourceNode[\xa1-\xbf]")
_BUFFER = re.compile(rb"\xa3Buf(?:[\xa0-\xbf]|\xd9.|\xc4.|\xda..|\xc5..)", re.DOTALL)
_SYMBOLS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz"


def plain(payload: bytes) -> bool:
    """Whether a datagram is gossip in the clear: its checksum says so."""
    return len(payload) > 5 and payload[0] == CRC and zlib.crc32(payload[5:]) == int.from_bytes(payload[1:5], "big")


def opened(payload: bytes) -> tuple[bytes, bool]:
    """The message of a datagram for which `plain` holds, and whether it was packed."""
    message = payload[5:]
    if message[:1] != bytes((COMPRESSED,)):
        return message, False
    found = _BUFFER.search(message)
    if found is None:
        raise ValueError("packed, but nothing in it")
    return lzw.unpack(message[found.end():]), True


def closed(message: bytes, *, packed: bool) -> bytes:
    """A datagram of *message*, as memberlist sends it."""
    if packed:
        body = lzw.pack(message)
        message = b"\x09\x82\xa4Algo\x00\xa3Buf\xda" + len(body).to_bytes(2, "big") + body
    return bytes((CRC,)) + zlib.crc32(message).to_bytes(4, "big") + message


def names(messages: Iterable[bytes]) -> list[bytes]:
    """The names of nodes in messages."""
    found = set()
    for message in messages:
        for match in _NAME.finditer(message):
            length = match.group()[-1] & 0x1F
            found.add(message[match.end():match.end() + length])
    return sorted(found)


def renamed(name: bytes, lane: int) -> bytes:
    """Another name of the same length for a lane's node. Two letters give 3,969 of them, then they come again."""
    number = int.from_bytes(name, "big") + lane * 31
    out = bytearray()
    for _ in name:
        number, digit = divmod(number, len(_SYMBOLS))
        out.append(_SYMBOLS[digit])
    return bytes(out)


class Retelling:
    """What a lane says instead: names where they stand as msgpack strings, addresses as four or sixteen bytes."""

    def __init__(self, known: Iterable[bytes], addresses: dict[bytes, bytes], lane: int) -> None:
        self._table = {bytes((0xA0 | len(name),)) + name: bytes((0xA0 | len(name),)) + renamed(name, lane)
                       for name in known if len(name) < 32}
        self._table |= addresses
        self._find = re.compile(b"|".join(re.escape(old) for old in sorted(self._table, key=len, reverse=True)))

    def __call__(self, message: bytes) -> bytes:
        return self._find.sub(lambda found: self._table[found.group()], message)
