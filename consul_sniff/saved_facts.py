"""Facts as JSON and back: what a run learnt, kept for the next one.

JSON and no pickle: whoever can write the file could run code by a pickle. What is read is checked value by value; no
packet's bytes and no secret is in it (facts hold fingerprints).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from . import limits
from .facts import (
    NOTHING,
    PROOFS,
    SUMMED,
    ClaimKey,
    ClaimTally,
    Conversation,
    ConversationKey,
    ExposureKey,
    Facts,
    InputFacts,
    SightingKey,
    Tally,
)
from .model import Claim, Evidence, Protection, Secret
from .rows import unrolled
from .tally import EVIDENCE_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Scalar

    Pairs = tuple[tuple[str, Scalar], ...]

LARGEST: Final = (1 << 63) - 1
_NUMBERS: Final = ("packets", "bytes", "first", "last", "cut")  # of an input
_SINGLE: Final = ("flows", "opened", "first", "last", "source_port", "first_source_port")  # of a conversation
_SIGNED: Final = ("first", "last", "source_port")  # a capture may be of a time before 1970; the port is -1 before any flow
_BOUNDS: Final = {"conversations": limits.CONVERSATIONS, "sightings": limits.SIGHTINGS, "claims": limits.CLAIMS, "exposures": limits.EXPOSURES}


def dump(facts: Facts) -> dict[str, Any]:
    """The facts, ready for JSON. A conversation is named by its place in ``keys``."""
    facts = unrolled(facts)
    keys: dict[ConversationKey, int] = {}

    def place(key: ConversationKey) -> int:
        return keys.setdefault(key, len(keys))

    return {
        "inputs": [[one.path, *(getattr(one, name) for name in _NUMBERS), one.link_types, one.error] for one in facts.inputs],
        "counters": facts.counters,
        "notes": facts.notes,
        "reasons": sorted(facts.reasons),
        "conversations": [[place(key), _conversation(one)] for key, one in facts.conversations.items()],
        "sightings": [[place(key.conversation), *key[1:], _tally(one)] for key, one in facts.sightings.items()],
        "claims": [[key.claim, key.port, key.decrypted, None if one.conversation is None else place(one.conversation), one.side, _tally(one)]
                   for key, one in facts.claims.items()],
        "exposures": [[key.secret, place(key.conversation), key.side, _tally(one)] for key, one in facts.exposures.items()],
        "keys": list(keys),
    }


def load(saved: dict[str, Any]) -> Facts:
    """From what ``dump`` gave and JSON brought back. Errors: ValueError, TypeError, LookupError, AttributeError."""
    facts = Facts()
    facts.inputs = [_input(row) for row in saved["inputs"]]
    facts.counters, facts.notes = (Counter({_text(name): _number(count) for name, count in saved[table].items()}) for table in ("counters", "notes"))
    facts.reasons = {_text(reason) for reason in saved["reasons"]}
    keys = [ConversationKey(_text(source), _text(destination), _number(port, 65_535), _text(transport)) for source, destination, port, transport in saved["keys"]]
    inputs = len(facts.inputs)
    for place, row in saved["conversations"]:
        facts.conversations[keys[place]] = _conversation_of(row, inputs)
    for place, side, protocol, kind, protection, fields, decrypted, tally in saved["sightings"]:
        shared = facts.one(_text(protocol), _text(kind), _pairs(fields))
        key = SightingKey(keys[place], _number(side, 1), protocol, kind, Protection(protection), shared, _truth(decrypted))
        facts.sightings[key] = _tally_of(Tally(), tally, inputs)
    for (kind, subject, value), port, decrypted, place, side, tally in saved["claims"]:
        claim = Claim(_text(kind), tuple(_scalar(one) for one in subject), _pairs(value))
        said = facts.claims[ClaimKey(claim, _number(port, 65_535), _truth(decrypted))] = _tally_of(ClaimTally(), tally, inputs)
        said.conversation, said.side = None if place is None else keys[place], _number(side, 1)
    for (kind, fingerprint, where, path, length), place, side, tally in saved["exposures"]:
        secret = Secret(_text(kind), None if fingerprint is None else _text(fingerprint), _text(where), _text(path), _number(length))
        facts.exposures[ExposureKey(secret, keys[place], _number(side, 1))] = _tally_of(Tally(), tally, inputs)
    _share_out(facts)
    return facts


def _share_out(facts: Facts) -> None:
    """Whose share each key used up is not known any more; that all of them together are within the bounds is what counts."""
    for table, bound in _BOUNDS.items():
        kept: Iterable[object] = getattr(facts, table)
        for number, key in enumerate(kept):
            if number >= bound:
                raise ValueError(table)
            share = number % limits.SHARES
            if table in facts.used:
                facts.tally(table, share, key, bound)
            else:
                facts.met.setdefault((table, share), set()).add(key)


def _conversation(one: Conversation) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(one, name) for name in (*_SINGLE, "certain", "tunnel", "flags", *PROOFS, "integrity")}
    return row | {"sums": {name: pair for name in SUMMED if (pair := getattr(one, name)) != NOTHING}}


def _conversation_of(row: dict[str, Any], inputs: int) -> Conversation:
    one = Conversation()
    for name in _SINGLE:
        setattr(one, name, _number(row[name], least=-LARGEST if name in _SIGNED else 0))
    one.certain, one.tunnel = _truth(row["certain"]), _text(row["tunnel"])
    one.flags = _pair(row["flags"])
    for name, pair in row["sums"].items():
        if name not in SUMMED:
            raise ValueError(name)
        setattr(one, name, _pair(pair))
    for name in PROOFS:
        first, second = row[name]
        setattr(one, name, (_evidence(first, inputs), _evidence(second, inputs)))
    one.integrity = _evidence(row["integrity"], inputs)
    return one


def _input(row: list[Any]) -> InputFacts:
    path, *numbers, link_types, error = row
    one = InputFacts(_text(path))
    for name, number in zip(_NUMBERS, numbers, strict=True):
        setattr(one, name, _number(number, least=-LARGEST if name in _SIGNED else 0))
    one.truncated = one.cut > 0
    one.link_types = tuple(_text(name) for name in link_types)
    one.error = None if error is None else _text(error)
    return one


def _tally(one: Tally) -> list[Any]:
    return [one.count, one.first, one.last, one.evidence]


def _tally_of(one: Any, row: list[Any], inputs: int) -> Any:
    count, first, last, evidence = row
    one.count, one.first, one.last = _number(count), _number(first, least=-LARGEST), _number(last, least=-LARGEST)
    one.evidence = _evidence(evidence, inputs)
    return one


def _evidence(rows: list[Any], inputs: int) -> tuple[Evidence, ...]:
    if len(rows) > EVIDENCE_KEPT:
        raise ValueError(len(rows))
    return tuple(Evidence(_number(input_, inputs - 1), _number(frame), _text(summary)) for input_, frame, summary in rows)


def _pairs(rows: list[Any]) -> Pairs:
    return tuple((_text(name), _scalar(value)) for name, value in rows)


def _pair(row: list[Any]) -> tuple[int, int]:
    first, second = row
    return (_number(first), _number(second)) if first or second else NOTHING


def _number(value: Any, most: int = LARGEST, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(value)
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(value)
    return value


def _scalar(value: Any) -> Scalar:
    if value is not None and type(value) not in (str, int, bool):
        raise ValueError(value)
    return value  # type: ignore[no-any-return]
