"""Signatures that ask the same of everything but the ends: they are asked once for all of them, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .modifiers import MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Scalar

    Predicate = Callable[[Scalar], bool]
    Test = tuple[int, int]  # of the source (0) or the destination (1), by its number
    Group = tuple[Test, ...]
    Ends = tuple[tuple[Group, ...], tuple[Group, ...]]  # any of the first, none of the second
    Both = tuple[frozenset[int], frozenset[int]]  # the tests that hold for source and destination


class Questions:
    """Questions of named values, in groups: a thousand signatures have few different ones."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tests: list[tuple[tuple[str, Predicate], ...]] = []

    def number(self, group: tuple[tuple[str, str, tuple[Scalar, ...]], ...]) -> int:
        """Of a group of tests: name, modifier, values."""
        known = repr(group)  # where True is not 1
        number = self._numbers.setdefault(known, len(self._tests))
        if number == len(self._tests):
            self._tests.append(tuple([(name, MODIFIERS[modifier].build(values)) for name, modifier, values in group]))
        return number

    def holds(self, value: Callable[[str], Scalar]) -> Callable[[int], bool]:
        """Does all of a group hold where a name has that ``value``?"""
        known: dict[int, bool] = {}

        def holds(number: int) -> bool:
            answer = known.get(number)
            if answer is None:
                answer = True
                for name, predicate in self._tests[number]:
                    if not predicate(value(name)):
                        answer = False
                        break
                known[number] = answer
            return answer

        return holds


class Rule(NamedTuple):
    """A group of a signature's conditions, taken apart: the numbers of its tests of what has few values and of fields, and those of
    the ends."""

    few: int
    fields: int
    ends: Group


class Candidates:
    """Signatures of which no more than the ends is to be asked; by their places."""

    def __init__(self) -> None:
        self.whole: list[int] = []  # those that ask nothing more
        self._always: list[tuple[int, Ends]] = []
        self._by_test: dict[Test, list[tuple[int, Ends]]] = {}  # nothing of it matches where the test does not hold

    def add(self, place: int, match: tuple[Group, ...], unless: tuple[Group, ...]) -> None:
        """The signature has one of ``match`` and none of ``unless`` left to ask."""
        if () in unless:
            return
        if () not in match:
            for first in {group[0] for group in match}:
                self._by_test.setdefault(first, []).append((place, (match, unless)))
        elif unless:
            self._always.append((place, (match, unless)))
        else:
            self.whole.append(place)

    @property
    def some(self) -> bool:
        """Is there any whose ends must be asked?"""
        return bool(self._always or self._by_test)

    def between(self, both: Both) -> set[int]:
        """Of these those that match between such ends."""
        tests = [(end, number) for end in (0, 1) for number in both[end]]
        asked = [*self._always, *[one for test in tests for one in self._by_test.get(test, ())]]
        return {place for place, (match, unless) in asked if _any(match, both) and not _any(unless, both)}


class Alike:
    """Signatures with the same groups, ``match`` and ``unless``, but for the ends. ``rules``: place, match and unless of each."""

    def __init__(self, match: tuple[Rule, ...], unless: tuple[Rule, ...]) -> None:
        self.match = match
        self.unless = unless
        self.rules: list[tuple[int, tuple[Rule, ...], tuple[Rule, ...]]] = []
        self._left: dict[tuple[tuple[int, ...], tuple[int, ...]], Candidates] = {}

    def left(self, match: tuple[int, ...], unless: tuple[int, ...]) -> Candidates:
        """What is left to ask where these groups hold, by their places."""
        known = self._left.get((match, unless))
        if known is None:
            known = self._left[match, unless] = Candidates()
            for place, rules, others in self.rules:
                known.add(place, tuple([rules[one].ends for one in match]), tuple([others[one].ends for one in unless]))
        return known


def _any(groups: tuple[Group, ...], both: Both) -> bool:
    return any(all(number in both[end] for end, number in group) for group in groups)
