"""Least privilege for a process that parses hostile bytes: root is given up, and what is not open yet stays shut.

Linux only, with ctypes alone. The command line calls it, once sockets and outputs are open; no stage knows of it.
Its modules are loaded when they are asked for: writing a report needs ``OutputDir``, and not ctypes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .confinement import confine
    from .outputs import OutputDir
    from .privileges import identity, raise_capture_right
    from .status import Confinement, Mechanism, process_status

__all__ = ["Confinement", "Mechanism", "OutputDir", "confine", "identity", "process_status", "raise_capture_right"]

_FROM: Final = {"confine": "confinement", "OutputDir": "outputs", "identity": "privileges", "raise_capture_right": "privileges",
                "Confinement": "status", "Mechanism": "status", "process_status": "status"}


def __getattr__(name: str) -> object:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_FROM[name]}", __name__), name)
