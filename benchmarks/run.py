"""Runs programs over captures: A B A B, a round after the other, so that a noisy minute meets all of them alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from . import agree, machine, programs
from .catalogue import PCAPS, RECIPES, TINY, Kitchen
from .measure import Failed, Run, run, warm
from .results import Agreement, Capture, Doubling, Results, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .catalogue import Kept
    from .programs import Program

SMALL = PCAPS / "lab" / "plain-c1.pcap"  # 98 kB
SWAPPED = "consul-swapped"
LEAST = 2_000  # packets for the slowest
TWO_JOBS = "mixed-5gb"  # what two processes are measured on


class Bench:
    """One run of the benchmarks."""

    def __init__(self, kitchen: Kitchen, tree: Path, rounds: int, say: Callable[[str], None]) -> None:
        self.kitchen = kitchen
        self.tree = tree
        self.rounds = rounds
        self.say = say
        self.environment = programs.environment(tree)
        self.jobs = programs.takes_jobs(tree)
        self.ours = programs.ours(tree, 1 if self.jobs else None)
        self.missed: set[str] = set()  # programs that failed

    def whole(self, names: Sequence[str], peers: Sequence[Program], *, slow: Sequence[str]) -> Results:
        """Everything about the captures named; slow peers run on *slow* of them only."""
        captures, doublings, agreements = [], [], []
        for name in names:
            chosen = [one for one in peers if one.most is None or name in slow]
            captures.append(self.capture(name, chosen))
            if RECIPES[name].adversarial:
                doublings.append(self.doubling(name))
            if name == SWAPPED:
                agreements.append(self.agreement())
        versions = {one.name: one.version for one in [self.ours, *peers]}
        settings = {"seed": self.kitchen.seed, "scale": self.kitchen.scale, "rounds": self.rounds,
                    "captures_from": [folder.name for folder in self.kitchen.folders]}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return Results(now, machine.about(), settings, versions, captures, doublings, agreements, self.starts())

    def get(self, name: str, share: float = 1.0) -> Kept:
        self.say(f"{name}: making it, or taking the one that is there")
        kept = self.kitchen.get(name, share)
        warm(kept.path)
        return kept

    def capture(self, name: str, peers: Sequence[Program]) -> Capture:
        """This program and *peers* on one capture."""
        kept = self.get(name)
        all_of_them = [self.ours, *peers]
        if name == TWO_JOBS and self.jobs:
            all_of_them.append(programs.ours(self.tree, 2))
        series = self.alternate(kept, all_of_them)
        return Capture(name, RECIPES[name].about, kept.packets, kept.bytes, kept.made._asdict(), series)

    def alternate(self, kept: Kept, all_of_them: Sequence[Program]) -> dict[str, Series]:
        """Rounds of every program, each on a few packets and on the capture (slow ones: on the first of it)."""
        tiny = self.kitchen.slice(kept, TINY)
        share = min(self.kitchen.scale, 1.0)
        parts = {one.name: kept if one.most is None else self.kitchen.slice(kept, max(int(one.most * share), LEAST))
                 for one in all_of_them}
        series = {one.name: Series(parts[one.name].packets, [], [], [], 0) for one in all_of_them}
        for number in range(self.rounds):
            for one in all_of_them:
                self.say(f"{kept.name}: round {number + 1} of {self.rounds}: {one.name}")
                if one.name in series and not self._round(one, tiny, parts[one.name], series):
                    del series[one.name]
        return series

    def _round(self, one: Program, tiny: Kept, part: Kept, series: dict[str, Series]) -> bool:
        try:
            start, made = self._run(one, tiny.path), self._run(one, part.path)
        except Failed as error:
            if one.name == self.ours.name:
                raise
            self.say(f"left out: {error}")
            self.missed.add(one.name)
            return False
        kept = series[one.name]
        kept.starts.append(start.wall)
        kept.walls.append(made.wall)
        kept.cpus.append(made.cpu)
        series[one.name] = kept._replace(rss=max(kept.rss, made.rss))
        return True

    def _run(self, one: Program, path: Path, output: Path | None = None) -> Run:
        return run(one.on(path), self.environment, one.good, output, self.tree)

    def doubling(self, name: str) -> Doubling:
        """An adversarial capture and half of it."""
        half, whole = self.get(name, 0.5), self.get(name)
        halves = self.alternate(half, [self.ours])[self.ours.name]
        wholes = self.alternate(whole, [self.ours])[self.ours.name]
        return Doubling(name, whole.packets, *(max(median(one.walls) - median(one.starts), 0.001) for one in (halves, wholes)))

    def agreement(self) -> Agreement:
        """The report of swapped and repeated segments against that of the same segments in order."""
        reports = []
        for name in ("consul", SWAPPED):
            kept = self.get(name)
            output = self.kitchen.folder / f"{name}.report.json"
            self._run(self.ours, kept.path, output)
            reports.append(json.loads(output.read_text()))
            output.unlink()
        return Agreement(SWAPPED, *agree.compare(*reports))

    def starts(self) -> dict[str, float]:
        """Whole processes that have next to nothing to do."""
        helping = self.ours._replace(command=(*self.ours.command[:3], "--help"))
        runs: dict[str, list[float]] = {"analyze, 98 kB": [], "--help": []}
        for _ in range(self.rounds):
            runs["analyze, 98 kB"].append(self._run(self.ours, SMALL).wall)
            runs["--help"].append(self._run(helping, SMALL).wall)
        return {what: median(walls) for what, walls in runs.items()}
