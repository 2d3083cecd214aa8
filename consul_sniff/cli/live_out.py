"""Where a live run's news goes: lines of JSON, a page on a terminal, a report file; and who ends it at the first fail."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .. import __version__
from ..model import Status
from ..reporters import encoded
from .screens import look

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..event import Counters, Event
    from ..hardening import OutputDir
    from ..report import Report


class Quiet:
    """Hears nothing; what the others are made of."""

    def event(self, event: Event) -> None:
        """See `event.Subscriber`."""

    def report(self, report: Report, *, final: bool) -> None:
        """See `event.Subscriber`."""


class Lines(Quiet):
    """One event a line on standard output, each at once; the report is the last."""

    def __init__(self, wall: Callable[[], int]) -> None:
        self._wall = wall

    def event(self, event: Event) -> None:
        """Write it."""
        from ..reporters.events import line

        self._write(line(event))

    def end(self, report: Report) -> None:
        """Write the last line."""
        from ..reporters.events import last_line

        self._write(last_line(report, __version__, self._wall()))

    def _write(self, text: str) -> None:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()


class Notices(Quiet):
    """What happens to the capture itself, on standard error."""

    def event(self, event: Event) -> None:
        """Write it if it is a sentence."""
        if "seconds" in event.detail and event.kind != "stats":
            sys.stderr.write(f"consul-sniff: {event.kind} by {event.detail['seconds']} seconds\n")
        elif "interface" in event.detail or "file" in event.detail:
            sys.stderr.write(f"consul-sniff: {event.detail['summary']}\n")


class Page(Quiet):
    """A page that is drawn again as things change."""

    def __init__(self, counters: Callable[[], Counters]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._counters = counters
        self._report: Report | None = None
        self._last: Counters | None = None
        self._console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._live.start()

    def report(self, report: Report, *, final: bool) -> None:
        """Keep it for the next drawing."""
        self._report = report
        if not final:
            self.draw()

    def draw(self) -> None:
        """Draw what there is."""
        from ..reporters.live_page import page

        now = self._counters()
        before, self._last = self._last, now
        seconds = now.seconds - (before.seconds if before else 0)
        rate = (now.packets - (before.packets if before else 0)) / seconds if seconds > 0 else 0.0
        self._live.update(page(self._report, now, rate, self._console.size), refresh=True)

    def close(self) -> None:
        """Take it off the terminal."""
        self._live.stop()


class ReportFile(Quiet):
    """The report in a file, each time whole or not at all."""

    def __init__(self, folder: OutputDir, name: str, format_: str) -> None:
        self._folder = folder
        self._name = name
        self._format = format_
        self._report: Report | None = None

    def report(self, report: Report, *, final: bool) -> None:  # noqa: ARG002 - a subscriber's signature
        """Keep it for ``write``."""
        self._report = report

    def write(self, report: Report | None = None) -> None:
        """Write the last report, if there is one."""
        report = report or self._report
        if report is not None:
            self._folder.write(self._name, encoded(self._format, report, __version__, look(to_file=True)))


class UntilFail(Quiet):
    """Stops at the first control that fails."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def report(self, report: Report, *, final: bool) -> None:  # noqa: ARG002 - a subscriber's signature
        """Look for one."""
        if any(control.status is Status.FAIL for control in report.controls):
            self._stop()
