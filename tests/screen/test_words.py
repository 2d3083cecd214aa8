from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.screen import compiled
from consul_sniff.screen.words import Recent, Seen, Sights, Window, key_word

BYTES = st.binary(min_size=1, max_size=150)


def over(data: bytes, seed: int = 7) -> Window:
    window = Window(seed)
    window.look(bytearray(data + bytes(64)))
    return window


@given(BYTES, BYTES)
def test_what_is_taken_is_a_copy(before, data):
    window = over(before + data)
    at = len(before)
    assert window.take(at, at + len(data)) == data


def test_a_keys_word_is_its_first_eight_bytes():
    assert [key_word(key).to_bytes(8, "little") for key in ("Seq", "ServiceMethod")] == [b"Seq".ljust(8, b"\0"), b"ServiceM"]


@pytest.mark.skipif(compiled, reason="compiled they are inlined, and Python cannot call them")
@given(BYTES, BYTES)
def test_words_at_any_place(before, data):
    window = over(before + data + bytes(8))
    at = len(before)
    whole = data + bytes(8)
    assert window.word(at) == int.from_bytes(whole[:8], "little")
    assert window.be16(at) == int.from_bytes(whole[:2], "big")
    assert window.be32(at) == int.from_bytes(whole[:4], "big")


@given(BYTES, BYTES)
def test_crc_is_zlibs(before, data):
    assert over(before + data).crc(len(before), len(before) + len(data)) == zlib.crc32(data)


@pytest.mark.parametrize(("size", "then"), [(24, 8), (64, 32)], ids=["one lane", "four lanes"])
@pytest.mark.parametrize("seed", [1, 0x1234_5678_9ABC_DEF0])
def test_bytes_of_one_digest_cannot_be_made_without_the_seed(size, then, seed):
    """Where only the low half of products counts, a change of a word's top bit is taken back by two bits of the next."""
    other = bytearray(size)
    other[7] ^= 0x80
    other[then + 7] ^= 0x80
    other[then + 4] ^= 0x04
    assert over(bytes(size), seed).digest(0, size, 0) != over(bytes(other), seed).digest(0, size, 0)


@given(BYTES, BYTES, st.integers(0, 2**64 - 1))
def test_a_digest_hangs_on_the_bytes_the_salt_and_the_seed_alone(before, data, salt):
    here, there = over(before + data + b"x"), over(data + b"yz")
    at = len(before)
    digest = here.digest(at, at + len(data), salt)
    assert digest == there.digest(0, len(data), salt)
    assert digest != there.digest(0, len(data), salt ^ 1)
    assert digest != there.digest(0, len(data) + 1, salt)
    assert digest != over(data, seed=8).digest(0, len(data), salt)
    other = bytes([data[0] ^ 1]) + data[1:]
    assert digest != over(other).digest(0, len(data), salt)


def test_resting_lets_go_of_the_buffer():
    window = Window(1)
    buffer = bytearray(128)
    window.look(buffer)
    window.rest()
    buffer.extend(b"x")  # a BufferError while somebody looks


def test_seen_knows_what_it_met_and_forgets_when_nearly_full():
    seen = Seen(16)
    assert [seen.novel(h << 20) for h in range(10)] == [1] * 10
    assert [seen.novel(h << 20) for h in range(10)] == [0] * 10
    assert seen.has(5 << 20)
    assert not seen.has(11 << 20)
    for h in range(10, 40):
        assert seen.novel(h << 20)
        assert seen.used <= 13


def test_recent_keeps_the_younger_generation():
    recent = Recent(16)
    for h in range(1, 200):
        recent.put(h << 20, h, h * 2)
        for known in range(max(1, h - 11), h + 1):
            assert recent.find(known << 20)
            assert (recent.time, recent.word) == (known, known * 2)
        assert not recent.find((h + 1) << 20)
    assert not recent.find(1 << 20)
    recent.put(199 << 20, 5, 6)
    assert recent.find(199 << 20)
    assert (recent.time, recent.word) == (5, 6)


def test_sights_within_a_window_in_both_directions():
    sights = Sights(8)
    assert not sights.again(1, 77, 1000, 50)
    assert sights.again(1, 77, 1050, 50)
    assert sights.again(1, 77, 950, 50)
    assert not sights.again(1, 77, 1101, 50)
    assert not sights.again(1, 78, 1101, 50)
    for h in range(100, 104):
        assert not sights.again(1, h, 2000, 50)
    assert not sights.again(1, 77, 1101, 50)  # the oldest of a line gave way


@given(st.binary(min_size=129, max_size=400), st.integers(0, 31))
def test_a_sample_hangs_on_the_length_and_on_what_stands_at_both_ends(data, at):
    sample = over(data).sample(0, len(data), 5)
    assert sample == over(data + b"x").sample(0, len(data), 5)
    for place in (at, len(data) - 1 - at):
        other = bytearray(data)
        other[place] ^= 1
        assert sample != over(bytes(other)).sample(0, len(data), 5)
    assert sample != over(data[:32] + data[33:]).sample(0, len(data) - 1, 5)


@given(st.binary(min_size=1, max_size=128), st.integers(0, 127))
def test_a_short_one_is_sampled_whole(data, at):
    other = bytearray(data)
    other[at % len(data)] ^= 1
    assert over(data).sample(0, len(data), 5) != over(bytes(other)).sample(0, len(data), 5)
