"""Real handshakes for the tests: OpenSSL talks to itself in memory, each flight is kept as it was sent."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import ssl
import tempfile
import warnings
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from consul_sniff.decoders.base import Cursor
from consul_sniff.errors import NeedMoreData

SPIFFE = "spiffe://11111111-2222-3333-4444-555555555555.consul/ns/default/dc/dc1/svc/web"
NOT_BEFORE = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
NOT_AFTER = dt.datetime(2090, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@cache
def certificate() -> tuple[bytes, bytes]:
    """(DER, PEM with its key) of a Consul server that is also a mesh service."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server.dc1.consul")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(NOT_BEFORE).not_valid_after(NOT_AFTER)
        .add_extension(x509.SubjectAlternativeName([
            x509.DNSName("server.dc1.consul"), x509.DNSName("localhost"), x509.UniformResourceIdentifier(SPIFFE),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.DER), pem


def _contexts(version: ssl.TLSVersion, *, mutual: bool, ciphers: str | None, curve: str | None):
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.set_alpn_protocols(["h2", "http/1.1"])
    server.set_alpn_protocols(["h2"])
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder, "pem")
        path.write_bytes(certificate()[1])
        server.load_cert_chain(path)
        if mutual:
            client.load_cert_chain(path)
            server.verify_mode = ssl.CERT_REQUIRED
            server.load_verify_locations(path)
        for context in (server, client):
            context.maximum_version = context.minimum_version = version
            if ciphers:
                context.set_ciphers(ciphers)
    if curve:
        server.set_ecdh_curve(curve)
    return server, client


def _talk(server_context, client_context, session=None):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname="Server.dc1.consul", session=session)
    flights: list[tuple[int, bytes]] = []

    def step(peer, side, out, action):
        with contextlib.suppress(ssl.SSLWantReadError):
            action(peer)
        data = out.read()
        if data:
            flights.append((side, data))
        return data

    def exchange(client_does, server_does):
        data = step(client, 0, to_server, client_does)
        to_server.write(data)
        data = step(server, 1, to_client, server_does)
        to_client.write(data)

    for _ in range(3):
        exchange(lambda peer: peer.do_handshake(), lambda peer: peer.do_handshake())
    exchange(lambda peer: peer.write(b"a secret of some length"), lambda peer: peer.read())
    exchange(lambda peer: peer.write(b"x" * 3000), lambda peer: peer.write(b"y" * 40_000))
    step(client, 0, to_server, lambda peer: peer.read(60_000))
    return flights, client.session


@cache
def handshake(version: str = "1.3", *, mutual: bool = False, ciphers: str | None = None, curve: str | None = None,
              resumed: bool = False) -> list[tuple[int, bytes]]:
    """Flights of a connection: (side, bytes), 0 the client."""
    number = ssl.TLSVersion.TLSv1_3 if version == "1.3" else ssl.TLSVersion.TLSv1_2
    contexts = _contexts(number, mutual=mutual, ciphers=ciphers, curve=curve)
    flights, session = _talk(*contexts)
    if resumed:
        flights, _ = _talk(*contexts, session=session)
    return flights


def run(decoder, flights, size: int = 1 << 20):
    """Feed as the driver does, ``size`` bytes at a time: [(side, message)]."""
    waiting = [b"", b""]
    told = []
    for side, data in flights:
        for at in range(0, len(data), size):
            if not decoder.content(side):
                break
            waiting[side] += data[at:at + size]
            while waiting[side]:
                cursor = Cursor(waiting[side])
                try:
                    messages = decoder.read(side, cursor)
                except NeedMoreData:
                    break
                assert cursor.position > 0
                waiting[side] = waiting[side][cursor.position:]
                told += [(side, message) for message in messages]
    return told
