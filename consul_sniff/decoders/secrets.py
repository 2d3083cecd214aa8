"""Secrets to fingerprints, at the place where they are parsed: nothing behind a decoder ever holds a secret.

A fingerprint is ``sha256:`` and the first 8 hex digits of the SHA-256 of: a token's text as sent; a gossip key's raw
bytes; the DER SubjectPublicKeyInfo of a private key's public key, so that it names the same key as its certificate
does. A KV value has none: a short value could be guessed from it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from ..limits import TEXT
from ..model import Secret

PRIVATE_KEY_BYTES: Final = 16_384  # of PEM text: an RSA key of 16384 bits has 12,500
PEM_LINE: Final = 80  # "-----END ENCRYPTED PRIVATE KEY-----" with room for its escapes

_UUID: Final = re.compile(rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z")
_BEGIN: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY-----")
_END: Final = re.compile(rb"-----END (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY-----")
_MARK: Final = b"-----BEGIN "

#: accessor of the anonymous token, and its secret, as Consul puts them on the wire: not secrets
ANONYMOUS: Final = frozenset({b"anonymous", b"00000000-0000-0000-0000-000000000002"})


def fingerprint(raw: bytes) -> str:
    return "sha256:" + sha256(raw).hexdigest()[:8]


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)


def is_uuid(text: str | bytes) -> bool:
    """Whether this is shaped as a token that Consul made. Operators may set any text as a token."""
    return _UUID.match(_bytes(text)) is not None


def is_anonymous(text: str | bytes) -> bool:
    """Is this the anonymous token? Consul sends it where nobody gave one."""
    return _bytes(text) in ANONYMOUS


def token(kind: str, text: str | bytes, where: str, path: str = "") -> Secret:
    """A token: ``kind`` is acl-token, vault-token or secret-id, ``text`` the token as sent."""
    raw = _bytes(text)
    return Secret(kind, fingerprint(raw), where, path[:TEXT], len(raw))


def gossip_key(raw: bytes, where: str) -> Secret:
    """A gossip key: 16, 24 or 32 raw bytes (a base64 key is decoded before)."""
    return Secret("gossip-key", fingerprint(raw), where, "", len(raw))


def kv_value(path: str, length: int, where: str) -> Secret:
    """A KV entry in the clear: its ``path`` (printable already) and the ``length`` of its value."""
    return Secret("kv-value", None, where, path[:TEXT], length)


def private_key(pem: bytes | str, where: str, path: str = "") -> Secret:
    """A private key in PEM or DER (SEC 1, PKCS #1, PKCS #8). Fingerprint None: it is cut, encrypted or unreadable."""
    raw = _bytes(pem)
    return Secret("private-key", _public_fingerprint(raw[:PRIVATE_KEY_BYTES]), where, path[:TEXT], len(raw))


def _public_fingerprint(raw: bytes) -> str | None:
    from binascii import Error, a2b_base64

    begin = _BEGIN.search(raw)
    der = raw
    if begin is not None:
        end = _END.search(raw, begin.end())
        if end is None:
            return None
        body = raw[begin.end():end.start()].replace(b"\\r", b"").replace(b"\\n", b"").replace(b"\\/", b"/")
        body = body.replace(b"\\u002b", b"+")
        if b":" in body:  # "Proc-Type: 4,ENCRYPTED"
            return None
        try:
            der = a2b_base64(body)
        except Error:
            return None
    return _der_fingerprint(der)


def _der_fingerprint(der: bytes) -> str | None:
    from cryptography.hazmat.primitives.serialization import (  # (45 ms, and few captures hold a key)
        Encoding,
        PublicFormat,
        load_der_private_key,
    )

    try:
        key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # noqa: BLE001  hostile bytes: cryptography raises many classes, all mean "not readable"
        return None
    return fingerprint(public)


class PemScanner:
    """Finds PEM private keys in a stream of windows; linear, and holds at most one key's text.

    ``feed`` gives the keys that became whole (or were cut by the next one, or grew too long); ``close`` the one that
    was cut. Other PEM blocks pass by.
    """

    __slots__ = ("_held", "_inside", "_seen")

    def __init__(self) -> None:
        self._held = bytearray()
        self._inside = False  # _held begins with a BEGIN line
        self._seen = 0  # no END line begins before this place of _held

    @property
    def waiting(self) -> bool:
        """A key has begun and not yet ended."""
        return self._inside

    def feed(self, window: bytes | bytearray | memoryview) -> list[bytes]:
        held = self._held
        held += window
        keys: list[bytes] = []
        while True:
            if not self._inside:
                begin = _BEGIN.search(held)
                if begin is None:
                    self._forget()
                    return keys
                del held[:begin.start()]
                self._inside, self._seen = True, len(_MARK)
            end = _END.search(held, self._seen)
            again = _BEGIN.search(held, self._seen, end.start() if end else len(held))
            if again is not None:  # a key holds no other's beginning: the first was cut
                keys.append(self._take(again.start()))
            elif end is not None:
                keys.append(self._take(end.end()))
            elif len(held) > PRIVATE_KEY_BYTES:
                keys.append(self._take(PRIVATE_KEY_BYTES))
            else:
                self._seen = max(len(_MARK), len(held) - PEM_LINE)
                return keys

    def _take(self, count: int) -> bytes:
        key = bytes(self._held[:min(count, PRIVATE_KEY_BYTES)])
        del self._held[:count]
        self._inside = False
        return key

    def _forget(self) -> None:
        """Keep only the end that a BEGIN line may have begun in."""
        dash = self._held.find(b"-", max(0, len(self._held) - PEM_LINE))
        if dash < 0:
            self._held.clear()
        else:
            del self._held[:dash]

    def close(self) -> list[bytes]:
        """The flow or record ended, or bytes are missing here: what was waiting is a cut key."""
        cut = [bytes(self._held)] if self._inside else []
        self._held.clear()
        self._inside = False
        return cut
