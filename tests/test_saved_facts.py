"""What was learnt, as JSON and back."""

import copy
import json
import random

import pytest

from consul_sniff import limits, saved_facts
from consul_sniff.facts import Conversation, ConversationKey, Facts
from consul_sniff.pipeline import Options, read
from consul_sniff.rows import unrolled

NAMES = ["lab/plain-c1.pcap", "lab/rollout-c1.pcap", "lab/plain-apiclient.pcap", "lab/secure-c1.pcap", "lab/ipv6-c1.pcap", "lab/rexec-c1.pcap"]
TABLES = ("conversations", "sightings", "claims", "exposures")


def again(facts):
    return saved_facts.load(json.loads(json.dumps(saved_facts.dump(facts))))


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_the_same_afterwards(pcaps, name):
    facts = read([str(pcaps / name)], Options())
    loaded = again(facts)
    assert saved_facts.dump(loaded) == saved_facts.dump(facts)
    facts = unrolled(facts)
    for table in TABLES:
        assert list(getattr(loaded, table)) == list(getattr(facts, table))
        for mine, theirs in zip(getattr(loaded, table).values(), getattr(facts, table).values(), strict=True):
            assert {slot: getattr(mine, slot) for slot in _slots(mine)} == {slot: getattr(theirs, slot) for slot in _slots(theirs)}


def _slots(one):
    """(Whose share a tally used up is not saved.)"""
    return [slot for kind in type(one).__mro__ for slot in getattr(kind, "__slots__", ()) if slot != "shares"]


def test_what_is_learnt_afterwards_is_joined_to_it(pcaps):
    first, second = (str(pcaps / name) for name in NAMES[:2])
    one, other = read([first], Options()), read([second], Options())
    assert saved_facts.dump(again(one).joined(other)) == saved_facts.dump(one.joined(other))


def test_a_capture_of_before_1970_and_words_that_are_no_unicode():
    facts = Facts()
    key = ConversationKey("10.0.0.1", "10.0.0.2", 8301, "udp")
    facts.conversations[key] = Conversation()
    facts.conversations[key].first = facts.conversations[key].last = -5
    facts.reasons = {"a\udcff.pcap: is gone"}
    assert again(facts).conversations[key].first == -5
    assert again(facts).reasons == facts.reasons


def test_bounds_hold_over_restarts(pcaps, monkeypatch):
    facts = read([str(pcaps / NAMES[0])], Options())
    count = len(unrolled(facts).conversations)
    loaded = again(facts)
    assert sum(len(keys) for (table, _share), keys in loaded.met.items() if table == "conversations") == count
    assert not loaded.room("conversations", 0, "new", limits.SHARES)
    monkeypatch.setitem(saved_facts._BOUNDS, "conversations", count - 1)
    with pytest.raises(ValueError, match="conversations"):
        again(facts)


def _places(value, path=()):
    """Every place in the document."""
    yield path
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(inner, (*path, key))


def test_damage_anywhere_is_refused_or_harmless(pcaps):
    """Whatever stands in it: facts, or one of four errors; never another one."""
    whole = json.loads(json.dumps(saved_facts.dump(read([str(pcaps / "lab" / "rexec-c1.pcap")], Options()))))
    places = [path for path in _places(whole) if path]
    chance = random.Random(1)
    refused = 0
    for _ in range(2_000):
        damaged = copy.deepcopy(whole)
        *way, last = chance.choice(places)
        inner = damaged
        for step in way:
            inner = inner[step]
        inner[last] = chance.choice([None, -1, 1 << 70, "x", [], {}, True, 0.5, [[]], "\udcff", [1, 2, 3]])
        try:
            assert isinstance(saved_facts.load(damaged), Facts)
        except (ValueError, TypeError, LookupError, AttributeError):
            refused += 1
    assert refused > 1_000
