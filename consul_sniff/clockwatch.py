"""A clock that is set, and a machine that sleeps, while traffic is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .event import Clocks

NOTICED: Final = 0.5  # seconds; time servers slew by far less between two looks


class ClockWatch:
    """Compares three clocks each time that it is asked."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._wall, self._slept = self._differences()

    def look(self) -> Iterator[tuple[str, float]]:
        """What happened since the last look: clock-set-back, clock-set-forward or suspended, and by how many seconds."""
        wall, slept = self._differences()
        asleep, moved = slept - self._slept, wall - self._wall
        self._wall, self._slept = wall, slept
        if asleep > NOTICED:
            yield "suspended", asleep
            moved -= asleep
        if moved < -NOTICED:
            yield "clock-set-back", -moved
        elif moved > NOTICED:
            yield "clock-set-forward", moved

    def _differences(self) -> tuple[float, float]:
        awake = self._clocks.monotonic()
        return self._clocks.wall() / 1e9 - awake, self._clocks.boot() - awake
