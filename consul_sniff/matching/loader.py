"""Where signatures come from, and all that is wrong with them at once.

The shipped ones are YAML, read anew at every start. Measured (CPython 3.11, one core of a small machine): 78 signatures
and the checklist take 16 ms beside 14 ms for PyYAML's import, 1,000 take 0.2 s. A compiled cache would save most of the
30 ms and cost a build step and a second truth: there is none.
"""

from __future__ import annotations

import stat
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import SignatureError
from ..limits import SIGNATURES
from .checklist import Control, control
from .schema import Signature, signature
from .yamlfile import Problems, Reader, Section, read

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKLIST: Final = "checklist.yaml"


class Rules(NamedTuple):
    """All that judges: the controls in the checklist's order, the signatures in the order of their ids."""

    controls: tuple[Control, ...]
    signatures: tuple[Signature, ...]


def shipped_folder() -> Path:
    """The signatures that come with the program: inside an installed package, else at the top of the source tree."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_data" / "signatures", package.parent / "signatures"):
        if (folder / CHECKLIST).is_file():
            return folder
    raise SignatureError([f"{package / '_data' / 'signatures'}:1: is missing: install consul-sniff again"])


def load(directory: Path | None = None) -> Rules:
    """The shipped rules and, beside them, a user's own from ``directory``.

    Raises SignatureError with every problem of every file: a bad signature must not go by as one that never matched.
    """
    if directory is None:
        return _shipped()
    problems = Problems()
    rules = _load(shipped_folder(), problems)
    own = _own(directory, rules, problems) if not problems.lines else ()
    if problems.lines:
        raise SignatureError(problems.lines)
    return Rules(rules.controls, tuple(sorted((*rules.signatures, *own), key=lambda s: s.id)))


@lru_cache(maxsize=1)
def _shipped() -> Rules:
    """The shipped rules do not change while the program runs."""
    problems = Problems()
    rules = _load(shipped_folder(), problems)
    if problems.lines:
        raise SignatureError(problems.lines)
    return rules


def lint(directory: Path) -> list[str]:
    """All problems of a folder of signatures: a user's own, or a whole one with a checklist of its own."""
    problems = Problems()
    if (directory / CHECKLIST).is_file():
        _load(directory, problems)
    else:
        _own(directory, load(), problems)
    return problems.lines


def _load(folder: Path, problems: Problems) -> Rules:
    """A folder with a checklist, and its signatures."""
    controls = _checklist(folder / CHECKLIST, problems)
    files = [(path, _shown(path, folder)) for path in _files(folder, problems) if path.name != CHECKLIST]
    found = _signatures(files, {c.id for c in controls}, {}, problems)
    return Rules(controls, tuple(sorted(found, key=lambda s: s.id)))


def _own(directory: Path, rules: Rules, problems: Problems) -> tuple[Signature, ...]:
    """A user's own signatures; they vote on the shipped controls."""
    _safe(directory, problems)
    if problems.lines:
        return ()
    paths = _files(directory, problems)
    if not paths and not problems.lines:
        problems.add(str(directory), 1, "", "holds no .yaml file")
    for path in paths:
        if path.stat().st_mode & stat.S_IWOTH:
            problems.add(str(path), 1, "", f"everybody can write to it: run `chmod o-w {path}` first")
    taken = {s.id: s.path for s in rules.signatures}
    return _signatures([(path, str(path)) for path in paths], {c.id for c in rules.controls}, taken, problems)


def _safe(directory: Path, problems: Problems) -> None:
    """Who can write a signature decides what the report says: nobody but the owner and the group may."""
    try:
        mode = directory.stat().st_mode
    except OSError as error:
        problems.add(str(directory), 1, "", f"cannot be read: {error.strerror}")
        return
    if not stat.S_ISDIR(mode):
        problems.add(str(directory), 1, "", "is no folder: expected a folder of .yaml files")
    elif mode & stat.S_IWOTH:
        problems.add(str(directory), 1, "", f"everybody can write there: run `chmod o-w {directory}` first")


def _files(folder: Path, problems: Problems) -> list[Path]:
    """The .yaml files below ``folder``, in order."""
    paths = []
    for path in folder.rglob("*.y*ml"):
        if path.suffix not in {".yaml", ".yml"} or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        paths.append(path)
        if len(paths) > SIGNATURES:
            problems.add(str(folder), 1, "", f"holds more than {SIGNATURES:,} files")
            return []
    return sorted(paths)


def _checklist(path: Path, problems: Problems) -> tuple[Control, ...]:
    reader = Reader(_shown(path, path.parent), problems)
    root = read(path, reader)
    if root is None:
        return ()
    top = Section(reader, root)
    node = top.get("controls")
    top.done()
    made: dict[str, Control] = {}
    for item in reader.items(node) if node is not None else ():
        entry = control(item, Reader(reader.where, problems))
        if entry is not None and entry.id in made:
            reader.wrong(item, "id", f'"{entry.id}" is there twice')
        if entry is not None:
            made[entry.id] = entry
    return tuple(made.values())


def _signatures(files: Iterable[tuple[Path, str]], controls: set[str], taken: dict[str, str],
                problems: Problems) -> tuple[Signature, ...]:
    """``files``: each with the path that people are shown. ``taken``: ids that exist already, and where."""
    made: list[Signature] = []
    known = dict(taken)
    for path, where in files:
        reader = Reader(where, problems)
        root = read(path, reader)
        found = signature(root, path.stem, where, reader, controls) if root is not None else None
        if found is None:
            continue
        if found.id in known:
            problems.add(where, 1, "id", f'"{found.id}" is already defined in {known[found.id]}')
            continue
        known[found.id] = where
        made.append(found)
    return tuple(made)


def _shown(path: Path, folder: Path) -> str:
    """A path as a person would write it: from the folder's own name on."""
    return str(Path(folder.name) / path.relative_to(folder))
