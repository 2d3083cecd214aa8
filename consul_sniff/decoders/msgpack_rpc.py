"""net/rpc over msgpack: Consul's (and Nomad's) calls, in a yamux stream or bare after mode byte 0.

A call is a header {ServiceMethod Seq} and the arguments, an answer a header {Error Seq ServiceMethod} and the reply
(``net/rpc`` and hashicorp/net-rpc-msgpackrpc). Headers are found by their keys: bodies need not be whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from ..model import Claim, Message, Protection, Secret
from .base import StreamDecoder
from .content import Pool, Remote, Scanner
from .rpc_header import Header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Cursor, Opening
    from .content import Hit

KINDS: Final = {
    "mode": ("mode",),
    "yamux": (),
    "request": ("method",),
    "response": ("method", "error"),
    "body": ("method",),
    "remote-exec": ("via",),
    "snapshot": ("op",),
}

#: a header: the map, its first key, and the next key where the first one's value is short
_HEADER: Final = re.compile(
    rb"[\x82\x83](?:"
    rb"\xa3Seq(?:[\x00-\x7f]|\xcc.|\xcd..|\xce.{4}|\xcf.{8}|[\xd0-\xd3].{1,8}?)\xadServiceMethod"
    rb"|\xa5Error(?:[\xa0-\xbf]|\xc0|\xd9.|\xda..)"
    rb"|\xadServiceMethod(?:[\xa3-\xbf]|\xd9.)[A-Z][A-Za-z0-9]+\.[A-Z])",
    re.DOTALL)
_CALL: Final = re.compile(
    rb"\x82(?:\xa3Seq(?:[\x00-\x7f]|\xcc.|\xcd..|\xce.{4}|\xcf.{8})\xadServiceMethod(?:[\xa3-\xbf]|\xd9.|\xda..)"
    rb"|\xadServiceMethod(?:[\xa3-\xbf]|\xd9.|\xda..))[A-Z][A-Za-z0-9]*\.", re.DOTALL)
_ANSWER: Final = re.compile(
    rb"\x83(?:\xa5Error(?:[\xa0-\xbf]|\xc0|\xd9.|\xda..).{0,512}?\xa3Seq(?:[\x00-\x7f]|\xcc.|\xcd..|\xce.{4}|\xcf.{8})"
    rb"\xadServiceMethod|\xadServiceMethod(?:[\xa3-\xbf]|\xd9.|\xda..)[A-Z][A-Za-z0-9]*\.)", re.DOTALL)


def is_header(data: bytes, at: int = 0) -> bool:
    """Whether a net/rpc header's first bytes stand at ``at``."""
    return _HEADER.match(data, at) is not None


def headers(data: bytes, start: int) -> Iterator[int]:
    """Where net/rpc headers begin in ``data``."""
    if b"ServiceMethod" not in data and b"\xa5Error" not in data:  # one is in each; the search takes fifty times as long
        return iter(())
    return (match.start() for match in _HEADER.finditer(data, start))


class Calls:
    """Both directions of one stream of calls, as messages."""

    __slots__ = ("_scanners",)

    def __init__(self, pool: Pool | None = None) -> None:
        self._scanners = (Scanner("RPC body", pool), Scanner("RPC body", pool))

    def feed(self, side: int, data: bytes) -> list[Message]:
        scanner = self._scanners[side]
        method = scanner.method
        return rpc_messages(scanner.feed(data), method)

    def between(self, side: int) -> bool:
        """Does nothing of what was read wait for more?"""
        return not self._scanners[side].wants

    def gap(self, side: int) -> list[Message]:
        """Bytes of this side are missing, or it ended."""
        scanner = self._scanners[side]
        method = scanner.method
        return rpc_messages(scanner.flush(), method)


class Late:
    """Messages that were learnt while their side was not being read: they wait for its next bytes, or for the end."""

    __slots__ = ("_sides",)

    def __init__(self) -> None:
        self._sides: tuple[list[Message], list[Message]] = ([], [])

    def add(self, side: int, messages: list[Message]) -> None:
        self._sides[side].extend(messages)

    def empty(self, side: int) -> bool:
        return not self._sides[side]

    def take(self, side: int) -> list[Message]:
        messages = self._sides[side][:]
        self._sides[side].clear()
        return messages

    def rest(self) -> tuple[list[Message], tuple[int, ...]]:
        """All of them, and who said each."""
        first, second = self.take(0), self.take(1)
        return first + second, (0,) * len(first) + (1,) * len(second)


def rpc_messages(hits: list[Hit], method: str) -> list[Message]:
    """Messages of what was found: a call or answer with what its body says; ``method``: whose body goes on first."""
    messages: list[Message] = []
    header: Header | None = None
    secrets: list[Secret] = []
    claims: list[Claim] = []
    remote: list[str] = []

    def tell() -> None:
        if header is not None:
            messages.append(_call(header, secrets, claims))
        elif secrets or claims:
            summary = f"RPC body of {method}" if method else "RPC body"
            messages.append(Message("consul-rpc", "body", Protection.PLAINTEXT, summary, (("method", method),),
                                    claims=tuple(claims), secrets=tuple(secrets)))
        messages.extend(remote_exec("consul-rpc", via) for via in remote)
        secrets.clear()
        claims.clear()
        remote.clear()

    for hit in hits:
        if isinstance(hit, Header):
            tell()
            header = hit
        elif isinstance(hit, Remote):
            if hit.via not in remote:
                remote.append(hit.via)
        elif isinstance(hit, Secret):
            secrets.append(hit)
        else:
            claims.append(hit)
    tell()
    return messages


def _call(header: Header, secrets: list[Secret], claims: list[Claim]) -> Message:
    if header.error is None:
        kind, summary = "request", f"RPC {header.method}"
        fields: tuple[tuple[str, str], ...] = (("method", header.method),)
    else:
        kind, summary = "response", f"RPC answer to {header.method}"
        summary += f": {header.error}" if header.error else ""
        fields = (("error", header.error), ("method", header.method))
    return Message("consul-rpc", kind, Protection.PLAINTEXT, summary, fields,
                   claims=tuple(claims), secrets=tuple(secrets))


def remote_exec(protocol: str, via: str) -> Message:
    """Remote execution (``consul exec``) met in a body: a KV key, an event or the session that guards it."""
    return Message(protocol, "remote-exec", Protection.PLAINTEXT, f"remote execution ({via})", (("via", via),))


class MsgpackRpc(StreamDecoder):
    """Calls on a connection of their own: after mode byte 0, or such a connection from its middle on."""

    protocol: ClassVar[str] = "consul-rpc"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = KINDS

    def __init__(self, originator: int | None = None) -> None:
        self.originator = originator
        self._calls = Calls()
        self._late = Late()

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        """A whole header where a segment begins."""
        return any(_CALL.match(data) or _ANSWER.match(data) for data in opening.sides)

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:  # noqa: ARG003
        return cls()

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        messages = self._late.take(side) + self._calls.feed(side, cursor.rest())
        self._learn(side, messages)
        return messages

    def gap(self, side: int, lost: int) -> None:  # noqa: ARG002  bodies are found by key: any hole is alike
        self._late.add(side, self._calls.gap(side))

    def close(self) -> list[Message]:
        for side in (0, 1):
            self._late.add(side, self._calls.gap(side))
        messages, self.closed_sides = self._late.rest()
        return messages

    def _learn(self, side: int, messages: list[Message]) -> None:
        if self.originator is None:
            for message in messages:
                if message.kind in ("request", "response"):
                    self.originator = side if message.kind == "request" else 1 - side
                    return
