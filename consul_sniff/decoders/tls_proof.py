"""Whether a flow is TLS: what the first bytes of its sides show, mid-stream too."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import DecodeError, NeedMoreData
from . import tls_handshake as hs
from . import tls_records as rec
from .base import Cursor

if TYPE_CHECKING:
    from .base import Opening


class Proof(Enum):
    """What one side's first bytes show."""

    NEVER = 0  # the stream begins otherwise
    NOTHING = 1  # no record begins there, but one may begin later
    SHORT = 2  # nothing or too little is there
    HINT = 3  # one record
    CLIENT = 4  # a whole ClientHello
    SERVER = 5  # a whole ServerHello
    SEALED = 6  # records in a row


def proofs_of(opening: Opening) -> list[Proof]:
    """What each side shows."""
    return [_proof(data, began=began) for data, began in zip(opening.sides, opening.began, strict=True)]


@lru_cache(maxsize=4)  # begin() asks again what claims() was just asked
def _proof(data: bytes, *, began: bool) -> Proof:
    """Judge a side by its first bytes."""
    if data and data[0] & 0x80:
        return _ssl2_proof(data, began=began)
    bad = Proof.NEVER if began else Proof.NOTHING
    if len(data) < rec.HEADER:
        return Proof.SHORT if rec.may_begin(data) else bad
    if may_be_clear(data, lossy=False):
        hello = _hello_proof(data)
        return bad if hello is Proof.NEVER else hello
    if began:  # an established connection's records are no beginning, but a server may refuse at once
        return Proof.HINT if data[0] == rec.ALERT and rec.sealed_length(data, 0) == 2 else Proof.NEVER
    count = rec.headers_in_a_row(data)
    if count:
        return Proof.SEALED if count >= 2 else Proof.HINT
    return Proof.SEALED if rec.find_records(data) >= 0 else Proof.NOTHING


def may_be_clear(data: bytes, *, lossy: bool) -> bool:
    """Say whether a handshake record in the clear begins here (5 bytes are there). After a hole any message will do."""
    length = rec.record_length(data) if data[0] == rec.HANDSHAKE else 0
    if not length:
        return False
    if len(data) < 9 or length < 4:  # too little to tell: a hello in tiny records does this too
        return data[rec.HEADER:rec.HEADER + 1] in (b"", b"\0", b"\1", b"\2") and not lossy
    kind, size = data[5], int.from_bytes(data[6:9], "big")
    if lossy:
        return kind in hs.KNOWN and (size <= length - 4 or (
            kind == hs.CERTIFICATE and data[9:12] == (size - 3).to_bytes(3, "big")))
    return (kind in (hs.CLIENT_HELLO, hs.SERVER_HELLO) and 34 < size <= hs.BUFFER) or (
        kind == hs.HELLO_REQUEST and not size)


def _hello_proof(data: bytes) -> Proof:
    """Put the first message together from the records at hand."""
    assembler = hs.Assembler()
    at = 0
    try:
        while at + rec.HEADER <= len(data):
            length = rec.record_length(data, at)
            if not length or data[at] != rec.HANDSHAKE:
                return Proof.NEVER
            at += rec.HEADER
            for kind, body in assembler.feed(data[at:at + length]):
                if kind == hs.CLIENT_HELLO:
                    hs.client_hello(body)
                    return Proof.CLIENT
                if kind == hs.SERVER_HELLO:
                    hs.server_hello(body)
                    return Proof.SERVER
            at += length
    except DecodeError:
        return Proof.NEVER
    return Proof.HINT


def _ssl2_proof(data: bytes, *, began: bool) -> Proof:
    try:
        hello = hs.ssl2_hello(Cursor(data))
    except NeedMoreData:
        # two bytes of length, the type, the version: until then nothing is told
        return Proof.SHORT if data[2:3] in (b"", b"\1", b"\4") and began else Proof.NOTHING
    except DecodeError:
        return Proof.NEVER if began else Proof.NOTHING
    return Proof.CLIENT if isinstance(hello, hs.ClientHello) else Proof.SERVER
