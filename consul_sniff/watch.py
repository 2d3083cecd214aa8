"""The data's way while it goes on: like ``pipeline``, but judged again and again, and told as it happens."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Final

from .attribution import attribute, hints, teller
from .clockwatch import ClockWatch
from .decoders.session import Session
from .errors import Interrupted
from .event import Counters, Event
from .matching import check_gate, judge, load
from .pipeline import complain, count, drain, losses, no_collection, through
from .reporters.events import changes
from .screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from .capture.follow import Happened
    from .capture.live import Happening, Losses
    from .event import Clocks, Input, Subscriber, Tap
    from .facts import Facts, InputFacts
    from .model import Block
    from .pipeline import Options
    from .report import Report


DRAIN_SECONDS: Final = 0.7  # of the two within which an interrupted run has reported
IDLE: Final = 600 * 10**9  # ns: flows that were silent for so long end, where the table gets full
BUSY_SHARE: Final = 10  # a judgement that took a second is followed by ten without one
STATS_SECONDS: Final = 10.0


class _Timer:
    def __init__(self, due: float, seconds: float, call: Callable[[], None]) -> None:
        self.due = due
        self.seconds = seconds
        self.call = call


class Watch:
    """Runs inputs to their end or until ``stop``; judges what was seen at most once in ``interval`` seconds.

    ``report``: the last judgement. ``beside``: gives the keys that a report has beside the contract's.
    ``meanwhile``: a context in which what it is given is called again and again, for a judgement can take longer than the
    kernel's buffer lasts. Subscribers hear of everything between two blocks, never while one is screened.
    """

    def __init__(self, options: Options, clocks: Clocks, *, subscribers: Sequence[Subscriber] = (), taps: Sequence[Tap] = (),
                 interval: float = 1.0) -> None:
        """Reads the signatures; errors: `UsageError`."""
        self.options = options
        self.subscribers = list(subscribers)
        self.taps = list(taps)
        self.interval = interval
        self.rules = load(options.signatures)
        check_gate(self.rules, options.require, options.fail_on, options.max_loss)
        likely = hints(options.profile)
        self.screen = Screen(sealed=options.keyring is not None, since=options.since, until=options.until, hints=likely, quiet=True)
        self.session = Session(keyring=options.keyring, hints=likely, screen=self.screen, telling=teller(options.profile))
        self.report: Report | None = None
        self.input: Input | None = None  # the one that is read, or was last
        self.beside: Callable[[], dict[str, object]] = dict
        self.meanwhile: Callable[[Callable[[], None]], AbstractContextManager[object]] = nullcontext
        self._judging = False
        self._clocks = clocks
        self._clock_watch = ClockWatch(clocks)
        self._began = clocks.monotonic()
        self._inputs: Iterable[Input] = ()
        self._source: Input | None = None
        self._losses = _none()  # of the inputs that ended
        self._before = (0, 0)  # packets and bytes of the inputs that ended
        self._judged = -1
        self._due = self._began + interval
        self._learning_due = self._rested = self._began
        self._ending = False
        self._deadline: float | None = None
        self._timers: list[_Timer] = []
        self.every(1.0, self.look_after)
        self.every(STATS_SECONDS, self._stats)

    def run(self, inputs: Iterable[Input]) -> Report:
        """One input after another; then the last word, which the subscribers have heard by then.

        ``inputs`` that must be waited for (`capture.Follow`) have a ``wait`` too, and may have ``check()``, ``reasons``,
        ``notes``, and ``behind()``: what at the end was not read, a sentence each.
        """
        self._inputs = inputs
        if hasattr(inputs, "wait"):
            inputs.wait = self._waiting
        for source in inputs:
            if self._ending:
                break
            self._one(source)
        self._ask()
        self._stats()
        return self._judge(final=True)

    def restore(self, facts: Facts) -> None:
        """Begin with what an earlier run learnt (`known`)."""
        self.session.facts = facts
        self._before = (sum(one.packets for one in facts.inputs), sum(one.bytes for one in facts.inputs))

    def known(self) -> Facts:
        """All that was learnt by now, as if the conversations that go on ended here. Between two blocks."""
        facts = self.session.snapshot(self.screen.live(), self.screen)
        facts.counters.update(self.screen.counters)
        facts.notes.update(self.screen.notes)
        for one in (self._inputs, self._source):
            facts.reasons |= getattr(one, "reasons", set())
        facts.notes.update(getattr(self._inputs, "notes", {}))
        if self._source is not None:
            count(self._source.facts, self.screen)
        return facts

    def stop(self) -> None:
        """End soon: what was received by now is still read. Safe in a signal handler, where it may raise `Interrupted`."""
        self._ending = True
        if self._judging:
            raise Interrupted  # that judgement is for nobody any more

    def hurry(self) -> None:
        """Judge after this block, do not wait until it is time. Where packets can be lost, a tenth of the time at most all the same."""
        self._due = min(self._due, self._rested if hasattr(self._source, "losses") else self._began)

    def learn(self) -> None:
        """Tell the taps what is known by now: cheaper than a judgement, and like that at most a tenth of the time."""
        begun = self._clocks.monotonic()
        if begun >= self._learning_due:
            facts = self.session.snapshot(self.screen.live(), self.screen)
            for tap in self.taps:
                tap.learnt(facts)
            now = self._clocks.monotonic()
            self._learning_due = now + (now - begun) * BUSY_SHARE

    def every(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it so often, between two blocks."""
        self._timers.append(_Timer(self._clocks.monotonic() + seconds, seconds, call))

    def tell(self, kind: str, detail: dict[str, object], time: int | None = None) -> None:
        """Tell the subscribers. ``time``: ns; now, where none is given."""
        event = Event(self._clocks.wall() if time is None else time, kind, detail)
        for subscriber in self.subscribers:
            subscriber.event(event)

    def counters(self) -> Counters:
        """As of now; cheap."""
        packets, size = self._before
        lost = self._losses
        if self._source is not None:
            packets, size = packets + self.screen.packets, size + self.screen.bytes  # those before included
            lost = _plus(lost, self._lost(self._source))
        received = max(lost.received, packets)
        return Counters(packets, size, received, lost.dropped, lost.interface_dropped, lost.unread,
                        self.screen.notes.get("lost-bytes", 0), self._clocks.monotonic() - self._began)

    def look_after(self) -> None:
        """What wants to be looked at once a second: clocks, interfaces, room in the flow table."""
        for kind, seconds in self._clock_watch.look():
            self.tell(kind, {"seconds": round(seconds, 3)})
            if kind == "suspended":
                self.session.facts.reasons.add("the machine slept for a time: nothing was captured then")
        self._ask()
        for _ in self.screen.expire(IDLE):
            drain(self.screen, self.session)

    def _ask(self) -> None:
        """What happened to the inputs?"""
        for asked in (self._inputs, self._source):
            check: Callable[[], Iterable[Happening | Happened]] = getattr(asked, "check", list)
            for one in check():
                kind, name, words = one
                self.tell(kind, {one._fields[1]: name, "summary": words})

    def _one(self, source: Input) -> None:
        self._source = self.input = source
        index = self._begin(source.facts)
        self._deadline = None
        source.wait = self._waiting
        try:
            for block in source:
                self._block(block, index, source)
                if self._over():
                    break
        except Interrupted:
            pass
        self.look_after()
        self.screen.close()
        drain(self.screen, self.session)
        self._losses = _plus(self._losses, self._lost(source))
        self._before = (self._before[0] + self.screen.packets, self._before[1] + self.screen.bytes)
        self.session.facts.reasons |= getattr(source, "reasons", set())
        count(source.facts, self.screen)
        self._source = None

    def _begin(self, one: InputFacts) -> int:
        """Make the screen ready for an input, which may have been here before; its number."""
        rows = self.session.facts.inputs
        number = next((at for at in range(len(rows) - 1, -1, -1) if rows[at] is one), len(rows))
        if number == len(rows):
            rows.append(one)
        self.screen.open(number, one)
        self._before = (self._before[0] - one.packets, self._before[1] - one.bytes)
        return number

    def _block(self, block: Block, index: int, source: Input) -> None:
        first = self.screen.packets + 1
        through(block, self.screen, self.session)
        for tap in self.taps:
            tap.records(block, index, first)
        source.facts.packets = self.screen.packets
        self._tick()

    def _waiting(self) -> bool:
        self._tick()
        return self._over()

    def _over(self) -> bool:
        """Whether to end now. The first time: tell the source to take nothing new."""
        if not self._ending:
            return False
        if self._deadline is None:
            finish = getattr(self._source, "finish", None)
            self._deadline = self._clocks.monotonic() + (DRAIN_SECONDS if finish is not None else 0)
            if finish is not None:
                finish()
        return self._clocks.monotonic() >= self._deadline

    def _tick(self) -> None:
        now = self._clocks.monotonic()
        for timer in self._timers:
            if now >= timer.due:
                timer.due = now + timer.seconds
                timer.call()
        if now >= self._due and not self._ending:
            self._due = now + self.interval
            if self._screened() != self._judged:
                with suppress(Interrupted):
                    self._judge(final=False)
                self._rested = now + (self._clocks.monotonic() - now) * BUSY_SHARE
                self._due = max(self._due, self._rested)

    def _screened(self) -> int:
        return self._before[0] + (self.screen.packets if self._source is not None else 0)

    def _judge(self, *, final: bool) -> Report:
        self._judged = self._screened()
        with no_collection(), self.meanwhile(self._read_on):
            try:
                self._judging = not final
                facts = self._facts()
                attributed = attribute(facts, self.options.profile)
                report = judge(attributed, facts, self.rules, require=self.options.require, fail_on=self.options.fail_on,
                               max_loss=self.options.max_loss)
            finally:
                self._judging = False
            for tap in self.taps:  # no stop ends that half-way
                tap.learnt(facts)
        report = report._replace(beside=(("capture", self.counters()._asdict() | {"decoded": self.counters().packets}),
                                         *self.beside().items()))
        before, self.report = self.report, report
        for kind, detail in changes(before, report):
            self.tell(kind, detail, self.screen.last or None)
        for subscriber in self.subscribers:
            subscriber.report(report, final=final)
        return report

    def _read_on(self) -> None:
        """In between a judgement's own instructions: let the source take what came. A stop waits until it has."""
        judging, self._judging = self._judging, False
        getattr(self._source, "prefetch", _nothing)()
        self._judging = judging
        if judging and self._ending:
            raise Interrupted

    def _facts(self) -> Facts:
        """All that is known by now, as if everything ended here."""
        facts = self.known()
        lost = self._losses
        if self._source is not None:
            lost = _plus(lost, self._lost(self._source)._replace(unread=0))  # they are on their way
        for one in facts.inputs:
            complain(one, facts)
        behind: set[str] = getattr(self._inputs, "behind", set)()
        if behind:
            facts.reasons |= behind
            facts.notes["files-missed"] += len(behind)
        losses(facts)
        if lost.lost:
            facts.notes["capture-dropped"] = lost.lost
            facts.reasons.add(f"of the packets that were lost, {lost.dropped} found the kernel's buffer full (a larger one: --buffer-size), "
                              f"{lost.interface_dropped} the interface's, and {lost.unread} were not read before the end")
        return facts

    def _lost(self, source: Input) -> Losses:
        ask = getattr(source, "losses", None)
        return ask() if ask is not None else _none()

    def _stats(self) -> None:
        now = self.counters()
        self.tell("stats", {**now._asdict(), "seconds": round(now.seconds, 3),
                            "packets_per_second": round(now.packets / now.seconds, 1) if now.seconds else 0.0})


def _nothing() -> None:
    """Of a source that does not fall behind."""


def _none() -> Losses:
    from .capture.live import Losses

    return Losses(0, 0, 0, 0)


def _plus(a: Losses, b: Losses) -> Losses:
    return a._replace(received=a.received + b.received, dropped=a.dropped + b.dropped,
                      interface_dropped=a.interface_dropped + b.interface_dropped, unread=a.unread + b.unread)
