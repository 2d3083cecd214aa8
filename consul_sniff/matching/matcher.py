"""Which signatures an observation matches.

Signatures are indexed by protocol and kind; what an observation has few values of (everything but its addresses and
fields) is decided once for each combination and remembered. So the cost of an observation hardly grows with the number
of signatures, only with the number that speak of its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .modifiers import MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..model import Scalar
    from ..report import Observation
    from .schema import Condition, Group, Groups, Signature

    Test = Callable[[Observation], bool]

#: an observation's names that have few values; in the order of ``_few``
FEW: Final = ("protocol", "kind", "protection", "channel", "owner", "by", "transport", "loopback", "grade", "decrypted")
_FIELDS: Final = "fields."


class Ballot(NamedTuple):
    """A signature and all that it matched."""

    signature: Signature
    observations: list[Observation]


class _Rule(NamedTuple):
    """A group taken apart: tests on what has few values, and tests that each observation needs."""

    few: tuple[tuple[int, Callable[[Scalar], bool]], ...]  # (place in FEW, predicate)
    many: tuple[Test, ...]


class _Candidate(NamedTuple):
    """What is left to ask of an observation for this signature: any of ``match``, none of ``unless``."""

    place: int  # of its signature
    match: tuple[tuple[Test, ...], ...]
    unless: tuple[tuple[Test, ...], ...]


class Matcher:
    """Built once from signatures; ``ballots`` may be asked again and again."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self.signatures = tuple(signatures)
        self._rules = [([_rule(g, implied=_implied(s)) for g in s.match], [_rule(g) for g in s.unless])
                       for s in self.signatures]
        self._by_protocol: dict[Scalar, list[int]] = {}
        self._any_protocol: list[int] = []
        for index, signature in enumerate(self.signatures):
            protocols = _whole("protocol", signature.match)
            if protocols is None:
                self._any_protocol.append(index)
            for protocol in protocols or ():
                self._by_protocol.setdefault(protocol, []).append(index)
        self._remembered: dict[tuple[Scalar, ...], tuple[_Candidate, ...]] = {}

    def ballots(self, observations: Iterable[Observation]) -> list[Ballot]:
        """The signatures that matched anything, in their order, with what they matched."""
        found: dict[int, list[Observation]] = {}
        for observation in observations:
            for candidate in self._candidates(observation):
                if _any(candidate.match, observation) and not _any(candidate.unless, observation):
                    found.setdefault(candidate.place, []).append(observation)
        return [Ballot(self.signatures[index], found[index]) for index in sorted(found)]

    def _candidates(self, observation: Observation) -> tuple[_Candidate, ...]:
        few = _few(observation)
        known = self._remembered.get(few)
        if known is None:
            indexes = sorted((*self._by_protocol.get(observation.protocol, ()), *self._any_protocol))
            made = (self._candidate(index, few) for index in indexes)
            known = self._remembered[few] = tuple(candidate for candidate in made if candidate.match)
        return known

    def _candidate(self, index: int, few: tuple[Scalar, ...]) -> _Candidate:
        match, unless = self._rules[index]
        return _Candidate(index, tuple(r.many for r in match if _holds(r, few)),
                          tuple(r.many for r in unless if _holds(r, few)))


def _few(o: Observation) -> tuple[Scalar, ...]:
    return (o.protocol, o.kind, o.protection.value, o.channel, o.owner, o.by, o.transport, o.loopback, o.grade.value,
            o.decrypted)


def _holds(rule: _Rule, few: tuple[Scalar, ...]) -> bool:
    return all(predicate(few[place]) for place, predicate in rule.few)


def _any(groups: tuple[tuple[Test, ...], ...], observation: Observation) -> bool:
    return any(all(test(observation) for test in group) for group in groups)


def _implied(signature: Signature) -> bool:
    """Does nobody speak of ``decrypted``? Then what a key opened does not count: it was no plaintext on the wire."""
    return not any(c.field == "decrypted" for group in (*signature.match, *signature.unless) for c in group)


def _rule(group: Group, *, implied: bool = False) -> _Rule:
    few: list[tuple[int, Callable[[Scalar], bool]]] = []
    many: list[Test] = []
    for condition in group:
        predicate = MODIFIERS[condition.modifier].build(condition.values)
        if condition.field in FEW:
            few.append((FEW.index(condition.field), predicate))
        else:
            many.append(_test(condition, predicate))
    if implied:
        few.append((FEW.index("decrypted"), lambda value: value is False))
    return _Rule(tuple(few), tuple(many))


def _test(condition: Condition, predicate: Callable[[Scalar], bool]) -> Test:
    if condition.field.startswith(_FIELDS):
        name = condition.field[len(_FIELDS):]
        return lambda observation: predicate(observation.fields.get(name))
    if condition.field == "source":
        return lambda observation: predicate(observation.source)
    return lambda observation: predicate(observation.destination)


def _whole(field: str, groups: Groups) -> set[Scalar] | None:
    """The values that ``field`` can have in any of the groups; None where one leaves it open."""
    values: set[Scalar] = set()
    for group in groups:
        own = [c for c in group if c.field == field and c.modifier in {"exact", "in"}]
        if not own:
            return None
        values.update(own[0].values)
    return values
