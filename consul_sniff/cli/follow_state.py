"""``--state``: what was read and what was learnt, in a file that survives the run, so that the next one goes on with both.

It is JSON, not a pickle: loading it runs nothing, whoever wrote it. One that others may have written is refused all the
same, for it could hide a finding. Files and facts are saved as of the same record, together: a run that is killed at any
time goes on from the last save, and reads again exactly what came after it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from .. import hardening, limits, saved_facts
from ..errors import ConsulSniffError, OutputError, UsageError
from .live_out import Quiet

if TYPE_CHECKING:
    from pathlib import Path

    from ..capture import Follow
    from ..report import Report
    from ..watch import Watch

FORMAT: Final = "consul-sniff/state/v1"
EVERY: Final = 5.0  # seconds
BUSY_SHARE: Final = 20  # a save that took a second is followed by twenty without one
PATIENCE: Final = 10  # looks at whether nothing waits for bytes that are missing: such a moment loses nothing


class StateFile(Quiet):
    """See `live_run.Extra`. ``asked``: what decides which packets are read; a state is good for the same alone.

    ``failed``: the last save was not written.
    """

    listens = False

    def __init__(self, path: Path, follow: Follow, asked: dict[str, object], who: hardening.privileges.Identity | None) -> None:
        self.failed = False
        self._path = path
        self._follow = follow
        self._asked = asked
        self._due = self._looks = 0.0
        self._packets = -1
        self._folder = hardening.OutputDir.open(path.parent, who)
        self._folder.refuse(path.name)
        self.directory: hardening.OutputDir | None = self._folder

    def start(self, watch: Watch) -> None:
        """Go on with what is there. Errors: `OutputError` where it cannot be trusted or read, `UsageError` where it is another run's."""
        self._watch = watch
        self._folder.sweep(self._path.name)
        data = self._folder.read(self._path.name, limits.STATE_BYTES)
        if data is not None:
            self._load(data)
        self.save(final=False)  # now, not after hours: can it be written?
        if self.failed:
            raise OutputError(f"{self._path}: no state can be kept there")
        watch.every(EVERY / PATIENCE, self._look)

    def report(self, report: Report, *, final: bool) -> None:  # noqa: ARG002 - a subscriber's signature
        """At the end: all is known."""
        if final:
            self.save(final=True)

    def reopen(self) -> None:
        """Each save opens it anew."""

    def close(self) -> None:
        """Give the folder back."""
        self._folder.close()

    def save(self, *, final: bool) -> None:
        """Write it whole, or not at all."""
        watch = self._watch
        facts = watch.known()
        state = {"format": FORMAT, "asked": self._asked, "waiting": 0 if final else watch.screen.waiting,
                 "files": self._follow.saved(facts.inputs), "facts": saved_facts.dump(facts)}
        self.failed = False
        try:
            self._folder.write(self._path.name, json.dumps(state, separators=(",", ":")).encode("ascii"))
        except OutputError as error:
            self.failed = True
            sys.stderr.write(f"consul-sniff: {error}\n")

    def _look(self) -> None:
        """Save if it is time, and at a moment when no payload waits for bytes before it, if one comes soon."""
        now = self._watch.counters()
        if now.seconds < self._due or now.packets == self._packets:
            return
        self._looks += 1
        if self._watch.screen.waiting and self._looks < PATIENCE:
            return
        self.save(final=False)
        after = self._watch.counters().seconds
        self._due, self._looks, self._packets = after + max(EVERY, BUSY_SHARE * (after - now.seconds)), 0, now.packets

    def _load(self, data: bytes) -> None:
        try:
            state = json.loads(data)
            self._compare(state["asked"] if state["format"] == FORMAT else {})
            facts = saved_facts.load(state["facts"])
            self._follow.restore(state["files"], facts.inputs)
            waiting = int(state["waiting"])
        except UsageError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, ConsulSniffError):
            raise OutputError(f"{self._path}: is no state of this version of consul-sniff, or damaged; remove it to begin anew") from None
        if waiting:
            facts.reasons.add(f"{waiting} bytes waited for others that were missing when an earlier run was killed: they were not read")
        self._watch.restore(facts)
        packets = sum(one.packets for one in facts.inputs)
        self._watch.tell("resumed", {"file": str(self._path), "packets": packets,
                                     "summary": f"going on after {packets} packets of {len(facts.inputs)} files ({self._path})"})

    def _compare(self, asked: dict[str, Any]) -> None:
        for option, value in self._asked.items():
            if (was := asked[option]) != value:
                raise UsageError(f"{self._path}: is the state of another run ({option} was {_shown(was)} there, and is {_shown(value)} here); "
                                 "give the same, or another --state")


def _shown(value: object) -> str:
    return "not given" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
