"""What is left out of the closer look has nothing to say: with it, nothing is another."""

import pytest

from consul_sniff import pipeline
from consul_sniff.attribution import Profile, attribute, index
from consul_sniff.attribution.telling import mesh_identity, teller, telling
from consul_sniff.rows import unrolled

from .made_facts import C1, S1, S2, SEALED, UUID, Made, X, of

WEB = f"web.default.dc1.internal.{UUID}.consul"


@pytest.mark.parametrize(("protocol", "fields", "expected"), [
    ("memberlist", {}, True), ("vault", {}, True), ("grpc", {}, True),
    ("http", {"api": "consul"}, True), ("http", {"api": "other"}, False), ("http", {"disable_remote_exec": False}, True),
    ("dns", {"zone": "consul"}, True), ("dns", {"zone": "org"}, False),
    ("tls", {"mode": "3"}, True), ("tls", {"alpn": "consul/rpc-single"}, True), ("tls", {"mode": None, "alpn": "h2"}, False),
    ("tls", {"sni": WEB}, True), ("tls", {"sni": "www.example.org"}, False)])
def test_what_may_be_consuls_or_be_taken_for_it(protocol, fields, expected):
    assert telling(protocol, "request", fields, "consul") is expected


def test_a_teller_knows_the_profiles_domain():
    tells = teller(Profile.of({}, "corp"))
    assert [tells("dns", "query", (("zone", zone),)) for zone in ("corp", "consul")] == [True, False]


@pytest.mark.parametrize(("fields", "expected"), [
    ({"sni": WEB}, "sni"), ({"sni": WEB.upper() + "."}, "sni"), ({"names": f"localhost,{WEB}"}, "sni"),
    ({"spiffe": f"spiffe://{UUID}.consul/ns/default/dc/dc1/svc/web"}, "spiffe"), ({"sni": "server.dc1.consul"}, None), ({}, None)])
def test_what_names_a_mesh_identity(fields, expected):
    assert mesh_identity(fields, "consul") == expected


def everything(facts):
    attributed = attribute(facts, Profile())
    return sorted(repr([*one.ends, one.summary, one.sort, one.tally.count, one.tally.evidence, one.community_id])
                  for one in attributed.observations), attributed[1:]


def others():
    made = Made()
    made.rpc(S1, S2)
    made.say(made.talk(C1, X, 53, "udp"), "dns", "query", zone="org")
    made.say(made.talk(C1, X, 53, "udp", payloads=(1, 0)), "dns", "query", zone="net")
    made.say(made.talk(X, C1, 443), "tls", "client-hello", SEALED, sni="example.org", mode=None)
    key = made.talk("127.0.0.1", "127.0.0.1", 80)
    made.say(key, "http", "request", api="other").say(key, "dns", "query", zone="org")
    made.talk(X, S1, 40000, "udp", payloads=(3, 0))
    return made


def captures(pcaps):
    yield others().facts
    for path in sorted(pcaps.glob("*/*.pcap*")):
        if path.stat().st_size < 60_000:
            yield pipeline.read([str(path)], pipeline.Options())


def test_a_closer_look_at_everything_finds_nothing_more(pcaps, monkeypatch):
    for facts in captures(pcaps):
        seen, facts = everything(facts), unrolled(facts)  # noqa: PLW2901
        with monkeypatch.context() as patched:
            patched.setattr(index, "_telling", lambda *_: True)
            assert everything(facts) == seen


def test_what_others_said_is_observed_where_it_was_said():
    found = [(one.protocol, one.channel, one.owner, one.by, one.loopback) for one in others().attributed().observations
             if one.channel == "other"]
    assert sorted(found) == [
        ("dns", "other", "other", "content", False), ("dns", "other", "other", "content", False),
        ("dns", "other", "other", "content", True), ("http", "other", "unknown", "content", True),
        ("tls", "other", "unknown", "content", False)]
    assert [one.grade.value for one in of(others().attributed(), "dns", zone="net")] == ["unsolicited"]
