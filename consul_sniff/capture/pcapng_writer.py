"""pcapng as it is written: each function gives the bytes of whole blocks, nothing is opened here.

The format: draft-ietf-opsawg-pcapng. Sections are big-endian, whatever the machine: a packet's time, two words with the
high one first, is then one 64-bit number. All times are nanoseconds. libpcap gives records of classic pcap; ``packets``
makes blocks of them, many at a time: 0.6 to 1.0 us a packet, where one object for each would cost three times that.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from ..text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model import Dialect

COMMENT_BYTES: Final = 4_096
_BILLION: Final = 1_000_000_000
_LATEST: Final = (1 << 64) - 1
_SECTION, _INTERFACE, _NAMES, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 4, 5, 6
_COMMENT: Final = 1  # the option, in any block
_HARDWARE, _SYSTEM, _APPLICATION = 2, 3, 4
_NAME, _RESOLUTION, _FILTER = 2, 9, 11
_START, _END, _RECEIVED, _DROPPED = 2, 3, 4, 5
_IPV4, _IPV6 = 1, 2
_NANOSECONDS: Final = b"\x09"  # 10**-9 seconds
_HEAD: Final = struct.Struct(">IIIQII")  # type, length, interface, time, captured, sent
_LENGTH: Final = struct.Struct(">I")
_PIECE: Final = 128 * 1024  # bytes of records that are made blocks of at once
_NAMES_AT_ONCE: Final = 1_000


def _tail(size: int) -> bytes:
    """What follows a packet of so many bytes: padding, and the block's length again."""
    return bytes(-size % 4) + _LENGTH.pack(32 + size + -size % 4)


_TAILS: Final = [_tail(size) for size in range(2_048)]


class Counted(NamedTuple):
    """What an interface counted, as a statistics block says it. Times: nanoseconds since the epoch."""

    begun: int
    ended: int
    received: int
    dropped: int
    comment: str


def section(application: str, system: str, comments: Iterable[str] = ()) -> bytes:
    """The header of a section: interfaces are numbered from 0 after it."""
    body = struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1)  # -1: its length is not known yet
    return _block(_SECTION, body + _options([*_comments(comments), (_SYSTEM, _text(system)), (_APPLICATION, _text(application))]))


def interface(link_type: int, snap_length: int, name: str, filter_: str) -> bytes:
    """An interface, by its LINKTYPE_ number. ``filter_``: a libpcap expression, "" where none is known."""
    options = [(_NAME, _text(name))] if name else []
    options.append((_RESOLUTION, _NANOSECONDS))
    if filter_:
        options.append((_FILTER, b"\0" + _text(filter_)))  # 0: in libpcap's words
    return _block(_INTERFACE, struct.pack(">HHI", link_type & 0xFFFF, 0, snap_length) + _options(options))


def packet(number: int, time: int, sent: int, data: bytes, comments: Iterable[str] = ()) -> bytes:
    """One packet of interface ``number``: ``time`` in ns, ``sent``: bytes on the wire."""
    size = len(data)
    options = _options(_comments(comments))
    whole = 32 + size + -size % 4 + len(options)
    head = _HEAD.pack(_PACKET, whole, number, min(max(time, 0), _LATEST), size, max(sent, size))
    return b"".join((head, data, bytes(-size % 4), options, _LENGTH.pack(whole)))


def packets(records: bytes | bytearray, dialect: Dialect, number: int) -> Iterator[tuple[int, bytes]]:
    """Classic pcap's ``records``, all whole, as packets of interface ``number``: (how many, their blocks), again and again."""
    header = struct.Struct((">" if dialect.big_endian else "<") + "IIII").unpack_from
    scale = _BILLION // dialect.interfaces[0].units
    head = _HEAD.pack
    at, stop = 0, len(records)
    with memoryview(records) as view:
        while at < stop:
            blocks: list[bytes | memoryview] = []
            until = min(at + _PIECE, stop)
            while at < until:
                seconds, fraction, size, sent = header(view, at)
                at += 16
                tail = _TAILS[size] if size < 2_048 else _tail(size)
                blocks += (head(_PACKET, size + len(tail) + 28, number, seconds * _BILLION + fraction * scale, size,
                                sent if sent > size else size), view[at:at + size], tail)  # noqa: FURB136 - a call costs more
                at += size
            yield len(blocks) // 3, b"".join(blocks)


def names(known: Sequence[tuple[bytes, str]]) -> bytes:
    """(address, 4 or 16 bytes; name), for readers that show names in place of addresses."""
    return b"".join(_names(known[at:at + _NAMES_AT_ONCE]) for at in range(0, len(known), _NAMES_AT_ONCE))


def statistics(number: int, counted: Counted) -> bytes:
    """What interface ``number`` counted. Drops of all kinds are one number, as dumpcap writes them: readers show that one."""
    body = struct.pack(">I", number) + _stamp(counted.ended)
    return _block(_STATISTICS, body + _options([
        *_comments([counted.comment]), (_START, _stamp(counted.begun)), (_END, _stamp(counted.ended)),
        (_RECEIVED, struct.pack(">Q", counted.received)), (_DROPPED, struct.pack(">Q", counted.dropped))]))


def _names(known: Sequence[tuple[bytes, str]]) -> bytes:
    body = b"".join(_record(_IPV4 if len(address) == 4 else _IPV6, address + _text(name) + b"\0") for address, name in known)
    return _block(_NAMES, body + bytes(4)) if body else b""  # an empty record ends them


def _stamp(time: int) -> bytes:
    return struct.pack(">Q", min(max(time, 0), _LATEST))


def _text(words: str) -> bytes:
    return printable(words, COMMENT_BYTES).encode("utf-8", "replace")[:COMMENT_BYTES * 4]


def _comments(comments: Iterable[str]) -> list[tuple[int, bytes]]:
    return [(_COMMENT, _text(one)) for one in comments if one]


def _options(options: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(_record(code, value) for code, value in options) + bytes(4) if options else b""


def _record(code: int, value: bytes) -> bytes:
    return struct.pack(">HH", code, len(value)) + value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    length = _LENGTH.pack(len(body) + 12)
    return struct.pack(">I", kind) + length + body + length
