from consul_sniff.keeping.window import JOINED, Window

from ..capture import made
from .kept import LAYOUT, block


def filled(most=1 << 20):
    window = Window(most)
    frame = 1
    for packets in ([b"a", b"bb"], [b"ccc"], [b"d" * JOINED], [b"ee"]):
        window.add(block(*packets), frame, len(packets))
        frame += len(packets)
    return window


def popped(window):
    return list(iter(window.pop, None))


def test_packets_are_found_by_their_numbers():
    found = {frame: packet.data for frame, packet in filled().find({1, 3, 5, 4})}
    assert found == {1: b"a", 3: b"ccc", 4: b"d" * JOINED, 5: b"ee"}


def test_what_is_older_than_the_window_is_not_found():
    window = filled()
    assert window.pop().first == 1
    assert [frame for frame, _ in window.find([1, 2, 3, 4])] == [4]
    assert list(Window(1).find([1])) == []
    assert list(window.find([6, 7])) == []
    assert (window.last, Window(1).last) == (5, 0)


def test_small_blocks_are_joined_until_they_are_closed():
    window = Window(1 << 20)
    window.add(block(b"a"), 1, 1)
    window.add(block(b"b"), 2, 1)
    window.close()
    window.add(block(b"c"), 3, 1)
    assert window.closed == 1
    assert [(one.first, one.count) for one in popped(window)] == [(1, 2), (3, 1)]
    assert window.closed == 0


def test_blocks_written_differently_are_kept_apart():
    from consul_sniff.capture.pcap import PcapLayout

    window = Window(1 << 20)
    window.add(block(b"a"), 1, 1)
    window.add(block(b"b", dialect=PcapLayout(made.pcap_header()).dialect), 2, 1)
    window.add(block(b"c", dialect=LAYOUT.dialect), 3, 1)
    assert [one.first for one in popped(window)] == [1, 2, 3]


def test_it_is_full_when_more_bytes_are_here_than_may_be():
    window = filled(JOINED)
    assert window.full
    while window.full:
        window.pop()
    assert 0 < window.size <= JOINED
    popped(window)
    assert window.size == 0


def test_fresh_is_what_came_since_it_was_closed():
    window = filled()
    assert window.fresh > JOINED
    window.close()
    assert window.fresh == 0


def test_the_buffer_may_be_used_again():
    window, one = Window(1 << 20), block(b"abc")
    window.add(one, 1, 1)
    one.buffer[:] = bytes(len(one.buffer))
    assert next(window.find([1]))[1].data == b"abc"
