"""One input, read to blocks: the side of the protocol with the screen that `model.Block` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import limits
from ..facts import InputFacts
from ..model import Block
from . import compression, inputs, linktypes, pcap, pcapng, remote
from .bpf import Filter
from .formats import PACKET, Damage, Layout, Reader

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

#: Measured: larger is not faster, and memory grows with it. Any pcap record fits.
BUFFER_BYTES: Final = 512 * 1024
#: Writable bytes behind the last record, for the screen's word-wise reading.
ROOM: Final = 64
#: Named in an input's facts; no honest file has as many.
LINK_TYPES: Final = 16


class Source:
    """An input. Iterating it reads it, once, and gives blocks of whole packet records (the last one may be cut).

    ``facts.link_types`` and ``facts.error`` are set here as reading goes on: the error is there when the iteration
    ends. Whoever counts the packets keeps ``facts.packets`` up to date, or at 0, whenever the next block is asked for:
    an error then says how many packets stand before it. Nothing is raised for what is wrong with an input.
    """

    def __init__(self, found: inputs.Input, filter_: Filter | None, buffer: bytearray) -> None:
        self.path = found.path
        self.facts = InputFacts(found.path)
        self.wait: Callable[[], bool] | None = None  # see `inputs.Raw`
        self._filter = filter_
        self._buffer = buffer
        self._have = 0
        self._base = 0  # where in the unpacked stream the buffer begins
        self._packing: str | None = None
        self._place = found.place or found.path
        self._raw: inputs.Raw | remote.Remote | None = None
        self._given = False
        self._refused: set[str] = set()
        self._links: set[int] = set()
        self._ended = False
        if found.error:
            self._fail(found.error)
            self._ended = True

    @property
    def position(self) -> int:
        """Bytes of the file read so far, packed as they are."""
        return self._raw.position if self._raw else 0

    def __iter__(self) -> Iterator[Block]:
        """Read on; a source is read once."""
        if self._ended:
            return
        self._ended = True
        try:
            self._raw = raw = inputs.open_raw(self._place)
        except (OSError, ValueError) as error:
            self._fail(inputs.trouble(error))
            return
        if isinstance(raw, inputs.Raw):
            raw.wait = self.wait
        with raw:
            try:
                reader, self._packing = compression.unpack(raw)
                yield from self._read(reader)
            except Damage as damage:
                self._fail(damage.what)
            except OSError as error:
                self._fail(f"{inputs.trouble(error)} (at byte {self._base + self._have})")

    def _read(self, reader: Reader) -> Iterator[Block]:
        broken: Damage | None = None
        try:
            while self._have < pcap.HEADER_BYTES and self._fill(reader):
                pass
        except Damage as damage:
            broken = damage  # what was unpacked before it may be the beginning of a capture
        head = bytes(self._buffer[:min(self._have, pcap.HEADER_BYTES)])
        if broken and not (pcap.begins(head) or pcapng.begins(head)):
            raise broken
        if not head:
            message = "is empty: nothing was captured, or the capture is still to be written"
            raise Damage(message)
        if pcapng.begins(head):
            yield from self._blocks(reader, pcapng.PcapngLayout(), 0)
        elif not pcap.begins(head):
            raise Damage(inputs.foreign(head))
        elif len(head) < pcap.HEADER_BYTES:
            message = f"ends inside the header of the file, at byte {len(head)}: no packet in it"
            raise Damage(message)
        else:
            layout = pcap.PcapLayout(head)
            ordinary = layout.ordinary(reader, bytes(self._buffer[pcap.HEADER_BYTES:self._have]))
            if ordinary:
                reader, self._have = ordinary, pcap.HEADER_BYTES
            yield from self._blocks(reader, layout, pcap.HEADER_BYTES)

    def _blocks(self, reader: Reader, layout: Layout, at: int) -> Iterator[Block]:
        """Blocks from *at* on. Every turn takes a record, a block, more bytes, or ends."""
        self._name_links(layout)
        try:
            while True:
                found = layout.look(self._buffer, at, self._have)
                if found == PACKET:
                    block = self._block(layout, at)
                    self._given = True
                    yield block
                    at = self._progress(at, block)
                elif found > 0:
                    at += found
                    self._name_links(layout)
                else:
                    self._move(at, -found)
                    at = 0
                    if not self._fill(reader):
                        break
        except Damage as damage:
            place = self._base + at if damage.at is None else damage.at
            self._fail(self._stopped(damage.what, place))
            return
        if self._have:
            unit = layout.unit(self._buffer, 0, self._have)
            self._fail(self._stopped(f"ends inside {unit}", self._base))

    def _progress(self, at: int, block: Block) -> int:
        if not at < block.consumed <= self._have:
            message = "packet record that cannot be read"
            raise Damage(message)
        return block.consumed

    def _block(self, layout: Layout, at: int) -> Block:
        block = Block(self._buffer, at, self._have, layout.dialect)
        if self._filter:
            block.accept = self._filter.over(layout.dialect.interfaces, self._refuse)
        return block

    def _move(self, at: int, needed: int) -> None:
        """Bring what stands at *at* to the front, and make room for *needed* bytes."""
        rest = self._have - at
        size = len(self._buffer) - ROOM
        if needed > size and rest == size:
            # twice as much as has come, not as much as was declared; a new one, for the screen may look at the old
            larger = bytearray(min(size * 2, limits.PCAPNG_BLOCK_BYTES) + ROOM)
            larger[:rest] = memoryview(self._buffer)[at:self._have]
            self._buffer = larger
        elif at:
            with memoryview(self._buffer) as view:
                view[:rest] = view[at:self._have]
        self._have = rest
        self._base += at

    def _fill(self, reader: Reader) -> int:
        with memoryview(self._buffer) as view, view[self._have:-ROOM] as free:
            count = reader.readinto(free)
        self._have += count
        return count

    def _name_links(self, layout: Layout) -> None:
        for interface in layout.dialect.interfaces[-1:]:
            if interface.link_type in self._links or len(self._links) == LINK_TYPES:
                continue
            self._links.add(interface.link_type)
            name = linktypes.name(interface.link_type)
            if name not in self.facts.link_types:
                self.facts.link_types = (*self.facts.link_types, name)

    def _refuse(self, why: str) -> None:
        if why not in self._refused and len(self._refused) < LINK_TYPES:
            self._refused.add(why)
            self._fail(f"{why}; its packets of this link type were left out")

    def _stopped(self, what: str, at: int) -> str:
        unpacked = f" of the unpacked {self._packing}" if self._packing else ""
        place = f"at byte {at}{unpacked}"
        what = f"{what} {place}" if what.startswith("ends ") else f"damaged {place}: {what}"
        count = self.facts.packets
        if not self._given:
            before = "there is no packet before it"
        elif not count:
            before = "what stands before it was read"
        else:
            before = f"the {count} packets before it were read" if count > 1 else "the packet before it was read"
        return f"{what}; {before}"

    def _fail(self, what: str) -> None:
        text = f"{inputs.shown(self.path)}: {what}"
        self.facts.error = f"{self.facts.error}; {what}" if self.facts.error else text


def sources(paths: Iterable[str | os.PathLike[str] | inputs.Input], *, bpf: str | None = None) -> Iterator[Source]:
    """The inputs that *paths* mean: files, folders, "-" for standard input; each once, in the order given.

    *bpf*: a libpcap filter expression, see `Block.accept`. One buffer serves all sources: read one to its end before
    the next. Errors: `UsageError` for a wrong filter, at once. What is wrong with an input is in its ``facts.error``.
    """
    filter_ = Filter(bpf) if bpf and bpf.strip() else None
    return _sources(paths, filter_)


def _sources(paths: Iterable[str | os.PathLike[str] | inputs.Input], filter_: Filter | None) -> Iterator[Source]:
    buffer = bytearray(BUFFER_BYTES + ROOM)
    for found in inputs.expand(paths):
        yield Source(found, filter_, buffer)
