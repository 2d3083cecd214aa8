"""JSON with an indent of one space, byte for byte as ``json.dumps(value, indent=1, ensure_ascii=False)`` writes it.

The standard library's C encoder does not indent, and its Python encoder takes ten times as long. Here the keys of a dict,
which in a table are the same from row to row, are made a template once, and only values are written for each row, column by
column; words that stand in most rows of a column once.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from json import dumps
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final

from ..report import Writing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from ..report import Form

    #: the keys of a table's rows, and what makes of a value what is written (None: it is written as it is); or the columns
    #: of a table that is the value
    Columns = Mapping[str, "Callable[[Any], Any] | Columns | None"]

#: how scalars are written; what is not here goes to the standard library
SCALARS: Final[dict[type, Callable[[Any], str]]] = {
    str: encode_basestring, int: int.__repr__, bool: lambda value: "true" if value else "false", type(None): lambda _: "null",
}
BATCH: Final = 256  # rows of a table in one piece of text


class Table:
    """A list of dicts with the same keys, made of ``rows``: tuples with the values of all ``columns``. ``form``: how those are written
    that can write themselves."""

    __slots__ = ("columns", "form", "rows")

    def __init__(self, rows: Sequence[tuple[Any, ...]], columns: Columns, form: Form | None = None) -> None:
        self.rows = rows
        self.columns = columns
        self.form = form

    def dicts(self) -> list[dict[str, Any]]:
        return [{key: value if write is None else write(value) if callable(write) else Table(value, write).dicts()
                 for (key, write), value in zip(self.columns.items(), row, strict=True)} for row in self.rows]


def text(value: Any, depth: int = 0) -> str:
    """The value as JSON. ValueError for a float that JSON has no word for."""
    return _texts([value], depth)[0]


def _texts(values: Sequence[Any], depth: int) -> list[str]:
    """Each value as JSON. Values of one type, as a table's column has them, are written all at once."""
    kinds = set(map(type, values))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind in SCALARS:
        return _words(values, SCALARS[kind])
    if kind is dict and len(shapes := {tuple(value) for value in values}) == 1:
        return _dicts(values, shapes.pop(), depth)
    if kind in (list, tuple):
        return _lists(values, depth)
    if kind is not None and (kind is not dict or len(values) == 1):
        return [dumps(value, ensure_ascii=False, allow_nan=False) for value in values]
    return [SCALARS[type(value)](value) if type(value) in SCALARS else text(value, depth) for value in values]


def _words(values: Sequence[Any], write: Callable[[Any], str]) -> list[str]:
    different = set(values)
    if len(different) * 2 > len(values):
        return list(map(write, values))
    words = {value: write(value) for value in different}
    return [words[value] for value in values]


def _dicts(values: Sequence[dict[str, Any]], keys: tuple[str, ...], depth: int) -> list[str]:
    """Dicts with the same keys."""
    if not keys:
        return ["{}"] * len(values)
    return _filled(keys, [_texts(column, depth + 1) for column in zip(*[value.values() for value in values], strict=True)], depth)


def _rows(rows: Sequence[tuple[Any, ...]], columns: Columns, depth: int) -> list[str]:
    """Rows of a table."""
    written = []
    for column, write in zip(zip(*rows, strict=True), columns.values(), strict=True):
        if write is None or callable(write):
            written.append(_texts(column if write is None else list(map(write, column)), depth + 1))
        else:
            items = [item for value in column for item in value]
            written.append(_brackets(column, _rows(items, write, depth + 2) if items else [], depth + 1))
    return _filled(columns, written, depth)


def _filled(keys: Iterable[str], columns: Sequence[Sequence[str]], depth: int) -> list[str]:
    template = _template(depth, *keys)
    return [template % row for row in zip(*columns, strict=True)]


def _lists(values: Sequence[Sequence[Any]], depth: int) -> list[str]:
    """Lists, the items of all of them at once."""
    return _brackets(values, _texts([item for value in values for item in value], depth + 1), depth)


def _brackets(values: Sequence[Sequence[Any]], written: Iterable[str], depth: int) -> list[str]:
    """Lists, their items already written one after the other."""
    items = iter(written)
    inner = "\n" + " " * (depth + 1)
    between, end = "," + inner, "\n" + " " * depth + "]"
    return ["[" + inner + between.join(islice(items, len(value))) + end if value else "[]" for value in values]


def pieces(value: Mapping[str, Any]) -> Iterator[str]:
    """The same for a dict, in pieces; tables in it are written batch by batch."""
    between = "{\n "
    for key, item in value.items():
        yield f"{between}{encode_basestring(key)}: "
        between = ",\n "
        if isinstance(item, Table):
            yield from _batches(item)
        else:
            yield text(item, 1)
    yield "\n}"


def _batches(table: Table) -> Iterator[str]:
    between, end = "[\n  ", "[]"
    for start in range(0, len(table.rows), BATCH):
        yield between + ",\n  ".join(_batch(table, slice(start, start + BATCH)))
        between, end = ",\n  ", "\n ]"
    yield end


def _batch(table: Table, at: slice) -> list[str]:
    """Rows of a table in a dict."""
    if table.form is None or not isinstance(table.rows, Writing):
        return _rows(table.rows[at], table.columns, 2)
    rows = table.rows.written(at, table.form)
    left = [row for row in rows if not isinstance(row, str)]
    texts = iter(_rows(left, table.columns, 2) if left else ())
    return [row if isinstance(row, str) else next(texts) for row in rows]


def around(columns: Columns, bare: Collection[str], endings: Mapping[str, str]) -> tuple[str, ...]:
    """Of a ``Form``, for rows of a table in a dict. ``bare``: columns of numbers; ``endings``: what a column's values all end with."""
    quotes = ["" if key in bare else '"' for key in columns]
    before = [*quotes, ""]
    after = ["", *[endings.get(key, "") + quote for key, quote in zip(columns, quotes, strict=True)]]
    return tuple([f"{end}{text}{quote}" for end, text, quote in zip(after, _template(2, *columns).split("%s"), before, strict=True)])


@lru_cache(maxsize=128)
def _template(depth: int, *keys: str) -> str:
    """A dict with these keys and a ``%s`` for each value."""
    inner = "\n" + " " * (depth + 1)
    lines = [encode_basestring(key).replace("%", "%%") + ": %s" for key in keys]
    return f"{{{inner}{f',{inner}'.join(lines)}\n{' ' * depth}}}"
