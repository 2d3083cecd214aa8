"""The types that the stages share. Imports nothing of ours but ``errors``.

The data's way::

    capture  ->  screen  ->  decoders  ->  attribution  ->  matching  ->  reporters
    bytes        payloads    messages      observations      findings      pages
                 and flows   into Facts    (who, what for)   and controls

Times are integers: nanoseconds since the Unix epoch. Addresses are text as ``ipaddress`` writes them.
A *side* of a flow is 0 (who sent the first packet seen) or 1; a *frame* is the 1-based packet number in its
input, as Wireshark shows it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar = str | int | bool | None
Heard = tuple[int, int, int, int, tuple[int, ...]]
#: what a sleeping flow said: side, bytes, time, frame, 1 where it is its side's start
Piece = tuple[int, bytes, int, int, int]


class Protection(str, Enum):
    """What the bytes themselves show."""

    PLAINTEXT = "plaintext"
    ENCRYPTED = "encrypted"
    UNKNOWN = "unknown"


class Severity(str, Enum):
    """What it costs if the finding is true; ordered from the worst."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Confidence(str, Enum):
    """How sure the match makes us."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Grade(str, Enum):
    """How hard the evidence is to forge; ordered from the strongest."""

    TWO_WAY = "two-way"  # both sides spoke, or TCP
    REPEATED = "repeated"  # one side only, more than once
    UNSOLICITED = "unsolicited"  # one datagram without an answer: anybody can send it


class Status(str, Enum):
    """A control's status in a report (checklist)."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    NOT_OBSERVED = "not_observed"


class Vote(str, Enum):
    """What a matching signature says to its control."""

    FAIL = "fail"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"
    NOTE = "note"  # a finding of severity info that decides nothing


class Secret(NamedTuple):
    """A secret met in the clear; made when it is parsed, so that nothing downstream can hold the secret itself."""

    kind: str  # acl-token | vault-token | gossip-key | secret-id | private-key | kv-value
    fingerprint: str | None  # "sha256:" + 8 hex digits; None for a KV value
    where: str  # "HTTP header X-Consul-Token", "RPC body", "Raft log", ...
    path: str  # URL path or KV path; "" where there is none
    length: int  # bytes of the secret


class Claim(NamedTuple):
    """Something the traffic says about the datacenter: a fact for attribution, not yet believed.

    kinds and what they hold:
      member    subject=(name, address)   value={port, incarnation, state, pool: lan|wan|unknown, tags...}
      listener  subject=(address or "", port)   value={role: as in ``--port``, service, why}
      service   subject=(address or "", port)   value={service, why}   a mesh service's own (plaintext) port
      agent     subject=(address or "",)   value={...}   what /v1/agent/self tells
      intention subject=(source, destination)   value={action}
    """

    kind: str
    subject: tuple[Scalar, ...]
    value: tuple[tuple[str, Scalar], ...]  # sorted by key


class Message(NamedTuple):
    """What some bytes said. Knows no address, port or clock. ``fields`` are judged and folded by: keep them few-valued."""

    protocol: str
    kind: str
    protection: Protection
    summary: str  # one line, printable, no secret in it
    fields: tuple[tuple[str, Scalar], ...] = ()  # sorted by key: part of what observations are folded by
    detail: Mapping[str, object] | None = None  # more, for `decode` only; never folded, no secret in it
    claims: tuple[Claim, ...] = ()
    secrets: tuple[Secret, ...] = ()
    decrypted: bool = False  # learnt with a key: never evidence of plaintext


class Evidence(NamedTuple):
    """A packet that proves something."""

    input: int
    frame: int
    summary: str


class Payload(NamedTuple):
    """Bytes of one side of a flow that the screen hands on: a datagram, or the next TCP bytes in order."""

    flow: int  # the flow's number, unique in one screen
    side: int
    data: bytes
    time: int
    frame: int
    lost: int  # TCP: bytes missing right before data. UDP: bytes of the datagram that were not kept (snap length, lost fragment)
    start: bool  # TCP: data begins at the first byte of the stream
    #: even: data is a whole message of a followed side, or a datagram, and this its digest; odd: the digest of all that the flow
    #: said so far; limits.TOLD: what this says was counted already; 0: none of these
    unit: int = 0
    #: the flow sleeps (`screen.asleep`), no decoder of its own follows it: the digest of what it said before, in how many pieces; (0, 0):
    #: a datagram, whose decoder needs no flow
    sleeps: tuple[int, int] | None = None
    #: of a message that came in several packets: where each part ends, its time and frame; ``unit`` plus twice a part's number stands
    #: for what that part says
    parts: tuple[tuple[int, int, int], ...] = ()

    def split(self) -> list[Payload]:
        """The parts, each as if handed on by itself."""
        if not self.parts:
            return [self]
        ends = [0, *[end for end, _, _ in self.parts]]
        return [self._replace(data=self.data[start:end], time=time, frame=frame, unit=self.unit + 2 * number, parts=())
                for number, (start, (end, time, frame)) in enumerate(zip(ends, self.parts, strict=False))]


class Framing(int, Enum):
    """How a side's messages follow each other, so that the screen can tell them apart (`screen.units`)."""

    NONE = 0
    RAFT_REQUEST = 1
    RAFT_ANSWER = 2
    YAMUX = 3


class Standing(NamedTuple):
    """Where a flow stands that the screen followed until now: a decoder goes on with it from here. Pairs are per side."""

    waits: str  # the method of an HTTP request that waits for its answer; empty: none does
    left: tuple[int, int]  # bytes of the HTTP body that each side is in. UDP: datagrams of DNS that were told
    taken: tuple[int, int]  # TCP bytes before
    next: tuple[str, str]  # what comes next: message (a head, or the rest of a body), size, chunk, chunk-end, trailers, until-end


class Way:
    """What one side of a flow sent, counted by the screen."""

    __slots__ = ("packets", "bytes", "payloads", "first", "last", "first_frame", "flags", "lost",
                 "plain", "plain_frames", "sealed1", "sealed0", "sealed_frame", "cut", "crc_good", "crc_bad", "other",
                 "replays", "replay_frame", "nonce_reuse", "nonce_frame")

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0  # on the wire, link layer included
        self.payloads = 0  # packets that carried transport payload
        self.first = 0
        self.last = 0
        self.first_frame = 0
        self.flags = 0  # all TCP flags seen, or'ed (FIN 1, SYN 2, RST 4, ACK 16)
        self.lost = 0  # TCP bytes that were sent and not captured
        self.plain = 0  # UDP: datagrams that are plaintext memberlist by structure or CRC
        self.plain_frames: tuple[int, ...] = ()  # the first three of them
        self.sealed1 = 0  # UDP: datagrams shaped as memberlist encryption version 1
        self.sealed0 = 0  # the same, version 0
        self.sealed_frame = 0  # the first of them
        self.cut = 0  # UDP: datagrams that the snap length cut, gossip by their beginning; counted above too
        self.crc_good = 0
        self.crc_bad = 0
        self.other = 0  # UDP: datagrams that are none of these
        self.replays = 0  # UDP: a ping's sequence number, or a sealed nonce, met again a minute later
        self.replay_frame = 0  # the first of them
        self.nonce_reuse = 0  # UDP: sealed datagrams with the nonce of another ciphertext
        self.nonce_frame = 0


class Flow:
    """Two sockets and what passed between them, as the screen's table counted it when the flow ended."""

    __slots__ = ("number", "input", "transport", "addresses", "ports", "opener", "ways", "tunnel", "share", "heard", "asleep",
                 "key", "standing", "attempt")

    def __init__(self, number: int, input_: int, transport: str, addresses: tuple[str, str], ports: tuple[int, int],
                 tunnel: str = "", ways: tuple[Way, Way] | None = None) -> None:
        self.number = number
        self.input = input_
        self.transport = transport  # "tcp" | "udp"
        self.addresses = addresses
        self.ports = ports
        self.opener: int | None = None  # the side that sent SYN; None mid-stream and for UDP
        self.ways = ways if ways is not None else (Way(), Way())
        self.tunnel = tunnel  # e.g. "vlan 12", "vxlan 7": outer layers, for people
        #: of each side, what was known by heart or understood by the screen: (number, count, first and last time, first packets)
        self.heard: tuple[list[Heard], list[Heard]] = ([], [])
        #: no decoder was woken for it: the digest of what it said, and that (side, bytes, time, frame, start)
        self.asleep: tuple[int, list[Piece]] | None = None
        self.key: tuple[int, ...] = ()  # the screen's: the two sockets as numbers
        self.share = -1  # of limits.SHARES, whose part of the bounds it uses up; -1: they are not shared out
        self.standing: Standing | None = None
        self.attempt = False  # one side alone spoke, or nothing was said: it has a bound of its own


class Interface(NamedTuple):
    """How one capturing interface wrote its packets."""

    link_type: int  # LINKTYPE_ number
    units: int  # timestamp units a second: 1_000_000, 1_000_000_000, 2**n, ...
    offset: int  # seconds to add to every timestamp
    snap_length: int  # 0: none
    name: str = ""


class Dialect:
    """How the records of a block are written. ``interfaces`` grows as a pcapng section goes on."""

    __slots__ = ("format", "big_endian", "interfaces")

    def __init__(self, format_: str, *, big_endian: bool) -> None:
        self.format = format_  # "pcap" | "pcapng"
        self.big_endian = big_endian
        self.interfaces: list[Interface] = []


class Block:
    """Captured records, as bytes of a buffer that is used again: whoever keeps something copies it.

    The screen takes packet records from ``start`` on and says in ``consumed`` how far it came: up to the first record
    that is not whole, not a packet's (pcapng: sections, interfaces, names), or damaged. The capture stage goes on from
    there. At least 64 writable bytes follow ``stop``.
    """

    __slots__ = ("buffer", "start", "stop", "dialect", "consumed", "accept")

    def __init__(self, buffer: bytearray, start: int, stop: int, dialect: Dialect) -> None:
        self.buffer = buffer
        self.start = start
        self.stop = stop
        self.dialect = dialect
        self.consumed = start
        #: None, or called with (packet bytes, length on the wire, interface number): False counts it as filtered out
        self.accept: object = None
