"""The tasks' facts, joined to what one process would have learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import limits
from ..facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..facts import InputFacts
    from .split import Result, Task

#: A table that is full keeps what came first; several processes do not know which of theirs came first.
TABLES = {"conversations": limits.CONVERSATIONS, "sightings": limits.SIGHTINGS, "claims": limits.CLAIMS,
          "exposures": limits.EXPOSURES, "notes": limits.NOTES}
FULL = ("conversations folded", "claims over the limit", "sightings over the limit", "other notes")


def join(tasks: Sequence[Task], results: Sequence[Result | None], *, interrupted: bool = False) -> Facts | None:
    """The facts of all inputs; None where a bound was met whose effect hangs on the order of all flows.

    ``results`` stand in the order of ``tasks``; None: not done, which only an interrupted run may have. A file of which
    a part was not done is left out.
    """
    whole = Facts()
    inputs: dict[int, InputFacts] = {}
    missing = {task.inputs[0] for task, result in zip(tasks, results, strict=True) if result is None}
    bodies: dict[int, int] = {}
    for task, result in zip(tasks, results, strict=True):
        if result is None or task.inputs[0] in missing:
            continue
        facts = result.facts
        whole.merge(facts)
        if task.leads:
            inputs.update(zip(task.inputs, facts.inputs, strict=False))  # fewer where it was interrupted
        if task.shares is not None:
            bodies[task.inputs[0]] = bodies.get(task.inputs[0], 0) + result.bodies
    whole.inputs = [inputs[number] for number in sorted(inputs)]
    if interrupted:
        _settle(whole, inputs, tasks, results)
        return whole
    over = any(len(getattr(whole, name)) > most for name, most in TABLES.items())
    if over or any(name in whole.notes for name in FULL) or any(held > limits.BODIES for held in bodies.values()):
        return None
    return whole


def _settle(whole: Facts, inputs: dict[int, InputFacts], tasks: Sequence[Task], results: Sequence[Result | None]) -> None:
    """The parts of a file did not stop at the same packet: it has the packets that are in a counter."""
    for number, one in inputs.items():
        parts = [result.facts for task, result in zip(tasks, results, strict=True)
                 if result is not None and task.shares is not None and task.inputs[0] == number]
        if parts:
            one.packets = sum(sum(facts.counters.values()) for facts in parts)
    whole.reasons.add("interrupted: what came later was not read")
