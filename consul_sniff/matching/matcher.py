"""Which signatures an observation matches.

Signatures are indexed by protocol; what an observation has few values of (everything but its addresses) is decided
once for each combination and remembered. So the cost of an observation grows with the number of signatures that it
matches, not with the number that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from ..observation import Few, Observation, Observations
from .modifiers import MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..model import Scalar
    from ..observation import Bundle, Sort
    from .schema import Condition, Group, Groups, Signature

    Test = Callable[[Observation], bool]
    Predicate = Callable[[Scalar], bool]
    Ends = tuple[tuple[tuple[Test, ...], ...], tuple[tuple[Test, ...], ...]]  # any of the first, none of the second

FEW: Final = Few._fields
_FIELDS: Final = "fields."
REMEMBERED: Final = 4_096  # combinations of fields' values, for each of the rest: a certificate's names may be anything


class Ballot(NamedTuple):
    """A signature and all that it matched."""

    signature: Signature
    observations: Sequence[Observation]


class Matches(Sequence[Observation]):
    """What a signature matched: bundles, whole or in part, looked at when somebody asks for more than whether there is any."""

    def __init__(self, parts: list[tuple[Bundle, Ends | None]]) -> None:
        self._parts = parts

    @cached_property
    def _all(self) -> list[Observation]:
        return [one for bundle, ends in self._parts for one in bundle.observations if ends is None or _hold(ends, one)]

    def __bool__(self) -> bool:
        return any(ends is None for _, ends in self._parts) or bool(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, place: int) -> Observation: ...

    @overload
    def __getitem__(self, place: slice) -> list[Observation]: ...

    def __getitem__(self, place: int | slice) -> Observation | list[Observation]:
        return self._all[place]

    def __iter__(self) -> Iterator[Observation]:
        return iter(self._all)


class _Rule(NamedTuple):
    """A group taken apart: tests on what has few values, and tests that each observation needs."""

    few: tuple[tuple[int, Predicate], ...]  # (place in FEW, predicate)
    fields: tuple[tuple[str, Predicate], ...]  # (name, predicate)
    ends: tuple[Test, ...]  # of source and destination


class _Candidate(NamedTuple):
    """What is left to ask of an observation for this signature: any of ``match``, none of ``unless``; None: it matches."""

    place: int  # of its signature
    ends: Ends | None


class _Left(NamedTuple):
    """Signatures that a combination of what has few values leaves open, and which of them by fields' values."""

    open: list[tuple[int, list[_Rule], list[_Rule]]]  # place, match, unless
    by_fields: dict[tuple[object, ...], tuple[_Candidate, ...]]


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
        self._remembered: dict[Few, _Left] = {}

    def ballots(self, observations: Iterable[Observation]) -> list[Ballot]:
        """The signatures that matched anything, in their order, with what they matched."""
        seen = observations if isinstance(observations, Observations) else Observations(observations)
        found: dict[int, list[tuple[Bundle, Ends | None]]] = {}
        for bundle in seen.bundles(lambda few: bool(self._left(few).open)):
            for place, ends in self._candidates(bundle.sort):
                found.setdefault(place, []).append((bundle, ends))
        matched = [(index, Matches(found[index])) for index in sorted(found)]
        return [Ballot(self.signatures[index], observations) for index, observations in matched if observations]

    def _left(self, few: Few) -> _Left:
        """What the combination leaves open."""
        known = self._remembered.get(few)  # Protection and Grade are text: they compare and hash as their values
        if known is None:
            known = self._remembered[few] = _Left([], {})
            known.open.extend(filter(None, (self._open(index, few) for index in self._indexes(few.protocol))))
        return known

    def _candidates(self, sort: Sort) -> tuple[_Candidate, ...]:
        known = self._left(sort.few)
        fields = sort.fields
        values = (*fields, *fields.values(), *map(type, fields.values()))  # True and 1 are different values
        found = known.by_fields.get(values)
        if found is None:
            found = tuple(filter(None, (_candidate(*left, fields) for left in known.open)))
            if len(known.by_fields) < REMEMBERED:
                known.by_fields[values] = found
        return found

    def _indexes(self, protocol: str) -> list[int]:
        return sorted((*self._by_protocol.get(protocol, ()), *self._any_protocol))

    def _open(self, index: int, few: Few) -> tuple[int, list[_Rule], list[_Rule]] | None:
        """A signature with those of its rules that hold for all but the fields; None where no match is left."""
        match, unless = ([rule for rule in rules if all(predicate(few[place]) for place, predicate in rule.few)]
                         for rules in self._rules[index])
        return (index, match, unless) if match else None


def _candidate(index: int, match: list[_Rule], unless: list[_Rule], fields: dict[str, Scalar]) -> _Candidate | None:
    matched, left_out = ([rule.ends for rule in rules if all(predicate(fields.get(name)) for name, predicate in rule.fields)]
                         for rules in (match, unless))
    if not matched or () in left_out:
        return None
    return _Candidate(index, None if () in matched and not left_out else (tuple(matched), tuple(left_out)))


def _hold(ends: Ends, observation: Observation) -> bool:
    return _any(ends[0], observation) and not _any(ends[1], observation)


def _any(groups: tuple[tuple[Test, ...], ...], observation: Observation) -> bool:
    return any(all(test(observation) for test in group) for group in groups)


def _implied(signature: Signature) -> bool:
    """Does nobody speak of ``decrypted``? Then what a key opened does not count: it was no plaintext on the wire."""
    return not any(c.field == "decrypted" for group in (*signature.match, *signature.unless) for c in group)


def _rule(group: Group, *, implied: bool = False) -> _Rule:
    few: list[tuple[int, Predicate]] = []
    fields: list[tuple[str, Predicate]] = []
    ends: list[Test] = []
    for condition in group:
        predicate = MODIFIERS[condition.modifier].build(condition.values)
        if condition.field in FEW:
            few.append((FEW.index(condition.field), predicate))
        elif condition.field.startswith(_FIELDS):
            fields.append((condition.field[len(_FIELDS):], predicate))
        else:
            ends.append(_test(condition, predicate))
    if implied:
        few.append((FEW.index("decrypted"), lambda value: value is False))
    return _Rule(tuple(few), tuple(fields), tuple(ends))


def _test(condition: Condition, predicate: Predicate) -> Test:
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
