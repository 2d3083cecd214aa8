"""The data's whole way, on one screen: captures in, a report out. With ``jobs`` and ``cluster`` several processes go it,
each with a part of the inputs or of their flows; what they learnt is joined to what one would have."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from . import limits
from .attribution import Profile, attribute, hints, teller
from .capture import Input, elsewhere, expand, sources, weigh
from .decoders.session import Session
from .errors import Interrupted
from .matching import check_gate, judge, load
from .parallel import Load, Result, Task, join, split
from .screen import Screen, compiled, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .capture import Source
    from .facts import Facts, InputFacts
    from .keyring import Keyring
    from .model import Block, Flow, Message
    from .report import Report


class Stopping(Protocol):
    """Somebody who may want the run to end early. ``waiting`` is True while a read may wait for ever."""

    waiting: bool

    @property
    def code(self) -> int: ...


class Options(NamedTuple):
    """How to read and judge; every field is an option of the reading verbs."""

    profile: Profile = Profile()
    keyring: Keyring | None = None
    signatures: Path | None = None  # a user's own, beside the shipped ones
    bpf: str | None = None
    since: int | None = None  # nanoseconds since the epoch
    until: int | None = None
    require: tuple[str, ...] = ()
    fail_on: str = "high"
    max_loss: float = 0.0
    progress: Callable[[str, int], None] | None = None  # path, bytes of it read so far
    stopping: Stopping | None = None  # asked between blocks whether to end with what there is
    jobs: int = 1  # processes
    cluster: str | None = None  # a dask scheduler's address: its workers read


def analyze(paths: Sequence[str], options: Options) -> Report:
    """Captures -> payloads -> messages, folded into facts -> observations -> findings, controls, report."""
    rules = load(options.signatures)
    check_gate(rules, options.require, options.fail_on, options.max_loss)
    facts = read(paths, options)
    with no_collection():
        attributed = attribute(facts, options.profile)
        facts.placed()
        report = judge(attributed, facts, rules, require=options.require, fail_on=options.fail_on, max_loss=options.max_loss)
    if options.stopping is not None and options.stopping.code:
        report = report._replace(exit_code=options.stopping.code, exit_reason="interrupted; the report is of what was read so far")
    return report


def read(paths: Sequence[str], options: Options, *,
         listener: Callable[[Flow, int, int, int, Message], None] | None = None) -> Facts:
    """What the captures say, as facts. ``listener`` is told every message on the way (the `decode` verb)."""
    facts = None
    if listener is None and (options.jobs > 1 or options.cluster) and _divisible(options):
        found = list(expand(paths))
        facts = _several(found, options)
        paths = found  # type: ignore[assignment]  # a folder is listed once
    if facts is None:
        facts = _read(enumerate(sources(paths, bpf=options.bpf)), options, listener=listener)
    facts.settle()
    if len(facts.rows) > 1:
        facts.rows = [together(facts.rows)]
    losses(facts)
    return facts


#: Objects made, less those dropped, after which the collector of cycles looks at the young ones.
SELDOM = 2_000_000
#: Bytes from which on several processes are worth their start, and that of joining what they say.
WORTH = 64_000_000 if compiled else 1_000_000


def _divisible(options: Options) -> bool:
    """Which of many keys are tried depends on which opened what came before, in all flows."""
    return options.keyring is None or len(options.keyring) <= limits.GCM_KEYS


def _several(found: Sequence[Input], options: Options) -> Facts | None:
    """The facts, read by several processes; None where one must do it."""
    if options.cluster:
        found = [elsewhere(one) for one in found]
    loads = [Load(*weigh(one)) for one in found]
    with no_collection():
        return _joined(found, loads, options)


def _joined(found: Sequence[Input], loads: Sequence[Load], options: Options) -> Facts | None:
    if options.cluster:
        from .parallel.cluster import Cluster

        with Cluster(options.cluster) as cluster:
            tasks = split(loads, cluster.workers, WORTH)
            results = cluster.run(tasks, Reading(dict(enumerate(found)), options).only, progress=options.progress, stopping=options.stopping)
    else:
        from .parallel.jobs import run

        tasks = split(loads, options.jobs, WORTH)
        if len(tasks) < 2:
            return None
        results = run(tasks, Reading(dict(enumerate(found)), options), options.jobs, progress=options.progress, stopping=options.stopping)
    return join(tasks, results, interrupted=options.stopping is not None and bool(options.stopping.code))


@contextmanager
def no_collection() -> Iterator[None]:
    """Without Python's collector of cycles: it takes as long again as judging, and ten times as long as joining."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            _all_old()
            gc.enable()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Python's collector of cycles looks at what was learnt again and again, a third of the time, for next to nothing: of two million
    packets of Consul 7,000 objects are left in cycles. So it looks seldom."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(SELDOM, 10, 100)
    try:
        yield
    finally:
        _all_old()  # first, or all of it would be looked at right away
        gc.set_threshold(*before)


def _all_old() -> None:
    """What was made meanwhile is to be looked at as seldom as what is old; else all of it would be at once."""
    gc.freeze()
    gc.unfreeze()


class Reading:
    """What a worker does with a task; goes to other machines as it is. ``found``: inputs by their numbers."""

    def __init__(self, found: Mapping[int, Input], options: Options) -> None:
        self.found = found
        self.options = options._replace(progress=None, stopping=None)

    def only(self, task: Task) -> Reading:
        """The same for one task."""
        return Reading({number: self.found[number] for number in task.inputs}, self.options)

    def __call__(self, task: Task, progress: Callable[[str, int], None] | None = None,
                 stopping: Stopping | None = None) -> Result:
        """Read the task's inputs. ``progress`` is told by whoever speaks for the input."""
        from .decoders.http_body import POOL

        gc.enable()
        POOL.least = POOL.left
        options = self.options._replace(progress=progress if task.leads else None, stopping=stopping)
        found = [self.found[number] for number in task.inputs]
        numbered = zip(task.inputs, sources(found, bpf=options.bpf), strict=True)
        facts = _read(numbered, options, shares=task.shares)
        keys = {place: len(met) for place, met in facts.met.items()}
        keys |= {(("conversations", "attempts")[place // limits.SHARES], place % limits.SHARES): count
                 for place, count in enumerate(facts.apart)}
        keys |= {(table, share): count for table, used in facts.used.items() for share, count in enumerate(used)}
        facts.met = {}
        return Result(facts, limits.BODIES - POOL.least, keys)


def _read(numbered: Iterable[tuple[int, Source]], options: Options, *, shares: int | None = None,
          listener: Callable[[Flow, int, int, int, Message], None] | None = None) -> Facts:
    likely = hints(options.profile)
    screen = Screen(everything=listener is not None, sealed=options.keyring is not None, since=options.since,
                    until=options.until, hints=likely, shares=shares, quiet=True)
    session = Session(keyring=options.keyring, hints=likely, listener=listener, screen=screen, telling=teller(options.profile))
    with seldom_collected():
        _through_all(numbered, screen, session, options)
    facts = session.facts
    screen.rest()
    session.rest()
    with no_collection():
        screen.tell()
        facts.add_up(screen.rows(last=True), screen.crowd)
    facts.counters.update(screen.counters)
    facts.notes.update(screen.notes)
    facts.apart = screen.places()
    return facts


def _through_all(numbered: Iterable[tuple[int, Source]], screen: Screen, session: Session, options: Options) -> None:
    for index, source in numbered:
        screen.open(index)
        for block in _blocks(source, options.stopping):
            through(block, screen, session)
            source.facts.packets = screen.packets
            if options.progress is not None:
                options.progress(source.path, source.position)
        screen.close()
        drain(screen, session)
        settle(source.facts, screen, session.facts)
        if options.stopping is not None and options.stopping.code:
            session.facts.reasons.add("interrupted: what came later was not read")
            break


def _blocks(source: Source, stopping: Stopping | None) -> Iterator[Block]:
    """The source's blocks, until somebody wants to stop."""
    blocks = iter(source)
    while stopping is None or not stopping.code:
        try:
            if stopping is not None:
                stopping.waiting = True
            block = next(blocks, None)
        except Interrupted:
            return
        finally:
            if stopping is not None:
                stopping.waiting = False
        if block is None:
            return
        yield block


def through(block: Block, screen: Screen, session: Session) -> None:
    """One block through the screen; again where the hand-over space was full before the block was used up."""
    while True:
        screen.feed(block)
        drain(screen, session)
        if screen.idle:
            return


def drain(screen: Screen, session: Session) -> None:
    """What the screen hands on, and the flows that are over, to the session."""
    for payload in screen.payloads():
        session.take(payload, screen)
    for flow in screen.ended():
        session.end(flow)
    if screen.full:
        session.unlearn(screen)


def settle(one: InputFacts, screen: Screen, facts: Facts) -> None:
    """What the screen counted of an input that ended, and what of it makes the report incomplete."""
    count(one, screen)
    complain(one, facts)
    facts.inputs.append(one)


def count(one: InputFacts, screen: Screen) -> None:
    """What the screen counted of an input so far."""
    one.packets, one.bytes, one.first, one.last = screen.packets, screen.bytes, screen.first, screen.last
    one.cut = screen.cut_packets
    one.truncated = one.cut > 0


def complain(one: InputFacts, facts: Facts) -> None:
    """What of an input makes the report incomplete."""
    if one.error:
        facts.reasons.add(one.error)
    if one.truncated:
        facts.reasons.add(f"{one.path}: {one.cut} packets were cut by the capture's snap length")


#: notes of the screen that mean bytes nobody looked at, as sentences
LOSSES = {
    "lost-bytes": "{count} bytes of TCP streams were sent but are not in the capture",
    "tunnel-depth": "{count} packets are wrapped in more tunnels than are opened",
    "unsupported-link": "{count} packets are of a link type that is not read",
    "fragments-evicted": "{count} IP fragments could not be put together",
    "evicted-flows": "{count} idle conversations were ended early because too many were live",
}


def losses(facts: Facts) -> None:
    """Say which notes make the report incomplete."""
    for name, sentence in LOSSES.items():
        count = facts.notes.get(name, 0) or facts.counters.get(name, 0)
        if count:
            facts.reasons.add(sentence.format(count=count))
