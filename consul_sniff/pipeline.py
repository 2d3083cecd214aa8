"""The data's whole way, on one screen: captures in, a report out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .attribution import Profile, attribute, hints
from .capture import sources
from .decoders.session import Session
from .errors import Interrupted
from .matching import check_gate, judge, load
from .screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .capture import Source
    from .facts import Facts, InputFacts
    from .keyring import Keyring
    from .model import Block, Flow, Message
    from .report import Report


class Stopping(Protocol):
    """Somebody who may want the run to end early. ``waiting`` is True while a read may wait for ever."""

    code: int
    waiting: bool


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


def analyze(paths: Sequence[str], options: Options) -> Report:
    """Captures -> payloads -> messages, folded into facts -> observations -> findings, controls, report."""
    rules = load(options.signatures)
    check_gate(rules, options.require, options.fail_on, options.max_loss)
    facts = read(paths, options)
    attributed = attribute(facts, options.profile)
    report = judge(attributed, facts, rules, require=options.require, fail_on=options.fail_on, max_loss=options.max_loss)
    if options.stopping is not None and options.stopping.code:
        report = report._replace(exit_code=options.stopping.code, exit_reason="interrupted; the report is of what was read so far")
    return report


def read(paths: Sequence[str], options: Options, *,
         listener: Callable[[Flow, int, int, int, Message], None] | None = None) -> Facts:
    """What the captures say, as facts. ``listener`` is told every message on the way (the `decode` verb)."""
    likely = hints(options.profile)
    screen = Screen(everything=listener is not None, sealed=options.keyring is not None, since=options.since,
                    until=options.until, hints=likely)
    session = Session(keyring=options.keyring, hints=likely, listener=listener)
    for index, source in enumerate(sources(paths, bpf=options.bpf)):
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
    session.facts.counters.update(screen.counters)
    session.facts.notes.update(screen.notes)
    losses(session.facts)
    return session.facts


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


def settle(one: InputFacts, screen: Screen, facts: Facts) -> None:
    """What the screen counted of an input that ended, and what of it makes the report incomplete."""
    one.packets, one.bytes, one.first, one.last = screen.packets, screen.bytes, screen.first, screen.last
    one.truncated = screen.cut_packets > 0
    if one.error:
        facts.reasons.add(one.error)
    if one.truncated:
        facts.reasons.add(f"{one.path}: {screen.cut_packets} packets were cut by the capture's snap length")
    facts.inputs.append(one)


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
