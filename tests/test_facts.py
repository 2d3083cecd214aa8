"""Facts merge to the same whatever was read first, and by whom."""

from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.facts import ClaimKey, ClaimTally, Conversation, ConversationKey, Facts, SightingKey
from consul_sniff.model import Claim, Evidence, Protection

from .test_tally import state, tally

KEY = ConversationKey("10.0.0.1", "10.0.0.2", 8301, "udp")
SAID = SightingKey(KEY, 0, "memberlist", "ping", Protection.PLAINTEXT, (), decrypted=False)
CLAIM = ClaimKey(Claim("member", ("s1", "10.0.0.1"), (("role", "consul"),)), 8301, decrypted=False)
packets = st.lists(st.tuples(st.integers(1, 10**12), st.integers(0, 2), st.integers(1, 50)), max_size=12)


def facts_of(seen):
    facts = Facts()
    facts.counters["udp"] = len(seen)
    if not seen:
        return facts
    facts.sightings[SAID] = tally(seen)
    claim = facts.claims[CLAIM] = ClaimTally()
    for packet in seen:
        claim.told(tally([packet]), KEY._replace(port=packet[2]), packet[1] & 1)
    conversation = facts.conversations[KEY] = Conversation()
    for time, input_, frame in seen:
        one = Conversation()
        one.flows, one.packets, one.first, one.last = 1, [1, 0], time, time
        one.source_port = one.first_source_port = frame
        one.evidence = ((Evidence(input_, frame, ""),), ())
        conversation.merge(one)
    return facts


def told(facts):
    return (
        facts.counters,
        {key: state(value) for key, value in facts.sightings.items()},
        {key: (*state(value), value.conversation, value.side) for key, value in facts.claims.items()},
        {key: [getattr(value, slot) for slot in Conversation.__slots__] for key, value in facts.conversations.items()},
    )


@given(packets, packets, packets)
def test_merging_is_associative_and_commutative(a, b, c):
    left = facts_of(a)
    left.merge(facts_of(b))
    left.merge(facts_of(c))
    bc = facts_of(c)
    bc.merge(facts_of(b))
    right = bc
    right.merge(facts_of(a))
    whole = told(left)
    assert whole == told(right)


def test_one_source_port_is_kept_and_a_changing_one_is_zero():
    same, other = facts_of([(1, 0, 7), (2, 0, 7)]), facts_of([(1, 0, 7), (2, 0, 8)])
    assert same.conversations[KEY].source_port == 7
    assert other.conversations[KEY].source_port == 0


def test_joined_is_merge_and_changes_neither():
    one, other = facts_of([(5, 0, 2), (9, 0, 3)]), facts_of([(3, 0, 1), (7, 1, 1)])
    before = [(list(f.sightings), state(f.sightings[SAID]), state(f.claims[CLAIM]), f.conversations[KEY].packets[:]) for f in (one, other)]
    both = one.joined(other)
    assert before == [(list(f.sightings), state(f.sightings[SAID]), state(f.claims[CLAIM]), f.conversations[KEY].packets[:]) for f in (one, other)]
    merged = facts_of([(5, 0, 2), (9, 0, 3)])
    merged.merge(facts_of([(3, 0, 1), (7, 1, 1)]))
    assert state(both.sightings[SAID]) == state(merged.sightings[SAID])
    assert state(both.claims[CLAIM]) == state(merged.claims[CLAIM])
    assert (both.claims[CLAIM].conversation, both.claims[CLAIM].side) == (merged.claims[CLAIM].conversation, merged.claims[CLAIM].side)
    assert (both.conversations[KEY].packets, both.counters) == (merged.conversations[KEY].packets, merged.counters)
