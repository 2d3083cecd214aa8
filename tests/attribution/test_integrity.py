import pytest

from consul_sniff.attribution.integrity import beyond_chance
from consul_sniff.facts import InputFacts
from consul_sniff.model import Evidence

from .made_facts import C1, S1, S2, S3, Made, of


@pytest.mark.parametrize(("bad", "whole", "expected"), [(1, 1, False), (2, 2, False), (3, 3, True), (3, 300, False),
                                                        (3, 299, True), (0, 0, False)])
def test_what_is_beyond_chance(bad, whole, expected):
    assert beyond_chance(bad, whole) is expected


def test_crc_mismatches_of_one_sender():
    made = Made()
    made.gossip(S1, S2, plain=(9, 9), crc_bad=(0, 4), crc_good=(9, 5))
    assert [(one.source, one.destination, one.tally.count, one.fields["beyond_chance"])
            for one in of(made.attributed(), "integrity", "crc")] == [(S2, S1, 4, True)]


@pytest.mark.parametrize(("sent", "name", "kind", "what"), [
    ("plain", "replays", "replay", "ping"), ("sealed", "replays", "replay", "nonce"),
    ("sealed", "nonce_reuse", "nonce-reuse", "nonce")])
def test_replays_and_nonces_used_again(sent, name, kind, what):
    made = Made()
    made.gossip(S1, S2, **{sent: (9, 9), name: (1, 0)}, integrity=(Evidence(0, 77, ""),))
    found = of(made.attributed(), "integrity", kind)
    assert [(one.source, one.fields["what"], one.tally.evidence[0].frame) for one in found] == [(S1, what, 77)]


def test_gossip_of_others_is_not_looked_at():
    made = Made()
    made.gossip(S1, S2, 7946, plain=(9, 9), crc_bad=(5, 5), replays=(5, 5))
    assert of(made.attributed(), "integrity") == []


def test_one_look_a_pool():
    made = Made()
    made.gossip(S1, S2, sealed=(2, 2))
    made.gossip(S1, S3, sealed=(2, 2))
    made.gossip(S1, S3, 8302, sealed=(2, 2))
    assert [(one.channel, one.tally.count) for one in of(made.attributed(), "integrity", "checked")] == [
        ("gossip-lan", 8), ("gossip-wan", 4)]


def conflict(*members, ended=None):
    made = Made()
    key = made.gossip(S1, S2, plain=(9, 9))
    for address, id_, at in members:
        made.member(key, "s9", address, role="consul", id=id_, at=at)
    if ended:
        made.claim(key, "member", ("s9", ""), state=ended, incarnation=1)
    return [one.summary for one in of(made.attributed(), "integrity", "identity-conflict")]


def test_one_name_at_two_addresses_with_two_ids_is_a_conflict():
    assert conflict((S3, "a", 1000), (C1, "b", 2000)) == [
        f"s9 is alive at {S3} and at {C1}, with different node ids"]


@pytest.mark.parametrize("members", [
    [(S3, "a", 1000), (C1, "a", 2000)],  # one agent, two addresses
    [(S3, "a", 1000), ("fd77::1", "b", 2000)],  # two families
    [(S3, "a", 1000), (S3, "b", 2000)]])  # reinstalled
def test_what_is_no_conflict(members):
    assert conflict(*members) == []


def test_a_host_that_died_may_be_replaced():
    assert conflict((S3, "a", 1000), (C1, "b", 2000), ended="dead") == []
    assert conflict((S3, "a", 1000), (C1, "b", 1000), ended="dead") != []


@pytest.mark.parametrize(("bad", "others", "truncated", "expected"), [
    (5, False, False, [True]), (1, False, False, [False]), (5, True, False, []), (5, False, True, []), (0, False, False, [])])
def test_malformed_messages_are_told_where_all_gossip_is_consuls(bad, others, truncated, expected):
    made = Made()
    made.gossip(S1, S2, plain=(50, 50))
    if others:
        made.gossip(S1, S2, 7946, plain=(50, 50))
    made.facts.notes["memberlist: malformed"] = bad
    input_ = InputFacts("x.pcap")
    input_.truncated = truncated
    made.facts.inputs.append(input_)
    assert [one.fields["beyond_chance"] for one in of(made.attributed(), "integrity", "malformed")] == expected
