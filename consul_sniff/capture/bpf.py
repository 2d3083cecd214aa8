"""Capture filters (``--filter``): what libpcap calls BPF, run over packets that were read from a file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .. import limits
from ..errors import UsageError
from ..text import printable
from . import linktypes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..model import Interface

    #: (packet bytes, length on the wire, interface number): whether the packet is kept
    Accept = Callable[[bytes, int, int], bool]

OPTION: Final = "--filter"
ETHERNET: Final = 1
_NULL: Final = 0
#: LINKTYPE_ numbers whose DLT_ number (what libpcap compiles for) is another: libpcap's ``pcap-common.c``.
_DLT: Final = {100: 11, 101: 12, 102: 15, 103: 16, 106: 19}


def compile(expression: str, link_type: int) -> Accept:  # noqa: A001 (what libpcap and everybody calls it)
    """A filter for packets of one link type; the callable takes no notice of the interface number.

    Errors: `UsageError` with libpcap's words.
    """
    try:
        cypcap: Any = import_module("cypcap")
    except ImportError:
        message = f"{OPTION} needs the module cypcap, which is not installed: install it, or filter with tcpdump -r"
        raise UsageError(message) from None
    if "\0" in expression:  # libpcap would take what stands before it
        message = f"{OPTION} {printable(expression)!r}: a filter cannot hold a NUL character"
        raise UsageError(message)
    try:
        with cypcap.open_dead(_DLT.get(link_type, link_type), limits.RECORD_BYTES) as compiler:
            program = compiler.compile(expression)
    except (cypcap.Error, UnicodeError) as error:
        words = printable(str(error.args[-1]))
        where = "" if link_type == ETHERNET else f" on {linktypes.name(link_type)} packets"
        message = (f"{OPTION} '{printable(expression)}'{where}: libpcap says: {words}; "
                   f"see pcap-filter(7) for the syntax")
        raise UsageError(message) from None
    header = cypcap.Pkthdr(0, 0, 0)
    matches = program.offline_filter

    def accept(packet: bytes, length: int, _interface: int) -> bool:
        if link_type == _NULL and packet[:2] == b"\0\0":
            # the address family in the capturing machine's byte order; libpcap compiles for this machine's
            packet = packet[3::-1] + packet[4:]
        header.caplen = len(packet)
        header.len = length
        return bool(matches(header, bytes(packet)))

    return accept


class Filter:
    """An expression for all link types of all inputs. Errors of the constructor: `UsageError`, before any reading."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self._compiled: dict[int, Accept | str] = {ETHERNET: compile(expression, ETHERNET)}

    def over(self, interfaces: Sequence[Interface], refused: Callable[[str], None]) -> Accept:
        """The filter for packets of *interfaces* (which may grow).

        *refused* is told, each time, why packets of a link type are left out: libpcap has no filters for it.
        """

        def accept(packet: bytes, length: int, interface: int) -> bool:
            if interface >= len(interfaces):
                return True  # damage: not for a filter to hide
            link_type = interfaces[interface].link_type
            compiled = self._compiled.get(link_type)
            if compiled is None:
                compiled = self._compiled[link_type] = self._compile(link_type)
            if isinstance(compiled, str):
                refused(compiled)
                return False
            return compiled(packet, length, interface)

        return accept

    def _compile(self, link_type: int) -> Accept | str:
        try:
            return compile(self.expression, link_type)
        except UsageError as error:
            return str(error)
