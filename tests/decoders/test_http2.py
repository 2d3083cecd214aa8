"""HTTP/2 connections: from the preface, mid-stream, inside the RPC port, out of step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.decoders.http2 import Http2
from consul_sniff.errors import DecodeError

from .http_feed import PRINT, TOKEN, claims_of, drive, fields, opening, secrets_of

# grpc_remote-x1.pcap: frame 20 whole, and what its agent answered up to frame 92
CLIENT = bytes.fromhex(
    "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a00001e0400000000000002000000000001000010000008000000000003000004"
    "00000401000000000004080000000000017f00010000ad0104000000018304b960b5773fa5d05b3b98855e432087ee5b3d2fdd95e19a6b0b"
    "30d2592f99043f72d9eb716cee62158be5a1238669ac2cc34964da541edb08547f4188a0e41d110e62d49f8640027465864d833505b11f5f"
    "8b1d75d0620d263d4c4d6564408af2b10f522da1649fa96a9a74ac9031b6258046cab35234cacf8d97960cac8db09238dc187f408cf2b16a"
    "ee7f4b1aa496ca8747834d9697408bf2b4a7b3c0ec90b22d29ec87081775d5c0b899")
SERVER = bytes.fromhex(
    "00000c0400000000000005000040000003000008000000000401000000000000040800000000000000400000000806000000000002041010"
    "090e070700000408000000000000004000000004080000000000000040000000040800000000010000400000000408000000000100004000"
    "000004080000000001000040000000040800000000000000de3500000604000000000000040001de3400000e010400000001885f8b1d75d0"
    "620d263d4c4d656400010400000000000100000000ff12bd010a403330656262366532383635353830643235623336613264313237366538"
    "3666313330353638666531326438396564386365333030323830393265666333356265126e0a33747970652e676f6f676c65617069732e63"
    "6f6d2f656e766f792e636f6e6669672e636c75737465722e76332e436c757374657212370a096c6f63616c5f617070220208058a02230a09"
    "6c6f63616c5f617070121612140a120a100a0e12093132372e302e302e3118b82a10001a096c6f63616c5f6170702233747970652e676f6f"
    "676c65617069732e636f6d2f656e766f792e636f6e6669672e636c75737465722e76332e436c75737465722a083030303030303031")
PARTS = [(0, CLIENT), (1, SERVER)]
PATH = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
DATA_AT = SERVER.index(b"\x00\x01\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\xff")


def frame(kind, payload=b"", flags=0, stream=1):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def told(parts, size=1 << 20, decoder=None):
    return [(side, m.kind) for side, m in drive(decoder or Http2(), parts, size)]


@pytest.mark.parametrize("size", [1, 3, 100, 1 << 20])
@pytest.mark.parametrize("parts", [PARTS, PARTS[::-1]])
def test_a_real_connection_in_any_order(parts, size):
    messages = [m for _, m in drive(Http2(), parts, size)]
    by_kind = {m.kind: fields(m) for m in messages}
    assert by_kind["http2"] == {"mode": None}
    assert {s.fingerprint for s in secrets_of(messages)} == {PRINT}
    assert [(c.kind, c.subject) for c in claims_of(messages)] == [("service", ("", 5432))]
    assert all(m.protocol == "grpc" and TOKEN not in repr(m) for m in messages)


def test_what_is_said_by_whom():
    assert told(PARTS) == [(0, "http2"), (0, "request"), (1, "response"), (1, "response")]
    messages = [m for _, m in drive(Http2(), PARTS)]
    assert fields(messages[1]) == {"path": PATH, "service": "xds"}
    assert fields(messages[2]) == {"service": "xds"}


def test_inside_the_rpc_port():  # rexec-c1.pcap, flow 2, behind the mode byte
    client = bytes.fromhex("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a000000040000000000000000040100000000")
    messages = [m for _, m in drive(Http2("8"), [(0, client), (1, SERVER[:30])])]
    assert [(m.kind, fields(m)) for m in messages] == [("http2", {"mode": "8"})]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_mid_stream_xds_is_known_by_its_content(size):
    decoder = Http2.begin(opening(b"", SERVER[DATA_AT:], began=(False, False)))
    control = bytes.fromhex("00000806000000000002041010090e0707")
    messages = [m for _, m in drive(decoder, [(1, control * 3 + SERVER[DATA_AT:] + control)], size)]
    assert [(m.kind, fields(m)) for m in messages[:2]] == [("http2", {"mode": None}), ("response", {"service": "xds"})]
    assert decoder.originator == 0
    assert [c.subject for c in claims_of(messages)] == [("", 5432)]


def test_mid_stream_a_side_that_begins_with_a_frame_is_read_from_there():
    decoder = Http2.begin(opening(SERVER[DATA_AT:], SERVER[:60], began=(False, False)))
    messages = [m for _, m in drive(decoder, [(0, SERVER[DATA_AT:])])]
    assert [c.subject for c in claims_of(messages)] == [("", 5432)]


def test_mid_stream_a_literal_token_is_still_seen():
    block = b"\x83" + b"\xc5" + b"\x00\x0ex-consul-token\x24" + TOKEN.encode()  # 0xc5: an index of the lost past
    decoder = Http2(None, (False, False))
    control = frame(8, b"\x00\x00\x40\x00", stream=0)
    messages = [m for _, m in drive(decoder, [(0, b"junk" + control * 3 + frame(1, block, 4))])]
    assert secrets_of(messages)[0].fingerprint == PRINT
    assert fields(messages[-1]) == {"path": "", "service": "consul"}
    assert decoder.originator == 0


@pytest.mark.parametrize(("sides", "began", "answer"), [
    ((CLIENT, b""), (True, True), True), ((b"", SERVER), (True, True), True), ((CLIENT[:10], b""), (True, True), None),
    ((b"", SERVER[:15]), (True, True), None), ((b"", b""), (True, True), None), ((b"\x08" + CLIENT, b""), (True, True), False),
    ((b"\x08", SERVER), (True, True), False), ((b"GET / HTTP/1.1\r\n", b""), (True, True), False),
    ((b"", bytes.fromhex("000100020000000100000000")), (True, True), False),
    ((b"", SERVER[60:]), (False, False), True), ((b"", SERVER[DATA_AT:]), (False, False), False),
    ((b"\x00" * 40, b""), (False, False), False), ((b"text", b""), (False, False), False),
    ((b"\x16\x03\x03" * 30, b""), (False, False), False),
])
def test_claims(sides, began, answer):
    assert Http2.claims(opening(*sides, began=began)) is answer


def test_padding_priority_and_continuation():
    block = CLIENT[85:]
    padded = b"\x03" + b"\x00\x00\x00\x00\x10" + block[:40] + b"\x00" * 3
    client = CLIENT[:76] + frame(1, padded, 0x28) + frame(9, block[40:90]) + frame(9, block[90:], 4)
    server = SERVER[:DATA_AT] + frame(0, b"\x04" + SERVER[DATA_AT + 9:] + bytes(4), 8)
    messages = [m for _, m in drive(Http2(), [(0, client), (1, server)], 7)]
    assert fields(messages[1]) == {"path": PATH, "service": "xds"}
    assert [c.subject for c in claims_of(messages)] == [("", 5432)]


@pytest.mark.parametrize("wrong", [
    frame(9, b"x"), frame(1, b"\x83") + frame(0, b"x"), frame(1, b"\x09ab", 0x0C), frame(1, b"ab", 0x24), frame(0, b"\x05abc", 8),
    frame(1, b"\x83") + frame(9, b"\x83") * (limits.CONTINUATIONS + 1), frame(1, b"\x83" * (limits.HEADER_BYTES + 1), 4),
    frame(1, b"\x83" * 40_000) + frame(9, b"\x83" * 40_000, 4), frame(1, b"\x80", 4), b"GET / HTTP/1.1\r\n",
])
def test_out_of_step(wrong):
    with pytest.raises(DecodeError):
        drive(Http2(), [(0, CLIENT[:76] + wrong)])


def test_a_gap_inside_data_keeps_the_frames():
    decoder = Http2()
    drive_only(decoder, 0, CLIENT)
    drive_only(decoder, 1, SERVER[:DATA_AT + 50])
    decoder.gap(1, len(SERVER) - DATA_AT - 50)
    more = frame(0, SERVER[DATA_AT + 9:])
    messages = [m for _, m in drive(decoder, [(1, more)])]
    assert [c.subject for c in claims_of(messages)] == [("", 5432)]


def test_a_gap_over_frames_seeks_anew():
    decoder = Http2()
    drive_only(decoder, 1, SERVER[:100])
    decoder.gap(1, 1000)
    control = frame(8, b"\x00\x00\x40\x00", stream=0)
    messages = [m for _, m in drive(decoder, [(1, b"\x00\x01xyz" + control * 3 + SERVER[DATA_AT - 23:])])]
    assert [c.subject for c in claims_of(messages)] == [("", 5432)]


def test_streams_are_bounded_and_end():
    decoder = Http2()
    block = b"\x83\x04\x02/a"
    drive_only(decoder, 0, CLIENT[:76] + b"".join(frame(1, block, 4, 2 * n + 1) for n in range(500)))
    assert len(decoder.streams) == limits.HTTP2_STREAMS
    drive_only(decoder, 0, frame(3, b"\x00\x00\x00\x08", stream=999))
    drive_only(decoder, 0, frame(0, b"", 1, stream=997))
    drive_only(decoder, 1, frame(1, b"\x88", 5, stream=997))
    assert 999 not in decoder.streams
    assert 997 not in decoder.streams


def test_what_was_open_at_the_end_is_told_as_cut():
    messages = [m for _, m in drive(Http2(), [(0, CLIENT), (1, SERVER[:-3])])]
    assert fields(messages[-1]) == {"service": "xds", "body_cut": True}


@given(st.lists(st.tuples(st.integers(0, 1), st.one_of(st.binary(max_size=40), st.sampled_from([
    CLIENT, SERVER, CLIENT[:76], SERVER[DATA_AT:], frame(0, b"\x00\x00\x00\x00\x05ab"), frame(1, b"\x83", 4), frame(9, b"x", 4)]))),
    max_size=8), st.booleans(), st.integers(0, 300))
def test_only_the_two_errors_leave(parts, began, lost):
    decoder = Http2(None, (began, began))
    try:
        drive(decoder, parts[:4], 11)
        decoder.gap(1, lost)
        drive(decoder, parts[4:])
    except DecodeError:
        pass
    assert len(decoder.streams) <= limits.HTTP2_STREAMS


def drive_only(decoder, side, data):
    from consul_sniff.decoders.base import Cursor
    from consul_sniff.errors import NeedMoreData

    cursor, out = Cursor(data), []
    while len(cursor):
        before = cursor.position
        try:
            out += decoder.read(side, cursor)
        except NeedMoreData:
            cursor.position = before
            break
    return out
