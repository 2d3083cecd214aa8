from __future__ import annotations

import random

import pytest

from consul_sniff.decoders import tls_records as rec

RECORD = b"\x17\x03\x03\x00\x20" + b"z" * 32


@pytest.mark.parametrize(("header", "length"), [
    ("1603010001", 1), ("1703034800", 18432), ("1503000002", 2), ("1403030001", 1),
    ("1603014801", 0), ("1603010000", 0), ("1803030010", 0), ("1303030010", 0), ("1704030010", 0), ("1703040010", 0),
])
def test_headers(header, length):
    assert rec.record_length(bytes.fromhex(header)) == length


@pytest.mark.parametrize(("header", "good"), [
    ("1703030011", True), ("1703030010", False), ("1403030001", True), ("1403030002", False), ("1503030002", True),
    ("1503030003", False), ("150303001a", True), ("1603030028", True), ("1603030003", False),
])
def test_sealed_records_hold_a_tag(header, good):
    assert bool(rec.sealed_length(bytes.fromhex(header), 0)) is good


def test_headers_in_a_row():
    assert rec.headers_in_a_row(RECORD * 3) == 3
    assert rec.headers_in_a_row(RECORD * 2 + RECORD[:4]) == 2
    assert rec.headers_in_a_row(RECORD * 2 + RECORD[:20]) == 3
    assert rec.headers_in_a_row(RECORD * 2 + b"ab") == 0
    assert rec.headers_in_a_row(RECORD + RECORD.replace(b"\x17\x03\x03", b"\x17\x03\x02")) == 0
    assert rec.headers_in_a_row(b"") == 0


def test_records_are_found_inside_a_window_of_one_whole_record():
    big = b"\x17\x03\x03\x48\x00" + b"z" * 18_432
    window = b"z" * 18_000 + big + big[:5]
    assert len(window) <= rec.WINDOW
    assert rec.find_records(window) == 18_000
    assert rec.find_records(window[:-5]) == -1
    assert rec.find_records(b"z" * 7 + RECORD * 2 + b"plaintext") == -1


def test_random_bytes_are_not_tls():
    source = random.Random(8)
    for _ in range(300):
        data = source.randbytes(rec.WINDOW)
        assert rec.find_records(data) == -1
        assert rec.headers_in_a_row(data) == 0


def test_the_probability_in_the_docstring():
    """Count what sealed_length takes, rather than believe it."""
    good = sum(rec.sealed_length(bytes((kind, 3, 3)) + length.to_bytes(2, "big"), 0) > 0
               for kind in (20, 21, 22, 23) for length in range(65_536))
    assert good / 65_536 / 256 * 4 / 65_536 == pytest.approx(2.0e-7, rel=0.05)
    assert good / 65_536 / 256 / 65_536 == pytest.approx(5e-8, rel=0.05)
