"""The tasks' facts, joined to what one process would have learnt."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .. import limits
from ..facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..facts import InputFacts
    from .split import Result, Task

#: Each share of the flows has its part of a table. Several inputs fill it one after the other.
TABLES = {"conversations": ("CONVERSATIONS", "STRANGERS"), "attempts": ("ATTEMPTS",), "sightings": ("SIGHTINGS", "STRANGERS_SAID"),
          "claims": ("CLAIMS",), "exposures": ("EXPOSURES",)}


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
    over = len(whole.notes) > limits.NOTES or "other notes" in whole.notes
    if over or _full(tasks, results) or any(held > limits.BODIES for held in bodies.values()):
        return None
    return whole


def _full(tasks: Sequence[Task], results: Sequence[Result | None]) -> bool:
    """May a share have met its bound in one process, that went through all inputs?"""
    if len({task.inputs for task in tasks}) == 1:
        return False  # of one input all that a share met was met by one process
    sums: Counter[tuple[str, int]] = Counter()
    for result in results:
        sums.update(result.keys if result is not None else {})
    return any(count > min(getattr(limits, name) for name in TABLES[table]) // limits.SHARES for (table, _), count in sums.items())


def _settle(whole: Facts, inputs: dict[int, InputFacts], tasks: Sequence[Task], results: Sequence[Result | None]) -> None:
    """The parts of a file did not stop at the same packet: it has the packets that are in a counter."""
    for number, one in inputs.items():
        parts = [result.facts for task, result in zip(tasks, results, strict=True)
                 if result is not None and task.shares is not None and task.inputs[0] == number]
        if parts:
            one.packets = sum(sum(facts.counters.values()) for facts in parts)
    whole.reasons.add("interrupted: what came later was not read")
