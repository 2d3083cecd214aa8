"""The filter program on a capture socket: read, and set past libpcap.

libpcap filters a second time what stands in its buffer when a filter is set, and there it knows neither packet types
nor interface numbers (``pcap-linux.c``, blocks_to_filter_in_userland; ``bpf_filter.c``). Nothing counts what it leaves
out. So libpcap gets the plain expression, and what else is wanted goes to the kernel alone.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SO_ATTACH_FILTER: Final = 26  # include/uapi/asm-generic/socket.h
_SO_GET_FILTER: Final = 26
_LONGEST: Final = 4096  # BPF_MAXINSNS
_WORD: Final = 8  # bytes of an instruction: code, jump if true, jump if false, constant
_PACKET_TYPE: Final = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_INTERFACE: Final = 0xFFFFF000 + 8  # SKF_AD_IFINDEX
_OUTGOING: Final = 4  # PACKET_OUTGOING
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06


def _program(*lines: tuple[int, int, int, int]) -> bytes:
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


REJECT: Final = _program((_RETURN, 0, 0, 0))
#: Before a program: leaves out what a loopback interface sends. It is received there, too, and libpcap drops the first
#: copy after the kernel counted it.
NOT_TWICE: Final = _program((_LOAD, 0, 0, _PACKET_TYPE), (_IF_EQUAL, 0, 1, _OUTGOING), (_RETURN, 0, 0, 0))


def not_twice_at(loopback: int) -> bytes:
    """The same for a capture on all interfaces, of which that is the loopback's number."""
    return _program((_LOAD, 0, 0, _PACKET_TYPE), (_IF_EQUAL, 0, 3, _OUTGOING), (_LOAD, 0, 0, _INTERFACE),
                    (_IF_EQUAL, 0, 1, loopback), (_RETURN, 0, 0, 0))


def attach(fd: int, program: bytes) -> None:
    """Give the socket that filter instead of the one it has. Errors: OSError."""
    code = ctypes.create_string_buffer(program, len(program))
    with _borrowed(fd) as sock:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program) // _WORD, ctypes.addressof(code)))


def attached(fd: int) -> bytes:
    """The socket's filter; empty where it has none. Errors: OSError."""
    code = ctypes.create_string_buffer(_LONGEST * _WORD)
    length = ctypes.c_uint(_LONGEST)  # in instructions: Python's own getsockopt takes it for bytes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.getsockopt(fd, socket.SOL_SOCKET, _SO_GET_FILTER, code, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), "the socket's filter cannot be read")
    return code.raw[:length.value * _WORD]


@contextmanager
def _borrowed(fd: int) -> Iterator[socket.socket]:
    """The socket of a descriptor that stays its owner's. Not a copy: those are refused once the process is confined."""
    sock = socket.socket(fileno=fd)
    try:
        yield sock
    finally:
        sock.detach()
