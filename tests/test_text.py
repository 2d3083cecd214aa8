from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.text import printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"s1.dc1", "s1.dc1"),
        ("Grüße 节点", "Grüße 节点"),
        (b"", ""),
        (b"a\x1b[2Jb", "a\\u{1b}[2Jb"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u200bb\ufeff", "a\\u{200b}b\\u{feff}"),
        ("a\x85\x7f\n", "a\\u{85}\\u{7f}\\u{a}"),
        ("\ud800x", "\\u{d800}x"),
        (b"\xff\xc3x", "\\u{ff}\\u{c3}x"),
        (bytearray(b"x\x00"), "x\\u{0}"),
        (memoryview(b"web"), "web"),
    ],
)
def test_shows_what_is_visible_and_escapes_the_rest(raw: bytes | str, shown: str) -> None:
    assert printable(raw) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 10, 10) == "x" * 10
    assert printable("x" * 11, 10) == "x" * 9 + "…"
    assert printable(b"x" * 10_000_000) == "x" * 1023 + "…"


def test_an_escape_is_not_cut_in_two() -> None:
    assert printable("abc\u202exyz", 8) == "abc…"


@given(st.one_of(st.binary(max_size=80), st.text(st.characters(), max_size=80)), st.integers(1, 60))
def test_nothing_invisible_comes_out(raw: bytes | str, limit: int) -> None:
    shown = printable(raw, limit)
    assert len(shown) <= limit
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    shown.encode()
