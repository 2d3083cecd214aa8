"""What of the confinement holds, mechanism by mechanism, and what the kernel itself says of a process."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

APPLIED = "applied"
UNAVAILABLE = "unavailable"
KEPT = "kept"  # left as it was because the caller asked for that


class Mechanism(NamedTuple):
    """``state``: APPLIED, UNAVAILABLE or KEPT; ``detail``: what was set, or why it could not be."""

    name: str
    state: str
    detail: str


class Confinement(NamedTuple):
    """What ``confine`` reached. Nothing is left out: a mechanism that could not be set says why."""

    user: str  # whom the process runs as from now on
    mechanisms: tuple[Mechanism, ...]

    @property
    def missing(self) -> tuple[Mechanism, ...]:
        """The mechanisms that do not hold."""
        return tuple(one for one in self.mechanisms if one.state != APPLIED)

    def of(self, name: str) -> Mechanism:
        """The mechanism of that name. KeyError where there is none."""
        for one in self.mechanisms:
            if one.name == name:
                return one
        raise KeyError(name)

    def summary(self) -> str:
        """One line for a report: ``confined as nobody; not available: landlock (...)``."""
        parts = ["confined as " + self.user]
        for state, words in ((UNAVAILABLE, "not available"), (KEPT, "kept as asked")):
            some = ", ".join(f"{one.name} ({one.detail})" for one in self.mechanisms if one.state == state)
            if some:
                parts.append(f"{words}: {some}")
        return "; ".join(parts)


def process_status(pid: int | str = "self") -> dict[str, str]:
    """``/proc/PID/status`` as a mapping; empty where it cannot be read."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
