"""Text out of packets, made safe to show.

A name in a packet is whatever its sender wrote: terminal escapes, right-to-left overrides that make a line read as
another one, half a UTF-8 sequence. Nothing of that reaches a terminal, a page or a log line.
"""

from __future__ import annotations

import re

from .limits import TEXT

#: What a reader cannot see or what changes how the rest reads: C0, DEL, C1, soft hyphen, the invisible and the
#: bidirectional formatting characters, line and paragraph separators, surrogates, tags, noncharacters.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _escape(match: re.Match[str]) -> str:
    character = ord(match.group())
    if 0xDC80 <= character <= 0xDCFF:  # how "surrogateescape" carries a byte that is not UTF-8
        character -= 0xDC00
    return f"\\u{{{character:x}}}"


def printable(value: bytes | bytearray | memoryview | str, limit: int = TEXT) -> str:
    r"""*value* as one line of at most *limit* characters in which every character is visible.

    Bytes are read as UTF-8. What cannot be shown is written ``\u{1b}``, a byte that is not UTF-8 likewise; text that
    was cut ends in "…". An escape is never cut in two.
    """
    if not isinstance(value, str):
        # 4 bytes a character at most: what cannot be shown is not decoded
        value = bytes(value[:limit * 4 + 4]).decode("utf-8", "surrogateescape")
    if len(value) <= limit and value.isascii() and value.isprintable():
        return value
    shown = _HIDDEN.sub(_escape, value[:limit + 1])
    if len(value) <= limit and len(shown) <= limit:
        return shown
    cut = shown[:max(limit - 1, 0)]
    opened = cut.rfind("\\u{")
    if opened >= 0 and "}" not in cut[opened:]:
        cut = cut[:opened]
    return cut + "…"
