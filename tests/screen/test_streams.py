from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.screen import Screen

from .drive import Run, dialect, packets, record
from .frames import reply, tcp

SYN = tcp(seq=99, flags="S")
SYN_ACK = reply(seq=499, flags="SA", ack=100)


def said(run: Run, side: int = 0) -> list[tuple[bytes, int, bool]]:
    return [(p.data, p.lost, p.start) for p in run.payloads if p.side == side]


def test_in_order_from_the_first_byte():
    run = packets([SYN, SYN_ACK, tcp(seq=100), tcp(b"ab", 100), reply(b"xyz", 500, ack=102), tcp(b"cd", 102), tcp(seq=104, flags="FA")])
    assert said(run) == [(b"ab", 0, True), (b"cd", 0, False)]
    assert said(run, 1) == [(b"xyz", 0, True)]
    flow = run.flow()
    assert flow.opener == 0
    assert [way.packets for way in flow.ways] == [5, 2]
    assert [way.payloads for way in flow.ways] == [2, 1]
    assert flow.ways[0].flags == 0x13
    assert flow.ways[1].flags == 0x12
    assert (flow.ways[0].first_frame, flow.ways[1].first_frame) == (1, 2)
    assert run.screen.counters == {"tcp": 7}


def test_midstream_has_no_opener_and_no_start():
    run = packets([tcp(b"ab", 1000), reply(b"x", 50)])
    assert said(run) == [(b"ab", 0, False)]
    assert run.flow().opener is None


def test_the_first_segment_met_midway_waits_for_the_one_before_it():
    """Captures mix up packets (several queues of a card); without a SYN nothing else says where the stream begins."""
    run = packets([tcp(b"world", 1006), tcp(b"hello ", 1000), reply(b"!", 50), tcp(b".", 1011)])
    assert [(p.data, p.side, p.frame, p.lost) for p in run.payloads] == [
        (b"hello ", 0, 2, 0), (b"world", 0, 1, 0), (b"!", 1, 3, 0), (b".", 0, 4, 0)]
    assert run.flow().ways[0].lost == 0
    assert run.screen.notes == {}


@pytest.mark.parametrize("after", [reply(b"x", 50), reply(seq=50, flags="A"), tcp(b"after", 1011), tcp(b"late", 900)],
                         ids=["answer", "acknowledgement", "next", "long-before"])
def test_it_waits_for_one_packet_that_tells(after):
    run = packets([tcp(b"world", 1006), after, tcp(b"hello ", 1000)])
    assert said(run)[0] == (b"world", 0, False)
    assert b"hello " not in [data for data, _, _ in said(run)]
    assert run.screen.notes == {}


def test_an_acknowledgement_of_its_own_side_does_not_end_its_wait():
    run = packets([tcp(b"world", 1006), tcp(seq=1011, flags="A"), tcp(b"hello ", 1000)])
    assert [data for data, _, _ in said(run)] == [b"hello ", b"world"]


def test_it_waits_no_longer_than_its_flow():
    run = packets([tcp(b"world", 1006)])
    assert said(run) == [(b"world", 0, False)]
    assert run.payloads[0].frame == 1
    assert (run.flow().ways[0].lost, run.screen.notes) == (0, {})
    small = Run(Screen(flows=16))
    small.screen.open(0)
    small.feed(b"".join(record(tcp(b"%d" % port, 1000, sport=port), 1 + port / 1000) for port in range(1, 40)), dialect())
    small.close()
    assert sorted(int(p.data) for p in small.payloads) == list(range(1, 40))


def test_who_wants_everything_has_it_at_once():
    run = Run(Screen(everything=True))
    run.screen.open(0)
    run.feed(record(tcp(b"world", 1006)), dialect())
    assert [p.data for p in run.payloads] == [b"world"]


def test_at_the_end_of_the_numbers_nothing_is_before_the_first():
    run = packets([tcp(b"world", 3), tcp(b"hello ", 0xFFFFFFFD), tcp(b".", 8)])
    assert [data for data, _, _ in said(run)] == [b"world", b"."]


@pytest.mark.parametrize(("frames", "opener"), [([SYN_ACK, tcp(b"a", 100)], 1), ([SYN_ACK, SYN], 1), ([SYN, SYN_ACK], 0)])
def test_who_opened(frames, opener):
    assert packets(frames).flow().opener == opener


def test_data_in_the_syn():
    run = packets([tcp(b"early", 99, "S"), tcp(b" data", 105)])
    assert said(run) == [(b"early", 0, True), (b" data", 0, False)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_any_order(order):
    parts = [(b"abc", 100), (b"de", 103), (b"f", 105), (b"ghij", 106)]
    run = packets([SYN, *(tcp(*parts[i]) for i in order)])
    assert b"".join(data for data, _, _ in said(run)) == b"abcdefghij"
    assert not any(lost for _, lost, _ in said(run))
    assert said(run)[0][2]
    assert run.flow().ways[0].lost == 0
    frames = [p.frame for p in run.payloads]
    assert sorted(frames) == [2, 3, 4, 5]


@pytest.mark.parametrize("start", [2**32 - 5, 2**32 - 1, 2**31 - 3, 0])
def test_sequence_numbers_wrap(start):
    data = bytes(range(40))
    parts = [(data[i:i + 4], start + 1 + i) for i in range(0, 40, 4)]
    parts[3], parts[4] = parts[4], parts[3]
    run = packets([tcp(seq=start, flags="S"), *(tcp(*part) for part in parts)])
    assert b"".join(p.data for p in run.payloads) == data


def test_sent_again_is_dropped():
    run = packets([SYN, tcp(b"abcd", 100), tcp(b"abcd", 100), tcp(b"cdef", 102), tcp(b"d", 103), tcp(b"ef", 104), tcp(b"gh", 106)])
    assert b"".join(data for data, _, _ in said(run)) == b"abcdefgh"
    assert run.flow().ways[0].payloads == 6
    assert run.screen.counters == {"tcp": 7}


def test_keepalives_and_zero_window_probes():
    run = packets([SYN, tcp(b"ab", 100), tcp(b"\0", 101), tcp(seq=101), tcp(b"c", 102)])
    assert said(run) == [(b"ab", 0, True), (b"c", 0, False)]


def test_the_first_bytes_win_over_differing_ones():
    run = packets([SYN, tcp(b"world", 106), tcp(b"WORLD", 106), tcp(b"hello ", 100)])
    assert b"".join(data for data, _, _ in said(run)) == b"hello world"
    assert run.screen.notes["overlap-conflict"] == 1
    run = packets([SYN, tcp(b"world", 105), tcp(b"hello World", 100)])
    assert b"".join(data for data, _, _ in said(run)) == b"helloworldd"


def test_a_hole_is_given_up_at_the_end():
    run = packets([SYN, tcp(b"ab", 100), tcp(b"ef", 104), tcp(b"ij", 108)])
    assert said(run) == [(b"ab", 0, True), (b"ef", 2, False), (b"ij", 2, False)]
    assert run.flow().ways[0].lost == 4
    assert run.screen.notes["given-up-holes"] == 2
    assert run.screen.notes["lost-bytes"] == 4


def test_a_lost_beginning():
    run = packets([SYN, tcp(b"cd", 102)])
    assert said(run) == [(b"cd", 2, False)]


def test_a_hole_is_given_up_when_the_other_side_has_the_bytes():
    run = Run(Screen())
    run.screen.open(0)
    for frame in (SYN, SYN_ACK, tcp(b"ab", 100), tcp(b"ef", 104), reply(seq=500, ack=102)):
        run.feed(record(frame), dialect())
    assert said(run) == [(b"ab", 0, True)]
    run.feed(record(reply(seq=500, ack=106), 1.03), dialect())
    assert said(run) == [(b"ab", 0, True), (b"ef", 2, False)]
    run.feed(record(tcp(b"cd", 102)), dialect())
    assert said(run.close()) == [(b"ab", 0, True), (b"ef", 2, False)]


def test_an_acknowledgement_that_overtook_its_data_in_the_capture_gives_nothing_up():
    """As where two interfaces are captured, or the queues of one."""
    run = packets([SYN, SYN_ACK, tcp(b"ab", 100), tcp(b"ef", 104), reply(seq=500, ack=106), tcp(b"cd", 102)])
    assert said(run) == [(b"ab", 0, True), (b"cd", 0, False), (b"ef", 0, False)]
    assert run.flow().ways[0].lost == 0


def test_a_hole_is_given_up_when_too_much_waits():
    many = [tcp(b"x", 105 + 2 * i) for i in range(limits.EARLY_SEGMENTS)]
    run = Run(Screen())
    run.screen.open(0)
    run.feed(b"".join(record(frame) for frame in (SYN, tcp(b"a", 100), *many)), dialect())
    assert said(run) == [(b"a", 0, True)]
    run.feed(record(tcp(b"y", 999)), dialect())
    assert said(run) == [(b"a", 0, True), (b"x", 4, False)]


def test_what_the_snap_length_cut_is_lost_before_the_next_payload():
    run = Run(Screen())
    run.screen.open(0)
    for frame, keep in ((SYN, 0), (tcp(b"abcdefgh", 100), 3), (tcp(b"ijkl", 108), 0), (tcp(b"mn", 112), 2)):
        run.feed(record(frame[:54 + keep], wire=len(frame)), dialect())
    run.close()
    assert said(run) == [(b"abc", 0, True), (b"mn", 9, False)]
    assert run.flow().ways[0].lost == 9
    assert run.screen.cut_packets == 2


def test_a_port_used_again_is_another_flow():
    run = packets([SYN, tcp(b"one", 100), tcp(b"ree", 106), tcp(seq=109, flags="R"), tcp(seq=5_000, flags="S"), tcp(b"two", 5_001)])
    first, second = sorted(run.flows, key=lambda flow: flow.number)
    assert [p.data for p in run.payloads if p.flow == first.number] == [b"one", b"ree"]
    assert [(p.data, p.start) for p in run.payloads if p.flow == second.number] == [(b"two", True)]
    assert first.ways[0].packets == 4
    assert first.ways[0].flags & 4
    assert second.number > first.number


def test_a_port_used_again_after_a_flow_met_midway():
    assert len(packets([tcp(b"one", 100), SYN, tcp(b"x", 100)]).flows) == 2


def test_a_repeated_syn_is_the_same_flow():
    run = packets([SYN, tcp(seq=99, flags="S"), SYN_ACK, reply(seq=499, flags="SA", ack=100), tcp(b"a", 100)])
    assert said(run) == [(b"a", 0, True)]


def test_data_of_a_reset_is_no_stream():
    assert said(packets([SYN, tcp(b"a", 100), tcp(b"why", 101, "R")])) == [(b"a", 0, True)]


def test_enough_and_resume():
    run = Run(Screen())
    run.screen.open(0)
    run.feed(record(SYN) + record(tcp(b"a", 100)) + record(SYN_ACK), dialect())
    number = run.payloads[0].flow
    run.screen.enough(number, 0)
    for frame in (tcp(b"bc", 101), tcp(b"fg", 105), tcp(b"de", 103), reply(b"x", 500)):
        run.feed(record(frame), dialect())
    assert said(run) == [(b"a", 0, True)]
    assert said(run, 1) == [(b"x", 0, True)]
    run.screen.resume(number, 0)
    run.feed(record(tcp(b"h", 107)), dialect())
    run.screen.enough(number + 1_000_000, 0)  # a flow that is no more
    run.close()
    assert said(run) == [(b"a", 0, True), (b"h", 6, False)]
    way = run.flow().ways[0]
    assert (way.payloads, way.lost) == (5, 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_segmentation_order_and_repetition(data):
    stream = bytes(i % 251 for i in range(200))
    start = data.draw(st.sampled_from([99, 2**32 - 60]))
    cuts = sorted(data.draw(st.sets(st.integers(1, 199), max_size=25)) | {0, 200})
    parts = [(a, b) for a, b in itertools.pairwise(cuts)]
    again = data.draw(st.lists(st.tuples(st.integers(0, 199), st.integers(1, 60)), max_size=10))
    parts += [(a, min(200, a + n)) for a, n in again]
    parts = data.draw(st.permutations(parts))
    run = packets([tcp(seq=start, flags="S"), *(tcp(stream[a:b], start + 1 + a) for a, b in parts)])
    assert b"".join(p.data for p in run.payloads) == stream
    assert not any(p.lost for p in run.payloads)
    assert not run.screen.notes
