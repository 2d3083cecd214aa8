"""``consul-sniff analyze``: captures in, a report out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from ..errors import UsageError
from ..reporters import FORMATS, renderer
from . import follow_options as following
from . import options as shared
from .exits import Exit
from .screens import look

if TYPE_CHECKING:
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
    from .progress import Progress
    from .stopping import Stopping

    asked = following.Asked(state, duration, count, report_every, user, keep_root)
    if follow:
        if jobs or cluster:
            raise UsageError("--follow reads in one process: leave --jobs and --cluster out")
        options = shared.build(port=port, domain=domain, bpf=bpf, since=since, until=None if until == "fail" else until, keyring=keyring,
                               signatures=signatures, require=require, fail_on=fail_on, max_loss=max_loss)
        from .follow import follow as run_on

        raise Exit(run_on(captures, asked, options, until_fail=until == "fail", format_=format_, output=output, quiet=quiet))
    following.unasked(asked)
    format_ = format_ or "text"
    if format_ not in FORMATS:
        raise UsageError(f"--format {format_!r} is unknown; take one of {', '.join(FORMATS)}")
    with Progress(captures, wanted=not quiet and sys.stderr.isatty()) as progress, Stopping() as stopping:
        options = shared.build(port=port, domain=domain, bpf=bpf, since=since, until=until, keyring=keyring,
                               signatures=signatures, require=require, fail_on=fail_on, max_loss=max_loss,
                               progress=progress.update if progress.wanted else None)
        from ..pipeline import analyze as run

        report = run(captures, options._replace(stopping=stopping, jobs=jobs or shared.cores(), cluster=cluster))
    _write(report, format_, output)
    for one in report.inputs:
        if one.error:
            sys.stderr.write(f"consul-sniff: {one.error}\n")
    if not quiet and format_ != "text":
        sys.stderr.write(f"consul-sniff: exit code {report.exit_code}: {report.exit_reason}\n")
    raise Exit(report.exit_code)


def _write(report: Report, format_: str, output: Path | None) -> None:
    text = renderer(format_)(report, __version__, look(to_file=output is not None))
    if output is None:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
        return
    from .output import write_whole

    write_whole(output, text)
