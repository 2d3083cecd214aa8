"""The log that Raft carries: what Consul's state machine is told, entry by entry.

An entry is a map {Index Term Type Data Extensions AppendedAt}; ``Data`` of a command is an FSM message type byte
(Consul, agent/structs/structs.go) and msgpack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..model import Claim, Message, Protection, Secret
from .content import Remote
from .msgpack_rpc import remote_exec
from .msgpack_walker import Walker

if TYPE_CHECKING:
    from .content import Hit, Scanner

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

_OUR_KEYS: Final = frozenset({b"Addr", b"ID", b"ProtocolVersion", b"Term", b"Leader", b"LastLog", b"Candidate"})


class Reader(Walker):
    """Walks a request or answer: gathers its small facts, hands log entries to a scanner."""

    def __init__(self, scanner: Scanner) -> None:
        super().__init__()
        self.scanner = scanner
        self.messages: list[Message] = []
        self.begin()

    def begin(self) -> None:
        """A new message begins."""
        self.keys = 0  # how many of the keys that Raft's messages have were met
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

    def scalar(self, depth: int, key: bytes, value: int | None) -> None:
        if depth == 1:
            self.keys += key in _OUR_KEYS
            if key == b"Size" and value and value > 0:
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
            return LOG_TYPES[self._log_type] if 0 <= self._log_type < len(LOG_TYPES) else "other"
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


def found(type_: str, hits: list[Hit], *, kind: str = "entry") -> list[Message]:
    """An entry of unknown extent, if anything was found in it."""
    return entry_messages(type_, hits, kind=kind) if hits else []
