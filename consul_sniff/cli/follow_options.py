"""The options of ``analyze`` that are for captures that are still written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ..errors import UsageError

Following = Annotated[bool, typer.Option("--follow", "-F", help=(
    "Go on reading while captures grow, and folders in which tcpdump -C, -G, -W or dumpcap -b begin new ones. Tells what it "
    "finds as it comes, and reports at the end (Ctrl-C, --duration, --count, --until fail)."))]
State = Annotated[Path | None, typer.Option("--state", metavar="FILE", show_default=False, help=(
    "With --follow: keep there what was read and learnt, and go on with it the next time. No packet is read twice."))]
Duration = Annotated[str | None, typer.Option("--duration", metavar="TIME", show_default=False, help="With --follow: end after this time: 90, 30s, 10m, 1h.")]
Count = Annotated[int, typer.Option("--count", metavar="N", min=0, show_default=False, help="With --follow: end after so many packets.")]
ReportEvery = Annotated[str | None, typer.Option("--report-every", metavar="TIME", show_default=False, help="With --follow: write --output again each time: 60s.")]
KeepRoot = Annotated[bool, typer.Option("--keep-root", help="With --follow: stay root. Hostile bytes are parsed: not advised.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", show_default=False, help=(
    "Read only packets up to this time. With --follow also fail: end at the first control that fails."))]
User = Annotated[str | None, typer.Option("--user", metavar="USER", show_default="nobody", help=(
    "With --follow: whom to become when started as root."))]


class Asked(NamedTuple):
    """The options that mean something only while following; None and 0 where they were not given."""

    state: Path | None
    duration: str | None
    count: int  # type: ignore[assignment]  # nobody counts in this tuple
    report_every: str | None
    user: str | None
    keep_root: bool


def unasked(asked: Asked) -> None:
    """Errors: `UsageError` where one of them is given and nothing is followed."""
    for option, value in zip(("--state", "--duration", "--count", "--report-every", "--user", "--keep-root"), asked, strict=True):
        if value:
            raise UsageError(f"{option} is for captures that are still written: add --follow")
