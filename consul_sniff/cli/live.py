"""``consul-sniff live``: packets as they come, a verdict that follows them."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from . import live_options as own
from . import options as shared
from .exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..capture.live import Wanted
    from .live_run import Extra, Who


def live(  # noqa: PLR0913 - one parameter an option
    interface: own.Interfaces = None,
    read: own.Read = None,
    duration: own.Duration = None,
    count: own.Count = 0,
    until: own.Until = None,
    format_: own.Format = None,
    output: own.Output = None,
    report_every: own.ReportEvery = None,
    write: own.Write = None,
    write_evidence: own.WriteEvidence = None,
    ring: own.RingOf = None,
    metrics: own.Metrics = None,
    bpf: shared.Filter = None,
    snaplen: own.Snaplen = 262_144,
    buffer_size: own.BufferSize = "32M",
    user: own.User = "nobody",
    port: shared.Port = None,
    domain: shared.Domain = "consul",
    keyring: shared.KeyringFile = None,
    signatures: shared.SignatureDir = None,
    require: shared.Require = None,
    fail_on: shared.FailOn = "high",
    max_loss: shared.MaxLoss = 0.0,
    *,
    print_filter: own.PrintFilter = False,
    immediate: own.Immediate = False,
    promiscuous: own.Promiscuous = False,
    keep_root: own.KeepRoot = False,
    quiet: own.Quiet = False,
) -> None:
    """Watch a Consul datacenter's traffic on this host's interfaces, or as a stream, and judge it as it comes."""
    from ..capture.live import Wanted

    wanted = Wanted(bpf, snaplen, own.size("--buffer-size", buffer_size), immediate, promiscuous)
    if print_filter:
        return _print_filter(wanted)
    choices = own.held_together(own.Choices(
        tuple(interface or ()), read is not None, own.seconds("--duration", duration), count, own.until_fail(until),
        own.seconds("--report-every", report_every), wanted.buffer, own.chosen_format(format_, tty=sys.stdout.isatty()),
        output, None if keep_root else user, quiet), read)
    options = shared.build(port=port, domain=domain, bpf=bpf if choices.stream else None, since=None, until=None, keyring=keyring,
                           signatures=signatures, require=require, fail_on=fail_on, max_loss=max_loss)
    from .live_run import Run

    with Run(choices, wanted, options, _extras(own.keeping(write, write_evidence, ring, output), own.address("--metrics", metrics), quiet=quiet)) as run:
        code = run.report()
    raise Exit(code)


def _extras(keep: own.Keeping, listen: tuple[str, int] | None, *, quiet: bool) -> list[Callable[[Who], Extra]]:
    extras: list[Callable[[Who], Extra]] = []
    if keep.write or keep.evidence:
        from .live_keep import KeepEvidence, KeepTraffic

        if keep.write:
            extras.append(partial(KeepTraffic, keep.write, keep.ring, quiet=quiet))
        if keep.evidence:
            extras.append(partial(KeepEvidence, keep.evidence, quiet=quiet))
    if listen is not None:
        from .live_metrics import Metrics

        extras.append(lambda _who: Metrics(*listen, quiet=quiet))
    return extras


def _print_filter(wanted: Wanted) -> None:
    from ..capture.kernel_filter import checked, expression

    sys.stdout.write(expression(checked(wanted.bpf)) + "\n")
