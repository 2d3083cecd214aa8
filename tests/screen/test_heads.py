"""Heads of HTTP messages: read where they are surely nobody's, else left to the decoder."""

from __future__ import annotations

import pytest

from consul_sniff.decoders.envoy_admin import _MAYBE, _SURE
from consul_sniff.decoders.http_exchange import _PROBES, METHODS
from consul_sniff.screen import heads
from consul_sniff.screen.heads import Heads
from consul_sniff.screen.words import Window


def reader(data: bytes) -> Heads:
    window = Window(1)
    window.look(bytearray(data + bytes(64)))
    return Heads(window)


def test_the_words_of_the_decoders_are_the_screens() -> None:
    assert set(heads.ADMIN) == _SURE | _MAYBE
    assert {probe[:4] for probe in _PROBES} == set(heads.PROBES)
    assert set(heads.METHODS) < METHODS


def test_a_request_of_nobody_ends_after_its_empty_line():
    data = b"POST /a/b?c=d HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  12\r\n\r\nbody"
    it = reader(data)
    assert it.request(0, len(data)) == len(data) - 4
    assert (heads.METHODS[it.method - 1], it.length, it.chunked) == ("POST", 12, 0)


@pytest.mark.parametrize("head", [
    b"GET /v1/kv/a HTTP/1.1\r\n\r\n", b"GET /ready HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /a HTTP/1.1\nHost: a\r\n\r\n",
    b"GET /a HTTP/1.1\r\nX-Consul-Token: a\r\n\r\n", b"GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"GET /a HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", b"GET /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost : a\r\n\r\n", b"GET /a HTTP/1.1\r\nHost: a\r\n", b"get /a HTTP/1.1\r\nHost: a\r\n\r\n",
])
def test_a_request_that_is_unusual_or_not_whole_is_left(head):
    assert reader(head).request(0, len(head)) == 0


def test_a_response_says_its_status_and_how_its_body_ends():
    data = b"HTTP/1.1 206 Partial\r\nTransfer-Encoding: Chunked\r\n\r\n"
    it = reader(data)
    assert (it.response(0, len(data)), it.status, it.length, it.chunked) == (len(data), 206, -1, 1)
    assert reader(b"HTTP/1.1 100 Continue\r\n\r\n").response(0, 25) == 0


def test_a_chunk_s_size_is_hexadecimal():
    it = reader(b"1aF\r\n")
    assert (it.chunk(0, 5), it.length) == (5, 0x1AF)
    assert [reader(line).chunk(0, len(line)) for line in (b"\r\n", b"5;a=b\r\n", b"5\n", b"5\r")] == [0, 0, 0, 0]
