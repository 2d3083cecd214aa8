"""msgpack in pieces: the same facts whatever the pieces."""

from contextlib import suppress

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.msgpack_walker import Walker
from consul_sniff.errors import DecodeError


class Tape(Walker):
    """Writes down what the hooks are told, strings joined."""

    def __init__(self):
        super().__init__()
        self.tape = []
        self.held = b""

    def scalar(self, depth, key, value):
        self.tape.append((depth, key, value))

    def text(self, depth, key, piece, left, *, first):
        self.held = piece if first else self.held + piece
        if not left:
            self.tape.append((depth, key, self.held))

    def opened(self, depth, key, *, is_map):
        self.tape.append((depth, key, "map" if is_map else "array"))

    def closed(self, depth):
        self.tape.append((depth, "end"))


def walk(data, step):
    tape = Tape()
    for start in range(0, len(data), step):
        piece = data[start:start + step]
        at = 0
        while at < len(piece) and not tape.done:
            at = tape.walk(piece, at)
        if tape.done:
            return tape.tape, start + at
    return tape.tape, None


DATA = msgpack.packb({b"Term": 2, b"Big": 70_000, b"Entries": [{b"Data": b"x" * 300, b"None": None}, {}, []], b"Ok": True,
                      b"F": 0.5, b"Neg": -3, b"": b"", b"Ext": msgpack.Timestamp(1)}, use_bin_type=False)


def test_the_hooks_are_told_what_stands_where():
    assert walk(DATA, len(DATA)) == ([
        (0, b"", "map"), (1, b"Term", 2), (1, b"Big", 70_000), (1, b"Entries", "array"), (2, b"", "map"),
        (3, b"Data", b"x" * 300), (3, b"None", None), (2, "end"), (2, b"", "map"), (2, "end"), (2, b"", "array"), (2, "end"),
        (1, "end"), (1, b"Ok", True), (1, b"F", 0), (1, b"Neg", -3), (1, b"", b""), (1, b"Ext", b"\xff\x00\x00\x00\x01"),
        (0, "end"),
    ], len(DATA))


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_pieces_do_not_matter_and_what_trails_is_left(step):
    assert walk(DATA + b"\x00\x89", step) == walk(DATA, len(DATA))


def test_a_scalar_is_an_object_too_and_reset_begins_the_next():
    tape = Tape()
    assert tape.walk(b"\xa2okX", 0) == 3
    assert tape.done
    tape.reset()
    assert tape.walk(b"\xa2okX", 3) == 4
    assert tape.tape == [(0, b"", b"ok"), (0, b"", 0x58)]


def test_what_cannot_be_is_refused():
    for data in (b"\xc1", b"\x91" * 33, b"\x81\x80"):
        with pytest.raises(DecodeError):
            Tape().walk(data, 0)


def test_a_long_key_is_cut_not_kept():
    tape, _ = walk(msgpack.packb({b"k" * 5000: 1}, use_bin_type=False), 100)
    assert tape[1] == (1, b"k" * 64, 1)


@given(st.recursive(st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.binary(max_size=40) | st.floats(),
                    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.binary(max_size=8), inner, max_size=20), max_leaves=30),
       st.integers(1, 9))
def test_it_ends_where_the_object_ends(value, step):
    data = msgpack.packb(value, use_bin_type=False)
    assert walk(data + b"tail", step)[1] == len(data)


@given(st.binary(max_size=80), st.integers(1, 9))
def test_only_decode_errors_come_out(data, step):
    with suppress(DecodeError):
        walk(data, step)
