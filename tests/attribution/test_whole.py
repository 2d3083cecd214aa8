"""All of attribution: pure, in order, and independent of the order in which facts were folded."""

import random
from copy import deepcopy

from consul_sniff.attribution import Profile, attribute
from consul_sniff.facts import Facts
from consul_sniff.model import Evidence

from .made_facts import API, C1, S1, S2, S3, UUID, Made, X


def a_lot():
    made = Made()
    lan = made.gossip(S1, S2, plain=(5, 3), sealed=(0, 4), crc_bad=(3, 0))
    made.gossip(S2, C1, sealed=(3, 3))
    made.member(lan, "s1", S1, role="consul", rpc_port=8300, acls="0").member(lan, "c1", C1)
    made.claim(lan, "member", ("c1", ""), state="suspect", incarnation=1)
    made.rpc(C1, S1)
    made.tls(S1, S2, 8300)
    made.tls(S2, S1, 8300)
    made.say(made.talk(S1, S3, 9300), "raft", "append-entries")
    made.say(made.talk(X, S1, 8600, "udp"), "dns", "response", side=1, zone="consul", answered=True)
    key = made.talk(API, S1, 8500)
    made.say(key, "http", "response", side=1, api="consul", acl_policy="allow").expose(key)
    made.talk(S1, X, 52000, own=9300, certain=False)
    made.tls(C1, "10.0.0.22", 21000)
    made.claim(key, "service", (C1, 5432), side=1, service=UUID)
    made.talk(X, C1, 5432)
    return made.facts


def frozen(attributed):
    return repr([[*one.ends, one.summary, one.tally.count, one.tally.evidence, one.community_id] for one in attributed.observations]
                ) + repr(attributed[1:])


def test_the_facts_are_not_changed_and_the_answer_is_always_the_same():
    facts = a_lot()
    before = deepcopy({key: (value.payloads, value.evidence) for key, value in facts.conversations.items()})
    first = frozen(attribute(facts, Profile()))
    assert frozen(attribute(facts, Profile())) == first
    assert {key: (value.payloads, value.evidence) for key, value in facts.conversations.items()} == before


def test_the_order_of_facts_does_not_matter():
    facts = a_lot()
    expected = frozen(attribute(facts, Profile()))
    dice = random.Random(7)
    for _ in range(5):
        other = Facts()
        for table in ("conversations", "sightings", "claims", "exposures"):
            items = list(getattr(facts, table).items())
            dice.shuffle(items)
            getattr(other, table).update(items)
        assert frozen(attribute(other, Profile())) == expected


def test_no_facts_no_rows():
    attributed = attribute(Facts(), Profile())
    assert list(attributed.observations) == []
    assert attributed[1:] == ([], [], [], frozenset(), (), ())


def test_conversations_are_sorted_as_numbers():
    rows = attribute(a_lot(), Profile()).conversations
    assert [row.source for row in rows] == sorted((row.source for row in rows),
                                                  key=lambda text: [int(part) for part in text.split(".")])
    assert len(rows) == len(a_lot().conversations)


def test_every_observation_has_a_frame_that_proves_it():
    for one in attribute(a_lot(), Profile()).observations:
        assert one.tally.evidence, one
        assert all(isinstance(evidence, Evidence) and evidence.summary for evidence in one.tally.evidence), one
        assert one.tally.count > 0, one
        assert one.tally.first <= one.tally.last, one
