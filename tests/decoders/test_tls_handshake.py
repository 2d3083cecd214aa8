from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import tls_handshake as hs
from consul_sniff.decoders.base import Cursor
from consul_sniff.errors import DecodeError, NeedMoreData

from . import tls_lab

CLIENT = tls_lab.handshake()[0][1][9:]  # without the headers of record and message
SERVER = tls_lab.handshake()[1][1]
SERVER = SERVER[9:5 + int.from_bytes(SERVER[3:5], "big")]


def message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def certificates(*chain):
    entries = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    return message(11, len(entries).to_bytes(3, "big") + entries)


def begun():
    assembler = hs.Assembler()
    assembler.begun = True
    return assembler


def test_client_hello():
    hello = hs.client_hello(CLIENT)
    assert hello.versions == (0x0304,)
    assert hello.sni == b"Server.dc1.consul"
    assert hello.alpn == (b"h2", b"http/1.1")
    assert 0x1302 in hello.suites
    assert (hello.psk, hello.early_data) == (False, False)
    assert hs.client_hello(tls_lab.handshake(resumed=True)[0][1][9:]).psk


def test_server_hello():
    hello = hs.server_hello(SERVER)
    assert (hello.version, hello.suite, hello.psk, hello.retry) == (0x0304, 0x1302, False, False)


@pytest.mark.parametrize("parse", [hs.client_hello, hs.server_hello])
def test_hellos_must_fill_their_length(parse):
    body = CLIENT if parse is hs.client_hello else SERVER
    with pytest.raises(DecodeError):
        parse(body + b"\0")
    for end in range(len(body)):
        if end == len(body) - len(extension_block(body)):  # extensions are optional
            continue
        with pytest.raises(DecodeError):
            parse(body[:end])


def extension_block(body):
    """The rest of a hello from the length of its extensions on."""
    for at in range(len(body) - 2, 0, -1):
        if int.from_bytes(body[at:at + 2], "big") == len(body) - at - 2:
            found = body[at:]
    return found


def test_grease_is_no_offer():
    body = (b"\3\3" + bytes(32) + b"\0" + b"\0\4\x1a\x1a\x13\x01" + b"\1\0"
            + (9 + 10).to_bytes(2, "big") + b"\0\x2b\0\5\4\x2a\x2a\3\4" + b"\0\x10\0\6\0\4\3foo")
    hello = hs.client_hello(body)
    assert (hello.suites, hello.versions, hello.alpn) == ((0x1301,), (0x0304,), (b"foo",))


@pytest.mark.parametrize(("number", "name"), [
    (2, "SSL 2.0"), (0x300, "SSL 3.0"), (0x301, "TLS 1.0"), (0x302, "TLS 1.1"), (0x303, "TLS 1.2"), (0x304, "TLS 1.3"),
    (0x7F1C, "TLS 1.3"), (0x0505, "0x0505"),
])
def test_version_names(number, name):
    assert hs.version_name(number) == name


def test_a_broken_sni_leaves_the_hello_standing():
    assert hs._server_name(b"\0\5\0\0\x09ab") is None
    assert hs._server_name(b"\0\5\1\0\2ab") is None
    assert hs._server_name(b"\0\5\0\0\2ab") == b"ab"


def test_messages_over_pieces():
    data = message(2, SERVER) + certificates(b"leaf", b"issuer" * 9) + message(12, b"x" * 500) + message(14, b"")
    expected = [(2, SERVER), (11, b"leaf"), (12, b""), (14, b"")]
    for size in (1, 2, 5, 100, len(data)):
        assembler = hs.Assembler()
        told = [found for at in range(0, len(data), size) for found in assembler.feed(data[at:at + size])]
        assert told == expected
        assert assembler.between


def test_a_chain_of_ten_megabytes_is_read_past():
    assembler = begun()
    chain = certificates(b"leaf", b"i" * 10_000_000)
    told = [found for at in range(0, len(chain), 16_384) for found in assembler.feed(chain[at:at + 16_384])]
    assert told == [(11, b"leaf")]
    assert len(assembler._buffer) <= hs.BUFFER
    assert list(assembler.feed(message(14, b""))) == [(14, b"")]


def test_no_certificate():
    assert list(begun().feed(certificates())) == [(11, b"")]
    assert list(begun().feed(message(11, b"") + message(14, b""))) == [(14, b"")]


@pytest.mark.parametrize("data", [
    b"\x05\0\0\0", b"\x14\0\0\x0c", b"\1\1\0\1", b"\2\0\0\x10", b"\x0b\0\0\x0a\0\0\7\0\0\5",
    b"\x0b\x10\0\3\x10\0\0\x0f\0\0",
])
def test_refused(data):
    with pytest.raises(DecodeError):
        list(begun().feed(data))


def test_a_stream_begins_with_a_hello():
    with pytest.raises(DecodeError):
        list(hs.Assembler().feed(certificates(b"leaf")))


def test_bytes_of_no_interest_may_be_lost():
    data = certificates(b"leaf", b"i" * 100)
    assembler = begun()
    list(assembler.feed(data[:20]))
    assert assembler.skip(50)
    assert not assembler.skip(1000)
    list(assembler.feed(data[70:]))
    assert assembler.between
    assert not assembler.skip(1)


@given(st.binary(max_size=200), st.booleans())
def test_only_decode_errors_leave(data, begun_before):
    assembler = hs.Assembler()
    assembler.begun = begun_before
    for parse in (hs.client_hello, hs.server_hello, lambda body: list(assembler.feed(body))):
        try:
            parse(data)
        except DecodeError:
            continue
    try:
        hs.ssl2_hello(Cursor(data))
    except (DecodeError, NeedMoreData):
        return


@given(st.integers(0, len(CLIENT) - 1), st.integers(0, 255))
def test_a_damaged_hello_reads_or_is_refused(at, byte):
    damaged = CLIENT[:at] + bytes([byte]) + CLIENT[at + 1:]
    try:
        hello = hs.client_hello(damaged)
    except DecodeError:
        return
    assert hello.suites
