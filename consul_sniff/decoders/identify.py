"""Whose bytes are these? Asked of every decoder, in order; content decides, no port is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DecodeError, NeedMoreData

if TYPE_CHECKING:
    from .base import Opening, StreamDecoder


def identify(opening: Opening, decoders: tuple[type[StreamDecoder], ...]) -> type[StreamDecoder] | bool | None:
    """The decoder that surely owns the flow; None: more bytes are needed to tell; False: nobody's.

    The first decoder that says True wins, unless an earlier one still needs more bytes to tell: order is priority.
    """
    undecided = False
    for decoder in decoders:
        try:
            answer = decoder.claims(opening)
        except NeedMoreData:
            answer = None
        except DecodeError:
            answer = False
        if answer:
            return None if undecided else decoder
        undecided = undecided or answer is None
    return None if undecided else False
