"""The screen: flows, counters, and the few payloads that someone must read.

Its hot modules are Python that Cython can compile (types stand in the ``.pxd`` files beside them); uncompiled they do the
same, a hundred times slower. ``compiled`` tells which runs; CONSUL_SNIFF_UNCOMPILED=1 in the environment forces the
uncompiled ones.
"""

from __future__ import annotations

import os
import sys

#: in the order in which they import each other
MODULES = ("words", "records", "layers", "table", "gossip", "repeats", "handover", "units", "asleep",
           "hellos", "heads", "names", "others", "streams", "screen")


def _uncompiled() -> None:
    """Load the Python source of each module even where a compiled one lies beside it."""
    import importlib.util
    import pathlib

    here = pathlib.Path(__file__).parent
    for name in MODULES:
        full = f"{__name__}.{name}"
        spec = importlib.util.spec_from_file_location(full, here / f"{name}.py")
        if spec is None or spec.loader is None:
            raise ImportError(full)
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)


def _mixed() -> bool:
    """Were some modules compiled and others not (a compiler that gave up half-way)? They would not fit together."""
    files = [getattr(sys.modules.get(f"{__name__}.{name}"), "__file__", "") or "" for name in MODULES]
    return len({file.endswith(".py") for file in files}) != 1


if os.environ.get("CONSUL_SNIFF_UNCOMPILED") == "1":
    _uncompiled()
else:
    try:
        from . import screen as _first  # noqa: F401 - to see what comes
        if _mixed():
            _uncompiled()
    except (ImportError, AttributeError, TypeError, ValueError):
        _uncompiled()

from .screen import Screen, compiled  # noqa: E402

__all__ = ["Screen", "compiled"]
