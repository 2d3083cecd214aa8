"""TLS streams: whole, byte by byte, one-sided, mid-stream, with holes, and things that only look like TLS."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consul_sniff.decoders.base import Cursor, Opening
from consul_sniff.decoders.tls import Tls
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.model import Protection

from . import tls_lab

#: the first flights of `consul` 1.13 with a TLS 1.2 client, after mode byte 3
CLIENT_HELLO = bytes.fromhex(
    "160301009d010000990303590966039e1594cbefb4bc3ee9e57699e83cb208db2f192b86fc26fa45babad000001ec02cc030c02bc02fcca9"
    "cca8c024c028c023c027009f009e006b006700ff01000052000b000403000102000a000c000a001d0017001e001900180023000000160000"
    "00170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602")
SERVER_HELLO = bytes.fromhex(
    "160303003f0200003b0303d34dc074777db007726447f51eb0fedf4bd5d04d81abc11d444f574e4752440100c02b00001300230000ff0100"
    "010000170000000b00020100")
#: an established connection between Consul servers
MIDSTREAM = bytes.fromhex(
    "170303001dd07a0185d2b0bf8a016f24934bb110a42d6e9d583644efbaf7198a0c7917030300371c624152d2086de2ca2434f4feeee9389c"
    "9a4fbf9dd88e301a654d7caa0d6ea1c16a3868eff88584071b134681bf0810550bd83cf36086")


def opening(client=b"", server=b"", *, began=(True, True), opener=0):
    return Opening((client, server), began, opener)


def facts(told):
    return [(side, message.kind, dict(message.fields)) for side, message in told]


def kinds(told):
    return [(side, message.kind) for side, message in told]


CASES = [
    ({}, ["client-hello", "server-hello", "records", "records"]),
    ({"version": "1.2"}, ["client-hello", "server-hello", "certificate", "handshake", "records", "records"]),
    ({"version": "1.2", "mutual": True}, ["client-hello", "server-hello", "certificate", "certificate-request",
                                          "handshake", "certificate", "records", "records"]),
    ({"version": "1.2", "resumed": True}, ["client-hello", "server-hello", "handshake", "records", "records"]),
    ({"resumed": True}, ["client-hello", "server-hello", "records", "records"]),
]


@pytest.mark.parametrize("size", [1, 3, 1448, 1 << 20])
@pytest.mark.parametrize(("connection", "expected"), CASES)
def test_a_connection_reads_the_same_however_it_is_cut(connection, expected, size):
    told = tls_lab.run(Tls(mode="3"), tls_lab.handshake(**connection), size)
    assert [message.kind for _, message in told] == expected
    assert all(message.protection is Protection.ENCRYPTED for _, message in told)
    assert facts(told) == facts(tls_lab.run(Tls(mode="3"), tls_lab.handshake(**connection)))


def test_every_field_is_in_the_vocabulary_and_sorted():
    for connection, _ in CASES:
        for _, message in tls_lab.run(Tls(), tls_lab.handshake(**connection)):
            assert tuple(name for name, _ in message.fields) == Tls.kinds[message.kind]


def test_what_a_tls_1_3_handshake_says():
    told = facts(tls_lab.run(Tls(), tls_lab.handshake()))
    assert told[0] == (0, "client-hello", {"sni": "server.dc1.consul", "alpn": "h2,http/1.1", "mode": None})
    assert told[1] == (1, "server-hello", {"version": "TLS 1.3", "suite": "TLS_AES_256_GCM_SHA384", "resumed": False,
                                           "mode": None})
    assert (1, "records", {"mode": None}) in told


def test_what_a_mutual_tls_1_2_handshake_says():
    told = facts(tls_lab.run(Tls("3"), tls_lab.handshake("1.2", mutual=True)))
    certificates = [(side, fields) for side, kind, fields in told if kind == "certificate"]
    assert [side for side, _ in certificates] == [1, 0]
    assert certificates[0][1]["spiffe"] == tls_lab.SPIFFE
    assert "server.dc1.consul" in certificates[0][1]["names"].split(",")
    assert (1, "handshake", {"version": "TLS 1.2", "resumed": False, "client_certificate_requested": True,
                             "mode": "3"}) in told


def test_no_certificate_request_in_a_full_handshake_is_a_fact():
    told = facts(tls_lab.run(Tls("3"), tls_lab.handshake("1.2")))
    assert (1, "handshake", {"version": "TLS 1.2", "resumed": False, "client_certificate_requested": False,
                             "mode": "3"}) in told


@pytest.mark.parametrize(("version", "expected"), [("1.2", True), ("1.3", True)])
def test_a_resumed_session_says_so_and_is_no_evidence_of_a_missing_request(version, expected):
    told = facts(tls_lab.run(Tls(), tls_lab.handshake(version, resumed=True)))
    assert [fields["resumed"] for _, kind, fields in told if kind == "server-hello"] == [expected]
    assert [fields["client_certificate_requested"] for _, kind, fields in told if kind == "handshake"] == (
        [None] if version == "1.2" else [])


def test_a_hello_retry_request_is_not_the_server_hello():
    flights = tls_lab.handshake(curve="secp521r1")
    assert b"\xcf\x21\xad\x74" in flights[1][1]  # it is one
    told = tls_lab.run(Tls(), flights)
    assert sorted(kinds(told)) == [(0, "client-hello"), (0, "records"), (1, "records"), (1, "server-hello")]
    assert kinds(told).index((1, "server-hello")) < kinds(told).index((1, "records"))


@pytest.mark.parametrize(("ciphers", "suite"), [
    ("AECDH-AES128-SHA:@SECLEVEL=0", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    ("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0", "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
])
def test_weak_suites_have_names(ciphers, suite):
    told = facts(tls_lab.run(Tls(), tls_lab.handshake("1.2", ciphers=ciphers)))
    assert [fields["suite"] for _, kind, fields in told if kind == "server-hello"] == [suite]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("side", [0, 1])
def test_one_side_alone(version, side):
    flights = [flight for flight in tls_lab.handshake(version) if flight[0] == side]
    data = b"".join(data for _, data in flights)
    seen = opening(*(data, b"") if side == 0 else (b"", data), began=(side == 0, side == 1))
    assert Tls.claims(seen) is True
    decoder = Tls.begin(seen)
    told = [message.kind for _, message in tls_lab.run(decoder, flights)]
    assert told[0] == ("client-hello", "server-hello")[side]
    assert told[-1] == "records"
    assert decoder.originator == 0
    if side and version == "1.2":
        assert "handshake" in told


def test_nobody_needs_the_bytes_after_the_handshake():
    decoder = Tls()
    flights = tls_lab.handshake("1.2")
    assert (decoder.content(0), decoder.content(1)) == (True, True)
    tls_lab.run(decoder, flights[:2])
    assert (decoder.content(0), decoder.content(1)) == (True, True)
    tls_lab.run(decoder, flights[2:])
    assert (decoder.content(0), decoder.content(1)) == (False, False)
    cursor = Cursor(b"anything")
    assert decoder.read(0, cursor) == []
    assert not len(cursor)
    decoder.gap(0, 10_000)


def test_real_hellos_of_consul():
    told = facts(tls_lab.run(Tls("3"), [(0, CLIENT_HELLO), (1, SERVER_HELLO)], 1))
    assert told == [
        (0, "client-hello", {"sni": None, "alpn": None, "mode": "3"}),
        (1, "server-hello", {"version": "TLS 1.2", "suite": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                             "resumed": False, "mode": "3"})]


def test_a_client_hello_in_one_byte_records():
    cut = b"".join(b"\x16\x03\x01\x00\x01" + CLIENT_HELLO[at:at + 1] for at in range(5, len(CLIENT_HELLO)))
    assert Tls.claims(opening(cut)) is True
    assert Tls.claims(opening(cut[:-1])) is None
    assert kinds(tls_lab.run(Tls(), [(0, cut)], 7)) == [(0, "client-hello")]


def test_a_client_hello_that_fills_two_segments_is_waited_for():
    for end in range(1, len(CLIENT_HELLO)):
        assert Tls.claims(opening(CLIENT_HELLO[:end])) is None
    assert Tls.claims(opening(CLIENT_HELLO)) is True
    assert Tls.claims(opening(CLIENT_HELLO + MIDSTREAM)) is True


# -- what is not TLS


def test_plaintext_after_the_mode_byte_is_not_tls():
    with pytest.raises(DecodeError):
        tls_lab.run(Tls("3"), [(0, b"\x83\xa3Seq\x01")])


def test_a_client_hello_that_is_answered_in_plaintext_never_becomes_records():
    decoder = Tls("3")
    assert kinds(tls_lab.run(decoder, [(0, CLIENT_HELLO)])) == [(0, "client-hello")]
    with pytest.raises(DecodeError):
        tls_lab.run(decoder, [(1, b"HTTP/1.0 400 Bad Request\r\n")])


def test_a_client_alone_needs_more_than_one_sealed_record():
    change = b"\x14\x03\x03\x00\x01\x01"
    assert kinds(tls_lab.run(Tls(), [(0, CLIENT_HELLO + change)])) == [(0, "client-hello")]
    assert kinds(tls_lab.run(Tls(), [(0, CLIENT_HELLO + change + MIDSTREAM)])) == [(0, "client-hello"), (0, "records")]


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\n", b"\x04\x00\x00\x00\x00\x00", b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\x48\x01\x01\0\0\0",
    b"\x17\x03\x03\x00\x20" + bytes(32), b"\x16\xfe\xfd\0\0\0\0\0\0\0\0", b"\x16\x03\x04\x00\x05\x01", b"\x80\x03\x01\0\2",
])
def test_a_stream_that_begins_otherwise_is_not_tls(data):
    assert Tls.claims(opening(data, began=(True, False))) is False


def test_tls_after_something_else_is_not_claimed():
    assert Tls.claims(opening(b"STARTTLS\r\n" + CLIENT_HELLO)) is False
    assert Tls.claims(opening(CLIENT_HELLO, b"220 ready\r\n")) is False


def test_a_record_that_lies_about_its_length_proves_nothing():
    lying = CLIENT_HELLO[:3] + b"\x40\x00" + CLIENT_HELLO[5:]
    assert Tls.claims(opening(lying)) is True  # the hello inside is whole; its record would go on
    decoder = Tls()
    assert kinds(tls_lab.run(decoder, [(0, lying)])) == [(0, "client-hello")]
    assert decoder.content(0)


def hello_with(extension):
    """The real ClientHello with one more extension."""
    block = CLIENT_HELLO[-82:] + extension
    body = CLIENT_HELLO[9:-84] + len(block).to_bytes(2, "big") + block
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


def test_early_data_is_sent_before_anybody_agreed():
    early = hello_with(b"\0\x2a\0\0") + b"\x14\x03\x03\x00\x01\x01" + MIDSTREAM * 3
    decoder = Tls()
    assert kinds(tls_lab.run(decoder, [(0, early)])) == [(0, "client-hello")]
    told = tls_lab.run(decoder, [(1, SERVER_HELLO), (0, MIDSTREAM)])
    assert kinds(told) == [(1, "server-hello"), (0, "records")]


def test_hellos_are_told_once():
    retry = tls_lab.handshake(curve="secp521r1")[1][1]
    retry = retry[:5 + int.from_bytes(retry[3:5], "big")]
    told = tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, retry), (0, CLIENT_HELLO), (1, SERVER_HELLO * 2)])
    assert kinds(told) == [(0, "client-hello"), (1, "server-hello")]


def test_a_flight_with_a_certificate_is_not_an_abbreviated_one():
    der = tls_lab.certificate()[0]
    chain = (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der
    message = b"\x0b" + len(chain).to_bytes(3, "big") + chain
    record = b"\x16\3\3" + len(message).to_bytes(2, "big") + message
    change = b"\x14\x03\x03\x00\x01\x01"
    told = tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, SERVER_HELLO + record + change)])
    assert kinds(told) == [(0, "client-hello"), (1, "server-hello"), (1, "certificate"), (1, "records")]
    told = tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, SERVER_HELLO + change)])
    assert kinds(told) == [(0, "client-hello"), (1, "server-hello"), (1, "handshake"), (1, "records")]


# -- mid-stream


def mid(client=b"", server=b""):
    return opening(client, server, began=(False, False), opener=None)


def test_records_in_a_row_are_tls():
    assert Tls.claims(mid(MIDSTREAM)) is True
    assert Tls.claims(mid(MIDSTREAM[:34])) is None
    assert Tls.claims(mid(b"", MIDSTREAM)) is True
    assert Tls.claims(mid(MIDSTREAM[:20], MIDSTREAM[:30])) is True
    assert Tls.claims(mid(MIDSTREAM[:38])) is None
    assert Tls.claims(mid(MIDSTREAM[:34] + b"\x17\x03\x01\x00\x20")) is False
    assert Tls.claims(mid(MIDSTREAM[:34] + b"plaintext")) is False


@pytest.mark.parametrize("size", [1, 10, 1 << 20])
def test_records_are_told_once_a_side(size):
    decoder = Tls.begin(mid(MIDSTREAM, MIDSTREAM))
    told = tls_lab.run(decoder, [(0, MIDSTREAM), (1, MIDSTREAM), (0, MIDSTREAM)], size)
    assert kinds(told) == [(0, "records"), (1, "records")]
    assert decoder.originator is None


def test_a_capture_that_begins_inside_a_record():
    inside = bytes(range(200)) + MIDSTREAM
    assert Tls.claims(mid(inside)) is True
    assert kinds(tls_lab.run(Tls.begin(mid(inside)), [(0, inside)])) == [(0, "records")]
    assert Tls.claims(mid(bytes(range(200)) + MIDSTREAM[:34])) is False  # one header in a haystack


def test_a_side_without_records_is_given_up_in_the_end():
    decoder = Tls.begin(mid(MIDSTREAM))
    with pytest.raises(DecodeError):
        tls_lab.run(decoder, [(0, MIDSTREAM), (1, b"a" * 100_000)], 1000)


def test_a_handshake_without_its_syn_is_read():
    seen = mid(CLIENT_HELLO, SERVER_HELLO)
    assert Tls.claims(seen) is True
    told = tls_lab.run(Tls.begin(seen), [(0, CLIENT_HELLO), (1, SERVER_HELLO)])
    assert kinds(told) == [(0, "client-hello"), (1, "server-hello")]


# -- holes


def with_hole(side, start, stop):
    """Play a TLS 1.2 handshake with bytes start..stop of one side missing."""
    decoder = Tls("3")
    told = []
    position = [0, 0]
    for who, data in tls_lab.handshake("1.2", mutual=True):
        if not decoder.content(who):
            continue
        at, position[who] = position[who], position[who] + len(data)
        if who != side or position[who] <= start or at >= stop:
            told += tls_lab.run(decoder, [(who, data)])
            continue
        told += tls_lab.run(decoder, [(who, data[:max(0, start - at)])])
        waiting = 0
        decoder.gap(who, min(stop, position[who]) - max(start, at) + waiting)
        if data[stop - at:] and stop > at:
            told += tls_lab.run(decoder, [(who, data[stop - at:])])
    return told


@pytest.mark.parametrize(("start", "stop"), [(20, 30), (40, 300), (200, 400), (300, 310), (600, 640)])
def test_a_hole_in_the_servers_flight_never_says_that_no_certificate_was_requested(start, stop):
    told = facts(with_hole(1, start, stop))
    assert not any(kind == "handshake" and fields["client_certificate_requested"] is False
                   for _, kind, fields in told)
    assert (1, "records", {"mode": "3"}) in told
    assert (0, "records", {"mode": "3"}) in told


def test_a_hole_behind_the_leaf_costs_nothing_but_the_verdict():
    flights = tls_lab.handshake("1.2", mutual=True)
    # the certificate's record ends where the key exchange's header stands; leave three of its own bytes out
    start = flights[1][1].index(tls_lab.certificate()[0]) + len(tls_lab.certificate()[0]) + 40
    told = kinds(with_hole(1, start, start + 3))
    assert (1, "certificate") in told
    assert (1, "certificate-request") in told
    assert (1, "handshake") not in told


# -- old and odd


def test_ssl_2_hello():
    data = bytes.fromhex("801f010002000600000010" "0700c0010080") + bytes(range(16))
    assert Tls.claims(opening(data)) is True
    assert Tls.claims(opening(data[:-1])) is None
    assert Tls.claims(opening(b"\x90" + data[1:])) is False
    der = tls_lab.certificate()[0]
    length = 11 + len(der) + 3 + 16
    server = (bytes([0x80 | length >> 8, length & 255, 4, 0, 1, 0, 2]) + len(der).to_bytes(2, "big") + b"\0\3\0\x10" + der
              + b"\7\0\xc0" + bytes(16))
    sealed = b"\x80\x20" + bytes(32)
    told = facts(tls_lab.run(Tls(), [(0, data), (1, server), (0, sealed), (1, sealed)]))
    assert [(side, kind) for side, kind, _ in told] == [
        (0, "client-hello"), (1, "server-hello"), (1, "certificate"), (0, "records"), (1, "records")]
    assert told[1][2]["version"] == "SSL 2.0"


def test_alerts():
    alert = bytes.fromhex("15030300020228")
    told = facts(tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, alert)], 1))
    assert told[1] == (1, "alert", {"level": "fatal", "description": "handshake_failure"})
    # a warning, then the hello, as servers do that do not know the name
    told = tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, bytes.fromhex("15030300020170") + SERVER_HELLO)])
    assert kinds(told) == [(0, "client-hello"), (1, "alert"), (1, "server-hello")]
    with pytest.raises(DecodeError):
        tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, bytes.fromhex("15030300020928"))])


def test_an_alert_before_the_first_hello_reaches_a_decoder_begun_with_the_client_alone():
    decoder = Tls.begin(opening(CLIENT_HELLO, began=(True, False)))
    told = tls_lab.run(decoder, [(0, CLIENT_HELLO), (1, bytes.fromhex("15030300020228"))])
    assert kinds(told) == [(0, "client-hello"), (1, "alert")]


def test_an_sni_that_would_fool_a_terminal_is_escaped():
    hello = client_hello_for("a\x1b[2J\u202e.consul".encode())
    fields = facts(tls_lab.run(Tls(), [(0, hello)]))[0][2]
    assert fields["sni"] == "a\\u{1b}[2j\\u{202e}.consul"


def client_hello_for(name):
    sni = (len(name) + 3).to_bytes(2, "big") + b"\0" + len(name).to_bytes(2, "big") + name
    extensions = b"\0\0" + len(sni).to_bytes(2, "big") + sni
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\xc0\x2b" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


def test_both_sides_cannot_be_the_client():
    with pytest.raises(DecodeError):
        tls_lab.run(Tls(), [(0, CLIENT_HELLO), (1, SERVER_HELLO), (1, CLIENT_HELLO)])
    with pytest.raises(DecodeError):
        tls_lab.run(Tls(), [(0, CLIENT_HELLO), (0, SERVER_HELLO)])


# -- hostile bytes


def play(decoder, steps):
    """Feed anything; only the two exceptions may leave."""
    for side, data, lost in steps:
        try:
            if lost:
                decoder.gap(side, lost)
            cursor = Cursor(data)
            while len(cursor):
                before = cursor.position
                decoder.read(side, cursor)
                assert cursor.position > before
        except (DecodeError, NeedMoreData):
            pass


FLIGHTS = tls_lab.handshake("1.2", mutual=True)
STEPS = st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=80) | st.builds(
    lambda flight, at, byte, stop: FLIGHTS[flight][1][:at] + bytes([byte]) + FLIGHTS[flight][1][at + 1:stop],
    st.integers(0, 4), st.integers(0, 700), st.integers(0, 255), st.integers(1, 900)), st.sampled_from([0, 0, 0, 1, 500])),
    max_size=6)


@given(STEPS)
@settings(max_examples=400, deadline=None)
def test_only_the_two_exceptions_leave(steps):
    play(Tls("3"), steps)
    first = [b"".join(data for side, data, _ in steps if side == number) for number in (0, 1)]
    for began in ((True, True), (False, True), (False, False)):
        seen = opening(*first, began=began, opener=None)
        if Tls.claims(seen):
            play(Tls.begin(seen), steps)


def test_a_handshake_message_over_the_budget_is_refused():
    decoder = Tls()
    with pytest.raises(DecodeError):
        tls_lab.run(decoder, [(0, b"\x16\3\1\x40\0\1\x01\0\1" + bytes(100))])
