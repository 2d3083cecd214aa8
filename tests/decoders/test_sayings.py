from __future__ import annotations

import pytest

from consul_sniff import limits
from consul_sniff.decoders.fold import Claimed
from consul_sniff.decoders.sayings import Sayings, packed
from consul_sniff.facts import ConversationKey, Evidence, ExposureKey, Facts
from consul_sniff.model import Claim, Message, Protection, Secret

TALK = ConversationKey("10.0.0.1", "10.0.0.2", 8300, "tcp")
OTHER = ConversationKey("10.0.0.3", "10.0.0.2", 8300, "tcp")
CLAIM = Claim("node", ("a",), (("role", "server"),))
SECRET = Secret("acl-token", "1f", "header", "/", 36)


def message(kind: str, summary: str = "", **more: object) -> Message:
    return Message("raft", kind, Protection.PLAINTEXT, summary or kind, **more)


def spoken(kind: str) -> tuple[object, ...]:
    return ("raft", kind, Protection.PLAINTEXT, (), False)


def learnt(*messages: Message) -> Sayings:
    """What a unit says that consists of these."""
    it = Sayings(Facts())
    it.number(messages)
    return it


def test_the_same_thing_in_other_words_is_one_place_and_two_words():
    it = learnt(message("vote", "for a"), message("vote", "for b"), message("beat"))
    assert [it.number([message("vote", "for b")]) for _ in range(2)] == [1, 1]
    assert it.units == [(0, 0, 2, 1, 1, 1), (0, 2, 1)]
    assert [(one.summary, one.times) for one in it.says(0)] == [("for a", 2), ("beat", 1)]
    assert it.lesser(0, 2) == it.lesser(2, 0) == 0
    assert it.spoken()[:2] == ([spoken("vote"), spoken("beat")], ["for a", "beat", "for b"])


def test_claims_and_secrets_are_added_where_they_were_admitted():
    it = learnt(message("vote", claims=(CLAIM,), secrets=(SECRET,)))
    said, *places = it.units[0][::3]
    assert said < limits.APART
    for place, word in zip(places, it.units[0][4::3], strict=True):
        assert place >= limits.APART
        kept = it.admit(TALK, 3, 1, place)
        it.tell(kept, 5, 10, 20, [(0, 7, word), (0, 9, word)])
        it.tell(kept, 1, 5, 12, [(0, 2, word)])
    proof = tuple(Evidence(0, frame, "vote") for frame in (2, 7, 9))
    (exposure, shown), = it.facts.exposures.items()
    (claim, claimed), = it.facts.claims.items()
    assert exposure == ExposureKey(SECRET, TALK, 1)
    assert (claim.claim, claim.port, claimed.conversation, claimed.side) == (CLAIM, 8300, TALK, 1)
    assert [(one.count, one.first, one.last) for one in (shown, claimed)] == [(6, 5, 20)] * 2
    assert shown.evidence == proof
    assert claimed.evidence == proof[:1]
    assert not it.facts.sightings


def test_a_claim_is_whose_packet_was_first():
    it = learnt(message("vote", claims=(CLAIM,)))
    _, _, _, place, word, _ = it.units[0]
    first, second = it.admit(TALK, -1, 0, place), it.admit(OTHER, -1, 0, place)
    assert isinstance(first, Claimed)
    it.tell(first, 1, 10, 10, [(0, 9, word)])
    it.tell(second, 1, 20, 20, [(0, 4, word)])
    (claimed,) = it.facts.claims.values()
    assert (claimed.conversation, claimed.count, claimed.evidence) == (OTHER, 2, (Evidence(0, 4, "vote"),))


@pytest.mark.parametrize(("what", "limit"), [("claims", "CLAIMS"), ("exposures", "EXPOSURES")])
def test_beyond_the_bound_nothing_is_admitted_and_the_report_says_so(monkeypatch, what, limit):
    monkeypatch.setattr(limits, limit, limits.SHARES)
    more = "claims" if what == "claims" else "secrets"
    it = learnt(*[message("vote", **{more: (one,)}) for one in (
        [CLAIM._replace(subject=(name,)) for name in "ab"] if more == "claims" else [SECRET._replace(fingerprint=name) for name in "ab"])])
    places = [place for place in it.units[0][::3] if place >= limits.APART]
    admitted = [it.admit(talk, 2, 0, place) for talk, place in zip((TALK, OTHER), places, strict=True)]
    assert admitted[0] is not None
    assert admitted[1] is None
    assert it.admit(OTHER, 3, 0, places[1]) is not None
    assert len(it.facts.reasons) == 1
    assert sum(it.facts.notes.values()) == 1


def test_places_know_whether_they_tell_of_consul():
    it = Sayings(Facts(), lambda protocol, kind, fields: kind == "vote")
    it.number([message("beat"), message("vote")])
    assert list(it.tells) == [0, 1]
    it.forget({1}, set())
    it.number([message("vote"), message("other vote"), message("beat")])
    assert [it.tells[it.place(spoken(kind))] for kind in ("vote", "other vote", "beat")] == [1, 0, 0]


def unpacked(unit):
    return (unit >> 32) - 1, unit & 0xFFFFFFFF


def test_what_the_screen_understood_is_put_in_words_when_somebody_asks():
    it = Sayings(Facts())
    numbers = [it.told(("dns", 0x0100, 1, 0, label + b"\x06consul")) for label in (b"\x03web", b"\x02db")]
    assert it.units == [(), ()]
    (place, word), (same, other) = (unpacked(it.unit(number)) for number in numbers)
    assert same == place
    assert it.units == [packed(place, word), packed(place, other)]
    _, words, spell = it.spoken()
    assert [spell(words[one]) for one in (word, other)] == ["query A web.consul", "query A db.consul"]
    assert it.lesser(word, other) == other
    assert [one.summary for one in it.says(numbers[1])] == ["query A db.consul"]


def test_names_that_mean_the_same_are_one_thing_said_in_words_of_their_own():
    it = Sayings(Facts())
    numbers = [it.told(("client-hello", 0x0303, name, b"")) for name in (b"a.test", b"A.test.", b"b.test")]
    (one, _), (same, word), (other, _) = (unpacked(it.unit(number)) for number in numbers)
    assert (one == same, one == other) == (True, False)
    places, words, spell = it.spoken()
    assert [dict(places[place][3])["sni"] for place in (one, other)] == ["a.test", "b.test"]
    assert spell(words[word]) == "ClientHello up to TLS 1.2 for a.test"
    ((said,), (heard,)) = it.says(numbers[1]), it.says(numbers[0])
    assert said.key == heard.key == places[one]


def test_forgetting_begins_with_new_numbers_in_the_same_lists():
    it = learnt(message("vote"))
    units, closes = it.units, it.closes
    it.closes[9] = 1
    it.told(("dns", 0x0100, 1, 0, b"\x03web\x06consul"))
    it.forget(set(), set())
    assert it.number([message("beat")]) == 0
    assert it.units is units
    assert it.closes is closes
    assert (units, closes) == ([(0, 0, 1)], {})


def test_what_there_are_sums_of_keeps_its_numbers():
    it = learnt(message("vote", "for a"), message("beat"), message("vote", "for b"))
    vote, first, _, beat, _, _ = it.units[0]
    it.forget({vote}, {first})
    it.number([message("new")])
    it.number([message("vote", "for a"), message("beat")])
    assert it.units == [(beat, 1, 1), (vote, first, 1, 2, 2, 1)]
    assert it.spoken()[:2] == ([spoken("vote"), spoken("new"), spoken("beat")], ["for a", "new", "beat"])


@pytest.mark.parametrize("limit", ["NUMBERS", "ASLEEP"])
def test_when_it_is_time_to_forget(monkeypatch, limit):
    monkeypatch.setattr(limits, limit, 3)
    it = learnt(message("vote"))
    it.told(("dns", 0x0100, 1, 0, b"a"))
    assert not it.full
    it.told(("dns", 0x0100, 1, 0, b"bb"))
    assert it.full
    it.forget(set(), set())
    assert not it.full
