"""A small YAML file, read with its line numbers, every mistake collected.

Only what a signature needs: mappings, lists, text, booleans, integers. Aliases, tags, duplicate keys, deep nesting and
large files are refused: the files may come from anybody.

Measured (60 files of 1.5 KB): ``yaml.compose`` with the C loader takes 7 ms and the checks here 5 ms, where pydantic's
import alone takes 84 ms and would not know a line number. Hence this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from ..limits import SIGNATURE_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from ..model import Scalar

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

NESTING_MARKS: Final = 4_096  # of "[{?-": libyaml's composer recurses, and 60,000 of them overflow the C stack
DEPTH: Final = 8
INTEGER: Final = 20  # characters; no field holds a larger one
_TAG: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(_TAG + kind for kind in ("map", "seq", "str", "int", "bool", "null", "float", "timestamp"))
_TRUTH: Final = {"true": True, "false": False, "True": True, "False": False}


class Problems:
    """What is wrong, all of it: one line each, ``path:line: key: what was expected``."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, line: int, key: str, text: str) -> None:
        self.lines.append(f"{where}:{line}: {key}: {text}" if key else f"{where}:{line}: {text}")


class Reader:
    """One file's mistakes, and how its nodes become values."""

    def __init__(self, where: str, problems: Problems) -> None:
        self.where = where
        self.problems = problems
        self._known = len(problems.lines)

    @property
    def clean(self) -> bool:
        """Whether this reader has found nothing wrong so far."""
        return len(self.problems.lines) == self._known

    def wrong(self, node: yaml.Node | int, key: str, text: str) -> None:
        line = node if isinstance(node, int) else node.start_mark.line + 1
        self.problems.add(self.where, line, key, text)

    def scalar(self, node: yaml.Node, key: str) -> Scalar:
        """A text, boolean, integer or null; anything else is a problem, and None."""
        if not isinstance(node, yaml.ScalarNode):
            self.wrong(node, key, f"expected one value, not a {_shape(node)}")
            return None
        kind = node.tag.removeprefix(_TAG)
        text = str(node.value)
        if kind == "bool" and text in _TRUTH:
            return _TRUTH[text]
        if kind == "int" and len(text) < INTEGER and text.lstrip("-").isdigit() and str(int(text)) == text:
            return int(text)
        if kind in {"str", "null"}:
            return text if kind == "str" else None
        self.wrong(node, key, f'expected text, true, false or a whole number: put "{text[:40]}" in quotes if text is meant')
        return None

    def text(self, node: yaml.Node, key: str) -> str:
        value = self.scalar(node, key) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(node, yaml.ScalarNode):
            self.wrong(node, key, "expected text")
        else:
            self.wrong(node, key, f"expected text, not a {_shape(node)}")
        return ""

    def items(self, node: yaml.Node) -> list[yaml.Node]:
        """A list's items; one value counts as a list of one."""
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def pairs(self, node: yaml.Node, key: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """A mapping's (key, key's node, value's node)."""
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, key, f"expected a mapping, not a {_shape(node)}")
            return
        for name, value in node.value:
            yield str(name.value), name, value


class Section:
    """A mapping of known keys. ``done`` reports the keys that nobody asked for."""

    def __init__(self, reader: Reader, node: yaml.Node, key: str = "") -> None:
        self.reader = reader
        self.node = node
        self.key = key
        self.values = {name: value for name, _, value in reader.pairs(node, key)}
        self.lines = {name: at for name, at, _ in reader.pairs(node, key)} if isinstance(node, yaml.MappingNode) else {}
        self.asked: set[str] = set()

    def _name(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name

    def get(self, name: str, *, required: bool = True) -> yaml.Node | None:
        self.asked.add(name)
        node = self.values.get(name)
        if node is None and required:
            self.reader.wrong(self.node, self._name(name), "is missing")
        return node

    def text(self, name: str, *, required: bool = True) -> str:
        node = self.get(name, required=required)
        return "" if node is None else self.reader.text(node, self._name(name))

    def prose(self, name: str) -> str:
        """Text for people, of any length: lines flow together, indented ones (settings, commands) stay as they are."""
        lines: list[str] = []
        for line in self.text(name).splitlines():
            if line and lines and lines[-1] and not line.startswith(" ") and not lines[-1].startswith(" "):
                lines[-1] += f" {line}"
            else:
                lines.append(line)
        return "\n".join(lines)

    def one_of(self, name: str, choices: Collection[str]) -> str:
        node = self.get(name)
        if node is None:
            return ""
        value = self.reader.text(node, self._name(name))
        if value and value not in choices:
            self.reader.wrong(node, self._name(name), f'"{value}" is not one of {", ".join(choices)}')
            return ""
        return value

    def texts(self, name: str, *, required: bool = True) -> tuple[str, ...]:
        node = self.get(name, required=required)
        if node is None:
            return ()
        return tuple(self.reader.text(item, self._name(name)) for item in self.reader.items(node))

    def done(self) -> None:
        for name, at in self.lines.items():
            if name not in self.asked:
                self.reader.wrong(at, self._name(name), f"is no known key; known are {', '.join(sorted(self.asked))}")


def read(path: Path, reader: Reader) -> yaml.Node | None:
    """The file's one document; None where something is wrong with it (said to ``reader``)."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIGNATURE_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        reader.wrong(1, "", f"cannot be read: {error.strerror}")
        return None
    except UnicodeDecodeError as error:
        reader.wrong(raw[:error.start].count(b"\n") + 1, "", "is not UTF-8 text")
        return None
    if len(raw) > SIGNATURE_BYTES:
        reader.wrong(1, "", f"is larger than {SIGNATURE_BYTES:,} bytes")
        return None
    if sum(text.count(mark) for mark in "[{?-") > NESTING_MARKS:
        reader.wrong(1, "", f"holds more than {NESTING_MARKS:,} of the characters [ {{ ? -")
        return None
    return compose(text, reader)


def compose(text: str, reader: Reader) -> yaml.Node | None:
    """The one document in ``text``, checked for everything that YAML allows and a signature must not hold."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reader.wrong(mark.line + 1 if mark else 1, "", f"is not YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError as error:
        reader.wrong(1, "", f"is not YAML: {str(error).splitlines()[0]}")
        return None
    if node is None:
        reader.wrong(1, "", "is empty")
        return None
    return node if _sound(node, reader) else None


def _sound(root: yaml.Node, reader: Reader) -> bool:
    """No alias, no tag of its own, no duplicate key, not too deep: what would let a small file grow or hide a key."""
    seen: set[int] = set()
    work = [(root, 1)]
    sound = True
    while work:
        node, depth = work.pop()
        if id(node) in seen:
            reader.wrong(node, "", "is used again by an alias (*name): write it out")
            return False
        seen.add(id(node))
        if node.tag not in _TAGS:
            reader.wrong(node, "", f"the tag {node.tag} is not allowed")
            sound = False
        if depth > DEPTH:
            reader.wrong(node, "", f"is nested deeper than {DEPTH} levels")
            return False
        if isinstance(node, yaml.SequenceNode):
            work.extend((item, depth + 1) for item in node.value)
        elif isinstance(node, yaml.MappingNode):
            sound = _keys(node, reader) and sound
            work.extend((item, depth + 1) for pair in node.value for item in pair)
    return sound


def _keys(node: yaml.MappingNode, reader: Reader) -> bool:
    lines: dict[str, int] = {}
    sound = True
    for name, _ in node.value:
        if not isinstance(name, yaml.ScalarNode):
            reader.wrong(name, "", f"a key must be text, not a {_shape(name)}")
            return False
        line = name.start_mark.line + 1
        if name.value in lines:
            reader.wrong(name, name.value, f"is there twice; first in line {lines[name.value]}")
            sound = False
        lines[name.value] = line
    return sound


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"
