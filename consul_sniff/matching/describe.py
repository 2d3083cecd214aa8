"""Signatures and controls as plain data, for `signatures list|show|test` and `explain`: how it looks is the cli's."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UsageError
from .matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..report import Attributed
    from .checklist import Control
    from .loader import Rules
    from .schema import Group, Signature


class Row(NamedTuple):
    """A line of `signatures list`."""

    id: str
    control: str
    vote: str
    severity: str
    status: str
    title: str


class Page(NamedTuple):
    """What `explain` shows of a signature or a control: facts are (name, value), the rest are headed paragraphs."""

    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...]


class Tried(NamedTuple):
    """A capture that a signature's own tests name, and what came of it."""

    signature: str
    capture: str
    expected: str  # "fires" | "silent"
    passed: bool
    said: str  # one line: what happened


def rows(rules: Rules) -> list[Row]:
    """Every signature, in the checklist's order of controls, then by id."""
    order = {control.id: place for place, control in enumerate(rules.controls)}
    ordered = sorted(rules.signatures, key=lambda s: (order[s.control], s.id))
    return [Row(s.id, s.control, s.vote.value, s.severity.value, s.status, s.title) for s in ordered]


def page(rules: Rules, name: str) -> Page:
    """The signature or control of that id; UsageError with the nearest ids where there is none."""
    for signature in rules.signatures:
        if signature.id == name:
            return _signature_page(signature)
    for control in rules.controls:
        if control.id == name:
            return _control_page(control, rules)
    ids = [*(s.id for s in rules.signatures), *(c.id for c in rules.controls)]
    near = get_close_matches(name, ids, 3, 0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `consul-sniff signatures list` shows all"
    raise UsageError(f'"{name}" is no signature and no control{hint}')


def _signature_page(s: Signature) -> Page:
    facts = (("control", s.control), ("vote", s.vote.value), ("severity", s.severity.value),
             ("confidence", s.confidence.value), ("status", s.status), ("file", s.path))
    sections = [("What it means", s.description), ("What to do", s.remediation)]
    if s.untested:
        sections.append(("Not tested on a capture", s.untested))
    lists = [("Matches", tuple(map(_words, s.match))), ("Unless", tuple(map(_words, s.unless))),
             ("May be wrong when", s.false_positives), ("References", s.references),
             ("Fires on", s.fires_on), ("Silent on", s.silent_on)]
    return Page(s.id, s.title, facts, tuple(sections), tuple((name, items) for name, items in lists if items))


def _control_page(c: Control, rules: Rules) -> Page:
    facts = (("seed documents", ", ".join(c.seeds)), ("channels", ", ".join(c.channels) or "all"))
    sections = (("What is asked", c.summary), ("What to set", c.remediation), ("When nothing is seen", c.not_observed),
                ("To settle an inconclusive status", c.settle))
    own = [s for s in rules.signatures if s.control == c.id]
    lists = [(f"Votes {vote}", tuple(f"{s.id}: {s.title}" for s in own if s.vote.value == vote))
             for vote in ("fail", "warn", "pass", "inconclusive", "note")]
    return Page(c.id, c.title, facts, sections, tuple((name, items) for name, items in lists if items))


def _words(group: Group) -> str:
    """A group as one line: every condition of it must hold."""
    parts = []
    for condition in group:
        values = " or ".join("yes" if v is True else "no" if v is False else str(v) for v in condition.values)
        modifier = "is" if condition.modifier in {"exact", "in"} else condition.modifier
        parts.append(f"{condition.field} {modifier} {values}")
    return ", ".join(parts)


def run_tests(signature: Signature, analyze: Callable[[Path], Attributed], root: Path = Path()) -> list[Tried]:
    """The captures that the signature's ``tests`` name, each tried. ``analyze``: a capture to what attribution made of it.

    ``root``: the folder that the captures' paths start from. A missing capture fails its test.
    """
    matcher = Matcher([signature])
    return [_try(signature, matcher, analyze, root, capture, expected)
            for expected, captures in (("fires", signature.fires_on), ("silent", signature.silent_on))
            for capture in captures]


def _try(signature: Signature, matcher: Matcher, analyze: Callable[[Path], Attributed], root: Path, capture: str,
         expected: str) -> Tried:
    if not (root / capture).is_file():
        return Tried(signature.id, capture, expected, passed=False, said="the capture is not there")
    ballots = matcher.ballots(analyze(root / capture).observations)
    said = _found(ballots[0].observations[0].summary, len(ballots[0].observations)) if ballots else "nothing matched"
    return Tried(signature.id, capture, expected, passed=bool(ballots) == (expected == "fires"), said=said)


def _found(summary: str, count: int) -> str:
    return f"{summary} (and {count - 1} more)" if count > 1 else summary


def untested(signatures: Sequence[Signature]) -> list[tuple[str, str]]:
    """(id, why) of the signatures that no capture shows firing, or silent."""
    return [(s.id, s.untested) for s in signatures if s.untested]
