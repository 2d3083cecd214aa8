"""Bodies: unzipped in bounded steps, searched in windows, never stored.

A ``Body`` stands between the framing (HTTP/1 chunks, gRPC messages) and a ``Sink`` that knows what to look for.
What all bodies of a process hold together is bounded too (``limits.BODIES``): the flows are counted elsewhere, their
sum must not become gigabytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from .. import limits
from . import secrets

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from ..model import Claim, Scalar, Secret

STEP: Final = 65_536  # unzipped at once
SCAN: Final = 16_384  # searched at once: a search of every byte that comes would be quadratic
OVERLAP: Final = 4_096  # the longest thing a pattern may match
SECRETS_KEPT: Final = 256  # of one message
CLAIMS_KEPT: Final = 1_024  # of one message
_SLACK: Final = 1024 * 1024  # a small body may unzip to this, whatever its ratio
_COST: Final = 2 * STEP  # what a body holds at most: a window, zlib's 32 KiB, a private key


class Pool:
    """Bytes that bodies of all flows may hold together."""

    __slots__ = ("least", "left")

    def __init__(self, size: int) -> None:
        self.left = self.least = size

    def take(self, count: int) -> bool:
        if count > self.left:
            return False
        self.left -= count
        self.least = min(self.least, self.left)
        return True


POOL: Final = Pool(limits.BODIES)


class Finds:
    """What was found in a message: bounded, each once."""

    __slots__ = ("claims", "fields", "secrets")

    def __init__(self) -> None:
        self.secrets: dict[Secret, None] = {}
        self.claims: dict[Claim, None] = {}
        self.fields: dict[str, Scalar] = {}

    def secret(self, secret: Secret) -> None:
        if len(self.secrets) < SECRETS_KEPT:
            self.secrets[secret] = None

    def claim(self, claim: Claim) -> None:
        if len(self.claims) < CLAIMS_KEPT:
            self.claims[claim] = None

    def __bool__(self) -> bool:
        return bool(self.secrets or self.claims or self.fields)


class Sink:
    """Searches a body for ``patterns`` and PEM private keys; ``prefix`` is its beginning, ``held`` all of it if asked.

    A pattern matches less than OVERLAP bytes and says by its last character that the match is whole.
    """

    patterns: tuple[tuple[re.Pattern[bytes], Callable[[Sink, re.Match[bytes]], None]], ...] = ()
    packed = ""  # how the body itself is packed, beneath any encoding that a header names

    def __init__(self, finds: Finds, where: str, path: str, *, hold: bool = False) -> None:
        self.finds = finds
        self.where = where
        self.path = path
        self.prefix = b""
        self.size = 0
        self.held: bytearray | None = bytearray() if hold else None
        self.over = False  # more came than is held
        self._taken = 0
        self._window = bytearray()
        self._scanned = 0
        self._pem = secrets.PemScanner()

    def feed(self, data: bytes) -> None:
        self.size += len(data)
        if len(self.prefix) < OVERLAP:
            self.prefix += data[:OVERLAP - len(self.prefix)]
        if self.held is not None:
            self._hold(data)
        self._keys(self._pem.feed(data))
        self._window += data
        if len(self._window) - self._scanned >= SCAN:
            self._scan()

    def done(self) -> None:
        """The body is over (or what was captured of it)."""
        self._scan()
        self._keys(self._pem.close())

    def _hold(self, data: bytes) -> None:
        assert self.held is not None
        if len(self.held) + len(data) > limits.JSON_BYTES or not POOL.take(len(data)):
            self.held, self.over = None, True
            return
        self._taken += len(data)
        self.held += data

    def _scan(self) -> None:
        window = bytes(self._window)
        for pattern, found in self.patterns:
            for match in pattern.finditer(window):
                found(self, match)
        del self._window[:max(0, len(window) - OVERLAP)]
        self._scanned = len(self._window)

    def _keys(self, keys: list[bytes]) -> None:
        for key in keys:
            self.finds.secret(secrets.private_key(key, self.where, self.path))

    def __del__(self) -> None:
        POOL.left += self._taken


class Body:
    """One message's body on its way to a sink. ``cut``: some of it was not searched."""

    def __init__(self, sink: Sink, encoding: str = "") -> None:
        self.sink = sink
        encoding = encoding.strip().lower()
        # a server packs again what is packed already: Consul's answer to GET /v1/snapshot (gziphandler in agent/http.go)
        self._inner = Body(sink) if sink.packed and encoding not in ("", "identity") else None
        self.cut = False
        self._left = limits.BODY_BYTES
        self._encoded = 0
        self._unzip: zlib._Decompress | None = None
        self._encoding = sink.packed if encoding in ("", "identity") else encoding
        self._taken = _COST if POOL.take(_COST) else 0
        self._over = not self._taken
        if self._encoding in ("gzip", "x-gzip", "deflate"):
            self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by its own header
        elif self._encoding not in ("", "identity", "aws-chunked"):
            self._over = True  # br, zstd, or what somebody made up
        self.cut = self._over

    def feed(self, data: bytes) -> None:
        if self._over:
            self.cut = self.cut or bool(data)
            return
        self._encoded += len(data)
        if self._unzip is None:
            self._pass(data)
            return
        try:
            self._unpack(data)
        except zlib.error:
            self._raw_deflate(data)

    def gap(self) -> None:
        """Some of the body was not captured."""
        self.cut = True
        if self._unzip is not None:
            self._over = True  # what follows cannot be unzipped

    def done(self) -> None:
        if self._inner is not None:
            self.cut = self.cut or self._inner.cut
        self.sink.done()

    def _pass(self, data: bytes) -> None:
        if len(data) > self._left:
            self.cut = self._over = True
            data = data[:self._left]
        self._left -= len(data)
        onward = self.sink if self._inner is None else self._inner
        for at in range(0, len(data), STEP):
            onward.feed(data[at:at + STEP])

    def _unpack(self, data: bytes) -> None:
        assert self._unzip is not None
        allowed = _SLACK + self._encoded * limits.UNZIP_RATIO
        while data and not self._over:
            out = self._unzip.decompress(data, STEP)
            self._pass(out)
            data = self._unzip.unconsumed_tail
            if limits.BODY_BYTES - self._left > allowed:
                self.cut = self._over = True
            if self._unzip.eof or (not out and not data):
                return

    def _raw_deflate(self, data: bytes) -> None:
        """Some send "deflate" without the zlib header that RFC 9110 asks for."""
        if self._encoding == "deflate" and self._encoded == len(data):
            self._unzip, self._encoding = zlib.decompressobj(-zlib.MAX_WBITS), "raw"
            try:
                self._unpack(data)
            except zlib.error:
                pass
            else:
                return
        self.cut = self._over = True

    def __del__(self) -> None:
        POOL.left += self._taken
