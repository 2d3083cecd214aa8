"""The borders of HTTP/1 messages, and requests paired with their responses."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Cursor
from consul_sniff.decoders.http1 import PENDING, Http1
from consul_sniff.errors import DecodeError, NeedMoreData

from .http_feed import CONSUL, PRINT, TOKEN, claims_of, drive, exchange, fields, opening, request, response, secrets_of

# grpc_remote-x1.pcap, the first flow's answers: 612 and 466 bytes of JSON without a line end between them (cut short here)
SERVICES = (b'{"db-sidecar-proxy":{"Kind":"connect-proxy","ID":"db-sidecar-proxy","Service":"db-sidecar-proxy","Tags":[],'
            b'"Meta":{},"Port":21000,"Address":"","Proxy":{"DestinationServiceName":"db","DestinationServiceID":"db",'
            b'"LocalServiceAddress":"127.0.0.1","LocalServicePort":5432,"MeshGateway":{},"Expose":{}},"Datacenter":"dc1"}}')
ASK = request("GET /v1/agent/services", f"X-Consul-Token: {TOKEN}", "Accept-Encoding: gzip")
ANSWER = response(200, SERVICES, *CONSUL)
KEEP_ALIVE = [(0, ASK), (1, ANSWER), (0, ASK), (1, ANSWER)]


def told(parts, size=1 << 20):
    return [(side, message.kind, fields(message).get("status")) for side, message in drive(Http1(), parts, size)]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
def test_keep_alive_in_pieces_of_any_size(size):
    messages = [message for _, message in drive(Http1(), KEEP_ALIVE, size)]
    assert [message.kind for message in messages] == ["request", "response"] * 2
    assert {secret.fingerprint for secret in secrets_of(messages)} == {PRINT}
    assert [claim.subject for claim in claims_of(messages)] == [("", 21000), ("", 5432)] * 2


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_pipelined(size):
    parts = [(0, ASK + request("GET /v1/kv/a", f"X-Consul-Token: {TOKEN}")), (1, ANSWER + response(404, b"", *CONSUL))]
    messages = [message for _, message in drive(Http1(), parts, size)]
    assert [(fields(m).get("status"), fields(m)["route"]) for m in messages] == [
        (None, "/v1/agent/services"), (None, "/v1/kv/*"), (200, "/v1/agent/services"), (404, "/v1/kv/*")]


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_chunks(size, packed):
    body = gzip.compress(SERVICES) if packed else SERVICES
    chunks = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(body[at:at + 50]), body[at:at + 50]) for at in range(0, len(body), 50))
    head = b"HTTP/1.1 200 OK\r\nX-Consul-Index: 4\r\nTransfer-Encoding: chunked\r\n"
    head += b"Content-Encoding: gzip\r\n\r\n" if packed else b"\r\n"
    parts = [(0, ASK), (1, head + chunks + b"0\r\nTrailer: x\r\n\r\n" + ANSWER)]
    messages = [message for _, message in drive(Http1(), parts, size)]
    assert [fields(m).get("status") for m in messages] == [None, 200, 200]
    assert claims_of(messages[1:2]) == claims_of(exchange(ASK, ANSWER))
    assert "body_cut" not in fields(messages[1])


def test_until_the_end_is_told_by_its_own_side():
    head = b"HTTP/1.0 200 OK\r\nX-Consul-Index: 4\r\n\r\n"
    assert told([(0, ASK), (1, head + SERVICES)]) == [(0, "request", None), (1, "response", 200)]


def test_a_body_that_the_capture_cut_says_so():
    messages = [m for _, m in drive(Http1(), [(0, ASK), (1, ANSWER[:-10])])]
    assert fields(messages[1])["body_cut"] is True
    assert fields(messages[1])["acl_policy"] == "deny"


def test_interim_head_and_empty_answers():
    put = request("PUT /v1/kv/a", "Expect: 100-continue", f"X-Consul-Token: {TOKEN}", body=b"v")
    parts = [(0, put), (1, b"HTTP/1.1 100 Continue\r\n\r\n" + response(200, b"true", *CONSUL)),
             (0, request("HEAD /v1/kv/a")), (1, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
             (0, ASK), (1, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), (0, ASK), (1, ANSWER)]
    assert [status for _, kind, status in told(parts) if kind == "response"] == [200, 200, 304, 200]


def test_head_answer_without_its_request():
    parts = [(1, b"HTTP/1.1 200 OK\r\nX-Consul-Index: 3\r\nContent-Length: 500\r\n\r\n"), (1, ANSWER)]
    assert [status for *_, status in told(parts)] == [200, 200]


@pytest.mark.parametrize("size", [1, 64, 1 << 20])
def test_begun_inside_a_body(size):
    decoder = Http1.begin(opening(b"", SERVICES[20:], began=(False, False)))
    messages = [m for _, m in drive(decoder, [(1, SERVICES[20:] * 9 + ANSWER), (0, ASK), (1, ANSWER)], size)]
    assert [m.kind for m in messages] == ["response", "request", "response"]


def test_only_the_servers_side():
    messages = [m for _, m in drive(Http1(), [(1, ANSWER)])]
    assert fields(messages[0])["api"] == "consul"
    assert fields(messages[0])["acl_policy"] == "deny"


def test_a_gap_inside_a_known_length_keeps_the_framing():
    decoder = Http1()
    first = [m for _, m in drive_open(decoder, [(0, ASK), (1, ANSWER[:-100])])]
    decoder.gap(1, 60)
    rest = [m for _, m in drive(decoder, [(1, ANSWER[-40:]), (0, ASK), (1, ANSWER)])]
    assert [m.kind for m in first + rest] == ["request", "response", "request", "response"]
    assert fields(rest[0])["body_cut"] is True
    assert "body_cut" not in fields(rest[2])


def test_a_gap_to_the_very_end_of_a_body():
    decoder = Http1()
    drive_open(decoder, [(0, ASK), (1, ANSWER[:-100])])
    decoder.gap(1, 100)
    assert [fields(m).get("status") for _, m in drive(decoder, [(0, ASK), (1, ANSWER)])] == [200, None, 200]


@pytest.mark.parametrize("lost", [150, 4000])
def test_a_gap_over_a_head_looks_for_the_next(lost):
    decoder = Http1()
    drive_open(decoder, [(0, ASK), (1, ANSWER[:-100])])
    decoder.gap(1, lost)
    kv = request("GET /v1/kv/a", f"X-Consul-Token: {TOKEN}")
    messages = [m for _, m in drive(decoder, [(0, ASK), (0, kv), (1, b'half a body"}]' + response(404, b"", *CONSUL))])]
    assert (fields(messages[-1])["status"], fields(messages[-1])["route"]) == (404, "/v1/kv/*")


def test_h2c_goes_on_as_http2():
    ask = request("GET /", "Connection: Upgrade", "Upgrade: h2c")
    parts = [(0, ask), (1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + bytes.fromhex("000000040000000000")),
             (0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    assert [m.kind for _, m in drive(Http1(), parts)] == ["request", "response", "http2"]


def test_websockets_and_tunnels_are_left_alone():
    for ask, answer in ((request("GET /ws", "Upgrade: websocket"), b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n"),
                        (request("CONNECT a:443"), b"HTTP/1.1 200 Go\r\n\r\n")):
        decoder = Http1()
        drive_open(decoder, [(0, ask), (1, answer), (1, b"\x81\x05hello"), (0, b"\x16\x03\x01")])
        assert not decoder.content(0)
        assert not decoder.content(1)


def test_an_endless_body_of_nobody_is_not_asked_for():
    decoder = Http1()
    drive_open(decoder, [(0, request("GET /big")), (1, b"HTTP/1.1 200 OK\r\n\r\nxxxx")])
    assert decoder.content(0)
    assert not decoder.content(1)


def test_requests_without_answers_are_bounded():
    decoder = Http1()
    drive_open(decoder, [(0, request("GET /") * (PENDING + 50))])
    assert len(decoder._pending) == PENDING


@pytest.mark.parametrize("wrong", [
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 19 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"e" * 2000,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200,
    ANSWER + b"junk after a response\r\n", ANSWER + ASK,
])
def test_out_of_step(wrong):
    with pytest.raises(DecodeError):
        drive(Http1(), [(0, ASK), (1, wrong)])


@pytest.mark.parametrize(("sides", "began", "answer"), [
    ((ASK, b""), (True, True), True), ((b"", ANSWER), (True, True), True), ((ASK, ANSWER), (True, True), True),
    ((b"GE", b""), (True, True), None), ((b"", b""), (True, True), None),
    ((b"\x04\x00\x01", b""), (True, True), False), ((b"\x08", ANSWER), (True, True), False),
    ((b"PRI * HTTP/2.0\r\n\r\n", b""), (True, True), False), ((b"SIP/2.0 200 OK\r\n", b""), (True, True), False),
    ((SERVICES, b""), (False, False), False), ((SERVICES * 200, b""), (False, False), False),
    ((SERVICES + ANSWER, b""), (False, False), True), ((b"\x00\x01\x02", b""), (False, False), False),
    ((b"\x00\x01\x02", ASK), (False, False), True),
])
def test_claims(sides, began, answer):
    assert Http1.claims(opening(*sides, began=began)) is answer


@given(st.lists(st.tuples(st.integers(0, 1), st.one_of(
    st.binary(max_size=60), st.sampled_from([ASK, ANSWER, ANSWER[:80], b"\r\n", b"0\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n",
                                             b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"]))), max_size=12),
       st.booleans(), st.integers(0, 9))
def test_only_the_two_errors_leave(parts, began, lost):
    decoder = Http1.begin(opening(began=(began, began)))
    try:
        drive_open(decoder, parts[:6])
        decoder.gap(1, lost)
        drive(decoder, parts[6:])
    except DecodeError:
        pass
    assert not any(TOKEN in m.summary or TOKEN in repr(m.detail) for m in decoder._ready)


def drive_open(decoder, parts):
    """As ``drive``, but the flow goes on."""
    out = []
    for side, data in parts:
        cursor = Cursor(data)
        while len(cursor):
            before = cursor.position
            try:
                out += [(side, message) for message in decoder.read(side, cursor)]
            except NeedMoreData:
                cursor.position = before
                break
    return out


CUT = b"GET /v1/kv/a?token=" + TOKEN.encode() + b" HTTP/1.1\r\nHost: 10.0.0.1:8500\r\nX-Consul-Token: 7e3c1b52-0c"


@pytest.mark.parametrize(("began", "junk"), [(True, b""), (False, b""), (False, b"rest of a body\r\n\r\n")])
def test_a_request_that_the_snap_length_cut_is_told_by_what_is_whole_of_it(began, junk):
    decoder = Http1((began, began))
    cursor = Cursor(junk + CUT)
    if junk:
        decoder.read(0, cursor)
    with pytest.raises(NeedMoreData):
        decoder.read(0, cursor)
    found = decoder.cut(0, cursor.rest())
    assert [fields(message)["route"] for message in found] == ["/v1/kv/*"]
    assert [secret.fingerprint for message in found for secret in message.secrets] == [PRINT]  # none of the half one
    assert decoder.originator == 0
    decoder.gap(0, 100)
    assert "consul" in str(decoder.read(1, Cursor(b"HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nContent-Length: 0\r\n\r\n")))


@pytest.mark.parametrize("data", [b"GET /v1/kv/a HTTP/1.", b"GET / HTTP/1.1\r\nHost: a", b"GET /v1/agent/self HTTP/1.1\r\nHo",
                                  b"HTTP/1.1 200 OK\r\nContent-Type: text", b"noise"])
def test_what_a_cut_head_leaves_open_is_not_told(data):
    assert Http1().cut(0, data) == []
