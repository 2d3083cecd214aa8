import pytest

from consul_sniff.matching.checklist import Control, Fold, control, fold, losses_of, result
from consul_sniff.matching.matcher import Ballot
from consul_sniff.matching.yamlfile import Problems, Reader, compose
from consul_sniff.model import Grade, Status, Vote

from .made_rules import observation, signature

CONTROL = Control("gossip-encryption", "Title", "Summary", ("000",), ("gossip-lan",), "Set it", "nothing was seen", "look again")
FAIL, WARN, UNSURE, PASS, NOTE = Vote.FAIL, Vote.WARN, Vote.INCONCLUSIVE, Vote.PASS, Vote.NOTE


def ballot(vote, grade=Grade.TWO_WAY, id_=None, **parts):
    return Ballot(signature(id_ or vote.value, vote=vote, **parts), [observation(grade=grade)])


@pytest.mark.parametrize(("votes", "grade", "losses", "status"), [
    ([], Grade.TWO_WAY, [], Status.NOT_OBSERVED),
    ([], Grade.TWO_WAY, ["bytes lost"], Status.NOT_OBSERVED),
    ([NOTE], Grade.TWO_WAY, [], Status.NOT_OBSERVED),
    ([PASS], Grade.TWO_WAY, [], Status.PASS),
    ([PASS], Grade.UNSOLICITED, [], Status.PASS),
    ([UNSURE], Grade.TWO_WAY, [], Status.INCONCLUSIVE),
    ([PASS, UNSURE], Grade.TWO_WAY, [], Status.PASS),
    ([PASS], Grade.TWO_WAY, ["bytes lost"], Status.INCONCLUSIVE),
    ([UNSURE], Grade.TWO_WAY, ["bytes lost"], Status.INCONCLUSIVE),
    ([WARN], Grade.UNSOLICITED, [], Status.WARN),
    ([WARN, PASS], Grade.TWO_WAY, ["bytes lost"], Status.WARN),
    ([FAIL], Grade.TWO_WAY, [], Status.FAIL),
    ([FAIL], Grade.REPEATED, [], Status.FAIL),
    ([FAIL], Grade.UNSOLICITED, [], Status.INCONCLUSIVE),
    ([FAIL, PASS], Grade.UNSOLICITED, [], Status.INCONCLUSIVE),
    ([FAIL, WARN], Grade.UNSOLICITED, [], Status.WARN),
    ([FAIL, WARN, PASS, UNSURE, NOTE], Grade.TWO_WAY, ["bytes lost"], Status.FAIL),
])
def test_the_checklist_folds_votes_in_its_order(votes, grade, losses, status):
    assert fold([ballot(vote, grade) for vote in votes], losses).status is status


def test_one_proven_observation_among_unsolicited_ones_fails():
    both = Ballot(signature(), [observation(grade=Grade.UNSOLICITED), observation(grade=Grade.REPEATED)])
    assert fold([both]).status is Status.FAIL


def test_only_the_proven_ballots_decide_a_fail():
    proven, weak = ballot(FAIL), ballot(FAIL, Grade.UNSOLICITED, "weak")
    assert fold([weak, proven]).deciding == (proven,)


@pytest.mark.parametrize(("line", "found"), [
    ("gossip-lan: 9 bytes are gone", ["9 bytes are gone"]),
    ("all: more was said than is kept", ["more was said than is kept"]),
    ("rpc: 9 bytes are gone", []),
    ("something without a channel", ["something without a channel"]),
    ("odd: thing", ["odd: thing"]),
])
def test_losses_concern_the_controls_of_their_channel(line, found):
    assert losses_of(CONTROL, [line]) == found
    of_one_channel = line.startswith("gossip-lan: ")
    assert losses_of(CONTROL._replace(channels=()), [line]) == ([] if of_one_channel else found)


def reason(folded, notes=()):
    return result(CONTROL, folded, notes, [], {}).reason


def test_reasons_say_why_in_one_sentence():
    plain = ballot(FAIL, reason="{conversations:conversation} in plaintext")
    assert reason(Fold(Status.FAIL, (plain,))) == "1 conversation in plaintext"
    assert reason(fold([ballot(FAIL, Grade.UNSOLICITED, reason="{conversations:conversation} in plaintext")])) == (
        "1 conversation in plaintext, but only in single datagrams that nobody answered, which anybody can forge; "
        "to settle it, look again")
    assert reason(fold([ballot(PASS, reason="all sealed")], ["3 bytes are not in the capture"])) == (
        "all sealed, but 3 bytes are not in the capture, which could hide a fail; to settle it, look again")
    assert reason(fold([ballot(UNSURE, reason="it is hidden")])) == "it is hidden; to settle it, look again"
    assert reason(fold([])) == "nothing was seen"


def test_a_note_with_a_reason_adds_to_not_observed():
    assert reason(fold([]), [ballot(NOTE, reason="one agent says so"), ballot(NOTE)]) == "nothing was seen; one agent says so"


def test_a_signature_without_a_reason_says_its_title():
    assert reason(fold([ballot(FAIL)])) == "A title: 10.0.0.1 -> 10.0.0.2:8301"


def test_the_worst_comes_first_and_no_more_than_three():
    votes = [ballot(FAIL, id_=f"s{n}", reason=f"reason {n}") for n in range(5)]
    assert reason(fold(votes)) == "reason 0; reason 1; reason 2; and 2 more"


def test_an_entry_is_validated():
    problems = Problems()
    reader = Reader("checklist.yaml", problems)
    node = compose('id: x\ntitle: t\nsummary: s\nseeds: ["000"]\nchannels: [lan]\nremediation: r\nsettle: s\nmore: 1\n', reader)
    assert control(node, reader) is None
    assert problems.lines[0] == "checklist.yaml:1: not_observed: is missing"
    assert problems.lines[1].startswith("checklist.yaml:8: more: is no known key; known are channels, id")
    assert problems.lines[2].startswith('checklist.yaml:5: channels: "lan" is not one of gossip-lan')
