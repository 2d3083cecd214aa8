"""``python -m benchmarks.stages CAPTURE...``: where the program's processor time goes, stage by stage, in one process."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from consul_sniff import __version__, pipeline
from consul_sniff.attribution import Profile, attribute
from consul_sniff.cli.screens import look
from consul_sniff.decoders.session import Session
from consul_sniff.matching import judge, load
from consul_sniff.reporters.json_v1 import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

REST = "reading the file, and all else"
#: who spends it, less what those further down spend in between
STAGES = ((pipeline, "through", "screen"), (pipeline, "drain", "ends of flows"), (Session, "take", "decoders"), (Session, "end", "ends of flows"))


class Stages:
    """Seconds of processor by stage, and how often ``take`` and ``end`` were called."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.stage = REST
        self.clock = time.process_time()

    def turn(self, stage: str) -> None:
        """All since the last turn was of the stage until now; now begins this one."""
        now = time.process_time()
        self.seconds[self.stage] += now - self.clock
        self.stage, self.clock = stage, now

    def timed(self, name: str, stage: str, call: Callable[..., object]) -> Callable[..., object]:
        """The same, of that stage."""
        def made(*words: object) -> object:
            before = self.stage
            self.turn(stage)
            self.calls[name] += 1
            try:
                return call(*words)
            finally:
                self.turn(before)
        return made


def measure(path: Path) -> Stages:
    """Read, judge and render a capture."""
    stages = Stages()
    with ExitStack() as restored:
        for owner, name, stage in STAGES:
            call = getattr(owner, name)
            restored.callback(setattr, owner, name, call)
            setattr(owner, name, stages.timed(name, stage, call))
        facts = pipeline.read([str(path)], pipeline.Options())
    with pipeline.no_collection():
        stages.turn("attribution")
        attributed = attribute(facts, Profile())
        stages.turn("matching")
        report = judge(attributed, facts, load(None), require=(), fail_on="high", max_loss=0.0)
        stages.turn("report")
        for _ in pieces(report, __version__, look()):
            pass
        stages.turn(REST)
    return stages


def main() -> None:
    """Print a table for each capture, Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("captures", nargs="+", type=Path, metavar="CAPTURE")
    for path in parser.parse_args().captures:
        stages = measure(path)
        whole = sum(stages.seconds.values())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        rows = [f"| {stage} | {seconds:.2f} | {seconds / whole:.0%} |"
                for stage, seconds in sorted(stages.seconds.items(), key=lambda item: -item[1])]
        sys.stdout.write("\n".join([
            (f"{path.name}: {whole:.2f} s of processor after start-up, {stages.calls['take']:,} payloads decoded, {stages.calls['end']:,} flows folded "
            f"in Python; {peak:.0f} MB so far"), "", "| stage | seconds | share |", "| --- | ---: | ---: |", *rows, "", ""]))


if __name__ == "__main__":
    main()
