import pytest

from consul_sniff.model import Evidence, Grade, Protection

from .made_facts import C1, CLEAR, S1, S2, SEALED, Made, of


def gossip(made):
    return [(one.source, one.destination, one.port, one.protection.value, one.tally.count, one.grade.value)
            for one in of(made.attributed(), "memberlist", "gossip")]


def test_gossip_is_counted_by_the_screen_and_goes_from_who_sent_to_who_received():
    made = Made()
    key = made.gossip(S1, S2, plain=(5, 0), sealed=(2, 7))
    made.say(key, "memberlist", "ping")  # the screen hands on only some
    assert gossip(made) == [(S1, S2, 8301, "encrypted", 2, "two-way"), (S1, S2, 8301, "plaintext", 5, "two-way"),
                            (S2, S1, 8301, "encrypted", 7, "two-way")]


def test_a_responder_on_another_port_is_answered_on_the_senders():
    made = Made()
    made.member(made.gossip(S1, S2, 7002, own=7001, plain=(1, 2)), "s1", S1, role="consul", port=7001)
    assert [one[:3] for one in gossip(made)] == [(S1, S2, 7002), (S2, S1, 7001)]


@pytest.mark.parametrize(("plain", "sealed", "expected"), [
    ((1, 0), (0, 0), Grade.UNSOLICITED), ((2, 0), (0, 0), Grade.REPEATED), ((1, 1), (0, 0), Grade.TWO_WAY),
    ((1, 0), (0, 3), Grade.TWO_WAY),
    ((1, 0), (9, 9), Grade.UNSOLICITED),  # one among many that it seals: anybody can have sent that
    ((2, 0), (9, 9), Grade.TWO_WAY)])
def test_how_hard_plaintext_gossip_is_to_forge(plain, sealed, expected):
    made = Made()
    made.gossip(S1, S2, plain=plain, sealed=sealed)
    assert [one.grade for one in of(made.attributed(), "memberlist", "gossip", protection=CLEAR, source=S1)] == [expected]


def test_all_that_one_datagram_says_is_as_easy_to_forge_as_the_datagram():
    made = Made()
    key = made.gossip(S1, S2, plain=(1, 0), sealed=(9, 9))
    made.say(key, "memberlist", "alive", count=4).member(key, "s8", "10.0.0.8", role="consul", acls="0")
    made.member(key, "s9", "10.0.0.9", role="consul", acls="0")
    attributed = made.attributed()
    forged = [*of(attributed, "members", "named"), *of(attributed, "members", "member"),
              *of(attributed, "memberlist", "alive")]
    assert len(forged) == 4
    assert {one.grade for one in forged} == {Grade.UNSOLICITED}


def test_gossip_over_tcp_is_counted_in_streams_from_who_sent_to_the_responders_port():
    made = Made()
    key = made.talk(S1, S2, 8301, flows=3)
    made.say(key, "memberlist", "push-pull", count=3)
    made.say(key, "memberlist", "push-pull", side=1, count=2)
    found = of(made.attributed(), "memberlist", "gossip")
    assert [(one.source, one.port, one.tally.count, one.fields["form"], one.fields["said_by"], one.grade)
            for one in found] == [(S1, 8301, 3, "stream", "originator", Grade.TWO_WAY),
                                  (S2, 8301, 2, "stream", "responder", Grade.TWO_WAY)]


def test_evidence_has_the_decoders_words_or_the_summary():
    made = Made()
    key = made.gossip(S1, S2, plain=(2, 0), plain_evidence=((Evidence(0, 3, ""), Evidence(0, 9, "")), ()))
    made.say(key, "memberlist", "ping")
    found = of(made.attributed(), "memberlist", "gossip")[0]
    assert found.tally.evidence == (Evidence(0, 3, "memberlist ping"), Evidence(0, 9, "2 plaintext memberlist datagrams"))


def test_cut_gossip_shows_that_it_tells_nothing():
    made = Made()
    made.gossip(S1, S2, cut=(3, 0))
    attributed = made.attributed()
    assert [(one.protection, one.tally.count) for one in of(attributed, "memberlist", "gossip-cut")] == [
        (Protection.UNKNOWN, 3)]
    assert of(attributed, "memberlist", "gossip") == []


@pytest.mark.parametrize(("talk", "kind"), [
    ({"payloads": (4, 4)}, "traffic"),
    ({"payloads": (0, 0), "flags": (2, 20), "packets": (1, 1)}, "refused"),
    ({"payloads": (0, 0), "flags": (2, 0), "packets": (3, 0)}, "unanswered"),
    ({"payloads": (0, 0), "flags": (16, 16), "packets": (2, 2)}, None)])  # keep-alives
def test_what_only_a_port_says(talk, kind):
    made = Made()
    made.talk(C1, S1, 8300, **talk)
    made.talk(C1, S1, 443, **talk)
    assert [(one.kind, one.channel, one.by, one.owner) for one in of(made.attributed(), "unknown")] == (
        [(kind, "rpc", "port", "consul")] if kind else [])


@pytest.mark.parametrize(("version", "suite", "old", "weak"), [
    ("TLS 1.3", "TLS_AES_128_GCM_SHA256", False, False), ("TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", True, False),
    ("SSL 3.0", "TLS_RSA_WITH_RC4_128_SHA", True, True), ("TLS 1.2", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", False, True),
    ("TLS 1.2", "TLS_RSA_WITH_NULL_SHA256", False, True), ("TLS 1.2", "TLS_DH_anon_WITH_AES_128_CBC_SHA", False, True),
    ("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", False, False), ("TLS 1.2", None, False, False)])
def test_old_versions_and_weak_suites_are_facts_of_the_server_hello(version, suite, old, weak):
    made = Made()
    made.say(made.talk(C1, S1, 8300), "tls", "server-hello", SEALED, side=1, version=version, suite=suite)
    fields = of(made.attributed(), "tls", "server-hello")[0].fields
    assert (fields["old_version"], fields["weak_suite"]) == (old, weak)


def test_loopback_and_a_hosts_own_address_are_loopback():
    made = Made()
    for one, two in (("127.0.0.1", "127.0.0.1"), (S1, S1), (S1, S2)):
        made.say(made.talk(one, two, 8500), "http", "request", api="consul")
    assert [one.loopback for one in of(made.attributed(), "http")] == [True, False, True]


def test_every_sighting_becomes_an_observation_with_its_fields():
    made = Made()
    made.say(made.talk(C1, S1, 8500), "http", "response", side=1, api="consul", status=200, acl_policy="deny")
    found = of(made.attributed(), "http", "response")[0]
    assert found.fields == {"api": "consul", "status": 200, "acl_policy": "deny", "said_by": "responder"}
    assert found.summary == "http response"
    assert found.community_id.startswith("1:")
