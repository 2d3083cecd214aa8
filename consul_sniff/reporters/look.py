"""How wide and how colourful the place is where a report is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

NARROWEST = 40
WIDEST = 140  # longer lines are hard to read


class Look(NamedTuple):
    """``color`` adds emphasis only: every word and sign is there without it."""

    width: int = 100
    color: bool = False


def look_for(*, tty: bool, columns: int, environment: Mapping[str, str]) -> Look:
    """The look for a stream. ``FORCE_COLOR`` wins over ``NO_COLOR`` (no-color.org) and ``TERM=dumb``."""
    color = tty and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Look(min(max(columns, NARROWEST), WIDEST), color or bool(environment.get("FORCE_COLOR")))
