"""``consul-sniff signatures``: the rules that judge."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from . import options as shared
from .exits import Exit
from .screens import look

if TYPE_CHECKING:
    from ..matching.schema import Signature
    from ..report import Attributed

app = typer.Typer(no_args_is_help=True, help="List, show, check and test the signatures that judge what was seen.")


@app.command("list")
def list_(
    signatures: shared.SignatureDir = None,
    control: Annotated[str | None, typer.Option("--control", metavar="ID", help="Only those that vote on this control.", show_default=False)] = None,
) -> None:
    """List every signature with the control it votes on."""
    from ..matching import describe, load
    from ..reporters.pages import table

    rules = load(signatures)
    if control is not None and control not in {one.id for one in rules.controls}:
        raise UsageError(f"--control {control!r} is no control; there are {', '.join(one.id for one in rules.controls)}")
    rows = [(row.control, row.id, row.vote, row.severity, row.title) for row in describe.rows(rules) if control in (None, row.control)]
    sys.stdout.write(table(("control", "signature", "vote", "severity", "title"), rows, look()))


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A signature's id.", show_default=False)],
    signatures: shared.SignatureDir = None,
) -> None:
    """Show one signature: what it matches, what it means, the captures it is tested on."""
    from ..matching import describe, load
    from ..reporters.pages import explained

    rules = load(signatures)
    if id_ not in {one.id for one in rules.signatures}:
        raise UsageError(f"{id_!r} is no signature; `consul-sniff signatures list` shows all")
    sys.stdout.write(explained(describe.page(rules, id_), look()))


@app.command("lint")
def lint(
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="A folder of signatures; default: the shipped ones.", show_default=False)] = None,
) -> None:
    """Check signatures strictly: every problem of every file, by file, line and key."""
    from ..matching.loader import lint as check
    from ..matching.loader import shipped_folder

    folder = directory or shipped_folder()
    problems = check(folder)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if problems:
        sys.stderr.write(f"consul-sniff: {len(problems)} problem{'s' if len(problems) > 1 else ''}\n")
        raise Exit(2)
    sys.stdout.write(f"{folder}: no problem\n")


@app.command("test")
def test(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these; default: all.", show_default=False)] = None,
    signatures: shared.SignatureDir = None,
    root: Annotated[Path, typer.Option("--root", metavar="DIR", help="The folder that the captures' paths start from.")] = Path(),
) -> None:
    """Run signatures against the captures that each says it fires on and is silent on."""
    from ..matching import describe, load

    rules = load(signatures)
    unknown = sorted(set(ids or []) - {one.id for one in rules.signatures})
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: no such signature; `consul-sniff signatures list` shows all")
    chosen = [one for one in rules.signatures if not ids or one.id in ids]
    failed = _run(chosen, root)
    for id_, why in describe.untested(chosen):
        sys.stdout.write(f"none  {id_}: {why}\n")
    raise Exit(1 if failed else 0)


def _run(chosen: list[Signature], root: Path) -> int:
    from ..matching import describe

    seen: dict[Path, Attributed] = {}
    passed = failed = 0
    for one in chosen:
        for tried in describe.run_tests(one, lambda path: _attributed(path, seen), root):
            passed, failed = passed + tried.passed, failed + (not tried.passed)
            if not tried.passed:
                sys.stdout.write(f"FAIL  {tried.signature} should be {tried.expected} on {tried.capture}: {tried.said}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return failed


def _attributed(path: Path, seen: dict[Path, Attributed]) -> Attributed:
    """What attribution makes of a capture; each is read once. A keyring beside it (same name, .keyring) is used."""
    if path not in seen:
        from base64 import b64decode

        from ..attribution import Profile, attribute
        from ..keyring import Keyring
        from ..pipeline import Options, read

        keys = path.with_suffix(".keyring")
        # a test's keys are no secret, and git keeps no modes: not held to the rule that others must not read them
        keyring = Keyring([b64decode(line) for line in keys.read_text().split()]) if keys.exists() else None
        profile = Profile.of({}, keys=keyring.fingerprints if keyring else ())
        seen[path] = attribute(read([str(path)], Options(profile=profile, keyring=keyring)), profile)
    return seen[path]
