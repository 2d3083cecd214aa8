"""The controls, and the fold of votes to a status: a pure function, run last, over all that a report knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..model import Grade, Severity, Status, Vote
from ..report import ControlResult
from ..vocabulary import CHANNELS
from .reasons import fill
from .yamlfile import Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import yaml

    from ..report import Finding
    from .matcher import Ballot
    from .yamlfile import Reader

REASONS_SHOWN: Final = 3
SEVERITY_ORDER: Final = {severity: place for place, severity in enumerate(Severity)}  # 0 is the worst


class Control(NamedTuple):
    """An entry of ``checklist.yaml``."""

    id: str
    title: str
    summary: str  # what is asked, in a sentence
    seeds: tuple[str, ...]  # the documents that ask it
    channels: tuple[str, ...]  # a loss on one of these can hide a fail
    remediation: str
    not_observed: str  # the reason where nothing voted
    settle: str  # what to capture or give to settle an inconclusive one


class Fold(NamedTuple):
    """A status and the ballots that decided it. ``why``: what kept a better status away, "" where nothing did."""

    status: Status
    deciding: tuple[Ballot, ...]
    why: str = ""


def control(node: yaml.Node, reader: Reader) -> Control | None:
    """One entry; None where anything is wrong with it (said to ``reader``)."""
    section = Section(reader, node)
    made = Control(
        id=section.text("id"), title=section.text("title"), summary=section.text("summary"),
        seeds=section.texts("seeds"), channels=section.texts("channels", required=False),
        remediation=section.prose("remediation"), not_observed=section.text("not_observed"),
        settle=section.text("settle"),
    )
    section.done()
    for channel in made.channels:
        if channel and channel not in CHANNELS:
            reader.wrong(section.values["channels"], "channels", f'"{channel}" is not one of {", ".join(CHANNELS)}')
    return made if reader.clean else None


def fold(ballots: Sequence[Ballot], losses: Sequence[str] = ()) -> Fold:
    """The checklist's order: fail, warn, inconclusive, pass, inconclusive, not observed.

    ``losses``: why a silence on this control's channels proves nothing, "" of them where nothing was lost.
    """
    by_vote = {vote: tuple(b for b in ballots if b.signature.vote is vote) for vote in Vote}
    fails = by_vote[Vote.FAIL]
    proven = tuple(b for b in fails if any(o.grade is not Grade.UNSOLICITED for o in b.observations))
    if proven:
        return Fold(Status.FAIL, proven)
    if by_vote[Vote.WARN]:
        return Fold(Status.WARN, by_vote[Vote.WARN])
    if fails:
        return Fold(Status.INCONCLUSIVE, fails, "but only in single datagrams that nobody answered, which anybody can forge")
    votes = by_vote[Vote.PASS] or by_vote[Vote.INCONCLUSIVE]
    if votes and losses:
        return Fold(Status.INCONCLUSIVE, votes, f"but {losses[0]}, which could hide a fail")
    if by_vote[Vote.PASS]:
        return Fold(Status.PASS, by_vote[Vote.PASS])
    if by_vote[Vote.INCONCLUSIVE]:
        return Fold(Status.INCONCLUSIVE, by_vote[Vote.INCONCLUSIVE])
    return Fold(Status.NOT_OBSERVED, ())


def losses_of(control: Control, incomplete: Iterable[str]) -> list[str]:
    """Of attribution's lines "CHANNEL: reason" (or "all: reason"), the reasons that concern this control. "all" is every control."""
    found = []
    for line in incomplete:
        channel, separator, reason = line.partition(": ")
        if not separator or channel not in CHANNELS:
            channel, reason = "all", reason if channel == "all" else line
        if channel == "all" or channel in control.channels:
            found.append(reason)
    return sorted(found)


def result(control: Control, folded: Fold, notes: Sequence[Ballot], findings: Iterable[Finding],
           names: Mapping[str, str]) -> ControlResult:
    """The control as the report shows it. ``notes``: ballots that decide nothing and may add to the reason."""
    reason = _reason(control, folded, notes, names)
    return ControlResult(control.id, folded.status, control.title, control.summary, reason,
                         tuple(f.id for f in findings), control.seeds, control.remediation)


def _reason(control: Control, folded: Fold, notes: Sequence[Ballot], names: Mapping[str, str]) -> str:
    said = _said(folded.deciding, names)
    if folded.status is Status.NOT_OBSERVED:
        return "; ".join((control.not_observed, *_said([b for b in notes if b.signature.reason], names)))
    text = "; ".join(said[:REASONS_SHOWN])
    if len(said) > REASONS_SHOWN:
        text += f"; and {len(said) - REASONS_SHOWN} more"
    if folded.status is Status.INCONCLUSIVE:
        return f"{text}{', ' if folded.why else ''}{folded.why}; to settle it, {control.settle}"
    return text


def _said(ballots: Iterable[Ballot], names: Mapping[str, str]) -> list[str]:
    """The ballots' sentences, the worst first, none twice."""
    ordered = sorted(ballots, key=lambda b: SEVERITY_ORDER[b.signature.severity])
    return list(dict.fromkeys(
        fill(b.signature.reason or b.signature.title + ": {examples}", b.observations, names) for b in ordered
    ))
