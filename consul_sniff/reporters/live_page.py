"""The page of a live capture: verdict, rates, controls that said something, nodes. As much as fits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..model import Status
from ..text import printable
from .terminal import MARKS

if TYPE_CHECKING:
    from rich.console import ConsoleDimensions, RenderableType

    from ..event import Counters
    from ..report import ControlResult, Node, Report

_FRAME: Final = 9  # lines that are neither a control nor a node
_GOSSIP: Final = {"plaintext": "bold red", "mixed": "bold yellow", "encrypted": "green", "tls": "green", "unknown": "dim"}


def page(report: Report | None, counters: Counters, rate: float, size: ConsoleDimensions) -> RenderableType:
    """The page for a terminal of that ``size``. ``rate``: packets a second now."""
    parts: list[RenderableType] = [_verdict(report), _traffic(counters, rate)]
    if report is not None:
        room = max(size.height - _FRAME, 4)
        told = [one for one in report.controls if one.status is not Status.NOT_OBSERVED]
        parts.append(_controls(told[:room], len(report.controls) - len(told), size.width))
        parts.append(_nodes(report.nodes, max(room - len(told), 3)))
    parts.append(Text("Ctrl-C ends and prints the report", style="dim"))
    return Group(*parts)


def _verdict(report: Report | None) -> Text:
    if report is None:
        return Text("nothing judged yet", style="bold")
    found = Counter(one.status for one in report.controls)
    text = Text()
    for status, (_mark, style) in MARKS.items():
        if found[status]:
            text.append(f"{found[status]} {status.value.replace('_', ' ')}  ", style=style)
    text.append("complete" if report.complete else "incomplete", style="dim" if report.complete else "bold yellow")
    return text


def _traffic(counters: Counters, rate: float) -> Text:
    lost = counters.dropped + counters.interface_dropped
    text = Text(f"{counters.packets:,} packets, {rate:,.0f}/s, {counters.seconds:,.0f} s; ")
    text.append(f"{lost:,} lost", style="bold red" if lost else "")
    if counters.acked_unseen_bytes:
        text.append(f"; {counters.acked_unseen_bytes:,} bytes acknowledged that were never seen", style="yellow")
    return text


def _controls(told: list[ControlResult], silent: int, width: int) -> RenderableType:
    if not told:
        return Text(f"no control was observed yet ({silent} to be)", style="dim")
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, width=width)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for one in told:
        mark, style = MARKS[one.status]
        table.add_row(Text(mark, style=style), one.id, Text(printable(one.reason), overflow="ellipsis"))
    return table


def _nodes(nodes: list[Node], room: int) -> RenderableType:
    if not nodes:
        return Text("no node yet", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("node", "address", "role", "gossip", "rpc", "sent plain", "sent sealed"):
        table.add_column(name, no_wrap=True)
    worst = sorted(nodes, key=lambda one: (one.gossip not in {"plaintext", "mixed"}, one.rpc not in {"plaintext", "mixed"}))
    for one in worst[:room]:
        table.add_row(Text(printable(one.name or "-", 40)), one.address, one.role, Text(one.gossip, style=_GOSSIP.get(one.gossip, "")),
                      Text(one.rpc, style=_GOSSIP.get(one.rpc, "")), f"{one.gossip_plaintext:,}", f"{one.gossip_encrypted:,}")
    if len(worst) > room:
        table.add_row(Text(f"and {len(worst) - room} more", style="dim"))
    return table
