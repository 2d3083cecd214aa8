"""Writing a file whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_whole(path: Path, text: str | Iterable[bytes]) -> None:
    """Write ``text`` (or pieces of it, encoded) beside ``path`` and rename it there, readable by its owner only. OutputError where that cannot be.

    A link at ``path`` is replaced, never followed, and a device or a pipe left alone: the program may run as root.
    """
    from ..hardening.outputs import OutputDir

    if not path.name or path.is_dir():
        raise OutputError(f"{path}: is a folder; give --output a file in it")
    with OutputDir.open(path.parent) as folder:
        folder.write(path.name, text.encode("utf-8", "replace") if isinstance(text, str) else text)
