"""What other protocols than Consul's look like: who says how many bytes of what, as (side, bytes) in order."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

from .seeds import seeded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    Speech = Iterator[tuple[int, bytes]]

POOL_BYTES = 1 << 20
_WORDS = ("api", "cdn", "mail", "img", "static", "www", "login", "news", "shop", "video", "edge", "db", "cache", "auth")
_ZONES = ("example.com", "example.org", "example.net", "internal", "corp.example", "cloud.example")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/8.5.0", "Go-http-client/1.1")


@cache
def pool() -> bytes:
    """Bytes as ciphertext has them."""
    return seeded("pool").randbytes(POOL_BYTES)


def opaque(rng: Random, count: int) -> bytes:
    """*count* bytes that mean nothing."""
    at = int(rng.random() * (POOL_BYTES - count))
    return pool()[at:at + count]


def name(rng: Random) -> str:
    """A host name."""
    return f"{rng.choice(_WORDS)}{int(rng.random() * 900)}.{rng.choice(_ZONES)}"


def dns(rng: Random) -> Speech:
    """A question and its answer (RFC 1035)."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name(rng).split(".")) + b"\0"
    kind = rng.choice((1, 28))
    identity = rng.randbytes(2)
    question = labels + struct.pack(">HH", kind, 1)
    yield 0, identity + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + question
    data = 4 if kind == 1 else 16
    answers = 1 + int(rng.random() * 4)
    records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300, data) + opaque(rng, data) for _ in range(answers))
    yield 1, identity + struct.pack(">HHHHH", 0x8180, 1, answers, 0, 0) + question + records


def _vector(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def _extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">H", kind) + _vector(data, 2)


def _hello(rng: Random, *, newest: bool) -> bytes:
    suites = bytes.fromhex("130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035")
    extensions = [_extension(0, _vector(b"\0" + _vector(name(rng).encode(), 2), 2)),
                  _extension(10, _vector(bytes.fromhex("001d00170018"), 2)), _extension(11, b"\x01\0"),
                  _extension(13, _vector(bytes.fromhex("040308040401050308050501080606010201"), 2)),
                  _extension(16, _vector(b"\x02h2\x08http/1.1", 2)), _extension(23, b""), _extension(35, b"")]
    if newest:
        extensions += [_extension(43, b"\x04\x03\x04\x03\x03"), _extension(45, b"\x01\x01"),
                       _extension(51, _vector(b"\0\x1d" + _vector(opaque(rng, 32), 2), 2))]
    rng.shuffle(extensions)
    body = (b"\x03\x03" + opaque(rng, 32) + _vector(opaque(rng, 32), 1) + _vector(suites, 2) + b"\x01\0"
            + _vector(b"".join(extensions), 2))
    return _record(22, b"\x01" + _vector(body, 3), b"\x03\x01")


def _record(kind: int, data: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes((kind,)) + version + _vector(data, 2)


def _server_hello(rng: Random, *, newest: bool) -> bytes:
    suite = b"\x13\x01" if newest else b"\xc0\x2f"
    extensions = _extension(43, b"\x03\x04") + _extension(51, b"\0\x1d" + _vector(opaque(rng, 32), 2)) if newest \
        else _extension(65281, b"\0") + _extension(16, _vector(b"\x02h2", 2))
    return b"\x02" + _vector(b"\x03\x03" + opaque(rng, 32) + _vector(opaque(rng, 32), 1) + suite + b"\0"
                             + _vector(extensions, 2), 3)


@cache
def certificate(number: int) -> bytes:
    """A self-signed certificate: Ed25519, whose signatures have no chance in them."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    rng = seeded(f"certificate {number}")
    key = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
    host = name(rng)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    made = (x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
            .serial_number(1000 + number).not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=800))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False).sign(key, None))
    return made.public_bytes(Encoding.DER)


def tls(rng: Random) -> Speech:
    """A handshake, two thirds of them TLS 1.3, and records: short requests, answers of up to 100 kB."""
    newest = rng.random() < 0.67
    yield 0, _hello(rng, newest=newest)
    flight = _record(22, _server_hello(rng, newest=newest))
    if newest:
        yield 1, flight + _record(20, b"\x01") + _record(23, opaque(rng, 2_400 + int(rng.random() * 2_000)))
        yield 0, _record(20, b"\x01") + _record(23, opaque(rng, 53))
    else:
        leaf = certificate(int(rng.random() * 20))
        flight += _record(22, b"\x0b" + _vector(_vector(_vector(leaf, 3), 3), 3))
        flight += _record(22, b"\x0c" + _vector(b"\x03\0\x1d" + _vector(opaque(rng, 32), 1) + b"\x08\x07"
                                                + _vector(opaque(rng, 64), 2), 3))
        yield 1, flight + _record(22, b"\x0e\0\0\0")
        yield 0, _record(22, b"\x10" + _vector(_vector(opaque(rng, 32), 1), 3)) + _record(20, b"\x01") \
            + _record(22, opaque(rng, 40))
        yield 1, _record(20, b"\x01") + _record(22, opaque(rng, 40))
    for _ in range(1 + int(rng.expovariate(0.06))):
        yield 0, _record(23, opaque(rng, 40 + int(rng.random() * 400)))
        left = int(rng.paretovariate(0.9) * 165)
        left = min(left, 30_000)
        while left > 0:
            yield 1, _record(23, opaque(rng, min(left, 4_096)))
            left -= 4_096
    yield 0, _record(23, opaque(rng, 19))


def http(rng: Random) -> Speech:
    """Requests and answers over one connection."""
    host, agent = name(rng), rng.choice(_AGENTS)
    for _ in range(1 + int(rng.expovariate(0.25))):
        path = "/".join(rng.choice(_WORDS) for _ in range(1 + int(rng.random() * 4)))
        yield 0, (f"GET /{path}?id={int(rng.random() * 1e6)} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n"
                  "Accept: */*\r\nAccept-Encoding: gzip, br\r\nConnection: keep-alive\r\n\r\n").encode()
        length = min(int(rng.paretovariate(1.0) * 400), 40_000)
        status = rng.choice((200, 200, 200, 304, 404))
        head = (f"HTTP/1.1 {status} OK\r\nServer: nginx\r\nContent-Type: image/jpeg\r\n"
                f"Content-Length: {length}\r\nCache-Control: max-age=60\r\n\r\n").encode()
        yield 1, head if status == 304 else head + opaque(rng, length)  # RFC 9110, 15.4.5: a 304 has no body


def ssh(rng: Random) -> Speech:
    """Banners, key exchange, then packets (RFC 4253)."""
    lists = (b"curve25519-sha256,ecdh-sha2-nistp256", b"ssh-ed25519,rsa-sha2-512",
             *[b"chacha20-poly1305@openssh.com,aes128-ctr"] * 2, *[b"hmac-sha2-256,hmac-sha2-512"] * 2, *[b"none"] * 2, b"", b"")
    for side, banner in ((0, b"SSH-2.0-OpenSSH_9.6\r\n"), (1, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")):
        yield side, banner
    for side in (0, 1):
        body = b"\x14" + opaque(rng, 16) + b"".join(_vector(one, 4) for one in lists) + b"\0\0\0\0\0"
        padding = 8 - (len(body) + 5) % 8 + 8
        yield side, struct.pack(">IB", len(body) + padding + 1, padding) + body + bytes(padding)
    for _ in range(20 + int(rng.expovariate(0.01))):
        yield int(rng.random() * 2), opaque(rng, 36 + 8 * int(rng.random() * 20))


def quic(rng: Random) -> Speech:
    """Long headers of version 1 (RFC 9000), then short ones."""
    ours, theirs = opaque(rng, 8), opaque(rng, 8)
    yield 0, b"\xc3\0\0\0\x01\x08" + theirs + b"\x08" + ours + b"\0\x44\xd0" + opaque(rng, 1_232)
    yield 1, b"\xc1\0\0\0\x01\x08" + ours + b"\x08" + theirs + b"\0\x44\xd0" + opaque(rng, 1_232)
    yield 1, b"\xe4\0\0\0\x01\x08" + ours + b"\x08" + theirs + b"\x43\x20" + opaque(rng, 800)
    yield 0, b"\xe2\0\0\0\x01\x08" + theirs + b"\x08" + ours + b"\x40\x50" + opaque(rng, 80)
    for _ in range(4 + int(rng.expovariate(0.02))):
        side = int(rng.random() < 0.6)
        size = 1_200 if side and rng.random() < 0.45 else 25 + int(rng.random() * 70)
        yield side, bytes((0x40 | int(rng.random() * 32),)) + (ours if side else theirs) + opaque(rng, size)


def rtp(rng: Random) -> Speech:
    """A call (RFC 3550): 160 bytes every 20 ms each way."""
    source = rng.getrandbits(32)
    for number in range(50 + int(rng.expovariate(0.01))):
        yield number & 1, struct.pack(">BBHII", 0x80, 0, number, number * 160, source + (number & 1) & 0xFFFFFFFF) + opaque(rng, 160)


def small(rng: Random) -> Speech:
    """NTP, syslog, and datagrams of who knows what."""
    draw = rng.random()
    if draw < 0.4:
        yield 0, b"\x23\x02\x06\xe9" + opaque(rng, 44)
        yield 1, b"\x24\x01\x06\xec" + opaque(rng, 44)
    elif draw < 0.7:
        yield 0, f"<{int(rng.random() * 190)}>Oct  9 12:00:00 {name(rng)} app[{int(rng.random() * 9e3)}]: done".encode()
    else:
        for _ in range(1 + int(rng.random() * 6)):
            yield int(rng.random() * 2), opaque(rng, 10 + int(rng.random() * 300))
