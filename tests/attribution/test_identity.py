import pytest

from consul_sniff.attribution.identity import in_time, server_name

from .made_facts import C1, S1, S2, S3, SEALED, SECOND, Made, X, of

GOOD = {"names": "server.dc1.consul,localhost", "not_before": 0, "not_after": 4_000_000_000 * SECOND, "subject": None,
        "spiffe": None, "mode": "3"}


def shown(made, server, *, fingerprint="aa", port=8300, source=X, side=1, **more):
    key = made.talk(source, server, port)
    made.say(key, "tls", "certificate", SEALED, side=side, fingerprint=fingerprint, **{**GOOD, **more})
    return key


def judged(made):
    return {one.destination: (one.fields["shared"], one.fields["named"], one.fields["valid"], one.fields["good"])
            for one in of(made.attributed(), "certificates", "server")}


def test_a_certificate_for_each_server_is_good():
    made = Made()
    shown(made, S1, fingerprint="aa")
    shown(made, S2, fingerprint="bb")
    assert judged(made) == {S1: (False, True, True, True), S2: (False, True, True, True)}


def test_one_certificate_on_two_servers_is_seen_on_both():
    made = Made()
    shown(made, S1)
    shown(made, S2)
    shown(made, S3, fingerprint="bb")
    assert {server: facts[0] for server, facts in judged(made).items()} == {S1: True, S2: True, S3: False}


def test_two_addresses_of_one_agent_are_one_server():
    made = Made()
    shown(made, S1)
    shown(made, "fd77::1", source="fd77::99")
    gossip = made.gossip(S1, C1, plain=(1, 1))
    made.member(gossip, "s1", S1, role="consul", id="one").member(gossip, "s1", "fd77::1", role="consul", id="one")
    assert not any(facts[0] for facts in judged(made).values())


def test_a_servers_certificate_as_a_caller_counts_for_sharing_a_clients_does_not():
    made = Made()
    key = shown(made, S1, source=S2)
    made.tls(S1, S2, 8300)
    made.say(key, "tls", "certificate", SEALED, side=0, fingerprint="aa", **GOOD)
    assert judged(made)[S1][0]
    made = Made()
    made.say(shown(made, S1, source=C1), "tls", "certificate", SEALED, side=0, fingerprint="aa", **GOOD)
    assert not judged(made)[S1][0]


@pytest.mark.parametrize(("port", "seen"), [(8300, 1), (8501, 0), (443, 0)])
def test_only_the_rpc_port_is_looked_at(port, seen):
    made = Made()
    shown(made, S1, port=port, mode=None)
    assert len(judged(made)) == seen


@pytest.mark.parametrize(("names", "domain", "expected"), [
    ("server.dc1.consul", "consul", True), ("SERVER.DC1.CONSUL", "consul", True), ("s1.server.dc1.consul", "consul", True),
    ("server.dc1.corp.example", "corp.example", True), ("server.dc1.consul", "corp.example", False),
    ("client.dc1.consul", "consul", False), ("server.consul", "consul", False), ("xserver.dc1.consul", "consul", False),
    ("a.b.server.dc1.consul", "consul", False), ("localhost,DNS:server.dc1.consul", "consul", True), (None, "consul", False)])
def test_names_of_servers(names, domain, expected):
    assert server_name({"names": names}, domain) is expected


NOW = 1_700_000_000  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(("begin", "end", "expected"), [
    (NOW - 10, NOW + 10, True), (NOW + 1, NOW + 10, False), (0, NOW - 1, False), (None, None, True),
    ("2023-11-14T22:13:25Z", None, False), ("2023-11-14T22:13:05+00:00", "2023-11-14T22:13:40", True),
    ("garbage", "garbage", True), (True, None, True)])
def test_valid_at_the_packets_time(begin, end, expected):
    assert in_time({"not_before": begin, "not_after": end}, NOW * SECOND, NOW * SECOND) is expected


def test_a_capture_without_real_times_expires_nothing():
    assert in_time({"not_before": NOW, "not_after": NOW + 10}, 0, 20 * SECOND)


@pytest.mark.parametrize(("hello", "why"), [({"version": "TLS 1.3", "resumed": False}, "tls13"),
                                            ({"version": "TLS 1.2", "resumed": True}, "resumed"), (None, "mid-stream")])
def test_why_no_certificate_is_seen(hello, why):
    made = Made()
    key = made.tls(C1, S1, 8300)
    if hello:
        made.say(key, "tls", "server-hello", SEALED, side=1, suite="x", **hello)
    assert [one.fields["why"] for one in of(made.attributed(), "certificates", "hidden")] == [why]
