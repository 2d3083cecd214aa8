"""``python -m benchmarks.stages CAPTURE...``: where the program's processor time goes, stage by stage, in one process."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from consul_sniff import __version__, pipeline
from consul_sniff.attribution import Profile, attribute
from consul_sniff.cli.screens import look
from consul_sniff.matching import judge, load
from consul_sniff.reporters.json_v1 import pieces

if TYPE_CHECKING:
    from consul_sniff.decoders.session import Session
    from consul_sniff.model import Block
    from consul_sniff.screen import Screen


class Stages:
    """Seconds of processor by stage. ``through`` and ``drain`` are the pipeline's own, with a clock between the steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.payloads = self.flows = 0
        self.clock = time.process_time()

    def lap(self, stage: str) -> None:
        """All since the last lap was this."""
        now = time.process_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.clock
        self.clock = now

    def through(self, block: Block, screen: Screen, session: Session) -> None:
        """See `pipeline.through`."""
        while True:
            self.lap("reading the file, and all else")
            screen.feed(block)
            self.lap("screen")
            self.drain(screen, session)
            if screen.idle:
                return

    def drain(self, screen: Screen, session: Session) -> None:
        """See `pipeline.drain`."""
        for payload in screen.payloads():
            session.take(payload, screen)
            self.payloads += 1
        self.lap("decoders")
        for flow in screen.ended():
            session.end(flow)
            self.flows += 1
        if screen.full:
            session.unlearn(screen)
        self.lap("ends of flows")


def measure(path: Path) -> Stages:
    """Read, judge and render a capture."""
    stages = Stages()
    before = pipeline.through, pipeline.drain
    pipeline.through, pipeline.drain = stages.through, stages.drain
    try:
        facts = pipeline.read([str(path)], pipeline.Options())
    finally:
        pipeline.through, pipeline.drain = before
    stages.lap("reading the file, and all else")
    with pipeline.no_collection():
        attributed = attribute(facts, Profile())
        stages.lap("attribution")
        report = judge(attributed, facts, load(None), require=(), fail_on="high", max_loss=0.0)
        stages.lap("matching")
        for _ in pieces(report, __version__, look()):
            pass
        stages.lap("report")
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
            (f"{path.name}: {whole:.2f} s of processor after start-up, {stages.payloads:,} payloads decoded, {stages.flows:,} flows folded "
            f"in Python; {peak:.0f} MB so far"), "", "| stage | seconds | share |", "| --- | ---: | ---: |", *rows, "", ""]))


if __name__ == "__main__":
    main()
