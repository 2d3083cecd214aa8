"""TLS records without their content: whether this is TLS at all, and where the next record begins.

A record: type (20 ChangeCipherSpec, 21 alert, 22 handshake, 23 application data), version 0x0300-0x0303, 2-byte length.

How often are random bytes taken for TLS? One sealed header is good with probability 2.0e-7 (type: three of 256 with a
length to themselves; version: 4 of 65,536; length: 0.28). A second one with the same version where the length says
has 5e-8. So two headers at the first byte: 1e-14; one at the first byte of each side: 4e-14. Inside a window only
application data counts: twice 0.28/2^24 with the version fixed to one of three, 8e-16 at an offset, 3e-11 in a whole
window of 37 KB. A false "encrypted" would hide plaintext; ten million random streams hold one with 3e-4.
"""

from __future__ import annotations

import re
from typing import Final

HEADER: Final = 5
LENGTH: Final = 18_432  # RFC 5246, 6.2.3: 2^14 + 2048
CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23
#: enough to hold two headers in a row wherever the capture began
WINDOW: Final = 2 * (LENGTH + HEADER) + HEADER
_DATA = re.compile(rb"\x17\x03[\x01-\x03]")
_VERSIONS = 4


def record_length(data: bytes, at: int = 0) -> int:
    """Length of the body of the record that begins ``at`` (5 bytes are there); 0: no record begins there."""
    if not 20 <= data[at] <= 23 or data[at + 1] != 3 or data[at + 2] >= _VERSIONS:
        return 0
    length = data[at + 3] << 8 | data[at + 4]
    return length if length <= LENGTH else 0


def sealed_length(data: bytes, at: int) -> int:
    """The same for a record of an established connection, where a MAC or tag is in every record but ChangeCipherSpec."""
    length = record_length(data, at)
    kind = data[at]
    if kind == CHANGE_CIPHER_SPEC:
        return length if length == 1 else 0
    if kind == ALERT:
        return length if length == 2 or length >= 18 else 0
    return length if length >= (4 if kind == HANDSHAKE else 17) else 0


def may_begin(data: bytes) -> bool:
    """Say whether these (fewer than 5) bytes could begin a record."""
    return (not data[:1] or 20 <= data[0] <= 23) and (len(data) < 2 or data[1] == 3) and (
        len(data) < 3 or data[2] < _VERSIONS)


def headers_in_a_row(data: bytes, at: int = 0) -> int:
    """Records one after the other from ``at`` to the end of ``data``, all of one version; 0: somewhere it breaks."""
    count = 0
    version = data[at + 2:at + 3]
    while at + HEADER <= len(data):
        length = sealed_length(data, at)
        if not length or data[at + 2:at + 3] != version:
            return 0
        count += 1
        at += HEADER + length
    return count if at >= len(data) or may_begin(data[at:]) else 0


def find_records(data: bytes) -> int:
    """Where records begin in the middle of ``data``, or -1. Strict: two of application data, then whatever there is."""
    for match in _DATA.finditer(data, 1, WINDOW):
        at = match.start()
        if at + HEADER > len(data):
            break
        following = at + HEADER + sealed_length(data, at)
        if following == at + HEADER or data[following:following + 3] != match.group():
            continue
        if headers_in_a_row(data, at) >= 2:
            return at
    return -1
