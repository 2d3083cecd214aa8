"""The rows that attribution makes of facts, and matching of observations: a report, before any format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .facts import InputFacts
    from .model import Confidence, Evidence, Grade, Protection, Severity, Status
    from .observation import Observations


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


class Form(NamedTuple):
    """How a ConversationRow is written in some format where none of its values needs an escape.

    ``around``: what stands before each value, and after the last. Of a time stand ``second``, a point and the second's six digits.
    """

    around: tuple[str, ...]
    second: Callable[[int], str]


@runtime_checkable
class Writing(Protocol):
    """Rows that can write themselves: there may be hundreds of thousands."""

    def written(self, at: slice, form: Form) -> list[str | ConversationRow]:
        """The rows, each as text; as it is, where a value may need an escape."""


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
    conversations: Sequence[ConversationRow]
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
    conversations: Sequence[ConversationRow]
    exposures: list[Exposure]
    channels_seen: frozenset[str]
    exit_code: int
    exit_reason: str
    beside: tuple[tuple[str, object], ...] = ()  # keys beside the contract's, JSON-ready: what a live capture adds
