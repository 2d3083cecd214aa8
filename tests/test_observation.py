from consul_sniff.model import Evidence
from consul_sniff.observation import Bundle, Noted, Observations, Promised
from consul_sniff.tally import Tally

from .matching.made_rules import observation


def test_evidence_without_words_has_those_of_the_observation():
    words = (Evidence(0, 1, "a ping"), Evidence(0, 2, ""))
    one = observation(tally=Tally(2, 5, 9, words), summary="plaintext gossip")
    assert one.tally.evidence == (Evidence(0, 1, "a ping"), Evidence(0, 2, "plaintext gossip"))
    assert (one.tally.count, one.tally.first, one.tally.last) == (2, 5, 9)
    assert one.counted.evidence == words


def test_what_waits_is_made_when_somebody_looks_and_once():
    made = []

    def make(sort, *what):
        made.append(what)
        return Noted(sort, (what[0], "10.0.0.2", 8301), "seen", Tally(), "1:x")

    early = observation()
    bundle = Bundle(early.sort)
    bundle.add(early)
    bundle.later(make, "10.0.0.7", 1)
    assert made == []
    assert [[one.source for one in bundle.observations] for _ in range(2)] == [["10.0.0.1", "10.0.0.7"]] * 2
    assert made == [("10.0.0.7", 1)]


def test_all_that_was_seen_is_in_bundles_and_lots():
    alone, alike, other = observation(), observation("raft"), observation("http")
    seen = Observations([alone, other])
    seen.lot(alike.sort.few, lambda few, parts: [bundle for bundle in parts if bundle.sort.few == few]).add(
        Observations([alike]).bundle(alike.sort))
    assert list(seen) == [alike, alone, other]
    assert [bundle.sort for bundle in seen.bundles(lambda few: few.protocol == "raft")] == [alike.sort]


def test_a_promised_one_is_made_once_and_when_more_than_its_ends_is_asked():
    made = []
    ends = ("10.0.0.1", "10.0.0.2", 8301)

    def make(sort, ends, words):
        made.append(words)
        return Noted(sort, ends, words, Tally(3, 1, 2, ()), "1:x")

    sort = observation().sort
    one = Promised(sort, ends, make, "said")
    assert (one.sort, one.ends, one.source, made) == (sort, ends, "10.0.0.1", [])
    assert (one.summary, one.counted.count, one.community_id, one.tally.count) == ("said", 3, "1:x", 3)
    assert made == ["said"]
