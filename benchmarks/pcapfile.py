"""Captures as streams: read record by record, written through one buffer, never whole in memory."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ETHERNET = 1
_FILE = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_MAGIC = 0xA1B2C3D4
_SNAP = 262_144
_BLOCK = 1 << 20
START = 1_760_000_000  # seconds; any fixed time does
MICROSECONDS = 1_000_000


class Record(NamedTuple):
    """A packet as kept, and its length on the wire."""

    data: bytes
    wire: int


class Writer:
    """Writes packets ``step`` microseconds apart. The file takes its name when it is whole."""

    def __init__(self, path: Path, step: int = 50) -> None:
        self.path = path
        self.step = step
        self.packets = 0
        self.bytes = 24
        self._part = path.with_name(path.name + ".part")
        self._file = self._part.open("wb", buffering=0)
        self._buffer = bytearray(_FILE.pack(_MAGIC, 2, 4, 0, 0, _SNAP, ETHERNET))

    def add(self, data: bytes | bytearray, wire: int = 0, at: int | None = None) -> None:
        """One packet; *wire* is its length on the wire where it was cut, *at* the step at which it comes (else the next one)."""
        at = self.packets if at is None else at
        seconds, rest = divmod(START * MICROSECONDS + at * self.step, MICROSECONDS)
        buffer = self._buffer
        buffer += _RECORD.pack(seconds, rest, len(data), wire or len(data))
        buffer += data
        self.packets += 1
        if len(buffer) >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        self._file.write(self._buffer)
        self.bytes += len(self._buffer)
        self._buffer.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._flush()
        self.bytes -= 24  # the header went through the buffer
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink()


def read(path: Path) -> Iterator[Record]:
    """The records of a little-endian Ethernet pcap, which is what is made here and what ships in ``pcaps/``.

    Errors: ValueError for any other file.
    """
    with path.open("rb", buffering=_BLOCK) as file:
        head = file.read(_FILE.size)
        if len(head) < _FILE.size or head[:4] != _MAGIC.to_bytes(4, "little") or _FILE.unpack(head)[6] != ETHERNET:
            raise ValueError(f"{path}: not an Ethernet capture in little-endian pcap")
        while len(header := file.read(16)) == 16:
            _, _, kept, wire = _RECORD.unpack(header)
            yield Record(file.read(kept), wire)


def ethernet(path: Path) -> bool:
    """Whether `read` can read it."""
    with path.open("rb") as file:
        head = file.read(_FILE.size)
    return len(head) == _FILE.size and head[:4] == _MAGIC.to_bytes(4, "little") and _FILE.unpack(head)[6] == ETHERNET


def cut(source: Path, target: Path, packets: int) -> int:
    """The first *packets* of a capture as one of its own; how many there were."""
    with Writer(target) as writer:
        for record in read(source):
            if writer.packets == packets:
                break
            writer.add(*record)
    return writer.packets
