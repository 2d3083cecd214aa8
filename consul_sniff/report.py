"""What attribution makes of facts, and what matching makes of that: the rows of a report, before any format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


class Bundle:
    """The observations of one sort. Most are never looked at (a pass beside a fail), and made only when they are."""

    __slots__ = ("_made", "make", "sort", "waiting")

    def __init__(self, sort: Sort, make: Callable[..., Observation] | None = None) -> None:
        self.sort = sort
        self.make = make  # of the sort and what waits
        self.waiting: list[tuple[object, ...]] = []
        self._made: list[Observation] = []

    def add(self, observation: Observation) -> None:
        self._made.append(observation)

    @property
    def observations(self) -> list[Observation]:
        if self.waiting and self.make is not None:
            self._made += [self.make(self.sort, *what) for what in self.waiting]
            self.waiting = []
        return self._made


class Observations:
    """All that was seen, by sort."""

    def __init__(self, made: Iterable[Observation] = ()) -> None:
        self.groups: dict[Sort, Bundle] = {}
        for one in made:
            self.add(one)

    def add(self, one: Observation) -> None:
        sort = one[0]
        group = self.groups.get(sort)
        if group is None:
            group = self.groups[sort] = Bundle(sort)
        group.add(one)

    def group(self, sort: Sort, make: Callable[..., Observation]) -> Bundle:
        """The sort's group, for what is made by ``make`` when somebody looks at it."""
        group = self.groups.get(sort)
        if group is None:
            group = self.groups[sort] = Bundle(sort, make)
        return group

    def __iter__(self) -> Iterator[Observation]:
        for group in self.groups.values():
            yield from group.observations


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

    observations: Observations
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
