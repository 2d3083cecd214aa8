"""DNS: real questions to Consul and its answers, over UDP and TCP, and hostile names."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget, Cursor, Opening
from consul_sniff.decoders.dns import Dns, DnsStream, parse
from consul_sniff.errors import DecodeError, NeedMoreData
from consul_sniff.model import Protection

QUERY = bytes.fromhex("fbae0120000100000000000103776562077365727669636506636f6e73756c000021000100002904d000000000000c000a0008"
                      "8c35007045b7cc5b")
RESPONSE = bytes.fromhex(
    "fbae8500000100020000000503776562077365727669636506636f6e73756c0000210001c00c0021000100000000001a000100011f900273"
    "31046e6f64650364633106636f6e73756c00c00c0021000100000000001a000100011f90026331046e6f64650364633106636f6e73756c00"
    "c036000100010000000000040a4d000bc0360010000100000000001817636f6e73756c2d6e6574776f726b2d7365676d656e743dc05c0001"
    "00010000000000040a4d0015c05c0010000100000000001817636f6e73756c2d6e6574776f726b2d7365676d656e743d00002904d0000000"
    "000000")
TCP_QUERY = bytes.fromhex("003e4def0120000100000000000106636f6e73756c077365727669636506636f6e73756c000001000100002904d00000"
                          "0000000c000a00086831e86769c9b8a6")
TCP_RESPONSE = bytes.fromhex(
    "00624def8500000100030000000106636f6e73756c077365727669636506636f6e73756c0000010001c00c000100010000000000040a4d00"
    "0bc00c000100010000000000040a4d000dc00c000100010000000000040a4d000c00002904d0000000000000")


def read(data, missing=0):
    decoder = Dns()
    decoder.missing = missing
    return list(decoder.read(Cursor(data), Budget(100_000)))


def question(name, *, flags=0x0100, type_=1, class_=1):
    return (b"\x12\x34" + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\0" + name + type_.to_bytes(2, "big")
            + class_.to_bytes(2, "big"))


def test_a_query():
    (message,) = read(QUERY)
    assert (message.protocol, message.kind, message.protection) == ("dns", "query", Protection.PLAINTEXT)
    assert message.fields == (("type", "SRV"), ("zone", "consul"))
    assert message.detail["name"] == "web.service.consul"
    assert message.summary == "query SRV web.service.consul"


def test_a_response():
    (message,) = read(RESPONSE)
    assert (message.kind, message.fields) == ("response", (("answered", True), ("zone", "consul")))
    assert message.detail["answers"] == ["SRV s1.node.dc1.consul:8080", "SRV c1.node.dc1.consul:8080"]


def test_no_answer():
    (message,) = read(question(b"\3foo\6consul\0", flags=0x8583))
    assert message.fields == (("answered", False), ("zone", "consul"))
    assert message.detail["rcode"] == "NXDOMAIN"


def test_fields_are_in_the_vocabulary():
    for data in (QUERY, RESPONSE):
        for message in read(data):
            assert tuple(name for name, _ in message.fields) == Dns.kinds[message.kind]


@pytest.mark.parametrize(("name", "zone"), [
    (b"\3www\7EXAMPLE\3COM\0", "com"), (b"\0", ""), (b"\x19" + b"a" * 25 + b"\0", "other"), (b"\x18" + b"a" * 24 + b"\0", "a" * 24),
    (b"\3a\x1bb\0", "other"), (b"\x05xn--p\0", "xn--p"), (b"\1\xff\0", "other"),
])
def test_zones(name, zone):
    assert dict(read(question(name))[0].fields)["zone"] == zone


def test_a_name_that_would_fool_a_terminal_is_escaped():
    (message,) = read(question(b"\4\x1b[2J\6consul\0"))
    assert message.detail["name"] == "\\u{1b}[2J.consul"
    assert "\x1b" not in message.summary


def test_unknown_types_fold():
    assert dict(read(question(b"\1a\0", type_=4711))[0].fields)["type"] == "other"


def test_what_the_snap_length_cut_is_told_by_its_question():
    assert dict(read(RESPONSE[:60], missing=len(RESPONSE) - 60)[0].fields) == {"answered": True, "zone": "consul"}
    with pytest.raises(NeedMoreData):
        read(RESPONSE[:60])
    with pytest.raises(NeedMoreData):
        read(QUERY[:20], missing=30)


@pytest.mark.parametrize("data", [
    bytes(12), bytes(64), QUERY + b"\0", b"\0" * 2 + b"\xff" * 10,
    question(b"\xc0\x0c"),  # a name that is itself
    question(b"\1a\xc0\x0c"),  # a loop
    question(b"\xc0\x10\1a\0\0"),  # forwards
    question(b"\xc0\x00"),  # into the header
    question(b"\x40" + b"a" * 64 + b"\0"), question((b"\x3f" + b"a" * 63) * 5 + b"\0"),
    question(b"\1a\0", class_=77), question(b"\1a\0", flags=0x7900), question(b"\1a\0", flags=0x0480),
    question(b"\1a\0", flags=0x810F),
])
def test_refused(data):
    with pytest.raises(DecodeError):
        read(data)
    assert not Dns.claims(data)


def test_a_long_chain_of_pointers_ends():
    chain = question(b"\1a\0") + b"".join((0xC000 | 12 if not at else 0xC000 | 19 + 2 * (at - 1)).to_bytes(2, "big")
                                          for at in range(300))
    with pytest.raises((DecodeError, NeedMoreData)):
        read(chain[:4] + b"\0\1\0\1" + chain[8:] + bytes(10))


@pytest.mark.parametrize(("data", "kind"), [
    # NOTIFY is authoritative
    (question(b"\3foo\2us\0", flags=0x2400, type_=6), "query"),
    # UPDATE: deletes a record of type A without data
    (b"\0\1\x28\0\0\1\0\0\0\1\0\0" + b"\3foo\0\0\6\0\1" + b"\xc0\x0c\0\1\0\xff\0\0\0\0\0\0", "query"),
    # NetBIOS node status: type 33 with names in it
    (b"\0\1\x84\0\0\0\0\1\0\0\0\0" + b"\x02CK\0\0\x21\0\1\0\0\0\0\0\x0b" + b"\x01GUNNAR    ", "response"),
])
def test_relatives_of_dns(data, kind):
    assert [message.kind for message in read(data)] == [kind]


def test_a_pointer_forwards_is_refused_even_where_a_name_stands():
    record = b"\0\0\x10\0\1\0\0\0\0\0\3\1a\0"
    forwards = b"\0\1\x84\0\0\1\0\1\0\0\0\0" + b"\xc0\x1d\0\x10\0\1" + record
    assert forwards[0x1D:] == b"\1a\0"
    with pytest.raises(DecodeError):
        read(forwards)


def test_claims():
    assert Dns.claims(QUERY)
    assert Dns.claims(RESPONSE)
    assert not Dns.claims(QUERY[:-1])
    source = random.Random(5)
    assert not any(Dns.claims(source.randbytes(40)) for _ in range(20_000))


def opening(client, server=b"", began=(True, True)):
    return Opening((client, server), began, 0)


def test_stream_claims():
    assert DnsStream.claims(opening(TCP_QUERY)) is True
    assert DnsStream.claims(opening(TCP_QUERY, TCP_RESPONSE)) is True
    assert DnsStream.claims(opening(b"", TCP_RESPONSE, (False, False))) is True
    for end in range(1, len(TCP_QUERY)):
        assert DnsStream.claims(opening(TCP_QUERY[:end])) is None
    assert DnsStream.claims(opening(b"")) is False
    assert DnsStream.claims(opening(b"GET / HTTP/1.1\r\n\r\n")) is False
    assert DnsStream.claims(opening(TCP_QUERY, b"HTTP/1.1 200 OK\r\n")) is False
    assert DnsStream.claims(opening(b"\0\x0b")) is False
    assert DnsStream.claims(opening(b"\0\x10" + bytes(16))) is False


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_stream(size):
    decoder = DnsStream.begin(opening(TCP_QUERY))
    told = []
    for side, data in ((1, TCP_RESPONSE * 2), (0, TCP_QUERY * 2)):
        waiting = b""
        for at in range(0, len(data), size):
            waiting += data[at:at + size]
            cursor = Cursor(waiting)
            try:
                while len(cursor):
                    told += [(side, message.kind) for message in decoder.read(side, cursor)]
                    waiting = waiting[cursor.position:]
                    cursor = Cursor(waiting)
            except NeedMoreData:
                continue
    assert told == [(1, "response")] * 2 + [(0, "query")] * 2
    assert decoder.originator == 0


@pytest.mark.parametrize("data", [b"\0\x0b" + bytes(11), b"\0\x20" + bytes(32), TCP_QUERY[:1] + b"\x30" + TCP_QUERY[2:]])
def test_broken_frames(data):
    with pytest.raises(DecodeError):
        DnsStream().read(0, Cursor(data))


@given(st.binary(max_size=120) | st.builds(lambda at, byte: RESPONSE[:at] + bytes([byte]) + RESPONSE[at + 1:],
                                           st.integers(0, len(RESPONSE) - 1), st.integers(0, 255)))
def test_only_the_two_exceptions_leave(data):
    for call in (lambda: read(data), lambda: DnsStream().read(0, Cursor(len(data).to_bytes(2, "big") + data)),
                 lambda: parse(data, 5)):
        try:
            call()
        except (DecodeError, NeedMoreData):
            continue
    assert DnsStream.claims(opening(data, data[:9])) in (True, False, None)
