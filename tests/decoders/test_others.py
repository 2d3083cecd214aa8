"""What the screen understood, in the decoders' words (that they are the same is tested in tests/screen/test_others.py)."""

from __future__ import annotations

from consul_sniff.decoders.others import message


def test_a_request_says_its_method():
    said = message("request", "GET")
    assert (said.protocol, said.kind, dict(said.fields)["method"]) == ("http", "request", "GET")


def test_names_of_one_zone_are_one_thing_said_in_two_words():
    one, other = (message("dns", 0x0100, 1, 0, b"\1%c\3org" % letter) for letter in b"ab")
    assert one.fields == other.fields == (("type", "A"), ("zone", "org"))
    assert (one.summary, other.summary) == ("query A a.org", "query A b.org")
