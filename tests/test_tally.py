"""Tallies keep the earliest packets, each once."""

import random

from consul_sniff.facts import ClaimTally, ConversationKey, Tally


def tally(seen, cls=Tally):
    made = cls()
    for time, input_, frame in seen:
        made.add(time, input_, frame, f"packet {input_}:{frame}")
    return made


def state(made):
    return made.count, made.first, made.last, made.evidence


def test_evidence_is_the_earliest_packets():
    made = tally([(5, 0, 9), (1, 0, 2), (7, 0, 4), (8, 0, 3), (8, 0, 3)])
    assert [e.frame for e in made.evidence] == [2, 3, 4]
    assert (made.count, made.first, made.last) == (5, 1, 8)


def test_a_packet_that_says_two_things_is_evidence_once():
    made = tally([(1, 0, 5)])
    other = Tally()
    other.add(1, 0, 5, "another word of the same packet")
    made.merge(other)
    assert [(e.frame, e.summary) for e in made.evidence] == [(5, "another word of the same packet")]
    assert made.count == 2


def test_a_claim_that_the_screen_counted_is_what_was_told_of_it_in_any_order():
    dice = random.Random(4)
    for _ in range(300):
        heard = []
        for n in range(dice.randrange(1, 6)):
            frames = tuple(sorted(dice.sample(range(1, 9), dice.randrange(1, 4))))
            heard.append((0, dice.randrange(3, 9), dice.randrange(50, 60), dice.randrange(60, 70), frames, dice.randrange(2), f"in words {n}"))
        told, counted = ClaimTally(), ClaimTally()
        for n, (*one, input_, words) in enumerate(heard):
            conversation = ConversationKey("10.0.0.1", "10.0.0.2", n, "tcp")
            whole = Tally()
            whole.heard(input_, tuple(one), 2, words)
            told.told(whole, conversation, n % 2)
            counted.counted(input_, tuple(one), 2, words, conversation, n % 2)
        assert (*state(counted), counted.conversation, counted.side) == (*state(told), told.conversation, told.side)
