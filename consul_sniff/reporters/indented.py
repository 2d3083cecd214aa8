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
    from collections.abc import Callable, Mapping, Sequence

#: how scalars are written; what is not here goes to the standard library
SCALARS: Final[dict[type, Callable[[Any], str]]] = {
    str: encode_basestring, int: int.__repr__, bool: lambda value: "true" if value else "false", type(None): lambda _: "null",
}
BATCH: Final = 256  # rows of a table in one piece of text


def text(value: Any, depth: int = 0) -> str:
    """The value as JSON. ValueError for a float that JSON has no word for."""
    return _texts([value], depth)[0]


def _texts(values: Sequence[Any], depth: int) -> list[str]:
    """Each value as JSON. Values of one type, as a table's column has them, are written all at once."""
    kinds = set(map(type, values))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind in SCALARS:
        return list(map(SCALARS[kind], values))
    if kind is dict and len(shapes := {tuple(value) for value in values}) == 1:
        return _dicts(values, shapes.pop(), depth)
    if kind in (list, tuple):
        return _lists(values, depth)
    if kind is not None and (kind is not dict or len(values) == 1):
        return [dumps(value, ensure_ascii=False, allow_nan=False) for value in values]
    return [SCALARS[type(value)](value) if type(value) in SCALARS else text(value, depth) for value in values]


def _dicts(values: Sequence[dict[str, Any]], keys: tuple[str, ...], depth: int) -> list[str]:
    """Dicts with the same keys, column by column."""
    if not keys:
        return ["{}"] * len(values)
    columns = [_texts(column, depth + 1) for column in zip(*[value.values() for value in values], strict=True)]
    template = _template(depth, *keys)
    return [template % row for row in zip(*columns, strict=True)]


def _lists(values: Sequence[Sequence[Any]], depth: int) -> list[str]:
    """Lists, the items of all of them at once."""
    items = iter(_texts([item for value in values for item in value], depth + 1))
    inner = "\n" + " " * (depth + 1)
    return [f"[{inner}{f',{inner}'.join(islice(items, len(value)))}\n{' ' * depth}]" if value else "[]" for value in values]


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
    while batch := _texts(list(islice(rows, BATCH)), 2):
        yield between + ",\n  ".join(batch)
        between, end = ",\n  ", "\n ]"
    yield end


@lru_cache(maxsize=128)
def _template(depth: int, *keys: str) -> str:
    """A dict with these keys and a ``%s`` for each value."""
    inner = "\n" + " " * (depth + 1)
    lines = [encode_basestring(key).replace("%", "%%") + ": %s" for key in keys]
    return f"{{{inner}{f',{inner}'.join(lines)}\n{' ' * depth}}}"
