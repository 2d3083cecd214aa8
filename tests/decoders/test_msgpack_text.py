"""Single values at a place in a window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.msgpack_text import length_at, text_at, value_at, walk
from consul_sniff.errors import DecodeError, NeedMoreData

from .rpc_bytes import pack


@pytest.mark.parametrize(("data", "length", "begin"), [
    (b"\xa3abc", 3, 1), (b"\xd9\x24", 36, 2), (b"\xda\x00\x24", 36, 3), (b"\xdb\x00\x01\x00\x00", 65536, 5),
    (b"\xc4\x05", 5, 2), (b"\xc5\x00\x05", 5, 3), (b"\xc0", 0, 1),
])
def test_every_form_of_a_byte_string_has_its_length(data, length, begin):
    assert length_at(data, 0) == (length, begin)


@pytest.mark.parametrize("data", [b"\x01", b"\x81", b"\xc3", b"\xcb"])
def test_what_is_no_byte_string_is_refused(data):
    with pytest.raises(DecodeError):
        length_at(data, 0)


def test_a_cut_text_says_how_much_is_missing():
    for cut, missing in ((0, 1), (1, 2), (2, 1), (3, 36), (38, 1)):
        with pytest.raises(NeedMoreData) as caught:
            text_at((b"\xda\x00\x24" + b"x" * 36)[:cut], 0, 64)
        assert caught.value.missing == missing
    with pytest.raises(DecodeError):
        text_at(b"\xda\x00\x24" + b"x" * 36, 0, 35)


def test_a_walk_ends_where_all_is_found_or_no_key_comes():
    data = pack({"Name": "a", "Other": [1, {"Name": "inner"}], "Port": 80, "Late": 1})[1:]
    found, at = walk(data, 0, frozenset({b"Name", b"Port"}))
    assert found == {b"Name": b"a", b"Port": 80}
    assert data[at:] == pack("Late") + pack(1)
    found, at = walk(pack({"Name": "a"})[1:] + b"\x81", 0, frozenset({b"Name", b"Port"}))
    assert (found, at) == ({b"Name": b"a"}, 7)
    assert walk(data, 0, frozenset({b"Port"}), last=b"Name")[0] == {b"Name": b"a"}


def test_a_walk_is_bounded():
    assert walk(b"\xa1a\x01" * 100, 0, frozenset({b"b"}))[1] == 64 * 3
    with pytest.raises(DecodeError):
        walk(pack("a") + b"\xdd\xff\xff\xff\xff", 0, frozenset({b"a"}))


@given(st.binary(max_size=64))
def test_only_the_two_errors_come_out(data):
    for read in (lambda: text_at(data, 0, 40), lambda: value_at(data, 0), lambda: walk(data, 0, frozenset({b"a"}))):
        try:
            read()
        except (NeedMoreData, DecodeError):
            continue
