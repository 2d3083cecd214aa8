"""consul-sniff: finds plaintext HashiCorp Consul traffic.

As a library::

    import consul_sniff

    report = consul_sniff.analyze(["capture.pcap"])
    for control in report.controls:
        print(control.id, control.status.value, control.reason)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from .report import Report

__version__ = "0.1.0"
__all__ = ["__version__", "analyze"]


def analyze(  # noqa: PLR0913 - one keyword an option, as on the command line
    paths: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    keyring: str | PathLike[str] | None = None,
    signatures: str | PathLike[str] | None = None,
    ports: Mapping[str, Sequence[int]] | None = None,
    domain: str = "consul",
    bpf: str | None = None,
    since: int | None = None,
    until: int | None = None,
    require: Sequence[str] = (),
    fail_on: str = "high",
    max_loss: float = 0.0,
    jobs: int = 1,
    cluster: str | None = None,
) -> Report:
    """Read captures and judge them against the checklist; what ``consul-sniff analyze`` prints.

    ``paths``: one or several captures or folders; ``"-"`` is standard input. ``keyring``: a file of gossip keys (one
    base64 key a line, or Serf's JSON list), readable by its owner only. ``signatures``: a folder of your own, beside
    the shipped ones. ``ports``: role -> port numbers of this datacenter, e.g. ``{"rpc": [17300]}``; ``domain``: its
    DNS domain. ``bpf``: a capture filter expression. ``since``, ``until``: nanoseconds since the Unix epoch.
    ``require``: channels or control ids without which the report is inconclusive. ``fail_on``: the severity from
    which ``report.exit_code`` is 1. ``max_loss``: the share of bytes (0 to 1) that may be missing. ``jobs``: processes
    that share large captures out (they are forked: leave it at 1 where threads run); ``cluster``: the address of a dask
    scheduler whose workers read. The report is the same for any number of either.

    Returns a ``consul_sniff.report.Report`` of plain tuples: ``controls``, ``findings``, ``nodes``, ``conversations``,
    ``exposures``, ``inputs`` (an input that cannot be read has its ``error`` set; the others stand), ``counters``
    (packets, each in exactly one), ``exit_code`` and ``exit_reason``. Times in it are nanoseconds since the epoch.
    Raises ``consul_sniff.errors.UsageError`` for a wrong option, keyring, filter or signature.
    ``reporters.json_v1.document(report, version)`` makes the published JSON of it.
    """
    from pathlib import Path

    from .attribution import Profile
    from .keyring import Keyring
    from .pipeline import Options
    from .pipeline import analyze as run

    several = [paths] if isinstance(paths, str) or hasattr(paths, "__fspath__") else list(paths)
    keys = None if keyring is None else Keyring.load(Path(keyring))
    options = Options(
        profile=Profile.of(ports or {}, domain, keys.fingerprints if keys else ()),
        keyring=keys,
        signatures=None if signatures is None else Path(signatures),
        bpf=bpf,
        since=since,
        until=until,
        require=tuple(require),
        fail_on=fail_on,
        max_loss=max_loss,
        jobs=jobs,
        cluster=cluster,
    )
    return run([str(path) for path in several], options)
