"""One interface as libpcap captures on it. libpcap writes whole pcap records to memory: no packet becomes a Python object.

(cypcap's ``Dumper.dump`` as the callback of ``dispatch`` costs 0.25 us a packet, and keeps nanoseconds.)
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import warnings
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .. import limits
from ..errors import CaptureError, UsageError
from ..text import printable
from . import kernel_filter, pcap
from .link import ANY, Link, loopback_index

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT: Final = 0.05  # seconds that the kernel holds a packet back in buffered mode, for more to come
_SO_ATTACH_FILTER: Final = 26
_REJECT: Final = struct.pack("=HBBI", 6, 0, 0, 0)  # BPF_RET | BPF_K, 0 bytes of the packet


class Wanted(NamedTuple):
    """How to capture. ``buffer``: bytes that the kernel keeps packets in."""

    bpf: str | None = None
    snaplen: int = limits.RECORD_BYTES
    buffer: int = 32 * 1024 * 1024
    immediate: bool = False
    promiscuous: bool = False


class Counts(NamedTuple):
    """Packets that passed the kernel's filter, those of them that it had no room for, and the interface's own drops."""

    received: int
    dropped: int
    interface_dropped: int


class Handle:
    """Open, from the constructor on. Errors: `CaptureError`, `UsageError` for a filter that is none."""

    def __init__(self, name: str, wanted: Wanted) -> None:
        self.name = name
        cypcap = _cypcap()
        try:
            self.link = Link(name)
        except OSError:
            raise CaptureError(f"{printable(name)}: no such interface; `consul-sniff interfaces` lists them") from None
        self._counts = Counts(0, 0, 0)
        self._last = (0, 0)
        self._closed = False
        self.failures = 0  # of fetch, one after another
        with _told(name, cypcap):
            self._pcap = _activated(cypcap, name, wanted)
            self.fd = int(self._pcap.get_selectable_fd())
            self._memory = os.memfd_create("records", os.MFD_CLOEXEC)
            # appending: after the memory is cut to nothing, the next record stands at its beginning again
            self._dumper = self._pcap.dump_open_append(f"/proc/self/fd/{self._memory}")
            self._dumper.flush()
            self.layout = pcap.PcapLayout(os.pread(self._memory, pcap.HEADER_BYTES, 0))
            self._empty()
            self._filter(cypcap, wanted)
        interfaces = self.layout.dialect.interfaces
        interfaces[0] = interfaces[0]._replace(name=name, snap_length=wanted.snaplen)

    @property
    def link_type(self) -> int:
        """LINKTYPE_ number."""
        return self.layout.dialect.interfaces[0].link_type

    def fetch(self, most: int) -> int:
        """Take up to *most* packets that the kernel has; their records are in memory then: so many bytes.

        Errors: `CaptureError` where the interface is gone, or its name.
        """
        self.failures += 1
        with _told(self.name, _cypcap()):
            self._pcap.dispatch(most, self._dumper.dump)
        self.failures = 0
        self._dumper.flush()
        self._size = os.fstat(self._memory).st_size
        return self._size

    def read(self, view: memoryview, at: int) -> int:
        """Records from *at* on, as many bytes as there are and fit. After the last, the memory is given back."""
        if at >= self._size:
            self._empty()
            return 0
        return os.preadv(self._memory, [view], at)

    def counts(self) -> Counts:
        """So far. To be asked at least once in 4 billion packets: libpcap counts in 32 bits."""
        if self._closed:
            return self._counts
        with suppress(_cypcap().Error):
            now = self._pcap.stats()
            before, self._last = self._last, (now.recv, now.drop)
            recv, drop = ((new - old) & 0xFFFFFFFF for new, old in zip(self._last, before, strict=True))
            self._counts = Counts(self._counts.received + recv, self._counts.dropped + drop, 0)
        return self._counts._replace(interface_dropped=self.link.dropped())

    def freeze(self) -> None:
        """Let the kernel take no more packets; those it has can still be fetched.

        Not by libpcap's filter: it would filter what is in the buffer already, too, and nobody would have counted that.
        """
        code = ctypes.create_string_buffer(_REJECT, len(_REJECT))
        program = struct.pack("@HP", 1, ctypes.addressof(code))
        borrowed = socket.socket(fileno=self.fd)
        try:
            with suppress(OSError):
                borrowed.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        finally:
            borrowed.detach()

    def close(self) -> None:
        """Give everything back."""
        self._counts = self.counts()
        self._closed = True
        self._dumper.close()
        self._pcap.close()
        os.close(self._memory)
        self.link.close()

    def _empty(self) -> None:
        os.ftruncate(self._memory, 0)
        self._size = 0

    def _filter(self, cypcap: Any, wanted: Wanted) -> None:
        """Set the filter so that from now on every packet that the kernel counts is one that is read, or dropped."""
        self._set(cypcap, kernel_filter.NOTHING)
        kernel_filter.checked(wanted.bpf)
        while self._waits(2 * TIMEOUT):  # what came between the socket's birth and its filter
            self._pcap.dispatch(-1, self._dumper.dump)
        self._dumper.flush()
        self._empty()
        now = self._pcap.stats()
        self._last = (now.recv, now.drop)
        text = kernel_filter.expression(wanted.bpf, self.link_type)
        if self.name == ANY or self.link.loopback:
            text = kernel_filter.once(text, self.name, loopback_index())
        self._set(cypcap, text)

    def _set(self, cypcap: Any, text: str) -> None:
        try:
            self._pcap.setfilter(text, netmask=cypcap.NETMASK_UNKNOWN)
        except cypcap.Error as error:
            words = printable(str(error.args[-1]))
            raise UsageError(f"--filter on {printable(self.name)}: libpcap says: {words}; see pcap-filter(7) for the syntax") from None

    def _waits(self, seconds: float) -> bool:
        import select

        waiting = select.poll()
        waiting.register(self.fd, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))


def _activated(cypcap: Any, name: str, wanted: Wanted) -> Any:
    handle = cypcap.create(name)
    handle.set_snaplen(wanted.snaplen)
    handle.set_promisc(wanted.promiscuous and name != ANY)
    handle.set_timeout(TIMEOUT)
    handle.set_buffer_size(wanted.buffer)
    handle.set_immediate_mode(wanted.immediate)
    handle.set_tstamp_precision(cypcap.TstampPrecision.NANO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        handle.activate()
    handle.setnonblock(True)
    return handle


def _cypcap() -> Any:
    try:
        return import_module("cypcap")
    except ImportError as error:
        raise CaptureError(f"live capture needs the module cypcap, which cannot be used ({error}): install it again") from None


@contextmanager
def _told(name: str, cypcap: Any) -> Iterator[None]:
    try:
        yield
    except cypcap.Error as error:
        number, words = error.args[0], printable(str(error.args[-1]))
        if number in {cypcap.ErrorCode.PERM_DENIED, cypcap.ErrorCode.PROMISC_PERM_DENIED}:
            words = "the right to capture (CAP_NET_RAW) is missing"
        elif number == cypcap.ErrorCode.IFACE_NOT_UP:
            words = f"the interface is down; bring it up: ip link set {printable(name)} up"
        raise CaptureError(f"{printable(name)}: {words}") from None
