"""Heads of HTTP/1 messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.decoders import http_head
from consul_sniff.decoders.base import Cursor
from consul_sniff.errors import DecodeError, NeedMoreData

REAL = (b"PUT /v1/kv/app/config/db HTTP/1.1\r\nHost: 10.77.0.11:17500\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
        b"Content-Length: 19\r\n\r\n")


def read(data):
    cursor = Cursor(data)
    return http_head.read(cursor), cursor.position


def test_a_request_and_where_it_ends():
    head, end = read(REAL + b"db-password=hunter2")
    assert (head.method, head.target, head.status, head.version) == ("PUT", "/v1/kv/app/config/db", 0, 11)
    assert head.get("content-length") == "19"
    assert end == len(REAL)


def test_a_response_without_reason_or_headers():
    head, end = read(b"HTTP/1.0 404\r\n\r\n")
    assert (head.method, head.status, head.version, head.headers, end) == ("", 404, 10, (), 16)


@pytest.mark.parametrize("cut", range(len(REAL)))
def test_every_beginning_needs_more(cut):
    with pytest.raises(NeedMoreData):
        read(REAL[:cut])


def test_lenient_where_servers_are():
    head, _ = read(b"\r\nGET / HTTP/1.1\nA: 1\n folded\r\nno colon\r\nB : 2\r\na: 3\r\n\n")
    assert head.headers == (("a", "1 folded"), ("b", "2"), ("a", "3"))
    assert head.all("a") == ["1 folded", "3"]
    assert head.get("c") == ""
    assert head.has_prefix("b")
    assert not head.has_prefix("c")


@pytest.mark.parametrize("data", [
    b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-OpenSSH", b"EHLO me\r\n", b"GET /\r\n", b"HTTP/2.0 200 OK\r\n\r\n",
    b"HTTP/1.1 700 No\r\n\r\n", b"get / HTTP/1.1\r\n\r\n", b"GET " + b"a" * limits.HEADER_LINE,
    b"GET / HTTP/1.1\r\nA: " + b"a" * (limits.HEADER_LINE + 1),
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (limits.HEADERS + 1) + b"\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: bbbbbbbbbbbbbbbbb\r\n" * 4000,
])
def test_what_is_none_or_too_much_is_refused(data):
    with pytest.raises(DecodeError):
        read(data)


@pytest.mark.parametrize(("data", "answer"), [
    (b"", None), (b"G", None), (b"GET /v1", None), (b"HTTP/", None), (b"HTTP/1.1 20", None), (REAL, True),
    (b"HTTP/1.1 200 OK\r\n", True), (b"\x04", False), (b"GET \x00", False), (b"QUIT\r\n", False),
    (b"A" * 21, False),
])
def test_could_begin(data, answer):
    assert http_head.could_begin(data) is answer


def test_a_head_is_found_behind_a_body_and_not_in_prose():
    body = b'{"Datacenter":"dc1"}'
    assert http_head.find(body + b"HTTP/1.1 200 OK\r\nVary: x\r\n\r\n") == len(body)
    assert http_head.find(body + REAL) == len(body)
    assert http_head.find(b"it says GET /v1/x HTTP/1.1 and then HTTP/1.1 200 OK\r\n\r\n") == -1


@given(st.binary(max_size=300), st.sampled_from([b"", b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n"]))
def test_only_the_two_errors_leave(data, start):
    try:
        head, end = read(start + data + b"\r\n\r\n")
    except (DecodeError, NeedMoreData):
        return
    assert 0 < end <= len(start + data) + 4
    assert bool(head.method) != bool(head.status)
