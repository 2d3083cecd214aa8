"""What was measured, and what follows from it. Saved as JSON, whole, every single run."""

from __future__ import annotations

from statistics import median
from typing import Any, NamedTuple

from .programs import OURS, READ

MEGA = 1_000_000


class Series(NamedTuple):
    """One program on one capture."""

    packets: int  # of the capture it was given: less than the whole for slow programs
    walls: list[float]  # seconds, a round each
    starts: list[float]  # the same program on a capture of a few packets
    cpus: list[float]
    rss: int  # most of all rounds, bytes


class Capture(NamedTuple):
    """A capture and who read it."""

    name: str
    about: str
    packets: int
    bytes: int
    made: dict[str, int]
    series: dict[str, Series]

    def start(self, program: str) -> float:
        """What a program takes on next to nothing."""
        return median(self.series[program].starts)

    def net(self, program: str) -> float:
        """Seconds without start-up, for the whole capture."""
        one = self.series[program]
        # below a millisecond it is the clock that is measured
        return max(median(one.walls) - self.start(program), 0.001) * self.packets / one.packets

    def wall(self, program: str) -> float:
        """Seconds of the whole process, for the whole capture."""
        one = self.series[program]
        if one.packets == self.packets:
            return median(one.walls)
        return self.start(program) + self.net(program)

    def cpu(self, program: str) -> float:
        """Seconds of processor for what the program was given, start-up and all."""
        return median(self.series[program].cpus)

    def scaled(self, program: str) -> bool:
        """Whether the program was given a part, and its time was scaled up."""
        return self.series[program].packets < self.packets


class Doubling(NamedTuple):
    """This program on a capture and on half of it, seconds without start-up."""

    name: str
    packets: int
    half: float
    whole: float

    @property
    def ratio(self) -> float:
        return self.whole / self.half


class Agreement(NamedTuple):
    """Whether two captures of one traffic say the same."""

    name: str
    compared: int  # rows
    differences: list[str]


class Results(NamedTuple):
    """One run of the benchmarks."""

    date: str
    machine: dict[str, str]
    settings: dict[str, Any]
    programs: dict[str, str]  # name -> version
    captures: list[Capture]
    doublings: list[Doubling]
    agreements: list[Agreement]
    starts: dict[str, float]  # what -> seconds

    def capture(self, name: str) -> Capture | None:
        return next((one for one in self.captures if one.name == name), None)


def to_json(results: Results) -> dict[str, Any]:
    """As plain data, with the figures that follow."""
    out: dict[str, Any] = results._asdict()
    out["captures"] = [{**one._asdict(), "series": {name: _figures(one, name) for name in one.series}} for one in results.captures]
    out["doublings"] = [{**one._asdict(), "ratio": one.ratio} for one in results.doublings]
    out["agreements"] = [one._asdict() for one in results.agreements]
    return out


def _figures(one: Capture, program: str) -> dict[str, Any]:
    wall, net = one.wall(program), one.net(program)
    return {**one.series[program]._asdict(), "wall": wall, "net": net, "packets_per_second": one.packets / wall,
            "packets_per_second_net": one.packets / net, "scaled": one.scaled(program),
            "to_read": wall / one.wall(READ) if READ in one.series else None,
            "to_ours": wall / one.wall(OURS) if OURS in one.series else None}
