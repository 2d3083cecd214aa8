"""Secrets become fingerprints: never the text, and a key's is its certificate's."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import secrets

TOKEN = "7e3c1b52-0c5e-4d43-9a38-1f3a51cbb6a1"


def _fp(raw: bytes) -> str:
    return "sha256:" + sha256(raw).hexdigest()[:8]


EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: PrivateFormat) -> bytes:
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


def _public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return _fp(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_a_token_is_its_fingerprint_and_length() -> None:
    secret = secrets.token("acl-token", TOKEN, "RPC body", "")
    assert secret == ("acl-token", _fp(TOKEN.encode()), "RPC body", "", 36)
    assert secrets.token("acl-token", TOKEN.encode(), "RPC body") == secret


def test_a_gossip_key_is_fingerprinted_raw_and_a_value_not_at_all() -> None:
    assert secrets.gossip_key(b"k" * 32, "memberlist").fingerprint == _fp(b"k" * 32)
    assert secrets.kv_value("db/password", 7, "RPC body") == ("kv-value", None, "RPC body", "db/password", 7)


@pytest.mark.parametrize("key", [EC, RSA], ids=["ec", "rsa"])
@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_a_private_key_is_named_by_its_public_key(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: PrivateFormat,
) -> None:
    pem = _pem(key, form)
    der = key.private_bytes(Encoding.DER, form, NoEncryption())
    in_json = pem.replace(b"\n", b"\\n").replace(b"/", b"\\/")
    for text in (pem, der, in_json, pem.decode()):
        assert secrets.private_key(text, "x", "").fingerprint == _public(key)


def test_a_cut_key_has_no_fingerprint() -> None:
    pem = _pem(EC, PrivateFormat.PKCS8)
    for text in (pem[:90], pem[:60] + pem[100:], b"", b"\x30\x82"):
        assert secrets.private_key(text, "x").fingerprint is None


def test_token_shape() -> None:
    assert secrets.is_uuid(TOKEN)
    assert secrets.is_uuid(TOKEN.upper().encode())
    assert not secrets.is_uuid(TOKEN + "1")
    assert not secrets.is_uuid(TOKEN.replace("-", "_"))
    assert not secrets.is_uuid(TOKEN + "\n")
    assert secrets.is_anonymous("anonymous")
    assert not secrets.is_anonymous(TOKEN)


PEM1 = _pem(EC, PrivateFormat.TraditionalOpenSSL)
PEM2 = _pem(EC, PrivateFormat.PKCS8)
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
STREAM = b"\xda\x00-----" + CERTIFICATE + PEM1 + b"-----BEGIN " + CERTIFICATE + PEM2 + b"--"


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_keys_are_found_over_any_borders(cuts: list[int]) -> None:
    scanner = secrets.PemScanner()
    found = []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, stop in pairwise(edges):
        found += scanner.feed(STREAM[start:stop])
    assert found == [PEM1.rstrip(), PEM2.rstrip()]
    assert scanner.close() == []


def test_a_key_that_is_cut_comes_at_close_or_at_the_next() -> None:
    scanner = secrets.PemScanner()
    assert scanner.feed(PEM1[:80]) == []
    assert scanner.waiting
    assert scanner.feed(PEM2) == [PEM1[:80], PEM2.rstrip()]
    assert scanner.feed(PEM1[:70]) == []
    assert scanner.close() == [PEM1[:70]]
    assert scanner.close() == []


def test_a_key_without_end_is_bounded() -> None:
    scanner = secrets.PemScanner()
    found = []
    for _ in range(100):
        found += scanner.feed(b"-----BEGIN PRIVATE KEY-----" + b"A" * 20_000)
    assert len(found) == 100
    assert max(map(len, found)) == secrets.PRIVATE_KEY_BYTES


@given(st.binary(max_size=300))
def test_no_bytes_break_the_helpers(raw: bytes) -> None:
    secrets.private_key(raw, "x")
    secrets.private_key(b"-----BEGIN PRIVATE KEY-----" + raw + b"-----END PRIVATE KEY-----", "x")
    scanner = secrets.PemScanner()
    scanner.feed(raw)
    assert len(scanner.close()) <= 1
