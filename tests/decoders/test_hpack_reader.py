"""HPACK for late listeners, held against the hpack library."""

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff import limits
from consul_sniff.decoders.hpack_reader import HeaderReader
from consul_sniff.errors import DecodeError

# grpc_remote-x1.pcap, frame 20: Envoy's HEADERS of stream 1
REAL = bytes.fromhex(
    "8304b960b5773fa5d05b3b98855e432087ee5b3d2fdd95e19a6b0b30d2592f99043f72d9eb716cee62158be5a1238669ac2cc34964da541edb08547f41"
    "88a0e41d110e62d49f8640027465864d833505b11f5f8b1d75d0620d263d4c4d6564408af2b10f522da1649fa96a9a74ac9031b6258046cab35234cacf"
    "8d97960cac8db09238dc187f408cf2b16aee7f4b1aa496ca8747834d9697408bf2b4a7b3c0ec90b22d29ec87081775d5c0b899")


def test_a_real_block():
    assert HeaderReader().read(REAL) == [
        (b":method", b"POST"), (b":path", b"/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"),
        (b":authority", b"local_agent"), (b":scheme", b"http"), (b"te", b"trailers"), (b"content-type", b"application/grpc"),
        (b"x-consul-token", b"7e3c1b52-0c5e-4d43-9a38-1f3a51cbb6a1"), (b"x-envoy-internal", b"true"),
        (b"x-forwarded-for", b"10.77.0.23")]


def pairs(number):
    return [(b":method", b"POST"), (b"x-consul-token", b"token-%d" % (number % 3)), (b"x-n", b"%d" % number), (b"te", b"trailers")]


def test_the_dynamic_table_as_the_library_keeps_it():
    encoder, reader = hpack.Encoder(), HeaderReader()
    for number in range(200):
        assert reader.read(encoder.encode(pairs(number), huffman=number % 2 == 0)) == pairs(number)
    assert not reader.partial


def test_mid_stream_what_was_added_since_is_known():
    encoder = hpack.Encoder()
    for number in range(10):
        encoder.encode(pairs(number))
    reader = HeaderReader()
    assert reader.read(encoder.encode(pairs(10))) == [(b":method", b"POST")]  # all names are indices of the lost past
    assert reader.partial
    for _ in range(3):
        again = reader.read(encoder.encode([(b"x-n", b"10"), (b"x-new", b"1"), (b"x-consul-token", b"token-1")]))
        assert again == [(b"x-new", b"1")]


def test_after_a_gap_nothing_wrong_is_said():
    encoder, reader = hpack.Encoder(), HeaderReader()
    reader.read(encoder.encode([(b"x-a", b"1"), (b"x-b", b"2")]))
    encoder.encode([(b"x-lost", b"3")])
    reader.forget()
    assert reader.read(encoder.encode([(b"x-a", b"1"), (b"x-c", b"4"), (b"x-c", b"4")])) == [(b"x-c", b"4"), (b"x-c", b"4")]


@pytest.mark.parametrize("block", [
    b"\x80", b"\x40", b"\x00\x05ab\x00", b"\x40\x81\xff\x01a", b"\x40\x7f\xff\xff\xff\xff\xff\xff\x01", b"\xff",
    b"\x41\x84\xff\xff\xff\xff",
])
def test_broken_blocks(block):
    with pytest.raises(DecodeError):
        HeaderReader().read(block)


def test_a_bomb_of_indices():
    reader = HeaderReader()
    reader.read(b"\x40\x01a" + b"\x7f\xa1\x1e" + b"v" * 4000)
    with pytest.raises(DecodeError, match="budget"):
        reader.read(b"\xbe" * 200)
    with pytest.raises(DecodeError, match="budget"):
        HeaderReader().read(b"\x82" * limits.HEADER_BYTES)


def test_the_table_is_bounded_and_can_be_emptied():
    reader = HeaderReader()
    for _ in range(100):
        reader.read(b"\x40\x01a" + b"\x7f\xa1\x1e" + b"v" * 4000)
    assert reader._size <= 65_536
    reader.read(b"\x20")  # table size 0
    assert not reader._table
    assert reader._size == 0


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_only_decode_errors_leave(blocks):
    reader = HeaderReader()
    for block in blocks:
        try:
            reader.read(block)
        except DecodeError:
            continue
    assert reader._size >= 0
