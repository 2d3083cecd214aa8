import pytest

from consul_sniff.errors import UsageError
from consul_sniff.facts import Conversation, ConversationKey, Facts, InputFacts
from consul_sniff.matching import Rules, judge
from consul_sniff.matching.checklist import Control
from consul_sniff.matching.findings import findings
from consul_sniff.matching.loader import load
from consul_sniff.matching.schema import Condition
from consul_sniff.matching.verdict import check_gate, lost_share
from consul_sniff.model import Grade, Protection, Severity, Status, Vote
from consul_sniff.report import ConversationRow

from .made_rules import attributed, node, observation, signature, tally

CONTROLS = tuple(Control(name, "t", "s", ("000",), (channel,), "r", "nothing was seen", "look") for name, channel in
                 (("gossip-encryption", "gossip-lan"), ("rpc-tls", "rpc")))
PLAIN = ((Condition("protocol", "exact", ("memberlist",)), Condition("protection", "exact", ("plaintext",))),)
SEALED = ((Condition("protocol", "exact", ("memberlist",)), Condition("protection", "exact", ("encrypted",))),)
RULES = Rules(CONTROLS, (signature("bad", match=PLAIN, reason="{source_count} of {nodes:node}: {sources}"),
                         signature("good", vote=Vote.PASS, match=SEALED, reason="sealed"),
                         signature("meh", vote=Vote.WARN, control="rpc-tls", match=((Condition("protocol", "exact", ("tls",)),),))))
BAD, GOOD = observation(), observation(protection=Protection.ENCRYPTED)
WARNING = observation("tls", "records", channel="rpc")


def facts(*, error=None, lost=0, bytes_=100, dropped=0):
    made = Facts()
    source = InputFacts("a.pcap")
    source.error = error
    made.inputs.append(source)
    made.counters["decoded"] = 10
    conversation = Conversation()
    conversation.lost, conversation.bytes = [lost, 0], [bytes_, 0]
    made.conversations[ConversationKey("a", "b", 1, "tcp")] = conversation
    if dropped:
        made.notes["capture-dropped"] = dropped
    return made


def test_the_report_holds_controls_findings_and_reasons():
    report = judge(attributed(BAD, GOOD, nodes=[node("10.0.0.1", "s1"), node("10.0.0.2")]), facts(), RULES)
    first, second = report.controls
    assert (first.id, first.status, first.reason) == ("gossip-encryption", Status.FAIL, "1 of 2 nodes: s1")
    assert first.findings == tuple(f.id for f in report.findings)
    assert (second.status, second.reason, second.findings) == (Status.NOT_OBSERVED, "nothing was seen", ())
    assert (report.exit_code, report.exit_reason) == (1, "1 finding of severity high or above; 1 control failed")
    assert report.complete
    assert report.counters == {"decoded": 10}


@pytest.mark.parametrize(("seen", "error", "options", "code"), [
    ([GOOD], None, {}, 0),
    ([BAD], None, {}, 1),
    ([BAD], "a.pcap: is damaged", {}, 3),
    ([GOOD], "a.pcap: is damaged", {}, 3),
    ([], "a.pcap: is damaged", {"require": ["rpc"]}, 3),
    ([BAD], None, {"require": ["rpc"]}, 1),
    ([GOOD], None, {"require": ["rpc"]}, 4),
    ([GOOD], None, {"require": ["gossip-lan"]}, 0),
    ([GOOD], None, {"require": ["gossip-encryption"]}, 0),
    ([GOOD], None, {"require": ["gossip-encryption", "rpc-tls"]}, 4),
    ([GOOD], None, {"require": ["rpc-tls"]}, 4),
    ([WARNING], None, {}, 0),
    ([WARNING], None, {"fail_on": "medium"}, 1),
    ([WARNING], None, {"fail_on": "info"}, 1),
    ([BAD], None, {"fail_on": "critical"}, 0),
    ([observation(grade=Grade.UNSOLICITED)], None, {}, 0),
    ([observation(grade=Grade.UNSOLICITED)], None, {"fail_on": "info"}, 1),
])
def test_exit_codes_three_then_one_then_four(seen, error, options, code):
    assert judge(attributed(*seen), facts(error=error), RULES, **options).exit_code == code


def test_a_capture_without_consul_never_looks_clean():
    report = judge(attributed(channels=()), facts(), RULES)
    assert (report.exit_code, report.exit_reason) == (4, "no Consul traffic was seen")


def test_vault_alone_is_consul_traffic():
    row = ConversationRow("a", "b", 8200, "tcp", "ca", "vault", Protection.PLAINTEXT, "content", 1, 1, 1, 1, "1:x")
    assert judge(attributed(channels=())._replace(conversations=[row]), facts(), RULES).exit_code == 0


@pytest.mark.parametrize(("lost", "dropped", "allowed", "code"), [
    (0, 0, 0.0, 0), (1, 0, 0.0, 4), (1, 0, 0.01, 0), (100, 0, 0.4, 4), (0, 10, 0.4, 4), (0, 10, 0.5, 0),
])
def test_lost_traffic_beyond_what_is_allowed(lost, dropped, allowed, code):
    report = judge(attributed(GOOD), facts(lost=lost, dropped=dropped), RULES, max_loss=allowed)
    assert report.exit_code == code


def test_the_share_that_is_lost():
    assert lost_share(facts()) == 0
    assert lost_share(facts(lost=100)) == 0.5
    assert lost_share(facts(lost=1, dropped=30)) == 0.75


@pytest.mark.parametrize(("channel", "expected"), [("other", 0), ("api", 0.5)])
def test_what_somebody_elses_conversation_lost_is_not_missing_here(channel, expected):
    made = facts(lost=100)
    row = ConversationRow(*next(iter(made.conversations)), channel, "unknown", Protection.UNKNOWN, "content", 1, 1, 1, 1, "1:x")
    assert lost_share(made, [row]) == expected


def test_a_loss_on_a_controls_channel_makes_its_pass_inconclusive():
    report = judge(attributed(GOOD, incomplete=["gossip-lan: 3 datagrams were cut", "all: much"]), facts(), RULES)
    assert report.controls[0].status is Status.INCONCLUSIVE
    assert not report.complete
    assert report.reasons == ["gossip-lan: 3 datagrams were cut", "much"]
    other = judge(attributed(GOOD, incomplete=["rpc: 3 bytes"]), facts(), RULES)
    assert other.controls[0].status is Status.PASS


@pytest.mark.parametrize(("options", "words"), [
    ({"require": ["gossip"]}, '--require: "gossip" is neither a channel nor a control; there are gossip-lan'),
    ({"fail_on": "bad"}, '--fail-on: "bad" is not one of critical, high'),
    ({"max_loss": 2.0}, "--max-loss: 2 is no share"),
])
def test_wrong_words_are_told_with_the_right_ones(options, words):
    with pytest.raises(UsageError, match=words):
        check_gate(RULES, **options)
    with pytest.raises(UsageError, match=words):
        judge(attributed(), facts(), RULES, **options)


def test_too_many_findings_are_counted_and_said(monkeypatch):
    monkeypatch.setattr("consul_sniff.matching.verdict.findings", lambda ballots, statuses: findings(ballots, statuses, 1))
    report = judge(attributed(BAD, observation(source="10.0.0.3")), facts(), RULES)
    assert report.notes["findings-left-out"] == 1
    assert report.reasons == ["1 finding more than the 1 listed were left out"]
    assert not report.complete


def test_whatever_the_shipped_signatures_meet_severities_keep_to_the_status():
    """Every shipped signature alone, with strong and with weak evidence: the contract's invariant of severities."""
    rules = load()
    allowed = {Status.FAIL: set(Severity), Status.WARN: {Severity.MEDIUM, Severity.LOW, Severity.INFO}}
    for each in rules.signatures:
        for grade in Grade:
            seen = observation(grade=grade, tally=tally())
            alone = Rules(rules.controls, (each._replace(match=PLAIN, unless=()),))
            report = judge(attributed(seen), facts(), alone)
            status = {c.id: c.status for c in report.controls}[each.control]
            assert {f.severity for f in report.findings} <= allowed.get(status, {Severity.INFO})
            assert (report.exit_code == 1) == (status is Status.FAIL)
            assert (status is Status.FAIL) == (each.vote is Vote.FAIL and grade is not Grade.UNSOLICITED)
