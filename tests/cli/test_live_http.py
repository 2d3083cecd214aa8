"""The page server alone, on real sockets. What clients do to a running capture is in test_live_metrics.py."""

import contextlib
import socket
import time

import pytest

from consul_sniff import limits
from consul_sniff.cli.live_http import PageServer
from consul_sniff.errors import OutputError

PAGE = b"up 1\n"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def made():
    return []


@pytest.fixture
def server(clock, made):
    def page():
        made.append(1)
        return "text/plain", PAGE

    one = PageServer("127.0.0.1", 0, page, clock)
    yield one
    one.close()


@pytest.fixture
def connect(server):
    with contextlib.ExitStack() as held:
        def call(data=b""):
            client = held.enter_context(socket.create_connection(server._socket.getsockname(), 5))
            client.sendall(data)
            return client

        yield call


def answered(server, client):
    """All that the client gets, with the server called as often as that takes."""
    client.setblocking(False)
    got = bytearray()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        server.serve()
        try:
            more = client.recv(1 << 20)
        except BlockingIOError:
            continue
        except ConnectionResetError:
            return bytes(got)
        if not more:
            return bytes(got)
        got += more
    raise AssertionError(bytes(got[:200]))


def get(path="/metrics", method="GET", version="HTTP/1.1"):
    return f"{method} {path} {version}\r\nHost: x\r\n\r\n".encode()


def test_the_page(server, connect):
    head, _, body = answered(server, connect(get())).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [b"HTTP/1.1 200 OK", b"Content-Type: text/plain", b"Content-Length: 5", b"Connection: close"]
    assert body == PAGE


@pytest.mark.parametrize(("request_", "status"), [
    (get("/metrics?x=1"), b"200"), (get(version="HTTP/1.0"), b"200"), (get("/"), b"404"), (get("/metrics/"), b"404"), (get("/../metrics"), b"404"),
    (get(method="POST"), b"405"), (get(version="HTTP/2.0"), b"400"), (b"GET /metrics\r\n\r\n", b"400"), (b"\r\n\r\n", b"400"),
    (b"\x16\x03\x01" + bytes(200) + b"\r\n\r\n", b"400"), (b"GET /metrics HTTP/1.1 x\r\n\r\n", b"400"),
    (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * limits.HTTP_REQUEST, b"431"),
])
def test_what_is_answered(server, connect, request_, status):
    assert answered(server, connect(request_)).split(b" ", 2)[1] == status


def test_head_has_no_body(server, connect):
    head, _, body = answered(server, connect(get(method="HEAD"))).partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert body == b""


def test_byte_by_byte(server, connect):
    client = connect()
    for byte in get():
        client.sendall(bytes([byte]))
        server.serve()
    assert answered(server, client).endswith(PAGE)


def test_the_page_is_made_once_a_second(server, connect, clock, made):
    for _ in range(5):
        answered(server, connect(get()))
    assert len(made) == 1
    clock.now = 1.0
    answered(server, connect(get()))
    assert len(made) == 2


def test_who_sends_nothing_is_let_go(server, connect, clock):
    client = connect(b"GET /met")
    server.serve()
    assert len(server._clients) == 1
    clock.now = limits.HTTP_SECONDS
    server.serve()
    assert server._clients == []
    assert client.recv(1) == b""


def test_who_takes_nothing_is_let_go_and_holds_nobody_up(clock):
    large = b"x" * (16 << 20)  # more than the kernel keeps for both ends
    server = PageServer("127.0.0.1", 0, lambda: ("text/plain", large), clock)
    with contextlib.closing(server), socket.create_connection(server._socket.getsockname(), 5) as slow:
        slow.sendall(get())
        while not server._clients:
            server.serve()
        with socket.create_connection(server._socket.getsockname(), 5) as quick:
            quick.sendall(get())
            assert answered(server, quick).endswith(large)
        assert len(server._clients) == 1
        clock.now = limits.HTTP_SECONDS
        server.serve()
        assert server._clients == []


def test_where_too_many_connect_the_oldest_makes_room(server, connect):
    idle = [connect(b"G") for _ in range(limits.HTTP_CLIENTS + 8)]
    last = connect(get())
    assert answered(server, last).endswith(PAGE)
    assert len(server._clients) == limits.HTTP_CLIENTS
    assert [client.recv(1) for client in idle[:8]] == [b""] * 8


def test_who_goes_away_before_the_answer(server, connect):
    for _ in range(3):
        client = connect(b"GET /metrics HT")
        server.serve()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not an end
        client.close()
    assert answered(server, connect(get())).endswith(PAGE)
    assert server._clients == []


def test_an_address_of_ipv6(clock):
    try:
        server = PageServer("::1", 0, lambda: ("text/plain", PAGE), clock)
    except OutputError:
        pytest.skip("no IPv6 here")
    with contextlib.closing(server):
        assert server.address.startswith("[::1]:")


def test_a_port_that_is_taken(server, clock):
    host, port = server._socket.getsockname()
    with pytest.raises(OutputError, match=rf"^--metrics {host}:{port}: cannot listen there \(Address already in use\); name another address or port$"):
        PageServer(host, port, lambda: ("", b""), clock)


def test_a_host_that_nobody_knows(clock):
    with pytest.raises(OutputError, match=r"^--metrics nosuch.invalid:9469: cannot listen there \(.+\); name another"):
        PageServer("nosuch.invalid", 9469, lambda: ("", b""), clock)
