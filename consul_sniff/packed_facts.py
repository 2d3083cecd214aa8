"""Facts as they go from one process to another: plain tuples, which pickle writes and reads at once.

As the objects that they are, a hundred thousand tallies with their keys and packets take it two seconds.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .facts import PROOFS, Conversation, ConversationKey, ExposureKey, Facts, SightingKey
from .model import Evidence
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rows import Rows

    Row = tuple[int, int, int, int, int, int, tuple[Any, ...]]

#: what is pickled as it is: few objects
PLAIN: Final = ("inputs", "counters", "notes", "claims", "reasons", "met", "used", "apart")
REST: Final = tuple([name for name in Conversation.__slots__ if name not in {*PROOFS, "integrity"}])
_rest = attrgetter(*REST)
_proofs = attrgetter(*PROOFS)


class Packed(NamedTuple):
    """What `pack` makes of facts. ``keys`` (of conversations) and ``words`` (what else is in a tally's key) stand once each."""

    plain: tuple[Any, ...]  # of PLAIN
    rows: list[Rows]
    keys: list[tuple[str, str, int, str]]
    words: list[tuple[Any, ...]]
    conversations: list[tuple[int, tuple[Any, ...], tuple[Any, ...]]]  # key, REST, packets
    sightings: list[Row]  # key, word, shares, count, first, last, packets
    exposures: list[Row]


class _Numbers(dict[Any, int]):
    """Numbers in the order in which they are asked for."""

    def __missing__(self, one: Any) -> int:
        number = self[one] = len(self)
        return number


def pack(facts: Facts) -> Packed:
    """For `unpack`, perhaps in another process."""
    keys, words = _Numbers(), _Numbers()
    conversations = [(keys[key], _rest(one), (*[(_plain(source), _plain(destination)) for source, destination in _proofs(one)],
                                              _plain(one.integrity))) for key, one in facts.conversations.items()]
    sightings = [_row(keys[key[0]], words[key[1:]], tally) for key, tally in facts.sightings.items()]
    exposures = [_row(keys[key.conversation], words[key.secret, key.side], tally) for key, tally in facts.exposures.items()]
    rows = [one._replace(talks=bytearray(one.talks), more=bytearray(one.more), sums=bytearray(one.sums)) for one in facts.rows]
    return Packed(tuple([getattr(facts, name) for name in PLAIN]), rows, list(map(tuple, keys)), list(words), conversations, sightings,
                  exposures)


def _plain(proof: tuple[Evidence, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple([tuple(one) for one in proof]) if proof else ()


def _row(key: int, word: int, tally: Tally) -> Row:
    return key, word, tally.shares, tally.count, tally.first, tally.last, _plain(tally.evidence)


def unpack(packed: Packed) -> Facts:
    """The same facts."""
    facts = Facts()
    for name, value in zip(PLAIN, packed.plain, strict=True):
        setattr(facts, name, value)
    facts.rows = packed.rows
    keys = [ConversationKey(*key) for key in packed.keys]
    for place, rest, (*pairs, integrity) in packed.conversations:
        one = facts.conversations[keys[place]] = Conversation()
        for name, value in zip(REST, rest, strict=True):
            setattr(one, name, value)
        for name, (source, destination) in zip(PROOFS, pairs, strict=True):
            setattr(one, name, (_proof(source), _proof(destination)))
        one.integrity = _proof(integrity)
    words = packed.words
    facts.sightings = {SightingKey(keys[place], *words[word]): tally for place, word, tally in _tallies(packed.sightings)}
    facts.exposures = {ExposureKey(words[word][0], keys[place], words[word][1]): tally for place, word, tally in _tallies(packed.exposures)}
    return facts


def _proof(rows: tuple[Any, ...]) -> tuple[Evidence, ...]:
    return tuple([Evidence(*row) for row in rows]) if rows else ()


def _tallies(rows: list[Row]) -> Iterator[tuple[int, int, Tally]]:
    for place, word, shares, count, first, last, proof in rows:
        tally = Tally(count, first, last, _proof(proof))
        tally.shares = shares
        yield place, word, tally
