"""Reporters: one file a format, each with types of its own; nothing dumps internals.

A new format is one file and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..report import Report
    from .look import Look

#: name of a format -> module with ``render(report, version, look) -> str``
FORMATS = {
    "text": "terminal",
    "json": "json_v1",
}


def renderer(name: str) -> Callable[[Report, str, Look], str]:
    """The function that writes a report in the format ``name``; imported when it is asked for."""
    from importlib import import_module

    render: Callable[[Report, str, Look], str] = import_module(f"{__name__}.{FORMATS[name]}").render
    return render
