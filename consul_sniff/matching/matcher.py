"""Which signatures an observation matches.

Signatures are indexed by protocol; what an observation has few values of (everything but its addresses) is decided
once for each combination and remembered. So the cost of an observation grows with the number of signatures that it
matches, not with the number that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from ..observation import Few, Observation, Observations
from .ends import Addresses
from .modifiers import MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..model import Scalar
    from ..observation import Bundle, Sort
    from .schema import Group, Groups, Signature

    Predicate = Callable[[Scalar], bool]
    Test = tuple[int, int]  # of the source (0) or the destination (1), by its number
    Ends = tuple[tuple[tuple[Test, ...], ...], tuple[tuple[Test, ...], ...]]  # any of the first, none of the second

FEW: Final = Few._fields
ENDS: Final = ("source", "destination")
_FIELDS: Final = "fields."
REMEMBERED: Final = 4_096  # combinations of fields' values, for each of the rest: a certificate's names may be anything


class Ballot(NamedTuple):
    """A signature and all that it matched."""

    signature: Signature
    observations: Sequence[Observation]


class Matches(Sequence[Observation]):
    """What a signature matched: whole bundles, looked at when somebody asks for more than whether there is any, or what of one it was."""

    def __init__(self, parts: list[Bundle | list[Observation]]) -> None:
        self._parts = parts

    @cached_property
    def _all(self) -> list[Observation]:
        return [one for part in self._parts for one in (part if isinstance(part, list) else part.observations)]

    def __bool__(self) -> bool:
        return bool(self._parts)

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

    few: int  # the number of those tests, see _Few
    fields: tuple[tuple[str, Predicate], ...]  # (name, predicate)
    ends: tuple[Test, ...]


class _Shape(NamedTuple):
    """Signatures that ask the same of what has few values: by group, the numbers of the tests."""

    match: tuple[int, ...]
    unless: tuple[int, ...]


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
        self._addresses = Addresses()
        self._few = _Few()
        self._rules = [([self._rule(g, implied=_implied(s)) for g in s.match], [self._rule(g) for g in s.unless])
                       for s in self.signatures]
        self._shapes: dict[_Shape, list[int]] = {}  # places of signatures
        self._by_protocol: dict[Scalar, list[_Shape]] = {}
        self._any_protocol: list[_Shape] = []
        for index, signature in enumerate(self.signatures):
            shape = _Shape(*[tuple([rule.few for rule in rules]) for rules in self._rules[index]])
            alike = self._shapes.setdefault(shape, [])
            alike.append(index)
            if len(alike) == 1:
                protocols = _whole("protocol", signature.match)
                for shapes in [self._any_protocol] if protocols is None else [self._by_protocol.setdefault(one, []) for one in protocols]:
                    shapes.append(shape)
        self._remembered: dict[Few, _Left] = {}

    def ballots(self, observations: Iterable[Observation]) -> list[Ballot]:
        """The signatures that matched anything, in their order, with what they matched."""
        seen = observations if isinstance(observations, Observations) else Observations(observations)
        found: dict[int, list[Bundle | list[Observation]]] = {}
        for bundle in seen.bundles(lambda few: bool(self._left(few).open)):
            candidates = self._candidates(bundle.sort)
            some = [(place, ends) for place, ends in candidates if ends is not None]
            for place, ends in candidates:
                if ends is None:
                    found.setdefault(place, []).append(bundle)
            for place, between in self._between(bundle, some).items() if some else ():
                found.setdefault(place, []).append(between)
        return [Ballot(self.signatures[index], Matches(found[index])) for index in sorted(found)]

    def _between(self, bundle: Bundle, some: list[tuple[int, Ends]]) -> dict[int, list[Observation]]:
        """By signature's place, what of a bundle is between ends that it asks for. Ends for which the same tests hold are alike."""
        found: dict[int, list[Observation]] = {}
        known: dict[tuple[frozenset[int], frozenset[int]], list[list[Observation]]] = {}
        holding = self._addresses.holding
        for one in bundle.observations:
            source, destination, _ = one.ends
            both = holding(source), holding(destination)
            lists = known.get(both)
            if lists is None:
                lists = known[both] = [found.setdefault(place, []) for place, ends in some if _hold(ends, both)]
            for observations in lists:
                observations.append(one)
        return found

    def _left(self, few: Few) -> _Left:
        """What the combination leaves open."""
        known = self._remembered.get(few)  # Protection and Grade are text: they compare and hash as their values
        if known is None:
            known = self._remembered[few] = _Left(sorted(self._open(few), key=itemgetter(0)), {})
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

    def _open(self, few: Few) -> Iterator[tuple[int, list[_Rule], list[_Rule]]]:
        """Signatures with those of their rules that hold for all but the fields; not where no match is left."""
        holds = self._few.holds(few)
        for shape in (*self._by_protocol.get(few.protocol, ()), *self._any_protocol):
            match, unless = ([place for place, test in enumerate(tests) if holds(test)] for tests in shape)
            for index in self._shapes[shape] if match else ():
                rules, others = self._rules[index]
                yield index, [rules[place] for place in match], [others[place] for place in unless]

    def _rule(self, group: Group, *, implied: bool = False) -> _Rule:
        few: list[tuple[int, str, tuple[Scalar, ...]]] = []
        fields: list[tuple[str, Predicate]] = []
        ends: list[Test] = []
        for field, modifier, values in group:
            if field in ENDS:
                ends.append((ENDS.index(field), self._addresses.number(modifier, values)))
            elif field in FEW:
                few.append((FEW.index(field), modifier, values))
            else:
                fields.append((field[len(_FIELDS):], MODIFIERS[modifier].build(values)))
        if implied:
            few.append((FEW.index("decrypted"), "exact", (False,)))
        return _Rule(self._few.number(tuple(few)), tuple(fields), tuple(ends))


class _Few:
    """Tests of what has few values, in groups: a thousand signatures have few different ones."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tests: list[tuple[tuple[int, Predicate], ...]] = []

    def number(self, tests: tuple[tuple[int, str, tuple[Scalar, ...]], ...]) -> int:
        """Of a group of tests: place in FEW, modifier, values."""
        name = repr(tests)  # where True is not 1
        number = self._numbers.setdefault(name, len(self._tests))
        if number == len(self._tests):
            self._tests.append(tuple([(place, MODIFIERS[modifier].build(values)) for place, modifier, values in tests]))
        return number

    def holds(self, few: Few) -> Callable[[int], bool]:
        """Does all of a group hold for it?"""
        known: dict[int, bool] = {}

        def holds(number: int) -> bool:
            answer = known.get(number)
            if answer is None:
                answer = known[number] = all(predicate(few[place]) for place, predicate in self._tests[number])
            return answer

        return holds


def _candidate(index: int, match: list[_Rule], unless: list[_Rule], fields: dict[str, Scalar]) -> _Candidate | None:
    matched, left_out = ([rule.ends for rule in rules if all(predicate(fields.get(name)) for name, predicate in rule.fields)]
                         for rules in (match, unless))
    if not matched or () in left_out:
        return None
    return _Candidate(index, None if () in matched and not left_out else (tuple(matched), tuple(left_out)))


def _hold(ends: Ends, both: tuple[frozenset[int], frozenset[int]]) -> bool:
    return _any(ends[0], both) and not _any(ends[1], both)


def _any(groups: tuple[tuple[Test, ...], ...], both: tuple[frozenset[int], frozenset[int]]) -> bool:
    return any(all(number in both[end] for end, number in group) for group in groups)


def _implied(signature: Signature) -> bool:
    """Does nobody speak of ``decrypted``? Then what a key opened does not count: it was no plaintext on the wire."""
    return not any(c.field == "decrypted" for group in (*signature.match, *signature.unless) for c in group)


def _whole(field: str, groups: Groups) -> set[Scalar] | None:
    """The values that ``field`` can have in any of the groups; None where one leaves it open."""
    values: set[Scalar] = set()
    for group in groups:
        own = [c for c in group if c.field == field and c.modifier in {"exact", "in"}]
        if not own:
            return None
        values.update(own[0].values)
    return values
