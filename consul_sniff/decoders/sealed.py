"""Sealed gossip: what an encrypted message looks like, and how a keyring opens it.

Source: memberlist security.go. ``version (0 or 1), nonce (12), ciphertext, tag (16)``, AES-GCM; version 0 pads the
plaintext to 16 bytes by PKCS #7. What is authenticated besides: of a datagram its label; of a stream the type byte and
the length before, then the label.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from ..errors import DecodeError
from ..limits import GCM_KEYS
from ..model import Message, Protection
from ..text import printable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from ..facts import Fields
    from ..keyring import Keyring

NONCE: Final = 12
TAG: Final = 16
OVERHEAD: Final = 1 + NONCE + TAG
BLOCK: Final = 16
HEAD: Final = 1 + NONCE  # what must be there to call bytes sealed

_STUN: Final = b"\x21\x12\xa4\x42"  # RFC 5389's magic cookie, at byte 4
_WIREGUARD: Final = b"\x01\x00\x00\x00"  # a handshake initiation
_SAMPLE: Final = 28  # bytes after the version that are looked at
_ZEROS: Final = 4  # so many zeros in 28 random bytes: once in 200,000
_SAME: Final = 5  # so many of any one value: once in 40,000


def fits(version: int, length: int) -> bool:
    """Can a sealed message of this version be so long? *length* counts from the version byte on."""
    if version == 1:
        return length > OVERHEAD
    return version == 0 and length > OVERHEAD and (length - OVERHEAD) % BLOCK == 0


def looks_sealed(data: bytes, at: int, length: int) -> bool:
    """Is this shaped as a sealed message of *length* bytes? It begins at *at*; its end may not have been captured.

    The shape is weak: two values of one byte, then what should be random. DNS, DHCP, TFTP, STUN, WireGuard and RADIUS
    begin with these values too and show themselves by what a nonce does not look like.
    """
    if len(data) - at < HEAD or not fits(data[at], length):
        return False
    sample = data[at + 1:at + 1 + _SAMPLE]
    values = set(sample)
    # where nearly all differ none can be there so often
    if sample.count(0) >= _ZEROS or sample.isascii() or (
            len(values) <= len(sample) - _SAME + 1 and max(map(sample.count, values)) >= _SAME):
        return False
    if data.startswith(_WIREGUARD, at) or data.startswith(_STUN, at + 4):
        return False
    return int.from_bytes(data[at + 2:at + 4], "big") != length  # RADIUS writes its length there


def unseal(keyring: Keyring, data: bytes, at: int, extra: bytes) -> tuple[bytes, str] | None:
    """(plaintext, the key's fingerprint), or None where no key opens it. *extra*: what is authenticated besides.

    At most ``limits.GCM_KEYS`` keys are tried, the ones that opened something last first.
    """
    from cryptography.exceptions import InvalidTag

    nonce, box = data[at + 1:at + HEAD], data[at + HEAD:]
    recent = keyring.recent
    for place in range(min(len(recent), GCM_KEYS)):
        number = recent[place]
        try:
            plain = _cipher(keyring, number).decrypt(nonce, box, extra)
        except (InvalidTag, ValueError):
            continue
        if place:
            recent.insert(0, recent.pop(place))
        return (_unpadded(plain) if data[at] == 0 else plain), keyring.fingerprints[number]
    return None


def _cipher(keyring: Keyring, number: int) -> AESGCM:
    cipher = keyring.ciphers.get(number)
    if cipher is None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = keyring.ciphers[number] = AESGCM(keyring.keys[number])
    return cast("AESGCM", cipher)


def _unpadded(plain: bytes) -> bytes:
    padding = plain[-1] if plain else 0
    if not 0 < padding <= min(BLOCK, len(plain)):
        raise DecodeError("padding of a sealed message")
    return plain[:-padding]


def sealed(version: int, length: int, label: bytes, key: str | None, confidence: str) -> Message:
    """The message that says: sealed gossip. *confidence*: high (a key opened it), medium (by shape), low (and cut)."""
    detail: dict[str, object] = {"bytes": length}
    if label:
        detail["label"] = printable(label)
    summary = f"encrypted gossip (version {version}, {length} bytes)" + (f", opened with key {key}" if key else "")
    return Message("memberlist", "sealed", Protection.ENCRYPTED, summary, _fields(confidence, key, version), detail)


@lru_cache(maxsize=256)  # one object for all flows that wait for their end
def _fields(confidence: str, key: str | None, version: int) -> Fields:
    return (("confidence", confidence), ("key", key), ("version", version))
