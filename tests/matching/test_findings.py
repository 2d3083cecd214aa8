import itertools
from hashlib import sha256

import pytest

from consul_sniff.matching.findings import findings, identity
from consul_sniff.matching.matcher import Ballot
from consul_sniff.model import Confidence, Grade, Severity, Status, Vote

from .made_rules import observation, signature, tally

CONTROL = "gossip-encryption"


def made(*observations, status=Status.FAIL, **parts):
    return findings([Ballot(signature(**parts), list(observations))], {CONTROL: status})[0]


def test_an_id_is_the_signature_and_eight_digits_of_the_documented_string():
    digits = sha256(b"sig|10.0.0.1|10.0.0.2|8301|udp").hexdigest()[:8]
    assert identity("sig", "10.0.0.1", "10.0.0.2", 8301, "udp") == f"sig-{digits}"
    assert [f.id for f in made(observation())] == [f"sig-{digits}"]


def test_an_id_knows_no_time_and_no_frame():
    early, late = made(observation(tally=tally(1, 1))), made(observation(tally=tally(99, 10**18), summary="other"))
    assert early[0].id == late[0].id
    others = {identity(*parts) for parts in [("a", "b", "c", 1, "udp"), ("x", "b", "c", 1, "udp"), ("a", "x", "c", 1, "udp"),
                                            ("a", "b", "x", 1, "udp"), ("a", "b", "c", 2, "udp"), ("a", "b", "c", 1, "tcp")]}
    assert len(others) == 6


def test_one_finding_a_place_with_counts_added_and_three_packets_kept():
    seen = [observation(kind=f"k{n}", tally=tally(frame=n, time=n * 10, count=n)) for n in (5, 2, 9, 7)]
    (finding,) = made(*seen, observation(kind="k", grade=Grade.UNSOLICITED, tally=tally(3, 30)))
    assert finding.count == 24
    assert [e.frame for e in finding.evidence] == [2, 3, 5]
    assert (finding.first, finding.last) == (20, 90)
    assert finding.grade is Grade.TWO_WAY
    assert finding.confidence is Confidence.HIGH


def test_the_order_of_observations_changes_nothing():
    seen = [observation(kind="a", protocol="tls", community_id="1:a", tally=tally(4)), observation(kind="b", tally=tally(2)),
            observation(source="10.0.0.9", tally=tally(1))]
    results = [made(*order) for order in itertools.permutations(seen)]
    assert all(r == results[0] for r in results)


@pytest.mark.parametrize(("vote", "severity", "status", "shown"), [
    (Vote.FAIL, Severity.CRITICAL, Status.FAIL, Severity.CRITICAL),
    (Vote.FAIL, Severity.HIGH, Status.INCONCLUSIVE, Severity.INFO),
    (Vote.FAIL, Severity.HIGH, Status.WARN, Severity.INFO),
    (Vote.WARN, Severity.MEDIUM, Status.WARN, Severity.MEDIUM),
    (Vote.WARN, Severity.LOW, Status.FAIL, Severity.LOW),
    (Vote.NOTE, Severity.INFO, Status.PASS, Severity.INFO),
    (Vote.NOTE, Severity.INFO, Status.NOT_OBSERVED, Severity.INFO),
])
def test_no_finding_is_worse_than_its_controls_status_allows(vote, severity, status, shown):
    (finding,) = made(observation(grade=Grade.UNSOLICITED), vote=vote, severity=severity, status=status)
    assert finding.severity is shown
    assert ("anybody can forge it" in finding.title) == (severity is not shown)
    assert finding.confidence is Confidence.LOW


def test_a_lowered_finding_with_good_evidence_says_the_status():
    (finding,) = made(observation(), status=Status.WARN)
    assert finding.title == "A title (the control is warn: this decides nothing)"


@pytest.mark.parametrize("vote", [Vote.PASS, Vote.INCONCLUSIVE])
def test_these_votes_leave_no_finding(vote):
    assert made(observation(), vote=vote) == []


def test_the_worst_come_first_then_addresses_as_numbers():
    ballots = [Ballot(signature("b", severity=Severity.HIGH), [observation(source=a) for a in ("fd77::1", "10.0.0.10", "10.0.0.9")]),
               Ballot(signature("c", severity=Severity.CRITICAL), [observation()])]
    found, _ = findings(ballots, {CONTROL: Status.FAIL})
    assert [(f.signature, f.source) for f in found] == [("c", "10.0.0.1"), ("b", "10.0.0.9"), ("b", "10.0.0.10"), ("b", "fd77::1")]


def test_bounds_keep_some_of_every_signature():
    many = Ballot(signature("many"), [observation(source=f"10.0.0.{n}") for n in range(1, 9)])
    one = Ballot(signature("zone"), [observation()])
    kept, left_out = findings([many, one], {CONTROL: Status.FAIL}, 3)
    assert [(f.signature, f.source) for f in kept] == [("many", "10.0.0.1"), ("many", "10.0.0.2"), ("zone", "10.0.0.1")]
    assert left_out == 6
    found, left_out = findings([many, one], {CONTROL: Status.FAIL}, 9)
    assert (len(found), left_out) == (9, 0)


def test_decrypted_is_said_only_where_all_evidence_is():
    assert made(observation(decrypted=True))[0].decrypted
    assert not made(observation(decrypted=True), observation())[0].decrypted
