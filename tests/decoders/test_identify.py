import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders import stream_decoders
from consul_sniff.decoders.base import Opening, StreamDecoder
from consul_sniff.decoders.identify import identify
from consul_sniff.errors import DecodeError, NeedMoreData

OPENING = Opening((b"hello", b""), (True, False), 0)


def decoder(answer):
    class Toy(StreamDecoder):
        @classmethod
        def claims(cls, opening):
            assert opening is OPENING
            if answer == "short":
                raise NeedMoreData
            return answer

    return Toy


def test_the_first_that_is_sure_owns_the_flow():
    yes, other = decoder(True), decoder(True)
    assert identify(OPENING, (decoder(False), yes, other)) is yes


def test_a_sure_one_waits_for_an_earlier_one_that_needs_more():
    assert identify(OPENING, (decoder(None), decoder(True))) is None
    assert identify(OPENING, (decoder("short"), decoder(True))) is None


def test_a_later_one_that_needs_more_holds_nobody_up():
    yes = decoder(True)
    assert identify(OPENING, (yes, decoder(None))) is yes


def test_nobody_wants_it():
    assert identify(OPENING, (decoder(False), decoder(False))) is False
    assert identify(OPENING, (decoder(False), decoder(None))) is None


ASKED = [decoder for decoder in stream_decoders() if decoder.first_bytes is not None]


@pytest.mark.parametrize("one", ASKED, ids=lambda one: one.__name__)
@given(data=st.binary(min_size=1, max_size=80), side=st.sampled_from([0, 1]), other=st.booleans(),
       opener=st.sampled_from([None, 0, 1]))
def test_what_the_first_byte_rules_out_would_have_said_no(one, data, side, other, opener):
    for byte in set(range(256)) - one.first_bytes:
        spoken = bytes((byte,)) + data[1:]
        opening = Opening((spoken, b"") if side == 0 else (b"", spoken), (True, other) if side == 0 else (other, True), opener)
        assert answered(one, opening) is False


def answered(one, opening):
    try:
        return one.claims(opening)
    except NeedMoreData:
        return None
    except DecodeError:
        return False


STARTS = [b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03", b"\x0a\x00\x00\x00\x40\x01", b"GET / HTTP/1.1\r\n", b"\x01\x00\x85\xa4Addr",
          b"\x02\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00", b"\x06\x82\xa4Join\xc3", b"PRI * HTTP/2.0\r\n", b"\x82\xa3Seq\x00\xadServiceMethod", b"\x00"]


@given(st.tuples(st.sampled_from(STARTS), st.binary(max_size=60)).map(b"".join) | st.binary(max_size=60),
       st.just(b"") | st.binary(max_size=60), st.tuples(st.booleans(), st.booleans()), st.sampled_from([None, 0, 1]))
def test_it_says_what_asking_all_of_them_says(first, second, began, opener):
    opening = Opening((first, second), began, opener)
    answers = [(one, answered(one, opening)) for one in stream_decoders()]
    open_ones = [(one, answer) for one, answer in answers if answer is not False]
    expected = (open_ones[0][0] if open_ones[0][1] else None) if open_ones else False
    assert identify(opening, stream_decoders()) is expected
