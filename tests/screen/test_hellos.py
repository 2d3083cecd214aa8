"""TLS hellos: the same facts as ``decoders.tls_handshake`` reads, or left to it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import tls_handshake as hs
from consul_sniff.errors import DecodeError
from consul_sniff.screen.hellos import Hellos
from consul_sniff.screen.words import Window

from .test_others import RETRY, client_hello, extension, server_hello

CLIENTS = [client_hello(), client_hello(session=b""), client_hello(name=b""), client_hello(more=extension(43, b"\x04\x3a\x3a\3\4")),
           client_hello(more=extension(41, b"")), client_hello(more=extension(0, b"\0"))]
SERVERS = [server_hello(), server_hello(session=b"s" * 32), server_hello(newest=True), server_hello(more=extension(41, b"\0\0"))]


def reader(data: bytes) -> Hellos:
    window = Window(1)
    window.look(bytearray(data + bytes(64)))
    return Hellos(window)


@given(st.sampled_from(CLIENTS), st.integers(0, 200), st.integers(0, 255), st.booleans())
def test_a_client_hello_says_the_same_as_to_the_decoder(hello, place, value, whole):
    body = hello[4:]
    if not whole and place < len(body):
        body = body[:place] + bytes((value,)) + body[place + 1:]
    it = reader(body)
    good = it.client(0, len(body))
    try:
        said = hs.client_hello(body)
    except DecodeError:
        assert not good
        return
    assert good
    assert it.version == max(said.versions)
    assert (body[it.name:it.name_stop] or None) == said.sni
    assert hs.protocols(body[it.alpn:it.alpn_stop]) == said.alpn
    assert it.session_size == len(said.session_id)


@given(st.sampled_from(SERVERS), st.integers(0, 200), st.integers(0, 255), st.booleans())
def test_a_server_hello_says_the_same_as_to_the_decoder(hello, place, value, whole):
    body = hello[4:]
    if not whole and place < len(body):
        body = body[:place] + bytes((value,)) + body[place + 1:]
    it = reader(body)
    good = it.server(0, len(body))
    try:
        said = hs.server_hello(body)
    except DecodeError:
        assert not good
        return
    assert good or body[0] == 0x7F  # a draft of TLS 1.3: left to the decoder
    if good:
        assert (it.version, it.suite, it.psk != 0, it.session_size) == (said.version, said.suite, said.psk, len(said.session_id))


def test_a_hello_retry_request_is_left_to_the_decoder():
    body = server_hello(random_=RETRY)[4:]
    assert reader(body).server(0, len(body)) == 0
