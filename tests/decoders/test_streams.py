"""The driver of stream decoders, with a toy protocol: `>` or `<`, a length byte, so many bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.decoders.base import StreamDecoder
from consul_sniff.decoders.streams import LOST_STEPS, StreamState
from consul_sniff.errors import DecodeError
from consul_sniff.model import Flow, Message, Payload, Protection


class Toy(StreamDecoder):
    protocol = "toy"

    def __init__(self):
        self.closed = False

    @classmethod
    def claims(cls, opening):
        first = opening.sides[0][:1] or opening.sides[1][:1]
        return None if not first else first in b"<>"

    @classmethod
    def begin(cls, opening):
        return cls()

    def read(self, side, cursor):
        if cursor.pull(1) not in (b">", b"<"):
            raise DecodeError("no arrow")
        said = cursor.pull(cursor.u8())
        self.originator = 1
        if said == b"switch":
            self.successor = Second()
        if said == b"stop":
            self.closed = True
        return [Message("toy", "word", Protection.PLAINTEXT, said.decode())]

    def close(self):
        return [Message("toy", "end", Protection.PLAINTEXT, "the end")]

    def content(self, side):
        return not self.closed


class Second(Toy):
    protocol = "second"

    def gap(self, side, lost):
        if lost > 3:
            raise DecodeError("gap")


class Late(Toy):
    """Shows itself by its last byte."""

    @classmethod
    def claims(cls, opening):
        return opening.sides[0].endswith(b"!")

    def read(self, side, cursor):
        return [Message("toy", "all", Protection.PLAINTEXT, cursor.rest().decode())]


def state(*decoders):
    return StreamState(Flow(1, 0, "tcp", ("10.0.0.1", "10.0.0.2"), (40000, 8300)), decoders or (Toy,), None)


def say(live, data, *, side=0, frame=1, lost=0, start=False):
    return [(message.summary, frame) for _, _, frame, message in live.feed(Payload(1, side, data, frame * 10, frame, lost, start))]


def word(text):
    return b">" + bytes([len(text)]) + text.encode()


@given(st.lists(st.text("abc", max_size=5), min_size=1, max_size=6), st.data())
def test_however_the_bytes_are_cut_the_words_are_the_same(words, data):
    stream = b"".join(word(w) for w in words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    live, heard = state(), []
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(stream)], strict=True), 1):
        heard += [text for text, _ in say(live, stream[begin:end], frame=number, start=begin == 0)]
    assert heard == words


def test_a_message_is_of_the_packet_that_completes_it():
    live = state()
    whole = word("ab") + word("cd")
    assert say(live, whole[:3], frame=1, start=True) == []
    assert say(live, whole[3:5], frame=2) == [("ab", 2)]
    assert say(live, whole[5:], frame=3) == [("cd", 3)]


def test_a_successor_gets_the_rest_of_both_sides():
    live = state()
    assert say(live, word("x")[:1], side=1, frame=1) == []
    assert [t for t, _ in say(live, word("switch") + word("after"), frame=2)] == ["switch", "after"]
    assert isinstance(live.decoder, Second)
    assert say(live, word("x")[1:], side=1, frame=3) == [("x", 3)]


def test_out_of_step_is_a_note_and_the_flow_is_asked_for_anew():
    live = state()
    say(live, word("a") + b"?", start=True)
    assert live.notes == {"toy: no arrow": 1}
    assert say(live, word("b"), frame=2) == [("b", 2)]


def test_a_flow_that_is_always_out_of_step_is_left_alone():
    live = state()
    for _ in range(LOST_STEPS + 1):
        say(live, word("a") + b"?")
    assert live.satisfied() == [0, 1]
    assert say(live, word("b")) == []


def test_a_gap_that_the_decoder_cannot_bridge_is_asked_for_anew():
    live = state()
    say(live, word("switch"), start=True)
    assert say(live, word("a"), lost=2) == [("a", 1)]
    assert isinstance(live.decoder, Second)
    assert say(live, word("b"), lost=9) == [("b", 1)]
    assert live.notes == {"second: gap": 1}
    assert type(live.decoder) is Toy


def test_nobodys_flow_is_left_alone_at_once_when_its_begin_was_seen():
    live = state()
    assert say(live, b"SSH-2.0", start=True) == []
    assert live.satisfied() == [0, 1]
    assert live.satisfied() == []


def test_mid_stream_the_window_slides_to_where_a_packet_begins():
    live = state()
    for _ in range(2):
        assert say(live, b"x" * (limits.IDENTIFY_BYTES // 2)) == []
    assert len(live.sides[0].waiting) == 0
    assert say(live, word("found"), frame=7) == [("found", 7)]


def test_mid_stream_a_flow_that_never_shows_what_it_is_ends():
    live = state()
    for _ in range(limits.IDENTIFY_TOTAL // 4096 + limits.IDENTIFY_TRIES):
        say(live, b"x" * 4096)
    assert live.satisfied() == [0, 1]


def test_a_satisfied_decoder_is_fed_no_more():
    live = state()
    say(live, word("stop") + b">", start=True)
    assert live.satisfied() == [0, 1]
    assert say(live, word("more")) == []
    assert [message.summary for *_, message in live.close()] == ["the end"]
    assert live.originator == 1


def test_a_satisfied_decoder_that_has_nothing_to_say_at_the_end_is_let_go():
    class Short(Toy):
        close = StreamDecoder.close

    live = state(Short)
    assert say(live, word("stop") + b">", start=True) == [("stop", 1)]
    assert not live.silent
    assert live.satisfied() == [0, 1]
    assert live.silent
    assert (live.decoder, live.originator, live.satisfied()) == (None, 1, [])
    assert say(live, word("more"), lost=3) == list(live.close()) == []


def test_a_message_over_the_budget_is_not_waited_for():
    class Greedy(Toy):
        def read(self, side, cursor):
            cursor.pull(limits.MESSAGE_BYTES + 1)

    live = state(Greedy)
    say(live, b">", start=True)
    assert live.notes == {"toy: message over the budget": 1}


def test_a_decoder_that_takes_nothing_does_not_hang():
    class Idle(Toy):
        def read(self, side, cursor):
            return []

    live = state(Idle)
    say(live, b">>", start=True)
    assert live.notes == {"toy: decoder took nothing": 1}


@pytest.mark.parametrize("side", [0, 1])
def test_bytes_one_by_one_are_read_only_when_enough_are_there(side):
    reads = []

    class Counting(Toy):
        def read(self, side, cursor):
            reads.append(len(cursor))
            return super().read(side, cursor)

    live = state(Counting)
    stream = word("a" * 200)
    for i in range(len(stream)):
        say(live, stream[i:i + 1], side=side, start=i == 0)
    assert reads == [1, 2, 202]


def test_small_packets_of_an_unknown_flow_do_not_cost_their_square():
    asked = []

    class Never(Toy):
        @classmethod
        def claims(cls, opening):
            asked.append(len(opening.sides[0]))
            return False

    live = state(Never)
    for _ in range(3000):
        say(live, b"x" * 12)
    assert len(asked) < 40


def test_the_last_packet_of_a_short_flow_is_asked_for_when_the_flow_ends():
    live = state(Late)
    for _ in range(12):
        say(live, b"x")
    assert say(live, b"!") == []
    assert next(message.summary for *_, message in live.close()) == "x" * 12 + "!"


@pytest.mark.parametrize("how", ["a gap", "the end"])
def test_what_waits_for_more_that_was_not_captured_is_asked_what_it_says(how):
    class Cutter(Toy):
        def cut(self, side, data):
            return [Message("toy", "cut", Protection.PLAINTEXT, f"cut {data!r}")]

    live = state(Cutter)
    assert say(live, word("one") + b">\x09tw", frame=4) == [("one", 4)]
    if how == "a gap":
        told = say(live, word("two"), frame=5, lost=2)
    else:
        told = [(message.summary, frame) for _, _, frame, message in live.close()]
    assert told[0] == ("cut b'>\\ttw'", 4)


def test_a_flow_that_is_silent_says_nothing_at_its_end():
    ends = {True: set(), False: set()}
    for packets in range(1, 40):
        live = state(Late)
        for _ in range(packets):
            say(live, b"x")
        say(live, b"!" if packets % 2 else b"x")
        if live.decoder is None:
            silent = live.silent
            ends[silent].add(bool(list(live.close())))
    assert ends == {True: {False}, False: {True, False}}  # the decoders are asked now and then: what came since may say something
