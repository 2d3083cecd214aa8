"""What happens while traffic is watched, as it is told to whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .facts import Facts, InputFacts
    from .model import Block
    from .report import Report


class Event(NamedTuple):
    """``time``: ns since the epoch, of the newest packet or (of the capture itself) of the clock.

    ``kind``: node-seen node-changed finding control-changed stats; interface-down -up -renamed -gone, capture-failed;
    file-awaited -new -renamed -overwritten -truncated -gone -unreadable, resumed (of followed files); clock-set-back,
    clock-set-forward, suspended; output-failed. ``detail``: ready for JSON, printable, without secrets.
    """

    time: int
    kind: str
    detail: dict[str, object]


class Counters(NamedTuple):
    """Where it stands. ``packets`` were screened; files: ``received`` as many. What is
    ``dropped`` the kernel received and had no room for; ``unread`` is on its way, or was at the end."""

    packets: int
    bytes: int
    received: int
    dropped: int
    interface_dropped: int
    unread: int
    acked_unseen_bytes: int
    seconds: float


@runtime_checkable
class Subscriber(Protocol):
    """Is told what happens, between two blocks."""

    def event(self, event: Event) -> None:
        """As it happens."""

    def report(self, report: Report, *, final: bool) -> None:
        """After each judgement; the last one is ``final``."""


@runtime_checkable
class Tap(Protocol):
    """Wants the raw records."""

    def records(self, block: Block, input_: int, first_frame: int) -> None:
        """Those that were just screened: ``block.buffer[block.start:block.consumed]``, numbered from ``first_frame`` on.

        Once a block, before its buffer is used again: whoever keeps something copies it.
        """

    def learnt(self, facts: Facts) -> None:
        """All that is known by now, at each judgement before its report, and in between. What no fact names yet seldom proves something later."""


class Input(Protocol):
    """Something with blocks: a `capture.Source`, a live one, a file that is followed.

    It calls ``wait`` at least five times a second while it has nothing to give: timers run in there. True from it:
    end now. It may have ``finish()`` (take nothing new, give what there is), ``losses()``, ``check()`` and
    ``reasons``, as `capture.live.LiveSource` has. Where its ``facts`` were here before, it goes on with them.
    """

    path: str
    facts: InputFacts
    wait: Callable[[], bool] | None

    def __iter__(self) -> Iterator[Block]:
        """Blocks of whole records."""


class Clocks(Protocol):
    """The time, which nobody below the command line asks for himself."""

    def monotonic(self) -> float:
        """Seconds that passed while this machine was awake."""

    def boot(self) -> float:
        """And those that it slept."""

    def wall(self) -> int:
        """Nanoseconds since the epoch, as the clock is set."""
