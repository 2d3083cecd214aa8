from consul_sniff.decoders.waiting import Side
from consul_sniff.model import Payload


def side(*pieces):
    it = Side()
    for frame, data in enumerate(pieces, 1):
        it.add(Payload(1, 0, data, 10 * frame, frame, 0, start=False))
    return it


def test_a_byte_is_of_the_packet_that_brought_it():
    it = side(b"abc", b"de", b"f")
    assert (bytes(it.waiting), it.total) == (b"abcdef", 6)
    assert [it.when(end) for end in range(1, 7)] == [(10, 1)] * 3 + [(20, 2)] * 2 + [(30, 3)]
    assert it.when(7) == (30, 3)


def test_what_was_read_waits_no_more():
    for pieces in ((b"abcdef",), (b"abc", b"def")):
        it = side(*pieces)
        it.drop(2)
        assert bytes(it.waiting) == b"cdef"
        assert it.when(1) == (10, 1)
        it.drop(2)
        assert (bytes(it.waiting), it.when(2)) == (b"ef", (10 * len(pieces), len(pieces)))
        it.drop(9)
        assert (it.waiting, it.when(1), it.total) == (b"", (0, 0), 6)
