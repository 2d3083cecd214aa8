"""gRPC: which service is called, the token in its metadata, and the messages framed in DATA frames.

gRPC over HTTP2 (grpc/grpc, doc/PROTOCOL-HTTP2.md): ``:path`` is /Service/Method; a message is a compressed-flag byte,
a 4-byte length, and so many bytes. Only Consul's own services are looked into: whatever else speaks gRPC (a mesh's own
traffic) is service "other".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..model import Message, Protection
from ..text import printable
from . import secrets, xds
from .http_body import Body, Finds

if TYPE_CHECKING:
    from ..model import Scalar

KINDS: Final = {"http2": ("mode",), "request": ("path", "service", "body_cut"), "response": ("service", "body_cut")}

_SERVICES: Final = (
    ("/envoy.service.", "xds"),
    ("/envoy.api.v2.", "xds"),
    ("/hashicorp.consul.dataplane.", "dataplane"),
    ("/hashicorp.consul.internal.peerstream.", "peering"),
    ("/hashicorp.consul.internal.peering.", "peering"),
    ("/hashicorp.consul.", "consul"),
    ("/subscribe.StateChangeSubscription/", "consul"),  # streaming between agents, inside the RPC port
)
_XDS: Final = re.compile(r"/envoy\.(?:service\.[a-z_]+|api)\.v[0-9][a-z0-9]*\.[A-Za-z]+(?:Discovery|Stats|Status)[A-Za-z]*Service/")
_PATH: Final = re.compile(r"/[A-Za-z0-9_.]{1,128}/[A-Za-z0-9_]{1,64}\Z")
_SNIFF: Final = re.compile(rb"type\.googleapis\.com/envoy\.(?:config|api|extensions|service)\.")
_PREFIX: Final = 5
_START: Final = 1_024  # bytes of a DATA frame that are kept until it is known what it carries


def service_of(path: bytes) -> str:
    """xds, dataplane, peering, consul or other, by a call's path."""
    text = path.decode("latin-1")
    for prefix, name in _SERVICES:
        if text.startswith(prefix):
            return name if name != "xds" or _XDS.match(text) else "other"
    return "other"


class _Messages:
    """The gRPC messages of one direction of a call, each streamed to a sink."""

    __slots__ = ("_body", "_encoding", "_head", "_keys", "_left", "_tail", "_whole", "call", "finds", "skip", "start")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.finds = Finds()
        self.skip = False  # out of step with the messages' borders: only private keys are looked for
        self._encoding = ""
        self._head = b""
        self._left = 0
        self._body: Body | None = None
        self.start = b""  # of a DATA frame, as long as nobody knows what it carries
        self._whole = False  # start is all that came of it
        self._tail = b""
        self._keys: secrets.PemScanner | None = None

    def encoding(self, name: str) -> None:
        self._encoding = name

    def feed(self, data: bytes) -> list[tuple[Finds, bool]]:
        """Take DATA; give the finds of each message that ended, and whether some of it was not searched."""
        found: list[tuple[Finds, bool]] = []
        position = 0
        while position < len(data) and not self.skip:
            if not self._left and self._body is None:
                position = self._begin(data, position)
                continue
            part = data[position:position + self._left]
            position += len(part)
            self._left -= len(part)
            if self._body is not None:
                self._body.feed(part)
            if not self._left:
                found.append(self.end())
        if position < len(data):
            found += self._loose(data[position:])
        return found

    def _loose(self, data: bytes) -> list[tuple[Finds, bool]]:
        """Private keys in bytes whose message is not known."""
        if self._keys is None:
            self._keys = secrets.PemScanner()
        finds = Finds()
        for key in self._keys.feed(data):
            finds.secret(secrets.private_key(key, "gRPC body", self.call.shown))
        return [(finds, False)] if finds else []

    def resume(self) -> None:
        """A message surely begins here."""
        self.skip = False
        self._head = b""
        self._left = 0
        self._body = None

    def _begin(self, data: bytes, position: int) -> int:
        part = data[position:position + _PREFIX - len(self._head)]
        self._head += part
        if len(self._head) < _PREFIX:
            return position + len(part)
        flag, self._left = self._head[0], int.from_bytes(self._head[1:], "big")
        self._head = b""
        if flag > 1:
            self.skip = True
        elif self._left:
            self.finds = Finds()
            sink = xds.XdsSink(self.finds, "gRPC body", self.call.shown)
            self._body = Body(sink, self._encoding if flag else "")
        return position + len(part)

    def gap(self) -> None:
        self.skip = True  # (a message that goes over a hole would be read from its middle)
        self._keys = None

    def end(self) -> tuple[Finds, bool]:
        """The message is over; so is what was found in it."""
        body, self._body = self._body, None
        finds, self.finds = self.finds, Finds()
        if body is not None:
            body.done()
        return finds, body is not None and (body.cut or body.sink.over)

    def unfinished(self) -> bool:
        return self._body is not None

    def sniff(self, data: bytes, *, first: bool) -> bool:
        """Say whether a call whose request was not captured carries xDS. ``start`` is then what to read, ``data`` with it."""
        window = self._tail + data
        self._tail = window[-64:]
        self.start = data if first or not self._whole else self.start + data
        self._whole = (first or self._whole) and len(self.start) <= _START
        return _SNIFF.search(window) is not None


class Call:
    """One stream: a request and what it is answered. ``path`` None: its request was not captured, or only in part."""

    def __init__(self, path: bytes | None, client: int | None) -> None:
        self.service = service_of(path) if path is not None else ""  # "": not known yet
        self.server: int | None = 1 - client if client is not None else None
        self.shown = ""
        if path is not None and self.service != "other":
            text = path.decode("latin-1")
            self.shown = text if _PATH.match(text) else ""
        self._sides = (_Messages(self), _Messages(self))
        self._closed = [False, False]

    @property
    def over(self) -> bool:
        return all(self._closed)

    def request(self, headers: dict[bytes, bytes]) -> list[Message]:
        side = 1 - self.server if self.server is not None else 0
        self._sides[side].encoding(headers.get(b"grpc-encoding", b"").decode("latin-1"))
        if not headers.get(b"content-type", b"application/grpc").startswith(b"application/grpc"):
            self.service, self.shown = "other", ""
        found = self._tokens(headers)
        if not self.service:
            if not found:
                return []  # whose request it is shows in its content, if at all
            self.service = "consul"
        fields: dict[str, Scalar] = {"path": self.shown, "service": self.service}
        return [_message("request", f"gRPC {self.service} {printable(self.shown, 200)}".rstrip(), fields, found)]

    def response(self, side: int, headers: dict[bytes, bytes]) -> list[Message]:
        if self.server is None:
            self.server = side
        self._sides[side].encoding(headers.get(b"grpc-encoding", b"").decode("latin-1"))
        if not self.service:
            return []
        return [_message("response", f"gRPC {self.service} response", {"service": self.service}, None)]

    def late(self, side: int, headers: dict[bytes, bytes]) -> list[Message]:
        """Headers without pseudo-headers: trailers, or a request of which only literals are known."""
        found = self._tokens(headers)
        if not found:
            return []
        self.service = self.service or "consul"
        self.server = 1 - side
        return [_message("request", "gRPC request with a Consul token", {"path": "", "service": self.service}, found)]

    def data(self, side: int, data: bytes, *, first: bool) -> list[Message]:
        """The next bytes of one side's messages; ``first``: a DATA frame begins with them."""
        if self.service == "other":
            return []
        messages = self._sides[side]
        told: list[Message] = []
        if not self.service:
            if not messages.sniff(data, first=first):
                return []
            self.service = "xds"
            self._sides[0].skip = self._sides[1].skip = True
            data, first = messages.start, True
            told = self._recognised(side, data)
        if first and self.service == "xds" and (messages.skip or self.server is None) and xds.begins_response(data):
            self.server = side
            if messages.skip:
                messages.resume()
        return told + self._told(side, messages.feed(data))

    def gap(self, side: int) -> None:
        self._sides[side].gap()

    def close(self, side: int) -> list[Message]:
        """This side says nothing more."""
        self._closed[side] = True
        messages = self._sides[side]
        if not messages.unfinished():
            return []
        finds, _ = messages.end()
        return self._told(side, [(finds, True)])

    def _recognised(self, side: int, data: bytes) -> list[Message]:
        """A call known by what it carries: xDS. A response holds resources, a request only their types."""
        if self.server is None:
            self.server = side if xds.begins_response(data) else None
        kind = "response" if self.server == side else "request"
        fields: dict[str, Scalar] = {"service": "xds"} if kind == "response" else {"path": "", "service": "xds"}
        return [_message(kind, f"gRPC xds {kind} (by its content)", fields, None)]

    def _told(self, side: int, found: list[tuple[Finds, bool]]) -> list[Message]:
        told = []
        for finds, cut in found:
            if not finds and not cut:
                continue
            kind = "response" if side == self.server else "request"
            fields: dict[str, Scalar] = {"service": self.service}
            if kind == "request":
                fields["path"] = self.shown
            if cut:
                fields["body_cut"] = True
            told.append(_message(kind, f"gRPC {self.service} message", fields, finds))
        return told

    def _tokens(self, headers: dict[bytes, bytes]) -> Finds:
        finds = Finds()
        token = headers.get(b"x-consul-token", b"")
        if token and not secrets.is_anonymous(token):
            finds.secret(secrets.token("acl-token", token, "gRPC metadata x-consul-token", self.shown))
        return finds


def _message(kind: str, summary: str, fields: dict[str, Scalar], finds: Finds | None) -> Message:
    return Message("grpc", kind, Protection.PLAINTEXT, summary, tuple(sorted(fields.items())), None,
                   tuple(finds.claims) if finds else (), tuple(finds.secrets) if finds else ())
