from __future__ import annotations

import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget, Cursor
from consul_sniff.decoders.msgpack_reader import Ext, skip, unpack
from consul_sniff.errors import DecodeError, NeedMoreData

BUDGET = 65_536
# An ack of a real agent (Consul 1.13.9): old form, the coordinate's bytes in a raw16 slot would be the same.
NACK = bytes.fromhex("81a55365714e6f07")
SUSPECT = bytes.fromhex("83a446726f6da27331ab496e6361726e6174696f6e01a44e6f6465a27332")


def read(raw: bytes) -> object:
    cursor = Cursor(raw)
    value = unpack(cursor, Budget(BUDGET))
    assert cursor.position == len(raw)
    return value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (NACK, {b"SeqNo": 7}),
        (SUSPECT, {b"From": b"s1", b"Incarnation": 1, b"Node": b"s2"}),
        (bytes.fromhex("c0"), None),
        (bytes.fromhex("c2"), False),
        (bytes.fromhex("c3"), True),
        (bytes.fromhex("7f"), 127),
        (bytes.fromhex("e0"), -32),
        (bytes.fromhex("cdffff"), 65_535),
        (bytes.fromhex("d3ffffffffffffffff"), -1),
        (bytes.fromhex("cb3ff8000000000000"), 1.5),
        (bytes.fromhex("d9026162"), b"ab"),
        (bytes.fromhex("da00026162"), b"ab"),
        (bytes.fromhex("c402ff00"), b"\xff\x00"),
        (bytes.fromhex("d4ff61"), Ext(-1, b"a")),
        (bytes.fromhex("c7020561ff"), Ext(5, b"a\xff")),
        (bytes.fromhex("dc00020102"), [1, 2]),
        (bytes.fromhex("de0001a16101"), {b"a": 1}),
        (bytes.fromhex("820102c0c3"), {1: 2, None: True}),
        (bytes.fromhex("928090"), [{}, []]),
    ],
)
def test_reads_every_form(raw: bytes, value: object) -> None:
    assert read(raw) == value
    stepped = Cursor(raw + b"\xc1trailing")
    skip(stepped, Budget(BUDGET))
    assert stepped.position == len(raw)
    for short in range(len(raw)):
        for reader in (unpack, skip):
            cursor = Cursor(raw, 0, short)
            with pytest.raises(NeedMoreData) as raised:
                reader(cursor, Budget(BUDGET))
            assert 1 <= raised.value.missing <= len(raw) - short
            assert cursor.position == 0


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.binary(max_size=40) | st.integers(0, 9), inner, max_size=20),
    max_leaves=60,
)


@given(values, st.booleans())
def test_agrees_with_the_library(value: object, new_form: bool) -> None:  # noqa: FBT001
    raw = msgpack.packb(value, use_bin_type=new_form)
    assert read(raw) == value
    cursor = Cursor(memoryview(b"\x00" + raw + b"\x00"), 1)
    skip(cursor, Budget(BUDGET))
    assert cursor.position == 1 + len(raw)


@given(st.binary(max_size=200))
def test_only_the_two_errors_leave(raw: bytes) -> None:
    for reader in (unpack, skip):
        cursor = Cursor(raw)
        try:
            reader(cursor, Budget(1_000))
        except (NeedMoreData, DecodeError):
            assert cursor.position == 0
        else:
            assert 0 < cursor.position <= len(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xc1", "msgpack 0xc1"),
        (b"\x91" * 1_000, "msgpack depth"),
        (bytes.fromhex("dfffffffff"), "msgpack items"),
        (bytes.fromhex("ddffffffff"), "msgpack items"),
        (b"\xdd\x00\x00\xff\xff" * 4, "msgpack items"),
        (bytes.fromhex("819001"), "msgpack key"),
        (bytes.fromhex("818001"), "msgpack key"),
    ],
)
def test_refuses(raw: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        unpack(Cursor(raw), Budget(BUDGET))


def test_a_long_array_of_single_bytes_is_not_parsed_once_a_byte() -> None:
    raw = msgpack.packb(["abc"] * 5_000)
    have = attempts = 0
    while True:
        attempts += 1
        try:
            skip(Cursor(raw, 0, have), Budget(BUDGET))
        except NeedMoreData as error:
            have += error.missing
        else:
            break
    assert have == len(raw)
    assert attempts < 10 * math.log2(len(raw))


def test_depth_is_bounded_at_the_limit() -> None:
    assert read(b"\x91" * 32 + b"\x01")
    with pytest.raises(DecodeError, match="msgpack depth"):
        read(b"\x91" * 33 + b"\x01")
