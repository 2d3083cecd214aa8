"""Which signatures an observation matches.

Signatures are indexed by protocol; what an observation has few values of (everything but its addresses) is decided
once for each combination and remembered. So the cost of an observation grows with the number of signatures that it
matches, not with the number that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from ..observation import Few, Observation, Observations
from .alike import Alike, Candidates, Questions, Rule
from .ends import Addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model import Scalar
    from ..observation import Bundle, Sort
    from .alike import Both
    from .schema import Group, Groups, Signature

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


class _Shape(NamedTuple):
    """Signatures that ask the same of what has few values: by group, the numbers of the tests."""

    match: tuple[int, ...]
    unless: tuple[int, ...]
    alike: list[Alike]  # those of them that ask the same of fields, too


class _Left(NamedTuple):
    """Signatures that a combination of what has few values leaves open, with those of their groups that hold (match, unless); and which
    of them by fields' values."""

    open: list[tuple[Alike, tuple[int, ...], tuple[int, ...]]]
    by_fields: dict[tuple[object, ...], tuple[Candidates, ...]]


class Matcher:
    """Built once from signatures; ``ballots`` may be asked again and again."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self.signatures = tuple(signatures)
        self._addresses = Addresses()
        self._few = Questions()
        self._fields = Questions()
        self._filed: dict[tuple[Scalar, Scalar], list[_Shape]] = {}  # by protocol and kind; None: any
        self._remembered: dict[Few, _Left] = {}
        shapes: dict[tuple[tuple[int, ...], ...], _Shape] = {}
        alike: dict[tuple[tuple[Rule, ...], ...], Alike] = {}
        for place, signature in enumerate(self.signatures):
            match = tuple([self._rule(group, implied=_implied(signature)) for group in signature.match])
            unless = tuple([self._rule(group) for group in signature.unless])
            few = tuple([rule.few for rule in match]), tuple([rule.few for rule in unless])
            if few not in shapes:
                shapes[few] = _Shape(*few, [])
                for names in product(_whole("protocol", signature.match), _whole("kind", signature.match)):
                    self._filed.setdefault(names, []).append(shapes[few])
            asked = tuple([tuple([rule._replace(ends=()) for rule in rules]) for rules in (match, unless)])
            if asked not in alike:
                alike[asked] = Alike(*asked)
                shapes[few].alike.append(alike[asked])
            alike[asked].rules.append((place, match, unless))

    def ballots(self, observations: Iterable[Observation]) -> list[Ballot]:
        """The signatures that matched anything, in their order, with what they matched."""
        seen = observations if isinstance(observations, Observations) else Observations(observations)
        found: dict[int, list[Bundle | list[Observation]]] = {}
        for bundle in seen.bundles(lambda few: bool(self._left(few).open)):
            candidates = self._candidates(bundle.sort)
            for place in [place for one in candidates for place in one.whole]:
                found.setdefault(place, []).append(bundle)
            some = [one for one in candidates if one.some]
            for place, between in self._between(bundle, some).items() if some else ():
                found.setdefault(place, []).append(between)
        return [Ballot(self.signatures[index], Matches(found[index])) for index in sorted(found)]

    def _between(self, bundle: Bundle, some: list[Candidates]) -> dict[int, list[Observation]]:
        """By signature's place, what of a bundle is between ends that it asks for. Ends for which the same tests hold are alike."""
        found: dict[int, list[Observation]] = {}
        known: dict[Both, list[list[Observation]]] = {}
        holding = self._addresses.holding
        for one in bundle.observations:
            source, destination, _ = one.ends
            both = holding(source), holding(destination)
            lists = known.get(both)
            if lists is None:
                lists = known[both] = [found.setdefault(place, []) for candidates in some for place in candidates.between(both)]
            for observations in lists:
                observations.append(one)
        return found

    def _left(self, few: Few) -> _Left:
        """What the combination leaves open."""
        known = self._remembered.get(few)  # Protection and Grade are text: they compare and hash as their values
        if known is None:
            holds = self._few.holds(partial(getattr, few))
            known = self._remembered[few] = _Left([], {})
            for names in product((few.protocol, None), (few.kind, None)):
                for shape in self._filed.get(names, ()):
                    match = tuple([place for place, test in enumerate(shape.match) if holds(test)])
                    if match:
                        unless = tuple([place for place, test in enumerate(shape.unless) if holds(test)])
                        known.open.extend([(alike, match, unless) for alike in shape.alike])
        return known

    def _candidates(self, sort: Sort) -> tuple[Candidates, ...]:
        known = self._left(sort.few)
        fields = sort.fields
        values = (*fields, *fields.values(), *map(type, fields.values()))  # True and 1 are different values
        found = known.by_fields.get(values)
        if found is None:
            holds = self._fields.holds(fields.get)
            found = tuple([alike.left(matched, tuple([place for place in unless if holds(alike.unless[place].fields)]))
                           for alike, match, unless in known.open
                           if (matched := tuple([place for place in match if holds(alike.match[place].fields)]))])
            if len(known.by_fields) < REMEMBERED:
                known.by_fields[values] = found
        return found

    def _rule(self, group: Group, *, implied: bool = False) -> Rule:
        few: list[tuple[str, str, tuple[Scalar, ...]]] = []
        fields: list[tuple[str, str, tuple[Scalar, ...]]] = []
        ends: list[tuple[int, int]] = []
        for field, modifier, values in group:
            if field in ENDS:
                ends.append((ENDS.index(field), self._addresses.number(modifier, values)))
            elif field in FEW:
                few.append((field, modifier, values))
            else:
                fields.append((field[len(_FIELDS):], modifier, values))
        if implied:
            few.append(("decrypted", "exact", (False,)))
        return Rule(self._few.number(tuple(few)), self._fields.number(tuple(fields)), tuple(ends))


def _implied(signature: Signature) -> bool:
    """Does nobody speak of ``decrypted``? Then what a key opened does not count: it was no plaintext on the wire."""
    return not any(c.field == "decrypted" for group in (*signature.match, *signature.unless) for c in group)


def _whole(field: str, groups: Groups) -> set[Scalar]:
    """The values that ``field`` can have in any of the groups; None alone where one leaves it open."""
    values: set[Scalar] = set()
    for group in groups:
        own = [c for c in group if c.field == field and c.modifier in {"exact", "in"}]
        if not own:
            return {None}
        values.update(own[0].values)
    return values
