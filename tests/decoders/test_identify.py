from consul_sniff.decoders.base import Opening, StreamDecoder
from consul_sniff.decoders.identify import identify
from consul_sniff.errors import NeedMoreData

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
