from __future__ import annotations

import pytest

from consul_sniff import limits
from consul_sniff.decoders.fold import Claimed
from consul_sniff.decoders.sayings import Sayings
from consul_sniff.facts import ConversationKey, Evidence, ExposureKey, Facts, SightingKey, Tally
from consul_sniff.model import Claim, Message, Protection, Secret

TALK = ConversationKey("10.0.0.1", "10.0.0.2", 8300, "tcp")
OTHER = ConversationKey("10.0.0.3", "10.0.0.2", 8300, "tcp")
CLAIM = Claim("node", ("a",), (("role", "server"),))
SECRET = Secret("acl-token", "1f", "header", "/", 36)


def message(kind: str, summary: str = "", **more: object) -> Message:
    return Message("raft", kind, Protection.PLAINTEXT, summary or kind, **more)


def learnt(*messages: Message) -> Sayings:
    """What a unit says that consists of these."""
    it = Sayings(Facts())
    it.number(messages)
    return it


def test_the_same_thing_in_other_words_is_one_place_and_two_words():
    it = learnt(message("vote", "for a"), message("vote", "for b"), message("beat"))
    assert [it.number([message("vote", "for b")]) for _ in range(2)] == [1, 1]
    assert it.units == [((0, 0, 2), (1, 1, 1)), ((0, 2, 1),)]
    assert [(one.summary, one.times) for one in it.says(0)] == [("for a", 2), ("beat", 1)]
    assert it.lesser(0, 2) == it.lesser(2, 0) == 0


def test_a_sum_is_added_where_it_was_admitted():
    it = learnt(message("vote", claims=(CLAIM,), secrets=(SECRET,)))
    for place, word, _times in it.units[0]:
        kept = it.admit(TALK, 3, 1, place)
        it.tell(kept, 5, 10, 20, [(0, 7, word), (0, 9, word)])
        it.tell(kept, 1, 5, 12, [(0, 2, word)])
    proof = tuple(Evidence(0, frame, "vote") for frame in (2, 7, 9))
    (sighting, said), = it.facts.sightings.items()
    (exposure, shown), = it.facts.exposures.items()
    (claim, claimed), = it.facts.claims.items()
    assert sighting == SightingKey(TALK, 1, "raft", "vote", Protection.PLAINTEXT, (), False)
    assert exposure == ExposureKey(SECRET, TALK, 1)
    assert (claim.claim, claim.port, claimed.conversation, claimed.side) == (CLAIM, 8300, TALK, 1)
    assert [(one.count, one.first, one.last) for one in (said, shown, claimed)] == [(6, 5, 20)] * 3
    assert said.evidence == shown.evidence == proof
    assert claimed.evidence == proof[:1]


def test_a_claim_is_whose_packet_was_first():
    it = learnt(message("vote", claims=(CLAIM,)))
    ((_, _, _), (place, word, _)) = it.units[0]
    first, second = it.admit(TALK, -1, 0, place), it.admit(OTHER, -1, 0, place)
    assert isinstance(first, Claimed)
    it.tell(first, 1, 10, 10, [(0, 9, word)])
    it.tell(second, 1, 20, 20, [(0, 4, word)])
    (claimed,) = it.facts.claims.values()
    assert (claimed.conversation, claimed.count, claimed.evidence) == (OTHER, 2, (Evidence(0, 4, "vote"),))


@pytest.mark.parametrize(("what", "limit"), [("sightings", "SIGHTINGS"), ("claims", "CLAIMS"), ("exposures", "EXPOSURES")])
def test_beyond_the_bound_nothing_is_admitted_and_the_report_says_so(monkeypatch, what, limit):
    monkeypatch.setattr(limits, limit, limits.SHARES)
    it = learnt(*[message("vote", claims=(CLAIM._replace(subject=(name,)),), secrets=(SECRET._replace(fingerprint=name),)) for name in "ab"])
    table = {"sightings": "said", "claims": "claimed", "exposures": "exposed"}[what]
    places = [place for place, _, _ in it.units[0] if it._keys[place][0] == table]
    if what == "sightings":
        places = [places[0], places[0]]
    admitted = [it.admit(talk, 2, 0, place) for talk, place in zip((TALK, OTHER), places, strict=True)]
    assert admitted[0] is not None
    assert admitted[1] is None
    assert it.admit(OTHER, 3, 0, places[1]) is not None
    assert len(it.facts.reasons) == 1
    assert sum(it.facts.notes.values()) == 1


def test_what_the_screen_understood_is_put_in_words_when_it_is_told():
    it = Sayings(Facts())
    numbers = [it.told(("dns", 0x0100, 1, 0, label + b"\x06consul")) for label in (b"\x03web", b"\x02db")]
    assert it.units == [(), ()]
    ((place, word, _),), ((same, other, _),) = (it.unit(number) for number in numbers)
    assert same == place
    assert it.units == [((place, word, 1),), ((place, other, 1),)]
    kept = it.admit(TALK, -1, 0, place)
    assert isinstance(kept, Tally)
    it.tell(kept, 2, 1, 2, [(0, 1, word), (0, 2, other)])
    assert [one.summary for one in kept.evidence] == ["query A web.consul", "query A db.consul"]
    assert [one.summary for one in it.says(numbers[1])] == ["query A db.consul"]


def test_forgetting_begins_with_new_numbers_in_the_same_lists():
    it = learnt(message("vote"))
    units, closes = it.units, it.closes
    it.closes[9] = 1
    it.told(("dns", 0x0100, 1, 0, b"\x03web\x06consul"))
    it.forget()
    assert it.number([message("beat")]) == 0
    assert it.units is units
    assert it.closes is closes
    assert (units, closes) == ([((0, 0, 1),)], {})


@pytest.mark.parametrize("limit", ["NUMBERS", "ASLEEP"])
def test_when_it_is_time_to_forget(monkeypatch, limit):
    monkeypatch.setattr(limits, limit, 3)
    it = learnt(message("vote"))
    it.told(("dns", 0x0100, 1, 0, b"a"))
    assert not it.full
    it.told(("dns", 0x0100, 1, 0, b"bb"))
    assert it.full
    it.forget()
    assert not it.full
