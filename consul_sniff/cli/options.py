"""The options that every reading verb shares, and what they become."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..pipeline import Options

Captures = Annotated[list[str], typer.Argument(
    metavar="CAPTURE...", show_default=False,
    help="Captures or folders of them: pcap or pcapng, also .gz .zst .lz4; - is standard input.")]
Port = Annotated[list[str] | None, typer.Option(
    "--port", metavar="ROLE=N", show_default=False,
    help="A port of this datacenter's own: rpc, serf-lan, serf-wan, http, https, grpc, grpc-tls, dns, envoy-admin, "
         "mesh, vault. Repeatable. Needed only where traffic shows nothing of itself.")]
Domain = Annotated[str, typer.Option("--domain", metavar="NAME", help="The datacenter's DNS domain.")]
Filter = Annotated[str | None, typer.Option(
    "--filter", metavar="BPF", show_default=False, help="Read only packets that match this capture filter, e.g. 'host 10.0.0.7'.")]
Since = Annotated[str | None, typer.Option(
    "--since", metavar="TIME", show_default=False, help="Read only packets from this time on: 2026-11-20T08:00:00Z, or seconds since 1970.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", show_default=False, help="Read only packets up to this time.")]
KeyringFile = Annotated[Path | None, typer.Option(
    "--keyring", metavar="FILE", show_default=False,
    help="Gossip keys to decrypt with: one base64 key a line, or Serf's JSON keyring; readable by its owner only.")]
SignatureDir = Annotated[Path | None, typer.Option(
    "--signatures", metavar="DIR", show_default=False, help="Signatures of your own, beside the shipped ones.")]
Require = Annotated[list[str] | None, typer.Option(
    "--require", metavar="WHAT", show_default=False,
    help="A channel (gossip-lan, rpc, ...) or control id that must have been seen, else exit code 4. Repeatable, or "
         "with commas. Default: any Consul traffic.")]
FailOn = Annotated[str, typer.Option("--fail-on", metavar="SEVERITY", help="Exit code 1 from this severity on: critical, high, medium, low, info.")]
Jobs = Annotated[int | None, typer.Option(
    "--jobs", "-j", metavar="N", min=1, show_default="the cores",
    help="Processes that share large captures out; the report is the same for any number.")]
Cluster = Annotated[str | None, typer.Option(
    "--cluster", metavar="URL", show_default=False,
    help="Let the workers of a dask scheduler read, e.g. tcp://10.0.0.5:8786 (needs consul-sniff[cluster]).")]
MaxLoss = Annotated[float, typer.Option("--max-loss", metavar="SHARE", min=0.0, max=1.0, help="Exit code 4 where more than this share of the traffic was lost (0 to 1).")]


def nanoseconds(option: str, text: str | None) -> int | None:
    """A point in time as the user wrote it, in nanoseconds since the epoch."""
    if text is None:
        return None
    try:
        return int(float(text) * 1_000_000) * 1000
    except (ValueError, OverflowError):
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no time; write 2026-11-20T08:00:00Z or seconds since 1970") from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    since_epoch = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 10**9 + since_epoch.microseconds * 1000


def build(*, port: list[str] | None, domain: str, bpf: str | None, since: str | None, until: str | None,  # noqa: PLR0913 - one a shared option
          keyring: Path | None, signatures: Path | None, require: list[str] | None = None, fail_on: str = "high",
          max_loss: float = 0.0, progress: Callable[[str, int], None] | None = None) -> Options:
    """The shared options as the pipeline takes them; UsageError on the first that cannot be meant."""
    from ..attribution import Profile
    from ..keyring import Keyring
    from ..model import Severity
    from ..pipeline import Options

    if fail_on not in {severity.value for severity in Severity}:
        raise UsageError(f"--fail-on {fail_on!r} is no severity; take one of {', '.join(s.value for s in Severity)}")
    keys = None if keyring is None else Keyring.load(keyring)
    return Options(
        profile=Profile.of(_ports(port or []), domain, keys.fingerprints if keys else ()),
        keyring=keys,
        signatures=signatures,
        bpf=bpf,
        since=nanoseconds("--since", since),
        until=nanoseconds("--until", until),
        require=tuple(word.strip() for words in require or [] for word in words.split(",") if word.strip()),
        fail_on=fail_on,
        max_loss=max_loss,
        progress=progress,
    )


def cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ports(words: list[str]) -> dict[str, list[int]]:
    """``ROLE=N`` options as role -> port numbers."""
    from ..attribution.profile import PORT_ROLES

    ports: dict[str, list[int]] = {}
    for word in words:
        role, equals, number = word.partition("=")
        if not equals or not number.isascii() or not number.isdigit() or not 0 < int(number) < 65_536:
            raise UsageError(f"--port {word!r}: write ROLE=N with N from 1 to 65535, e.g. --port rpc=17300")
        if role not in PORT_ROLES:
            raise UsageError(f"--port {word!r}: {role!r} is no role; take one of {', '.join(PORT_ROLES)}")
        ports.setdefault(role, []).append(int(number))
    return ports
