"""The screen: flows, counters, and the few payloads that someone must read.

Its hot modules are Python that Cython can compile (types stand in the ``.pxd`` files beside them); uncompiled they do the
same, a hundred times slower. ``compiled`` tells which runs; CONSUL_SNIFF_UNCOMPILED=1 in the environment forces the
uncompiled ones.
"""

from __future__ import annotations

import sys

from ..uncompiled import WANTED, load

#: in the order in which they import each other
MODULES = ("words", "records", "layers", "table", "conversations", "gossip", "repeats", "handover", "digests", "units", "ahead", "asleep", "sums", "tallies", "gathering",
           "hellos", "heads", "names", "others", "pieces", "early", "fragments", "streams", "flows", "screen")


def _mixed() -> bool:
    """Were some modules compiled and others not (a compiler that gave up half-way)? They would not fit together."""
    files = [getattr(sys.modules.get(f"{__name__}.{name}"), "__file__", "") or "" for name in MODULES]
    return len({file.endswith(".py") for file in files}) != 1


def _load() -> None:
    if WANTED:
        load(__name__, MODULES)
        return
    try:
        from . import screen as _first  # noqa: F401 - to see what comes
        if _mixed():
            load(__name__, MODULES)
    except (ImportError, AttributeError, TypeError, ValueError):
        load(__name__, MODULES)


_found = sys.modules.get("cython")
sys.modules["cython"] = None  # type: ignore[assignment] # nobody finds it: its casts are half of the uncompiled screen's time
try:
    _load()
finally:
    del sys.modules["cython"]
    if _found:
        sys.modules["cython"] = _found

from .gathering import together  # noqa: E402
from .screen import Screen, compiled  # noqa: E402

__all__ = ["Screen", "compiled", "together"]
