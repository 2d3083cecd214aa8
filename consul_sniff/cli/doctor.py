"""``consul-sniff doctor``: what this machine lets the program do, and the command that mends what it does not."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final, NamedTuple

import typer

from .. import __version__
from . import rights
from .exits import Exit

OK: Final = "ok"
LIMITED: Final = "limited"  # works, and less well or less safely than it could
BROKEN: Final = "broken"


class Check(NamedTuple):
    """``state``: OK, LIMITED or BROKEN; ``remedies``: commands that mend it, each with what it does."""

    name: str
    state: str
    detail: str
    remedies: tuple[tuple[str, str], ...] = ()


def doctor(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    limits: Annotated[bool, typer.Option("--limits", help="Print every budget of the program with its reason, too.")] = False,
) -> None:
    """Check this machine: capture rights, sandbox, libpcap, signatures. Exit code 3 where something is broken."""
    checks = examined()
    budgets = _budgets() if limits else []
    if json:
        _print_json(checks, budgets)
    else:
        _print(checks, budgets)
    raise Exit(3 if any(one.state == BROKEN for one in checks) else 0)


def examined() -> list[Check]:
    """Every check, in the order of the page."""
    import platform

    return [
        Check("consul-sniff", OK, __version__),
        Check("python", OK, f"{platform.python_version()} ({platform.python_implementation()}) {sys.executable}"),
        Check("kernel", OK, f"{platform.system()} {platform.release()} {platform.machine()}"),
        _screen(), _libpcap(), _rights(), *_sandbox(), _signatures(),
    ]


def _screen() -> Check:
    from ..screen import compiled

    if compiled:
        return Check("screen", OK, "compiled")
    return Check("screen", LIMITED, "not compiled: everything works, large captures take far longer; install again where a C compiler is")


def _libpcap() -> Check:
    try:
        import cypcap
    except ImportError as error:
        return Check("libpcap", BROKEN, f"not usable ({error}): no live capture and no --filter", (("python -m pip install --force-reinstall cypcap", "brings its own libpcap"),))
    return Check("libpcap", OK, str(cypcap.lib_version()).removeprefix("libpcap version "))


def _rights() -> Check:
    refusal = rights.refusal()
    if refusal:
        return Check("capture", LIMITED, refusal, tuple(rights.remedies()))
    who = "root, given up once the sockets are open" if os.geteuid() == 0 else "CAP_NET_RAW"
    return Check("capture", OK, f"allowed ({who})")


def _sandbox() -> list[Check]:
    """Each mechanism as it was applied in a forked child, and what that child could still do."""
    from ..hardening.probe import probe

    probed = probe()
    if probed.confinement is None:
        return [Check("sandbox", BROKEN, probed.error)]
    from ..hardening.status import APPLIED

    checks = [Check(f"sandbox: {one.name}", OK if one.state == APPLIED else LIMITED, one.detail) for one in probed.confinement.mechanisms]
    open_ways = [name for name, refused in probed.tried.items() if not refused]
    tried = ", ".join(probed.tried)
    if open_ways:
        return [*checks, Check("sandbox: tried from inside", LIMITED, f"not refused: {', '.join(open_ways)}")]
    return [*checks, Check("sandbox: tried from inside", OK, f"all refused: {tried}")]


def _signatures() -> Check:
    from ..errors import ConsulSniffError
    from ..matching import load

    try:
        rules = load()
    except ConsulSniffError as error:
        return Check("signatures", BROKEN, str(error))
    return Check("signatures", OK, f"{len(rules.signatures)} for {len(rules.controls)} controls")


def _budgets() -> list[tuple[str, object, str]]:
    """(name, value, reason) of every limit; the reasons stand beside the numbers in the source."""
    import inspect
    import re

    from .. import limits

    found = re.findall(r"^([A-Z0-9_]+): Final = [^#\n]*(?:# (.*))?$", inspect.getsource(limits), re.MULTILINE)
    return [(name, getattr(limits, name), reason) for name, reason in found]


def _print(checks: list[Check], budgets: list[tuple[str, object, str]]) -> None:
    from ..reporters.pages import table
    from .screens import look

    sys.stdout.write(table(("check", "state", "detail"), [(one.name, one.state, one.detail) for one in checks], look()))
    for one in checks:
        if one.remedies:
            sys.stdout.write(f"\n{one.name}: {one.detail}; one of these mends it:\n")
            sys.stdout.write("".join(f"  {command}\n      {what}\n" for command, what in one.remedies))
    if budgets:
        sys.stdout.write("\n" + table(("limit", "value", "reason"), [(name, str(value), reason) for name, value, reason in budgets], look()))


def _print_json(checks: list[Check], budgets: list[tuple[str, object, str]]) -> None:
    from json import dumps

    document: dict[str, object] = {"checks": [
        {"name": one.name, "state": one.state, "detail": one.detail,
         "remedies": [{"command": command, "effect": effect} for command, effect in one.remedies]} for one in checks]}
    if budgets:
        document["limits"] = [{"name": name, "value": value, "reason": reason} for name, value, reason in budgets]
    sys.stdout.write(dumps(document, indent=1) + "\n")
