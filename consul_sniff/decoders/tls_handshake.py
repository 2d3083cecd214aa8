"""TLS handshake messages in the clear: hellos, the leaf certificate, and what else passed by.

Layouts: RFC 8446 (TLS 1.3), RFC 5246 (1.2), RFC 6101 (SSL 3.0), the SSL 2.0 draft for its hellos. The parsers are
strict where lengths must add up: a hello is what proves that a connection is TLS at all.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import DecodeError, NeedMoreData
from .base import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

BUFFER: Final = 65_536  # of one message that is kept whole; a chain of certificates may be longer, its leaf is not
HELLO_REQUEST: Final = 0
CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
CERTIFICATE: Final = 11
CERTIFICATE_REQUEST: Final = 13
SERVER_HELLO_DONE: Final = 14
#: besides: session ticket, server key exchange, certificate verify, client key exchange, certificate URL and status,
#: supplemental data, NPN. A Finished is never in the clear.
_SKIPPED: Final = frozenset({4, 12, 15, 16, 21, 22, 23, 67})
KNOWN: Final = _SKIPPED | {HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, CERTIFICATE_REQUEST,
                           SERVER_HELLO_DONE}
OPENING: Final = frozenset({HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO})  # what a stream may begin with

_VERSIONS: Final = {2: "SSL 2.0", 0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2",
                    0x0304: "TLS 1.3"}
#: RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest" stands where the random would
_RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_SNI, _ALPN, _PSK, _EARLY_DATA, _SUPPORTED_VERSIONS = 0, 16, 41, 42, 43

ALERTS: Final = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
    116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}


def version_name(version: int) -> str:
    """"TLS 1.2"; the drafts of 1.3 (0x7fNN, 0xfbNN) are called by what they became."""
    if version >> 8 in (0x7F, 0xFB):
        return "TLS 1.3"
    return _VERSIONS.get(version) or f"0x{version:04X}"


class ClientHello(NamedTuple):
    """What a client offers. ``versions``: highest first as it said them, numbers as on the wire."""

    versions: tuple[int, ...]
    session_id: bytes
    suites: tuple[int, ...]
    sni: bytes | None = None
    alpn: tuple[bytes, ...] = ()
    psk: bool = False
    early_data: bool = False


class ServerHello(NamedTuple):
    """What a server chose. ``psk``: TLS 1.3 resumption (or an external key). ``retry``: it is a HelloRetryRequest."""

    version: int
    session_id: bytes
    suite: int | None
    alpn: bytes | None = None
    psk: bool = False
    retry: bool = False
    session_hit: bool = False  # SSL 2.0 says it outright
    certificate: bytes = b""  # SSL 2.0 only: elsewhere it is a message of its own


class Assembler:
    """One side's handshake messages, out of the bodies of its handshake records however they are cut.

    Holds at most ``BUFFER`` bytes: hellos whole, of Certificate the leaf, of all others nothing.
    """

    __slots__ = ("_buffer", "_kind", "_left", "_need", "begun")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._kind = -1  # of the message that is being read; -1: its header is
        self._left = 0  # bytes of it that are still to come
        self._need = 4  # bytes to keep before looking
        self.begun = False  # a whole message was read

    @property
    def between(self) -> bool:
        """The next byte begins a message."""
        return self._kind < 0 and not self._buffer

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Messages that end in ``data``: (type, body; of a Certificate its leaf as soon as that is there)."""
        at = 0
        while at < len(data):
            size = min(len(data) - at, self._need - len(self._buffer) if self._need else self._left)
            if self._need:
                self._buffer += data[at:at + size]
            if self._kind >= 0:
                self._left -= size
            at += size
            if len(self._buffer) < self._need or (not self._need and self._left):
                continue
            yield from self._complete()

    def skip(self, lost: int) -> bool:
        """``lost`` bytes are missing. True: they were of no interest."""
        if self._kind < 0 or self._need or lost > self._left:
            return False
        self._left -= lost
        if not self._left:
            self._next()
        return True

    def _complete(self) -> Iterator[tuple[int, bytes]]:
        """As many bytes are there as were asked for."""
        if self._kind < 0:
            self._header()
            if self._left:
                return
        body = bytes(self._buffer)
        kind = self._kind
        if kind == CERTIFICATE and self._need:
            if self._certificate_wants(body):
                return
            body = body[6:]
        elif not self._need and kind == CERTIFICATE:  # the rest of a chain whose leaf was told
            self._next()
            return
        if self._left:
            self._need = 0
            self._buffer.clear()
        else:
            self._next()
        self.begun = True
        yield kind, body

    def _header(self) -> None:
        kind, length = self._buffer[0], int.from_bytes(self._buffer[1:4], "big")
        if kind not in KNOWN or (not self.begun and kind not in OPENING):
            raise DecodeError("unknown handshake message")
        self._buffer.clear()
        self._kind, self._left = kind, length
        if kind in (CLIENT_HELLO, SERVER_HELLO):
            if not 34 < length <= BUFFER:
                raise DecodeError("length of a hello")
            self._need = length
        else:
            self._need = min(6, length) if kind == CERTIFICATE else 0

    def _certificate_wants(self, body: bytes) -> bool:
        """Is the leaf still to come? The body: length of the list, length of the first, the first, ..."""
        if len(body) < 6:
            return False  # an empty list: no certificate
        wanted = int.from_bytes(body[3:6], "big")
        if int.from_bytes(body[:3], "big") != len(body) + self._left - 3 or wanted > len(body) - 6 + self._left:
            raise DecodeError("length of a certificate")
        if wanted > BUFFER:
            raise DecodeError("certificate over the budget")
        self._need = 6 + wanted
        return len(body) < self._need

    def _next(self) -> None:
        self._kind, self._left, self._need = -1, 0, 4
        self._buffer.clear()


class Phase(Enum):
    """Where a side of a flow is."""

    CLEAR = 0  # records, handshake in the clear
    SCAN = 1  # somewhere inside a record
    PAST = 2  # sealed: nobody needs the rest


class Way:
    """How far one side has been read."""

    __slots__ = ("assembler", "changed", "deaf", "first", "kind", "left", "lossy", "phase", "sealed")

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.left = 0  # of the record that is being read
        self.kind = 0  # its type
        self.assembler = Assembler()
        self.deaf = False  # its handshake bytes have a hole
        self.lossy = False  # bytes of the handshake are missing: what was not seen may have been sent
        self.sealed = 0  # records that nobody but the peer can read, ChangeCipherSpec among them
        self.first = True  # no record was read yet
        self.changed = False  # ChangeCipherSpec passed


@lru_cache(maxsize=4)  # what proved that this is TLS is read again when its turn comes
def client_hello(body: bytes) -> ClientHello:
    """Read a ClientHello (without its 4-byte header)."""
    cursor = Cursor(body)
    try:
        version = cursor.u16()
        cursor.skip(32)
        session_id = cursor.pull(cursor.u8())
        suites = cursor.pull(cursor.u16())
        compressions = cursor.pull(cursor.u8())
        extensions = _extensions(cursor)
    except NeedMoreData:
        raise DecodeError("lengths in a ClientHello") from None
    if not 0x0300 <= version <= 0x0304 or len(session_id) > 32 or not suites or len(suites) % 2 or not compressions:
        raise DecodeError("not a ClientHello")
    offered = tuple(v for v in _pairs(extensions.get(_SUPPORTED_VERSIONS, b"")[1:]) if v & 0x0F0F != 0x0A0A)
    return ClientHello(offered or (version,), session_id, tuple(s for s in _pairs(suites) if s & 0x0F0F != 0x0A0A),
                       _server_name(extensions.get(_SNI)), protocols(extensions.get(_ALPN)), _PSK in extensions,
                       _EARLY_DATA in extensions)


@lru_cache(maxsize=4)
def server_hello(body: bytes) -> ServerHello:
    """Read a ServerHello or HelloRetryRequest (without its 4-byte header)."""
    cursor = Cursor(body)
    try:
        version = cursor.u16()
        random = cursor.pull(32)
        draft = version >> 8 == 0x7F  # drafts 18 to 21 of TLS 1.3: neither session id nor compression
        session_id = b"" if draft else cursor.pull(cursor.u8())
        suite = cursor.u16()
        compression = 0 if draft else cursor.u8()
        extensions = _extensions(cursor)
    except NeedMoreData:
        raise DecodeError("lengths in a ServerHello") from None
    if not (0x0300 <= version <= 0x0304 or draft) or len(session_id) > 32 or compression not in (0, 1, 64):
        raise DecodeError("not a ServerHello")
    chosen = extensions.get(_SUPPORTED_VERSIONS, b"")
    if len(chosen) == 2:
        version = int.from_bytes(chosen, "big")
    alpn = protocols(extensions.get(_ALPN))
    return ServerHello(version, session_id, suite, alpn[0] if alpn else None, _PSK in extensions, random == _RETRY)


def ssl2_hello(cursor: Cursor) -> ClientHello | ServerHello:
    """Read an SSL 2.0 hello with its 2-byte record header; older clients opened SSL 3.0 and TLS 1.0 with one too."""
    length = cursor.u16() & 0x7FFF
    kind = cursor.u8()
    if length < 25:
        raise DecodeError("length of a hello")
    if kind == 1:
        version = cursor.u16()
        sizes = cursor.u16(), cursor.u16(), cursor.u16()
        if (version != 2 and not 0x0300 <= version <= 0x0303) or not sizes[0] or sizes[0] % 3 or (
                sizes[1] not in (0, 16) or not 16 <= sizes[2] <= 32 or length != 9 + sum(sizes)):
            raise DecodeError("not an SSL 2.0 ClientHello")
        specs, session_id = cursor.pull(sizes[0]), cursor.pull(sizes[1])
        cursor.skip(sizes[2])
        # a suite of SSL 3.0 and later has a leading zero byte
        suites = tuple(specs[i + 1] << 8 | specs[i + 2] for i in range(0, len(specs), 3) if not specs[i])
        return ClientHello((version,), session_id, suites)
    if kind != 4:
        raise DecodeError("not an SSL 2.0 hello")
    hit, _, version = cursor.u8(), cursor.u8(), cursor.u16()
    sizes = cursor.u16(), cursor.u16(), cursor.u16()
    if hit > 1 or version != 2 or sizes[1] % 3 or sizes[2] != 16 or length != 11 + sum(sizes):
        raise DecodeError("not an SSL 2.0 ServerHello")
    certificate = cursor.pull(sizes[0])
    cursor.skip(sizes[1] + sizes[2])
    return ServerHello(version, b"", None, session_hit=hit == 1, certificate=certificate)


def _extensions(cursor: Cursor) -> dict[int, bytes]:
    """The extensions at the end of a hello, if any, each body once; nothing may follow."""
    if not len(cursor):
        return {}
    inner = Cursor(cursor.pull(cursor.u16()))
    if len(cursor):
        raise DecodeError("bytes after a hello")
    found: dict[int, bytes] = {}
    while len(inner):
        kind = inner.u16()
        found.setdefault(kind, inner.pull(inner.u16()))
    return found


def _pairs(data: bytes) -> tuple[int, ...]:
    return tuple(data[i] << 8 | data[i + 1] for i in range(0, len(data) - 1, 2))


def _server_name(extension: bytes | None) -> bytes | None:
    """The host name: list length, type 0, length, name. None where it does not add up: the hello still stands."""
    if extension is None or len(extension) < 5 or extension[2]:
        return None
    length = extension[3] << 8 | extension[4]
    return extension[5:5 + length] if 0 < length <= len(extension) - 5 else None


def protocols(extension: bytes | None) -> tuple[bytes, ...]:
    """The names in the body of an ALPN extension."""
    names: list[bytes] = []
    at = 2
    while extension is not None and at < len(extension):
        name = extension[at + 1:at + 1 + extension[at]]
        at += 1 + extension[at]
        if name and not (len(name) == 2 and name[0] & 0x0F == 0x0A and name[0] == name[1]):  # GREASE, RFC 8701
            names.append(name)
    return tuple(names)
