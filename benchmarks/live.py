"""``python -m benchmarks.live``: packets at a steady rate over a cable of its own, and what ``consul-sniff live`` makes of them.

Takes root (network namespaces) and half a minute a run. Packets sent must be those decoded and those reported lost; the
exit code is 1 where they are not, or where at 50,000 a second or less some were lost, or more than a core or 200 MB used.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import signal
import struct
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    from rich.table import Table

    from tests.live_lab import Lab, Running

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = ("pcaps/lab/plain-c1.pcap", "mixed")
RATES = (10_000, 50_000, 100_000)
FREE = 50_000  # packets a second of which none is to be lost
MEGABYTES = 200
PASSED = {b"\x08\x00", b"\x86\xdd"}  # others the kernel's filter leaves out
STEP = 0.001  # seconds between two bursts


class Seen(NamedTuple):
    """One run."""

    rate: int
    sent: int
    seconds: float  # that sending took
    decoded: int
    dropped: int
    unread: int
    cores: float  # while packets came
    megabytes: float  # peak, from start to report
    load: float  # of the machine, before

    @property
    def exact(self) -> bool:
        return self.sent == self.decoded + self.dropped + self.unread

    @property
    def good(self) -> bool:
        return self.exact and (self.rate > FREE or (self.decoded == self.sent and self.cores < 1 and self.megabytes < MEGABYTES))


def main() -> int:
    """Run; 1 where something does not hold."""
    from rich.console import Console

    from tests.live_lab import refusal

    options = arguments().parse_args()
    console, aside = Console(), Console(stderr=True)
    if why := refusal():
        aside.print(why)
        return 2
    seen = {}
    for capture in options.captures:
        path = captured(capture, options)
        for number in range(options.runs):
            for rate in options.rates:
                one = once(path, rate, options.seconds)
                seen.setdefault(capture, []).append(one)
                aside.print(f"{capture}: run {number + 1} of {options.runs}: {sentence(one)}", highlight=False, soft_wrap=True)
        console.print(table(capture, seen[capture]))
    if options.save:
        options.save.write_text(json.dumps({"machine": machine.about(), "runs": {name: [one._asdict() for one in some] for name, some in seen.items()}},
                                           indent=1) + "\n")
    return 0 if all(one.good for some in seen.values() for one in some) else 1


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("captures", nargs="*", default=CAPTURES, metavar="NAME|FILE", help="what is sent: a capture of "
                        f"benchmarks/README.md, or the packets of a pcap again and again (default: {' '.join(CAPTURES)})")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="N", help="packets a second (default: 10000 50000 100000)")
    parser.add_argument("--seconds", type=int, default=20, help="of each run (default: 20)")
    parser.add_argument("--runs", type=int, default=10, help="of each rate (default: 10)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="where captures are made and kept (default: .bench)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="every run, as JSON")
    return parser


def captured(capture: str, options: argparse.Namespace) -> Path:
    """The file that is sent, read once, so that it is in the page cache."""
    from .catalogue import RECIPES, Kitchen
    from .measure import warm

    path = Path(capture)
    if capture in RECIPES:
        scale = max(options.rates) * options.seconds / RECIPES[capture].packets
        path = Kitchen(options.folder.resolve(), scale).get(capture).path
    warm(path)
    return path


def once(path: Path, rate: int, seconds: float) -> Seen:
    """One run over a new cable."""
    from tests.live_lab import Lab

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, closing(Lab(Path(folder))) as lab:
        run = lab.live("--format", "json", "-q")
        assert run.confined()
        before = _processor(run.pid)
        sent, took = send(lab, path, rate, seconds)
        cores = (_processor(run.pid) - before) / took
        megabytes = _end(run)
        capture = json.loads(run.out.read_bytes())["capture"]
        return Seen(rate, sent - _lost_on_the_way(lab), took, capture["decoded"], capture["dropped"] + capture["interface_dropped"],
                    capture["unread"], cores, megabytes, load)


def send(lab: Lab, path: Path, rate: int, seconds: float) -> tuple[int, float]:
    """Send the capture's first packets, so many a second: how many there were, and the seconds that it took."""
    packets = _packets(path)
    count, start, until = 0, time.monotonic(), rate * seconds
    with closing(lab.wire()) as wire:
        while count < until:
            due = min(int((time.monotonic() - start) * rate), until)
            count += _burst(wire, packets, due - count)
            time.sleep(STEP)
    return count, time.monotonic() - start


def _burst(wire: socket, packets: Iterator[memoryview], size: int) -> int:
    for _ in range(size):
        wire.send(next(packets))
    return size


def _packets(path: Path) -> Iterator[memoryview]:
    """The packets of a little-endian Ethernet pcap that the kernel's filter passes, from the beginning again after the last."""
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    at, length = 24, struct.Struct("<8xI4x")
    while True:
        size = length.unpack_from(data, at)[0]
        packet = data[at + 16:at + 16 + size]
        at = (at + 16 + size) % len(data) or 24
        if bytes(packet[12:14]) in PASSED:
            yield packet


def _processor(pid: int) -> float:
    """Seconds of processor so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _end(run: Running) -> float:
    """Interrupt it and wait: its peak memory in MB, that of the last report with it."""
    peak = 0
    run.process.send_signal(signal.SIGINT)
    while run.process.poll() is None:
        said = Path(f"/proc/{run.pid}/status").read_text().partition("VmHWM:")[2].split()
        peak = int(said[0]) if said else peak
        time.sleep(0.005)
    return peak * 1024 / 1e6


def _lost_on_the_way(lab: Lab) -> int:
    """Packets that the sending end could not hand over: they never came to the interface."""
    told = json.loads(lab.ip("-json", "-stats", "link", "show", "cs0").stdout)[0]["stats64"]["tx"]
    return int(told["dropped"]) + int(told["errors"])


def sentence(one: Seen) -> str:
    """A run in a line."""
    return (f"{one.rate:,}/s: {one.sent:,} sent in {one.seconds:.1f} s, {one.decoded:,} decoded, {one.dropped:,} dropped, {one.unread:,} unread: "
            f"{'exact' if one.exact else 'NOT EXACT'}; {one.cores:.2f} cores, {one.megabytes:.0f} MB; load before {one.load:.1f}")


def table(capture: str, seen: list[Seen]) -> Table:
    """A row a rate."""
    from rich.table import Table

    made = Table("packets/s", "runs", "exact", "lost, most", "cores", "peak MB", "load before", title=f"live, {capture}", title_justify="left")
    for rate in dict.fromkeys(one.rate for one in seen):
        some = [one for one in seen if one.rate == rate]
        made.add_row(f"{rate:,}", str(len(some)), f"{sum(one.exact for one in some)} of {len(some)}", f"{max(one.sent - one.decoded for one in some):,}",
                     _span([one.cores for one in some], 2), _span([one.megabytes for one in some], 0), _span([one.load for one in some], 1),
                     style=None if all(one.good for one in some) else "red")
    return made


def _span(values: list[float], digits: int) -> str:
    return f"{min(values):.{digits}f}-{max(values):.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
