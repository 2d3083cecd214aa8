"""HTTP/2 frame headers against chance."""

import random

import pytest

from consul_sniff.decoders.http2_frames import Frame, chain, find, header

SETTINGS_ACK = bytes.fromhex("000000040100000000")
PING = bytes.fromhex("00000806000000000002041010090e0707")
WINDOW = bytes.fromhex("00000408000000000000004000")


def test_headers():
    assert header(SETTINGS_ACK) == Frame(0, 4, 1, 0)
    assert header(b"xx" + WINDOW, 2) == Frame(4, 8, 0, 0)


@pytest.mark.parametrize("hexed", [
    "000000000000000000",  # nothing but zeros: DATA on stream 0
    "000100010000000100",  # yamux: window update with SYN, stream 1
    "000200010000000000",  # yamux: ping
    "000000010000000100",  # yamux: data with SYN
    "160301020001000100",  # TLS
    "000001080000000000",  # WINDOW_UPDATE of one byte
    "000005040000000000",  # SETTINGS that is no multiple of six
    "000000040000000001",  # SETTINGS on a stream
    "000008060000000001",  # PING on a stream
    "000004010000000002",  # HEADERS on a stream of the server's
    "00000a0a0000000000",  # a type that there is not
    "000008060200000000",  # a flag that there is not
    "000004080080000000",  # the reserved bit
    "ffffff000000000001",  # sixteen megabytes
])
def test_what_is_none(hexed):
    assert header(bytes.fromhex(hexed)) is None


def test_chains():
    assert chain(SETTINGS_ACK + PING, 0, 2) is True
    assert chain(SETTINGS_ACK + PING[:5], 0, 2) is None
    assert chain(SETTINGS_ACK + b"x" * 9, 0, 2) is False
    assert chain(PING[:12], 0, 2) is None
    assert chain(bytes.fromhex("00000408000000000000000000") + PING, 0, 2) is False  # an increment of 0


def test_found_behind_anything():
    data = b"some protobuf \x00\x00\x04" * 20
    assert find(data + WINDOW + PING + SETTINGS_ACK) == len(data)
    assert find(data + WINDOW + PING) == -1


def test_noise_is_no_http2():
    noise = random.Random(3).randbytes(300_000)
    assert find(noise) == -1
    assert sum(header(noise, at) is not None for at in range(0, len(noise) - 9, 9)) < 20
