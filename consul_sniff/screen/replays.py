"""Pings whose sequence number was seen long before: a replay, or an agent that began anew? In plain Python: rare.

memberlist counts its pings up from 1 at each start (`nextSeqNum`). A low number seen more than a minute earlier is
suspect; it counts once its sender goes on near its old high number, and does not when the sender goes on from the low one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SUSPECTS = 1024  # held per sender
SENDERS = 4096


class Suspects:
    """Suspect pings by sender; each is (flow number, side, frame)."""

    def __init__(self, count: Callable[[int, int, int], None]) -> None:
        self.count = count
        self.senders: dict[int, list[tuple[int, int, int]]] = {}

    def add(self, sender: int, flow: int, side: int, frame: int) -> None:
        if sender not in self.senders and len(self.senders) >= SENDERS:
            return
        held = self.senders.setdefault(sender, [])
        if len(held) < SUSPECTS:
            held.append((flow, side, frame))

    def convict(self, sender: int) -> None:
        """The sender goes on near its old high number."""
        for suspect in self.senders.pop(sender, ()):
            self.count(*suspect)

    def acquit(self, sender: int) -> None:
        """The sender began anew."""
        self.senders.pop(sender, None)
