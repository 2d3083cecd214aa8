"""A screen that follows a side of a framed stream, and messages to say to it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from consul_sniff.screen import Screen

from .drive import Run, dialect, record
from .frames import old, tcp

if TYPE_CHECKING:
    from consul_sniff.model import Framing

SYN = tcp(seq=99, flags="S")
LEADER = b"10.0.0.1:8300"


def heartbeat(term: int = 3, leader: bytes = LEADER) -> bytes:
    return b"\x00" + old({"Addr": leader, "Entries": None, "ID": b"a", "Leader": leader, "LeaderCommitIndex": 70 * term,
                          "PrevLogEntry": 0, "PrevLogTerm": 0, "ProtocolVersion": 3, "Term": term})


def answer(log: int = 9) -> bytes:
    return b"\xa0" + old({"Addr": b"", "ID": b"", "LastLog": log, "NoRetryBackoff": False, "ProtocolVersion": 3, "Success": True,
                          "Term": 3})


def call(seq: int, method: bytes = b"Status.Ping", body: object = None) -> bytes:
    return old({"Seq": seq, "ServiceMethod": method}) + old(body or {})


def frame(body: bytes, stream: int = 1, flags: int = 0) -> bytes:
    return struct.pack(">BBHII", 0, 0, flags, stream, len(body)) + body


class Following:
    """A screen with one TCP flow, of which a side is followed from its first payload on."""

    def __init__(self, framing: Framing, first: bytes = b"?") -> None:
        self.screen = Screen()
        self.screen.open(0)
        self.run = Run(self.screen)
        self.at = 100 + len(first)
        self.count = 0
        self.send(SYN, tcp(first, 100))
        self.flow = self.run.payloads[0].flow
        self.screen.follow(self.flow, 0, framing, 1)
        self.run.payloads.clear()

    def send(self, *frames: bytes) -> list[bytes]:
        """What is handed on of these packets."""
        before = len(self.run.payloads)
        records = b"".join(record(one, 1 + (self.count + i) / 1000) for i, one in enumerate(frames))
        self.count += len(frames)
        self.run.feed(records, dialect())
        return [payload.data for payload in self.run.payloads[before:]]

    def say(self, *pieces: bytes) -> list[bytes]:
        """The same of segments one after the other."""
        frames = []
        for piece in pieces:
            frames.append(tcp(piece, self.at))
            self.at += len(piece)
        return self.send(*frames)

    def learn(self, number: int = 0) -> None:
        self.screen.learn(self.run.payloads[-1].unit, number)

    def heard(self) -> list[tuple[int, int, int, int, tuple[int, ...]]]:
        return list(next(self.screen.live()).heard[0])
