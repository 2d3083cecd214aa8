"""Decoders that flows share while they say the same: one stands at each place that some flow came to.

What a sleeping flow (``screen.asleep``) says that none said there before is decoded by the decoder that stands there, whoever
led it so far, and is counted by the screen: so each piece is decoded once, not once for each flow that happened to be first
somewhere. A decoder that has gone on meanwhile is made anew from the pieces. Time and packet are a flow's own; the number of
the piece stands for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .. import limits
from ..model import Payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..model import Flow, Message, Piece
    from .sayings import Sayings
    from .session import Screen, Step
    from .streams import StreamState


class Close(NamedTuple):
    """What a sleeping flow's decoder would say at its end."""

    originator: int | None
    messages: tuple[tuple[int, int, Message], ...]  # side, number of the piece, what it said
    notes: Mapping[str, int]


class Shared:
    """``take`` what was handed on of a flow that sleeps; ``close`` says what its decoder would at its end. ``wake`` makes a decoder."""

    def __init__(self, wake: Callable[[Flow], StreamState], sayings: Sayings) -> None:
        self.sayings = sayings
        self._wake = wake
        self._standing: dict[int, StreamState] = {}  # chain -> the decoder of a flow that said this so far
        self._closes: dict[int, Close] = {}

    def take(self, payload: Payload, screen: Screen) -> bool:
        """Count what a sleeping flow said. False: it cannot be known by heart, and the flow needs a decoder of its own."""
        if payload.unit & 1:
            step = screen.step(payload.unit) or self._learn_step(payload, screen)
            if step is not None:
                screen.goes(payload, step)
            return step is not None
        numbers = screen.numbers_of(payload)
        if min(numbers) < 0:
            learnt = self._learn_unit(payload, screen)
            if learnt is None:
                return False
            numbers = learnt
        return screen.counts(payload, numbers)

    def _learn_step(self, payload: Payload, screen: Screen) -> Step | None:
        """Learn what a piece says, and give it; None where that cannot be known by heart."""
        state, place = self._standing_at(payload, screen)
        told, done = self._told(state, payload, place)
        if state.notes:
            return None
        groups: dict[tuple[int, int], list[Message]] = {}
        for side, _, piece, message in told:
            groups.setdefault((side, place - piece), []).append(message)
        said = tuple([(side, back, self.sayings.number(messages)) for (side, back), messages in groups.items()])
        step = (said, tuple(done), int(state.framing(payload.side)), payload.data)
        screen.leads(payload.unit, step)
        if state.silent:
            self._closed(payload.unit, Close(state.originator, (), {}))
        self._stand(payload.unit, state)
        return step

    def _learn_unit(self, payload: Payload, screen: Screen) -> list[int] | None:
        """Learn what a unit says: the number of each part; None where that does not hang on its bytes alone."""
        state, place = self._standing_at(payload, screen)
        framing = state.framing(payload.side)
        parts = payload.split()
        told = [self._told(state, part, place - 1) for part in parts]
        if state.notes or any(done for _, done in told) or not framing or state.framing(payload.side) != framing:
            return None
        assert payload.sleeps is not None
        self._stand(payload.sleeps[0], state)
        numbers = [self.sayings.number([message for _, _, _, message in said]) for said, _ in told]
        for part, number in zip(parts, numbers, strict=True):
            screen.learn(part.unit, number)
        return numbers

    def _told(self, state: StreamState, payload: Payload, place: int) -> tuple[list[tuple[int, int, int, Message]], list[int]]:
        told = list(state.feed(payload._replace(time=place, frame=place, unit=0)))
        return told, state.satisfied()

    def _standing_at(self, payload: Payload, screen: Screen) -> tuple[StreamState, int]:
        """The decoder of a flow that said what this one did before, and how many pieces that was."""
        assert payload.sleeps is not None
        chain, place = payload.sleeps
        state = self._standing.pop(chain, None)
        if state is None:
            state = self._led(screen.flow(payload.flow), screen.pieces(payload.flow)[:place])
        return state, place

    def _stand(self, chain: int, state: StreamState) -> None:
        if len(self._standing) >= limits.STANDING:
            del self._standing[next(iter(self._standing))]
        self._standing[chain] = state

    def _led(self, flow: Flow, pieces: Sequence[Piece]) -> StreamState:
        """A decoder that was told these pieces."""
        state = self._wake(flow)
        for place, (side, data, _, _, start) in enumerate(pieces):
            self._told(state, Payload(flow.number, side, data, 0, 0, 0, bool(start)), place)
        state.notes.clear()
        return state

    def close(self, flow: Flow, *, ended: bool) -> Close:
        """What a sleeping flow's decoder would say at its end. Raises what a bug of the decoder's raises."""
        assert flow.asleep is not None
        chain, pieces = flow.asleep
        close = self._closes.get(chain)
        if close is None:
            state = (self._standing.pop(chain, None) if ended else None) or self._led(flow, pieces)
            messages = tuple([(side, place, message._replace(detail=None)) for side, _, place, message in state.close()])
            close = Close(state.originator, messages, dict(state.notes))
            self._closed(chain, close)
        return close

    def _closed(self, chain: int, close: Close) -> None:
        """Remember what flows say at their ends that came to this place."""
        if len(self._closes) < limits.UNITS:
            self._closes[chain] = close
            if not (close.messages or close.notes):
                self.sayings.closes[chain] = -1 if close.originator is None else close.originator

    def forget(self) -> None:
        """The screen forgets what it knows: nothing of it may be told by the old numbers."""
        self._standing.clear()
        self._closes.clear()
