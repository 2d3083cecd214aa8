"""Reporters: one file a format, each with types of its own; nothing dumps internals.

A new format is one file and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..report import Report
    from .look import Look

#: name of a format -> module with ``render(report, version, look) -> str``, and perhaps ``pieces``, the same as an iterator
FORMATS = {
    "text": "terminal",
    "json": "json_v1",
}


def renderer(name: str) -> Callable[[Report, str, Look], str]:
    """The function that writes a report in the format ``name``; imported when it is asked for."""
    from importlib import import_module

    render: Callable[[Report, str, Look], str] = import_module(f"{__name__}.{FORMATS[name]}").render
    return render


def encoded(name: str, report: Report, version: str, look: Look) -> Iterator[bytes]:
    """The report in the format ``name`` as UTF-8, in pieces: the text of a large one is never in memory whole."""
    from importlib import import_module

    module = import_module(f"{__name__}.{FORMATS[name]}")
    pieces: Iterable[str] = module.pieces(report, version, look) if hasattr(module, "pieces") else (module.render(report, version, look),)
    return (piece.encode("utf-8", "replace") for piece in pieces)
