"""yamux: framing in pieces, from the middle, with holes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import yamux
from consul_sniff.decoders.yamux import ACK, FIN, SYN, Yamux, aligned, find, frame_at
from consul_sniff.errors import DecodeError, NeedMoreData

from .rpc_bytes import ANSWERER, CALLER, TOKEN, answer, call, drive, frame, kinds, opening, pack, secrets

SESSION = CALLER[1:]
WINDOW = b"\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00"
GET = call("KVS.Get", {"Key": "x", "Token": TOKEN})
PING = b"\x00\x02\x00\x01\x00\x00\x00\x00\x00\x00\x00\x07"


def fields(told):
    return [(side, m.kind, dict(m.fields).get("method")) for side, m in told]


def test_a_real_session():
    told = drive(Yamux(0), [(0, SESSION), (1, ANSWERER)])
    assert fields(told) == [
        (0, "yamux", None), (0, "request", "Status.RaftStats"), (0, "request", "KVS.Apply"),
        (1, "response", "Status.RaftStats"), (1, "response", "KVS.Get"),
    ]
    assert [s.kind for s in secrets(told)] == ["kv-value", "acl-token", "kv-value"]
    assert TOKEN not in repr(told)
    assert "hunter2" not in repr(told)


@pytest.mark.parametrize("step", [1, 7, 12, 40])
def test_pieces_do_not_matter_and_a_cut_frame_waits(step):
    told = drive(Yamux(0), [(0, SESSION + b"\x00\x00\x00"), (1, ANSWERER)], split=step)
    assert [f for f in fields(told) if f[1] != "body"] == fields(drive(Yamux(0), [(0, SESSION), (1, ANSWERER)]))
    assert secrets(told) == secrets(drive(Yamux(0), [(0, SESSION), (1, ANSWERER)]))


def test_calls_of_two_streams_do_not_mix():
    one, two = call("KVS.Get", {"Token": TOKEN}), call("KVS.List", {"Token": "other-token"})
    told = drive(Yamux(0), [(0, frame(1, one[:20]) + frame(3, two[:25]) + frame(1, one[20:]) + frame(3, two[25:]))])
    assert sorted(f[2] for f in fields(told) if f[1] == "request") == ["KVS.Get", "KVS.List"]
    assert len(secrets(told)) == 2


def test_originator_from_stream_numbers_or_calls():
    for side, data in ((1, WINDOW), (0, WINDOW[:7] + b"\x02" + WINDOW[8:]), (1, frame(8, GET)), (0, frame(8, answer("KVS.Get", {})))):
        decoder = Yamux()
        drive(decoder, [(side, data)], close=False)
        assert decoder.originator == 1


@pytest.mark.parametrize("data", [
    bytes(12), b"\x01" + WINDOW[1:], b"\x00\x04" + WINDOW[2:], b"\x00\x01\x00\x10" + WINDOW[4:], b"\x00\x01\x00\x03" + WINDOW[4:],
    b"\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", b"\x00\x00\x00\x01" + bytes(8), b"\x00\x02\x00\x01\x00\x00\x00\x01" + bytes(4),
    b"\x00\x02\x00\x00" + bytes(8), b"\x00\x03\x00\x00" + bytes(7) + b"\x03", b"\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff", WINDOW[:11],
    b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00",
])
def test_what_no_implementation_sends_is_no_header(data):
    assert frame_at(data) is None
    if len(data) == 12:
        with pytest.raises(DecodeError):
            drive(Yamux(0), [(0, data)])


def test_one_header_proves_nothing_two_do():
    assert aligned(WINDOW) is None
    assert aligned(WINDOW + PING) is True
    assert aligned(frame(1, GET)) is True
    assert aligned(frame(1, b"x" * 50)) is None
    assert aligned(frame(1, b"x" * 50) + frame(1, b"yy")) is True
    assert aligned(frame(1, b"x" * 50) + b"x" * 12) is False
    assert aligned(frame(1, b"", FIN) + frame(3, b"", FIN)) is None  # empty frames say nothing


def test_claims_from_the_middle():
    assert Yamux.claims(opening(frame(9, GET), began=False, opener=None))
    assert Yamux.claims(opening(b"half a body" + frame(9, GET), began=False, opener=None))
    assert Yamux.claims(opening(b"", ANSWERER, opener=0))  # the server's side has no preamble
    assert Yamux.claims(opening(WINDOW)) is None
    for data in (b"", b"GET / HTTP/1.1\r\n\r\n", bytes(60), bytes.fromhex("0000000400000000") * 10, bytes(range(1, 200))):
        assert not Yamux.claims(opening(data, data, began=False, opener=None))
    assert Yamux.claims(opening(b"\x00\x00\x04\x00\x00\x00\x00\x00\x00" * 8, began=False)) is not True


def test_begins_inside_a_body():
    first = b"db-password=x" + frame(5, GET)
    decoder = Yamux.begin(opening(first, began=False, opener=None))
    assert fields(drive(decoder, [(0, first), (1, frame(5, answer("KVS.Get", {})))])) == [
        (0, "yamux", None), (0, "request", "KVS.Get"), (1, "response", "KVS.Get")]


def test_a_hole_within_a_body_keeps_the_framing():
    decoder = Yamux(0)
    body = frame(1, GET)
    drive(decoder, [(0, body[:40])], close=False)
    decoder.gap(0, len(body) - 40)
    assert fields(drive(decoder, [(0, frame(1, b"", ACK) + frame(3, call("KVS.List", {}), SYN))])) == [(0, "request", "KVS.List")]


def test_a_header_cut_by_a_snap_length_names_the_service():
    decoder = Yamux(0)
    data = frame(1, call("Status.RaftStats", {}))
    told = drive(decoder, [(0, data[:42])], close=False)
    decoder.gap(0, len(data) - 42)
    assert fields(told + drive(decoder, [(0, PING)])) == [(0, "yamux", None), (0, "request", "Status.*")]


def test_a_larger_hole_is_searched_over():
    decoder = Yamux(0)
    drive(decoder, [(0, frame(1, GET)[:50])], close=False)
    decoder.gap(0, 5_000)
    with pytest.raises(NeedMoreData):
        decoder.read(0, yamux_cursor(b"rest of some body" * 20))
    assert fields(drive(decoder, [(0, b"rest of some body" * 500 + frame(7, call("KVS.List", {})))], close=False)) == [(0, "request", "KVS.List")]
    assert find(b"\x00" * 300) == -1


def yamux_cursor(data):
    from consul_sniff.decoders.base import Cursor

    return Cursor(data)


def test_late_words_of_a_side_are_told_as_its_own():
    decoder = Yamux(0)
    token = pack({"PrivateKey": b"-----BEGIN PRIVATE KEY-----\nMIGH"})
    assert kinds(drive(decoder, [(1, frame(1, answer("ConnectCA.Roots", {})[:-1] + token))], close=False)) == ["yamux", "response"]
    drive(decoder, [(0, frame(1, b"", FIN))], close=False)
    assert [(side, m.kind, len(m.secrets)) for side, m in drive(decoder, [(1, frame(1, b"", FIN))])] == [(1, "body", 1)]


def test_streams_are_bounded():
    decoder = Yamux(0)
    for stream in range(1, 2 * yamux.STREAMS + 400, 2):
        drive(decoder, [(0, frame(stream, GET[:30]))], close=False)
    assert len(decoder._streams) == yamux.STREAMS
    assert len(decoder._ended) == 0


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=40) | st.sampled_from([WINDOW, PING, frame(1, GET), frame(1, b"", FIN), SESSION[:60]]),
                          st.integers(0, 30)), max_size=12))
def test_only_the_two_errors_come_out(parts):
    decoder = Yamux.begin(opening(began=False))
    try:
        for side, data, hole in parts:
            drive(decoder, [(side, data)], close=False)
            if hole:
                decoder.gap(side, hole)
    except DecodeError:
        pass
    decoder.close()
