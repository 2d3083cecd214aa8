"""What CI holds the program to: ratios of one run, which survive a noisy machine. Packets a second are only told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .programs import OURS, READ

if TYPE_CHECKING:
    from .results import Capture, Results

NDPI, TSHARK, TCPDUMP, TWO = "ndpiReader", "tshark", "tcpdump", f"{OURS} --jobs 2"
MEMORY = 100_000_000
DOUBLING = 2.1


class Ratio(NamedTuple):
    """``above`` / ``below`` on a capture, in seconds: at most or at least so much."""

    capture: str
    above: str
    below: str
    least: float = 0.0
    most: float = float("inf")
    net: bool = False  # without start-up


#: the one table of thresholds
RATIOS = (
    Ratio("mixed", OURS, READ, most=5.0),
    Ratio("mixed", NDPI, OURS, least=2.0),
    Ratio("consul", OURS, READ, most=6.5, net=True),
    Ratio("consul", NDPI, OURS, least=4.0),
    Ratio("consul", TSHARK, OURS, least=80.0),
    Ratio("mixed-5gb", OURS, TCPDUMP, most=1.0),
    Ratio("mixed-5gb", OURS, TWO, least=1.8),
)


class Target(NamedTuple):
    """Million packets a second on a quiet machine."""

    capture: str
    least: float
    net: bool = False
    aim: float | None = None


TARGETS = (
    Target("mixed", 4.0, aim=6.0),
    Target("consul", 3.0, aim=5.0),
    Target("consul", 5.0, net=True, aim=6.5),
    Target("consul-new", 2.0),
    Target("gossip", 3.5, net=True),
    Target("consul-swapped", 4.0),
    Target("consul-lost", 4.0),
    Target("spoofed", 2.5),
)
STARTS = {"analyze, 98 kB": 0.35, "--help": 0.15}


class Verdict(NamedTuple):
    """A line of the gate. ``met`` None: not measured."""

    what: str
    wanted: str
    seen: str
    met: bool | None


def ratios(results: Results) -> list[Verdict]:
    """What decides the gate."""
    verdicts = [_ratio(one, results.capture(one.capture)) for one in RATIOS]
    verdicts += [Verdict(f"{one.name}: twice the packets", f"at most {DOUBLING} times the time", f"{one.ratio:.2f}",
                         one.ratio <= DOUBLING) for one in results.doublings]
    verdicts += [Verdict(f"{one.name}: peak resident memory of {OURS}", f"under {MEMORY // 1_000_000} MB",
                         f"{rss / 1e6:.0f} MB", rss < MEMORY)
                 for one in results.captures if OURS in one.series for rss in (one.series[OURS].rss,)]
    verdicts += [Verdict(f"{one.name}: the report of the traffic in order", "the same counts",
                         f"{len(one.differences)} differences in {one.compared} rows", not one.differences)
                 for one in results.agreements]
    return verdicts


def _ratio(one: Ratio, capture: Capture | None) -> Verdict:
    what = f"{one.capture}: {one.above} / {one.below}" + (", without start-up" if one.net else "")
    wanted = f"at least {one.least:g}" if one.least else f"at most {one.most:g}"
    if capture is None or not {one.above, one.below} <= set(capture.series):
        return Verdict(what, wanted, "not measured", None)
    seconds = capture.net if one.net else capture.wall
    seen = seconds(one.above) / seconds(one.below)
    return Verdict(what, wanted, f"{seen:.2f}", one.least <= seen <= one.most)


def targets(results: Results) -> list[Verdict]:
    """Absolute figures: true of a quiet machine only, so they decide nothing."""
    verdicts = []
    for one in TARGETS:
        capture = results.capture(one.capture)
        if capture is None or OURS not in capture.series:
            continue
        seen = capture.packets / (capture.net(OURS) if one.net else capture.wall(OURS)) / 1e6
        wanted = f"{one.least:g} M packets/s" + (f", aim {one.aim:g}" if one.aim else "")
        verdicts.append(Verdict(f"{one.capture}{', without start-up' if one.net else ''}", wanted, f"{seen:.2f} M packets/s",
                                seen >= one.least))
    verdicts += [Verdict(what, f"{STARTS[what]:.2f} s", f"{seconds:.2f} s", seconds <= STARTS[what])
                 for what, seconds in results.starts.items()]
    return verdicts
