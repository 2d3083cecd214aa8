"""pcapng: sections of blocks. Everything but the packets is taken in here, or stepped over.

The format: draft-ietf-opsawg-pcapng. Names (NRB), statistics (ISB), custom blocks and above all decryption secrets
(DSB) are stepped over unread.
"""

from __future__ import annotations

import struct
from typing import Any, Final, Self

from .. import limits
from ..model import Dialect, Interface
from ..text import printable
from .formats import PACKET, Damage

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6
#: The shortest block of each type that we read: header, fixed fields, trailing length.
_LEAST: Final = {_SECTION: 28, _INTERFACE: 20, _OLD_PACKET: 32, _SIMPLE_PACKET: 16, _ENHANCED_PACKET: 32}
_PACKETS: Final = frozenset({_OLD_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET})
_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_NAME, _RESOLUTION, _OFFSET = 2, 9, 14
INTERFACES: Final = 65_536
#: The screen reckons in signed 64-bit integers; no clock ticks finer than 10**-18 or 2**-62 of a second.
_UNITS: Final = 1 << 62
#: 292 years: what nanoseconds in 64 bits can tell.
_OFFSET_SECONDS: Final = (1 << 63) // 1_000_000_000


def begins(head: bytes | bytearray) -> bool:
    """Whether a file that begins so is pcapng."""
    return bytes(head[:4]) == b"\n\r\r\n" and bytes(head[8:12]) in _ORDERS


class PcapngLayout:
    """Blocks of a pcapng file; ``dialect`` is the section's that we are in."""

    def __init__(self) -> None:
        self.dialect = Dialect("pcapng", big_endian=False)
        self._order = "<"
        self._start = struct.Struct("<II")
        self._begun = False

    def saved(self) -> dict[str, object]:
        """What must be known to read on from a block's beginning, for JSON."""
        return {"order": self._order, "interfaces": [list(one) for one in self.dialect.interfaces]}

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> Self:
        """From what ``saved`` gave. Errors: ValueError, TypeError, KeyError."""
        layout = cls()
        order = saved["order"]
        if order not in _ORDERS.values() or len(saved["interfaces"]) > INTERFACES:
            raise ValueError(order)
        layout._enter(order)
        for link_type, units, offset, snap, name in saved["interfaces"]:
            if not (0 < units <= _UNITS and abs(offset) <= _OFFSET_SECONDS and 0 <= link_type <= 0xFFFF and 0 <= snap < 1 << 32):
                raise ValueError(name)
            layout.dialect.interfaces.append(Interface(int(link_type), int(units), int(offset), int(snap), printable(name, 64)))
        return layout

    def look(self, buffer: bytearray, at: int, stop: int) -> int:
        """See `Layout.look`."""
        if stop - at < 12:
            return -12
        kind, length = self._start.unpack_from(buffer, at)
        order = self._order
        if kind == _SECTION:  # reads the same in both byte orders
            order = _ORDERS.get(bytes(buffer[at + 8:at + 12]), "")
            if not order:
                message = "section without a byte-order mark"
                raise Damage(message)
            (length,) = struct.unpack_from(order + "I", buffer, at + 4)
        elif not self._begun:
            message = "no section header"
            raise Damage(message)
        if length % 4 or not _LEAST.get(kind, 12) <= length <= limits.PCAPNG_BLOCK_BYTES:
            message = f"block of {length} bytes"
            raise Damage(message)
        if stop - at < length:
            return -int(length)
        (trailing,) = struct.unpack_from(order + "I", buffer, at + length - 4)
        if trailing != length:
            message = f"block of {length} bytes that says {trailing} at its end"
            raise Damage(message)
        if kind in _PACKETS:
            self._check(kind, buffer, at, length)
            return PACKET
        if kind == _SECTION:
            self._section(buffer, at, order)
        elif kind == _INTERFACE:
            self._interface(buffer, at, length)
        return int(length)

    def size(self, buffer: bytearray, at: int, stop: int) -> int:
        """See `Layout.size`."""
        kind, length = self._start.unpack_from(buffer, at) if stop - at >= 12 else (0, 0)
        return int(length) if kind in _PACKETS and length <= stop - at else 0

    def unit(self, buffer: bytearray, at: int, stop: int) -> str:
        """See `Layout.unit`."""
        packet = stop - at >= 8 and self._start.unpack_from(buffer, at)[0] in _PACKETS
        return "a packet record" if packet else "a block"

    def _section(self, buffer: bytearray, at: int, order: str) -> None:
        major, minor = struct.unpack_from(order + "HH", buffer, at + 12)
        if major != 1:
            message = f"section of pcapng version {major}.{minor}, which is not known"
            raise Damage(message)
        self._enter(order)

    def _enter(self, order: str) -> None:
        self._begun = True
        self._order = order
        self._start = struct.Struct(order + "II")
        self.dialect = Dialect("pcapng", big_endian=order == ">")

    def _interface(self, buffer: bytearray, at: int, length: int) -> None:
        interfaces = self.dialect.interfaces
        number = len(interfaces)
        if number >= INTERFACES:
            message = f"more than {INTERFACES} interfaces in one section"
            raise Damage(message)
        link_type, snap = struct.unpack_from(self._order + "H2xI", buffer, at + 8)
        name, units, offset = "", 1_000_000, 0
        place, end = at + 16, at + length - 4
        while place + 4 <= end:
            code, size = struct.unpack_from(self._order + "HH", buffer, place)
            place += 4
            if not code:
                break
            if place + size > end:
                message = f"interface {number} with an option of {size} bytes"
                raise Damage(message)
            value = bytes(buffer[place:place + size])
            if code == _NAME:
                name = printable(value.rstrip(b"\0"), 64)
            elif code == _RESOLUTION and size:
                units = _units(value[0], number)
            elif code == _OFFSET and size == 8:
                offset = self._offset(value, number)
            place += -(-size // 4) * 4
        interfaces.append(Interface(link_type, units, offset, snap, name))

    def _offset(self, value: bytes, number: int) -> int:
        (offset,) = struct.unpack(self._order + "q", value)
        if abs(offset) > _OFFSET_SECONDS:
            message = f"interface {number} with timestamps {offset} seconds off"
            raise Damage(message)
        return int(offset)

    def _check(self, kind: int, buffer: bytearray, at: int, length: int) -> None:
        """A packet's block that libpcap would refuse is damage here too."""
        interface, captured, room = 0, 0, length
        if kind != _SIMPLE_PACKET:
            word = "H" if kind == _OLD_PACKET else "I"
            (interface,) = struct.unpack_from(self._order + word, buffer, at + 8)
            (captured,) = struct.unpack_from(self._order + "I", buffer, at + 20)
            room = length - 32
        known = len(self.dialect.interfaces)
        if interface >= known:
            message = f"packet of interface {interface}, but the section has named {known} so far"
            raise Damage(message)
        if captured > min(room, limits.RECORD_BYTES):
            message = f"packet of {captured} bytes in a block of {length}"
            raise Damage(message)


def _units(resolution: int, number: int) -> int:
    """Units a second of ``if_tsresol``: a power of ten, or of two where the highest bit is set."""
    base, exponent = (2, resolution & 0x7F) if resolution & 0x80 else (10, resolution)
    units: int = base**exponent
    if units > _UNITS:
        message = f"interface {number} with timestamps of {base}^-{exponent} seconds"
        raise Damage(message)
    return units
