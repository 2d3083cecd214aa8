"""One page over HTTP/1.1, served in between, without a thread: whoever connects can hold nothing up.

A connection gets one answer and is closed. Nothing here waits: what a client has not sent yet, or does not take, is
looked at again the next time. Connections, bytes, time and work of one call are bounded; where too many connect, the
one that has been here longest makes room, and one whose request is there at once is answered in the same call.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .. import limits
from ..errors import OutputError
from ..text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

BACKLOG: Final = 128
_CHUNK: Final = 4_096
_NO_PAGE: Final = ("text/plain; charset=utf-8", b"")


class PageServer:
    """Listens from the constructor on; ``serve`` is to be called again and again.

    ``page`` makes the page, at most once a second; ``clock`` gives seconds.
    """

    def __init__(self, host: str, port: int, page: Callable[[], tuple[str, bytes]], clock: Callable[[], float]) -> None:
        """Errors: `OutputError`."""
        self._page = page
        self._clock = clock
        self._made: tuple[float, tuple[str, bytes]] | None = None
        self._clients: list[_Client] = []
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            self._socket = socket.create_server(address, family=family, backlog=BACKLOG)
        except OSError as error:
            why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
            raise OutputError(f"--metrics {printable(host)}:{port}: cannot listen there ({why}); name another address or port") from None
        self._socket.setblocking(False)

    @property
    def address(self) -> str:
        """HOST:PORT, as in a URL."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def serve(self) -> None:
        """Do what can be done without waiting."""
        now = self._clock()
        with suppress(OSError):  # nobody there (any more)
            for _ in range(limits.HTTP_CLIENTS):
                self._clients.append(_Client(self._socket.accept()[0], now + limits.HTTP_SECONDS))
        for one in list(self._clients):
            if one.go(self._answer) or now >= one.deadline:
                one.close()
                self._clients.remove(one)
        while len(self._clients) > limits.HTTP_CLIENTS:
            self._clients.pop(0).close()

    def close(self) -> None:
        """Listen no more, and let everybody go."""
        for one in self._clients:
            one.close()
        self._clients.clear()
        self._socket.close()

    def _answer(self, request: bytes) -> bytes:
        words = request.split(b"\r\n", 1)[0].split(b" ")
        if len(request) > limits.HTTP_REQUEST:
            return _response("431 Request Header Fields Too Large")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _response("400 Bad Request")
        if words[1].partition(b"?")[0] != b"/metrics":
            return _response("404 Not Found", about=("text/plain; charset=utf-8", b"The metrics are at /metrics\n"))
        if words[0] not in {b"GET", b"HEAD"}:
            return _response("405 Method Not Allowed", "Allow: GET, HEAD\r\n")
        return _response("200 OK", about=self._fresh(), body=words[0] == b"GET")

    def _fresh(self) -> tuple[str, bytes]:
        now = self._clock()
        if self._made is None or now - self._made[0] >= 1:
            self._made = (now, self._page())
        return self._made[1]


class _Client:
    """A connection: first its request comes in, then the answer goes out."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.deadline = deadline
        self._connection = connection
        self._request = b""
        self._answer: memoryview | None = None
        connection.setblocking(False)

    def go(self, answer: Callable[[bytes], bytes]) -> bool:
        """As far as it goes; whether it is over."""
        try:
            if self._answer is None:
                if not self._received():
                    return False
                self._answer = memoryview(answer(self._request))
            while self._answer:
                self._answer = self._answer[self._connection.send(self._answer):]
        except BlockingIOError:
            return False
        except OSError:  # it went away
            return True
        return True

    def close(self) -> None:
        self._connection.close()

    def _received(self) -> bool:
        """Whether the request is whole, or too large to go on. Its body, if it has one, is nobody's business."""
        while len(self._request) <= limits.HTTP_REQUEST:
            more = self._connection.recv(_CHUNK)
            if not more:
                raise ConnectionError
            self._request += more
            if b"\r\n\r\n" in self._request:
                break
        return True


def _response(status: str, headers: str = "", about: tuple[str, bytes] = _NO_PAGE, *, body: bool = True) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {about[0]}\r\nContent-Length: {len(about[1])}\r\n{headers}Connection: close\r\n\r\n"
    return head.encode("ascii") + (about[1] if body else b"")
