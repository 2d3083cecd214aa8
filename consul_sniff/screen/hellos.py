"""TLS hellos as far as their facts hang on them: what ``decoders.tls_handshake`` reads, found without copying a byte."""

from __future__ import annotations

try:
    import cython
    from cython import Py_ssize_t as i64
    from cython import ulonglong as u64
except ImportError:
    from . import _cython as cython
    from ._cython import i64, u64

from .words import Window

SERVER_NAME = cython.declare(i64, 0)
ALPN = cython.declare(i64, 16)
PRE_SHARED_KEY = cython.declare(i64, 41)
SUPPORTED_VERSIONS = cython.declare(i64, 43)
DRAFTS = cython.declare(i64, 0x7F)
#: the first half of the random of a HelloRetryRequest (RFC 8446, 4.1.3), as ``Window.word`` reads it
RETRY = cython.declare(u64, 0x11619AE574AD21CF)


class Hellos:
    """``client`` and ``server`` read the hello that fills [p, stop), its 4-byte header left out: 1, or 0 where it is none.

    Then ``version`` is the highest offered or the one chosen, ``suite`` the server's, ``session`` a digest of the session
    id and its length, ``psk`` 1 with a pre-shared key; [name, name_stop) and [alpn, alpn_stop) are the host name and the
    body of the ALPN extension, empty where there is none.
    """

    def __init__(self, window: Window) -> None:
        self.win = window
        self.version = self.suite = self.session_size = self.psk = 0
        self.name = self.name_stop = self.alpn = self.alpn_stop = 0
        self.session = 0

    def client(self, p: i64, stop: i64) -> i64:
        n: i64
        if stop - p < 35:
            return 0
        self.version = self.win.be16(p)
        p = self.session_id(p + 34, stop)
        if p == 0 or stop - p < 2:
            return 0
        n = self.win.be16(p)
        p += 2
        if n == 0 or n & 1 or n >= stop - p:
            return 0
        p += n
        n = self.win.b[p]
        p += 1
        if n == 0 or n > stop - p or not 0x0300 <= self.version <= 0x0304:
            return 0
        return self.extensions(p + n, stop, 0)

    def server(self, p: i64, stop: i64) -> i64:
        """A HelloRetryRequest, or a draft of TLS 1.3, is none here."""
        if stop - p < 35 or self.win.word(p + 2) == RETRY:
            return 0
        self.version = self.win.be16(p)
        p = self.session_id(p + 34, stop)
        if p == 0 or stop - p < 3 or not 0x0300 <= self.version <= 0x0304:
            return 0
        self.suite = self.win.be16(p)
        if self.win.b[p + 2] != 0 and self.win.b[p + 2] != 1 and self.win.b[p + 2] != 64:
            return 0
        return self.extensions(p + 3, stop, 1)

    def session_id(self, p: i64, stop: i64) -> i64:
        """Where the session id at ``p`` ends; 0 where it does not."""
        n: i64 = self.win.b[p]
        if n > 32 or p + 1 + n > stop:
            return 0
        self.session_size = n
        self.session = self.win.digest(p, p + 1 + n, 0)
        return p + 1 + n

    def extensions(self, p: i64, stop: i64, server: i64) -> i64:
        """What stands to the end of the hello; of each extension the first counts."""
        kind: i64
        n: i64
        versions: i64 = 0
        self.psk = 0
        self.name = self.name_stop = self.alpn = self.alpn_stop = 0
        if p == stop:
            return 1
        if stop - p < 2 or self.win.be16(p) != stop - p - 2:
            return 0
        p += 2
        while p < stop:
            if stop - p < 4:
                return 0
            kind = self.win.be16(p)
            n = self.win.be16(p + 2)
            p += 4
            if n > stop - p:
                return 0
            if kind == SERVER_NAME and self.name == 0:
                self.host(p, n)
            elif kind == ALPN and self.alpn == 0:
                self.alpn = p
                self.alpn_stop = p + n
            elif kind == PRE_SHARED_KEY:
                self.psk = 1
            elif kind == SUPPORTED_VERSIONS and not versions:
                versions = 1
                self.chosen(p, n, server)
            p += n
        return 1

    def host(self, p: i64, n: i64) -> i64:
        """The host name in the extension of ``n`` bytes at ``p``: length of the list, type 0, length, name."""
        size: i64
        self.name = self.name_stop = p
        if n >= 5 and self.win.b[p + 2] == 0:
            size = self.win.be16(p + 3)
            if 0 < size <= n - 5:
                self.name = p + 5
                self.name_stop = p + 5 + size
        return 0

    def chosen(self, p: i64, n: i64, server: i64) -> i64:
        """The version in a supported_versions extension; of several the highest that is no GREASE (RFC 8701)."""
        q: i64
        highest: i64 = 0
        if server:
            if n == 2:
                self.version = self.win.be16(p)
            return 0
        for q in range(p + 1, p + n - 1, 2):
            if self.win.be16(q) & 0x0F0F != 0x0A0A and self.win.be16(q) > highest:
                highest = self.win.be16(q)
        if highest:
            self.version = highest
        return 0
