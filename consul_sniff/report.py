"""What attribution makes of facts, and what matching makes of that: the rows of a report, before any format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .facts import InputFacts, Tally
    from .model import Confidence, Evidence, Grade, Protection, Scalar, Severity, Status


class Sort:
    """What many observations share: all that signatures ask about, but for addresses. One object each, told by identity."""

    __slots__ = ("protocol", "kind", "protection", "channel", "owner", "by", "transport", "loopback", "grade", "decrypted",
                 "fields")

    def __init__(  # noqa: PLR0913 - one parameter a slot
            self, protocol: str, kind: str, protection: Protection, place: tuple[str, str, str], transport: str,
            loopback: bool, grade: Grade, decrypted: bool, fields: dict[str, Scalar]) -> None:  # noqa: FBT001
        self.protocol = protocol  # a decoder's name, or that of a module of attribution for what only many facts show
        self.kind = kind
        self.protection = protection
        # channel: gossip-lan gossip-wan rpc raft api grpc dns mesh envoy-admin ca other
        # owner: whose traffic, consul | other | unknown; by: what the channel rests on, content | port
        self.channel, self.owner, self.by = place
        self.transport = transport
        self.loopback = loopback
        self.grade = grade
        self.decrypted = decrypted
        self.fields = fields

    def __repr__(self) -> str:
        return f"Sort({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


class Observation(NamedTuple):
    """A fact with its place in the datacenter: what signatures match on. No port decides anything here any more."""

    sort: Sort
    source: str
    destination: str
    port: int
    summary: str  # one line: what was seen
    tally: Tally
    community_id: str

    @property
    def protocol(self) -> str:
        return self.sort.protocol

    @property
    def kind(self) -> str:
        return self.sort.kind

    @property
    def protection(self) -> Protection:
        return self.sort.protection

    @property
    def channel(self) -> str:
        return self.sort.channel

    @property
    def owner(self) -> str:
        return self.sort.owner

    @property
    def by(self) -> str:
        return self.sort.by

    @property
    def transport(self) -> str:
        return self.sort.transport

    @property
    def loopback(self) -> bool:
        return self.sort.loopback

    @property
    def grade(self) -> Grade:
        return self.sort.grade

    @property
    def decrypted(self) -> bool:
        return self.sort.decrypted

    @property
    def fields(self) -> dict[str, Scalar]:
        return self.sort.fields


class Node(NamedTuple):
    """A host of the datacenter, by its address."""

    address: str
    name: str | None
    role: str  # server | client | unknown
    datacenter: str | None
    version: str | None
    gossip: str  # plaintext | encrypted | mixed | unknown
    rpc: str  # plaintext | tls | mixed | unknown
    gossip_plaintext: int
    gossip_encrypted: int
    keys: tuple[str, ...]
    status: str  # alive suspect dead left unknown
    decrypted: bool  # name, role or version were learnt with a key


class ConversationRow(NamedTuple):
    """Who talked to whom, for what, how protected."""

    source: str
    destination: str
    port: int
    transport: str
    channel: str
    protocol: str
    protection: Protection
    by: str
    packets: int
    bytes: int
    first: int
    last: int
    community_id: str


class Exposure(NamedTuple):
    """A secret that crossed the network in the clear."""

    kind: str
    fingerprint: str | None
    where: str
    path: str
    count: int  # type: ignore[assignment]  # nobody counts in this tuple
    first: int
    last: int
    source: str
    destination: str
    evidence: tuple[Evidence, ...]


class Finding(NamedTuple):
    """A signature that fired on a conversation."""

    id: str
    signature: str
    control: str
    severity: Severity
    confidence: Confidence
    grade: Grade
    title: str
    source: str
    destination: str
    port: int
    transport: str
    protocol: str
    count: int  # type: ignore[assignment]  # nobody counts in this tuple
    first: int
    last: int
    evidence: tuple[Evidence, ...]
    community_id: str
    remediation: str
    decrypted: bool = False


class ControlResult(NamedTuple):
    """A control of the checklist, judged."""

    id: str
    status: Status
    title: str
    summary: str
    reason: str
    findings: tuple[str, ...]
    seeds: tuple[str, ...]
    remediation: str


class Interface(NamedTuple):
    """A Consul interface that was seen to answer."""

    address: str
    port: int
    transport: str
    channel: str
    protection: str  # plaintext | encrypted | mixed | unknown
    peers: int  # addresses that spoke with it


class Attributed(NamedTuple):
    """What attribution hands to matching."""

    observations: list[Observation]
    nodes: list[Node]
    conversations: list[ConversationRow]
    exposures: list[Exposure]
    channels_seen: frozenset[str]  # channels with any traffic at all of Consul's
    incomplete: tuple[str, ...]  # why a silence proves nothing here, "CHANNEL: reason" or "all: reason": losses, cuts
    interfaces: tuple[Interface, ...] = ()


class Report(NamedTuple):
    """All that a run has to say."""

    inputs: list[InputFacts]
    counters: dict[str, int]  # terminal counters
    notes: dict[str, int]
    complete: bool
    reasons: list[str]
    controls: list[ControlResult]
    findings: list[Finding]
    nodes: list[Node]
    conversations: list[ConversationRow]
    exposures: list[Exposure]
    channels_seen: frozenset[str]
    exit_code: int
    exit_reason: str
    beside: tuple[tuple[str, object], ...] = ()  # keys beside the contract's, JSON-ready: what a live capture adds
