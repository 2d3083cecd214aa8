"""A capture over and over, each time between other hosts, as a stream: any length in constant memory.

No checksum has to be made anew: what is added to an address's first word is taken from its last one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .checksums import WORDS
from .make_consul import Made
from .pcapfile import read

if TYPE_CHECKING:
    from pathlib import Path

    from .pcapfile import Writer

_IP4 = struct.Struct(">HHHH")
_WORD = struct.Struct(">H")


def repeat(writer: Writer, source: Path, size: int, one: Made) -> Made:
    """*source* (made as *one*) until there are *size* bytes of capture."""
    copy = 0
    while writer.bytes < size:
        for record in read(source):
            writer.add(moved(record.data, copy) if copy else record.data, record.wire)
            if writer.bytes >= size:
                break
        copy += 1
    return Made(writer.packets, one.flows * copy, one.live, copy)


def moved(frame: bytes, copy: int) -> bytes:
    """An Ethernet frame between other hosts; broadcast and multicast stay what they are."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        data = bytearray(frame)
        words = list(_IP4.unpack_from(data, 26))
        for at in (0, 2):
            if words[at] < 0xE000 and words[at + 1] != WORDS:
                words[at], words[at + 1] = words[at] + copy, (words[at + 1] - copy) % WORDS
        _IP4.pack_into(data, 26, *words)
        return bytes(data)
    if kind == b"\x86\xdd":
        data = bytearray(frame)
        for at in (22, 38):
            if data[at] != 0xFF:
                for place, add in ((at + 4, copy), (at + 14, -copy)):
                    _WORD.pack_into(data, place, (_WORD.unpack_from(data, place)[0] + add) % WORDS)
        return bytes(data)
    return frame
