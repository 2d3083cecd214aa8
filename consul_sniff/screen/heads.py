"""Heads of HTTP/1 messages that are surely of nobody we know: what ``decoders.http_head`` and ``http_exchange`` would say.

Strict where the decoder is lenient, and careful where a word could mean Consul, Vault or Envoy: such a head is left to the
decoder. So is all that is unusual: upgrades, folded lines, probes.
"""

from __future__ import annotations

from array import array

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .words import Window

#: what ``method`` counts from 1 on
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
#: paths that an Envoy's admin interface has (decoders.envoy_admin); told apart by eight bytes and their length
ADMIN = ("/", "/certs", "/clusters", "/listeners", "/stats", "/stats/prometheus", "/server_info", "/ready", "/logging", "/memory",
         "/memory/tcmalloc", "/runtime", "/help", "/tap", "/config_dump", "/quitquitquit", "/drain_listeners",
         "/hot_restart_version", "/init_dump", "/cpuprofiler", "/heapprofiler", "/heap_dump", "/allocprofiler",
         "/healthcheck/fail", "/healthcheck/ok", "/contention", "/reset_counters", "/reopen_logs", "/runtime_modify",
         "/stats/recentlookups")
#: how the names of headers begin, in lower case, for which a request is left to the decoder
TELLING = ("x-consul", "x-vault-", "x-nomad-", "upgrade")
#: how the agents of health probes begin (decoders.http_exchange)
PROBES = ("cons", "kube", "elb-", "goog", "envo", "amaz", "hapr", "blac", "azur", "load", "ngin", "noma")

LOWER = cython.declare(u64, 0x2020202020202020)
LINES = cython.declare(i64, 99)  # limits.HEADERS - 1
LINE = cython.declare(i64, 16_384)  # limits.HEADER_LINE
REASON = cython.declare(i64, 1_024)


def word(text: str) -> int:
    """The first eight bytes as ``Window.word`` reads them."""
    return int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "little")


class Heads:
    """``request`` and ``response`` read the head at ``p``: where it ends, or 0 where it is left to the decoder.

    Then ``method`` is the request's (of METHODS, from 1 on), ``status`` the response's, ``length`` that of the body, -1
    where none is said; ``chunked``: it comes in chunks, whatever its length. ``chunk`` reads the size of one.
    """

    def __init__(self, window: Window) -> None:
        self.win = window
        self.methods = array("Q", [word(f"{method} ") for method in METHODS])
        self.method_sizes = array("q", [len(method) for method in METHODS])
        self.admin = array("Q", [word(path) for path in ADMIN])
        self.admin_sizes = array("q", [len(path) for path in ADMIN])
        self.telling = array("Q", [word(name) for name in TELLING])
        self.telling_sizes = array("q", [len(name) for name in TELLING])
        self.probes = array("Q", [word(agent) for agent in PROBES])
        self.user_agent = word("user-agent")
        self.content = word("content-length")
        self.length_word = word("t-length")
        self.transfer = word("transfer-encoding")
        self.chunks = word("chunked")
        self.http = word("HTTP/1.")
        self.v1 = word("/v1/")
        self.method = self.status = self.length = self.chunked = 0
        self.method_count = len(METHODS)
        self.admin_count = len(ADMIN)
        self.telling_count = len(TELLING)
        self.probe_count = len(PROBES)

    def low(self, p: i64, n: i64) -> u64:
        """The first ``n`` (at most eight) bytes at ``p``."""
        return self.win.word(p) if n >= 8 else self.win.word(p) & ((cython.cast(u64, 1) << (n * 8)) - 1)

    def request(self, p: i64, stop: i64) -> i64:
        i: i64
        self.method = 0
        if stop - p < 18:
            return 0
        for i in range(self.method_count):
            if self.low(p, self.method_sizes[i] + 1) == self.methods[i]:
                self.method = i + 1
                p += self.method_sizes[i] + 1
                break
        if self.method == 0:
            return 0
        p = self.target(p, stop)
        if p == 0 or stop - p < 12 or self.low(p, 7) != self.http or not 48 <= self.win.b[p + 7] <= 49 \
                or self.win.b[p + 8] != 13 or self.win.b[p + 9] != 10:
            return 0
        return self.headers(p + 10, stop, 1)

    def target(self, p: i64, stop: i64) -> i64:
        """Where the target at ``p`` and the space after it end; 0 where its path may be somebody's."""
        q: i64 = p
        end: i64 = 0  # of the path
        i: i64
        c: i64
        if self.win.b[p] != 0x2F or self.low(p, 4) == self.v1:
            return 0
        while q < stop:
            c = self.win.b[q]
            if c <= 0x20 or c == 0x7F:
                break
            if end == 0 and (c == 0x3F or c == 0x23):
                end = q
            q += 1
        if q >= stop or self.win.b[q] != 0x20 or q - p > LINE:
            return 0
        if end == 0:
            end = q
        while end > p + 1 and self.win.b[end - 1] == 0x2F:
            end -= 1
        for i in range(self.admin_count):
            if self.admin_sizes[i] == end - p and self.low(p, end - p) == self.admin[i]:
                return 0
        return q + 1

    def response(self, p: i64, stop: i64) -> i64:
        q: i64
        if stop - p < 16 or self.low(p, 7) != self.http or not 48 <= self.win.b[p + 7] <= 49 or self.win.b[p + 8] != 0x20:
            return 0
        if not (0x32 <= self.win.b[p + 9] <= 0x35 and 48 <= self.win.b[p + 10] <= 57 and 48 <= self.win.b[p + 11] <= 57):
            return 0
        self.status = (self.win.b[p + 9] - 48) * 100 + (self.win.b[p + 10] - 48) * 10 + self.win.b[p + 11] - 48
        q = p + 12
        if self.win.b[q] == 0x20:
            while q < stop and self.win.b[q] != 13:
                if self.win.b[q] == 0 or self.win.b[q] == 10:
                    return 0
                q += 1
        if stop - q < 4 or self.win.b[q] != 13 or self.win.b[q + 1] != 10 or q - p > REASON:
            return 0
        return self.headers(q + 2, stop, 0)

    def headers(self, p: i64, stop: i64, request: i64) -> i64:
        """The lines of headers from ``p`` on, and the empty line."""
        q: i64
        c: i64
        begin: i64
        _: i64
        self.length = -1
        self.chunked = 0
        for _ in range(LINES):
            if stop - p < 2:
                return 0
            if self.win.b[p] == 13:
                return p + 2 if self.win.b[p + 1] == 10 else 0
            begin = p
            q = p
            while q < stop:
                c = self.win.b[q]
                if c <= 0x20 or c >= 0x7F:
                    return 0  # folded, a space before the colon, or no name
                if c == 0x3A:
                    break
                q += 1
            p = q
            while p < stop and self.win.b[p] != 10:
                p += 1
            if p >= stop or self.win.b[p - 1] != 13 or p - begin > LINE or not self.header(begin, q, p - 1, request):
                return 0
            p += 1
        return 0

    def header(self, p: i64, colon: i64, stop: i64, request: i64) -> i64:
        """1, or 0 where the header with the name [p, colon) and the value (colon, stop) is for the decoder."""
        x: u64
        i: i64
        v: i64 = colon + 1
        n: i64 = colon - p
        if n < 7:
            return 1
        x = self.low(p, n) | LOWER if n >= 8 else self.low(p, 7) | (LOWER >> 8)
        while v < stop and (self.win.b[v] == 0x20 or self.win.b[v] == 9):
            v += 1
        if x == self.content and n == 14 and self.win.word(p + 6) | LOWER == self.length_word:
            return self.content_length(v, stop)
        if x == self.transfer:
            if self.chunked or n != 17 or stop - v != 7 or self.low(v, 7) | (LOWER >> 8) != self.chunks:
                return 0
            self.chunked = 1
            return 1
        if not request:
            return 1
        if x == self.user_agent and n == 10:
            x = self.low(v, 4) | (LOWER >> 32)
            if v < stop and self.win.b[v] <= 0x20:
                return 0
            for i in range(self.probe_count):
                if self.probes[i] == x:
                    return 0
            return 1
        for i in range(self.telling_count):
            if self.telling[i] == x and (n >= 8 or n == self.telling_sizes[i]):
                return 0
        return 1

    def content_length(self, p: i64, stop: i64) -> i64:
        if self.length >= 0 or p >= stop or stop - p > 15:
            return 0
        self.length = 0
        while p < stop:
            if not 48 <= self.win.b[p] <= 57:
                return 0
            self.length = self.length * 10 + self.win.b[p] - 48
            p += 1
        return 1

    def chunk(self, p: i64, stop: i64) -> i64:
        """The line with a chunk's size: where it ends; 0 where it is left to the decoder. ``length``: its size."""
        c: i64
        begin: i64 = p
        self.length = 0
        while p < stop and p - begin < 15:
            c = self.win.b[p]
            if 48 <= c <= 57:
                c -= 48
            elif 97 <= (c | 32) <= 102:
                c = (c | 32) - 87
            else:
                break
            self.length = self.length * 16 + c
            p += 1
        if p == begin or stop - p < 2 or self.win.b[p] != 13 or self.win.b[p + 1] != 10:
            return 0
        return p + 2

    def foreign(self, p: i64, stop: i64) -> i64:
        """1 where a stream that begins with [p, stop) is surely of no protocol that any decoder reads.

        All but HTTP and DNS begin otherwise than with a visible character; no HTTP method goes on so, and no DNS message
        asks so many questions.
        """
        if stop - p < 16 or not 0x20 < self.win.b[p] < 0x7F or self.win.be16(p + 6) <= 32:
            return 0
        if not 65 <= self.win.b[p] <= 90:
            return 1
        while p < stop and (65 <= self.win.b[p] <= 90 or self.win.b[p] == 0x2D):
            p += 1
        return p < stop and self.win.b[p] != 0x20
