"""TLS over TCP: what the hellos and certificates say, and that the rest is sealed.

Nothing is decrypted. Once both hellos are past, a side's bytes are of no more use and the screen is told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from ..errors import DecodeError, NeedMoreData
from ..model import Message, Protection
from ..text import printable
from . import tls_handshake as hs
from . import tls_records as rec
from . import tls_words as words
from .base import StreamDecoder
from .tls_handshake import Phase, Way
from .tls_proof import Proof, may_be_clear, proofs_of
from .tls_suites import suite_name

if TYPE_CHECKING:
    from .base import Cursor, Opening

SHOWN: Final = 64  # suites and versions of a hello in its detail


class Tls(StreamDecoder):
    """``mode``: the Consul RPC mode byte before it, as text ("3", "7"), or None."""

    protocol: ClassVar[str] = "tls"
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {
        "client-hello": ("alpn", "mode", "sni"),
        "server-hello": ("mode", "resumed", "suite", "version"),
        "certificate": ("fingerprint", "mode", "names", "not_after", "not_before", "spiffe", "subject"),
        "no-certificate": ("mode",),
        "certificate-request": ("mode",),
        "handshake": ("client_certificate_requested", "mode", "resumed", "version"),
        "records": ("mode",),
        "alert": ("description", "level"),
    }

    first_bytes: ClassVar[frozenset[int] | None] = frozenset((*range(20, 24), *range(128, 256)))  # a record, SSL 2.0

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode
        self._ways = (Way(Phase.CLEAR), Way(Phase.CLEAR))
        self._proven = False  # more than a ClientHello says that this is TLS
        self._client: hs.ClientHello | None = None
        self._server: hs.ServerHello | None = None
        self._server_side = -1
        self._ssl2 = False
        self._requested = False
        self._certified = False
        self._done = False  # the server's flight was told

    @classmethod
    def claims(cls, opening: Opening) -> bool | None:
        proofs = proofs_of(opening)
        if Proof.NEVER in proofs:
            return False
        if any(proof.value >= Proof.CLIENT.value for proof in proofs) or proofs == [Proof.HINT, Proof.HINT]:
            return True
        if Proof.HINT in proofs or any(
                proof is Proof.SHORT and data for proof, data in zip(proofs, opening.sides, strict=True)):
            return None
        # it may still be TLS whose records begin beyond this window: the driver asks again with the next one
        return False

    @classmethod
    def begin(cls, opening: Opening) -> Tls:
        decoder = cls()
        proofs = proofs_of(opening)
        decoder._proven = Proof.SEALED in proofs or proofs == [Proof.HINT, Proof.HINT]
        # a side that said nothing yet will begin at its beginning where the other one did
        fresh = opening.opener is not None or Proof.CLIENT in proofs or Proof.SERVER in proofs
        decoder._ways = (decoder._way(opening, 0, fresh=fresh), decoder._way(opening, 1, fresh=fresh))
        return decoder

    @staticmethod
    def _way(opening: Opening, side: int, *, fresh: bool) -> Way:
        return Way(Phase.CLEAR if opening.began[side] or (fresh and not opening.sides[side]) else Phase.SCAN)

    def read(self, side: int, cursor: Cursor) -> list[Message]:
        way = self._ways[side]
        if way.phase is Phase.PAST:
            cursor.rest()
            return []
        if way.phase is Phase.SCAN:
            return self._scan(side, cursor)
        if way.left:
            data = cursor.pull(min(way.left, len(cursor)))
            way.left -= len(data)
            return self._handshake(side, data) if way.kind == rec.HANDSHAKE and not way.deaf else []
        if self._ssl2:
            cursor.rest()
            return self._past(side)
        if way.first and cursor.peek(1)[0] & 0x80:
            return self._ssl2_hello(side, cursor)
        return self._record(side, cursor)

    def gap(self, side: int, lost: int) -> None:
        way = self._ways[side]
        if way.phase is Phase.PAST:
            return
        way.lossy = True
        if way.phase is Phase.CLEAR and way.left and lost <= way.left:
            way.left -= lost
            if way.kind == rec.HANDSHAKE and not way.deaf:
                way.deaf = not way.assembler.skip(lost)
            return
        # where the next record begins is not known: look for it here, where it is known which mode byte came before
        way.phase, way.left = Phase.SCAN, 0

    def content(self, side: int) -> bool:
        return self._ways[side].phase is not Phase.PAST

    # -- records

    def _record(self, side: int, cursor: Cursor) -> list[Message]:
        way = self._ways[side]
        head = cursor.peek(rec.HEADER)
        length = rec.record_length(head)
        kind = head[0]
        if not length or (way.first and not way.lossy and kind not in (rec.HANDSHAKE, rec.ALERT)):
            raise DecodeError("not a TLS record")
        if kind == rec.ALERT and length == 2 and not way.changed:
            alert = cursor.peek(rec.HEADER + 2)
            messages = [self._alert(alert[5], alert[6])]
            cursor.skip(rec.HEADER + 2)
            way.first = False
            return messages
        if kind == rec.CHANGE_CIPHER_SPEC and length != 1:
            raise DecodeError("not a TLS record")
        cursor.skip(rec.HEADER)
        way.left, way.kind, way.first = length, kind, False
        if way.deaf:  # most stacks begin a record with a message: listen again
            way.deaf = False
            way.assembler = hs.Assembler()
            way.assembler.begun = True
        if kind == rec.HANDSHAKE and not way.changed:
            return []
        if kind == rec.CHANGE_CIPHER_SPEC:
            if self._server is not None and self._server.retry and side == self._server_side:
                return []  # for middleboxes, right after a HelloRetryRequest: the ServerHello is still to come
            way.changed = True
        way.kind = rec.APPLICATION_DATA  # a Finished, say: sealed, whatever the header calls it
        return self._sealed(side)

    def _sealed(self, side: int) -> list[Message]:
        """A record begins that only the peer can read; past, if the other side is known to have agreed."""
        way = self._ways[side]
        way.sealed += 1
        early = self._client is not None and self._client.early_data
        # a client seen alone changes its cipher only after the ServerHello, unless it sends early data
        if not self._proven and (early or way.sealed < 2 or side == self._server_side):
            return []
        messages = []
        server = self._server
        if (server is not None and side == self._server_side and way.changed and not self._done and not way.lossy
                and server.version < 0x0304 and not self._certified):
            messages.append(self._flight(resumed=True))
        return messages + self._past(side)

    def _past(self, side: int) -> list[Message]:
        self._ways[side].phase = Phase.PAST
        self._ways[side].assembler = hs.Assembler()  # what waits in the old one is of no use
        return [words.records(self.mode)]

    def _scan(self, side: int, cursor: Cursor) -> list[Message]:
        way = self._ways[side]
        data = cursor.peek(len(cursor))
        wanted = rec.HEADER + (4 if data[0] == rec.HANDSHAKE else 0)
        if len(data) < wanted:
            raise NeedMoreData(wanted - len(data))
        if may_be_clear(data, lossy=way.lossy):
            way.phase = Phase.CLEAR
            if way.lossy:
                way.assembler = hs.Assembler()
                way.assembler.begun = True
                way.first = False
            return self.read(side, cursor)
        count = rec.headers_in_a_row(data)
        if count >= 2 or (count and self._proven) or rec.find_records(data) >= 0:
            self._proven = True
            cursor.rest()
            return self._past(side)
        if len(data) >= rec.WINDOW:
            raise DecodeError("no TLS record found")
        raise NeedMoreData

    # -- messages

    def _handshake(self, side: int, data: bytes) -> list[Message]:
        way = self._ways[side]
        messages: list[Message] = []
        try:
            for kind, body in way.assembler.feed(data):
                messages += self._said(side, kind, body)
        except DecodeError:
            if not way.lossy:
                raise
            way.deaf = True  # the middle of a message whose beginning was not captured
        return messages

    def _said(self, side: int, kind: int, body: bytes) -> list[Message]:
        if kind == hs.CLIENT_HELLO:
            return self._client_hello(side, hs.client_hello(body))
        if kind == hs.SERVER_HELLO:
            return self._server_hello(side, hs.server_hello(body))
        if kind == hs.CERTIFICATE:
            return [self._certificate(side, body)]
        if kind == hs.CERTIFICATE_REQUEST:
            self._requested = True
            return [words.certificate_request(self.mode)]
        if kind == hs.SERVER_HELLO_DONE and side == self._server_side and not self._done:
            self._done = True
            return [] if self._ways[side].lossy else [self._flight(resumed=False)]
        return []

    def _ssl2_hello(self, side: int, cursor: Cursor) -> list[Message]:
        hello = hs.ssl2_hello(cursor)
        self._ways[side].first = False
        self._ways[side].assembler.begun = True  # what follows are records as of SSL 3.0, if the server agrees
        if isinstance(hello, hs.ClientHello):
            return self._client_hello(side, hello)
        messages = self._server_hello(side, hello)
        if hello.certificate:
            messages.append(self._certificate(side, hello.certificate))
        self._ssl2 = True  # its records have other headers: sealed from here on
        return messages

    def _client_hello(self, side: int, hello: hs.ClientHello) -> list[Message]:
        if side == self._server_side:
            raise DecodeError("ClientHello of the server")
        if self.originator is None:
            self.originator = side
        again, self._client = self._client is not None, hello
        if again:  # after a HelloRetryRequest it says the same once more
            return []
        detail = {
            "versions": [hs.version_name(version) for version in hello.versions[:SHOWN]],
            "suites": [suite_name(suite) for suite in hello.suites[:SHOWN]],
            "session_ticket_or_psk": bool(hello.session_id or hello.psk),
            "early_data": hello.early_data,
        }
        return [words.client_hello(self.mode, max(hello.versions), hello.sni, hello.alpn, detail)]

    def _server_hello(self, side: int, hello: hs.ServerHello) -> list[Message]:
        if self._client is not None and side == self.originator:
            raise DecodeError("ServerHello of the client")
        self._proven = True
        self.originator, self._server_side = 1 - side, side
        again = self._server is not None and not self._server.retry
        self._server = hello
        if hello.retry or again:
            return []
        resumed: bool | None
        if hello.version >= 0x0304:
            resumed = hello.psk
        elif hello.version == 2:
            resumed = hello.session_hit
        elif self._client is None:
            resumed = None  # what the client asked for was not seen
        else:
            resumed = bool(hello.session_id) and hello.session_id == self._client.session_id
        detail: dict[str, object] | None = {"alpn": printable(hello.alpn, 32)} if hello.alpn else None
        return [words.server_hello(self.mode, hello.version, hello.suite, resumed=resumed, detail=detail)]

    def _certificate(self, side: int, der: bytes) -> Message:
        if side == self._server_side:
            self._certified = True
        return words.certificate(self.mode, der)

    def _flight(self, *, resumed: bool) -> Message:
        """All that a server of TLS 1.2 or older says in the clear was seen."""
        self._done = True
        assert self._server is not None
        return words.flight(self.mode, self._server.version, resumed=resumed,
                            requested=None if resumed else self._requested)

    def _alert(self, level: int, description: int) -> Message:
        name = hs.ALERTS.get(description)
        if level not in (1, 2) or name is None:
            raise DecodeError("not a TLS alert")
        text = "fatal" if level == 2 else "warning"
        fields = (("description", name), ("level", text))
        return Message(self.protocol, "alert", Protection.ENCRYPTED, f"{text} alert {name}", fields)
