"""The results as tables: on the terminal, and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import gate
from .programs import OURS, READ

if TYPE_CHECKING:
    from rich.console import Console

    from .gate import Verdict
    from .results import Capture, Results

HEADS = ("program", "seconds", "processor", "M packets/s", "without start-up", f"times {OURS}", "times reading", "peak MB")
MARK = {True: "yes", False: "NO", None: "-"}


def rows(capture: Capture) -> list[tuple[str, ...]]:
    """A row a program, fastest first. ``~``: measured on a part, and scaled up."""
    out: list[tuple[str, ...]] = []
    for name in sorted(capture.series, key=capture.wall):
        wall, net = capture.wall(name), capture.net(name)
        about = "~" if capture.scaled(name) else ""
        out.append((name, f"{about}{wall:.2f}", "" if about else f"{capture.cpu(name):.2f}", f"{about}{_rate(capture.packets / wall)}",
                    f"{about}{_rate(capture.packets / net)}" if name != READ else "",
                    _times(wall, capture, OURS), _times(wall, capture, READ), f"{capture.series[name].rss / 1e6:.0f}"))
    return out


def _times(wall: float, capture: Capture, other: str) -> str:
    return f"{wall / capture.wall(other):.2f}" if other in capture.series else ""


def _rate(a_second: float) -> str:
    millions = a_second / 1e6
    return f"{millions:.2f}" if millions >= 0.1 else f"{millions:.4f}"


def title(capture: Capture) -> str:
    """What a capture is, in figures."""
    flows = f", {capture.made['flows']:,} flows, {capture.made['live']:,} at once" if capture.made["flows"] > 1 else ""
    return f"{capture.name}: {capture.about} ({capture.packets:,} packets, {capture.bytes / 1e6:,.0f} MB{flows})"


def verdicts(results: Results) -> list[tuple[str, list[Verdict]]]:
    """The tables that judge."""
    return [("Gate", gate.ratios(results)), ("Targets of a quiet machine", gate.targets(results))]


def show(results: Results, console: Console) -> None:
    """On the terminal."""
    from rich.table import Table

    for capture in results.captures:
        table = Table(title=title(capture), title_justify="left")
        for number, head in enumerate(HEADS):
            table.add_column(head, justify="right" if number else "left")
        for row in rows(capture):
            table.add_row(*row, style="bold" if row[0].startswith(OURS) else None)
        console.print(table)
    for name, lines in verdicts(results):
        table = Table("what", "wanted", "seen", "met", title=name, title_justify="left")
        for line in lines:
            table.add_row(line.what, line.wanted, line.seen, MARK[line.met], style="red" if line.met is False else None)
        console.print(table)
    for one in results.agreements:
        for difference in one.differences:
            console.print(f"{one.name}: {difference}", markup=False)


def markdown(results: Results, command: str) -> str:
    """As a page."""
    settings = results.settings
    lines = ["# Results", "",
             (f"Measured {results.date} by `{command}`: medians of {settings['rounds']} rounds, programs in turn, files in the "
              f"page cache; captures from seed {settings['seed']}, at {settings['scale']:g} of their full size."), "",
             "Machine: " + "; ".join(f"{what} {value}" for what, value in results.machine.items()) + ".", "",
             "Programs: " + "; ".join(f"{name} {version}".strip() for name, version in results.programs.items()) + ".", "",
             ('`~`: measured on the first part of the capture and scaled up, start-up apart. "Without start-up": less the '
              'median of the same program on a capture of 100 packets, in M packets/s. "Processor": seconds of it, which say more '
              "than the clock where others work on the same machine."), ""]
    for capture in results.captures:
        lines += [f"## {title(capture)}", "", *_table(HEADS, rows(capture)), ""]
    for name, judged in verdicts(results):
        lines += [f"## {name}", "",
                  *_table(("what", "wanted", "seen", "met"), [(one.what, one.wanted, one.seen, MARK[one.met]) for one in judged]), ""]
    for one in results.agreements:
        if one.differences:
            lines += [f"## Where {one.name} differs", "", *(f"- {difference}" for difference in one.differences), ""]
    return "\n".join(lines)


def _table(heads: tuple[str, ...], body: list[tuple[str, ...]]) -> list[str]:
    ruler = ["---" if not number else "---:" for number in range(len(heads))]
    return ["| " + " | ".join(cells) + " |" for cells in (heads, ruler, *body)]
