"""JSON with an indent of one space, byte for byte as ``json.dumps(value, indent=1, ensure_ascii=False)`` writes it.

The standard library's C encoder does not indent, and its Python encoder takes ten times as long. Here the keys of a dict,
which in a table are the same from row to row, are made a template once, and only values are written for each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from json import dumps
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: how scalars are written; what is not here goes to the standard library
SCALARS: Final[dict[type, Callable[[Any], str]]] = {
    str: encode_basestring, int: int.__repr__, bool: lambda value: "true" if value else "false", type(None): lambda _: "null",
}
BATCH: Final = 256  # rows of a table in one piece of text


def text(value: Any, depth: int = 0) -> str:
    """The value as JSON. ValueError for a float that JSON has no word for."""
    kind = type(value)
    if kind in SCALARS:
        return SCALARS[kind](value)
    if kind is dict and value:
        return _template(depth, *value) % tuple([
            SCALARS[type(item)](item) if type(item) in SCALARS else text(item, depth + 1) for item in value.values()])
    if kind in (list, tuple) and value:
        inner = "\n" + " " * (depth + 1)
        return f"[{inner}{f',{inner}'.join([text(item, depth + 1) for item in value])}\n{' ' * depth}]"
    return dumps(value, ensure_ascii=False, allow_nan=False)


def pieces(value: Mapping[str, Any]) -> Iterator[str]:
    """The same for a dict, in pieces: an iterator in it is a list whose items are made as they are written."""
    between = "{\n "
    for key, item in value.items():
        yield f"{between}{encode_basestring(key)}: "
        between = ",\n "
        if isinstance(item, Iterator):
            yield from _rows(item)
        else:
            yield text(item, 1)
    yield "\n}"


def _rows(rows: Iterator[Any]) -> Iterator[str]:
    between, end = "[\n  ", "[]"
    while batch := [text(row, 2) for row in islice(rows, BATCH)]:
        yield between + ",\n  ".join(batch)
        between, end = ",\n  ", "\n ]"
    yield end


@lru_cache(maxsize=128)
def _template(depth: int, *keys: str) -> str:
    """A dict with these keys and a ``%s`` for each value."""
    inner = "\n" + " " * (depth + 1)
    lines = [encode_basestring(key).replace("%", "%%") + ": %s" for key in keys]
    return f"{{{inner}{f',{inner}'.join(lines)}\n{' ' * depth}}}"
