"""Snapshots of a whole datacenter: mode byte 5 (Consul, agent/consul/snapshot_endpoint.go and snapshot/archive.go).

The caller sends a msgpack map {AllowStale Datacenter Op Token}, to restore the archive right after it; the server
answers with a map {Error, query metadata} and, to save, the archive: a gzip'd tar of the state, in which are every
token, KV entry and the built-in CA's key. It is unpacked in windows, scanned and never kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from ..errors import DecodeError
from ..limits import UNZIP_RATIO
from ..model import Message, Protection
from .base import StreamDecoder
from .content import Pool, Scanner
from .msgpack_rpc import KINDS, Late, rpc_messages
from .msgpack_walker import Walker

if TYPE_CHECKING:
    import zlib

    from .base import Cursor, Opening
    from .content import Hit

OPERATIONS: Final = ("save", "restore")
WINDOW_BYTES: Final = 65_536
ARCHIVE_BYTES: Final = 64 * 1024 * 1024  # unpacked and scanned of one archive: about a second's work
SLACK_BYTES: Final = 1024 * 1024  # a tar's zeros pack better than any ratio: do not count the first of them
METHOD: Final = "Snapshot"

_KEY: Final = rb"(?:\xaaAllowStale|\xaaDatacenter|\xa2Op|\xa5Token|\xaeEnterpriseMeta)"
_REQUEST: Final = re.compile(rb"[\x82-\x86]" + _KEY + rb"(?:[\xc2\xc3\x00-\x0f]|[\xa0-\xbf][ -~]{0,31}|\xda..|\xd9.)", re.DOTALL)


def is_request(data: bytes, at: int = 0) -> bool | None:
    """Does a snapshot request begin at ``at``? None: too few bytes to tell."""
    if _REQUEST.match(data, at):
        return True
    return None if len(data) - at < 13 and 0x82 <= (data[at:at + 1] or b"\x82")[0] <= 0x86 else False


class _Head(Walker):
    """The map before an archive."""

    def __init__(self) -> None:
        super().__init__()
        self.operation = 0
        self.known = False

    def scalar(self, depth: int, key: bytes, value: int | None) -> None:
        if depth == 1 and key == b"Op" and value:
            self.operation = 1
        self.known = self.known or key in (b"AllowStale", b"Op", b"KnownLeader", b"LastContact")


class _Half:
    __slots__ = ("archive", "ended", "given", "head", "scanner", "taken")

    def __init__(self, pool: Pool) -> None:
        self.head = _Head()
        self.scanner = Scanner("RPC body", pool)
        self.archive: zlib._Decompress | None = None
        self.taken = 0
        self.given = 0
        self.ended = False


class Snapshot(StreamDecoder):
    """A snapshot's connection after its mode byte."""

    protocol: ClassVar[str] = "consul-rpc"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = KINDS

    def __init__(self, originator: int | None = None) -> None:
        self.originator = originator
        pool = Pool()
        self._halves = (_Half(pool), _Half(pool))
        self._late = Late()

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        return any(_REQUEST.match(data) is not None for data in opening.sides)

    @classmethod
    def begin(cls, opening: Opening) -> StreamDecoder:
        return cls(originator=0 if _REQUEST.match(opening.sides[0]) else 1)

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        half = self._halves[side]
        data = cursor.rest()
        messages = self._late.take(side)
        hits: list[Hit] = []
        in_head = not half.head.done
        if in_head:
            stop = half.head.walk(data, 0)
            hits += half.scanner.feed(data[:stop])
            data = data[stop:]
            if half.head.done:
                hits += half.scanner.flush()
                half.scanner = Scanner("snapshot archive")
                messages += self._head(side, half)
        if data and not half.ended:
            hits += self._unpack(half, data)
        return messages + rpc_messages(hits, METHOD)

    def _head(self, side: int, half: _Half) -> list[Message]:
        if not half.head.known:
            raise DecodeError("snapshot head")
        if side != self.originator:
            return []
        operation = OPERATIONS[half.head.operation]
        return [Message("consul-rpc", "snapshot", Protection.PLAINTEXT, f"snapshot request: {operation}",
                        (("op", operation),))]

    def _unpack(self, half: _Half, data: bytes) -> list[Hit]:
        import zlib

        if half.archive is None:
            half.archive = zlib.decompressobj(wbits=31)
        half.taken += len(data)
        hits: list[Hit] = []
        try:
            while data and not half.archive.eof:
                window = half.archive.decompress(data, WINDOW_BYTES)
                data = half.archive.unconsumed_tail
                half.given += len(window)
                hits += half.scanner.feed(window)
                if half.given > min(half.taken * UNZIP_RATIO + SLACK_BYTES, ARCHIVE_BYTES):
                    half.ended = True
                    break
        except zlib.error:  # an error's text, or not what it should be: nothing to scan, the rest passes by
            half.ended = True
        if half.ended or half.archive.eof:
            half.ended = True
            hits += half.scanner.flush()
        return hits

    def gap(self, side: int, lost: int) -> None:  # noqa: ARG002
        half = self._halves[side]
        half.head.done = True
        half.ended = True  # deflate cannot be read past a hole
        self._late.add(side, rpc_messages(half.scanner.flush(), METHOD))

    def content(self, side: int) -> bool:
        return not self._halves[side].ended

    def close(self) -> list[Message]:
        for side, half in enumerate(self._halves):
            self._late.add(side, rpc_messages(half.scanner.flush(), METHOD))
        messages, self.closed_sides = self._late.rest()
        return messages
