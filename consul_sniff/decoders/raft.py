"""Raft between servers: mode byte 1, no yamux, both directions read in pieces (hashicorp/raft, net_transport.go).

A request is a type byte and a msgpack map, an answer a msgpack error string and a map; InstallSnapshot is followed by
``Size`` raw bytes. The log entries of AppendEntries hold what Consul's state machine is told: an FSM message type byte
(Consul, agent/structs/structs.go) and msgpack.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from ..errors import DecodeError
from ..model import Claim, Message, Protection, Secret
from .base import StreamDecoder
from .content import Pool, Remote, Scanner
from .msgpack_rpc import remote_exec
from .msgpack_walker import Walker

if TYPE_CHECKING:
    from .base import Cursor, Opening
    from .content import Hit

REQUESTS: Final = ("append-entries", "request-vote", "install-snapshot", "timeout-now", "pre-vote")
INSTALL_SNAPSHOT: Final = 2
LOG_TYPES: Final = ("command", "noop", "add-peer", "remove-peer", "barrier", "configuration")
ENTRIES: Final = (
    "register", "deregister", "kvs", "session", "acl", "tombstone", "coordinate", "prepared-query", "txn", "autopilot",
    "area", "acl-bootstrap", "intention", "connect-ca", "connect-ca-provider-state", "connect-ca-config", "index",
    "acl-token-set", "acl-token-delete", "acl-policy-set", "acl-policy-delete", "connect-ca-leaf", "config-entry",
    "acl-role-set", "acl-role-delete", "acl-binding-rule-set", "acl-binding-rule-delete", "acl-auth-method-set",
    "acl-auth-method-delete", "chunking-state", "federation-state", "system-metadata", "service-virtual-ip",
    "free-virtual-ip", "kind-service-names", "peering-write", "peering-delete", "peering-terminate",
    "peering-trust-bundle-write", "peering-trust-bundle-delete", "peering-secrets-write", "raft-log-verifier",
    "resource-operation", "update-virtual-ip",
)
IGNORABLE: Final = 0x80  # set on a type byte: servers that do not know the type skip the entry
SEARCH_BYTES: Final = 4_096

_KEYS: Final = (rb"\xa4Addr|\xa2ID|\xafProtocolVersion|\xa4Term|\xa7Entries|\xa9Candidate|\xa6Leader|\xacLastLogIndex"
                rb"|\xadConfiguration|\xa7Granted|\xa7LastLog|\xa7Success")
#: a map whose first key is one of Raft's and is followed, after a short string or number, by another one
_MAP: Final = rb"[\x83-\x8f](?:" + _KEYS + rb")(?:[\x00-\x7f\xc0\xc2\xc3]|[\xa0-\xbf][^\x00-\x1f]{0,31}?" \
    rb"|\xda\x00[\x00-\x60][^\x00-\x1f]{0,96}?|\xcc.|\xcd..|\xce.{4}|\xcf.{8})(?:" + _KEYS + rb")"
_REQUEST: Final = re.compile(rb"[\x00-\x04]" + _MAP, re.DOTALL)
_ANSWER: Final = re.compile(rb"(?:\xa0|[\xa1-\xbf][ -~]{1,31}|\xd9.[ -~]{1,255}|\xda\x00.[ -~]{1,255})" + _MAP, re.DOTALL)
_OUR_KEYS: Final = frozenset({b"Addr", b"ID", b"ProtocolVersion", b"Term"})


class _Reader(Walker):
    """Walks a request or answer: gathers its small facts, hands log entries to a scanner."""

    def __init__(self, scanner: Scanner) -> None:
        super().__init__()
        self.scanner = scanner
        self.messages: list[Message] = []
        self.begin()

    def begin(self) -> None:
        """A new message begins."""
        self.keys = 0  # how many of the keys that every message has were met
        self.size = 0
        self.entries = 0
        self.term = 0
        self._in_entries = False
        self._clear()

    def _clear(self) -> None:
        self._log_type = 0
        self._command = -1
        self._chunked = False
        self._hits: list[Hit] = []

    def pending(self) -> list[Hit]:
        """What is known of an entry that will not be whole."""
        hits = self._hits + self.scanner.flush()
        self._clear()
        return hits

    def scalar(self, depth: int, key: bytes, value: int | bool | None) -> None:
        if depth == 1:
            self.keys += key in _OUR_KEYS
            if key == b"Size" and value:
                self.size = value
            elif key == b"Term" and value:
                self.term = value
        elif depth == 3 and self._in_entries and key == b"Type" and value is not None:
            self._log_type = value

    def text(self, depth: int, key: bytes, piece: bytes, left: int, *, first: bool) -> None:
        if depth == 1:
            self.keys += first and key in _OUR_KEYS
        elif depth == 3 and self._in_entries:
            if key == b"Data":
                if self._command < 0 and piece:
                    self._command = piece[0]
                self._hits += self.scanner.feed(piece)
                if not left:
                    self._hits += self.scanner.flush()
            elif key == b"Extensions" and (piece or left):
                self._chunked = True

    def opened(self, depth: int, key: bytes, *, is_map: bool) -> None:
        if depth == 1:
            self._in_entries = key == b"Entries" and not is_map

    def closed(self, depth: int) -> None:
        if depth == 2 and self._in_entries:
            self.entries += 1
            self.messages += entry_messages(self._entry(), self._hits)
            self._clear()
        elif depth == 1:
            self._in_entries = False

    def _entry(self) -> str:
        """Sorted maps say what kind of entry it was only after its data."""
        if self._log_type or self._command < 0:
            return LOG_TYPES[self._log_type] if self._log_type < len(LOG_TYPES) else "other"
        if self._chunked:  # go-raftchunking: only the first chunk begins with a type, and it is not known which this is
            return "chunk"
        command = self._command & ~IGNORABLE
        return ENTRIES[command] if command < len(ENTRIES) else "other"


def entry_messages(type_: str, hits: list[Hit], *, kind: str = "entry") -> list[Message]:
    """A log entry, with the secrets and claims in it, and remote execution as a message of its own."""
    secrets = tuple(hit for hit in hits if isinstance(hit, Secret))
    claims = tuple(hit for hit in hits if isinstance(hit, Claim))
    fields = (("type", type_),) if kind == "entry" else ()
    summary = f"Raft log entry: {type_}" if kind == "entry" else "Raft snapshot"
    messages = [Message("raft", kind, Protection.PLAINTEXT, summary, fields, claims=claims, secrets=secrets)]
    messages += [remote_exec("raft", via) for via in dict.fromkeys(hit.via for hit in hits if isinstance(hit, Remote))]
    return messages


class _Half:
    """One direction: requests (a type byte first) or answers (an error string first)."""

    __slots__ = ("reader", "type", "state", "left", "snapshot", "outside", "pool", "broken")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.broken: DecodeError | None = None
        self.reader = _Reader(Scanner("Raft log", pool))
        self.type = 0
        self.state = "start"  # start | error | map | raw | lost
        self.left = 0  # of a snapshot
        self.snapshot = Scanner("Raft snapshot", pool)
        self.outside = Scanner("Raft log", pool)  # while the framing is lost

    def lose(self) -> None:
        self.reader = _Reader(Scanner("Raft log", self.pool))
        self.state = "lost"


class Raft(StreamDecoder):
    """A Raft connection."""

    protocol: ClassVar[str] = "raft"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {
        **dict.fromkeys(REQUESTS, ()), "response": (), "entry": ("type",), "snapshot": (), "remote-exec": ("via",),
    }

    def __init__(self, originator: int | None = None) -> None:
        self.originator = originator
        pool = Pool()
        self._halves = (_Half(pool), _Half(pool))
        self._waiting: list[Message] = []

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        """A request or answer at the beginning, or (where that is missing) after it."""
        for side, data in enumerate(opening.sides):
            if _REQUEST.match(data) or _ANSWER.match(data):
                return True
            if not opening.began[side] and (_REQUEST.search(data) or _ANSWER.search(data)):
                return True
        return False

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:
        decoder = cls()
        for side, data in enumerate(opening.sides):
            if decoder.originator is None:
                decoder.originator = _requester(data, side)
        for half in decoder._halves:
            half.state = "lost"
        return decoder

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        half = self._halves[side]
        if half.broken is not None:
            raise half.broken
        messages, self._waiting = self._waiting, []
        data = cursor.rest()
        at = 0
        try:
            while at < len(data):
                at = self._step(side, half, data, at, messages)
        except DecodeError as error:
            if not messages:
                raise
            half.broken = error  # first tell what was whole
        return messages

    def _step(self, side: int, half: _Half, data: bytes, at: int, messages: list[Message]) -> int:
        reader = half.reader
        if half.state == "lost":
            return self._search(side, half, data, at, messages)
        if half.state == "start":
            if side == self.originator:
                if data[at] >= len(REQUESTS):
                    raise DecodeError("raft request type")
                half.type = data[at]
                half.state = "map"
                at += 1
            else:
                half.state = "error"
            reader.reset()
            reader.begin()
        elif half.state == "raw":
            return self._raw(half, data, at, messages)
        elif half.state == "error":
            at = reader.walk(data, at)
            if reader.done:
                reader.reset()
                half.state = "map"
        else:
            at = reader.walk(data, at)
            messages += reader.messages
            reader.messages.clear()
            if reader.done:
                messages.append(self._whole(side, half))
        return at

    def _whole(self, side: int, half: _Half) -> Message:
        """A map ended: what it was."""
        reader = half.reader
        if not reader.keys:
            raise DecodeError("raft message")
        half.state = "start"
        kind = "response"
        if side == self.originator:
            kind = REQUESTS[half.type]
            if half.type == INSTALL_SNAPSHOT and reader.size:
                half.state, half.left = "raw", reader.size
        detail = {"term": reader.term}
        if reader.entries:
            detail["entries"] = reader.entries
        return Message("raft", kind, Protection.PLAINTEXT, f"Raft {kind}", detail=detail)

    def _raw(self, half: _Half, data: bytes, at: int, messages: list[Message]) -> int:
        piece = data[at:at + half.left]
        half.left -= len(piece)
        hits = half.snapshot.feed(piece)
        if not half.left:
            hits += half.snapshot.flush()
            half.state = "start"
        if hits:
            messages += entry_messages("", hits, kind="snapshot")
        return at + len(piece)

    def _search(self, side: int, half: _Half, data: bytes, at: int, messages: list[Message]) -> int:
        """Scan on to the next place where a message surely begins."""
        pattern = _REQUEST if side == self.originator else _ANSWER
        match = pattern.search(data, at)
        stop = match.start() if match else len(data)
        hits = half.outside.feed(data[at:stop])
        if match:
            hits += half.outside.flush()
            half.state = "start"
        if hits:
            messages += entry_messages("unknown", hits)
        return stop

    def gap(self, side: int, lost: int) -> None:
        half = self._halves[side]
        if half.state == "raw" and lost <= half.left:
            half.left -= lost
            hits = half.snapshot.flush()
            self._waiting += entry_messages("", hits, kind="snapshot") if hits else []
            return
        reader = half.reader
        hits = [*reader.pending(), *half.outside.flush()]
        self._waiting += entry_messages("unknown", hits) if hits else []
        half.lose()

    def close(self) -> list[Message]:
        messages, self._waiting = self._waiting, []
        for half in self._halves:
            hits = [*half.reader.pending(), *half.outside.flush(), *half.snapshot.flush()]
            if hits:
                messages += entry_messages("unknown", hits)
        return messages


def _requester(data: bytes, side: int) -> int | None:
    """Who originated, by the first message in ``data``."""
    request, answer = _REQUEST.search(data), _ANSWER.search(data)
    if request is None and answer is None:
        return None
    if answer is None or (request is not None and request.start() < answer.start()):
        return side
    return 1 - side
