"""Tests of source and destination: which of them hold for an address, found at once however many there are.

A thousand signatures may ask about as many networks, and there are tens of thousands of observations: so it is not asked of each
test, but of each address once. Networks are looked up by their leading bits, values by what they are.
"""

from __future__ import annotations

import ipaddress
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final

from .modifiers import MODIFIERS, address_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Scalar

REMEMBERED: Final = 65_536  # addresses


class Addresses:
    """``number`` of a test, and those that are ``holding`` for an address."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, tuple[Scalar, ...]], int] = {}
        self._networks: dict[tuple[int, int], dict[int, list[int]]] = {}  # by IP version and bits left out, then the leading bits
        self._values: dict[Scalar, list[int]] = {}
        self._others: list[tuple[int, Callable[[Scalar], bool]]] = []
        #: the numbers of the tests that hold for an address
        self.holding: Callable[[str], frozenset[int]] = _Held(self._holding).__getitem__
        self._sets: dict[frozenset[int], frozenset[int]] = {}  # equal ones are one: that makes them fast keys

    def number(self, modifier: str, values: tuple[Scalar, ...]) -> int:
        """The same test has one. Before anybody asks what holds."""
        known = self._numbers.get((modifier, values))
        if known is None:
            known = self._numbers[modifier, values] = len(self._numbers)
            self._put(known, modifier, values)
        return known

    def _put(self, number: int, modifier: str, values: tuple[Scalar, ...]) -> None:
        if modifier == "cidr":
            for network in [ipaddress.ip_network(str(value), strict=False) for value in values]:
                bits = network.max_prefixlen - network.prefixlen
                leading = int(network.network_address) >> bits
                self._networks.setdefault((network.version, bits), {}).setdefault(leading, []).append(number)
        elif modifier in {"exact", "in"}:
            for value in values:
                if isinstance(value, str):
                    self._values.setdefault(value, []).append(number)
        else:
            self._others.append((number, MODIFIERS[modifier].build(values)))

    def _holding(self, text: str) -> frozenset[int]:
        found = {number for number, holds in self._others if holds(text)}
        found.update(self._values.get(text, ()))
        version, number = _number(text) if self._networks else (0, 0)
        for (of, bits), networks in self._networks.items():
            if of == version:
                found.update(networks.get(number >> bits, ()))
        holding = frozenset(found)
        return self._sets.setdefault(holding, holding)


class _Held(dict[str, frozenset[int]]):
    """Found once for each address: what was, is looked up without a line of Python."""

    def __init__(self, find: Callable[[str], frozenset[int]]) -> None:
        super().__init__()
        self.find = find

    def __missing__(self, address: str) -> frozenset[int]:
        found = self.find(address)
        if len(self) < REMEMBERED:
            self[address] = found
        return found


def _number(text: str) -> tuple[int, int]:
    """IP version and number of an address; version 0 where it is none. ``ipaddress`` takes ten times as long, and knows zones."""
    for version, family in ((4, AF_INET), (6, AF_INET6)):
        try:
            return version, int.from_bytes(inet_pton(family, text), "big")
        except (OSError, ValueError):
            continue
    address = address_of(text)
    return (address.version, int(address)) if address is not None else (0, 0)
