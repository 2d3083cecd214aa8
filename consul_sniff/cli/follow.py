"""``consul-sniff analyze --follow``: captures that are still written, judged as they grow."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..capture import Follow
from ..errors import CaptureError, UsageError
from ..hardening.outputs import as_user
from ..text import printable
from . import live_options as own
from .live_run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..capture.followed import Place
    from ..capture.live import Wanted
    from ..event import Input
    from ..pipeline import Options
    from .follow_options import Asked
    from .follow_state import StateFile
    from .live_run import Extra, Who

def follow(captures: Sequence[str], asked: Asked, options: Options, *, until_fail: bool, format_: str | None, output: Path | None,
           quiet: bool) -> int:
    """Follow to the end; the report is out then. The exit code."""
    for path in captures:
        if path == "-" or "://" in path:
            raise UsageError(f"--follow {path}: only files and folders can be followed; a stream ends by itself (consul-sniff live -r -)")
    choices = own.held_together(own.Choices(
        (), False, own.seconds("--duration", asked.duration), asked.count, until_fail, own.seconds("--report-every", asked.report_every), 0,
        own.chosen_format(format_, tty=sys.stdout.isatty()), output, None if asked.keep_root else asked.user or "nobody", quiet), None)
    with FollowRun(choices, Follow(captures, bpf=options.bpf), options, asked.state) as run:
        return run.report()


class FollowRun(Run):
    """A live run whose packets come from files."""

    def __init__(self, choices: own.Choices, files: Follow, options: Options, state: Path | None) -> None:
        from ..capture.live import Wanted
        from .follow_state import StateFile

        self.files = files
        self.state: StateFile | None = None
        extras: list[Callable[[Who], Extra]] = []
        if state is not None:
            places = [os.path.realpath(place.shown) for place in files.places]
            which: dict[str, object] = {"CAPTURE": places, "--filter": options.bpf, "--since": options.since, "--until": options.until}

            def keep(who: Who) -> Extra:
                self.state = StateFile(state, files, which, who)
                return self.state

            extras.append(keep)
        super().__init__(choices, Wanted(), options, extras)

    def report(self) -> int:
        """As `Run.report`; 3 where the state was not kept."""
        code = super().report()
        return 3 if self.state is not None and self.state.failed and not code else code

    def _open(self, wanted: Wanted) -> Iterable[Input]:  # noqa: ARG002 - nothing is captured here
        self.held.callback(self.files.close)
        self.files.limit = self.choices.count
        who = self._who()
        with as_user(who):
            for place in self.files.places:
                _may_read(place, who.name if who is not None else "this user")
        for place in self.files.places:
            self.readable += dict.fromkeys((Path(place.folder), Path(os.path.realpath(place.shown)).parent) if place.only else (Path(place.folder),))
        self._say(f"following {', '.join(place.shown for place in self.files.places)}")
        return self.files


def _may_read(place: Place, user: str) -> None:
    """Errors: `CaptureError`, before root is given up for somebody who could read nothing."""
    folder = os.access(".", os.R_OK | os.X_OK, dir_fd=place.fd, effective_ids=True)
    closed = [place.folder] if not folder else [
        seen.place.path(seen.name) for seen in place.files() if not os.access(seen.name, os.R_OK, dir_fd=place.fd, effective_ids=True)]
    if closed:
        raise CaptureError(f"{printable(closed[0])}: {user} may not read it. Name a user that may (--user), let it be read "
                           "(tcpdump's umask; dumpcap -g and a group), or say --keep-root: what else is given up stays so")
