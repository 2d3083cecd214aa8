import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.errors import DecodeError, NeedMoreData


def test_pulls_move_and_peeks_do_not():
    cursor = Cursor(b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a")
    assert cursor.peek(2) == b"\x01\x02"
    assert (cursor.u8(), cursor.u16(), cursor.u24(), cursor.u32()) == (1, 0x0203, 0x040506, 0x0708090A)
    assert cursor.rest() == b""


def test_a_short_pull_says_how_much_is_missing_and_takes_nothing():
    cursor = Cursor(b"abc", 1)
    with pytest.raises(NeedMoreData) as short:
        cursor.pull(5)
    assert short.value.missing == 3
    assert cursor.rest() == b"bc"


def test_a_negative_length_is_malformed():
    with pytest.raises(DecodeError):
        Cursor(b"abc").skip(-1)


def test_a_stop_before_the_end_is_the_end():
    with pytest.raises(NeedMoreData):
        Cursor(b"abcdef", 0, 3).pull(4)


@given(st.binary(max_size=40), st.lists(st.integers(0, 12), max_size=8))
def test_a_cursor_gives_each_byte_once_and_never_beyond_the_end(data, sizes):
    cursor, got = Cursor(data), b""
    for size in sizes:
        try:
            got += cursor.pull(size)
        except NeedMoreData as more:
            assert more.missing == size - len(cursor)
    assert got + cursor.rest() == data


def test_a_budget_ends():
    budget = Budget(3)
    budget.spend(2)
    with pytest.raises(DecodeError, match="too deep"):
        budget.spend(2, "too deep")
