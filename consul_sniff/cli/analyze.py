"""``consul-sniff analyze``: captures in, a report out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from ..errors import UsageError
from ..reporters import FORMATS, encoded
from . import follow_options as following
from . import options as shared
from .exits import Exit
from .screens import look

if TYPE_CHECKING:
    from ..pipeline import Options
    from ..report import Report

Format = Annotated[str | None, typer.Option("--format", "-f", metavar="FORMAT", show_default="text", help=(
    f"How to print the report: {', '.join(FORMATS)}. With --follow also ndjson, one event a line as it happens: the default where "
    "no terminal is."))]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", show_default=False,
                                             help="Write the report there (whole or not at all) instead of on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no closing line on standard error.")]


def analyze(  # noqa: PLR0913 - one parameter an option
    captures: shared.Captures,
    *,
    format_: Format = None,
    output: Output = None,
    port: shared.Port = None,
    domain: shared.Domain = "consul",
    bpf: shared.Filter = None,
    since: shared.Since = None,
    until: following.Until = None,
    keyring: shared.KeyringFile = None,
    signatures: shared.SignatureDir = None,
    require: shared.Require = None,
    fail_on: shared.FailOn = "high",
    max_loss: shared.MaxLoss = 0.0,
    jobs: shared.Jobs = None,
    cluster: shared.Cluster = None,
    follow: following.Following = False,
    state: following.State = None,
    duration: following.Duration = None,
    count: following.Count = 0,
    report_every: following.ReportEvery = None,
    user: following.User = None,
    keep_root: following.KeepRoot = False,
    quiet: Quiet = False,
) -> None:
    """Report what of a Consul datacenter's traffic is in plaintext, control by control and node by node."""
    asked = following.Asked(state, duration, count, report_every, user, keep_root)
    ending = follow and until == "fail"  # else a time
    _agree(asked, format_, follow=follow, shared_out=bool(jobs or cluster))
    options = shared.build(port=port, domain=domain, bpf=bpf, since=since, until=None if ending else until, keyring=keyring,
                           signatures=signatures, require=require, fail_on=fail_on, max_loss=max_loss)
    if follow:
        from .follow import follow as run_on

        raise Exit(run_on(captures, asked, options, until_fail=ending, format_=format_, output=output, quiet=quiet))
    report = _read(captures, options._replace(jobs=jobs or shared.cores(), cluster=cluster), quiet=quiet)
    _write(report, format_ or "text", output)
    for one in report.inputs:
        if one.error:
            sys.stderr.write(f"consul-sniff: {one.error}\n")
    if not quiet and format_ not in (None, "text"):
        sys.stderr.write(f"consul-sniff: exit code {report.exit_code}: {report.exit_reason}\n")
    raise Exit(report.exit_code)


def _agree(asked: following.Asked, format_: str | None, *, follow: bool, shared_out: bool) -> None:
    """Errors: `UsageError` where options cannot be meant together."""
    if follow and shared_out:
        raise UsageError("--follow reads in one process: leave --jobs and --cluster out")
    if not follow:
        following.unasked(asked)
        if format_ is not None and format_ not in FORMATS:
            raise UsageError(f"--format {format_!r} is unknown; take one of {', '.join(FORMATS)}")


def _read(captures: list[str], options: Options, *, quiet: bool) -> Report:
    from ..pipeline import analyze as run
    from .progress import Progress
    from .stopping import Stopping

    with Progress(captures, wanted=not quiet and sys.stderr.isatty()) as progress, Stopping() as stopping:
        return run(captures, options._replace(stopping=stopping, progress=progress.update if progress.wanted else None))


def _write(report: Report, format_: str, output: Path | None) -> None:
    pieces = encoded(format_, report, __version__, look(to_file=output is not None))
    if output is None:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.flush()
        return
    from .output import write_whole

    write_whole(output, pieces)
