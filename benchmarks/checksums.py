"""The Internet checksum (RFC 1071) in big integers: 2**16 is 1 modulo 65535, so the sum of words is one remainder."""

from __future__ import annotations

WORDS = 0xFFFF


def total(data: bytes | bytearray | memoryview) -> int:
    """The sum of the 16-bit words of *data*, modulo 65535; an odd last byte counts as its word's upper half."""
    if len(data) & 1:
        return (int.from_bytes(data, "big") << 8) % WORDS
    return int.from_bytes(data, "big") % WORDS


def field(words: int) -> int:
    """The checksum for a header whose words sum up to *words* (any multiple of 65535 more or less). Never 0: UDP reads 0
    as "none", and to everybody else 0xFFFF is the same.
    """
    return WORDS - words % WORDS
