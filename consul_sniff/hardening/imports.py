"""Late imports after root is given up: what Python still has to be able to read, and by which way."""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType


def roots() -> list[Path]:
    """The folders and archives that modules are imported from, each once, with this package's own. Only what is there.

    What the interpreter puts first (the script's folder, with ``-m`` the current one) is not among them: it may be
    anybody's, or hold anything.
    """
    import sysconfig

    paths = sysconfig.get_paths()
    names = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    names += [str(Path(sys.base_prefix) / "lib"), str(Path(__file__).parent.parent)]
    names += [name for name in sys.path[0 if sys.flags.safe_path else 1 :] if name and Path(name).is_absolute()]
    return [Path(name) for name in dict.fromkeys(names) if os.path.exists(name)]  # noqa: PTH110 - Path.exists raises where it may not look


class Reached(MetaPathFinder):
    """Finds modules in folders that stand behind one that this user may not enter (/root, a home), by descriptor.

    ``/proc/self/fd/N`` leads to the folder itself, past those above it. Asked after the ordinary finder found nothing.
    """

    def __init__(self, ways: Iterable[tuple[str, int]]) -> None:
        self.ways = sorted(ways, key=lambda way: -len(way[0]))  # the deepest folder first: it may be open where others are not

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As importlib asks: ``path`` is the parent package's, None for a module at the top."""
        entries = [self.by_descriptor(entry) for entry in (sys.path if path is None else path)]
        return PathFinder.find_spec(fullname, [entry for entry in entries if entry], target)

    def by_descriptor(self, entry: str) -> str:
        """The same folder by way of a descriptor; empty where none leads there."""
        for folder, fd in self.ways:
            if entry == folder or entry.startswith(folder + "/"):
                return f"/proc/self/fd/{fd}{entry[len(folder):]}"
        return ""


def keep_reachable(opened: Sequence[tuple[Path, int]]) -> tuple[set[int], str, bool]:
    """After the drop: see that each of the ``opened`` roots can still be imported from.

    Gives the descriptors that must stay open for that, how it is done in words, and whether all of them can be read.
    """
    behind = [(str(path), fd) for path, fd in opened if not _usable(path)]
    lost = [path for path, fd in behind if not _usable(Path(f"/proc/self/fd/{fd}"))]
    ways = [way for way in behind if way[0] not in lost]
    if ways:
        finders = sys.meta_path
        finders.insert(finders.index(PathFinder) + 1 if PathFinder in finders else len(finders), Reached(ways))
    if lost:
        return {fd for _, fd in ways}, f"{', '.join(lost)}: closed to this user; what was not loaded before cannot be", False
    words = f"by descriptor from {len(ways)} folders that stand in a closed one" if ways else "from where they are installed"
    return {fd for _, fd in ways}, words, True


def _usable(path: Path) -> bool:
    folder = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where it may not look
    return os.access(path, os.R_OK | os.X_OK if folder else os.R_OK, effective_ids=True)
