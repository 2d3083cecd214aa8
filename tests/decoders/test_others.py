"""What the screen understood, in the decoders' words (that they are the same is tested in tests/screen/test_others.py)."""

from __future__ import annotations

from consul_sniff.decoders.others import message
from consul_sniff.told import CLIENT_HELLO, DNS, HELLO


def test_a_request_says_its_method():
    said = message(("request", "GET"))
    assert (said.protocol, said.kind, dict(said.fields)["method"]) == ("http", "request", "GET")


def test_names_of_one_zone_are_one_thing_said_in_two_words():
    one, other = (message(DNS + bytes.fromhex("0100 0001 0000") + b"\1%c\3org\0" % letter + bytes.fromhex("0001")) for letter in b"ab")
    assert one.fields == other.fields == (("type", "A"), ("zone", "org"))
    assert (one.summary, other.summary) == ("query A a.org", "query A b.org")


def test_a_hello_names_its_host_and_what_is_the_same_in_many_is_one_object():
    one, other = (message(HELLO.pack(CLIENT_HELLO, 0x0304, 5) + b"\0\3\2h2" + name) for name in (b"a.example", b"b.example"))
    assert dict(one.fields) == {"alpn": "h2", "mode": None, "sni": "a.example"}
    assert other.summary == "ClientHello up to TLS 1.3 for b.example"
    assert one.fields[0] is other.fields[0]
    assert one.fields[1] is other.fields[1]
