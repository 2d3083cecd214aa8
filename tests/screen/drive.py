"""Feeds the screen what a test has: bytes of a capture file, or packets."""

from __future__ import annotations

import pathlib
import struct
from typing import TYPE_CHECKING

from consul_sniff.limits import TOLD
from consul_sniff.model import Block, Dialect, Interface
from consul_sniff.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consul_sniff.model import Flow, Payload


class Run:
    """What a screen said of one input."""

    def __init__(self, screen: Screen, *, enough_after: int | None = None) -> None:
        self.screen = screen
        self.all: list[Payload] = []
        self.payloads: list[Payload] = []  # less what is told once more
        self.flows: list[Flow] = []
        self.enough_after = enough_after

    def drain(self) -> None:
        for payload in self.screen.payloads():
            self.all.append(payload)
            if payload.unit != TOLD:
                self.payloads.append(payload)
            assert self.screen.flow(payload.flow).number == payload.flow
        self.flows += self.screen.ended()

    def feed(self, records: bytes, dialect: Dialect, accept: object = None, block_size: int = 1 << 18) -> None:
        at = 0
        while at < len(records):
            part = records[at:at + block_size]
            block = Block(bytearray(part + bytes(64)), 0, len(part), dialect)
            block.accept = accept
            while True:
                self.screen.feed(block)
                self.drain()
                if self.screen.idle:
                    break
            if not block.consumed:
                break
            at += block.consumed

    def close(self) -> Run:
        self.screen.close()
        self.drain()
        return self

    def flow(self, transport: str = "tcp") -> Flow:
        """The only flow of a transport."""
        found = [flow for flow in self.flows if flow.transport == transport]
        assert len(found) == 1, [(flow.addresses, flow.ports) for flow in found]
        return found[0]

    def stream(self, flow: Flow, side: int) -> bytes:
        """The side's bytes as handed on; zeros for what was lost before a payload."""
        return b"".join(bytes(p.lost) + p.data for p in self.payloads if (p.flow, p.side) == (flow.number, side))


def dialect(link: int = 1, *, big: bool = False, units: int = 1_000_000) -> Dialect:
    it = Dialect("pcap", big_endian=big)
    it.interfaces.append(Interface(link, units, 0, 0))
    return it


def record(data: bytes, time: float = 1.0, *, wire: int | None = None, big: bool = False, units: int = 1_000_000) -> bytes:
    ticks = round(time * units)
    return struct.pack(">IIII" if big else "<IIII", ticks // units, ticks % units, len(data), wire or len(data)) + data


def packets(frames: Iterable[bytes | tuple[float, bytes]], link: int = 1, **options: object) -> Run:
    """Screen frames; each is bytes (a millisecond apart) or (time, bytes)."""
    run = Run(Screen(**options))  # type: ignore[arg-type]
    run.screen.open(0)
    records = b""
    for i, frame in enumerate(frames):
        time, data = frame if isinstance(frame, tuple) else (1.0 + i / 1000, frame)
        records += record(data, time)
    run.feed(records, dialect(link))
    return run.close()


def capture(path: str, **options: object) -> Run:
    """Screen a pcap file of either byte order."""
    return from_bytes(pathlib.Path(path).read_bytes(), **options)


def from_bytes(raw: bytes, block_size: int = 1 << 18, **options: object) -> Run:
    big = raw[:2] == b"\xa1\xb2"
    magic, link = struct.unpack_from(">I16xI" if big else "<I16xI", raw)
    run = Run(Screen(**options))  # type: ignore[arg-type]
    run.screen.open(0)
    run.feed(raw[24:], dialect(link & 0xFFFF, big=big, units=1_000_000_000 if magic == 0xA1B23C4D else 1_000_000),
             block_size=block_size)
    return run.close()


