"""The first byte on Consul's server port says what follows (Consul, agent/pool/conn.go, agent/consul/rpc.go).

It is often alone in its segment, and any byte may begin any protocol: a flow is Consul's only where what follows keeps
the byte's promise. Only who opens the connection sends one; the server answers in the promised protocol at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from ..model import Message, Protection
from .base import StreamDecoder
from .msgpack_rpc import KINDS, MsgpackRpc
from .raft import Raft
from .snapshot import Snapshot, is_request
from .yamux import SYN, Yamux, frame_at

if TYPE_CHECKING:
    from .base import Cursor, Opening

MODES: Final = ("consul-rpc", "raft", "multiplex", "tls", "yamux", "snapshot", "gossip", "tls-insecure", "grpc",
                "raft-forwarding")
CONSUL, RAFT, MULTIPLEX, TLS, YAMUX, SNAPSHOT, GOSSIP, TLS_INSECURE, GRPC, RAFT_FORWARDING = range(10)
PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

#: what the bytes after the mode byte must look like; {n}: how many of them it takes to tell
_RAFT: Final = re.compile(rb"[\x00-\x04][\x83-\x8f](?:\xa4Addr|\xafProt|\xa4Term|\xa2ID|\xa7Entr|\xa9Cand)", re.DOTALL)
_CALL: Final = re.compile(rb"\x82(?:\xa3Seq(?:[\x00-\x7f]|\xcc.|\xcd..|\xce.{4}|\xcf.{8})\xadS|\xadServiceMethod)", re.DOTALL)
_TLS: Final = re.compile(rb"\x16\x03[\x00-\x03][\x00-\x48].\x01\x00..\x03", re.DOTALL)
_GOSSIP: Final = re.compile(rb"\x09\x82\xa4Algo|\x06[\x82\x83](?:\xa4Join|\xa5Nodes)|\x0a\x00...[\x00\x01]"
                            rb"|\xf4[\x01-\xff][!-~]|\x00[\x81-\x86][\xa4-\xac][A-Z]", re.DOTALL)
_NEEDED: Final = {CONSUL: 20, RAFT: 7, TLS: 10, YAMUX: 12, SNAPSHOT: 13, GOSSIP: 8, TLS_INSECURE: 10,
                  GRPC: len(PREFACE), RAFT_FORWARDING: 7}


def keeps(mode: int, data: bytes) -> bool | None:
    """Do the bytes after mode byte ``mode`` (``data[0]`` is that byte) keep its promise? None: too few to tell."""
    if mode not in _NEEDED:
        return False
    if mode == YAMUX:
        return _is_session(data)
    if mode == GRPC:
        return _starts(data, PREFACE)
    if mode == SNAPSHOT:
        return is_request(data, 1)
    pattern = {CONSUL: _CALL, RAFT: _RAFT, RAFT_FORWARDING: _RAFT, GOSSIP: _GOSSIP}.get(mode, _TLS)
    if pattern.match(data, 1):
        return True
    if len(data) > _NEEDED[mode]:
        return False
    return None if len(data) == 1 or data[1] in _FIRST[mode] else False


_FIRST: Final = {CONSUL: b"\x82", RAFT: bytes(range(5)), RAFT_FORWARDING: bytes(range(5)), TLS: b"\x16",
                 TLS_INSECURE: b"\x16", GOSSIP: b"\x00\x06\x09\x0a\xf4"}


def _is_session(data: bytes) -> bool | None:
    """A session opens with a SYN: of a client's stream (odd), or of a ping."""
    if len(data) <= _NEEDED[YAMUX]:
        return None if b"\x00\x00\x00\x01\x00".startswith(data[1:2] or b"\x00") else False
    frame = frame_at(data, 1)
    return frame is not None and bool(frame.flags & SYN) and (frame.stream & 1 == 1 or frame.kind == 2)


def _starts(data: bytes, promised: bytes) -> bool | None:
    if data.startswith(promised, 1):
        return True
    return None if promised.startswith(data[1:]) else False


def _opened(opening: Opening) -> tuple[int, bool | None]:
    """Which side sent a mode byte, and whether its promise is kept."""
    undecided: tuple[int, bool | None] = (0, False)
    for side, data in enumerate(opening.sides):
        if not data or data[0] >= len(MODES) or opening.opener == 1 - side:
            continue
        answer = keeps(data[0], data)
        if answer:
            return side, True
        if answer is None and opening.began[side]:
            undecided = side, None
    return undecided


class ConsulRpc(StreamDecoder):
    """Reads the mode byte and hands the connection on: `mode`."""

    protocol: ClassVar[str] = "consul-rpc"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = KINDS
    #: a mode, a call's or an answer's map, a snapshot request's
    first_bytes: ClassVar[frozenset[int] | None] = frozenset((*range(len(MODES)), *range(0x82, 0x87)))

    def __init__(self, originator: int, mode: int) -> None:
        self.originator = originator
        self._mode = mode
        self._inner = _follower(mode, originator)

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        _, answer = _opened(opening)
        return answer or MsgpackRpc.claims(opening) or Snapshot.claims(opening) or answer

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:
        side, answer = _opened(opening)
        if answer:
            return cls(side, opening.sides[side][0])
        return MsgpackRpc.begin(opening) if MsgpackRpc.claims(opening) else Snapshot.begin(opening)

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        if side != self.originator:  # the answers overtook the mode byte
            return self._inner.read(side, cursor)
        cursor.skip(1)
        self.successor = self._inner
        name = MODES[self._mode]
        return [Message("consul-rpc", "mode", _protection(self._mode), f"RPC connection, mode {name}",
                        (("mode", name),))]

    def gap(self, side: int, lost: int) -> None:
        self._inner.gap(side, lost)


def _protection(mode: int) -> Protection:
    """What the byte itself shows. Raft and gossip speak for themselves, and belong to channels of their own."""
    if mode in (TLS, TLS_INSECURE):
        return Protection.ENCRYPTED
    return Protection.UNKNOWN if mode in (RAFT, RAFT_FORWARDING, GOSSIP) else Protection.PLAINTEXT


def _follower(mode: int, originator: int) -> StreamDecoder:
    if mode == YAMUX:
        return Yamux(originator)
    if mode in (RAFT, RAFT_FORWARDING):
        return Raft(originator)
    if mode == CONSUL:
        return MsgpackRpc(originator)
    if mode == SNAPSHOT:
        return Snapshot(originator)
    if mode == GOSSIP:
        from .memberlist_stream import MemberlistStream

        return MemberlistStream()
    if mode == GRPC:
        from .http2 import Http2

        return Http2(mode="8")
    from .tls import Tls

    return Tls(mode=str(mode))
