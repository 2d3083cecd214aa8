from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.decoders.base import Budget
from consul_sniff.decoders.lzw import Lzw, unpack
from consul_sniff.errors import DecodeError

#: plain-s1.pcap, a push/pull of a server that joins: what its compressed message holds (Buf).
REAL = bytes.fromhex(
    "000d0c22a5e44d1a37c34a397943a6cc9c00acaacc2923670a9d3074ca3029e3a69900258748052143460e29054d00545895c4cd983072dc60"
    "4cf3c64d00524dca5cd406c0cd3f44a2c88c192534c6a98967da70a4034a541a323c49e08021e646991b31c8b4b811664698165467e0d85a23"
    "478c166564d8985103875b1931cac41865678e9b50324ed575f3a5cd41bc7aedf60d8327d48c5262eaa46143e6540c173166b8c8a183949c37"
    "6cca9072c350b393304a458d89410aca1b39749a816853ca22c632004659b16b2a400101020a1010604855113b4b995049a33480a9df4be770"
    "13000098f3e7d0a34b9f4ebdbaf5ebd8b36bdfcebdbbf7efe0c38b1f4fbebcf9f3e8d3ab5fcfbd9470e26502acda68864ece366228ce81a42a"
    "4a1d8a79bc571c2baed151c71c023a14886831001010",
)
BUDGET = 1 << 20


def pack(data: bytes) -> bytes:
    """As Go's compress/lzw writes it (writer.go): a clear code first, again where 4095 codes are used up."""
    out = bits = used = 0
    table: dict[tuple[int, int], int] = {}
    width, top = 9, 257

    def put(code: int) -> None:
        nonlocal out, bits
        out |= code << bits
        bits += width

    def step() -> bool:
        nonlocal width, top
        top += 1
        if top == 1 << width:
            width += 1
        if top < 4095:
            return False
        put(256)
        table.clear()
        width, top = 9, 257
        return True

    put(256)
    code = -1
    for byte in data:
        if code >= 0:
            known = table.get((code, byte))
            if known is not None:
                code = known
                continue
            put(code)
            used += 1
            if not step():
                table[code, byte] = top
        code = byte
    if code >= 0:
        put(code)
        step()
    put(257)
    return out.to_bytes((bits + 7) // 8, "little")


def test_unpacks_what_a_real_agent_packed() -> None:
    plain = unpack(REAL, Budget(BUDGET))
    assert plain.startswith(b"\x06\x83\xa4Join\xc3\xa5Nodes\x01\xacUserStateLen")
    assert b"\xa2dc\xa3dc1" in plain


def test_unpacks_byte_by_byte_and_leaves_what_follows() -> None:
    lzw = Lzw(Budget(BUDGET))
    out = b"".join(lzw.feed(REAL[at:at + 1]) for at in range(len(REAL)))
    assert out == unpack(REAL, Budget(BUDGET))
    assert lzw.ended
    assert lzw.feed(b"\xff" * 50) == b""
    assert unpack(REAL + b"\xff" * 50, Budget(BUDGET)) == out


@given(st.one_of(st.binary(max_size=3_000), st.text("ab", max_size=20_000).map(str.encode)))
def test_gives_back_what_was_packed(data: bytes) -> None:
    assert unpack(pack(data), Budget(BUDGET)) == data


def test_gives_back_more_than_a_full_table() -> None:
    data = bytes(i * i % 251 ^ i // 7 % 256 for i in range(40_000))
    assert unpack(pack(data), Budget(BUDGET)) == data


def test_a_full_table_that_is_not_cleared_stays_as_it_is() -> None:
    """Go's reader goes on without a clear code; its writer never does so."""
    codes = [256] + [i % 256 for i in range(5_000)] + [257]
    out = bits = 0
    width, top = 9, 257
    for code in codes:
        out |= code << bits
        bits += width
        if code != 256:
            top += 1
            if top == 1 << width and width < 12:
                width += 1
    packed = out.to_bytes((bits + 7) // 8, "little")
    assert unpack(packed, Budget(BUDGET)) == bytes(i % 256 for i in range(5_000))


@pytest.mark.parametrize(
    ("packed", "reason"),
    [(b"", "lzw end"), (REAL[:-3], "lzw end"), (b"\x02\x03", "lzw code"), (b"\x00\x05\x06", "lzw code")],
)
def test_refuses(packed: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        unpack(packed, Budget(BUDGET))


def test_a_cut_stream_gives_what_is_there() -> None:
    whole = unpack(REAL, Budget(BUDGET))
    part = unpack(REAL[:40], Budget(BUDGET), cut=True)
    assert len(part) > 30
    assert whole.startswith(part)


def test_a_bomb_costs_no_more_than_its_budget() -> None:
    bomb = pack(bytes(4_000_000))
    assert len(bomb) < 20_000
    with pytest.raises(DecodeError, match="lzw budget"):
        unpack(bomb, Budget(BUDGET))


def test_codes_that_unpack_to_nothing_cost_budget() -> None:
    clears = (sum(256 << 9 * i for i in range(8))).to_bytes(9, "little") * 10_000
    with pytest.raises(DecodeError, match="lzw budget"):
        unpack(clears, Budget(80_000))


@given(st.binary(max_size=400), st.integers(0, 2_000))
def test_only_decode_errors_leave(packed: bytes, allowed: int) -> None:
    try:
        out = unpack(packed, Budget(allowed), cut=True)
    except DecodeError:
        return
    assert len(out) + len(packed) <= allowed
