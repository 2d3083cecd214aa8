"""The report for people: verdict first, then controls, nodes, what to do, what to rotate.

Nothing is said by colour alone, nothing out of a packet is taken as markup, and a narrow terminal wraps.
"""

from __future__ import annotations

from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..model import Severity, Status
from ..text import printable
from .json_v1 import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ..report import ControlResult, Exposure, Finding, Report
    from .look import Look

MARKS = {
    Status.FAIL: ("FAIL", "bold red"),
    Status.WARN: ("WARN", "bold yellow"),
    Status.INCONCLUSIVE: ("????", "bold magenta"),
    Status.PASS: ("pass", "green"),
    Status.NOT_OBSERVED: ("none", "dim"),
}
COLORS = {Severity.CRITICAL: "bold red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "cyan",
          Severity.INFO: "dim"}
WORST_FIRST = list(Severity)
SHOWN = 6  # conversations of a finding; the JSON report has all
NODES_SHOWN = 60
WIDE = 84  # columns from which tables fit


def render(report: Report, version: str, look: Look) -> str:
    """The whole report as text for a terminal ``look.width`` columns wide."""
    page = StringIO()
    console = Console(file=page, width=look.width, force_terminal=look.color, no_color=not look.color,
                      color_system="standard" if look.color else None, highlight=False, markup=False, emoji=False,
                      legacy_windows=False)
    for part in _parts(report, version, look.width):
        console.print(part)
        console.print()
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _parts(report: Report, version: str, width: int) -> Iterator[RenderableType]:
    yield _head(report, version)
    yield _verdict(report)
    yield _controls(report.controls, width)
    if report.nodes:
        yield _nodes(report, width)
    if any(finding.severity is not Severity.INFO for finding in report.findings):
        yield _to_do(report)
    notes = [finding for finding in report.findings if finding.severity is Severity.INFO]
    if notes:
        yield _notes(notes)
    if report.exposures:
        yield _exposures(report.exposures, width)
    yield Text(f"Exit code {report.exit_code}: {report.exit_reason}", style="dim")


def _head(report: Report, version: str) -> RenderableType:
    inputs = report.inputs
    packets = sum(one.packets for one in inputs)
    name = printable(inputs[0].path) if len(inputs) == 1 else f"{len(inputs)} captures"
    seen = [one for one in inputs if one.first > 0]
    when = ""
    if seen:
        first, last = min(one.first for one in seen), max(one.last for one in seen)
        when = f", {_clock(first)} to {_clock(last)} UTC ({_duration(last - first)})"
    return Text(f"consul-sniff {version}: {name}, {packets:,} packets{when}", style="dim")


def _clock(time: int) -> str:
    return (timestamp(time) or "")[:19].replace("T", " ")


def _duration(nanoseconds: int) -> str:
    seconds = nanoseconds / 1e9
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}" if seconds >= 1 else f"{seconds:.3f} s"
    return f"{seconds / 86_400:.0f} days"


def _verdict(report: Report) -> RenderableType:
    of = {status: [c.id for c in report.controls if c.status is status] for status in Status}
    seen = [c for c in report.controls if c.status is not Status.NOT_OBSERVED]
    lines: list[RenderableType] = []
    if of[Status.FAIL]:
        lines.append(_sentence("FAIL", "bold red", f"{len(of[Status.FAIL])} of the {len(seen)} controls that were seen "
                               f"fail: {', '.join(of[Status.FAIL])}."))
    elif report.exit_code in (3, 4):
        lines.append(_sentence("NO VERDICT", "bold magenta", f"{_capital(report.exit_reason)}."))
    elif not seen:
        lines.append(_sentence("NO VERDICT", "bold magenta", "Nothing was seen that a control judges."))
    elif of[Status.WARN] or of[Status.INCONCLUSIVE]:
        lines.append(_sentence("NOTHING FAILS", "bold yellow", f"Nothing that was seen fails; {len(of[Status.PASS])} controls pass, "
                               f"{len(of[Status.WARN])} warn, {len(of[Status.INCONCLUSIVE])} cannot be told."))
    else:
        lines.append(_sentence("PASS", "bold green", "The one control that was seen passes." if len(seen) == 1
                               else f"All {len(seen)} controls that were seen pass."))
    if of[Status.NOT_OBSERVED]:
        lines.append(Text(f"{len(of[Status.NOT_OBSERVED])} of {len(report.controls)} controls had no traffic here: that is no pass.",
                          style="dim"))
    if not report.complete:
        lines.append(_sentence("INCOMPLETE", "bold yellow", "What was not seen cannot be judged:"))
        lines += [Padding(Text(f"- {printable(reason)}"), (0, 0, 0, 2)) for reason in report.reasons]
    return Group(*lines)


def _sentence(mark: str, style: str, text: str) -> Text:
    return Text.assemble((mark, style), "  ", printable(text))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _controls(controls: list[ControlResult], width: int) -> RenderableType:
    """The controls that were seen, the worst first; what was not observed in one line."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    for _ in range(2 if width >= WIDE else 1):
        table.add_column(ratio=1)
    if width >= WIDE:
        table.columns[1].ratio, table.columns[1].no_wrap = None, True
    for control in sorted(controls, key=lambda c: list(MARKS).index(c.status)):
        if control.status is Status.NOT_OBSERVED:
            continue
        word, style = MARKS[control.status]
        reason = Text(printable(control.reason))
        cells = (control.id, reason) if width >= WIDE else (Group(Text(control.id, "bold"), reason),)
        table.add_row(Text(word, style), *cells)
    silent = [c.id for c in controls if c.status is Status.NOT_OBSERVED]
    parts: list[RenderableType] = [Text("Controls", style="bold"), table]
    if silent:
        parts.append(Text.assemble(("not observed: ", "dim"), (", ".join(silent), "dim")))
    return Group(*parts)


def _nodes(report: Report, width: int) -> RenderableType:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    wide = width >= WIDE
    for title in ("Node", "address", "role", "gossip sent", "RPC", *(("version", "dc", "state") if wide else ())):
        table.add_column(title, overflow="fold")
    for node in report.nodes[:NODES_SHOWN]:
        gossip = Text(node.gossip, style={"plaintext": "red", "mixed": "red", "encrypted": "green"}.get(node.gossip, ""))
        if node.gossip_plaintext or node.gossip_encrypted:
            gossip.append(f" {_counts(node.gossip_plaintext, node.gossip_encrypted)}", style="dim")
        row: list[RenderableType] = [Text(printable(node.name or "-", 64)), node.address, node.role, gossip,
                                     Text(node.rpc, style="red" if node.rpc in ("plaintext", "mixed") else "")]
        if wide:
            row += [Text(printable(node.version or "-", 32)), Text(printable(node.datacenter or "-", 32)), node.status]
        table.add_row(*row)
    parts: list[RenderableType] = [table]
    if len(report.nodes) > NODES_SHOWN:
        parts.append(Text(f"... and {len(report.nodes) - NODES_SHOWN} more nodes (all in --format json)", style="dim"))
    return Group(*parts)


def _counts(plaintext: int, encrypted: int) -> str:
    if plaintext and encrypted:
        return f"({plaintext:,} plaintext, {encrypted:,} encrypted)"
    return f"({plaintext or encrypted:,})"


def _to_do(report: Report) -> RenderableType:
    """Findings by signature, the worst first: what, the packets that prove it, the setting that mends it."""
    place = {control.id: number for number, control in enumerate(report.controls)}
    findings = sorted((f for f in report.findings if f.severity is not Severity.INFO),
                      key=lambda f: (WORST_FIRST.index(f.severity), place.get(f.control, 99), f.signature))
    parts: list[RenderableType] = [Text("What was found, and what to do", style="bold")]
    told: dict[str, int] = {}  # remediation -> the number under which it stands
    for number, (_, same) in enumerate(groupby(findings, key=lambda f: (f.severity, f.control, f.signature)), 1):
        rows = sorted(same, key=lambda f: (-f.count, f.source, f.destination))
        first = rows[0]
        parts.append(Text.assemble(f"\n{number}. ", (first.severity.value.upper(), COLORS[first.severity]), f"  {printable(first.title)}",
                                   (f"  [{first.signature}, {first.control}; confidence {first.confidence.value}]", "dim")))
        parts += [Padding(_where(row, len(report.inputs)), (0, 0, 0, 3)) for row in rows[:SHOWN]]
        if len(rows) > SHOWN:
            parts.append(Padding(Text(f"... and {len(rows) - SHOWN} more (all in --format json)", style="dim"), (0, 0, 0, 3)))
        before = told.setdefault(first.remediation, number)
        what = f"as for {before}." if before != number else first.remediation.strip()
        parts.append(Padding(Text.assemble(("Do: ", "bold"), what), (0, 0, 0, 3)))
    parts.append(Text("\nconsul-sniff explain ID says more of a finding's signature or of a control.", style="dim"))
    return Group(*parts)


def _where(finding: Finding, inputs: int) -> Text:
    many = f"{finding.count:,} times" if finding.count != 1 else "once"
    frames = ", ".join(f"{e.input + 1}:{e.frame}" if inputs > 1 else str(e.frame) for e in finding.evidence)
    label = "capture:packet" if inputs > 1 else "packet" if len(finding.evidence) == 1 else "packets"
    text = Text(f"{finding.source} -> {finding.destination} {finding.transport}/{finding.port}  {many}, {label} {frames}")
    said = next((e.summary for e in finding.evidence if e.summary), "")
    if said:
        text.append(f"  {printable(said, 80)}", style="dim")
    return text


def _notes(notes: list[Finding]) -> RenderableType:
    parts: list[RenderableType] = [Text("Notes", style="bold")]
    ordered = sorted(notes, key=lambda f: (f.signature, -f.count, f.source, f.destination))
    for _, same in groupby(ordered, key=lambda f: f.signature):
        rows = list(same)
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        parts.append(Text(f"- {printable(rows[0].title)}: {rows[0].source} -> {rows[0].destination} "
                          f"{rows[0].transport}/{rows[0].port}{more}"))
    return Group(*parts)


def _exposures(exposures: list[Exposure], width: int) -> RenderableType:
    """Secrets that crossed the network in the clear, by their fingerprints: each of them is to be rotated."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    for title in ("Exposed secret", "fingerprint", "times", "where"):
        table.add_column(title, overflow="fold", justify="right" if title == "times" else "left")
    rows: dict[tuple[str, str], list[Exposure]] = {}
    for one in exposures:
        rows.setdefault((one.kind, one.fingerprint or f"({printable(one.path, 48)})"), []).append(one)
    for (kind, fingerprint), group in sorted(rows.items())[:NODES_SHOWN]:
        wheres = sorted({one.where for one in group})
        paths = sorted({one.path for one in group if one.path and kind != "kv-value"})
        detail = printable("; ".join(wheres[:3]) + (f" ({', '.join(paths[:2])})" if paths and width >= WIDE else ""), 160)
        table.add_row(kind, Text(fingerprint), f"{sum(one.count for one in group):,}", Text(detail))
    parts: list[RenderableType] = [table]
    if len(rows) > NODES_SHOWN:
        parts.append(Text(f"... and {len(rows) - NODES_SHOWN} more (all in --format json)", style="dim"))
    parts.append(Text("Rotate tokens and keys once the channel is encrypted; no output of this program holds the secret itself.",
                      style="dim"))
    return Group(*parts)
