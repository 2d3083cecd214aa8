"""A live source: blocks, ends, losses, interfaces that come and go."""

import contextlib
import time
from pathlib import Path

import pytest

from consul_sniff.capture.live import LiveSource, Losses, Wanted
from consul_sniff.errors import CaptureError

from ..live_lab import datagram

SIZE = 16 + len(datagram(0))


def opened(lab, *names, **wanted):
    with lab.inside():
        return LiveSource(names or ["cs1"], Wanted(**wanted))


def send(lab, count, interface="cs0", size=20):
    with contextlib.closing(lab.wire(interface)) as wire:
        for number in range(count):
            wire.send(datagram(number, size))


def packets(source, *, stop_after=0):
    """What iterating gives: (interface, packet) each; `finish` after so many."""
    found = []
    for block in source:
        at = block.start
        while at < block.stop:
            size = int.from_bytes(block.buffer[at + 8:at + 12], "little")
            if at + 16 + size > block.stop:
                break
            found.append((block.dialect.interfaces[0].name, bytes(block.buffer[at + 16:at + 16 + size])))
            at += 16 + size
        block.consumed = at
        source.facts.packets = len(found)
        if stop_after and len(found) >= stop_after:
            source.finish()
    return found


def test_packets_in_order_and_the_identity(lab):
    source = opened(lab)
    send(lab, 5000)
    found = packets(source, stop_after=1)
    assert [packet for _name, packet in found] == [datagram(n) for n in range(5000)]
    assert source.losses() == Losses(5000, 0, 0, 0)
    assert source.facts.link_types == ("EN10MB",)
    source.close()
    assert source.losses() == Losses(5000, 0, 0, 0)


def test_more_than_a_buffer_of_large_packets(lab):
    source = opened(lab)
    send(lab, 900, size=1400)
    assert len(packets(source, stop_after=1)) == 900
    source.close()


def test_received_is_decoded_and_lost_where_the_buffer_is_small(lab):
    source = opened(lab, buffer=1 << 20)
    send(lab, 6000, size=1400)
    found = packets(source, stop_after=1)
    losses = source.losses()
    assert losses.dropped > 0
    assert losses.received == 6000 == len(found) + losses.dropped
    assert losses.unread == 0
    assert losses.lost == losses.dropped
    source.close()


def test_what_was_not_read_is_lost(lab):
    source = opened(lab)
    send(lab, 300)
    source.wait = lambda: True
    assert packets(source) == []
    source.finish()
    assert source.losses() == Losses(300, 0, 0, 300)
    source.close()


def test_a_count_of_packets(lab):
    source = opened(lab)
    source.limit = 7
    send(lab, 100)
    assert [packet for _name, packet in packets(source)] == [datagram(n) for n in range(7)]
    assert source.losses().lost == 0  # nobody asked for the others
    source.close()


def test_several_interfaces_each_with_its_name(lab):
    lab.cable("cs2", "cs3")
    source = opened(lab, "cs1", "cs3", "cs1")
    assert source.path == "cs1,cs3"
    assert len(source.descriptors) == 2
    send(lab, 3)
    send(lab, 2, "cs2")
    found = packets(source, stop_after=5)
    assert sorted(name for name, _packet in found) == ["cs1", "cs1", "cs1", "cs3", "cs3"]
    assert source.losses() == Losses(5, 0, 0, 0)
    source.close()


def test_interfaces_say_their_filter_and_what_they_counted(lab):
    lab.cable("cs2", "cs3")
    source = opened(lab, "cs1", "cs3", bpf="udp")
    send(lab, 3)
    packets(source, stop_after=3)
    source.close()
    faces = {one.interface.name: one for one in source.interfaces()}
    assert {name: one.counts for name, one in faces.items()} == {"cs1": (3, 0, 0), "cs3": (0, 0, 0)}
    assert all(one.filter.endswith(" and (udp)") and one.interface.link_type == 1 for one in faces.values())


def test_waiting_is_told_and_can_end_it(lab):
    source, asked = opened(lab), []
    source.wait = lambda: len(asked) == 3 or asked.append(1)
    assert packets(source) == []
    assert len(asked) == 3
    source.close()


def test_an_interface_goes_away_the_others_go_on(lab):
    lab.cable("cs2", "cs3")
    source = opened(lab, "cs1", "cs3")
    send(lab, 4)
    found, happened = [], []

    def wait():
        happened.extend(source.check())
        if source.facts.packets == 4 and len(source.handles) == 2:
            lab.ip("link", "del", "cs1")
        elif len(source.handles) == 1 and source.facts.packets == 4:
            send(lab, 1, "cs2")
            source.finish()
        return False

    source.wait = wait
    found = packets(source)
    happened += source.check()
    assert [name for name, _packet in found] == ["cs1"] * 4 + ["cs3"]
    assert [(one.what, one.interface) for one in happened] == [("interface-gone", "cs1")]
    assert source.facts.error == "cs1: the interface went away; its capture ended there"
    assert source.losses().received == 5
    source.close()


def test_the_last_interface_goes_away(lab):
    source = opened(lab)
    lab.ip("link", "del", "cs1")
    assert packets(source) == []
    assert source.facts.error
    source.close()


def test_down_up_and_another_name(lab):
    source = opened(lab)
    assert source.check() == []
    lab.ip("link", "set", "cs1", "down")
    assert [one.words for one in source.check()] == ["cs1 went down"]
    assert source.check() == []
    lab.ip("link", "set", "cs1", "name", "eth9")
    lab.ip("link", "set", "eth9", "up")
    lab.carries("eth9")
    assert [one.what for one in source.check()] == ["interface-renamed", "interface-up"]
    assert source.reasons == {"cs1 was down for a time: nothing was captured there then"}
    send(lab, 2)
    assert len(packets(source, stop_after=2)) == 2
    assert source.facts.error is None
    source.close()


def test_what_cannot_be_opened_leaves_nothing_open(lab):
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    with pytest.raises(CaptureError, match="nosuch0"):
        opened(lab, "cs1", "nosuch0")
    assert {path.name for path in Path("/proc/self/fd").iterdir()} == before


def test_the_last_packets_of_an_interface_that_goes_away_are_read(lab):
    source = opened(lab)
    send(lab, 3)
    lab.ip("link", "del", "cs1")  # sooner than the kernel gives its block
    assert len(packets(source)) == 3
    assert source.losses() == Losses(3, 0, 0, 0)
    source.close()


def test_what_is_fetched_ahead_comes_in_its_order(lab):
    source = opened(lab)
    send(lab, 50)
    time.sleep(0.2)
    source.prefetch()
    send(lab, 50)
    assert [packet for _name, packet in packets(source, stop_after=100)] == [datagram(n) for n in [*range(50), *range(50)]]
    source.close()


def test_what_was_fetched_ahead_needs_no_further_packet(lab):
    source = opened(lab)
    send(lab, 50)
    time.sleep(0.2)
    source.prefetch()
    source.finish()
    assert len(packets(source)) == 50
    assert source.losses() == Losses(50, 0, 0, 0)
    source.close()


def test_half_a_record_is_never_left_in_memory(lab):
    """What a signal's handler raises comes after libpcap wrote, before its file was flushed."""
    source = opened(lab)
    handle = source.handles[0]
    send(lab, 200)
    time.sleep(0.2)
    real = handle._pcap

    class Interrupted:
        def dispatch(self, most, call):
            real.dispatch(most, call)
            raise KeyboardInterrupt

        def __getattr__(self, name):
            return getattr(real, name)

    handle._pcap = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        source.prefetch()
    handle._pcap = real
    source.finish()
    assert [packet for _name, packet in packets(source)] == [datagram(n) for n in range(200)]
    source.close()
