"""Conversations as attribution reads them, and what was said in them.

Few different things are said, by many. So a *word* is one object wherever it is said, a *speech* (all the words of a
conversation) one wherever the same was said, and what hangs on a word or a speech alone is found out once. Of a
conversation there is little more than its counters and tallies: most of a network's have nothing to do with Consul.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from ..model import Protection
from .addresses import community_id, same_host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..facts import Conversation, ConversationKey, Fields, Tally
    from ..model import Scalar
    from ..rows import Spoken
    from .channels import Place
    from .pools import Pool, Socket

#: what a conversation is called where it showed several (a mode byte before TLS, Raft beside RPC)
PROTOCOLS: Final = ("memberlist", "consul-rpc", "raft", "grpc", "envoy-admin", "vault", "http", "dns", "tls")
RST: Final = 4
T = TypeVar("T")
_NONE: Mapping[str, Place] = {}


class Manner(NamedTuple):
    """A word but for its fields."""

    side: int  # 0: the originator said it
    protocol: str
    kind: str
    protection: Protection  # a mode byte that only announces TLS is no plaintext that anybody could fail on: unknown
    clear: bool  # plaintext on the wire. A mode byte that announces TLS is not: TLS follows
    decrypted: bool


def manner(side: int, spoken: Spoken) -> Manner:
    """How a side says something."""
    protocol, kind, protection, fields, decrypted = spoken
    clear = protection is Protection.PLAINTEXT and not decrypted
    if clear and kind == "mode" and str(dict(fields).get("mode", "")).startswith("tls"):
        clear, protection = False, Protection.UNKNOWN
    return Manner(side, protocol, kind, protection, clear, decrypted)


class Word:
    """Something that a side says; the same object in all conversations."""

    __slots__ = ("_fields", "manner", "mesh", "number", "telling")

    def __init__(self, number: int, manner: Manner, fields: Fields, *, telling: bool, mesh: str | None) -> None:
        self.number = number  # by sides, then in the order of their texts
        self.manner = manner
        self.telling = telling  # it tells something of a datacenter, see telling.py
        self.mesh = mesh  # how TLS names a mesh identity, likewise
        self._fields: Fields | dict[str, Scalar] = fields

    @property
    def fields(self) -> dict[str, Scalar]:
        """Shared by all that say the same: never changed."""
        if not isinstance(self._fields, dict):
            self._fields = dict(self._fields)
        return self._fields

    @property
    def side(self) -> int:
        return self.manner.side

    @property
    def protocol(self) -> str:
        return self.manner.protocol

    @property
    def kind(self) -> str:
        return self.manner.kind

    @property
    def clear(self) -> bool:
        return self.manner.clear

    @property
    def decrypted(self) -> bool:
        return self.manner.decrypted


class Shape:
    """The manners of all words of a conversation: there are few, however many names, paths and versions differ."""

    __slots__ = ("manners", "named", "protection", "protocol", "protocols", "sides")

    def __init__(self, manners: tuple[Manner, ...]) -> None:
        self.manners = manners
        self.named = tuple(dict.fromkeys(one.protocol for one in manners))  # in the order of the words
        self.protocols = frozenset(self.named)
        self.sides = frozenset(one.side for one in manners)
        shown = {one.protocol for one in manners if one.clear or one.protocol == "tls"} or self.protocols
        self.protocol = next((name for name in PROTOCOLS if name in shown), "unknown")  # of several the one that says most
        self.protection = Protection.UNKNOWN  # the worst that was seen
        if any(one.clear for one in manners):
            self.protection = Protection.PLAINTEXT
        elif self.protocols - {"consul-rpc"} or any(one.decrypted for one in manners):
            self.protection = Protection.ENCRYPTED


class Speech:
    """All that was said in a conversation, without who, where, when and how often; the same object wherever it was said."""

    __slots__ = ("_answers", "shape", "telling", "words")

    def __init__(self, words: tuple[Word, ...], shape: Shape) -> None:
        self.words = words
        self.shape = shape
        self.telling = True in [word.telling for word in words]
        self._answers: dict[Callable[[Speech], Any], Any] | None = None

    def of(self, protocol: str) -> list[Word]:
        return [word for word in self.words if word.manner.protocol == protocol] if protocol in self.shape.protocols else []

    def once(self, question: Callable[[Speech], T]) -> T:
        """The answer to a question that hangs on nothing but what was said."""
        if self._answers is None:
            self._answers = {}
        if question not in self._answers:
            self._answers[question] = question(self)
        return self._answers[question]  # type: ignore[no-any-return]


def of_mesh(speech: Speech) -> bool:
    """Does TLS name an identity of the mesh?"""
    return any(word.mesh for word in speech.words)


class Said(NamedTuple):
    """A word in its conversation."""

    word: Word
    tally: Tally

    @property
    def side(self) -> int:
        return self.word.manner.side

    @property
    def protocol(self) -> str:
        return self.word.manner.protocol

    @property
    def kind(self) -> str:
        return self.word.manner.kind

    @property
    def clear(self) -> bool:
        return self.word.manner.clear

    @property
    def decrypted(self) -> bool:
        return self.word.manner.decrypted

    @property
    def fields(self) -> dict[str, Scalar]:
        return self.word.fields


class Talk:
    """A conversation and what was said in it: ``tallies`` are those of the speech's words."""

    __slots__ = ("_community", "conversation", "ends", "key", "loopback", "place", "places", "pool", "sent", "speech", "tallies")

    def __init__(self, key: ConversationKey, conversation: Conversation, speech: Speech, tallies: Sequence[Tally]) -> None:
        self.key = key
        self.ends = key[:3]  # one for all that was observed in it
        self.conversation = conversation
        self.speech = speech
        self.tallies = tallies
        self.loopback = same_host(key[0], key[1])
        self._community: str | None = None
        self.pool: Pool | None = None  # whose gossip it is: pools.py
        self.place: Place | None = None  # what it is for: channels.py
        self.places = _NONE  # the same of each protocol that was spoken in it
        self.sent: tuple[tuple[int, int], tuple[int, int]] | None = None  # see nodes.sent

    @property
    def community(self) -> str:
        if self._community is None:
            self._community = community_id(self.key, self.conversation.first_source_port)
        return self._community

    @property
    def socket(self) -> Socket:
        """The responder's."""
        return self.key[1:3]

    @property
    def said(self) -> list[Said]:
        return list(map(Said, self.speech.words, self.tallies))

    @property
    def protocols(self) -> frozenset[str]:
        return self.speech.shape.protocols

    def address(self, side: int) -> str:
        return self.key.destination if side else self.key.source

    @property
    def data(self) -> bool:
        """Whether anybody sent any payload."""
        return any(self.conversation.payloads) or bool(self.tallies)

    @property
    def answered(self) -> bool:
        return self.conversation.payloads[1] > 0 or 1 in self.speech.shape.sides

    @property
    def refused(self) -> bool:
        return not self.data and bool(self.conversation.flags[1] & RST)

    def of(self, protocol: str) -> list[Said]:
        return [said for said in self.said if said.protocol == protocol] if protocol in self.protocols else []
