"""This machine's clocks, for those who are not to ask for the time themselves."""

from __future__ import annotations

import time


class SystemClocks:
    """See `event.Clocks`."""

    def monotonic(self) -> float:
        """Seconds awake."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def boot(self) -> float:
        """Seconds awake or asleep."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> int:
        """Nanoseconds since the epoch."""
        return time.time_ns()
