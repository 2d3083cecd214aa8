"""A live TCP flow: bytes wait here until a decoder is found and has enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import limits
from ..errors import DecodeError, NeedMoreData
from ..model import Framing
from .base import Cursor, Opening, StreamDecoder
from .fold import FlowState
from .identify import identify
from .waiting import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..keyring import Keyring
    from ..model import Flow, Message, Payload, Standing

ASKED_AT_ONCE = 8  # packets at each of which an unknown flow is asked for, in a new window
LOST_STEPS = 8  # times a flow may fall out of step before it is left alone


class StreamState(FlowState):
    """A live TCP flow with its decoder."""

    __slots__ = ("decoders", "decoder", "sides", "tries", "asked", "ask_at", "unasked", "lost_steps", "notes", "keyring", "_originator", "last", "taken", "pieces", "learns")

    def __init__(self, flow: Flow, decoders: tuple[type[StreamDecoder], ...], keyring: Keyring | None) -> None:
        super().__init__(flow)
        self.decoders = decoders
        self.decoder: StreamDecoder | None = None
        self.sides = (Side(), Side())
        self.tries = 0  # times the decoders were asked whose bytes these are
        self.asked = 0  # likewise, in this window
        self.ask_at = 0  # bytes that must be waiting before the decoders are asked again
        self.unasked = False  # something waits that they were not asked about
        self.lost_steps = 0
        self.notes: dict[str, int] = {}
        self.keyring = keyring
        self._originator: int | None = None
        self.last = (0, 0)
        self.taken = [0, 0]  # payloads of each side
        self.pieces: list[tuple[int, int]] = []  # time and frame of those that led on a chain (Payload.unit)
        self.learns = True  # nothing stood in what it said so far that cannot be known by heart
        if flow.standing is not None:
            self._go_on(flow.standing)

    @property
    def originator(self) -> int | None:
        return self._originator

    def feed(self, payload: Payload) -> Iterator[tuple[int, int, int, Message]]:
        """Take the next bytes of one side; tell what they say."""
        self.taken[payload.side] += 1
        if payload.unit & 1:
            self.pieces.append((payload.time, payload.frame))
        side = self.sides[payload.side]
        if side.done:
            return
        self.last = (payload.time, payload.frame)
        if payload.lost:
            yield from self._gap(payload.side, payload.lost)
        if payload.start:
            side.began = True
        side.add(payload)
        if self.decoder is None:
            yield from self._identify()
        else:
            yield from self._decode(payload.side)

    def close(self) -> Iterator[tuple[int, int, int, Message]]:
        """The flow ended: what was waiting for its end."""
        if self.silent:
            return
        if self.decoder is None:
            self.ask_at = 0
            yield from self._identify()
        for number in (0, 1):
            yield from self._cut(number)
        if self.decoder is None:
            return
        try:
            messages = self.decoder.close()
        except (DecodeError, NeedMoreData) as error:
            self._note(error)
            return
        self._learn_originator()
        sides = self.decoder.closed_sides
        for index, message in enumerate(messages):
            side = sides[index] if index < len(sides) else self.originator or 0
            yield (side, *self.last, message)

    @property
    def silent(self) -> bool:
        """Would its end say nothing, if it came now? Nobody's bytes are not asked about twice."""
        return self.decoder is None and not self.unasked

    def satisfied(self) -> list[int]:
        """Sides of which no more bytes are needed, each told once."""
        told = []
        for number, side in enumerate(self.sides):
            if self.decoder is not None and not side.done and not self.decoder.content(number):
                side.done = True
                side.drop(len(side.waiting))
            if side.done and not side.told:
                side.told = True
                told.append(number)
        if told and self.decoder is not None and self.sides[0].done and self.sides[1].done and type(self.decoder).close is StreamDecoder.close:
            self._learn_originator()
            self.decoder = None  # it has nothing to say at the end, and thousands may be past
        return told

    def framing(self, number: int) -> Framing:
        """How the next messages of a side are told apart, where it stands between two."""
        side = self.sides[number]
        if self.decoder is None or side.done or side.waiting:
            return Framing.NONE
        return self.decoder.framing(number)

    def give_up(self) -> None:
        """Nobody's, or broken: leave it alone from now on."""
        self.decoder = None
        for side in self.sides:
            side.done = True
            side.drop(len(side.waiting))

    def _go_on(self, standing: Standing) -> None:
        """The screen followed the flow so far."""
        if self.flow.transport == "udp":
            self.datagrams = list(standing.left)
            return
        from .http1 import Http1

        for side, taken in zip(self.sides, standing.taken, strict=True):
            side.began = taken > 0
            side.total = taken
        self.tries = 1
        self.decoder = Http1.resumed(standing, self.flow.opener or 0)
        self._learn_originator()

    def _identify(self) -> Iterator[tuple[int, int, int, Message]]:
        lengths = [len(side.waiting) for side in self.sides]
        waiting = sum(lengths)
        self.unasked = waiting > 0 and waiting < self.ask_at and max(lengths) < limits.IDENTIFY_BYTES
        if not waiting or self.unasked:
            return
        opening = Opening((bytes(self.sides[0].waiting), bytes(self.sides[1].waiting)),
                          (self.sides[0].began, self.sides[1].began), self.flow.opener)
        found = identify(opening, self.decoders)
        self.tries += 1
        if isinstance(found, type):
            self.decoder = found.begin(opening)
            self._equip()
            first = self.flow.opener if self.flow.opener is not None else self.decoder.originator or 0
            yield from self._decode(first)
            if self.decoder is not None:
                yield from self._decode(1 - first)
            return
        both_began = all(side.began or not side.total for side in self.sides)
        if found is False and both_began:
            self.give_up()
            return
        # asked at each of the first packets, then at each half as many bytes more: or small packets cost their square
        self.asked += 1
        self.ask_at = waiting + waiting // 2 if self.asked >= ASKED_AT_ONCE else 0
        self._slide()

    def _slide(self) -> None:
        """Not known yet: bound what waits. The next window then begins where a packet begins, often a message too."""
        if self.tries > limits.IDENTIFY_TRIES and sum(side.total for side in self.sides) > limits.IDENTIFY_TOTAL:
            self.give_up()
            return
        for side in self.sides:
            if len(side.waiting) >= limits.IDENTIFY_BYTES:
                side.drop(len(side.waiting))
                side.began = False
                self.ask_at = self.asked = 0

    def _decode(self, number: int) -> Iterator[tuple[int, int, int, Message]]:
        side = self.sides[number]
        if len(side.waiting) < side.want:
            return
        cursor = Cursor(bytes(side.waiting))
        read = 0
        side.want = 0
        while self.decoder is not None and read < cursor.stop:
            try:
                messages = self.decoder.read(number, cursor)
            except NeedMoreData as more:
                cursor.position = read
                side.want = cursor.stop - read + more.missing
                if side.want > limits.MESSAGE_BYTES:
                    self._lose(DecodeError("message over the budget"))
                break
            except DecodeError as error:
                self._lose(error)
                return
            if cursor.position <= read:
                self._lose(DecodeError("decoder took nothing"))
                return
            read = cursor.position
            if messages:
                time, frame = side.when(read)
                self._learn_originator()
                for message in messages:
                    yield number, time, frame, message
            if self.decoder.successor is not None:
                yield from self._succeed(number, read)
                return
        side.drop(read)
        self._learn_originator()

    def _succeed(self, number: int, read: int) -> Iterator[tuple[int, int, int, Message]]:
        """Hand the rest of the flow to the decoder's successor."""
        self.sides[number].drop(read)
        assert self.decoder is not None
        self._learn_originator()
        self.decoder = self.decoder.successor
        self._equip()
        for side in self.sides:
            side.want = 0
        yield from self._decode(number)
        if self.decoder is not None:
            yield from self._decode(1 - number)

    def _cut(self, number: int) -> Iterator[tuple[int, int, int, Message]]:
        """What waits on a side will never be whole: what it says all the same."""
        side = self.sides[number]
        if self.decoder is None or not side.waiting:
            return
        try:
            messages = self.decoder.cut(number, bytes(side.waiting))
        except (DecodeError, NeedMoreData):
            return
        if messages:
            time, frame = side.when(len(side.waiting))
            self._learn_originator()
            for message in messages:
                yield number, time, frame, message

    def _gap(self, number: int, lost: int) -> Iterator[tuple[int, int, int, Message]]:
        yield from self._cut(number)
        side = self.sides[number]
        if self.decoder is None:
            side.drop(len(side.waiting))
            side.began = False
            return
        try:
            if side.waiting:
                lost += len(side.waiting)  # half a message that will never be whole
                side.drop(len(side.waiting))
            side.want = 0
            self.decoder.gap(number, lost)
        except (DecodeError, NeedMoreData) as error:
            self._lose(error)

    def _lose(self, error: DecodeError | NeedMoreData) -> None:
        """Out of step: forget the decoder, look again whose bytes come next."""
        self._note(error)
        self._learn_originator()
        self.decoder = None
        self.lost_steps += 1
        self.tries = self.asked = self.ask_at = 0
        for side in self.sides:
            side.drop(len(side.waiting))
            side.began = False
            side.want = 0
        if self.lost_steps > LOST_STEPS:
            self.give_up()

    def _equip(self) -> None:
        if self.decoder is not None and hasattr(self.decoder, "keyring"):
            self.decoder.keyring = self.keyring

    def _learn_originator(self) -> None:
        if self._originator is None and self.decoder is not None:
            self._originator = self.decoder.originator

    def _note(self, error: DecodeError | NeedMoreData) -> None:
        protocol = self.decoder.protocol if self.decoder is not None else "unknown"
        reason = error.reason if isinstance(error, DecodeError) else "ends too early"
        name = f"{protocol}: {reason}"
        self.notes[name] = self.notes.get(name, 0) + 1
