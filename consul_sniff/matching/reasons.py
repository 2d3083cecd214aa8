"""Reasons: a signature's template and what it matched, made into words with numbers in them.

``{name}`` or ``{name:noun}`` (``{name:query/queries}`` where an s does not do). A noun gives "2 conversations":

===================  ====================================================================
conversations        how many (source, destination, port, transport)
messages             how many messages or datagrams
sources, responders  their names, or addresses where nothing names them
source_count         how many different ones; also ``responder_count``
nodes                how many nodes the report lists
examples             "10.77.0.22 -> 10.77.0.11:8500, ..."
by_port              " (by port)" where nothing but a port says what this traffic is
fields.NAME          the different values of a field
===================  ====================================================================
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from heapq import nsmallest
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..observation import Observation

NAMES_SHOWN: Final = 6
EXAMPLES_SHOWN: Final = 2
REASON: Final = 600  # characters of a whole reason

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_FIELDS: Final = "fields."


def check(template: str) -> str:
    """What is wrong with a template; "" where nothing is."""
    for inside in _PLACE.findall(template):
        name = inside.partition(":")[0]
        if name not in PLACES and not name.startswith(_FIELDS):
            return f'"{{{inside}}}" is no placeholder; there are {", ".join(PLACES)}, fields.NAME'
    return "a brace stands alone" if re.search(r"[{}]", _PLACE.sub("", template)) else ""


def fill(template: str, observations: Sequence[Observation], names: Mapping[str, str]) -> str:
    """The template with its places filled. ``names``: address -> name of every node of the report."""

    def place(match: re.Match[str]) -> str:
        name, _, noun = match[1].partition(":")
        if name.startswith(_FIELDS):
            return listed({str(o.fields.get(name[len(_FIELDS):])) for o in observations})
        value = PLACES[name](observations, names)
        return counted(value, noun) if isinstance(value, int) else value

    return _PLACE.sub(place, template)[:REASON]


def counted(number: int, noun: str = "") -> str:
    """``2, "conversation"`` -> "2 conversations"."""
    if not noun:
        return f"{number:,}"
    one, _, many = noun.partition("/")
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: Iterable[str], limit: int = NAMES_SHOWN) -> str:
    """"a, b and 3 more"."""
    found = list(items)
    shown = ", ".join(nsmallest(limit, found, key=natural))
    return f"{shown} and {len(found) - limit:,} more" if len(found) > limit else shown


@lru_cache(maxsize=16_384)  # an address is asked for again and again; memory: 6 MB at most
def natural(text: str) -> tuple[object, ...]:
    """Order: addresses as numbers, IPv4 first; other text before them, its digits as numbers."""
    head = text.partition(" ")[0]
    try:
        raw = inet_pton(AF_INET6 if ":" in head else AF_INET, head)
    except (OSError, ValueError):
        pass
    else:
        return (1, 4 if len(raw) == 4 else 6, int.from_bytes(raw, "big"), text)
    try:
        address = ipaddress.ip_address(head)  # one with a zone
    except ValueError:
        return (0, 0, tuple((int(p), "") if p.isascii() and p.isdigit() else (0, p) for p in re.split(r"([0-9]{1,18})", text)), text)
    return (1, address.version, int(address), text)


def socket(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _examples(observations: Sequence[Observation], _: Mapping[str, str]) -> str:
    found = {o.ends for o in observations}
    return listed([f"{source} -> {socket(destination, port)}" for source, destination, port in found], EXAMPLES_SHOWN)


def _named(addresses: Iterable[str], names: Mapping[str, str]) -> str:
    return listed({names.get(address, address) for address in addresses})


def _by_port(observations: Sequence[Observation], _: Mapping[str, str]) -> str:
    return " (by port)" if observations and all(o.by == "port" for o in observations) else ""


PLACES: Final[dict[str, Callable[[Sequence[Observation], Mapping[str, str]], int | str]]] = {
    "conversations": lambda found, _: len({(o.ends, o.transport) for o in found}),
    "messages": lambda found, _: sum(o.counted.count for o in found),
    "sources": lambda found, names: _named({o.ends[0] for o in found}, names),
    "responders": lambda found, names: _named({o.ends[1] for o in found}, names),
    "source_count": lambda found, _: len({o.ends[0] for o in found}),
    "responder_count": lambda found, _: len({o.ends[1] for o in found}),
    "nodes": lambda _, names: len(names),
    "examples": _examples,
    "by_port": _by_port,
}
