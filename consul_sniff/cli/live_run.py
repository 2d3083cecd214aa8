"""A live run in its order: open all, give up what is not needed any more, watch, say the last word."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Protocol, Self, runtime_checkable

from .. import __version__, hardening
from ..errors import CaptureError
from ..event import Input, Subscriber, Tap
from ..reporters import encoded
from ..text import printable
from . import rights
from .clocks import SystemClocks
from .live_options import NDJSON, Choices
from .live_out import Lines, Notices, Page, ReportFile, UntilFail
from .live_signals import LiveSignals, meanwhile
from .screens import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ..capture import Source
    from ..capture.live import LiveSource, Wanted
    from ..pipeline import Options
    from ..report import Report
    from ..watch import Watch

    Who = hardening.privileges.Identity | None


class Extra(Protocol):
    """Something more that a run does: it opens what it needs when it is made, while that is still allowed.

    With ``event`` and ``report`` it is a `event.Subscriber`, with ``records`` a `event.Tap`.
    """

    directory: hardening.OutputDir | None  # where it writes later
    listens: bool  # has a socket that accepts connections later

    def start(self, watch: Watch) -> None:
        """Root was given up; the run is about to begin."""

    def reopen(self) -> None:
        """HUP was received."""

    def close(self) -> None:
        """The run is over, or failed."""


@runtime_checkable
class Amends(Protocol):
    """An extra that has something to say in the last report."""

    def amend(self, report: Report) -> Report:
        """The run is over: the report as it should be told."""


JUDGE_SECONDS: Final = 0.5  # a finding is told within a second; what judging may cost in all is the watch's own bound
CLOSED_PIPE: Final = 141  # as a shell sees a program that SIGPIPE ended


class Run:
    """Opens everything when it is made; ``report`` runs to the end and gives the exit code.

    ``readable``: folders in which files are opened later.
    ``extras`` make what else is to be done; they are given the user that the process will become, None for no change.
    """

    def __init__(self, choices: Choices, wanted: Wanted, options: Options, extras: Sequence[Callable[[Who], Extra]] = ()) -> None:
        from ..watch import Watch

        self.choices = choices
        self.held = ExitStack()
        with ExitStack() as undone:
            undone.push(self.held)
            self.null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            self.held.callback(os.close, self.null)
            self.clocks = SystemClocks()
            self.watch = Watch(options, self.clocks, interval=JUDGE_SECONDS)
            self.file = self._report_file()
            self.extras: list[Extra] = []
            for make in extras:
                self.extras.append(make(self._who()))
                self.held.callback(self.extras[-1].close)
            self.readable: list[Path] = []
            self.descriptors: list[int] = []  # of capture sockets
            self.inputs = self._open(wanted)
            self.lines = Lines(self.clocks.wall) if choices.format == NDJSON else None
            self.page: Page | None = None
            self.confined = self._confine()
            undone.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.held.close()

    def report(self) -> int:
        """Watch to the end; the report is out then. CLOSED_PIPE where nobody read on (| head)."""
        try:
            return self._report()
        except BrokenPipeError:  # left to click it would be exit code 1, a finding
            os.dup2(self.null, sys.stdout.fileno())
            return CLOSED_PIPE

    def _report(self) -> int:
        choices, watch = self.choices, self.watch
        signals = LiveSignals(watch.stop, self._print_counters, self._reopen)
        with signals:
            self._subscribe(signals)
            try:
                report = watch.run(self.inputs)
            finally:
                if self.page is not None:
                    self.page.close()
            for one in self.extras:
                if isinstance(one, Amends):
                    report = one.amend(report)
            if signals.code:
                report = report._replace(exit_code=signals.code, exit_reason=f"ended by a signal; without it: exit code {report.exit_code}, {report.exit_reason}")
            self._last_word(report)
        if not choices.quiet and choices.format != "text":
            sys.stderr.write(f"consul-sniff: exit code {report.exit_code}: {report.exit_reason}\n")
        return report.exit_code

    def _open(self, wanted: Wanted) -> Iterable[Input]:
        return [self._source(wanted)]

    def _source(self, wanted: Wanted) -> LiveSource | Source:
        if self.choices.stream:
            from ..capture import sources

            stream = next(iter(sources(["-"], bpf=self.watch.options.bpf)))
            stream.limit = self.choices.count
            return stream
        from ..capture.live import LiveSource

        hardening.raise_capture_right()
        names, why = self._names()
        try:
            source = LiveSource(names, wanted)
        except CaptureError as error:
            if "CAP_NET_RAW" not in str(error):
                raise
            ways = "".join(f"\n  {command}\n      {what}" for command, what in rights.remedies(names[0]))
            raise CaptureError(f"{error}; one of these gives it:{ways}") from None
        self.held.callback(source.close)
        source.limit = self.choices.count
        self.descriptors = source.descriptors
        self._say(f"capturing on {source.path} ({', '.join(source.facts.link_types)}){why}")
        return source

    def _names(self) -> tuple[tuple[str, ...], str]:
        if self.choices.interfaces:
            return self.choices.interfaces, ""
        from ..capture.link import default_interface

        name = default_interface()
        if name is None:
            raise CaptureError("no interface has a default route: name one (-i IFACE; `consul-sniff interfaces` lists them)")
        return (name,), ", the interface with the default route (-i takes others)"

    def _report_file(self) -> ReportFile | None:
        output = self.choices.output
        if output is None:
            return None
        self.folder = self.held.enter_context(hardening.OutputDir.open(output.parent, self._who()))
        self.folder.refuse(output.name)
        return ReportFile(self.folder, output.name, "json" if self.choices.format == NDJSON else self.choices.format)

    def _who(self) -> Who:
        return hardening.identity(self.choices.user) if self.choices.user is not None and os.geteuid() == 0 else None

    def _confine(self) -> hardening.Confinement:
        writable = [self.folder] if self.file is not None else []
        writable += [one.directory for one in self.extras if one.directory is not None]
        confined = hardening.confine(self.choices.user, writable=writable, readable=self.readable, accept=any(one.listens for one in self.extras),
                                     receive_only=self.descriptors)
        if confined.missing:
            self._say(confined.summary())
        return confined

    def _subscribe(self, signals: LiveSignals) -> None:
        choices, watch = self.choices, self.watch
        watch.beside = self._beside
        watch.meanwhile = meanwhile
        if self.lines is not None:
            watch.subscribers.append(self.lines)
        if not choices.quiet:
            watch.subscribers.append(Notices())
        if choices.format == "text" and not choices.quiet and sys.stdout.isatty():
            self.page = Page(watch.counters)
            watch.subscribers.append(self.page)
            watch.every(1.0, self.page.draw)
        if self.file is not None:
            watch.subscribers.append(self.file)
            if choices.report_every:
                watch.every(choices.report_every, self.file.write)
        if choices.until_fail:
            watch.subscribers.append(UntilFail(watch.stop))
        if choices.duration:
            watch.every(choices.duration, watch.stop)
        for one in self.extras:
            if isinstance(one, Subscriber):
                watch.subscribers.append(one)
            if isinstance(one, Tap):
                watch.taps.append(one)
            one.start(watch)
        watch.every(0.1, signals.attend)

    def _last_word(self, report: Report) -> None:
        if self.file is not None:
            self.file.write(report)
        if self.lines is not None:
            self.lines.end(report)
        elif self.file is None:
            sys.stdout.buffer.writelines(encoded(self.choices.format, report, __version__, look()))
            sys.stdout.flush()

    def _beside(self) -> dict[str, object]:
        return {"sandbox": {"user": self.confined.user, "mechanisms": [one._asdict() for one in self.confined.mechanisms]}}

    def _print_counters(self) -> None:
        now = self.watch.counters()
        sys.stderr.write("consul-sniff: " + ", ".join(f"{name} {value:.1f}" if isinstance(value, float) else f"{name} {value}"
                                                       for name, value in now._asdict().items()) + "\n")

    def _reopen(self) -> None:
        if self.file is not None:
            self.file.write()
        for one in self.extras:
            one.reopen()

    def _say(self, words: str) -> None:
        if not self.choices.quiet:
            sys.stderr.write(f"consul-sniff: {printable(words)}\n")
