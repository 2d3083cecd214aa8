"""HTTP/2 frame headers (RFC 9113, 4.1 and 6): enough to tell them from chance."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER: Final = 9
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM: Final = 0x01
ACK: Final = 0x01
END_HEADERS: Final = 0x04
PADDED: Final = 0x08
HAS_PRIORITY: Final = 0x20
LARGEST: Final = 1 << 20  # gRPC peers keep to 16 KiB; SETTINGS_MAX_FRAME_SIZE may ask for more

#: flags that are defined, by type
_FLAGS: Final = (0x09, 0x2D, 0, 0, 0x01, 0x0C, 0x01, 0, 0, 0x04)
#: small frames whose first bytes leave little to chance: window update, ping, empty settings
_CONTROL: Final = re.compile(rb"\x00\x00(?:\x04\x08\x00[\x00-\x7f]|\x08\x06[\x00\x01]\x00\x00\x00\x00|\x00\x04\x01\x00\x00\x00\x00)",
                             re.DOTALL)


class Frame(NamedTuple):
    """A frame's header."""

    length: int
    type: int
    flags: int
    stream: int


def header(data: bytes, at: int = 0) -> Frame | None:
    """The frame header at ``at``, or None where the nine bytes there cannot be one."""
    length = int.from_bytes(data[at:at + 3], "big")
    type_, flags = data[at + 3], data[at + 4]
    stream = int.from_bytes(data[at + 5:at + 9], "big")
    if type_ > CONTINUATION or length > LARGEST or stream >> 31 or flags & ~_FLAGS[type_]:
        return None
    frame = Frame(length, type_, flags, stream)
    return frame if _consistent(frame) else None


def _consistent(frame: Frame) -> bool:
    length = frame.length
    on_stream = frame.stream % 2 == 1  # the server's own streams (even) are for push, which gRPC never uses
    if frame.stream and not on_stream:
        return False
    match frame.type:
        case 0:  # DATA
            return on_stream and (length > 0 or bool(frame.flags & END_STREAM))
        case 1:  # HEADERS
            return on_stream and length > 0
        case 2:  # PRIORITY
            return on_stream and length == 5
        case 3:  # RST_STREAM
            return on_stream and length == 4
        case 4:  # SETTINGS
            return not on_stream and length % 6 == 0 and (length == 0 or not frame.flags) and length <= 6 * 64
        case 6:  # PING
            return not on_stream and length == 8
        case 7:  # GOAWAY
            return not on_stream and length >= 8
        case 8:  # WINDOW_UPDATE
            return length == 4
        case _:  # PUSH_PROMISE, CONTINUATION
            return on_stream


def chain(data: bytes, at: int, wanted: int) -> bool | None:
    """Do ``wanted`` frames follow each other from ``at``? None: all that is there fits, but it is less."""
    seen = 0
    while seen < wanted:
        if len(data) - at < HEADER:
            return None
        frame = header(data, at)
        if frame is None:
            return False
        if frame.type == WINDOW_UPDATE and len(data) - at >= HEADER + 4 and data[at + HEADER:at + HEADER + 4] == bytes(4):
            return False  # an increment of 0 is an error
        seen += 1
        at += HEADER + frame.length
        if at > len(data) and seen < wanted:
            return None
    return True


def find(data: bytes, position: int = 0) -> int:
    """Where frames begin in the middle of anything: a control frame that two more follow. -1: nowhere."""
    for match in _CONTROL.finditer(data, position):
        if chain(data, match.start(), 3):
            return match.start()
    return -1
