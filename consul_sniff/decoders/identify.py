"""Whose bytes are these? Asked of every decoder, in order; content decides, no port is known here."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import DecodeError, NeedMoreData

if TYPE_CHECKING:
    from .base import Opening, StreamDecoder

    Decoders = tuple[type[StreamDecoder], ...]


def identify(opening: Opening, decoders: Decoders) -> type[StreamDecoder] | bool | None:
    """The decoder that surely owns the flow; None: more bytes are needed to tell; False: nobody's.

    The first decoder that says True wins, unless an earlier one still needs more bytes to tell: order is priority.
    """
    for decoder in _candidates(opening, decoders):
        try:
            answer = decoder.claims(opening)
        except NeedMoreData:
            return None
        except DecodeError:
            continue
        if answer:
            return decoder
        if answer is None:
            return None
    return False


def _candidates(opening: Opening, decoders: Decoders) -> Decoders:
    """Less those that the first byte rules out, where one side spoke so far and from its beginning."""
    first, second = opening.sides
    if first and second:
        return decoders
    began = opening.began[0 if first else 1]
    return _by_first_byte(decoders)[(first or second)[0]] if began and (first or second) else decoders


@lru_cache(maxsize=8)
def _by_first_byte(decoders: Decoders) -> tuple[Decoders, ...]:
    return tuple(tuple(one for one in decoders if one.first_bytes is None or byte in one.first_bytes) for byte in range(256))
