"""One interface as libpcap captures on it. libpcap writes whole pcap records to memory: no packet becomes a Python object.

(cypcap's ``Dumper.dump`` as the callback of ``dispatch`` costs 0.25 us a packet, and keeps nanoseconds.)
"""

from __future__ import annotations

import os
import warnings
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .. import limits
from ..errors import CaptureError, UsageError
from ..text import printable
from . import kernel_filter, pcap, socket_filter
from .link import ANY, Link, loopback_index

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT: Final = 0.05  # seconds that the kernel holds a packet back in buffered mode, for more to come


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
        self.size = 0  # bytes of records in memory
        self.failures = 0  # of fetch, one after another
        self._counts = Counts(0, 0, 0)
        self._last = (0, 0)
        self._closed = False
        with ExitStack() as held, _told(name):
            self._open(name, wanted, held)
            self._held = held.pop_all()

    def _open(self, name: str, wanted: Wanted, held: ExitStack) -> None:
        try:
            self.link = Link(name)
        except OSError:
            raise CaptureError(f"{printable(name)}: no such interface; `consul-sniff interfaces` lists them") from None
        held.callback(self.link.close)
        self._pcap = held.enter_context(_activated(name, wanted))
        self.fd = int(self._pcap.get_selectable_fd())
        self._memory = os.memfd_create("records", os.MFD_CLOEXEC)
        held.callback(os.close, self._memory)
        # appending: after the memory is cut to nothing, the next record stands at its beginning again
        self._dumper = held.enter_context(self._pcap.dump_open_append(f"/proc/self/fd/{self._memory}"))
        self._dumper.flush()
        self.layout = pcap.PcapLayout(os.pread(self._memory, pcap.HEADER_BYTES, 0))
        interfaces = self.layout.dialect.interfaces
        interfaces[0] = interfaces[0]._replace(name=name, snap_length=wanted.snaplen)
        self._empty()
        self._filter(wanted)

    @property
    def link_type(self) -> int:
        """LINKTYPE_ number."""
        return self.layout.dialect.interfaces[0].link_type

    def fetch(self, most: int) -> int:
        """Take up to *most* packets that the kernel has; their records are in memory then: so many bytes.

        Errors: `CaptureError` where the interface is gone, or its name.
        """
        self.failures += 1
        try:
            with _told(self.name):
                self._pcap.dispatch(most, self._dumper.dump)
            self.failures = 0
        finally:  # half a record in memory, and its other half after memory was given back, would be read as nonsense
            self._dumper.flush()
            self.size = os.fstat(self._memory).st_size
        return self.size

    def read(self, view: memoryview, at: int) -> int:
        """Records from *at* on, as many bytes as there are and fit. After the last, the memory is given back."""
        if at >= self.size:
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
        """Let the kernel take no more packets; those it has can still be fetched."""
        with suppress(OSError):
            socket_filter.attach(self.fd, socket_filter.REJECT)

    def close(self) -> None:
        """Give everything back."""
        self._counts = self.counts()
        self._closed = True
        self._held.close()

    def _empty(self) -> None:
        os.ftruncate(self._memory, 0)
        self.size = 0

    def _filter(self, wanted: Wanted) -> None:
        """Set the filter so that from now on every packet that the kernel counts is one that is read, or dropped."""
        kernel_filter.checked(wanted.bpf)
        self.filter = kernel_filter.expression(wanted.bpf, self.link_type)
        self._set(self.filter)
        program = socket_filter.attached(self.fd)
        if not program:
            raise UsageError(f"--filter on {printable(self.name)}: the kernel cannot apply it there; ask for less, or capture on one Ethernet interface")
        socket_filter.attach(self.fd, socket_filter.REJECT)
        while self._waits(2 * TIMEOUT):  # what came between the socket's birth and its filter
            self._pcap.dispatch(-1, self._dumper.dump)
        self._dumper.flush()
        self._empty()
        now = self._pcap.stats()
        self._last = (now.recv, now.drop)
        if self.name == ANY:
            program = socket_filter.not_twice_at(loopback_index()) + program
        elif self.link.loopback:
            program = socket_filter.NOT_TWICE + program
        socket_filter.attach(self.fd, program)

    def _set(self, text: str) -> None:
        cypcap = _cypcap()
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


@contextmanager
def _activated(name: str, wanted: Wanted) -> Iterator[Any]:
    cypcap = _cypcap()
    with cypcap.create(name) as handle:
        _configure(cypcap, handle, name, wanted)
        yield handle


def _configure(cypcap: Any, handle: Any, name: str, wanted: Wanted) -> None:
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


def _cypcap() -> Any:
    try:
        return import_module("cypcap")
    except ImportError as error:
        raise CaptureError(f"live capture needs the module cypcap, which cannot be used ({error}): install it again") from None


@contextmanager
def _told(name: str) -> Iterator[None]:
    cypcap = _cypcap()
    try:
        yield
    except cypcap.Error as error:
        number, words = error.args[0], printable(str(error.args[-1]))
        if number in {cypcap.ErrorCode.PERM_DENIED, cypcap.ErrorCode.PROMISC_PERM_DENIED}:
            words = "the right to capture (CAP_NET_RAW) is missing"
        elif number == cypcap.ErrorCode.IFACE_NOT_UP:
            words = f"the interface is down; bring it up: ip link set {printable(name)} up"
        raise CaptureError(f"{printable(name)}: {words}") from None
