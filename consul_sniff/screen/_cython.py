"""Stands in for ``cython`` where the screen runs uncompiled: names for annotations, and no effect.

The compiled modules import neither this nor Cython. Uncompiled they must not need Cython either (17 MB), so each tries
``import cython`` under a condition that only the compiler takes.
"""

from __future__ import annotations

import builtins
from typing import TypeVar

T = TypeVar("T")

compiled = False
i64 = u64 = uint = builtins.int
int = builtins.int  # noqa: A001 - Cython's name


def cast(kind: object, value: T) -> T:  # noqa: ARG001 - the compiler's signature
    """``value``: Python's integers have no width."""
    return value


def declare(kind: object, value: T) -> T:  # noqa: ARG001 - the compiler's signature
    """``value``: compiled it becomes a C variable."""
    return value
