"""One decoder per flow: the driver that feeds decoders, and the one place where their errors become notes.

Payloads come from the screen in packet order; what they say is kept with its flow until the flow ends and it is known
who originated; then it is folded into ``Facts``.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Protocol

from .. import limits
from ..errors import DecodeError, NeedMoreData
from ..facts import Facts
from ..model import Payload
from . import datagram_decoders, stream_decoders
from .base import Budget, Cursor
from .fold import Adds, FlowState, fold_flow, of_consul
from .known import HeardState, Known
from .messages import forget
from .sayings import Sayings
from .shared import Shared
from .streams import StreamState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..keyring import Keyring
    from ..model import Flow, Heard, Message, Piece
    from ..rows import Rows
    from .base import DatagramDecoder, StreamDecoder
    from .fold import Telling

    Step = tuple[tuple[tuple[int, int, int], ...], tuple[int, ...], int, bytes]  # of the screen: see screen.asleep


class Screen(Adds, Protocol):
    """What a session asks of the screen that hands payloads on."""

    @property
    def crowd(self) -> tuple[int, int, int]: ...
    def flow(self, number: int) -> Flow: ...
    def rows(self) -> Rows | None: ...
    def used(self) -> tuple[set[int], set[int]]: ...
    def tells(self, sayings: Sayings) -> None: ...
    def tell(self) -> None: ...
    def enough(self, number: int, side: int) -> None: ...
    def resume(self, number: int, side: int) -> None: ...
    def follow(self, number: int, side: int, framing: int, taken: int) -> None: ...
    def learn(self, unit: int, number: int) -> None: ...
    def leads(self, chain: int, step: Step) -> None: ...
    def numbers_of(self, payload: Payload) -> list[int]: ...
    def step(self, chain: int) -> Step | None: ...
    def pieces(self, number: int) -> list[Piece]: ...
    def counts(self, payload: Payload, numbers: list[int]) -> bool: ...
    def goes(self, payload: Payload, step: Step) -> None: ...
    def rouse(self, number: int) -> None: ...
    @property
    def full(self) -> bool: ...
    def unlearn(self) -> Iterable[tuple[Flow, int, list[Heard]]]: ...


DATAGRAM = (0, 0)  # what Payload.sleeps says of it


class Session:
    """Decodes what a screen hands on and folds it into ``facts``.

    ``keyring``: gossip keys to open sealed gossip with. ``hints``: ports that are likely a responder's, used only
    where neither a SYN nor the content tells who originated. ``listener``: told every message (the `decode` verb). ``screen``:
    the one that adds up flows of which nothing was handed on (`Screen(quiet=True)`). ``telling``: whether something that was said
    tells that a conversation may be Consul's (strangers have only a part of the room).
    """

    def __init__(self, *, keyring: Keyring | None = None, hints: frozenset[int] = frozenset(),
                 listener: Callable[[Flow, int, int, int, Message], None] | None = None,
                 screen: Screen | None = None, telling: Telling = of_consul) -> None:
        self.sayings = Sayings(Facts(), telling)
        self.adds = screen
        self.hints = hints
        self.listener = listener
        self.keyring = keyring
        self._datagrams = datagram_decoders()
        self._streams = stream_decoders()
        self._states: dict[int, FlowState] = {}  # of TCP flows StreamStates
        # no method of this session's own: in a ring, it and its screen would stay in memory while the report is made
        self._shared = Shared(partial(_state, self._streams, keyring), self.sayings)
        self._known = Known(hints, self._shared, self.sayings)
        if screen is not None:
            screen.tells(self.sayings)

    @property
    def facts(self) -> Facts:
        """What was learnt so far; of conversations that the screen adds up, when it ``tells``."""
        return self.sayings.facts

    @facts.setter
    def facts(self, facts: Facts) -> None:
        self.sayings.facts = facts
        if self.adds is not None:
            self.adds.tells(self.sayings)  # it counts in those what it adds up

    def take(self, payload: Payload, screen: Screen) -> None:
        """Decode one payload. Never raises on what is in it."""
        state = self._states.get(payload.flow)
        try:
            if state is None and payload.sleeps is None:
                state = self._begin(payload.flow, screen)
            if state is None and payload.sleeps != DATAGRAM:
                if self._shared.take(payload, screen):
                    return
                state = self._roused(payload, screen)
            if isinstance(state, StreamState):
                self._segment(state, payload, screen)
            else:
                self._datagram(state, payload, screen)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the run, and must not be silent
            if payload.flow not in self._states:
                screen.rouse(payload.flow)
                self._begin(payload.flow, screen)
            self._bug(error, self._states[payload.flow], payload, screen)

    def _begin(self, number: int, screen: Screen) -> FlowState:
        flow = screen.flow(number)
        state = self._states[number] = FlowState(flow) if flow.transport == "udp" else StreamState(flow, self._streams, self.keyring)
        return state

    def _roused(self, payload: Payload, screen: Screen) -> StreamState:
        """A decoder for a flow that slept until now."""
        assert payload.sleeps is not None
        pieces = screen.pieces(payload.flow)[:payload.sleeps[1]]
        screen.rouse(payload.flow)
        state = self._begin(payload.flow, screen)
        assert isinstance(state, StreamState)
        state.learns = False
        for side, data, time, frame, start in pieces:
            self._segment(state, Payload(payload.flow, side, data, time, frame, 0, bool(start), limits.TOLD), screen)
        state.taken = [0, 0]  # what was handed on before was counted and is forgotten
        return state

    def end(self, flow: Flow) -> None:
        """The screen gives up a flow, with its final counters: fold it into the facts."""
        state = self._states.pop(flow.number, None)
        self._close(flow, ended=True)
        if isinstance(state, StreamState):
            try:
                for side, time, frame, message in state.close():
                    self._told(state, side, time, frame, message)
            except Exception as error:  # noqa: BLE001 - as in take()
                self._bug(error, state, None, None)
            self._count(state.notes)
        elif state is None and self._known.fold(self.facts, flow, self.adds):
            return
        heard = self._known.said(flow, ended=True)
        if heard is not None:
            self._count(dict(heard.notes))
        fold_flow(self.facts, flow, _both(heard, state), self.hints, self.adds, self.sayings.telling)

    def rest(self) -> None:
        """Nothing is taken any more: room for what is made of the facts."""
        forget()

    def _close(self, flow: Flow, *, ended: bool) -> None:
        """Where no decoder was woken for a flow: find out what it would say at its end."""
        if flow.asleep is not None:
            try:
                self._shared.close(flow, ended=ended)
            except Exception as error:  # noqa: BLE001 - as in take()
                self._bug(error, None, None, None)
                flow.asleep = None

    def snapshot(self, live: Iterable[Flow], screen: Screen | None = None) -> Facts:
        """The facts so far, with the ``live`` flows as if they ended now, and what the ``screen`` added up. Nothing ends."""
        now = Facts()
        if screen is not None:
            screen.tell()
            now.add_up(screen.rows(), screen.crowd)
        for flow in live:
            self._close(flow, ended=False)
            state = self._states.get(flow.number)
            if state is not None or not self._known.fold(now, flow, None):
                fold_flow(now, flow, _both(self._known.said(flow, ended=False), state), self.hints, None, self.sayings.telling)
        return self.facts.joined(now)

    def unlearn(self, screen: Screen) -> None:
        """Have the screen forget what it knows by heart, once what it counted is added. No flow that ended may be waiting."""
        screen.tell()
        self._known.unlearn(screen)

    def _segment(self, state: StreamState, payload: Payload, screen: Screen) -> None:
        before = state.framing(payload.side)
        told = [one for part in payload.split() for one in state.feed(part)]
        state.taken[payload.side] -= len(payload.parts[1:])  # they were handed on as one
        done = state.satisfied()
        if payload.unit == limits.TOLD:
            state.notes.clear()  # counted with what it said
            return
        for one in told:
            self._told(state, *one)
        framing = state.framing(payload.side)
        self._known.learn(state, payload, told, done, (before, framing), screen)
        whole = bool(payload.unit) and not payload.unit & 1
        if bool(framing) != whole:  # it begins to be followed, or must not be any more
            screen.follow(payload.flow, payload.side, framing, state.taken[payload.side])
        for side in done:
            screen.enough(state.flow.number, side)
        if state.notes:
            self._count(state.notes)

    def _datagram(self, state: FlowState | None, payload: Payload, screen: Screen) -> None:
        """``state`` None: all that its flow said so far was known by heart."""
        if state is not None and state.datagrams[payload.side] >= limits.DATAGRAMS_DECODED and self.listener is None:
            return  # handed on before the screen was told: where blocks end must decide nothing
        for decoder in self._datagrams:
            messages = self._try(decoder, payload)
            if messages is not None:
                gossip = decoder.protocol == "memberlist"
                if gossip and payload.unit and self._known.datagram(payload, messages, screen, counted=state is None):
                    return
                state = state or self._begin(payload.flow, screen)
                for message in messages:
                    self._told(state, payload.side, payload.time, payload.frame, message)
                if gossip:
                    return
                break
        state = state or self._begin(payload.flow, screen)
        state.datagrams[payload.side] += 1
        if state.datagrams[payload.side] >= limits.DATAGRAMS_DECODED and self.listener is None:
            screen.enough(payload.flow, payload.side)

    def _try(self, decoder: type[DatagramDecoder], payload: Payload) -> list[Message] | None:
        """The messages of a datagram, or None where it is not this decoder's."""
        reader = decoder()
        reader.missing = payload.lost
        reader.keyring = self.keyring
        messages: list[Message] = []
        try:
            messages.extend(reader.read(Cursor(payload.data), Budget(limits.LZW_BYTES)))
        except (DecodeError, NeedMoreData):
            if not messages:
                return None
            self._count({f"{decoder.protocol}: malformed": 1})
        return messages

    def _told(self, state: FlowState, side: int, time: int, frame: int, message: Message) -> None:
        state.add(side, time, frame, message)
        if self.listener is not None:
            self.listener(state.flow, side, time, frame, message)

    def _count(self, notes: dict[str, int]) -> None:
        kept = self.facts.notes
        for name, count in notes.items():
            kept[name if name in kept or len(kept) < limits.NOTES else "other notes"] += count
        if notes is not kept:
            notes.clear()

    def _bug(self, error: Exception, state: FlowState | None, payload: Payload | None, screen: Screen | None) -> None:
        """Count an error that no decoder may raise: the place in the code, never the bytes."""
        where: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)[-1:]
        place = ", ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in where)
        frame_number = f" at packet {payload.frame}" if payload else ""
        self._count({f"internal error: {type(error).__name__} in {place}": 1})
        self.facts.reasons.add(f"internal error: {type(error).__name__} in {place}{frame_number}; please report it")
        if isinstance(state, StreamState):
            state.give_up()
        if payload is not None and screen is not None:
            screen.enough(payload.flow, 0)
            screen.enough(payload.flow, 1)


def _state(decoders: tuple[type[StreamDecoder], ...], keyring: Keyring | None, flow: Flow) -> StreamState:
    return StreamState(flow, decoders, keyring)


def _both(heard: HeardState | None, state: FlowState | None) -> FlowState | None:
    """What the screen counted of a flow and what was decoded, as one; neither decoder nor ``state`` is changed."""
    if heard is None or state is None:
        return state if heard is None else heard
    heard.join(state)
    return heard
