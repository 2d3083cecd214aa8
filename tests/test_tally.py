"""Tallies keep the earliest packets, each once."""

from consul_sniff.facts import Tally


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
