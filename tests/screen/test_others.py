"""What others say, understood by the screen: the same facts as where every byte goes through the decoders."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consul_sniff.decoders import stream_decoders
from consul_sniff.decoders.base import Opening
from consul_sniff.decoders.identify import identify
from consul_sniff.decoders.session import Session
from consul_sniff.rows import unrolled
from consul_sniff.screen import Screen

from .drive import Run, dialect, record

if TYPE_CHECKING:
    import random

    from consul_sniff.facts import Facts

Said = list[tuple[int, bytes]]  # (side, bytes) in turn
FIN, SYN, ACK = 1, 2, 16


def datagram(side: int, data: bytes, port: int = 53) -> bytes:
    ports = (40_000, port) if side == 0 else (port, 40_000)
    return _ip(side, 17, struct.pack(">HHHH", *ports, 8 + len(data), 0) + data)


def segment(side: int, at: int, data: bytes = b"", flags: int = ACK, port: int = 80) -> bytes:
    ports = (40_000, port) if side == 0 else (port, 40_000)
    return _ip(side, 6, struct.pack(">HHIIBBHHH", *ports, 1000 + at, 0, 5 << 4, flags, 0, 0, 0) + data)


def _ip(side: int, protocol: int, data: bytes) -> bytes:
    ends = (b"\x0a\0\0\1", b"\x0a\0\0\2")
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), 0, 0, 64, protocol, 0) + ends[side] + ends[1 - side]
    return bytes(12) + b"\x08\0" + head + data


def stream(said: Said, size: int = 1460) -> list[bytes]:
    """The packets of a conversation, from its SYN on."""
    at = [1, 1]
    frames = [segment(0, 0, flags=SYN), segment(1, 0, flags=SYN | ACK)]
    for side, data in said:
        for begin in range(0, len(data), size):
            piece = data[begin:begin + size]
            frames.append(segment(side, at[side], piece))
            at[side] += len(piece)
    return frames


class Reading:
    """What a screen and a session make of packets, and how many payloads the session was handed."""

    def __init__(self, frames: list[bytes], *, understand: bool = True, kept: int = 1 << 16, close: bool = True) -> None:
        self.screen = Screen(understand=understand, quiet=True)
        self.session = Session(screen=self.screen)
        self.payloads = 0
        self.run = Run(self.screen)
        self.run.drain = self.drain  # type: ignore[method-assign]
        self.screen.open(0)
        self.run.feed(b"".join(record(one[:kept], 1 + number / 1000, wire=len(one)) for number, one in enumerate(frames)), dialect())
        if close:
            self.run.close()
            self.screen.tell()
            self.session.facts.add_up(self.screen.rows(), self.screen.crowd)
            self.session.facts = unrolled(self.session.facts)

    def drain(self) -> None:
        for payload in self.screen.payloads():
            self.payloads += 1
            self.session.take(payload, self.screen)
        for flow in self.screen.ended():
            self.session.end(flow)

    def said(self) -> list[tuple[int, str, str]]:
        return sorted((key.side, key.protocol, key.kind) for key in self.session.facts.sightings)


def told(facts: Facts) -> dict[object, object]:
    """Facts as they can be compared."""
    shown: dict[object, object] = {"notes": facts.notes, "reasons": facts.reasons}
    for name in ("sightings", "exposures", "claims"):
        for key, tally in getattr(facts, name).items():
            shown[name, key] = (tally.count, tally.first, tally.last, tally.evidence)
    for key, one in facts.conversations.items():
        shown[key] = [getattr(one, slot) for slot in one.__slots__]
    return shown


def same(frames: list[bytes], **options: int) -> Reading:
    """Read with and without understanding; the facts must be equal."""
    one, other = Reading(frames, **options), Reading(frames, understand=False, **options)
    assert told(one.session.facts) == told(other.session.facts)
    return one


# --- HTTP ----------------------------------------------------------------------------------------------------------


def get(path: str = "/index", method: str = "GET", headers: str = "", body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: a.example\r\n{headers}{length}\r\n".encode() + body


def ok(body: bytes = b"x" * 40, status: int = 200, headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} Fine\r\nServer: s\r\n{headers}Content-Length: {size}\r\n\r\n".encode() + body


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body[:-2] + trailer + b"\r\n"


def test_http_of_others_is_not_handed_on() -> None:
    read = same(stream([(0, get()), (1, ok(bytes(9000))), (0, get("/b", "POST", body=b"1234")), (1, ok(status=404)),
                        (0, get("/c", "HEAD")), (1, ok(b"", length=99)), (0, get("/d")), (1, chunked(b"abc", bytes(5000))),
                        (0, get("/e")), (1, b"HTTP/1.0 200 OK\r\n\r\nuntil the end")]))
    assert read.payloads == 0
    assert read.said() == [(0, "http", "request")] * 3 + [(1, "http", "response")] * 2


def test_when_there_is_no_room_to_count_another_thing_the_decoder_goes_on_from_there() -> None:
    read = same(stream([said for number in range(70) for said in ((0, get()), (1, ok(status=400 + number)))]))
    assert 0 < read.payloads < 20
    assert sum(tally.count for key, tally in read.session.facts.sightings.items() if key.kind == "response") == 70


@pytest.mark.parametrize("request_", [
    get("/v1/kv/a"), get("/config_dump"), get("/stats/"), get(headers="X-Consul-Token: a\r\n"), get(headers="x-vault-token: b\r\n"),
    get(headers="User-Agent: kube-probe/1.2\r\n"), get(headers="Upgrade: h2c\r\n"), get(method="CONNECT"), get("http://a/b"),
    get(headers="A: b\r\n c: d\r\n"),
])
def test_what_may_be_of_somebody_goes_to_the_decoder_in_the_middle_of_a_connection_too(request_: bytes) -> None:
    assert same(stream([(0, request_), (1, ok())])).payloads == 2
    assert same(stream([(0, get()), (1, ok(bytes(3000))), (0, request_), (1, ok(headers="X-Consul-Index: 1\r\n"))])).payloads == 2


PIECES = [get(), get("/b", "POST", body=b"12345"), get("/v1/kv/a"), get("/", "HEAD"), get(method="PURGE"), get(headers="Expect: 100-continue\r\n"),
          get("/p", headers="User-Agent: kube-probe/1\r\n"), b"\r\n" + get(), b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
          b"nonsense of no protocol\r\n\r\n"]
ANSWERS = [ok(), ok(b"", status=304, length=40), ok(b"z" * 300, status=304), ok(status=100), ok(status=404, headers="X-Consul-Index: 1\r\n"),
           ok(b"", status=204), chunked(b"abc", b"d" * 400), chunked(b"a", trailer=b"T: 1\r\n"), b"HTTP/1.1 200\r\nA: b\r\n\r\n",
           b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ok(headers="Content-Length: 3\r\n"),
           b"\0\1\2\3" * 9, b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES).map(lambda data: (0, data)), st.sampled_from(ANSWERS).map(lambda data: (1, data))),
                max_size=12), st.sampled_from([7, 40, 300, 1460]), st.randoms(use_true_random=False))
def test_any_http_gives_the_same_facts(said: Said, size: int, rng: random.Random) -> None:
    same(disturbed(stream(said, size), rng), kept=rng.choice([1 << 16, 1 << 16, 90]))


def disturbed(frames: list[bytes], rng: random.Random) -> list[bytes]:
    """Some lost, some twice, some swapped; often none."""
    if rng.random() < 0.5:
        return frames
    kept = [one for one in frames for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 1, 1, 2]))]
    for place in range(len(kept) - 1):
        if rng.random() < 0.1:
            kept[place], kept[place + 1] = kept[place + 1], kept[place]
    return kept


# --- TLS -----------------------------------------------------------------------------------------------------------


def rec(kind: int, data: bytes) -> bytes:
    return struct.pack(">BHH", kind, 0x0303, len(data)) + data


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def vector(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">HH", kind, len(data)) + data


def client_hello(*, session: bytes = b"s" * 32, more: bytes = b"", name: bytes = b"a.example") -> bytes:
    extensions = extension(0, vector(b"\0" + vector(name, 2), 2)) + extension(16, vector(b"\x02h2", 2)) + more
    return message(1, b"\3\3" + bytes(range(32)) + vector(session, 1) + vector(b"\x13\1\xc0\x2f", 2) + b"\1\0" + vector(extensions, 2))


def server_hello(*, session: bytes = b"", newest: bool = False, more: bytes = b"", random_: bytes = bytes(range(32))) -> bytes:
    extensions = (extension(43, b"\3\4") if newest else b"") + more
    return message(2, b"\3\3" + random_ + vector(session, 1) + b"\xc0\x2f\0" + (vector(extensions, 2) if extensions else b""))


@cache
def leaf() -> bytes:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key, who = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    begin = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    return (x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(7)
            .not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=9)).sign(key, None).public_bytes(Encoding.DER))


SEALED, CHANGE = rec(23, b"\x99" * 60), rec(20, b"\1")
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def certificate(der: bytes | None = None) -> bytes:
    return message(11, vector(vector(leaf() if der is None else der, 3) + vector(b"ca" * 200, 3), 3))


def full(*, requested: bool = False) -> Said:
    flight = server_hello() + certificate() + message(12, b"k" * 90) + (message(13, b"\1\1\0\0") if requested else b"") + message(14, b"")
    ours = (certificate() if requested else b"") + message(16, b"e" * 33)
    return [(0, rec(22, client_hello())), (1, rec(22, flight)), (0, rec(22, ours) + CHANGE + rec(22, b"\x77" * 40)),
            (1, CHANGE + rec(22, b"\x77" * 40)), (0, SEALED), (1, SEALED * 50)]


NEWEST: Said = [(0, rec(22, client_hello(more=extension(43, b"\4\3\4\x3a\x3a")))), (1, rec(22, server_hello(newest=True)) + CHANGE + SEALED * 4),
                (0, CHANGE + SEALED), (1, SEALED * 9)]
RESUMED: Said = [(0, rec(22, client_hello())), (1, rec(22, server_hello(session=b"s" * 32)) + CHANGE + rec(22, b"\x77" * 40)),
                 (0, CHANGE + rec(22, b"\x77" * 40)), (0, SEALED)]


@pytest.mark.parametrize(("said", "kinds"), [
    (full(), 6), (full(requested=True), 8), (NEWEST, 4), (RESUMED, 5),
])
def test_tls_is_not_handed_on(said: Said, kinds: int) -> None:
    read = same(stream(said))
    assert read.payloads == 0
    assert len(read.said()) == kinds
    assert {protocol for _, protocol, _ in read.said()} == {"tls"}


def test_a_handshake_that_is_not_over_is_decoded_when_the_flow_ends_and_seen_while_it_is_live() -> None:
    assert same(stream(NEWEST[:1])).said() == [(0, "tls", "client-hello")]
    live = Reading(stream(NEWEST[:1]), close=False)
    assert [key.kind for key in unrolled(live.session.snapshot(live.screen.live(), live.screen)).sightings] == ["client-hello"]


STEPS = [rec(22, client_hello()), rec(22, client_hello(name=b"")), rec(22, client_hello(session=b"")), rec(22, server_hello()),
         rec(22, server_hello(newest=True)), rec(22, server_hello(newest=True, more=extension(41, b"\0\0"))),
         rec(22, server_hello(random_=RETRY)), rec(22, certificate()), rec(22, certificate(b"")), rec(22, certificate(b"\x30\x82junk")),
         rec(22, message(14, b"")), rec(22, message(13, b"\1\1\0\0")), rec(22, message(12, b"k" * 2000)), rec(22, message(16, b"e")),
         rec(22, message(99, b"e")), rec(22, message(0, b"")), CHANGE, SEALED, rec(21, b"\2\x28"), rec(21, b"\x55" * 26), rec(22, b"\x77" * 40),
         rec(20, b"\1\1"), b"GET / HTTP/1.1\r\n\r\n", rec(22, certificate())[:70], rec(22, certificate())[70:], rec(24, b"a")]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([[], NEWEST, full(), full(requested=True), RESUMED]), st.integers(0, 6),
       st.lists(st.tuples(st.integers(0, 1), st.sampled_from(STEPS)), max_size=8), st.sampled_from([9, 60, 400, 1460, 9000]),
       st.randoms(use_true_random=False))
def test_any_tls_gives_the_same_facts(begun: Said, kept: int, more: Said, size: int, rng: random.Random) -> None:
    said = [*begun[:kept], *more]
    if rng.random() < 0.3 and said:
        place = rng.randrange(len(said))
        side, data = said[place]
        at = rng.randrange(len(data))
        said[place] = side, data[:at] + bytes((rng.randrange(256),)) + data[at + 1:]
    same(disturbed(stream(said, size), rng), kept=rng.choice([1 << 16, 1 << 16, 90]))


# --- nobody's ------------------------------------------------------------------------------------------------------


def test_a_stream_of_no_protocol_that_we_read_is_not_handed_on() -> None:
    for first in (b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail.example ESMTP\r\n", b"EHLO\tclient.example..\r\n", b"*1\r\n$4\r\nPING\r\n*1\r\n"):
        read = same(stream([(0, first), (1, b"anything"), (0, first)]))
        assert (read.payloads, read.said()) == (0, [])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(min_size=16, max_size=60), st.text(st.characters(max_codepoint=126), min_size=16, max_size=60).map(str.encode)))
@example(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
@example(b"LIST-ALL-THE-THINGS-THERE ARE")
def test_what_is_called_foreign_no_decoder_would_claim(data: bytes) -> None:
    read = same(stream([(0, data)]))
    if not read.payloads:
        assert identify(Opening((data, b""), (True, False), 0), stream_decoders()) is False


# --- DNS -----------------------------------------------------------------------------------------------------------


def query(identity: int = 0x7777, name: bytes = b"\3www\7example\3org\0", kind: int = 1, flags: int = 0x0100) -> bytes:
    return struct.pack(">HHHHHH", identity, flags, 1, 0, 0, 0) + name + struct.pack(">HH", kind, 1)


def reply(count: int = 2, owner: bytes = b"\xc0\x0c", **more: int) -> bytes:
    asked = bytearray(query(flags=0x8180, **more))  # type: ignore[arg-type]
    asked[6:8] = count.to_bytes(2, "big")
    return bytes(asked) + (owner + struct.pack(">HHIH", 1, 1, 300, 4) + b"\1\2\3\4") * count


def test_dns_is_not_handed_on_up_to_the_last_that_is_read() -> None:
    frames = [datagram(side, query(identity=20_000 + n) if side == 0 else reply(identity=20_000 + n)) for n in range(70) for side in (0, 1)]
    read = same(frames)
    assert read.payloads == 0
    assert [tally.count for tally in read.session.facts.sightings.values()] == [64, 64]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.builds(query, st.integers(0, 65_535), st.sampled_from([b"\3www\7example\3org\0", b"\0", b"\6consul\0",
                                                        b"\1a\xc0\x0c", b"\x3f" + b"a" * 63 + b"\0", b"\1\xff\0"]), st.sampled_from([1, 28, 33, 999]),
                                                        st.sampled_from([0x0100, 0x8180, 0x8583, 0x2800, 0x0180])) | st.builds(
       reply, st.integers(0, 3), st.sampled_from([b"\xc0\x0c", b"\xc0\x10", b"\xc0\xff", b"\0", b"\2ab\xc0\x10", b"\xc0\x00"]),
       identity=st.integers(0, 65_535)) | st.binary(max_size=40)), max_size=90), st.randoms(use_true_random=False))
def test_any_datagrams_give_the_same_facts(said: Said, rng: random.Random) -> None:
    same([datagram(side, data + (b"x" if rng.random() < 0.05 else b"")) for side, data in said], kept=rng.choice([1 << 16, 1 << 16, 70]))
