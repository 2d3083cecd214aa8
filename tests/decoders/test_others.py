"""What the screen understood, in the decoders' words (that they are the same is tested in tests/screen/test_others.py)."""

from __future__ import annotations

from consul_sniff.decoders import others
from consul_sniff.decoders.fold import FlowState
from consul_sniff.model import Flow


def heard(told) -> FlowState:
    state = FlowState(Flow(1, 0, "tcp", ("10.0.0.1", "10.0.0.2"), (40_000, 80)))
    for side, said, one in others.heard(told):
        state.hear(side, (said,), one)
    return state


def test_what_was_said_counts_with_its_packets():
    state = heard({(0, "request", "GET"): [7, 1000, 9000, 3, 5, 8]})
    (side, protocol, kind, _, fields, _), tally = next(iter(state.said.items()))
    assert (side, protocol, kind, dict(fields)["method"]) == (0, "http", "request", "GET")
    assert (tally.count, tally.first, tally.last, [one.frame for one in tally.evidence]) == (7, 1000, 9000, [3, 5, 8])


def test_names_of_one_zone_are_one_thing_said():
    asked = {(0, "dns", 0x0100, 1, 0, b"\1%c\3org" % letter): [1, 5, 5, letter] for letter in b"ab"}
    state = heard(asked)
    assert [(key[4], tally.count) for key, tally in state.said.items()] == [((("type", "A"), ("zone", "org")), 2)]


def test_a_flow_of_which_nothing_is_told_says_nothing():
    assert heard({}).said == {}
