"""Capture: files, folders and standard input, read to blocks of packet records (`model.Block`). Parses no protocol."""

from __future__ import annotations

from .follow import Follow
from .inputs import Input, elsewhere, expand, weigh
from .source import Source, sources

__all__ = ["Follow", "Input", "Source", "elsewhere", "expand", "sources", "weigh"]
