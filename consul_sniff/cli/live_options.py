"""The options of ``live`` alone, and what their words mean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from ..errors import UsageError
from ..keeping.files import Ring
from ..reporters import FORMATS

NDJSON: Final = "ndjson"
_UNITS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SIZES: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
RING_FILES: Final = (2, 10_000)
RING_BYTES: Final = 1 << 20
LARGEST: Final = (1 << 31) - 1  # libpcap takes an int
LOOPBACK: Final = "127.0.0.1"

Interfaces = Annotated[list[str] | None, typer.Option(
    "--interface", "-i", metavar="IFACE", show_default=False,
    help="Capture there; `any` is all of them. Repeatable. Default: the interface with the default route.")]
Read = Annotated[str | None, typer.Option(
    "--read", "-r", metavar="-", show_default=False, help="Read a capture from standard input as it is written: ssh HOST tcpdump --immediate-mode -U -w - | consul-sniff live -r -")]
Duration = Annotated[str | None, typer.Option("--duration", metavar="TIME", show_default=False, help="End after this time: 90, 30s, 10m, 1h.")]
Count = Annotated[int, typer.Option("--count", metavar="N", min=0, show_default=False, help="End after so many packets.")]
Until = Annotated[str | None, typer.Option("--until", metavar="fail", show_default=False, help="fail: end at the first control that fails.")]
PrintFilter = Annotated[bool, typer.Option("--print-filter", help="Print the filter that the kernel is given (pcap-filter(7)), and end.")]
Snaplen = Annotated[int, typer.Option("--snaplen", "-s", metavar="BYTES", min=64, max=262_144, help="Keep so much of a packet; less hides what stands behind it.")]
BufferSize = Annotated[str, typer.Option("--buffer-size", metavar="SIZE", help="What the kernel keeps packets in for each interface: 32M, 256M.")]
Immediate = Annotated[bool, typer.Option("--immediate", help="Take each packet at once, not in batches of up to 50 ms: sooner, and dearer.")]
Promiscuous = Annotated[bool, typer.Option("--promiscuous", help="Ask for packets that are not for this host, too (takes CAP_NET_ADMIN).")]
Format = Annotated[str | None, typer.Option("--format", "-f", metavar="FORMAT", show_default=False, help=(
    f"ndjson: one event a line as it happens, and the report as the last; {', '.join(FORMATS)}: the report, once, at the end. "
    "Default: text and a live page on a terminal, else ndjson."))]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", show_default=False, help="Write the report there, whole or not at all.")]
ReportEvery = Annotated[str | None, typer.Option("--report-every", metavar="TIME", show_default=False, help="Write --output again each time: 60s.")]
Write = Annotated[Path | None, typer.Option(
    "--write", "-w", metavar="FILE.pcapng", show_default=False,
    help="Keep every packet there, with a comment on those that prove a finding and the nodes' names. It holds what was said, secrets too.")]
WriteEvidence = Annotated[Path | None, typer.Option(
    "--write-evidence", metavar="FILE.pcapng", show_default=False,
    help="Keep there, beside or without --write, only the packets that prove a finding. Written anew when there are more.")]
RingOf = Annotated[str | None, typer.Option(
    "--ring", metavar="NxSIZE", show_default=False,
    help="Split --write: N files of SIZE at most each, 10x100MB, as FILE_00001_20261125220000.pcapng (UTC), the oldest removed.")]
Metrics = Annotated[str | None, typer.Option(
    "--metrics", metavar="[HOST]:PORT", show_default=False,
    help="Serve Prometheus metrics at http://HOST:PORT/metrics, without password or TLS. Without HOST only to this host "
         "(127.0.0.1); 0.0.0.0:9469 lets everybody see them.")]
User = Annotated[str, typer.Option("--user", metavar="USER", help="Whom to become when started as root, once all is open.")]
KeepRoot = Annotated[bool, typer.Option("--keep-root", help="Stay root. Hostile bytes are parsed: not advised.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No page, and on standard error only what went wrong.")]


class Keeping(NamedTuple):
    """Which packets to keep where."""

    write: Path | None
    evidence: Path | None
    ring: Ring | None


class Choices(NamedTuple):
    """The words of the command line, understood. Times are seconds, 0 for none."""

    interfaces: tuple[str, ...]
    stream: bool  # read standard input, not an interface
    duration: float
    count: int  # type: ignore[assignment]  # nobody counts in this tuple
    until_fail: bool
    report_every: float
    buffer: int
    format: str  # ndjson or one of FORMATS
    output: Path | None
    user: str | None  # None: stay who we are
    quiet: bool


def seconds(option: str, text: str | None) -> float:
    """A time span in seconds; 0 where none is given."""
    if text is None:
        return 0.0
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhd]?)", text.strip())
    value = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not value:
        raise UsageError(f"{option} {text!r} is no time span; write 90, 30s, 10m or 1h")
    return value


def until_fail(word: str | None) -> bool:
    """Whether to end at the first control that fails."""
    if word not in {None, "fail"}:
        raise UsageError(f"--until {word!r} is unknown; there is: fail")
    return word is not None


def size(option: str, text: str) -> int:
    """So many bytes."""
    match = re.fullmatch(r"(\d+)([KMG]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    value = int(match[1]) * _SIZES[match[2].upper()] if match else 0
    if not 65_536 <= value <= LARGEST:
        raise UsageError(f"{option} {text!r}: write a size from 64K to 2047M, e.g. 64M")
    return value


def keeping(write: Path | None, evidence: Path | None, ring: str | None, output: Path | None) -> Keeping:
    """Which packets to keep where, if it can be meant. Errors: `UsageError`."""
    if ring is not None and write is None:
        raise UsageError("--ring needs --write FILE.pcapng, which it splits")
    outputs = [("--write", write), ("--write-evidence", evidence), ("--output", output)]
    for option, path in outputs[:2]:
        if path is not None and (not path.name or path.is_dir() or str(path) == "-"):
            raise UsageError(f"{option} {path}: is no file; give it a file's name in a folder")
    named = [(path.absolute(), option) for option, path in outputs if path is not None]
    for place, (path, option) in enumerate(named):
        for other, another in named[place + 1:]:
            if path == other:
                raise UsageError(f"{option} and {another} name the same file, {path}")
    return Keeping(write, evidence, None if ring is None else _ring(ring))


def _ring(text: str) -> Ring:
    files, _, each = text.partition("x")
    if not (files.isascii() and files.isdecimal() and RING_FILES[0] <= int(files[:9]) <= RING_FILES[1]):
        raise UsageError(f"--ring {text!r}: write a number of files, {RING_FILES[0]} to {RING_FILES[1]}, and the size of each: 10x100MB")
    each_size = size("--ring", each)
    if each_size < RING_BYTES:
        raise UsageError(f"--ring {text!r}: a file of a ring has at least 1MB")
    return Ring(int(files), each_size)


def address(option: str, text: str | None) -> tuple[str, int] | None:
    """Where to listen: (host, port), to this host alone where none is named; None where nothing is given."""
    if text is None:
        return None
    host, _, port = text.strip().rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise UsageError(f"{option} {text!r}: write [HOST]:PORT, e.g. :9469, 10.0.0.7:9469 or [::1]:9469")
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)


def chosen_format(name: str | None, *, tty: bool) -> str:
    """The format that is meant where none is named."""
    if name is None:
        return "text" if tty else NDJSON
    if name != NDJSON and name not in FORMATS:
        raise UsageError(f"--format {name!r} is unknown; take one of {', '.join((NDJSON, *FORMATS))}")
    return name


def held_together(choices: Choices, read: str | None) -> Choices:
    """The choices, if they can be meant together. Errors: `UsageError`."""
    if read is not None and read != "-":
        raise UsageError(f"--read {read!r}: live reads a stream from standard input (-r -); for files there is `consul-sniff analyze`")
    if choices.stream and choices.interfaces:
        raise UsageError("--read and --interface: a run has one source; take one of them")
    if choices.report_every and choices.output is None:
        raise UsageError("--report-every needs --output FILE, which it writes again each time")
    if choices.output is not None and (not choices.output.name or choices.output.is_dir()):
        raise UsageError(f"{choices.output}: is a folder; give --output a file in it")
    return choices
