"""One run of one program: wall clock, processor time, peak resident memory.

A child that was spawned starts with its parent's peak (Linux keeps it over exec), so a small process of its own spawns:
this module, run as a program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Run(NamedTuple):
    """Seconds, and bytes."""

    wall: float
    cpu: float
    rss: int  # of the largest process of the program, as the kernel counts it
    code: int


class Failed(Exception):
    """A program did not do its work; the text says how it ended."""


def run(command: Sequence[str], environment: Mapping[str, str], good: tuple[int, ...] = (0,),
        output: Path | None = None, folder: Path | None = None) -> Run:
    """Run *command* in *folder* (``python -m`` looks there first), its output into a file or nowhere. Errors: `Failed`, with the end of what it said."""
    target = os.devnull if output is None else str(output)
    # an interpreter without site, that is 8 MB: the least that is seen as anybody's peak
    starter = [sys.executable, "-I", "-S", __file__, target, *command]
    done = subprocess.run(starter, env=dict(environment), cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    try:
        made = Run(**json.loads(done.stdout))
    except (ValueError, TypeError):
        raise Failed(f"{' '.join(command)}: {done.stderr[-2_000:].strip()}") from None
    if made.code not in good:
        raise Failed(f"{' '.join(command)}: ended with {made.code}: {done.stderr[-2_000:].strip()}")
    return made


def warm(path: Path) -> None:
    """Read a file once, so that all that follow find it in the page cache."""
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass


def _starter(target: str, command: list[str]) -> Run:
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1)]
    begin = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begin
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_starter(sys.argv[1], sys.argv[2:])._asdict()))
