"""libpcap's side of a live capture."""

import contextlib
import time

import pytest

from consul_sniff.capture.handle import Handle, Wanted
from consul_sniff.errors import CaptureError, UsageError

from ..live_lab import datagram


def opened(lab, name="cs1", **wanted):
    with lab.inside():
        return Handle(name, Wanted(**wanted))


def fetched(handle, count, seconds=5.0):
    """The records' bytes, once so many packets came."""
    deadline, size = time.monotonic() + seconds, 0
    while handle.counts().received < count and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.15)
    size = handle.fetch(100_000)
    buffer = bytearray(1 << 20)
    with memoryview(buffer) as view:
        assert handle.read(view, 0) == size
        assert handle.read(view, size) == 0
    return bytes(buffer[:size])


def test_packets_become_records_in_nanoseconds(lab):
    handle = opened(lab)
    with contextlib.closing(lab.wire()) as wire:
        for number in range(3):
            wire.send(datagram(number))
    data = fetched(handle, 3)
    (interface,) = handle.layout.dialect.interfaces
    assert (interface.link_type, interface.units, interface.name) == (1, 1_000_000_000, "cs1")
    size = len(datagram(0))
    assert [data[at + 16:at + 16 + size] for at in range(0, len(data), 16 + size)] == [datagram(n) for n in range(3)]
    seconds = int.from_bytes(data[:4], "little")
    assert abs(seconds - time.time()) < 60
    assert int.from_bytes(data[4:8], "little") < 1_000_000_000
    assert handle.counts() == (3, 0, 0)
    handle.close()
    assert handle.counts() == (3, 0, 0)


def test_after_it_was_read_the_memory_is_used_again(lab):
    handle = opened(lab, immediate=True)
    with contextlib.closing(lab.wire()) as wire:
        wire.send(datagram(1))
        assert datagram(1) in fetched(handle, 1)
        wire.send(datagram(2))
        second = fetched(handle, 2)
    assert datagram(2) in second
    assert datagram(1) not in second
    handle.close()


def test_the_filter_is_the_kernels(lab):
    handle = opened(lab, bpf="udp port 40001")
    with contextlib.closing(lab.wire()) as wire:
        wire.send(datagram(1, ports=(1, 2)))
        wire.send(b"\xff" * 12 + b"\x08\x06" + bytes(46))
        wire.send(datagram(2))
    assert datagram(2) in fetched(handle, 1)
    assert handle.counts().received == 1  # the others never were in the buffer
    handle.close()


def test_frozen_it_receives_nothing_more_and_still_gives_what_it_has(lab):
    handle = opened(lab)
    with contextlib.closing(lab.wire()) as wire:
        wire.send(datagram(1))
        handle.freeze()
        wire.send(datagram(2))
    data = fetched(handle, 1)
    assert datagram(1) in data
    assert datagram(2) not in data
    assert handle.counts().received == 1
    handle.close()


def test_counts_go_on_where_libpcaps_wrap(lab):
    class Stat:
        recv, drop = 5, 2

    class Wrapped:
        def stats(self):
            return Stat

    handle = opened(lab)
    real, handle._pcap, handle._last = handle._pcap, Wrapped(), (0xFFFFFFFE, 0xFFFFFFFF)
    assert handle.counts() == (7, 3, 0)
    handle._pcap = real
    handle.close()


def test_loopback_is_taken_once(lab):
    lab.ip("link", "set", "lo", "up")
    handle = opened(lab, "lo")
    anywhere = opened(lab, "any", bpf="udp port 40001")
    with lab.inside():
        import socket

        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 40_001))
    sender.sendto(b"once", ("127.0.0.1", 40_001))
    assert fetched(handle, 1).count(b"once") == 1
    assert fetched(anywhere, 1).count(b"once") == 1
    assert handle.counts().received == anywhere.counts().received == 1
    for one in (sender, receiver, handle, anywhere):
        one.close()


def test_a_name_that_is_none(lab):
    with pytest.raises(CaptureError, match="nosuch0: no such interface; `consul-sniff interfaces` lists them"):
        opened(lab, "nosuch0")


def test_a_filter_that_is_none(lab):
    with pytest.raises(UsageError, match="libpcap says"):
        opened(lab, bpf="port of call")


def _fetch_on(handle):
    for _ in range(50):
        handle.fetch(10)
        time.sleep(0.02)


def test_an_interface_that_goes_away(lab):
    handle = opened(lab)
    lab.ip("link", "del", "cs1")
    with pytest.raises(CaptureError, match="cs1: The interface disappeared"):
        _fetch_on(handle)
    assert handle.failures == 1
    handle.close()
