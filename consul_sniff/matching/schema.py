"""A signature: YAML to ``Signature``, with everything that is wrong said by file, line and key.

::

    id: gossip-plaintext-lan        # = the file's name
    control: gossip-encryption      # whose status it votes on
    vote: fail                      # fail | warn | inconclusive | pass | note
    match:                          # keys AND, list items OR, `field|modifier: value`; a list of such mappings: any
      protocol: memberlist
      fields.name|startswith: "consul:"
    unless: ...                     # the same shape: an observation that it matches is left out

Fields are an observation's own names (``FIELDS``) and ``fields.NAME`` of the decoders' vocabulary. There is no port:
attribution has settled what traffic is for. Where neither ``match`` nor ``unless`` speaks of ``decrypted``, only what
was seen without a key counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..model import Confidence, Grade, Protection, Scalar, Severity, Vote
from ..vocabulary import ADDED, BY, CHANNELS, OWNERS, PROTOCOLS, TRANSPORTS
from .modifiers import MODIFIERS, WHOLE_VALUES
from .reasons import check as check_reason
from .yamlfile import Reader, Section

if TYPE_CHECKING:
    from collections.abc import Collection

    import yaml

STATUSES: Final = ("stable", "experimental", "deprecated")
_TRUTH: Final = (True, False)
_PREFIX: Final = "fields."

#: an observation's own names, and the values that each can have (None: any)
FIELDS: Final[dict[str, tuple[Scalar, ...] | None]] = {
    "protocol": tuple(PROTOCOLS),
    "kind": None,  # depends on the protocol
    "protection": tuple(p.value for p in Protection),
    "channel": CHANNELS,
    "owner": OWNERS,
    "by": BY,
    "source": None,
    "destination": None,
    "transport": TRANSPORTS,
    "loopback": _TRUTH,
    "grade": tuple(g.value for g in Grade),
    "decrypted": _TRUTH,
}

#: the severities that a vote may have: so a fail always has a finding that fails a run, and nothing else does
SEVERITIES: Final[dict[Vote, tuple[Severity, ...]]] = {
    Vote.FAIL: (Severity.HIGH, Severity.CRITICAL),
    Vote.WARN: (Severity.MEDIUM, Severity.LOW, Severity.INFO),
    Vote.INCONCLUSIVE: (Severity.INFO,),
    Vote.PASS: (Severity.INFO,),
    Vote.NOTE: (Severity.INFO,),
}


class Condition(NamedTuple):
    """``field|modifier: values``; any of the values."""

    field: str
    modifier: str
    values: tuple[Scalar, ...]


Group = tuple[Condition, ...]  # all of them
Groups = tuple[Group, ...]  # any of them


class Signature(NamedTuple):
    """One file below ``signatures/``."""

    id: str
    title: str
    status: str
    control: str
    vote: Vote
    severity: Severity
    confidence: Confidence
    description: str
    remediation: str
    references: tuple[str, ...]
    false_positives: tuple[str, ...]
    match: Groups
    unless: Groups
    reason: str  # a template, see ``reasons``; "" takes the title
    fires_on: tuple[str, ...]
    silent_on: tuple[str, ...]
    untested: str  # why a capture is missing in one of the two; "" where none is
    path: str


def signature(node: yaml.Node, name: str, path: str, reader: Reader, controls: Collection[str]) -> Signature | None:
    """The signature in ``node``; None where anything is wrong with it (said to ``reader``). ``name``: the file's stem."""
    top = Section(reader, node)
    identity = top.text("id")
    if identity and identity != name:
        reader.wrong(top.values["id"], "id", f'"{identity}" is not the name of the file, "{name}"')
    if identity in controls:
        reader.wrong(top.values["id"], "id", f'"{identity}" is the id of a control: `explain` could not tell them apart')
    vote = top.one_of("vote", [v.value for v in Vote])
    fires, silent, untested = _tests(top)
    made = Signature(
        id=identity, title=top.text("title"), status=top.one_of("status", STATUSES),
        control=top.one_of("control", controls), vote=Vote(vote or "note"), severity=_severity(top, vote),
        confidence=Confidence(top.one_of("confidence", [c.value for c in Confidence]) or "low"),
        description=top.prose("description"), remediation=top.prose("remediation"), references=_references(top),
        false_positives=top.texts("false_positives", required=False), match=_groups(top, "match"),
        unless=_groups(top, "unless", required=False), reason=_reason(top), fires_on=fires, silent_on=silent,
        untested=untested, path=path,
    )
    top.done()
    if vote == Vote.FAIL.value:
        _fail_is_careful(made, top)
    return made if reader.clean else None


def _severity(top: Section, vote: str) -> Severity:
    given = top.one_of("severity", [s.value for s in Severity])
    if not (given and vote):
        return Severity.INFO
    allowed = [s.value for s in SEVERITIES[Vote(vote)]]
    if given not in allowed:
        top.reader.wrong(top.values["severity"], "severity", f'"{given}" with vote "{vote}": expected {" or ".join(allowed)}')
    return Severity(given)


def _references(top: Section) -> tuple[str, ...]:
    links = top.texts("references")
    for link in links:
        if link and not link.startswith("https://"):
            top.reader.wrong(top.values["references"], "references", f'"{link}" does not begin with https://')
    return links


def _reason(top: Section) -> str:
    template = top.text("reason", required=False)
    wrong = check_reason(template)
    if wrong:
        top.reader.wrong(top.values["reason"], "reason", wrong)
    return template


def _tests(top: Section) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """``tests: {fires_on, silent_on, untested}``: a capture for each, or a sentence that says why there is none."""
    node = top.get("tests")
    if node is None:
        return (), (), ""
    section = Section(top.reader, node, "tests")
    fires, silent = section.texts("fires_on", required=False), section.texts("silent_on", required=False)
    untested = section.text("untested", required=False)
    section.done()
    if not (fires and silent) and not untested:
        missing = "fires_on" if not fires else "silent_on"
        top.reader.wrong(node, f"tests.{missing}", "expected at least one capture, or a sentence under `untested`")
    for capture in (*fires, *silent):
        if capture.startswith("/") or ".." in capture.split("/"):
            top.reader.wrong(node, "tests", f'"{capture}" is no path below the project')
    return fires, silent, untested


def _fail_is_careful(made: Signature, top: Section) -> None:
    """A fail must say that loopback is not meant and whose traffic is: forgetting either accuses the innocent."""
    for group in made.match:
        named = {condition.field for condition in group}
        for field, why in (("loopback", "loopback-only traffic never fails a control"), ("owner", "say whose traffic")):
            if field not in named:
                top.reader.wrong(top.lines["match"], f"match.{field}", f"is missing with vote fail: {why}")


def _groups(top: Section, name: str, *, required: bool = True) -> Groups:
    node = top.get(name, required=required)
    if node is None:
        return ()
    groups = tuple(_group(item, name, top.reader) for item in top.reader.items(node))
    if not all(groups):
        top.reader.wrong(node, name, "is empty: it would match everything")
    return tuple(group for group in groups if group)


def _group(node: yaml.Node, name: str, reader: Reader) -> Group:
    conditions: list[tuple[Condition, yaml.Node, yaml.Node]] = []
    for key, key_node, value_node in reader.pairs(node, name):
        field, _, modifier = key.partition("|")
        modifier = modifier or "exact"
        where = f"{name}.{key}"
        if modifier not in MODIFIERS:
            reader.wrong(key_node, where, f'"{modifier}" is no modifier; there are {", ".join(MODIFIERS)}')
            continue
        values = tuple(reader.scalar(item, where) for item in reader.items(value_node))
        rule = MODIFIERS[modifier]
        if not values or not all(map(rule.check, values)):
            reader.wrong(value_node, where, f"expected {rule.expects}")
            continue
        conditions.append((Condition(field, modifier, values), key_node, value_node))
    _check_words(conditions, name, reader)
    return tuple(condition for condition, _, _ in conditions)


def _check_words(conditions: list[tuple[Condition, yaml.Node, yaml.Node]], name: str, reader: Reader) -> None:
    """Hold fields and whole values against the vocabulary; kinds and ``fields.NAME`` against the protocols named."""
    named = [v for c, _, _ in conditions if c.field == "protocol" and c.modifier in {"exact", "in"} for v in c.values]
    protocols = [str(v) for v in named if v in PROTOCOLS] or list(PROTOCOLS)
    kinds = {kind: fields for p in protocols for kind, fields in PROTOCOLS[p].items()}
    fields = sorted({field for p in protocols for known in PROTOCOLS[p].values() for field in (*known, *ADDED)})
    for condition, key_node, value_node in conditions:
        where = f"{name}.{condition.field}"
        if condition.field.startswith(_PREFIX):
            if condition.field[len(_PREFIX):] not in fields:
                known = ", ".join(_PREFIX + field for field in fields) or "none"
                reader.wrong(key_node, where, f"is no field of {', '.join(protocols)}; known are {known}")
            continue
        if condition.field not in FIELDS:
            reader.wrong(key_node, where, f"is no known field; known are {', '.join(FIELDS)}, fields.NAME")
            continue
        choices = tuple(kinds) if condition.field == "kind" else FIELDS[condition.field]
        if choices is None or condition.modifier not in WHOLE_VALUES:
            continue
        for value in condition.values:
            if value not in choices or isinstance(value, bool) != isinstance(choices[0], bool):
                shown = ", ".join(str(c).lower() if isinstance(c, bool) else str(c) for c in choices)
                reader.wrong(value_node, where, f'"{value}" is not one of {shown}')
