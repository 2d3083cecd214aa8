"""What is known by heart: what messages, datagrams and beginnings of conversations said when they were decoded.

The screen counts what it met before by numbers (``screen.units``, ``screen.asleep``); here stands what each number says. A flow that was
never decoded because all of it was known is *asleep*: what a decoder would know of it at its end is asked once of all alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fold import FlowState, fold_counters, fold_heard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..facts import Facts
    from ..model import Flow, Framing, Heard, Message, Payload
    from .fold import Adds
    from .sayings import Sayings
    from .session import Screen
    from .shared import Shared
    from .streams import StreamState

    Told = tuple[int, int, int, Message]  # side, time, frame, what


class HeardState(FlowState):
    """What a flow said that the screen counted."""

    __slots__ = ("_originator", "notes")

    def __init__(self, flow: Flow, originator: int | None = None) -> None:
        super().__init__(flow)
        self._originator = originator
        self.notes: Mapping[str, int] = {}

    @property
    def originator(self) -> int | None:
        return self._originator

    def join(self, other: FlowState) -> None:
        super().join(other)
        if self._originator is None:
            self._originator = other.originator


class Known:
    """``learn`` from what was decoded; ``said`` is what the screen counted of a flow. ``shared`` decodes what sleeping flows say."""

    def __init__(self, hints: frozenset[int], shared: Shared, sayings: Sayings) -> None:
        self.hints = hints
        self.shared = shared
        self.sayings = sayings
        self._early: dict[int, HeardState] = {}  # of live flows, what the screen counted before it forgot

    # --- learning ----------------------------------------------------------------------------------------------

    def datagram(self, payload: Payload, messages: Sequence[Message], screen: Screen, *, counted: bool) -> bool:
        """Learn what a datagram said. ``counted``: have the screen count it for its flow; True where it did."""
        number = self.sayings.number(messages)
        screen.learn(payload.unit, number)
        return counted and screen.counts(payload, [number])

    def learn(self, state: StreamState, payload: Payload, told: Sequence[Told], done: Sequence[int],
              framing: tuple[Framing, Framing], screen: Screen) -> None:
        """What a payload said, where it is a unit or leads on a chain. ``framing``: before and after it; ``done``: sides of
        which no more is needed."""
        if state.notes:
            state.learns = False  # others must come here awake, or what they said after it would be known and this not
        if not payload.unit or screen.full or not state.learns:
            return
        if payload.unit & 1:
            said = self._said_by(state, told)
            if said is not None:
                screen.leads(payload.unit, (said, tuple(done), int(framing[1]), payload.data))
        elif framing[0] and framing[0] == framing[1] and not done:
            for part in payload.split():
                mine = [message for _, _, frame, message in told if not payload.parts or frame == part.frame]
                screen.learn(part.unit, self.sayings.number(mine))

    def _said_by(self, state: StreamState, told: Sequence[Told]) -> tuple[tuple[int, int, int], ...] | None:
        """(side, pieces back, number) of what was told; None where it is not of one of the last pieces."""
        groups: dict[tuple[int, int], list[Message]] = {}
        pieces = state.pieces
        for side, time, frame, message in told:
            if (time, frame) not in pieces:
                return None
            back = len(pieces) - 1 - pieces.index((time, frame))
            groups.setdefault((side, back), []).append(message)
        return tuple([(side, back, self.sayings.number(messages)) for (side, back), messages in groups.items()])

    # --- telling -----------------------------------------------------------------------------------------------

    def fold(self, facts: Facts, flow: Flow, adds: Adds | None) -> bool:
        """Add a flow that was never decoded to the facts, if what the screen counted is all that is to be told of it."""
        if flow.number in self._early:
            return False
        close = self.shared.close(flow, ended=adds is not None) if flow.asleep is not None else None
        if close is not None and (close.messages or close.notes):
            return False
        says, tells = self.sayings.says, self.sayings.tells
        heard = [(side, said, one) for side in (0, 1) for one in flow.heard[side] for said in says(one[0])]
        key, source, strange = fold_counters(facts, flow, close.originator if close is not None else None, self.hints, adds,
                                             telling=any(said.table != "said" or tells[said.place] for _, said, _ in heard))
        if heard:
            fold_heard(facts, flow, key, source, heard, adds, strange=strange)
        return True

    def said(self, flow: Flow, *, ended: bool) -> HeardState | None:
        """What the screen counted of a flow, and what its decoder would say at its end."""
        early = self._early.get(flow.number)
        if ended and early is not None:
            del self._early[flow.number]
        if early is None and flow.asleep is None and not (flow.heard[0] or flow.heard[1]):
            return None
        close = self.shared.close(flow, ended=ended) if flow.asleep is not None else None
        state = HeardState(flow, close.originator if close is not None else None)
        if early is not None:
            state.join(early)
        self._hear(state, flow.heard)
        if ended and close is not None and flow.asleep is not None:
            for side, place, message in close.messages:
                state.add(side, *flow.asleep[1][place][2:4], message)
            state.notes = close.notes
        return state

    def unlearn(self, screen: Screen) -> None:
        """Have the screen forget, once what it counted is kept."""
        for flow, side, heard in screen.unlearn():
            state = self._early.get(flow.number)
            if state is None:
                state = self._early[flow.number] = HeardState(flow)
            self._hear(state, (heard, []) if side == 0 else ([], heard))
        self.sayings.forget(*screen.used())
        self.shared.forget()

    def _hear(self, state: FlowState, heard: tuple[Sequence[Heard], Sequence[Heard]]) -> None:
        for side, units in enumerate(heard):
            for one in units:
                state.hear(side, self.sayings.says(one[0]), one)
