from __future__ import annotations

import os
import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consul_sniff.decoders.sealed import fits, looks_sealed, sealed, unseal
from consul_sniff.errors import DecodeError
from consul_sniff.keyring import Keyring
from consul_sniff.limits import GCM_KEYS
from consul_sniff.model import Protection

KEYS = [bytes((number,)) * size for number, size in ((1, 16), (2, 24), (3, 32))]


def seal(key: bytes, plain: bytes, extra: bytes = b"", version: int = 1, nonce: bytes | None = None) -> bytes:
    """As memberlist's encryptPayload (security.go)."""
    nonce = os.urandom(12) if nonce is None else nonce
    if version == 0:
        more = 16 - len(plain) % 16
        plain += bytes((more,)) * more
    return bytes((version,)) + nonce + AESGCM(key).encrypt(nonce, plain, extra)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 400])
def test_opens_both_versions_with_any_key(key: bytes, version: int, size: int) -> None:
    keyring = Keyring(KEYS)
    plain = bytes(range(size % 256)) + bytes(size - size % 256)
    data = b"??" + seal(key, plain, b"label", version)
    assert fits(version, len(data) - 2)
    opened = unseal(keyring, data, 2, b"label")
    assert opened == (plain, keyring.fingerprints[KEYS.index(key)])
    assert unseal(keyring, data, 2, b"other") is None
    assert unseal(keyring, data[:-1] + bytes((data[-1] ^ 1,)), 2, b"label") is None


def test_the_key_that_opened_comes_first_and_only_so_many_are_tried() -> None:
    keys = [bytes((number,)) * 16 for number in range(GCM_KEYS + 2)]
    keyring = Keyring(keys)
    assert unseal(keyring, seal(keys[GCM_KEYS], b"x"), 0, b"") is None
    assert unseal(keyring, seal(keys[GCM_KEYS - 1], b"x"), 0, b"") is not None
    assert keyring.recent[:2] == [GCM_KEYS - 1, 0]
    assert sorted(keyring.recent) == list(range(GCM_KEYS + 2))


@pytest.mark.parametrize("padding", [0, 17, 255])
def test_refuses_wrong_padding(padding: int) -> None:
    nonce = bytes(range(12))
    data = b"\x00" + nonce + AESGCM(KEYS[0]).encrypt(nonce, bytes(15) + bytes((padding,)), b"")
    with pytest.raises(DecodeError, match="padding"):
        unseal(Keyring(KEYS), data, 0, b"")


@pytest.mark.parametrize(("version", "length", "does"), [
    (1, 29, False), (1, 30, True), (0, 29, False), (0, 45, True), (0, 46, False), (0, 61, True), (2, 45, False),
])
def test_lengths_that_fit(version: int, length: int, does: bool) -> None:  # noqa: FBT001
    assert fits(version, length) is does


def test_random_bytes_look_sealed_nearly_always() -> None:
    dice = random.Random(7)
    missed = sum(not looks_sealed(b"\x01" + dice.randbytes(60), 0, 61) for _ in range(20_000))
    assert missed <= 5


@pytest.mark.parametrize(
    "data",
    [
        # DNS queries with an id that begins with 0 or 1; TFTP; DHCP; STUN; WireGuard; RADIUS
        "01a40100000100000000000003777777076578616d706c6503636f6d0000010001",
        "003a818000010001000000000377777706676f6f676c6503636f6d0000010001c00c00010001000000a10004d83ad3c4",
        "00014572726f722e6c6f672e32303236006f637465740074696d656f757400350074",
        "010106004a1c9be30000000000000000000000000000000000000000b827ebd1c5a3" + "00" * 202,
        "010000142112a442b7e7a701bc34d686fa87dfae8024000400000001002500008028000433fd4c1b",
        "01000000a58bd2f9c34a19f06d7c13e88ad4ffb36c59a7d8a9c2be01f4d3c5bba79881f0e2" + "a7" * 20,
        "01e60044bed1d2a6b8c27ff5301bd8e4a6b3cd190106776f726c640212cc9ba3d8a7f4e6b2c1d0a9f8e7d6c5b4040600000000" + "a7" * 17,
    ],
)
def test_what_else_begins_with_0_or_1_does_not_look_sealed(data: str) -> None:
    raw = bytes.fromhex(data)
    lengths = (0x44,) if data.startswith("01e6") else (len(raw), len(raw) + 16 - (len(raw) - 29) % 16)
    for length in lengths:
        assert not looks_sealed(raw, 0, length)


def test_too_few_bytes_never_look_sealed() -> None:
    data = b"\x01" + random.Random(3).randbytes(40)
    assert looks_sealed(data[:13], 0, 41)
    assert not looks_sealed(data[:12], 0, 41)
    assert not looks_sealed(data, 0, 29)


def test_tells_version_and_key() -> None:
    message = sealed(1, 76, b"dc\x1b", "sha256:00112233", "high")
    assert message.protection is Protection.ENCRYPTED
    assert message.fields == (("confidence", "high"), ("key", "sha256:00112233"), ("version", 1))
    assert message.detail == {"bytes": 76, "label": "dc\\u{1b}"}
    assert not message.decrypted
