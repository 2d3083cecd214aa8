r"""What RPC bodies, Raft entries and snapshots say, found by key in a stream of windows.

The bodies are msgpack, but a capture shows them cut, with holes, from their middle on, and often one msgpack token a
segment (Consul's snapshots). So nothing here needs a whole object: a regular expression finds the few keys that
matter, and what follows is read from there; what does not yet end is held (bounded) until more comes. The key strings
are those of Consul's ``agent/structs`` (``\xa5Token``: a fixstr of 5 bytes). go-msgpack writes the fields of a struct
sorted up to Consul 1.18 or so and in source order since; both are read.

One instance reads one direction of one stream; it knows no framing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from ..errors import DecodeError, NeedMoreData
from ..model import Claim, Secret
from ..text import printable
from . import secrets
from .msgpack_text import length_at, text_at, value_at
from .rpc_header import Header, cut_header, header_at, header_from_method
from .services import TRIGGERS, Catalog

if TYPE_CHECKING:
    from collections.abc import Callable

HOLD_BYTES: Final = secrets.PRIVATE_KEY_BYTES + 512  # an object that is not whole yet: a key is the longest
CREDIT_BYTES: Final = 512 * 1024  # of maps read, or read again; each byte that comes adds 16
POOL_BYTES: Final = 1024 * 1024  # held by all streams of a flow together
_TAIL: Final = 24  # longer than any trigger: one may begin at the end of a window
_TOKEN_BYTES: Final = 512
_KEY_BYTES: Final = 1_024  # KV keys have up to 512, remote execution's a little more than a UUID

_TRIGGER: Final = re.compile(
    rb"(?P<map>[\x82\x83])(?:\xa3Seq|\xa5Error|\xadServiceMethod)"
    rb"|\xadServiceMethod|\xa5Token|\xa8SecretID|\xa7TokenID|\xafBootstrapSecret|\xa5Flags|\xa9LockIndex|\xa4Name"
    rb"|-----BEGIN |" + b"|".join(TRIGGERS) +
    rb"|(?P<rexec>(?:[\xa7-\xbf]|\xd9.|\xda..)_rexec/)"
    rb"|(?P<key>(?:\xb8|\xd9[\x20\x2c]|\xda\x00[\x18\x20\x2c])[A-Za-z0-9+/]{4})",
    re.DOTALL)
_BEGIN: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY-----")
_END: Final = re.compile(rb"-----END (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY-----")
_VAULT: Final = re.compile(rb"hv[sbr]\.[A-Za-z0-9_-]{8}|[sbr]\.[A-Za-z0-9]{24}\Z")
_VISIBLE: Final = re.compile(rb"[\x21-\x7e]+\Z")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]{22}==\Z|[A-Za-z0-9+/]{32}\Z|[A-Za-z0-9+/]{43}=\Z")
_REDACTED: Final = b"<hidden>"  # Consul's redactedToken
_DIR_ENTRY: Final = frozenset({b"CreateIndex", b"Flags", b"Key", b"LockIndex", b"ModifyIndex", b"Session"})


class Remote(NamedTuple):
    """Remote execution: ``via`` kv, event or session."""

    via: str


Hit = Header | Remote | Secret | Claim


class Pool:
    """Bytes held by all scanners of a flow."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Scanner:
    """Give it the windows of a stream in order; it tells what they hold, in order."""

    __slots__ = ("_catalog", "_credit", "_final", "_held", "_hits", "_pool", "_remote", "_want", "method", "where")

    def __init__(self, where: str, pool: Pool | None = None) -> None:
        self.where = where
        self.method = ""  # of the last header
        self._held = b""
        self._want = 0  # bytes that must be there before what is held can be read
        self._pool = pool if pool is not None else Pool()
        self._hits: list[Hit] = []
        self._catalog = Catalog()
        self._credit = CREDIT_BYTES
        self._final = False
        self._remote: set[str] = set()  # told since the last header

    @property
    def wants(self) -> bool:
        """Does something that was found wait for more bytes?"""
        return self._want > 0

    def feed(self, window: bytes) -> list[Hit]:
        """What became readable with the next ``window``."""
        self._credit = min(self._credit + 16 * len(window), CREDIT_BYTES)
        data = self._held + window if self._held else window
        if len(data) < self._want:
            self._hold(data, 0)
            return []
        return self._scan(data)

    def flush(self) -> list[Hit]:
        """Bytes are missing here, or the stream ended: read what is held as far as it goes, and forget the context."""
        self._final = True
        hits = self._scan(self._held)
        self._final = False
        self._hold(b"", 0)
        self.method = ""
        self._remote.clear()
        self._catalog = Catalog()
        return hits

    def _hold(self, data: bytes, start: int) -> None:
        self._pool.used -= len(self._held)
        self._held = data[start:]
        self._pool.used += len(self._held)

    def _scan(self, data: bytes) -> list[Hit]:
        self._hits = []
        self._want = 0
        at, size = 0, len(data)
        while True:
            match = _TRIGGER.search(data, at)
            if match is None:
                self._hold(data, max(at, size - _TAIL))
                break
            told = len(self._hits)
            try:
                at = self._read(data, match)
            except NeedMoreData as more:
                del self._hits[told:]  # it will be read again
                start = match.start()
                if self._final or size - start >= HOLD_BYTES or self._pool.used > POOL_BYTES:
                    at = self._cut(data, match)
                    continue
                self._hold(data, start)
                self._want = size - start + more.missing
                break
            except DecodeError:
                at = match.end()
        hits, self._hits = self._hits, []
        return hits

    def _read(self, data: bytes, match: re.Match[bytes]) -> int:
        """Read what a trigger promises; where to go on."""
        if match["map"]:
            header, at = header_at(data, match.start())
            self._tell(header)
            return at
        if match["rexec"]:
            self._add_remote("kv")
            return match.end()
        if match["key"]:
            return self._gossip_key(data, match)
        return self._HANDLERS[match.group()](self, data, match)

    def _cut(self, data: bytes, match: re.Match[bytes]) -> int:
        """The rest of it will never come: what can be said all the same, and where to go on."""
        start = match.start()
        if match.group() == b"-----BEGIN " and _BEGIN.match(data, start):
            self._hits.append(secrets.private_key(data[start:start + secrets.PRIVATE_KEY_BYTES], self.where))
        elif data[start] in (0x82, 0x83, 0xAD):
            cut = cut_header(data, start)
            if cut is not None:
                self._tell(cut[0])
                return cut[1]
        return match.end()

    def _tell(self, header: Header) -> None:
        self.method = header.method
        self._remote.clear()
        self._catalog = Catalog()  # a body says the same whatever came before it
        self._hits.append(header)

    def _lone_method(self, data: bytes, match: re.Match[bytes]) -> int:
        header, at = header_from_method(data, match.start())
        self._tell(header)
        return at

    # tokens and keys

    def _token(self, data: bytes, match: re.Match[bytes]) -> int:
        text, at = text_at(data, match.end(), _TOKEN_BYTES)
        if text and not _VISIBLE.match(text):  # not a token's value: it may hold another key
            return match.end()
        self._add_token("acl-token" if match.group() == b"\xa5Token" else "secret-id", text)
        return at

    def _add_token(self, kind: str, text: bytes) -> None:
        if _VISIBLE.match(text) and text != _REDACTED and not secrets.is_anonymous(text):
            self._hits.append(secrets.token("vault-token" if _VAULT.match(text) else kind, text, self.where))

    def _token_id(self, data: bytes, match: re.Match[bytes]) -> int:
        """ACL.TokenRead: the id is an accessor or the token itself; agents look tokens up by the latter."""
        text, at = text_at(data, match.end(), _TOKEN_BYTES)
        kind, _ = text_at(data, at, 12)
        if kind == b"TokenIDType":
            kind, at = text_at(data, at + 12, 16)
            if kind == b"secret":
                self._add_token("acl-token", text)
        return at

    def _gossip_key(self, data: bytes, match: re.Match[bytes]) -> int:
        if self.method != "Internal.KeyringOperation":
            return match.start() + 1
        text, at = text_at(data, match.start(), 44)
        if not _BASE64.match(text):
            return match.start() + 1
        from binascii import a2b_base64

        self._hits.append(secrets.gossip_key(a2b_base64(text), self.where))
        return at

    def _private_key(self, data: bytes, match: re.Match[bytes]) -> int:
        begin = _BEGIN.match(data, match.start())
        if begin is None:
            if len(data) - match.start() < 54 and b"-----" not in data[match.end():]:  # the longest BEGIN line
                raise NeedMoreData
            return match.end()
        end = _END.search(data, begin.end())
        again = _BEGIN.search(data, begin.end(), end.start() if end else len(data))
        if again is None and end is None:
            raise NeedMoreData(1 if b"-----E" in data[-40:] else 20)
        stop = again.start() if again else end.end() if end else 0
        self._hits.append(secrets.private_key(data[match.start():stop], self.where))
        return stop

    # KV entries and remote execution

    def _entry(self, data: bytes, match: re.Match[bytes]) -> int:
        """A DirEntry from its Flags (sorted) or LockIndex (source order) on, to where its value begins."""
        at, path = match.start(), b""
        for _ in range(8):
            key, after = text_at(data, at, 16)
            if key == b"Value":
                length, body = length_at(data, after)
                if length and path:
                    self._hits.append(secrets.kv_value(printable(path), length, self.where))
                at = body
                break
            if key not in _DIR_ENTRY:
                break
            if key == b"Key":
                path, at = text_at(data, after, _KEY_BYTES)
            else:
                _, at = value_at(data, after)
            if key in (b"Flags", b"LockIndex") and not path and not data.startswith(b"\xa3Key"[:len(data) - at], at):
                break
        if path.startswith(b"_rexec/"):
            self._add_remote("kv")
        return max(at if path else 0, match.end())

    def _add_remote(self, via: str) -> None:
        if via not in self._remote:
            self._remote.add(via)
            self._hits.append(Remote(via))

    def _name(self, data: bytes, match: re.Match[bytes]) -> int:
        text, at = text_at(data, match.end(), 256)
        if text == b"_rexec":
            self._add_remote("event")
        elif text.startswith(b"Remote Exec"):
            self._add_remote("session")
        return at

    def _catalog_(self, data: bytes, match: re.Match[bytes]) -> int:
        """Maps are read whole, also where they nest or repeat: as long as the bytes that came pay for it."""
        start, size = match.start(), len(data)
        if self._credit <= 0:
            return match.end()
        try:
            claims, at = self._catalog.read(data, match)
        except NeedMoreData as more:
            self._credit -= size - start
            raise NeedMoreData(max(more.missing, (size - start) // 8)) from None  # seldom, where bytes come one by one
        except DecodeError:
            self._credit -= size - start
            raise
        self._credit -= at - start
        self._hits += claims
        return at

    _HANDLERS: ClassVar[dict[bytes, Callable[[Scanner, bytes, re.Match[bytes]], int]]] = {
        b"\xadServiceMethod": _lone_method,
        b"\xa5Token": _token,
        b"\xa8SecretID": _token,
        b"\xafBootstrapSecret": _token,
        b"\xa7TokenID": _token_id,
        b"\xa5Flags": _entry,
        b"\xa9LockIndex": _entry,
        b"\xa4Name": _name,
        b"-----BEGIN ": _private_key,
        **dict.fromkeys(TRIGGERS, _catalog_),
    }
