"""``--write`` and ``--write-evidence``: a live run's packets in files. Folders are opened first, files when root is given up."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from .. import limits
from ..errors import OutputError
from ..hardening import OutputDir
from ..keeping.evidence import Evidence
from ..keeping.files import Files, Ring
from ..keeping.section import Section
from ..keeping.traffic import Traffic
from ..keeping.window import Window
from ..text import printable
from .clocks import SystemClocks
from .live_out import Quiet

if TYPE_CHECKING:
    from pathlib import Path

    from ..facts import Facts
    from ..model import Block
    from ..report import Report
    from ..watch import Watch
    from .live_run import Who

BROKEN = 3  # exit code
EVERY = 5.0  # seconds between two writings of the evidence, at least
OFTEN = 0.1  # seconds between two looks at what waits to be written
AT_ONCE = 4 * 1024 * 1024  # bytes that are written then: packets come meanwhile, and nobody looks after them


class _Keep(Quiet):
    """What both have in common. See `live_run.Extra`, `event.Tap` and `event.Subscriber`."""

    listens = False
    watch: Watch

    def __init__(self, path: Path, who: Who, *, quiet: bool = False) -> None:
        """Open the folder; errors: `OutputError`."""
        self.path = path
        self.quiet = quiet
        self.directory: OutputDir | None = OutputDir.open(path.parent, who)
        self.folder = self.directory
        self.window = Window(limits.KEPT_WINDOW)
        self.section = Section(SystemClocks())
        self.told = ""  # the last trouble that was said
        self.first = ""  # and the first one
        try:
            self.folder.refuse(path.name)
        except OutputError:
            self.folder.close()
            raise

    def start(self, watch: Watch) -> None:
        """See `live_run.Extra`."""
        self.watch = watch

    def records(self, block: Block, _input: int, first_frame: int) -> None:
        """Keep them until they are judged: sooner where many come."""
        self.window.add(block, first_frame, self.watch.screen.packets - first_frame + 1)
        if self.window.fresh > self.window.most // 2:
            self.watch.hurry()

    def learnt(self, facts: Facts) -> None:
        """See `event.Tap`."""

    def close(self) -> None:
        """Give the folder back."""
        self.folder.close()

    def say(self, trouble: str, consequence: str) -> None:
        """Say once what cannot be written, and why."""
        if trouble and trouble != self.told:
            sys.stderr.write(f"consul-sniff: {printable(trouble)}; {consequence}\n")
            with suppress(BrokenPipeError):  # it will be met where somebody ends the run for it
                self.watch.tell("output-failed", {"file": printable(str(self.path)), "summary": printable(trouble)})
        self.told = trouble or self.told
        self.first = self.first or trouble

    def conclude(self, words: str) -> None:
        """Say at the end what there is."""
        if not self.quiet:
            sys.stderr.write(f"consul-sniff: {printable(str(self.path))}: {words}\n")

    def broken(self, report: Report, why: str) -> Report:
        """The report of a run that could not keep what it should."""
        report = self.incomplete(report, why)
        if report.exit_code == BROKEN:
            return report
        return report._replace(exit_code=BROKEN, exit_reason=f"{printable(why)}; without that: exit code {report.exit_code}, {report.exit_reason}")

    def incomplete(self, report: Report, why: str) -> Report:
        """It says so."""
        return report._replace(complete=False, reasons=sorted({*report.reasons, printable(why)}))

    def beside(self, report: Report, name: str, numbers: dict[str, object]) -> Report:
        """The numbers stand in the report as ``kept.NAME``."""
        rows = dict(report.beside)
        kept = rows.get("kept")
        rows["kept"] = {**(kept if isinstance(kept, dict) else {}), name: {"file": printable(str(self.path)), **numbers}}
        return report._replace(beside=tuple(rows.items()))


class KeepTraffic(_Keep):
    """All packets."""

    traffic: Traffic | None = None

    def __init__(self, path: Path, ring: Ring | None, who: Who, *, quiet: bool = False) -> None:
        super().__init__(path, who, quiet=quiet)
        self.ring = ring
        self.known = False
        self.error = ""  # another one than the disk's

    def start(self, watch: Watch) -> None:
        """Make the (first) file, so that what is wrong there is told before anything runs."""
        super().start(watch)
        files = Files(self.folder, self.path.name, self.ring, self._begin, lambda: self.section.end(watch.input), SystemClocks().wall)
        self.traffic = Traffic(files, self.section)
        watch.every(OFTEN, lambda: self._write_judged(AT_ONCE))

    def records(self, block: Block, input_: int, first_frame: int) -> None:
        """Write twice as much as comes, of what was judged; what does not fit in the window any more, without a judgement."""
        super().records(block, input_, first_frame)
        self._write_judged(2 * (block.consumed - block.start))
        while self.window.full:
            self._write()

    def report(self, report: Report, *, final: bool) -> None:  # noqa: ARG002 - a subscriber's signature
        """What is in the window by now can be written."""
        assert self.traffic is not None
        self.traffic.report(report)
        self.window.close()

    def reopen(self) -> None:
        """Go on in a new file, where the old one was moved away or could not be written."""
        if self.traffic is not None:
            self.traffic.files.reopen()
            self.told = ""
            self._complain()

    def amend(self, report: Report) -> Report:
        """End the file; say in the report what is in it."""
        assert self.traffic is not None
        self._end()
        files, traffic = self.traffic.files, self.traffic
        lost = self.watch.counters().packets - files.packets
        report = self.beside(report, "traffic", {
            "files": [printable(one) for one in dict.fromkeys(one.name for one in files.kept)], "removed_files": files.removed,
            "packets": files.packets, "lost": lost, "commented": traffic.commented, "late": traffic.late})
        late = f", {traffic.late} comments at its end: they came too late" if traffic.late else ""
        removed = f", {files.removed} files removed" if files.removed else ""
        self.conclude(f"{files.packets} packets, {traffic.commented} of them with comments{late}{removed}")
        if not (self.first or lost):
            return report
        return self.broken(report, f"{lost} packets were not written: {self.first or self.path}")

    def close(self) -> None:
        """Write what is still waiting, where the run failed."""
        if self.traffic is not None:
            self._end()
        super().close()

    def _begin(self, first: int) -> bytes:
        return self.section.begin([f"Begins with packet {first} of the run."] if self.ring else [])

    def _end(self) -> None:
        assert self.traffic is not None
        while self.window.size:
            self._write()
        self._know()
        self.traffic.close()
        self._complain()

    def _write_judged(self, size: int) -> None:
        least = self.window.size - size
        while self.window.closed and self.window.size > least:
            self._write()

    def _know(self) -> None:
        if not self.known and self.traffic is not None:
            self.known = True
            self.traffic.know(self.watch.input)

    def _write(self) -> None:
        chunk = self.window.pop()
        assert self.traffic is not None
        if chunk is None or self.error:
            return
        self._know()
        try:
            self.traffic.write(chunk)
        except OutputError as error:
            self.error = str(error)
            self.say(self.error, "later packets are not kept")
        self._complain()

    def _complain(self) -> None:
        if self.traffic is not None:
            self.say(self.traffic.files.trouble, "what is in it can be read, later packets are not kept (HUP tries again)")


class KeepEvidence(_Keep):
    """The packets that prove a finding."""

    def __init__(self, path: Path, who: Who, *, quiet: bool = False) -> None:
        super().__init__(path, who, quiet=quiet)
        self.evidence = Evidence(self.window, self.section)
        self.stale = True  # the file does not hold what is known
        self.error = ""

    def start(self, watch: Watch) -> None:
        """The file of an earlier run stays until there is something to put in its place."""
        super().start(watch)
        watch.every(EVERY, self.write)

    def records(self, block: Block, input_: int, first_frame: int) -> None:
        """Where judgements come too seldom, copy what may come to prove something; forget what does not fit in the window any more."""
        super().records(block, input_, first_frame)
        if self.window.fresh > self.window.most * 3 // 4:
            self.watch.learn()
            self.window.close()
        while self.window.full:
            self.window.pop()

    def learnt(self, facts: Facts) -> None:
        """Copy what may come to prove something."""
        self.evidence.learnt(facts)

    def report(self, report: Report, *, final: bool) -> None:
        """What proves something by now."""
        self.window.close()
        self.section.names(report.nodes)
        self.stale |= self.evidence.report(report)
        if final:
            self.stale = True
            self.write()

    def write(self) -> None:
        """The file anew, if there is more to say."""
        if not self.stale:
            return
        self.section.know(self.watch.input)
        try:
            self.folder.write(self.path.name, self.evidence.file(self.watch.input))
        except OutputError as error:
            self.error = str(error)
            self.say(self.error, "it will be tried again")
        else:
            self.stale, self.error = False, ""

    def reopen(self) -> None:
        """Write it again, wherever the old one went."""
        self.stale = True
        self.write()

    def amend(self, report: Report) -> Report:
        """Say in the report what is in the file, and what is not."""
        evidence = self.evidence
        report = self.beside(report, "evidence", {"packets": evidence.proving, "missing": len(evidence.missing), "missing_first": evidence.missing[:10]})
        self.conclude(f"{evidence.proving} packets that prove findings{f', {len(evidence.missing)} are missing' if evidence.missing else ''}")
        if evidence.missing:
            report = self.incomplete(report, f"{self.path}: {len(evidence.missing)} packets that prove findings were not kept, "
                                             f"the first is packet {evidence.missing[0]}")
        return self.broken(report, self.error) if self.error else report
