"""What ``field|modifier: value`` can say. One dict, ``MODIFIERS``; a new modifier is one function and one entry.

There are no regular expressions: a signature may come from anybody, and wire knowledge stays in decoders.
Several values mean any of them; a field that an observation does not have matches nothing but ``exists: false``.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Scalar

    Predicate = Callable[[Scalar], bool]


class Modifier(NamedTuple):
    """``expects``: how its values are named in an error. ``check``: is this value one? ``build``: values to predicate."""

    expects: str
    check: Callable[[Scalar], bool]
    build: Callable[[tuple[Scalar, ...]], Predicate]


def _key(value: Scalar) -> tuple[bool, Scalar]:
    """``True`` and ``1`` are different values; the tuple keeps them apart in a set."""
    return isinstance(value, bool), value


def _exact(values: tuple[Scalar, ...]) -> Predicate:
    wanted = {_key(value) for value in values}
    return lambda value: value is not None and _key(value) in wanted


def _differs(values: tuple[Scalar, ...]) -> Predicate:
    unwanted = {_key(value) for value in values}
    return lambda value: value is not None and _key(value) not in unwanted


def _exists(values: tuple[Scalar, ...]) -> Predicate:
    return lambda value: (value is not None) in values


def _texts(values: tuple[Scalar, ...]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))


def _contains(values: tuple[Scalar, ...]) -> Predicate:
    parts = _texts(values)
    return lambda value: isinstance(value, str) and any(part in value for part in parts)


def _startswith(values: tuple[Scalar, ...]) -> Predicate:
    parts = _texts(values)
    return lambda value: isinstance(value, str) and value.startswith(parts)


def _endswith(values: tuple[Scalar, ...]) -> Predicate:
    parts = _texts(values)
    return lambda value: isinstance(value, str) and value.endswith(parts)


def _cidr(values: tuple[Scalar, ...]) -> Predicate:
    networks = [ipaddress.ip_network(text, strict=False) for text in _texts(values)]

    def inside(value: Scalar) -> bool:
        address = address_of(value) if isinstance(value, str) else None
        return address is not None and any(address in network for network in networks)

    return inside


@lru_cache(maxsize=4_096)
def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address; None where the text is none. Parsed once, however many signatures ask."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _compare(compare: Callable[[int, int], bool]) -> Callable[[tuple[Scalar, ...]], Predicate]:
    def build(values: tuple[Scalar, ...]) -> Predicate:
        numbers = [value for value in values if _is_number(value) and isinstance(value, int)]
        return lambda value: isinstance(value, int) and _is_number(value) and any(compare(value, n) for n in numbers)

    return build


def _is_scalar(value: Scalar) -> bool:
    return value is not None


def _is_text(value: Scalar) -> bool:
    return isinstance(value, str) and value != ""


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_truth(value: Scalar) -> bool:
    return isinstance(value, bool)


def _is_network(value: Scalar) -> bool:
    try:
        ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return False
    return isinstance(value, str)


MODIFIERS: Final[dict[str, Modifier]] = {
    "exact": Modifier("text, a whole number, true or false", _is_scalar, _exact),
    "in": Modifier("a list of texts, whole numbers, true or false", _is_scalar, _exact),
    "not": Modifier("text, a whole number, true or false", _is_scalar, _differs),
    "contains": Modifier("text", _is_text, _contains),
    "startswith": Modifier("text", _is_text, _startswith),
    "endswith": Modifier("text", _is_text, _endswith),
    "cidr": Modifier("a network such as 10.0.0.0/8 or fd00::/8", _is_network, _cidr),
    "lt": Modifier("a whole number", _is_number, _compare(lambda a, b: a < b)),
    "lte": Modifier("a whole number", _is_number, _compare(lambda a, b: a <= b)),
    "gt": Modifier("a whole number", _is_number, _compare(lambda a, b: a > b)),
    "gte": Modifier("a whole number", _is_number, _compare(lambda a, b: a >= b)),
    "exists": Modifier("true or false", _is_truth, _exists),
}

#: modifiers whose values are the field's own values, so that they can be held against its vocabulary
WHOLE_VALUES: Final = frozenset({"exact", "in", "not"})
