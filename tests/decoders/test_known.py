from __future__ import annotations

from consul_sniff.decoders.known import Known
from consul_sniff.decoders.sayings import Sayings
from consul_sniff.decoders.shared import Shared
from consul_sniff.decoders.streams import StreamState
from consul_sniff.facts import Facts
from consul_sniff.model import Flow, Message, Payload, Protection


def message(kind: str, summary: str = "") -> Message:
    return Message("raft", kind, Protection.PLAINTEXT, summary or kind, detail={"term": 3})


class Screen:
    full = False

    def __init__(self) -> None:
        self.learnt: dict[int, object] = {}

    def learn(self, unit, number) -> None:
        self.learnt[unit] = number

    def leads(self, chain, step) -> None:
        self.learnt[chain] = step


def flow(number: int = 1) -> Flow:
    return Flow(number, 0, "tcp", ("10.0.0.1", "10.0.0.2"), (40_000, 8300))


def datagram(unit: int) -> Payload:
    return Payload(1, 0, b"x", 50, 4, 0, False, unit)


def known() -> Known:
    sayings = Sayings(Facts())
    return Known(frozenset(), Shared(lambda flow: StreamState(flow, (), None), sayings), sayings)


def test_the_same_words_have_one_number():
    it, screen = known(), Screen()
    it.datagram(datagram(10), [message("ping")], screen, counted=False)
    it.datagram(datagram(20), [message("alive")], screen, counted=False)
    it.datagram(datagram(30), [message("ping")], screen, counted=False)
    assert screen.learnt == {10: 0, 20: 1, 30: 0}


def test_what_was_heard_is_said_with_its_counts_times_and_packets():
    it, screen = known(), Screen()
    it.datagram(datagram(10), [message("join", "join b"), message("join", "join a"), message("ping")], screen, counted=False)
    heard = flow()
    heard.heard = ([(0, 3, 50, 70, (4, 6, 9))], [])
    said = it.said(heard, ended=True)
    shown = {key[2]: (tally.count, tally.first, tally.last, [e[1:] for e in tally.evidence]) for key, tally in said.said.items()}
    assert shown == {"join": (6, 50, 70, [(4, "join b"), (6, "join b"), (9, "join b")]),
                     "ping": (3, 50, 70, [(4, "ping"), (6, "ping"), (9, "ping")])}


def test_of_a_flow_that_said_nothing_known_nothing_is_said():
    assert known().said(flow(), ended=True) is None


def test_what_was_told_of_an_unknown_packet_is_not_learnt():
    it, screen = known(), Screen()
    state = StreamState(flow(), (), None)
    state.pieces = [(50, 4)]
    payload = Payload(1, 0, b"x", 50, 4, 0, True, 11)
    it.learn(state, payload, [(0, 10, 1, message("ping"))], [], (0, 0), screen)
    assert screen.learnt == {}
    it.learn(state, payload, [(0, 50, 4, message("ping"))], [1], (0, 0), screen)
    assert screen.learnt == {11: (((0, 0, 0),), (1,), 0, b"x")}


def test_what_was_counted_before_all_was_forgotten_is_kept():
    it, screen = known(), Screen()
    it.datagram(datagram(10), [message("ping")], screen, counted=False)
    one = flow(7)
    screen.unlearn = lambda: [(one, 1, [(0, 2, 5, 6, (1, 2))])]
    screen.used = lambda: (set(), set())
    it.unlearn(screen)
    it.datagram(datagram(20), [message("alive")], screen, counted=False)
    one.heard = ([], [(0, 1, 9, 9, (3,))])
    said = it.said(one, ended=True)
    assert {(key[0], key[2], tally.count) for key, tally in said.said.items()} == {(1, "ping", 2), (1, "alive", 1)}
    assert it.said(flow(7), ended=True) is None
