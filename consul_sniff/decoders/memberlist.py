"""memberlist over UDP: the gossip of Consul, Nomad, Serf, Docker Swarm.

::

    [244 L label] plaintext:  [12 crc32] message | 7 compound of messages | 9 compressed message
    [244 L label] sealed:     version (0 | 1), nonce, ciphertext, tag       no type byte!

A sealed datagram begins with 0 or 1, which are also the types ping and indirectPing: so the structure decides, never
the first byte. Sources: memberlist net.go, label.go, util.go, security.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from zlib import crc32

from ..errors import DecodeError, NeedMoreData
from ..limits import MEMBERLIST_DEPTH, MEMBERLIST_PARTS, MSGPACK_ITEMS
from . import lzw, serf
from .base import Budget, Cursor, DatagramDecoder
from .gossip import COMPOUND, COMPRESS, CRC, KINDS, LABEL, SHAPES, USER, Tone, begins, fields_of, packed, raw
from .messages import REPEATED, repeated, tell
from .sealed import HEAD, looks_sealed, sealed, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..keyring import Keyring
    from ..model import Message


class Memberlist(DatagramDecoder):
    """``missing``: bytes of the datagram that the capture did not keep. ``keyring``: opens sealed ones."""

    protocol: ClassVar[str] = "memberlist"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = KINDS

    def __init__(self, keyring: Keyring | None = None, missing: int = 0) -> None:
        self.keyring = keyring
        self.missing = missing

    def read(self, cursor: Cursor, budget: Budget) -> Iterator[Message]:
        """The messages in the datagram, in order. ``budget``: bytes that unpacking may take in and give out."""
        label, body = split_label(cursor.rest())
        if body and body[0] <= 1 and begins(SHAPES[body[0]], body, 1) is not True:
            yield from self._sealed(label, body, budget)
        else:
            yield from Parts(Tone(label=label), budget).read(body, self.missing)

    def _sealed(self, label: bytes, body: bytes, budget: Budget) -> Iterator[Message]:
        length = len(body) + self.missing
        if self.keyring is not None and not self.missing and len(body) > HEAD:
            opened = unseal(self.keyring, body, 0, label)
            if opened is not None:
                plain, key = opened
                yield sealed(body[0], length, label, key, "high")
                yield from Parts(Tone(decrypted=True, label=label), budget, proven=True).read(plain, 0)
                return
        if not looks_sealed(body, 0, length):
            raise DecodeError("neither gossip nor sealed gossip")
        yield sealed(body[0], length, label, None, "low" if self.missing else "medium")


def split_label(data: bytes) -> tuple[bytes, bytes]:
    """(label, what follows it)."""
    if not data or data[0] != LABEL:
        return b"", data
    if len(data) < 2 or not data[1] or len(data) < 2 + data[1]:
        raise DecodeError("label")
    end = 2 + data[1]
    return data[2:end], data[end:]


class Parts:
    """Plaintext of one datagram, taken apart: compounds and compressed messages hold others.

    ``proven``: is it memberlist beyond doubt (a checksum, a key, a message before)? Only then is a message without a
    known structure told too. ``budget``: for unpacking; items and parts have budgets of their own.
    """

    __slots__ = ("_budget", "_items", "_parts", "_proven", "_tone")

    def __init__(self, tone: Tone, budget: Budget, *, proven: bool = False) -> None:
        self._tone = tone
        self._budget = budget
        self._items = Budget(MSGPACK_ITEMS)
        self._parts = Budget(MEMBERLIST_PARTS)
        self._proven = proven

    def read(self, data: bytes, missing: int) -> Iterator[Message]:
        """The messages in *data*, of which *missing* more bytes were not captured."""
        data = self._checked(data, missing)
        pending = [(data, missing, 0)]
        while pending:
            part, lacks, depth = pending.pop()
            self._parts.spend(1, "memberlist parts")
            if depth > MEMBERLIST_DEPTH:
                raise DecodeError("memberlist depth")
            if not part:
                raise DecodeError("empty message")
            if part[0] == COMPOUND:
                inner = self._compound(part, lacks)
                pending += [(*one, depth + 1) for one in reversed(inner)]
            elif part[0] == COMPRESS:
                plain, lacks = self._inflated(part, lacks)
                self._proven = True
                if plain:
                    pending.append((plain, lacks, depth + 1))
                else:
                    yield self._tone.tell("other", "compressed gossip (cut)", detail={"cut": True})
            else:
                yield from self._messages(part, lacks)
                self._proven = True

    def _checked(self, data: bytes, missing: int) -> bytes:
        """Without the checksum, which only a whole datagram can be held against."""
        if not data or data[0] != CRC:
            return data
        if len(data) <= 5:
            raise DecodeError("checksum of nothing")
        if not missing:
            if crc32(memoryview(data)[5:]) != int.from_bytes(data[1:5], "big"):
                raise DecodeError("crc mismatch")
            self._proven = True
        return data[5:]

    def _compound(self, part: bytes, missing: int) -> list[tuple[bytes, int]]:
        """(bytes, how many the capture lacks) of each message; of a cut datagram those that were captured."""
        count = part[1] if len(part) > 1 else 0
        at = 2 + count * 2
        if not count or (at > len(part) and not missing):
            raise DecodeError("compound")
        inner: list[tuple[bytes, int]] = []
        for place in range(2, min(at, len(part) - 1), 2):
            length = int.from_bytes(part[place:place + 2], "big")
            if not length:
                raise DecodeError("compound")
            end = at + length
            if end > len(part):
                if not missing:
                    raise DecodeError("compound")
                if at < len(part):
                    inner.append((part[at:], end - len(part)))
                break
            inner.append((part[at:end], 0))
            at = end
        if not inner:
            raise DecodeError("compound")
        return inner

    def _inflated(self, part: bytes, missing: int) -> tuple[bytes, int]:
        """(what a compressed message holds, 1 where that is cut)."""
        known = SHAPES[COMPRESS]
        if not begins(known, part, 1):
            raise DecodeError("compress")
        try:
            fields = fields_of(known, Cursor(part, 1), self._items)
        except NeedMoreData:
            if not missing:
                raise DecodeError("message ends too early") from None
            return lzw.unpack(part[_packed_at(part):], self._budget, cut=True), 1
        if fields.get(b"Algo", 0) != 0:
            raise DecodeError("compression algorithm")
        plain = lzw.unpack(raw(fields, b"Buf"), self._budget)
        if not plain:
            raise DecodeError("compress")
        return plain, 0

    def _messages(self, part: bytes, missing: int) -> list[Message]:
        known = SHAPES.get(part[0])
        try:
            if known is not None and begins(known, part, 1):
                if part[0] in REPEATED:
                    return [repeated(part[0], Cursor(part, 1), self._tone, self._items)]
                return [tell(part[0], fields_of(known, Cursor(part, 1), self._items), self._tone, self._items)]
            if part[0] == USER:
                return self._user(part[1:])
        except NeedMoreData:
            if not missing:
                raise DecodeError("message ends too early") from None
            message = serf.cut(part[1:], self._tone) if known is None else \
                self._tone.tell(known.kind, f"{known.kind} (cut)", detail={"cut": True})
            if message is not None:
                return [message]
        if self._proven:
            return [self._tone.tell("other", f"gossip message of type {part[0]}", detail={"type": part[0]})]
        raise DecodeError("not memberlist")

    def _user(self, body: bytes) -> list[Message]:
        """A user message: Serf's, or of a program that we know nothing of."""
        if serf.is_serf(body) is False:
            if not self._proven:
                raise DecodeError("not memberlist")
            return [self._tone.tell("user", f"user message of {len(body)} bytes", detail={"bytes": len(body)})]
        return serf.read(body, self._tone, self._items)


def _packed_at(part: bytes) -> int:
    """Where the bytes of a cut compressed message begin; its end where none of them were captured."""
    try:
        found = packed(part[1:40])
    except NeedMoreData:
        return len(part)
    return len(part) if found is None else 1 + found[0]
