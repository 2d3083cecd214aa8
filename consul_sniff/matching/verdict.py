"""The judgement: observations and rules in, a report out, with the exit code that it means."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import UsageError
from ..facts import NOTHING
from ..model import Severity, Status, Vote
from ..report import Report
from ..vocabulary import CHANNELS
from .checklist import SEVERITY_ORDER, Fold, fold, losses_of, result
from .findings import findings
from .matcher import Matcher
from .reasons import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..facts import Facts
    from ..report import Attributed, ControlResult, ConversationRow, Finding
    from .checklist import Control
    from .loader import Rules
    from .matcher import Ballot
    from .schema import Signature

CLEAN: Final = 0
FOUND: Final = 1
BROKEN: Final = 3
INCONCLUSIVE: Final = 4


@lru_cache(maxsize=2)
def matcher(signatures: tuple[Signature, ...]) -> Matcher:
    """Of these signatures, taken apart once: a live capture judges again and again."""
    return Matcher(signatures)


class Gate(NamedTuple):
    """What decides the exit code beside findings. ``max_loss``: the share of the traffic that may be lost, 0 to 1."""

    require: tuple[str, ...]
    fail_on: Severity
    max_loss: float


def judge(attributed: Attributed, facts: Facts, rules: Rules, *, require: Sequence[str] = (), fail_on: str = "high",
          max_loss: float = 0.0) -> Report:
    """The report on what was seen.

    ``require``: channels or control ids, each of which must have been seen (default: any Consul traffic).
    ``fail_on``: the least severity that makes the exit code 1. ``max_loss``: the share of the
    traffic, 0 to 1, that may be missing.
    Raises UsageError for a word in ``require`` or ``fail_on`` that does not exist.
    """
    gate = check_gate(rules, require, fail_on, max_loss)
    ballots = matcher(rules.signatures).ballots(attributed.observations)
    folds = {c.id: _fold(c, ballots, attributed.incomplete) for c in rules.controls}
    found, left_out = findings(ballots, {name: f.status for name, f in folds.items()})
    notes = dict(sorted(facts.notes.items()))
    reasons = sorted({*facts.reasons, *(_unprefixed(line) for line in attributed.incomplete)})
    if left_out:
        notes["findings-left-out"] = left_out
        reasons.append(f"{counted(left_out, 'finding')} more than the {len(found):,} listed were left out")
    names = {node.address: node.name or node.address for node in attributed.nodes}
    of_control: dict[str, list[Finding]] = {c.id: [] for c in rules.controls}
    for finding in found:
        of_control[finding.control].append(finding)
    controls = [_result(c, folds[c.id], ballots, of_control[c.id], names) for c in rules.controls]
    code, reason = _exit(gate, attributed, facts, controls, found)
    return Report(
        inputs=facts.inputs, counters=dict(sorted(facts.counters.items())), notes=notes, complete=not reasons,
        reasons=reasons, controls=controls, findings=found, nodes=attributed.nodes,
        conversations=attributed.conversations, exposures=attributed.exposures,
        channels_seen=attributed.channels_seen, exit_code=code, exit_reason=reason,
    )


def check_gate(rules: Rules, require: Sequence[str] = (), fail_on: str = "high", max_loss: float = 0.0) -> Gate:
    """The words of the command line, held against what there is; UsageError names the valid ones. Call it early."""
    known = (*CHANNELS, *(c.id for c in rules.controls))
    for name in require:
        if name not in known:
            raise UsageError(f'--require: "{name}" is neither a channel nor a control; there are {", ".join(known)}')
    if fail_on not in {s.value for s in Severity}:
        raise UsageError(f'--fail-on: "{fail_on}" is not one of {", ".join(s.value for s in Severity)}')
    if not 0 <= max_loss <= 1:
        raise UsageError(f"--max-loss: {max_loss:g} is no share between 0 and 1")
    return Gate(tuple(require), Severity(fail_on), max_loss)


def _fold(control: Control, ballots: Sequence[Ballot], incomplete: Sequence[str]) -> Fold:
    own = [b for b in ballots if b.signature.control == control.id]
    return fold(own, losses_of(control, incomplete))


def _result(control: Control, folded: Fold, ballots: Sequence[Ballot], found: Sequence[Finding],
            names: Mapping[str, str]) -> ControlResult:
    notes = [b for b in ballots if b.signature.control == control.id and b.signature.vote is Vote.NOTE]
    return result(control, folded, notes, found, names)


def _unprefixed(line: str) -> str:
    """Attribution's line without "all: ": a channel's name says something to a reader, "all" does not."""
    return line.removeprefix("all: ")


def _exit(gate: Gate, attributed: Attributed, facts: Facts, controls: Sequence[ControlResult],
          found: Sequence[Finding]) -> tuple[int, str]:
    """3 before 1 before 4, as the report contract orders them."""
    broken = [f"{i.path}: {i.error}" if i.path not in i.error else i.error for i in facts.inputs if i.error]
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        return BROKEN, f"an input could not be read to its end: {broken[0]}{more}"
    grave = [f for f in found if SEVERITY_ORDER[f.severity] <= SEVERITY_ORDER[gate.fail_on]]
    if grave:
        failed = sum(c.status is Status.FAIL for c in controls)
        return FOUND, (f"{counted(len(grave), 'finding')} of severity {gate.fail_on.value} or above; "
                       f"{counted(failed, 'control')} failed")
    unseen = _unseen(gate.require, attributed, controls)
    if unseen:
        return INCONCLUSIVE, unseen
    lost = lost_share(facts, attributed.conversations)
    if lost > gate.max_loss:
        return INCONCLUSIVE, f"{lost:.3%} of the traffic is missing from the capture; --max-loss allows {gate.max_loss:.3%}"
    return CLEAN, f"no finding of severity {gate.fail_on.value} or above"


def _unseen(require: Sequence[str], attributed: Attributed, controls: Sequence[ControlResult]) -> str:
    """Why the run decides nothing: a sentence, or "" where everything required was seen."""
    if not require:
        seen = attributed.channels_seen or any(c.protocol == "vault" for c in attributed.conversations)
        return "" if seen else "no Consul traffic was seen"
    silent = {c.id for c in controls if c.status is Status.NOT_OBSERVED}
    missing = [name for name in require
               if (name in silent if name not in CHANNELS else name not in attributed.channels_seen)]
    return f"nothing was seen of what --require names: {', '.join(missing)}" if missing else ""


def lost_share(facts: Facts, rows: Iterable[ConversationRow] = ()) -> float:
    """How much is missing, 0 to 1: TCP bytes that were sent and not captured, or packets that the capture dropped.

    ``rows``: those that are none of Consul's channels do not count; what somebody else lost hides nothing here.
    """
    lost = kept = 0
    if any(c.lost != NOTHING for c in facts.conversations.values()):
        foreign = {row[:4] for row in rows if row.channel == "other"}
        mine = [c for key, c in facts.conversations.items() if tuple(key) not in foreign]
        lost, kept = sum(sum(c.lost) for c in mine), sum(sum(c.bytes) for c in mine)
    dropped = facts.notes.get("capture-dropped", 0)
    packets = sum(facts.counters.values())
    return max(lost / (lost + kept) if lost else 0.0, dropped / (dropped + packets) if dropped else 0.0)
