"""pcap: a header of 24 bytes, then records of 16 bytes and the packet.

The format: draft-ietf-opsawg-pcap. The odd dialects (record headers of 24 bytes, lengths in the other order) as
libpcap's ``sf-pcap.c`` reads them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, Self

from .. import limits
from ..model import Dialect, Interface
from .formats import PACKET, Damage

if TYPE_CHECKING:
    from collections.abc import Callable

    from .formats import Reader

HEADER_BYTES: Final = 24
RECORD_HEADER: Final = 16
#: Alexey Kuznetzov's tcpdump wrote interface, protocol and packet type behind the lengths.
_MODIFIED_EXTRA: Final = 8
_MICRO: Final = 0xA1B2C3D4
_NANO: Final = 0xA1B23C4D
_MODIFIED: Final = 0xA1B2CD34
_MAGICS: Final = {magic.to_bytes(4, order): (magic, order == "big")
                  for magic in (_MICRO, _NANO, _MODIFIED) for order in ("little", "big")}
#: The upper half of the link type's word: length of the frame check sequence, and reserved bits.
_LINK_TYPE_MASK: Final = 0xFFFF
#: DG/UX's tcpdump called its format version 543.0.
_DG_UX: Final = 543


def begins(head: bytes | bytearray) -> bool:
    """Whether a file that begins so is pcap."""
    return bytes(head[:4]) in _MAGICS


class PcapLayout:
    """Records of a pcap file. Errors of the constructor, from the file's header: `Damage`."""

    def __init__(self, header: bytes) -> None:
        magic, big = _MAGICS[header[:4]]
        self._header = header
        self._order = ">" if big else "<"
        self._lengths = struct.Struct(self._order + "8xI")
        major, minor, _zone, _sigfigs, snap, link = struct.unpack_from(self._order + "HHiIII", header, 4)
        if major not in {2, _DG_UX}:
            message = f"pcap version {major}.{minor} is not known: convert it first (editcap -F pcapng IN OUT)"
            raise Damage(message, 0)
        self._extra = _MODIFIED_EXTRA if magic == _MODIFIED else 0
        self._swapped = major == _DG_UX or minor < 3
        self._maybe_swapped = major != _DG_UX and minor == 3
        self.dialect = Dialect("pcap", big_endian=big)
        units = 1_000_000_000 if magic == _NANO else 1_000_000
        self.dialect.interfaces.append(Interface(link & _LINK_TYPE_MASK, units, 0, snap))

    def saved(self) -> dict[str, object]:
        """What must be known to read on from a record's beginning, for JSON."""
        return {"header": self._header.hex()}

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> Self:
        """From what ``saved`` gave. Errors: ValueError, TypeError, KeyError; `Damage`."""
        header = bytes.fromhex(saved["header"])
        if len(header) != HEADER_BYTES:
            raise ValueError(saved["header"])
        return cls(header)

    def ordinary(self, reader: Reader, begun: bytes) -> Reader | None:
        """A reader of the same records in today's layout; None where they are in it. *begun*: read already."""
        if not (self._extra or self._swapped or self._maybe_swapped):
            return None
        return _Rewriter(reader, begun, self._order, self._extra, self._swap)

    def _swap(self, captured: int, length: int) -> bool:
        return self._swapped or (self._maybe_swapped and captured > length)

    def look(self, buffer: bytearray, at: int, stop: int) -> int:
        """See `Layout.look`."""
        if stop - at < RECORD_HEADER:
            return -RECORD_HEADER
        (captured,) = self._lengths.unpack_from(buffer, at)
        if captured > limits.RECORD_BYTES:
            raise _too_long(captured)
        whole = RECORD_HEADER + int(captured)
        return PACKET if stop - at >= whole else -whole

    def size(self, buffer: bytearray, at: int, stop: int) -> int:
        """See `Layout.size`."""
        whole = RECORD_HEADER + int(self._lengths.unpack_from(buffer, at)[0]) if stop - at >= RECORD_HEADER else stop
        return whole if whole <= stop - at else 0

    def unit(self, _buffer: bytearray, _at: int, _stop: int) -> str:
        """See `Layout.unit`."""
        return "a packet record"


def _too_long(captured: int, at: int | None = None) -> Damage:
    return Damage(f"record of {captured} bytes", at)


class _Rewriter:
    """Odd records as ordinary ones, one at a time: files like these are rare and old."""

    def __init__(self, reader: Reader, begun: bytes, order: str, extra: int,
                 swap: Callable[[int, int], bool]) -> None:
        self._reader = reader
        self._header = struct.Struct(order + "IIII")
        self._extra = extra
        self._swap = swap
        self._data = bytearray(begun)
        self._out = b""
        self._at = HEADER_BYTES

    def readinto(self, view: memoryview) -> int:
        if not self._out:
            self._out = self._record()
        count = min(len(view), len(self._out))
        view[:count] = self._out[:count]
        self._out = self._out[count:]
        return count

    def _record(self) -> bytes:
        head = RECORD_HEADER + self._extra
        if not self._has(head):
            if self._data:
                raise _cut(self._at)
            return b""
        seconds, fraction, captured, length = self._header.unpack_from(self._data)
        if self._swap(captured, length):
            captured, length = length, captured
        if captured > limits.RECORD_BYTES:
            raise _too_long(captured, self._at)
        if not self._has(head + captured):
            raise _cut(self._at)
        record = self._header.pack(seconds, fraction, captured, length) + self._data[head:head + captured]
        del self._data[:head + captured]
        self._at += head + captured
        return record

    def _has(self, count: int) -> bool:
        chunk = bytearray(65_536)
        while len(self._data) < count:
            with memoryview(chunk) as view:
                got = self._reader.readinto(view)
            if not got:
                return False
            self._data += chunk[:got]
        return True


def _cut(at: int) -> Damage:
    return Damage("ends inside a packet record", at)
