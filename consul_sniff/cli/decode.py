"""``consul-sniff decode``: what each packet said, one line a message."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from . import options as shared
from .exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Flow, Message

Protocols = Annotated[list[str] | None, typer.Option(
    "--protocol", metavar="NAME", show_default=False,
    help="Only messages of this protocol (memberlist, consul-rpc, raft, tls, http, grpc, dns, envoy-admin, vault). Repeatable, or with commas.")]
Hosts = Annotated[list[str] | None, typer.Option("--host", metavar="ADDRESS", show_default=False,
                                                 help="Only what this address sent or was sent. Repeatable.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def decode(  # noqa: PLR0913 - one parameter an option
    captures: shared.Captures,
    protocol: Protocols = None,
    host: Hosts = None,
    *,
    json: Json = False,
    port: shared.Port = None,
    domain: shared.Domain = "consul",
    bpf: shared.Filter = None,
    since: shared.Since = None,
    until: shared.Until = None,
    keyring: shared.KeyringFile = None,
) -> None:
    """List what each packet said, one line a message, as a dissector would; with --keyring, decrypted."""
    from ..pipeline import read
    from .stopping import Stopping

    with Stopping() as stopping:
        options = shared.build(port=port, domain=domain, bpf=bpf, since=since, until=until, keyring=keyring, signatures=None)
        facts = read(captures, options._replace(stopping=stopping), listener=_printer(_names(protocol), _addresses(host), as_json=json, several=_several(captures)))
    sys.stdout.flush()
    for one in facts.inputs:
        if one.error:
            sys.stderr.write(f"consul-sniff: {one.error}\n")
    failed = any(one.error for one in facts.inputs) or any(name.startswith("internal error") for name in facts.notes)
    raise Exit(stopping.code or (3 if failed else 0))


def _printer(protocols: set[str], hosts: set[str], *, as_json: bool, several: bool) -> Callable[[Flow, int, int, int, Message], None]:
    from ..reporters import decoded

    out = sys.stdout
    if not as_json:
        out.write(decoded.HEADER + "\n")

    def listen(flow: Flow, side: int, time: int, frame: int, message: Message) -> None:
        if protocols and message.protocol not in protocols:
            return
        if hosts and hosts.isdisjoint(flow.addresses):
            return
        if as_json:
            out.write(decoded.row(flow, side, time, frame, message) + "\n")
            return
        out.write(decoded.line(flow, side, time, frame, message, several=several) + "\n")

    return listen


def _several(captures: list[str]) -> bool:
    from pathlib import Path

    return len(captures) > 1 or Path(captures[0]).is_dir()


def _names(words: list[str] | None) -> set[str]:
    from ..vocabulary import DECODED

    names = {name.strip() for word in words or [] for name in word.split(",") if name.strip()}
    for name in sorted(names):
        if name not in DECODED:
            raise UsageError(f"--protocol {name!r} is unknown; take one of {', '.join(DECODED)}")
    return names


def _addresses(words: list[str] | None) -> set[str]:
    from ipaddress import ip_address

    addresses = set()
    for word in words or []:
        try:
            addresses.add(str(ip_address(word)))
        except ValueError:
            raise UsageError(f"--host {word!r} is no IP address") from None
    return addresses
