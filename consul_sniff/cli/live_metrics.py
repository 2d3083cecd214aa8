"""``--metrics``: the numbers of a live run for Prometheus."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from .. import __version__
from .clocks import SystemClocks
from .live_http import PageServer
from .live_out import Quiet

if TYPE_CHECKING:
    from ..hardening import OutputDir
    from ..report import Report
    from ..watch import Watch

EVERY: Final = 0.05  # seconds; a source that has nothing to give calls timers ten times a second


class Metrics(Quiet):
    """See `live_run.Extra`. The socket listens from the constructor on; errors: `OutputError`."""

    directory: OutputDir | None = None
    listens = True

    def __init__(self, host: str, port: int, *, quiet: bool = False) -> None:
        from ..reporters import metrics  # now: its modules need not be found later

        self._reporter = metrics
        self._clocks = SystemClocks()
        self._watch: Watch | None = None
        self._report: Report | None = None
        self._judged = 0
        self._server = PageServer(host, port, self._page, self._clocks.monotonic)
        if not quiet:
            sys.stderr.write(f"consul-sniff: metrics at http://{self._server.address}/metrics\n")

    def start(self, watch: Watch) -> None:
        """Serve from now on."""
        self._watch = watch
        watch.every(EVERY, self._server.serve)

    def report(self, report: Report, *, final: bool) -> None:  # noqa: ARG002 - a subscriber's signature
        """Keep it for whoever asks."""
        self._report, self._judged = report, self._clocks.wall()

    def reopen(self) -> None:
        """There is no file to open again."""

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _page(self) -> tuple[str, bytes]:
        assert self._watch is not None
        return self._reporter.CONTENT_TYPE, self._reporter.page(__version__, self._watch.counters(), self._report, self._judged)
