"""The screen's flows, for whoever reads them: what was handed on, what is over, and what need not be handed on any more.

Nothing here is called for every packet; flows and payloads become Python objects here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import limits

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .conversations import Conversations
from .folding import flow as fold
from .gathering import gathered
from .handover import HandOver
from .others import Others
from .streams import Streams
from .table import SHARES, Table
from .tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model import Flow, Heard, Payload, Piece
    from ..rows import Rows
    from .asleep import Step
    from .tallies import Sayings

ASLEEP = cython.declare(i64, 1)  # as in Asleep
ANY = cython.declare(i64, limits.UNITS_HEARD)


class Flows:
    """What a Screen is to the stages after it. ``talks``: where flows are added up of which nothing was handed on, or None."""

    def __init__(self, table: Table, outlet: HandOver, others: Others, tcps: Streams, talks: Conversations | None,
                 everything: bool) -> None:  # noqa: FBT001 - compiled, by place
        self.tab = table
        self.outlet = outlet
        self.others = others
        self.tcps = tcps
        self.talks = talks
        self.tallies = Tallies(tcps.units)
        self.everything = 1 if everything else 0
        self.restart(-1)

    def restart(self, input_index: i64) -> None:
        """A new input: nothing of an earlier one is remembered."""
        self.tab.reset()
        self.outlet.payloads = []
        self.outlet.bytes = 0
        self.over: list[Flow] = []
        self.ended_flows: dict[int, Flow] = {}
        self.tunnels: dict[int, str] = {}
        self.fetched: set[int] = set()  # flows of which `unlearn` gave what was heard
        self.unheard: dict[int, tuple[list[Heard], list[Heard]]] = {}  # what they said that the units had no room for, until `unlearn`
        self.tcps.restart()
        self.others.restart()
        self.input = input_index
        self.time = 0  # of the packet at hand
        self.endings = self.closing = 0

    # --- handing over ------------------------------------------------------------------------------------------

    def payloads(self) -> Iterator[Payload]:
        """What is handed on, in order; each once."""
        out = self.outlet.payloads
        self.outlet.payloads = []
        self.outlet.bytes = 0
        return iter(out)

    def ended(self) -> Iterator[Flow]:
        """The flows that are over; each once. After ``close``: all of the input."""
        over = self.over
        self.over = []
        yield from over
        for it in over:
            self.ended_flows.pop(it.number, None)
        if self.closing:
            for share in range(self.tab.shares):
                for row in self.tab.rows_of(share):
                    if not self.added(row):  # what `room` adds up need not be told
                        yield self.folded(row, counted=self.talks is None or not self.talks.simple(row))
                    self.forget(row)
                self.tab.release(share)  # room for what is made of them
                self.others.release(share)
                self.tcps.units.release(share)

    def end(self, r: i64) -> None:
        """The flow of row ``r`` is over."""
        self.endings += 1
        self.tcps.finish(r)
        if self.over or not self.added(r):  # in the order in which flows end, or bounds would be met by others
            it = self.folded(r, counted=True)
            it.attempt = self.talks is not None and self.silent(r) and self.talks.attempt(r) != 0
            self.over.append(it)
            self.ended_flows[it.number] = it
        self.forget(r)

    def forget(self, r: i64) -> None:
        """Give the row back."""
        if self.tunnels:
            self.tunnels.pop(r, None)
        if self.tab.bare(r):
            self.tab.remove(r)
            return
        if self.tab.D[2 * r].heard or self.tab.D[2 * r + 1].heard:
            self.tcps.units.drop(2 * r)
            self.tcps.units.drop(2 * r + 1)
        if self.tab.D[2 * r].sleep:
            self.tcps.asleep.forgotten(r)
        self.others.forget(r)
        if self.fetched:
            self.fetched.discard(self.tab.F[r].number)
        if self.unheard:
            self.unheard.pop(self.tab.F[r].number, None)
        self.tab.remove(r)

    def folded(self, r: i64, counted: bool) -> Flow:  # noqa: FBT001 - compiled, by place
        """The flow of row ``r`` as it stands."""
        it = fold(self.tab, r, self.input, self.tunnels.get(r, ""), counted=counted)
        if self.tab.D[2 * r].heard or self.tab.D[2 * r + 1].heard:
            it.heard = (self.tcps.units.heard(2 * r), self.tcps.units.heard(2 * r + 1))
        if self.unheard and it.number in self.unheard:
            for heard, more in zip(it.heard, self.unheard[it.number], strict=True):
                heard.extend(more)
        if self.tab.D[2 * r].sleep == ASLEEP:
            it.asleep = (self.tab.E[2 * r].chain, self.tcps.asleep.pieces(r))
        it.standing = self.others.standings.get(it.number)
        return it

    def added(self, r: i64) -> i64:
        """Was the flow one of those that are added up here? All that it said must be known by heart, or understood."""
        side: i64 = -1
        if self.talks is None:
            return 0
        tunnel = self.tunnels.get(r, "") if self.tunnels else ""
        if self.silent(r):
            self.talks.add(r, cython.cast(u64, self.input), tunnel)
            return 1
        if not self.talks.quiet(r) or self.tallies.sayings is None or self.elsewhere(self.tab.F[r].number):
            return 0
        if self.tab.D[2 * r].sleep:
            closes = self.tallies.sayings.closes.get(self.tab.E[2 * r].chain) if self.tab.D[2 * r].sleep == ASLEEP else None
            if closes is None:
                return 0
            side = closes
        self.tally(self.talks, r, tunnel, side)
        return 1

    def silent(self, r: i64) -> i64:
        """Is nothing known of what was said in it, here or elsewhere? Then it may be an attempt."""
        if self.tab.bare(r):
            return 1
        return (self.tab.D[2 * r].heard == 0 and self.tab.D[2 * r + 1].heard == 0 and self.tab.D[2 * r].sleep == 0
                and self.talks is not None and self.talks.quiet(r) != 0 and not self.elsewhere(self.tab.F[r].number))

    def elsewhere(self, number: u64) -> i64:
        """Does somebody else know something that was said in a flow?"""
        return number in self.others.standings or number in self.fetched or number in self.unheard

    def tally(self, talks: Conversations, r: i64, tunnel: str, side: i64) -> None:
        """Add up a flow and what was said in it; ``side`` originated, as the content shows (-1: it does not)."""
        telling: i64 = self.tallies.telling(2 * r) or self.tallies.telling(2 * r + 1)
        t: i64 = talks.spoke(r, cython.cast(u64, self.input), tunnel, side, 1 - telling)
        self.tallies.begin(talks, t, r // self.tab.each if self.tab.shares > 1 else -1, self.input, talks.strange)
        self.tallies.heard(2 * r, talks.side)
        self.tallies.heard(2 * r + 1, 1 ^ talks.side)

    def tells(self, sayings: Sayings) -> None:
        """Add up what is said in the flows that are over, too, and ``tell`` it there."""
        self.tallies.listens(sayings)
        self.others.begin(self.tcps.units, sayings)

    def rest(self) -> None:
        """No input comes any more: what was added up stays, the tables' memory is for what is made of it."""
        self.tab.rest()
        self.tcps.units.rest()
        self.tcps.asleep.rest()
        self.others.rest()

    def tell(self) -> None:
        """Give the claims and secrets of flows that are over, as far as they were added up here."""
        self.tallies.tell()

    def room(self, flow: Flow, source: int, certain: bool, strange: bool) -> tuple[int, bool]:  # noqa: FBT001
        """Where a flow that was given is added up (``strange``: as a stranger's): 0 apart, 1 under the source ``others``, 2 its destination is, too.

        True: it was, here (``ended`` gave it without counters).
        """
        talks = self.talks
        if talks is None:
            return 0, False
        row = self.tab.row(flow.number)
        if row >= 0 and talks.simple(row):
            return talks.told(row, self.input, flow.tunnel, source, certain, strange), True
        return talks.room(flow.key, flow.share, source, flow.attempt, strange), False

    def holds(self, side: int, what: tuple[Any, ...]) -> bool:
        """Is it added up here that this side of the conversation said so that ``room`` was asked for last?"""
        if self.talks is None or self.tallies.sayings is None:
            return False
        place = self.tallies.sayings.place(what)
        return bool(place >= 0 and self.tallies.holds(self.talks.last, side, place))

    @property
    def crowd(self) -> tuple[int, int, int]:
        """Flows whose conversations are not kept apart; the same of strangers, and of attempts."""
        if self.talks is None:
            return 0, 0, 0
        return self.talks.folded, self.talks.foreign, self.talks.floods

    def rows(self, *, last: bool = False) -> Rows | None:
        """What was added up here, of all inputs: the conversations of flows that are over, and what was said in them. ``last``: nothing
        is added any more, so nothing need be copied."""
        if self.talks is None or not self.talks.used:
            return None
        spoken = self.tallies.sayings.spoken() if self.tallies.sayings is not None else ([], [], None)
        said = self.tallies.said
        return gathered(self.talks if last else self.talks.copied(), said if last else said.copied(), spoken)

    def used(self) -> tuple[set[int], set[int]]:
        """The numbers of places and words that sums have."""
        return self.tallies.said.numbers()

    def places(self) -> list[int]:
        """How many conversations each share keeps apart; then, how many attempts."""
        return list(self.talks.kept)[:2 * SHARES] if self.talks is not None else []

    def flow(self, number: int) -> Flow:
        """Who a flow is that a payload was handed on of; its counters stand in it only once it has ended."""
        row = self.tab.row(number)
        if row < 0:
            return self.ended_flows[number]
        it = fold(self.tab, row, self.input, self.tunnels.get(row, ""), counted=False)
        it.standing = self.others.standings.get(number)
        return it

    def live(self) -> Iterator[Flow]:
        """The flows that go on, as they stand, without ending them."""
        for row in self.tab.rows_taken():
            yield self.folded(row, counted=True)

    def expire(self, idle: int) -> Iterator[None]:
        """Where the table is three quarters full: end the flows that were silent for ``idle`` ns. Drain ``ended`` at each step: those
        that end after a flow that somebody must fold would go the long way with it."""
        if 4 * self.tab.live < 3 * self.tab.rows:
            return
        before: i64 = self.time - cython.cast(i64, idle)
        r: i64
        for r in self.tab.rows_taken():
            if (cython.cast(i64, self.tab.D[2 * r].last) < before
                    and cython.cast(i64, self.tab.D[2 * r + 1].last) < before):
                self.end(r)
                if self.over:
                    yield

    # --- what need not be handed on ----------------------------------------------------------------------------

    def enough(self, number: int, side: int) -> None:
        """This side's payloads are not handed on any more; they are still counted."""
        row: i64 = self.tab.row(number)
        if row >= 0:
            self.tab.D[2 * row + side].enough = 1

    def resume(self, number: int, side: int) -> None:
        """This side's payloads are handed on again; what was not is ``lost`` before the next one."""
        row: i64 = self.tab.row(number)
        if row >= 0:
            self.tab.D[2 * row + side].enough = 0

    def follow(self, number: int, side: int, framing: int, taken: int) -> None:
        """This side stands between two messages: those known by heart are only counted from here on. Not where more than the
        ``taken`` payloads was handed on meanwhile."""
        row: i64 = self.tab.row(number)
        d: i64 = 2 * row + side
        if row >= 0 and not self.everything and self.tab.E[d].handed == taken & 0xFFFFFFFF:
            self.framed(d, framing)

    def framed(self, d: i64, framing: i64) -> None:
        """Follow a side from here on, if nothing of it waits."""
        if not (self.tab.D[d].pending or self.tab.D[d].held or self.tab.E[d].half):
            self.tab.E[d].framing = cython.cast(cython.uint, framing)

    def learn(self, unit: int, number: int) -> None:
        """What a unit says is known under this number."""
        self.tcps.units.learn(unit, number)

    def leads(self, chain: int, step: Step) -> None:
        """What the last piece says of a flow that said this so far."""
        self.tcps.asleep.leads(chain, step)

    # --- what sleeping flows said that was handed on ---------------------------------------------------------------

    def numbers_of(self, payload: Payload) -> list[int]:
        """The number of what each part of a unit says; one is -1 where that is not known."""
        return [self.tcps.units.number_of(payload.unit + 2 * part) for part in range(len(payload.parts) or 1)]

    def step(self, chain: int) -> Step | None:
        """What is known of a chain's last piece."""
        return self.tcps.asleep.steps.get(chain)

    def pieces(self, number: int) -> list[Piece]:
        """What a sleeping flow said so far."""
        row: i64 = self.tab.row(number)
        if row >= 0:
            return self.tcps.asleep.pieces(row)
        asleep = self.ended_flows[number].asleep
        return asleep[1] if asleep is not None else []

    def counts(self, payload: Payload, numbers: list[int]) -> bool:
        """Count for its flow what the parts of a unit say. False: there is no room."""
        row: i64 = self.tab.row(payload.flow)
        d: i64 = 2 * row + payload.side
        if row >= 0 and not self.tcps.units.room(d, len(numbers)):
            return False
        for number, (_, time, frame) in zip(numbers, payload.parts or ((0, payload.time, payload.frame),), strict=True):
            if row >= 0:
                self.tcps.units.add(d, number + 1, time, frame, ANY)
            else:
                self.more(self.ended_flows[payload.flow].heard, payload.side, number, time, frame)
        if row >= 0:
            self.tab.E[d].handed -= 1
        return True

    def goes(self, payload: Payload, step: Step) -> None:
        """Count for its flow what a piece says, and treat its sides as the step wants it: it is no more handed on than others that
        are known."""
        assert payload.sleeps is not None
        place: i64 = payload.sleeps[1]
        row: i64 = self.tab.row(payload.flow)
        d: i64 = 2 * row + payload.side
        if row < 0:
            it = self.ended_flows[payload.flow]
            pieces = self.pieces(payload.flow)
            for side, back, number in step[0]:
                self.more(it.heard, side, number, *pieces[place - back][2:4])
            return
        for side, number, time, frame in self.tcps.asleep.learnt(2 * row, place, step):
            self.more(self.unheard.setdefault(payload.flow, ([], [])), side, number, time, frame)
        self.tab.E[d].handed -= 1
        if self.tab.E[2 * row].chain == payload.unit:  # nothing came since
            self.framed(d, step[2])

    def more(self, heard: tuple[list[Heard], list[Heard]], side: int, number: int, time: int, frame: int) -> None:
        """Something else that was heard once."""
        heard[side].append((number, 1, time, time, (frame,)))

    def rouse(self, number: int) -> None:
        """A sleeping flow has a decoder of its own from here on, which knows all that it said."""
        row: i64 = self.tab.row(number)
        if row >= 0:
            self.tcps.asleep.rouse(2 * row)
        else:
            self.ended_flows[number].asleep = None

    @property
    def full(self) -> bool:
        """Are there too many units to learn another? Then ``unlearn``."""
        return self.tcps.units.full or self.tcps.asleep.full or (self.tallies.sayings is not None and self.tallies.sayings.full)

    def unlearn(self) -> Iterator[tuple[Flow, int, list[Heard]]]:
        """(flow, side, what was heard) of all live flows; then no unit is known any more."""
        units = self.tcps.units
        for row in self.tab.rows_taken():
            for d in (2 * row, 2 * row + 1):
                if self.tab.D[d].heard:
                    self.fetched.add(self.tab.F[row].number)
                    yield self.flow(self.tab.F[row].number), d & 1, units.heard(d)
                    units.drop(d)
        for number, sides in self.unheard.items():
            self.fetched.add(number)
            for side in (0, 1):
                yield self.flow(number), side, sides[side]
        self.unheard = {}
        units.forget()
        self.tcps.asleep.forget()
        self.others.unlearn()
