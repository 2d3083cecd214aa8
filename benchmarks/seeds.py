"""Randomness from a fixed seed: the same name and seed give the same bytes."""

from __future__ import annotations

from random import Random

SEED = 20261122


def seeded(name: str, seed: int = SEED) -> Random:
    """A generator of its own for each capture, so that one capture does not change with another."""
    return Random(f"{seed}/{name}")  # noqa: S311 - test data
