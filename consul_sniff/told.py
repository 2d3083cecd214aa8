"""What the screen tells the decoders of names, of which there are as many as a network has: bytes, a fourth of what a tuple takes.

All else that it tells is a tuple already: its kind, and what that hangs on.
"""

from __future__ import annotations

import struct
from typing import Any, Final

Told = bytes | tuple[Any, ...]

#: a ClientHello: HELLO's letter, the version, how long the ALPN extension's body is; then that, then the host name
HELLO: Final = struct.Struct(">cHH")
CLIENT_HELLO: Final = b"h"
#: a DNS message: the letter, its header from the flags to the count of answers, its question from the labels to the type
DNS: Final = b"d"
_HEADER: Final = struct.Struct(">xHxxH")
_TYPE: Final = struct.Struct(">xH")


def opened(what: Told) -> tuple[Any, ...]:
    """What was told, as a tuple: ("client-hello", version, host name, ALPN) or ("dns", flags, type, answers, labels), or as it came."""
    if isinstance(what, tuple):
        return what
    if what[:1] == DNS:
        flags, answers = _HEADER.unpack_from(what)
        end = len(what) - _TYPE.size
        return "dns", flags, *_TYPE.unpack_from(what, end), answers, what[_HEADER.size:end]
    _, version, size = HELLO.unpack_from(what)
    name = HELLO.size + size
    return "client-hello", version, what[name:], what[HELLO.size:name]
